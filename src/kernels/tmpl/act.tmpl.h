/* act.tmpl.h -- activations on a vector of floats, for kernels that store results.
 *
 * Included after a vocabulary (x86/vec_*.h, arm/vec_*.h).  exp is within 2 ulp over the whole range,
 * the others follow from it; results agree with kernels/ref/act.h to about 4 ulp of their scale.
 * NaN in gives NaN out. */
#ifndef OC_KERNELS_TMPL_ACT_TMPL_H
#define OC_KERNELS_TMPL_ACT_TMPL_H

#include "tensor/act.h"

/* c0 + p * f, to step through a polynomial. */
OC_INLINE vf vf_horner(vf p, vf f, float c0)
{
    return vf_fma(p, f, vf_set(c0));
}

OC_INLINE vf vf_clamp(vf x, vf lo, vf hi)
{
    return vf_at_most(hi, vf_at_least(lo, x));
}

/* exp(f) for |f| <= ln2 / 2: minimax fit of (exp(f) - 1 - f) / f^2, 3e-9 of exp(f). */
OC_INLINE vf vf_exp_poly(vf f)
{
    vf p = vf_set(1.3814541135e-3f);
    p = vf_horner(p, f, 8.3687452151e-3f);
    p = vf_horner(p, f, 4.1668390770e-2f);
    p = vf_horner(p, f, 1.6666520398e-1f);
    p = vf_horner(p, f, 4.9999993432e-1f);
    return vf_fma(p, vf_mul(f, f), vf_add(f, vf_set(1.0f)));
}

/* exp(x).  Below -103.97 zero, above 88.72 infinity.  x = n ln2 + f. */
OC_INLINE vf vf_exp(vf x)
{
    vf c = vf_clamp(x, vf_set(-104.0f), vf_set(88.8f));
    vf n = vf_round(vf_mul(c, vf_set(1.44269504f)));
    /* ln2 in two parts: the first has few bits, n * 0.693359375 is exact */
    vf f = vf_fnma(n, vf_set(0.693359375f), c);
    f = vf_fnma(n, vf_set(-2.12194440e-4f), f);
    return vf_scale(vf_exp_poly(f), n);
}

/* exp(s * x) for s = 1 or -1 where 1 + exp is what is wanted: x clamped to +-87.  t = s x log2(e)
 * is rounded by adding 1.5 * 2^23, which leaves its integer in the low bits: a shift makes it an
 * exponent.  2^f, |f| <= 1/2, by a minimax polynomial, 1e-7 of the result.  `exact` adds what
 * log2(e) loses as a float: without it the error grows to 1e-6 at the ends. */
OC_INLINE vf vf_exp_bounded(const float s, const int exact, vf x)
{
    const vf magic = vf_set(12582912.0f), scale = vf_set(s * 1.44269504f);
    vf       c = vf_clamp(x, vf_set(-87.0f), vf_set(87.0f));
    vf       t = vf_fma(c, scale, magic);
    vf       f = vf_fma(c, scale, vf_sub(magic, t));
    if (exact)
        f = vf_fma(c, vf_set(s * 1.92596299e-8f), f);
    vf p = vf_set(1.326459071e-3f);
    p = vf_horner(p, f, 9.671619065e-3f);
    p = vf_horner(p, f, 5.550735032e-2f);
    p = vf_horner(p, f, 2.402224046e-1f);
    p = vf_horner(p, f, 6.931469764e-1f);
    p = vf_horner(p, f, 1.0f);
    return vf_scale_by_low_bits(p, t);
}

/* A NaN's payload could end up in the exponent: where x itself is not a factor of the result, NaN
 * is put back. */
OC_INLINE vf vf_sigmoid(vf x)
{
    const vf one = vf_set(1.0f);
    vf       e = vf_exp_bounded(-1.0f, 1, x);
    return vf_keep_nan(vf_div(one, vf_add(one, e)), x);
}

/* Far below zero exp is held at e^87: so is x, or the quotient would grow again. */
OC_INLINE vf vf_silu(vf x)
{
    vf c = vf_at_least(vf_set(-87.0f), x);
    vf e = vf_exp_bounded(-1.0f, 0, c);
    return vf_div(c, vf_add(vf_set(1.0f), e));
}

/* Near zero 1 - 2 / (e + 1) would cancel: a polynomial there (|x| < 0.625), as in Cephes. */
OC_INLINE vf vf_tanh(vf x)
{
    const vf one = vf_set(1.0f);
    vf       ax = vf_abs(x), x2 = vf_mul(x, x);
    vf       p = vf_set(-5.70498872745e-3f);
    p = vf_horner(p, x2, 2.06390887954e-2f);
    p = vf_horner(p, x2, -5.37397155531e-2f);
    p = vf_horner(p, x2, 1.33314422036e-1f);
    p = vf_horner(p, x2, -3.33332819422e-1f);
    vf small = vf_fma(vf_mul(p, x2), x, x);
    vf e = vf_exp_bounded(1.0f, 1, vf_add(ax, ax));
    vf big = vf_sub(one, vf_div(vf_set(2.0f), vf_add(e, one)));
    big = vf_keep_nan(vf_with_sign(big, x), x);
    return vf_select(vf_lt(ax, vf_set(0.625f)), small, big);
}

