/* conv_plain.h -- convolution of any rank, group and float type over plain layouts: what the
 * blocked paths do not take.  A unit is one plane: (picture, output channel). */
#ifndef OC_OPS_CONV_PLAIN_H
#define OC_OPS_CONV_PLAIN_H

#include "ops/conv_geom.h"

typedef struct oc_conv_plain {
    oc_conv_geom   geom;
    oc_conv_inputs at;
    oc_act         act;
    oc_dtype       dtype;
    bool           transposed;
} oc_conv_plain;

/* Fills the plan and p->work. */
void oc_conv_plain_init(oc_conv_plain *plan, const oc_prepare *p, const oc_conv_geom *geom,
                        oc_conv_inputs at, bool transposed);
void oc_conv_plain_run(const oc_conv_plain *plan, const oc_op_run *r);

#endif
