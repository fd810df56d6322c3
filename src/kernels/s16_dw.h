/* s16_dw: one row of a depthwise convolution of eight channels, over pairs of input rows (s16_pairs):
 *
 *   y[p][c] = start[c] + sum over j, k, i of
 *             v[j * v_row + (p * sx + k) * 16 + 2 c + i] * w[((j * taps + k) * 8 + c) * 2 + i]
 *
 * exactly (modulo 2^32), j pairs of rows, k taps in a row, i the row of a pair.
 *
 *   px       outputs, >= 1; pairs, taps, sx >= 1
 *   y        [px][8], written; reads v up to pixel (px - 1) * sx + taps - 1; no alignment
 *   |v| and |w| under 2^15, so that a pair's sum fits 32 bits */
#ifndef OC_KERNELS_S16_DW_H
#define OC_KERNELS_S16_DW_H

#include <stddef.h>
#include <stdint.h>

#include "core/cpu.h"

typedef struct oc_s16_dw {
    const int16_t *v, *w;
    const int32_t *start;
    size_t         v_row, px, pairs, taps, sx;
    int32_t       *y;
} oc_s16_dw;

typedef void oc_k_s16_dw_fn(const oc_s16_dw *d);

#define OC_K(name, isa) oc_k_s16_dw_fn oc_k_s16_dw__##name;
#include "kernels/s16_dw.inc"
#undef OC_K

oc_k_s16_dw_fn *oc_k_s16_dw(oc_isa have);

#endif
