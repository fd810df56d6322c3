/* Identity: one partner per identity over the whole sequence, found at the least number of errors. */
#include <stdlib.h>

#include "eval/mot_sequence.h"

static double at_least_1(double x)
{
    return x > 1.0 ? x : 1.0;
}

void mot_identity_derive(oc_mot_identity *i)
{
    i->idr = i->tp / at_least_1(i->tp + i->fn);
    i->idp = i->tp / at_least_1(i->tp + i->fp);
    i->idf1 = i->tp / at_least_1(i->tp + 0.5 * i->fp + 0.5 * i->fn);
}

/* Pairing identities g and t costs (|g| - m) + (|t| - m), leaving both alone |g| + |t|: the least sum
 * of errors is the greatest sum of shared detections m.  Nothing is gained by pairs that share
 * none. */
static oc_status best_sum(const double *shared, size_t rows, size_t cols, int32_t *match,
                          double *out, oc_error *err)
{
    oc_assign *assign = NULL;
    double    *cost = calloc(rows * cols + 1, sizeof(*cost));
    oc_status  st = cost ? oc_assign_create(rows, cols, &assign, err)
                         : OC_FAIL(err, OC_NOMEM, "%zu x %zu identities", rows, cols);
    *out = 0;
    if (st == OC_OK) {
        for (size_t i = 0; i < rows * cols; i++)
            cost[i] = shared[i] > 0 ? -shared[i] : OC_ASSIGN_NEVER;
        oc_assign_run_f64(assign, cost, rows, cols, 0.0, match);
        for (size_t i = 0; i < rows; i++)
            *out += match[i] >= 0 ? shared[i * cols + (size_t)match[i]] : 0.0;
    }
    oc_assign_destroy(assign);
    free(cost);
    return st;
}

/* A detection is right where its identity's partner overlaps it. */
static void note_frames(mot_sequence *s, const int32_t *match)
{
    for (size_t t = 0; t < s->n_frames; t++) {
        const mot_frame *f = &s->frame[t];
        double           tp = 0;
        for (size_t i = 0; i < f->n_gt; i++)
            for (size_t j = 0; j < f->n_trk; j++)
                tp += match[f->gt[i]] == (int32_t)f->trk[j] && f->sim[i * f->n_trk + j] >= 0.5;
        s->record->frame[t].id_tp = tp;
        s->record->frame[t].id_fn = (double)f->n_gt - tp;
        s->record->frame[t].id_fp = (double)f->n_trk - tp;
    }
}

oc_status mot_identity(mot_sequence *s, oc_mot_identity *out, oc_error *err)
{
    *out = (oc_mot_identity){0};
    if (!s->record && (s->n_trk_dets == 0 || s->n_gt_dets == 0)) {
        out->fn = s->n_trk_dets ? 0.0 : (double)s->n_gt_dets;
        out->fp = s->n_trk_dets ? (double)s->n_trk_dets : 0.0;
        return OC_OK;
    }
    double   *shared = calloc(s->n_gt_ids * s->n_trk_ids + 1, sizeof(*shared));
    int32_t  *match = calloc(s->n_gt_ids + 1, sizeof(*match));
    oc_status st = OC_OK;
    if (!shared || !match) {
        free(shared);
        free(match);
        return OC_FAIL(err, OC_NOMEM, "%zu x %zu identities", s->n_gt_ids, s->n_trk_ids);
    }
    for (size_t t = 0; t < s->n_frames; t++) {
        const mot_frame *f = &s->frame[t];
        for (size_t i = 0; i < f->n_gt; i++)
            for (size_t j = 0; j < f->n_trk; j++)
                if (f->sim[i * f->n_trk + j] >= 0.5)
                    shared[f->gt[i] * s->n_trk_ids + f->trk[j]] += 1;
    }
    st = best_sum(shared, s->n_gt_ids, s->n_trk_ids, match, &out->tp, err);
    if (st == OC_OK && s->record)
        note_frames(s, match);
    out->fn = (double)s->n_gt_dets - out->tp;
    out->fp = (double)s->n_trk_dets - out->tp;
    mot_identity_derive(out);
    free(shared);
    free(match);
    return st;
}
