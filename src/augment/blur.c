/* Blurs: sums of neighbours.  At the edge the picture is mirrored about the middle of its last pixel. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "augment/step.h"

#define TAPS_MAX 1024

typedef struct taps {
    size_t  n;
    int32_t dx[TAPS_MAX], dy[TAPS_MAX];
    float   share[TAPS_MAX];
    int16_t w[TAPS_MAX];
} taps;

/* Shares to weights of 2^15 whose sum is that of one; what cutting off leaves goes to the first. */
static void weigh(taps *t)
{
    double  sum = 0;
    int32_t left = t->n > 1 ? 32768 : 32767;
    for (size_t i = 0; i < t->n; i++)
        sum += (double)t->share[i];
    for (size_t i = 0; i < t->n; i++) {
        double w = floor((double)t->share[i] / sum * 32768);
        t->w[i] = (int16_t)(w < 32767 ? w : 32767);
        left -= t->w[i];
    }
    for (size_t i = 0; i < t->n && left > 0; i++, left--)
        t->w[i]++;
}

static int32_t reflect(int32_t at, int32_t n)
{
    while (n > 1 && (at < 0 || at >= n))
        at = at < 0 ? -at : 2 * n - 2 - at;
    return n > 1 ? at : 0;
}

/* `row` with r pixels more on either side. */
static void pad_row(const uint8_t *row, int32_t width, int32_t r, uint8_t *out)
{
    memcpy(out + 3 * (ptrdiff_t)r, row, 3 * (size_t)width);
    for (int32_t x = 1; x <= r; x++) {
        memcpy(out + 3 * (ptrdiff_t)(r - x), row + 3 * (ptrdiff_t)reflect(-x, width), 3);
        memcpy(out + 3 * (ptrdiff_t)(r + width - 1 + x),
               row + 3 * (ptrdiff_t)reflect(width - 1 + x, width), 3);
    }
}

/* Taps anywhere within r: over a copy with a margin. */
static oc_status spread(aug_run *run, const taps *t, int32_t r, oc_error *err)
{
    oc_frame      *f = run->sample->rgb, *to = NULL;
    size_t         row = 3 * ((size_t)f->width + 2 * (size_t)r);
    uint8_t       *pad = malloc(row * ((size_t)f->height + 2 * (size_t)r));
    const uint8_t *tap[TAPS_MAX];
    oc_status      st = pad ? aug_frame(run, f->width, f->height, &to, err)
                            : OC_FAIL(err, OC_NOMEM, "no memory for a margin");
    if (st == OC_OK) {
        for (int32_t y = -r; y < f->height + r; y++)
            pad_row(aug_row(f, reflect(y, f->height)), f->width, r, pad + (size_t)(y + r) * row);
        for (int32_t y = 0; y < f->height; y++) {
            for (size_t k = 0; k < t->n; k++)
                tap[k] = pad + (size_t)(y + r + t->dy[k]) * row + 3 * (size_t)(r + t->dx[k]);
            run->worker->fir(3 * (size_t)f->width, t->n, tap, t->w, aug_row(to, y));
        }
        aug_take(run, to);
    }
    free(pad);
    return st;
}

/* ---- gaussian: rows, then columns ---- */

static oc_status gaussian(aug_run *run, const double *v, oc_error *err)
{
    oc_frame      *f = run->sample->rgb, *across = NULL, *to = NULL;
    int32_t        r = (int32_t)ceil(3 * v[0]);
    uint8_t       *pad = malloc(3 * ((size_t)f->width + 2 * (size_t)r));
    const uint8_t *tap[TAPS_MAX];
    taps           t = {.n = 2 * (size_t)r + 1};
    oc_status      st = pad ? aug_frame(run, f->width, f->height, &across, err)
                            : OC_FAIL(err, OC_NOMEM, "no memory for a row");
    if (st == OC_OK)
        st = aug_frame(run, f->width, f->height, &to, err);
    if (st != OC_OK)
        goto out;
    for (int32_t i = -r; i <= r; i++)
        t.share[i + r] = (float)exp(-.5 * i * i / (v[0] * v[0]));
    weigh(&t);
    for (int32_t y = 0; y < f->height; y++) {
        pad_row(aug_row(f, y), f->width, r, pad);
        for (size_t k = 0; k < t.n; k++)
            tap[k] = pad + 3 * k;
        run->worker->fir(3 * (size_t)f->width, t.n, tap, t.w, aug_row(across, y));
    }
    for (int32_t y = 0; y < f->height; y++) {
        for (int32_t k = -r; k <= r; k++)
            tap[k + r] = aug_row(across, reflect(y + k, f->height));
        run->worker->fir(3 * (size_t)f->width, t.n, tap, t.w, aug_row(to, y));
    }
    aug_take(run, to);
    to = NULL;
out:
    oc_frame_unref(across);
    oc_frame_unref(to);
    free(pad);
    return st;
}

const aug_spec aug_step_gaussian_blur = {.name = "gaussian_blur",
                                         .params = {{"sigma", .1, 20, .5, 1.5, false, NULL}},
                                         .apply = gaussian};

/* ---- motion: along a line ---- */

static void add_tap(taps *t, int32_t dx, int32_t dy, float share)
{
    for (size_t i = 0; i < t->n; i++)
        if (t->dx[i] == dx && t->dy[i] == dy)
            return;
    if (t->n == TAPS_MAX)
        return;
    t->dx[t->n] = dx;
    t->dy[t->n] = dy;
    t->share[t->n++] = share;
}

static oc_status motion(aug_run *run, const double *v, oc_error *err)
{
    double  angle = v[1] * 3.14159265358979323846 / 180, half = (v[0] - 1) / 2;
    int32_t r = (int32_t)ceil(half);
    taps    t = {.n = 0};
    for (double at = -half; at <= half + 1e-9; at += .5)
        add_tap(&t, (int32_t)lrint(at * cos(angle)), (int32_t)lrint(at * sin(angle)), 1);
    weigh(&t);
    return spread(run, &t, r, err);
}

const aug_spec aug_step_motion_blur = {
    .name = "motion_blur",
    .params = {{"length", 1, 101, 5, 15, false, NULL}, {"angle", -180, 180, -90, 90, false, NULL}},
    .apply = motion};

/* ---- defocus: a disk with a soft rim ---- */

static oc_status defocus(aug_run *run, const double *v, oc_error *err)
{
    int32_t r = (int32_t)ceil(v[0]);
    taps    t = {.n = 0};
    for (int32_t y = -r; y <= r; y++) {
        for (int32_t x = -r; x <= r; x++) {
            double share = v[0] + .5 - sqrt((double)x * x + (double)y * y);
            if (share > 0)
                add_tap(&t, x, y, (float)(share < 1 ? share : 1));
        }
    }
    weigh(&t);
    return spread(run, &t, r, err);
}

const aug_spec aug_step_defocus = {
    .name = "defocus", .params = {{"radius", .5, 16, 1, 4, false, NULL}}, .apply = defocus};
