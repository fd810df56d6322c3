/* Axes and lines as inline SVG. */
#include "pipeline/plot.h"

#include <math.h>

double oc_plot_nice(double v)
{
    if (!(v > 0))
        return 1;
    double power = pow(10, floor(log10(v)));
    double part = v / power;
    return power * (part <= 1 ? 1 : part <= 2 ? 2 : part <= 5 ? 5 : 10);
}

/* 0 where the range is too large for a double: odd documents have such. */
static double share(double v, double from, double to)
{
    double part = to > from ? (v - from) / (to - from) : 0;
    return isfinite(part) ? part : 0;
}

/* Grid lines behind the first. */
static int steps(double from, double to, double step)
{
    return (int)fmin(fmax(floor((to - from) / step + 1e-9), 0), 100);
}

double oc_plot_x(const oc_plot *p, double x)
{
    return p->left + (p->width - p->left - p->right) * share(x, p->x0, p->x1);
}

double oc_plot_y(const oc_plot *p, double y)
{
    double part = fmin(fmax(share(y, p->y0, p->y1), 0), 1);
    return p->top + (p->height - p->top - p->bottom) * (1 - part);
}

static void put_y_axis(oc_page *page, const oc_plot *p)
{
    double step = p->y_step > 0 ? p->y_step : (p->y1 - p->y0) / 2;
    int    n = step > 0 ? steps(p->y0, p->y1, step) : -1;
    for (int i = 0; i <= n; i++) {
        double v = p->y0 + step * i, y = oc_plot_y(p, v);
        oc_page_printf(page,
                       "<line class=\"grid\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>"
                       "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">%.4g",
                       p->left, p->width - p->right, y, y, p->left - 6, y + 4, v);
        oc_page_text(page, i == n && p->y_unit ? p->y_unit : "");
        oc_page_put(page, "</text>\n");
    }
}

static void put_x_axis(oc_page *page, const oc_plot *p)
{
    double step = p->x_step > 0 ? p->x_step : oc_plot_nice((p->x1 - p->x0) / 8);
    int    n = steps(p->x0, p->x1, step);
    for (int i = 0; i <= n; i++) {
        double v = p->x0 + step * i;
        oc_page_printf(page, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">", oc_plot_x(p, v),
                       p->height - p->bottom + 16);
        if (p->clock)
            oc_page_clock(page, v);
        else
            oc_page_printf(page, "%.4g", v);
        oc_page_put(page, "</text>\n");
    }
}

void oc_plot_begin(oc_page *page, const oc_plot *p, const char *title)
{
    oc_page_printf(page, "<svg viewBox=\"0 0 %.0f %.0f\" role=\"img\" aria-label=\"", p->width,
                   p->height);
    oc_page_text(page, title);
    oc_page_put(page, "\">\n");
    put_y_axis(page, p);
    put_x_axis(page, p);
    if (p->x_name) {
        oc_page_printf(page, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">",
                       p->width - p->right, p->height - 3);
        oc_page_text(page, p->x_name);
        oc_page_put(page, "</text>\n");
    }
    if (p->y_name) {
        oc_page_printf(page, "<text x=\"%.1f\" y=\"%.1f\">", p->left, p->top - 8);
        oc_page_text(page, p->y_name);
        oc_page_put(page, "</text>\n");
    }
}

void oc_plot_end(oc_page *page)
{
    oc_page_put(page, "</svg>\n");
}

void oc_plot_line(oc_page *page, const oc_plot *p, const double *x, const double *y, size_t n,
                  const char *color, bool dashed)
{
    bool drawn = false;
    for (size_t i = 0; i < n; i++) {
        if (isnan(y[i]))
            continue;
        oc_page_printf(page, "%s%.1f %.1f", drawn ? "L" : "<path d=\"M", oc_plot_x(p, x[i]),
                       oc_plot_y(p, y[i]));
        drawn = true;
    }
    if (drawn)
        oc_page_printf(page,
                       "\" fill=\"none\" stroke=\"var(%s)\" stroke-width=\"%s\" "
                       "stroke-linejoin=\"round\"%s/>\n",
                       color, dashed ? "1.5" : "2", dashed ? " stroke-dasharray=\"5 4\"" : "");
}

void oc_plot_key(oc_page *page, const char *color, const char *text)
{
    oc_page_printf(page,
                   "<span class=\"key\"><span class=\"dot\" style=\"background:var(%s)\"></span>",
                   color);
    oc_page_text(page, text);
    oc_page_put(page, "</span>");
}
