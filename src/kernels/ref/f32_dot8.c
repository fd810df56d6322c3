#include "kernels/f32_dot8.h"

#include "kernels/ref/act.h"

void oc_k_f32_dot8__ref(const oc_dot8 *d)
{
    for (size_t o = 0; o < d->oc; o++)
        for (size_t p = 0; p < d->px; p++) {
            double sum = d->bias ? (double)d->bias[o] : 0.0;
            for (size_t b = 0; b < d->blocks; b++)
                for (size_t l = 0; l < 8; l++)
                    sum += (double)d->x[(ptrdiff_t)b * d->x_blk + (ptrdiff_t)(p * 8 + l)] *
                           (double)d->w[(o * d->blocks + b) * 8 + l];
            d->y[(ptrdiff_t)o * d->y_plane + (ptrdiff_t)p] = oc_act_apply(d->act, (float)sum);
        }
}
