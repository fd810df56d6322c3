/* Shapes, pieces and indices: what moves elements and computes none. */
#include <string.h>

#include "tflite/lower.h"
#include "tflite/lowerings.h"

static oc_vid vector(tfl_op *o, const int64_t *values, uint32_t n)
{
    return tfl_const_i64(o, values, n);
}

static oc_vid reshape(tfl_op *o, oc_vid x, const oc_shape *s)
{
    return tfl_emit(o, "Reshape", TFL_IN(x, vector(o, s->dim, s->rank)), TFL_NO_ATTRS);
}

/* The bytes stay, the shape is another: the file says which, in whatever way it says it. */
void tfl_lower_reshape(tfl_op *o)
{
    const tfl_tensor *y = tfl_out(o, 0);
    oc_shape          s = y->shape;
    if (strcmp(o->row->name, "RESHAPE") == 0 && tfl_has(o, 1) && tfl_in(o, 1)->data)
        s.rank = tfl_const_ints(o, 1, s.dim, OC_RANK_MAX);
    for (uint32_t i = 0; i < s.rank; i++)
        if (s.dim[i] == 0) /* ONNX takes 0 for "as the input has it" */
            tfl_fail(o, OC_UNSUPPORTED, "an empty tensor");
    tfl_give(o, 0, reshape(o, tfl_value(o, tfl_in(o, 0), TFL_FILE), &s), TFL_FILE);
}

void tfl_lower_transpose(tfl_op *o)
{
    int64_t  perm[OC_RANK_MAX];
    uint32_t rank = tfl_in(o, 0)->shape.rank;
    if (tfl_const_ints(o, 1, perm, OC_RANK_MAX) != rank)
        tfl_fail(o, OC_FORMAT, "an order of %u axes is expected", rank);
    for (uint32_t i = 0; i < rank; i++)
        perm[i] = tfl_axis(o, perm[i], rank);
    tfl_give(o, 0,
             tfl_emit(o, "Transpose", TFL_IN(tfl_value(o, tfl_in(o, 0), TFL_FILE)),
                      TFL_ATTRS(tfl_ints(o, "perm", perm, rank))),
             TFL_FILE);
}

/* ---- joining ---- */

/* Parts with scales of their own are quantised again. */
static bool all_alike(const tfl_op *o)
{
    for (uint32_t i = 0; i < o->in.n; i++)
        if (!tfl_same_quantisation(tfl_in(o, i), tfl_out(o, 0)))
            return false;
    return true;
}

static tfl_form form_of_parts(const tfl_op *o)
{
    bool any = false;
    for (uint32_t i = 0; i < o->in.n; i++) {
        const tfl_tensor *t = tfl_in(o, i);
        if (t->shape.rank != 4)
            return TFL_FILE;
        any = any || (!t->data && t->value[TFL_PLANAR] != OC_VID_NONE);
    }
    return any ? TFL_PLANAR : TFL_FILE;
}

void tfl_lower_concat(tfl_op *o)
{
    const tfl_tensor *y = tfl_out(o, 0);
    tfl_form          form = form_of_parts(o);
    uint32_t          n = o->in.n;
    uint32_t          axis = tfl_axis(o, flat_i32(&o->options, 0, 0), tfl_in(o, 0)->shape.rank);
    int64_t           act = flat_i8(&o->options, 1, 0);
    bool              bytes = tfl_is_quantised(y) && act == 0 && all_alike(o);
    oc_vid           *parts = tfl_memory(o, n, sizeof(*parts));
    for (uint32_t i = 0; i < n && parts; i++) {
        tfl_tensor *t = tfl_in(o, i);
        parts[i] = bytes ? tfl_value(o, t, form) : tfl_real(o, t, form);
    }
    oc_vid v = tfl_emit(o, "Concat", parts, parts ? n : 0,
                        TFL_ATTRS(tfl_int("axis", tfl_axis_in(form, axis))));
    if (bytes)
        tfl_give(o, 0, v, form);
    else
        tfl_give_real(o, 0, tfl_activate(o, v, act), form);
}

