/* f32_lanes: picks the eight channels of one channel block from up to eight other blocks.
 *
 *   n        pixels, >= 1; src and dst hold 8 floats per pixel
 *   pieces   1..8; lane[i] in 0..7: dst lane i comes from that lane of src; -1: not from this piece
 *            (a dst lane no piece speaks of becomes 0; two pieces never speak of the same)
 *   dst      does not overlap any src; no alignment */
#ifndef OC_KERNELS_F32_LANES_H
#define OC_KERNELS_F32_LANES_H

#include <stddef.h>
#include <stdint.h>

#include "core/cpu.h"

#define OC_K_LANE_PIECES 8

typedef struct oc_k_lanes {
    const float *src;
    int32_t      lane[8];
} oc_k_lanes;

typedef void oc_k_f32_lanes_fn(size_t n, size_t n_pieces, const oc_k_lanes *pieces, float *dst);

#define OC_K(name, isa) oc_k_f32_lanes_fn oc_k_f32_lanes__##name;
#include "kernels/f32_lanes.inc"
#undef OC_K

oc_k_f32_lanes_fn *oc_k_f32_lanes(oc_isa have);

#endif
