#include "kernels/s16_mac.h"

void oc_k_s16_mac__ref(const oc_s16_mac *m)
{
    for (size_t p = 0; p < m->px; p++)
        for (size_t c = 0; c < 16; c++) {
            uint32_t sum = 0;
            for (size_t k = 0; k < 2 * m->k2; k++)
                sum += (uint32_t)(m->x[p * m->x_px + k] * m->w[(k / 2 * 16 + c) * 2 + k % 2]);
            m->acc[p * 16 + c] = (int32_t)sum;
        }
}
