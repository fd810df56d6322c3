#include "eval/kitti.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* What a truth or result is at one class and level. */
typedef enum part { COUNTS, IGNORED, FOREIGN } part;

typedef struct scorer {
    oc_kitti_type cls;
    size_t        level;
    part         *truth, *result; /* of one image */
    bool         *taken;          /* results of one image */
    double       *score;          /* distinct ones of one image, falling */
} scorer;

typedef struct hit { /* a result that found a truth */
    double   score;
    uint32_t image;
} hit;

/* From this score on an image has so many more right and wrong ones. */
typedef struct change {
    double   score;
    uint32_t image;
    int32_t  tp, fp;
    double   similarity; /* of the right ones' angles, summed */
} change;

struct oc_kitti_record {
    hit      *hits; /* by score, falling */
    change   *changes;
    size_t    n_hits, n_changes, n_images;
    uint32_t *truths; /* of each image, that count */
    bool      angles; /* every result tells its angle */
};

static const double min_overlap[OC_KITTI_CLASSES] = {.7, .5, .5};
static const double min_height[OC_KITTI_LEVELS] = {40, 25, 25};
static const double max_truncation[OC_KITTI_LEVELS] = {.15, .3, .5};

const char *oc_kitti_class_name(size_t i)
{
    static const char *const names[] = {"car", "pedestrian", "cyclist"};
    return names[i];
}

const char *oc_kitti_level_name(size_t i)
{
    static const char *const names[] = {"easy", "moderate", "hard"};
    return names[i];
}

static double shared_area(const double *a, const double *b)
{
    double w = fmin(a[2], b[2]) - fmax(a[0], b[0]), h = fmin(a[3], b[3]) - fmax(a[1], b[1]);
    return w <= 0 || h <= 0 ? 0 : w * h;
}

static double area(const double *a)
{
    return (a[2] - a[0]) * (a[3] - a[1]);
}

static double overlap(const double *a, const double *b)
{
    double both = shared_area(a, b);
    return both > 0 ? both / (area(a) + area(b) - both) : 0;
}

static part part_of_truth(const scorer *s, const oc_kitti_object *o)
{
    bool neighbour = (s->cls == OC_KITTI_CAR && o->type == OC_KITTI_VAN) ||
                     (s->cls == OC_KITTI_PEDESTRIAN && o->type == OC_KITTI_PERSON_SITTING);
    bool hard = o->occlusion > (int32_t)s->level || o->truncation > max_truncation[s->level] ||
                o->box[3] - o->box[1] < min_height[s->level];
    if (o->type == s->cls)
        return hard ? IGNORED : COUNTS;
    return neighbour ? IGNORED : FOREIGN;
}

/* Small ones are ignored whatever their class: they may still take a truth, as in the kit. */
static part part_of_result(const scorer *s, const oc_kitti_object *o)
{
    if (floor(fabs(o->box[1] - o->box[3])) < min_height[s->level])
        return IGNORED;
    return o->type == s->cls ? COUNTS : FOREIGN;
}

static void sort_out(scorer *s, const oc_kitti_image *image)
{
    for (size_t i = 0; i < image->n_truth; i++)
        s->truth[i] = part_of_truth(s, &image->truth[i]);
    for (size_t j = 0; j < image->n_results; j++) {
        s->result[j] = part_of_result(s, &image->result[j]);
        s->taken[j] = false;
    }
}

/* The free result of the best score over a truth, or SIZE_MAX. */
static size_t best_scored(const scorer *s, const oc_kitti_image *image, const oc_kitti_object *g)
{
    size_t best = SIZE_MAX;
    for (size_t j = 0; j < image->n_results; j++) {
        const oc_kitti_object *d = &image->result[j];
        if (s->result[j] != FOREIGN && !s->taken[j] &&
            overlap(d->box, g->box) > min_overlap[s->cls] &&
            (best == SIZE_MAX || d->score > image->result[best].score))
            best = j;
    }
    return best;
}

/* The free result at or above the threshold that overlaps most; an ignored one only where no other
 * does, the first of them. */
static size_t best_placed(const scorer *s, const oc_kitti_image *image, const oc_kitti_object *g,
                          double threshold)
{
    size_t best = SIZE_MAX;
    double most = 0;
    for (size_t j = 0; j < image->n_results; j++) {
        const oc_kitti_object *d = &image->result[j];
        double                 v = overlap(d->box, g->box);
        if (s->result[j] == FOREIGN || s->taken[j] || d->score < threshold ||
            !(v > min_overlap[s->cls]))
            continue;
        bool only_ignored = best == SIZE_MAX || s->result[best] == IGNORED;
        if (s->result[j] == COUNTS && (only_ignored || v > most)) {
            best = j;
            most = v;
        } else if (s->result[j] == IGNORED && best == SIZE_MAX) {
            best = j;
        }
    }
    return best;
}

