/* Precision over recall per category, and the means of both. */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "eval/coco_match.h"

typedef struct curve {
    double precision[OC_COCO_IOUS][OC_COCO_RECALLS];
    double recall[OC_COCO_IOUS];
} curve;

/* One threshold: counts along the ranking, precision made monotone, read off at 101 recalls. */
static void trace(const verdict *v, const coco_scored *order, size_t n, size_t n_gt, unsigned t,
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
static oc_status category_curve(coco_matcher *s, size_t area, size_t per_image, curve *c,
                                bool *defined)
{
    const verdict *v = s->verdict[area];
    size_t         n = 0;
    *defined = s->n_gt[area] > 0;
    if (!*defined)
        return OC_OK;
    coco_scored *order = calloc(s->n + 1, sizeof(*order));
    double      *rc = calloc(s->n + 1, sizeof(*rc)), *pr = calloc(s->n + 1, sizeof(*pr));
    if (!order || !rc || !pr) {
        free(order);
        free(rc);
        free(pr);
        return OC_FAIL(s->err, OC_NOMEM, "%zu results", s->n);
    }
    for (size_t i = 0; i < s->n; i++)
        if (v[i].rank < per_image)
            order[n++] = (coco_scored){v[i].score, i};
    if (n)
        qsort(order, n, sizeof(*order), coco_best_first);
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
    mean ap[COCO_AREAS], ap50, ap75, ar[COCO_AREAS], ar1, ar10, ar50, ar75;
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

static oc_status add_category(coco_matcher *s, means *m, size_t k, oc_coco_scores *out, curve *c)
{
    oc_status st;
    bool      defined;
    for (size_t a = 0; a < COCO_AREAS; a++) {
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

oc_status oc_coco_score(const oc_coco_set *truth, const oc_coco_set *results, oc_coco_type type,
                        oc_coco_scores *out, oc_error *err)
{
    coco_matcher s;
    means        m = {0};
    curve       *c = calloc(1, sizeof(*c));
    oc_status    st = scores_reserve(truth->n_categories, out, err);
    coco_matcher_init(&s, truth, results, type, err);
    if (st == OC_OK && !c)
        st = OC_FAIL(err, OC_NOMEM, "curves");
    for (size_t k = 0; k < truth->n_categories && st == OC_OK; k++)
        if ((st = coco_match_category(&s, truth->categories[k].id)) == OC_OK)
            st = add_category(&s, &m, k, out, c);
    if (st == OC_OK)
        fill_scores(&m, out);
    else
        oc_coco_scores_finish(out);
    coco_matcher_finish(&s);
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
