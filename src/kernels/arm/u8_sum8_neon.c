/* Sixteen bits hold 257 bytes' sum: widened every 256 pixels. */
#include <arm_neon.h>

#include "kernels/u8_sum8.h"

void oc_k_u8_sum8__neon(size_t n, const uint8_t *x, int32_t sum[8])
{
    uint32x4_t lo = vdupq_n_u32(0), hi = lo;
    for (size_t i = 0; i < n;) {
        uint16x8_t   part = vdupq_n_u16(0);
        const size_t end = n - i > 256 ? i + 256 : n;
        for (; i < end; i++)
            part = vaddw_u8(part, vld1_u8(x + i * 8));
        lo = vaddw_u16(lo, vget_low_u16(part));
        hi = vaddw_high_u16(hi, part);
    }
    vst1q_s32(sum, vreinterpretq_s32_u32(lo));
    vst1q_s32(sum + 4, vreinterpretq_s32_u32(hi));
}
