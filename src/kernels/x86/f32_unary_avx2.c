#include "kernels/f32_unary.h"
#include "kernels/x86/act_avx2.h"

/* exp(x) - 1 for x <= 0.  Near zero the polynomial without its leading 1, so that nothing cancels. */
OC_INLINE __m256 expm1_below(__m256 x)
{
    const __m256 zero = _mm256_setzero_ps(), one = _mm256_set1_ps(1.0f);
    __m256       c = _mm256_min_ps(zero, x);
    __m256       p = _mm256_set1_ps(1.3814541135e-3f);

    p = _mm256_fmadd_ps(p, c, _mm256_set1_ps(8.3687452151e-3f));
    p = _mm256_fmadd_ps(p, c, _mm256_set1_ps(4.1668390770e-2f));
    p = _mm256_fmadd_ps(p, c, _mm256_set1_ps(1.6666520398e-1f));
    p = _mm256_fmadd_ps(p, c, _mm256_set1_ps(4.9999993432e-1f));
    p = _mm256_fmadd_ps(p, _mm256_mul_ps(c, c), c);
    return _mm256_blendv_ps(_mm256_sub_ps(oc_v8_exp(c), one), p,
                            _mm256_cmp_ps(c, _mm256_set1_ps(-0.34f), _CMP_GT_OQ));
}

OC_INLINE __m256 elu(__m256 x, __m256 a)
{
    return _mm256_blendv_ps(x, _mm256_mul_ps(a, expm1_below(x)),
                            _mm256_cmp_ps(x, _mm256_setzero_ps(), _CMP_LT_OQ));
}

OC_INLINE __m256 gelu_tanh(__m256 x)
{
    __m256 x3 = _mm256_mul_ps(_mm256_mul_ps(x, x), x);
    __m256 u = _mm256_fmadd_ps(_mm256_set1_ps(0.044715f), x3, x);
    __m256 h = _mm256_mul_ps(x, _mm256_set1_ps(0.5f));
    return _mm256_fmadd_ps(h, oc_v8_tanh(_mm256_mul_ps(_mm256_set1_ps(0.79788456f), u)), h);
}

#define NEAREST (_MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)

/* The last partial vector goes through a buffer: the tail has the very same results as the body. */
#define LOOP(expression)                         \
    for (; i + 8 <= n; i += 8) {                 \
        const __m256 v = _mm256_loadu_ps(x + i); \
        _mm256_storeu_ps(y + i, expression);     \
    }                                            \
    if (i < n) {                                 \
        float rest[8] = {0};                     \
        for (size_t k = i; k < n; k++)           \
            rest[k - i] = x[k];                  \
        const __m256 v = _mm256_loadu_ps(rest);  \
        _mm256_storeu_ps(rest, expression);      \
        for (size_t k = i; k < n; k++)           \
            y[k] = rest[k - i];                  \
    }                                            \
    break
#define ACT(name) \
    case OC_UNARY_##name: LOOP(oc_v8_act(OC_ACT_##name, a, b, v))

void oc_k_f32_unary__avx2(const oc_unary *op, size_t n, const float *x, float *y)
{
    const __m256 a = _mm256_set1_ps((float)op->a), b = _mm256_set1_ps((float)op->b);
    const __m256 sign = _mm256_set1_ps(-0.0f), one = _mm256_set1_ps(1.0f);
    size_t       i = 0;

    switch (op->kind) {
    case OC_UNARY_ABS: LOOP(_mm256_andnot_ps(sign, v));
    case OC_UNARY_NEG: LOOP(_mm256_xor_ps(sign, v));
    case OC_UNARY_SQRT: LOOP(_mm256_sqrt_ps(v));
    case OC_UNARY_EXP: LOOP(oc_v8_exp(v));
    case OC_UNARY_ERF: LOOP(oc_v8_erf(v));
    case OC_UNARY_FLOOR: LOOP(_mm256_floor_ps(v));
    case OC_UNARY_CEIL: LOOP(_mm256_ceil_ps(v));
    case OC_UNARY_ROUND: LOOP(_mm256_round_ps(v, NEAREST));
    case OC_UNARY_RECIPROCAL: LOOP(_mm256_div_ps(one, v));
    case OC_UNARY_ELU: LOOP(elu(v, a));
    case OC_UNARY_SELU: LOOP(_mm256_mul_ps(b, elu(v, a)));
    case OC_UNARY_CELU:
        LOOP(_mm256_blendv_ps(v, _mm256_mul_ps(a, expm1_below(_mm256_div_ps(v, a))),
                              _mm256_cmp_ps(v, _mm256_setzero_ps(), _CMP_LT_OQ)));
    case OC_UNARY_SOFTSIGN: LOOP(_mm256_div_ps(v, _mm256_add_ps(one, _mm256_andnot_ps(sign, v))));
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
