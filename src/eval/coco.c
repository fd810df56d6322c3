/* Matching per image and category, precision over recall per category, and the means of both. */
#include "eval/coco.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define AREAS 4 /* all, small, medium, large */
#define DETS_MAX 100
#define POINT_DETS_MAX 20

/* What is known of one detection at one area range, bit t for threshold t. */
typedef struct verdict {
    double   score;
    uint16_t matched, ignored;
    uint16_t rank; /* among its image's detections of the category */
} verdict;

typedef struct scorer {
    const oc_coco_set *gt, *dt;
    oc_coco_type       type;
    size_t             dets_max;
    /* of one category at all areas: [AREAS][n], the images in ascending order */
    verdict *verdict[AREAS];
    size_t   n, cap;
    size_t   n_gt[AREAS]; /* that count */
    /* scratch of one image */
    const oc_coco_object **g, **d;
    size_t                *order;
    double                *overlap; /* [d][g] */
    size_t                 g_cap, d_cap;
    bool                  *g_ignore;
    uint16_t              *g_taken; /* bit t: matched at threshold t */
    oc_error              *err;
} scorer;

static const double area_from[AREAS] = {0, 0, 32 * 32, 96 * 96};
static const double area_to[AREAS] = {1e10, 32 * 32, 96 * 96, 1e10};

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

static oc_status scratch_reserve(scorer *s, size_t n_g, size_t n_d)
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

static oc_status verdicts_reserve(scorer *s, size_t more)
{
    if (s->n + more <= s->cap)
        return OC_OK;
    size_t cap = (s->n + more) * 2;
    for (size_t a = 0; a < AREAS; a++) {
        verdict *p = reallocarray(s->verdict[a], cap, sizeof(*p));
        if (!p)
            return OC_FAIL(s->err, OC_NOMEM, "%zu results", cap);
        s->verdict[a] = p;
    }
    s->cap = cap;
    return OC_OK;
}

/* Best first; among equals, the file's order. */
typedef struct scored {
    double score;
    size_t at;
} scored;

static int best_first(const void *a, const void *b)
{
    const scored *x = a, *y = b;
    if (x->score != y->score)
        return x->score > y->score ? -1 : 1;
    return x->at < y->at ? -1 : x->at > y->at;
}

static oc_status sort_results(scorer *s, const oc_coco_object *d, size_t *n)
{
    scored *order = calloc(*n + 1, sizeof(*order));
    if (!order)
        return OC_FAIL(s->err, OC_NOMEM, "%zu results", *n);
    for (size_t i = 0; i < *n; i++)
        order[i] = (scored){d[i].score, i};
    if (*n)
        qsort(order, *n, sizeof(*order), best_first);
    if (*n > s->dets_max)
        *n = s->dets_max;
    for (size_t i = 0; i < *n; i++)
        s->d[i] = &d[order[i].at];
    free(order);
    return OC_OK;
}

/* Truths that count first, each group in the file's order. */
static void sort_truths(scorer *s, const oc_coco_object *g, size_t n, size_t area)
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
static size_t best_truth(const scorer *s, const double *overlap, size_t n_g, unsigned t)
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

