/* table.h -- what the trackers have in common: slots, who matched whom, births and ends. */
#ifndef OC_TRACK_TABLE_H
#define OC_TRACK_TABLE_H

#include "core/arena.h"
#include "track/assign.h"
#include "track/kalman.h"
#include "track/tracker.h"

#define OC_TRACK_TRAIL 16 /* remembered observations: enough for direction_s at 160 frames/s */

typedef struct oc_track_seen { /* an observation */
    oc_box box;
    double time_s;
} oc_track_seen;

typedef struct oc_track_slot {
    oc_track  track;
    oc_kalman k[4]; /* the four coordinates of the tracker's box form */
    oc_box    last; /* latest observation */
    double    born_s, seen_s;
    uint32_t  streak; /* updates in a row with a match */
    uint32_t  missed; /* updates in a row without */
    /* ocsort only */
    oc_kalman     saved[4]; /* state right after the latest observation */
    oc_track_seen trail[OC_TRACK_TRAIL];
    uint32_t      n_trail; /* observations so far; entry i is at i % OC_TRACK_TRAIL */
} oc_track_slot;

struct oc_tracker {
    const oc_tracker_ops *ops;
    oc_tracker_options    options;
    oc_arena              arena;
    oc_assign            *assign;
    oc_track_slot        *slots;   /* [max_tracks] */
    uint32_t             *order;   /* [max_tracks] used slots first, by rising id; then free ones */
    size_t                n;       /* used slots */
    oc_track             *told;    /* [max_tracks] handed out */
    float                *cost;    /* [max_tracks * max_detections] */
    uint32_t             *rows;    /* [max_tracks] slots taking part in a round */
    uint32_t             *cols;    /* [max_detections] detections taking part */
    int32_t              *partner; /* [max_tracks] result of a round */
    uint8_t              *taken;   /* [max_detections] has a track, or is not to be used */
    size_t                n_found; /* detections of this update that are looked at */
    size_t                n_refused;
    uint64_t              next_id, updates;
    double                time_s; /* of this update */
    double                dt;     /* since the one before, in noise periods */
};

float oc_track_iou(const oc_box *a, const oc_box *b);

/* Rounds: choose rows (slots) and columns (detections), fill cost, match. */
typedef bool oc_track_row_fn(const oc_track_slot *slot);
size_t oc_track_rows(oc_tracker *t, oc_track_row_fn *wanted); /* unmatched slots that are wanted */
size_t oc_track_cols(oc_tracker *t, const oc_detections *found, float low, float high);

/* A pair's cost; OC_ASSIGN_NEVER forbids it.  Labels have been compared before. */
typedef float oc_track_cost_fn(const oc_tracker *t, const oc_track_slot *slot,
                               const oc_detection *d);
/* Matches the chosen rows and columns; pairs costlier than `gate` are not made.  Calls hit for each
 * pair, after the slot's bookkeeping is done; `gap` updates were missed before this one. */
typedef void oc_track_hit_fn(oc_tracker *t, oc_track_slot *slot, const oc_detection *d,
                             uint32_t gap);
void         oc_track_match(oc_tracker *t, const oc_detections *found, size_t n_rows, size_t n_cols,
                            oc_track_cost_fn *cost, double gate, oc_track_hit_fn *hit);

/* A new track on detection i, or NULL (counted as refused) when there is no room. */
oc_track_slot *oc_track_birth(oc_tracker *t, const oc_detections *found, size_t i);

/* Box forms: centre x, centre y, area, width / height; and centre x, centre y, width / height,
 * height. */
void   oc_track_to_cxsr(const oc_box *b, double z[4]);
oc_box oc_track_from_cxsr(const double z[4]);
void   oc_track_to_cxah(const oc_box *b, double z[4]);
oc_box oc_track_from_cxah(const double z[4]);

/* SORT's filter over [cx, cy, area, ratio] with its published noise; OC-SORT has the same. */
void   oc_sort_filter_init(oc_kalman k[4], const oc_box *box);
void   oc_sort_filter_predict(oc_kalman k[4], double dt);
void   oc_sort_filter_update(oc_kalman k[4], const oc_box *box);
oc_box oc_sort_filter_box(const oc_kalman k[4]);

/* The state a slot without a match in this update has from now on: lost or, when it was tentative
 * or unseen for too long, ended. */
void oc_track_miss(oc_tracker *t, oc_track_slot *slot);

/* True while too few updates have been made for anything to be confirmed by hits. */
bool oc_track_early(const oc_tracker *t);

#endif
