/* spans.h -- what each frame went through, and when: an observer that keeps frames in a ring.
 *
 * Two readers: the trace file takes what the ring holds at the end, an exporter takes sampled frames
 * as they come.  Memory is fixed; where nobody reads in time the oldest are overwritten (the file)
 * or new ones dropped and counted (the exporter). */
#ifndef OC_OBSERVE_SPANS_H
#define OC_OBSERVE_SPANS_H

#include "pipeline/observer.h"
#include "telemetry/metrics.h"

#define OC_SPANS_MAX 20 /* of a frame */

typedef struct oc_span {
    uint64_t begin_ns, end_ns; /* oc_now_ns */
    oc_stage stage;
} oc_span;

typedef struct oc_frame_spans {
    char     stream[OC_METRIC_VALUE_BYTES], network[64];
    uint64_t frame, begin_ns, captured_ns, begun_ns, end_ns; /* begin: of reading it */
    uint32_t n, level, tracks, detections;
    oc_span  span[OC_SPANS_MAX];
} oc_frame_spans;

typedef struct oc_spans oc_spans;

/*   keep   frames that the ring holds for the trace file; 0 = none
 *   every  one frame in so many goes to the exporter; 0 = none */
OC_MUST_CHECK oc_status oc_spans_create(oc_metrics *metrics, size_t keep, unsigned every,
                                        oc_spans **out, oc_error *err);
void                    oc_spans_destroy(oc_spans *s); /* NULL is fine */
const oc_observer      *oc_spans_observer(const oc_spans *s);

/* Up to n sampled frames, oldest first; gives back how many. */
size_t oc_spans_take(oc_spans *s, oc_frame_spans *out, size_t n);

/* The frames of the ring in Chrome's trace format, which Perfetto opens: a thread for capture and
 * one for work of each stream, and a flow from one to the other for each frame. */
OC_MUST_CHECK oc_status oc_spans_write(oc_spans *s, const char *path, oc_error *err);

#endif
