/* f32_quantize: y[i] = saturate(round_half_even(x[i] / scale) + zero), into bytes.
 *
 *   n      elements, >= 1; no alignment
 *   scale  > 0; the division is a division: a product with 1 / scale rounds otherwise
 *   NaN    becomes the smallest value */
#ifndef OC_KERNELS_F32_QUANTIZE_H
#define OC_KERNELS_F32_QUANTIZE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/cpu.h"

typedef void oc_k_f32_quantize_fn(size_t n, const float *x, float scale, int32_t zero,
                                  bool is_signed, void *y);

#define OC_K(name, isa) oc_k_f32_quantize_fn oc_k_f32_quantize__##name;
#include "kernels/f32_quantize.inc"
#undef OC_K

oc_k_f32_quantize_fn *oc_k_f32_quantize(oc_isa have);

#endif
