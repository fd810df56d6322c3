/* recording.h -- a stream's frames, decisions, times and events into a ring of files
 * (docs/replay.md), from which `ocellus replay` does it all again.
 *
 * It is an observer: give oc_recording_observer to the pipelines' options. */
#ifndef OC_PIPELINE_RECORDING_H
#define OC_PIPELINE_RECORDING_H

#include "pipeline/observer.h"
#include "recording/recorder.h"

typedef struct oc_recording oc_recording;

typedef struct oc_recording_options {
    const char *folder;
    size_t      streams;   /* that will be opened; of several each has a folder of its own by its
                                   name, and its part of bytes_max; 0 = 1 */
    bool        grows;     /* others may be added: each has a folder even when there is one, and all
                                   parts become smaller */
    uint64_t    bytes_max; /* see recorder.h for these; 0 = their defaults */
    double      seconds_max;
    double      incident_s;
    size_t      incidents_keep;
    double      incident_over_s; /* a frame's total latency above this is an incident; 0 = no */
    void (*complain)(void *ctx, const char *text); /* from other threads; may be NULL */
    void *ctx;
} oc_recording_options;

OC_MUST_CHECK oc_status oc_recording_create(const oc_recording_options *options, oc_recording **out,
                                            oc_error *err);
/* After the pipelines are gone. */
void oc_recording_destroy(oc_recording *r); /* NULL is fine */

const oc_observer *oc_recording_observer(oc_recording *r);

/* An objective was missed, or something else is worth keeping: the ring as it is goes to
 * <folder>/incident-<utc>/ with a page, a summary and a trace.  stream: its name; NULL = all.  From
 * any thread, while streams are open or not.  Gives back how many streams' rings are kept: too soon
 * after the last incident, none. */
size_t oc_recording_incident(oc_recording *r, const char *stream, const char *reason);

/* Sums over the streams, also after they have closed. */
void oc_recording_stats(oc_recording *r, oc_recorder_stats *out);

#endif
