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
static void affine_row(const oc_augment_worker *worker, const aug_matrix *m, int32_t first,
                       int32_t y, size_t n)
{
    oc_places line = {.straight = true,
                      .du = (int32_t)lrint(within(m->m[0], -STEEP, STEEP) * 65536),
                      .dv = (int32_t)lrint(within(m->m[3], -STEEP, STEEP) * 65536)};
    for (size_t i = 0; i < n; i += BLOCK) {
        double x = (double)first + (double)i + .5;
        double px = m->m[0] * x + m->m[1] * (y + .5) + m->m[2] - .5;
        double py = m->m[3] * x + m->m[4] * (y + .5) + m->m[5] - .5;
        line.u0 = (int32_t)lrint(within(px, -FAR, FAR) * 65536) + 512;
        line.v0 = (int32_t)lrint(within(py, -FAR, FAR) * 65536) + 512;
        worker->places(&line, n - i < BLOCK ? n - i : BLOCK, worker->at + i,
                       worker->at + OC_FRAME_SIDE_MAX + i);
    }
}

static void projective_row(const oc_augment_worker *worker, const aug_matrix *m, int32_t first,
                           int32_t y, size_t n)
{
    const double   *c = m->m;
    double          x = (double)first + .5, z = (double)y + .5;
    const oc_places line = {.a = (float)c[0],
                            .b = (float)(c[0] * x + c[1] * z + c[2]),
                            .d = (float)c[3],
                            .e = (float)(c[3] * x + c[4] * z + c[5]),
                            .g = (float)c[6],
                            .h = (float)(c[6] * x + c[7] * z + c[8])};
    worker->places(&line, n, worker->at, worker->at + OC_FRAME_SIDE_MAX);
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

static void copy_row(const oc_augment_worker *worker, const aug_matrix *m, const aug_warp *w,
                     int32_t y, size_t n, uint8_t *out)
{
    double p[2];
    aug_point(m, w->part[0], y + .5, p);
    const uint8_t *from = aug_row(w->from, (int32_t)floor(p[1])) + 3 * (ptrdiff_t)p[0];
    if (m->m[0] > 0)
        memcpy(out, from, 3 * n);
    else
        worker->mirror(n, from - 3 * n, out);
}

void aug_warp_run(aug_run *run, const aug_warp *w, oc_frame *to)
{
    const oc_augment_worker *worker = run->worker;
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
            copy_row(worker, &back, w, y, n, row);
        } else {
            (flat ? affine_row : projective_row)(worker, &back, w->part[0], y, n);
            worker->warp(&from, n, worker->at, worker->at + OC_FRAME_SIDE_MAX, row);
        }
        aug_colour_row(worker, w->colour, w->n_colours, n, row);
    }
}
