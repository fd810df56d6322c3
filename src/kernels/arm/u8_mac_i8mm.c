/* USMMLA: two pixels of eight unsigned bytes by two channels of eight signed ones, four sums in one
 * instruction.  A group is a block of NC8; channels lie pairwise as they are packed.  Up to six pixels:
 * three pairs by eight pairs of channels are 24 registers of sums. */
#include <arm_neon.h>
#include <string.h>

#include "kernels/tmpl/inline.h"
#include "kernels/tmpl/u8_mac_tiles.h"
#include "kernels/u8_mac.h"

const oc_mac8_form oc_u8_mac_form__i8mm = {.deep = 8, .w_min = -128, .w_max = 127};

/* pairs of channels: 8 or 4; an odd last pixel goes with itself, and is stored once */
OC_INLINE void tile(const oc_mac8 *m, size_t first, const int px, const int pairs)
{
    const int8_t  *w = m->narrow;
    const uint8_t *x[6];
    int32x4_t      sum[3][8];

    OC_UNROLL for (int p = 0; p < (px + 1) / 2 * 2; p++) x[p] =
        m->x[first + (size_t)(p < px ? p : px - 1)];
    OC_UNROLL for (int b = 0; b < pairs; b++)
    {
        const int32x2_t two = vld1_s32(m->start + 2 * b);
        OC_UNROLL for (int p = 0; p < (px + 1) / 2; p++) sum[p][b] = vcombine_s32(two, two);
    }
    for (size_t g = 0; g < m->n_narrow; g++, w += 16 * pairs) {
        const ptrdiff_t place = m->at[g];
        uint8x16_t      v[3];
        OC_UNROLL for (int p = 0; p < (px + 1) / 2; p++) v[p] =
            vcombine_u8(vld1_u8(x[2 * p] + place), vld1_u8(x[2 * p + 1] + place));
        OC_UNROLL for (int b = 0; b < pairs; b++)
        {
            const int8x16_t wv = vld1q_s8(w + 16 * b);
            OC_UNROLL for (int p = 0; p < (px + 1) / 2; p++) sum[p][b] =
                vusmmlaq_s32(sum[p][b], v[p], wv);
        }
    }
    int32_t *acc = m->acc + first * 2 * (size_t)pairs;
    OC_UNROLL for (int p = 0; p < px; p++) OC_UNROLL for (int b = 0; b < pairs; b++)
        vst1_s32(acc + 2 * (p * pairs + b),
                 p % 2 ? vget_high_s32(sum[p / 2][b]) : vget_low_s32(sum[p / 2][b]));
}

#define TILE_16(m, first, px) tile(m, first, px, 8)
#define TILE_8(m, first, px) tile(m, first, px, 4)

void oc_k_u8_mac__i8mm(const oc_mac8 *m)
{
    if (m->blocks == 2)
        OC_MAC8_TILES(TILE_16, m)
    else
        OC_MAC8_TILES(TILE_8, m)
}
