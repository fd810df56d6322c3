/* CumSum: sums up to each element along an axis.      ONNX opset 11..
 *
 *   in   x     any numeric type
 *        axis  one constant int32 or int64
 *   out  y     the shape and type of x; exclusive leaves the element itself out, reverse starts at
 *              the end */
#include <string.h>

#include "kernels/any_binary.h"
#include "ops/args.h"
#include "ops/op.h"

#define GRAIN 8192 /* elements */

typedef struct sum_state {
    oc_k_any_binary_fn *add;
    size_t              n, inner, bytes;
    bool                exclusive, reverse;
} sum_state;

static oc_status axis_of(const oc_args *a, uint32_t *axis, oc_error *err)
{
    int64_t   v = 0;
    oc_status st = oc_args_int(a, 1, "axis", &v, err);

    return st != OC_OK ? st : oc_axis(v, a->in[0]->shape.rank, axis, err);
}

static oc_status sum_infer(const oc_infer *ask, oc_error *err)
{
    const oc_args a = oc_args_of_infer(ask);
    uint32_t      axis;

    if (!oc_k_any_binary(OC_BINARY_ADD, ask->in[0].dtype))
        return OC_FAIL(err, OC_UNSUPPORTED, "not defined for %s", oc_dtype_name(ask->in[0].dtype));
    ask->out[0] = ask->in[0];
    return axis_of(&a, &axis, err);
}

static oc_status sum_prepare(const oc_prepare *p, oc_error *err)
{
    const oc_args   a = oc_args_of_prepare(p);
    const oc_shape *x = &p->in[0].info.shape;
    sum_state      *s = p->state;
    uint32_t        axis = 0;
    oc_status       st = axis_of(&a, &axis, err);

    if (st != OC_OK)
        return st;
    s->add = oc_k_any_binary(OC_BINARY_ADD, p->in[0].info.dtype);
    s->n = (size_t)x->dim[axis];
    s->inner = oc_dims_product(x, axis + 1, x->rank);
    s->bytes = oc_dtype_bytes(p->in[0].info.dtype);
    s->exclusive = oc_node_int(p->node, "exclusive", 0) != 0;
    s->reverse = oc_node_int(p->node, "reverse", 0) != 0;
    p->work->phase[0].units = oc_dims_product(x, 0, axis); /* outer rows */
    p->work->phase[0].grain = GRAIN / (s->n * s->inner + 1) + 1;
    return OC_OK;
}

static void sum_run(const oc_op_run *r)
{
    const sum_state *s = r->state;
    const size_t     step = s->inner * s->bytes;

    for (size_t u = r->part.begin; u < r->part.end; u++) {
        const char *x = (const char *)r->in[0].data + u * s->n * step;
        char       *y = (char *)r->out[0].data + u * s->n * step;

        for (size_t i = 0; i < s->n; i++) {
            const size_t at = s->reverse ? s->n - 1 - i : i, before = s->reverse ? at + 1 : at - 1;

            if (i == 0 && s->exclusive)
                memset(y + at * step, 0, step); /* zero of every type */
            else if (i == 0)
                memcpy(y + at * step, x + at * step, step);
            else
                s->add(s->inner, y + before * step, 1, x + (s->exclusive ? before : at) * step, 1,
                       y + at * step);
        }
    }
}

const oc_op oc_op_cum_sum = {
    .name = "CumSum",
    .domain = "",
    .n_in_min = 2,
    .n_in_max = 2,
    .n_out_min = 1,
    .n_out_max = 1,
    .state_size = sizeof(sum_state),
    .infer = sum_infer,
    .prepare = sum_prepare,
    .run = sum_run,
};
