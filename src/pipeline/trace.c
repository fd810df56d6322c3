/* A timeline in Chrome's trace format, which Perfetto opens. */
#include <stdio.h>
#include <string.h>

#include "events/json.h"
#include "events/part.h"
#include "pipeline/incident.h"
#include "pipeline/recording_info.h"
#include "pipeline/timeline.h"

#define TEXT_BYTES 4096
#define STREAM 1 /* the one process of the trace */
#define DROPS 100
#define EVENTS 101

typedef struct trace {
    const oc_timeline *t;
    oc_part           *part;
    oc_error          *err;
    oc_status          status;
    bool               comma;
    oc_jsonw           j;
    char               text[TEXT_BYTES];
} trace;

static double us(const trace *t, uint64_t ns)
{
    return ((double)ns - (double)t->t->begin_ns) * 1e-3;
}

static void begin(trace *t, const char *phase, const char *name, double ts, int thread)
{
    oc_jsonw_init(&t->j, t->text, sizeof(t->text));
    oc_jsonw_open(&t->j, NULL, '{');
    oc_jsonw_text(&t->j, "ph", phase);
    oc_jsonw_text(&t->j, "name", name);
    oc_jsonw_float(&t->j, "ts", ts, 3);
    oc_jsonw_uint(&t->j, "pid", STREAM);
    oc_jsonw_int(&t->j, "tid", thread);
}

static void end(trace *t)
{
    oc_jsonw_close(&t->j, '}');
    if (t->status == OC_OK && t->comma)
        t->status = oc_part_text(t->part, ",\n", t->err);
    if (t->status == OC_OK && !t->j.full)
        t->status = oc_part_put(t->part, t->text, t->j.n, t->err);
    t->comma = true;
}

static void put_name(trace *t, const char *kind, int thread, const char *name)
{
    begin(t, "M", kind, 0, thread);
    oc_jsonw_open(&t->j, "args", '{');
    oc_jsonw_text(&t->j, "name", name);
    oc_jsonw_close(&t->j, '}');
    end(t);
    begin(t, "M", "thread_sort_index", 0, thread);
    oc_jsonw_open(&t->j, "args", '{');
    oc_jsonw_int(&t->j, "sort_index", thread);
    oc_jsonw_close(&t->j, '}');
    end(t);
}

static void put_args(trace *t, const oc_timeline_frame *f, uint64_t frame)
{
    oc_jsonw_open(&t->j, "args", '{');
    oc_jsonw_uint(&t->j, "frame", frame);
    if (f) {
        oc_jsonw_float(&t->j, "time_s", f->time_s, 3);
        oc_jsonw_bool(&t->j, "look", f->look);
        oc_jsonw_uint(&t->j, "level", f->level);
        oc_jsonw_uint(&t->j, "detections", f->detections);
        oc_jsonw_uint(&t->j, "tracks", f->tracks);
    }
    oc_jsonw_close(&t->j, '}');
}

/* What may lie across what comes after it, as waiting does, is not a slice of a thread. */
static bool overlaps(const char *stage)
{
    return strcmp(stage, "wait") == 0 || strcmp(stage, "total") == 0;
}

static void put_span(trace *t, const char *name, const oc_wire_stage *s, const oc_timeline_frame *f)
{
    const char *phases[2] = {"b", "e"};
    uint64_t    at[2] = {s->begin_ns, s->end_ns};
    for (int i = 0; i < 2; i++) {
        begin(t, phases[i], name, us(t, at[i]), (int)s->stage + 1);
        oc_jsonw_text(&t->j, "cat", name);
        oc_jsonw_uint(&t->j, "id", s->frame);
        if (i == 0)
            put_args(t, f, s->frame);
        end(t);
    }
}

static void put_flow(trace *t, const oc_wire_stage *s, const char *phase)
{
    begin(t, phase, "frame", us(t, s->begin_ns), (int)s->stage + 1);
    oc_jsonw_text(&t->j, "cat", "frame");
    oc_jsonw_uint(&t->j, "id", s->frame);
    if (*phase == 'f')
        oc_jsonw_text(&t->j, "bp", "e");
    end(t);
}

