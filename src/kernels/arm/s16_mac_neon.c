/* Loads take even and odd k apart; products by element are added into 32 bits. */
#include <arm_neon.h>

#include "kernels/s16_mac.h"
#include "kernels/tmpl/inline.h"

OC_INLINE void tile(const oc_s16_mac *m, size_t first, const int px)
{
    const int16_t *x = m->x + first * m->x_px, *w = m->w;
    int32x4_t      sum[4][4];

    OC_UNROLL for (int p = 0; p < px; p++) OC_UNROLL for (int c = 0; c < 4; c++) sum[p][c] =
        vdupq_n_s32(0);
    for (size_t k = 0; k < m->k2; k++, w += 32, x += 2) {
        const int16x8x2_t lo = vld2q_s16(w), hi = vld2q_s16(w + 16);
        OC_UNROLL for (int odd = 0; odd < 2; odd++) OC_UNROLL for (int p = 0; p < px; p++)
        {
            const int16_t v = x[(size_t)p * m->x_px + (size_t)odd];
            sum[p][0] = vmlal_n_s16(sum[p][0], vget_low_s16(lo.val[odd]), v);
            sum[p][1] = vmlal_high_n_s16(sum[p][1], lo.val[odd], v);
            sum[p][2] = vmlal_n_s16(sum[p][2], vget_low_s16(hi.val[odd]), v);
            sum[p][3] = vmlal_high_n_s16(sum[p][3], hi.val[odd], v);
        }
    }
    OC_UNROLL for (int p = 0; p < px; p++) OC_UNROLL for (int c = 0; c < 4; c++)
        vst1q_s32(m->acc + (first + (size_t)p) * 16 + 4 * c, sum[p][c]);
}

void oc_k_s16_mac__neon(const oc_s16_mac *m)
{
    size_t p = 0;
    for (; p + 4 <= m->px; p += 4)
        tile(m, p, 4);
    for (; p < m->px; p++)
        tile(m, p, 1);
}