/* First look: the scores at which truths are found. */
static void collect_hits(scorer *s, const oc_kitti_image *image, uint32_t at, oc_kitti_record *r)
{
    sort_out(s, image);
    for (size_t i = 0; i < image->n_truth; i++) {
        r->truths[at] += s->truth[i] == COUNTS;
        if (s->truth[i] == FOREIGN)
            continue;
        size_t j = best_scored(s, image, &image->truth[i]);
        if (j == SIZE_MAX)
            continue;
        s->taken[j] = true;
        if (s->truth[i] == COUNTS && s->result[j] == COUNTS)
            r->hits[r->n_hits++] = (hit){image->result[j].score, at};
    }
}

/* Second look, at one threshold.  Results that lie in regions nobody labelled are not wrong. */
static change count_at(scorer *s, const oc_kitti_image *image, double threshold)
{
    change c = {.score = threshold};
    sort_out(s, image);
    for (size_t i = 0; i < image->n_truth; i++) {
        if (s->truth[i] == FOREIGN)
            continue;
        size_t j = best_placed(s, image, &image->truth[i], threshold);
        if (j == SIZE_MAX)
            continue;
        s->taken[j] = true;
        if (s->truth[i] == COUNTS && s->result[j] == COUNTS) {
            c.tp++;
            c.similarity += (1 + cos(image->truth[i].alpha - image->result[j].alpha)) / 2;
        }
    }
    for (size_t j = 0; j < image->n_results; j++) {
        const oc_kitti_object *d = &image->result[j];
        bool free_one = !s->taken[j] && s->result[j] == COUNTS && d->score >= threshold;
        for (size_t i = 0; i < image->n_truth && free_one; i++)
            if (image->truth[i].type == OC_KITTI_DONT_CARE &&
                shared_area(d->box, image->truth[i].box) / area(d->box) > min_overlap[s->cls])
                free_one = false;
        c.fp += free_one;
    }
    return c;
}

/* Of anything that begins with its score. */
static int best_first(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x > y ? -1 : x < y;
}

/* What an image adds changes at the scores of its results only. */
static void collect_changes(scorer *s, const oc_kitti_image *image, uint32_t at, oc_kitti_record *r)
{
    change before = {.score = 0};
    for (size_t j = 0; j < image->n_results; j++)
        s->score[j] = image->result[j].score;
    if (image->n_results)
        qsort(s->score, image->n_results, sizeof(*s->score), best_first);
    for (size_t j = 0; j < image->n_results; j++) {
        if (j && s->score[j] == s->score[j - 1])
            continue;
        change now = count_at(s, image, s->score[j]);
        if (now.tp != before.tp || now.fp != before.fp || now.similarity != before.similarity)
            r->changes[r->n_changes++] =
                (change){now.score, at, now.tp - before.tp, now.fp - before.fp,
                         now.similarity - before.similarity};
        before = now;
    }
}

static double times(const uint32_t *weight, uint32_t image)
{
    return weight ? weight[image] : 1;
}

/* The scores that come nearest to recalls 0, 1/40, ... */
static size_t choose_thresholds(const oc_kitti_record *r, const uint32_t *weight, double n_truth,
                                double threshold[OC_KITTI_POINTS])
{
    double recall = 0, all = 0, at = 0;
    size_t n = 0;
    for (size_t i = 0; i < r->n_hits; i++)
        all += times(weight, r->hits[i].image);
    for (size_t i = 0; i < r->n_hits; i++) {
        double again = times(weight, r->hits[i].image);
        for (; again > 0 && n < OC_KITTI_POINTS; again--) {
            bool   last = ++at == all;
            double left = at / n_truth, right = last ? left : (at + 1) / n_truth;
            if (right - recall < recall - left && !last)
                continue;
            threshold[n++] = r->hits[i].score;
            recall += 1.0 / (OC_KITTI_POINTS - 1.0);
        }
    }
    return n;
}

/* Made monotone; gives the means over 40 and over 11 of the points. */
static void close_curve(double *value, size_t n, double *mean, double *mean_11)
{
    for (size_t t = n; t-- > 1;)
        value[t - 1] = fmax(value[t - 1], value[t]);
    *mean = *mean_11 = 0;
    for (size_t t = 0; t < OC_KITTI_POINTS; t++) {
        *mean += t ? value[t] / (OC_KITTI_POINTS - 1) : 0;
        *mean_11 += t % 4 == 0 ? value[t] / 11 : 0;
    }
}

static bool has_angles(const oc_kitti_set *set)
{
    for (size_t i = 0; i < set->n; i++)
        for (size_t j = 0; j < set->image[i].n_results; j++)
            if (set->image[i].result[j].alpha == -10)
                return false;
    return true;
}

