/* conv_dot.h -- 1 x 1 convolution from blocked input to a few plain planes: ends of detectors.
 *
 * In tiles of eight channels most lanes would idle: here each output is a sum across lanes.  A unit
 * is a run of pixels of one picture. */
#ifndef OC_OPS_CONV_DOT_H
#define OC_OPS_CONV_DOT_H

#include "kernels/f32_dot8.h"
#include "ops/conv_geom.h"

typedef struct oc_conv_dot {
    oc_k_f32_dot8_fn *kernel;
    oc_dot8           call; /* all but x, y and px */
    size_t            pixels, chunk, n_chunks, units;
    double            unit_flops;
} oc_conv_dot;

bool oc_conv_dot_fits(const oc_conv_geom *g);

/* w: [OC][C], bias OC floats or NULL. */
OC_MUST_CHECK oc_status oc_conv_dot_init(oc_conv_dot *d, const oc_conv_geom *g, const float *w,
                                         const float *bias, oc_act act, oc_isa isa, oc_arena *mem,
                                         oc_error *err);
void oc_conv_dot_run(const oc_conv_dot *d, const float *x, float *y, size_t unit);

#endif
