/* Operators that carry elements about: Concat, Split, Slice, Transpose, Expand, Tile, Pad,
 * DepthToSpace, SpaceToDepth, ChannelShuffle, Gather, and the views.  Each against index
 * arithmetic. */
#include "unit/ops/opcase.h"

static const oc_dtype types[] = {OC_U8, OC_F16, OC_F32, OC_I64};

/* ---- Transpose ---- */

static bool perm_map(const void *ctx, const int64_t *at, int64_t *in)
{
    const int64_t *perm = ctx; /* perm[0] is the rank */
    for (int64_t i = 0; i < perm[0]; i++)
        in[perm[1 + i]] = at[i];
    return true;
}

static void transpose_one(oc_isa isa, oc_dtype dtype, oc_shape shape, const int64_t *perm,
                          bool blocked)
{
    opcase c;
    opcase_begin(&c, "", "Transpose", isa);
    opcase_attr_ints(&c, "perm", perm + 1, (size_t)perm[0]);
    opcase_input(&c, dtype, shape, NULL);
    c.offer_blocked[0] = blocked;
    opcase_run(&c, 1);
    assert_false(c.was_blocked);
    assert_int_equal(c.in[0].layout, blocked ? OC_LAYOUT_NC8 : OC_LAYOUT_PLAIN);
    opcase_expect_moved(&c, 0, 0, perm_map, perm);
    opcase_end(&c);
}

static void test_transpose(void **state)
{
    (void)state;
    static const int64_t perms[][6] = {{4, 0, 2, 3, 1}, {4, 0, 3, 1, 2}, {4, 3, 2, 1, 0},
                                       {4, 0, 1, 3, 2}, {4, 2, 0, 3, 1}, {4, 0, 1, 2, 3}};
    for (int k = 0; k < 2; k++)
        for (size_t i = 0; i < sizeof(perms) / sizeof(perms[0]); i++) {
            for (size_t t = 0; t < 4; t++) {
                transpose_one(opcase_isa(k), types[t], DIMS(2, 3, 5, 7), perms[i], false);
                transpose_one(opcase_isa(k), types[t], DIMS(1, 33, 17, 19), perms[i], false);
            }
            transpose_one(opcase_isa(k), OC_F32, DIMS(2, 16, 9, 8), perms[i], true);
            transpose_one(opcase_isa(k), OC_F32, DIMS(2, 21, 3, 11), perms[i], true);
            transpose_one(opcase_isa(k), OC_F32, DIMS(1, 5, 40, 40), perms[i], true);
        }
    const int64_t flip[] = {2, 1, 0}, turn[] = {6, 0, 4, 1, 5, 2, 3};
    for (int k = 0; k < 2; k++)
        for (size_t t = 0; t < 4; t++) {
            transpose_one(opcase_isa(k), types[t], DIMS(257, 131), flip, false);
            transpose_one(opcase_isa(k), types[t], DIMS(2, 3, 4, 5, 2, 3), turn, false);
        }
    transpose_one(OC_ISA_NONE, OC_F32, DIMS(0, 3), flip, false);
}

/* ---- Concat and Split ---- */

typedef struct stretch {
    int64_t axis, from, rank;
} stretch;

static bool stretch_map(const void *ctx, const int64_t *at, int64_t *in)
{
    const stretch *s = ctx;
    for (int64_t i = 0; i < s->rank; i++)
        in[i] = at[i] + (i == s->axis ? s->from : 0);
    return true;
}

static void split_one(oc_isa isa, oc_dtype dtype, oc_shape shape, int64_t axis,
                      const int64_t *lengths, uint32_t n, bool blocked)
{
    opcase c;
    opcase_begin(&c, "", "Split", isa);
    opcase_attr_int(&c, "axis", axis);
    opcase_input(&c, dtype, shape, NULL);
    opcase_ints(&c, lengths, n);
    c.offer_blocked[0] = blocked;
    opcase_run(&c, n);
    assert_int_equal(c.was_blocked, blocked);
    stretch s = {axis, 0, shape.rank};
    for (uint32_t i = 0; i < n; i++) {
        opcase_expect_moved(&c, i, 0, stretch_map, &s);
        s.from += lengths[i];
    }
    opcase_end(&c);
}

