/* Charts of the report, as inline SVG. */
#include <math.h>

#include "pipeline/plot.h"

#define WIDTH 1040
#define LEFT 44
#define BOTTOM 22

/* Over the time of the video; height: of the data. */
static oc_plot plot_of(double end_s, double y_max, double height, double top)
{
    return (oc_plot){.x1 = end_s,
                     .y1 = y_max,
                     .width = WIDTH,
                     .height = top + height + BOTTOM,
                     .left = LEFT,
                     .right = 4,
                     .top = top,
                     .bottom = BOTTOM,
                     .clock = true};
}

static double end_of(const oc_pipeline *p)
{
    double end = p->record.bin_s * (double)p->record.n_bins;
    return fmax(fmin(end, p->record.last_s), 0.1);
}

static double per_frame(const oc_bin *b, uint64_t sum)
{
    return b->frames ? (double)sum / b->frames : 0;
}

/* value(bin) as a line or, with a ground, as an area. */
typedef double value_fn(const oc_bin *bin, size_t which);

static void put_curve(oc_page *page, const oc_pipeline *p, const oc_plot *a, value_fn *value,
                      size_t which, const char *color, bool area)
{
    const oc_record *r = &p->record;
    oc_page_printf(page, "<path d=\"M%.1f %.1f", oc_plot_x(a, 0), oc_plot_y(a, 0));
    for (size_t i = 0; i < r->n_bins; i++) {
        if (r->bin[i].frames == 0) /* nothing is known of it: the line goes on to the next */
            continue;
        double y = oc_plot_y(a, value(&r->bin[i], which));
        double from = fmin((double)i * r->bin_s, a->x1);
        double to = fmin((double)(i + 1) * r->bin_s, a->x1);
        oc_page_printf(page, "L%.1f %.1fL%.1f %.1f", oc_plot_x(a, from), y, oc_plot_x(a, to), y);
    }
    if (area)
        oc_page_printf(page, "L%.1f %.1fZ\" fill=\"var(%s)\" fill-opacity=.28 />\n",
                       oc_plot_x(a, a->x1), oc_plot_y(a, 0), color);
    else
        oc_page_printf(page,
                       "\" fill=none stroke=\"var(%s)\" stroke-width=2 "
                       "stroke-linejoin=round />\n",
                       color);
}

static double tracks_value(const oc_bin *b, size_t which)
{
    (void)which;
    return per_frame(b, b->tracks_sum);
}

static double inside_value(const oc_bin *b, size_t which)
{
    return per_frame(b, b->inside_sum[which]);
}

static void put_crossings(oc_page *page, const oc_pipeline *p, const oc_plot *a)
{
    const oc_record *r = &p->record;
    for (size_t i = 0; i < r->n_bins; i++)
        for (int d = 0; d < 2; d++)
            for (uint32_t k = 0; k < r->bin[i].crossed[d] && k < 8; k++) {
                double x = oc_plot_x(a, fmin(((double)i + 0.5) * r->bin_s, a->x1));
                double y = a->top - 8 - 9 * k - (d ? 4 : 0), up = d ? -4 : 4;
                oc_page_printf(page,
                               "<path d=\"M%.1f %.1fl-4 0l4 %.0fl4 %.0fz\" "
                               "fill=\"var(--amber)\" />",
                               x, y, up, -up);
            }
}

