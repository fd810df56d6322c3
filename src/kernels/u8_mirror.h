/* u8_mirror: RGB pixels in the opposite order.
 *
 *   out[3 i + c] = x[3 (n - 1 - i) + c]                                       0 <= i < n
 *
 *   x, out  3 n bytes, any alignment, apart from each other */
#ifndef OC_KERNELS_U8_MIRROR_H
#define OC_KERNELS_U8_MIRROR_H

#include <stddef.h>
#include <stdint.h>

#include "core/cpu.h"

typedef void oc_k_u8_mirror_fn(size_t n, const uint8_t *x, uint8_t *out);

#define OC_K(name, isa) oc_k_u8_mirror_fn oc_k_u8_mirror__##name;
#include "kernels/u8_mirror.inc"
#undef OC_K

oc_k_u8_mirror_fn *oc_k_u8_mirror(oc_isa have);

#endif