/* Concat is right when cutting its result gives the inputs back. */
static void concat_one(oc_isa isa, oc_dtype dtype, oc_shape shape, int64_t axis,
                       const int64_t *lengths, uint32_t n, bool blocked)
{
    opcase c;
    opcase_begin(&c, "", "Concat", isa);
    opcase_attr_int(&c, "axis", axis - shape.rank);
    for (uint32_t i = 0; i < n; i++) {
        shape.dim[axis] = lengths[i];
        opcase_input(&c, dtype, shape, NULL);
        c.offer_blocked[i] = blocked && (i != 1 || lengths[1] > lengths[0]);
    }
    opcase_run(&c, 1);
    assert_int_equal(c.was_blocked, blocked);
    size_t         elem = oc_dtype_bytes(dtype), at = 0;
    const oc_shape whole = c.out[0].info.shape;
    size_t         outer = 1, inner = elem;
    for (uint32_t i = 0; i < whole.rank; i++)
        (i < axis   ? (outer *= (size_t)whole.dim[i])
         : i > axis ? (inner *= (size_t)whole.dim[i])
                    : 0);
    size_t row = (size_t)whole.dim[axis] * inner;
    for (uint32_t i = 0; i < n; i++) {
        size_t part = (size_t)lengths[i] * inner;
        for (size_t k = 0; k < outer; k++)
            assert_memory_equal((char *)c.result[0] + k * row + at, (char *)c.plain[i] + k * part,
                                part);
        at += part;
    }
    opcase_end(&c);
}

static void test_concat_split(void **state)
{
    (void)state;
    static const int64_t cuts[][3] = {{8, 16, 8},  {8, 16, 5}, {5, 11, 9}, {3, 1, 58},
                                      {58, 58, 1}, {1, 1, 1},  {7, 9, 24}};
    for (int k = 0; k < 2; k++)
        for (size_t i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
            int64_t sum = cuts[i][0] + cuts[i][1] + cuts[i][2];
            for (size_t t = 0; t < 4; t++) {
                split_one(opcase_isa(k), types[t], DIMS(2, sum, 3, 5), 1, cuts[i], 3, false);
                concat_one(opcase_isa(k), types[t], DIMS(2, 1, 3, 5), 1, cuts[i], 3, false);
            }
            split_one(opcase_isa(k), OC_F32, DIMS(2, sum, 3, 5), 1, cuts[i], 3, true);
            split_one(opcase_isa(k), OC_F32, DIMS(1, sum, 29, 31), 1, cuts[i], 3, true);
            split_one(opcase_isa(k), OC_F32, DIMS(2, 11, sum, 5), 2, cuts[i], 3, true);
            split_one(opcase_isa(k), OC_F32, DIMS(2, 11, 2, sum), 3, cuts[i], 3, true);
            split_one(opcase_isa(k), OC_F32, DIMS(sum, 11, 2, 3), 0, cuts[i], 3, true);
            concat_one(opcase_isa(k), OC_F32, DIMS(2, 1, 3, 5), 1, cuts[i], 3, true);
            concat_one(opcase_isa(k), OC_F32, DIMS(1, 1, 29, 31), 1, cuts[i], 3, true);
            concat_one(opcase_isa(k), OC_F32, DIMS(2, 11, 1, 5), 2, cuts[i], 3, true);
            concat_one(opcase_isa(k), OC_F32, DIMS(2, 11, 2, 1), 3, cuts[i], 3, true);
            concat_one(opcase_isa(k), OC_F32, DIMS(1, 11, 2, 3), 0, cuts[i], 3, true);
        }
}