static void put_stage(trace *t, const oc_wire_stage *s, const oc_timeline_frame *f,
                      const char *flow)
{
    const char *name = oc_timeline_stage(t->t, s->stage);
    if (overlaps(name)) {
        put_span(t, name, s, f);
        return;
    }
    begin(t, "X", name, us(t, s->begin_ns), (int)s->stage + 1);
    oc_jsonw_float(&t->j, "dur", (double)(s->end_ns - s->begin_ns) * 1e-3, 3);
    put_args(t, f, s->frame);
    end(t);
    put_flow(t, s, flow);
}

static void put_counter(trace *t, const char *name, uint64_t at_ns, double value)
{
    begin(t, "C", name, us(t, at_ns), 0);
    oc_jsonw_open(&t->j, "args", '{');
    oc_jsonw_float(&t->j, "value", value, 3);
    oc_jsonw_close(&t->j, '}');
    end(t);
}

static void put_mark(trace *t, const char *name, uint64_t at_ns, int thread, uint64_t frame)
{
    begin(t, "i", name, us(t, at_ns), thread);
    oc_jsonw_text(&t->j, "s", "t");
    put_args(t, NULL, frame);
    end(t);
}

static void put_frames(trace *t)
{
    for (size_t i = 0; i < t->t->n_frames && t->status == OC_OK; i++) {
        const oc_timeline_frame *f = &t->t->frame[i];
        size_t                   last = 0;
        for (size_t k = 0; k < f->n_stages; k++)
            if (!overlaps(oc_timeline_stage(t->t, t->t->stage[f->stage + k].stage)))
                last = k;
        for (size_t k = 0; k < f->n_stages; k++)
            put_stage(t, &t->t->stage[f->stage + k], f, k == last ? "f" : "t");
        put_counter(t, "latency ms", f->end_ns, (double)(f->end_ns - f->captured_ns) * 1e-6);
        put_counter(t, "tracks", f->end_ns, f->tracks);
    }
}

static void put_marks(trace *t)
{
    char text[128];
    for (size_t i = 0; i < t->t->n_drops; i++) {
        const oc_timeline_drop *d = &t->t->drop[i];
        put_mark(t, oc_timeline_drop_reason(t->t, d->reason), d->at_ns, DROPS, d->frame);
    }
    for (size_t i = 0; i < t->t->n_events; i++)
        put_mark(t, t->t->event[i].type, t->t->event[i].at_ns, EVENTS, t->t->event[i].frame);
    for (size_t i = 0; i < t->t->n_moves; i++) {
        const oc_timeline_move *m = &t->t->move[i];
        snprintf(text, sizeof(text), "ladder %u to %u: %.60s", m->from, m->to, m->step);
        put_mark(t, text, m->at_ns, DROPS, 0);
        put_counter(t, "ladder", m->at_ns, m->to);
    }
}

static void put_names(trace *t)
{
    const json_t *stages = json_object_get(t->t->info, "stages");
    char          name[256];
    snprintf(name, sizeof(name), "%s (%s)", oc_info_text(t->t->info, "name"),
             oc_info_text(t->t->info, "source"));
    put_name(t, "process_name", 0, name);
    for (size_t i = 0; i < json_array_size(stages); i++)
        put_name(t, "thread_name", (int)i + 1, oc_timeline_stage(t->t, (uint32_t)i));
    put_name(t, "thread_name", DROPS, "drops, ladder");
    put_name(t, "thread_name", EVENTS, "events told");
}

static oc_status write_all(trace *t)
{
    t->status = oc_part_text(t->part, "{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n", t->err);
    put_names(t);
    for (size_t i = 0; i < t->t->n_captured; i++)
        put_stage(t, &t->t->captured[i], NULL, "s");
    put_frames(t);
    put_marks(t);
    if (t->status == OC_OK)
        t->status = oc_part_text(t->part, "\n]}\n", t->err);
    return t->status;
}

oc_status oc_timeline_trace(const oc_timeline *timeline, const char *path, oc_error *err)
{
    oc_error  own;
    trace     t = {.t = timeline, .err = err ? err : &own};
    oc_status st = oc_part_create(path, &t.part, err);
    if (st != OC_OK)
        return st;
    if ((st = write_all(&t)) != OC_OK) {
        oc_part_drop(t.part);
        return st;
    }
    return oc_part_finish(t.part, err);
}

oc_status oc_recording_trace(const char *folder, const char *path, oc_error *err)
{
    oc_timeline t;
    oc_status   st = oc_timeline_load(folder, &t, err);
    if (st != OC_OK)
        return st;
    st = oc_timeline_trace(&t, path, err);
    oc_timeline_finish(&t);
    return st;
}
