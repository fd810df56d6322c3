/* Rain and glare: light laid over the picture. */
#include <math.h>

#include "augment/step.h"

static void shine(oc_frame *f, int32_t x, int32_t y, int level, int share) /* share of 256 */
{
    if (x < 0 || y < 0 || x >= f->width || y >= f->height)
        return;
    uint8_t *p = aug_row(f, y) + 3 * (ptrdiff_t)x;
    for (int k = 0; k < 3; k++)
        p[k] = (uint8_t)(p[k] + (((level - p[k]) * share) >> 8));
}

/* A streak is brightest in its middle; one in two is two pixels wide. */
static void streak(aug_run *run, double length, double angle, double strength)
{
    oc_frame *f = run->sample->rgb;
    double    x = aug_between(&run->random, -.1, 1.1) * f->width;
    double    y = aug_between(&run->random, -.1, 1) * f->height;
    double    n = fmax(1, length * aug_between(&run->random, .6, 1.4));
    double    bright = strength * aug_between(&run->random, .5, 1);
    bool      wide = aug_bits(&run->random) & 1;
    for (int i = 0; i < (int)n; i++) {
        int share = (int)(256 * bright * (1 - fabs(2 * (i + .5) / n - 1) * .7));
        shine(f, (int32_t)(x + i * sin(angle)), (int32_t)(y + i * cos(angle)), 210, share);
        if (wide)
            shine(f, (int32_t)(x + i * sin(angle)) + 1, (int32_t)(y + i * cos(angle)), 210,
                  share / 2);
    }
}

static oc_status rain(aug_run *run, const double *v, oc_error *err)
{
    const oc_frame *f = run->sample->rgb;
    double          drops = v[0] * f->width * f->height / 1e6;
    (void)err;
    for (int i = 0; i < (int)drops; i++)
        streak(run, v[1] * f->height, v[2] * 3.14159265358979323846 / 180, v[3]);
    return OC_OK;
}

const aug_spec aug_step_rain = {.name = "rain",
                                .params = {{"drops", 0, 20000, 500, 2000, false, NULL},
                                           {"length", .005, .5, .03, .06, false, NULL},
                                           {"angle", -45, 45, -15, 15, false, NULL},
                                           {"strength", 0, 1, .3, .6, false, NULL}},
                                .apply = rain};

/* White in the middle of a disc, nothing at its rim: strength * (1 - (d / r)^2)^2. */
static oc_status glare(aug_run *run, const double *v, oc_error *err)
{
    oc_frame *f = run->sample->rgb;
    double    r = v[0] * (f->width > f->height ? f->width : f->height);
    double    cx = aug_uniform(&run->random) * f->width, cy = aug_uniform(&run->random) * f->height;
    int32_t   x0 = (int32_t)fmax(0, cx - r), x1 = (int32_t)fmin(f->width, cx + r + 1);
    int32_t   y0 = (int32_t)fmax(0, cy - r), y1 = (int32_t)fmin(f->height, cy + r + 1);
    (void)err;
    for (int32_t y = y0; y < y1; y++) {
        for (int32_t x = x0; x < x1; x++) {
            double dx = x + .5 - cx, dy = y + .5 - cy, k = 1 - (dx * dx + dy * dy) / (r * r);
            if (k > 0)
                shine(f, x, y, 255, (int)(256 * v[1] * k * k));
        }
    }
    return OC_OK;
}

const aug_spec aug_step_glare = {
    .name = "glare",
    .params = {{"radius", .01, 1, .1, .3, false, NULL}, {"strength", 0, 1, .4, .9, false, NULL}},
    .apply = glare};
