/* JSON lines into a file. */
#include <stdlib.h>
#include <string.h>

#include "events/event.h"

struct oc_event_log {
    oc_part *part; /* NULL: counting only */
    char    *stream;
    uint64_t seq, count[OC_EVENT_TYPES];
    size_t   n_line;
    char     line[OC_EVENT_BYTES_MAX];
};

oc_status oc_event_log_create(const char *path, const char *stream, oc_event_log **out,
                              oc_error *err)
{
    oc_event_log *log = calloc(1, sizeof(*log));
    oc_status     st = OC_OK;
    if (!log || !(log->stream = strdup(stream))) {
        free(log);
        return OC_FAIL(err, OC_NOMEM, "event log: out of memory");
    }
    if (path && (st = oc_part_create(path, &log->part, err)) != OC_OK) {
        oc_event_log_drop(log);
        return st;
    }
    *out = log;
    return OC_OK;
}

oc_status oc_event_log_put(oc_event_log *log, const oc_event *event, oc_error *err)
{
    size_t n = oc_event_format(event, log->stream, log->seq, log->line, sizeof(log->line));
    if (n == 0)
        return OC_FAIL(err, OC_INVALID, "event '%s' is longer than %d bytes",
                       oc_event_name(event->type), OC_EVENT_BYTES_MAX);
    log->n_line = n;
    log->seq++;
    log->count[event->type]++;
    return log->part ? oc_part_put(log->part, log->line, n, err) : OC_OK;
}

const char *oc_event_log_line(const oc_event_log *log, size_t *bytes)
{
    *bytes = log->n_line;
    return log->line;
}

uint64_t oc_event_log_seq(const oc_event_log *log)
{
    return log->seq;
}

void oc_event_log_seek(oc_event_log *log, uint64_t seq)
{
    log->seq = seq;
}

uint64_t oc_event_log_count(const oc_event_log *log, oc_event_type type)
{
    return log->count[type];
}

oc_status oc_event_log_flush(oc_event_log *log, oc_error *err)
{
    return log->part ? oc_part_flush(log->part, err) : OC_OK;
}

oc_status oc_event_log_seal(oc_event_log *log, oc_error *err)
{
    return log->part ? oc_part_seal(log->part, err) : OC_OK;
}

oc_status oc_event_log_finish(oc_event_log *log, oc_error *err)
{
    oc_status st = OC_OK;
    if (log->part)
        st = oc_part_finish(log->part, err);
    log->part = NULL;
    oc_event_log_drop(log);
    return st;
}

void oc_event_log_drop(oc_event_log *log)
{
    if (!log)
        return;
    oc_part_drop(log->part);
    free(log->stream);
    free(log);
}
