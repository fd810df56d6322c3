/* Figures that are ratios of sums over rows: classification, embeddings, text. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "eval/compare.h"

/* Every row adds to n_sums sums; `derive` makes figures of them. */
typedef struct rows_run {
    const double *add; /* [n_units][n_sums] */
    size_t        n_sums;
    void (*derive)(const struct rows_run *r, const double *sum, double *out);
    size_t n_classes;
} rows_run;

static void rows_figures(const oc_compare_run *run, const uint32_t *weight, void *scratch,
                         double *out)
{
    const rows_run *r = run->self;
    double         *sum = scratch;
    memset(sum, 0, r->n_sums * sizeof(*sum));
    for (size_t i = 0; i < run->n_units; i++)
        for (size_t k = 0; k < r->n_sums && weight[i]; k++)
            sum[k] += weight[i] * r->add[i * r->n_sums + k];
    r->derive(r, sum, out);
}

static double ratio(double a, double b)
{
    return b > 0 ? a / b : NAN;
}

/* Names, scores and sums of n units; add, unit and score are then the caller's to fill. */
static oc_status rows_reserve(oc_compare_run *run, size_t n, size_t n_figures, size_t n_sums,
                              rows_run **out, double **add, oc_error *err)
{
    oc_arena *mem = &run->mem;
    rows_run *r = oc_arena_alloc(mem, 1, sizeof(*r));
    run->n_units = n;
    run->n_figures = run->n_main = n_figures;
    run->unit = oc_arena_alloc(mem, n + 1, sizeof(*run->unit));
    run->score = oc_arena_alloc(mem, n + 1, sizeof(*run->score));
    run->figure = oc_arena_alloc(mem, n_figures, sizeof(*run->figure));
    run->falling = oc_arena_alloc(mem, n_figures, sizeof(*run->falling));
    *add = oc_arena_alloc(mem, n + 1, n_sums * sizeof(**add));
    if (!r || !run->unit || !run->score || !run->figure || !run->falling || !*add)
        return OC_FAIL(err, OC_NOMEM, "%zu units", n);
    r->add = *add;
    r->n_sums = n_sums;
    run->self = r;
    run->figures = rows_figures;
    run->scratch_bytes = n_sums * sizeof(double);
    *out = r;
    return OC_OK;
}

