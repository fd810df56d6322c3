#include "kernels/u8_mac.h"

const oc_mac8_form oc_u8_mac_form__ref = {.deep = 4, .w_min = -128, .w_max = 127};

void oc_k_u8_mac__ref(const oc_mac8 *m)
{
    const size_t channels = 8 * (size_t)m->blocks;
    for (size_t p = 0; p < m->px; p++)
        for (size_t o = 0; o < channels; o++) {
            uint32_t sum = (uint32_t)m->start[o];
            for (size_t g = 0; g < m->n_narrow; g++)
                for (size_t k = 0; k < 4; k++)
                    sum += (uint32_t)(m->narrow[(g * channels + o) * 4 + k] *
                                      m->x[p][m->at[g] + (ptrdiff_t)k]);
            m->acc[p * channels + o] = (int32_t)sum;
        }
}
