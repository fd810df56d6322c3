/* lanes.h -- operators that rearrange channels of blocked (NC8) values whose blocks do not line up.
 *
 * Every destination block is made of lanes of a few source blocks.  A plan is filled channel by
 * channel; what nobody sets stays zero, as lanes beyond C must. */
#ifndef OC_OPS_LANES_H
#define OC_OPS_LANES_H

#include "kernels/f32_lanes.h"
#include "kernels/u8_lanes.h"
#include "ops/op.h"

typedef struct oc_lanes_piece {
    uint32_t in, block; /* source: input of the node, channel block of it */
    int32_t  lane[8];
} oc_lanes_piece;

typedef struct oc_lanes_block {
    uint32_t       out, block; /* destination */
    uint32_t       n;
    oc_lanes_piece piece[OC_K_LANE_PIECES];
} oc_lanes_block;

typedef struct oc_lanes {
    oc_lanes_block    *blocks;
    size_t             n_blocks; /* over all outputs */
    size_t             batch, pixels;
    size_t             chunk, n_chunks; /* pixels per unit, units per block */
    oc_k_f32_lanes_fn *kernel;
    oc_k_u8_lanes_fn  *bytes; /* NULL: floats */
} oc_lanes;

/* Blocks for every output of the node, which must be NC8 of one batch and picture size. */
OC_MUST_CHECK oc_status oc_lanes_init(oc_lanes *lanes, const oc_prepare *p, oc_error *err);
/* Channel out_c of output `out` is channel in_c of input `in`. */
void oc_lanes_set(oc_lanes *lanes, uint32_t out, size_t out_c, uint32_t in, size_t in_c);
void oc_lanes_finish(oc_lanes *lanes, const oc_prepare *p);
void oc_lanes_run(const oc_lanes *lanes, const oc_op_run *r);

#endif
