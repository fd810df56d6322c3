/* Observers: each hook goes to all tables that have it. */
#include "pipeline/observer.h"

#include <string.h>

oc_status oc_observers_init(oc_observers *o, const oc_observer *const *tables, size_t n,
                            oc_error *err)
{
    *o = (oc_observers){0};
    if (n > OC_OBSERVERS_MAX)
        return OC_FAIL(err, OC_INVALID, "%zu observers of a stream, at most %d", n,
                       OC_OBSERVERS_MAX);
    for (size_t i = 0; i < n; i++) {
        size_t known = sizeof(o->item[i]);
        memcpy(&o->item[i], tables[i],
               tables[i]->struct_size < known ? tables[i]->struct_size : known);
        o->stream[i] = o->item[i].ctx;
    }
    o->n = n;
    return OC_OK;
}

oc_status oc_observers_open(oc_observers *o, const oc_observed_stream *info, oc_error *err)
{
    oc_status st = OC_OK;
    for (size_t i = 0; i < o->n && st == OC_OK; i++) {
        if (o->item[i].opened)
            st = o->item[i].opened(o->item[i].ctx, info, &o->stream[i], err);
        o->n_opened += st == OC_OK;
    }
    return st;
}

#define EACH(hook, ...)                      \
    for (size_t i = 0; i < o->n_opened; i++) \
        if (o->item[i].hook)                 \
    o->item[i].hook(o->stream[i], __VA_ARGS__)

void oc_observers_captured(oc_observers *o, const oc_frame *frame, uint64_t begin_ns,
                           uint64_t end_ns)
{
    EACH(captured, frame, begin_ns, end_ns);
}

void oc_observers_dropped(oc_observers *o, const oc_frame *frame, oc_drop reason)
{
    EACH(dropped, frame, reason);
}

void oc_observers_begun(oc_observers *o, const oc_frame *frame, const oc_decision *decision)
{
    EACH(begun, frame, decision);
}

void oc_observers_stage(oc_observers *o, uint64_t frame, oc_stage stage, uint64_t begin_ns,
                        uint64_t end_ns)
{
    EACH(stage, frame, stage, begin_ns, end_ns);
}

void oc_observers_event(oc_observers *o, const oc_event *event, const char *line, size_t bytes)
{
    EACH(event, event, line, bytes);
}

void oc_observers_ladder(oc_observers *o, const oc_ladder_move *move)
{
    EACH(ladder, move);
}

void oc_observers_completed(oc_observers *o, const oc_observed_frame *frame)
{
    EACH(completed, frame);
}

void oc_observers_configured(oc_observers *o, const oc_pipeline_config *config)
{
    EACH(configured, config);
}

void oc_observers_source(oc_observers *o, bool connected, const oc_error *why)
{
    EACH(source, connected, why);
}

void oc_observers_ran(oc_observers *o, const char *network, uint64_t ns)
{
    EACH(ran, network, ns);
}

void oc_observers_embedded(oc_observers *o, const char *recogniser, const float *embedding,
                           size_t n)
{
    EACH(embedded, recogniser, embedding, n);
}

void oc_observers_close(oc_observers *o, const oc_counts *counts)
{
    EACH(closed, counts);
    o->n_opened = 0;
}
