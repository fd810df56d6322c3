#include "kernels/arm/bytes_neon.h"
#include "kernels/s16_pack.h"

void oc_k_s16_pack__neon(const oc_k_pack *p, const void *x, int16_t *to)
{
    const uint8_t  *row = x;
    const int16x8_t zero = vdupq_n_s16((int16_t)p->zero);

    if (p->cols < 16) {
        oc_k_s16_pack__ref(p, x, to);
        return;
    }
    for (size_t k = 0; k < p->rows; k += 2, row += 2 * p->stride, to += 32)
        for (size_t c = 0; c < 16; c += 8) { /* interleaved by the store */
            int16x8x2_t v = {
                {vsubq_s16(oc_v8_widen(vld1_u8(row + c), p->is_signed), zero), vdupq_n_s16(0)}};
            if (k + 1 < p->rows)
                v.val[1] = vsubq_s16(oc_v8_widen(vld1_u8(row + p->stride + c), p->is_signed), zero);
            vst2q_s16(to + 2 * c, v);
        }
}
