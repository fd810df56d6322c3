#include "eval/voc.h"

#include <math.h>
#include <stdlib.h>

typedef struct ranked {
    double score;
    size_t at;
} ranked;

static int best_first(const void *a, const void *b)
{
    const ranked *x = a, *y = b;
    if (x->score != y->score)
        return x->score > y->score ? -1 : 1;
    return x->at < y->at ? -1 : x->at > y->at;
}

static int before(const oc_coco_object *o, int64_t category, int64_t image)
{
    return o->category < category || (o->category == category && o->image < image);
}

/* The first object of a category and image, or where it would be. */
static size_t find(const oc_coco_set *s, int64_t category, int64_t image)
{
    size_t low = 0, high = s->n_objects;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (before(&s->objects[mid], category, image))
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static double overlap(const double *a, const double *b)
{
    double w = fmin(a[0] + a[2], b[0] + b[2]) - fmax(a[0], b[0]);
    double h = fmin(a[1] + a[3], b[1] + b[3]) - fmax(a[1], b[1]);
    return w > 0 && h > 0 ? w * h / (a[2] * a[3] + b[2] * b[3] - w * h) : 0;
}

typedef enum verdict { WRONG, RIGHT, NEITHER } verdict;

/* The truth it overlaps most decides, taken or not. */
static verdict judge(const oc_coco_set *gt, const oc_coco_object *d, double iou, bool *taken)
{
    size_t best = SIZE_MAX;
    double most = -1;
    for (size_t k = find(gt, d->category, d->image);
         k < gt->n_objects && gt->objects[k].category == d->category &&
         gt->objects[k].image == d->image;
         k++) {
        double v = overlap(d->box, gt->objects[k].box);
        if (v > most) {
            most = v;
            best = k;
        }
    }
    if (best == SIZE_MAX || !(most >= iou))
        return WRONG;
    if (gt->objects[best].ignore)
        return NEITHER;
    if (taken[best])
        return WRONG;
    taken[best] = true;
    return RIGHT;
}

/* rc, pr: recall and precision after each of n results. */
static void summarise(double *rc, double *pr, size_t n, oc_voc_class *c)
{
    c->recall = n ? rc[n - 1] : 0;
    c->precision = n ? pr[n - 1] : 0;
    for (size_t i = n; i-- > 1;)
        pr[i - 1] = fmax(pr[i - 1], pr[i]);
    c->ap = c->ap_11 = 0;
    for (size_t i = 0; i < n; i++)
        c->ap += (rc[i] - (i ? rc[i - 1] : 0)) * pr[i];
    for (size_t k = 0, i = 0; k <= 10; k++) {
        while (i < n && rc[i] < (double)k * 0.1)
            i++;
        c->ap_11 += (i < n ? pr[i] : 0) / 11;
    }
}

static oc_status score_class(const oc_coco_set *gt, const oc_coco_set *dt, int64_t category,
                             double iou, bool *taken, oc_voc_class *c, oc_error *err)
{
    size_t begin = find(dt, category, INT64_MIN), end = begin, tp = 0, fp = 0;
    *c = (oc_voc_class){.ap = -1, .ap_11 = -1, .recall = -1, .precision = -1};
    while (end < dt->n_objects && dt->objects[end].category == category)
        end++;
    c->n_results = end - begin;
    for (size_t k = find(gt, category, INT64_MIN);
         k < gt->n_objects && gt->objects[k].category == category; k++)
        c->n_truth += !gt->objects[k].ignore;
    if (c->n_truth == 0)
        return OC_OK;
    ranked *order = calloc(c->n_results + 1, sizeof(*order));
    double *rc = calloc(c->n_results + 1, sizeof(*rc)), *pr = calloc(c->n_results + 1, sizeof(*pr));
    if (!order || !rc || !pr) {
        free(order);
        free(rc);
        free(pr);
        return OC_FAIL(err, OC_NOMEM, "%zu results", c->n_results);
    }
    for (size_t i = 0; i < c->n_results; i++)
        order[i] = (ranked){dt->objects[begin + i].score, i};
    if (c->n_results)
        qsort(order, c->n_results, sizeof(*order), best_first);
    for (size_t i = 0; i < c->n_results; i++) {
        verdict v = judge(gt, &dt->objects[begin + order[i].at], iou, taken);
        tp += v == RIGHT;
        fp += v == WRONG;
        rc[i] = (double)tp / (double)c->n_truth;
        pr[i] = tp + fp ? (double)tp / (double)(tp + fp) : 0;
    }
    summarise(rc, pr, c->n_results, c);
    free(order);
    free(rc);
    free(pr);
    return OC_OK;
}

oc_status oc_voc_score(const oc_coco_set *truth, const oc_coco_set *results, double iou,
                       oc_voc_class *out, oc_error *err)
{
    bool     *taken = calloc(truth->n_objects + 1, sizeof(*taken));
    oc_status st = taken ? OC_OK : OC_FAIL(err, OC_NOMEM, "%zu truths", truth->n_objects);
    for (size_t k = 0; k < truth->n_categories && st == OC_OK; k++)
        st = score_class(truth, results, truth->categories[k].id, iou, taken, &out[k], err);
    free(taken);
    return st;
}
