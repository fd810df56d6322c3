/* metrics.h -- the one registry of a process: counters, gauges and histograms with names and labels.
 *
 * What exists is the table in metrics.inc.  A series (one family, one value for each label) is asked
 * for once, when a stream opens, say; from then on it is counted with relaxed atomics, from any
 * thread, without a lock and without memory.  What is read elsewhere (the process, the device) is
 * brought in by collectors, which run when somebody asks for the metrics and not otherwise.
 *
 * Nothing is sharded by thread: a frame costs some thirty additions, and two threads of a stream
 * touch different series (bench/observe has the figures). */
#ifndef OC_TELEMETRY_METRICS_H
#define OC_TELEMETRY_METRICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ocellus/status.h"
#include "telemetry/histogram.h"

#define OC_METRIC_LABELS_MAX 4
#define OC_METRIC_VALUE_BYTES 128 /* of a label's value, longer ones are cut */

typedef enum oc_metric_id {
#define OC_METRIC_GROUP(title)
#define OC_METRIC(id, name, kind, unit, labels, series_max, help) OC_M_##id,
#include "telemetry/metrics.inc"
#undef OC_METRIC
#undef OC_METRIC_GROUP
    OC_METRICS
} oc_metric_id;

typedef enum oc_metric_kind {
    OC_METRIC_COUNTER,
    OC_METRIC_COUNTER_NS,
    OC_METRIC_GAUGE,
    OC_METRIC_HISTOGRAM,
    OC_METRIC_INFO,
} oc_metric_kind;

typedef struct oc_metric_family {
    const char    *group, *name, *unit, *help;
    oc_metric_kind kind;
    size_t         n_labels, series_max;
    const char    *label[OC_METRIC_LABELS_MAX];
} oc_metric_family;

const oc_metric_family *oc_metric_family_of(oc_metric_id id);
const char             *oc_metric_kind_name(oc_metric_kind kind); /* "counter", "gauge" ... */

typedef struct oc_metrics oc_metrics;
typedef struct oc_series  oc_series;

OC_MUST_CHECK oc_status oc_metrics_create(oc_metrics **out, oc_error *err);
void                    oc_metrics_destroy(oc_metrics *m); /* NULL is fine; after all who count */

/* The series of these label values (as many as the family has labels; may be NULL where it has
 * none), made when there is none yet.  Bytes that are no UTF-8 become U+FFFD.  Never NULL: where the
 * family is full or there is no memory it is the family's series "other", which is counted.  It
 * lives as long as the registry, or until oc_metrics_drop. */
oc_series *oc_metrics_series(oc_metrics *m, oc_metric_id id, const char *const *values);

/* Takes all series out whose label has this value: a stream is gone.  Nobody may count there any
 * more. */
void oc_metrics_drop(oc_metrics *m, const char *label, const char *value);

void     oc_series_add(oc_series *s, uint64_t n);       /* counters */
void     oc_series_set_count(oc_series *s, uint64_t n); /* counters kept elsewhere */
void     oc_series_set(oc_series *s, double value);     /* gauges */
void     oc_series_observe(oc_series *s, uint64_t ns);  /* histograms */
uint64_t oc_series_count(const oc_series *s);
double   oc_series_value(const oc_series *s); /* counters and gauges, in the family's unit */
const oc_histogram *oc_series_histogram(const oc_series *s); /* NULL for other kinds */

/* Called before the metrics are read, one at a time; may ask for series.  Returns false when there
 * are too many collectors. */
typedef void       oc_metrics_collect_fn(void *ctx);
OC_MUST_CHECK bool oc_metrics_on_collect(oc_metrics *m, oc_metrics_collect_fn *fn, void *ctx);
void oc_metrics_off_collect(oc_metrics *m, oc_metrics_collect_fn *fn, void *ctx); /* waits for it */

typedef struct oc_metric_sample {
    const oc_metric_family *family;
    const oc_series        *series;
    const char *const      *value;  /* of the labels */
    const char             *labels; /* the same as text: stream="door",reason="failed" */
    bool                    first;  /* of its family */
} oc_metric_sample;
typedef void oc_metrics_visit_fn(void *ctx, const oc_metric_sample *sample);

/* Runs the collectors, then visits all series, those of a family together, in the table's order.
 * The visitor must not ask for series. */
void oc_metrics_visit(oc_metrics *m, oc_metrics_visit_fn *fn, void *ctx);
/* The same without the collectors. */
void oc_metrics_peek(oc_metrics *m, oc_metrics_visit_fn *fn, void *ctx);

uint64_t oc_metrics_start_unix_ns(const oc_metrics *m); /* when it was created */

/* ---- how histograms are told: cumulative counts below fixed bounds ---- */

/* Two bounds an octave from 2^17 ns (131 us) to 2^34 ns (17 s), each a border between buckets, so
 * that counts are exact and histograms of several devices add up. */
#define OC_METRIC_BOUNDS 35
double oc_metric_bound_s(size_t i); /* i < OC_METRIC_BOUNDS */

typedef struct oc_histogram_told {
    uint64_t below[OC_METRIC_BOUNDS]; /* cumulative */
    uint64_t n;                       /* all */
    double   sum_s, max_s;
} oc_histogram_told;
void oc_histogram_tell(const oc_histogram *h, oc_histogram_told *out);

#endif
