/* watch.h -- all that watches a running program, put together from the options of `ocellus run`. */
#ifndef OC_OBSERVE_WATCH_H
#define OC_OBSERVE_WATCH_H

#include "events/sinks.h"
#include "observe/objectives.h"
#include "pipeline/observer.h"
#include "sched/sched.h"
#include "telemetry/metrics.h"

typedef struct oc_watch oc_watch;

typedef struct oc_watch_options {
    const char *http; /* address to serve on (observe/http.h), NULL = none */
    const char *root; /* before /proc and /sys; NULL = "" */
    const char *otlp; /* collector's URL, NULL = none */
    const char *otlp_headers, *otlp_compression; /* observe/otlp.h */
    double      otlp_interval_s;                 /* between two exports of metrics; 0 = 10 */
    unsigned    otlp_every;                      /* one frame in so many is traced; 0 = none */
    const char *trace;                           /* file to write at the end, NULL = none */
    const char *state;        /* file that keeps the windows of objectives; NULL = none */
    const char *drift;        /* reference that streams are compared with; NULL = none */
    const char *drift_learn;  /* reference to write at the end; NULL = none */
    double      drift_window; /* seconds, to learn with; 0 = 60 */
    /* An alert that begins or ends, and its line as an event (with '\n'); from one thread, that no
     * stream waits for.  False: it could not be written. */
    bool (*alert)(void *ctx, const oc_alert *alert, const char *line, size_t bytes);
    /* What went wrong without ending anything; any thread. */
    void (*trouble)(void *ctx, const oc_error *err);
    void *ctx;
} oc_watch_options;

#define OC_WATCH_OBSERVERS 5

/* Strings of the options are borrowed.  Statuses: those of oc_http_create. */
OC_MUST_CHECK oc_status oc_watch_create(const oc_watch_options *options, oc_watch **out,
                                        oc_error *err);
void                    oc_watch_destroy(oc_watch *w); /* NULL is fine; after the pipelines' runs */

/* For oc_pipeline_options.observers of every pipeline; gives back how many. */
size_t oc_watch_observers(const oc_watch *w, const oc_observer *out[OC_WATCH_OBSERVERS]);
/* So many streams will be opened: /ready waits for all of them. */
void oc_watch_expect(oc_watch *w, size_t n_streams);

/* Whose figures are exported, too, until the next call; NULL before they are destroyed. */
void oc_watch_sinks(oc_watch *w, oc_sinks *sinks);
void oc_watch_sched(oc_watch *w, oc_sched *sched);

oc_metrics *oc_watch_metrics(oc_watch *w);
/* Plug-ins that could not be used, a line each; "" = none. */
const char *oc_watch_complaints(const oc_watch *w);
const char *oc_watch_url(const oc_watch *w); /* "http://127.0.0.1:9464"; NULL without http */

#endif
