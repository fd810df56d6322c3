/* The page of an incident: what the frames' latency did, what was dropped, where the time of the
 * worst frames went. */
#include "pipeline/incident_page.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/plot.h"
#include "pipeline/recording_info.h"

#define WIDTH 1040
#define POINTS 520 /* of the latency's line: the worst frame of each stretch */
#define AROUND 8   /* frames shown beside the worst one */
#define ROW 16

static double ms(uint64_t ns)
{
    return (double)ns * 1e-6;
}

/* Colours of stages, by name: the same stage has one colour in all charts. */
static const char *color_of(const char *stage)
{
    static const char *const table[][2] = {
        {"wait", "--blue2"}, {"decode", "--edge"}, {"prepare", "--teal"}, {"detect", "--blue"},
        {"boxes", "--teal"}, {"track", "--amber"}, {"recognise", "--red"}};
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        if (strcmp(stage, table[i][0]) == 0)
            return table[i][1];
    return "--amber";
}

static void figure(oc_page *page, const char *what, const char *fmt, ...) OC_PRINTF(3, 4);
static void figure(oc_page *page, const char *what, const char *fmt, ...)
{
    char    number[64];
    va_list args;
    va_start(args, fmt);
    vsnprintf(number, sizeof(number), fmt, args);
    va_end(args);
    oc_page_put(page, "<div class=figure><b>");
    oc_page_text(page, number);
    oc_page_put(page, "</b><span>");
    oc_page_text(page, what);
    oc_page_put(page, "</span></div>\n");
}

static void put_head(oc_page *page, const oc_incident *n)
{
    const oc_timeline *t = n->timeline;
    const char        *name = oc_info_text(t->info, "name");
    oc_page_put(page, "<!doctype html>\n<html lang=en><head><meta charset=utf-8>"
                      "<meta name=viewport content=\"width=device-width,initial-scale=1\"><title>");
    oc_page_text(page, name);
    oc_page_put(page, " – incident</title><style>\n");
    oc_page_put(page, oc_page_style);
    oc_page_put(page, "</style></head><body><main>\n<h1>Incident: ");
    oc_page_text(page, name);
    oc_page_put(page, "</h1><p class=soft>");
    oc_page_text(page, oc_info_text(t->info, "source"));
    oc_page_put(page, " · stream began ");
    oc_page_text(page, oc_info_text(t->info, "at"));
    oc_page_put(page, "</p>\n<section class=warn><b>");
    oc_page_text(page, n->reason);
    oc_page_put(page, "</b></section>\n");
}

static void put_figures(oc_page *page, const oc_incident *n)
{
    const oc_timeline *t = n->timeline;
    double             span = (double)(t->end_ns - t->begin_ns) * 1e-9;
    uint64_t           dropped = t->n_drops;
    oc_page_put(page, "<div class=figures>\n");
    figure(page, "frames in the recording", "%zu", t->n_frames);
    figure(page, "of clock time", "%.1f s", span);
    figure(page, "latency, median", "%.0f ms", ms(oc_histogram_quantile_ns(&n->latency, 0.5)));
    figure(page, "latency, p99", "%.0f ms", ms(oc_histogram_quantile_ns(&n->latency, 0.99)));
    figure(page, "at most", "%.0f ms", ms(oc_histogram_max_ns(&n->latency)));
    figure(page, "frames dropped", "%llu", (unsigned long long)dropped);
    oc_page_put(page, "</div>\n");
}

/* Seconds before the last thing that was recorded: negative. */
static double clock_s(const oc_timeline *t, uint64_t ns)
{
    return ((double)ns - (double)t->end_ns) * 1e-9;
}

