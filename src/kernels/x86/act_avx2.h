/* act_avx2.h -- activations on eight floats in a register, for kernels that store results.
 *
 * Only for files compiled with AVX2 and FMA (*_avx2.c).  exp is within 2 ulp over the whole range,
 * the others follow from it; results agree with kernels/ref/act.h to about 4 ulp of their scale.
 * NaN in gives NaN out: min and max give back their second operand when either is NaN, so the data
 * goes second everywhere. */
#ifndef OC_KERNELS_X86_ACT_AVX2_H
#define OC_KERNELS_X86_ACT_AVX2_H

#include <immintrin.h>

#include "tensor/act.h"

#define OC_INLINE static inline __attribute__((always_inline))

/* In front of a short loop of constant length whose arrays are meant to be registers.  Under a
 * sanitizer every load becomes a call or a branch: unrolled, the kernels would take minutes to
 * compile, so that the loops stay loops there. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
    __has_feature(undefined_behavior_sanitizer) || __has_feature(memory_sanitizer)
#define OC_SANITIZED 1
#endif
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define OC_SANITIZED 1
#endif
#if defined(__clang__) && defined(OC_SANITIZED)
#define OC_UNROLL _Pragma("clang loop unroll(disable)")
#elif defined(__clang__)
#define OC_UNROLL _Pragma("clang loop unroll(full)")
#elif defined(OC_SANITIZED)
#define OC_UNROLL _Pragma("GCC unroll 1")
#else
#define OC_UNROLL _Pragma("GCC unroll 24")
#endif

/* exp(f) for |f| <= ln2 / 2: minimax fit of (exp(f) - 1 - f) / f^2, 3e-9 of exp(f). */
OC_INLINE __m256 oc_v8_exp_poly(__m256 f)
{
    __m256 p = _mm256_set1_ps(1.3814541135e-3f);
    p = _mm256_fmadd_ps(p, f, _mm256_set1_ps(8.3687452151e-3f));
    p = _mm256_fmadd_ps(p, f, _mm256_set1_ps(4.1668390770e-2f));
    p = _mm256_fmadd_ps(p, f, _mm256_set1_ps(1.6666520398e-1f));
    p = _mm256_fmadd_ps(p, f, _mm256_set1_ps(4.9999993432e-1f));
    return _mm256_fmadd_ps(p, _mm256_mul_ps(f, f), _mm256_add_ps(f, _mm256_set1_ps(1.0f)));
}

/* exp(x).  Below -103.97 zero, above 88.72 infinity.  x = n ln2 + f; 2^n comes in two factors, so
 * that results among the denormals are right too. */
OC_INLINE __m256 oc_v8_exp(__m256 x)
{
    const __m256 lo = _mm256_set1_ps(-104.0f), hi = _mm256_set1_ps(88.8f);
    __m256       c = _mm256_min_ps(hi, _mm256_max_ps(lo, x));
    __m256       n = _mm256_round_ps(_mm256_mul_ps(c, _mm256_set1_ps(1.44269504f)),
                                     _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    /* ln2 in two parts: the first has few bits, n * 0.693359375 is exact */
    __m256 f = _mm256_fnmadd_ps(n, _mm256_set1_ps(0.693359375f), c);
    f = _mm256_fnmadd_ps(n, _mm256_set1_ps(-2.12194440e-4f), f);
    __m256  p = oc_v8_exp_poly(f);
    __m256i k = _mm256_cvtps_epi32(n), bias = _mm256_set1_epi32(127);
    __m256i k1 = _mm256_srai_epi32(k, 1), k2 = _mm256_sub_epi32(k, k1);
    __m256  s1 = _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(k1, bias), 23));
    __m256  s2 = _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(k2, bias), 23));
    return _mm256_mul_ps(_mm256_mul_ps(p, s1), s2);
}

/* exp(s * x) for s = 1 or -1 where 1 + exp is what is wanted: x clamped to +-87.  t = s x log2(e)
 * is rounded by adding 1.5 * 2^23, which leaves its integer in the low bits: a shift makes it an
 * exponent.  2^f, |f| <= 1/2, by a minimax polynomial, 1e-7 of the result.  `exact` adds what
 * log2(e) loses as a float: without it the error grows to 1e-6 at the ends. */
