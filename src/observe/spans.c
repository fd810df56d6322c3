/* Frames and their stations in rings. */
#include "observe/spans.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/strbuf.h"
#include "events/part.h"
#include "pipeline/site_config.h"

#define SAMPLES 256
#define READS 64 /* frames between capture and work whose reading is remembered */

typedef struct reading {
    atomic_uint_fast64_t frame, begin_ns;
} reading;

typedef struct traced_stream {
    oc_spans      *all;
    oc_frame_spans now; /* the frame that is worked on */
    reading        read[READS];
} traced_stream;

typedef struct ring {
    oc_frame_spans *item;
    size_t          cap;
    uint64_t        put, taken;
} ring;

struct oc_spans {
    oc_observer     observer;
    unsigned        every;
    oc_series      *dropped;
    pthread_mutex_t lock;
    traced_stream  *stream[4 * OC_STREAMS_MAX];
    size_t          n_streams;
    ring            kept, sampled;
    uint64_t        seen;
};

static void captured(void *stream, const oc_frame *frame, uint64_t begin_ns, uint64_t end_ns)
{
    traced_stream *t = stream;
    reading       *r = &t->read[frame->index % READS];
    (void)end_ns;
    atomic_store_explicit(&r->begin_ns, begin_ns, memory_order_relaxed);
    atomic_store_explicit(&r->frame, frame->index, memory_order_release);
}

static void begun(void *stream, const oc_frame *frame, const oc_decision *decision)
{
    traced_stream *t = stream;
    t->now.frame = frame->index;
    t->now.level = decision->level;
}

static void stage(void *stream, uint64_t frame, oc_stage at, uint64_t begin_ns, uint64_t end_ns)
{
    traced_stream *t = stream;
    if (at == OC_STAGE_WAIT) /* the first that is told of a frame */
        t->now.n = 0;
    (void)frame;
    if (at != OC_STAGE_TOTAL && at != OC_STAGE_DECODE && t->now.n < OC_SPANS_MAX)
        t->now.span[t->now.n++] = (oc_span){begin_ns, end_ns, at};
}

static void completed(void *stream, const oc_observed_frame *f)
{
    traced_stream *t = stream;
    oc_spans      *s = t->all;
    const reading *r = &t->read[f->frame->index % READS];
    t->now.frame = f->frame->index;
    t->now.captured_ns = t->now.begin_ns = f->captured_ns;
    if (atomic_load_explicit(&r->frame, memory_order_acquire) == f->frame->index)
        t->now.begin_ns = atomic_load_explicit(&r->begin_ns, memory_order_relaxed);
    t->now.begun_ns = f->begun_ns;
    t->now.end_ns = f->end_ns;
    t->now.tracks = (uint32_t)f->objects->n;
    t->now.detections = (uint32_t)f->detections;
    pthread_mutex_lock(&s->lock);
    if (s->kept.cap)
        s->kept.item[s->kept.put++ % s->kept.cap] = t->now;
    if (s->every && s->seen++ % s->every == 0) {
        if (s->sampled.put - s->sampled.taken < s->sampled.cap)
            s->sampled.item[s->sampled.put++ % s->sampled.cap] = t->now;
        else
            oc_series_add(s->dropped, 1);
    }
    pthread_mutex_unlock(&s->lock);
    t->now.n = 0;
}

static oc_status opened(void *ctx, const oc_observed_stream *info, void **stream, oc_error *err)
{
    oc_spans      *s = ctx;
    traced_stream *t = calloc(1, sizeof(*t));
    if (!t)
        return OC_FAIL(err, OC_NOMEM, "no memory to trace %s", info->name);
    t->all = s;
    snprintf(t->now.stream, sizeof(t->now.stream), "%s", info->name);
    snprintf(t->now.network, sizeof(t->now.network), "%s", info->config->detect.network);
    for (size_t i = 0; i < READS; i++)
        atomic_init(&t->read[i].frame, UINT64_MAX);
    pthread_mutex_lock(&s->lock);
    bool room = s->n_streams < sizeof(s->stream) / sizeof(s->stream[0]);
    if (room)
        s->stream[s->n_streams++] = t;
    pthread_mutex_unlock(&s->lock);
    *stream = t;
    if (room)
        return OC_OK;
    free(t);
    return OC_FAIL(err, OC_INVALID, "%s: too many streams have been traced", info->name);
}

