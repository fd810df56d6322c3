/* f32_wino_in: input transform of Winograd's F(m x m, 3 x 3), m 2, 4 or 6: v = B^T d B of m + 2 by
 * m + 2 pixels, per channel (the rows of B^T: wino_points.h).
 *
 * Tiles step by m pixels and are counted row by row, `tiles_w` to a row; tile (ty, tx) covers input
 * rows m ty - top .. + m + 1, columns m tx - left .. + m + 1, zeros outside.  One call takes one block
 * of eight channels.
 *
 *   x   in_h rows of in_w pixels of 8 floats
 *   v   element q = (m + 2) i + j of tile first + t at v + q * v_q + t * 8
 *
 * 32-byte aligned, v_q a multiple of 8. */
#ifndef OC_KERNELS_F32_WINO_IN_H
#define OC_KERNELS_F32_WINO_IN_H

#include <stddef.h>

#include "core/cpu.h"

typedef struct oc_wino_in {
    const float *x;
    float       *v;
    ptrdiff_t    in_h, in_w, top, left, v_q;
    size_t       tiles_w, first, tiles;
    unsigned     m;
} oc_wino_in;

typedef void oc_k_f32_wino_in_fn(const oc_wino_in *t);

#define OC_K(name, isa) oc_k_f32_wino_in_fn oc_k_f32_wino_in__##name;
#include "kernels/f32_wino_in.inc"
#undef OC_K

oc_k_f32_wino_in_fn *oc_k_f32_wino_in(oc_isa have);

#endif
