#include "kernels/f32_reduce.h"

#include <math.h>
#include <stdbool.h>

/* Sums are kept in double until the end: in float a hundred thousand alike elements, added one by one,
 * drift by more than 1e-4 of their sum. */
void oc_k_f32_reduce__ref(oc_reduce_kind kind, size_t n, const float *x, const float *c, float *acc)
{
    double sum[8];
    bool   sums = kind != OC_REDUCE_MAX && kind != OC_REDUCE_MIN && kind != OC_REDUCE_PROD;

    for (size_t k = 0; k < 8; k++)
        sum[k] = (double)acc[k];
    for (size_t i = 0; i < n; i++) {
        const float v = x[i];
        float      *a = &acc[i % 8];
        double     *s = &sum[i % 8];

        switch (kind) {
        case OC_REDUCE_SUM: *s += (double)v; break;
        case OC_REDUCE_SUM_ABS: *s += (double)fabsf(v); break;
        case OC_REDUCE_SUM_SQUARE: *s += (double)v * (double)v; break;
        case OC_REDUCE_SQUARE_DIFF: *s += (double)(v - c[i % 8]) * (double)(v - c[i % 8]); break;
        case OC_REDUCE_EXP_DIFF: *s += (double)expf(v - c[i % 8]); break;
        case OC_REDUCE_MAX: *a = isnan(*a) || *a > v ? *a : v; break;
        case OC_REDUCE_MIN: *a = isnan(*a) || *a < v ? *a : v; break;
        case OC_REDUCE_PROD: *a *= v; break;
        }
    }
    for (size_t k = 0; sums && k < 8; k++)
        acc[k] = (float)sum[k];
}