void oc_kitti_record_curve(const oc_kitti_record *r, const uint32_t *weight, oc_kitti_curve *c)
{
    double threshold[OC_KITTI_POINTS], n_truth = 0, tp = 0, fp = 0, similarity = 0;
    for (uint32_t i = 0; i < r->n_images; i++)
        n_truth += r->truths[i] * times(weight, i);
    *c = (oc_kitti_curve){
        .n_truth = (size_t)n_truth, .ap = -1, .ap_11 = -1, .aos = -1, .aos_11 = -1};
    if (!(n_truth > 0))
        return;
    size_t n = choose_thresholds(r, weight, n_truth, threshold);
    for (size_t t = 0, k = 0; t < n; t++) {
        for (; k < r->n_changes && r->changes[k].score >= threshold[t]; k++) {
            double w = times(weight, r->changes[k].image);
            tp += w * r->changes[k].tp;
            fp += w * r->changes[k].fp;
            similarity += w * r->changes[k].similarity;
        }
        c->precision[t] = tp + fp > 0 ? tp / (tp + fp) : 0;
        c->orientation[t] = tp + fp > 0 && r->angles ? similarity / (tp + fp) : 0;
    }
    close_curve(c->precision, n, &c->ap, &c->ap_11);
    if (r->angles)
        close_curve(c->orientation, n, &c->aos, &c->aos_11);
}

void oc_kitti_record_counts(const oc_kitti_record *r, uint32_t *truths, int64_t *right,
                            int64_t *wrong)
{
    for (size_t i = 0; i < r->n_images; i++)
        truths[i] += r->truths[i];
    for (size_t k = 0; k < r->n_changes; k++) {
        right[r->changes[k].image] += r->changes[k].tp;
        wrong[r->changes[k].image] += r->changes[k].fp;
    }
}

void oc_kitti_record_free(oc_kitti_record *r)
{
    if (!r)
        return;
    free(r->hits);
    free(r->changes);
    free(r->truths);
    free(r);
}

static void scorer_finish(scorer *s)
{
    free(s->truth);
    free(s->result);
    free(s->taken);
    free(s->score);
}

oc_status oc_kitti_record_make(const oc_kitti_set *set, size_t cls, size_t level,
                               oc_kitti_record **out, oc_error *err)
{
    size_t truths = 0, results = 0, all = 0, any = 0;
    for (size_t i = 0; i < set->n; i++) {
        truths = set->image[i].n_truth > truths ? set->image[i].n_truth : truths;
        results = set->image[i].n_results > results ? set->image[i].n_results : results;
        all += set->image[i].n_truth;
        any += set->image[i].n_results;
    }
    scorer           s = {.cls = (oc_kitti_type)cls,
                          .level = level,
                          .truth = calloc(truths + 1, sizeof(*s.truth)),
                          .result = calloc(results + 1, sizeof(*s.result)),
                          .taken = calloc(results + 1, sizeof(*s.taken)),
                          .score = calloc(results + 1, sizeof(*s.score))};
    oc_kitti_record *r = calloc(1, sizeof(*r));
    if (r) {
        r->hits = calloc(all + 1, sizeof(*r->hits));
        r->changes = calloc(any + 1, sizeof(*r->changes));
        r->truths = calloc(set->n + 1, sizeof(*r->truths));
        r->n_images = set->n;
        r->angles = has_angles(set);
    }
    bool ok = s.truth && s.result && s.taken && s.score && r && r->hits && r->changes && r->truths;
    for (uint32_t i = 0; i < set->n && ok; i++) {
        collect_hits(&s, &set->image[i], i, r);
        collect_changes(&s, &set->image[i], i, r);
    }
    if (ok && r->n_hits)
        qsort(r->hits, r->n_hits, sizeof(*r->hits), best_first);
    if (ok && r->n_changes)
        qsort(r->changes, r->n_changes, sizeof(*r->changes), best_first);
    scorer_finish(&s);
    *out = ok ? r : NULL;
    if (!ok)
        oc_kitti_record_free(r);
    return ok ? OC_OK : OC_FAIL(err, OC_NOMEM, "%zu truths", all);
}

oc_status oc_kitti_score(const oc_kitti_set *set,
                         oc_kitti_curve out[OC_KITTI_CLASSES][OC_KITTI_LEVELS], oc_error *err)
{
    oc_status st = OC_OK;
    for (size_t k = 0; k < OC_KITTI_CLASSES * OC_KITTI_LEVELS && st == OC_OK; k++) {
        oc_kitti_record *r = NULL;
        st = oc_kitti_record_make(set, k / OC_KITTI_LEVELS, k % OC_KITTI_LEVELS, &r, err);
        if (st == OC_OK)
            oc_kitti_record_curve(r, NULL, &out[k / OC_KITTI_LEVELS][k % OC_KITTI_LEVELS]);
        oc_kitti_record_free(r);
    }
    return st;
}
