/* plot.h -- inline SVG with axes, for the pages that this program writes.
 *
 * A plot maps data to the units of its viewBox; the SVG is well-formed XML, its colours are the
 * page's (names such as "--blue"), so that it follows light and dark. */
#ifndef OC_PIPELINE_PLOT_H
#define OC_PIPELINE_PLOT_H

#include "pipeline/page.h"

typedef struct oc_plot {
    double      x0, x1, y0, y1;           /* of the data */
    double      width, height;            /* of the whole */
    double      left, right, top, bottom; /* margins, outside the data */
    const char *x_name, *y_name;          /* what the axes show; NULL: nothing is written */
    bool        clock;                    /* x is seconds, written as 1:07.5 */
    double      x_step, y_step;           /* between grid lines; 0: as fits */
    const char *y_unit;                   /* behind the topmost number; NULL */
} oc_plot;

double oc_plot_x(const oc_plot *plot, double x);
double oc_plot_y(const oc_plot *plot, double y); /* held between y0 and y1 */

/* 1, 2 or 5 times a power of ten, not below v; 1 where v is not above 0. */
double oc_plot_nice(double v);

/* Opens the SVG and draws grid, numbers and names; end closes it.  title: what it shows, for those
 * who cannot see it. */
void oc_plot_begin(oc_page *page, const oc_plot *plot, const char *title);
void oc_plot_end(oc_page *page);

/* n points as a line; points with y NaN are left out.  dashed: of a baseline. */
void oc_plot_line(oc_page *page, const oc_plot *plot, const double *x, const double *y, size_t n,
                  const char *color, bool dashed);

/* What a colour stands for, outside the SVG. */
void oc_plot_key(oc_page *page, const char *color, const char *text);

#endif
