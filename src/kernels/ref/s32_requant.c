#include "kernels/s32_requant.h"

#include <math.h>

void oc_k_s32_requant__ref(size_t n, const int32_t *acc, const oc_k_requant *q, void *y)
{
    float lo = (float)((q->is_signed ? -128 : 0) - q->zero);
    float hi = (float)((q->is_signed ? 127 : 255) - q->zero);
    for (size_t i = 0; i < n; i++) {
        int32_t sum = (int32_t)((uint32_t)acc[i] + (uint32_t)q->bias);
        float   v = (float)sum * (q->scale_each ? q->scale_each[i] : q->scale);
        v = v > lo ? v : lo;
        v = v < hi ? v : hi;
        ((uint8_t *)y)[i] = (uint8_t)((int32_t)rintf(v) + q->zero);
    }
}
