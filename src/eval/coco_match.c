/* Matching per image and category. */
#include "eval/coco_match.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define DETS_MAX 100
#define POINT_DETS_MAX 20

static const double area_from[COCO_AREAS] = {0, 0, 32 * 32, 96 * 96};
static const double area_to[COCO_AREAS] = {1e10, 32 * 32, 96 * 96, 1e10};

static double box_overlap(const oc_coco_object *d, const oc_coco_object *g)
{
    double w = fmin(d->box[2] + d->box[0], g->box[2] + g->box[0]) - fmax(d->box[0], g->box[0]);
    double h = fmin(d->box[3] + d->box[1], g->box[3] + g->box[1]) - fmax(d->box[1], g->box[1]);
    double da = d->box[2] * d->box[3], ga = g->box[2] * g->box[3];
    if (w <= 0 || h <= 0)
        return 0;
    return w * h / (g->crowd ? da : da + ga - w * h);
}

/* Object key-point similarity; without labelled points, by the distance from the doubled box. */
static double point_overlap(const oc_coco_object *d, const oc_coco_object *g)
{
    static const double sigma[OC_COCO_POINTS] = {.026, .025, .025, .035, .035, .079,
                                                 .079, .072, .072, .062, .062, .107,
                                                 .107, .087, .087, .089, .089};
    double              sum = 0, n = 0, labelled = 0;
    for (size_t i = 0; i < OC_COCO_POINTS; i++)
        labelled += g->points[3 * i + 2] > 0;
    for (size_t i = 0; i < OC_COCO_POINTS; i++) {
        const double *pd = &d->points[3 * i], *pg = &g->points[3 * i];
        double        e = 0, var = 4 * sigma[i] * sigma[i];
        if (labelled > 0 && !(pg[2] > 0))
            continue;
        for (size_t k = 0; k < 2; k++) {
            double low = g->box[k] - g->box[2 + k], high = g->box[k] + g->box[2 + k] * 2;
            double v = labelled > 0 ? pd[k] - pg[k] : fmax(0, low - pd[k]) + fmax(0, pd[k] - high);
            e += v * v;
        }
        sum += exp(-(e / var / (g->area + DBL_EPSILON) / 2));
        n += 1;
    }
    return n > 0 ? sum / n : 0;
}

static double overlap_of(oc_coco_type type, const oc_coco_object *d, const oc_coco_object *g)
{
    switch (type) {
    case OC_COCO_SEGM: return oc_mask_overlap(d->mask, g->mask, g->crowd);
    case OC_COCO_KEYPOINTS: return point_overlap(d, g);
    default: return box_overlap(d, g);
    }
}

static oc_status scratch_reserve(coco_matcher *s, size_t n_g, size_t n_d)
{
    if (n_g <= s->g_cap && n_d <= s->d_cap)
        return OC_OK;
    size_t gc = n_g > s->g_cap ? n_g * 2 : s->g_cap, dc = n_d > s->d_cap ? n_d * 2 : s->d_cap;
    free(s->g);
    free(s->d);
    free(s->order);
    free(s->overlap);
    free(s->g_ignore);
    free(s->g_taken);
    s->g = calloc(gc + 1, sizeof(*s->g));
    s->d = calloc(dc + 1, sizeof(*s->d));
    s->order = calloc(gc + dc + 1, sizeof(*s->order));
    s->overlap = calloc(gc * s->dets_max + 1, sizeof(*s->overlap));
    s->g_ignore = calloc(gc + 1, sizeof(*s->g_ignore));
    s->g_taken = calloc(gc + 1, sizeof(*s->g_taken));
    s->g_cap = gc;
    s->d_cap = dc;
    if (!s->g || !s->d || !s->order || !s->overlap || !s->g_ignore || !s->g_taken)
        return OC_FAIL(s->err, OC_NOMEM, "one image with %zu truths and %zu results", n_g, n_d);
    return OC_OK;
}

static oc_status verdicts_reserve(coco_matcher *s, size_t more)
{
    if (s->cap && s->n + more <= s->cap)
        return OC_OK;
    size_t cap = (s->n + more) * 2 + 1;
    for (size_t a = 0; a < COCO_AREAS; a++) {
        verdict *p = reallocarray(s->verdict[a], cap, sizeof(*p));
        if (!p)
            return OC_FAIL(s->err, OC_NOMEM, "%zu results", cap);
        s->verdict[a] = p;
    }
    s->cap = cap;
    return OC_OK;
}

int coco_best_first(const void *a, const void *b)
{
    const coco_scored *x = a, *y = b;
    if (x->score != y->score)
        return x->score > y->score ? -1 : 1;
    return x->at < y->at ? -1 : x->at > y->at;
}

static oc_status sort_results(coco_matcher *s, const oc_coco_object *d, size_t *n)
{
    coco_scored *order = calloc(*n + 1, sizeof(*order));
    if (!order)
        return OC_FAIL(s->err, OC_NOMEM, "%zu results", *n);
    for (size_t i = 0; i < *n; i++)
        order[i] = (coco_scored){d[i].score, i};
    if (*n)
        qsort(order, *n, sizeof(*order), coco_best_first);
    if (*n > s->dets_max)
        *n = s->dets_max;
    for (size_t i = 0; i < *n; i++)
        s->d[i] = &d[order[i].at];
    free(order);
    return OC_OK;
}

