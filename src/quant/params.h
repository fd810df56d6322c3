/* params.h -- scales and zero points of the values of a placed network. */
#ifndef OC_QUANT_PARAMS_H
#define OC_QUANT_PARAMS_H

#include "quant/place.h"
#include "quant/ranges.h"

typedef struct q_params {
    float    scale;
    int32_t  zero;
    oc_dtype dtype; /* U8, I8; of 16 bits U16, I16 */
} q_params;

typedef struct q_format {
    bool     symmetric;   /* of activations: signed, zero point 0 */
    bool     wide;        /* all activations of 16 bits */
    unsigned weight_bits; /* 8, or 7: products of two cannot overflow 16 bits */
} q_format;

/* Levels between the ends of a range, of 8 or 16 bits. */
unsigned q_levels(const q_format *f, bool wide);
q_params q_params_of(q_range range, const q_format *f, bool wide);
/* Real value to level, and back. */
int32_t q_level(float x, const q_params *p);
float   q_real(int32_t level, const q_params *p);

/* params[v] of every value the place quantises: from ranges[v] (of 16 bits: wide[v]), shared where
 * nodes only move values; what shares a scale with a value of 16 bits is of 16 bits.  OC_NOMEM. */
OC_MUST_CHECK oc_status q_params_assign(const q_index *index, const q_place *place,
                                        const q_range *ranges, const q_range *wide,
                                        const q_format *f, q_params *params, oc_error *err);

/* Symmetric scales of weights: one per channel of `axis`, or one (axis -1).  scales has room for the
 * channels; gives how many. */
size_t q_weight_scales(const oc_tensor_view *w, int axis, unsigned bits, float *scales);

#endif
