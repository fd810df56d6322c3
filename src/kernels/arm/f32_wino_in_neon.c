/* Rows first into an array on the stack, then columns straight into place; the two halves of the
 * eight channels one after the other, so that a tile's row stays in registers. */
#include <stdbool.h>

#include "kernels/arm/act_neon.h"
#include "kernels/f32_wino_in.h"

/* out[k * s] = row k of B^T times d. */
OC_INLINE void rows(const float32x4_t d[6], float *out, ptrdiff_t s)
{
    const float32x4_t a = vdupq_n_f32(OC_WINO_A), b = vdupq_n_f32(OC_WINO_B);
    const float32x4_t half = vdupq_n_f32(0.5f), c = vdupq_n_f32(2.5f);
    float32x4_t       t0 = vsubq_f32(d[4], vaddq_f32(d[2], d[2]));
    float32x4_t       t1 = vfmsq_f32(vmulq_f32(a, d[3]), b, d[1]);
    float32x4_t       t2 = vfmsq_f32(d[4], half, d[2]);
    float32x4_t       t3 = vfmsq_f32(vmulq_f32(b, d[3]), a, d[1]);

    vst1q_f32(out, vaddq_f32(d[0], vfmsq_f32(d[4], c, d[2])));
    vst1q_f32(out + s, vaddq_f32(t0, t1));
    vst1q_f32(out + 2 * s, vsubq_f32(t0, t1));
    vst1q_f32(out + 3 * s, vaddq_f32(t2, t3));
    vst1q_f32(out + 4 * s, vsubq_f32(t2, t3));
    vst1q_f32(out + 5 * s, vaddq_f32(d[1], vfmsq_f32(d[5], c, d[3])));
}

/* Four channels of a tile; y and x are its corner in the input. */
OC_INLINE void tile(const bool edge, const oc_wino_in *t, ptrdiff_t y, ptrdiff_t x,
                    ptrdiff_t channel, float *v)
{
    static const float zeros[4];
    float              mid[36 * 4];
    float32x4_t        d[6];

    for (ptrdiff_t i = 0; i < 6; i++) {
        const bool   out = edge && (y + i < 0 || y + i >= t->in_h);
        const float *from = t->x + ((y + i) * t->in_w + x) * 8 + channel;
        OC_UNROLL for (ptrdiff_t j = 0; j < 6; j++)
        {
            bool none = edge && (out || x + j < 0 || x + j >= t->in_w);
            d[j] = vld1q_f32(none ? zeros : from + j * 8);
        }
        rows(d, mid + i * 24, 4);
    }
    for (ptrdiff_t j = 0; j < 6; j++) {
        OC_UNROLL for (ptrdiff_t i = 0; i < 6; i++) d[i] = vld1q_f32(mid + i * 24 + j * 4);
        rows(d, v + j * t->v_q, 6 * t->v_q);
    }
}

void oc_k_f32_wino_in__neon(const oc_wino_in *t)
{
    for (size_t i = 0; i < t->tiles; i++) {
        const size_t    at = t->first + i;
        const ptrdiff_t y = (ptrdiff_t)(at / t->tiles_w) * OC_WINO_OUT - t->top;
        const ptrdiff_t x = (ptrdiff_t)(at % t->tiles_w) * OC_WINO_OUT - t->left;
        const bool      inside = y >= 0 && x >= 0 && y + 6 <= t->in_h && x + 6 <= t->in_w;

        for (ptrdiff_t channel = 0; channel < 8; channel += 4) {
            float *v = t->v + i * 8 + channel;
            if (inside)
                tile(false, t, y, x, channel, v);
            else
                tile(true, t, y, x, channel, v);
        }
    }
}
