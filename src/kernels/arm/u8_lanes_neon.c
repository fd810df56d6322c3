/* A table look-up a piece and pixel: indices beyond the table give zero. */
#include <arm_neon.h>

#include "kernels/u8_lanes.h"

void oc_k_u8_lanes__neon(size_t n, size_t n_pieces, const oc_k_byte_lanes *pieces, uint8_t *dst)
{
    uint8x8_t index[8];
    for (size_t k = 0; k < n_pieces; k++) {
        uint8_t m[8];
        for (int i = 0; i < 8; i++)
            m[i] = (uint8_t)pieces[k].lane[i]; /* -1 becomes 255 */
        index[k] = vld1_u8(m);
    }
    for (size_t p = 0; p < n; p++) {
        uint8x8_t v = vdup_n_u8(0);
        for (size_t k = 0; k < n_pieces; k++)
            v = vorr_u8(v, vtbl1_u8(vld1_u8(pieces[k].src + p * 8), index[k]));
        vst1_u8(dst + p * 8, v);
    }
}
