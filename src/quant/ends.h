/* ends.h -- where the noise of a mixture is measured.
 *
 * An output that comes out of a choice (the best hundred of a score map, boxes that survive a
 * suppression) jumps: noise that moves nothing shows as none, a little more exchanges rows, and all of
 * them count as noise.  Such outputs say little of a layer.  What is measured in their place is the
 * values that the choice is made of. */
#ifndef OC_QUANT_ENDS_H
#define OC_QUANT_ENDS_H

#include "quant/index.h"

typedef struct q_ends {
    const char **names; /* values measured beside outputs; borrowed from the document */
    bool        *jumps; /* per output of the document: it does not count */
    size_t       n;     /* names */
} q_ends;

/* Where nothing before a choice can be measured, all outputs count.  OC_NOMEM. */
OC_MUST_CHECK oc_status q_ends_find(const oc_doc *doc, q_ends *out, oc_error *err);
void                    q_ends_finish(q_ends *ends); /* a zeroed one is fine */

#endif
