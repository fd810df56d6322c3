/* A comparison: differences with their intervals, what changed most. */
#include <math.h>

#include "eval/report_parts.h"

#define DRAWN_MAX 24 /* intervals of a chart */
#define ROW 22

typedef struct change {
    double this, other, difference, low, high, p;
} change;

static change read_change(oc_report *r, const json_t *in, const char *where)
{
    return (change){
        oc_report_number(r, in, where, "this"),       oc_report_number(r, in, where, "other"),
        oc_report_number(r, in, where, "difference"), oc_report_number(r, in, where, "low"),
        oc_report_number(r, in, where, "high"),       oc_report_number(r, in, where, "p")};
}

static void put_interval(oc_report *r, const oc_plot *p, const change *c, double y, int direction)
{
    double      side = c->low > 0 ? direction : c->high < 0 ? -direction : 0;
    const char *color = side > 0 ? "--teal" : side < 0 ? "--red" : "--soft";
    oc_page_printf(&r->page,
                   "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"var(%s)\" "
                   "stroke-width=\"3\" stroke-linecap=\"round\"/><circle cx=\"%.1f\" cy=\"%.1f\" "
                   "r=\"5\" fill=\"var(%s)\"/>\n",
                   oc_plot_x(p, c->low), oc_plot_x(p, c->high), y, y, color,
                   oc_plot_x(p, c->difference), y, color);
}

/* An interval a figure, around 0. */
static void put_chart(oc_report *r, const json_t *list, const char *key)
{
    double most = 0;
    size_t n = 0;
    for (size_t i = 0; i < json_array_size(list) && n < DRAWN_MAX; i++) {
        change c = read_change(r, json_array_get(list, i), oc_report_item(key, i).text);
        if (!isfinite(c.low) || !isfinite(c.high) || !isfinite(c.difference))
            continue;
        most = fmax(most, fmax(fabs(c.low), fabs(c.high)));
        n++;
    }
    if (n == 0)
        return;
    most = most > 0 ? most * 1.05 : 1;
    oc_plot p = {.x0 = -most,
                 .x1 = most,
                 .width = 1040,
                 .height = (double)(n * ROW) + 46,
                 .left = 150,
                 .right = 30,
                 .top = 6,
                 .bottom = 40,
                 .x_name = "this less the other"};
    p.x_step = oc_plot_nice(most / 3);
    p.x0 = -p.x_step * ceil(most / p.x_step);
    p.x1 = -p.x0;
    oc_plot_begin(&r->page, &p, "differences with their intervals");
    oc_page_printf(&r->page,
                   "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"var(--soft)\" "
                   "stroke-dasharray=\"4 4\"/>\n",
                   oc_plot_x(&p, 0), oc_plot_x(&p, 0), p.top, p.height - p.bottom);
    for (size_t i = 0, row = 0; i < json_array_size(list) && row < n; i++) {
        const json_t *v = json_array_get(list, i);
        change        c = read_change(r, v, oc_report_item(key, i).text);
        const char   *name = oc_report_text(r, v, oc_report_item(key, i).text, "name");
        double        y = p.top + ROW * ((double)row + .5);
        if (!isfinite(c.low) || !isfinite(c.high) || !isfinite(c.difference))
            continue;
        oc_page_printf(&r->page, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">", p.left - 8,
                       y + 4);
        oc_report_short(r, name, 24);
        oc_page_put(&r->page, "</text>");
        put_interval(r, &p, &c, y, oc_report_direction(name));
        row++;
    }
    oc_plot_end(&r->page);
}

static void put_cell(oc_report *r, double v)
{
    oc_page_put(&r->page, "<td class=\"n\">");
    oc_report_value(r, v, false);
    oc_page_put(&r->page, "</td>");
}

static void put_spread(oc_report *r, const json_t *in, const char *where, const char *key)
{
    const json_t   *s = oc_report_object(r, in, where, key);
    oc_report_place at = oc_report_at(where, key);
    oc_page_put(&r->page, "<td class=\"n\">");
    if (s) {
        oc_report_value(r, oc_report_number(r, s, at.text, "mean"), false);
        oc_page_put(&r->page, " ± ");
        oc_report_value(r, oc_report_number(r, s, at.text, "half_width"), false);
    }
    oc_page_put(&r->page, "</td>");
}