static oc_plot plot_of(const oc_incident *n)
{
    const oc_timeline *t = n->timeline;
    double             most = oc_plot_nice(ms(oc_histogram_max_ns(&n->latency)));
    double             span = fmax(-clock_s(t, t->begin_ns), 0.1), step = oc_plot_nice(span / 8);
    return (oc_plot){.x0 = -ceil(span / step) * step,
                     .x_step = step,
                     .y1 = most,
                     .width = WIDTH,
                     .height = 232,
                     .left = 52,
                     .right = 4,
                     .top = 12,
                     .bottom = 38,
                     .y_unit = " ms",
                     .x_name = "seconds before the recording was kept"};
}

/* The worst frame of each stretch: a line through all would be a carpet. */
static void put_latency_line(oc_page *page, const oc_incident *n, const oc_plot *plot)
{
    const oc_timeline *t = n->timeline;
    double             x[POINTS], y[POINTS];
    for (size_t i = 0; i < POINTS; i++) {
        x[i] = plot->x0 * (1 - ((double)i + 0.5) / POINTS);
        y[i] = NAN;
    }
    for (size_t i = 0; i < t->n_frames; i++) {
        double   at = clock_s(t, t->frame[i].end_ns) / plot->x0;
        long     bin = lround((1 - at) * POINTS - 0.5);
        uint64_t took = oc_timeline_latency_ns(&t->frame[i]);
        bin = bin < 0 ? 0 : bin >= POINTS ? POINTS - 1 : bin;
        y[bin] = fmax(isnan(y[bin]) ? 0 : y[bin], ms(took));
    }
    oc_plot_line(page, plot, x, y, POINTS, "--blue", false);
}

static void put_drop_ticks(oc_page *page, const oc_incident *n, const oc_plot *plot)
{
    const oc_timeline *t = n->timeline;
    double             last = -1;
    double             foot = oc_plot_y(plot, 0);
    for (size_t i = 0; i < t->n_drops; i++) {
        double x = oc_plot_x(plot, clock_s(t, t->drop[i].at_ns));
        if (x - last < 1) /* they would lie on one another */
            continue;
        last = x;
        oc_page_printf(page,
                       "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\" "
                       "stroke=\"var(--red)\" stroke-width=\"1\"/>\n",
                       x, x, foot - 9, foot);
    }
}

/* Which level of the ladder held, as a staircase over the same time. */
static void put_ladder(oc_page *page, const oc_incident *n, const oc_plot *plot)
{
    const oc_timeline *t = n->timeline;
    oc_plot            p = *plot;
    uint32_t           level = t->n_frames ? t->frame[0].level : 0, most = 1;
    for (size_t i = 0; i < t->n_frames; i++)
        most = t->frame[i].level > most ? t->frame[i].level : most;
    p.y1 = most;
    p.y_step = 1;
    p.y_unit = NULL;
    p.height = 96;
    oc_page_put(page, "<h2>Level of the degrade ladder</h2>");
    oc_plot_begin(page, &p, "level of the degrade ladder over time");
    oc_page_printf(page, "<path d=\"M%.1f %.1f", oc_plot_x(&p, p.x0), oc_plot_y(&p, level));
    for (size_t i = 1; i < t->n_frames; i++) {
        if (t->frame[i].level == level)
            continue;
        level = t->frame[i].level;
        oc_page_printf(page, "H%.1fV%.1f", oc_plot_x(&p, clock_s(t, t->frame[i].begun_ns)),
                       oc_plot_y(&p, level));
    }
    oc_page_printf(page, "H%.1f\" fill=\"none\" stroke=\"var(--amber)\" stroke-width=\"2\"/>\n",
                   oc_plot_x(&p, 0));
    oc_plot_end(page);
}

static bool ladder_moved(const oc_timeline *t)
{
    for (size_t i = 0; i < t->n_frames; i++)
        if (t->frame[i].level)
            return true;
    return t->n_moves > 0;
}