static void match_area(scorer *s, const oc_coco_object *g, size_t n_g, size_t n_d, size_t area)
{
    verdict *out = s->verdict[area] + s->n;
    sort_truths(s, g, n_g, area);
    for (size_t i = 0; i < n_d; i++)
        out[i] = (verdict){.score = s->d[i]->score, .rank = (uint16_t)i};
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

static oc_status match_image(scorer *s, const oc_coco_object *g, size_t n_g,
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
    for (size_t a = 0; a < AREAS; a++)
        match_area(s, g, n_g, n_d, a);
    s->n += n_d;
    return OC_OK;
}

/* ---- per category ---- */

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

static oc_status match_category(scorer *s, int64_t category)
{
    oc_status st = OC_OK;
    run       gt = run_of(s->gt, category), dt = run_of(s->dt, category);
    s->n = 0;
    memset(s->n_gt, 0, sizeof(s->n_gt));
    for (size_t i = 0; i < s->gt->n_images && st == OC_OK; i++) {
        run g = run_take(&gt, s->gt->images[i].id), d = run_take(&dt, s->gt->images[i].id);
        st = match_image(s, g.at, (size_t)(g.end - g.at), d.at, (size_t)(d.end - d.at));
    }
    return st;
}

typedef struct curve {
    double precision[OC_COCO_IOUS][OC_COCO_RECALLS];
    double recall[OC_COCO_IOUS];
} curve;

/* One threshold: counts along the ranking, precision made monotone, read off at 101 recalls. */
static void trace(const verdict *v, const scored *order, size_t n, size_t n_gt, unsigned t,
                  double *rc, double *pr, curve *c)
{
    double tp = 0, fp = 0;
    for (size_t i = 0; i < n; i++) {
        const verdict *d = &v[order[i].at];
        bool           counts = !(d->ignored >> t & 1), hit = d->matched >> t & 1;
        tp += counts && hit;
        fp += counts && !hit;
        rc[i] = tp / (double)n_gt;
        pr[i] = tp / (fp + tp + DBL_EPSILON);
    }
    c->recall[t] = n ? rc[n - 1] : 0;
    for (size_t i = n; i-- > 1;)
        if (pr[i] > pr[i - 1])
            pr[i - 1] = pr[i];
    size_t at = 0;
    for (size_t k = 0; k < OC_COCO_RECALLS; k++) {
        /* linspace(0, 1, 101) as NumPy computes it */
        double want = k + 1 == OC_COCO_RECALLS ? 1.0 : (double)k * 0.01;
        while (at < n && rc[at] < want)
            at++;
        c->precision[t][k] = at < n ? pr[at] : 0;
    }
}

/* All thresholds at one area range, at most `per_image` results of an image.  False: nothing to
 * find, and so no figure. */
static oc_status category_curve(scorer *s, size_t area, size_t per_image, curve *c, bool *defined)
{
    const verdict *v = s->verdict[area];
    size_t         n = 0;
    *defined = s->n_gt[area] > 0;
    if (!*defined)
        return OC_OK;
    scored *order = calloc(s->n + 1, sizeof(*order));
    double *rc = calloc(s->n + 1, sizeof(*rc)), *pr = calloc(s->n + 1, sizeof(*pr));
    if (!order || !rc || !pr) {
        free(order);
        free(rc);
        free(pr);
        return OC_FAIL(s->err, OC_NOMEM, "%zu results", s->n);
    }
    for (size_t i = 0; i < s->n; i++)
        if (v[i].rank < per_image)
            order[n++] = (scored){v[i].score, i};
    if (n)
        qsort(order, n, sizeof(*order), best_first);
    for (unsigned t = 0; t < OC_COCO_IOUS; t++)
        trace(v, order, n, s->n_gt[area], t, rc, pr, c);
    free(order);
    free(rc);
    free(pr);
    return OC_OK;
}

/* ---- means ---- */

typedef struct mean {
    double sum, n;
} mean;

static double mean_of(const mean *m)
{
    return m->n > 0 ? m->sum / m->n : -1;
}

typedef struct means {
    mean ap[AREAS], ap50, ap75, ar[AREAS], ar1, ar10, ar50, ar75;
} means;

static void add_precision(const curve *c, mean *all, mean *at50, mean *at75)
{
    for (unsigned t = 0; t < OC_COCO_IOUS; t++) {
        for (size_t k = 0; k < OC_COCO_RECALLS; k++) {
            double p = c->precision[t][k];
            all->sum += p;
            all->n += 1;
            if (at50 && t == 0)
                *at50 = (mean){at50->sum + p, at50->n + 1};
            if (at75 && t == 5)
                *at75 = (mean){at75->sum + p, at75->n + 1};
        }
    }
}

static void add_recall(const curve *c, mean *m)
{
    for (unsigned t = 0; t < OC_COCO_IOUS; t++)
        *m = (mean){m->sum + c->recall[t], m->n + 1};
}

static oc_status add_category(scorer *s, means *m, size_t k, oc_coco_scores *out, curve *c)
{
    oc_status st;
    bool      defined;
    for (size_t a = 0; a < AREAS; a++) {
        if ((st = category_curve(s, a, s->dets_max, c, &defined)) != OC_OK)
            return st;
        if (!defined)
            continue;
        mean one = {0}, one50 = {0}, one75 = {0};
        add_precision(c, &one, &one50, &one75);
        m->ap[a] = (mean){m->ap[a].sum + one.sum, m->ap[a].n + one.n};
        add_recall(c, &m->ar[a]);
        if (a != 0)
            continue;
        m->ap50 = (mean){m->ap50.sum + one50.sum, m->ap50.n + one50.n};
        m->ap75 = (mean){m->ap75.sum + one75.sum, m->ap75.n + one75.n};
        m->ar50 = (mean){m->ar50.sum + c->recall[0], m->ar50.n + 1};
        m->ar75 = (mean){m->ar75.sum + c->recall[5], m->ar75.n + 1};
        out->category_ap[k] = mean_of(&one);
        out->category_ap50[k] = mean_of(&one50);
        memcpy(out->precision + k * OC_COCO_IOUS * OC_COCO_RECALLS, c->precision,
               sizeof(c->precision));
    }
    if ((st = category_curve(s, 0, 1, c, &defined)) != OC_OK || !defined)
        return st;
    add_recall(c, &m->ar1);
    if ((st = category_curve(s, 0, 10, c, &defined)) == OC_OK)
        add_recall(c, &m->ar10);
    return st;
}

static void fill_scores(const means *m, oc_coco_scores *out)
{
    out->ap = mean_of(&m->ap[0]);
    out->ap50 = mean_of(&m->ap50);
    out->ap75 = mean_of(&m->ap75);
    out->ap_small = mean_of(&m->ap[1]);
    out->ap_medium = mean_of(&m->ap[2]);
    out->ap_large = mean_of(&m->ap[3]);
    out->ar1 = mean_of(&m->ar1);
    out->ar10 = mean_of(&m->ar10);
    out->ar100 = mean_of(&m->ar[0]);
    out->ar_small = mean_of(&m->ar[1]);
    out->ar_medium = mean_of(&m->ar[2]);
    out->ar_large = mean_of(&m->ar[3]);
    out->ar50 = mean_of(&m->ar50);
    out->ar75 = mean_of(&m->ar75);
}

static oc_status scores_reserve(size_t n, oc_coco_scores *out, oc_error *err)
{
    *out = (oc_coco_scores){0};
    out->category_ap = calloc(n + 1, sizeof(double));
    out->category_ap50 = calloc(n + 1, sizeof(double));
    out->precision = calloc(n + 1, OC_COCO_IOUS * OC_COCO_RECALLS * sizeof(double));
    if (!out->category_ap || !out->category_ap50 || !out->precision)
        return OC_FAIL(err, OC_NOMEM, "%zu categories", n);
    for (size_t i = 0; i < n; i++)
        out->category_ap[i] = out->category_ap50[i] = -1;
    for (size_t i = 0; i < n * OC_COCO_IOUS * OC_COCO_RECALLS; i++)
        out->precision[i] = -1;
    return OC_OK;
}

static void scorer_finish(scorer *s)
{
    for (size_t a = 0; a < AREAS; a++)
        free(s->verdict[a]);
    free(s->g);
    free(s->d);
    free(s->order);
    free(s->overlap);
    free(s->g_ignore);
    free(s->g_taken);
}

oc_status oc_coco_score(const oc_coco_set *truth, const oc_coco_set *results, oc_coco_type type,
                        oc_coco_scores *out, oc_error *err)
{
    scorer    s = {.gt = truth,
                   .dt = results,
                   .type = type,
                   .err = err,
                   .dets_max = type == OC_COCO_KEYPOINTS ? POINT_DETS_MAX : DETS_MAX};
    means     m = {0};
    curve    *c = calloc(1, sizeof(*c));
    oc_status st = scores_reserve(truth->n_categories, out, err);
    if (st == OC_OK && !c)
        st = OC_FAIL(err, OC_NOMEM, "curves");
    for (size_t k = 0; k < truth->n_categories && st == OC_OK; k++)
        if ((st = match_category(&s, truth->categories[k].id)) == OC_OK)
            st = add_category(&s, &m, k, out, c);
    if (st == OC_OK)
        fill_scores(&m, out);
    else
        oc_coco_scores_finish(out);
    scorer_finish(&s);
    free(c);
    return st;
}

void oc_coco_scores_finish(oc_coco_scores *scores)
{
    free(scores->category_ap);
    free(scores->category_ap50);
    free(scores->precision);
    *scores = (oc_coco_scores){0};
}
