/* predict.h -- how long a network will take, from its last runs: running quantiles per batch and
 * number of cores.
 *
 * Each cell keeps its last OC_PREDICT_WINDOW run times.  What was never tried is guessed from the
 * nearest cell that was: batches as so many single runs, cores with a speed-up of OC_PREDICT_GAIN each
 * beyond the first. */
#ifndef OC_SCHED_PREDICT_H
#define OC_SCHED_PREDICT_H

#include <stdbool.h>
#include <stdint.h>

#include "ocellus/status.h"

#define OC_PREDICT_WINDOW 32
#define OC_PREDICT_HIGH 0.9
#define OC_PREDICT_GAIN 0.75

typedef struct oc_predict_cell oc_predict_cell;

typedef struct oc_predictor {
    unsigned         batch_max, cores_max;
    uint64_t         hint_ns; /* one job, one core, before any run; 0 = not known */
    oc_predict_cell *cells;   /* [batch_max][cores_max] */
    uint32_t         n_filled;
} oc_predictor;

OC_MUST_CHECK oc_status oc_predictor_init(oc_predictor *p, unsigned batch_max, unsigned cores_max,
                                          uint64_t hint_ns, oc_error *err);
void                    oc_predictor_finish(oc_predictor *p);

void oc_predictor_add(oc_predictor *p, unsigned batch, unsigned cores, uint64_t ns);
/* What has been no longer counts where it is far above `ns`: the first run after a stretch in which
 * nothing ran, because nothing seemed to be in time.  True: all is forgotten. */
bool oc_predictor_doubt(oc_predictor *p, unsigned batch, unsigned cores, uint64_t ns);

/* Median, and OC_PREDICT_HIGH quantile; 0 = not known.  batch and cores from 1. */
uint64_t oc_predict_typical(const oc_predictor *p, unsigned batch, unsigned cores);
uint64_t oc_predict_high(const oc_predictor *p, unsigned batch, unsigned cores);

#endif
