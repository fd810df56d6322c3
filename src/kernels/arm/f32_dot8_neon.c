/* Eight pixels by up to two outputs at a time: four lanes of a sum for each, then added across. */
#include "kernels/arm/act_neon.h"
#include "kernels/f32_dot8.h"

/* As in f32_mac_neon.c: the early scheduler would spill accumulators. */
#if !defined(__clang__)
#pragma GCC optimize("no-schedule-insns")
#endif

/* acc[k * 8 + i] = lanes of the sum of output o + k, pixel p + i, of which `n` are there. */
OC_INLINE void sums(const oc_dot8 *d, size_t o, const size_t outs, size_t p, const size_t n,
                    float32x4_t acc[16])
{
    const size_t step = d->blocks * 8;
    const float *x = d->x + p * 8, *w = d->w + o * step;

    OC_UNROLL for (size_t i = 0; i < 8 * outs; i++) acc[i] = vdupq_n_f32(0.0f);
    for (size_t b = 0; b < d->blocks; b++, x += d->x_blk, w += 8)
        OC_UNROLL for (size_t i = 0; i < 8; i++) if (i < n)
        {
            const float32x4_t lo = vld1q_f32(x + i * 8), hi = vld1q_f32(x + i * 8 + 4);
            OC_UNROLL for (size_t k = 0; k < outs; k++)
            {
                float32x4_t *sum = acc + k * 8 + i;
                *sum = vfmaq_f32(*sum, lo, vld1q_f32(w + k * step));
                *sum = vfmaq_f32(*sum, hi, vld1q_f32(w + k * step + 4));
            }
        }
}

OC_INLINE void pixels(const oc_act_kind kind, const oc_dot8 *d, size_t o, const size_t outs,
                      size_t p, const size_t n)
{
    const float32x4_t a = vdupq_n_f32(d->act.a), b = vdupq_n_f32(d->act.b);
    float32x4_t       acc[16];

    sums(d, o, outs, p, n, acc);
    OC_UNROLL for (size_t k = 0; k < outs; k++)
    {
        const float32x4_t bias = vdupq_n_f32(d->bias ? d->bias[o + k] : 0.0f);
        float            *y = d->y + (ptrdiff_t)(o + k) * d->y_plane + p, part[8];
        float            *to = n == 8 ? y : part;
        OC_UNROLL for (size_t h = 0; h < 8; h += 4)
        {
            const float32x4_t *at = acc + k * 8 + h;
            float32x4_t        v = vpaddq_f32(vpaddq_f32(at[0], at[1]), vpaddq_f32(at[2], at[3]));
            vst1q_f32(to + h, oc_v4_act(kind, a, b, vaddq_f32(v, bias)));
        }
        for (size_t i = 0; i < n && n != 8; i++)
            y[i] = part[i];
    }
}

/* All outputs of pixels p .. p + n - 1. */
OC_INLINE void outputs(const oc_act_kind kind, const oc_dot8 *d, size_t p, const size_t n)
{
    size_t o = 0;

    for (; o + 2 <= d->oc; o += 2)
        pixels(kind, d, o, 2, p, n);
    if (o < d->oc)
        pixels(kind, d, o, 1, p, n);
}

OC_INLINE void run(const oc_act_kind kind, const oc_dot8 *d)
{
    size_t p = 0;

    for (; p + 8 <= d->px; p += 8)
        outputs(kind, d, p, 8);
    if (p < d->px)
        outputs(kind, d, p, d->px - p);
}

void oc_k_f32_dot8__neon(const oc_dot8 *d)
{
#define CASE(kind) \
    case kind: run(kind, d); return;
    switch (d->act.kind) {
        CASE(OC_ACT_NONE)
        CASE(OC_ACT_RELU)
        CASE(OC_ACT_CLIP)
        CASE(OC_ACT_LEAKY)
        CASE(OC_ACT_SIGMOID)
        CASE(OC_ACT_SILU)
        CASE(OC_ACT_HARDSIGMOID)
        CASE(OC_ACT_HARDSWISH)
        CASE(OC_ACT_TANH)
        CASE(OC_ACT_GELU)
        CASE(OC_ACT_MISH)
    }
#undef CASE
}
