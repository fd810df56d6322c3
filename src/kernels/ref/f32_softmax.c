#include "kernels/f32_softmax.h"

#include <math.h>

void oc_k_f32_softmax__ref(size_t n, const float *x, float *y)
{
    float  top = x[0];
    double sum = 0.0; /* thousands of small terms beside a large one: float would lose them */

    for (size_t i = 1; i < n; i++)
        top = isnan(top) || top > x[i] ? top : x[i];
    for (size_t i = 0; i < n; i++) {
        y[i] = expf(x[i] - top);
        sum += (double)y[i];
    }
    for (size_t i = 0; i < n; i++)
        y[i] = (float)((double)y[i] / sum);
}
