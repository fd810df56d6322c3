/* Classification: what is taken for what, and how far its scores can be believed. */
#include <math.h>
#include <stdlib.h>

#include "eval/report_parts.h"

#define DRAWN_MAX 120  /* classes of a matrix that is drawn */
#define WRITTEN_MAX 16 /* classes of a matrix whose counts are written */
#define MISTAKES 20
#define MATRIX 900.0 /* of the matrix with its names */
#define NAMES 150.0

typedef struct matrix {
    double       *count; /* [n][n], truth by guess */
    const json_t *classes;
    size_t        n;
} matrix;

static bool read_matrix(oc_report *r, matrix *m)
{
    const json_t *rows = oc_report_list(r, r->doc, "", "confusion");
    m->classes = oc_report_list(r, r->doc, "", "classes");
    m->n = json_array_size(rows);
    if (m->n != json_array_size(m->classes))
        oc_report_fail(r, r->doc, "confusion", "has %zu rows, there are %zu classes", m->n,
                       json_array_size(m->classes));
    if (m->n && !(m->count = calloc(m->n, m->n * sizeof(*m->count))))
        r->page.status = OC_FAIL(r->page.err, OC_NOMEM, "%zu classes", m->n);
    for (size_t i = 0; i < m->n && r->page.status == OC_OK; i++) {
        const json_t *row = json_array_get(rows, i);
        if (json_array_size(row) != m->n)
            oc_report_fail(r, r->doc, oc_report_item("confusion", i).text,
                           "is not a list of %zu numbers", m->n);
        for (size_t k = 0; k < m->n && r->page.status == OC_OK; k++) {
            const json_t *v = json_array_get(row, k);
            if (!json_is_number(v) || json_number_value(v) < 0)
                oc_report_fail(r, r->doc, oc_report_item("confusion", i).text,
                               "holds something that is not a count");
            else
                m->count[i * m->n + k] = json_number_value(v);
        }
    }
    return r->page.status == OC_OK && m->n;
}

static const char *name_of(oc_report *r, const matrix *m, size_t i)
{
    return oc_report_text(r, json_array_get(m->classes, i), oc_report_item("classes", i).text,
                          "name");
}

static void put_names(oc_report *r, const matrix *m, double side)
{
    double size = fmin(13, side - 1);
    for (size_t i = 0; i < m->n && side >= 6; i++) {
        double at = NAMES + side * ((double)i + .5);
        oc_page_printf(&r->page,
                       "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\" "
                       "style=\"font-size:%.1fpx\">",
                       NAMES - 6, at + size / 3, size);
        oc_report_short(r, name_of(r, m, i), 22);
        oc_page_printf(&r->page,
                       "</text><text transform=\"translate(%.1f %.1f) rotate(-60)\" "
                       "style=\"font-size:%.1fpx\">",
                       at + size / 3, NAMES - 6, size);
        oc_report_short(r, name_of(r, m, i), 22);
        oc_page_put(&r->page, "</text>\n");
    }
}

static void put_cell(oc_report *r, const matrix *m, size_t i, size_t k, double side, double sum)
{
    double count = m->count[i * m->n + k], share = count / sum;
    if (count == 0)
        return;
    oc_page_printf(&r->page,
                   "<rect x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\" fill=\"var(%s)\" "
                   "fill-opacity=\"%.3f\"><title>",
                   NAMES + side * (double)k, NAMES + side * (double)i, side - side / 20,
                   side - side / 20, i == k ? "--teal" : "--red", .12 + .78 * share);
    oc_page_text(&r->page, name_of(r, m, i));
    oc_page_put(&r->page, " taken for ");
    oc_page_text(&r->page, name_of(r, m, k));
    oc_page_printf(&r->page, ": %.0f of %.0f</title></rect>\n", count, sum);
    if (m->n <= WRITTEN_MAX)
        oc_page_printf(&r->page,
                       "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\" "
                       "style=\"fill:var(--ink);font-size:12px\">%.0f</text>\n",
                       NAMES + side * ((double)k + .5), NAMES + side * ((double)i + .5) + 4, count);
}

