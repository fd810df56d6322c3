/* Steps that need other pictures (mosaic, mixup), and cutout, which takes away. */
#include <math.h>
#include <string.h>

#include "augment/step.h"

oc_status aug_other(aug_run *run, oc_augment_sample *out, oc_error *err)
{
    size_t n = run->source->n, self = (size_t)run->key->image;
    size_t i = n > 1 ? (self + 1 + (size_t)aug_below(&run->random, n - 1)) % n : 0; /* not itself */
    oc_status st = run->source->load(run->source->ctx, i, out, err);
    if (st == OC_OK && !out->set)
        out->set = run->sample->set;
    return st;
}

/* ---- mosaic: four pictures around a point ---- */

static oc_status mosaic_quarter(aug_run *run, const oc_augment_sample *from, int quarter,
                                const int32_t at[2], double scale, oc_frame *to,
                                oc_augment_sample *out, oc_error *err)
{
    bool    right = quarter & 1, lower = quarter >> 1;
    int32_t w = from->rgb->width, h = from->rgb->height;
    double  s = scale * fmin((double)to->width / w, (double)to->height / h);
    /* the corner that looks inwards lies on the point */
    aug_matrix m = {
        {s, 0, at[0] - (right ? 0 : s * w), 0, s, at[1] - (lower ? 0 : s * h), 0, 0, 1}};
    aug_warp warp = {.from = from->rgb,
                     .m = &m,
                     .part = {right ? at[0] : 0, lower ? at[1] : 0, right ? to->width : at[0],
                              lower ? to->height : at[1]}};
    aug_move move = {&m,
                     {warp.part[0], warp.part[1], warp.part[2], warp.part[3]},
                     h,
                     to->width,
                     to->height,
                     run->how->visible,
                     run->how->side};
    aug_warp_run(run, &warp, to);
    return aug_labels_move(from, &move, out, err);
}

static oc_status mosaic(aug_run *run, const double *v, oc_error *err)
{
    oc_augment_sample *s = run->sample, old = *s;
    int32_t            w = v[0] > 0 ? (int32_t)v[0] : s->rgb->width;
    int32_t            h = v[1] > 0 ? (int32_t)v[1] : s->rgb->height;
    const int32_t      at[2] = {(int32_t)(w * v[2]), (int32_t)(h * v[3])};
    oc_frame          *to = NULL;
    oc_status          st = aug_frame(run, w, h, &to, err);
    s->objects = NULL;
    s->n = 0;
    for (int q = 0; q < 4 && st == OC_OK; q++) {
        oc_augment_sample other = {0};
        if (q && (st = aug_other(run, &other, err)) != OC_OK) {
            oc_augment_sample_finish(&other);
            break;
        }
        st = mosaic_quarter(run, q ? &other : &old, q, at, v[4], to, s, err);
        oc_augment_sample_finish(&other);
    }
    if (to)
        aug_take(run, to);
    return st;
}

const aug_spec aug_step_mosaic = {.name = "mosaic",
                                  .params = {{"width", 0, 8192, 0, 0, true, NULL},
                                             {"height", 0, 8192, 0, 0, true, NULL},
                                             {"centre_x", .1, .9, .35, .65, false, NULL},
                                             {"centre_y", .1, .9, .35, .65, false, NULL},
                                             {"scale", .1, 2, .5, 1, false, NULL}},
                                  .mixes = true,
                                  .apply = mosaic};

/* ---- mixup: another picture shines through ---- */

static oc_status mixup(aug_run *run, const double *v, oc_error *err)
{
    oc_augment_sample other = {0};
    oc_frame         *f = run->sample->rgb, *fitted = NULL, *mixed = NULL;
    oc_status         st = aug_other(run, &other, err);
    if (st != OC_OK || (st = aug_frame(run, f->width, f->height, &fitted, err)) != OC_OK ||
        (st = aug_frame(run, f->width, f->height, &mixed, err)) != OC_OK)
        goto out;
    double     s = fmin((double)f->width / other.rgb->width, (double)f->height / other.rgb->height);
    aug_matrix m = {{s, 0, floor((f->width - s * other.rgb->width) / 2), 0, s,
                     floor((f->height - s * other.rgb->height) / 2), 0, 0, 1}};
    const aug_warp warp = {.from = other.rgb, .m = &m, .part = {0, 0, f->width, f->height}};
    const aug_move move = {&m,        {0, 0, f->width, f->height}, other.rgb->height, f->width,
                           f->height, run->how->visible,           run->how->side};
    const int16_t  share = (int16_t)lrint(v[0] * 32767);
    const int16_t  weight[2] = {(int16_t)(32767 - share), share};
    aug_warp_run(run, &warp, fitted);
    for (int32_t y = 0; y < f->height; y++) {
        const uint8_t *rows[2] = {aug_row(f, y), aug_row(fitted, y)};
        run->worker->fir(3 * (size_t)f->width, 2, rows, weight, aug_row(mixed, y));
    }
    st = aug_labels_move(&other, &move, run->sample, err);
    aug_take(run, mixed);
out:
    oc_frame_unref(fitted);
    oc_augment_sample_finish(&other);
    return st;
}

const aug_spec aug_step_mixup = {.name = "mixup",
                                 .params = {{"share", 0, 1, .3, .5, false, NULL}},
                                 .mixes = true,
                                 .apply = mixup};

/* ---- cutout: holes ---- */

static void cutout_drop(aug_run *run, const aug_box *hole)
{
    oc_augment_sample *s = run->sample;
    size_t             kept = 0;
    for (size_t i = 0; i < s->n; i++) {
        aug_box b;
        bool    boxed = aug_object_box(&s->objects[i], s->rgb->height, &b);
        double  w = fmin(b.x1, hole->x1) - fmax(b.x0, hole->x0);
        double  h = fmin(b.y1, hole->y1) - fmax(b.y0, hole->y0);
        double  hidden = boxed && w > 0 && h > 0 ? w * h : 0;
        if (hidden <= (1 - run->how->visible) * (b.x1 - b.x0) * (b.y1 - b.y0))
            s->objects[kept++] = s->objects[i];
    }
    s->n = kept;
}

static oc_status cutout(aug_run *run, const double *v, oc_error *err)
{
    oc_frame *f = run->sample->rgb;
    (void)err;
    for (int k = 0; k < (int)v[0]; k++) {
        int32_t w = (int32_t)fmax(1, v[1] * f->width), h = (int32_t)fmax(1, v[2] * f->height);
        int32_t x = (int32_t)aug_below(&run->random, (uint64_t)(f->width - w) + 1);
        int32_t y = (int32_t)aug_below(&run->random, (uint64_t)(f->height - h) + 1);
        aug_box hole = {x, y, x + w, y + h};
        for (int32_t r = y; r < y + h; r++)
            for (int32_t c = x; c < x + w; c++)
                memcpy(aug_row(f, r) + 3 * (ptrdiff_t)c, run->how->fill, 3);
        cutout_drop(run, &hole);
    }
    return OC_OK;
}

const aug_spec aug_step_cutout = {.name = "cutout",
                                  .params = {{"count", 1, 64, 1, 4, true, NULL},
                                             {"width", .01, 1, .05, .2, false, NULL},
                                             {"height", .01, 1, .05, .2, false, NULL}},
                                  .apply = cutout};
