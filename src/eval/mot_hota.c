/* HOTA: detection and association judged together, at 19 thresholds of overlap. */
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "eval/mot_sequence.h"

static double at_least_1(double x)
{
    return x > 1.0 ? x : 1.0;
}

typedef struct global {
    double  *potential; /* [gt ids][tracker ids], then alignment scores */
    double  *gt_count, *trk_count;
    double  *matches; /* [alpha][gt ids][tracker ids] */
    int32_t *pairs;   /* of all frames, for the record; else NULL */
    size_t   n_pairs;
} global;

/* How much two ids share over the whole sequence: each frame adds a soft Jaccard index. */
static void accumulate(const mot_sequence *s, global *g, double *row_sum, double *col_sum)
{
    for (size_t t = 0; t < s->n_frames; t++) {
        const mot_frame *f = &s->frame[t];
        for (size_t i = 0; i < f->n_gt; i++) {
            g->gt_count[f->gt[i]] += 1;
            row_sum[i] = 0;
        }
        for (size_t j = 0; j < f->n_trk; j++) {
            g->trk_count[f->trk[j]] += 1;
            col_sum[j] = 0;
        }
        for (size_t i = 0; i < f->n_gt; i++) {
            for (size_t j = 0; j < f->n_trk; j++) {
                row_sum[i] += f->sim[i * f->n_trk + j];
                col_sum[j] += f->sim[i * f->n_trk + j];
            }
        }
        for (size_t i = 0; i < f->n_gt; i++) {
            for (size_t j = 0; j < f->n_trk; j++) {
                double v = f->sim[i * f->n_trk + j], all = col_sum[j] + row_sum[i] - v;
                if (all > DBL_EPSILON)
                    g->potential[f->gt[i] * s->n_trk_ids + f->trk[j]] += v / all;
            }
        }
    }
    for (size_t i = 0; i < s->n_gt_ids; i++) {
        for (size_t j = 0; j < s->n_trk_ids; j++) {
            double *p = &g->potential[i * s->n_trk_ids + j];
            *p = *p / (g->gt_count[i] + g->trk_count[j] - *p);
        }
    }
}

static void match_frame(mot_sequence *s, size_t t, global *g, oc_mot_hota *h, double *score)
{
    const mot_frame *f = &s->frame[t];
    const size_t     ids = s->n_gt_ids * s->n_trk_ids;
    for (size_t i = 0; i < f->n_gt; i++)
        for (size_t j = 0; j < f->n_trk; j++)
            score[i * f->n_trk + j] =
                g->potential[f->gt[i] * s->n_trk_ids + f->trk[j]] * f->sim[i * f->n_trk + j];
    mot_match(s, score, f->n_gt, f->n_trk);
    for (size_t a = 0; a < OC_HOTA_ALPHAS; a++) {
        double alpha = 0.05 + 0.05 * (double)a, n = 0;
        for (size_t i = 0; i < f->n_gt; i++) {
            int32_t j = s->match[i];
            double  v = j < 0 ? -1.0 : f->sim[i * f->n_trk + (size_t)j];
            if (v < alpha - DBL_EPSILON)
                continue;
            n += 1;
            h->loca[a] += v;
            g->matches[a * ids + f->gt[i] * s->n_trk_ids + f->trk[j]] += 1;
        }
        h->tp[a] += n;
        h->fn[a] += (double)f->n_gt - n;
        h->fp[a] += (double)f->n_trk - n;
        if (s->record) {
            oc_mot_sums *sums = &s->record->frame[t];
            sums->tp[a] = n;
            sums->fn[a] = (double)f->n_gt - n;
            sums->fp[a] = (double)f->n_trk - n;
        }
    }
    if (g->pairs)
        for (size_t i = 0; i < f->n_gt; i++)
            g->pairs[g->n_pairs++] = s->match[i];
}

/* Each true positive's A(c), now that the whole sequence is matched. */
static void note_association(mot_sequence *s, const global *g)
{
    const size_t   ids = s->n_gt_ids * s->n_trk_ids;
    const int32_t *pair = g->pairs;
    for (size_t t = 0; t < s->n_frames; t++) {
        const mot_frame *f = &s->frame[t];
        for (size_t i = 0; i < f->n_gt; i++) {
            int32_t j = *pair++;
            for (size_t a = 0; a < OC_HOTA_ALPHAS && j >= 0; a++) {
                if (f->sim[i * f->n_trk + (size_t)j] < 0.05 + 0.05 * (double)a - DBL_EPSILON)
                    continue;
                uint32_t gt = f->gt[i], trk = f->trk[j];
                double   m = g->matches[a * ids + gt * s->n_trk_ids + trk];
                s->record->frame[t].association[a] +=
                    m / at_least_1(g->gt_count[gt] + g->trk_count[trk] - m);
            }
        }
    }
}

