/* ranges.h -- what values a network's tensors take on the samples, and the range each is given.
 *
 * Methods, chosen per run, or per tensor by the least squared error of all of them (`auto`):
 *   minmax      all that was seen
 *   average     the mean over samples of each one's least and largest ("moving average")
 *   percentile  the outermost (100 - p) % left out, half at either end
 *   entropy     least Kullback-Leibler divergence of the rounded histogram from the histogram.
 *               Source: S. Migacz, "8-bit inference with TensorRT", GTC 2017, here for ranges that
 *               are not symmetric
 *   mse         least squared error of rounding and clipping, over the histogram */
#ifndef OC_QUANT_RANGES_H
#define OC_QUANT_RANGES_H

#include "core/pool.h"
#include "quant/taps.h"

typedef enum q_method {
    Q_MINMAX,
    Q_AVERAGE,
    Q_PERCENTILE,
    Q_ENTROPY,
    Q_MSE,
    Q_AUTO,
    Q_METHODS,
} q_method;

const char *q_method_name(q_method m);
bool        q_method_parse(const char *text, q_method *m);

#define Q_BINS 2048
#define Q_POST 4097

typedef struct q_stat {
    float     min, max;         /* of all samples */
    double    sum_min, sum_max; /* of each sample's */
    size_t    samples, elements;
    uint32_t *bins; /* [Q_BINS] over [min, max]; NULL: not asked for */
    double    mean_square;
    /* What is computed on each element next, and on nothing else, at Q_POST places evenly from min to
     * max; NULL: errors count as they are. */
    float *post;
} q_stat;

typedef struct q_range {
    float    lo, hi; /* lo <= 0 <= hi, lo < hi */
    q_method method; /* the one that was taken */
} q_range;

/* One walk over the samples for least and largest, a second for histograms where they are wanted.
 * stats: [q_runner_results].  progress may be NULL; false stops with OC_CANCELLED.
 *
 * OC_INVALID  a value is NaN or infinite: names value and sample (the first in the order of names) */
typedef bool            q_progress(void *ctx, const char *what, size_t done, size_t n);
OC_MUST_CHECK oc_status q_collect(q_runner *runner, q_samples *samples, bool histograms,
                                  oc_pool *pool, q_progress *progress, void *ctx, q_stat *stats,
                                  oc_error *err);
void                    q_stats_finish(q_stat *stats, size_t n);

typedef struct q_range_options {
    q_method method;
    double   percentile; /* 0 < p <= 100 */
    bool     symmetric;  /* -lo == hi */
    unsigned levels;     /* 255 for eight bits */
} q_range_options;

q_range q_range_of(const q_stat *stat, const q_range_options *options);
/* Mean squared error that a range causes. */
double q_range_error(const q_stat *stat, q_range range, unsigned levels);

#endif
