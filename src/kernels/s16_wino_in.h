/* s16_wino_in: tiles of 4x4 pixels of eight channels to Winograd's domain, F(2x2, 3x3), exactly.
 *
 *   v[pos][t][c] = (B' d B)[pos],  B' = 1 0 -1 0 / 0 1 1 0 / 0 -1 1 0 / 0 1 0 -1,  d of tile t
 *
 *   x        tile t begins at x + t * 16 (every second pixel of eight int16); rows x_row apart;
 *            differences of bytes, so that |v| <= 1020
 *   v        position pos of tile t at v + pos * v_pos + t * v_tile, eight each; v overlaps not x
 *   n        tiles, >= 1; no alignment */
#ifndef OC_KERNELS_S16_WINO_IN_H
#define OC_KERNELS_S16_WINO_IN_H

#include <stddef.h>
#include <stdint.h>

#include "core/cpu.h"

typedef struct oc_wino16 {
    const int16_t *x;
    int16_t       *v;
    size_t         n;
    ptrdiff_t      x_row, v_pos, v_tile;
} oc_wino16;

typedef void oc_k_s16_wino_in_fn(const oc_wino16 *t);

#define OC_K(name, isa) oc_k_s16_wino_in_fn oc_k_s16_wino_in__##name;
#include "kernels/s16_wino_in.inc"
#undef OC_K

oc_k_s16_wino_in_fn *oc_k_s16_wino_in(oc_isa have);

#endif