static void test_split_lengths(void **state)
{
    (void)state;
    opcase c;
    opcase_begin(&c, "", "Split", OC_ISA_NONE);
    opcase_attr_int(&c, "num_outputs", 3);
    opcase_input(&c, OC_F32, DIMS(7), NULL);
    assert_int_equal(opcase_infer(&c, 3), OC_OK); /* 3 3 1 */
    assert_int_equal(c.out[2].info.shape.dim[0], 1);
    opcase_end(&c);
    opcase_begin(&c, "", "Split", OC_ISA_NONE);
    opcase_input(&c, OC_F32, DIMS(7), NULL);
    assert_int_equal(opcase_infer(&c, 3), OC_FORMAT);
    opcase_end(&c);
    opcase_begin(&c, "", "Split", OC_ISA_NONE);
    opcase_input(&c, OC_F32, DIMS(7), NULL);
    INTS(&c, 3, 5);
    assert_int_equal(opcase_infer(&c, 2), OC_FORMAT);
    c.constant[1] = false;
    assert_int_equal(opcase_infer(&c, 2), OC_DYNAMIC);
    opcase_end(&c);
}

/* ---- Slice ---- */

typedef struct slice_ctx {
    int64_t start[4], step[4];
} slice_ctx;

static bool slice_map(const void *ctx, const int64_t *at, int64_t *in)
{
    const slice_ctx *s = ctx;
    for (int i = 0; i < 4; i++)
        in[i] = s->start[i] + at[i] * s->step[i];
    return true;
}

static void slice_one(oc_isa isa, oc_dtype dtype, int64_t axis, int64_t start, int64_t end,
                      int64_t step, int64_t want_start, int64_t want_count, bool blocked)
{
    opcase c;
    opcase_begin(&c, "", "Slice", isa);
    opcase_input(&c, dtype, DIMS(3, 29, 10, 11), NULL);
    INTS(&c, start);
    INTS(&c, end);
    INTS(&c, axis);
    INTS(&c, step);
    c.offer_blocked[0] = blocked;
    opcase_run(&c, 1);
    assert_int_equal(c.out[0].info.shape.dim[axis < 0 ? axis + 4 : axis], want_count);
    assert_int_equal(c.was_blocked, blocked);
    slice_ctx s = {{0}, {1, 1, 1, 1}};
    s.start[axis < 0 ? axis + 4 : axis] = want_start;
    s.step[axis < 0 ? axis + 4 : axis] = step;
    opcase_expect_moved(&c, 0, 0, slice_map, &s);
    opcase_end(&c);
}

static void test_slice(void **state)
{
    (void)state;
    for (int k = 0; k < 4; k++) {
        oc_isa isa = opcase_isa(k & 1);
        bool   blocked = k > 1;
        for (size_t t = blocked ? 2 : 0; t < (blocked ? 3 : 4); t++) {
            slice_one(isa, types[t], 1, 8, 24, 1, 8, 16, blocked);
            slice_one(isa, types[t], 1, 16, INT64_MAX, 1, 16, 13, blocked);
            slice_one(isa, types[t], 1, 3, 20, 1, 3, 17, blocked);
            slice_one(isa, types[t], -3, -1, INT64_MIN, -2, 28, 15, blocked);
            slice_one(isa, types[t], 1, 0, 29, 7, 0, 5, blocked);
            slice_one(isa, types[t], 2, 1, 100, 2, 1, 5, blocked);
            slice_one(isa, types[t], 3, -1, -100, -1, 10, 11, blocked);
            slice_one(isa, types[t], 3, 100, 2, -3, 10, 3, blocked);
            slice_one(isa, types[t], 2, 5, 5, 1, 5, 0, blocked);
            slice_one(isa, types[t], 0, -2, 3, 1, 1, 2, blocked);
            slice_one(isa, types[t], 0, 2, 3, INT64_MAX, 2, 1, blocked);
        }
    }
    opcase c; /* the form of opset 9, two axes */
    opcase_begin(&c, "", "Slice", OC_ISA_NONE);
    opcase_input(&c, OC_U8, DIMS(3, 29, 10, 11), NULL);
    ATTR_INTS(&c, "starts", 1, 2);
    ATTR_INTS(&c, "ends", -1, 1000);
    ATTR_INTS(&c, "axes", 1, 3);
    opcase_run(&c, 1);
    slice_ctx s = {{0, 1, 0, 2}, {1, 1, 1, 1}};
    opcase_expect_moved(&c, 0, 0, slice_map, &s);
    opcase_end(&c);
}

