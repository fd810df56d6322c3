/* Four look-ups of 64 entries: an index beyond its table leaves what was there. */
#include <arm_neon.h>

#include "kernels/u8_lookup.h"

void oc_k_u8_lookup__neon(size_t n, const uint8_t table[256], const uint8_t *x, uint8_t *y)
{
    const uint8x16x4_t t0 = vld1q_u8_x4(table), t1 = vld1q_u8_x4(table + 64);
    const uint8x16x4_t t2 = vld1q_u8_x4(table + 128), t3 = vld1q_u8_x4(table + 192);
    const uint8x16_t   less = vdupq_n_u8(64);
    size_t             i = 0;
    for (; i + 16 <= n; i += 16) {
        uint8x16_t v = vld1q_u8(x + i);
        uint8x16_t r = vqtbl4q_u8(t0, v);
        r = vqtbx4q_u8(r, t1, v = vsubq_u8(v, less));
        r = vqtbx4q_u8(r, t2, v = vsubq_u8(v, less));
        vst1q_u8(y + i, vqtbx4q_u8(r, t3, vsubq_u8(v, less)));
    }
    for (; i < n; i++)
        y[i] = table[x[i]];
}
