/* watch.h -- all that watches a running program, put together from the options of `ocellus run`. */
#ifndef OC_OBSERVE_WATCH_H
#define OC_OBSERVE_WATCH_H

#include "pipeline/observer.h"
#include "telemetry/metrics.h"

typedef struct oc_watch oc_watch;

typedef struct oc_watch_options {
    const char *http; /* address to serve on (observe/http.h), NULL = none */
    const char *root; /* before /proc and /sys; NULL = "" */
} oc_watch_options;

/* Strings of the options are borrowed.  Statuses: those of oc_http_create. */
OC_MUST_CHECK oc_status oc_watch_create(const oc_watch_options *options, oc_watch **out,
                                        oc_error *err);
void                    oc_watch_destroy(oc_watch *w); /* NULL is fine; after the pipelines' runs */

/* For oc_pipeline_options.observers of every pipeline. */
const oc_observer *oc_watch_observer(const oc_watch *w);
/* So many streams will be opened: /ready waits for all of them. */
void oc_watch_expect(oc_watch *w, size_t n_streams);

oc_metrics *oc_watch_metrics(oc_watch *w);
/* Plug-ins that could not be used, a line each; "" = none. */
const char *oc_watch_complaints(const oc_watch *w);
const char *oc_watch_url(const oc_watch *w); /* "http://127.0.0.1:9464"; NULL without http */

#endif
