/* The summary of a run: JSON for scripts (docs/pipelines.md), lines for people. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "events/json.h"
#include "pipeline/state.h"

uint64_t oc_summary_peak_rss(void)
{
    struct rusage u;
    return getrusage(RUSAGE_SELF, &u) == 0 ? (uint64_t)u.ru_maxrss * 1024u : 0;
}

static double wall_s(const oc_pipeline *p)
{
    return p->end_ns > p->start_ns ? (double)(p->end_ns - p->start_ns) * 1e-9 : 0.0;
}

static double fps(const oc_pipeline *p)
{
    return wall_s(p) > 0.0 ? (double)p->frames / wall_s(p) : 0.0;
}

static double ms(const oc_histogram *h, double q)
{
    return (double)oc_histogram_quantile_ns(h, q) * 1e-6;
}

void oc_summary_latency(oc_jsonw *j, const oc_stages *stages)
{
    oc_jsonw_open(j, "latency_ms", '{');
    for (int i = 0; i < OC_STAGES; i++) {
        const oc_histogram *h = &stages->histogram[i];
        if (oc_histogram_count(h) == 0)
            continue;
        oc_jsonw_open(j, oc_stage_name((oc_stage)i), '{');
        oc_jsonw_float(j, "p50", ms(h, 0.5), 3);
        oc_jsonw_float(j, "p99", ms(h, 0.99), 3);
        oc_jsonw_close(j, '}');
    }
    oc_jsonw_close(j, '}');
}

/* How often each frame took how long: [milliseconds, frames] from below, 20 steps a power of ten. */
static void put_histogram(oc_jsonw *j, const oc_histogram *h)
{
    enum { STEPS = 20, LOW = -2, HIGH = 4 }; /* 0.01 ms to 10 s */
    uint64_t count[STEPS * (HIGH - LOW)] = {0};
    for (size_t i = 0; i < OC_HISTOGRAM_BUCKETS; i++) {
        uint64_t n = oc_histogram_bucket_count(h, i);
        if (n == 0)
            continue;
        double at = STEPS * (log10(((double)oc_histogram_low_ns(i) + 0.5) * 1e-6) - LOW);
        count[(size_t)fmin(fmax(at, 0), STEPS * (HIGH - LOW) - 1)] += n;
    }
    for (size_t k = 0; k < STEPS * (HIGH - LOW); k++) {
        if (count[k] == 0)
            continue;
        oc_jsonw_open(j, NULL, '[');
        oc_jsonw_float(j, NULL, pow(10, (double)k / STEPS + LOW), 4);
        oc_jsonw_uint(j, NULL, count[k]);
        oc_jsonw_close(j, ']');
    }
}

static void put_histograms(oc_jsonw *j, const oc_pipeline *p)
{
    oc_jsonw_open(j, "latency_histogram_ms", '{');
    for (int i = 0; i < OC_STAGES; i++) {
        if (oc_histogram_count(&p->stages.histogram[i]) == 0)
            continue;
        oc_jsonw_open(j, oc_stage_name((oc_stage)i), '[');
        put_histogram(j, &p->stages.histogram[i]);
        oc_jsonw_close(j, ']');
    }
    oc_jsonw_close(j, '}');
}

static void put_rules(oc_jsonw *j, const oc_pipeline *p)
{
    oc_jsonw_open(j, "lines", '{');
    for (size_t i = 0; i < p->rules.n_lines; i++) {
        const oc_line *l = &p->rules.line[i];
        oc_jsonw_open(j, l->config->name, '{');
        oc_jsonw_uint(j, l->config->directions[0], l->total[0]);
        oc_jsonw_uint(j, l->config->directions[1], l->total[1]);
        oc_jsonw_close(j, '}');
    }
    oc_jsonw_close(j, '}');
    oc_jsonw_open(j, "zones", '{');
    for (size_t i = 0; i < p->rules.n_zones; i++) {
        const oc_zone *z = &p->rules.zone[i];
        oc_jsonw_open(j, z->config->name, '{');
        oc_jsonw_uint(j, "entered", z->entered);
        oc_jsonw_uint(j, "inside_max", z->inside_max);
        oc_jsonw_float(j, "dwell_mean_s", z->exited ? z->dwell_sum_s / (double)z->exited : 0.0, 2);
        oc_jsonw_close(j, '}');
    }
    oc_jsonw_close(j, '}');
}

