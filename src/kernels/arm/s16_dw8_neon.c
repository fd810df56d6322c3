/* A pixel's eight channels are one register of 16 bits; products by element are added into 32. */
#include <arm_neon.h>

#include "kernels/s16_dw8.h"
#include "kernels/tmpl/inline.h"

OC_INLINE void tile(const oc_dw8 *d, size_t first, const int px)
{
    const int16_t *x = d->x + (ptrdiff_t)first * d->x_px, *w = d->w;
    int32x4_t      lo[4], hi[4];

    OC_UNROLL for (int p = 0; p < px; p++)
    {
        lo[p] = vld1q_s32(d->start);
        hi[p] = vld1q_s32(d->start + 4);
    }
    for (size_t t = 0; t < d->taps; t += 2, w += 16) {
        const int16x8x2_t both = vld2q_s16(w);
        OC_UNROLL for (int odd = 0; odd < 2; odd++) OC_UNROLL for (int p = 0; p < px; p++)
        {
            const int16x8_t v = vld1q_s16(x + d->at[t + (size_t)odd] + p * d->x_px);
            lo[p] = vmlal_s16(lo[p], vget_low_s16(v), vget_low_s16(both.val[odd]));
            hi[p] = vmlal_high_s16(hi[p], v, both.val[odd]);
        }
    }
    OC_UNROLL for (int p = 0; p < px; p++)
    {
        vst1q_s32(d->acc + (first + (size_t)p) * 8, lo[p]);
        vst1q_s32(d->acc + (first + (size_t)p) * 8 + 4, hi[p]);
    }
}

void oc_k_s16_dw8__neon(const oc_dw8 *d)
{
    size_t p = 0;
    for (; p + 4 <= d->px; p += 4)
        tile(d, p, 4);
    for (; p < d->px; p++)
        tile(d, p, 1);
}
