/* A run: where the time went, what was dropped, what happened when. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "eval/report_parts.h"

#define LINE_MAX_BYTES (1 << 20)
#define BINS 100 /* of the time of the stream */
#define TYPES 12

/* ---- latency ---- */

/* Counts at the lower ends of their buckets, over a logarithmic axis. */
static void put_histogram(oc_report *r, const json_t *list, const char *where, double low,
                          double high)
{
    double most = 1, decades = log10(high / low), width = 10.8;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *pair = json_array_get(list, i);
        const json_t *at = json_array_get(pair, 0), *n = json_array_get(pair, 1);
        if (json_array_size(pair) != 2 || !json_is_number(at) || !json_is_number(n))
            oc_report_fail(r, r->doc, oc_report_item(where, i).text,
                           "is not a pair of milliseconds and a count");
        else
            most = fmax(most, json_number_value(n));
    }
    oc_page_put(&r->page, "<svg viewBox=\"0 0 360 34\" preserveAspectRatio=\"none\" "
                          "style=\"height:34px\" role=\"img\">");
    for (double d = low; d <= high * 1.001; d *= 10)
        oc_page_printf(&r->page,
                       "<line class=\"grid\" x1=\"%.1f\" x2=\"%.1f\" y1=\"0\" y2=\"34\"/>",
                       360 * log10(d / low) / decades, 360 * log10(d / low) / decades);
    width = 360 / (decades * 20); /* twenty buckets a decade */
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *pair = json_array_get(list, i);
        double        at = json_number_value(json_array_get(pair, 0));
        double        h = fmax(1.5, 32 * sqrt(json_number_value(json_array_get(pair, 1)) / most));
        oc_page_printf(&r->page,
                       "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" "
                       "fill=\"var(--blue)\"/>",
                       360 * fmin(fmax(log10(fmax(at, low) / low) / decades, 0), 1), 34 - h,
                       fmax(width - .4, 1), h);
    }
    oc_page_put(&r->page, "</svg>");
}

/* Without a distribution: a bar to p50, a paler one on to p99. */
static void put_bar(oc_report *r, double p50, double p99, double most)
{
    oc_page_printf(&r->page,
                   "<svg viewBox=\"0 0 360 16\" preserveAspectRatio=\"none\" style=\"height:16px\" "
                   "role=\"img\"><rect x=\"0\" y=\"2\" width=\"%.1f\" height=\"12\" "
                   "fill=\"var(--blue2)\"/><rect x=\"0\" y=\"2\" width=\"%.1f\" height=\"12\" "
                   "fill=\"var(--blue)\"/></svg>",
                   360 * fmax(p99, 0) / most, 360 * fmin(fmax(p50, 0) / most, 1));
}

static void put_cell(oc_report *r, double ms)
{
    oc_page_put(&r->page, "<td class=\"n\">");
    if (isfinite(ms))
        oc_page_printf(&r->page, "%.2f", ms);
    else
        oc_page_put(&r->page, "–");
    oc_page_put(&r->page, "</td>");
}

static void put_latency(oc_report *r)
{
    const json_t *all = oc_report_object(r, r->doc, "", "latency_ms");
    const json_t *shapes = oc_report_object(r, r->doc, "", "latency_histogram_ms");
    const char   *stage;
    json_t       *v;
    double        most = 1e-9;
    json_object_foreach((json_t *)all, stage, v) most =
        fmax(most, oc_report_number(r, v, oc_report_at("latency_ms", stage).text, "p99"));
    oc_report_section(r, "Latency by stage",
                      shapes ? "Milliseconds. Bars: how often, height by square root, from 0.01 ms "
                               "to 10 s."
                             : "Milliseconds. Bars: the median, paler: 99 of 100 frames.");
    oc_page_put(&r->page, "<table><tr><th>stage</th><th style=\"width:44%\">");
    if (shapes)
        oc_page_put(&r->page, "<span class=\"ticks\"><i>0.01</i><i>0.1</i><i>1</i><i>10</i>"
                              "<i>100</i><i>1000</i><i>10000</i></span>");
    oc_page_put(&r->page, "</th><th class=\"n\">p50</th><th class=\"n\">p99</th>");
    oc_page_put(&r->page, r->base ? "<th class=\"n\">p50 before</th><th class=\"n\">p99 before"
                                    "</th></tr>\n"
                                  : "</tr>\n");
    json_object_foreach((json_t *)all, stage, v)
    {
        oc_report_place at = oc_report_at("latency_ms", stage);
        double          p50 = oc_report_number(r, v, at.text, "p50");
        double          p99 = oc_report_number(r, v, at.text, "p99");
        const json_t   *other = json_object_get(oc_report_find(r->base, "latency_ms"), stage);
        const json_t   *shape =
            shapes ? oc_report_list(r, shapes, "latency_histogram_ms", stage) : NULL;
        oc_page_put(&r->page, "<tr><td>");
        oc_page_text(&r->page, stage);
        oc_page_put(&r->page, "</td><td>");
        if (shape)
            put_histogram(r, shape, oc_report_at("latency_histogram_ms", stage).text, .01, 1e4);
        else
            put_bar(r, p50, p99, most);
        oc_page_put(&r->page, "</td>");
        put_cell(r, p50);
        put_cell(r, p99);
        if (r->base) {
            put_cell(r, oc_report_number(r, other, at.text, "p50"));
            put_cell(r, oc_report_number(r, other, at.text, "p99"));
        }
        oc_page_put(&r->page, "</tr>\n");
    }
    oc_page_put(&r->page, "</table>\n");
    oc_report_section_end(r);
}

