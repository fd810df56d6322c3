/* mot.h -- how good a tracker is: HOTA, CLEAR and Identity scores, by TrackEval's definitions.
 *
 * Sources: Luiten et al., HOTA, IJCV 2020; Bernardin and Stiefelhagen, CLEAR MOT, 2008; Ristani et
 * al., 2016; and what TrackEval does where the papers leave a choice (ids that are forgotten only by
 * frames with both truth and results, ties, empty sequences). */
#ifndef OC_EVAL_MOT_H
#define OC_EVAL_MOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "ocellus/status.h"

/* ---- files: MOTChallenge text, "frame,id,x,y,w,h,conf[,class,visibility...]" ---- */

typedef struct oc_mot_row {
    int64_t frame, id; /* frame from 1 */
    double  x, y, w, h;
    double  conf;                  /* of truth: 0 = not to be looked at */
    int32_t cls;                   /* 1 where the file has none; of KITTI's an oc_mot_kitti_class */
    int32_t truncation, occlusion; /* KITTI's truth */
} oc_mot_row;

typedef struct oc_mot_rows {
    oc_mot_row *row; /* by frame, then in the file's order */
    size_t      n;
    int64_t     frames; /* the last frame's number */
} oc_mot_rows;

/* OC_IO, or OC_FORMAT with path and line.  An id twice in one frame is refused.  Empty files are
 * fine.  OC_UNSUPPORTED: more than 2^24 rows. */
OC_MUST_CHECK oc_status oc_mot_read(const char *path, oc_mot_rows *out, oc_error *err);
/* The same for detections, whose ids do not matter (files have -1 for all). */
OC_MUST_CHECK oc_status oc_mot_read_detections(const char *path, oc_mot_rows *out, oc_error *err);
/* Written as the reader takes them: frame, id, x, y, w, h, conf.  OC_IO. */
OC_MUST_CHECK oc_status oc_mot_write(const char *path, const oc_mot_rows *rows, oc_error *err);
/* Sorts rows that were filled in by hand and sets frames.  OC_FORMAT: an id twice in one frame. */
OC_MUST_CHECK oc_status oc_mot_rows_sort(oc_mot_rows *rows, oc_error *err);
void                    oc_mot_rows_finish(oc_mot_rows *rows); /* a zeroed one is fine */

/* Which rows count; conf is cut to a whole number first, as TrackEval does.
 *
 *   MOT15           truth with conf != 0
 *   MOT16, 17, 20   results that match a distractor are dropped, then truth that is a pedestrian with
 *                   conf != 0
 *   KITTI           results that match a neighbour class (van; person sitting), a truncated or a
 *                   largely covered object are dropped, those that match nothing too when they are at
 *                   most 25 pixels high or more than half in a DontCare region; then truth of the
 *                   class, whole and not largely covered */
typedef enum oc_mot_benchmark {
    OC_MOT15,
    OC_MOT16,
    OC_MOT17,
    OC_MOT20,
    OC_MOT_KITTI_CAR,
    OC_MOT_KITTI_PEDESTRIAN,
} oc_mot_benchmark;

bool oc_mot_benchmark_find(const char *name, oc_mot_benchmark *out); /* "mot17", "kitti-car" */

typedef enum oc_mot_kitti_class {
    OC_MOT_CAR = 1,
    OC_MOT_VAN,
    OC_MOT_PEDESTRIAN,
    OC_MOT_PERSON_SITTING,
    OC_MOT_DONT_CARE,
} oc_mot_kitti_class;

/* KITTI's tracking text, "frame id type truncated occluded alpha left top right bottom ...", frames
 * from 0 (in `out` from 1).  Kept are the rows that the benchmark, one of KITTI's, looks at: of truth
 * the class, its neighbour and DontCare regions, of results the class.  Errors as above. */
OC_MUST_CHECK oc_status oc_mot_read_kitti(const char *path, oc_mot_benchmark benchmark, bool truth,
                                          oc_mot_rows *out, oc_error *err);
