#include "kernels/f32_quantize.h"

#include <math.h>

void oc_k_f32_quantize__ref(size_t n, const float *x, float scale, int32_t zero, bool is_signed,
                            void *y)
{
    float lo = (float)((is_signed ? -128 : 0) - zero), hi = (float)((is_signed ? 127 : 255) - zero);
    for (size_t i = 0; i < n; i++) {
        float v = x[i] / scale;
        v = v > lo ? v : lo; /* in this order a NaN turns into lo */
        v = v < hi ? v : hi;
        ((uint8_t *)y)[i] = (uint8_t)((int32_t)rintf(v) + zero);
    }
}
