/* Operators that pick and place by index: TopK, GatherElements, GatherND, Scatter family, OneHot,
 * Trilu, ReverseSequence, Compress, NonZero, Unique, NonMaxSuppression, and those that make
 * tensors of nothing. */
#include <math.h>

#include "unit/ops/opcase.h"

/* ---- TopK ---- */

static bool before(float a, float b, size_t i, size_t k, bool largest)
{
    return a != b ? (largest ? a > b : a < b) : i < k;
}

static void topk_one(size_t n, int64_t k, bool largest, int64_t levels)
{
    opcase c;
    float *x = malloc(3 * n * 2 * sizeof(*x));
    assert_non_null(x);
    for (size_t i = 0; i < 6 * n; i++)
        x[i] = (float)((int64_t)(i * 7919 % 1009) % levels); /* few levels: many ties */
    opcase_begin(&c, "", "TopK", OC_ISA_NONE);
    opcase_attr_int(&c, "axis", 1);
    opcase_attr_int(&c, "largest", largest);
    opcase_input(&c, OC_F32, DIMS(3, (int64_t)n, 2), x);
    INTS(&c, k);
    opcase_run(&c, 2);
    for (size_t row = 0; row < 6; row++) {
        const float *from = x + row / 2 * n * 2 + row % 2;
        for (size_t i = 0; i < n; i++) {
            size_t rank = 0;
            for (size_t j = 0; j < n; j++)
                rank += before(from[j * 2], from[i * 2], j, i, largest);
            if (rank >= (size_t)k)
                continue;
            size_t at = (row / 2 * (size_t)k + rank) * 2 + row % 2;
            assert_int_equal(((int64_t *)c.result[1])[at], i);
            assert_true(((float *)c.result[0])[at] == from[i * 2]);
        }
    }
    opcase_end(&c);
    free(x);
}

static void test_topk(void **state)
{
    (void)state;
    for (int largest = 0; largest < 2; largest++) {
        topk_one(1, 1, largest, 3);
        topk_one(100, 7, largest, 5);
        topk_one(100, 100, largest, 5);
        topk_one(257, 20, largest, 1000);
    }
}

/* ---- GatherElements, GatherND ---- */

static bool elements_map(const void *ctx, const int64_t *at, int64_t *in)
{
    const int64_t *index = ctx;
    int64_t        k = index[(at[0] * 4 + at[1]) * 2 + at[2]];
    in[0] = at[0];
    in[1] = k < 0 ? k + 6 : k;
    in[2] = at[2];
    return true;
}

static void test_gather_elements(void **state)
{
    (void)state;
    int64_t index[2 * 4 * 2];
    for (int i = 0; i < 16; i++)
        index[i] = i * 5 % 12 - 6;
    opcase c;
    opcase_begin(&c, "", "GatherElements", OC_ISA_NONE);
    opcase_attr_int(&c, "axis", 1);
    opcase_input(&c, OC_F16, DIMS(3, 6, 2), NULL);
    opcase_input(&c, OC_I64, DIMS(2, 4, 2), index);
    opcase_run(&c, 1);
    opcase_expect_moved(&c, 0, 0, elements_map, index);
    opcase_end(&c);
}

static bool nd_map(const void *ctx, const int64_t *at, int64_t *in)
{
    const int32_t *index = ctx;
    const int32_t *place = index + (at[0] * 3 + at[1]) * 2;
    in[0] = at[0];
    in[1] = place[0] < 0 ? place[0] + 4 : place[0];
    in[2] = place[1] < 0 ? place[1] + 5 : place[1];
    in[3] = at[2];
    return true;
}

static void test_gather_nd(void **state)
{
    (void)state;
    const int32_t index[] = {0, 1, -1, -5, 3, 4, 2, 2, -4, 0, 1, -1};
    opcase        c;
    opcase_begin(&c, "", "GatherND", OC_ISA_NONE);
    opcase_attr_int(&c, "batch_dims", 1);
    opcase_input(&c, OC_F32, DIMS(2, 4, 5, 3), NULL);
    opcase_input(&c, OC_I32, DIMS(2, 3, 2), index);
    opcase_run(&c, 1);
    opcase_expect_moved(&c, 0, 0, nd_map, index);
    opcase_end(&c);
}