/* Whichever of the two the benchmark's files are. */
OC_MUST_CHECK oc_status oc_mot_read_as(const char *path, oc_mot_benchmark benchmark, bool truth,
                                       oc_mot_rows *out, oc_error *err);

/* ---- scores ---- */

#define OC_HOTA_ALPHAS 19 /* .05, .10 ... .95 */

typedef struct oc_mot_hota {
    double tp[OC_HOTA_ALPHAS], fn[OC_HOTA_ALPHAS], fp[OC_HOTA_ALPHAS];
    double assa[OC_HOTA_ALPHAS], assre[OC_HOTA_ALPHAS], asspr[OC_HOTA_ALPHAS];
    double loca[OC_HOTA_ALPHAS];
    /* derived */
    double deta[OC_HOTA_ALPHAS], detre[OC_HOTA_ALPHAS], detpr[OC_HOTA_ALPHAS];
    double hota[OC_HOTA_ALPHAS], owta[OC_HOTA_ALPHAS];
} oc_mot_hota;

typedef struct oc_mot_clear {
    double tp, fn, fp, idsw, mt, pt, ml, frag, motp_sum, frames;
    double mota, motp, moda, smota, motal, recall, precision, f1; /* derived */
    double mtr, ptr, mlr; /* mt, pt, ml as shares of the truth's tracks; derived */
} oc_mot_clear;

typedef struct oc_mot_identity {
    double tp, fn, fp;
    double idf1, idp, idr; /* derived */
} oc_mot_identity;

typedef struct oc_mot_scores {
    oc_mot_hota     hota;
    oc_mot_clear    clear;
    oc_mot_identity identity;
    int64_t         gt_dets, gt_ids, dets, ids; /* after pre-processing */
} oc_mot_scores;

/* What one frame adds.  Doubles only: sums of frames are sums of these. */
typedef struct oc_mot_sums {
    double tp[OC_HOTA_ALPHAS], fn[OC_HOTA_ALPHAS], fp[OC_HOTA_ALPHAS];
    double association[OC_HOTA_ALPHAS]; /* over true positives: A(c) of the HOTA paper */
    double clear_tp, clear_fn, clear_fp, idsw;
    double id_tp, id_fn, id_fp;
} oc_mot_sums;

typedef struct oc_mot_seen { /* a frame in which a truth's track is there */
    uint32_t truth;          /* index into truth_id */
    int32_t  frame;          /* from 1 */
    int64_t  result;         /* id of the result that CLEAR matches with it; INT64_MIN: none */
} oc_mot_seen;

/* Frame by frame, for comparisons: sums over all frames give the figures of oc_mot_score. */
typedef struct oc_mot_record { /* a zeroed one is empty */
    oc_arena     mem;
    oc_mot_sums *frame;
    size_t       n_frames;
    int64_t     *truth_id;
    size_t       n_truth;
    oc_mot_seen *seen; /* by frame */
    size_t       n_seen;
} oc_mot_record;

OC_MUST_CHECK oc_status oc_mot_record_make(const oc_mot_rows *gt, const oc_mot_rows *results,
                                           oc_mot_benchmark benchmark, int64_t frames,
                                           oc_mot_record *out, oc_error *err);
void                    oc_mot_record_finish(oc_mot_record *record);

/* frames 0: up to the last frame of either file. */
OC_MUST_CHECK oc_status oc_mot_score(const oc_mot_rows *gt, const oc_mot_rows *results,
                                     oc_mot_benchmark benchmark, int64_t frames, oc_mot_scores *out,
                                     oc_error *err);
/* Several sequences as one, as TrackEval's COMBINED_SEQ. */
void oc_mot_combine(const oc_mot_scores *each, size_t n, oc_mot_scores *out);

/* Mean over the alphas. */
double oc_hota_mean(const double *per_alpha);

#endif
