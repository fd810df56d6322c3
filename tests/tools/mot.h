/* mot.h -- MOTChallenge text files, and CLEAR-MOT and identity scores by TrackEval's definitions.
 *
 * Truth rows whose 7th column is 0 are left out, as TrackEval does for MOT15.  Included by one file
 * of a program; not thread-safe. */
#ifndef OC_TESTS_MOT_H
#define OC_TESTS_MOT_H

#include <float.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "track/assign.h"

typedef struct mot_row {
    long  frame, id; /* id: made dense, from 0 */
    float x, y, w, h, conf;
} mot_row;

typedef struct mot_file {
    mot_row *rows; /* by frame */
    size_t   n, n_ids;
    long     frames; /* the last one's number */
} mot_file;

typedef struct mot_score {
    long   tp, fp, fn, idsw, frag, idtp, idfp, idfn, mt, ml, n_gt, n_ids;
    double mota, motp, idf1, precision, recall;
} mot_score;

static int mot_by_frame(const void *a, const void *b)
{
    const mot_row *x = a, *y = b;
    if (x->frame != y->frame)
        return x->frame < y->frame ? -1 : 1;
    return x->id < y->id ? -1 : x->id > y->id;
}

static int mot_by_id(const void *a, const void *b)
{
    const mot_row *x = a, *y = b;
    if (x->id != y->id)
        return x->id < y->id ? -1 : 1;
    return x->frame < y->frame ? -1 : x->frame > y->frame;
}

static void mot_dense_ids(mot_file *f)
{
    long last = 0, dense = -1;
    qsort(f->rows, f->n, sizeof(*f->rows), mot_by_id);
    for (size_t i = 0; i < f->n; i++) {
        if (i == 0 || f->rows[i].id != last)
            dense++;
        last = f->rows[i].id;
        f->rows[i].id = dense;
    }
    f->n_ids = (size_t)(dense + 1);
    qsort(f->rows, f->n, sizeof(*f->rows), mot_by_frame);
    f->frames = f->n ? f->rows[f->n - 1].frame : 0;
}

static bool mot_read(const char *path, bool truth, mot_file *out)
{
    FILE *in = fopen(path, "r");
    char  line[512];
    if (!in)
        return false;
    *out = (mot_file){0};
    size_t cap = 0;
    while (fgets(line, sizeof(line), in)) {
        mot_row r = {0};
        double  frame, id;
        if (sscanf(line, "%lf,%lf,%f,%f,%f,%f,%f", &frame, &id, &r.x, &r.y, &r.w, &r.h, &r.conf) <
                7 ||
            (truth && r.conf == 0.0f))
            continue;
        r.frame = (long)frame;
        r.id = (long)id;
        if (out->n == cap) {
            cap = cap ? 2 * cap : 1024;
            mot_row *more = realloc(out->rows, cap * sizeof(*more));
            if (!more)
                abort();
            out->rows = more;
        }
        out->rows[out->n++] = r;
    }
    fclose(in);
    if (out->n)
        mot_dense_ids(out);
    return true;
}

static void mot_free(mot_file *f)
{
    free(f->rows);
    *f = (mot_file){0};
}

static double mot_iou(const mot_row *a, const mot_row *b)
{
    double w = fmin((double)a->x + a->w, (double)b->x + b->w) - fmax(a->x, b->x);
    double h = fmin((double)a->y + a->h, (double)b->y + b->h) - fmax(a->y, b->y);
    if (w <= 0 || h <= 0)
        return 0;
    double both = w * h;
    double all = (double)a->w * a->h + (double)b->w * b->h - both;
    return all > 0 ? both / all : 0;
}

typedef struct mot_work {
    mot_score *s;
    oc_assign *assign;
    float     *cost;
    int32_t   *pair;
    long      *last, *before, *now, *seen, *matched; /* [gt id] */
    long      *together;                             /* [gt id][track id] with IoU >= .5 */
    long      *gt_n, *tr_n;
    size_t     n_tr_ids;
    double     sim;
} mot_work;

static void mot_frame(mot_work *w, const mot_row *gt, size_t n_gt, const mot_row *tr, size_t n_tr)
{
    for (size_t g = 0; g < n_gt; g++) {
        w->seen[gt[g].id]++;
        w->gt_n[gt[g].id]++;
    }
    for (size_t t = 0; t < n_tr; t++)
        w->tr_n[tr[t].id]++;
    if (!n_gt || !n_tr) { /* early out: the memory of the previous frame is kept */
        w->s->fp += (long)n_tr;
        w->s->fn += (long)n_gt;
        return;
    }
    for (size_t g = 0; g < n_gt; g++)
        for (size_t t = 0; t < n_tr; t++) {
            double sim = mot_iou(&gt[g], &tr[t]);
            bool   ok = sim >= 0.5 - DBL_EPSILON;
            if (ok)
                w->together[(size_t)gt[g].id * w->n_tr_ids + (size_t)tr[t].id]++;
            bool same = w->before[gt[g].id] == tr[t].id;
            w->cost[g * n_tr + t] = ok ? (float)-(sim + (same ? 1000.0 : 0.0)) : OC_ASSIGN_NEVER;
        }
    oc_assign_run(w->assign, w->cost, n_gt, n_tr, 0.0, w->pair);
    for (size_t g = 0; g < n_gt; g++)
        w->now[gt[g].id] = w->pair[g] >= 0 ? tr[w->pair[g]].id : -1;
    long hits = 0;
    for (size_t g = 0; g < n_gt; g++) {
        if (w->pair[g] < 0)
            continue;
        long id = gt[g].id, to = tr[w->pair[g]].id;
        hits++;
        w->sim += mot_iou(&gt[g], &tr[w->pair[g]]);
        w->s->idsw += w->last[id] >= 0 && w->last[id] != to;
        w->s->frag += w->before[id] < 0;
        w->last[id] = to;
        w->matched[id]++;
    }
    w->s->tp += hits;
    w->s->fn += (long)n_gt - hits;
    w->s->fp += (long)n_tr - hits;
}

