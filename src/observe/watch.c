#include "observe/watch.h"

#include <stdlib.h>

#include "observe/accelerators.h"
#include "observe/device.h"
#include "observe/http.h"
#include "observe/process.h"
#include "observe/streams.h"

struct oc_watch {
    oc_metrics       *metrics;
    oc_streams       *streams;
    oc_http          *http;
    oc_process_reader process;
    oc_device_reader  device;
    oc_accelerators   accelerators;
    char              complaints[1024];
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
    oc_process_reader_init(&w->process, w->metrics, root);
    oc_device_reader_init(&w->device, w->metrics, root);
    oc_accelerators_init(&w->accelerators, w->metrics, w->complaints, sizeof(w->complaints));
    if (!oc_metrics_on_collect(w->metrics, oc_process_reader_collect, &w->process) ||
        !oc_metrics_on_collect(w->metrics, oc_device_reader_collect, &w->device) ||
        !oc_metrics_on_collect(w->metrics, oc_accelerators_collect, &w->accelerators))
        return OC_FAIL(err, OC_INVALID, "too many readers of metrics");
    return OC_OK;
}

oc_status oc_watch_create(const oc_watch_options *o, oc_watch **out, oc_error *err)
{
    oc_status st = OC_NOMEM;
    oc_watch *w = calloc(1, sizeof(*w));
    if (!w)
        return OC_FAIL(err, OC_NOMEM, "no memory to watch");
    if ((st = oc_metrics_create(&w->metrics, err)) != OC_OK ||
        (st = oc_streams_create(w->metrics, 0, 0, &w->streams, err)) != OC_OK ||
        (st = add_readers(w, o->root, err)) != OC_OK)
        goto out;
    if (o->http) {
        const oc_http_options http = {
            .address = o->http, .metrics = w->metrics, .live = live, .ready = ready, .ctx = w};
        if ((st = oc_http_create(&http, &w->http, err)) != OC_OK) {
            oc_error_prefix(err, "--http");
            goto out;
        }
    }
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
    oc_streams_destroy(w->streams);
    oc_accelerators_finish(&w->accelerators);
    oc_metrics_destroy(w->metrics);
    free(w);
}

const oc_observer *oc_watch_observer(const oc_watch *w)
{
    return oc_streams_observer(w->streams);
}

void oc_watch_expect(oc_watch *w, size_t n_streams)
{
    oc_streams_expect(w->streams, n_streams);
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
