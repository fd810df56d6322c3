/* Tracking: the HOTA family over the overlap that a match must have. */
#include "eval/mot.h"
#include "eval/report_parts.h"

static const struct {
    const char *name, *color;
} shown[] = {{"HOTA", "--blue"}, {"DetA", "--teal"}, {"AssA", "--amber"}, {"LocA", "--red"}};
enum { SHOWN = sizeof(shown) / sizeof(shown[0]), REQUIRED = 3 /* of them */ };

/* Of several sequences, what they are together. */
static const json_t *whole(const json_t *doc, const char **where)
{
    const json_t *all = json_object_get(doc, "combined");
    *where = all ? "combined" : "";
    return all ? all : doc;
}

static void put_lines(oc_report *r, const oc_plot *p, const json_t *doc, bool dashed)
{
    double          x[OC_HOTA_ALPHAS], y[OC_HOTA_ALPHAS];
    const char     *where;
    const json_t   *in = whole(doc, &where), *alpha = oc_report_object(r, in, where, "alpha");
    oc_report_place at = oc_report_at(where, "alpha");
    for (size_t i = 0; i < OC_HOTA_ALPHAS; i++)
        x[i] = .05 * (double)(i + 1);
    for (size_t k = 0; alpha && k < SHOWN; k++)
        if (oc_report_numbers(r, alpha, at.text, shown[k].name, y, OC_HOTA_ALPHAS))
            oc_plot_line(&r->page, p, x, y, OC_HOTA_ALPHAS, shown[k].color, dashed);
        else if (k < REQUIRED)
            oc_report_fail(r, in, oc_report_at(at.text, shown[k].name).text, "is not there");
}

void oc_report_tracking(oc_report *r)
{
    oc_plot p = {.x0 = .05,
                 .x1 = .95,
                 .y1 = 1,
                 .width = 1040,
                 .height = 330,
                 .left = 44,
                 .right = 14,
                 .top = 24,
                 .bottom = 36,
                 .x_step = .1,
                 .y_step = .2,
                 .x_name = "alpha: least overlap of a match",
                 .y_name = "score"};
    oc_report_section(r, "HOTA over alpha", r->base ? "Dashed: the baseline." : NULL);
    oc_plot_begin(&r->page, &p, "HOTA and its parts over alpha");
    if (r->base)
        put_lines(r, &p, r->base, true);
    put_lines(r, &p, r->doc, false);
    oc_plot_end(&r->page);
    for (size_t k = 0; k < SHOWN; k++)
        oc_plot_key(&r->page, shown[k].color, shown[k].name);
    oc_report_section_end(r);
}