/* ---- Expand, Tile ---- */

static bool modulo_map(const void *ctx, const int64_t *at, int64_t *in)
{
    const oc_shape *shapes = ctx; /* input, output */
    for (uint32_t i = 0; i < shapes[0].rank; i++)
        in[i] = at[i + shapes[1].rank - shapes[0].rank] % shapes[0].dim[i];
    return true;
}

static void test_expand_tile(void **state)
{
    (void)state;
    for (int k = 0; k < 2; k++)
        for (size_t t = 0; t < 4; t++) {
            opcase c;
            opcase_begin(&c, "", "Expand", opcase_isa(k));
            opcase_input(&c, types[t], DIMS(3, 1, 5), NULL);
            INTS(&c, 2, 1, 7, 1);
            opcase_run(&c, 1);
            opcase_expect_moved(&c, 0, 0, modulo_map,
                                (oc_shape[]){c.in[0].info.shape, DIMS(2, 3, 7, 5)});
            opcase_end(&c);
            opcase_begin(&c, "", "Tile", opcase_isa(k));
            opcase_input(&c, types[t], DIMS(3, 4, 5), NULL);
            INTS(&c, 2, 1, 3);
            opcase_run(&c, 1);
            opcase_expect_moved(&c, 0, 0, modulo_map,
                                (oc_shape[]){c.in[0].info.shape, DIMS(6, 4, 15)});
            opcase_end(&c);
        }
}

/* ---- Pad ---- */

typedef struct pad_ctx {
    int            mode;
    const int64_t *begin, *dim;
} pad_ctx;

static bool pad_map(const void *ctx, const int64_t *at, int64_t *in)
{
    const pad_ctx *p = ctx;
    for (int i = 0; i < 4; i++) {
        int64_t x = at[i] - p->begin[i], d = p->dim[i];
        if (p->mode == 0 && (x < 0 || x >= d))
            return false;
        while (p->mode == 1 && (x < 0 || x >= d))
            x = x < 0 ? -x : 2 * (d - 1) - x;
        if (p->mode == 2)
            x = x < 0 ? 0 : x >= d ? d - 1 : x;
        while (p->mode == 3 && (x < 0 || x >= d))
            x += x < 0 ? d : -d;
        in[i] = x;
    }
    return true;
}

static void pad_one(oc_isa isa, oc_dtype dtype, int mode, const int64_t *pads, bool blocked)
{
    static const char *const names[] = {"constant", "reflect", "edge", "wrap"};
    opcase                   c;
    oc_shape                 shape = DIMS(2, 13, 6, 7);
    opcase_begin(&c, "", "Pad", isa);
    opcase_attr_string(&c, "mode", names[mode]);
    opcase_input(&c, dtype, shape, NULL);
    opcase_ints(&c, pads, 8);
    c.offer_blocked[0] = blocked;
    opcase_run(&c, 1);
    assert_int_equal(c.was_blocked, blocked);
    opcase_expect_moved(&c, 0, 0, pad_map, &(pad_ctx){mode, pads, shape.dim});
    opcase_end(&c);
}

static void test_pad(void **state)
{
    (void)state;
    static const int64_t all[] = {1, 2, 3, 4, 1, 0, 5, 2}, picture[] = {0, 0, 2, 3, 0, 0, 1, 4};
    static const int64_t less[] = {0, -2, 3, -1, 0, 1, -2, 2}, batch[] = {1, 0, 0, 1, 1, 0, 0, 0};
    for (int k = 0; k < 2; k++)
        for (int mode = 0; mode < 4; mode++) {
            for (size_t t = 0; t < 4; t++) {
                pad_one(opcase_isa(k), types[t], mode, all, false);
                pad_one(opcase_isa(k), types[t], mode, less, false);
            }
            pad_one(opcase_isa(k), OC_F32, mode, picture, true);
            pad_one(opcase_isa(k), OC_F32, mode, batch, true);
        }
}

