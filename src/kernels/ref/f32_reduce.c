#include "kernels/f32_reduce.h"

#include <math.h>

void oc_k_f32_reduce__ref(oc_reduce_kind kind, size_t n, const float *x, const float *c, float *acc)
{
    for (size_t i = 0; i < n; i++) {
        const float v = x[i];
        float      *a = &acc[i % 8];

        switch (kind) {
        case OC_REDUCE_SUM: *a += v; break;
        case OC_REDUCE_SUM_ABS: *a += fabsf(v); break;
        case OC_REDUCE_SUM_SQUARE: *a += v * v; break;
        case OC_REDUCE_SQUARE_DIFF: *a += (v - c[i % 8]) * (v - c[i % 8]); break;
        case OC_REDUCE_EXP_DIFF: *a += expf(v - c[i % 8]); break;
        case OC_REDUCE_MAX: *a = isnan(*a) || *a > v ? *a : v; break;
        case OC_REDUCE_MIN: *a = isnan(*a) || *a < v ? *a : v; break;
        case OC_REDUCE_PROD: *a *= v; break;
        }
    }
}
