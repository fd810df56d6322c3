#include "kernels/x8_qadd.h"

#include <math.h>

static float value(const void *x, size_t i, bool is_signed)
{
    return is_signed ? (float)((const int8_t *)x)[i] : (float)((const uint8_t *)x)[i];
}

void oc_k_x8_qadd__ref(size_t n, const oc_k_qadd *q, const void *a, const void *b, void *y)
{
    float lo = q->is_signed ? -128.0f : 0.0f, hi = q->is_signed ? 127.0f : 255.0f;
    float fixed = q->fixed;
    if (q->a_one)
        fixed = fixed + value(a, 0, q->is_signed) * q->ratio_a;
    if (q->b_one)
        fixed = fixed + value(b, 0, q->is_signed) * q->ratio_b;
    for (size_t i = 0; i < n; i++) {
        float r = fixed;
        if (!q->b_one)
            r = fmaf(value(b, i, q->is_signed), q->ratio_b, r);
        if (!q->a_one)
            r = fmaf(value(a, i, q->is_signed), q->ratio_a, r);
        r = rintf(r);
        r = r > lo ? r : lo;
        r = r < hi ? r : hi;
        ((uint8_t *)y)[i] = (uint8_t)(int32_t)r;
    }
}
