/* Split: the input cut along an axis.   ONNX opset 2..
 *
 *   in   data   any type; f32 of rank 4 also blocked
 *        split  constant int64 lengths (opset 13; an attribute before); without: equal parts, from
 *               opset 18 the last may be smaller
 *   out  in the layout of the input */
#include "ops/args.h"
#include "ops/lanes.h"
#include "ops/move.h"

typedef struct split_state {
    oc_moves moves;
    bool     by_lane;
    oc_lanes lanes;
} split_state;

/* Lengths for n_out parts of `total`.  There may be more outputs than OC_RANK_MAX, so the i-th
 * length is asked for by itself. */
static oc_status given_lengths(const oc_args *a, const int64_t **ints, size_t *n, oc_error *err)
{
    *ints = oc_node_ints(a->node, "split", n);
    if (!oc_args_has(a, 1))
        return OC_OK;
    if (a->in[1]->dtype != OC_I64 || a->in[1]->shape.rank != 1)
        return OC_FAIL(err, OC_FORMAT, "input 1 (split) must be a list of int64");
    if (!a->data[1])
        return OC_FAIL(err, OC_DYNAMIC,
                       "input 1 (split) is computed at run time: the output shapes depend on it");
    *ints = a->data[1];
    *n = (size_t)a->in[1]->shape.dim[0];
    return OC_OK;
}

static oc_status split_infer(const oc_infer *ask, oc_error *err)
{
    oc_args        a = oc_args_of_infer(ask);
    const int64_t *ints;
    size_t         n = 0;
    uint32_t       axis;
    oc_status      st = oc_shape_known(&ask->in[0], "the input", err);
    if (st != OC_OK ||
        (st = oc_axis(oc_node_int(a.node, "axis", 0), ask->in[0].shape.rank, &axis, err)) !=
            OC_OK ||
        (st = given_lengths(&a, &ints, &n, err)) != OC_OK)
        return st;
    int64_t total = ask->in[0].shape.dim[axis], sum = 0;
    if (ints && n != ask->n_out)
        return OC_FAIL(err, OC_FORMAT, "%zu lengths for %u outputs", n, ask->n_out);
    int64_t part = (total + ask->n_out - 1) / ask->n_out;
    if (!ints && total % ask->n_out && !oc_node_attr(a.node, "num_outputs"))
        return OC_FAIL(err, OC_FORMAT, "dimension %u is %lld: no %u equal parts", axis,
                       (long long)total, ask->n_out);
    for (uint32_t i = 0; i < ask->n_out; i++) {
        int64_t length = ints ? ints[i] : part < total - sum ? part : total - sum;
        if (length < 0 || length > total - sum)
            return OC_FAIL(err, OC_FORMAT, "part %u has length %lld of %lld", i, (long long)length,
                           (long long)total);
        ask->out[i] = ask->in[0];
        ask->out[i].shape.dim[axis] = length;
        sum += length;
    }
    if (sum != total)
        return OC_FAIL(err, OC_FORMAT, "the parts make %lld of %lld", (long long)sum,
                       (long long)total);
    return OC_OK;
}

static uint32_t axis_of(const oc_node *node, uint32_t rank)
{
    int64_t axis = oc_node_int(node, "axis", 0);
    return (uint32_t)(axis < 0 ? axis + rank : axis);
}

static bool split_layout(oc_layout_ask *ask)
{
    if (ask->in[0].layout != OC_LAYOUT_NC8 || ask->n_out > OC_OP_ASK_MAX)
        return false;
    ask->want_in[0] = true;
    for (uint32_t i = 0; i < ask->n_out; i++)
        ask->want_out[i] = true;
    return true;
}

static bool aligned_channels(const oc_prepare *p)
{
    for (uint32_t i = 0; i + 1 < p->n_out; i++)
        if (p->out[i].info.shape.dim[1] % 8 != 0)
            return false;
    return true;
}

static oc_status prepare_lanes(const oc_prepare *p, split_state *s, oc_error *err)
{
    oc_status st = oc_lanes_init(&s->lanes, p, err);
    if (st != OC_OK)
        return st;
    s->by_lane = true;
    size_t at = 0;
    for (uint32_t i = 0; i < p->n_out; i++)
        for (size_t c = 0; c < (size_t)p->out[i].info.shape.dim[1]; c++)
            oc_lanes_set(&s->lanes, i, c, 0, at++);
    oc_lanes_finish(&s->lanes, p);
    return OC_OK;
}

static oc_status split_prepare(const oc_prepare *p, oc_error *err)
{
    split_state *s = p->state;
    oc_shape     in = p->in[0].info.shape;
    uint32_t     axis = axis_of(p->node, in.rank);
    bool         blocked = p->in[0].layout == OC_LAYOUT_NC8;
    size_t       elem = oc_dtype_bytes(p->in[0].info.dtype) * (blocked ? 8 : 1);

    if (blocked && axis == 1 && !aligned_channels(p))
        return prepare_lanes(p, s, err);
    oc_status st = oc_moves_init(&s->moves, p, p->n_out, err);
    if (st != OC_OK)
        return st;
    if (blocked)
        in.dim[1] = (in.dim[1] + 7) / 8;
    ptrdiff_t at = 0;
    for (uint32_t i = 0; i < p->n_out; i++) {
        oc_shape out = p->out[i].info.shape;
        if (blocked)
            out.dim[1] = (out.dim[1] + 7) / 8;
        ptrdiff_t run = (ptrdiff_t)(oc_dims_product(&out, axis, out.rank) * elem);
        oc_move  *m = oc_moves_add(&s->moves, 0, i, elem);
        m->src_at = at;
        oc_move_loop(m, oc_dims_product(&out, 0, axis),
                     (ptrdiff_t)(oc_dims_product(&in, axis, in.rank) * elem), run);
        oc_move_loop(m, (size_t)run / elem, (ptrdiff_t)elem, (ptrdiff_t)elem);
        at += run;
    }
    oc_moves_finish(&s->moves, p);
    return OC_OK;
}

static void split_run(const oc_op_run *r)
{
    const split_state *s = r->state;
    if (s->by_lane)
        oc_lanes_run(&s->lanes, r);
    else
        oc_moves_run(r);
}

const oc_op oc_op_split = {
    .name = "Split",
    .domain = "",
    .n_in_min = 1,
    .n_in_max = 2,
    .n_out_min = 1,
    .n_out_max = OC_OP_MANY,
    .flags = OC_OP_NC8_BYTES,
    .state_size = sizeof(split_state),
    .infer = split_infer,
    .layout = split_layout,
    .prepare = split_prepare,
    .run = split_run,
};
