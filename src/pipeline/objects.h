/* objects.h -- what the pipeline knows about each track, beside what the tracker does. */
#ifndef OC_PIPELINE_OBJECTS_H
#define OC_PIPELINE_OBJECTS_H

#include "pipeline/config.h"
#include "pipeline/evidence.h"

#define OC_TRAIL_MAX 64

typedef struct oc_trail_point {
    oc_xy  bottom; /* middle of the box's lower edge, pixels */
    float  height; /* of the box */
    double time_s;
} oc_trail_point;

typedef struct oc_line_state {
    int8_t side; /* of the line: 1 right, -1 left, 0 = not clear of it yet */
    oc_xy  at;   /* where it was clear of the line last */
} oc_line_state;

typedef struct oc_zone_state {
    bool   inside, turning; /* turning: seems to have changed, not for long enough */
    double turning_s, entered_s;
} oc_zone_state;

typedef struct oc_object {
    oc_track       track;
    bool           appeared; /* has been told */
    double         first_s, last_s, updated_s;
    oc_box         last_box; /* when it was seen last */
    oc_trail_point trail[OC_TRAIL_MAX];
    uint32_t       n_trail; /* points so far; point i is at i % OC_TRAIL_MAX */
    oc_evidence    evidence[OC_RECOGNISERS_MAX];
    oc_line_state  line[OC_LINES_MAX];
    oc_zone_state  zone[OC_ZONES_MAX];
    oc_point       points[OC_POINTS_MAX]; /* key-points of the last look */
    size_t         n_points;
    double         points_s;
    oc_box         points_box; /* the track's box then */
    uint32_t       crossings;
} oc_object;

typedef struct oc_objects {
    oc_object  *slots;
    oc_object **list; /* by rising id; ended ones stay until the next sync */
    oc_object **spare;
    oc_object **next; /* scratch for sync */
    size_t      n, n_spare, cap;
} oc_objects;

OC_MUST_CHECK oc_status oc_objects_init(oc_objects *o, size_t cap, oc_error *err);
void                    oc_objects_finish(oc_objects *o); /* a zeroed one is fine */

/* After each update of the tracker. */
void oc_objects_sync(oc_objects *o, const oc_tracks *tracks, double time_s);

oc_xy oc_object_anchor(const oc_object *object, oc_anchor anchor);

/* Speed over the last 0.7 seconds, in box heights a second; < 0 when there is too little trail. */
float oc_object_speed(const oc_object *object);

/* Matched in the last update: there is something to look at. */
static inline bool oc_object_seen(const oc_object *object)
{
    return object->track.state == OC_TRACK_CONFIRMED && object->track.detection >= 0;
}

#endif