static void put_latency(oc_page *page, const oc_incident *n)
{
    const oc_timeline *t = n->timeline;
    oc_plot            plot = plot_of(n);
    oc_page_put(page, "<section><h2>From capture to events</h2>");
    oc_plot_begin(page, &plot, "latency of the frames over time");
    put_latency_line(page, n, &plot);
    put_drop_ticks(page, n, &plot);
    for (size_t i = 0; i < n->n_worst; i++) {
        const oc_timeline_frame *f = &t->frame[n->worst[i]];
        oc_page_printf(page, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\" fill=\"var(--red)\"/>\n",
                       oc_plot_x(&plot, clock_s(t, f->end_ns)),
                       oc_plot_y(&plot, ms(oc_timeline_latency_ns(f))));
    }
    oc_plot_end(page);
    oc_page_put(page, "<p class=\"soft small\">");
    oc_plot_key(page, "--blue", "the slowest frame of each stretch");
    oc_plot_key(page, "--red",
                t->n_drops ? "the worst frames; below: frames dropped"
                           : "the worst frames; none was dropped");
    oc_page_put(page, "</p>\n");
    if (ladder_moved(t))
        put_ladder(page, n, &plot);
    oc_page_put(page, "</section>\n");
}

/* ---- the worst frames ---- */

static void put_bar(oc_page *page, const oc_incident *n, const oc_timeline_frame *f, double most)
{
    const oc_timeline *t = n->timeline;
    oc_page_put(page, "<svg viewBox=\"0 0 400 14\" role=\"img\" aria-label=\"stages of the frame\" "
                      "style=\"min-width:220px\">");
    for (size_t i = 0; i < f->n_stages; i++) {
        const oc_wire_stage *s = &t->stage[f->stage + i];
        const char          *name = oc_timeline_stage(t, s->stage);
        if (strcmp(name, "total") == 0 || s->begin_ns < f->captured_ns)
            continue;
        oc_page_printf(page,
                       "<rect x=\"%.2f\" y=\"1\" width=\"%.2f\" height=\"12\" fill=\"var(%s)\">"
                       "<title>",
                       400 * ms(s->begin_ns - f->captured_ns) / most,
                       fmax(400 * ms(s->end_ns - s->begin_ns) / most, 0.6), color_of(name));
        oc_page_text(page, name);
        oc_page_printf(page, " %.2f ms</title></rect>", ms(s->end_ns - s->begin_ns));
    }
    oc_page_put(page, "</svg>");
}

static void put_keys(oc_page *page)
{
    oc_page_put(page, "<p class=\"soft small\">");
    oc_plot_key(page, "--blue2", "wait");
    oc_plot_key(page, "--teal", "prepare, boxes");
    oc_plot_key(page, "--blue", "detect");
    oc_plot_key(page, "--red", "recognise");
    oc_plot_key(page, "--amber", "track, rules, events, files");
    oc_page_put(page, "</p>\n");
}

static void put_worst(oc_page *page, const oc_incident *n)
{
    double most = fmax(ms(oc_histogram_max_ns(&n->latency)), 1e-3);
    oc_page_put(
        page, "<section><h2>The worst frames</h2><div style=\"overflow:auto\"><table><tr><th>frame"
              "<th class=n>time<th class=n>latency<th class=n>level<th>looked at"
              "<th class=n>tracks<th style=\"width:40%\">where it went</tr>\n");
    for (size_t i = 0; i < n->n_worst; i++) {
        const oc_timeline_frame *f = &n->timeline->frame[n->worst[i]];
        oc_page_printf(page, "<tr><td>%llu<td class=n>", (unsigned long long)f->index);
        oc_page_clock(page, f->time_s);
        oc_page_printf(page, "<td class=n><b>%.1f ms</b><td class=n>%u<td>%s<td class=n>%u<td>",
                       ms(oc_timeline_latency_ns(f)), f->level, f->look ? "yes" : "no", f->tracks);
        put_bar(page, n, f, most);
        oc_page_put(page, "</tr>\n");
    }
    oc_page_put(page, "</table></div>\n");
    put_keys(page);
    oc_page_put(page, "</section>\n");
}

