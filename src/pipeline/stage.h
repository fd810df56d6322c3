/* stage.h -- the stations of a frame, each with a histogram of how long it takes. */
#ifndef OC_PIPELINE_STAGE_H
#define OC_PIPELINE_STAGE_H

#include "telemetry/histogram.h"

/* name, text, what it is */
#define OC_STAGE_MAP(X)                                              \
    X(DECODE, "decode", "read and decode the frame")                 \
    X(WAIT, "wait", "wait for the work before it")                   \
    X(QUEUE, "queue", "wait for a processor")                        \
    X(PREPARE, "prepare", "frame to the detector's input")           \
    X(DETECT, "detect", "the detector's network")                    \
    X(BOXES, "boxes", "its outputs to boxes")                        \
    X(TRACK, "track", "match boxes with tracks")                     \
    X(RECOGNISE, "recognise", "second looks at tracks")              \
    X(EVENTS, "events", "lines, zones, events, files")               \
    X(DRAW, "draw", "annotate (beside the frame's way)")             \
    X(ENCODE, "encode", "encode the video (beside the frame's way)") \
    X(TOTAL, "total", "from capture to its events")

typedef enum oc_stage {
#define X(name, text, what) OC_STAGE_##name,
    OC_STAGE_MAP(X)
#undef X
        OC_STAGES
} oc_stage;

typedef struct oc_stages {
    oc_histogram histogram[OC_STAGES];
} oc_stages;

const char *oc_stage_name(oc_stage stage);
const char *oc_stage_what(oc_stage stage);

#endif
