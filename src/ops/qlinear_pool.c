/* QLinearGlobalAveragePool: the mean of each channel, quantised.   com.microsoft 1
 *
 *   in   x u8 or i8 [N,C,spatial..], or [N,spatial..,C] with channels_last; x_scale, x_zero,
 *        y_scale, y_zero constant
 *   out  y = saturate(round_half_even((sum - n * x_zero) * (x_scale / (y_scale * n))) + y_zero) */
#include "kernels/s32_requant.h"
#include "kernels/u8_sum8.h"
#include "ops/qparam.h"

typedef struct qpool_state {
    size_t               channels, pixels, c_step, p_step;
    oc_k_requant         q;
    oc_k_s32_requant_fn *requant;
    oc_k_u8_sum8_fn     *sum8; /* blocked: of eight channels; NULL: plain */
} qpool_state;

static oc_status qpool_infer(const oc_infer *ask, oc_error *err)
{
    const oc_shape *x = &ask->in[0].shape;
    bool            last = oc_node_int(ask->node, "channels_last", 0) != 0;
    oc_status       st = oc_shape_known(&ask->in[0], "x", err);
    if (st != OC_OK || (st = oc_qparams_constant(ask, 0x1e, err)) != OC_OK)
        return st;
    if (!oc_is_byte(ask->in[0].dtype) || x->rank < 3)
        return OC_FAIL(err, OC_UNSUPPORTED, "x is %s of rank %u", oc_dtype_name(ask->in[0].dtype),
                       x->rank);
    ask->out[0] = ask->in[0];
    for (uint32_t i = last ? 1 : 2; i < x->rank - (last ? 1 : 0); i++)
        ask->out[0].shape.dim[i] = 1;
    return OC_OK;
}

static bool qpool_layout(oc_layout_ask *ask)
{
    if (ask->in[0].layout != OC_LAYOUT_NC8 || oc_node_int(ask->node, "channels_last", 0))
        return false;
    ask->want_in[0] = ask->want_out[0] = true;
    return true;
}

static oc_status qpool_prepare(const oc_prepare *p, oc_error *err)
{
    qpool_state    *s = p->state;
    oc_args         a = oc_args_of_prepare(p);
    const oc_shape *in = &p->in[0].info.shape;
    bool            last = oc_node_int(p->node, "channels_last", 0) != 0;
    oc_qparam       x, y;
    oc_status       st;
    if ((st = oc_qparam_read(&a, 1, 2, p->in[0].info.dtype, 1, "x", &x, err)) != OC_OK ||
        (st = oc_qparam_read(&a, 3, 4, p->in[0].info.dtype, 1, "y", &y, err)) != OC_OK)
        return st;
    s->channels = (size_t)in->dim[last ? in->rank - 1 : 1];
    s->pixels = last ? oc_dims_product(in, 1, in->rank - 1) : oc_dims_product(in, 2, in->rank);
    if (s->pixels == 0 || s->pixels >= 1u << 23)
        return OC_FAIL(err, OC_UNSUPPORTED, "a mean of %zu elements", s->pixels);
    s->c_step = last ? 1 : s->pixels;
    s->p_step = last ? s->channels : 1;
    s->requant = oc_k_s32_requant(p->isa);
    s->q = (oc_k_requant){.bias = -oc_qparam_zero(&x, 0) * (int32_t)s->pixels,
                          .zero = oc_qparam_zero(&y, 0),
                          .scale = x.scale[0] / (y.scale[0] * (float)s->pixels),
                          .is_signed = p->in[0].info.dtype == OC_I8};
    p->work->phase[0].units = (size_t)in->dim[0] * s->channels;
    p->work->phase[0].grain = 64 * 1024 / s->pixels + 1;
    if (p->in[0].layout == OC_LAYOUT_NC8) {
        s->sum8 = oc_k_u8_sum8(p->isa);
        p->work->phase[0].units = (size_t)in->dim[0] * ((s->channels + 7) / 8);
        p->work->phase[0].grain = 32 * 1024 / s->pixels + 1;
    }
    return OC_OK;
}

static void qpool_run(const oc_op_run *r)
{
    const qpool_state *s = r->state;
    for (size_t unit = r->part.begin; unit < r->part.end && s->sum8; unit++) {
        int32_t sums[8];
        s->sum8(s->pixels, (const uint8_t *)r->in[0].data + unit * s->pixels * 8, sums);
        s->requant(8, sums, &s->q, (uint8_t *)r->out[0].data + unit * 8);
    }
    for (size_t unit = r->part.begin; unit < r->part.end && !s->sum8; unit++) {
        const uint8_t *x = (const uint8_t *)r->in[0].data +
                           unit / s->channels * s->channels * s->pixels +
                           unit % s->channels * s->c_step;
        int32_t sum = 0;
        for (size_t i = 0; i < s->pixels; i++)
            sum += s->q.is_signed ? (int8_t)x[i * s->p_step] : x[i * s->p_step];
        s->requant(1, &sum, &s->q, (uint8_t *)r->out[0].data + unit);
    }
}

const oc_op oc_op_qlinear_global_average_pool = {
    .name = "QLinearGlobalAveragePool",
    .domain = "com.microsoft",
    .n_in_min = 5,
    .n_in_max = 5,
    .n_out_min = 1,
    .n_out_max = 1,
    .flags = OC_OP_NC8_BYTES,
    .state_size = sizeof(qpool_state),
    .infer = qpool_infer,
    .layout = qpool_layout,
    .prepare = qpool_prepare,
    .run = qpool_run,
};