/* Truths that count first, each group in the file's order. */
static void sort_truths(coco_matcher *s, const oc_coco_object *g, size_t n, size_t area)
{
    size_t at = 0;
    for (int ignored = 0; ignored < 2; ignored++) {
        for (size_t i = 0; i < n; i++) {
            bool out = g[i].ignore || g[i].area < area_from[area] || g[i].area > area_to[area];
            if (out != (ignored == 1))
                continue;
            s->order[at] = i;
            s->g_ignore[at] = out;
            s->g_taken[at] = 0;
            s->g[at++] = &g[i];
            s->n_gt[area] += !out;
        }
    }
}

/* The truth a detection takes at threshold t, or SIZE_MAX. */
static size_t best_truth(const coco_matcher *s, const double *overlap, size_t n_g, unsigned t)
{
    double least = fmin(0.5 + 0.05 * t, 1 - 1e-10);
    size_t best = SIZE_MAX;
    for (size_t k = 0; k < n_g; k++) {
        double v = overlap[s->order[k]];
        if ((s->g_taken[k] >> t & 1) && !s->g[k]->crowd)
            continue;
        if (best != SIZE_MAX && !s->g_ignore[best] && s->g_ignore[k])
            break; /* one that counts is found: those behind do not */
        if (v < least)
            continue;
        least = v;
        best = k;
    }
    return best;
}

static void match_area(coco_matcher *s, size_t image, const oc_coco_object *g, size_t n_g,
                       size_t n_d, size_t area)
{
    verdict *out = s->verdict[area] + s->n;
    size_t   before = s->n_gt[area];
    sort_truths(s, g, n_g, area);
    if (s->image_gt)
        s->image_gt[image * COCO_AREAS + area] = (uint32_t)(s->n_gt[area] - before);
    for (size_t i = 0; i < n_d; i++)
        out[i] = (verdict){.score = s->d[i]->score, .image = (uint32_t)image, .rank = (uint16_t)i};
    for (unsigned t = 0; t < OC_COCO_IOUS; t++) {
        const uint16_t bit = (uint16_t)(1u << t);
        for (size_t i = 0; i < n_d; i++) {
            const double *row = s->overlap + i * n_g;
            size_t        k = best_truth(s, row, n_g, t);
            double        a = s->d[i]->area;
            if (k != SIZE_MAX) {
                s->g_taken[k] |= bit;
                out[i].matched |= s->g[k]->id != 0 ? bit : 0; /* id 0 reads as "nobody" */
                out[i].ignored |= s->g_ignore[k] ? bit : 0;
            }
            if (!(out[i].matched & bit) && (a < area_from[area] || a > area_to[area]))
                out[i].ignored |= bit;
        }
    }
}

static oc_status match_image(coco_matcher *s, size_t image, const oc_coco_object *g, size_t n_g,
                             const oc_coco_object *d, size_t n_d)
{
    oc_status st;
    if (n_g == 0 && n_d == 0)
        return OC_OK;
    if ((st = scratch_reserve(s, n_g, n_d)) != OC_OK || (st = sort_results(s, d, &n_d)) != OC_OK ||
        (st = verdicts_reserve(s, n_d)) != OC_OK)
        return st;
    for (size_t i = 0; i < n_d; i++)
        for (size_t k = 0; k < n_g; k++)
            s->overlap[i * n_g + k] = overlap_of(s->type, s->d[i], &g[k]);
    for (size_t a = 0; a < COCO_AREAS; a++)
        match_area(s, image, g, n_g, n_d, a);
    s->n += n_d;
    return OC_OK;
}

/* Objects of one category; those of an image come off the front as the images go by in order. */
typedef struct run {
    const oc_coco_object *at, *end;
} run;

static run run_of(const oc_coco_set *s, int64_t category)
{
    size_t low = 0, high = s->n_objects, end;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (s->objects[mid].category < category)
            low = mid + 1;
        else
            high = mid;
    }
    for (end = low; end < s->n_objects && s->objects[end].category == category; end++)
        ;
    return s->objects ? (run){s->objects + low, s->objects + end} : (run){0};
}

static run run_take(run *r, int64_t image)
{
    while (r->at < r->end && r->at->image < image) /* of images the truth does not list */
        r->at++;
    run out = {r->at, r->at};
    while (r->at < r->end && r->at->image == image)
        r->at++;
    out.end = r->at;
    return out;
}

oc_status coco_match_category(coco_matcher *s, int64_t category)
{
    oc_status st = OC_OK;
    run       gt = run_of(s->gt, category), dt = run_of(s->dt, category);
    s->n = 0;
    memset(s->n_gt, 0, sizeof(s->n_gt));
    for (size_t i = 0; i < s->gt->n_images && st == OC_OK; i++) {
        run g = run_take(&gt, s->gt->images[i].id), d = run_take(&dt, s->gt->images[i].id);
        st = match_image(s, i, g.at, (size_t)(g.end - g.at), d.at, (size_t)(d.end - d.at));
    }
    return st;
}

void coco_matcher_init(coco_matcher *s, const oc_coco_set *gt, const oc_coco_set *dt,
                       oc_coco_type type, oc_error *err)
{
    *s = (coco_matcher){.gt = gt,
                        .dt = dt,
                        .type = type,
                        .err = err,
                        .dets_max = type == OC_COCO_KEYPOINTS ? POINT_DETS_MAX : DETS_MAX};
}

void coco_matcher_finish(coco_matcher *s)
{
    for (size_t a = 0; a < COCO_AREAS; a++)
        free(s->verdict[a]);
    free(s->g);
    free(s->d);
    free(s->order);
    free(s->overlap);
    free(s->g_ignore);
    free(s->g_taken);
}
