#include "kernels/arm/bytes_neon.h"
#include "kernels/s16_widen.h"

void oc_k_s16_widen__neon(size_t n, const void *x, size_t step, int32_t zero, bool is_signed,
                          int16_t *to)
{
    const uint8_t  *from = x;
    const int16x8_t less = vdupq_n_s16((int16_t)zero);
    size_t          i = 0;

    if (step == 1)
        for (; i + 8 <= n; i += 8)
            vst1q_s16(to + i, vsubq_s16(oc_v8_widen(vld1_u8(from + i), is_signed), less));
    if (step == 2) /* 16 bytes are read for 8: the last one must be there too */
        for (; i + 9 <= n; i += 8) {
            const uint8x8x2_t b = vld2_u8(from + 2 * i);
            vst1q_s16(to + i, vsubq_s16(oc_v8_widen(b.val[0], is_signed), less));
        }
    if (i < n)
        oc_k_s16_widen__ref(n - i, from + i * step, step, zero, is_signed, to + i);
}
