/* act_neon.h -- activations on four floats in a register, for kernels that store results.
 *
 * The twin of x86/act_avx2.h, with the same polynomials: exp is within 2 ulp over the whole range,
 * the others follow from it; results agree with kernels/ref/act.h to about 4 ulp of their scale.
 * NaN in gives NaN out: the minimum and maximum of this instruction set hand a NaN on, whichever
 * side it comes from. */
#ifndef OC_KERNELS_ARM_ACT_NEON_H
#define OC_KERNELS_ARM_ACT_NEON_H

#include <arm_neon.h>

#include "tensor/act.h"

#define OC_INLINE static inline __attribute__((always_inline))

/* In front of a short loop of constant length whose arrays are meant to be registers. */
#if defined(__clang__)
#define OC_UNROLL _Pragma("clang loop unroll(full)")
#else
#define OC_UNROLL _Pragma("GCC unroll 32")
#endif

/* Negative zero: the sign bit alone. */
OC_INLINE uint32x4_t oc_v4_sign_bit(void)
{
    return vdupq_n_u32(0x80000000u);
}

/* The magnitude of x with the sign of `from`. */
OC_INLINE float32x4_t oc_v4_copy_sign(float32x4_t x, float32x4_t from)
{
    return vbslq_f32(oc_v4_sign_bit(), from, x);
}

/* c0 + p * f, to step through a polynomial. */
OC_INLINE float32x4_t oc_v4_horner(float32x4_t p, float32x4_t f, float c0)
{
    return vfmaq_f32(vdupq_n_f32(c0), p, f);
}

OC_INLINE float32x4_t oc_v4_clamp(float32x4_t x, float32x4_t lo, float32x4_t hi)
{
    return vminq_f32(hi, vmaxq_f32(lo, x));
}

/* exp(f) for |f| <= ln2 / 2: minimax fit of (exp(f) - 1 - f) / f^2, 3e-9 of exp(f). */
OC_INLINE float32x4_t oc_v4_exp_poly(float32x4_t f)
{
    float32x4_t p = vdupq_n_f32(1.3814541135e-3f);
    p = oc_v4_horner(p, f, 8.3687452151e-3f);
    p = oc_v4_horner(p, f, 4.1668390770e-2f);
    p = oc_v4_horner(p, f, 1.6666520398e-1f);
    p = oc_v4_horner(p, f, 4.9999993432e-1f);
    return vfmaq_f32(vaddq_f32(f, vdupq_n_f32(1.0f)), p, vmulq_f32(f, f));
}

/* exp(x).  Below -103.97 zero, above 88.72 infinity.  x = n ln2 + f; 2^n comes in two factors, so
 * that results among the denormals are right too. */
OC_INLINE float32x4_t oc_v4_exp(float32x4_t x)
{
    float32x4_t c = oc_v4_clamp(x, vdupq_n_f32(-104.0f), vdupq_n_f32(88.8f));
    float32x4_t n = vrndnq_f32(vmulq_f32(c, vdupq_n_f32(1.44269504f)));
    /* ln2 in two parts: the first has few bits, n * 0.693359375 is exact */
    float32x4_t f = vfmsq_f32(c, n, vdupq_n_f32(0.693359375f));
    f = vfmsq_f32(f, n, vdupq_n_f32(-2.12194440e-4f));
    float32x4_t p = oc_v4_exp_poly(f);
    int32x4_t   k = vcvtq_s32_f32(n), bias = vdupq_n_s32(127);
    int32x4_t   k1 = vshrq_n_s32(k, 1), k2 = vsubq_s32(k, k1);
    float32x4_t s1 = vreinterpretq_f32_s32(vshlq_n_s32(vaddq_s32(k1, bias), 23));
    float32x4_t s2 = vreinterpretq_f32_s32(vshlq_n_s32(vaddq_s32(k2, bias), 23));
    return vmulq_f32(vmulq_f32(p, s1), s2);
}

/* exp(s * x) for s = 1 or -1 where 1 + exp is what is wanted: x clamped to +-87.  t = s x log2(e)
 * is rounded by adding 1.5 * 2^23, which leaves its integer in the low bits: a shift makes it an
 * exponent.  2^f, |f| <= 1/2, by a minimax polynomial, 1e-7 of the result.  `exact` adds what
 * log2(e) loses as a float: without it the error grows to 1e-6 at the ends. */
