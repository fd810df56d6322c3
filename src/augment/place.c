/* Steps that move pixels: each multiplies the canvas' matrix; warp.c draws them all at once.
 *
 * Points are those of labels: (0, 0) is the corner of the first pixel, (.5, .5) its middle. */
#include <math.h>

#include "augment/step.h"

aug_matrix aug_product(const aug_matrix *a, const aug_matrix *b)
{
    aug_matrix p;
    for (int r = 0; r < 3; r++)
        for (int c = 0; c < 3; c++)
            p.m[3 * r + c] = a->m[3 * r] * b->m[c] + a->m[3 * r + 1] * b->m[3 + c] +
                             a->m[3 * r + 2] * b->m[6 + c];
    return p;
}

bool aug_inverse(const aug_matrix *a, aug_matrix *out)
{
    const double *m = a->m;
    double        d = m[0] * (m[4] * m[8] - m[5] * m[7]) - m[1] * (m[3] * m[8] - m[5] * m[6]) +
               m[2] * (m[3] * m[7] - m[4] * m[6]);
    if (!(fabs(d) > 1e-12))
        return false;
    *out = (aug_matrix){{(m[4] * m[8] - m[5] * m[7]) / d, (m[2] * m[7] - m[1] * m[8]) / d,
                         (m[1] * m[5] - m[2] * m[4]) / d, (m[5] * m[6] - m[3] * m[8]) / d,
                         (m[0] * m[8] - m[2] * m[6]) / d, (m[2] * m[3] - m[0] * m[5]) / d,
                         (m[3] * m[7] - m[4] * m[6]) / d, (m[1] * m[6] - m[0] * m[7]) / d,
                         (m[0] * m[4] - m[1] * m[3]) / d}};
    return true;
}

void aug_point(const aug_matrix *a, double x, double y, double out[2])
{
    const double *m = a->m;
    double        w = m[6] * x + m[7] * y + m[8];
    out[0] = (m[0] * x + m[1] * y + m[2]) / w;
    out[1] = (m[3] * x + m[4] * y + m[5]) / w;
}

static void then(aug_canvas *canvas, aug_matrix m)
{
    canvas->m = aug_product(&m, &canvas->m);
}

/* ---- flip ---- */

enum { FLIP_HORIZONTAL, FLIP_VERTICAL, FLIP_BOTH };
static const oc_yaml_word axes[] = {
    {"horizontal", FLIP_HORIZONTAL}, {"vertical", FLIP_VERTICAL}, {"both", FLIP_BOTH}, {NULL, 0}};

static void flip(aug_run *run, const double *v, aug_canvas *c)
{
    int axis = (int)v[0];
    (void)run;
    if (axis != FLIP_VERTICAL)
        then(c, (aug_matrix){{-1, 0, c->width, 0, 1, 0, 0, 0, 1}});
    if (axis != FLIP_HORIZONTAL)
        then(c, (aug_matrix){{1, 0, 0, 0, -1, c->height, 0, 0, 1}});
}

const aug_spec aug_step_flip = {
    .name = "flip", .params = {{.name = "axis", .words = axes}}, .place = flip};

/* ---- crop ---- */

enum { SAFE_NONE, SAFE_ONE, SAFE_ALL };
static const oc_yaml_word safes[] = {
    {"none", SAFE_NONE}, {"one", SAFE_ONE}, {"all", SAFE_ALL}, {NULL, 0}};

/* What a box-safe window has to hold, on the canvas as it is.  False: nothing. */
static bool crop_keeps(aug_run *run, int safe, const aug_canvas *c, aug_box *keep)
{
    const oc_augment_sample *s = run->sample;
    size_t                   n = 0, pick = s->n ? (size_t)aug_below(&run->random, s->n) : 0;
    if (safe == SAFE_NONE)
        return false;
    for (size_t i = 0; i < s->n; i++) {
        aug_box b;
        size_t  k = (pick + i) % s->n;
        if (!aug_object_box(&s->objects[k], s->rgb->height, &b))
            continue;
        b = aug_box_moved(&c->m, &b);
        b = (aug_box){fmax(b.x0, 0), fmax(b.y0, 0), fmin(b.x1, c->width), fmin(b.y1, c->height)};
        if (!(b.x0 < b.x1 && b.y0 < b.y1))
            continue; /* it is not on the canvas any more */
        *keep = n++ == 0 ? b
                         : (aug_box){fmin(b.x0, keep->x0), fmin(b.y0, keep->y0),
                                     fmax(b.x1, keep->x1), fmax(b.y1, keep->y1)};
        if (safe == SAFE_ONE)
            break;
    }
    return n > 0;
}

/* A window of `want` pixels along a side of `side`, around [lo, hi]: where it begins. */
static int32_t crop_window(aug_run *run, int32_t side, double lo, double hi, int32_t *want)
{
    int32_t first = (int32_t)floor(lo), end = (int32_t)ceil(hi);
    *want = *want < end - first ? end - first : *want > side ? side : *want < 1 ? 1 : *want;
    int32_t from = end - *want > 0 ? end - *want : 0;
    int32_t to = first < side - *want ? first : side - *want;
    return from + (int32_t)aug_below(&run->random, (uint64_t)(to > from ? to - from + 1 : 1));
}