void oc_report_activity(oc_page *page, const oc_pipeline *p)
{
    const oc_record *r = &p->record;
    double           most = 0;
    for (size_t i = 0; i < r->n_bins; i++)
        most = fmax(most, tracks_value(&r->bin[i], 0));
    oc_plot a = plot_of(end_of(p), oc_plot_nice(most), 170, 44);
    oc_page_put(page, "<section><h2>Over time</h2>\n");
    oc_plot_begin(page, &a, "tracks in view over time");
    put_curve(page, p, &a, tracks_value, 0, "--blue", true);
    put_curve(page, p, &a, tracks_value, 0, "--blue", false);
    for (size_t i = 0; i < p->rules.n_zones && i < 3; i++)
        put_curve(page, p, &a, inside_value, i, "--teal", false);
    put_crossings(page, p, &a);
    oc_page_put(page, "</svg>");
    oc_plot_key(page, "--blue", "in view");
    if (p->rules.n_zones)
        oc_plot_key(page, "--teal",
                    p->rules.n_zones == 1 ? p->rules.zone[0].config->name : "in zones");
    if (p->rules.n_lines)
        oc_plot_key(page, "--amber", "line crossed (▾ ▴ by direction)");
    oc_page_put(page, "</section>\n");
}

static double speed_value(const oc_bin *b, size_t which)
{
    (void)which;
    return b->wall_ns ? (double)b->frames / ((double)b->wall_ns * 1e-9) : 0;
}

static void put_drops(oc_page *page, const oc_pipeline *p, const oc_plot *a)
{
    const oc_record *r = &p->record;
    for (size_t i = 0; i < r->n_bins; i++) {
        const oc_bin *b = &r->bin[i];
        double        all = (double)b->frames + b->dropped;
        if (!b->dropped)
            continue;
        double x0 = oc_plot_x(a, fmin((double)i * r->bin_s, a->x1));
        double x1 = oc_plot_x(a, fmin((double)(i + 1) * r->bin_s, a->x1));
        double h = fmax(2, (oc_plot_y(a, 0) - a->top) * b->dropped / all);
        oc_page_printf(page,
                       "<rect x=%.1f y=%.1f width=%.1f height=%.1f fill=\"var(--red)\" "
                       "fill-opacity=.6><title>%u dropped</title></rect>\n",
                       x0, oc_plot_y(a, 0) - h, fmax(x1 - x0 - 0.5, 0.5), h, b->dropped);
    }
}

void oc_report_throughput(oc_page *page, const oc_pipeline *p)
{
    const oc_record *r = &p->record;
    double           most = 0;
    uint64_t         dropped = 0;
    for (size_t i = 0; i < r->n_bins; i++) {
        most = fmax(most, speed_value(&r->bin[i], 0));
        dropped += r->bin[i].dropped;
    }
    oc_plot a = plot_of(end_of(p), oc_plot_nice(most), 120, 10);
    a.y_unit = "/s";
    oc_page_put(page, "<section><h2>Throughput and drops</h2>\n");
    oc_plot_begin(page, &a, "frames a second over time");
    put_drops(page, p, &a);
    put_curve(page, p, &a, speed_value, 0, "--blue", false);
    if (p->info.fps > 0 && p->info.fps < a.y1)
        oc_page_printf(page,
                       "<line x1=%d x2=%d y1=%.1f y2=%.1f stroke=\"var(--soft)\" "
                       "stroke-dasharray=\"4 4\" /><text x=%d y=%.1f text-anchor=end>the video's "
                       "own speed</text>\n",
                       LEFT, WIDTH - 4, oc_plot_y(&a, p->info.fps), oc_plot_y(&a, p->info.fps),
                       WIDTH - 6, oc_plot_y(&a, p->info.fps) - 5);
    oc_page_put(page, "</svg>");
    oc_plot_key(page, "--blue", "frames a second");
    oc_plot_key(page, "--red", dropped ? "part of the frames that was dropped" : "dropped: none");
    oc_page_put(page, "</section>\n");
}