/* A value that is not zero must still leave zeros beyond C: opcase looks at them. */
static void test_pad_value(void **state)
{
    (void)state;
    for (int k = 0; k < 2; k++) {
        opcase      c;
        const float value = 7.5f;
        opcase_begin(&c, "", "Pad", opcase_isa(k));
        opcase_input(&c, OC_F32, DIMS(1, 11, 1, 2), NULL);
        INTS(&c, 0, 0, 1, 0, 0, 0, 0, 1);
        opcase_const(&c, OC_F32, DIMS(1), &value);
        c.offer_blocked[0] = true;
        opcase_run(&c, 1);
        assert_true(c.was_blocked);
        for (size_t ch = 0; ch < 11; ch++)
            for (size_t y = 0; y < 2; y++)
                for (size_t x = 0; x < 3; x++) {
                    float in = y == 1 && x < 2 ? ((float *)c.plain[0])[ch * 2 + x] : value;
                    assert_true(((float *)c.result[0])[(ch * 2 + y) * 3 + x] == in);
                }
        opcase_end(&c);
    }
}

/* ---- DepthToSpace, SpaceToDepth, ChannelShuffle ---- */

typedef struct depth_ctx {
    int64_t block, channels;
    int     kind; /* 0 DCR, 1 CRD, 2 SpaceToDepth, 3 shuffle */
} depth_ctx;

static bool depth_map(const void *ctx, const int64_t *at, int64_t *in)
{
    const depth_ctx *d = ctx;
    int64_t          b = d->block, c = d->channels;
    in[0] = at[0];
    in[2] = at[2];
    in[3] = at[3];
    if (d->kind == 3) {
        in[1] = at[1] % b * (c / b) + at[1] / b;
    } else if (d->kind == 2) {
        in[1] = at[1] % c;
        in[2] = at[2] * b + at[1] / c / b;
        in[3] = at[3] * b + at[1] / c % b;
    } else {
        int64_t y = at[2] % b, x = at[3] % b, n = c / b / b;
        in[1] = d->kind == 0 ? (y * b + x) * n + at[1] : (at[1] * b + y) * b + x;
        in[2] = at[2] / b;
        in[3] = at[3] / b;
    }
    return true;
}

static void test_depth_space(void **state)
{
    (void)state;
    for (int k = 0; k < 2; k++)
        for (size_t t = 0; t < 4; t++)
            for (int kind = 0; kind < 3; kind++) {
                opcase c;
                opcase_begin(&c, "", kind == 2 ? "SpaceToDepth" : "DepthToSpace", opcase_isa(k));
                opcase_attr_int(&c, "blocksize", 2);
                if (kind == 1)
                    opcase_attr_string(&c, "mode", "CRD");
                opcase_input(&c, types[t], DIMS(2, 12, 6, 8), NULL);
                opcase_run(&c, 1);
                opcase_expect_moved(&c, 0, 0, depth_map, &(depth_ctx){2, 12, kind});
                opcase_end(&c);
            }
}

static void test_channel_shuffle(void **state)
{
    (void)state;
    static const int64_t channels[] = {4, 16, 20, 24, 58, 116, 232};
    for (int k = 0; k < 4; k++)
        for (size_t i = 0; i < 7; i++)
            for (int64_t group = 1; group <= 4; group++) {
                opcase c;
                if (channels[i] % group)
                    continue;
                opcase_begin(&c, "ocellus", "ChannelShuffle", opcase_isa(k & 1));
                opcase_attr_int(&c, "group", group);
                opcase_input(&c, OC_F32, DIMS(2, channels[i], 3, 5), NULL);
                c.offer_blocked[0] = k > 1;
                opcase_run(&c, 1);
                assert_int_equal(c.was_blocked, k > 1);
                opcase_expect_moved(&c, 0, 0, depth_map, &(depth_ctx){group, channels[i], 3});
                opcase_end(&c);
            }
}

