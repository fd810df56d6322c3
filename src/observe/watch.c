#include "observe/watch.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "events/part.h"
#include "observe/accelerators.h"
#include "observe/device.h"
#include "observe/drift.h"
#include "observe/http.h"
#include "observe/otlp.h"
#include "observe/process.h"
#include "observe/shared.h"
#include "observe/streams.h"
#include "observe/teller.h"

#define TRACE_FRAMES 4096 /* 2.5 MB; some minutes */

struct oc_watch {
    oc_metrics          *metrics;
    oc_streams          *streams;
    oc_http             *http;
    oc_spans            *spans;
    oc_otlp             *otlp;
    oc_objectives       *objectives;
    oc_drift            *drift;
    oc_teller           *teller;
    oc_watch_options     options;
    atomic_uint_fast64_t alerts;
    oc_series           *m_failed;
    oc_process_reader    process;
    oc_device_reader     device;
    oc_accelerators      accelerators;
    char                 complaints[1024];
    oc_shared            shared;
    bool                 done; /* create has succeeded */
};

static bool live(void *ctx, oc_strbuf *text)
{
    return oc_streams_live(((oc_watch *)ctx)->streams, text);
}

static bool ready(void *ctx, oc_strbuf *text)
{
    return oc_streams_ready(((oc_watch *)ctx)->streams, text);
}

static oc_status add_readers(oc_watch *w, const char *root, oc_error *err)
{
    w->shared.metrics = w->metrics;
    w->m_failed = oc_metrics_series(w->metrics, OC_M_ALERTS_FAILED, NULL);
    oc_process_reader_init(&w->process, w->metrics, NULL);
    oc_device_reader_init(&w->device, w->metrics, root);
    oc_accelerators_init(&w->accelerators, w->metrics, w->complaints, sizeof(w->complaints));
    if (!oc_metrics_on_collect(w->metrics, oc_process_reader_collect, &w->process) ||
        !oc_metrics_on_collect(w->metrics, oc_device_reader_collect, &w->device) ||
        !oc_metrics_on_collect(w->metrics, oc_accelerators_collect, &w->accelerators) ||
        !oc_metrics_on_collect(w->metrics, oc_shared_collect, &w->shared))
        return OC_FAIL(err, OC_INVALID, "too many readers of metrics");
    return OC_OK;
}

static void told(void *ctx, const oc_alert *a, const char *line, size_t n)
{
    oc_watch *w = ctx;
    if (n > 0)
        oc_shared_put(&w->shared, a->stream, oc_event_name(OC_EVENT_ALERT), line, n);
    if (w->options.alert && !w->options.alert(w->options.ctx, a, line, n))
        oc_series_add(w->m_failed, 1);
}

/* From a stream's thread or that of objectives: it must not wait. */
static void on_alert(void *ctx, const oc_alert *a)
{
    oc_watch      *w = ctx;
    char           line[2048];
    const oc_event event = {.type = OC_EVENT_ALERT,
                            .time_s = a->time_s,
                            .frame = a->frame,
                            .objective = a->objective,
                            .severity = a->severity,
                            .window = a->window,
                            .burn = a->burn,
                            .firing = a->firing};
    size_t         n =
        oc_event_format(&event, a->stream, atomic_fetch_add(&w->alerts, 1), line, sizeof(line));
    oc_teller_put(w->teller, a, line, n);
}

static void on_trouble(void *ctx, const oc_error *err)
{
    oc_watch *w = ctx;
    if (w->options.trouble)
        w->options.trouble(w->options.ctx, err);
}

static void forget(void *objectives, const char *stream)
{
    oc_objectives_forget(objectives, stream);
}

static oc_status add_objectives(oc_watch *w, oc_error *err)
{
    const oc_objectives_options o = {.metrics = w->metrics,
                                     .file = w->options.state,
                                     .alert = on_alert,
                                     .trouble = on_trouble,
                                     .ctx = w};
    oc_status                   st = oc_objectives_create(&o, &w->objectives, err);
    if (st != OC_OK)
        return st;
    oc_streams_on_forget(w->streams, forget, w->objectives);
    return oc_objectives_start(w->objectives, err);
}

/* A drift is told as an alert is: burn is how many times the limit. */
static void on_drift(void *ctx, const oc_drift_told *d)
{
    char           feature[64], window[32];
    const oc_alert a = {.stream = d->stream,
                        .objective = feature,
                        .severity = "ticket",
                        .window = window,
                        .burn = d->times,
                        .firing = d->firing,
                        .drift = true,
                        .time_s = d->time_s,
                        .frame = d->frame};
    snprintf(feature, sizeof(feature), "drift of %s", d->feature);
    snprintf(window, sizeof(window), "%gs", d->window_s);
    on_alert(ctx, &a);
}

static oc_status add_drift(oc_watch *w, oc_error *err)
{
    const oc_drift_options o = {.metrics = w->metrics,
                                .reference = w->options.drift,
                                .learn = w->options.drift_learn,
                                .window_s = w->options.drift_window,
                                .told = on_drift,
                                .ctx = w};
    return o.reference || o.learn ? oc_drift_create(&o, &w->drift, err) : OC_OK;
}

