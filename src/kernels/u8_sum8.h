/* u8_sum8: sum[c] = x[0][c] + x[1][c] + .. of n pixels of eight bytes: global pooling of a block.
 *
 *   n      1 .. 2^24 pixels; no alignment */
#ifndef OC_KERNELS_U8_SUM8_H
#define OC_KERNELS_U8_SUM8_H

#include <stddef.h>
#include <stdint.h>

#include "core/cpu.h"

typedef void oc_k_u8_sum8_fn(size_t n, const uint8_t *x, int32_t sum[8]);

#define OC_K(name, isa) oc_k_u8_sum8_fn oc_k_u8_sum8__##name;
#include "kernels/u8_sum8.inc"
#undef OC_K

oc_k_u8_sum8_fn *oc_k_u8_sum8(oc_isa have);

#endif
