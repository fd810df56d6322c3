/* The report: one page that needs nothing else, in light and dark. */
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "pipeline/page.h"

static double ms(const oc_histogram *h, double q)
{
    return (double)oc_histogram_quantile_ns(h, q) * 1e-6;
}

static double wall_s(const oc_pipeline *p)
{
    return p->end_ns > p->start_ns ? (double)(p->end_ns - p->start_ns) * 1e-9 : 0.0;
}

static void figure(oc_page *page, const char *number, const char *what)
{
    oc_page_put(page, "<div class=figure><b>");
    oc_page_text(page, number);
    oc_page_put(page, "</b><span>");
    oc_page_text(page, what);
    oc_page_put(page, "</span></div>\n");
}

static void put_figures(oc_page *page, oc_pipeline *p)
{
    const oc_histogram *h = p->stages.histogram;
    oc_counts           c = oc_ledger_read(&p->ledger);
    double              wall = wall_s(p), fps = wall > 0 ? (double)p->frames / wall : 0;
    char                number[64], what[96];
    struct rusage       u = {0};

    oc_page_put(page, "<div class=figures>\n");
    snprintf(number, sizeof(number), "%llu", (unsigned long long)p->record.tracks);
    snprintf(what, sizeof(what), "tracks, up to %llu at once",
             (unsigned long long)p->record.tracks_max);
    figure(page, number, what);
    snprintf(number, sizeof(number), "%.1f", fps);
    snprintf(what, sizeof(what), "frames/s, %.1f× the video", p->fps > 0 ? fps / p->fps : 0.0);
    figure(page, number, what);
    snprintf(number, sizeof(number), "%.0f ms", ms(&h[OC_STAGE_DETECT], 0.5));
    snprintf(what, sizeof(what), "detector, p99 %.0f ms", ms(&h[OC_STAGE_DETECT], 0.99));
    figure(page, number, what);
    snprintf(number, sizeof(number), "%llu", (unsigned long long)c.completed);
    snprintf(what, sizeof(what), "of %llu frames, %llu dropped", (unsigned long long)c.captured,
             (unsigned long long)oc_counts_dropped(&c));
    figure(page, number, what);
    getrusage(RUSAGE_SELF, &u);
    snprintf(number, sizeof(number), "%.0f MB", (double)u.ru_maxrss * 1024 / 1e6);
    figure(page, number, "memory at most");
    oc_page_put(page, "</div>\n");
}

static void put_frames(oc_page *page, const oc_pipeline *p)
{
    const oc_sample *s;
    size_t           n = p->annotator ? oc_annotator_samples(p->annotator, &s) : 0, big = 0;
    if (n == 0)
        return;
    for (size_t i = 1; i < n; i++) /* the one with most in it is shown large */
        if (s[i].n_objects > s[big].n_objects)
            big = i;
    oc_page_put(page, "<section><h2>What it saw</h2><div class=frames>\n");
    for (size_t k = 0; k <= n; k++) {
        size_t i = k == 0 ? big : k - 1;
        if (k > 0 && i == big)
            continue;
        oc_page_put(page, "<figure><img alt=\"annotated frame\" src=\"data:image/jpeg;base64,");
        oc_page_base64(page, s[i].jpeg, s[i].n);
        oc_page_printf(page, "\"><figcaption>frame %llu, ", (unsigned long long)s[i].frame);
        oc_page_clock(page, s[i].time_s);
        oc_page_put(page, "</figcaption></figure>\n");
    }
    oc_page_put(page, "</div></section>\n");
}