static void associate(const mot_sequence *s, const global *g, oc_mot_hota *h)
{
    const size_t ids = s->n_gt_ids * s->n_trk_ids;
    for (size_t a = 0; a < OC_HOTA_ALPHAS; a++) {
        double sum = 0, re = 0, pr = 0;
        for (size_t i = 0; i < s->n_gt_ids; i++) {
            for (size_t j = 0; j < s->n_trk_ids; j++) {
                double m = g->matches[a * ids + i * s->n_trk_ids + j];
                sum += m * m / at_least_1(g->gt_count[i] + g->trk_count[j] - m);
                re += m * m / at_least_1(g->gt_count[i]);
                pr += m * m / at_least_1(g->trk_count[j]);
            }
        }
        h->assa[a] = sum / at_least_1(h->tp[a]);
        h->assre[a] = re / at_least_1(h->tp[a]);
        h->asspr[a] = pr / at_least_1(h->tp[a]);
        h->loca[a] = fmax(1e-10, h->loca[a]) / fmax(1e-10, h->tp[a]);
    }
}

void mot_hota_derive(oc_mot_hota *h)
{
    for (size_t a = 0; a < OC_HOTA_ALPHAS; a++) {
        h->detre[a] = h->tp[a] / at_least_1(h->tp[a] + h->fn[a]);
        h->detpr[a] = h->tp[a] / at_least_1(h->tp[a] + h->fp[a]);
        h->deta[a] = h->tp[a] / at_least_1(h->tp[a] + h->fn[a] + h->fp[a]);
        h->hota[a] = sqrt(h->deta[a] * h->assa[a]);
        h->owta[a] = sqrt(h->detre[a] * h->assa[a]);
    }
}

oc_status mot_hota(mot_sequence *s, oc_mot_hota *out, oc_error *err)
{
    const size_t ids = s->n_gt_ids * s->n_trk_ids;
    *out = (oc_mot_hota){0};
    if (!s->record && (s->n_trk_dets == 0 || s->n_gt_dets == 0)) {
        for (size_t a = 0; a < OC_HOTA_ALPHAS; a++) {
            out->loca[a] = 1.0;
            if (s->n_trk_dets == 0)
                out->fn[a] = (double)s->n_gt_dets;
            else
                out->fp[a] = (double)s->n_trk_dets;
        }
        /* TrackEval leaves early, with every derived figure 0 */
        return OC_OK;
    }
    global  g = {.potential = calloc(ids + 1, sizeof(double)),
                 .gt_count = calloc(s->n_gt_ids + 1, sizeof(double)),
                 .trk_count = calloc(s->n_trk_ids + 1, sizeof(double)),
                 .matches = calloc(ids + 1, OC_HOTA_ALPHAS * sizeof(double))};
    double *score =
        calloc(s->widest_gt * s->widest_trk + s->widest_gt + s->widest_trk + 1, sizeof(double));
    oc_status st = OC_OK;
    if (s->record)
        g.pairs = calloc(s->n_gt_dets + 1, sizeof(*g.pairs));
    if ((s->record && !g.pairs) || !g.potential || !g.gt_count || !g.trk_count || !g.matches ||
        !score) {
        st = OC_FAIL(err, OC_NOMEM, "HOTA over %zu x %zu ids", s->n_gt_ids, s->n_trk_ids);
    } else {
        accumulate(s, &g, score, score + s->widest_gt);
        for (size_t t = 0; t < s->n_frames; t++)
            match_frame(s, t, &g, out, score);
        if (s->record)
            note_association(s, &g);
        associate(s, &g, out);
        mot_hota_derive(out);
    }
    free(g.potential);
    free(g.gt_count);
    free(g.trk_count);
    free(g.matches);
    free(g.pairs);
    free(score);
    return st;
}

double oc_hota_mean(const double *per_alpha)
{
    double sum = 0;
    for (size_t a = 0; a < OC_HOTA_ALPHAS; a++)
        sum += per_alpha[a];
    return sum / OC_HOTA_ALPHAS;
}