OC_INLINE __m256 oc_v8_exp_bounded(const float s, const int exact, __m256 x)
{
    const __m256 magic = _mm256_set1_ps(12582912.0f), scale = _mm256_set1_ps(s * 1.44269504f);
    __m256       c = _mm256_min_ps(_mm256_set1_ps(87.0f), _mm256_max_ps(_mm256_set1_ps(-87.0f), x));
    __m256       t = _mm256_fmadd_ps(c, scale, magic);
    __m256       f = _mm256_fmsub_ps(c, scale, _mm256_sub_ps(t, magic));
    if (exact)
        f = _mm256_fmadd_ps(c, _mm256_set1_ps(s * 1.92596299e-8f), f);
    __m256 p = _mm256_set1_ps(1.326459071e-3f);
    p = _mm256_fmadd_ps(p, f, _mm256_set1_ps(9.671619065e-3f));
    p = _mm256_fmadd_ps(p, f, _mm256_set1_ps(5.550735032e-2f));
    p = _mm256_fmadd_ps(p, f, _mm256_set1_ps(2.402224046e-1f));
    p = _mm256_fmadd_ps(p, f, _mm256_set1_ps(6.931469764e-1f));
    p = _mm256_fmadd_ps(p, f, _mm256_set1_ps(1.0f));
    __m256i k = _mm256_slli_epi32(_mm256_castps_si256(t), 23);
    return _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(p), k));
}

/* A NaN's payload could end up in the exponent: where x itself is not a factor of the result, NaN
 * is put back (all ones is one). */
OC_INLINE __m256 oc_v8_keep_nan(__m256 y, __m256 x)
{
    return _mm256_or_ps(y, _mm256_cmp_ps(x, x, _CMP_UNORD_Q));
}

OC_INLINE __m256 oc_v8_sigmoid(__m256 x)
{
    const __m256 one = _mm256_set1_ps(1.0f);
    __m256       e = oc_v8_exp_bounded(-1.0f, 1, x);
    return oc_v8_keep_nan(_mm256_div_ps(one, _mm256_add_ps(one, e)), x);
}

/* Far below zero exp is held at e^87: so is x, or the quotient would grow again. */
OC_INLINE __m256 oc_v8_silu(__m256 x)
{
    __m256 c = _mm256_max_ps(_mm256_set1_ps(-87.0f), x);
    __m256 e = oc_v8_exp_bounded(-1.0f, 0, c);
    return _mm256_div_ps(c, _mm256_add_ps(_mm256_set1_ps(1.0f), e));
}

OC_INLINE __m256 oc_v8_clamp(__m256 x, __m256 lo, __m256 hi)
{
    return _mm256_min_ps(hi, _mm256_max_ps(lo, x));
}

/* Near zero 1 - 2 / (e + 1) would cancel: a polynomial there (|x| < 0.625), as in Cephes. */
OC_INLINE __m256 oc_v8_tanh(__m256 x)
{
    const __m256 sign = _mm256_set1_ps(-0.0f), one = _mm256_set1_ps(1.0f);
    __m256       ax = _mm256_andnot_ps(sign, x), x2 = _mm256_mul_ps(x, x);
    __m256       p = _mm256_set1_ps(-5.70498872745e-3f);
    p = _mm256_fmadd_ps(p, x2, _mm256_set1_ps(2.06390887954e-2f));
    p = _mm256_fmadd_ps(p, x2, _mm256_set1_ps(-5.37397155531e-2f));
    p = _mm256_fmadd_ps(p, x2, _mm256_set1_ps(1.33314422036e-1f));
    p = _mm256_fmadd_ps(p, x2, _mm256_set1_ps(-3.33332819422e-1f));
    __m256 small = _mm256_fmadd_ps(_mm256_mul_ps(p, x2), x, x);
    __m256 e = oc_v8_exp_bounded(1.0f, 1, _mm256_add_ps(ax, ax));
    __m256 big = _mm256_sub_ps(one, _mm256_div_ps(_mm256_set1_ps(2.0f), _mm256_add_ps(e, one)));
    big = _mm256_or_ps(big, _mm256_and_ps(sign, x));
    big = oc_v8_keep_nan(big, x);
    return _mm256_blendv_ps(big, small, _mm256_cmp_ps(ax, _mm256_set1_ps(0.625f), _CMP_LT_OQ));
}

/* erf: for |x| < 1 x * P(x^2); beyond 1 - t exp(-x^2) Q(t), t = 1 / (1 + x / 2), the rational form
 * of Numerical Recipes 6.2 (erfcc, relative error of erfc under 1.2e-7). */