static void closed(void *stream, const oc_counts *counts)
{
    traced_stream *t = stream;
    oc_spans      *s = t->all;
    (void)counts;
    pthread_mutex_lock(&s->lock);
    for (size_t i = 0; i < s->n_streams; i++)
        if (s->stream[i] == t)
            s->stream[i] = s->stream[--s->n_streams];
    pthread_mutex_unlock(&s->lock);
    free(t);
}

size_t oc_spans_take(oc_spans *s, oc_frame_spans *out, size_t n)
{
    size_t got = 0;
    pthread_mutex_lock(&s->lock);
    while (got < n && s->sampled.taken < s->sampled.put)
        out[got++] = s->sampled.item[s->sampled.taken++ % s->sampled.cap];
    pthread_mutex_unlock(&s->lock);
    return got;
}

oc_status oc_spans_create(oc_metrics *metrics, size_t keep, unsigned every, oc_spans **out,
                          oc_error *err)
{
    oc_spans *s = calloc(1, sizeof(*s));
    if (!s)
        return OC_FAIL(err, OC_NOMEM, "no memory to trace");
    s->observer = (oc_observer){.struct_size = sizeof(oc_observer),
                                .ctx = s,
                                .opened = opened,
                                .captured = captured,
                                .begun = begun,
                                .stage = stage,
                                .completed = completed,
                                .closed = closed};
    s->every = every;
    s->dropped = oc_metrics_series(metrics, OC_M_SPANS_DROPPED, NULL);
    pthread_mutex_init(&s->lock, NULL);
    s->kept.cap = keep;
    s->sampled.cap = every ? SAMPLES : 0;
    if ((keep && !(s->kept.item = calloc(keep, sizeof(oc_frame_spans)))) ||
        (every && !(s->sampled.item = calloc(SAMPLES, sizeof(oc_frame_spans))))) {
        oc_spans_destroy(s);
        return OC_FAIL(err, OC_NOMEM, "no memory to trace %zu frames", keep);
    }
    *out = s;
    return OC_OK;
}

void oc_spans_destroy(oc_spans *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->n_streams; i++)
        free(s->stream[i]);
    free(s->kept.item);
    free(s->sampled.item);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

const oc_observer *oc_spans_observer(const oc_spans *s)
{
    return &s->observer;
}

/* ---- the file ---- */

typedef struct trace {
    oc_part  *part;
    oc_strbuf line;
    uint64_t  zero_ns;
    bool      more;
    char      stream[OC_STREAMS_MAX][OC_METRIC_VALUE_BYTES]; /* process i + 1 */
    size_t    n_streams;
} trace;

enum { CAPTURE = 1, WORK = 2 };

static oc_status flush(trace *t, oc_error *err)
{
    if (t->line.failed)
        return OC_FAIL(err, OC_NOMEM, "no memory for a trace");
    oc_status st = oc_part_put(t->part, t->line.data, t->line.n, err);
    oc_strbuf_clear(&t->line);
    return st;
}

static void begin(trace *t, const char *phase, const char *name, size_t pid, int tid, uint64_t ns)
{
    oc_strbuf_printf(&t->line,
                     "%s{\"ph\":\"%s\",\"name\":\"%s\",\"cat\":\"frame\",\"pid\":%zu,"
                     "\"tid\":%d,\"ts\":%.3f",
                     t->more ? ",\n" : "", phase, name, pid, tid,
                     ns > t->zero_ns ? (double)(ns - t->zero_ns) / 1e3 : 0.0);
    t->more = true;
}

