/* conv_dw.h -- depthwise convolution over blocked layouts.
 *
 * A unit is (picture, chunk of rows, block of 8 channels). */
#ifndef OC_OPS_CONV_DW_H
#define OC_OPS_CONV_DW_H

#include "kernels/f32_dw.h"
#include "ops/conv_geom.h"

typedef struct oc_conv_dw {
    oc_k_f32_dw_fn *kernel;
    oc_dw           call; /* all but the pointers and rows */
    float          *w, *bias;
    size_t          blocks, rows, chunk, n_chunks, units;
    unsigned        lanes_last;
    double          unit_flops;
} oc_conv_dw;

/* w: [C][1][kh][kw], bias C floats or NULL. */
/* Activation, instruction set and memory are p's. */
OC_MUST_CHECK oc_status oc_conv_dw_init(oc_conv_dw *d, const oc_conv_geom *g, const float *w,
                                        const float *bias, const oc_prepare *p, oc_error *err);
void oc_conv_dw_run(const oc_conv_dw *d, const float *x, const float *add, float *y, size_t unit);

#endif
