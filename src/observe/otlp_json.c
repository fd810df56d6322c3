#include "observe/otlp_json.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

typedef struct page {
    oc_strbuf              *t;
    const oc_metric_family *family; /* whose points are being written */
    uint64_t                start, now;
    size_t                  points;
} page;

int64_t oc_otlp_clock_offset(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec - (int64_t)oc_now_ns();
}

static void attribute(oc_strbuf *t, const char *key, const char *value, bool first)
{
    oc_strbuf_put(t, first ? "{\"key\":" : ",{\"key\":");
    oc_strbuf_json(t, key);
    oc_strbuf_put(t, ",\"value\":{\"stringValue\":");
    oc_strbuf_json(t, value);
    oc_strbuf_put(t, "}}");
}

static void attribute_int(oc_strbuf *t, const char *key, uint64_t value)
{
    oc_strbuf_printf(t, ",{\"key\":\"%s\",\"value\":{\"intValue\":\"%" PRIu64 "\"}}", key, value);
}

static void resource(oc_strbuf *t, const char *kind, const char *scope)
{
    char host[256] = "";
    if (gethostname(host, sizeof(host) - 1) != 0)
        host[0] = '\0';
    oc_strbuf_printf(t, "{\"resource%s\":[{\"resource\":{\"attributes\":[", kind);
    attribute(t, "service.name", "ocellus", true);
    attribute(t, "service.version", OC_VERSION, false);
    attribute(t, "host.name", host, false);
    attribute_int(t, "process.pid", (uint64_t)getpid());
    oc_strbuf_printf(
        t, "]},\"scope%s\":[{\"scope\":{\"name\":\"ocellus\",\"version\":\"%s\"},\"%s\":[", kind,
        OC_VERSION, scope);
}

/* ---- metrics ---- */

static const char *ucum(const char *unit)
{
    static const char *const units[][2] = {{"seconds", "s"}, {"bytes", "By"}, {"celsius", "Cel"},
                                           {"hertz", "Hz"},  {"watts", "W"},  {"ratio", "1"}};
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
        if (strcmp(unit, units[i][0]) == 0)
            return units[i][1];
    return "1";
}

static void end_family(page *p)
{
    if (p->family)
        oc_strbuf_put(p->t, "]}}");
    p->family = NULL;
}

static void begin_family(page *p, const oc_metric_family *f)
{
    bool first = p->points == 0;
    end_family(p);
    oc_strbuf_put(p->t, first ? "{\"name\":" : ",{\"name\":");
    oc_strbuf_json(p->t, f->name);
    oc_strbuf_printf(p->t, ",\"unit\":\"%s\",\"description\":", ucum(f->unit));
    oc_strbuf_json(p->t, f->help);
    switch (f->kind) {
    case OC_METRIC_COUNTER:
    case OC_METRIC_COUNTER_NS:
        oc_strbuf_put(p->t, ",\"sum\":{\"aggregationTemporality\":2,\"isMonotonic\":true,");
        break;
    case OC_METRIC_HISTOGRAM:
        oc_strbuf_put(p->t, ",\"histogram\":{\"aggregationTemporality\":2,");
        break;
    default: oc_strbuf_put(p->t, ",\"gauge\":{");
    }
    oc_strbuf_put(p->t, "\"dataPoints\":[");
    p->family = f;
}

static void histogram(oc_strbuf *t, const oc_histogram *h)
{
    oc_histogram_told told;
    oc_histogram_tell(h, &told);
    oc_strbuf_printf(t, "\"count\":\"%" PRIu64 "\",\"sum\":", told.n);
    oc_strbuf_number(t, told.sum_s);
    if (told.n) {
        oc_strbuf_put(t, ",\"max\":");
        oc_strbuf_number(t, told.max_s);
    }
    oc_strbuf_put(t, ",\"bucketCounts\":[");
    for (size_t i = 0; i <= OC_METRIC_BOUNDS; i++) {
        uint64_t up_to = i < OC_METRIC_BOUNDS ? told.below[i] : told.n;
        oc_strbuf_printf(t, "%s\"%" PRIu64 "\"", i ? "," : "", up_to - (i ? told.below[i - 1] : 0));
    }
    oc_strbuf_put(t, "],\"explicitBounds\":[");
    for (size_t i = 0; i < OC_METRIC_BOUNDS; i++) {
        if (i)
            oc_strbuf_put(t, ",");
        oc_strbuf_number(t, oc_metric_bound_s(i));
    }
    oc_strbuf_put(t, "]");
}

