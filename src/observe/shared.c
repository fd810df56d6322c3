#include "observe/shared.h"

void oc_shared_init(oc_shared *s)
{
    pthread_mutex_init(&s->lock, NULL);
}

void oc_shared_finish(oc_shared *s)
{
    pthread_mutex_destroy(&s->lock);
}

void oc_shared_sinks(oc_shared *s, oc_sinks *sinks)
{
    pthread_mutex_lock(&s->lock);
    s->sinks = sinks;
    pthread_mutex_unlock(&s->lock);
}

void oc_shared_sched(oc_shared *s, oc_sched *sched)
{
    pthread_mutex_lock(&s->lock);
    s->sched = sched;
    pthread_mutex_unlock(&s->lock);
}

void oc_shared_put(oc_shared *s, const char *stream, const char *type, const char *line, size_t n)
{
    pthread_mutex_lock(&s->lock);
    if (s->sinks)
        oc_sinks_put(s->sinks, stream, type, line, n);
    pthread_mutex_unlock(&s->lock);
}

static oc_series *series(const oc_shared *s, oc_metric_id id, const char *a, const char *b,
                         const char *c)
{
    const char *const values[OC_METRIC_LABELS_MAX] = {a, b, c};
    return oc_metrics_series(s->metrics, id, values);
}

static void read_sink(const oc_shared *s, size_t i)
{
    const char   *name = oc_sinks_name(s->sinks, i), *kind = oc_sinks_kind(s->sinks, i);
    oc_sink_stats t;
    oc_sinks_stats(s->sinks, i, &t);
    const struct {
        oc_metric_id id;
        uint64_t     n;
    } counts[] = {{OC_M_SINK_PUT, t.put},
                  {OC_M_SINK_ACKNOWLEDGED, t.acknowledged},
                  {OC_M_SINK_STORED, t.stored},
                  {OC_M_SINK_SENT, t.sent},
                  {OC_M_SINK_RETRIED, t.retried},
                  {OC_M_SINK_DUPLICATES, t.maybe_duplicate},
                  {OC_M_SINK_FAILURES, t.failures},
                  {OC_M_SINK_WRITTEN, t.bytes_written},
                  {OC_M_SINK_DISK_ERRORS, t.disk_errors},
                  {OC_M_SINK_SPOOL_RESETS, t.spool_resets}};
    for (size_t k = 0; k < sizeof(counts) / sizeof(counts[0]); k++)
        oc_series_set_count(series(s, counts[k].id, name, kind, NULL), counts[k].n);
    for (int k = 0; k < OC_SINK_DROPS; k++)
        oc_series_set_count(
            series(s, OC_M_SINK_DROPPED, name, kind, oc_sink_drop_name((oc_sink_drop)k)),
            t.dropped[k]);
    for (int p = 0; p < OC_PRIORITIES; p++)
        oc_series_set_count(
            series(s, OC_M_SINK_EVICTED, name, kind, oc_sinks_priority_name((oc_priority)p)),
            t.evicted[p]);
    oc_series_set(series(s, OC_M_SINK_UP, name, kind, NULL), t.connected);
    oc_series_set(series(s, OC_M_SINK_WAITING, name, kind, NULL), (double)t.depth);
    oc_series_set(series(s, OC_M_SINK_SPOOL, name, kind, NULL), (double)t.spool_bytes);
    oc_series_set(series(s, OC_M_SINK_SPOOL_LIMIT, name, kind, NULL), (double)t.spool_bytes_max);
    oc_series_set(series(s, OC_M_SINK_ASIDE, name, kind, NULL), (double)t.aside);
}

static void read_network(const oc_shared *s, uint32_t network, oc_sched_class class)
{
    oc_sched_stats t;
    const char    *of = oc_sched_class_name(class);
    if (!oc_sched_stats_get(s->sched, network, class, &t) || t.counts.submitted == 0)
        return;
    oc_series_set_count(series(s, OC_M_JOBS_DONE, t.name, of, NULL), t.counts.done);
    oc_series_set_count(series(s, OC_M_JOB_BATCHES, t.name, of, NULL), t.batches);
    oc_series_set_count(series(s, OC_M_JOBS_MISSED, t.name, of, NULL), t.counts.missed);
    oc_series_set_count(series(s, OC_M_JOBS_PREEMPTED, t.name, of, NULL), t.counts.preempted);
    for (int k = 0; k < OC_SCHED_DROPS; k++)
        oc_series_set_count(
            series(s, OC_M_JOBS_DROPPED, t.name, of, oc_sched_drop_name((oc_sched_drop)k)),
            t.counts.dropped[k]);
    oc_series_set(series(s, OC_M_JOBS_QUEUE_DELAY, t.name, of, "0.5"),
                  (double)t.queue.p50_ns / 1e9);
    oc_series_set(series(s, OC_M_JOBS_QUEUE_DELAY, t.name, of, "0.99"),
                  (double)t.queue.p99_ns / 1e9);
}

static void read_sched(const oc_shared *s)
{
    oc_sched_load load;
    unsigned      n = oc_sched_networks(s->sched);
    for (uint32_t i = 0; i < n; i++)
        for (int c = 0; c < OC_SCHED_CLASSES; c++)
            read_network(s, i, (oc_sched_class)c);
    oc_sched_load_get(s->sched, &load);
    oc_series_set_count(series(s, OC_M_CORES_BUSY, NULL, NULL, NULL), load.busy_ns);
    oc_series_set(series(s, OC_M_BLOCKING, NULL, NULL, NULL), (double)load.blocking_max_ns / 1e9);
}

void oc_shared_collect(void *shared)
{
    oc_shared *s = shared;
    pthread_mutex_lock(&s->lock);
    if (s->sched)
        read_sched(s);
    for (size_t i = 0; s->sinks && i < oc_sinks_count(s->sinks); i++)
        read_sink(s, i);
    pthread_mutex_unlock(&s->lock);
}
