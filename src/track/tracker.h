/* tracker.h -- detections of one frame after the other in, objects with a number of their own out.
 *
 * Times are seconds of the stream, never counts of frames: a tracker behaves alike at 5 and at 30
 * frames a second, and when frames are dropped. */
#ifndef OC_TRACK_TRACKER_H
#define OC_TRACK_TRACKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/walk.h"
#include "ocellus/detect.h"

typedef enum oc_track_state {
    OC_TRACK_TENTATIVE, /* seen, not often or long enough to be believed */
    OC_TRACK_CONFIRMED, /* believed, and matched in the last update (predict leaves it so) */
    OC_TRACK_LOST,      /* was confirmed, not matched in the last update; box is predicted */
    OC_TRACK_ENDED,     /* given up in this update: told once, then gone */
} oc_track_state;

typedef struct oc_track {
    uint64_t       id;    /* 1, 2, 3 ... of a tracker; never given twice */
    oc_box         box;   /* estimated for the time of the update */
    float          score; /* of the last matched detection */
    uint32_t       label;
    oc_track_state state;
    bool           confirmed; /* has ever been; tells what an ended track was */
    int32_t        detection; /* index into this update's detections, or -1 */
    uint64_t       hits;      /* detections matched so far */
    double         age_s;     /* since the first of them */
    double         unseen_s;  /* since the last of them */
    uint32_t       missed;    /* updates in a row without a match */
    float surprise; /* 1 - IoU of what was predicted and what was seen, at the last match */
    float spread;   /* standard deviation of the box's place, in box heights */
    float speed;    /* box heights a second */
} oc_track;

typedef struct oc_tracks {
    const oc_track *items; /* by rising id; the tracker's memory, valid until its next call */
    size_t          n;
    size_t          n_refused; /* detections of this update for which there was no room */
} oc_tracks;

/* Fill with oc_tracker_defaults first, then change what should differ. */
typedef struct oc_tracker_options {
    uint32_t max_tracks;     /* room, tentative and lost ones counted: 1 .. 65536 */
    uint32_t max_detections; /* per update; of more the first are taken: 1 .. 65536 */
    double   lost_s;         /* a confirmed track is given up when unseen for longer */
    double   confirm_s;      /* confirmed at this age at the earliest ... */
    uint32_t confirm_hits;   /* ... and with as many detections; 1 .. */
    double   noise_period_s; /* frame period for which the filters' noise was chosen */
    float    score_high;     /* sort, ocsort: lower ones are ignored.  bytetrack: second round */
    float    score_low;      /* bytetrack: below this ignored */
    float    score_new;      /* a detection without a track starts one from here on */
    float    iou_min;        /* sort, ocsort: overlap that a match needs */
    float    cost_first;     /* bytetrack: most of 1 - IoU * score that matches */
    float    cost_second;    /* bytetrack: most of 1 - IoU for weak detections */
    float    cost_tentative; /* bytetrack: most of 1 - IoU * score for tentative tracks */
    float    inertia;        /* ocsort: weight of the direction of motion */
    double   direction_s;    /* ocsort: over which it is measured */
    bool     any_label;      /* match across labels; else a track keeps to its own */
} oc_tracker_options;

typedef struct oc_tracker oc_tracker;

/* One kind of tracker: a row of track/list.inc. */
typedef struct oc_tracker_ops {
    const char *name;  /* "bytetrack" */
    const char *title; /* "ByteTrack (Zhang et al. 2022)" */
    void (*defaults)(oc_tracker_options *options);
    void (*predict)(oc_tracker *tracker); /* to the time of this update */
    void (*update)(oc_tracker *tracker, const oc_detections *found); /* after predict */
} oc_tracker_ops;

const oc_tracker_ops *oc_tracker_kind(size_t i);         /* NULL past the end */
const oc_tracker_ops *oc_tracker_find(const char *name); /* NULL = no such kind */
void                  oc_tracker_defaults(const oc_tracker_ops *kind, oc_tracker_options *options);

/* Takes all the memory it will ever use.  OC_INVALID: an option is out of range; err names it. */
OC_MUST_CHECK oc_status oc_tracker_create(const oc_tracker_ops     *kind,
                                          const oc_tracker_options *options, oc_tracker **out,
                                          oc_error *err);
void                    oc_tracker_destroy(oc_tracker *tracker); /* NULL is fine */

/* What was found in the frame of `time_s`; may be empty (n 0) when nothing was found.  Times that
 * do not advance count as no time passed.  Detections with NaN or without an area are ignored.
 * Allocates nothing and cannot fail. */
void oc_tracker_update(oc_tracker *tracker, const oc_detections *found, double time_s,
                       oc_tracks *out);

/* A frame that nobody looked at (`every: n` of the detector): tracks move on by prediction, none is
 * matched; a confirmed one stays so, as nothing speaks against it. */
void oc_tracker_predict(oc_tracker *tracker, double time_s, oc_tracks *out);

/* Writes all that the next update depends on, or reads it into a tracker of the same kind and
 * options.  After a bad read the tracker is good for oc_tracker_destroy only. */
void oc_tracker_walk(oc_tracker *tracker, oc_walk *walk);
void oc_track_walk(oc_track *track, oc_walk *walk);

/* Ids go on where those of another tracker, whose place this one takes, ended. */
void oc_tracker_follow(oc_tracker *tracker, const oc_tracker *before);

/* Everything ends: tells each remaining track as OC_TRACK_ENDED. */
void oc_tracker_finish(oc_tracker *tracker, oc_tracks *out);

#endif