static void point(void *ctx, const oc_metric_sample *s)
{
    page                   *p = ctx;
    const oc_metric_family *f = s->family;
    double value = f->kind == OC_METRIC_HISTOGRAM ? 0.0 : oc_series_value(s->series);
    if (!isfinite(value)) /* JSON has no such number */
        return;
    bool first = p->family != f;
    if (first)
        begin_family(p, f);
    oc_strbuf_put(p->t, first ? "{\"attributes\":[" : ",{\"attributes\":[");
    for (size_t i = 0; i < f->n_labels; i++)
        attribute(p->t, f->label[i], s->value[i], i == 0);
    oc_strbuf_printf(p->t,
                     "],\"startTimeUnixNano\":\"%" PRIu64 "\",\"timeUnixNano\":\"%" PRIu64 "\",",
                     p->start, p->now);
    if (f->kind == OC_METRIC_HISTOGRAM) {
        histogram(p->t, oc_series_histogram(s->series));
    } else if (f->kind == OC_METRIC_COUNTER || f->kind == OC_METRIC_INFO) {
        oc_strbuf_printf(p->t, "\"asInt\":\"%" PRIu64 "\"", oc_series_count(s->series));
    } else {
        oc_strbuf_put(p->t, "\"asDouble\":");
        oc_strbuf_number(p->t, value);
    }
    oc_strbuf_put(p->t, "}");
    p->points++;
}

size_t oc_otlp_metrics(oc_metrics *m, uint64_t now_unix_ns, oc_strbuf *text)
{
    page p = {.t = text, .start = oc_metrics_start_unix_ns(m), .now = now_unix_ns};
    resource(text, "Metrics", "metrics");
    oc_metrics_visit(m, point, &p);
    end_family(&p);
    oc_strbuf_put(text, "]}]}]}");
    return p.points;
}

/* ---- spans ---- */

/* SplitMix64 (Steele, Lea, Flood 2014): never the same twice within 2^64. */
static uint64_t next_id(uint64_t *seed)
{
    uint64_t z = (*seed += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    z ^= z >> 31;
    return z ? z : 1; /* all zeros are no id */
}

typedef struct trace_ids {
    uint64_t high, low, root;
    int64_t  offset;
} trace_ids;

static void span(oc_strbuf *t, const trace_ids *ids, uint64_t id, const char *name, uint64_t from,
                 uint64_t to)
{
    oc_strbuf_printf(t,
                     "{\"traceId\":\"%016" PRIx64 "%016" PRIx64 "\",\"spanId\":\"%016" PRIx64 "\",",
                     ids->high, ids->low, id);
    if (id != ids->root)
        oc_strbuf_printf(t, "\"parentSpanId\":\"%016" PRIx64 "\",", ids->root);
    oc_strbuf_printf(t,
                     "\"name\":\"%s\",\"kind\":1,\"startTimeUnixNano\":\"%" PRIu64
                     "\",\"endTimeUnixNano\":\"%" PRIu64 "\",\"attributes\":[",
                     name, (uint64_t)((int64_t)from + ids->offset),
                     (uint64_t)((int64_t)(to > from ? to : from) + ids->offset));
}

static size_t frame_spans(oc_strbuf *t, const oc_frame_spans *f, int64_t offset, uint64_t *seed)
{
    const trace_ids ids = {next_id(seed), next_id(seed), next_id(seed), offset};
    span(t, &ids, ids.root, "frame", f->begin_ns, f->end_ns);
    attribute(t, "ocellus.stream", f->stream, true);
    attribute(t, "ocellus.network", f->network, false);
    attribute_int(t, "ocellus.frame", f->frame);
    attribute_int(t, "ocellus.ladder_level", f->level);
    attribute_int(t, "ocellus.detections", f->detections);
    attribute_int(t, "ocellus.tracks", f->tracks);
    oc_strbuf_put(t, "]},");
    span(t, &ids, next_id(seed), "decode", f->begin_ns, f->captured_ns);
    oc_strbuf_put(t, "]}");
    for (uint32_t i = 0; i < f->n; i++) {
        oc_strbuf_put(t, ",");
        span(t, &ids, next_id(seed), oc_stage_name(f->span[i].stage), f->span[i].begin_ns,
             f->span[i].end_ns);
        oc_strbuf_put(t, "]}");
    }
    return f->n + 2;
}

size_t oc_otlp_traces(const oc_frame_spans *frame, size_t n, int64_t clock_offset, uint64_t *seed,
                      oc_strbuf *text)
{
    size_t spans = 0;
    resource(text, "Spans", "spans");
    for (size_t i = 0; i < n; i++) {
        if (i)
            oc_strbuf_put(text, ",");
        spans += frame_spans(text, &frame[i], clock_offset, seed);
    }
    oc_strbuf_put(text, "]}]}]}");
    return spans;
}
