/* recording_wire.h -- what a pipeline puts into the blocks of its recording.
 *
 * Each is described once, for writing and reading (core/walk.h).  INFO is JSON: recording_info.h. */
#ifndef OC_PIPELINE_RECORDING_WIRE_H
#define OC_PIPELINE_RECORDING_WIRE_H

#include "core/walk.h"
#include "pipeline/state.h"

#define OC_WIRE_STAGES_MAX 48
#define OC_WIRE_EXTRA_MAX 512 /* of a FRAME, in front of its pixels */

/* In front of a frame's pixels. */
typedef struct oc_wire_frame {
    uint64_t    begun_ns;
    uint64_t    frames; /* worked on before it */
    oc_decision decision;
} oc_wire_frame;
void oc_wire_frame_walk(oc_wire_frame *f, oc_walk *w);

typedef struct oc_wire_stage {
    uint64_t frame;
    uint32_t stage; /* oc_stage of the program that recorded: INFO has the names */
    uint64_t begin_ns, end_ns;
} oc_wire_stage;
void oc_wire_stage_walk(oc_wire_stage *s, oc_walk *w);

typedef struct oc_wire_done {
    uint64_t      frame, captured_ns, begun_ns, end_ns, detections;
    int64_t       pts_ns;
    uint32_t      tracks;                    /* in view */
    uint64_t      looks[OC_RECOGNISERS_MAX]; /* of each recogniser: made, in the order of choice */
    oc_wire_stage stage[OC_WIRE_STAGES_MAX];
    size_t        n_stages;
    const char   *lines; /* events, one line each */
    size_t        n_lines;
} oc_wire_done;
void oc_wire_done_walk(oc_wire_done *d, oc_walk *w);

typedef enum oc_note_kind {
    OC_NOTE_EVENTS = 1, /* lines */
    OC_NOTE_CAPTURED,   /* stage: decode */
    OC_NOTE_DROPPED,
    OC_NOTE_LADDER,
} oc_note_kind;

typedef struct oc_wire_note {
    uint8_t        kind;
    const char    *lines;
    size_t         n_lines;
    oc_wire_stage  stage;
    uint64_t       frame, at_ns; /* dropped */
    uint32_t       reason;
    oc_ladder_move move;
    char           step[64]; /* what move.step points at once it was read */
} oc_wire_note;
void oc_wire_note_walk(oc_wire_note *n, oc_walk *w);

typedef struct oc_wire_end {
    uint8_t     end; /* oc_run_end */
    bool        truncated, failed;
    char        why[200];
    oc_counts   counts;
    const char *lines;
    size_t      n_lines;
} oc_wire_end;
void oc_wire_end_walk(oc_wire_end *e, oc_walk *w);

/* ---- state ---- */

/* So many bytes in front tell which frame comes next; the others are the state. */
#define OC_WIRE_STATE_NEXT 16
/* Most that a state takes. */
size_t oc_wire_state_bound(const oc_pipeline *p);
/* All that what follows depends on, but for the networks.  Reading: into a pipeline of the same
 * configuration whose event log is open. */
void oc_wire_state_walk(oc_pipeline *p, oc_walk *w);
/* Time of the frame that comes after a written state; 0 where it makes no sense. */
double oc_wire_state_time(const void *data, size_t n);

#endif
