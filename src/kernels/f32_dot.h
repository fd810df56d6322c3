/* f32_dot: out[r] = sum over i in [0, n) of x[i] * y[r * stride + i], for r in [0, rows).
 *
 *   rows    any number, 0 too
 *   n       >= 1; stride >= n, in floats
 *   x       n floats; y (rows - 1) * stride + n floats; no alignment
 *   out     rows floats; overlaps neither x nor y
 *   order   sums are taken in an order of the kernel's own, the same for every row: equal rows give
 *           equal bits wherever they stand
 *   NaN     anywhere in x or a row reaches that row's sum */
#ifndef OC_KERNELS_F32_DOT_H
#define OC_KERNELS_F32_DOT_H

#include <stddef.h>

#include "core/cpu.h"

typedef void oc_k_f32_dot_fn(size_t rows, size_t n, const float *x, const float *y, size_t stride,
                             float *out);

#define OC_K(name, isa) oc_k_f32_dot_fn oc_k_f32_dot__##name;
#include "kernels/f32_dot.inc"
#undef OC_K

oc_k_f32_dot_fn *oc_k_f32_dot(oc_isa have);

#endif
