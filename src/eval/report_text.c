/* Figures as text: tiles, tables, differences. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "eval/report_parts.h"

/* By a name's last part.  Of durations and sizes less is better too: see below. */
static const char *const less[] = {"FP",
                                   "FN",
                                   "IDSW",
                                   "Frag",
                                   "ML",
                                   "MLR",
                                   "IDFP",
                                   "IDFN",
                                   "ECE",
                                   "MCE",
                                   "NLL",
                                   "CER",
                                   "WER",
                                   "FP_per_frame",
                                   "peak_rss_bytes",
                                   "character_errors",
                                   "word_errors"};
static const char *const more[] = {"TP", "MT", "IDTP", "exact", "right", "completed"};
static const char *const neither[] = {"PTR",     "seconds", "dwell_mean_s",
                                      "video_s", "wall_s",  "length"};

static bool among(const char *const *names, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}
#define AMONG(names, name) among(names, sizeof(names) / sizeof((names)[0]), name)

/* Whether it counts something: such figures have no better side of their own. */
static bool counts(const char *figure)
{
    static const char *const lists[] = {
        "n",       "images",    "detections", "truths",  "results",  "Dets",       "IDs",
        "GT_Dets", "GT_IDs",    "Frames",     "PT",      "queries",  "gallery",    "labels",
        "judged",  "units",     "resamples",  "seed",    "captured", "characters", "words",
        "frames",  "n_changed", "files",      "settings"};
    return AMONG(lists, figure);
}

int oc_report_direction(const char *figure)
{
    const char *dot = strrchr(figure, '.'), *last = dot ? dot + 1 : figure;
    if (AMONG(less, last) || strncmp(figure, "latency_ms.", 11) == 0 ||
        strncmp(figure, "dropped.", 8) == 0)
        return -1;
    if (AMONG(more, last))
        return 1;
    return AMONG(neither, last) || counts(last) || strncmp(figure, "counts.", 7) == 0 ? 0 : 1;
}

void oc_report_value(oc_report *r, double v, bool whole)
{
    if (!isfinite(v) || (r->minus_one && v == -1))
        oc_page_put(&r->page, "–");
    else
        oc_page_printf(&r->page, whole ? "%.0f" : fabs(v) < 100 ? "%.4f" : "%.2f", v);
}

void oc_report_delta(oc_report *r, double delta, bool whole, int direction)
{
    double side = delta * direction;
    if (!isfinite(delta))
        return;
    oc_page_printf(&r->page,
                   whole               ? "<span class=\"%s\">%+.0f</span>"
                   : fabs(delta) < 100 ? "<span class=\"%s\">%+.4f</span>"
                                       : "<span class=\"%s\">%+.2f</span>",
                   side > 0   ? "good"
                   : side < 0 ? "bad"
                              : "soft",
                   delta);
}

void oc_report_short(oc_report *r, const char *text, size_t letters)
{
    char   cut[256];
    size_t at = 0, n = 0;
    while (text[at] && at + 5 < sizeof(cut)) {
        size_t next = at + 1;
        while (((unsigned char)text[next] & 0xc0) == 0x80)
            next++;
        if (n + 1 == letters && text[next])
            break;
        if (next + 5 >= sizeof(cut))
            break;
        at = next;
        n++;
    }
    snprintf(cut, sizeof(cut), "%.*s%s", (int)at, text, text[at] ? "…" : "");
    oc_page_text(&r->page, cut);
}

void oc_report_section(oc_report *r, const char *heading, const char *note)
{
    oc_page_put(&r->page, "<section><h2>");
    oc_page_text(&r->page, heading);
    oc_page_put(&r->page, "</h2>\n");
    if (note) {
        oc_page_put(&r->page, "<p class=\"soft small\">");
        oc_page_text(&r->page, note);
        oc_page_put(&r->page, "</p>\n");
    }
}

void oc_report_section_end(oc_report *r)
{
    oc_page_put(&r->page, "</section>\n");
}

static double value_of(const oc_report *r, const json_t *v)
{
    double x = json_is_number(v) ? json_number_value(v) : NAN;
    return r->minus_one && x == -1 ? NAN : x;
}

static const json_t *tile(const json_t *doc, const char *figure)
{
    const json_t *all = json_object_get(doc, "combined");
    return oc_report_find(all ? all : doc, figure);
}

void oc_report_tiles(oc_report *r)
{
    const char *const *figures = r->kind->tiles;
    oc_page_put(&r->page, "<div class=\"figures\">\n");
    for (size_t i = 0; i < OC_REPORT_TILES && figures[i]; i++) {
        const json_t *v = tile(r->doc, figures[i]);
        if (!json_is_number(v))
            continue;
        oc_page_put(&r->page, "<div class=\"figure\"><b>");
        if (fabs(json_number_value(v)) > 1 && !json_is_integer(v)) /* there is little room */
            oc_page_printf(&r->page, "%.4g", json_number_value(v));
        else
            oc_report_value(r, json_number_value(v), json_is_integer(v));
        oc_page_put(&r->page, "</b><span>");
        oc_page_text(&r->page, figures[i]);
        oc_page_put(&r->page, " </span>");
        oc_report_delta(r, value_of(r, v) - value_of(r, tile(r->base, figures[i])),
                        json_is_integer(v), oc_report_direction(figures[i]));
        oc_page_put(&r->page, "</div>\n");
    }
    oc_page_put(&r->page, "</div>\n");
}