/* The frames before and after the worst one, each a row, over the clock. */
static void put_around(oc_page *page, const oc_incident *n)
{
    const oc_timeline *t = n->timeline;
    if (n->n_worst == 0)
        return;
    size_t   worst = n->worst[0], first = worst > AROUND ? worst - AROUND : 0;
    size_t   last = worst + AROUND < t->n_frames ? worst + AROUND : t->n_frames - 1;
    uint64_t begin = t->frame[first].captured_ns, end = t->frame[last].end_ns;
    oc_plot  p = {.x1 = fmax(ms(end - begin), 1e-3),
                  .width = WIDTH,
                  .height = (double)(last - first + 1) * ROW + 44,
                  .left = 64,
                  .right = 4,
                  .top = 6,
                  .bottom = 38,
                  .x_name = "milliseconds"};
    oc_page_put(page, "<section><h2>Around the worst frame</h2>");
    oc_plot_begin(page, &p, "the stages of the frames around the worst one");
    for (size_t i = first; i <= last; i++) {
        const oc_timeline_frame *f = &t->frame[i];
        double                   y = p.top + (double)(i - first) * ROW;
        oc_page_printf(page, "<text x=\"58\" y=\"%.1f\" text-anchor=\"end\"%s>%llu</text>\n",
                       y + 11, i == worst ? " font-weight=\"bold\"" : "",
                       (unsigned long long)f->index);
        for (size_t k = 0; k < f->n_stages; k++) {
            const oc_wire_stage *s = &t->stage[f->stage + k];
            const char          *name = oc_timeline_stage(t, s->stage);
            if (strcmp(name, "total") == 0 || s->begin_ns < begin)
                continue;
            double x0 = oc_plot_x(&p, ms(s->begin_ns - begin));
            double x1 = oc_plot_x(&p, ms(s->end_ns - begin));
            bool   waits = strcmp(name, "wait") == 0;
            oc_page_printf(page,
                           "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%d\" "
                           "fill=\"var(%s)\"><title>",
                           x0, y + (waits ? 5 : 1), fmax(x1 - x0, 0.8), waits ? 4 : ROW - 4,
                           color_of(name));
            oc_page_text(page, name);
            oc_page_printf(page, " %.2f ms</title></rect>\n", ms(s->end_ns - s->begin_ns));
        }
    }
    oc_plot_end(page);
    put_keys(page);
    oc_page_put(page, "</section>\n");
}

/* ---- tables ---- */

static void put_stages(oc_page *page, const oc_incident *n)
{
    oc_page_put(page, "<section><h2>Stages</h2><table><tr><th>stage<th class=n>p50<th class=n>p99"
                      "<th class=n>at most</tr>\n");
    for (uint32_t s = 0; s < OC_INCIDENT_STAGES_MAX; s++) {
        const oc_histogram *h = &n->stage[s];
        if (oc_histogram_count(h) == 0)
            continue;
        oc_page_put(page, "<tr><td>");
        oc_page_text(page, oc_timeline_stage(n->timeline, s));
        oc_page_printf(page, "<td class=n>%.2f ms<td class=n>%.2f ms<td class=n>%.2f ms</tr>\n",
                       ms(oc_histogram_quantile_ns(h, 0.5)), ms(oc_histogram_quantile_ns(h, 0.99)),
                       ms(oc_histogram_max_ns(h)));
    }
    oc_page_put(page, "</table></section>\n");
}