static void put_rules(oc_page *page, const oc_pipeline *p)
{
    if (p->rules.n_lines + p->rules.n_zones == 0)
        return;
    oc_page_put(page, "<section><h2>Lines and zones</h2><table>\n");
    for (size_t i = 0; i < p->rules.n_lines; i++) {
        const oc_line *l = &p->rules.line[i];
        oc_page_put(page, "<tr><td><span class=dot style=\"background:var(--amber)\"></span>");
        oc_page_text(page, l->config->name);
        for (int d = 0; d < 2; d++) {
            oc_page_put(page, "<td class=n><b>");
            oc_page_printf(page, "%llu</b> ", (unsigned long long)l->total[d]);
            oc_page_text(page, l->config->directions[d]);
        }
        oc_page_put(page, "<td></tr>\n");
    }
    for (size_t i = 0; i < p->rules.n_zones; i++) {
        const oc_zone *z = &p->rules.zone[i];
        oc_page_put(page, "<tr><td><span class=dot style=\"background:var(--teal)\"></span>");
        oc_page_text(page, z->config->name);
        oc_page_printf(page,
                       "<td class=n><b>%llu</b> entered<td class=n>up to <b>%llu</b> inside"
                       "<td class=n>%.1f s on average</tr>\n",
                       (unsigned long long)z->entered, (unsigned long long)z->inside_max,
                       z->exited ? z->dwell_sum_s / (double)z->exited : 0.0);
    }
    oc_page_put(page, "</table></section>\n");
}

/* Track time by value; tracks where there was none, as with single pictures. */
static double weight(const oc_tally *t, bool by_time)
{
    return by_time ? t->seconds : (double)t->tracks;
}

static void put_tally(oc_page *page, const oc_record *r, size_t k)
{
    double most = 0, all = 0;
    bool   by_time = false;
    for (size_t i = 0; i < r->n_tally[k]; i++)
        by_time = by_time || r->tally[k][i].seconds > 0;
    for (size_t i = 0; i < r->n_tally[k]; i++) {
        double w = weight(&r->tally[k][i], by_time);
        most = w > most ? w : most;
        all += w;
    }
    for (size_t i = 0; i < r->n_tally[k]; i++) {
        const oc_tally *t = &r->tally[k][i];
        double          w = weight(t, by_time);
        oc_page_put(page, "<tr><td>");
        oc_page_text(page, t->value);
        oc_page_printf(page,
                       "<td style=\"width:45%%\"><div class=bar><i style=\"width:%.1f%%\">"
                       "</i></div><td class=n>%.0f %s<td class=n>%.0f %%</tr>\n",
                       most > 0 ? 100 * w / most : 0, w, by_time ? "s" : "×",
                       all > 0 ? 100 * w / all : 0);
    }
}

static void put_recognised(oc_page *page, const oc_pipeline *p)
{
    for (size_t k = 0; k < p->config->n_recognise; k++) {
        oc_page_put(page, "<section><h2>");
        oc_page_text(page, p->config->recognise[k].name);
        oc_page_printf(page, "</h2><p class=\"soft small\">%llu looks; tracks by value</p>",
                       (unsigned long long)p->recogniser[k].looks);
        oc_page_put(page, "<div class=scroll><table>\n");
        put_tally(page, &p->record, k);
        oc_page_put(page, "</table></div></section>\n");
    }
}

static void put_tracks(oc_page *page, const oc_pipeline *p)
{
    const oc_record *r = &p->record;
    char             label[32];
    oc_page_put(page, "<section><h2>Tracks</h2>");
    if (r->tracks > r->n_rows)
        oc_page_printf(page, "<p class=\"soft small\">the %zu longest of %llu</p>", r->n_rows,
                       (unsigned long long)r->tracks);
    oc_page_put(page, "<div class=scroll><table><tr><th>id<th>label<th class=n>from<th class=n>to"
                      "<th class=n>seen<th class=n>crossings");
    for (size_t k = 0; k < p->config->n_recognise; k++) {
        oc_page_put(page, "<th>");
        oc_page_text(page, p->config->recognise[k].name);
    }
    oc_page_put(page, "</tr>\n");
    for (size_t i = 0; i < r->n_rows; i++) {
        const oc_track_row *row = &r->row[i];
        oc_page_put(page, "<tr><td><span class=dot style=\"background:");
        oc_page_color(page, row->id);
        oc_page_printf(page, "\"></span>%llu<td>", (unsigned long long)row->id);
        oc_page_text(page, oc_card_label(p->card, row->label, label, sizeof(label)));
        oc_page_put(page, "<td class=n>");
        oc_page_clock(page, row->first_s);
        oc_page_put(page, "<td class=n>");
        oc_page_clock(page, row->last_s);
        oc_page_printf(page, "<td class=n>%llu×<td class=n>%u", (unsigned long long)row->hits,
                       row->crossings);
        for (size_t k = 0; k < p->config->n_recognise; k++) {
            oc_page_put(page, "<td>");
            oc_page_text(page, row->value[k]);
        }
        oc_page_put(page, "</tr>\n");
    }
    oc_page_put(page, "</table></div></section>\n");
}

