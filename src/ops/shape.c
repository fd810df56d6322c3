/* Shape, Size: the dimensions of the input, or their product.   ONNX opset 1..
 *
 *   in   any type and shape
 *   out  int64 [end - start] (start, end: opset 15, negative counts from the end, clamped), or
 *        int64 scalar */
#include "ops/args.h"

static void bounds(const oc_node *node, uint32_t rank, uint32_t *from, uint32_t *to)
{
    int64_t r = rank, start = oc_node_int(node, "start", 0), end = oc_node_int(node, "end", r);
    start = start < 0 ? start + r : start;
    end = end < 0 ? end + r : end;
    start = start < 0 ? 0 : start > r ? r : start;
    end = end < start ? start : end > r ? r : end;
    *from = (uint32_t)start;
    *to = (uint32_t)end;
}

static oc_status shape_infer(const oc_infer *ask, oc_error *err)
{
    (void)err;
    uint32_t from, to;
    bounds(ask->node, ask->in[0].shape.rank, &from, &to);
    ask->out[0] = (oc_tensor_info){OC_I64, {1, {to - from}}};
    return OC_OK;
}

static oc_status size_infer(const oc_infer *ask, oc_error *err)
{
    (void)err;
    ask->out[0] = (oc_tensor_info){OC_I64, {0, {0}}};
    return OC_OK;
}

typedef struct shape_state {
    uint32_t from, to;
} shape_state;

static oc_status shape_prepare(const oc_prepare *p, oc_error *err)
{
    (void)err;
    shape_state *s = p->state;
    bounds(p->node, p->in[0].info.shape.rank, &s->from, &s->to);
    p->work->phase[0].units = p->work->phase[0].grain = 1;
    return OC_OK;
}

static void shape_run(const oc_op_run *r)
{
    const shape_state *s = r->state;
    for (uint32_t i = s->from; i < s->to; i++)
        ((int64_t *)r->out[0].data)[i - s->from] = r->in[0].info.shape.dim[i];
}

static void size_run(const oc_op_run *r)
{
    *(int64_t *)r->out[0].data = (int64_t)oc_elements(&r->in[0].info);
}

const oc_op oc_op_shape = {
    .name = "Shape",
    .domain = "",
    .n_in_min = 1,
    .n_in_max = 1,
    .n_out_min = 1,
    .n_out_max = 1,
    .flags = OC_OP_SHAPE_ONLY,
    .state_size = sizeof(shape_state),
    .infer = shape_infer,
    .prepare = shape_prepare,
    .run = shape_run,
};
const oc_op oc_op_size = {
    .name = "Size",
    .domain = "",
    .n_in_min = 1,
    .n_in_max = 1,
    .n_out_min = 1,
    .n_out_max = 1,
    .flags = OC_OP_SHAPE_ONLY,
    .state_size = sizeof(shape_state),
    .infer = size_infer,
    .prepare = shape_prepare,
    .run = size_run,
};
