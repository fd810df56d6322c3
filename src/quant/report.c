#include "quant/report.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static size_t file_bytes(const char *path)
{
    struct stat s;
    return stat(path, &s) == 0 ? (size_t)s.st_size : 0;
}

/* ---- JSON ---- */

static void put_text(FILE *to, const char *text)
{
    fputc('"', to);
    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        if (*p == '"' || *p == '\\')
            fprintf(to, "\\%c", *p);
        else if (*p < 0x20)
            fprintf(to, "\\u%04x", *p);
        else
            fputc(*p, to);
    }
    fputc('"', to);
}

static void put_number(FILE *to, const char *key, double v)
{
    if (isfinite(v))
        fprintf(to, ",\"%s\":%.9g", key, v);
    else
        fprintf(to, ",\"%s\":null", key);
}

/* The value a layer gives once what is computed along with it is: the last fused activation's. */
static uint32_t result_of(const q_network *n, uint32_t layer)
{
    uint32_t v = q_id(&n->index, n->doc->nodes[n->place.layers[layer].node].out[0]);
    for (uint32_t user = q_only_user(&n->index, v);
         user != Q_NONE && n->place.nodes[user].kind == Q_ACT; user = q_only_user(&n->index, v))
        v = q_id(&n->index, n->doc->nodes[user].out[0]);
    return v;
}

static const q_stat *stat_of(const q_network *n, uint32_t value)
{
    for (size_t i = 0; i < n->n_taps; i++)
        if (n->tap[i] == value)
            return &n->stats[i];
    return NULL;
}

/* The range that a value has as it is written. */
static const q_range *range_of(const q_network *n, uint32_t v)
{
    return n->place.quantised[v] && n->place.wide[v] ? &n->wide[v] : &n->ranges[v];
}

static void json_layer(const q_summary *s, uint32_t l, FILE *to)
{
    const q_network *n = s->network;
    const q_layer   *layer = &n->place.layers[l];
    const char      *reason = q_network_reason(n, l);
    const uint32_t   v = result_of(n, l);
    const q_stat    *stat = stat_of(n, v);
    fputs("{\"name\":", to);
    put_text(to, layer->name);
    fprintf(to, ",\"op\":\"%s\",\"integer\":%s,\"weight_bytes\":%zu", n->doc->nodes[layer->node].op,
            reason ? "false" : "true", layer->weight_bytes);
    if (!reason)
        fprintf(to, ",\"activation_bits\":%d,\"bytes\":%zu", q_network_is_wide(n, l) ? 16 : 8,
                n->weights[l].n + n->weights[l].n_scales * sizeof(float));
    if (reason) {
        fputs(",\"reason\":", to);
        put_text(to, reason);
    }
    if (s->search) {
        put_number(to, "sqnr_db", s->search->loss[l].sqnr_db);
        if (isfinite(s->search->loss[l].wide_sqnr_db))
            put_number(to, "sqnr_db_16", s->search->loss[l].wide_sqnr_db);
        if (s->search->loss[l].measured)
            put_number(to, "metric", s->search->loss[l].metric);
    }
    if (stat) {
        put_number(to, "min", (double)stat->min);
        put_number(to, "max", (double)stat->max);
        const q_range *r = range_of(n, v);
        put_number(to, "lo", (double)r->lo);
        put_number(to, "hi", (double)r->hi);
        fprintf(to, ",\"method\":\"%s\"", q_method_name(r->method));
    }
    fputc('}', to);
}

static void json_budget(const q_summary *s, FILE *to)
{
    const q_search *r = s->search;
    fprintf(to, ",\"budget\":{\"met\":%s", r->stopped ? "false" : "true");
    put_number(to, "max_drop", s->max_drop);
    if (r->stopped) {
        fputs(",\"why\":", to);
        put_text(to, r->stopped);
    }
    fprintf(to, ",\"mixtures\":%zu", r->points);
    put_number(to, "sqnr_db_all", r->all.score.sqnr_db);
    put_number(to, "sqnr_db", r->best.score.sqnr_db);
    if (s->metric) {
        fputs(",\"metric\":", to);
        put_text(to, s->metric);
        put_number(to, "float", r->float_metric);
        put_number(to, "all", r->all.metric);
        put_number(to, "written", r->best.metric);
        fprintf(to, ",\"part\":%zu", r->part);
        put_number(to, "part_float", r->part_metric);
    }
    fprintf(to, ",\"no_16_bits\":%s", r->no_wide ? "true" : "false");
    fputc('}', to);
}

