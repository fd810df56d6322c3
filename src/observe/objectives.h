/* objectives.h -- objectives of streams: counted on each frame's way, looked at every few seconds.
 *
 * Good and bad events go into windows (burn.h); an alert that begins or ends is told by a call.
 * Windows are kept in a file every five minutes and at the end, so that a restart forgets nothing.
 * Time is that of the clock since boot: the wall clock may jump. */
#ifndef OC_OBSERVE_OBJECTIVES_H
#define OC_OBSERVE_OBJECTIVES_H

#include "observe/burn_file.h"
#include "pipeline/observer.h"
#include "telemetry/metrics.h"

typedef struct oc_objectives oc_objectives;

typedef struct oc_alert {
    const char *stream, *objective, *severity, *window; /* of the long window: "1h" */
    double      burn;                                   /* over it */
    bool        firing;                                 /* else it is over */
    bool        drift;  /* no objective, a feature (drift.h): burn is how many times its limit */
    double      time_s; /* since the stream was opened */
    uint64_t    frame;  /* captured so far */
} oc_alert;

typedef struct oc_objectives_options {
    oc_metrics *metrics;                             /* borrowed until destroy */
    const char *file;                                /* where windows are kept; NULL = nowhere */
    void (*alert)(void *ctx, const oc_alert *alert); /* from who ticks, under a lock; may be NULL */
    void (*trouble)(void *ctx, const oc_error *err); /* with the file; may be NULL */
    void *ctx;
} oc_objectives_options;

/* Reads the file.  One that is damaged is put aside (".bad") and told as trouble; one of a later
 * version is left alone, and nothing is kept. */
OC_MUST_CHECK oc_status oc_objectives_create(const oc_objectives_options *options,
                                             oc_objectives **out, oc_error *err);
void                    oc_objectives_destroy(oc_objectives *o); /* keeps the windows once more */

const oc_observer *oc_objectives_observer(const oc_objectives *o);

/* The series of a stream that has ended go: it is counted no more until it is opened again, with the
 * windows it had. */
void oc_objectives_forget(oc_objectives *o, const char *stream);

/* A thread of its own that ticks until destroy. */
OC_MUST_CHECK oc_status oc_objectives_start(oc_objectives *o, oc_error *err);

/* Counts, looks, tells, and keeps the windows when it is time. */
void oc_objectives_tick(oc_objectives *o, const oc_burn_clock *now);

#endif
