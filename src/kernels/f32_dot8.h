/* f32_dot8: few outputs per pixel of a blocked plane, stored as planes.
 *
 *   y[o * y_plane + p] = act(bias[o] + sum of x[b * x_blk + p * 8 + l] * w[o][b][l]
 *                            over b < blocks, l < 8)
 *
 *   x     blocks of eight channels x_blk floats apart, px pixels each
 *   w     oc * blocks * 8 floats; zero where x has padding lanes
 *   bias  oc floats, or NULL
 *   y     oc planes of px floats, y_plane apart; overlaps nothing
 *
 * x and w are 32-byte aligned.  The order of the sum is the same for every pixel. */
#ifndef OC_KERNELS_F32_DOT8_H
#define OC_KERNELS_F32_DOT8_H

#include <stddef.h>

#include "core/cpu.h"
#include "tensor/act.h"

typedef struct oc_dot8 {
    const float *x, *w, *bias;
    float       *y;
    ptrdiff_t    x_blk, y_plane;
    size_t       px, oc, blocks;
    oc_act       act;
} oc_dot8;

typedef void oc_k_f32_dot8_fn(const oc_dot8 *d);

#define OC_K(name, isa) oc_k_f32_dot8_fn oc_k_f32_dot8__##name;
#include "kernels/f32_dot8.inc"
#undef OC_K

oc_k_f32_dot8_fn *oc_k_f32_dot8(oc_isa have);

#endif