oc_status q_report_json(const q_summary *s, FILE *to, oc_error *err)
{
    const q_network *n = s->network;
    const q_bytes    b = q_network_bytes(n);
    const size_t     before = file_bytes(s->model), after = file_bytes(s->out);
    fputs("{\"model\":", to);
    put_text(to, s->model);
    fputs(",\"out\":", to);
    put_text(to, s->out);
    fprintf(to,
            ",\"bytes\":%zu,\"float_bytes\":%zu,\"layers_integer\":%zu,\"layers_float\":%zu"
            ",\"layers_16_bits\":%zu",
            after, before, b.n_integer, b.n_float, b.n_wide);
    put_number(to, "ratio", before ? (double)after / (double)before : NAN);
    fprintf(to, ",\"weights\":{\"float_bytes\":%zu,\"bytes\":%zu,\"left_in_float\":%zu}",
            b.quantised_float, b.quantised, b.left);
    if (s->search)
        json_budget(s, to);
    fputs(",\"layers\":[", to);
    for (uint32_t i = 0; i < n->place.n_layers; i++) {
        if (i)
            fputc(',', to);
        json_layer(s, s->search ? s->search->order[i] : i, to);
    }
    fputs("],\"float_operators\":[", to);
    for (size_t i = 0; i < n->n_others; i++)
        fprintf(to, "%s{\"op\":\"%s\",\"count\":%zu}", i ? "," : "", n->others[i].op,
                n->others[i].count);
    fputs("]}\n", to);
    return ferror(to) ? OC_FAIL(err, OC_IO, "the report cannot be written") : OC_OK;
}

/* ---- a page ---- */

static void put_html(FILE *to, const char *text)
{
    for (; *text; text++) {
        switch (*text) {
        case '<': fputs("&lt;", to); break;
        case '>': fputs("&gt;", to); break;
        case '&': fputs("&amp;", to); break;
        case '"': fputs("&quot;", to); break;
        default: fputc(*text, to);
        }
    }
}

static const char head[] =
    "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Quantisation</title>"
    "<style>body{font:15px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:72rem;padding:0 1rem;"
    "color:#1c2430;background:#fff}h1{font-size:1.5rem}table{border-collapse:collapse;width:100%}"
    "th,td{text-align:left;padding:.25rem .6rem;border-bottom:1px solid #dde3ea;font-size:13px}"
    "th{position:sticky;top:0;background:#f4f6f9}td.n{text-align:right;font-variant-numeric:"
    "tabular-nums}.bar{display:inline-block;height:.7em;background:#4a7fc1}.float{background:#fff6ea}"
    ".bad{color:#a33}@media(prefers-color-scheme:dark){body{background:#12161c;color:#d8dee8}"
    "th{background:#1b212a}td,th{border-color:#2b3440}.float{background:#2b2418}}</style></head><body>";

static void html_summary(const q_summary *s, FILE *to)
{
    const q_bytes   b = q_network_bytes(s->network);
    const q_search *r = s->search;
    const size_t    before = file_bytes(s->model), after = file_bytes(s->out);
    fputs("<h1>", to);
    put_html(to, s->out);
    fputs("</h1><p>from ", to);
    put_html(to, s->model);
    fprintf(
        to,
        ": %zu layers in integers (%zu with activations of 16 bits), %zu in float. File %zu bytes, %.3f of the original; "
        "quantised weights %.3f of their float32; %zu bytes of weights left in float.</p>",
        b.n_integer, b.n_wide, b.n_float, after, before ? (double)after / (double)before : 0,
        b.quantised_float ? (double)b.quantised / (double)b.quantised_float : 0, b.left);
    if (!r)
        return;
    fprintf(to,
            "<p>Outputs' signal to noise: %.2f dB with all layers in integers, <b>%.2f dB</b> as "
            "written.",
            r->all.score.sqnr_db, r->best.score.sqnr_db);
    if (s->metric)
        fprintf(to, " %s: %.4f in float, %.4f with all layers in integers, <b>%.4f</b> as written.",
                s->metric, r->float_metric, r->all.metric, r->best.metric);
    if (r->part)
        fprintf(to, " Layers alone: over %zu pictures, where the float network has %.4f.", r->part,
                r->part_metric);
    fprintf(to, " %zu mixtures were looked at.</p>", r->points);
    if (r->stopped)
        fprintf(to,
                "<p class=\"bad\">The budget is not met: %s. The best point found is "
                "written.</p>",
                r->stopped);
}