/* A histogram over a logarithmic axis, 10 us to 10 s, 24 bars a decade joined. */
static void put_histogram(oc_page *page, const oc_histogram *h)
{
    enum { BARS = 120 };
    double bar[BARS] = {0}, most = 0;
    for (size_t i = 0; i < OC_HISTOGRAM_BUCKETS; i++) {
        uint64_t n = oc_histogram_bucket_count(h, i);
        if (!n)
            continue;
        double ns = (double)oc_histogram_low_ns(i) + 0.5;
        int    k = (int)(BARS * (log10(fmax(ns, 1)) - 4) / 6);
        k = k < 0 ? 0 : k >= BARS ? BARS - 1 : k;
        bar[k] += (double)n;
        most = fmax(most, bar[k]);
    }
    oc_page_put(page, "<svg viewBox=\"0 0 360 34\" preserveAspectRatio=none "
                      "style=\"height:34px\">");
    for (int d = 0; d <= 6; d++)
        oc_page_printf(page, "<line class=grid x1=%d x2=%d y1=0 y2=34 />", 60 * d, 60 * d);
    for (int k = 0; k < BARS; k++)
        if (bar[k] > 0) {
            double height = fmax(1.5, 32 * sqrt(bar[k] / most));
            oc_page_printf(page, "<rect x=%d y=%.1f width=2.6 height=%.1f fill=\"var(--blue)\" />",
                           3 * k, 34 - height, height);
        }
    oc_page_put(page, "</svg>");
}

void oc_report_stages(oc_page *page, const oc_pipeline *p)
{
    oc_page_put(page, "<section><h2>Where the time goes</h2><p class=\"soft small\">Each frame's "
                      "stations, in milliseconds. Bars: how often, height by square root, from "
                      "0.01 ms to 10 s, a line for each power of ten.</p><div class=scroll "
                      "style=\"max-height:none\"><table>"
                      "<tr><th>stage<th style=\"width:36%\"><th class=n>p50<th class=n>p99"
                      "<th class=n>mean<th class=n>most</tr>\n");
    for (int i = 0; i < OC_STAGES; i++) {
        const oc_histogram *h = &p->stages.histogram[i];
        if (!oc_histogram_count(h))
            continue;
        oc_page_printf(page, "<tr><td><b>%s</b><br><span class=\"soft small\">%s</span><td>",
                       oc_stage_name((oc_stage)i), oc_stage_what((oc_stage)i));
        put_histogram(page, h);
        oc_page_printf(page,
                       "<td class=n>%.2f<td class=n>%.2f<td class=n>%.2f<td class=n>%.2f</tr>\n",
                       (double)oc_histogram_quantile_ns(h, 0.5) * 1e-6,
                       (double)oc_histogram_quantile_ns(h, 0.99) * 1e-6,
                       oc_histogram_mean_ns(h) * 1e-6, (double)oc_histogram_max_ns(h) * 1e-6);
    }
    oc_page_put(page, "</table></div></section>\n");
}

/* Who was there when: a bar for each of the longest tracks, by first appearance. */
void oc_report_presence(oc_page *page, const oc_pipeline *p)
{
    enum { MOST = 60, ROW = 11 };
    const oc_record *r = &p->record;
    size_t           n = r->n_rows < MOST ? r->n_rows : MOST;
    oc_plot          a = plot_of(end_of(p), 0, (double)(n * ROW), 6);
    if (n == 0)
        return;
    oc_page_put(page, "<section><h2>Who was there when</h2>\n");
    oc_plot_begin(page, &a, "when each track was there");
    for (size_t i = 0; i < n; i++) {
        const oc_track_row *row = &r->row[i];
        double x0 = oc_plot_x(&a, row->first_s), x1 = oc_plot_x(&a, fmin(row->last_s, a.x1));
        double y = a.top + (double)(i * ROW);
        oc_page_printf(page,
                       "<text x=%d y=%.1f text-anchor=end>%llu</text><rect x=%.1f y=%.1f "
                       "width=%.1f height=%d rx=3 fill=\"",
                       LEFT - 6, y + 8, (unsigned long long)row->id, x0, y, fmax(x1 - x0, 2),
                       ROW - 3);
        oc_page_color(page, row->id);
        oc_page_put(page, "\" />\n");
    }
    oc_page_put(page, "</svg></section>\n");
}
