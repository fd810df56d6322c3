/* An incident's folder: figures, trace, page. */
#include "pipeline/incident.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "events/json.h"
#include "pipeline/incident_page.h"
#include "pipeline/recording_info.h"
#include "recording/ring.h"

#define SUMMARY_BYTES 16384

static double ms(uint64_t ns)
{
    return (double)ns * 1e-6;
}

static void add(oc_histogram *h, const oc_wire_stage *s)
{
    if (s->stage < OC_INCIDENT_STAGES_MAX)
        oc_histogram_add(&h[s->stage], s->end_ns - s->begin_ns);
}

static void measure(oc_incident *n)
{
    const oc_timeline *t = n->timeline;
    for (size_t i = 0; i < t->n_stages; i++)
        add(n->stage, &t->stage[i]);
    for (size_t i = 0; i < t->n_captured; i++)
        add(n->stage, &t->captured[i]);
    for (size_t i = 0; i < t->n_frames; i++)
        oc_histogram_add(&n->latency, oc_timeline_latency_ns(&t->frame[i]));
    for (size_t i = 0; i < t->n_drops; i++)
        n->dropped[t->drop[i].reason < OC_INCIDENT_DROPS_MAX ? t->drop[i].reason
                                                             : OC_INCIDENT_DROPS_MAX - 1]++;
}

/* The slowest frames, the slowest first. */
static void find_worst(oc_incident *n)
{
    const oc_timeline *t = n->timeline;
    for (size_t i = 0; i < t->n_frames; i++) {
        uint64_t took = oc_timeline_latency_ns(&t->frame[i]);
        size_t   at = n->n_worst;
        while (at > 0 && oc_timeline_latency_ns(&t->frame[n->worst[at - 1]]) < took)
            at--;
        if (at == OC_INCIDENT_WORST)
            continue;
        n->n_worst += n->n_worst < OC_INCIDENT_WORST;
        memmove(&n->worst[at + 1], &n->worst[at], (n->n_worst - 1 - at) * sizeof(n->worst[0]));
        n->worst[at] = i;
    }
}

static void put_stages(oc_jsonw *j, const oc_incident *n)
{
    oc_jsonw_open(j, "latency_ms", '{');
    for (uint32_t s = 0; s < OC_INCIDENT_STAGES_MAX; s++) {
        const oc_histogram *h = &n->stage[s];
        if (oc_histogram_count(h) == 0)
            continue;
        oc_jsonw_open(j, oc_timeline_stage(n->timeline, s), '{');
        oc_jsonw_float(j, "p50", ms(oc_histogram_quantile_ns(h, 0.5)), 3);
        oc_jsonw_float(j, "p99", ms(oc_histogram_quantile_ns(h, 0.99)), 3);
        oc_jsonw_float(j, "max", ms(oc_histogram_max_ns(h)), 3);
        oc_jsonw_close(j, '}');
    }
    oc_jsonw_close(j, '}');
}

static void put_worst(oc_jsonw *j, const oc_incident *n)
{
    oc_jsonw_open(j, "worst", '[');
    for (size_t i = 0; i < n->n_worst; i++) {
        const oc_timeline_frame *f = &n->timeline->frame[n->worst[i]];
        oc_jsonw_open(j, NULL, '{');
        oc_jsonw_uint(j, "frame", f->index);
        oc_jsonw_float(j, "time_s", f->time_s, 3);
        oc_jsonw_float(j, "latency_ms", ms(oc_timeline_latency_ns(f)), 3);
        oc_jsonw_close(j, '}');
    }
    oc_jsonw_close(j, ']');
}

static void put_summary(oc_jsonw *j, const oc_incident *n)
{
    const oc_timeline *t = n->timeline;
    oc_jsonw_open(j, NULL, '{');
    oc_jsonw_text(j, "reason", n->reason);
    oc_jsonw_text(j, "stream", oc_info_text(t->info, "name"));
    oc_jsonw_text(j, "source", oc_info_text(t->info, "source"));
    oc_jsonw_text(j, "started", oc_info_text(t->info, "at"));
    oc_jsonw_text(j, "version", oc_info_text(t->info, "version"));
    oc_jsonw_text(j, "build", oc_info_text(t->info, "build"));
    oc_jsonw_uint(j, "segments", t->segments);
    oc_jsonw_uint(j, "bytes", t->bytes);
    oc_jsonw_uint(j, "frames", t->n_frames);
    oc_jsonw_uint(j, "lost", t->lost);
    if (t->n_frames) {
        oc_jsonw_float(j, "from_s", t->frame[0].time_s, 3);
        oc_jsonw_float(j, "to_s", t->frame[t->n_frames - 1].time_s, 3);
    }
    oc_jsonw_open(j, "dropped", '{');
    for (uint32_t i = 0; i < OC_INCIDENT_DROPS_MAX; i++)
        if (n->dropped[i])
            oc_jsonw_uint(j, oc_timeline_drop_reason(t, i), n->dropped[i]);
    oc_jsonw_close(j, '}');
    oc_jsonw_uint(j, "ladder_moves", t->n_moves);
    put_stages(j, n);
    put_worst(j, n);
    oc_jsonw_close(j, '}');
}

static oc_status write_summary(const oc_incident *n, const char *path, oc_error *err)
{
    oc_jsonw  j;
    oc_part  *part;
    char     *text = malloc(SUMMARY_BYTES);
    oc_status st =
        text ? oc_part_create(path, &part, err) : OC_FAIL(err, OC_NOMEM, "incident: out of memory");
    if (st == OC_OK) {
        oc_jsonw_init(&j, text, SUMMARY_BYTES);
        put_summary(&j, n);
        st = oc_part_put(part, text, j.n, err);
        if (st == OC_OK)
            st = oc_part_text(part, "\n", err);
        if (st == OC_OK)
            st = oc_part_finish(part, err);
        else
            oc_part_drop(part);
    }
    free(text);
    return st;
}

static oc_status write_page(const oc_incident *n, const char *path, oc_error *err)
{
    oc_part  *part;
    oc_status st = oc_part_create(path, &part, err);
    if (st == OC_OK)
        st = oc_incident_page(n, part, err);
    else
        return st;
    if (st == OC_OK)
        return oc_part_finish(part, err);
    oc_part_drop(part);
    return st;
}

static oc_status write_all(const oc_incident *n, const char *folder, oc_error *err)
{
    char path[OC_RING_PATH + 32];
    snprintf(path, sizeof(path), "%s/summary.json", folder);
    oc_status st = write_summary(n, path, err);
    snprintf(path, sizeof(path), "%s/trace.json", folder);
    if (st == OC_OK)
        st = oc_timeline_trace(n->timeline, path, err);
    snprintf(path, sizeof(path), "%s/report.html", folder);
    if (st == OC_OK)
        st = write_page(n, path, err);
    return st;
}

oc_status oc_incident_write(const char *folder, const char *reason, oc_error *err)
{
    oc_timeline  t;
    oc_error     own;
    oc_incident *n = calloc(1, sizeof(*n)); /* its histograms are large */
    err = err ? err : &own;
    if (!n)
        return OC_FAIL(err, OC_NOMEM, "incident: out of memory");
    oc_status st = oc_timeline_load(folder, &t, err);
    if (st == OC_OK) {
        n->timeline = &t;
        n->folder = folder;
        n->reason = reason;
        measure(n);
        find_worst(n);
        st = write_all(n, folder, err);
        oc_timeline_finish(&t);
    }
    free(n);
    return st;
}
