/* CLEAR: misses, false alarms and identity switches, frame after frame. */
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "eval/mot_sequence.h"

#define NOBODY (-1)

typedef struct gt_track {
    int32_t last;   /* tracker id of the last match, however long ago */
    int32_t before; /* tracker id in the last frame that had both truth and results */
    double  seen, matched, starts;
} gt_track;

static double at_least_1(double x)
{
    return x > 1.0 ? x : 1.0;
}

/* Result j of frame t was matched with truth i; SIZE_MAX: none. */
static void note(mot_sequence *s, size_t t, const mot_frame *f, size_t i, size_t j)
{
    oc_mot_record *r = s->record;
    if (r)
        r->seen[r->n_seen++] = (oc_mot_seen){f->gt[i], (int32_t)t + 1,
                                             j == SIZE_MAX ? INT64_MIN : s->trk_id[f->trk[j]]};
}

static void note_sums(mot_sequence *s, size_t t, const oc_mot_clear *before,
                      const oc_mot_clear *after)
{
    if (!s->record)
        return;
    oc_mot_sums *sums = &s->record->frame[t];
    sums->clear_tp = after->tp - before->tp;
    sums->clear_fn = after->fn - before->fn;
    sums->clear_fp = after->fp - before->fp;
    sums->idsw = after->idsw - before->idsw;
}

static void match_frame(mot_sequence *s, size_t t, gt_track *gt, oc_mot_clear *c, double *score,
                        int32_t *now)
{
    const mot_frame *f = &s->frame[t];
    double           n = 0;
    for (size_t i = 0; i < f->n_gt; i++) {
        for (size_t j = 0; j < f->n_trk; j++) {
            double v = f->sim[i * f->n_trk + j];
            bool   same = gt[f->gt[i]].before == (int32_t)f->trk[j];
            score[i * f->n_trk + j] = v < 0.5 - DBL_EPSILON ? 0.0 : v + (same ? 1000.0 : 0.0);
        }
    }
    mot_match(s, score, f->n_gt, f->n_trk);
    for (size_t i = 0; i < s->n_gt_ids; i++)
        now[i] = NOBODY;
    for (size_t i = 0; i < f->n_gt; i++) {
        gt_track *g = &gt[f->gt[i]];
        int32_t   j = s->match[i];
        g->seen += 1;
        bool found = j >= 0 && score[i * f->n_trk + (size_t)j] > DBL_EPSILON;
        note(s, t, f, i, found ? (size_t)j : SIZE_MAX);
        if (!found)
            continue;
        int32_t id = (int32_t)f->trk[j];
        c->idsw += g->last != NOBODY && g->last != id;
        c->motp_sum += f->sim[i * f->n_trk + (size_t)j];
        g->matched += 1;
        g->last = now[f->gt[i]] = id;
        n += 1;
    }
    for (size_t i = 0; i < s->n_gt_ids; i++) {
        gt[i].starts += gt[i].before == NOBODY && now[i] != NOBODY;
        gt[i].before = now[i];
    }
    c->tp += n;
    c->fn += (double)f->n_gt - n;
    c->fp += (double)f->n_trk - n;
}

/* A frame without truth or without results is passed over: what was before it stays "before". */
static void one_sided_frame(mot_sequence *s, size_t t, gt_track *gt, oc_mot_clear *c)
{
    const mot_frame *f = &s->frame[t];
    if (f->n_gt == 0) {
        c->fp += (double)f->n_trk;
        return;
    }
    c->fn += (double)f->n_gt;
    for (size_t i = 0; i < f->n_gt; i++) {
        gt[f->gt[i]].seen += 1;
        note(s, t, f, i, SIZE_MAX);
    }
}

static void sum_up(const mot_sequence *s, const gt_track *gt, oc_mot_clear *c)
{
    double tracked_20 = 0;
    for (size_t i = 0; i < s->n_gt_ids; i++) {
        double ratio = gt[i].seen > 0 ? gt[i].matched / gt[i].seen : 0.0;
        c->mt += gt[i].seen > 0 && ratio > 0.8;
        tracked_20 += gt[i].seen > 0 && ratio >= 0.2;
        c->frag += gt[i].starts > 0 ? gt[i].starts - 1 : 0;
    }
    c->pt = tracked_20 - c->mt;
    c->ml = (double)s->n_gt_ids - c->mt - c->pt;
    c->frames = (double)s->n_frames;
}

void mot_clear_derive(oc_mot_clear *c)
{
    double truth = at_least_1(c->tp + c->fn);
    double tracks = at_least_1(c->mt + c->pt + c->ml);
    c->recall = c->tp / truth;
    c->mtr = c->mt / tracks;
    c->ptr = c->pt / tracks;
    c->mlr = c->ml / tracks;
    c->precision = c->tp / at_least_1(c->tp + c->fp);
    c->moda = (c->tp - c->fp) / truth;
    c->mota = (c->tp - c->fp - c->idsw) / truth;
    c->motp = c->motp_sum / at_least_1(c->tp);
    c->smota = (c->motp_sum - c->fp - c->idsw) / truth;
    c->f1 = c->tp / at_least_1(c->tp + 0.5 * c->fn + 0.5 * c->fp);
    c->motal = (c->tp - c->fp - (c->idsw > 0 ? log10(c->idsw) : 0.0)) / truth;
}

oc_status mot_clear(mot_sequence *s, oc_mot_clear *out, oc_error *err)
{
    *out = (oc_mot_clear){0};
    if (!s->record && s->n_trk_dets == 0) { /* TrackEval leaves early: no ratios but these */
        out->fn = (double)s->n_gt_dets;
        out->ml = (double)s->n_gt_ids;
        out->mlr = 1;
        return OC_OK;
    }
    if (!s->record && s->n_gt_dets == 0) {
        out->fp = (double)s->n_trk_dets;
        out->mlr = 1;
        return OC_OK;
    }
    gt_track *gt = calloc(s->n_gt_ids + 1, sizeof(*gt));
    int32_t  *now = calloc(s->n_gt_ids + 1, sizeof(*now));
    double   *score = calloc(s->widest_gt * s->widest_trk + 1, sizeof(*score));
    oc_status st = OC_OK;
    if (!gt || !now || !score) {
        st = OC_FAIL(err, OC_NOMEM, "CLEAR over %zu ids", s->n_gt_ids);
    } else {
        for (size_t i = 0; i < s->n_gt_ids; i++)
            gt[i].last = gt[i].before = NOBODY;
        for (size_t t = 0; t < s->n_frames; t++) {
            oc_mot_clear before = *out;
            if (s->frame[t].n_gt && s->frame[t].n_trk)
                match_frame(s, t, gt, out, score, now);
            else
                one_sided_frame(s, t, gt, out);
            note_sums(s, t, &before, out);
        }
        sum_up(s, gt, out);
        mot_clear_derive(out);
    }
    free(gt);
    free(now);
    free(score);
    return st;
}
