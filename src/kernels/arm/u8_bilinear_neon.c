/* Vertical first, over the source row: 16-bit values of 128 a grey level.  Then four outputs at a
 * time: their pixels lie within 16 bytes unless the picture shrinks by more than two, so that one
 * table look-up brings the pairs; otherwise each pair is loaded by itself. */
#include <arm_neon.h>
#include <string.h>

#include "kernels/u8_bilinear.h"

#define Q 7 /* 255 << 7 fits 16 bits with a sign */

static inline int16x8_t blend8(uint8x8_t a, uint8x8_t b, int16_t w)
{
    const int16x8_t va = vreinterpretq_s16_u16(vshll_n_u8(a, Q));
    const int16x8_t vb = vreinterpretq_s16_u16(vshll_n_u8(b, Q));

    return vaddq_s16(va, vqrdmulhq_n_s16(vsubq_s16(vb, va), w));
}

/* The first bytes of 16 pixels. */
static inline __attribute__((always_inline)) uint8x16_t load(const size_t step, const uint8_t *p)
{
    return step == 1   ? vld1q_u8(p)
           : step == 2 ? vld2q_u8(p).val[0]
           : step == 3 ? vld3q_u8(p).val[0]
                       : vld4q_u8(p).val[0];
}

static inline __attribute__((always_inline)) void vertical(const size_t              step,
                                                           const oc_u8_bilinear_row *row, size_t n)
{
    const int16_t w = (int16_t)(row->w * 32767.0f + 0.5f);
    size_t        i = 0;

    /* the last pixel's bytes end with its own: (n - 1) * step + 1 may be read */
    for (; (i + 16) * step <= (n - 1) * step + 1; i += 16) {
        const uint8x16_t a = load(step, row->a + i * step), b = load(step, row->b + i * step);
        vst1q_s16(row->scratch + i, blend8(vget_low_u8(a), vget_low_u8(b), w));
        vst1q_s16(row->scratch + i + 8, blend8(vget_high_u8(a), vget_high_u8(b), w));
    }
    for (; i < n; i++) {
        int a = row->a[i * step], d = (row->b[i * step] - a) * (1 << Q);
        row->scratch[i] = (int16_t)(a * (1 << Q) + ((d * w + (1 << 14)) >> 15));
    }
}

/* Four outputs from their pairs of pixels and of weights. */
static inline float32x4_t finish(int16x8_t pixels, const int16_t *pair)
{
    const int16x8_t w = vld1q_s16(pair);
    const int32x4_t lo = vmull_s16(vget_low_s16(pixels), vget_low_s16(w));
    const int32x4_t hi = vmull_high_s16(pixels, w);

    return vmulq_n_f32(vcvtq_f32_s32(vpaddq_s32(lo, hi)), 1.0f / (1 << (Q + 14)));
}

static void horizontal_shuffle(const oc_u8_taps *t, const int16_t *v, float *out)
{
    for (size_t i = 0; i < t->n; i += 4) {
        const uint8x16_t p = vreinterpretq_u8_s16(vld1q_s16(v + t->group[i / 4]));
        const uint8x16_t s = vld1q_u8(t->shuffle + 4 * i);
        vst1q_f32(out + i, finish(vreinterpretq_s16_u8(vqtbl1q_u8(p, s)), t->pair + 2 * i));
    }
}

static void horizontal_gather(const oc_u8_taps *t, const int16_t *v, float *out)
{
    for (size_t i = 0; i < t->n; i += 4) {
        int16_t pixels[8];
        for (size_t k = 0; k < 4; k++)
            memcpy(pixels + 2 * k, v + t->at[i + k], 2 * sizeof(*v));
        vst1q_f32(out + i, finish(vld1q_s16(pixels), t->pair + 2 * i));
    }
}

void oc_k_u8_bilinear__neon(const oc_u8_bilinear_row *row, float *out)
{
    const oc_u8_taps *t = row->taps;

    switch (row->step) {
    case 1: vertical(1, row, t->n_src); break;
    case 2: vertical(2, row, t->n_src); break;
    case 3: vertical(3, row, t->n_src); break;
    default: vertical(4, row, t->n_src); break;
    }
    /* loads reach beyond the last pixel, with weight 0 */
    for (size_t i = 0; i < 8; i++)
        row->scratch[t->n_src + i] = 0;
    if (t->grouped)
        horizontal_shuffle(t, row->scratch, out);
    else
        horizontal_gather(t, row->scratch, out);
}
