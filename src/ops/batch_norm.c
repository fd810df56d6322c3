/* BatchNormalization, as it is in inference: y = (x - mean) / sqrt(var + epsilon) * scale + B.
 * ONNX opset 7..
 *
 *   in   x                    [N,C,D1..Dn] (or [N]: one channel), f32
 *        scale, B, mean, var  [C], f32
 *   out  y                    the shape of x; may share x's memory; blocked when x is
 *
 * Passes fold this into convolutions where they can; what remains is computed as it stands. */
#include <math.h>

#include "kernels/f32_affine.h"
#include "ops/args.h"
#include "ops/op.h"

#define GRAIN 32768 /* elements */

typedef struct norm_state {
    oc_k_f32_affine_fn *affine;
    float               epsilon;
    size_t              channels, plane, blocks;
    bool                blocked;
} norm_state;

static oc_status norm_infer(const oc_infer *ask, oc_error *err)
{
    const oc_shape *x = &ask->in[0].shape;
    const int64_t   channels = x->rank > 1 ? x->dim[1] : 1;

    if (oc_node_int(ask->node, "training_mode", 0) || ask->n_out > 1)
        return OC_FAIL(err, OC_UNSUPPORTED, "training mode");
    for (uint32_t i = 0; i < 5; i++)
        if (ask->in[i].dtype != OC_F32)
            return OC_FAIL(err, OC_UNSUPPORTED, "input %u is %s, only float32", i,
                           oc_dtype_name(ask->in[i].dtype));
    for (uint32_t i = 1; i < 5; i++)
        if (ask->in[i].shape.rank != 1 || ask->in[i].shape.dim[0] != channels)
            return OC_FAIL(err, OC_FORMAT, "input %u has not one value for each of %lld channels",
                           i, (long long)channels);
    ask->out[0] = ask->in[0];
    return OC_OK;
}

static bool norm_layout(oc_layout_ask *ask)
{
    if (ask->in[0].layout != OC_LAYOUT_NC8)
        return false;
    ask->want_in[0] = ask->want_out[0] = true;
    return true;
}

static oc_status norm_prepare(const oc_prepare *p, oc_error *err)
{
    const oc_shape *x = &p->in[0].info.shape;
    norm_state     *s = p->state;

    (void)err;
    s->affine = oc_k_f32_affine(p->isa);
    s->epsilon = oc_node_float(p->node, "epsilon", 1e-5f);
    s->channels = x->rank > 1 ? (size_t)x->dim[1] : 1;
    s->plane = oc_dims_product(x, 2, x->rank);
    s->blocks = (s->channels + 7) / 8;
    s->blocked = p->out[0].layout == OC_LAYOUT_NC8;
    p->work->phase[0].units =
        (size_t)(x->rank ? x->dim[0] : 1) * (s->blocked ? s->blocks : s->channels);
    p->work->phase[0].grain = GRAIN / (s->plane * (s->blocked ? 8 : 1) + 1) + 1;
    return OC_OK;
}

static void norm_run(const oc_op_run *r)
{
    const norm_state *s = r->state;
    const float      *scale = r->in[1].data, *bias = r->in[2].data, *mean = r->in[3].data;
    const float      *var = r->in[4].data;
    const size_t      lanes = s->blocked ? 8 : 1, n = s->plane * lanes;
    const size_t      groups = s->blocked ? s->blocks : s->channels;

    for (size_t u = r->part.begin; u < r->part.end; u++) {
        float         m[8] = {0}, a[8] = {0}, b[8] = {0}; /* lanes beyond C: (0 - 0) * 0 + 0 */
        oc_f32_affine work = {.n = n,
                              .is = s->blocked ? OC_OPERAND_LANES : OC_OPERAND_ONE,
                              .x = (const float *)r->in[0].data + u * n,
                              .m = m,
                              .a = a,
                              .b = b,
                              .y = (float *)r->out[0].data + u * n};

        for (size_t i = 0, c = u % groups * lanes; i < lanes && c < s->channels; i++, c++) {
            m[i] = mean[c];
            a[i] = scale[c] / sqrtf(var[c] + s->epsilon);
            b[i] = bias[c];
        }
        s->affine(&work);
    }
}

const oc_op oc_op_batch_normalization = {
    .name = "BatchNormalization",
    .domain = "",
    .n_in_min = 5,
    .n_in_max = 5,
    .n_out_min = 1,
    .n_out_max = 5,
    .flags = OC_OP_IN_PLACE,
    .state_size = sizeof(norm_state),
    .infer = norm_infer,
    .layout = norm_layout,
    .prepare = norm_prepare,
    .run = norm_run,
};
