#include "kernels/f32_dot.h"

void oc_k_f32_dot__ref(size_t rows, size_t n, const float *x, const float *y, size_t stride,
                       float *out)
{
    for (size_t r = 0; r < rows; r++) {
        double sum = 0;

        for (size_t i = 0; i < n; i++)
            sum += (double)x[i] * (double)y[r * stride + i];
        out[r] = (float)sum;
    }
}
