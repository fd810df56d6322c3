/* COCO's figures under a weighting of the images. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "eval/coco_match.h"
#include "eval/compare.h"

typedef struct found { /* by score */
    uint32_t image;
    uint16_t matched, ignored;
} found;

typedef struct wanted {
    uint32_t image, n[COCO_AREAS];
} wanted;

typedef struct category {
    found  *det[COCO_AREAS];
    wanted *gt;
    size_t  n_det, n_gt;
} category;

typedef struct coco_run {
    category *category;
    size_t    n, widest;
    bool      points;
} coco_run;

enum { AP, AP50, AP75, AP_SMALL, AP_MEDIUM, AP_LARGE, AR, MAIN };

static const char *const main_names[MAIN] = {"AP", "AP50", "AP75", "APs", "APm", "APl", "AR"};

typedef struct weighted {
    uint16_t matched, ignored;
    uint32_t weight;
} weighted;

/* Precision at 101 recalls, averaged, and the last recall, of one threshold. */
static double average(const weighted *d, size_t n, double n_gt, unsigned t, double *rc, double *pr,
                      double *recall)
{
    double tp = 0, fp = 0, sum = 0;
    for (size_t i = 0; i < n; i++) {
        bool counts = !(d[i].ignored >> t & 1), hit = d[i].matched >> t & 1;
        tp += counts && hit ? d[i].weight : 0;
        fp += counts && !hit ? d[i].weight : 0;
        rc[i] = tp / n_gt;
        pr[i] = tp / (fp + tp + DBL_EPSILON);
    }
    *recall = n ? rc[n - 1] : 0;
    for (size_t i = n; i-- > 1;)
        if (pr[i] > pr[i - 1])
            pr[i - 1] = pr[i];
    for (size_t k = 0, at = 0; k < OC_COCO_RECALLS; k++) {
        double want = k + 1 == OC_COCO_RECALLS ? 1.0 : (double)k * 0.01;
        while (at < n && rc[at] < want)
            at++;
        sum += at < n ? pr[at] : 0;
    }
    return sum / OC_COCO_RECALLS;
}

typedef struct area_figures {
    double ap, ap50, ap75, ar;
} area_figures;

static area_figures over_thresholds(const weighted *d, size_t n, double n_gt, double *rc,
                                    double *pr)
{
    area_figures f = {0};
    for (unsigned t = 0; t < OC_COCO_IOUS; t++) {
        double recall, ap = average(d, n, n_gt, t, rc, pr, &recall);
        f.ap += ap / OC_COCO_IOUS;
        f.ar += recall / OC_COCO_IOUS;
        if (t == 0)
            f.ap50 = ap;
        if (t == 5)
            f.ap75 = ap;
    }
    return f;
}

/* False: nothing to find under this weighting. */
static bool area_of(const category *c, size_t area, const uint32_t *weight, weighted *d, double *rc,
                    double *pr, area_figures *out)
{
    double n_gt = 0;
    size_t n = 0;
    for (size_t i = 0; i < c->n_gt; i++)
        n_gt += (double)weight[c->gt[i].image] * c->gt[i].n[area];
    if (!(n_gt > 0))
        return false;
    for (size_t i = 0; i < c->n_det; i++) {
        const found *f = &c->det[area][i];
        if (weight[f->image])
            d[n++] = (weighted){f->matched, f->ignored, weight[f->image]};
    }
    *out = over_thresholds(d, n, n_gt, rc, pr);
    return true;
}

typedef struct mean {
    double sum, n;
} mean;

static void add(mean *m, double v)
{
    m->sum += v;
    m->n += 1;
}

