/* GatherElements, GatherND: elements or slices picked by computed places.   ONNX opset 11..
 *
 *   in   data     any type; plain
 *        indices  int32 or int64 (GatherND: last axis is a place of k coordinates behind
 *                 batch_dims); constant ones are checked, others clamped
 *   out  GatherElements: the shape of indices; GatherND: indices' shape without its last axis, then
 *        what is left of data's */
#include <string.h>

#include "ops/args.h"
#include "ops/index.h"

typedef struct gather_state {
    size_t   n, elem;               /* results, bytes of one */
    size_t   inner;                 /* GatherElements: elements inside the axis */
    uint32_t axis, k;               /* GatherND: coordinates of a place */
    int64_t  dim[OC_RANK_MAX];      /* of data, those indexed */
    size_t   step[OC_RANK_MAX];     /* bytes */
    size_t   per_batch, batch_step; /* results and bytes of a batch */
} gather_state;

static oc_status elements_infer(const oc_infer *ask, oc_error *err)
{
    const oc_shape *in = &ask->in[0].shape, *index = &ask->in[1].shape;
    uint32_t        axis;
    oc_status       st;
    if ((st = oc_shape_known(&ask->in[0], "the input", err)) != OC_OK ||
        (st = oc_index_check(&ask->in[1], err)) != OC_OK ||
        (st = oc_axis(oc_node_int(ask->node, "axis", 0), in->rank, &axis, err)) != OC_OK)
        return st;
    if (in->rank != index->rank)
        return OC_FAIL(err, OC_FORMAT, "data has rank %u, indices %u", in->rank, index->rank);
    for (uint32_t i = 0; i < in->rank; i++)
        if (i != axis && index->dim[i] > in->dim[i])
            return OC_FAIL(err, OC_FORMAT, "axis %u: %lld indices for %lld elements", i,
                           (long long)index->dim[i], (long long)in->dim[i]);
    ask->out[0] = (oc_tensor_info){ask->in[0].dtype, *index};
    return OC_OK;
}

static oc_status elements_prepare(const oc_prepare *p, oc_error *err)
{
    gather_state   *s = p->state;
    const oc_shape *in = &p->in[0].info.shape;
    ptrdiff_t       step[OC_RANK_MAX];
    oc_status       st = oc_axis(oc_node_int(p->node, "axis", 0), in->rank, &s->axis, err);
    if (st != OC_OK || (st = oc_index_check_range(&p->in[1], in->dim[s->axis], err)) != OC_OK)
        return st;
    s->elem = oc_dtype_bytes(p->in[0].info.dtype);
    oc_strides(in, s->elem, step);
    for (uint32_t i = 0; i < in->rank; i++) {
        s->step[i] = (size_t)step[i];
        s->dim[i] = in->dim[i];
    }
    s->n = oc_elements(&p->in[0].info) ? oc_elements(&p->out[0].info) : 0;
    p->work->phase[0].units = s->n;
    p->work->phase[0].grain = 8 * 1024;
    return OC_OK;
}

static void elements_run(const oc_op_run *r)
{
    const gather_state *s = r->state;
    const oc_shape     *shape = &r->in[1].info.shape;
    for (size_t unit = r->part.begin; unit < r->part.end; unit++) {
        size_t left = unit, at = 0;
        for (uint32_t i = shape->rank; i-- > 0; left /= (size_t)shape->dim[i]) {
            size_t k = left % (size_t)shape->dim[i];
            if (i == s->axis)
                k = (size_t)oc_index_at(&r->in[1], unit, s->dim[i]);
            at += k * s->step[i];
        }
        memcpy((char *)r->out[0].data + unit * s->elem, (const char *)r->in[0].data + at, s->elem);
    }
}