/* Several inputs and outputs: as Concat, shuffle and Split by themselves would do. */
static void shuffle_parts_one(oc_isa isa, oc_dtype dtype, int64_t a, int64_t b, int64_t group,
                              int64_t first, bool blocked)
{
    const int64_t split[] = {first, a + b - first}, hw = 15, n = 2, all = a + b;
    size_t        elem = oc_dtype_bytes(dtype);
    opcase        c;
    opcase_begin(&c, "ocellus", "ChannelShuffle", isa);
    opcase_attr_int(&c, "group", group);
    opcase_attr_ints(&c, "split", split, 2);
    opcase_input(&c, dtype, DIMS(n, a, 3, 5), NULL);
    opcase_input(&c, dtype, DIMS(n, b, 3, 5), NULL);
    c.offer_blocked[0] = c.offer_blocked[1] = blocked;
    opcase_run(&c, 2);
    assert_int_equal(c.was_blocked, blocked);
    for (int64_t i = 0; i < n * all; i++) {
        int64_t k = i % all, from = k % group * (all / group) + k / group, image = i / all;
        int64_t out = k >= first, in = from >= a;
        size_t  src = (size_t)((image * (in ? b : a) + from - (in ? a : 0)) * hw) * elem;
        size_t  dst = (size_t)((image * split[out] + k - (out ? first : 0)) * hw) * elem;
        assert_memory_equal((char *)c.result[out] + dst, (char *)c.plain[in] + src,
                            (size_t)hw * elem);
    }
    opcase_end(&c);
}

static void test_channel_shuffle_parts(void **state)
{
    (void)state;
    for (int k = 0; k < 2; k++) {
        shuffle_parts_one(opcase_isa(k), OC_F32, 58, 58, 2, 58, true);
        shuffle_parts_one(opcase_isa(k), OC_F32, 48, 48, 2, 48, true);
        shuffle_parts_one(opcase_isa(k), OC_F32, 5, 13, 3, 7, true);
        shuffle_parts_one(opcase_isa(k), OC_F32, 5, 13, 3, 7, false);
        shuffle_parts_one(opcase_isa(k), OC_U8, 16, 8, 4, 8, false);
    }
}

/* ---- Gather ---- */

static bool gather_map(const void *ctx, const int64_t *at, int64_t *in)
{
    const int64_t *index = ctx;
    int64_t        k = index[at[1] * 3 + at[2]];
    in[0] = at[0];
    in[1] = k < 0 ? k + 5 : k;
    in[2] = at[3];
    return true;
}

static void test_gather(void **state)
{
    (void)state;
    const int64_t index[] = {0, -1, 3, -5, 2, 2};
    for (int k = 0; k < 2; k++)
        for (size_t t = 0; t < 4; t++) {
            opcase c;
            opcase_begin(&c, "", "Gather", opcase_isa(k));
            opcase_attr_int(&c, "axis", 1);
            opcase_input(&c, types[t], DIMS(4, 5, 7), NULL);
            opcase_const(&c, OC_I64, DIMS(2, 3), index);
            opcase_run(&c, 1);
            opcase_expect_moved(&c, 0, 0, gather_map, index);
            opcase_end(&c);
        }
    opcase        c;
    const int64_t far[] = {5};
    opcase_begin(&c, "", "Gather", OC_ISA_NONE);
    opcase_input(&c, OC_F32, DIMS(5), NULL);
    opcase_const(&c, OC_I64, DIMS(1), far);
    assert_int_equal(opcase_infer(&c, 1), OC_OK);
    opcase_layouts(&c);
    assert_int_equal(opcase_execute(&c), OC_FORMAT);
    opcase_end(&c);
}

/* ---- views ---- */

static void view_one(const char *name, oc_shape from, const int64_t *list, size_t n, int64_t axis,
                     oc_shape want)
{
    opcase c;
    opcase_begin(&c, "", name, OC_ISA_NONE);
    opcase_input(&c, OC_F32, from, NULL);
    if (list)
        opcase_ints(&c, list, n);
    if (axis >= 0)
        opcase_attr_int(&c, "axis", axis);
    opcase_run(&c, 1);
    assert_true(oc_shape_equal(&c.out[0].info.shape, &want));
    assert_memory_equal(c.result[0], c.plain[0], opcase_elements(&c.in[0].info) * 4);
    assert_true(c.op->flags & OC_OP_VIEW);
    opcase_end(&c);
}

