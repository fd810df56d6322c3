/* conv_wino.h -- 3 x 3 convolution of stride 1 by Winograd's F(m x m, 3 x 3), over blocked layouts.
 *
 * (m + 2)^2 products instead of 9 m^2 for m^2 outputs: 16 of 36 with m = 2, 36 of 144 with 4, 64 of
 * 324 with 6.  A unit takes some tiles of one picture (and some of the outputs) through all three
 * steps in scratch: transform of the input, products, transform of the output.  A NaN or an infinity reaches all outputs of its
 * tiles.
 *
 * The larger the tile, the larger the rounding errors: oc_conv_wino_error bounds them, and a size
 * serves a node only where that bound is within OC_CONV_ERROR_MAX. */
#ifndef OC_OPS_CONV_WINO_H
#define OC_OPS_CONV_WINO_H

#include "kernels/f32_mac.h"
#include "kernels/f32_wino_in.h"
#include "kernels/f32_wino_out.h"
#include "kernels/wino_points.h"
#include "ops/conv_geom.h"
#include "ops/op.h"

typedef struct oc_conv_wino {
    oc_k_f32_mac_fn      *mac;
    oc_k_f32_wino_in_fn  *in;
    oc_k_f32_wino_out_fn *out;
    oc_act                act;
    unsigned              m, q;     /* outputs of a tile each way, products: (m + 2)^2 */
    float                *u, *bias; /* u: [q][panels] */
    ptrdiff_t             in_h, in_w, out_h, out_w, top, left;
    size_t                c, oc, blocks_in, blocks_out, n_panels;
    size_t                tiles_w, tiles, per_unit, units_per_image, units;
    size_t                panels_per, n_groups; /* panels of a unit; units over the same tiles */
    size_t                v_q, u_q; /* floats between the planes of products in scratch */
    size_t                scratch_bytes;
    double                unit_flops;
} oc_conv_wino;

/* A layer's largest deviation from the exact sum, in parts of the largest output, that is accepted.
 * What matters is what a network makes of it: inception_v3 makes 4e-6 behind its first layers (F(6) over
 * 32 channels, where the bound says 1.4e-5) 1.4e-4 at its output, and F(4)'s 1e-6 there 7e-5. */
#define OC_CONV_ERROR_MAX 1e-5

/* Can this convolution be done so at all, and with what error?  The bound is over random and real
 * layers (docs/kernels.md; held by tests/unit/runtime/t_wino_error.c); it grows with the root of the
 * number of products summed. */
bool   oc_conv_wino_fits(const oc_conv_geom *g);
double oc_conv_wino_error(unsigned m, int64_t channels);

/* For a cost model: what the transform of eight channels of a tile takes, in flops of the products;
 * tiles of a unit. */
double oc_conv_wino_turn_flops(unsigned m);
double oc_conv_wino_tiles(unsigned m, int64_t c, int64_t oc);

/* w: [OC][C][3][3], bias OC floats or NULL.  Activation, instruction set and memory are p's. */
OC_MUST_CHECK oc_status oc_conv_wino_init(oc_conv_wino *d, const oc_conv_geom *g, unsigned m,
                                          const float *w, const float *bias, const oc_prepare *p,
                                          oc_error *err);
void oc_conv_wino_run(const oc_conv_wino *d, const float *x, const float *add, float *y,
                      size_t unit, float *scratch);

#endif
