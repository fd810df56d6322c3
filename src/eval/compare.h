/* compare.h -- two runs over the same data: how sure their difference is, and where they differ.
 *
 * The data is cut into units (images, rows, stretches of a sequence); resampling draws as many units
 * as there are, with replacement, the same for both runs, and takes every figure anew (paired
 * bootstrap, Efron and Tibshirani 1993, percentile intervals).  Matching is done once: a draw is only
 * another weighting of the units. */
#ifndef OC_EVAL_COMPARE_H
#define OC_EVAL_COMPARE_H

#include "core/arena.h"
#include "core/pool.h"
#include "eval/classify.h"
#include "eval/coco.h"
#include "eval/embed.h"
#include "eval/kitti.h"
#include "eval/mot.h"
#include "eval/text.h"

/* A run, made ready: its figures under any weighting of its units. */
typedef struct oc_compare_run {
    oc_arena     mem;
    size_t       n_units, n_figures;
    size_t       n_main;  /* figures of the whole; behind them those of classes */
    const char **unit;    /* names */
    const char **figure;  /* names */
    bool        *falling; /* [n_figures]: less is better */
    double      *score;   /* [n_units]: how well each came out, more is better; NaN: no telling */
    size_t       scratch_bytes;
    void        *self;
    /* out[n_figures]; NaN where nothing defines one.  From several threads, each with scratch. */
    void (*figures)(const struct oc_compare_run *run, const uint32_t *weight, void *scratch,
                    double *out);
    void (*finish)(struct oc_compare_run *run); /* of what self holds elsewhere; may be NULL */
} oc_compare_run;

void oc_compare_run_finish(oc_compare_run *run); /* a zeroed one is fine */

/* Units: images.  Figures: AP and its kin, AR100, then AP of each category.  An image's score is AP
 * over it alone; where it shows nothing, 1 less the best score of what was found. */
OC_MUST_CHECK oc_status oc_compare_coco(const oc_coco_set *truth, const oc_coco_set *results,
                                        oc_coco_type type, oc_compare_run *out, oc_error *err);
/* Units: rows.  top1, top<k>, accuracy of each class, macro_F1. */
OC_MUST_CHECK oc_status oc_compare_classify(const oc_classify_scores *scores, size_t k,
                                            oc_compare_run *out, oc_error *err);
/* Units: queries.  rank1, rank5, mAP, centroid_top1. */
OC_MUST_CHECK oc_status oc_compare_embed(const oc_embed_set *set, const oc_embed_scores *scores,
                                         oc_compare_run *out, oc_error *err);
/* Units: rows.  CER, WER, exact. */
OC_MUST_CHECK oc_status oc_compare_text(const oc_text_scores *scores, oc_compare_run *out,
                                        oc_error *err);
/* Units: images, after oc_text_spot.  F1 and its parts, of detection and end to end. */
OC_MUST_CHECK oc_status oc_compare_spots(const oc_text_set *set, oc_compare_run *out,
                                         oc_error *err);
/* Units: stretches of `block` frames of each sequence, from oc_mot_record.  Association is that of
 * the whole sequence: a true positive keeps the share of its track that it stood for. */
OC_MUST_CHECK oc_status oc_compare_mot(const oc_mot_record *const *record, const char *const *names,
                                       size_t n, size_t block, oc_compare_run *out, oc_error *err);

/* Units: images.  mAP, mAP11 and the AP of each class, as oc_voc_score.  An image's score is F1 of
 * all its results; where it shows nothing 1 / (1 + results). */
OC_MUST_CHECK oc_status oc_compare_voc(const oc_coco_set *truth, const oc_coco_set *results,
                                       double iou, oc_compare_run *out, oc_error *err);
/* Units: images.  AP and AOS of each class and level; thresholds are chosen anew in every draw, as
 * the kit would.  An image's score: as above, at the hardest level. */
OC_MUST_CHECK oc_status oc_compare_kitti(const oc_kitti_set *set, oc_compare_run *out,
                                         oc_error *err);

typedef struct oc_compare_options {
    size_t   resamples; /* 0 = 1000 */
    uint64_t seed;
    double   level; /* of the interval; 0 = .95 */
    oc_pool *pool;  /* may be NULL; the result is the same for any */
} oc_compare_options;

typedef struct oc_compare_row { /* of one figure */
    double a, b, difference;    /* b - a; NaN: not defined in both */
    double low, high;           /* interval of the difference */
    double p; /* two-sided: how often draws fall on the other side of 0, doubled */
} oc_compare_row;

/* out[n_figures].  OC_INVALID: the runs are over different units, or there are none. */
OC_MUST_CHECK oc_status oc_compare_bootstrap(const oc_compare_run *a, const oc_compare_run *b,
                                             const oc_compare_options *options, oc_compare_row *out,
                                             oc_error *err);

/* Units by how much their score changed, most first; those that did not change are left out.
 * out[n_units]; gives back how many. */
size_t oc_compare_changed(const oc_compare_run *a, const oc_compare_run *b, size_t *out);

/* ---- folds and re-runs ---- */

typedef struct oc_compare_folds {
    oc_arena     mem;
    const char **name;
    uint32_t    *fold_of; /* [n_units]; UINT32_MAX: in none */
    size_t       n;
} oc_compare_folds;

/* {"folds": [{"name": "1", "images": ["a.jpg", ...]}, ...]}; images are file names as the data has
 * them, or what of a unit's name stands behind the last '/'.  OC_FORMAT: file, line; an image in two
 * folds; a fold without any unit of the run. */
OC_MUST_CHECK oc_status oc_compare_folds_read(const char *path, const oc_compare_run *run,
                                              oc_compare_folds *out, oc_error *err);
void                    oc_compare_folds_finish(oc_compare_folds *folds);

typedef struct oc_compare_spread {
    double mean, sd,
        half; /* half the width of the mean's 95 % interval (Student's t); NaN for one */
    size_t n; /* values that are defined */
} oc_compare_spread;

oc_compare_spread oc_compare_spread_of(const double *value, size_t n);
/* Of every figure over the folds.  each[n_figures][n folds]; spread[n_figures]. */
OC_MUST_CHECK oc_status oc_compare_over_folds(const oc_compare_run   *run,
                                              const oc_compare_folds *folds, double *each,
                                              oc_compare_spread *spread, oc_error *err);
/* Of every figure, the whole data. */
OC_MUST_CHECK oc_status oc_compare_figures(const oc_compare_run *run, double *out, oc_error *err);

#endif
