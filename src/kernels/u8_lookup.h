/* u8_lookup: y[i] = table[x[i]], any function of a byte.
 *
 *   n        bytes, >= 1; y may be x; no alignment */
#ifndef OC_KERNELS_U8_LOOKUP_H
#define OC_KERNELS_U8_LOOKUP_H

#include <stddef.h>
#include <stdint.h>

#include "core/cpu.h"

typedef void oc_k_u8_lookup_fn(size_t n, const uint8_t table[256], const uint8_t *x, uint8_t *y);

#define OC_K(name, isa) oc_k_u8_lookup_fn oc_k_u8_lookup__##name;
#include "kernels/u8_lookup.inc"
#undef OC_K

oc_k_u8_lookup_fn *oc_k_u8_lookup(oc_isa have);

#endif
