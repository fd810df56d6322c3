/* s16_pairs: two rows of bytes become pairs of 16-bit differences, side by side:
 *
 *   to[2 * i] = x0[i] - zero, to[2 * i + 1] = x1[i] - zero      for i in [0, n)
 *
 *   n         bytes, a multiple of 8
 *   x0, x1    NULL: a row that is not there, differences of zero
 *   reads n bytes of each, writes 2 n elements; no alignment, no overlap */
#ifndef OC_KERNELS_S16_PAIRS_H
#define OC_KERNELS_S16_PAIRS_H

#include <stddef.h>
#include <stdint.h>

#include "core/cpu.h"

typedef void oc_k_s16_pairs_fn(size_t n, const uint8_t *x0, const uint8_t *x1, int32_t zero,
                               int16_t *to);

#define OC_K(name, isa) oc_k_s16_pairs_fn oc_k_s16_pairs__##name;
#include "kernels/s16_pairs.inc"
#undef OC_K

oc_k_s16_pairs_fn *oc_k_s16_pairs(oc_isa have);

#endif
