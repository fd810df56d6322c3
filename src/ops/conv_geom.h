/* conv_geom.h -- what a convolution's attributes and shapes mean, in numbers.
 *
 * Shared by Conv, ConvTranspose and others with the same attributes.  Spatial axis 0 is the
 * outermost. */
#ifndef OC_OPS_CONV_GEOM_H
#define OC_OPS_CONV_GEOM_H

#include "ops/op.h"

#define OC_CONV_DIMS_MAX (OC_RANK_MAX - 2)

typedef struct oc_conv_geom {
    uint32_t dims;     /* spatial axes */
    int64_t  n, c, oc; /* pictures, channels in and out (of all groups) */
    int64_t  groups;
    int64_t  in[OC_CONV_DIMS_MAX], out[OC_CONV_DIMS_MAX], k[OC_CONV_DIMS_MAX];
    int64_t  stride[OC_CONV_DIMS_MAX], dil[OC_CONV_DIMS_MAX];
    int64_t  pad[OC_CONV_DIMS_MAX], pad_end[OC_CONV_DIMS_MAX]; /* may be negative when transposed */
} oc_conv_geom;

/* Checks and computes everything; w is [OC][C/group][k..].  OC_FORMAT says what does not fit. */
OC_MUST_CHECK oc_status oc_conv_geom_read(const oc_node *node, const oc_tensor_info *x,
                                          const oc_tensor_info *w, oc_conv_geom *g, oc_error *err);
/* ConvTranspose: w is [C][OC/group][k..]; output_padding and output_shape are honoured. */
OC_MUST_CHECK oc_status oc_conv_geom_read_transposed(const oc_node *node, const oc_tensor_info *x,
                                                     const oc_tensor_info *w, oc_conv_geom *g,
                                                     oc_error *err);

/* [n, oc, out..] */
oc_shape oc_conv_geom_shape(const oc_conv_geom *g);
/* 2 * multiply-adds of one run (of the taps of the output, padding included; 0 when transposed
 * counts input instead). */
double oc_conv_geom_flops(const oc_conv_geom *g, bool transposed);

/* Inputs of Conv and ConvTranspose: x, w, an optional bias, and the residual that a pass added. */
typedef struct oc_conv_inputs {
    int bias, add; /* index, or -1 */
} oc_conv_inputs;
oc_conv_inputs oc_conv_inputs_of(const oc_node *node, uint32_t n_in, bool has_third);

#endif