OC_INLINE float32x4_t oc_v4_exp_bounded(const float s, const int exact, float32x4_t x)
{
    const float32x4_t magic = vdupq_n_f32(12582912.0f), scale = vdupq_n_f32(s * 1.44269504f);
    float32x4_t       c = oc_v4_clamp(x, vdupq_n_f32(-87.0f), vdupq_n_f32(87.0f));
    float32x4_t       t = vfmaq_f32(magic, c, scale);
    float32x4_t       f = vfmaq_f32(vsubq_f32(magic, t), c, scale);
    if (exact)
        f = vfmaq_f32(f, c, vdupq_n_f32(s * 1.92596299e-8f));
    float32x4_t p = vdupq_n_f32(1.326459071e-3f);
    p = oc_v4_horner(p, f, 9.671619065e-3f);
    p = oc_v4_horner(p, f, 5.550735032e-2f);
    p = oc_v4_horner(p, f, 2.402224046e-1f);
    p = oc_v4_horner(p, f, 6.931469764e-1f);
    p = oc_v4_horner(p, f, 1.0f);
    int32x4_t k = vshlq_n_s32(vreinterpretq_s32_f32(t), 23);
    return vreinterpretq_f32_s32(vaddq_s32(vreinterpretq_s32_f32(p), k));
}

/* A NaN's payload could end up in the exponent: where x itself is not a factor of the result, NaN
 * is put back. */
OC_INLINE float32x4_t oc_v4_keep_nan(float32x4_t y, float32x4_t x)
{
    return vbslq_f32(vceqq_f32(x, x), y, x);
}

OC_INLINE float32x4_t oc_v4_sigmoid(float32x4_t x)
{
    const float32x4_t one = vdupq_n_f32(1.0f);
    float32x4_t       e = oc_v4_exp_bounded(-1.0f, 1, x);
    return oc_v4_keep_nan(vdivq_f32(one, vaddq_f32(one, e)), x);
}

/* Far below zero exp is held at e^87: so is x, or the quotient would grow again. */
OC_INLINE float32x4_t oc_v4_silu(float32x4_t x)
{
    float32x4_t c = vmaxq_f32(vdupq_n_f32(-87.0f), x);
    float32x4_t e = oc_v4_exp_bounded(-1.0f, 0, c);
    return vdivq_f32(c, vaddq_f32(vdupq_n_f32(1.0f), e));
}

/* Near zero 1 - 2 / (e + 1) would cancel: a polynomial there (|x| < 0.625), as in Cephes. */
OC_INLINE float32x4_t oc_v4_tanh(float32x4_t x)
{
    const float32x4_t one = vdupq_n_f32(1.0f);
    float32x4_t       ax = vabsq_f32(x), x2 = vmulq_f32(x, x);
    float32x4_t       p = vdupq_n_f32(-5.70498872745e-3f);
    p = oc_v4_horner(p, x2, 2.06390887954e-2f);
    p = oc_v4_horner(p, x2, -5.37397155531e-2f);
    p = oc_v4_horner(p, x2, 1.33314422036e-1f);
    p = oc_v4_horner(p, x2, -3.33332819422e-1f);
    float32x4_t small = vfmaq_f32(x, vmulq_f32(p, x2), x);
    float32x4_t e = oc_v4_exp_bounded(1.0f, 1, vaddq_f32(ax, ax));
    float32x4_t big = vsubq_f32(one, vdivq_f32(vdupq_n_f32(2.0f), vaddq_f32(e, one)));
    big = oc_v4_keep_nan(oc_v4_copy_sign(big, x), x);
    return vbslq_f32(vcltq_f32(ax, vdupq_n_f32(0.625f)), small, big);
}

/* erf: for |x| < 1 x * P(x^2); beyond 1 - t exp(-x^2) Q(t), t = 1 / (1 + x / 2), the rational form
 * of Numerical Recipes 6.2 (erfcc, relative error of erfc under 1.2e-7). */
