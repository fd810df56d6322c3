#include "kernels/x8_dequantize.h"

void oc_k_x8_dequantize__ref(size_t n, const void *x, float scale, int32_t zero, bool is_signed,
                             float *y)
{
    for (size_t i = 0; i < n; i++) {
        const int32_t v = is_signed ? ((const int8_t *)x)[i] : ((const uint8_t *)x)[i];
        y[i] = (float)(v - zero) * scale;
    }
}
