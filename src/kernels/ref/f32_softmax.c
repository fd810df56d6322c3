#include "kernels/f32_softmax.h"

#include <math.h>

void oc_k_f32_softmax__ref(size_t n, const float *x, float *y)
{
    float top = x[0], sum = 0.0f;

    for (size_t i = 1; i < n; i++)
        top = isnan(top) || top > x[i] ? top : x[i];
    for (size_t i = 0; i < n; i++) {
        y[i] = expf(x[i] - top);
        sum += y[i];
    }
    for (size_t i = 0; i < n; i++)
        y[i] /= sum;
}
