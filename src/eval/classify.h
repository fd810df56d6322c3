/* classify.h -- how good a classifier is, from a table of its scores.
 *
 * Calibration error: Guo et al. 2017 (arXiv:1706.04599), equation 3, bins of equal width. */
#ifndef OC_EVAL_CLASSIFY_H
#define OC_EVAL_CLASSIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "ocellus/status.h"

#define OC_CLASSIFY_BINS 15

typedef struct oc_classify_class {
    const char *name;
    uint64_t    n, predicted, right;   /* rows of this class; rows taken for it; both */
    double      precision, recall, f1; /* 0 where nothing defines them, as is usual */
} oc_classify_class;

typedef struct oc_classify_bin { /* confidences in ((i)/15, (i + 1)/15] */
    uint64_t n, right;
    double   confidence; /* sum */
} oc_classify_bin;

typedef struct oc_classify_row {        /* one that was scored */
    const char *path;                   /* "" where not told */
    uint32_t    truth, predicted, rank; /* rank of the truth, 0 = best */
    double      confidence;             /* of the prediction, 0..1 */
} oc_classify_row;

typedef struct oc_classify_scores {
    oc_arena           mem;
    oc_classify_row   *row; /* [n] */
    oc_classify_class *cls;
    size_t             n_classes;
    uint64_t           n;         /* rows */
    uint64_t          *confusion; /* [truth][prediction] */
    uint64_t          *rank;      /* [n_classes]: rows whose class has that place, 0 = best */
    double             macro_f1, weighted_f1; /* over classes that have rows */
    /* Scores must be probabilities for these; NaN where one lies outside 0..1. */
    double          ece, mce; /* expected and largest calibration error */
    double          nll;      /* mean -log of the right class's; infinite where one is 0 */
    oc_classify_bin bin[OC_CLASSIFY_BINS];
} oc_classify_scores;

/* The first line names the columns: `label` is the truth (a class's name, or its number from 0),
 * `path` is kept, every other one is a class, in order, with its score.  Fields may stand in
 * quotes.  softmax: the scores are logits.  Equal scores: the first class wins.
 *
 * OC_IO; OC_FORMAT: file, line, reason. */
OC_MUST_CHECK oc_status oc_classify_score(const char *csv, bool softmax, oc_classify_scores *out,
                                          oc_error *err);
void oc_classify_scores_finish(oc_classify_scores *scores); /* a zeroed one is fine */

/* ---- the same row by row, from a network's best classes ---- */

typedef struct oc_classify_table oc_classify_table;

OC_MUST_CHECK oc_status oc_classify_open(const char *const *names, size_t n,
                                         oc_classify_table **out, oc_error *err);
/* score[i] of class[i], best first, n of them; what is not among them counts as less than all, and a
 * truth that is not leaves `nll` undefined.  OC_FORMAT: label is no class. */
OC_MUST_CHECK oc_status oc_classify_add(oc_classify_table *t, const char *path, const char *label,
                                        const uint32_t *cls, const float *score, size_t n,
                                        oc_error *err);
/* Closes the table.  OC_FORMAT: no rows.  out NULL: only closes. */
oc_status oc_classify_close(oc_classify_table *t, oc_classify_scores *out, oc_error *err);

double oc_classify_top(const oc_classify_scores *scores, size_t k); /* share of rows, 0..1 */

#endif
