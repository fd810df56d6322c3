/* conv_wino.h -- 3 x 3 convolution of stride 1 by Winograd's F(4x4, 3x3), over blocked layouts.
 *
 * 36 products instead of 144 for 16 outputs.  A unit takes some tiles of one picture through all
 * three steps in scratch: transform of the input, 36 products, transform of the output.  Rounding
 * errors are some ten times those of the direct sum (5e-6 of the largest output and less); a NaN or
 * an infinity reaches all outputs of its tiles. */
#ifndef OC_OPS_CONV_WINO_H
#define OC_OPS_CONV_WINO_H

#include "kernels/f32_mac.h"
#include "kernels/f32_wino_in.h"
#include "kernels/f32_wino_out.h"
#include "ops/conv_geom.h"
#include "ops/op.h"

typedef struct oc_conv_wino {
    oc_k_f32_mac_fn      *mac;
    oc_k_f32_wino_in_fn  *in;
    oc_k_f32_wino_out_fn *out;
    oc_act                act;
    float                *u, *bias; /* u: [36][panels] */
    ptrdiff_t             in_h, in_w, out_h, out_w, top, left;
    size_t                c, oc, blocks_in, blocks_out, n_panels;
    size_t                tiles_w, tiles, per_unit, units_per_image, units;
    size_t                v_q, m_q; /* floats between the 36 planes in scratch */
    size_t                scratch_bytes;
    double                unit_flops;
} oc_conv_wino;

/* Is it worth it? */
bool oc_conv_wino_fits(const oc_conv_geom *g);

/* w: [OC][C][3][3], bias OC floats or NULL.  Activation, instruction set and memory are p's. */
OC_MUST_CHECK oc_status oc_conv_wino_init(oc_conv_wino *d, const oc_conv_geom *g, const float *w,
                                          const float *bias, const oc_prepare *p, oc_error *err);
void oc_conv_wino_run(const oc_conv_wino *d, const float *x, const float *add, float *y,
                      size_t unit, float *scratch);

#endif