/* erf: for |x| < 1 x * P(x^2); beyond 1 - t exp(-x^2) Q(t), t = 1 / (1 + x / 2), the rational form
 * of Numerical Recipes 6.2 (erfcc, relative error of erfc under 1.2e-7). */
OC_INLINE vf vf_erf(vf x)
{
    const vf one = vf_set(1.0f);
    vf       ax = vf_abs(x), x2 = vf_mul(x, x);
    vf       p = vf_set(7.853861353153693e-5f);
    p = vf_horner(p, x2, -8.010193625184903e-4f);
    p = vf_horner(p, x2, 5.188327685732524e-3f);
    p = vf_horner(p, x2, -2.685381193529856e-2f);
    p = vf_horner(p, x2, 1.128358514861418e-1f);
    p = vf_horner(p, x2, -3.761262582423300e-1f);
    p = vf_horner(p, x2, 1.128379165726710f);
    vf small = vf_mul(p, x);
    vf t = vf_div(one, vf_fma(ax, vf_set(0.5f), one));
    vf q = vf_set(0.17087277f);
    q = vf_horner(q, t, -0.82215223f);
    q = vf_horner(q, t, 1.48851587f);
    q = vf_horner(q, t, -1.13520398f);
    q = vf_horner(q, t, 0.27886807f);
    q = vf_horner(q, t, -0.18628806f);
    q = vf_horner(q, t, 0.09678418f);
    q = vf_horner(q, t, 0.37409196f);
    q = vf_horner(q, t, 1.00002368f);
    q = vf_horner(q, t, -1.26551223f);
    vf ex = vf_exp(vf_sub(q, x2));
    vf big = vf_with_sign(vf_fnma(t, ex, one), x);
    return vf_select(vf_lt(ax, one), small, big);
}

OC_INLINE vf vf_gelu(vf x)
{
    vf e = vf_erf(vf_mul(x, vf_set(0.70710678f)));
    vf h = vf_mul(x, vf_set(0.5f));
    return vf_fma(h, e, h);
}

OC_INLINE vf vf_mish(vf x)
{
    const vf two = vf_set(2.0f), limit = vf_set(20.0f);
    vf       e = vf_exp(vf_at_most(limit, x));
    vf       n = vf_mul(e, vf_add(e, two));
    vf       y = vf_mul(x, vf_div(n, vf_add(n, two)));
    return vf_select(vf_gt(x, limit), x, y);
}

/* With a constant kind the switch folds away: make one loop per kind where it matters. */
OC_INLINE vf vf_act(oc_act_kind kind, vf a, vf b, vf x)
{
    const vf zero = vf_zero(), one = vf_set(1.0f);
    switch (kind) {
    case OC_ACT_NONE: return x;
    case OC_ACT_RELU: return vf_at_least(zero, x);
    case OC_ACT_CLIP: return vf_clamp(x, a, b);
    case OC_ACT_LEAKY: return vf_select(vf_lt(x, zero), vf_mul(a, x), x);
    case OC_ACT_SIGMOID: return vf_sigmoid(x);
    case OC_ACT_SILU: return vf_silu(x);
    case OC_ACT_HARDSIGMOID: return vf_clamp(vf_fma(a, x, b), zero, one);
    case OC_ACT_HARDSWISH: return vf_mul(x, vf_clamp(vf_fma(a, x, b), zero, one));
    case OC_ACT_TANH: return vf_tanh(x);
    case OC_ACT_GELU: return vf_gelu(x);
    case OC_ACT_MISH: return vf_mish(x);
    }
    return x;
}

/* switch (kind): CALL(constant kind) and return, for the activations that are more than a few
 * operations; the others follow. */
#define OC_ACT_LONG_CASES(CALL)                                \
    case OC_ACT_LEAKY: CALL(OC_ACT_LEAKY); return;             \
    case OC_ACT_SIGMOID: CALL(OC_ACT_SIGMOID); return;         \
    case OC_ACT_SILU: CALL(OC_ACT_SILU); return;               \
    case OC_ACT_HARDSIGMOID: CALL(OC_ACT_HARDSIGMOID); return; \
    case OC_ACT_TANH: CALL(OC_ACT_TANH); return;               \
    case OC_ACT_GELU: CALL(OC_ACT_GELU); return;               \
    case OC_ACT_MISH:                                          \
        CALL(OC_ACT_MISH);                                     \
        return
#define OC_ACT_SHORT_CASES(CALL)                 \
    case OC_ACT_NONE: CALL(OC_ACT_NONE); return; \
    case OC_ACT_RELU: CALL(OC_ACT_RELU); return; \
    case OC_ACT_CLIP: CALL(OC_ACT_CLIP); return; \
    case OC_ACT_HARDSWISH:                       \
        CALL(OC_ACT_HARDSWISH);                  \
        return

#endif
