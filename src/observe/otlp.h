/* otlp.h -- metrics and traces to an OpenTelemetry collector, over HTTP in JSON.
 *
 * A thread of its own makes requests and sends them one after the other; the streams never wait for
 * it.  Requests that a collector could not take for now (429, 502, 503, 504, no connection) are tried
 * again after Retry-After or a time that doubles, with jitter, from 1 s to 60 s, six times at most;
 * all other failures are final.  At most 64 requests and 8 MB wait; the oldest is given up first.
 *
 * Source: OpenTelemetry Protocol 1.3, "OTLP/HTTP". */
#ifndef OC_OBSERVE_OTLP_H
#define OC_OBSERVE_OTLP_H

#include "observe/spans.h"

typedef struct oc_otlp oc_otlp;

typedef struct oc_otlp_options {
    const char *endpoint;    /* "http://collector:4318"; /v1/metrics and /v1/traces are added */
    const char *headers;     /* "key=value,key=value" to send along, values as in URLs; or NULL */
    const char *compression; /* "gzip"; "none", "" or NULL: none */
    double      interval_s;  /* between two exports of metrics; 0 = 10 */
    oc_metrics *metrics;     /* borrowed until destroy */
    oc_spans   *spans;       /* borrowed; NULL = no traces */
    void (*trouble)(void *ctx, const oc_error *err); /* once a minute at most; may be NULL */
    void *ctx;
} oc_otlp_options;

/* OC_INVALID: not a URL of HTTP or HTTPS; headers or compression that are none. */
OC_MUST_CHECK oc_status oc_otlp_create(const oc_otlp_options *options, oc_otlp **out,
                                       oc_error *err);
/* Sends what there is once more, for two seconds at most. */
void oc_otlp_destroy(oc_otlp *o);

/* Seconds to wait: Retry-After's value (seconds or a date) where there is a good one, at most five
 * minutes; else 2^attempt from 1 to 60, by `jitter` (0 .. 1) as little as half of it. */
double oc_otlp_wait(const char *retry_after, double now_unix_s, unsigned attempt, double jitter);

#endif
