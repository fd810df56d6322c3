#include "eval/mot.h"

#include <math.h>
#include <string.h>

#include "eval/mot_sequence.h"

oc_status oc_mot_score(const oc_mot_rows *gt, const oc_mot_rows *results,
                       oc_mot_benchmark benchmark, int64_t frames, oc_mot_scores *out,
                       oc_error *err)
{
    mot_sequence s;
    oc_status    st = mot_sequence_create(gt, results, benchmark, frames, &s, err);
    if (st != OC_OK)
        return st;
    *out = (oc_mot_scores){.gt_dets = (int64_t)s.n_gt_dets,
                           .gt_ids = (int64_t)s.n_gt_ids,
                           .dets = (int64_t)s.n_trk_dets,
                           .ids = (int64_t)s.n_trk_ids};
    if ((st = mot_hota(&s, &out->hota, err)) == OC_OK &&
        (st = mot_clear(&s, &out->clear, err)) == OC_OK)
        st = mot_identity(&s, &out->identity, err);
    mot_sequence_finish(&s);
    return st;
}

oc_status oc_mot_record_make(const oc_mot_rows *gt, const oc_mot_rows *results,
                             oc_mot_benchmark benchmark, int64_t frames, oc_mot_record *out,
                             oc_error *err)
{
    oc_mot_scores scores;
    oc_mot_record r = {.n_frames = 0};
    mot_sequence  s;
    oc_status     st = mot_sequence_create(gt, results, benchmark, frames, &s, err);
    if (st != OC_OK)
        return st;
    r.n_frames = s.n_frames;
    r.n_truth = s.n_gt_ids;
    r.frame = oc_arena_alloc(&r.mem, s.n_frames + 1, sizeof(*r.frame));
    r.seen = oc_arena_alloc(&r.mem, s.n_gt_dets + 1, sizeof(*r.seen));
    r.truth_id = oc_arena_alloc(&r.mem, s.n_gt_ids + 1, sizeof(*r.truth_id));
    s.record = &r;
    if (!r.frame || !r.seen || !r.truth_id)
        st = OC_FAIL(err, OC_NOMEM, "%zu frames", s.n_frames);
    else
        memcpy(r.truth_id, s.gt_id, s.n_gt_ids * sizeof(*r.truth_id));
    if (st == OC_OK && (st = mot_hota(&s, &scores.hota, err)) == OC_OK &&
        (st = mot_clear(&s, &scores.clear, err)) == OC_OK)
        st = mot_identity(&s, &scores.identity, err);
    mot_sequence_finish(&s);
    if (st == OC_OK)
        *out = r;
    else
        oc_mot_record_finish(&r);
    return st;
}

void oc_mot_record_finish(oc_mot_record *record)
{
    oc_arena_finish(&record->mem);
    *record = (oc_mot_record){.n_frames = 0};
}

static void combine_hota(const oc_mot_scores *each, size_t n, oc_mot_hota *h)
{
    for (size_t a = 0; a < OC_HOTA_ALPHAS; a++) {
        double loca = 0;
        for (size_t k = 0; k < n; k++) {
            const oc_mot_hota *e = &each[k].hota;
            h->tp[a] += e->tp[a];
            h->fn[a] += e->fn[a];
            h->fp[a] += e->fp[a];
            h->assa[a] += e->assa[a] * e->tp[a];
            h->assre[a] += e->assre[a] * e->tp[a];
            h->asspr[a] += e->asspr[a] * e->tp[a];
            loca += e->loca[a] * e->tp[a];
        }
        double weight = h->tp[a] > 1.0 ? h->tp[a] : 1.0;
        h->assa[a] /= weight;
        h->assre[a] /= weight;
        h->asspr[a] /= weight;
        h->loca[a] = fmax(1e-10, loca) / fmax(1e-10, h->tp[a]);
    }
    mot_hota_derive(h);
}

void oc_mot_combine(const oc_mot_scores *each, size_t n, oc_mot_scores *out)
{
    *out = (oc_mot_scores){0};
    for (size_t k = 0; k < n; k++) {
        const oc_mot_clear    *c = &each[k].clear;
        const oc_mot_identity *i = &each[k].identity;
        oc_mot_clear          *sum = &out->clear;
        sum->tp += c->tp;
        sum->fn += c->fn;
        sum->fp += c->fp;
        sum->idsw += c->idsw;
        sum->mt += c->mt;
        sum->pt += c->pt;
        sum->ml += c->ml;
        sum->frag += c->frag;
        sum->motp_sum += c->motp_sum;
        sum->frames += c->frames;
        out->identity.tp += i->tp;
        out->identity.fn += i->fn;
        out->identity.fp += i->fp;
        out->gt_dets += each[k].gt_dets;
        out->gt_ids += each[k].gt_ids;
        out->dets += each[k].dets;
        out->ids += each[k].ids;
    }
    combine_hota(each, n, &out->hota);
    mot_clear_derive(&out->clear);
    mot_identity_derive(&out->identity);
}
