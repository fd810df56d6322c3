/* Gather: slices of the input along an axis, picked by index.   ONNX opset 1..
 *
 *   in   data     any type, [outer.., D, inner..]; plain
 *        indices  int32 or int64, any shape; in [-D, D): constant ones are checked, others clamped
 *   out  [outer.., indices.., inner..] */
#include <string.h>

#include "ops/args.h"
#include "ops/index.h"

typedef struct gather_state {
    size_t  outer, n_index, inner_bytes;
    int64_t dim;
} gather_state;

static oc_status gather_infer(const oc_infer *ask, oc_error *err)
{
    const oc_shape *in = &ask->in[0].shape, *index = &ask->in[1].shape;
    oc_shape        out = {0};
    uint32_t        axis;
    oc_status       st;
    if ((st = oc_shape_known(&ask->in[0], "the input", err)) != OC_OK ||
        (st = oc_index_check(&ask->in[1], err)) != OC_OK ||
        (st = oc_axis(oc_node_int(ask->node, "axis", 0), in->rank, &axis, err)) != OC_OK)
        return st;
    if (in->rank - 1 + index->rank > OC_RANK_MAX)
        return OC_FAIL(err, OC_UNSUPPORTED, "the result would have rank %u",
                       in->rank - 1 + index->rank);
    for (uint32_t i = 0; i < axis; i++)
        out.dim[out.rank++] = in->dim[i];
    for (uint32_t i = 0; i < index->rank; i++)
        out.dim[out.rank++] = index->dim[i];
    for (uint32_t i = axis + 1; i < in->rank; i++)
        out.dim[out.rank++] = in->dim[i];
    ask->out[0] = (oc_tensor_info){ask->in[0].dtype, out};
    return OC_OK;
}

static oc_status gather_prepare(const oc_prepare *p, oc_error *err)
{
    gather_state   *s = p->state;
    const oc_shape *in = &p->in[0].info.shape;
    uint32_t        axis;
    oc_status       st = oc_axis(oc_node_int(p->node, "axis", 0), in->rank, &axis, err);
    if (st != OC_OK)
        return st;
    s->dim = in->dim[axis];
    s->outer = oc_dims_product(in, 0, axis);
    s->n_index = oc_elements(&p->in[1].info);
    s->inner_bytes = oc_dims_product(in, axis + 1, in->rank) * oc_dtype_bytes(p->in[0].info.dtype);
    if ((st = oc_index_check_range(&p->in[1], s->dim, err)) != OC_OK)
        return st;
    p->work->phase[0].units = s->dim && s->inner_bytes ? s->outer * s->n_index : 0;
    p->work->phase[0].grain = 64 * 1024 / (s->inner_bytes + 16) + 1;
    return OC_OK;
}

static void gather_run(const oc_op_run *r)
{
    const gather_state *s = r->state;
    const char         *src = r->in[0].data;
    char               *dst = r->out[0].data;
    for (size_t unit = r->part.begin; unit < r->part.end; unit++) {
        size_t outer = unit / s->n_index;
        size_t k = (size_t)oc_index_at(&r->in[1], unit % s->n_index, s->dim);
        memcpy(dst + unit * s->inner_bytes, src + (outer * (size_t)s->dim + k) * s->inner_bytes,
               s->inner_bytes);
    }
}

const oc_op oc_op_gather = {
    .name = "Gather",
    .domain = "",
    .n_in_min = 2,
    .n_in_max = 2,
    .n_out_min = 1,
    .n_out_max = 1,
    .state_size = sizeof(gather_state),
    .infer = gather_infer,
    .prepare = gather_prepare,
    .run = gather_run,
};