static oc_status add_spans(oc_watch *w, oc_error *err)
{
    const oc_watch_options *o = &w->options;
    unsigned                every = o->otlp ? o->otlp_every : 0;
    oc_status               st = OC_OK;
    if (o->trace || every)
        st = oc_spans_create(w->metrics, o->trace ? TRACE_FRAMES : 0, every, &w->spans, err);
    const oc_otlp_options otlp = {.endpoint = o->otlp,
                                  .headers = o->otlp_headers,
                                  .compression = o->otlp_compression,
                                  .interval_s = o->otlp_interval_s,
                                  .metrics = w->metrics,
                                  .spans = every ? w->spans : NULL,
                                  .trouble = on_trouble,
                                  .ctx = w};
    if (st != OC_OK || !o->otlp)
        return st;
    if ((st = oc_otlp_create(&otlp, &w->otlp, err)) != OC_OK)
        oc_error_prefix(err, "--otlp");
    return st;
}

/* What is written at the end must not turn out then to have no place. */
static oc_status check_place(const char *option, const char *path, oc_error *err)
{
    struct stat at;
    oc_part    *part;
    if (!path || (stat(path, &at) == 0 && !S_ISREG(at.st_mode) && !S_ISDIR(at.st_mode)))
        return OC_OK;
    oc_status st = oc_part_create(path, &part, err);
    if (st != OC_OK) {
        oc_error_prefix(err, "%s", option);
        return st;
    }
    oc_part_drop(part);
    return OC_OK;
}

oc_status oc_watch_create(const oc_watch_options *o, oc_watch **out, oc_error *err)
{
    oc_status st = OC_NOMEM;
    oc_watch *w = calloc(1, sizeof(*w));
    if (!w)
        return OC_FAIL(err, OC_NOMEM, "no memory to watch");
    w->options = *o;
    oc_shared_init(&w->shared);
    if ((st = check_place("--trace", o->trace, err)) != OC_OK ||
        (st = check_place("--drift-learn", o->drift_learn, err)) != OC_OK ||
        (st = oc_metrics_create(&w->metrics, err)) != OC_OK ||
        (st = oc_streams_create(w->metrics, 0, 0, &w->streams, err)) != OC_OK ||
        (st = oc_teller_create(w->metrics, told, w, &w->teller, err)) != OC_OK ||
        (st = add_readers(w, o->root, err)) != OC_OK || (st = add_objectives(w, err)) != OC_OK ||
        (st = add_spans(w, err)) != OC_OK || (st = add_drift(w, err)) != OC_OK)
        goto out;
    if (o->http) {
        const oc_http_options http = {
            .address = o->http, .metrics = w->metrics, .live = live, .ready = ready, .ctx = w};
        if ((st = oc_http_create(&http, &w->http, err)) != OC_OK) {
            oc_error_prefix(err, "--http");
            goto out;
        }
    }
    w->done = true;
    *out = w;
    return OC_OK;
out:
    oc_watch_destroy(w);
    return st;
}

void oc_watch_destroy(oc_watch *w)
{
    if (!w)
        return;
    oc_http_destroy(w->http);
    oc_otlp_destroy(w->otlp);
    if (w->spans && w->options.trace && w->done) {
        oc_error err = {0};
        if (oc_spans_write(w->spans, w->options.trace, &err) != OC_OK)
            on_trouble(w, &err);
    }
    if (w->drift && w->options.drift_learn && w->done) {
        oc_error err = {0};
        if (oc_drift_write(w->drift, &err) != OC_OK)
            on_trouble(w, &err);
    }
    oc_drift_destroy(w->drift);
    oc_spans_destroy(w->spans);
    oc_objectives_destroy(w->objectives);
    oc_teller_destroy(w->teller);
    oc_streams_destroy(w->streams);
    oc_accelerators_finish(&w->accelerators);
    oc_metrics_destroy(w->metrics);
    oc_shared_finish(&w->shared);
    free(w);
}

size_t oc_watch_observers(const oc_watch *w, const oc_observer *out[OC_WATCH_OBSERVERS])
{
    size_t n = 0;
    out[n++] = oc_streams_observer(w->streams);
    if (w->objectives)
        out[n++] = oc_objectives_observer(w->objectives);
    if (w->spans)
        out[n++] = oc_spans_observer(w->spans);
    if (w->drift)
        out[n++] = oc_drift_observer(w->drift);
    return n;
}

void oc_watch_expect(oc_watch *w, size_t n_streams)
{
    oc_streams_expect(w->streams, n_streams);
}

void oc_watch_sinks(oc_watch *w, oc_sinks *sinks)
{
    oc_shared_sinks(&w->shared, sinks);
}

void oc_watch_sched(oc_watch *w, oc_sched *sched)
{
    oc_shared_sched(&w->shared, sched);
}

oc_metrics *oc_watch_metrics(oc_watch *w)
{
    return w->metrics;
}

const char *oc_watch_complaints(const oc_watch *w)
{
    return w->complaints;
}

const char *oc_watch_url(const oc_watch *w)
{
    return w->http ? oc_http_url(w->http) : NULL;
}
