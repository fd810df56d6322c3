/* The summary of several streams: sums, then each stream's own. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/site_state.h"

#define SUMS_BYTES 16384

typedef struct sums {
    oc_counts counts;
    double    fps;
    oc_stages stages;
} sums;

static void add_histogram(oc_histogram *to, const oc_histogram *h)
{
    for (size_t i = 0; i < OC_HISTOGRAM_BUCKETS; i++)
        atomic_fetch_add(&to->bucket[i], atomic_load(&h->bucket[i]));
    atomic_fetch_add(&to->n, atomic_load(&h->n));
    atomic_fetch_add(&to->sum_ns, atomic_load(&h->sum_ns));
    if (atomic_load(&h->max_ns) > atomic_load(&to->max_ns))
        atomic_store(&to->max_ns, atomic_load(&h->max_ns));
}

static void add_stream(sums *sum, oc_pipeline *p)
{
    oc_counts c = oc_ledger_read(&p->ledger);
    sum->counts.captured += c.captured;
    sum->counts.completed += c.completed;
    for (int i = 0; i < OC_DROP_REASONS; i++)
        sum->counts.dropped[i] += c.dropped[i];
    if (p->end_ns > p->start_ns)
        sum->fps += (double)p->frames / ((double)(p->end_ns - p->start_ns) * 1e-9);
    for (int i = 0; i < OC_STAGES; i++)
        add_histogram(&sum->stages.histogram[i], &p->stages.histogram[i]);
}

static void put_sums(oc_jsonw *j, const oc_site *site, const sums *sum, bool truncated)
{
    oc_jsonw_uint(j, "captured", sum->counts.captured);
    oc_jsonw_uint(j, "completed", sum->counts.completed);
    oc_jsonw_open(j, "dropped", '{');
    for (int i = 0; i < OC_DROP_REASONS; i++)
        if (sum->counts.dropped[i])
            oc_jsonw_uint(j, oc_drop_name((oc_drop)i), sum->counts.dropped[i]);
    oc_jsonw_close(j, '}');
    oc_jsonw_float(j, "fps", sum->fps, 2);
    oc_summary_latency(j, &sum->stages);
    oc_jsonw_uint(j, "peak_rss_bytes", oc_summary_peak_rss());
    oc_jsonw_bool(j, "truncated", truncated);
    oc_jsonw_text(j, "pipeline", site->config->name);
}

static void put_streams(oc_jsonw *j, const oc_site *site)
{
    oc_jsonw_open(j, "streams", '[');
    for (size_t i = 0; i < site->n; i++) {
        const oc_stream *s = site->stream[i];
        const char      *one = oc_pipeline_summary(s->pipeline);
        size_t           n = strcspn(one, "\n");
        if (s->state == OC_STREAM_ENDED && n > 0) {
            oc_jsonw_raw(j, NULL, one, n);
            continue;
        }
        oc_jsonw_open(j, NULL, '{');
        oc_jsonw_text(j, "pipeline", s->config->name);
        oc_jsonw_text(j, s->state == OC_STREAM_FAILED ? "failed" : "ended", s->err.message);
        oc_jsonw_close(j, '}');
    }
    oc_jsonw_close(j, ']');
}

static void make_json(oc_site *site, const sums *sum, size_t bytes)
{
    oc_jsonw        j;
    oc_pipeline_end end = oc_site_ended(site);
    oc_jsonw_init(&j, site->summary, bytes - 1);
    oc_jsonw_open(&j, NULL, '{');
    put_sums(&j, site, sum, end.truncated);
    put_streams(&j, site);
    oc_jsonw_close(&j, '}');
    site->summary[j.n] = '\n';
    site->summary[j.n + 1] = '\0';
}

static void make_text(oc_site *site, const sums *sum, size_t bytes)
{
    int n =
        snprintf(site->text, bytes, "%s: %zu streams, %llu frames captured, %.1f frames/s\n",
                 site->config->name, site->n, (unsigned long long)sum->counts.captured, sum->fps);
    for (size_t i = 0; i < site->n && n > 0 && (size_t)n < bytes; i++) {
        const oc_stream *s = site->stream[i];
        if (s->state == OC_STREAM_FAILED)
            n += snprintf(site->text + n, bytes - (size_t)n, "%s\n  failed     %s\n",
                          s->config->title, s->err.message);
        else
            n += snprintf(site->text + n, bytes - (size_t)n, "%s", oc_pipeline_text(s->pipeline));
    }
}

oc_status oc_site_summary_make(oc_site *site, oc_error *err)
{
    size_t bytes = SUMS_BYTES, text_bytes = 1024;
    for (size_t i = 0; i < site->n; i++) {
        bytes += strlen(oc_pipeline_summary(site->stream[i]->pipeline)) + 1024;
        text_bytes += strlen(oc_pipeline_text(site->stream[i]->pipeline)) + 1024;
    }
    sums *sum = calloc(1, sizeof(*sum));
    site->summary = calloc(1, bytes);
    site->text = calloc(1, text_bytes);
    if (!sum || !site->summary || !site->text) {
        free(sum);
        return OC_FAIL(err, OC_NOMEM, "summary: out of memory");
    }
    for (size_t i = 0; i < site->n; i++)
        add_stream(sum, site->stream[i]->pipeline);
    if (!site->many && site->n == 1) {
        snprintf(site->summary, bytes, "%s", oc_pipeline_summary(site->stream[0]->pipeline));
        snprintf(site->text, text_bytes, "%s", oc_pipeline_text(site->stream[0]->pipeline));
    } else {
        make_json(site, sum, bytes);
        make_text(site, sum, text_bytes);
    }
    free(sum);
    return OC_OK;
}