/* A computed index may be anything: it must not lead outside the data. */
static void test_wild_indices(void **state)
{
    (void)state;
    const int64_t index[] = {INT64_MAX, INT64_MIN, 5, -6, 100, -100};
    opcase        c;
    opcase_begin(&c, "", "Gather", OC_ISA_NONE);
    opcase_input(&c, OC_F32, DIMS(5), NULL);
    opcase_input(&c, OC_I64, DIMS(6), index);
    opcase_run(&c, 1);
    opcase_end(&c);
    opcase_begin(&c, "", "ScatterElements", OC_ISA_NONE);
    opcase_input(&c, OC_F32, DIMS(5), NULL);
    opcase_input(&c, OC_I64, DIMS(6), index);
    opcase_input(&c, OC_F32, DIMS(6), NULL);
    opcase_run(&c, 1);
    opcase_end(&c);
    opcase_begin(&c, "", "GatherND", OC_ISA_NONE);
    opcase_input(&c, OC_F32, DIMS(5, 2), NULL);
    opcase_input(&c, OC_I64, DIMS(3, 2), index);
    opcase_run(&c, 1);
    opcase_end(&c);
}

/* ---- Scatter ---- */

static void scatter_one(const char *how)
{
    static const int64_t index[] = {1, -1, 1, 0, 2, 2, 3, 1};
    opcase               c;
    opcase_begin(&c, "", "ScatterElements", OC_ISA_NONE);
    opcase_attr_int(&c, "axis", 1);
    opcase_attr_string(&c, "reduction", how);
    opcase_input(&c, OC_F32, DIMS(2, 4), NULL);
    opcase_const(&c, OC_I64, DIMS(2, 4), index);
    opcase_input(&c, OC_F32, DIMS(2, 4), NULL);
    opcase_run(&c, 1);
    float want[8];
    memcpy(want, c.plain[0], sizeof(want));
    for (int i = 0; i < 8; i++) {
        float *y = want + i / 4 * 4 + (index[i] < 0 ? index[i] + 4 : index[i]);
        float  x = ((float *)c.plain[2])[i];
        *y = !strcmp(how, "add")   ? *y + x
             : !strcmp(how, "mul") ? *y * x
             : !strcmp(how, "max") ? fmaxf(*y, x)
             : !strcmp(how, "min") ? fminf(*y, x)
                                   : x;
    }
    assert_memory_equal(want, c.result[0], sizeof(want));
    opcase_end(&c);
}

static void test_scatter(void **state)
{
    (void)state;
    scatter_one("none");
    scatter_one("add");
    scatter_one("mul");
    scatter_one("max");
    scatter_one("min");
    const int64_t places[] = {3, -1, 3};
    opcase        c;
    opcase_begin(&c, "", "ScatterND", OC_ISA_NONE);
    opcase_attr_string(&c, "reduction", "add");
    opcase_input(&c, OC_U8, DIMS(4, 5), NULL);
    opcase_const(&c, OC_I64, DIMS(3, 1), places);
    opcase_input(&c, OC_U8, DIMS(3, 5), NULL);
    opcase_run(&c, 1);
    const uint8_t *x = c.plain[0], *u = c.plain[2], *y = c.result[0];
    assert_memory_equal(x, y, 15);
    for (int i = 0; i < 5; i++) /* it wraps */
        assert_int_equal(y[15 + i], (uint8_t)(x[15 + i] + u[i] + u[5 + i] + u[10 + i]));
    opcase_end(&c);
}

/* ---- OneHot, Trilu, ReverseSequence ---- */

static void test_onehot(void **state)
{
    (void)state;
    const float      index[] = {1, -1, 7, 0, -5, NAN}, values[] = {2, 9};
    const int64_t    depth = 4;
    static const int hot[] = {1, 3, -1, 0, -1, -1};
    opcase           c;
    opcase_begin(&c, "", "OneHot", OC_ISA_NONE);
    opcase_attr_int(&c, "axis", 1);
    opcase_input(&c, OC_F32, DIMS(2, 3), index);
    opcase_const(&c, OC_I64, DIMS(1), &depth);
    opcase_input(&c, OC_F32, DIMS(2), values);
    opcase_run(&c, 1);
    for (int i = 0; i < 24; i++)
        assert_true(((float *)c.result[0])[i] ==
                    (hot[i / 12 * 3 + i % 3] == i / 3 % 4 ? 9.0f : 2.0f));
    opcase_end(&c);
}

typedef struct tri_ctx {
    int64_t k;
    bool    upper;
} tri_ctx;

static bool tri_map(const void *ctx, const int64_t *at, int64_t *in)
{
    const tri_ctx *t = ctx;
    memcpy(in, at, 3 * sizeof(*in));
    return t->upper ? at[2] - at[1] >= t->k : at[2] - at[1] <= t->k;
}

