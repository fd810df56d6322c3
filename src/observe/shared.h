/* shared.h -- what the streams of a process share, as metrics: scheduler and sinks. */
#ifndef OC_OBSERVE_SHARED_H
#define OC_OBSERVE_SHARED_H

#include <pthread.h>

#include "events/sinks.h"
#include "sched/sched.h"
#include "telemetry/metrics.h"

typedef struct oc_shared {
    oc_metrics     *metrics;
    pthread_mutex_t lock; /* held while they are read: who takes one away waits for that */
    oc_sinks       *sinks;
    oc_sched       *sched;
} oc_shared;

void oc_shared_init(oc_shared *s);
void oc_shared_finish(oc_shared *s);
void oc_shared_sinks(oc_shared *s, oc_sinks *sinks); /* NULL: before they are destroyed */
void oc_shared_sched(oc_shared *s, oc_sched *sched);
/* An event of the watch's own to the sinks, if there are any. */
void oc_shared_put(oc_shared *s, const char *stream, const char *type, const char *line, size_t n);
void oc_shared_collect(void *shared); /* oc_metrics_collect_fn */

#endif
