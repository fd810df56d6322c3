/* Noise of sensors, and what JPEG does.  Twelve random bits pick a normal deviate from a table. */
#include "augment/noise.h"

#include <math.h>
#include <stdlib.h>

#include "augment/step.h"
#include "media/image.h"

/* The normal distribution below x. */
static double below(double x)
{
    return .5 * erfc(-x * 0.70710678118654752440);
}

void aug_normals(int16_t *out)
{
    double x = -4;
    for (int i = 0; i < AUG_NORMALS; i++) {
        double p = (i + .5) / AUG_NORMALS;
        for (int k = 0; k < 8; k++) { /* Newton, from the neighbour's */
            double d = exp(-.5 * x * x) * 0.39894228040143267794;
            double step = (below(x) - p) / d;
            x -= step > .5 ? .5 : step < -.5 ? -.5 : step;
        }
        out[i] = (int16_t)lrint(x * AUG_NORMAL_ONE);
    }
}

/* spread: standard deviation of a level, in 64ths of one.  64 bits serve five values. */
static void noise_row(const int16_t *normal, const int16_t spread[256], aug_random *random,
                      size_t n, uint8_t *p)
{
    for (size_t i = 0; i < n;) {
        uint64_t bits = aug_bits(random);
        size_t   end = i + 5 < n ? i + 5 : n;
        for (; i < end; i++, bits >>= 12) {
            int32_t z = normal[bits & (AUG_NORMALS - 1)] * spread[p[i]];
            int32_t y = p[i] + ((z + (1 << 15)) >> 16);
            p[i] = (uint8_t)(y < 0 ? 0 : y > 255 ? 255 : y);
        }
    }
}

static void noise(aug_run *run, const int16_t spread[256])
{
    oc_frame *f = run->sample->rgb;
    uint64_t  key = aug_bits(&run->random);
    for (int32_t y = 0; y < f->height; y++) {
        aug_random row = {aug_key(key, (uint64_t)y), 0};
        noise_row(run->worker->normal, spread, &row, 3 * (size_t)f->width, aug_row(f, y));
    }
}

static oc_status gaussian(aug_run *run, const double *v, oc_error *err)
{
    int16_t spread[256];
    (void)err;
    for (int i = 0; i < 256; i++)
        spread[i] = (int16_t)lrint(v[0] * 64);
    noise(run, spread);
    return OC_OK;
}

const aug_spec aug_step_gaussian_noise = {
    .name = "gaussian_noise", .params = {{"sigma", 0, 200, 2, 10, false, NULL}}, .apply = gaussian};

/* `photons` make white: a level of x is as uncertain as the square root of its share of them. */
static oc_status shot(aug_run *run, const double *v, oc_error *err)
{
    int16_t spread[256];
    (void)err;
    for (int i = 0; i < 256; i++)
        spread[i] = (int16_t)lrint(sqrt(i / 255.0 / v[0]) * 255 * 64);
    noise(run, spread);
    return OC_OK;
}

const aug_spec aug_step_shot_noise = {.name = "shot_noise",
                                      .params = {{"photons", 4, 100000, 100, 1000, false, NULL}},
                                      .apply = shot};

static oc_status jpeg(aug_run *run, const double *v, oc_error *err)
{
    oc_frame *frame = NULL, *rgb = NULL;
    uint8_t  *bytes = NULL;
    size_t    n = 0;
    oc_status st = oc_image_encode_jpeg(run->sample->rgb, (int)v[0], &bytes, &n, err);
    if (st == OC_OK &&
        (st = oc_image_decode_pool(bytes, n, run->worker->pool, &frame, err)) == OC_OK &&
        (st = aug_frame(run, frame->width, frame->height, &rgb, err)) == OC_OK &&
        (st = oc_frame_convert(frame, rgb, err)) == OC_OK) {
        aug_take(run, rgb);
        rgb = NULL;
    }
    oc_frame_unref(frame);
    oc_frame_unref(rgb);
    free(bytes);
    return st;
}

const aug_spec aug_step_jpeg = {
    .name = "jpeg", .params = {{"quality", 1, 100, 30, 90, true, NULL}}, .apply = jpeg};
