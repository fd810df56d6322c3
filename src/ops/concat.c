/* Concat: inputs one after the other along an axis.   ONNX opset 4..
 *
 *   in   any number, any one type, shapes equal but for the axis; f32 of rank 4 also blocked
 *   out  the same layout as the inputs */
#include "ops/args.h"
#include "ops/lanes.h"
#include "ops/move.h"

typedef struct concat_state {
    oc_moves moves; /* first: oc_moves_run looks for it here */
    bool     by_lane;
    oc_lanes lanes;
} concat_state;

static oc_status concat_infer(const oc_infer *ask, oc_error *err)
{
    oc_tensor_info out = ask->in[0];
    uint32_t       axis;
    const oc_attr *attr = oc_node_attr(ask->node, "axis");
    if (!attr)
        return OC_FAIL(err, OC_FORMAT, "the axis is missing");
    oc_status st = oc_axis(attr->i, out.shape.rank, &axis, err);
    if (st != OC_OK)
        return st;
    out.shape.dim[axis] = 0;
    for (uint32_t i = 0; i < ask->n_in; i++) {
        const oc_tensor_info *in = &ask->in[i];
        oc_shape              other = in->shape;
        char                  text[160], first[160];
        if ((st = oc_shape_known(in, "an input", err)) != OC_OK)
            return st;
        if (other.rank == out.shape.rank)
            other.dim[axis] = out.shape.dim[axis];
        if (in->dtype != out.dtype || !oc_shape_equal(&other, &out.shape))
            return OC_FAIL(err, OC_FORMAT, "input %u is %s %s, input 0 is %s %s, axis %u", i,
                           oc_dtype_name(in->dtype), oc_shape_text(&in->shape, text, sizeof(text)),
                           oc_dtype_name(ask->in[0].dtype),
                           oc_shape_text(&ask->in[0].shape, first, sizeof(first)), axis);
        if (__builtin_add_overflow(out.shape.dim[axis], in->shape.dim[axis], &out.shape.dim[axis]))
            return OC_FAIL(err, OC_FORMAT, "the result is too large");
    }
    ask->out[0] = out;
    return OC_OK;
}

static uint32_t axis_of(const oc_node *node, uint32_t rank)
{
    int64_t axis = oc_node_int(node, "axis", 0);
    return (uint32_t)(axis < 0 ? axis + rank : axis);
}

/* Blocked as soon as half of the data lies so: shifting lanes costs less than two reorders. */
static bool concat_layout(oc_layout_ask *ask)
{
    size_t blocked = 0, all = 0;
    for (uint32_t i = 0; i < ask->n_in; i++) {
        size_t n = oc_elements(&ask->in[i].info);
        all += n;
        blocked += ask->in[i].layout == OC_LAYOUT_NC8 ? n : 0;
    }
    if (!oc_can_block(&ask->in[0].info) || ask->n_in > OC_OP_ASK_MAX || blocked * 2 < all ||
        !blocked)
        return false;
    for (uint32_t i = 0; i < ask->n_in; i++)
        ask->want_in[i] = true;
    ask->want_out[0] = true;
    return true;
}

static bool aligned_channels(const oc_prepare *p)
{
    for (uint32_t i = 0; i + 1 < p->n_in; i++)
        if (p->in[i].info.shape.dim[1] % 8 != 0)
            return false;
    return true;
}

static oc_status prepare_lanes(const oc_prepare *p, concat_state *s, oc_error *err)
{
    oc_status st = oc_lanes_init(&s->lanes, p, err);
    if (st != OC_OK)
        return st;
    s->by_lane = true;
    size_t at = 0;
    for (uint32_t i = 0; i < p->n_in; i++)
        for (size_t c = 0; c < (size_t)p->in[i].info.shape.dim[1]; c++)
            oc_lanes_set(&s->lanes, 0, at++, i, c);
    oc_lanes_finish(&s->lanes, p);
    return OC_OK;
}

static oc_status concat_prepare(const oc_prepare *p, oc_error *err)
{
    concat_state *s = p->state;
    oc_shape      out = p->out[0].info.shape;
    uint32_t      axis = axis_of(p->node, out.rank);
    bool          blocked = p->out[0].layout == OC_LAYOUT_NC8;
    size_t        elem = oc_dtype_bytes(p->out[0].info.dtype);

    if (blocked && axis == 1 && !aligned_channels(p))
        return prepare_lanes(p, s, err);
    oc_status st = oc_moves_init(&s->moves, p, p->n_in, err);
    if (st != OC_OK)
        return st;
    ptrdiff_t at = 0;
    for (uint32_t i = 0; i < p->n_in; i++) {
        oc_shape in = p->in[i].info.shape;
        oc_shape to = out;
        if (blocked) { /* an element is a pixel of a channel block */
            in.dim[1] = (in.dim[1] + 7) / 8;
            to.dim[1] = (to.dim[1] + 7) / 8;
            elem = 8 * oc_dtype_bytes(p->out[0].info.dtype);
        }
        size_t    outer = oc_dims_product(&in, 0, axis);
        ptrdiff_t run = (ptrdiff_t)(oc_dims_product(&in, axis, in.rank) * elem);
        ptrdiff_t step = (ptrdiff_t)(oc_dims_product(&to, axis, to.rank) * elem);
        oc_move  *m = oc_moves_add(&s->moves, i, 0, elem);
        m->dst_at = at;
        oc_move_loop(m, outer, run, step);
        oc_move_loop(m, (size_t)run / elem, (ptrdiff_t)elem, (ptrdiff_t)elem);
        at += run;
    }
    oc_moves_finish(&s->moves, p);
    return OC_OK;
}

static void concat_run(const oc_op_run *r)
{
    const concat_state *s = r->state;
    if (s->by_lane)
        oc_lanes_run(&s->lanes, r);
    else
        oc_moves_run(r);
}

const oc_op oc_op_concat = {
    .name = "Concat",
    .domain = "",
    .n_in_min = 1,
    .n_in_max = OC_OP_MANY,
    .n_out_min = 1,
    .n_out_max = 1,
    .flags = OC_OP_NC8_BYTES,
    .state_size = sizeof(concat_state),
    .infer = concat_infer,
    .layout = concat_layout,
    .prepare = concat_prepare,
    .run = concat_run,
};
