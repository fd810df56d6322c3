/* Slice: every step-th element from start to end, per axis.   ONNX opset 1..
 *
 *   in   data  any type; f32 of rank 4 also blocked
 *        starts, ends, axes, steps  constant lists (opset 10; the first three attributes before)
 *   out  in the layout of the input
 *
 * Out-of-range starts and ends are clamped as ONNX says: to [0, dim] for positive steps, to
 * [-1, dim - 1] for negative ones. */
#include "ops/args.h"
#include "ops/lanes.h"
#include "ops/move.h"

typedef struct slice_state {
    oc_moves moves;
    bool     by_lane;
    oc_lanes lanes;
} slice_state;

typedef struct slice_args {
    int64_t start[OC_RANK_MAX], step[OC_RANK_MAX], count[OC_RANK_MAX]; /* per axis of the input */
} slice_args;

typedef struct slice_lists {
    int64_t starts[OC_RANK_MAX], ends[OC_RANK_MAX], axes[OC_RANK_MAX], steps[OC_RANK_MAX];
    size_t  n;
} slice_lists;

static oc_status copy_attr(const oc_node *node, const char *name, int64_t *out, size_t *n,
                           oc_error *err)
{
    const int64_t *ints = oc_node_ints(node, name, n);
    if (*n > OC_RANK_MAX)
        return OC_FAIL(err, OC_FORMAT, "%zu %s for at most %d axes", *n, name, OC_RANK_MAX);
    for (size_t i = 0; i < *n; i++)
        out[i] = ints[i];
    return OC_OK;
}

static oc_status one_list(const oc_args *a, uint32_t input, const char *name, int64_t *out,
                          size_t *n, oc_error *err)
{
    if (oc_args_has(a, input))
        return oc_args_ints(a, input, name, out, OC_RANK_MAX, n, err);
    return copy_attr(a->node, name, out, n, err);
}

static oc_status read_lists(const oc_args *a, slice_lists *l, oc_error *err)
{
    size_t    n_ends = 0, n_axes = 0, n_steps = 0;
    oc_status st;
    if ((st = one_list(a, 1, "starts", l->starts, &l->n, err)) != OC_OK ||
        (st = one_list(a, 2, "ends", l->ends, &n_ends, err)) != OC_OK ||
        (st = one_list(a, 3, "axes", l->axes, &n_axes, err)) != OC_OK ||
        (st = one_list(a, 4, "steps", l->steps, &n_steps, err)) != OC_OK)
        return st;
    if (n_ends != l->n || (n_axes && n_axes != l->n) || (n_steps && n_steps != l->n))
        return OC_FAIL(err, OC_FORMAT, "%zu starts, %zu ends, %zu axes, %zu steps", l->n, n_ends,
                       n_axes, n_steps);
    for (size_t i = 0; i < l->n; i++) {
        l->axes[i] = n_axes ? l->axes[i] : (int64_t)i;
        l->steps[i] = n_steps ? l->steps[i] : 1;
    }
    return OC_OK;
}

static int64_t clamp(int64_t x, int64_t lo, int64_t hi)
{
    return x < lo ? lo : x > hi ? hi : x;
}

static oc_status read_args(const oc_args *a, slice_args *s, oc_error *err)
{
    const oc_shape *in = &a->in[0]->shape;
    slice_lists     l = {0};
    bool            seen[OC_RANK_MAX] = {false};
    oc_status       st = read_lists(a, &l, err);
    if (st != OC_OK || (st = oc_shape_known(a->in[0], "the input", err)) != OC_OK)
        return st;
    for (uint32_t i = 0; i < in->rank; i++) {
        s->start[i] = 0;
        s->step[i] = 1;
        s->count[i] = in->dim[i];
    }
    for (size_t i = 0; i < l.n; i++) {
        uint32_t axis;
        if ((st = oc_axis(l.axes[i], in->rank, &axis, err)) != OC_OK)
            return st;
        int64_t dim = in->dim[axis], step = l.steps[i];
        if (step == 0 || seen[axis])
            return OC_FAIL(err, OC_FORMAT, "axis %u: %s", axis,
                           step ? "named twice" : "the step is 0");
        seen[axis] = true;
        step = clamp(step, -dim - 1, dim + 1); /* the same elements, and no overflow below */
        int64_t lo = step > 0 ? 0 : -1, hi = step > 0 ? dim : dim - 1;
        int64_t from = l.starts[i] < 0 ? l.starts[i] + dim : l.starts[i];
        int64_t to = l.ends[i] < 0 ? l.ends[i] + dim : l.ends[i];
        from = clamp(from, step > 0 ? 0 : -1, step > 0 ? dim : dim - 1);
        to = clamp(to, lo, hi);
        int64_t span = step > 0 ? to - from : from - to, size = step > 0 ? step : -step;
        s->start[axis] = from;
        s->step[axis] = step;
        s->count[axis] = span > 0 ? (span + size - 1) / size : 0;
    }
    return OC_OK;
}

