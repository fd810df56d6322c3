/* Geometry of objects, and names of files as paths. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "data/set.h"

double oc_data_round(double v)
{
    return fabs(v) < 1e6 ? nearbyint(v * 1e9) / 1e9 : v;
}

void oc_data_ring_box(const oc_data_object *o, double box[4])
{
    double low[2] = {DBL_MAX, DBL_MAX}, high[2] = {-DBL_MAX, -DBL_MAX};
    for (size_t r = 0; r < o->n_rings; r++) {
        for (size_t i = 0; i < 2 * o->ring[r].n; i++) {
            double v = o->ring[r].xy[i];
            low[i & 1] = v < low[i & 1] ? v : low[i & 1];
            high[i & 1] = v > high[i & 1] ? v : high[i & 1];
        }
    }
    for (int k = 0; k < 2; k++) {
        box[k] = low[k] <= high[k] ? low[k] : 0;
        box[k + 2] = low[k] <= high[k] ? oc_data_round(high[k] - low[k]) : 0;
    }
}

double oc_data_ring_area(const oc_data_object *o)
{
    double all = 0;
    for (size_t r = 0; r < o->n_rings; r++) {
        const double *xy = o->ring[r].xy;
        size_t        n = o->ring[r].n;
        double        twice = 0;
        for (size_t i = 0; i < n; i++) {
            size_t j = i + 1 < n ? i + 1 : 0;
            twice += xy[2 * i] * xy[2 * j + 1] - xy[2 * j] * xy[2 * i + 1];
        }
        all += fabs(twice) / 2;
    }
    return oc_data_round(all);
}

double oc_data_mask_area(const oc_data_object *o, int32_t height, double box[4])
{
    uint64_t at = 0, area = 0, h = height > 0 ? (uint64_t)height : 1;
    uint64_t low[2] = {UINT64_MAX, UINT64_MAX}, high[2] = {0, 0};
    for (size_t i = 0; i < o->n_runs; at += o->run[i++]) {
        if (!(i & 1) || o->run[i] == 0)
            continue;
        uint64_t last = at + o->run[i] - 1, x0 = at / h, x1 = last / h;
        uint64_t y0 = x0 == x1 ? at % h : 0, y1 = x0 == x1 ? last % h : h - 1;
        area += o->run[i];
        low[0] = x0 < low[0] ? x0 : low[0];
        low[1] = y0 < low[1] ? y0 : low[1];
        high[0] = x1 + 1 > high[0] ? x1 + 1 : high[0];
        high[1] = y1 + 1 > high[1] ? y1 + 1 : high[1];
    }
    for (int k = 0; k < 2 && box; k++) {
        box[k] = area ? (double)low[k] : 0;
        box[k + 2] = area ? (double)(high[k] - low[k]) : 0;
    }
    return (double)area;
}

double oc_data_area(const oc_data_set *set, const oc_data_object *o)
{
    if (!isnan(o->area))
        return o->area;
    if (o->n_runs)
        return oc_data_mask_area(o, set->images[o->image].height, NULL);
    if (o->n_rings)
        return oc_data_ring_area(o);
    return o->has_box ? oc_data_round(o->box[2] * o->box[3]) : 0;
}

static void point_box(const oc_data_object *o, double box[4])
{
    double low[2] = {DBL_MAX, DBL_MAX}, high[2] = {-DBL_MAX, -DBL_MAX};
    for (size_t i = 0; i < o->n_points; i++) {
        for (int k = 0; k < 2 && o->point[3 * i + 2] > 0; k++) {
            low[k] = fmin(low[k], o->point[3 * i + (size_t)k]);
            high[k] = fmax(high[k], o->point[3 * i + (size_t)k]);
        }
    }
    for (int k = 0; k < 2; k++) {
        box[k] = low[k] <= high[k] ? low[k] : 0;
        box[k + 2] = low[k] <= high[k] ? oc_data_round(high[k] - low[k]) : 0;
    }
}

void oc_data_box_from_outline(oc_data_object *o, int32_t height)
{
    if (o->has_box)
        return;
    if (o->n_runs)
        oc_data_mask_area(o, height, o->box);
    else if (o->n_rings)
        oc_data_ring_box(o, o->box);
    else if (o->n_points)
        point_box(o, o->box);
    o->has_box = o->n_runs || o->n_rings || o->n_points;
}

double oc_data_box_iou(const double a[4], const double b[4])
{
    double w = fmin(a[0] + a[2], b[0] + b[2]) - fmax(a[0], b[0]);
    double h = fmin(a[1] + a[3], b[1] + b[3]) - fmax(a[1], b[1]);
    double both = w > 0 && h > 0 ? w * h : 0, all = a[2] * a[3] + b[2] * b[3] - both;
    return both > 0 && all > 0 ? both / all : 0;
}

/* ---- paths ---- */

bool oc_data_path_safe(const char *file)
{
    if (!*file || *file == '/')
        return false;
    for (const char *p = file; *p; p++)
        if ((unsigned char)*p < 0x20)
            return false;
    for (const char *p = file; p;) {
        size_t n = strcspn(p, "/\\");
        if (n == 2 && p[0] == '.' && p[1] == '.')
            return false;
        p = p[n] ? p + n + 1 : NULL;
    }
    return file[strlen(file) - 1] != '/';
}

bool oc_data_path_join(const char *folder, const char *file, char *out, size_t bytes)
{
    const char *from[2] = {folder, file};
    size_t      n = 0;
    if (*file == '/' || bytes < 2)
        return false;
    for (int k = 0; k < 2; k++) {
        for (const char *p = from[k]; *p;) {
            size_t step = strcspn(p, "/");
            if (step == 2 && strncmp(p, "..", 2) == 0) {
                if (n == 0)
                    return false;
                while (n && out[n - 1] != '/')
                    n--;
                n -= n > 0;
            } else if (step && !(step == 1 && *p == '.')) {
                if (n + step + 2 > bytes)
                    return false;
                if (n)
                    out[n++] = '/';
                memcpy(out + n, p, step);
                n += step;
            }
            p += step + (p[step] == '/');
        }
    }
    out[n] = 0;
    return oc_data_path_safe(out);
}