OC_INLINE float32x4_t oc_v4_erf(float32x4_t x)
{
    const float32x4_t one = vdupq_n_f32(1.0f);
    float32x4_t       ax = vabsq_f32(x), x2 = vmulq_f32(x, x);
    float32x4_t       p = vdupq_n_f32(7.853861353153693e-5f);
    p = oc_v4_horner(p, x2, -8.010193625184903e-4f);
    p = oc_v4_horner(p, x2, 5.188327685732524e-3f);
    p = oc_v4_horner(p, x2, -2.685381193529856e-2f);
    p = oc_v4_horner(p, x2, 1.128358514861418e-1f);
    p = oc_v4_horner(p, x2, -3.761262582423300e-1f);
    p = oc_v4_horner(p, x2, 1.128379165726710f);
    float32x4_t small = vmulq_f32(p, x);
    float32x4_t t = vdivq_f32(one, vfmaq_f32(one, ax, vdupq_n_f32(0.5f)));
    float32x4_t q = vdupq_n_f32(0.17087277f);
    q = oc_v4_horner(q, t, -0.82215223f);
    q = oc_v4_horner(q, t, 1.48851587f);
    q = oc_v4_horner(q, t, -1.13520398f);
    q = oc_v4_horner(q, t, 0.27886807f);
    q = oc_v4_horner(q, t, -0.18628806f);
    q = oc_v4_horner(q, t, 0.09678418f);
    q = oc_v4_horner(q, t, 0.37409196f);
    q = oc_v4_horner(q, t, 1.00002368f);
    q = oc_v4_horner(q, t, -1.26551223f);
    float32x4_t ex = oc_v4_exp(vsubq_f32(q, x2));
    float32x4_t big = oc_v4_keep_nan(oc_v4_copy_sign(vfmsq_f32(one, t, ex), x), x);
    return vbslq_f32(vcltq_f32(ax, one), small, big);
}

OC_INLINE float32x4_t oc_v4_gelu(float32x4_t x)
{
    float32x4_t e = oc_v4_erf(vmulq_f32(x, vdupq_n_f32(0.70710678f)));
    float32x4_t h = vmulq_f32(x, vdupq_n_f32(0.5f));
    return vfmaq_f32(h, h, e);
}

OC_INLINE float32x4_t oc_v4_mish(float32x4_t x)
{
    const float32x4_t two = vdupq_n_f32(2.0f), limit = vdupq_n_f32(20.0f);
    float32x4_t       e = oc_v4_exp(vminq_f32(limit, x));
    float32x4_t       n = vmulq_f32(e, vaddq_f32(e, two));
    float32x4_t       y = vmulq_f32(x, vdivq_f32(n, vaddq_f32(n, two)));
    return vbslq_f32(vcgtq_f32(x, limit), x, y);
}

/* With a constant kind the switch folds away: make one loop per kind where it matters. */
OC_INLINE float32x4_t oc_v4_act(oc_act_kind kind, float32x4_t a, float32x4_t b, float32x4_t x)
{
    const float32x4_t zero = vdupq_n_f32(0.0f), one = vdupq_n_f32(1.0f);
    switch (kind) {
    case OC_ACT_NONE: return x;
    case OC_ACT_RELU: return vmaxq_f32(zero, x);
    case OC_ACT_CLIP: return oc_v4_clamp(x, a, b);
    case OC_ACT_LEAKY: return vbslq_f32(vcltzq_f32(x), vmulq_f32(a, x), x);
    case OC_ACT_SIGMOID: return oc_v4_sigmoid(x);
    case OC_ACT_SILU: return oc_v4_silu(x);
    case OC_ACT_HARDSIGMOID: return oc_v4_clamp(vfmaq_f32(b, a, x), zero, one);
    case OC_ACT_HARDSWISH: return vmulq_f32(x, oc_v4_clamp(vfmaq_f32(b, a, x), zero, one));
    case OC_ACT_TANH: return oc_v4_tanh(x);
    case OC_ACT_GELU: return oc_v4_gelu(x);
    case OC_ACT_MISH: return oc_v4_mish(x);
    }
    return x;
}

/* All ones in the first `lanes` of eight: two masks of four. */
OC_INLINE uint32x4x2_t oc_v8_mask(unsigned lanes)
{
    static const uint32_t order[8] = {0, 1, 2, 3, 4, 5, 6, 7};
    const uint32x4_t      n = vdupq_n_u32(lanes);
    return (uint32x4x2_t){{vcltq_u32(vld1q_u32(order), n), vcltq_u32(vld1q_u32(order + 4), n)}};
}

OC_INLINE float32x4_t oc_v4_and(float32x4_t x, uint32x4_t mask)
{
    return vreinterpretq_f32_u32(vandq_u32(vreinterpretq_u32_f32(x), mask));
}

#endif
