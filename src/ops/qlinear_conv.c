/* QLinearConv, ConvInteger: convolutions of quantised tensors.   ONNX opset 10..
 *
 *   QLinearConv  x, x_scale, x_zero, w, w_scale, w_zero, y_scale, y_zero, bias
 *     y = saturate(round_half_even(sum * (x_scale * w_scale / y_scale)) + y_zero), the factor and
 *     the product in float as ONNX Runtime has them; bias is int32 of scale x_scale * w_scale
 *   ConvInteger  x, w, x_zero, w_zero; the sum itself, int32
 *
 *   x u8 or i8 [N,C,spatial..], w u8 or i8, scale and zero point of w per tensor or per output
 *   channel; pads count as x_zero; QLinearConv's scales, bias, x_zero and y_zero constant */
#include <string.h>

#include "ops/int_conv.h"

typedef struct qconv_state {
    oc_int_conv    conv;
    oc_qparam      x, y;
    const float   *scale; /* [oc] */
    const int32_t *bias;
} qconv_state;

static oc_status infer_shape(const oc_infer *ask, uint32_t i_w, oc_dtype dtype, oc_error *err)
{
    oc_conv_geom g;
    oc_status    st;
    if (!oc_is_byte(ask->in[0].dtype) || !oc_is_byte(ask->in[i_w].dtype))
        return OC_FAIL(err, OC_UNSUPPORTED, "x is %s and w %s, only uint8 and int8",
                       oc_dtype_name(ask->in[0].dtype), oc_dtype_name(ask->in[i_w].dtype));
    if ((st = oc_shape_known(&ask->in[0], "x", err)) != OC_OK ||
        (st = oc_shape_known(&ask->in[i_w], "w", err)) != OC_OK ||
        (st = oc_conv_geom_read(ask->node, &ask->in[0], &ask->in[i_w], &g, err)) != OC_OK)
        return st;
    ask->out[0] = (oc_tensor_info){dtype, oc_conv_geom_shape(&g)};
    return OC_OK;
}

static oc_status qlinear_infer(const oc_infer *ask, oc_error *err)
{
    oc_dtype dtype = ask->in[7].dtype ? ask->in[7].dtype : ask->in[0].dtype;
    if (!oc_is_byte(dtype))
        return OC_FAIL(err, OC_UNSUPPORTED, "y is %s, only uint8 and int8", oc_dtype_name(dtype));
    oc_status st = oc_qparams_constant(ask, 0x1f6, err);
    return st == OC_OK ? infer_shape(ask, 3, dtype, err) : st;
}

static oc_status qlinear_prepare(const oc_prepare *p, oc_error *err)
{
    qconv_state *s = p->state;
    oc_args      a = oc_args_of_prepare(p);
    size_t       oc = (size_t)p->out[0].info.shape.dim[1];
    oc_qparam    w;
    oc_status    st;
    if ((st = oc_qparam_read(&a, 1, 2, p->in[0].info.dtype, 1, "x", &s->x, err)) != OC_OK ||
        (st = oc_qparam_read(&a, 4, OC_ARGS_MAX, p->in[3].info.dtype, oc, "w", &w, err)) != OC_OK ||
        (st = oc_qparam_read(&a, 6, 7, p->out[0].info.dtype, 1, "y", &s->y, err)) != OC_OK ||
        (st = oc_int_conv_prepare(&s->conv, p, 3, 5, err)) != OC_OK)
        return st;
    float *scale = oc_arena_alloc(p->mem, oc, sizeof(*scale));
    s->scale = scale;
    if (!scale)
        return OC_FAIL(err, OC_NOMEM, "%zu factors", oc);
    for (size_t i = 0; i < oc; i++)
        scale[i] = s->x.scale[0] * oc_qparam_scale(&w, i) / s->y.scale[0];
    if (!oc_args_has(&a, 8))
        return OC_OK;
    if (p->in[8].info.dtype != OC_I32 || oc_elements(&p->in[8].info) != oc || !p->in[8].data)
        return OC_FAIL(err, OC_UNSUPPORTED, "the bias must be %zu constant int32", oc);
    s->bias = p->in[8].data;
    return OC_OK;
}

static void qlinear_run(const oc_op_run *r)
{
    const qconv_state *s = r->state;
    oc_int_conv_out    out = {.y = r->out[0].data,
                              .is_signed = r->out[0].info.dtype == OC_I8,
                              .zero = oc_qparam_zero(&s->y, 0),
                              .bias = s->bias,
                              .scale = s->scale};
    oc_int_conv_run(&s->conv, r, oc_qparam_zero(&s->x, 0), &out);
}

static oc_status integer_infer(const oc_infer *ask, oc_error *err)
{
    if (ask->n_in > 2 && ask->in[2].dtype && oc_shape_known(&ask->in[2], "x_zero", err) == OC_OK &&
        oc_elements(&ask->in[2]) != 1)
        return OC_FAIL(err, OC_FORMAT, "more than one zero point of x");
    return infer_shape(ask, 1, OC_I32, err);
}

static oc_status integer_prepare(const oc_prepare *p, oc_error *err)
{
    qconv_state *s = p->state;
    return oc_int_conv_prepare(&s->conv, p, 1, 3, err);
}

static void integer_run(const oc_op_run *r)
{
    const qconv_state *s = r->state;
    oc_int_conv_out    out = {.y = r->out[0].data, .raw = true};
    int32_t            zero = r->n_in > 2 ? oc_zero_at(r->in[2].info.dtype, r->in[2].data, 0) : 0;
    oc_int_conv_run(&s->conv, r, zero, &out);
}

const oc_op oc_op_qlinear_conv = {
    .name = "QLinearConv",
    .domain = "",
    .n_in_min = 8,
    .n_in_max = 9,
    .n_out_min = 1,
    .n_out_max = 1,
    .state_size = sizeof(qconv_state),
    .infer = qlinear_infer,
    .prepare = qlinear_prepare,
    .run = qlinear_run,
};
const oc_op oc_op_conv_integer = {
    .name = "ConvInteger",
    .domain = "",
    .n_in_min = 2,
    .n_in_max = 4,
    .n_out_min = 1,
    .n_out_max = 1,
    .state_size = sizeof(qconv_state),
    .infer = integer_infer,
    .prepare = integer_prepare,
    .run = integer_run,
};
