/* MaxUnpool: values put back where MaxPool found them, 0 elsewhere.   ONNX opset 9..
 *
 *   in   x any type [N,C,spatial..], indices int64 of x's shape (flat, into the pooled tensor's
 *        input), output_shape constant int64 (optional)
 *   out  [N,C,..]; indices outside it are passed over */
#include <string.h>

#include "ops/args.h"

static oc_status unpool_infer(const oc_infer *ask, oc_error *err)
{
    oc_args         a = oc_args_of_infer(ask);
    const oc_shape *x = &ask->in[0].shape;
    size_t          nk, ns, np, n = 0, total;
    const int64_t  *k = oc_node_ints(ask->node, "kernel_shape", &nk);
    const int64_t  *strides = oc_node_ints(ask->node, "strides", &ns);
    const int64_t  *pads = oc_node_ints(ask->node, "pads", &np);
    int64_t         given[OC_RANK_MAX];
    oc_status       st = oc_shape_known(&ask->in[0], "x", err);
    if (st != OC_OK)
        return st;
    if (x->rank < 3 || nk != x->rank - 2 || (strides && ns != nk) || (pads && np != 2 * nk) ||
        ask->in[1].dtype != OC_I64 || !oc_shape_equal(x, &ask->in[1].shape))
        return OC_FAIL(err, OC_FORMAT, "kernel, strides, pads or indices do not fit rank %u",
                       x->rank);
    ask->out[0] = ask->in[0];
    for (uint32_t i = 0; i < nk; i++)
        ask->out[0].shape.dim[i + 2] = (x->dim[i + 2] - 1) * (strides ? strides[i] : 1) + k[i] -
                                       (pads ? pads[i] + pads[i + nk] : 0);
    if (oc_args_has(&a, 2)) {
        st = oc_args_ints(&a, 2, "output_shape", given, OC_RANK_MAX, &n, err);
        if (st != OC_OK)
            return st;
        if (n != x->rank || given[0] != x->dim[0] || given[1] != x->dim[1])
            return OC_FAIL(err, OC_FORMAT, "output_shape does not fit x");
        memcpy(ask->out[0].shape.dim, given, n * sizeof(*given));
    }
    if (!oc_shape_elements(&ask->out[0].shape, &total))
        return OC_FAIL(err, OC_FORMAT, "the result has a negative dimension or is too large");
    return OC_OK;
}

typedef struct unpool_state {
    size_t  elem, n, total;
    int64_t pooled[OC_RANK_MAX]; /* dims the indices count in */
} unpool_state;

static oc_status unpool_prepare(const oc_prepare *p, oc_error *err)
{
    unpool_state  *s = p->state;
    oc_slot        out = p->out[0];
    oc_infer       ask = {.node = p->node, .n_in = 2, .n_out = 1, .out = &out.info};
    oc_tensor_info in[2] = {p->in[0].info, p->in[1].info};
    ask.in = in;
    /* indices were made for the shape that follows from kernel and strides */
    oc_status st = unpool_infer(&ask, err);
    if (st != OC_OK)
        return st;
    memcpy(s->pooled, out.info.shape.dim, sizeof(s->pooled));
    s->elem = oc_dtype_bytes(p->in[0].info.dtype);
    s->n = oc_elements(&p->in[0].info);
    s->total = oc_elements(&p->out[0].info);
    p->work->n_phases = 2;
    p->work->phase[0].units = s->total;
    p->work->phase[0].grain = 64 * 1024;
    /* one range: two values may have come from one place */
    p->work->phase[1].units = s->n ? 1 : 0;
    p->work->phase[1].grain = 1;
    return OC_OK;
}

static void unpool_run(const oc_op_run *r)
{
    const unpool_state *s = r->state;
    const oc_shape     *out = &r->out[0].info.shape;
    char               *y = r->out[0].data;
    if (r->phase == 0) {
        memset(y + r->part.begin * s->elem, 0, (r->part.end - r->part.begin) * s->elem);
        return;
    }
    for (size_t i = 0; i < s->n && r->part.begin < r->part.end; i++) {
        int64_t left = ((const int64_t *)r->in[1].data)[i], at = 0, step = 1;
        if (left < 0)
            continue;
        for (uint32_t d = out->rank; d-- > 0; step *= out->dim[d]) {
            int64_t k = s->pooled[d] ? left % s->pooled[d] : 0;
            left /= s->pooled[d] ? s->pooled[d] : 1;
            at = k < out->dim[d] && at >= 0 ? at + k * step : -1;
        }
        if (at >= 0 && left == 0)
            memcpy(y + (size_t)at * s->elem, (const char *)r->in[0].data + i * s->elem, s->elem);
    }
}

const oc_op oc_op_max_unpool = {
    .name = "MaxUnpool",
    .domain = "",
    .n_in_min = 2,
    .n_in_max = 3,
    .n_out_min = 1,
    .n_out_max = 1,
    .state_size = sizeof(unpool_state),
    .infer = unpool_infer,
    .prepare = unpool_prepare,
    .run = unpool_run,
};
