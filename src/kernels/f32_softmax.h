/* f32_softmax: y[i] = exp(x[i] - max(x)) / sum of them, for i in [0, n).
 *
 *   n     floats, >= 1
 *   x, y  no alignment; y == x is fine
 *   NaN   or +inf anywhere in x makes the whole of y NaN; so does -inf everywhere */
#ifndef OC_KERNELS_F32_SOFTMAX_H
#define OC_KERNELS_F32_SOFTMAX_H

#include <stddef.h>

#include "core/cpu.h"

typedef void oc_k_f32_softmax_fn(size_t n, const float *x, float *y);

#define OC_K(name, isa) oc_k_f32_softmax_fn oc_k_f32_softmax__##name;
#include "kernels/f32_softmax.inc"
#undef OC_K

oc_k_f32_softmax_fn *oc_k_f32_softmax(oc_isa have);

#endif
