/* s32_wino_out: sums of Winograd's domain back to 2x2 pixels of sixteen channels, exactly.
 *
 *   y[2][2] = (A' m A) / 4 + start,  A' = 1 1 1 0 / 0 1 -1 -1;  weights were taken four times, so that
 *   all is divisible by 4 (modulo 2^32: the caller sees that 4 times the result fits)
 *
 *   m        [16][m_pos][16]: position pos of tile t at m + (pos * m_pos + t) * 16
 *   y        row r, pixels 2 t and 2 t + 1 at y + r * y_row + t * 32
 *   start    [16]; n tiles, >= 1; no alignment */
#ifndef OC_KERNELS_S32_WINO_OUT_H
#define OC_KERNELS_S32_WINO_OUT_H

#include <stddef.h>
#include <stdint.h>

#include "core/cpu.h"

typedef struct oc_wino32 {
    const int32_t *m, *start;
    int32_t       *y;
    size_t         n, m_pos;
    ptrdiff_t      y_row;
} oc_wino32;

typedef void oc_k_s32_wino_out_fn(const oc_wino32 *t);

#define OC_K(name, isa) oc_k_s32_wino_out_fn oc_k_s32_wino_out__##name;
#include "kernels/s32_wino_out.inc"
#undef OC_K

oc_k_s32_wino_out_fn *oc_k_s32_wino_out(oc_isa have);

#endif
