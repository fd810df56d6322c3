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
    double       *score;          /* of the results that found a truth, over all images */
    size_t        n_scores;
    double        threshold[OC_KITTI_POINTS];
    size_t        n_thresholds;
    size_t        tp[OC_KITTI_POINTS], fp[OC_KITTI_POINTS];
    double        similarity[OC_KITTI_POINTS]; /* of the right ones' angles, summed */
    bool          angles;                      /* every result tells its angle */
    size_t        n_truth;
} scorer;

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
static void collect_scores(scorer *s, const oc_kitti_image *image)
{
    sort_out(s, image);
    for (size_t i = 0; i < image->n_truth; i++) {
        s->n_truth += s->truth[i] == COUNTS;
        if (s->truth[i] == FOREIGN)
            continue;
        size_t j = best_scored(s, image, &image->truth[i]);
        if (j == SIZE_MAX)
            continue;
        s->taken[j] = true;
        if (s->truth[i] == COUNTS && s->result[j] == COUNTS)
            s->score[s->n_scores++] = image->result[j].score;
    }
}

static int best_first(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x > y ? -1 : x < y;
}

/* The scores that come nearest to recalls 0, 1/40, ... */
static void choose_thresholds(scorer *s)
{
    double recall = 0;
    if (s->n_scores)
        qsort(s->score, s->n_scores, sizeof(*s->score), best_first);
    for (size_t i = 0; i < s->n_scores && s->n_thresholds < OC_KITTI_POINTS; i++) {
        bool   last = i + 1 == s->n_scores;
        double left = (double)(i + 1) / (double)s->n_truth;
        double right = last ? left : (double)(i + 2) / (double)s->n_truth;
        if (right - recall < recall - left && !last)
            continue;
        s->threshold[s->n_thresholds++] = s->score[i];
        recall += 1.0 / (OC_KITTI_POINTS - 1.0);
    }
}

/* Second look, at one threshold.  Results that lie in regions nobody labelled are not wrong. */
static void count_at(scorer *s, const oc_kitti_image *image, size_t t)
{
    sort_out(s, image);
    for (size_t i = 0; i < image->n_truth; i++) {
        if (s->truth[i] == FOREIGN)
            continue;
        size_t j = best_placed(s, image, &image->truth[i], s->threshold[t]);
        if (j == SIZE_MAX)
            continue;
        s->taken[j] = true;
        if (s->truth[i] == COUNTS && s->result[j] == COUNTS) {
            s->tp[t]++;
            s->similarity[t] += (1 + cos(image->truth[i].alpha - image->result[j].alpha)) / 2;
        }
    }
    for (size_t j = 0; j < image->n_results; j++) {
        const oc_kitti_object *d = &image->result[j];
        bool free_one = !s->taken[j] && s->result[j] == COUNTS && d->score >= s->threshold[t];
        for (size_t i = 0; i < image->n_truth && free_one; i++)
            if (image->truth[i].type == OC_KITTI_DONT_CARE &&
                shared_area(d->box, image->truth[i].box) / area(d->box) > min_overlap[s->cls])
                free_one = false;
        s->fp[t] += free_one;
    }
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

static void read_off(const scorer *s, oc_kitti_curve *c)
{
    *c = (oc_kitti_curve){.n_truth = s->n_truth, .ap = -1, .ap_11 = -1, .aos = -1, .aos_11 = -1};
    if (s->n_truth == 0)
        return;
    for (size_t t = 0; t < s->n_thresholds; t++) {
        double all = (double)(s->tp[t] + s->fp[t]);
        c->precision[t] = all > 0 ? (double)s->tp[t] / all : 0;
        c->orientation[t] = all > 0 && s->angles ? s->similarity[t] / all : 0;
    }
    close_curve(c->precision, s->n_thresholds, &c->ap, &c->ap_11);
    if (s->angles)
        close_curve(c->orientation, s->n_thresholds, &c->aos, &c->aos_11);
}

static bool has_angles(const oc_kitti_set *set)
{
    for (size_t i = 0; i < set->n; i++)
        for (size_t j = 0; j < set->image[i].n_results; j++)
            if (set->image[i].result[j].alpha == -10)
                return false;
    return true;
}

static void score_class(scorer *s, const oc_kitti_set *set, oc_kitti_curve *c)
{
    s->n_scores = s->n_thresholds = s->n_truth = 0;
    memset(s->tp, 0, sizeof(s->tp));
    memset(s->fp, 0, sizeof(s->fp));
    memset(s->similarity, 0, sizeof(s->similarity));
    for (size_t i = 0; i < set->n; i++)
        collect_scores(s, &set->image[i]);
    choose_thresholds(s);
    for (size_t i = 0; i < set->n; i++)
        for (size_t t = 0; t < s->n_thresholds; t++)
            count_at(s, &set->image[i], t);
    read_off(s, c);
}

oc_status oc_kitti_score(const oc_kitti_set *set,
                         oc_kitti_curve out[OC_KITTI_CLASSES][OC_KITTI_LEVELS], oc_error *err)
{
    scorer s = {.angles = has_angles(set)};
    size_t truths = 0, results = 0, all = 0;
    for (size_t i = 0; i < set->n; i++) {
        truths = set->image[i].n_truth > truths ? set->image[i].n_truth : truths;
        results = set->image[i].n_results > results ? set->image[i].n_results : results;
        all += set->image[i].n_truth;
    }
    s.truth = calloc(truths + 1, sizeof(*s.truth));
    s.result = calloc(results + 1, sizeof(*s.result));
    s.taken = calloc(results + 1, sizeof(*s.taken));
    s.score = calloc(all + 1, sizeof(*s.score));
    bool ok = s.truth && s.result && s.taken && s.score;
    for (size_t c = 0; c < OC_KITTI_CLASSES && ok; c++) {
        for (size_t l = 0; l < OC_KITTI_LEVELS; l++) {
            s.cls = (oc_kitti_type)c;
            s.level = l;
            score_class(&s, set, &out[c][l]);
        }
    }
    free(s.truth);
    free(s.result);
    free(s.taken);
    free(s.score);
    return ok ? OC_OK : OC_FAIL(err, OC_NOMEM, "%zu truths", all);
}
