/* ladder.h -- when to do less, and when to do it all again: the degrade ladder's mind.
 *
 * Level 0 is the pipeline as configured; level n has the first n steps.  Up: for `climb` seconds
 * half of the frames or more were late, or dropped as too late.  Down: for `descend` seconds all
 * were well in time (margin x objective).  A level that had to be left upwards soon after it was
 * tried doubles the time before it is tried again, up to 64 times. */
#ifndef OC_PIPELINE_LADDER_H
#define OC_PIPELINE_LADDER_H

#include "pipeline/config.h"

typedef struct oc_ladder {
    const oc_degrade_config *config;
    uint64_t                 objective_ns;
    uint32_t                 level;
    bool                     begun;
    uint64_t                 window_ns; /* begin of the stretch that is looked at */
    uint32_t                 frames, late;
    uint64_t                 calm_ns;  /* since when all is well in time; 0 = it is not */
    uint64_t                 moved_ns; /* the last move */
    bool                     moved_down;
    uint32_t                 patience;   /* descend waits 1, 2, 4 .. times as long */
    uint64_t                 latency_ns; /* what the last move was for */
} oc_ladder;

void oc_ladder_init(oc_ladder *l, const oc_degrade_config *config, uint64_t objective_ns);

/* A frame ended now, after latency_ns; UINT64_MAX: it was dropped as too late.  Gives back 1 or -1
 * when the level has changed by one step, else 0. */
int oc_ladder_note(oc_ladder *l, uint64_t now_ns, uint64_t latency_ns);

#endif