static void test_views(void **state)
{
    (void)state;
    view_one("Reshape", DIMS(2, 3, 4), (int64_t[]){0, -1}, 2, -1, DIMS(2, 12));
    view_one("Reshape", DIMS(2, 3, 4), (int64_t[]){4, 3, 2}, 3, -1, DIMS(4, 3, 2));
}

static void test_view_shapes(void **state)
{
    (void)state;
    view_one("Squeeze", DIMS(1, 3, 1, 5), (int64_t[]){0, -2}, 2, -1, DIMS(3, 5));
    view_one("Squeeze", DIMS(1, 3, 1, 5), NULL, 0, -1, DIMS(3, 5));
    view_one("Unsqueeze", DIMS(3, 5), (int64_t[]){-1, 0}, 2, -1, DIMS(1, 3, 5, 1));
    view_one("Flatten", DIMS(2, 3, 4), NULL, 0, -1, DIMS(2, 12));
    view_one("Flatten", DIMS(2, 3, 4), NULL, 0, 0, DIMS(1, 24));
    view_one("Flatten", DIMS(2, 3, 4), NULL, 0, 3, DIMS(24, 1));
}

static void reshape_fails(const int64_t *list, size_t n, int64_t allowzero, oc_status want)
{
    opcase c;
    opcase_begin(&c, "", "Reshape", OC_ISA_NONE);
    opcase_input(&c, OC_F32, DIMS(2, 3, 4), NULL);
    opcase_ints(&c, list, n);
    opcase_attr_int(&c, "allowzero", allowzero);
    assert_int_equal(opcase_infer(&c, 1), want);
    opcase_end(&c);
}

static void test_reshape_refused(void **state)
{
    (void)state;
    reshape_fails((int64_t[]){5, -1}, 2, 0, OC_FORMAT);
    reshape_fails((int64_t[]){-1, -1}, 2, 0, OC_FORMAT);
    reshape_fails((int64_t[]){2, 3, 4, 0}, 4, 0, OC_FORMAT);
    reshape_fails((int64_t[]){0, 12}, 2, 1, OC_FORMAT);
    reshape_fails((int64_t[]){INT64_MAX, INT64_MAX}, 2, 0, OC_FORMAT);
    reshape_fails((int64_t[]){-2, 12}, 2, 0, OC_FORMAT);
    reshape_fails((int64_t[]){24}, 1, 0, OC_OK);
}

static void test_shape(void **state)
{
    (void)state;
    opcase c;
    opcase_begin(&c, "", "Shape", OC_ISA_NONE);
    opcase_input(&c, OC_U8, DIMS(2, 3, 4), NULL);
    opcase_attr_int(&c, "start", -2);
    opcase_attr_int(&c, "end", 9);
    opcase_run(&c, 1);
    assert_int_equal(c.out[0].info.shape.dim[0], 2);
    assert_memory_equal(c.result[0], ((int64_t[]){3, 4}), 16);
    opcase_end(&c);
    opcase_begin(&c, "", "Size", OC_ISA_NONE);
    opcase_input(&c, OC_U8, DIMS(2, 3, 4), NULL);
    opcase_run(&c, 1);
    assert_int_equal(*(int64_t *)c.result[0], 24);
    opcase_end(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_transpose),       cmocka_unit_test(test_concat_split),
        cmocka_unit_test(test_split_lengths),   cmocka_unit_test(test_slice),
        cmocka_unit_test(test_expand_tile),     cmocka_unit_test(test_pad),
        cmocka_unit_test(test_pad_value),       cmocka_unit_test(test_depth_space),
        cmocka_unit_test(test_channel_shuffle), cmocka_unit_test(test_channel_shuffle_parts),
        cmocka_unit_test(test_gather),          cmocka_unit_test(test_views),
        cmocka_unit_test(test_view_shapes),     cmocka_unit_test(test_reshape_refused),
        cmocka_unit_test(test_shape),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
