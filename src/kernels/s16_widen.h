/* s16_widen: to[i] = x[i * step] - zero: bytes, or every step-th of them, as 16-bit differences.
 *
 *   n     elements, >= 0; step >= 1; is_signed: the bytes are int8
 *   reads nothing outside [0, (n - 1) * step], writes n; no alignment, no overlap */
#ifndef OC_KERNELS_S16_WIDEN_H
#define OC_KERNELS_S16_WIDEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/cpu.h"

typedef void oc_k_s16_widen_fn(size_t n, const void *x, size_t step, int32_t zero, bool is_signed,
                               int16_t *to);

#define OC_K(name, isa) oc_k_s16_widen_fn oc_k_s16_widen__##name;
#include "kernels/s16_widen.inc"
#undef OC_K

oc_k_s16_widen_fn *oc_k_s16_widen(oc_isa have);

#endif