static void test_trilu(void **state)
{
    (void)state;
    static const int64_t ks[] = {0, 1, -1, -3, 4, 100, -100, INT64_MAX, INT64_MIN};
    for (int upper = 0; upper < 2; upper++)
        for (size_t i = 0; i < 9; i++) {
            opcase c;
            opcase_begin(&c, "", "Trilu", OC_ISA_NONE);
            opcase_attr_int(&c, "upper", upper);
            opcase_input(&c, OC_I64, DIMS(2, 4, 5), NULL);
            INTS(&c, ks[i]);
            opcase_run(&c, 1);
            opcase_expect_moved(&c, 0, 0, tri_map, &(tri_ctx){ks[i], upper});
            opcase_end(&c);
        }
}

static bool reverse_map(const void *ctx, const int64_t *at, int64_t *in)
{
    static const int64_t lens[] = {1, 4, 3};
    bool                 time_first = *(const bool *)ctx;
    int64_t              t = time_first ? at[0] : at[1], b = time_first ? at[1] : at[0];
    t = t < lens[b] ? lens[b] - 1 - t : t;
    in[0] = time_first ? t : b;
    in[1] = time_first ? b : t;
    in[2] = at[2];
    return true;
}

static void test_reverse_sequence(void **state)
{
    (void)state;
    const int64_t lens[] = {1, 4, 3};
    for (int time_first = 0; time_first < 2; time_first++) {
        opcase c;
        bool   first = time_first;
        opcase_begin(&c, "", "ReverseSequence", OC_ISA_NONE);
        opcase_attr_int(&c, "time_axis", !time_first);
        opcase_attr_int(&c, "batch_axis", time_first);
        opcase_input(&c, OC_F32, time_first ? DIMS(4, 3, 2) : DIMS(3, 4, 2), NULL);
        opcase_input(&c, OC_I64, DIMS(3), lens);
        opcase_run(&c, 1);
        opcase_expect_moved(&c, 0, 0, reverse_map, &first);
        opcase_end(&c);
    }
}

/* ---- sizes that depend on contents ---- */

static void test_compress(void **state)
{
    (void)state;
    const uint8_t keep[] = {0, 1, 1};
    opcase        c;
    opcase_begin(&c, "", "Compress", OC_ISA_NONE);
    opcase_attr_int(&c, "axis", 1);
    opcase_input(&c, OC_I64, DIMS(2, 4), NULL);
    opcase_const(&c, OC_BOOL, DIMS(3), keep);
    opcase_run(&c, 1);
    const int64_t *x = c.plain[0];
    assert_memory_equal(c.result[0], ((int64_t[]){x[1], x[2], x[5], x[6]}), 32);
    c.constant[1] = false;
    assert_int_equal(opcase_infer(&c, 1), OC_DYNAMIC);
    opcase_end(&c);
}

static void test_nonzero(void **state)
{
    (void)state;
    const float x[] = {0, 2, -0.0f, NAN, 0, -1};
    opcase      c;
    opcase_begin(&c, "", "NonZero", OC_ISA_NONE);
    opcase_const(&c, OC_F32, DIMS(2, 3), x);
    opcase_run(&c, 1);
    assert_int_equal(c.out[0].info.shape.dim[1], 3);
    assert_memory_equal(c.result[0], ((int64_t[]){0, 1, 1, 1, 0, 2}), 48);
    c.constant[0] = false;
    assert_int_equal(opcase_infer(&c, 1), OC_DYNAMIC);
    opcase_end(&c);
}

static void test_unique(void **state)
{
    (void)state;
    const float x[] = {2, 1, 1, 3, 4, 3}, rows[] = {1, 0, 0, 1, 0, 0, 2, 3, 4};
    opcase      c;
    opcase_begin(&c, "", "Unique", OC_ISA_NONE);
    opcase_attr_int(&c, "sorted", 0);
    opcase_const(&c, OC_F32, DIMS(6), x);
    opcase_run(&c, 4);
    assert_memory_equal(c.result[0], ((float[]){2, 1, 3, 4}), 16);
    assert_memory_equal(c.result[1], ((int64_t[]){0, 1, 3, 4}), 32);
    assert_memory_equal(c.result[2], ((int64_t[]){0, 1, 1, 2, 3, 2}), 48);
    assert_memory_equal(c.result[3], ((int64_t[]){1, 2, 2, 1}), 32);
    opcase_end(&c);
    opcase_begin(&c, "", "Unique", OC_ISA_NONE);
    opcase_attr_int(&c, "axis", 0);
    opcase_const(&c, OC_F32, DIMS(3, 3), rows);
    opcase_run(&c, 4);
    assert_memory_equal(c.result[0], ((float[]){1, 0, 0, 2, 3, 4}), 24);
    assert_memory_equal(c.result[2], ((int64_t[]){0, 0, 1}), 24);
    opcase_end(&c);
}

