#include <arm_neon.h>

#include "kernels/u8_fir.h"

static inline uint16x8_t part(uint8x8_t p, int16_t w)
{
    return vreinterpretq_u16_s16(vqrdmulhq_n_s16(vreinterpretq_s16_u16(vshll_n_u8(p, 7)), w));
}

void oc_k_u8_fir__neon(size_t n, size_t n_taps, const uint8_t *const *tap, const int16_t *w,
                       uint8_t *out)
{
    size_t i = 0;

    for (; i + 16 <= n; i += 16) {
        uint16x8_t a = vdupq_n_u16(0), b = a;
        for (size_t k = 0; k < n_taps; k++) {
            const uint8x16_t p = vld1q_u8(tap[k] + i);
            a = vaddq_u16(a, part(vget_low_u8(p), w[k]));
            b = vaddq_u16(b, part(vget_high_u8(p), w[k]));
        }
        vst1q_u8(out + i, vcombine_u8(vqrshrn_n_u16(a, 7), vqrshrn_n_u16(b, 7)));
    }
    for (; i < n; i++) {
        int32_t sum = 64;
        for (size_t k = 0; k < n_taps; k++)
            sum += (tap[k][i] * 128 * w[k] + (1 << 14)) >> 15;
        sum >>= 7;
        out[i] = (uint8_t)(sum > 255 ? 255 : sum);
    }
}
