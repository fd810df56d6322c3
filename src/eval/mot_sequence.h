/* mot_sequence.h -- one sequence made ready for the metrics: who is seen in a frame, and how alike. */
#ifndef OC_EVAL_MOT_SEQUENCE_H
#define OC_EVAL_MOT_SEQUENCE_H

#include "core/arena.h"
#include "eval/mot.h"
#include "track/assign.h"

typedef struct mot_frame {
    uint32_t *gt, *trk; /* dense ids */
    double   *sim;      /* [n_gt][n_trk] intersection over union */
    size_t    n_gt, n_trk;
} mot_frame;

typedef struct mot_sequence {
    oc_arena       mem;
    mot_frame     *frame;
    size_t         n_frames, n_gt_ids, n_trk_ids, n_gt_dets, n_trk_dets;
    size_t         widest_gt, widest_trk; /* of any frame */
    oc_assign     *assign;                /* large enough for any frame */
    double        *cost;                  /* [widest_gt][widest_trk] */
    int32_t       *match;                 /* [widest_gt] */
    int64_t       *gt_id, *trk_id;        /* as in the files, by dense id */
    oc_mot_record *record;                /* filled in by the metrics where it is not NULL */
} mot_sequence;

OC_MUST_CHECK oc_status mot_sequence_create(const oc_mot_rows *gt, const oc_mot_rows *results,
                                            oc_mot_benchmark benchmark, int64_t frames,
                                            mot_sequence *out, oc_error *err);
void                    mot_sequence_finish(mot_sequence *s);

/* As many pairs as can be, of the greatest sum of scores; s->match[i] is the partner or -1. */
void mot_match(mot_sequence *s, const double *score, size_t rows, size_t cols);

OC_MUST_CHECK oc_status mot_hota(mot_sequence *s, oc_mot_hota *out, oc_error *err);
OC_MUST_CHECK oc_status mot_clear(mot_sequence *s, oc_mot_clear *out, oc_error *err);
OC_MUST_CHECK oc_status mot_identity(mot_sequence *s, oc_mot_identity *out, oc_error *err);
void                    mot_hota_derive(oc_mot_hota *h);
void                    mot_clear_derive(oc_mot_clear *c);
void                    mot_identity_derive(oc_mot_identity *i);

#endif
