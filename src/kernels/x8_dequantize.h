/* x8_dequantize: y[i] = (x[i] - zero) * scale, from bytes to floats.
 *
 *   n      elements, >= 1; no alignment, no overlap; is_signed: the bytes are int8 */
#ifndef OC_KERNELS_X8_DEQUANTIZE_H
#define OC_KERNELS_X8_DEQUANTIZE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/cpu.h"

typedef void oc_k_x8_dequantize_fn(size_t n, const void *x, float scale, int32_t zero,
                                   bool is_signed, float *y);

#define OC_K(name, isa) oc_k_x8_dequantize_fn oc_k_x8_dequantize__##name;
#include "kernels/x8_dequantize.inc"
#undef OC_K

oc_k_x8_dequantize_fn *oc_k_x8_dequantize(oc_isa have);

#endif