/* ---- every figure ---- */

static void put_row(oc_report *r, const char *path, const json_t *v, const json_t *base)
{
    bool whole = json_is_integer(v);
    oc_page_put(&r->page, "<tr><td>");
    oc_page_text(&r->page, path);
    oc_page_put(&r->page, "</td><td class=\"n\">");
    oc_report_value(r, json_number_value(v), whole);
    oc_page_put(&r->page, "</td>");
    if (r->base) {
        oc_page_put(&r->page, "<td class=\"n\">");
        oc_report_value(r, value_of(r, base), whole);
        oc_page_put(&r->page, "</td><td class=\"n\">");
        oc_report_delta(r, value_of(r, v) - value_of(r, base), whole, oc_report_direction(path));
        oc_page_put(&r->page, "</td>");
    }
    oc_page_put(&r->page, "</tr>\n");
}

static void put_rows(oc_report *r, const char *path, const json_t *in, const json_t *base)
{
    const char *key;
    json_t     *v;
    char        full[512];
    json_object_foreach((json_t *)in, key, v)
    {
        const json_t *other = json_object_get(base, key);
        snprintf(full, sizeof(full), "%s%s%s", path, *path ? "." : "", key);
        if (json_is_number(v))
            put_row(r, full, v, other);
        else if (json_is_object(v))
            put_rows(r, full, v, other);
    }
}

void oc_report_figures(oc_report *r)
{
    oc_report_section(r, "All figures", NULL);
    oc_page_put(&r->page,
                "<div class=\"scroll all\"><table><tr><th>figure</th><th class=\"n\">value</th>");
    if (r->base)
        oc_page_put(&r->page, "<th class=\"n\">baseline</th><th class=\"n\">difference</th>");
    oc_page_put(&r->page, "</tr>\n");
    put_rows(r, "", r->doc, r->base);
    oc_page_put(&r->page, "</table></div>\n");
    oc_report_section_end(r);
}

/* ---- a list of objects ---- */

#define COLUMNS_MAX 12

/* Columns are the kind's large figures where the first element has some, else its numbers but the
 * one it has in the data set. */
static size_t columns_of(const oc_report *r, const json_t *first, const char *column[COLUMNS_MAX])
{
    const char *key;
    json_t     *v;
    size_t      n = 0;
    for (size_t i = 0; i < OC_REPORT_TILES && r->kind->tiles[i]; i++)
        if (json_is_number(json_object_get(first, r->kind->tiles[i])))
            column[n++] = r->kind->tiles[i];
    if (n > 1)
        return n;
    n = 0;
    json_object_foreach((json_t *)first, key, v)
    {
        if (n < COLUMNS_MAX && json_is_number(v) && strcmp(key, "id") != 0)
            column[n++] = key;
    }
    return n;
}

static void put_cells(oc_report *r, const json_t *row, const char *where, const json_t *base,
                      const char *const *column, size_t n)
{
    for (size_t k = 0; k < n; k++) {
        const json_t *v = json_object_get(row, column[k]);
        bool          whole = json_is_integer(v);
        double        x = oc_report_number(r, row, where, column[k]);
        oc_page_put(&r->page, "<td class=\"n\">");
        oc_report_value(r, x, whole);
        oc_page_put(&r->page, "</td>");
        if (r->base) {
            oc_page_put(&r->page, "<td class=\"n delta\">");
            oc_report_delta(r, value_of(r, v) - value_of(r, json_object_get(base, column[k])),
                            whole, oc_report_direction(column[k]));
            oc_page_put(&r->page, "</td>");
        }
    }
}

static void put_list(oc_report *r, const char *key, const json_t *list, const json_t *base)
{
    const char *column[COLUMNS_MAX];
    size_t      n = columns_of(r, json_array_get(list, 0), column);
    oc_page_put(&r->page, "<div class=\"scroll\"><table><tr><th>name</th>");
    for (size_t k = 0; k < n; k++) {
        oc_page_put(&r->page, "<th class=\"n\">");
        oc_page_text(&r->page, column[k]);
        oc_page_put(&r->page, r->base ? "</th><th></th>" : "</th>");
    }
    oc_page_put(&r->page, "</tr>\n");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t   *row = json_array_get(list, i);
        oc_report_place at = oc_report_item(key, i);
        const char     *name = oc_report_text(r, row, at.text, "name");
        oc_page_put(&r->page, "<tr><td>");
        oc_page_text(&r->page, *name ? name : at.text);
        oc_page_put(&r->page, "</td>");
        put_cells(r, row, at.text, *name ? oc_report_named(base, name) : json_array_get(base, i),
                  column, n);
        oc_page_put(&r->page, "</tr>\n");
    }
    oc_page_put(&r->page, "</table></div>\n");
}

void oc_report_table(oc_report *r, const char *key)
{
    const json_t *list = oc_report_list(r, r->doc, "", key);
    const json_t *base = r->base ? oc_report_list(r, r->base, "", key) : NULL;
    char          heading[64];
    if (!list || json_array_size(list) == 0)
        return;
    snprintf(heading, sizeof(heading), "By %s",
             strcmp(key, "categories") == 0  ? "category"
             : strcmp(key, "classes") == 0   ? "class"
             : strcmp(key, "sequences") == 0 ? "sequence"
                                             : key);
    oc_report_section(r, heading, NULL);
    put_list(r, key, list, base);
    oc_report_section_end(r);
}
