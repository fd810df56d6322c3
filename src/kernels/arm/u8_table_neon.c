#include <arm_neon.h>

#include "kernels/u8_table.h"

void oc_k_u8_table__neon(size_t n, const uint8_t *x, const uint8_t *table, uint8_t *out)
{
    uint8x16x4_t part[4];
    size_t       i = 0;

    for (int k = 0; k < 4; k++)
        part[k] = vld1q_u8_x4(table + 64 * k);
    for (; i + 16 <= n; i += 16) {
        const uint8x16_t v = vld1q_u8(x + i);
        uint8x16_t       r = vqtbl4q_u8(part[0], v);
        for (int k = 1; k < 4; k++) /* beyond its 64 a look-up leaves what was there */
            r = vqtbx4q_u8(r, part[k], vsubq_u8(v, vdupq_n_u8((uint8_t)(64 * k))));
        vst1q_u8(out + i, r);
    }
    if (i < n)
        oc_k_u8_table__ref(n - i, x + i, table, out + i);
}
