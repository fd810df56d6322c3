#include "eval/voc.h"

#include <math.h>
#include <stdlib.h>

static int best_first(const void *a, const void *b)
{
    const oc_voc_found *x = a, *y = b;
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

/* The truth it overlaps most decides, taken or not.  taken: of truths from `first` on. */
static oc_voc_verdict judge(const oc_coco_set *gt, const oc_coco_object *d, double iou,
                            size_t first, bool *taken)
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
        return OC_VOC_WRONG;
    if (gt->objects[best].ignore)
        return OC_VOC_NEITHER;
    if (taken[best - first])
        return OC_VOC_WRONG;
    taken[best - first] = true;
    return OC_VOC_RIGHT;
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

oc_status oc_voc_judge(const oc_coco_set *truth, const oc_coco_set *results, int64_t category,
                       double iou, oc_voc_found **out, size_t *n, oc_error *err)
{
    size_t begin = find(results, category, INT64_MIN), end = begin;
    size_t first = find(truth, category, INT64_MIN), last = first;
    while (end < results->n_objects && results->objects[end].category == category)
        end++;
    while (last < truth->n_objects && truth->objects[last].category == category)
        last++;
    oc_voc_found *f = calloc(end - begin + 1, sizeof(*f));
    bool         *taken = calloc(last - first + 1, sizeof(*taken));
    if (!f || !taken) {
        free(f);
        free(taken);
        return OC_FAIL(err, OC_NOMEM, "%zu results", end - begin);
    }
    for (size_t i = begin; i < end; i++)
        f[i - begin] = (oc_voc_found){.score = results->objects[i].score, .at = i};
    if (end > begin)
        qsort(f, end - begin, sizeof(*f), best_first);
    for (size_t i = 0; i < end - begin; i++)
        f[i].verdict = judge(truth, &results->objects[f[i].at], iou, first, taken);
    free(taken);
    *out = f;
    *n = end - begin;
    return OC_OK;
}

void oc_voc_curve(const oc_voc_found *found, size_t n, const uint32_t *weight, double n_truth,
                  double *scratch, oc_voc_class *c)
{
    double *rc = scratch, *pr = scratch + n, tp = 0, fp = 0;
    for (size_t i = 0; i < n; i++) {
        double w = weight ? weight[found[i].image] : 1;
        tp += found[i].verdict == OC_VOC_RIGHT ? w : 0;
        fp += found[i].verdict == OC_VOC_WRONG ? w : 0;
        rc[i] = tp / n_truth;
        pr[i] = tp + fp > 0 ? tp / (tp + fp) : 0;
    }
    summarise(rc, pr, n, c);
}

static oc_status score_class(const oc_coco_set *gt, const oc_coco_set *dt, int64_t category,
                             double iou, oc_voc_class *c, oc_error *err)
{
    oc_voc_found *found = NULL;
    *c = (oc_voc_class){.ap = -1, .ap_11 = -1, .recall = -1, .precision = -1};
    for (size_t k = find(gt, category, INT64_MIN);
         k < gt->n_objects && gt->objects[k].category == category; k++)
        c->n_truth += !gt->objects[k].ignore;
    oc_status st = oc_voc_judge(gt, dt, category, iou, &found, &c->n_results, err);
    double   *scratch = calloc(2 * c->n_results + 1, sizeof(*scratch));
    if (st == OC_OK && !scratch)
        st = OC_FAIL(err, OC_NOMEM, "%zu results", c->n_results);
    if (st == OC_OK && c->n_truth)
        oc_voc_curve(found, c->n_results, NULL, (double)c->n_truth, scratch, c);
    free(scratch);
    free(found);
    return st;
}

oc_status oc_voc_score(const oc_coco_set *truth, const oc_coco_set *results, double iou,
                       oc_voc_class *out, oc_error *err)
{
    oc_status st = OC_OK;
    for (size_t k = 0; k < truth->n_categories && st == OC_OK; k++)
        st = score_class(truth, results, truth->categories[k].id, iou, &out[k], err);
    return st;
}