void tfl_lower_pack(tfl_op *o)
{
    uint32_t n = o->in.n;
    uint32_t axis = tfl_axis(o, flat_i32(&o->options, 1, 0), tfl_in(o, 0)->shape.rank + 1);
    oc_vid  *parts = tfl_memory(o, n, sizeof(*parts));
    for (uint32_t i = 0; i < n && parts; i++)
        parts[i] = tfl_emit(
            o, "Unsqueeze",
            TFL_IN(tfl_value(o, tfl_in(o, i), TFL_FILE), vector(o, (const int64_t[]){axis}, 1)),
            TFL_NO_ATTRS);
    tfl_give(o, 0, tfl_emit(o, "Concat", parts, parts ? n : 0, TFL_ATTRS(tfl_int("axis", axis))),
             TFL_FILE);
}

/* ---- taking apart ---- */

/* sizes NULL: equal parts; squeeze: the axis goes. */
static void split(tfl_op *o, tfl_tensor *x, int64_t given, const int64_t *sizes, bool squeeze)
{
    tfl_form form = x->shape.rank == 4 && x->value[TFL_PLANAR] != OC_VID_NONE && !squeeze
                        ? TFL_PLANAR
                        : TFL_FILE;
    uint32_t n = o->out.n, axis = tfl_axis(o, given, x->shape.rank);
    oc_vid   in[2] = {tfl_value(o, x, form), OC_VID_NONE}, *out = tfl_memory(o, n, sizeof(*out));
    if (!out)
        return;
    if (sizes)
        in[1] = vector(o, sizes, n);
    tfl_emit_many(o, "Split", in, 2, TFL_ATTRS(tfl_int("axis", tfl_axis_in(form, axis))), out, n);
    for (uint32_t i = 0; i < n; i++) {
        if (squeeze)
            out[i] = tfl_emit(o, "Squeeze", TFL_IN(out[i], vector(o, (const int64_t[]){axis}, 1)),
                              TFL_NO_ATTRS);
        tfl_give(o, i, out[i], form);
    }
}

static int64_t axis_from(tfl_op *o, uint32_t i)
{
    int64_t axis = 0;
    if (tfl_const_ints(o, i, &axis, 1) != 1)
        tfl_fail(o, OC_FORMAT, "one axis is expected");
    return axis;
}

void tfl_lower_split(tfl_op *o)
{
    split(o, tfl_in(o, 1), axis_from(o, 0), NULL, false);
}

void tfl_lower_split_v(tfl_op *o)
{
    const tfl_tensor *x = tfl_in(o, 0);
    int64_t           axis = axis_from(o, 2), rest = 0;
    int64_t          *sizes = tfl_memory(o, o->out.n, sizeof(*sizes));
    if (!sizes || x->shape.rank == 0)
        return;
    if (tfl_const_ints(o, 1, sizes, o->out.n) != o->out.n)
        tfl_fail(o, OC_FORMAT, "a length for each of %u parts is expected", o->out.n);
    for (uint32_t i = 0; i < o->out.n && tfl_ok(o); i++)
        if (sizes[i] >= 0 && __builtin_add_overflow(rest, sizes[i], &rest))
            tfl_fail(o, OC_FORMAT, "lengths too large");
    uint32_t at = tfl_axis(o, axis, x->shape.rank);
    for (uint32_t i = 0; i < o->out.n && tfl_ok(o); i++)
        if (sizes[i] < 0) /* one may take what is left */
            sizes[i] = x->shape.dim[at] - rest;
    split(o, tfl_in(o, 0), axis, sizes, false);
}

void tfl_lower_unpack(tfl_op *o)
{
    split(o, tfl_in(o, 0), flat_i32(&o->options, 1, 0), NULL, true);
}

/* starts, ends and steps in the file's order of axes, all of them */
static void slice(tfl_op *o, const int64_t *starts, const int64_t *ends, const int64_t *steps,
                  const int64_t *gone, uint32_t n_gone)
{
    tfl_tensor *x = tfl_in(o, 0);
    uint32_t    rank = x->shape.rank;
    tfl_form    form = n_gone ? TFL_FILE : tfl_form_of(o, 1);
    int64_t     axes[OC_RANK_MAX];
    for (uint32_t i = 0; i < rank; i++)
        axes[i] = tfl_axis_in(form, i);
    oc_vid v = tfl_value(o, x, form);
    if (rank)
        v = tfl_emit(o, "Slice",
                     TFL_IN(v, vector(o, starts, rank), vector(o, ends, rank),
                            vector(o, axes, rank), vector(o, steps, rank)),
                     TFL_NO_ATTRS);
    if (n_gone)
        v = tfl_emit(o, "Squeeze", TFL_IN(v, vector(o, gone, n_gone)), TFL_NO_ATTRS);
    tfl_give(o, 0, v, form);
}