static void coco_figures(const oc_compare_run *run, const uint32_t *weight, void *scratch,
                         double *out)
{
    const coco_run *r = run->self;
    double         *rc = scratch, *pr = rc + r->widest;
    weighted       *d = (weighted *)(pr + r->widest);
    mean            m[MAIN] = {{0, 0}};
    area_figures    f;
    for (size_t k = 0; k < r->n; k++) {
        out[MAIN + k] = NAN;
        for (size_t a = 0; a < COCO_AREAS; a++) {
            if (!area_of(&r->category[k], a, weight, d, rc, pr, &f))
                continue;
            if (a > 0) {
                add(&m[AP50 + 1 + a], f.ap);
                continue;
            }
            out[MAIN + k] = f.ap;
            add(&m[AP], f.ap);
            add(&m[AP50], f.ap50);
            add(&m[AP75], f.ap75);
            add(&m[AR], f.ar);
        }
    }
    for (size_t i = 0; i < MAIN; i++)
        out[i] = m[i].n > 0 ? m[i].sum / m[i].n : NAN;
}

/* ---- making it ready ---- */

static oc_status keep_category(oc_compare_run *run, coco_matcher *m, category *c, double *best,
                               oc_error *err)
{
    coco_scored *order = calloc(m->n + 1, sizeof(*order));
    bool         ok = order != NULL;
    c->n_det = m->n;
    for (size_t i = 0; i < m->gt->n_images; i++)
        c->n_gt += m->image_gt[i * COCO_AREAS] > 0;
    ok = ok && (c->gt = oc_arena_alloc(&run->mem, c->n_gt + 1, sizeof(*c->gt)));
    for (size_t i = 0, n = 0; i < m->gt->n_images && ok; i++) {
        const uint32_t *gt = m->image_gt + i * COCO_AREAS;
        if (gt[0] == 0)
            continue;
        c->gt[n].image = (uint32_t)i;
        memcpy(c->gt[n++].n, gt, sizeof(c->gt->n));
    }
    for (size_t a = 0; a < COCO_AREAS && ok; a++) {
        const verdict *v = m->verdict[a];
        ok = (c->det[a] = oc_arena_alloc(&run->mem, m->n + 1, sizeof(found))) != NULL;
        for (size_t i = 0; i < m->n; i++) {
            order[i] = (coco_scored){v[i].score, i};
            if (a == 0 && !(v[i].ignored & 1))
                best[v[i].image] = fmax(best[v[i].image], v[i].score);
        }
        if (m->n)
            qsort(order, m->n, sizeof(*order), coco_best_first);
        for (size_t i = 0; i < m->n && ok; i++) {
            const verdict *from = &v[order[i].at];
            c->det[a][i] = (found){from->image, from->matched, from->ignored};
        }
    }
    free(order);
    return ok ? OC_OK : OC_FAIL(err, OC_NOMEM, "%zu results", m->n);
}

/* AP of each image alone: mean over its categories. */
static oc_status score_images(oc_compare_run *run, const double *best, oc_error *err)
{
    const coco_run *r = run->self;
    double         *sum = calloc(run->n_units + 1, sizeof(*sum));
    double         *n = calloc(run->n_units + 1, sizeof(*n));
    weighted       *d = calloc(r->widest, sizeof(*d));
    double         *rc = calloc(r->widest, 2 * sizeof(*rc));
    uint32_t       *first = calloc(run->n_units + 1, sizeof(*first));
    uint32_t       *next = calloc(r->widest, sizeof(*next));
    bool            ok = sum && n && d && rc && first && next;
    for (size_t k = 0; k < r->n && ok; k++) {
        const category *c = &r->category[k];
        /* chains of each image's detections, best first */
        for (size_t i = 0; i < c->n_gt; i++)
            first[c->gt[i].image] = UINT32_MAX;
        for (size_t i = c->n_det; i-- > 0;) {
            next[i] = first[c->det[0][i].image];
            first[c->det[0][i].image] = (uint32_t)i;
        }
        for (size_t i = 0; i < c->n_gt; i++) {
            size_t m = 0;
            for (uint32_t at = first[c->gt[i].image]; at != UINT32_MAX; at = next[at])
                d[m++] = (weighted){c->det[0][at].matched, c->det[0][at].ignored, 1};
            sum[c->gt[i].image] += over_thresholds(d, m, c->gt[i].n[0], rc, rc + r->widest).ap;
            n[c->gt[i].image] += 1;
        }
    }
    for (size_t i = 0; i < run->n_units && ok; i++)
        run->score[i] = n[i] > 0 ? sum[i] / n[i] : 1 - fmin(fmax(best[i], 0), 1);
    free(sum);
    free(n);
    free(d);
    free(rc);
    free(first);
    free(next);
    return ok ? OC_OK : OC_FAIL(err, OC_NOMEM, "%zu images", run->n_units);
}

