#include "kernels/s16_dw8.h"

void oc_k_s16_dw8__ref(const oc_dw8 *d)
{
    for (size_t p = 0; p < d->px; p++)
        for (size_t c = 0; c < 8; c++) {
            int32_t sum = d->start[c];
            for (size_t t = 0; t < d->taps; t++)
                sum += d->w[(t / 2 * 8 + c) * 2 + t % 2] *
                       d->x[(ptrdiff_t)p * d->x_px + d->at[t] + (ptrdiff_t)c];
            d->acc[p * 8 + c] = sum;
        }
}
