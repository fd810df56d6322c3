/* score.h -- how far a mixture's outputs lie from the float network's, on samples; of outputs that
 * come out of a choice, what the choice is made of (ends.h).
 *
 * Signal to quantisation noise: 10 log10(sum of squares / sum of squared differences), in dB, over all
 * samples; of several outputs the mean of their figures, each held to [0, 100].  Integer outputs (classes,
 * counts) count by the share of elements that agree, as noise among ones. */
#ifndef OC_QUANT_SCORE_H
#define OC_QUANT_SCORE_H

#include "quant/ends.h"
#include "quant/taps.h"

typedef struct q_reference q_reference;

/* The float network's results on at most `limit` samples, spread evenly (0: all); `samples` and the
 * document's names are borrowed. */
OC_MUST_CHECK oc_status q_reference_create(const oc_doc *doc, q_samples *samples, size_t limit,
                                           oc_pool *pool, q_reference **out, oc_error *err);
void                    q_reference_destroy(q_reference *r); /* NULL is fine */

typedef struct q_score {
    double sqnr_db;
    double worst_db; /* of the worst output */
    bool   finite;   /* every output was */
} q_score;

OC_MUST_CHECK oc_status q_reference_score(q_reference *r, const oc_doc *doc, q_score *out,
                                          oc_error *err);

#endif
