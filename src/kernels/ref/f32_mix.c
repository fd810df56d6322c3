#include "kernels/f32_mix.h"

void oc_k_f32_mix__ref(size_t n, size_t n_rows, const float *const *x, const float *w, float *y)
{
    for (size_t i = 0; i < n; i++)
        y[i] = w[0] * x[0][i];
    for (size_t k = 1; k < n_rows; k++)
        for (size_t i = 0; i < n; i++)
            y[i] += w[k] * x[k][i];
}