static const char *unit_name(oc_arena *mem, const char *path, size_t i)
{
    char number[32];
    snprintf(number, sizeof(number), "row %zu", i + 1);
    const char *name = *path ? path : number;
    return oc_arena_strndup(mem, name, strlen(name));
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

/* ---- classification: 1, first, among the best k, then of each class truths, taken for it, both ---- */

static void classify_derive(const rows_run *r, const double *sum, double *out)
{
    const double *cls = sum + 3;
    double        f1 = 0, with = 0;
    for (size_t c = 0; c < r->n_classes; c++) {
        double n = cls[3 * c], taken = cls[3 * c + 1], right = cls[3 * c + 2];
        out[3 + c] = ratio(right, n);
        with += n > 0;
        f1 += n > 0 ? 2 * right / (n + taken) : 0;
    }
    out[0] = ratio(sum[1], sum[0]);
    out[1] = ratio(sum[2], sum[0]);
    out[2] = ratio(f1, with);
}

/* Classes make the sums wide: rows are added one by one instead. */
typedef struct classify_run {
    rows_run                  rows;
    const oc_classify_scores *scores;
    size_t                    k;
} classify_run;

static void classify_figures(const oc_compare_run *run, const uint32_t *weight, void *scratch,
                             double *out)
{
    const classify_run *r = run->self;
    double             *sum = scratch;
    memset(sum, 0, run->scratch_bytes);
    for (size_t i = 0; i < run->n_units; i++) {
        const oc_classify_row *row = &r->scores->row[i];
        double                 w = weight[i];
        sum[0] += w;
        sum[1] += row->rank == 0 ? w : 0;
        sum[2] += row->rank < r->k ? w : 0;
        sum[3 + 3 * row->truth] += w;
        sum[3 + 3 * row->predicted + 1] += w;
        sum[3 + 3 * row->truth + 2] += row->truth == row->predicted ? w : 0;
    }
    classify_derive(&r->rows, sum, out);
}

oc_status oc_compare_classify(const oc_classify_scores *scores, size_t k, oc_compare_run *out,
                              oc_error *err)
{
    oc_compare_run run = {.n_units = 0};
    rows_run      *plain;
    double        *add;
    char           top[32];
    const size_t   n = (size_t)scores->n, classes = scores->n_classes;
    snprintf(top, sizeof(top), "top%zu", k);
    oc_status     st = rows_reserve(&run, n, 3 + classes, 1, &plain, &add, err);
    classify_run *r = st == OC_OK ? oc_arena_alloc(&run.mem, 1, sizeof(*r)) : NULL;
    if (st == OC_OK && !r)
        st = OC_FAIL(err, OC_NOMEM, "classes");
    if (st == OC_OK) {
        *r = (classify_run){{.n_classes = classes}, scores, k};
        run.self = r;
        run.figures = classify_figures;
        run.scratch_bytes = (3 + 3 * classes) * sizeof(double);
        run.n_main = 3;
        run.figure[0] = "top1";
        run.figure[1] = oc_arena_strndup(&run.mem, top, strlen(top));
        run.figure[2] = "macro_F1";
        for (size_t c = 0; c < classes; c++)
            run.figure[3 + c] =
                oc_arena_strndup(&run.mem, scores->cls[c].name, strlen(scores->cls[c].name));
        for (size_t i = 0; i < n; i++) {
            const oc_classify_row *row = &scores->row[i];
            run.unit[i] = unit_name(&run.mem, row->path, i);
            run.score[i] = row->rank == 0 ? 1 + row->confidence : 1 / (1.0 + row->rank);
        }
    }
    return done(&run, st, out, err);
}

/* ---- embeddings: 1, judged, first, among five, AP, centroid ---- */

static void embed_derive(const rows_run *r, const double *sum, double *out)
{
    (void)r;
    out[0] = ratio(sum[2], sum[1]);
    out[1] = ratio(sum[3], sum[1]);
    out[2] = ratio(sum[4], sum[1]);
    out[3] = ratio(sum[5], sum[0]);
}

oc_status oc_compare_embed(const oc_embed_set *set, const oc_embed_scores *scores,
                           oc_compare_run *out, oc_error *err)
{
    static const char *const names[] = {"rank1", "rank5", "mAP", "centroid_top1"};
    oc_compare_run           run = {.n_units = 0};
    rows_run                *r;
    double                  *add;
    oc_status                st = rows_reserve(&run, scores->n, 4, 6, &r, &add, err);
    if (st == OC_OK) {
        r->derive = embed_derive;
        memcpy(run.figure, names, sizeof(names));
        for (size_t i = 0; i < scores->n; i++) {
            const oc_embed_query *q = &scores->query[i];
            double               *a = add + 6 * i;
            a[0] = 1;
            a[1] = q->rank > 0;
            a[2] = q->rank == 1;
            a[3] = q->rank > 0 && q->rank <= 5;
            a[4] = q->rank ? q->ap : 0;
            a[5] = q->centroid;
            run.unit[i] = unit_name(&run.mem, set->row[q->row].path, q->row);
            run.score[i] = a[4] + (q->centroid ? 1 : 0);
        }
    }
    return done(&run, st, out, err);
}

/* ---- text ---- */

static void text_derive(const rows_run *r, const double *sum, double *out)
{
    (void)r;
    out[0] = ratio(sum[1], sum[0]);
    out[1] = ratio(sum[3], sum[2]);
    out[2] = ratio(sum[4], sum[5]);
}

oc_status oc_compare_text(const oc_text_scores *scores, oc_compare_run *out, oc_error *err)
{
    oc_compare_run run = {.n_units = 0};
    rows_run      *r;
    double        *add;
    oc_status      st = rows_reserve(&run, scores->n, 3, 6, &r, &add, err);
    if (st == OC_OK) {
        r->derive = text_derive;
        run.figure[0] = "CER";
        run.figure[1] = "WER";
        run.figure[2] = "exact";
        run.falling[0] = run.falling[1] = true;
        for (size_t i = 0; i < scores->n; i++) {
            const oc_text_row *t = &scores->row[i];
            const double       row[6] = {t->chars,       t->char_errors,      t->words,
                                         t->word_errors, t->char_errors == 0, 1};
            memcpy(add + 6 * i, row, sizeof(row));
            run.unit[i] = unit_name(&run.mem, t->path, i);
            run.score[i] = -(double)t->char_errors / (t->chars ? t->chars : 1);
        }
    }
    return done(&run, st, out, err);
}

static void spots_derive(const rows_run *r, const double *sum, double *out)
{
    (void)r;
    out[0] = ratio(2 * sum[3], sum[0] + sum[1]);
    out[1] = ratio(sum[3], sum[1]);
    out[2] = ratio(sum[3], sum[0]);
    out[3] = ratio(2 * sum[2], sum[0] + sum[1]);
    out[4] = ratio(sum[2], sum[1]);
    out[5] = ratio(sum[2], sum[0]);
}

oc_status oc_compare_spots(const oc_text_set *set, oc_compare_run *out, oc_error *err)
{
    static const char *const names[] = {"end_to_end_F1",       "end_to_end_precision",
                                        "end_to_end_recall",   "detection_F1",
                                        "detection_precision", "detection_recall"};
    oc_compare_run           run = {.n_units = 0};
    rows_run                *r;
    double                  *add;
    oc_status                st = rows_reserve(&run, set->n, 6, 4, &r, &add, err);
    if (st == OC_OK) {
        r->derive = spots_derive;
        memcpy(run.figure, names, sizeof(names));
        for (size_t i = 0; i < set->n; i++) {
            const oc_text_image *t = &set->image[i];
            const double         row[4] = {t->wanted, t->given, t->placed, t->right};
            double               all = (double)t->wanted + t->given;
            memcpy(add + 4 * i, row, sizeof(row));
            run.unit[i] = unit_name(&run.mem, t->name, i);
            run.score[i] = all > 0 ? 2 * t->right / all : 1;
        }
    }
    return done(&run, st, out, err);
}

/* ---- tracks: sums of each block of frames, as oc_mot_record has them ---- */

static void mot_derive(const rows_run *r, const double *sum, double *out)
{
    const oc_mot_sums *s = (const oc_mot_sums *)sum;
    double             hota = 0, deta = 0, assa = 0;
    (void)r;
    for (size_t a = 0; a < OC_HOTA_ALPHAS; a++) {
        double all = s->tp[a] + s->fn[a] + s->fp[a];
        hota += sqrt(all > 0 ? s->association[a] / all : 0) / OC_HOTA_ALPHAS;
        deta += (all > 0 ? s->tp[a] / all : 0) / OC_HOTA_ALPHAS;
        assa += (s->tp[a] > 0 ? s->association[a] / s->tp[a] : 0) / OC_HOTA_ALPHAS;
    }
    out[0] = hota;
    out[1] = deta;
    out[2] = assa;
    out[3] = ratio(s->clear_tp - s->clear_fp - s->idsw, s->clear_tp + s->clear_fn);
    out[4] = ratio(s->clear_tp, s->clear_tp + s->clear_fn);
    out[5] = ratio(s->clear_tp, s->clear_tp + s->clear_fp);
    out[6] = ratio(s->id_tp, s->id_tp + 0.5 * s->id_fp + 0.5 * s->id_fn);
    out[7] = s->idsw;
}

static void add_sums(double *to, const oc_mot_sums *from)
{
    const double *v = (const double *)from;
    for (size_t k = 0; k < sizeof(*from) / sizeof(double); k++)
        to[k] += v[k];
}

oc_status oc_compare_mot(const oc_mot_record *const *record, const char *const *names, size_t n,
                         size_t block, oc_compare_run *out, oc_error *err)
{
    static const char *const figures[] = {"HOTA",   "DetA",      "AssA", "MOTA",
                                          "Recall", "Precision", "IDF1", "IDSW"};
    const size_t             width = sizeof(oc_mot_sums) / sizeof(double);
    oc_compare_run           run = {.n_units = 0};
    rows_run                *r;
    double                  *add;
    size_t                   units = 0, at = 0;
    for (size_t k = 0; k < n; k++)
        units += (record[k]->n_frames + block - 1) / block;
    oc_status st = rows_reserve(&run, units, 8, width, &r, &add, err);
    if (st == OC_OK) {
        r->derive = mot_derive;
        memcpy(run.figure, figures, sizeof(figures));
        run.falling[7] = true;
    }
    for (size_t k = 0; k < n && st == OC_OK; k++) {
        for (size_t f = 0; f < record[k]->n_frames; f += block, at++) {
            size_t end = f + block < record[k]->n_frames ? f + block : record[k]->n_frames;
            char   name[256];
            double value[8];
            for (size_t t = f; t < end; t++)
                add_sums(add + at * width, &record[k]->frame[t]);
            snprintf(name, sizeof(name), "%.180s: frames %zu-%zu", names[k], f + 1, end);
            run.unit[at] = oc_arena_strndup(&run.mem, name, strlen(name));
            mot_derive(r, add + at * width, value);
            run.score[at] = value[0];
        }
    }
    return done(&run, st, out, err);
}