static void html_layer(const q_summary *s, uint32_t rank, uint32_t l, FILE *to)
{
    const q_network *n = s->network;
    const q_layer   *layer = &n->place.layers[l];
    const char      *reason = q_network_reason(n, l);
    const uint32_t   v = result_of(n, l);
    const q_stat    *stat = stat_of(n, v);
    fprintf(to, "<tr%s><td class=\"n\">%u</td><td>", reason ? " class=\"float\"" : "", rank + 1);
    put_html(to, layer->name);
    fprintf(to, "</td><td>%s</td><td class=\"n\">%zu</td>", n->doc->nodes[layer->node].op,
            layer->weight_bytes);
    if (s->search) {
        const q_layer_loss *loss = &s->search->loss[l];
        const double        noise = 60 - fmin(60, loss->sqnr_db);
        fprintf(to,
                "<td class=\"n\">%.2f</td><td><span class=\"bar\" style=\"width:%.0fpx\"></span>"
                "</td><td class=\"n\">",
                loss->sqnr_db, noise * 2);
        if (loss->measured)
            fprintf(to, "%.4f", loss->metric);
        fputs("</td>", to);
    }
    if (stat)
        fprintf(to,
                "<td class=\"n\">%.4g &hellip; %.4g</td><td class=\"n\">%.4g &hellip; %.4g</td>"
                "<td>%s</td>",
                (double)stat->min, (double)stat->max, (double)range_of(n, v)->lo,
                (double)range_of(n, v)->hi, q_method_name(range_of(n, v)->method));
    else
        fputs("<td></td><td></td><td></td>", to);
    fprintf(to, "<td class=\"n\">%s</td><td>",
            reason                    ? "float"
            : q_network_is_wide(n, l) ? "16"
                                      : "8");
    put_html(to, reason ? reason : "");
    fputs("</td></tr>\n", to);
}

static void html(const q_summary *s, FILE *to)
{
    const q_network *n = s->network;
    fputs(head, to);
    html_summary(s, to);
    fputs("<table><thead><tr><th>rank</th><th>layer</th><th>operator</th><th>weights, bytes</th>",
          to);
    if (s->search)
        fprintf(to, "<th>alone in integers, dB</th><th></th><th>%s%s</th>",
                s->metric ? "alone, " : "", s->metric ? s->metric : "");
    fputs(
        "<th>seen</th><th>range taken</th><th>by</th><th>bits</th><th>why in float</th></tr></thead><tbody>\n",
        to);
    for (uint32_t i = 0; i < n->place.n_layers; i++)
        html_layer(s, i, s->search ? s->search->order[i] : i, to);
    fputs("</tbody></table>", to);
    if (n->n_others) {
        fputs("<p>Operators without an integer form, in float: ", to);
        for (size_t i = 0; i < n->n_others; i++)
            fprintf(to, "%s%zu %s", i ? ", " : "", n->others[i].count, n->others[i].op);
        fputs(".</p>", to);
    }
    fputs("</body></html>\n", to);
}

oc_status q_report_html(const q_summary *s, const char *path, oc_error *err)
{
    char *part = NULL;
    if (asprintf(&part, "%s.part", path) < 0)
        return OC_FAIL(err, OC_NOMEM, "%s", path);
    FILE     *to = fopen(part, "w");
    oc_status st = to ? OC_OK : OC_FAIL(err, OC_IO, "%s: %s", part, strerror(errno));
    if (to) {
        html(s, to);
        bool good = !ferror(to);
        good = fclose(to) == 0 && good;
        if (!good || rename(part, path) != 0) {
            st = OC_FAIL(err, OC_IO, "%s: %s", path, strerror(errno));
            unlink(part);
        }
    }
    free(part);
    return st;
}