static void name_thread(trace *t, const char *kind, size_t pid, int tid, const char *name)
{
    begin(t, "M", kind, pid, tid, 0);
    oc_strbuf_put(&t->line, ",\"args\":{\"name\":");
    oc_strbuf_json(&t->line, name);
    oc_strbuf_put(&t->line, "}}");
}

static size_t process_of(trace *t, const char *stream)
{
    for (size_t i = 0; i < t->n_streams; i++)
        if (strcmp(t->stream[i], stream) == 0)
            return i + 1;
    if (t->n_streams == OC_STREAMS_MAX)
        return OC_STREAMS_MAX;
    snprintf(t->stream[t->n_streams++], sizeof(t->stream[0]), "%s", stream);
    name_thread(t, "process_name", t->n_streams, 0, stream);
    name_thread(t, "thread_name", t->n_streams, CAPTURE, "capture");
    name_thread(t, "thread_name", t->n_streams, WORK, "work");
    return t->n_streams;
}

static void slice(trace *t, const char *name, size_t pid, int tid, uint64_t from, uint64_t to,
                  uint64_t frame)
{
    begin(t, "X", name, pid, tid, from);
    oc_strbuf_printf(&t->line, ",\"dur\":%.3f,\"args\":{\"frame\":%llu}}",
                     to > from ? (double)(to - from) / 1e3 : 0.0, (unsigned long long)frame);
}

static void put_frame(trace *t, const oc_frame_spans *f)
{
    size_t pid = process_of(t, f->stream);
    char   id[48]; /* text: readers keep numbers as doubles */
    snprintf(id, sizeof(id), "%zu.%llu", pid, (unsigned long long)f->frame);
    slice(t, "decode", pid, CAPTURE, f->begin_ns, f->captured_ns, f->frame);
    begin(t, "s", "frame", pid, CAPTURE, f->begin_ns);
    oc_strbuf_printf(&t->line, ",\"id\":\"%s\"}", id);
    slice(t, "frame", pid, WORK, f->begun_ns, f->end_ns, f->frame);
    begin(t, "f", "frame", pid, WORK, f->begun_ns);
    oc_strbuf_printf(&t->line, ",\"bp\":\"e\",\"id\":\"%s\"}", id);
    for (uint32_t i = 0; i < f->n; i++)
        if (f->span[i].stage != OC_STAGE_WAIT) /* the gap between the threads shows it */
            slice(t, oc_stage_name(f->span[i].stage), pid, WORK, f->span[i].begin_ns,
                  f->span[i].end_ns, f->frame);
    begin(t, "C", "tracks", pid, WORK, f->end_ns);
    oc_strbuf_printf(&t->line, ",\"args\":{\"tracks\":%u}}", f->tracks);
}

oc_status oc_spans_write(oc_spans *s, const char *path, oc_error *err)
{
    oc_status st;
    trace    *t = calloc(1, sizeof(*t));
    if (!t)
        return OC_FAIL(err, OC_NOMEM, "no memory for a trace");
    if ((st = oc_part_create(path, &t->part, err)) != OC_OK)
        goto out;
    pthread_mutex_lock(&s->lock);
    uint64_t from = s->kept.put > s->kept.cap ? s->kept.put - s->kept.cap : 0;
    oc_strbuf_put(&t->line, "{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n");
    for (uint64_t i = from; i < s->kept.put && st == OC_OK; i++) {
        const oc_frame_spans *f = &s->kept.item[i % s->kept.cap];
        if (i == from)
            t->zero_ns = f->begin_ns;
        put_frame(t, f);
        st = flush(t, err);
    }
    pthread_mutex_unlock(&s->lock);
    oc_strbuf_put(&t->line, "\n]}\n");
    if (st == OC_OK)
        st = flush(t, err);
    if (st == OC_OK) {
        st = oc_part_finish(t->part, err);
        t->part = NULL;
    }
out:
    oc_part_drop(t->part);
    oc_strbuf_finish(&t->line);
    free(t);
    return st;
}
