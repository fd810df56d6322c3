/* u8_lanes: f32_lanes for bytes: picks the eight channels of one block from up to eight other blocks.
 *
 *   n        pixels, >= 1; src and dst hold 8 bytes per pixel
 *   pieces   1..8; lane[i] in 0..7: dst lane i comes from that lane of src; -1: not from this piece
 *            (a dst lane no piece speaks of becomes 0; two pieces never speak of the same)
 *   dst      does not overlap any src; no alignment */
#ifndef OC_KERNELS_U8_LANES_H
#define OC_KERNELS_U8_LANES_H

#include <stddef.h>
#include <stdint.h>

#include "core/cpu.h"

typedef struct oc_k_byte_lanes {
    const uint8_t *src;
    int32_t        lane[8];
} oc_k_byte_lanes;

typedef void oc_k_u8_lanes_fn(size_t n, size_t n_pieces, const oc_k_byte_lanes *pieces,
                              uint8_t *dst);

#define OC_K(name, isa) oc_k_u8_lanes_fn oc_k_u8_lanes__##name;
#include "kernels/u8_lanes.inc"
#undef OC_K

oc_k_u8_lanes_fn *oc_k_u8_lanes(oc_isa have);

#endif
