#include "kernels/arm/act_neon.h"
#include "kernels/f32_reduce.h"

OC_INLINE float32x4_t step(oc_reduce_kind kind, float32x4_t a, float32x4_t v, float32x4_t c)
{
    switch (kind) {
    case OC_REDUCE_SUM: return vaddq_f32(a, v);
    case OC_REDUCE_SUM_ABS: return vaddq_f32(a, vabsq_f32(v));
    case OC_REDUCE_SUM_SQUARE: return vfmaq_f32(a, v, v);
    case OC_REDUCE_SQUARE_DIFF: v = vsubq_f32(v, c); return vfmaq_f32(a, v, v);
    case OC_REDUCE_EXP_DIFF: return vaddq_f32(a, oc_v4_exp(vsubq_f32(v, c)));
    case OC_REDUCE_MAX: return vmaxq_f32(a, v);
    case OC_REDUCE_MIN: return vminq_f32(a, v);
    default: return vmulq_f32(a, v);
    }
}

OC_INLINE float32x4_t join(oc_reduce_kind kind, float32x4_t a, float32x4_t b)
{
    if (kind == OC_REDUCE_MAX || kind == OC_REDUCE_MIN || kind == OC_REDUCE_PROD)
        return step(kind, a, b, b);
    return vaddq_f32(a, b);
}

/* Eight chains, four for each half of the lanes, hide the latency of the additions. */
OC_INLINE void reduce(oc_reduce_kind kind, size_t n, const float *x, const float *c, float start,
                      float *acc)
{
    const float32x4_t none = vdupq_n_f32(start), zero = vdupq_n_f32(0.0f);
    const float32x4_t vc[2] = {c ? vld1q_f32(c) : zero, c ? vld1q_f32(c + 4) : zero};
    float32x4_t a[8] = {vld1q_f32(acc), vld1q_f32(acc + 4), none, none, none, none, none, none};
    size_t      i = 0;

    for (; i + 32 <= n; i += 32)
        OC_UNROLL for (int k = 0; k < 8; k++) a[k] =
            step(kind, a[k], vld1q_f32(x + i + k * 4), vc[k % 2]);
    for (; i + 8 <= n; i += 8) {
        a[0] = step(kind, a[0], vld1q_f32(x + i), vc[0]);
        a[1] = step(kind, a[1], vld1q_f32(x + i + 4), vc[1]);
    }
    for (int h = 0; h < 2; h++) {
        float        rest[4] = {0};
        const size_t from = i + (size_t)h * 4, left = from < n ? n - from : 0;
        float32x4_t  sum = join(kind, join(kind, a[h], a[2 + h]), join(kind, a[4 + h], a[6 + h]));

        vst1q_f32(acc + h * 4, sum);
        for (size_t k = 0; k < left && k < 4; k++)
            rest[k] = x[from + k];
        vst1q_f32(rest, step(kind, sum, vld1q_f32(rest), vc[h]));
        for (size_t k = 0; k < left && k < 4; k++)
            acc[h * 4 + (int)k] = rest[k];
    }
}

#define KIND(name) \
    case OC_REDUCE_##name: reduce(OC_REDUCE_##name, n, x, c, start[0], acc); break

void oc_k_f32_reduce__neon(oc_reduce_kind kind, size_t n, const float *x, const float *c,
                           float *acc)
{
    float start[8];

    oc_reduce_start(kind, start); /* the same in every lane */
    switch (kind) {
        KIND(SUM);
        KIND(SUM_ABS);
        KIND(SUM_SQUARE);
        KIND(SQUARE_DIFF);
        KIND(EXP_DIFF);
        KIND(MAX);
        KIND(MIN);
        KIND(PROD);
    }
}
