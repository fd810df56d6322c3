#include "kernels/s16_dw.h"

void oc_k_s16_dw__ref(const oc_s16_dw *d)
{
    for (size_t p = 0; p < d->px; p++)
        for (size_t c = 0; c < 8; c++) {
            uint32_t sum = (uint32_t)d->start[c];
            for (size_t j = 0; j < d->pairs; j++)
                for (size_t k = 0; k < d->taps; k++) {
                    const int16_t *v = d->v + j * d->v_row + (p * d->sx + k) * 16 + 2 * c;
                    const int16_t *w = d->w + ((j * d->taps + k) * 8 + c) * 2;
                    sum += (uint32_t)(v[0] * w[0] + v[1] * w[1]);
                }
            d->y[p * 8 + c] = (int32_t)sum;
        }
}
