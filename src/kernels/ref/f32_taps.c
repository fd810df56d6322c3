#include "kernels/f32_taps.h"

void oc_k_f32_taps__ref(const oc_k_taps *t, const float *x, float *y)
{
    for (size_t i = 0; i < t->n; i++) {
        const int32_t *index = t->index + i * t->taps;
        const float   *w = t->w + i * t->taps;
        for (size_t l = 0; l < t->lanes; l++) {
            float sum = w[0] * x[(size_t)index[0] * t->lanes + l];
            for (size_t k = 1; k < t->taps; k++)
                sum += w[k] * x[(size_t)index[k] * t->lanes + l];
            y[i * t->lanes + l] = sum;
        }
    }
}