static void test_nms(void **state)
{
    (void)state;
    const float boxes[] = {0, 0,  1, 1,  0, .1f,   1, 1.1f,  0, -.1f, 1, .9f,
                           1, 11, 0, 10, 0, 10.1f, 1, 11.1f, 0, 100,  1, 101};
    const float scores[] = {.9f, .75f, .6f, .95f, .5f, .3f}, iou = .5f, least = .4f;
    opcase      c;
    opcase_begin(&c, "", "NonMaxSuppression", OC_ISA_NONE);
    opcase_const(&c, OC_F32, DIMS(1, 6, 4), boxes);
    opcase_const(&c, OC_F32, DIMS(1, 1, 6), scores);
    INTS(&c, 3);
    opcase_const(&c, OC_F32, DIMS(1), &iou);
    opcase_const(&c, OC_F32, DIMS(1), &least);
    opcase_run(&c, 1);
    assert_int_equal(c.out[0].info.shape.dim[0], 2);
    assert_memory_equal(c.result[0], ((int64_t[]){0, 0, 3, 0, 0, 0}), 48);
    c.constant[1] = false;
    assert_int_equal(opcase_infer(&c, 1), OC_DYNAMIC);
    opcase_end(&c);
}

/* ---- tensors made of nothing ---- */

static void test_range(void **state)
{
    (void)state;
    const float   f[] = {1.0f, 2.0f, 0.3f};
    const int64_t k[] = {10, 3, -3};
    oc_shape      one = {0};
    opcase        c;
    opcase_begin(&c, "", "Range", OC_ISA_NONE);
    for (int i = 0; i < 3; i++)
        opcase_const(&c, OC_F32, one, &f[i]);
    opcase_run(&c, 1);
    assert_int_equal(c.out[0].info.shape.dim[0], 4);
    for (int i = 0; i < 4; i++)
        assert_true(fabsf(((float *)c.result[0])[i] - (1.0f + 0.3f * (float)i)) < 1e-6f);
    opcase_end(&c);
    opcase_begin(&c, "", "Range", OC_ISA_NONE);
    for (int i = 0; i < 3; i++)
        opcase_const(&c, OC_I64, one, &k[i]);
    opcase_run(&c, 1);
    assert_int_equal(c.out[0].info.shape.dim[0], 3);
    assert_memory_equal(c.result[0], ((int64_t[]){10, 7, 4}), 24);
    opcase_end(&c);
}

static void test_fills(void **state)
{
    (void)state;
    uint16_t half = 0x4200;
    opcase   c;
    opcase_begin(&c, "", "ConstantOfShape", OC_ISA_NONE);
    opcase_attr(&c, "value", OC_ATTR_TENSOR)->tensor = (oc_tensor_view){{OC_F16, {1, {1}}}, &half};
    INTS(&c, 3, 5);
    opcase_run(&c, 1);
    assert_int_equal(c.out[0].info.dtype, OC_F16);
    for (int i = 0; i < 15; i++)
        assert_int_equal(((uint16_t *)c.result[0])[i], 0x4200);
    opcase_end(&c);
    opcase_begin(&c, "", "EyeLike", OC_ISA_NONE);
    opcase_attr_int(&c, "k", -1);
    opcase_attr_int(&c, "dtype", 6);
    opcase_input(&c, OC_F32, DIMS(3, 4), NULL);
    opcase_run(&c, 1);
    assert_int_equal(c.out[0].info.dtype, OC_I32);
    for (int i = 0; i < 12; i++)
        assert_int_equal(((int32_t *)c.result[0])[i], i % 4 - i / 4 == -1);
    opcase_end(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_topk),      cmocka_unit_test(test_gather_elements),
        cmocka_unit_test(test_gather_nd), cmocka_unit_test(test_wild_indices),
        cmocka_unit_test(test_scatter),   cmocka_unit_test(test_onehot),
        cmocka_unit_test(test_trilu),     cmocka_unit_test(test_reverse_sequence),
        cmocka_unit_test(test_compress),  cmocka_unit_test(test_nonzero),
        cmocka_unit_test(test_unique),    cmocka_unit_test(test_nms),
        cmocka_unit_test(test_range),     cmocka_unit_test(test_fills),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
