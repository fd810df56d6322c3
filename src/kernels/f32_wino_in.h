/* f32_wino_in: input transform of Winograd's F(4x4, 3x3): v = B^T d B of 6 x 6 pixels, per channel.
 *
 * The points are 0, +-a, +-b and infinity with a = sqrt(1/2), b = sqrt(2): reciprocals of each other,
 * so that no power of one is much larger than those of the other, and errors less than half those
 * of the usual 1 and 2 (Barabasz et al., Error Analysis and Improving the Accuracy of Winograd
 * Convolution, 2020).
 *
 * Tiles step by 4 pixels and are counted row by row, `tiles_w` to a row; tile (ty, tx) covers input
 * rows 4 ty - top .. + 5, columns 4 tx - left .. + 5, zeros outside.  One call takes one block of
 * eight channels.
 *
 *   x   in_h rows of in_w pixels of 8 floats
 *   v   element q = 6 i + j of tile first + t at v + q * v_q + t * 8
 *
 * 32-byte aligned, v_q a multiple of 8. */
#ifndef OC_KERNELS_F32_WINO_IN_H
#define OC_KERNELS_F32_WINO_IN_H

#include <stddef.h>

#include "core/cpu.h"

#define OC_WINO_OUT 4 /* outputs of a tile, each way */
#define OC_WINO_IN 6
#define OC_WINO_A 0.70710678118654752440f
#define OC_WINO_B 1.41421356237309504880f

typedef struct oc_wino_in {
    const float *x;
    float       *v;
    ptrdiff_t    in_h, in_w, top, left, v_q;
    size_t       tiles_w, first, tiles;
} oc_wino_in;

typedef void oc_k_f32_wino_in_fn(const oc_wino_in *t);

#define OC_K(name, isa) oc_k_f32_wino_in_fn oc_k_f32_wino_in__##name;
#include "kernels/f32_wino_in.inc"
#undef OC_K

oc_k_f32_wino_in_fn *oc_k_f32_wino_in(oc_isa have);

#endif
