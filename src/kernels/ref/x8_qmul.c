#include "kernels/x8_qmul.h"

#include <math.h>

static int32_t byte_at(const void *x, size_t i, bool is_signed)
{
    return is_signed ? ((const int8_t *)x)[i] : ((const uint8_t *)x)[i];
}

void oc_k_x8_qmul__ref(size_t n, const oc_k_qmul *q, const void *a, const void *b, void *y)
{
    const float lo = (float)((q->is_signed ? -128 : 0) - q->y_zero);
    const float hi = (float)((q->is_signed ? 127 : 255) - q->y_zero);
    for (size_t i = 0; i < n; i++) {
        const int32_t x = byte_at(a, i, q->is_signed) - q->a_zero;
        const int32_t w = byte_at(b, q->b_eight ? i % 8 : i, q->is_signed) - q->b_zero;
        float         v = (float)(x * w) * q->ratio;
        v = v > lo ? v : lo;
        v = v < hi ? v : hi;
        ((uint8_t *)y)[i] = (uint8_t)((int32_t)rintf(v) + q->y_zero);
    }
}