static oc_status slice_infer(const oc_infer *ask, oc_error *err)
{
    oc_args    a = oc_args_of_infer(ask);
    slice_args s;
    oc_status  st = read_args(&a, &s, err);
    if (st != OC_OK)
        return st;
    ask->out[0] = ask->in[0];
    for (uint32_t i = 0; i < ask->in[0].shape.rank; i++)
        ask->out[0].shape.dim[i] = s.count[i];
    return OC_OK;
}

static bool whole_axis(const slice_args *s, const oc_shape *in, uint32_t i)
{
    return s->start[i] == 0 && s->step[i] == 1 && s->count[i] == in->dim[i];
}

/* Channels from a block border on: blocks stay what they are (the last may lose lanes, which have
 * to be zeroed: only the end of the input will do). */
static bool whole_blocks(const slice_args *s, const oc_shape *in)
{
    return s->step[1] == 1 && s->start[1] % 8 == 0 &&
           (s->count[1] % 8 == 0 || s->start[1] + s->count[1] == in->dim[1]);
}

static bool only_channels(const slice_args *s, const oc_shape *in)
{
    return whole_axis(s, in, 0) && whole_axis(s, in, 2) && whole_axis(s, in, 3);
}

static bool slice_layout(oc_layout_ask *ask)
{
    oc_args    a = oc_args_of_layout(ask);
    slice_args s;
    if (ask->in[0].layout != OC_LAYOUT_NC8 || read_args(&a, &s, NULL) != OC_OK)
        return false;
    const oc_shape *in = &ask->in[0].info.shape;
    ask->want_in[0] = ask->want_out[0] = whole_blocks(&s, in) || only_channels(&s, in);
    return ask->want_in[0];
}

static oc_status prepare_lanes(const oc_prepare *p, slice_state *s, const slice_args *args,
                               oc_error *err)
{
    oc_status st = oc_lanes_init(&s->lanes, p, err);
    if (st != OC_OK)
        return st;
    s->by_lane = true;
    for (int64_t c = 0; c < args->count[1]; c++)
        oc_lanes_set(&s->lanes, 0, (size_t)c, 0, (size_t)(args->start[1] + c * args->step[1]));
    oc_lanes_finish(&s->lanes, p);
    return OC_OK;
}

static oc_status slice_prepare(const oc_prepare *p, oc_error *err)
{
    slice_state *s = p->state;
    oc_args      a = oc_args_of_prepare(p);
    oc_shape     in = p->in[0].info.shape, out = p->out[0].info.shape;
    slice_args   args;
    size_t       elem = oc_dtype_bytes(p->in[0].info.dtype);
    ptrdiff_t    src[OC_RANK_MAX], dst[OC_RANK_MAX];
    oc_status    st = read_args(&a, &args, err);
    if (st != OC_OK)
        return st;
    if (p->in[0].layout == OC_LAYOUT_NC8) {
        if (!whole_blocks(&args, &in))
            return prepare_lanes(p, s, &args, err);
        elem *= 8;
        in.dim[1] = (in.dim[1] + 7) / 8;
        out.dim[1] = (out.dim[1] + 7) / 8;
        args.start[1] /= 8;
    }
    if ((st = oc_moves_init(&s->moves, p, 1, err)) != OC_OK)
        return st;
    oc_strides(&in, elem, src);
    oc_strides(&out, elem, dst);
    oc_move *m = oc_moves_add(&s->moves, 0, 0, elem);
    for (uint32_t i = 0; i < out.rank; i++) {
        m->src_at += args.start[i] * src[i];
        oc_move_loop(m, (size_t)out.dim[i], args.step[i] * src[i], dst[i]);
    }
    oc_moves_finish(&s->moves, p);
    return OC_OK;
}

static void slice_run(const oc_op_run *r)
{
    const slice_state *s = r->state;
    if (s->by_lane)
        oc_lanes_run(&s->lanes, r);
    else
        oc_moves_run(r);
}

const oc_op oc_op_slice = {
    .name = "Slice",
    .domain = "",
    .n_in_min = 1,
    .n_in_max = 5,
    .n_out_min = 1,
    .n_out_max = 1,
    .flags = OC_OP_NC8_BYTES,
    .state_size = sizeof(slice_state),
    .infer = slice_infer,
    .layout = slice_layout,
    .prepare = slice_prepare,
    .run = slice_run,
};