static void step(oc_page *page, const char *what, const char *name, const oc_net *net)
{
    oc_page_put(page, "<li><b>");
    oc_page_text(page, what);
    oc_page_put(page, "</b>");
    oc_page_text(page, name);
    if (net) {
        oc_session_stats stats = {.struct_size = sizeof(stats)};
        oc_net_stats(net, &stats);
        oc_page_printf(page, "<br><span class=soft>%.2f GFLOP, %.1f MB of weights</span>",
                       stats.flops / 1e9, (double)stats.weight_bytes / 1e6);
    }
    oc_page_put(page, "</li>\n");
}

static void put_pipeline(oc_page *page, const oc_pipeline *p)
{
    const oc_pipeline_config *c = p->config;
    char                      text[160];
    oc_page_put(page, "<section><h2>How it was made</h2><ol class=steps>\n");
    snprintf(text, sizeof(text), "%dx%d, %.3g frames/s, %.24s", p->info.width, p->info.height,
             p->info.fps, p->info.codec);
    step(page, "source", text, NULL);
    snprintf(text, sizeof(text), "%.80s%s", p->card->title ? p->card->title : c->detect.network,
             c->detect.every > 1 ? ", not on every frame" : "");
    step(page, "detect", text, p->detector[0]);
    step(page, "track", c->tracker->title, NULL);
    for (size_t k = 0; k < c->n_recognise; k++) {
        const oc_card *card = oc_net_card(p->recogniser[k].net);
        step(page, c->recognise[k].name, card->title ? card->title : card->name,
             p->recogniser[k].net);
    }
    snprintf(text, sizeof(text), "%zu lines, %zu zones", p->rules.n_lines, p->rules.n_zones);
    step(page, "rules", text, NULL);
    oc_page_put(page, "</ol></section>\n");
}

static void put_head(oc_page *page, const oc_pipeline *p)
{
    oc_page_put(page, "<!doctype html>\n<html lang=en><head><meta charset=utf-8>"
                      "<meta name=viewport content=\"width=device-width,initial-scale=1\"><title>");
    oc_page_text(page, p->config->title);
    oc_page_put(page, " – Ocellus report</title><style>\n");
    oc_page_put(page, oc_page_style);
    oc_page_put(page, "</style></head><body><main>\n<h1>");
    oc_page_text(page, p->config->title);
    oc_page_put(page, "</h1><p class=soft>");
    oc_page_text(page, p->shown);
    oc_page_put(page, " · ");
    oc_page_clock(page, p->record.last_s);
    oc_page_printf(page, " of video in %.1f s · ", wall_s(p));
    oc_page_text(page, p->at);
    oc_page_put(page, "</p>\n");
    if (p->ended.truncated) {
        oc_page_put(page, "<section class=warn><b>The source broke off.</b> ");
        oc_page_text(page, p->ended.broken.message);
        oc_page_put(page, "</section>\n");
    } else if (p->ended.interrupted) {
        oc_page_put(page, "<section class=warn><b>The run was interrupted.</b> What came before "
                          "is complete.</section>\n");
    }
}

oc_status oc_report_write(oc_pipeline *p, oc_part *to, oc_error *err)
{
    oc_page page = {.part = to, .err = err};
    put_head(&page, p);
    put_figures(&page, p);
    put_frames(&page, p);
    oc_report_activity(&page, p);
    oc_page_put(&page, "<div class=two>\n");
    put_rules(&page, p);
    put_recognised(&page, p);
    oc_page_put(&page, "</div>\n");
    oc_report_presence(&page, p);
    put_tracks(&page, p);
    oc_report_stages(&page, p);
    oc_report_throughput(&page, p);
    put_pipeline(&page, p);
    oc_page_put(&page,
                "<p class=\"soft small\" style=\"margin-top:20px\">Written by Ocellus " OC_VERSION
                ". This page holds all it shows.</p>\n</main></body></html>\n");
    return page.status;
}
