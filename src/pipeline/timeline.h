/* timeline.h -- what a recording tells about time, without its pixels: in memory. */
#ifndef OC_PIPELINE_TIMELINE_H
#define OC_PIPELINE_TIMELINE_H

#include <jansson.h>

#include "pipeline/recording_wire.h"

typedef struct oc_timeline_frame {
    uint64_t index, captured_ns, begun_ns, end_ns;
    double   time_s;          /* of the stream */
    size_t   stage, n_stages; /* in the timeline's list */
    uint32_t tracks, level;
    uint64_t detections, every;
    bool     look;
} oc_timeline_frame;

typedef struct oc_timeline_drop {
    uint64_t frame, at_ns;
    uint32_t reason;
} oc_timeline_drop;

typedef struct oc_timeline_move {
    uint64_t at_ns;
    uint32_t from, to;
    char     step[64];
    double   latency_ms, objective_ms;
} oc_timeline_move;

typedef struct oc_timeline_event { /* one that was told */
    uint64_t frame, at_ns;
    char     type[16];
} oc_timeline_event;

typedef struct oc_timeline {
    json_t            *info; /* of the last segment */
    oc_timeline_frame *frame;
    oc_wire_stage     *stage;    /* of frames worked on */
    oc_wire_stage     *captured; /* read and decoded */
    oc_timeline_drop  *drop;
    oc_timeline_move  *move;
    oc_timeline_event *event;
    size_t             n_frames, n_stages, n_captured, n_drops, n_moves, n_events;
    size_t             cap[6];
    size_t             segments;
    uint64_t           bytes, lost, begin_ns, end_ns; /* bytes: of the segments */
    bool               ended;
} oc_timeline;

/* The newest run in the folder.  As oc_reader_next; a torn tail is left out. */
OC_MUST_CHECK oc_status oc_timeline_load(const char *folder, oc_timeline *out, oc_error *err);
void                    oc_timeline_finish(oc_timeline *t); /* a zeroed one is fine */

/* Chrome's trace format: see oc_recording_trace. */
OC_MUST_CHECK oc_status oc_timeline_trace(const oc_timeline *t, const char *path, oc_error *err);

static inline uint64_t oc_timeline_latency_ns(const oc_timeline_frame *f)
{
    return f->end_ns > f->captured_ns ? f->end_ns - f->captured_ns : 0;
}

/* Names as they were when it was recorded. */
const char *oc_timeline_stage(const oc_timeline *t, uint32_t stage);
const char *oc_timeline_drop_reason(const oc_timeline *t, uint32_t reason);

#endif