static const struct {
    const char *key, *text;
} spreads[] = {{"folds", "folds"}, {"other_runs", "other's runs"}, {"runs", "this's runs"}};
enum { SPREADS = sizeof(spreads) / sizeof(spreads[0]) };

static void put_rows(oc_report *r, const json_t *list, const char *key, const bool *has)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t   *v = json_array_get(list, i);
        oc_report_place at = oc_report_item(key, i);
        change          c = read_change(r, v, at.text);
        const char     *name = oc_report_text(r, v, at.text, "name");
        bool            sure = c.low > 0 || c.high < 0;
        oc_page_put(&r->page, "<tr><td>");
        oc_page_text(&r->page, name);
        oc_page_put(&r->page, "</td>");
        put_cell(r, c.other);
        put_cell(r, c.this);
        oc_page_put(&r->page, "<td class=\"n\">");
        oc_report_delta(r, c.difference, false, sure ? oc_report_direction(name) : 0);
        oc_page_put(&r->page, "</td>");
        oc_page_put(&r->page, "<td class=\"n\">");
        if (isfinite(c.low) && isfinite(c.high))
            oc_page_printf(&r->page, "%+.4f … %+.4f", c.low, c.high);
        oc_page_put(&r->page, "</td>");
        put_cell(r, c.p);
        for (size_t k = 0; k < SPREADS; k++)
            if (has[k])
                put_spread(r, v, at.text, spreads[k].key);
        oc_page_put(&r->page, "</tr>\n");
    }
}

static void put_changes(oc_report *r, const char *key, const char *heading)
{
    const json_t *list = oc_report_list(r, r->doc, "", key), *first = json_array_get(list, 0);
    bool          has[SPREADS];
    if (!first)
        return;
    oc_report_section(r, heading,
                      "95 % intervals of the difference, paired bootstrap; coloured "
                      "where 0 lies outside.");
    put_chart(r, list, key);
    oc_page_put(&r->page, "<div class=\"scroll\"><table><tr><th>figure</th><th class=\"n\">other"
                          "</th><th class=\"n\">this</th><th class=\"n\">difference</th>"
                          "<th class=\"n\">interval</th><th class=\"n\">p</th>");
    for (size_t k = 0; k < SPREADS; k++)
        if ((has[k] = json_object_get(first, spreads[k].key) != NULL))
            oc_page_printf(&r->page, "<th class=\"n\">%s</th>", spreads[k].text);
    oc_page_put(&r->page, "</tr>\n");
    put_rows(r, list, key, has);
    oc_page_put(&r->page, "</table></div>\n");
    oc_report_section_end(r);
}

static void put_units(oc_report *r)
{
    const json_t *list = oc_report_list(r, r->doc, "", "changed");
    if (json_array_size(list) == 0)
        return;
    oc_report_section(r, "What changed most", NULL);
    oc_page_put(&r->page, "<div class=\"scroll\"><table><tr><th>name</th><th class=\"n\">other</th>"
                          "<th class=\"n\">this</th><th class=\"n\">difference</th></tr>\n");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t   *v = json_array_get(list, i);
        oc_report_place at = oc_report_item("changed", i);
        double          own = oc_report_number(r, v, at.text, "this");
        double          other = oc_report_number(r, v, at.text, "other");
        oc_page_put(&r->page, "<tr><td>");
        oc_page_text(&r->page, oc_report_text(r, v, at.text, "name"));
        oc_page_put(&r->page, "</td>");
        put_cell(r, other);
        put_cell(r, own);
        oc_page_put(&r->page, "<td class=\"n\">");
        oc_report_delta(r, own - other, false, 1);
        oc_page_put(&r->page, "</td></tr>\n");
    }
    oc_page_put(&r->page, "</table></div>\n");
    oc_report_section_end(r);
}

void oc_report_comparison(oc_report *r)
{
    put_changes(r, "figures", "Figures");
    put_changes(r, "classes", "By class");
    put_units(r);
}
