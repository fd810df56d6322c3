#include "kernels/arm/act_neon.h"
#include "kernels/f32_unary.h"

/* exp(x) - 1 for x <= 0.  Near zero the polynomial without its leading 1: nothing cancels. */
OC_INLINE float32x4_t expm1_below(float32x4_t x)
{
    float32x4_t c = vminq_f32(vdupq_n_f32(0.0f), x);
    float32x4_t p = vdupq_n_f32(1.3814541135e-3f);

    p = oc_v4_horner(p, c, 8.3687452151e-3f);
    p = oc_v4_horner(p, c, 4.1668390770e-2f);
    p = oc_v4_horner(p, c, 1.6666520398e-1f);
    p = oc_v4_horner(p, c, 4.9999993432e-1f);
    p = vfmaq_f32(c, p, vmulq_f32(c, c));
    return vbslq_f32(vcgtq_f32(c, vdupq_n_f32(-0.34f)), p,
                     vsubq_f32(oc_v4_exp(c), vdupq_n_f32(1.0f)));
}

OC_INLINE float32x4_t elu(float32x4_t x, float32x4_t a)
{
    return vbslq_f32(vcltzq_f32(x), vmulq_f32(a, expm1_below(x)), x);
}

OC_INLINE float32x4_t celu(float32x4_t x, float32x4_t a)
{
    return vbslq_f32(vcltzq_f32(x), vmulq_f32(a, expm1_below(vdivq_f32(x, a))), x);
}

OC_INLINE float32x4_t gelu_tanh(float32x4_t x)
{
    float32x4_t x3 = vmulq_f32(vmulq_f32(x, x), x);
    float32x4_t u = vfmaq_f32(x, vdupq_n_f32(0.044715f), x3);
    float32x4_t h = vmulq_f32(x, vdupq_n_f32(0.5f));
    return vfmaq_f32(h, h, oc_v4_tanh(vmulq_f32(vdupq_n_f32(0.79788456f), u)));
}

#define ONE(from, to, expression)              \
    {                                          \
        const float32x4_t v = vld1q_f32(from); \
        vst1q_f32(to, expression);             \
    }

/* Two vectors at a time, for cores that do not look far ahead.  The last partial vector goes
 * through a buffer: the tail has the very same results as the body. */
#define LOOP(expression)                           \
    for (; i + 8 <= n; i += 8) {                   \
        ONE(x + i, y + i, expression)              \
        ONE(x + i + 4, y + i + 4, expression)      \
    }                                              \
    for (; i < n; i += 4) {                        \
        float        rest[4] = {0};                \
        const size_t left = n - i < 4 ? n - i : 4; \
        for (size_t k = 0; k < left; k++)          \
            rest[k] = x[i + k];                    \
        ONE(rest, rest, expression)                \
        for (size_t k = 0; k < left; k++)          \
            y[i + k] = rest[k];                    \
    }                                              \
    break
#define ACT(name) \
    case OC_UNARY_##name: LOOP(oc_v4_act(OC_ACT_##name, a, b, v))

void oc_k_f32_unary__neon(const oc_unary *op, size_t n, const float *x, float *y)
{
    const float32x4_t a = vdupq_n_f32((float)op->a), b = vdupq_n_f32((float)op->b);
    const float32x4_t one = vdupq_n_f32(1.0f);
    size_t            i = 0;

    switch (op->kind) {
    case OC_UNARY_ABS: LOOP(vabsq_f32(v));
    case OC_UNARY_NEG: LOOP(vnegq_f32(v));
    case OC_UNARY_SQRT: LOOP(vsqrtq_f32(v));
    case OC_UNARY_EXP: LOOP(oc_v4_exp(v));
    case OC_UNARY_ERF: LOOP(oc_v4_erf(v));
    case OC_UNARY_FLOOR: LOOP(vrndmq_f32(v));
    case OC_UNARY_CEIL: LOOP(vrndpq_f32(v));
    case OC_UNARY_ROUND: LOOP(vrndnq_f32(v));
    case OC_UNARY_RECIPROCAL: LOOP(vdivq_f32(one, v));
    case OC_UNARY_ELU: LOOP(elu(v, a));
    case OC_UNARY_SELU: LOOP(vmulq_f32(b, elu(v, a)));
    case OC_UNARY_CELU: LOOP(celu(v, a));
    case OC_UNARY_SOFTSIGN: LOOP(vdivq_f32(v, vaddq_f32(one, vabsq_f32(v))));
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
