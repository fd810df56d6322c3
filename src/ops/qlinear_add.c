/* QLinearAdd, QLinearMul: sums and products of quantised tensors.   com.microsoft 1
 *
 *   in   a, a_scale, a_zero, b, b_scale, b_zero, y_scale, y_zero; a and b u8 or i8, broadcast;
 *        scales and zero points constant, one each, zero points may be left out
 *   out  of a's type: a and b dequantised, added or multiplied, quantised again, in the order of
 *        float operations that ONNX Runtime has (see x8_qadd.h) */
#include <math.h>

#include "kernels/x8_qadd.h"
#include "ops/broadcast.h"
#include "ops/qparam.h"

typedef struct qadd_state {
    oc_broadcast     map;
    bool             is_signed;
    oc_k_qadd        add;
    oc_k_x8_qadd_fn *kernel;
    int32_t          a_zero, b_zero, y_zero;
    float            ratio; /* of the product */
} qadd_state;

static oc_status qadd_infer(const oc_infer *ask, oc_error *err)
{
    oc_tensor_info both[2] = {ask->in[0], ask->in[3]};
    if (!oc_is_byte(both[0].dtype) || both[0].dtype != both[1].dtype)
        return OC_FAIL(err, OC_UNSUPPORTED, "a is %s, b %s", oc_dtype_name(both[0].dtype),
                       oc_dtype_name(both[1].dtype));
    oc_status st = oc_qparams_constant(ask, 0xf6, err);
    if (st != OC_OK)
        return st;
    ask->out[0].dtype = both[0].dtype;
    return oc_broadcast_shape(both, 2, &ask->out[0].shape, err);
}

static oc_status qadd_prepare(const oc_prepare *p, oc_error *err)
{
    qadd_state     *s = p->state;
    oc_args         args = oc_args_of_prepare(p);
    oc_dtype        dtype = p->in[0].info.dtype;
    const oc_shape *shapes[2] = {&p->in[0].info.shape, &p->in[3].info.shape};
    oc_qparam       a, b, y;
    oc_status       st;
    if ((st = oc_qparam_read(&args, 1, 2, dtype, 1, "a", &a, err)) != OC_OK ||
        (st = oc_qparam_read(&args, 4, 5, dtype, 1, "b", &b, err)) != OC_OK ||
        (st = oc_qparam_read(&args, 6, 7, dtype, 1, "y", &y, err)) != OC_OK)
        return st;
    oc_broadcast_init(&s->map, &p->out[0].info.shape, shapes, 2);
    s->kernel = oc_k_x8_qadd(p->isa);
    s->is_signed = dtype == OC_I8;
    s->a_zero = oc_qparam_zero(&a, 0);
    s->b_zero = oc_qparam_zero(&b, 0);
    s->y_zero = oc_qparam_zero(&y, 0);
    s->ratio = a.scale[0] * b.scale[0] / y.scale[0];
    s->add = (oc_k_qadd){.ratio_a = a.scale[0] / y.scale[0],
                         .ratio_b = b.scale[0] / y.scale[0],
                         .is_signed = s->is_signed};
    /* one rounding less than it looks: ONNX Runtime's build fuses here, and a last bit decides
     * ties */
    s->add.fixed = (float)s->y_zero -
                   fmaf(s->add.ratio_a, (float)s->a_zero, s->add.ratio_b * (float)s->b_zero);
    p->work->phase[0].units = oc_elements(&p->out[0].info);
    p->work->phase[0].grain = 64 * 1024;
    return OC_OK;
}

static void add_part(void *ctx, size_t n, size_t out_at, const size_t *at)
{
    const oc_op_run  *r = ctx;
    const qadd_state *s = r->state;
    oc_k_qadd         q = s->add;
    q.a_one = oc_broadcast_inner(&s->map, 0) == 0;
    q.b_one = !q.a_one && oc_broadcast_inner(&s->map, 1) == 0;
    s->kernel(n, &q, (const uint8_t *)r->in[0].data + at[0], (const uint8_t *)r->in[3].data + at[1],
              (uint8_t *)r->out[0].data + out_at);
}

static int32_t byte_at(const void *x, size_t i, bool is_signed)
{
    return is_signed ? ((const int8_t *)x)[i] : ((const uint8_t *)x)[i];
}

static void multiply_part(void *ctx, size_t n, size_t out_at, const size_t *at)
{
    const oc_op_run  *r = ctx;
    const qadd_state *s = r->state;
    size_t            da = oc_broadcast_inner(&s->map, 0), db = oc_broadcast_inner(&s->map, 1);
    float             lo = (float)((s->is_signed ? -128 : 0) - s->y_zero);
    float             hi = (float)((s->is_signed ? 127 : 255) - s->y_zero);
    for (size_t i = 0; i < n; i++) {
        int32_t a = byte_at(r->in[0].data, at[0] + i * da, s->is_signed) - s->a_zero;
        int32_t b = byte_at(r->in[3].data, at[1] + i * db, s->is_signed) - s->b_zero;
        float   v = (float)(a * b) * s->ratio;
        v = v > lo ? v : lo;
        v = v < hi ? v : hi;
        ((uint8_t *)r->out[0].data)[out_at + i] = (uint8_t)((int32_t)rintf(v) + s->y_zero);
    }
}

static void qadd_run(const oc_op_run *r)
{
    const qadd_state *s = r->state;
    oc_op_run         copy = *r;
    oc_broadcast_run(&s->map, r->part, add_part, &copy);
}

static void qmul_run(const oc_op_run *r)
{
    const qadd_state *s = r->state;
    oc_op_run         copy = *r;
    oc_broadcast_run(&s->map, r->part, multiply_part, &copy);
}

const oc_op oc_op_qlinear_add = {
    .name = "QLinearAdd",
    .domain = "com.microsoft",
    .n_in_min = 7,
    .n_in_max = 8,
    .n_out_min = 1,
    .n_out_max = 1,
    .state_size = sizeof(qadd_state),
    .infer = qadd_infer,
    .prepare = qadd_prepare,
    .run = qadd_run,
};
const oc_op oc_op_qlinear_mul = {
    .name = "QLinearMul",
    .domain = "com.microsoft",
    .n_in_min = 7,
    .n_in_max = 8,
    .n_out_min = 1,
    .n_out_max = 1,
    .state_size = sizeof(qadd_state),
    .infer = qadd_infer,
    .prepare = qadd_prepare,
    .run = qmul_run,
};