OC_INLINE __m256 oc_v8_erf(__m256 x)
{
    const __m256 sign = _mm256_set1_ps(-0.0f), one = _mm256_set1_ps(1.0f);
    __m256       ax = _mm256_andnot_ps(sign, x), x2 = _mm256_mul_ps(x, x);
    __m256       p = _mm256_set1_ps(7.853861353153693e-5f);
    p = _mm256_fmadd_ps(p, x2, _mm256_set1_ps(-8.010193625184903e-4f));
    p = _mm256_fmadd_ps(p, x2, _mm256_set1_ps(5.188327685732524e-3f));
    p = _mm256_fmadd_ps(p, x2, _mm256_set1_ps(-2.685381193529856e-2f));
    p = _mm256_fmadd_ps(p, x2, _mm256_set1_ps(1.128358514861418e-1f));
    p = _mm256_fmadd_ps(p, x2, _mm256_set1_ps(-3.761262582423300e-1f));
    p = _mm256_fmadd_ps(p, x2, _mm256_set1_ps(1.128379165726710f));
    __m256 small = _mm256_mul_ps(p, x);
    __m256 t = _mm256_div_ps(one, _mm256_fmadd_ps(ax, _mm256_set1_ps(0.5f), one));
    __m256 q = _mm256_set1_ps(0.17087277f);
    q = _mm256_fmadd_ps(q, t, _mm256_set1_ps(-0.82215223f));
    q = _mm256_fmadd_ps(q, t, _mm256_set1_ps(1.48851587f));
    q = _mm256_fmadd_ps(q, t, _mm256_set1_ps(-1.13520398f));
    q = _mm256_fmadd_ps(q, t, _mm256_set1_ps(0.27886807f));
    q = _mm256_fmadd_ps(q, t, _mm256_set1_ps(-0.18628806f));
    q = _mm256_fmadd_ps(q, t, _mm256_set1_ps(0.09678418f));
    q = _mm256_fmadd_ps(q, t, _mm256_set1_ps(0.37409196f));
    q = _mm256_fmadd_ps(q, t, _mm256_set1_ps(1.00002368f));
    q = _mm256_fmadd_ps(q, t, _mm256_set1_ps(-1.26551223f));
    __m256 ex = oc_v8_exp(_mm256_sub_ps(q, x2));
    __m256 big = _mm256_or_ps(_mm256_fnmadd_ps(t, ex, one), _mm256_and_ps(sign, x));
    return _mm256_blendv_ps(big, small, _mm256_cmp_ps(ax, one, _CMP_LT_OQ));
}

OC_INLINE __m256 oc_v8_gelu(__m256 x)
{
    __m256 e = oc_v8_erf(_mm256_mul_ps(x, _mm256_set1_ps(0.70710678f)));
    __m256 h = _mm256_mul_ps(x, _mm256_set1_ps(0.5f));
    return _mm256_fmadd_ps(h, e, h);
}

OC_INLINE __m256 oc_v8_mish(__m256 x)
{
    const __m256 two = _mm256_set1_ps(2.0f), limit = _mm256_set1_ps(20.0f);
    __m256       e = oc_v8_exp(_mm256_min_ps(limit, x));
    __m256       n = _mm256_mul_ps(e, _mm256_add_ps(e, two));
    __m256       y = _mm256_mul_ps(x, _mm256_div_ps(n, _mm256_add_ps(n, two)));
    return _mm256_blendv_ps(y, x, _mm256_cmp_ps(x, limit, _CMP_GT_OQ));
}

/* With a constant kind the switch folds away: make one loop per kind where it matters. */
OC_INLINE __m256 oc_v8_act(oc_act_kind kind, __m256 a, __m256 b, __m256 x)
{
    const __m256 zero = _mm256_setzero_ps(), one = _mm256_set1_ps(1.0f);
    switch (kind) {
    case OC_ACT_NONE: return x;
    case OC_ACT_RELU: return _mm256_max_ps(zero, x);
    case OC_ACT_CLIP: return oc_v8_clamp(x, a, b);
    case OC_ACT_LEAKY:
        return _mm256_blendv_ps(x, _mm256_mul_ps(a, x), _mm256_cmp_ps(x, zero, _CMP_LT_OQ));
    case OC_ACT_SIGMOID: return oc_v8_sigmoid(x);
    case OC_ACT_SILU: return oc_v8_silu(x);
    case OC_ACT_HARDSIGMOID: return oc_v8_clamp(_mm256_fmadd_ps(a, x, b), zero, one);
    case OC_ACT_HARDSWISH:
        return _mm256_mul_ps(x, oc_v8_clamp(_mm256_fmadd_ps(a, x, b), zero, one));
    case OC_ACT_TANH: return oc_v8_tanh(x);
    case OC_ACT_GELU: return oc_v8_gelu(x);
    case OC_ACT_MISH: return oc_v8_mish(x);
    }
    return x;
}

#endif
