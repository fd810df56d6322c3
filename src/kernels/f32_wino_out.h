/* f32_wino_out: output transform of Winograd's F(m x m, 3 x 3): y = act(A^T u A + bias + add).
 *
 * Tiles as in f32_wino_in; tile (ty, tx) makes output rows m ty .. + m - 1, columns m tx .. + m - 1,
 * as far as they lie inside.  One call takes one block of eight channels.
 *
 *   u      the products: element q = (m + 2) i + j of tile first + t at u + q * u_q + t * 8
 *   y      out_h rows of out_w pixels of 8 floats; add as y, or NULL, must not be y
 *   bias   8 floats
 *   lanes  valid channels, 1..8: the others are stored as zero
 *
 * 32-byte aligned, u_q a multiple of 8. */
#ifndef OC_KERNELS_F32_WINO_OUT_H
#define OC_KERNELS_F32_WINO_OUT_H

#include <stddef.h>

#include "core/cpu.h"
#include "tensor/act.h"

typedef struct oc_wino_out {
    const float *u, *bias, *add;
    float       *y;
    ptrdiff_t    out_h, out_w, u_q;
    size_t       tiles_w, first, tiles;
    unsigned     m, lanes;
    oc_act       act;
} oc_wino_out;

typedef void oc_k_f32_wino_out_fn(const oc_wino_out *t);

#define OC_K(name, isa) oc_k_f32_wino_out_fn oc_k_f32_wino_out__##name;
#include "kernels/f32_wino_out.inc"
#undef OC_K

oc_k_f32_wino_out_fn *oc_k_f32_wino_out(oc_isa have);

#endif
