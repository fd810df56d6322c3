/* s16_dw8: sums of a depthwise convolution over blocked layout, exactly.
 *
 *   acc[p][c] = start[c] + sum over t of w[t][c] * x[p * x_px + at[t] + c]     c < 8
 *
 *   taps     even (a zero tap is added to an odd number), at: where each tap lies
 *   x        differences of bytes, in [-255, 255], at least 8 at every place; x_px elements
 *   w        [taps / 2][8][2]: neighbouring taps lie together, in [-255, 255]
 *   acc      [px][8], written; px >= 1; no alignment */
#ifndef OC_KERNELS_S16_DW8_H
#define OC_KERNELS_S16_DW8_H

#include <stddef.h>
#include <stdint.h>

#include "core/cpu.h"

typedef struct oc_dw8 {
    const int16_t *x, *w;
    const int32_t *at, *start;
    size_t         taps, px;
    ptrdiff_t      x_px;
    int32_t       *acc;
} oc_dw8;

typedef void oc_k_s16_dw8_fn(const oc_dw8 *d);

#define OC_K(name, isa) oc_k_s16_dw8_fn oc_k_s16_dw8__##name;
#include "kernels/s16_dw8.inc"
#undef OC_K

oc_k_s16_dw8_fn *oc_k_s16_dw8(oc_isa have);

#endif