/* Pictures by the size of the batch they ran in. */
static void put_batches(oc_jsonw *j, const oc_net *net)
{
    const oc_net_batches *b = oc_net_batches_get(net);
    char                  size[16];
    oc_jsonw_open(j, "batches", '{');
    for (unsigned i = 1; i <= OC_LANE_BATCH_MAX; i++) {
        snprintf(size, sizeof(size), "%u", i);
        if (b->of[i])
            oc_jsonw_uint(j, size, b->of[i]);
    }
    oc_jsonw_close(j, '}');
}

static void put_counts(oc_jsonw *j, const oc_pipeline *p)
{
    oc_jsonw_open(j, "counts", '{');
    oc_jsonw_uint(j, "detections", p->record.detections);
    oc_jsonw_uint(j, "looks", p->looks);
    if (p->config->degrade.n) {
        oc_jsonw_open(j, "ladder", '{');
        oc_jsonw_uint(j, "level", p->ladder.level);
        oc_jsonw_uint(j, "up", p->steps_up);
        oc_jsonw_uint(j, "down", p->steps_down);
        oc_jsonw_close(j, '}');
    }
    oc_jsonw_uint(j, "tracks", p->record.tracks);
    oc_jsonw_uint(j, "tracks_max", p->record.tracks_max);
    oc_jsonw_open(j, "events", '{');
    for (int i = 0; i < OC_EVENT_TYPES; i++)
        oc_jsonw_uint(j, oc_event_name((oc_event_type)i),
                      oc_event_log_count(p->events, (oc_event_type)i));
    oc_jsonw_close(j, '}');
    put_rules(j, p);
    oc_jsonw_open(j, "recognised", '{');
    for (size_t k = 0; k < p->config->n_recognise; k++) {
        oc_jsonw_open(j, p->config->recognise[k].name, '{');
        oc_jsonw_uint(j, "looks", p->recogniser[k].looks);
        put_batches(j, p->recogniser[k].net);
        oc_jsonw_open(j, "values", '{');
        for (size_t i = 0; i < p->record.n_tally[k]; i++) {
            oc_jsonw_open(j, p->record.tally[k][i].value, '{');
            oc_jsonw_float(j, "seconds", p->record.tally[k][i].seconds, 1);
            oc_jsonw_uint(j, "tracks", p->record.tally[k][i].tracks);
            oc_jsonw_close(j, '}');
        }
        oc_jsonw_close(j, '}');
        oc_jsonw_close(j, '}');
    }
    oc_jsonw_close(j, '}');
    oc_jsonw_close(j, '}');
}

static void put_outputs(oc_jsonw *j, const oc_pipeline *p)
{
    const struct {
        const char *key, *path;
    } rows[] = {{"events", p->outputs.events},
                {"video", p->outputs.video},
                {"mot", p->outputs.mot},
                {"report", p->outputs.report},
                {"summary", p->outputs.summary}};
    oc_jsonw_open(j, "outputs", '{');
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (rows[i].path)
            oc_jsonw_text(j, rows[i].key, rows[i].path);
    oc_jsonw_close(j, '}');
}

/* What scripts rely on comes first, in a document left open. */
static void begin_json(oc_jsonw *j, oc_pipeline *p)
{
    oc_counts c = oc_ledger_read(&p->ledger);
    oc_jsonw_init(j, p->summary_text, sizeof(p->summary_text) - 1);
    oc_jsonw_open(j, NULL, '{');
    oc_jsonw_uint(j, "captured", c.captured);
    oc_jsonw_uint(j, "completed", c.completed);
    oc_jsonw_open(j, "dropped", '{');
    for (int i = 0; i < OC_DROP_REASONS; i++)
        if (c.dropped[i])
            oc_jsonw_uint(j, oc_drop_name((oc_drop)i), c.dropped[i]);
    oc_jsonw_close(j, '}');
    oc_jsonw_float(j, "fps", fps(p), 2);
    oc_summary_latency(j, &p->stages);
    oc_jsonw_uint(j, "peak_rss_bytes", oc_summary_peak_rss());
    oc_jsonw_bool(j, "truncated", p->ended.truncated);
}

