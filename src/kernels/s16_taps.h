/* s16_taps: acc[i] = sum over t of w[t] * x[t][i], exactly: a row of a depthwise convolution.
 *
 *   n      elements, >= 1; taps >= 1
 *   x      one row per tap, values in [-255, 255]; no alignment; acc overlaps none
 *   the sum must fit 32 bits (the caller sees to that) */
#ifndef OC_KERNELS_S16_TAPS_H
#define OC_KERNELS_S16_TAPS_H

#include <stddef.h>
#include <stdint.h>

#include "core/cpu.h"

typedef void oc_k_s16_taps_fn(size_t n, size_t taps, const int16_t *const *x, const int16_t *w,
                              int32_t *acc);

#define OC_K(name, isa) oc_k_s16_taps_fn oc_k_s16_taps__##name;
#include "kernels/s16_taps.inc"
#undef OC_K

oc_k_s16_taps_fn *oc_k_s16_taps(oc_isa have);

#endif
