/* streams.h -- what streams do, counted: an observer of pipelines.
 *
 * Hooks count with atomics of their own; what adds up (captured = completed + dropped + in flight)
 * is brought into the registry by a collector, in one go, so that a page of metrics always adds up.
 * A stream that ends keeps its series until its place is needed. */
#ifndef OC_OBSERVE_STREAMS_H
#define OC_OBSERVE_STREAMS_H

#include "core/strbuf.h"
#include "pipeline/observer.h"
#include "pipeline/site_config.h"
#include "telemetry/metrics.h"

typedef struct oc_streams oc_streams;

/* metrics: borrowed until destroy.  stale_s: a stream is up while its last frame is younger (or
 * younger than three frames of its rate); 0 = 10.  stall_s: work on one frame that lasts longer
 * means that the program hangs; 0 = 30. */
OC_MUST_CHECK oc_status oc_streams_create(oc_metrics *metrics, double stale_s, double stall_s,
                                          oc_streams **out, oc_error *err);
void                    oc_streams_destroy(oc_streams *s); /* after all its pipelines' runs */

/* fn: called before the series of a stream that has ended are taken away, from the thread that opens
 * another one; before the first stream. */
typedef void oc_streams_forget_fn(void *ctx, const char *stream);
void         oc_streams_on_forget(oc_streams *s, oc_streams_forget_fn *fn, void *ctx);

/* For oc_pipeline_options.observers; as long as the streams. */
const oc_observer *oc_streams_observer(const oc_streams *s);

/* So many streams are to come: not ready before all have delivered a frame. */
void oc_streams_expect(oc_streams *s, size_t n);

/* Do all streams deliver?  Is no frame stuck?  text (may be NULL): a JSON document. */
bool oc_streams_ready(oc_streams *s, oc_strbuf *text);
bool oc_streams_live(oc_streams *s, oc_strbuf *text);

#endif