void tfl_lower_slice(tfl_op *o)
{
    int64_t  starts[OC_RANK_MAX], ends[OC_RANK_MAX], steps[OC_RANK_MAX];
    uint32_t rank = tfl_in(o, 0)->shape.rank;
    if (tfl_const_ints(o, 1, starts, OC_RANK_MAX) != rank ||
        tfl_const_ints(o, 2, ends, OC_RANK_MAX) != rank)
        tfl_fail(o, OC_FORMAT, "a start and a length for each of %u dimensions are expected", rank);
    for (uint32_t i = 0; i < rank && tfl_ok(o); i++) {
        if (starts[i] < 0 || ends[i] < -1 || starts[i] > INT32_MAX || ends[i] > INT32_MAX)
            tfl_fail(o, OC_FORMAT, "a start of %lld", (long long)starts[i]);
        ends[i] = ends[i] < 0 ? INT64_MAX : starts[i] + ends[i];
        steps[i] = 1;
    }
    slice(o, starts, ends, steps, NULL, 0);
}

/* A bit per dimension in each mask: the start or end is the tensor's own, the dimension goes. */
typedef struct masks {
    int64_t begin, end, gone;
} masks;

static bool read_masks(tfl_op *o, masks *m)
{
    m->begin = flat_i32(&o->options, 0, 0);
    m->end = flat_i32(&o->options, 1, 0);
    m->gone = flat_i32(&o->options, 4, 0);
    if (flat_i32(&o->options, 2, 0) || flat_i32(&o->options, 3, 0) || flat_bool(&o->options, 5))
        tfl_fail(o, OC_UNSUPPORTED, "an ellipsis, new axes, or ends as offsets");
    return tfl_ok(o);
}

void tfl_lower_strided_slice(tfl_op *o)
{
    const oc_shape *s = &tfl_in(o, 0)->shape;
    int64_t         starts[OC_RANK_MAX], ends[OC_RANK_MAX], steps[OC_RANK_MAX], gone[OC_RANK_MAX];
    uint32_t        n = tfl_const_ints(o, 1, starts, OC_RANK_MAX), n_gone = 0;
    masks           m;
    if (tfl_const_ints(o, 2, ends, OC_RANK_MAX) != n ||
        tfl_const_ints(o, 3, steps, OC_RANK_MAX) != n || n > s->rank)
        tfl_fail(o, OC_FORMAT, "starts, ends and steps for up to %u dimensions are expected",
                 s->rank);
    if (!read_masks(o, &m))
        return;
    for (uint32_t i = 0; i < s->rank; i++) {
        bool given = i < n;
        if (!given)
            steps[i] = 1;
        bool back = steps[i] < 0;
        if (!given || m.begin >> i & 1)
            starts[i] = back ? s->dim[i] - 1 : 0;
        if (!given || m.end >> i & 1)
            ends[i] = back ? INT64_MIN + 1 : INT64_MAX;
        if (given && m.gone >> i & 1) {
            ends[i] = starts[i] == -1 ? INT64_MAX : starts[i] + 1;
            steps[i] = 1;
            gone[n_gone++] = i;
        }
    }
    slice(o, starts, ends, steps, gone, n_gone);
}

void tfl_lower_reverse(tfl_op *o)
{
    const oc_shape *s = &tfl_in(o, 0)->shape;
    int64_t         starts[OC_RANK_MAX], ends[OC_RANK_MAX], steps[OC_RANK_MAX], axes[OC_RANK_MAX];
    uint32_t        n = tfl_const_ints(o, 1, axes, OC_RANK_MAX);
    for (uint32_t i = 0; i < s->rank; i++) {
        starts[i] = 0;
        ends[i] = INT64_MAX;
        steps[i] = 1;
    }
    for (uint32_t i = 0; i < n; i++) {
        uint32_t a = tfl_axis(o, axes[i], s->rank);
        starts[a] = s->dim[a] - 1;
        ends[a] = INT64_MIN + 1;
        steps[a] = -1;
    }
    slice(o, starts, ends, steps, NULL, 0);
}

/* ---- repeating ---- */

