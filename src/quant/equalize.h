/* equalize.h -- ranges of channels evened out between layers that follow each other.
 *
 * Where a layer's result reaches the next through nothing but Relu, LeakyRelu or no activation, channel
 * c may be divided by s behind the first and multiplied by s in the second without a change of the
 * results; s = sqrt(r1 / r2), r1 and r2 being the channel's largest weights on either side (Nagel et
 * al. 2019, arXiv:1906.04721, section 4.1).  Several rounds, since layers stand in chains. */
#ifndef OC_QUANT_EQUALIZE_H
#define OC_QUANT_EQUALIZE_H

#include "quant/index.h"

/* Of a prepared document.  pairs: how many were evened out. */
OC_MUST_CHECK oc_status q_equalize(oc_doc *doc, size_t *pairs, oc_error *err);

#endif
