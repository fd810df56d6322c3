/* f32_unary.tmpl.h -- oc_k_f32_unary of the vocabulary that is included. */
#include "kernels/f32_unary.h"
#include "kernels/tmpl/act.tmpl.h"

/* exp(x) - 1 for x <= 0.  Near zero the polynomial without its leading 1, so that nothing cancels. */
OC_INLINE vf expm1_below(vf x)
{
    vf c = vf_at_most(vf_zero(), x);
    vf p = vf_set(1.3814541135e-3f);

    p = vf_horner(p, c, 8.3687452151e-3f);
    p = vf_horner(p, c, 4.1668390770e-2f);
    p = vf_horner(p, c, 1.6666520398e-1f);
    p = vf_horner(p, c, 4.9999993432e-1f);
    p = vf_fma(p, vf_mul(c, c), c);
    return vf_select(vf_gt(c, vf_set(-0.34f)), p, vf_sub(vf_exp(c), vf_set(1.0f)));
}

OC_INLINE vf elu(vf x, vf a)
{
    return vf_select(vf_lt(x, vf_zero()), vf_mul(a, expm1_below(x)), x);
}

OC_INLINE vf celu(vf x, vf a)
{
    return vf_select(vf_lt(x, vf_zero()), vf_mul(a, expm1_below(vf_div(x, a))), x);
}

OC_INLINE vf gelu_tanh(vf x)
{
    vf x3 = vf_mul(vf_mul(x, x), x);
    vf u = vf_fma(vf_set(0.044715f), x3, x);
    vf h = vf_mul(x, vf_set(0.5f));
    return vf_fma(h, vf_tanh(vf_mul(vf_set(0.79788456f), u)), h);
}

/* The tail has the very same results as the body. */
#define LOOP(expression)                      \
    for (; i + VF <= n; i += VF) {            \
        const vf v = vf_load(x + i);          \
        vf_store(y + i, expression);          \
    }                                         \
    if (i < n) {                              \
        const vf v = vf_load_n(x + i, n - i); \
        vf_store_n(y + i, n - i, expression); \
    }                                         \
    break
#define ACT(name) \
    case OC_UNARY_##name: LOOP(vf_act(OC_ACT_##name, a, b, v))

void OC_KERNEL(f32_unary)(const oc_unary *op, size_t n, const float *x, float *y)
{
    const vf a = vf_set((float)op->a), b = vf_set((float)op->b), one = vf_set(1.0f);
    size_t   i = 0;

    switch (op->kind) {
    case OC_UNARY_ABS: LOOP(vf_abs(v));
    case OC_UNARY_NEG: LOOP(vf_neg(v));
    case OC_UNARY_SQRT: LOOP(vf_sqrt(v));
    case OC_UNARY_EXP: LOOP(vf_exp(v));
    case OC_UNARY_ERF: LOOP(vf_erf(v));
    case OC_UNARY_FLOOR: LOOP(vf_floor(v));
    case OC_UNARY_CEIL: LOOP(vf_ceil(v));
    case OC_UNARY_ROUND: LOOP(vf_round(v));
    case OC_UNARY_RECIPROCAL: LOOP(vf_div(one, v));
    case OC_UNARY_ELU: LOOP(elu(v, a));
    case OC_UNARY_SELU: LOOP(vf_mul(b, elu(v, a)));
    case OC_UNARY_CELU: LOOP(celu(v, a));
    case OC_UNARY_SWISH: LOOP(vf_div(vf_silu(vf_mul(a, v)), a));
    case OC_UNARY_SOFTSIGN: LOOP(vf_div(v, vf_add(one, vf_abs(v))));
    case OC_UNARY_GELU_TANH:
        LOOP(gelu_tanh(v));
        ACT(RELU);
        ACT(CLIP);
        ACT(LEAKY);
        ACT(SIGMOID);
        ACT(SILU);
        ACT(HARDSIGMOID);
        ACT(HARDSWISH);
        ACT(TANH);
        ACT(GELU);
        ACT(MISH);
    default: oc_k_f32_unary__ref(op, n, x, y); break;
    }
}