static void put_matrix(oc_report *r, const matrix *m)
{
    double side = fmin((MATRIX - NAMES) / (double)m->n, 56), all = NAMES + side * (double)m->n;
    oc_page_printf(&r->page,
                   "<svg viewBox=\"0 0 %.0f %.0f\" style=\"max-width:%.0fpx\" role=\"img\" "
                   "aria-label=\"confusion\">\n",
                   all + 60, all + 4, all + 60);
    oc_page_printf(&r->page,
                   "<rect x=\"%.0f\" y=\"%.0f\" width=\"%.1f\" height=\"%.1f\" "
                   "fill=\"none\" class=\"grid\"/>",
                   NAMES, NAMES, all - NAMES, all - NAMES);
    oc_page_printf(
        &r->page, "<text x=\"4\" y=\"%.0f\" style=\"font-style:italic\">truth ↓ / guess →</text>\n",
        NAMES - 8);
    put_names(r, m, side);
    for (size_t i = 0; i < m->n; i++) {
        double sum = 0;
        for (size_t k = 0; k < m->n; k++)
            sum += m->count[i * m->n + k];
        for (size_t k = 0; k < m->n && sum > 0; k++)
            put_cell(r, m, i, k, side, sum);
    }
    oc_page_put(&r->page, "</svg>\n");
}

/* What is most often taken for what else: picked one after the other, there are few. */
static void put_mistakes(oc_report *r, matrix *m)
{
    oc_report_section(r, "Most frequent mistakes", NULL);
    oc_page_put(&r->page, "<table><tr><th>truth</th><th>taken for</th>"
                          "<th class=\"n\">times</th></tr>\n");
    for (int shown = 0; shown < MISTAKES; shown++) {
        size_t best = SIZE_MAX;
        for (size_t i = 0; i < m->n * m->n; i++)
            if (i / m->n != i % m->n && m->count[i] > 0 &&
                (best == SIZE_MAX || m->count[i] > m->count[best]))
                best = i;
        if (best == SIZE_MAX) {
            if (shown == 0)
                oc_page_put(&r->page, "<tr><td>none</td><td></td><td></td></tr>\n");
            break;
        }
        oc_page_put(&r->page, "<tr><td>");
        oc_page_text(&r->page, name_of(r, m, best / m->n));
        oc_page_put(&r->page, "</td><td>");
        oc_page_text(&r->page, name_of(r, m, best % m->n));
        oc_page_printf(&r->page, "</td><td class=\"n\">%.0f</td></tr>\n", m->count[best]);
        m->count[best] = 0;
    }
    oc_page_put(&r->page, "</table>\n");
    oc_report_section_end(r);
}

/* A bar for each step of confidence: how often such answers were right. */
static void put_calibration(oc_report *r)
{
    const json_t *bins = oc_report_list(r, r->doc, "", "calibration");
    size_t        n = json_array_size(bins);
    oc_plot       p = {.x1 = 1,
                       .y1 = 1,
                       .width = 620,
                       .height = 320,
                       .left = 44,
                       .right = 10,
                       .top = 24,
                       .bottom = 36,
                       .x_step = .2,
                       .y_step = .2,
                       .x_name = "confidence",
                       .y_name = "part that was right"};
    if (n == 0)
        return;
    oc_report_section(r, "Calibration",
                      "Bars on the diagonal: the scores can be believed. Paler: "
                      "fewer answers.");
    double most = 1;
    for (size_t i = 0; i < n; i++)
        most = fmax(most, oc_report_number(r, json_array_get(bins, i),
                                           oc_report_item("calibration", i).text, "n"));
    oc_page_put(&r->page, "<div style=\"max-width:620px\">");
    oc_plot_begin(&r->page, &p, "part that was right over confidence");
    for (size_t i = 0; i < n; i++) {
        const json_t   *b = json_array_get(bins, i);
        oc_report_place at = oc_report_item("calibration", i);
        double          count = oc_report_number(r, b, at.text, "n");
        double          right = oc_report_number(r, b, at.text, "right");
        if (!(count > 0) || !isfinite(right))
            continue;
        double x0 = oc_plot_x(&p, (double)i / (double)n), y = oc_plot_y(&p, right / count);
        oc_page_printf(&r->page,
                       "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" "
                       "fill=\"var(--blue)\" fill-opacity=\"%.2f\"><title>%.0f of %.0f"
                       "</title></rect>\n",
                       x0 + 1, y, oc_plot_x(&p, (double)(i + 1) / (double)n) - x0 - 2,
                       oc_plot_y(&p, 0) - y, .25 + .75 * sqrt(count / most), right, count);
    }
    const double ends[] = {0, 1};
    oc_plot_line(&r->page, &p, ends, ends, 2, "--soft", true);
    oc_plot_end(&r->page);
    oc_page_put(&r->page, "</div>");
    oc_report_section_end(r);
}

void oc_report_classes(oc_report *r)
{
    matrix m = {.n = 0};
    if (read_matrix(r, &m)) {
        if (m.n <= DRAWN_MAX) {
            oc_report_section(r, "Confusion",
                              "Rows: the truth. Columns: the guess. Colour: the part of the row.");
            put_matrix(r, &m);
            oc_report_section_end(r);
        }
        put_mistakes(r, &m);
    }
    put_calibration(r);
    free(m.count);
}