static oc_status nd_infer(const oc_infer *ask, oc_error *err)
{
    const oc_shape *in = &ask->in[0].shape, *index = &ask->in[1].shape;
    int64_t         batch = oc_node_int(ask->node, "batch_dims", 0);
    oc_shape        out = {0};
    oc_status       st;
    if ((st = oc_shape_known(&ask->in[0], "the input", err)) != OC_OK ||
        (st = oc_index_check(&ask->in[1], err)) != OC_OK)
        return st;
    if (index->rank < 1 || batch < 0 || batch >= index->rank || batch >= in->rank)
        return OC_FAIL(err, OC_FORMAT, "batch_dims %lld, data of rank %u, indices of rank %u",
                       (long long)batch, in->rank, index->rank);
    int64_t k = index->dim[index->rank - 1];
    if (k < 1 || k > (int64_t)in->rank - batch)
        return OC_FAIL(err, OC_FORMAT, "places of %lld coordinates in data of rank %u",
                       (long long)k, in->rank);
    for (uint32_t i = 0; i < batch; i++)
        if (in->dim[i] != index->dim[i])
            return OC_FAIL(err, OC_FORMAT, "batch axis %u: %lld and %lld", i, (long long)in->dim[i],
                           (long long)index->dim[i]);
    uint32_t from = (uint32_t)(batch + k);
    if (index->rank - 1 + in->rank - from > OC_RANK_MAX)
        return OC_FAIL(err, OC_UNSUPPORTED, "the result would have rank %u",
                       index->rank - 1 + in->rank - from);
    for (uint32_t i = 0; i + 1 < index->rank; i++)
        out.dim[out.rank++] = index->dim[i];
    for (uint32_t i = from; i < in->rank; i++)
        out.dim[out.rank++] = in->dim[i];
    ask->out[0] = (oc_tensor_info){ask->in[0].dtype, out};
    return OC_OK;
}

static oc_status check_places(const oc_prepare *p, const gather_state *s, oc_error *err)
{
    size_t n = p->in[1].data ? oc_elements(&p->in[1].info) : 0;
    for (size_t i = 0; i < n; i++) {
        int64_t dim = s->dim[i % s->k];
        int64_t x = p->in[1].info.dtype == OC_I64 ? ((const int64_t *)p->in[1].data)[i]
                                                  : ((const int32_t *)p->in[1].data)[i];
        if (x < -dim || x >= dim)
            return OC_FAIL(err, OC_FORMAT, "index %zu is %lld, the axis has %lld", i, (long long)x,
                           (long long)dim);
    }
    return OC_OK;
}

static oc_status nd_prepare(const oc_prepare *p, oc_error *err)
{
    gather_state   *s = p->state;
    const oc_shape *in = &p->in[0].info.shape, *index = &p->in[1].info.shape;
    uint32_t        batch = (uint32_t)oc_node_int(p->node, "batch_dims", 0);
    ptrdiff_t       step[OC_RANK_MAX];
    s->k = (uint32_t)index->dim[index->rank - 1];
    s->elem = oc_dtype_bytes(p->in[0].info.dtype);
    oc_strides(in, s->elem, step);
    for (uint32_t i = 0; i < s->k; i++) {
        s->dim[i] = in->dim[batch + i];
        s->step[i] = (size_t)step[batch + i];
    }
    s->elem *= oc_dims_product(in, batch + s->k, in->rank);
    s->per_batch = oc_dims_product(index, batch, index->rank - 1);
    s->batch_step = batch ? (size_t)step[batch - 1] : 0;
    s->n = oc_dims_product(index, 0, index->rank - 1);
    p->work->phase[0].units = oc_elements(&p->in[0].info) ? s->n : 0;
    p->work->phase[0].grain = 64 * 1024 / (s->elem + 16) + 1;
    return check_places(p, s, err);
}

static void nd_run(const oc_op_run *r)
{
    const gather_state *s = r->state;
    for (size_t unit = r->part.begin; unit < r->part.end; unit++) {
        size_t at = unit / s->per_batch * s->batch_step;
        for (uint32_t i = 0; i < s->k; i++)
            at += (size_t)oc_index_at(&r->in[1], unit * s->k + i, s->dim[i]) * s->step[i];
        memcpy((char *)r->out[0].data + unit * s->elem, (const char *)r->in[0].data + at, s->elem);
    }
}

const oc_op oc_op_gather_elements = {
    .name = "GatherElements",
    .domain = "",
    .n_in_min = 2,
    .n_in_max = 2,
    .n_out_min = 1,
    .n_out_max = 1,
    .state_size = sizeof(gather_state),
    .infer = elements_infer,
    .prepare = elements_prepare,
    .run = elements_run,
};
const oc_op oc_op_gather_nd = {
    .name = "GatherND",
    .domain = "",
    .n_in_min = 2,
    .n_in_max = 2,
    .n_out_min = 1,
    .n_out_max = 1,
    .state_size = sizeof(gather_state),
    .infer = nd_infer,
    .prepare = nd_prepare,
    .run = nd_run,
};
