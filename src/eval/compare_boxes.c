/* Figures of VOC and KITTI under a weighting of the images. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "eval/compare.h"
#include "eval/kitti.h"
#include "eval/voc.h"

static oc_status reserve(oc_compare_run *run, size_t n_units, size_t n_figures, oc_error *err)
{
    oc_arena *mem = &run->mem;
    run->n_units = n_units;
    run->n_figures = run->n_main = n_figures;
    run->unit = oc_arena_alloc(mem, n_units + 1, sizeof(*run->unit));
    run->score = oc_arena_alloc(mem, n_units + 1, sizeof(*run->score));
    run->figure = oc_arena_alloc(mem, n_figures, sizeof(*run->figure));
    run->falling = oc_arena_alloc(mem, n_figures, sizeof(*run->falling));
    return run->unit && run->score && run->figure && run->falling
               ? OC_OK
               : OC_FAIL(err, OC_NOMEM, "%zu images", n_units);
}

static oc_status done(oc_compare_run *run, oc_status st, oc_compare_run *out, oc_error *err)
{
    for (size_t i = 0; st == OC_OK && i < run->n_units; i++)
        if (!run->unit[i])
            st = OC_FAIL(err, OC_NOMEM, "names");
    for (size_t f = 0; st == OC_OK && f < run->n_figures; f++)
        if (!run->figure[f])
            st = OC_FAIL(err, OC_NOMEM, "names");
    if (st == OC_OK)
        *out = *run;
    else
        oc_compare_run_finish(run);
    return st;
}

static const char *copy(oc_arena *mem, const char *text)
{
    return oc_arena_strndup(mem, text, strlen(text));
}

/* Of what an image shows: 2 right / (truths + results); where nothing is to be found, less the more
 * was. */
static double f1(double truths, double right, double wrong)
{
    return truths + right > 0 ? 2 * right / (truths + right + wrong) : 1 / (1 + wrong);
}

/* ---- VOC ---- */

typedef struct voc_class {
    oc_voc_found *found;
    size_t        n;
    uint32_t     *truths; /* [n_units] */
} voc_class;

typedef struct voc_run {
    voc_class *cls;
    size_t     n;
} voc_run;

static void voc_figures(const oc_compare_run *run, const uint32_t *weight, void *scratch,
                        double *out)
{
    const voc_run *r = run->self;
    double         sum = 0, sum_11 = 0, with = 0;
    for (size_t k = 0; k < r->n; k++) {
        oc_voc_class c;
        double       n_truth = 0;
        for (size_t i = 0; i < run->n_units; i++)
            n_truth += (double)weight[i] * r->cls[k].truths[i];
        out[2 + k] = NAN;
        if (!(n_truth > 0))
            continue;
        oc_voc_curve(r->cls[k].found, r->cls[k].n, weight, n_truth, scratch, &c);
        out[2 + k] = c.ap;
        sum += c.ap;
        sum_11 += c.ap_11;
        with++;
    }
    out[0] = with > 0 ? sum / with : NAN;
    out[1] = with > 0 ? sum_11 / with : NAN;
}

/* The place of an image among the truth's: results of other images are refused when read. */
static uint32_t place(const oc_coco_set *truth, int64_t id)
{
    return (uint32_t)(oc_coco_set_image(truth, id) - truth->images);
}

static oc_status voc_class_make(const oc_coco_set *truth, const oc_coco_set *results, size_t k,
                                double iou, double *sums, oc_compare_run *run, oc_error *err)
{
    voc_class    *c = &((voc_run *)run->self)->cls[k];
    oc_voc_found *found = NULL;
    const int64_t id = truth->categories[k].id;
    oc_status     st = oc_voc_judge(truth, results, id, iou, &found, &c->n, err);
    c->found = oc_arena_alloc(&run->mem, c->n + 1, sizeof(*c->found));
    c->truths = oc_arena_alloc(&run->mem, run->n_units + 1, sizeof(*c->truths));
    if (st == OC_OK && (!c->found || !c->truths))
        st = OC_FAIL(err, OC_NOMEM, "%zu results", c->n);
    for (size_t i = 0; i < truth->n_objects && st == OC_OK; i++) {
        const oc_coco_object *o = &truth->objects[i];
        if (o->category != id || o->ignore)
            continue;
        c->truths[place(truth, o->image)]++;
        sums[3 * place(truth, o->image)]++;
    }
    for (size_t i = 0; i < c->n && st == OC_OK; i++) {
        c->found[i] = found[i];
        c->found[i].image = place(truth, results->objects[found[i].at].image);
        sums[3 * c->found[i].image + 1] += found[i].verdict == OC_VOC_RIGHT;
        sums[3 * c->found[i].image + 2] += found[i].verdict == OC_VOC_WRONG;
    }
    if (run->scratch_bytes < 2 * (c->n + 1) * sizeof(double))
        run->scratch_bytes = 2 * (c->n + 1) * sizeof(double);
    free(found);
    return st;
}