static void put_drops(oc_page *page, const oc_incident *n)
{
    const oc_timeline *t = n->timeline;
    uint64_t           most = 1;
    oc_page_put(page, "<section><h2>Dropped frames</h2>");
    if (!t->n_drops)
        oc_page_put(page, "<p class=soft>none in this recording</p>");
    for (uint32_t i = 0; i < OC_INCIDENT_DROPS_MAX; i++)
        most = n->dropped[i] > most ? n->dropped[i] : most;
    oc_page_put(page, "<table>\n");
    for (uint32_t i = 0; i < OC_INCIDENT_DROPS_MAX; i++) {
        if (!n->dropped[i])
            continue;
        oc_page_put(page, "<tr><td>");
        oc_page_text(page, oc_timeline_drop_reason(t, i));
        oc_page_printf(page,
                       "<td style=\"width:45%%\"><div class=bar><i style=\"width:%.1f%%\"></i>"
                       "</div><td class=n>%llu</tr>\n",
                       100.0 * (double)n->dropped[i] / (double)most,
                       (unsigned long long)n->dropped[i]);
    }
    oc_page_put(page, "</table>\n");
    if (t->n_moves)
        oc_page_put(page, "<h2>Steps of the ladder</h2><table>\n");
    for (size_t i = 0; i < t->n_moves; i++) {
        const oc_timeline_move *m = &t->move[i];
        oc_page_printf(page, "<tr><td class=n>%.1f s<td>%u → %u<td>", clock_s(t, m->at_ns), m->from,
                       m->to);
        oc_page_text(page, m->step);
        oc_page_printf(page, "<td class=n>%.0f of %.0f ms</tr>\n", m->latency_ms, m->objective_ms);
    }
    oc_page_put(page, t->n_moves ? "</table></section>\n" : "</section>\n");
}

static void row(oc_page *page, const char *what, const char *value)
{
    if (!*value)
        return;
    oc_page_put(page, "<tr><td>");
    oc_page_text(page, what);
    oc_page_put(page, "<td style=\"overflow-wrap:anywhere\">");
    oc_page_text(page, value);
    oc_page_put(page, "</tr>\n");
}

static void put_versions(oc_page *page, const oc_incident *n)
{
    const json_t *info = n->timeline->info, *nets = json_object_get(info, "networks");
    char          text[512];
    oc_page_put(page, "<section><h2>What ran</h2><div class=scroll><table>\n");
    row(page, "program", oc_info_text(info, "version"));
    row(page, "build", oc_info_text(info, "build"));
    snprintf(text, sizeof(text), "%s, kernels up to %s, %lld threads", oc_info_text(info, "cpu"),
             oc_info_text(info, "isa"),
             (long long)json_integer_value(json_object_get(info, "threads")));
    row(page, "machine", text);
    row(page, "pipeline", oc_info_text(info, "file"));
    for (size_t i = 0; i < json_array_size(nets); i++) {
        const json_t *net = json_array_get(nets, i);
        snprintf(text, sizeof(text), "%s, sha256 %s", oc_info_text(net, "card"),
                 oc_info_text(net, "model_sha256"));
        row(page, oc_info_text(net, "role"), text);
    }
    row(page, "gallery", oc_info_text(info, "gallery"));
    snprintf(text, sizeof(text), "%zu segments, %.1f MB; ocellus replay %s", n->timeline->segments,
             (double)n->timeline->bytes / 1e6, n->folder);
    row(page, "recording", text);
    if (n->timeline->lost) {
        snprintf(text, sizeof(text), "%llu things found no room in the recording and are missing",
                 (unsigned long long)n->timeline->lost);
        row(page, "missing", text);
    }
    oc_page_put(page, "</table></div></section>\n");
}

oc_status oc_incident_page(const oc_incident *n, oc_part *to, oc_error *err)
{
    oc_page page = {.part = to, .err = err};
    put_head(&page, n);
    put_figures(&page, n);
    put_latency(&page, n);
    put_worst(&page, n);
    put_around(&page, n);
    oc_page_put(&page, "<div class=two>\n");
    put_stages(&page, n);
    put_drops(&page, n);
    oc_page_put(&page, "</div>\n");
    put_versions(&page, n);
    oc_page_put(&page,
                "<p class=\"soft small\" style=\"margin-top:20px\">Written by Ocellus " OC_VERSION
                ". This page holds all it shows; trace.json beside it opens in Perfetto.</p>\n"
                "</main></body></html>\n");
    return page.status;
}
