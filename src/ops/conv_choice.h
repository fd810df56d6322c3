/* conv_choice.h -- the ways a convolution can go, by name, and a guess which is the quickest.
 *
 *   dot             few outputs, as planes
 *   depthwise
 *   direct-8, -16, -24 (gemm-.. with 1 x 1 taps)   tiles of so many output channels
 *   winograd-2, -4, -6                             F(2), F(4), F(6) of conv_wino.h
 *
 * What the layouts, the instruction set and the accuracy rule do not admit is no candidate. */
#ifndef OC_OPS_CONV_CHOICE_H
#define OC_OPS_CONV_CHOICE_H

#include "ops/choice.h"
#include "ops/conv_geom.h"

typedef enum oc_conv_path {
    OC_CONV_PLAIN,
    OC_CONV_DENSE,
    OC_CONV_DOT,
    OC_CONV_WINOGRAD,
    OC_CONV_DEPTHWISE,
} oc_conv_path;

typedef struct oc_conv_way {
    oc_conv_path path;
    unsigned     size; /* dense: blocks of a panel; Winograd: m */
} oc_conv_way;

/* `only` is the path that layouts leave, and DENSE may turn into others.  The geometry is of the
 * groups as they are run (merged ones count as one). */
OC_MUST_CHECK oc_status oc_conv_choose(const oc_prepare *p, const oc_conv_geom *g,
                                       oc_conv_path only, oc_conv_way *out, oc_error *err);

#endif
