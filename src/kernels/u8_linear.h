/* u8_linear: scale and offset of each channel of RGB pixels.
 *
 *   out[3 i + c] = round(clamp(x[3 i + c] * a[c] + b[c], 0, 255))          0 <= i < n, half to even
 *
 *   x, out  3 n bytes, any alignment; out may be x
 *   a, b    finite; the product and sum are one operation (fused)
 *
 * Every variant gives the same bytes. */
#ifndef OC_KERNELS_U8_LINEAR_H
#define OC_KERNELS_U8_LINEAR_H

#include <stddef.h>
#include <stdint.h>

#include "core/cpu.h"

typedef void oc_k_u8_linear_fn(size_t n, const uint8_t *x, const float a[3], const float b[3],
                               uint8_t *out);

#define OC_K(name, isa) oc_k_u8_linear_fn oc_k_u8_linear__##name;
#include "kernels/u8_linear.inc"
#undef OC_K

oc_k_u8_linear_fn *oc_k_u8_linear(oc_isa have);

#endif