static oc_status reserve(oc_compare_run *run, const oc_coco_set *truth, coco_run **out,
                         oc_error *err)
{
    oc_arena *mem = &run->mem;
    coco_run *r = oc_arena_alloc(mem, 1, sizeof(*r));
    run->n_units = truth->n_images;
    run->n_main = MAIN;
    run->n_figures = MAIN + truth->n_categories;
    run->unit = oc_arena_alloc(mem, run->n_units + 1, sizeof(*run->unit));
    run->score = oc_arena_alloc(mem, run->n_units + 1, sizeof(*run->score));
    run->figure = oc_arena_alloc(mem, run->n_figures, sizeof(*run->figure));
    run->falling = oc_arena_alloc(mem, run->n_figures, sizeof(*run->falling));
    if (r)
        r->category = oc_arena_alloc(mem, truth->n_categories + 1, sizeof(*r->category));
    if (!r || !r->category || !run->unit || !run->score || !run->figure || !run->falling)
        return OC_FAIL(err, OC_NOMEM, "%zu images", run->n_units);
    r->n = truth->n_categories;
    run->self = r;
    run->figures = coco_figures;
    for (size_t i = 0; i < run->n_units; i++) {
        char        number[32];
        const char *name = truth->images[i].file;
        snprintf(number, sizeof(number), "%lld", (long long)truth->images[i].id);
        name = name ? name : number;
        if (!(run->unit[i] = oc_arena_strndup(mem, name, strlen(name))))
            return OC_FAIL(err, OC_NOMEM, "names");
    }
    for (size_t f = 0; f < run->n_figures; f++) {
        const char *name = f < MAIN ? main_names[f] : truth->categories[f - MAIN].name;
        if (!(run->figure[f] = oc_arena_strndup(mem, name, strlen(name))))
            return OC_FAIL(err, OC_NOMEM, "names");
    }
    *out = r;
    return OC_OK;
}

oc_status oc_compare_coco(const oc_coco_set *truth, const oc_coco_set *results, oc_coco_type type,
                          oc_compare_run *out, oc_error *err)
{
    oc_compare_run run = {.n_units = 0};
    coco_matcher   m;
    coco_run      *r = NULL;
    double        *best = calloc(truth->n_images + 1, sizeof(*best));
    oc_status      st = reserve(&run, truth, &r, err);
    coco_matcher_init(&m, truth, results, type, err);
    m.image_gt = calloc(truth->n_images + 1, COCO_AREAS * sizeof(*m.image_gt));
    if (st == OC_OK && (!m.image_gt || !best))
        st = OC_FAIL(err, OC_NOMEM, "%zu images", truth->n_images);
    for (size_t k = 0; k < truth->n_categories && st == OC_OK; k++) {
        memset(m.image_gt, 0, truth->n_images * COCO_AREAS * sizeof(*m.image_gt));
        if ((st = coco_match_category(&m, truth->categories[k].id)) == OC_OK)
            st = keep_category(&run, &m, &r->category[k], best, err);
        if (st == OC_OK && m.n > r->widest)
            r->widest = m.n;
    }
    if (st == OC_OK) {
        r->widest++;
        run.scratch_bytes = r->widest * (2 * sizeof(double) + sizeof(weighted));
        st = score_images(&run, best, err);
    }
    free(m.image_gt);
    free(best);
    coco_matcher_finish(&m);
    if (st == OC_OK)
        *out = run;
    else
        oc_compare_run_finish(&run);
    return st;
}
