/* interval.h -- how many frames may pass until the detector has to look again.
 *
 * Between two looks tracks are carried on by prediction.  That goes well as long as the filters are
 * sure, what was predicted is where it was then seen, and nothing moves far between two looks.  The
 * interval grows by one frame after each look that surprised nobody and is halved by one that did;
 * it is 1 while a track is new or has just been lost. */
#ifndef OC_TRACK_INTERVAL_H
#define OC_TRACK_INTERVAL_H

#include "track/tracker.h"

typedef struct oc_interval_options {
    uint32_t most;     /* frames between two looks; 1 .. */
    float    surprise; /* mean of 1 - IoU of predicted and seen boxes: above it, look sooner */
    float    spread;   /* standard deviation of a track's place in box heights: above it, look */
    float    travel;   /* box heights that a track may move between two looks */
} oc_interval_options;
#define OC_INTERVAL_DEFAULTS                                         \
    {                                                                \
        .most = 8, .surprise = 0.3f, .spread = 0.35f, .travel = 1.0f \
    }

typedef struct oc_interval {
    oc_interval_options options;
    uint32_t            allow; /* frames from one look to the next */
    uint32_t            since; /* frames since the last look */
    bool                begun;
    double              time_s;
} oc_interval;

void oc_interval_init(oc_interval *i, const oc_interval_options *options);

/* For each frame, before it is worked on: the tracks as the frame before left them (none at first)
 * and this frame's time.  True: look. */
bool oc_interval_due(oc_interval *i, const oc_tracks *tracks, double time_s);

/* After the tracker's update with what a look found. */
void oc_interval_looked(oc_interval *i, const oc_tracks *tracks);

#endif
