/* moments.h -- mean and deviation of a stretch of floats, for the normalizations. */
#ifndef OC_OPS_MOMENTS_H
#define OC_OPS_MOMENTS_H

#include <math.h>

#include "kernels/f32_reduce.h"

typedef struct oc_moments {
    float mean, variance;
} oc_moments;

/* Of n >= 1 floats, in two passes: the second one over differences from the mean, so that a large
 * mean does not eat the variance. */
static inline oc_moments oc_moments_of(oc_k_f32_reduce_fn *reduce, size_t n, const float *x)
{
    float      acc[8], mean[8];
    oc_moments m;

    oc_reduce_start(OC_REDUCE_SUM, acc);
    reduce(OC_REDUCE_SUM, n, x, NULL, acc);
    m.mean = oc_reduce_fold(OC_REDUCE_SUM, acc) / (float)n;
    for (int i = 0; i < 8; i++)
        mean[i] = m.mean;
    oc_reduce_start(OC_REDUCE_SQUARE_DIFF, acc);
    reduce(OC_REDUCE_SQUARE_DIFF, n, x, mean, acc);
    m.variance = oc_reduce_fold(OC_REDUCE_SQUARE_DIFF, acc) / (float)n;
    return m;
}

#endif