oc_status oc_compare_voc(const oc_coco_set *truth, const oc_coco_set *results, double iou,
                         oc_compare_run *out, oc_error *err)
{
    oc_compare_run run = {.n_units = 0};
    char           name[32];
    const size_t   classes = truth->n_categories;
    oc_status      st = reserve(&run, truth->n_images, 2 + classes, err);
    voc_run       *r = oc_arena_alloc(&run.mem, 1, sizeof(*r));
    double        *sums = calloc(truth->n_images + 1, 3 * sizeof(*sums));
    if (r)
        *r = (voc_run){oc_arena_alloc(&run.mem, classes + 1, sizeof(*r->cls)), classes};
    if (st == OC_OK && (!r || !r->cls || !sums))
        st = OC_FAIL(err, OC_NOMEM, "%zu classes", classes);
    run.self = r;
    run.figures = voc_figures;
    for (size_t k = 0; k < classes && st == OC_OK; k++) {
        run.figure[2 + k] = copy(&run.mem, truth->categories[k].name);
        st = voc_class_make(truth, results, k, iou, sums, &run, err);
    }
    if (st == OC_OK) {
        run.n_main = 2;
        run.figure[0] = "mAP";
        run.figure[1] = "mAP11";
    }
    for (size_t i = 0; i < truth->n_images && st == OC_OK; i++) {
        snprintf(name, sizeof(name), "image %lld", (long long)truth->images[i].id);
        run.unit[i] = copy(&run.mem, truth->images[i].file ? truth->images[i].file : name);
        run.score[i] = f1(sums[3 * i], sums[3 * i + 1], sums[3 * i + 2]);
    }
    free(sums);
    return done(&run, st, out, err);
}

/* ---- KITTI ---- */

#define PARTS ((size_t)OC_KITTI_CLASSES * OC_KITTI_LEVELS)

static void kitti_figures(const oc_compare_run *run, const uint32_t *weight, void *scratch,
                          double *out)
{
    oc_kitti_record *const *r = run->self;
    (void)scratch;
    for (size_t k = 0; k < PARTS; k++) {
        oc_kitti_curve c;
        oc_kitti_record_curve(r[k], weight, &c);
        out[k] = c.ap >= 0 ? c.ap : NAN;
        out[PARTS + k] = c.aos >= 0 ? c.aos : NAN;
    }
}

static void kitti_finish(oc_compare_run *run)
{
    oc_kitti_record **r = run->self;
    for (size_t k = 0; r && k < PARTS; k++)
        oc_kitti_record_free(r[k]);
}

/* How each image came out at the hardest level, all classes together. */
static oc_status kitti_units(const oc_kitti_set *set, oc_compare_run *run, oc_error *err)
{
    oc_kitti_record **r = run->self;
    uint32_t         *truths = calloc(set->n + 1, sizeof(*truths));
    int64_t          *right = calloc(set->n + 1, sizeof(*right));
    int64_t          *wrong = calloc(set->n + 1, sizeof(*wrong));
    bool              ok = truths && right && wrong;
    for (size_t c = 0; c < OC_KITTI_CLASSES && ok; c++)
        oc_kitti_record_counts(r[(c + 1) * OC_KITTI_LEVELS - 1], truths, right, wrong);
    for (size_t i = 0; i < set->n && ok; i++) {
        run->unit[i] = copy(&run->mem, set->image[i].name);
        run->score[i] = f1(truths[i], (double)right[i], (double)wrong[i]);
    }
    free(truths);
    free(right);
    free(wrong);
    return ok ? OC_OK : OC_FAIL(err, OC_NOMEM, "%zu images", set->n);
}

oc_status oc_compare_kitti(const oc_kitti_set *set, oc_compare_run *out, oc_error *err)
{
    oc_compare_run    run = {.n_units = 0};
    oc_status         st = reserve(&run, set->n, 2 * PARTS, err);
    oc_kitti_record **r = oc_arena_alloc(&run.mem, PARTS, sizeof(*r));
    if (st == OC_OK && !r)
        st = OC_FAIL(err, OC_NOMEM, "%zu images", set->n);
    run.self = r;
    run.figures = kitti_figures;
    run.finish = kitti_finish;
    run.scratch_bytes = 1;
    for (size_t k = 0; k < PARTS && st == OC_OK; k++) {
        const char *cls = oc_kitti_class_name(k / OC_KITTI_LEVELS);
        const char *level = oc_kitti_level_name(k % OC_KITTI_LEVELS);
        char        name[64];
        st = oc_kitti_record_make(set, k / OC_KITTI_LEVELS, k % OC_KITTI_LEVELS, &r[k], err);
        snprintf(name, sizeof(name), "%s %s AP", cls, level);
        run.figure[k] = copy(&run.mem, name);
        snprintf(name, sizeof(name), "%s %s AOS", cls, level);
        run.figure[PARTS + k] = copy(&run.mem, name);
    }
    if (st == OC_OK)
        st = kitti_units(set, &run, err);
    return done(&run, st, out, err);
}