/* ---- events ---- */

typedef struct moment {
    double t;
    int    change; /* of the tracks in view */
} moment;

typedef struct events {
    moment *moment;
    size_t  n, cap;
    double  end;
    struct {
        char     name[32];
        uint64_t n;
    } type[TYPES];
    size_t n_types;
} events;

static oc_status keep(events *e, double t, int change, oc_error *err)
{
    if (e->n == e->cap) {
        size_t  cap = e->cap ? 2 * e->cap : 256;
        moment *grown = realloc(e->moment, cap * sizeof(*grown));
        if (!grown)
            return OC_FAIL(err, OC_NOMEM, "%zu events", cap);
        e->moment = grown;
        e->cap = cap;
    }
    e->moment[e->n++] = (moment){t, change};
    return OC_OK;
}

static oc_status take(events *e, const char *line, size_t n, const char *path, size_t number,
                      oc_error *err)
{
    json_error_t  bad;
    json_t       *o = json_loadb(line, n, JSON_REJECT_DUPLICATES, &bad);
    const char   *type = json_string_value(json_object_get(o, "type"));
    const json_t *t = json_object_get(o, "t");
    oc_status     st = OC_OK;
    size_t        k = 0;
    if (!o)
        st = OC_FAIL(err, OC_FORMAT, "%s:%zu: %s", path, number, bad.text);
    else if (!type || !json_is_number(t))
        st = OC_FAIL(err, OC_FORMAT, "%s:%zu: no event: %s is missing", path, number,
                     type ? "t" : "type");
    if (st == OC_OK) {
        while (k < e->n_types && strcmp(e->type[k].name, type) != 0)
            k++;
        if (k == e->n_types && k < TYPES)
            snprintf(e->type[e->n_types++].name, sizeof(e->type[k].name), "%.31s", type);
        if (k < TYPES)
            e->type[k].n++;
        e->end = fmax(e->end, json_number_value(t));
        int change = strcmp(type, "appeared") == 0 ? 1 : strcmp(type, "left") == 0 ? -1 : 0;
        if (change)
            st = keep(e, json_number_value(t), change, err);
    }
    json_decref(o);
    return st;
}

static oc_status read_events(const char *path, events *out, oc_error *err)
{
    char     *line = NULL;
    size_t    cap = 0, number = 0;
    ssize_t   n;
    oc_status st = OC_OK;
    FILE     *f = fopen(path, "r");
    if (!f)
        return OC_FAIL(err, OC_IO, "%s: %s", path, strerror(errno));
    while (st == OC_OK && (n = getline(&line, &cap, f)) > 0) {
        number++;
        if (n > LINE_MAX_BYTES)
            st = OC_FAIL(err, OC_FORMAT, "%s:%zu: a line of %zd bytes", path, number, n);
        else
            st = take(out, line, (size_t)n, path, number, err);
    }
    if (st == OC_OK && ferror(f))
        st = OC_FAIL(err, OC_IO, "%s: %s", path, strerror(errno));
    free(line);
    fclose(f);
    return st;
}

static void put_view(oc_report *r, const events *e)
{
    double  x[2 * BINS], y[2 * BINS], now = 0, most = 0;
    size_t  at = 0;
    oc_plot p = {.x1 = fmax(e->end, .1),
                 .width = 1040,
                 .height = 240,
                 .left = 44,
                 .right = 10,
                 .top = 24,
                 .bottom = 36,
                 .clock = true,
                 .x_name = "time of the stream",
                 .y_name = "tracks in view, at most"};
    for (size_t b = 0; b < BINS; b++) {
        double to = p.x1 * (double)(b + 1) / BINS, top = now;
        for (; at < e->n && e->moment[at].t <= to; at++) {
            now += e->moment[at].change;
            top = fmax(top, now);
        }
        x[2 * b] = p.x1 * (double)b / BINS;
        x[2 * b + 1] = to;
        y[2 * b] = y[2 * b + 1] = top;
        most = fmax(most, top);
    }
    p.y1 = oc_plot_nice(most);
    oc_plot_begin(&r->page, &p, "tracks in view over time");
    oc_plot_line(&r->page, &p, x, y, 2 * BINS, "--blue", false);
    oc_plot_end(&r->page);
}

static void put_events(oc_report *r)
{
    events e = {.n = 0};
    if (r->page.status != OC_OK)
        return;
    if ((r->page.status = read_events(r->o->events, &e, r->page.err)) == OC_OK) {
        oc_report_section(r, "Events", NULL);
        put_view(r, &e);
        oc_page_put(&r->page,
                    "<table class=\"all\"><tr><th>event</th><th class=\"n\">times</th></tr>\n");
        for (size_t k = 0; k < e.n_types; k++) {
            oc_page_put(&r->page, "<tr><td>");
            oc_page_text(&r->page, e.type[k].name);
            oc_page_printf(&r->page, "</td><td class=\"n\">%llu</td></tr>\n",
                           (unsigned long long)e.type[k].n);
        }
        oc_page_put(&r->page, "</table>\n");
        oc_report_section_end(r);
    }
    free(e.moment);
}

void oc_report_run(oc_report *r)
{
    put_latency(r);
    if (r->o->events)
        put_events(r);
}
