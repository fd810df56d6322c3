/* evidence.h -- several looks at one track become one opinion.
 *
 * A look gives a value and how sure it is, p (0..1).  A value's weight is the sum of its p; the
 * opinion is the heaviest value, its confidence the weight as part of the looks taken.  With a
 * half-life, old looks count less: for what changes, as a posture does. */
#ifndef OC_PIPELINE_EVIDENCE_H
#define OC_PIPELINE_EVIDENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OC_VALUE_BYTES 64 /* with the closing zero byte; longer texts are cut between letters */
#define OC_VOTES_MAX 8    /* values remembered; the lightest makes room */

typedef struct oc_vote {
    char  value[OC_VALUE_BYTES];
    float weight;
} oc_vote;

typedef struct oc_evidence { /* a zeroed one is empty */
    oc_vote  vote[OC_VOTES_MAX];
    uint32_t n;
    float    total; /* looks, decayed */
    uint32_t looks; /* that gave something */
    uint32_t tries;
    double   last_s;                    /* of the last try */
    float    best_area, best_sharpness; /* of a try */
    char     told[OC_VALUE_BYTES];      /* last value made known; "" = none yet */
    float    confidence;                /* of it, by now */
} oc_evidence;

/* One look begins: older ones decay (half_life_s > 0) and it counts 1. */
void oc_evidence_look(oc_evidence *e, double time_s, double half_life_s);
/* ... and says this, with p.  May be called several times for a look (the best classes, say). */
void oc_evidence_say(oc_evidence *e, const char *value, float p);

/* The heaviest value, or NULL. */
const oc_vote *oc_evidence_best(const oc_evidence *e, float *confidence);

/* Makes the best value known when it is sure enough; true when it is another than before. */
bool oc_evidence_decide(oc_evidence *e, float confidence_min);

#endif