static void mot_identity(mot_work *w, size_t n_gt, size_t n_tr)
{
    oc_assign *assign;
    oc_error   err;
    if (oc_assign_create(n_gt, n_tr, &assign, &err) != OC_OK)
        abort();
    float   *cost = calloc(n_gt * n_tr + 1, sizeof(*cost));
    int32_t *pair = calloc(n_gt + 1, sizeof(*pair));
    if (!cost || !pair)
        abort();
    long truth = 0, told = 0;
    for (size_t i = 0; i < n_gt * n_tr; i++)
        cost[i] = -(float)w->together[i];
    oc_assign_run(assign, cost, n_gt, n_tr, 0.0, pair);
    for (size_t g = 0; g < n_gt; g++) {
        truth += w->gt_n[g];
        if (pair[g] >= 0)
            w->s->idtp += w->together[g * n_tr + (size_t)pair[g]];
    }
    for (size_t t = 0; t < n_tr; t++)
        told += w->tr_n[t];
    w->s->idfn = truth - w->s->idtp;
    w->s->idfp = told - w->s->idtp;
    free(cost);
    free(pair);
    oc_assign_destroy(assign);
}

static size_t mot_run(const mot_file *f, size_t from, long frame)
{
    size_t i = from;
    while (i < f->n && f->rows[i].frame == frame)
        i++;
    return i;
}

static size_t mot_crowd(const mot_file *f)
{
    size_t most = 1;
    for (size_t i = 0, j; i < f->n; i = j) {
        j = mot_run(f, i, f->rows[i].frame);
        most = j - i > most ? j - i : most;
    }
    return most;
}

static void mot_frames(mot_work *w, const mot_file *gt, const mot_file *tr, size_t n_gt)
{
    size_t g = 0, t = 0;
    long   frames = gt->frames > tr->frames ? gt->frames : tr->frames;
    for (long frame = 1; frame <= frames; frame++) {
        size_t g1 = mot_run(gt, g, frame), t1 = mot_run(tr, t, frame);
        for (size_t i = 0; i < n_gt; i++)
            w->now[i] = -1;
        mot_frame(w, gt->rows + g, g1 - g, tr->rows + t, t1 - t);
        if (g1 > g && t1 > t)
            memcpy(w->before, w->now, n_gt * sizeof(long));
        g = g1;
        t = t1;
    }
}

static void mot_finish(mot_score *s, const mot_work *w, size_t n_gt)
{
    for (size_t i = 0; i < n_gt; i++) {
        double part = (double)w->matched[i] / fmax(1.0, (double)w->seen[i]);
        s->mt += w->seen[i] && part > 0.8;
        s->ml += w->seen[i] && part < 0.2;
        s->frag -= w->matched[i] > 0;
    }
    s->n_gt = (long)n_gt;
    s->n_ids = (long)w->n_tr_ids;
    s->mota = (double)(s->tp - s->fp - s->idsw) / fmax(1.0, (double)(s->tp + s->fn));
    s->motp = w->sim / fmax(1.0, (double)s->tp);
    s->precision = (double)s->tp / fmax(1.0, (double)(s->tp + s->fp));
    s->recall = (double)s->tp / fmax(1.0, (double)(s->tp + s->fn));
    s->idf1 = (double)s->idtp /
              fmax(1.0, (double)s->idtp + 0.5 * (double)s->idfp + 0.5 * (double)s->idfn);
}

static void mot_evaluate(const mot_file *gt, const mot_file *tr, mot_score *s)
{
    size_t   n = gt->n_ids + 1, rows = mot_crowd(gt), cols = mot_crowd(tr);
    mot_work w = {.s = s, .n_tr_ids = tr->n_ids};
    oc_error err;
    long    *longs = malloc(7 * n * sizeof(long));

    *s = (mot_score){0};
    w.cost = calloc(rows * cols, sizeof(float));
    w.pair = calloc(rows, sizeof(int32_t));
    w.together = calloc(gt->n_ids * tr->n_ids + 1, sizeof(long));
    w.tr_n = calloc(tr->n_ids + 1, sizeof(long));
    if (!longs || !w.cost || !w.pair || !w.together || !w.tr_n ||
        oc_assign_create(rows, cols, &w.assign, &err) != OC_OK)
        abort();
    for (size_t i = 0; i < 7 * n; i++)
        longs[i] = i < 3 * n ? -1 : 0;
    w.last = longs;
    w.before = longs + n;
    w.now = longs + 2 * n;
    w.seen = longs + 3 * n;
    w.matched = longs + 4 * n;
    w.gt_n = longs + 5 * n;
    mot_frames(&w, gt, tr, gt->n_ids);
    mot_identity(&w, gt->n_ids, tr->n_ids);
    mot_finish(s, &w, gt->n_ids);
    oc_assign_destroy(w.assign);
    free(longs);
    free(w.cost);
    free(w.pair);
    free(w.together);
    free(w.tr_n);
}

#endif
