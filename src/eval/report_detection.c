/* Detection: precision over recall. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "eval/coco.h"
#include "eval/report_parts.h"

#define SMALL_MAX 100 /* categories that have a plot of their own */

typedef struct curves {
    double mean[OC_COCO_IOUS][OC_COCO_RECALLS]; /* over the categories that have one */
    size_t n;
} curves;

static const struct {
    size_t      iou;
    const char *text, *color;
} shown[] = {{0, "overlap .50", "--blue"},
             {3, "overlap .65", "--teal"},
             {5, "overlap .75", "--amber"},
             {8, "overlap .90", "--red"}};
enum { SHOWN = sizeof(shown) / sizeof(shown[0]) };

static void recalls(double x[OC_COCO_RECALLS])
{
    for (size_t i = 0; i < OC_COCO_RECALLS; i++)
        x[i] = (double)i / (OC_COCO_RECALLS - 1);
}

/* The rows of a category: [overlap][recall]; false: it has none. */
static bool read_rows(oc_report *r, const json_t *category, const char *where,
                      double out[OC_COCO_IOUS][OC_COCO_RECALLS])
{
    const json_t *rows = oc_report_list(r, category, where, "precision");
    if (!rows)
        return false;
    oc_report_place at = oc_report_at(where, "precision");
    if (json_array_size(rows) != OC_COCO_IOUS) {
        oc_report_fail(r, category, at.text, "has %zu rows, expected %d", json_array_size(rows),
                       OC_COCO_IOUS);
        return false;
    }
    for (size_t i = 0; i < OC_COCO_IOUS; i++) {
        const json_t *row = json_array_get(rows, i);
        if (json_array_size(row) != OC_COCO_RECALLS) {
            oc_report_fail(r, category, oc_report_item(at.text, i).text,
                           "is not a list of %d numbers", OC_COCO_RECALLS);
            return false;
        }
        for (size_t k = 0; k < OC_COCO_RECALLS; k++) {
            const json_t *v = json_array_get(row, k);
            if (!json_is_number(v)) {
                oc_report_fail(r, category, oc_report_item(at.text, i).text,
                               "holds something that is not a number");
                return false;
            }
            out[i][k] = json_number_value(v);
        }
    }
    return true;
}

static void read_mean(oc_report *r, const json_t *doc, curves *out)
{
    double        one[OC_COCO_IOUS][OC_COCO_RECALLS];
    const json_t *list = oc_report_list(r, doc, "", "categories");
    *out = (curves){.n = 0};
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (!read_rows(r, json_array_get(list, i), oc_report_item("categories", i).text, one))
            continue;
        out->n++;
        for (size_t k = 0; k < OC_COCO_IOUS * OC_COCO_RECALLS; k++)
            (&out->mean[0][0])[k] += (&one[0][0])[k];
    }
    for (size_t k = 0; out->n && k < OC_COCO_IOUS * OC_COCO_RECALLS; k++)
        (&out->mean[0][0])[k] /= (double)out->n;
}

static void put_mean(oc_report *r, const curves *own, const curves *base)
{
    double  x[OC_COCO_RECALLS];
    oc_plot p = {.x1 = 1,
                 .y1 = 1,
                 .width = 1040,
                 .height = 330,
                 .left = 44,
                 .right = 10,
                 .top = 24,
                 .bottom = 36,
                 .x_step = .1,
                 .y_step = .2,
                 .x_name = "recall",
                 .y_name = "precision"};
    recalls(x);
    oc_report_section(r, "Precision over recall",
                      base ? "Mean over the categories with truth; dashed: the baseline."
                           : "Mean over the categories with truth.");
    oc_plot_begin(&r->page, &p, "precision over recall");
    for (size_t i = 0; base && i < SHOWN; i++)
        oc_plot_line(&r->page, &p, x, base->mean[shown[i].iou], OC_COCO_RECALLS, shown[i].color,
                     true);
    for (size_t i = 0; i < SHOWN; i++)
        oc_plot_line(&r->page, &p, x, own->mean[shown[i].iou], OC_COCO_RECALLS, shown[i].color,
                     false);
    oc_plot_end(&r->page);
    for (size_t i = 0; i < SHOWN; i++)
        oc_plot_key(&r->page, shown[i].color, shown[i].text);
    oc_report_section_end(r);
}

static void put_small(oc_report *r, const json_t *category, const char *where)
{
    double  rows[OC_COCO_IOUS][OC_COCO_RECALLS], x[OC_COCO_RECALLS];
    oc_plot p = {.x1 = 1,
                 .y1 = 1,
                 .width = 190,
                 .height = 130,
                 .left = 26,
                 .right = 8,
                 .top = 8,
                 .bottom = 22,
                 .x_step = .5,
                 .y_step = .5};
    if (!read_rows(r, category, where, rows))
        return;
    const char   *name = oc_report_text(r, category, where, "name");
    const json_t *other = oc_report_named(json_object_get(r->base, "categories"), name);
    recalls(x);
    oc_page_put(&r->page, "<figure>");
    oc_plot_begin(&r->page, &p, name);
    oc_plot_line(&r->page, &p, x, rows[0], OC_COCO_RECALLS, "--blue", false);
    oc_plot_line(&r->page, &p, x, rows[5], OC_COCO_RECALLS, "--amber", false);
    if (other && read_rows(r, other, where, rows))
        oc_plot_line(&r->page, &p, x, rows[0], OC_COCO_RECALLS, "--blue", true);
    oc_plot_end(&r->page);
    oc_page_put(&r->page, "<figcaption>");
    oc_report_short(r, name, 24);
    oc_page_put(&r->page, " · AP ");
    oc_report_value(r, oc_report_number(r, category, where, "AP"), false);
    oc_page_put(&r->page, "</figcaption></figure>\n");
}

void oc_report_detection(oc_report *r)
{
    curves       *own = calloc(2, sizeof(*own)), *base = own + 1;
    const json_t *list = oc_report_list(r, r->doc, "", "categories");
    size_t        put = 0;
    if (!own) {
        r->page.status = OC_FAIL(r->page.err, OC_NOMEM, "curves");
        return;
    }
    read_mean(r, r->doc, own);
    if (r->base)
        read_mean(r, r->base, base);
    if (own->n) {
        put_mean(r, own, base->n ? base : NULL);
        oc_page_put(&r->page, "<section><details><summary>Precision over recall by category"
                              "</summary><p class=\"soft small\">Blue: overlap .50, amber: .75");
        oc_page_put(&r->page, base->n ? "; dashed: the baseline's .50.</p>\n" : ".</p>\n");
        oc_page_put(&r->page, "<div class=\"small-plots\">\n");
        for (size_t i = 0; i < json_array_size(list) && put < SMALL_MAX; i++) {
            const json_t *c = json_array_get(list, i);
            if (!json_object_get(c, "precision"))
                continue;
            put_small(r, c, oc_report_item("categories", i).text);
            put++;
        }
        oc_page_put(&r->page, "</div>\n");
        if (own->n > put)
            oc_page_printf(&r->page, "<p class=\"soft small\">the first %zu of %zu</p>\n", put,
                           own->n);
        oc_page_put(&r->page, "</details>\n");
        oc_report_section_end(r);
    } else {
        oc_page_put(&r->page, "<p class=\"soft small\">No precision over recall in the document: "
                              "it was made without --curves.</p>\n");
    }
    free(own);
}