static void crop(aug_run *run, const double *v, aug_canvas *c)
{
    aug_box keep;
    double  stretch = sqrt(v[1]);
    int32_t w = (int32_t)lrint(c->width * v[0] * stretch);
    int32_t h = (int32_t)lrint(c->height * v[0] / stretch);
    bool    must = crop_keeps(run, (int)v[2], c, &keep);
    /* nothing to hold: the window may begin anywhere */
    int32_t x = must ? crop_window(run, c->width, keep.x0, keep.x1, &w) : 0;
    int32_t y = must ? crop_window(run, c->height, keep.y0, keep.y1, &h) : 0;
    if (!must) {
        w = w < 1 ? 1 : w > c->width ? c->width : w;
        h = h < 1 ? 1 : h > c->height ? c->height : h;
        x = (int32_t)aug_below(&run->random, (uint64_t)(c->width - w) + 1);
        y = (int32_t)aug_below(&run->random, (uint64_t)(c->height - h) + 1);
    }
    then(c, (aug_matrix){{1, 0, -x, 0, 1, -y, 0, 0, 1}});
    c->width = w;
    c->height = h;
}

const aug_spec aug_step_crop = {.name = "crop",
                                .params = {{"scale", .05, 1, .5, 1, false, NULL},
                                           {"aspect", .25, 4, 1, 1, false, NULL},
                                           {.name = "safe", .words = safes}},
                                .place = crop};

/* ---- resize ---- */

enum { FIT_STRETCH, FIT_LETTERBOX };
static const oc_yaml_word fits[] = {
    {"stretch", FIT_STRETCH}, {"letterbox", FIT_LETTERBOX}, {NULL, 0}};

static void resize(aug_run *run, const double *v, aug_canvas *c)
{
    int32_t w = (int32_t)v[0], h = (int32_t)v[1];
    double  sx = (double)w / c->width, sy = (double)h / c->height, left = 0, top = 0;
    (void)run;
    if ((int)v[2] == FIT_LETTERBOX) {
        sx = sy = fmin(sx, sy);
        left = floor((w - sx * c->width) / 2);
        top = floor((h - sy * c->height) / 2);
    }
    then(c, (aug_matrix){{sx, 0, left, 0, sy, top, 0, 0, 1}});
    c->width = w;
    c->height = h;
}

const aug_spec aug_step_resize = {.name = "resize",
                                  .params = {{"width", 1, 8192, 640, 640, true, NULL},
                                             {"height", 1, 8192, 640, 640, true, NULL},
                                             {.name = "fit", .words = fits}},
                                  .place = resize};

/* ---- affine: about the middle of the canvas ---- */

static void affine(aug_run *run, const double *v, aug_canvas *c)
{
    const double degree = 3.14159265358979323846 / 180;
    double       cx = c->width / 2.0, cy = c->height / 2.0, s = v[0], turn = v[1] * degree;
    double       kx = tan(v[2] * degree), ky = tan(v[3] * degree);
    (void)run;
    then(c, (aug_matrix){{s, 0, -s * cx, 0, s, -s * cy, 0, 0, 1}});
    then(c, (aug_matrix){{1, kx, 0, ky, 1, 0, 0, 0, 1}});
    then(c, (aug_matrix){{cos(turn), -sin(turn), cx + v[4] * c->width, sin(turn), cos(turn),
                          cy + v[5] * c->height, 0, 0, 1}});
}

const aug_spec aug_step_affine = {.name = "affine",
                                  .params = {{"scale", .05, 20, .9, 1.1, false, NULL},
                                             {"rotate", -180, 180, -10, 10, false, NULL},
                                             {"shear_x", -40, 40, 0, 0, false, NULL},
                                             {"shear_y", -40, 40, 0, 0, false, NULL},
                                             {"translate_x", -1, 1, 0, 0, false, NULL},
                                             {"translate_y", -1, 1, 0, 0, false, NULL}},
                                  .place = affine};

/* ---- perspective: the corners go elsewhere ---- */

/* From the unit square to a quadrangle.  Source: P. Heckbert, Fundamentals of Texture Mapping and
 * Image Warping, 1989, 2.2. */
static aug_matrix square_to(double q[4][2])
{
    double dx1 = q[1][0] - q[2][0], dx2 = q[3][0] - q[2][0];
    double dy1 = q[1][1] - q[2][1], dy2 = q[3][1] - q[2][1];
    double sx = q[0][0] - q[1][0] + q[2][0] - q[3][0];
    double sy = q[0][1] - q[1][1] + q[2][1] - q[3][1], d = dx1 * dy2 - dx2 * dy1;
    double g = (sx * dy2 - dx2 * sy) / d, h = (dx1 * sy - sx * dy1) / d;
    return (aug_matrix){{q[1][0] - q[0][0] + g * q[1][0], q[3][0] - q[0][0] + h * q[3][0], q[0][0],
                         q[1][1] - q[0][1] + g * q[1][1], q[3][1] - q[0][1] + h * q[3][1], q[0][1],
                         g, h, 1}};
}

/* At most a fifth of a side: the quadrangle stays convex, its horizon far away. */
static void perspective(aug_run *run, const double *v, aug_canvas *c)
{
    double q[4][2];
    for (int i = 0; i < 4; i++) {
        double far_x = i == 1 || i == 2, far_y = i >= 2;
        q[i][0] = c->width * (far_x + v[0] * aug_between(&run->random, -1, 1));
        q[i][1] = c->height * (far_y + v[0] * aug_between(&run->random, -1, 1));
    }
    then(c, (aug_matrix){{1.0 / c->width, 0, 0, 0, 1.0 / c->height, 0, 0, 0, 1}});
    then(c, square_to(q));
}

const aug_spec aug_step_perspective = {.name = "perspective",
                                       .params = {{"amount", 0, .2, 0, .08, false, NULL}},
                                       .place = perspective};
