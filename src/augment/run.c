/* Runs a pipeline on a picture.  Steps that place and steps that colour are only written down, and are
 * done together when a step comes that needs the pixels, or at the end. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "augment/noise.h"
#include "augment/step.h"

oc_status oc_augment_worker_create(oc_isa isa, oc_augment_worker **out, oc_error *err)
{
    oc_augment_worker *w = calloc(1, sizeof(*w));
    oc_status          st = OC_FAIL(err, OC_NOMEM, "no memory for a worker");
    if (!w)
        return st;
    w->warp = oc_k_u8_warp(isa);
    w->places = oc_k_s32_places(isa);
    w->mirror = oc_k_u8_mirror(isa);
    w->table = oc_k_u8_table(isa);
    w->fir = oc_k_u8_fir(isa);
    w->hsv = oc_k_u8_hsv(isa);
    w->linear = oc_k_u8_linear(isa);
    w->at = malloc(2 * OC_FRAME_SIDE_MAX * sizeof(*w->at));
    w->normal = malloc(AUG_NORMALS * sizeof(*w->normal));
    if (w->at && w->normal && (st = oc_frame_pool_create(&w->pool, err)) == OC_OK) {
        aug_normals(w->normal);
        *out = w;
        return OC_OK;
    }
    oc_augment_worker_destroy(w);
    return st;
}

void oc_augment_worker_destroy(oc_augment_worker *worker)
{
    if (!worker)
        return;
    oc_frame_pool_destroy(worker->pool);
    free(worker->at);
    free(worker->normal);
    free(worker);
}

void oc_augment_sample_finish(oc_augment_sample *sample)
{
    oc_frame_unref(sample->rgb);
    oc_arena_finish(&sample->mem);
    memset(sample, 0, sizeof(*sample));
}

oc_status aug_frame(aug_run *run, int32_t width, int32_t height, oc_frame **out, oc_error *err)
{
    return oc_frame_pool_take(run->worker->pool, OC_PIXEL_RGB24, width, height, out, err);
}

void aug_take(aug_run *run, oc_frame *frame)
{
    oc_frame_unref(run->sample->rgb);
    run->sample->rgb = frame;
}

static oc_status draw(aug_run *run, oc_error *err)
{
    oc_augment_sample *s = run->sample;
    const aug_canvas  *c = &run->canvas;
    const aug_warp     warp = {
            s->rgb, &c->m, run->how->border, {0, 0, c->width, c->height}, run->colour, run->n_colours};
    const aug_move    move = {&c->m,     {0, 0, c->width, c->height}, s->rgb->height, c->width,
                              c->height, run->how->visible,           run->how->side};
    oc_augment_sample old = *s;
    oc_frame         *frame = NULL;
    oc_status         st = aug_frame(run, c->width, c->height, &frame, err);
    if (st != OC_OK)
        return st;
    aug_warp_run(run, &warp, frame);
    s->objects = NULL;
    s->n = 0;
    st = aug_labels_move(&old, &move, s, err);
    aug_take(run, frame);
    return st;
}

static oc_status settle(aug_run *run, oc_error *err)
{
    oc_frame *f = run->sample->rgb;
    oc_status st = OC_OK;
    if (run->placed)
        st = draw(run, err);
    else if (run->n_colours)
        for (int32_t y = 0; y < f->height; y++)
            aug_colour_row(run->worker, run->colour, run->n_colours, (size_t)f->width,
                           aug_row(f, y));
    f = run->sample->rgb;
    run->placed = false;
    run->canvas = (aug_canvas){AUG_IDENTITY, f->width, f->height};
    run->n_colours = 0;
    return st;
}

static void draw_values(aug_run *run, const aug_step *step, double v[AUG_PARAMS_MAX])
{
    for (size_t i = 0; step->spec->params[i].name; i++) {
        double lo = step->lo[i], hi = step->hi[i], u = aug_uniform(&run->random);
        if (step->spec->params[i].words)
            v[i] = lo;
        else if (step->spec->params[i].whole)
            v[i] = lo + floor(u * (hi - lo + 1));
        else
            v[i] = lo + (hi - lo) * u;
    }
}

static oc_status run_step(aug_run *run, const aug_step *step, oc_error *err)
{
    const aug_spec *spec = step->spec;
    double          v[AUG_PARAMS_MAX] = {0};
    oc_status       st = OC_OK;
    if (aug_uniform(&run->random) >= step->p)
        return OC_OK;
    draw_values(run, step, v);
    if (spec->place) {
        spec->place(run, v, &run->canvas);
        run->placed = true;
    } else if (spec->colour) {
        aug_colour one = {0};
        spec->colour(run, v, &one);
        aug_colour_add(run->colour, &run->n_colours, &one);
    } else if ((!spec->mixes || run->source) && (st = settle(run, err)) == OC_OK) {
        st = spec->apply(run, v, err);
        run->canvas.width = run->sample->rgb->width;
        run->canvas.height = run->sample->rgb->height;
    }
    if (st != OC_OK)
        oc_error_prefix(err, "step %zu (%s)", (size_t)(step - run->how->step) + 1, spec->name);
    return st;
}

oc_status oc_augment_run(const oc_augment *augment, const oc_augment_key *key,
                         const oc_augment_source *source, oc_augment_worker *worker,
                         oc_augment_sample *sample, oc_error *err)
{
    aug_run   run = {.how = augment,
                     .key = key,
                     .source = source,
                     .worker = worker,
                     .sample = sample,
                     .canvas = {AUG_IDENTITY, sample->rgb->width, sample->rgb->height}};
    uint64_t  base = aug_key(aug_key(aug_key(0, key->seed), key->image), key->copy);
    oc_status st = OC_OK;
    for (size_t i = 0; i < augment->n && st == OC_OK; i++) {
        run.random = (aug_random){aug_key(base, i), 0};
        st = run_step(&run, &augment->step[i], err);
    }
    return st == OC_OK ? settle(&run, err) : st;
}
