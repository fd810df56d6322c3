/* f32_reduce: acc[i % 8] = acc[i % 8] op f(x[i]) for i in [0, n): partial results in eight lanes.
 *
 *   n      floats, any number; the lane of element i is i % 8
 *   c      8 floats, for SQUARE_DIFF and EXP_DIFF only (else NULL is fine)
 *   acc    8 floats, read and written: start it with oc_reduce_start
 *   NaN    any NaN makes its lane NaN, in MAX and MIN too
 *   order  sums are taken in an order of the kernel's own, the same for the same n
 *
 * Blocked values keep their eight lanes; oc_reduce_fold makes one float of them. */
#ifndef OC_KERNELS_F32_REDUCE_H
#define OC_KERNELS_F32_REDUCE_H

#include <stddef.h>

#include "core/cpu.h"

typedef enum oc_reduce_kind {
    OC_REDUCE_SUM,
    OC_REDUCE_SUM_ABS,
    OC_REDUCE_SUM_SQUARE,
    OC_REDUCE_SQUARE_DIFF, /* sum of (x - c[i % 8])^2 */
    OC_REDUCE_EXP_DIFF,    /* sum of exp(x - c[i % 8]) */
    OC_REDUCE_MAX,
    OC_REDUCE_MIN,
    OC_REDUCE_PROD,
} oc_reduce_kind;

typedef void oc_k_f32_reduce_fn(oc_reduce_kind kind, size_t n, const float *x, const float *c,
                                float *acc);

#define OC_K(name, isa) oc_k_f32_reduce_fn oc_k_f32_reduce__##name;
#include "kernels/f32_reduce.inc"
#undef OC_K

oc_k_f32_reduce_fn *oc_k_f32_reduce(oc_isa have);

void  oc_reduce_start(oc_reduce_kind kind, float acc[8]);
float oc_reduce_fold(oc_reduce_kind kind, const float acc[8]);

#endif