static void make_json(oc_pipeline *p)
{
    oc_jsonw j;
    begin_json(&j, p);
    oc_jsonw_text(&j, "ended", oc_run_end_name(p->end));
    oc_jsonw_text(&j, "pipeline", p->config->name);
    oc_jsonw_text(&j, "source", p->shown);
    oc_jsonw_float(&j, "video_s", p->record.last_s, 3);
    oc_jsonw_float(&j, "wall_s", wall_s(p), 3);
    if (p->annotator)
        oc_jsonw_uint(&j, "video_skipped", oc_annotator_skipped(p->annotator));
    put_counts(&j, p);
    put_outputs(&j, p);
    put_histograms(&j, p);
    oc_jsonw_close(&j, '}');
    if (j.full) { /* names of unusual length: what scripts rely on still fits */
        begin_json(&j, p);
        oc_jsonw_close(&j, '}');
    }
    p->summary_text[j.n] = '\n';
    p->summary_text[j.n + 1] = '\0';
}

typedef struct lines {
    char  *text;
    size_t n, cap;
} lines;

static void add(lines *l, const char *fmt, ...) OC_PRINTF(2, 3);
static void add(lines *l, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(l->text + l->n, l->cap - l->n, fmt, ap);
    va_end(ap);
    if (n > 0)
        l->n = l->n + (size_t)n < l->cap ? l->n + (size_t)n : l->cap - 1;
}

static void add_counts(lines *l, oc_pipeline *p)
{
    oc_counts c = oc_ledger_read(&p->ledger);
    add(l, "  frames     %llu captured = %llu completed", (unsigned long long)c.captured,
        (unsigned long long)c.completed);
    for (int i = 0; i < OC_DROP_REASONS; i++)
        if (c.dropped[i])
            add(l, " + %llu %s", (unsigned long long)c.dropped[i], oc_drop_name((oc_drop)i));
    if (oc_counts_dropped(&c) == 0)
        add(l, ", none dropped");
    add(l, "%s\n", p->ended.truncated ? "  (the source broke off)" : "");
    add(l, "  speed      %.1f frames/s: %.1f s of video in %.1f s\n", fps(p), p->record.last_s,
        wall_s(p));
    const oc_histogram *h = p->stages.histogram;
    add(l, "  latency    %.1f ms median, %.1f ms p99 (network %.1f ms)\n",
        ms(&h[OC_STAGE_TOTAL], 0.5), ms(&h[OC_STAGE_TOTAL], 0.99), ms(&h[OC_STAGE_DETECT], 0.5));
    add(l, "  memory     %.0f MB at most\n", (double)oc_summary_peak_rss() / 1e6);
    add(l, "  tracks     %llu, up to %llu at once\n", (unsigned long long)p->record.tracks,
        (unsigned long long)p->record.tracks_max);
}

static void add_rules(lines *l, const oc_pipeline *p)
{
    for (size_t i = 0; i < p->rules.n_lines; i++) {
        const oc_line *line = &p->rules.line[i];
        add(l, "  line       %s: %llu %s, %llu %s\n", line->config->name,
            (unsigned long long)line->total[0], line->config->directions[0],
            (unsigned long long)line->total[1], line->config->directions[1]);
    }
    for (size_t i = 0; i < p->rules.n_zones; i++) {
        const oc_zone *z = &p->rules.zone[i];
        add(l, "  zone       %s: %llu entered, up to %llu inside\n", z->config->name,
            (unsigned long long)z->entered, (unsigned long long)z->inside_max);
    }
    for (size_t k = 0; k < p->config->n_recognise; k++) {
        add(l, "  %-10s", p->config->recognise[k].name);
        for (size_t i = 0; i < p->record.n_tally[k] && i < 6; i++)
            if (p->record.tally[k][i].seconds > 0)
                add(l, "%s %s %.0f s", i ? "," : "", p->record.tally[k][i].value,
                    p->record.tally[k][i].seconds);
            else
                add(l, "%s %s", i ? "," : "", p->record.tally[k][i].value);
        add(l, "  (%llu looks)\n", (unsigned long long)p->recogniser[k].looks);
    }
}

static void make_text(oc_pipeline *p)
{
    lines l = {.text = p->people_text, .cap = sizeof(p->people_text)};
    l.text[0] = '\0';
    add(&l, "%s\n", p->config->title);
    add_counts(&l, p);
    add_rules(&l, p);
    const char *paths[] = {p->outputs.events, p->outputs.video, p->outputs.mot, p->outputs.report,
                           p->outputs.summary};
    for (size_t i = 0; i < 5; i++)
        if (paths[i])
            add(&l, "  written    %s\n", paths[i]);
}

void oc_summary_make(oc_pipeline *p)
{
    make_json(p);
    make_text(p);
}
