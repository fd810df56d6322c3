/* AffineGrid: the places at which a transformed picture reads its source, for GridSample.
 * ONNX opset 20..
 *
 *   in   theta f32 [N,2,3] or [N,3,4], size: constant int64 (N,C,H,W) or (N,C,D,H,W)
 *   out  f32 [N,H,W,2] or [N,D,H,W,3]; align_corners: -1 and 1 are centres, not borders */
#include "ops/args.h"

typedef struct affine_state {
    uint32_t dims; /* 2 or 3 */
    int64_t  size[3];
    bool     corners;
} affine_state;

static oc_status affine_read(const oc_args *a, affine_state *s, int64_t *n, oc_error *err)
{
    int64_t         size[5];
    size_t          count = 0;
    const oc_shape *theta = &a->in[0]->shape;
    oc_status       st = oc_shape_known(a->in[0], "theta", err);
    if (st != OC_OK || (st = oc_args_ints(a, 1, "size", size, 5, &count, err)) != OC_OK)
        return st;
    if (count < 4 || a->in[0]->dtype != OC_F32 || theta->rank != 3 || theta->dim[0] != size[0] ||
        theta->dim[1] != (int64_t)count - 2 || theta->dim[2] != (int64_t)count - 1)
        return OC_FAIL(err, OC_FORMAT,
                       "theta must be float32 [N,2,3] or [N,3,4], size 4 or 5 numbers");
    s->dims = (uint32_t)count - 2;
    s->corners = oc_node_int(a->node, "align_corners", 0) != 0;
    *n = size[0];
    for (uint32_t d = 0; d < s->dims; d++) {
        s->size[d] = size[d + 2];
        if (s->size[d] < 1 || s->size[d] > 1 << 20)
            return OC_FAIL(err, OC_FORMAT, "a size of %lld", (long long)s->size[d]);
    }
    return OC_OK;
}

static oc_status affine_infer(const oc_infer *ask, oc_error *err)
{
    oc_args      a = oc_args_of_infer(ask);
    affine_state s;
    int64_t      n;
    oc_status    st = affine_read(&a, &s, &n, err);
    if (st != OC_OK)
        return st;
    ask->out[0] = (oc_tensor_info){OC_F32, {s.dims + 2, {n}}};
    for (uint32_t d = 0; d < s.dims; d++)
        ask->out[0].shape.dim[d + 1] = s.size[d];
    ask->out[0].shape.dim[s.dims + 1] = s.dims;
    return OC_OK;
}

static oc_status affine_prepare(const oc_prepare *p, oc_error *err)
{
    affine_state *s = p->state;
    oc_args       a = oc_args_of_prepare(p);
    int64_t       n;
    oc_status     st = affine_read(&a, s, &n, err);
    p->work->phase[0].units = st == OC_OK ? oc_elements(&p->out[0].info) / s->dims : 0;
    p->work->phase[0].grain = 2048;
    return st;
}

static float coordinate(const affine_state *s, int64_t i, int64_t n)
{
    if (s->corners)
        return n > 1 ? -1.0f + 2.0f * (float)i / (float)(n - 1) : 0.0f;
    return (2.0f * (float)i + 1.0f) / (float)n - 1.0f;
}

static void affine_run(const oc_op_run *r)
{
    const affine_state *s = r->state;
    size_t              pixels = 1;
    for (uint32_t d = 0; d < s->dims; d++)
        pixels *= (size_t)s->size[d];
    for (size_t unit = r->part.begin; unit < r->part.end; unit++) {
        const float *theta = (const float *)r->in[0].data + unit / pixels * s->dims * (s->dims + 1);
        float       *to = (float *)r->out[0].data + unit * s->dims;
        float        at[3];
        size_t       rest = unit % pixels;
        for (uint32_t d = s->dims; d-- > 0;) { /* x first: the last axis */
            at[s->dims - 1 - d] = coordinate(s, (int64_t)(rest % (size_t)s->size[d]), s->size[d]);
            rest /= (size_t)s->size[d];
        }
        for (uint32_t row = 0; row < s->dims; row++) {
            const float *t = theta + row * (s->dims + 1);
            to[row] = t[s->dims];
            for (uint32_t k = 0; k < s->dims; k++)
                to[row] += t[k] * at[k];
        }
    }
}

const oc_op oc_op_affine_grid = {
    .name = "AffineGrid",
    .domain = "",
    .n_in_min = 2,
    .n_in_max = 2,
    .n_out_min = 1,
    .n_out_max = 1,
    .state_size = sizeof(affine_state),
    .infer = affine_infer,
    .prepare = affine_prepare,
    .run = affine_run,
};