/* A list of sizes: a constant, or computed (from shapes, most often). */
static oc_vid sizes_of(tfl_op *o, uint32_t i)
{
    int64_t  values[OC_RANK_MAX];
    uint32_t n;
    if (!tfl_in(o, i)->data)
        return tfl_cast(o, tfl_value(o, tfl_in(o, i), TFL_FILE), OC_I64);
    n = tfl_const_ints(o, i, values, OC_RANK_MAX);
    return vector(o, values, n);
}

void tfl_lower_tile(tfl_op *o)
{
    tfl_give(o, 0,
             tfl_emit(o, "Tile", TFL_IN(tfl_value(o, tfl_in(o, 0), TFL_FILE), sizes_of(o, 1)),
                      TFL_NO_ATTRS),
             TFL_FILE);
}

void tfl_lower_broadcast_to(tfl_op *o)
{
    tfl_give(o, 0,
             tfl_emit(o, "Expand", TFL_IN(tfl_value(o, tfl_in(o, 0), TFL_FILE), sizes_of(o, 1)),
                      TFL_NO_ATTRS),
             TFL_FILE);
}

/* FILL: sizes, then the value. */
void tfl_lower_fill(tfl_op *o)
{
    tfl_give(o, 0,
             tfl_emit(o, "Expand", TFL_IN(tfl_value(o, tfl_in(o, 1), TFL_FILE), sizes_of(o, 0)),
                      TFL_NO_ATTRS),
             TFL_FILE);
}

void tfl_lower_shape(tfl_op *o)
{
    oc_vid s = tfl_emit(o, "Shape", TFL_IN(tfl_value(o, tfl_in(o, 0), TFL_FILE)), TFL_NO_ATTRS);
    tfl_give(o, 0, tfl_cast(o, s, tfl_out(o, 0)->dtype), TFL_FILE);
}

void tfl_lower_range(tfl_op *o)
{
    tfl_give(
        o, 0,
        tfl_emit(o, "Range",
                 TFL_IN(tfl_value(o, tfl_in(o, 0), TFL_FILE), tfl_value(o, tfl_in(o, 1), TFL_FILE),
                        tfl_value(o, tfl_in(o, 2), TFL_FILE)),
                 TFL_NO_ATTRS),
        TFL_FILE);
}

/* ---- by index ---- */

void tfl_lower_gather(tfl_op *o)
{
    if (flat_i32(&o->options, 1, 0)) {
        tfl_fail(o, OC_UNSUPPORTED, "batch_dims");
        return;
    }
    uint32_t axis = tfl_axis(o, flat_i32(&o->options, 0, 0), tfl_in(o, 0)->shape.rank);
    tfl_give(
        o, 0,
        tfl_emit(o, "Gather",
                 TFL_IN(tfl_value(o, tfl_in(o, 0), TFL_FILE), tfl_value(o, tfl_in(o, 1), TFL_FILE)),
                 TFL_ATTRS(tfl_int("axis", axis))),
        TFL_FILE);
}

void tfl_lower_gather_nd(tfl_op *o)
{
    oc_vid at = tfl_cast(o, tfl_value(o, tfl_in(o, 1), TFL_FILE), OC_I64);
    tfl_give(
        o, 0,
        tfl_emit(o, "GatherND", TFL_IN(tfl_value(o, tfl_in(o, 0), TFL_FILE), at), TFL_NO_ATTRS),
        TFL_FILE);
}

/* indices, depth, value where it is on, where it is off. */
void tfl_lower_one_hot(tfl_op *o)
{
    static const int64_t one[1] = {1};
    oc_vid               v[2];
    for (uint32_t i = 0; i < 2; i++)
        v[i] = tfl_emit(o, "Reshape",
                        TFL_IN(tfl_value(o, tfl_in(o, 3 - i), TFL_FILE), vector(o, one, 1)),
                        TFL_NO_ATTRS);
    oc_vid values = tfl_emit(o, "Concat", TFL_IN(v[0], v[1]), TFL_ATTRS(tfl_int("axis", 0)));
    tfl_give(o, 0,
             tfl_emit(o, "OneHot",
                      TFL_IN(tfl_value(o, tfl_in(o, 0), TFL_FILE),
                             tfl_value(o, tfl_in(o, 1), TFL_FILE), values),
                      TFL_ATTRS(tfl_int("axis", flat_i32(&o->options, 0, 0)))),
             TFL_FILE);
}
