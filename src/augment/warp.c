/* Draws what place.c composed: positions of a row, its pixels, its colours, then the next row, so that
 * all of it happens in the nearest cache. */
#include <math.h>
#include <string.h>

#include "augment/step.h"

#define BLOCK 32    /* pixels between positions that are reckoned anew */
#define FAR 20000.0 /* beyond any picture, and still within 16.16 bits */
#define STEEP 100.0 /* source pixels a pixel */

static double within(double v, double lo, double hi)
{
    return v > lo ? v < hi ? v : hi : lo; /* NaN becomes lo */
}

/* 16.16 bits along the row; exact every BLOCK pixels. */
static void affine_row(const aug_matrix *m, int32_t first, int32_t y, size_t n, int32_t *u,
                       int32_t *v)
{
    const double  dx = within(m->m[0], -STEEP, STEEP), dy = within(m->m[3], -STEEP, STEEP);
    const int32_t du = (int32_t)lrint(dx * 65536), dv = (int32_t)lrint(dy * 65536);
    for (size_t i = 0; i < n; i += BLOCK) {
        double  x = (double)first + (double)i + .5;
        double  px = m->m[0] * x + m->m[1] * (y + .5) + m->m[2] - .5;
        double  py = m->m[3] * x + m->m[4] * (y + .5) + m->m[5] - .5;
        int32_t u0 = (int32_t)lrint(within(px, -FAR, FAR) * 65536) + 512;
        int32_t v0 = (int32_t)lrint(within(py, -FAR, FAR) * 65536) + 512;
        int32_t end = (int32_t)(n - i < BLOCK ? n - i : BLOCK);
        for (int32_t k = 0; k < end; k++) {
            u[i + (size_t)k] = (u0 + k * du) >> 10;
            v[i + (size_t)k] = (v0 + k * dv) >> 10;
        }
    }
}

/* Behind the horizon (w <= 0) there is nothing. */
static void projective_row(const aug_matrix *m, int32_t first, int32_t y, size_t n, int32_t *u,
                           int32_t *v)
{
    const double *c = m->m;
    double        x0 = (double)first + .5, y0 = (double)y + .5;
    const float   a = (float)c[0], b = (float)(c[0] * x0 + c[1] * y0 + c[2]);
    const float   d = (float)c[3], e = (float)(c[3] * x0 + c[4] * y0 + c[5]);
    const float   g = (float)c[6], h = (float)(c[6] * x0 + c[7] * y0 + c[8]);
    for (size_t i = 0; i < n; i++) {
        float k = (float)(int32_t)i, w = g * k + h;
        float per = 1.0f / (w > 1e-6f ? w : 1e-6f);
        float x = (a * k + b) * per - .5f, z = (d * k + e) * per - .5f;
        x = x > -20000.0f ? x : -20000.0f;
        z = z > -20000.0f ? z : -20000.0f;
        x = x < 20000.0f ? x : 20000.0f;
        z = z < 20000.0f ? z : 20000.0f;
        /* positive, so that cutting off rounds */
        u[i] = (int32_t)(x * 64.0f + 1280000.5f) - 1280000;
        v[i] = (int32_t)(z * 64.0f + 1280000.5f) - 1280000;
    }
}

/* Pixels that stay pixels: mirrored, moved by whole ones, or as they were. */
static bool whole_pixels(const aug_matrix *m, const aug_warp *w)
{
    const double *c = m->m;
    if (fabs(c[0]) != 1 || c[1] != 0 || c[3] != 0 || fabs(c[4]) != 1 || c[6] != 0 || c[7] != 0 ||
        c[8] != 1 || c[2] != floor(c[2]) || c[5] != floor(c[5]))
        return false;
    for (int i = 0; i < 4; i++) {
        double p[2];
        aug_point(m, w->part[i & 1 ? 2 : 0], w->part[i & 2 ? 3 : 1], p);
        if (p[0] < 0 || p[1] < 0 || p[0] > w->from->width || p[1] > w->from->height)
            return false;
    }
    return true;
}

/* `p` is behind the last pixel. */
static void mirror_row(const uint8_t *p, size_t n, uint8_t *out)
{
    for (size_t i = 0; i < n; i++, out += 3) {
        p -= 3;
        out[0] = p[0];
        out[1] = p[1];
        out[2] = p[2];
    }
}

static void copy_row(const aug_matrix *m, const aug_warp *w, int32_t y, size_t n, uint8_t *out)
{
    double p[2];
    aug_point(m, w->part[0], y + .5, p);
    const uint8_t *from = aug_row(w->from, (int32_t)floor(p[1])) + 3 * (ptrdiff_t)p[0];
    if (m->m[0] > 0)
        memcpy(out, from, 3 * n);
    else
        mirror_row(from, n, out);
}

void aug_warp_run(aug_run *run, const aug_warp *w, oc_frame *to)
{
    const oc_augment_worker *worker = run->worker;
    int32_t                 *u = worker->at, *v = worker->at + OC_FRAME_SIDE_MAX;
    oc_u8_picture            from = {w->from->plane[0], w->from->stride[0], w->from->width,
                                     w->from->height,   w->border,          {0}};
    aug_matrix               back = AUG_IDENTITY;
    size_t                   n = (size_t)(w->part[2] - w->part[0]);

    if (w->part[2] <= w->part[0])
        return;
    memcpy(from.fill, run->how->fill, sizeof(from.fill));
    /* A picture squeezed to nothing is nowhere. */
    if (!aug_inverse(w->m, &back))
        back = (aug_matrix){{0, 0, -2 * FAR, 0, 0, -2 * FAR, 0, 0, 1}};
    for (int i = 0; i < 9; i++)
        back.m[i] = back.m[i] == 0 ? 0 : back.m[i] / (fabs(back.m[8]) > 1e-300 ? back.m[8] : 1);
    bool whole = whole_pixels(&back, w);
    bool flat = fabs(back.m[6]) < 1e-12 && fabs(back.m[7]) < 1e-12;
    for (int32_t y = w->part[1]; y < w->part[3]; y++) {
        uint8_t *row = aug_row(to, y) + 3 * (ptrdiff_t)w->part[0];
        if (whole) {
            copy_row(&back, w, y, n, row);
        } else {
            (flat ? affine_row : projective_row)(&back, w->part[0], y, n, u, v);
            worker->warp(&from, n, u, v, row);
        }
        aug_colour_row(worker, w->colour, w->n_colours, n, row);
    }
}
