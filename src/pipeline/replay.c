/* Feeding a pipeline with what was recorded. */
#include "pipeline/replay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/cpu.h"
#include "pipeline/recording_info.h"
#include "pipeline/recording_wire.h"
#include "pipeline/replay_compare.h"
#include "recording/picture.h"
#include "recording/reader.h"

typedef struct replay {
    const oc_replay_options *o;
    oc_replay_result        *out;
    oc_reader                reader;
    oc_compare               compare;
    char                     run[64];     /* that is replayed */
    size_t                   first, last; /* its segments */

    /* what runs */
    json_t             *info;
    char               *info_text;
    size_t              info_bytes;
    oc_pipeline_config *config;
    oc_pool            *pool;
    oc_tune            *tune;
    oc_pipeline        *p;
    oc_decision         decision; /* forced upon this frame */
    const oc_observer  *observer;

    oc_frame_pool *frames;
    oc_frame      *before;  /* the last frame, for the next one's pixels */
    bool           valid;   /* the pipeline's state is that of the recording */
    bool           working; /* `before` has begun, its end is not in the recording yet */
    oc_wire_frame  begun;
    unsigned char *state;
    size_t         state_bytes;
} replay;

static void say(const replay *r, const char *fmt, ...) OC_PRINTF(2, 3);
static void say(const replay *r, const char *fmt, ...)
{
    char    text[640];
    va_list args;
    if (!r->o->say)
        return;
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    r->o->say(r->o->ctx, text);
}

static void on_torn(void *ctx, const char *segment, const char *what)
{
    say(ctx, "%s was not finished: left out are %s", segment, what);
}

static oc_status damaged(const replay *r, const oc_block *b, oc_error *err)
{
    return OC_FAIL(err, OC_FORMAT, "%s:%zu: the block %s makes no sense", r->reader.path, b->at,
                   oc_block_name(b->kind));
}

/* ---- which segments ---- */

/* The run that a segment is of, and the time at which it begins. */
static oc_status look_at(replay *r, size_t i, char run[64], double *time_s, oc_error *err)
{
    oc_block  b;
    bool      first;
    json_t   *info;
    oc_status st;
    run[0] = '\0';
    *time_s = 0;
    oc_reader_seek(&r->reader, i);
    st = oc_reader_next(&r->reader, &b, &first, err);
    if (st != OC_OK || r->reader.at != i || b.kind != OC_BLOCK_INFO)
        return st == OC_END ? OC_OK : st; /* nothing in it, or gone */
    if ((st = oc_recording_info_parse(b.data, b.n, &info, err)) != OC_OK) {
        oc_error_prefix(err, "%s:%zu", r->reader.path, b.at);
        return st;
    }
    snprintf(run, 64, "%s", oc_info_text(info, "run"));
    json_decref(info);
    st = oc_reader_next(&r->reader, &b, &first, err);
    if (st == OC_OK && r->reader.at == i && b.kind == OC_BLOCK_STATE)
        *time_s = oc_wire_state_time(b.data, b.n);
    return st == OC_END ? OC_OK : st;
}

typedef struct segment_of {
    uint64_t run; /* 1, 2 ...; 0: nothing is in it */
    double   time_s;
    char     name[64];
} segment_of;

static oc_status choose(replay *r, const segment_of *list, size_t n, oc_error *err)
{
    uint64_t wanted = r->o->run ? r->o->run : r->out->runs;
    bool     found = false;
    if (wanted > r->out->runs)
        return OC_FAIL(err, OC_NOT_FOUND, "%s: run %llu: there are %llu", r->reader.folder,
                       (unsigned long long)wanted, (unsigned long long)r->out->runs);
    for (size_t i = 0; i < n; i++) {
        if (list[i].run != wanted)
            continue;
        if (!found || (r->o->from_s > 0 && list[i].time_s <= r->o->from_s))
            r->first = i;
        found = true;
        r->last = i;
        memcpy(r->run, list[i].name, sizeof(r->run));
    }
    r->out->run = wanted;
    return found ? OC_OK
                 : OC_FAIL(err, OC_NOT_FOUND, "%s: the recording is empty", r->reader.folder);
}

static oc_status scan(replay *r, oc_error *err)
{
    segment_of *list = calloc(r->reader.n, sizeof(*list));
    oc_status   st = list ? OC_OK : OC_FAIL(err, OC_NOMEM, "replay: out of memory");
    char        name[64] = "";
    for (size_t i = 0; i < r->reader.n && st == OC_OK; i++) {
        st = look_at(r, i, list[i].name, &list[i].time_s, err);
        if (!*list[i].name)
            continue;
        if (strcmp(list[i].name, name) != 0)
            r->out->runs++;
        memcpy(name, list[i].name, sizeof(name));
        list[i].run = r->out->runs;
    }
    if (st == OC_OK)
        st = choose(r, list, r->reader.n, err);
    free(list);
    if (st == OC_OK)
        oc_reader_seek(&r->reader, r->first);
    return st;
}

/* ---- what runs ---- */

static void force(void *ctx, const oc_frame *frame, oc_decision *decision)
{
    const replay *r = ctx;
    (void)frame;
    *decision = r->decision;
}

static void on_event(void *ctx, const oc_event *event, const char *line, size_t bytes)
{
    replay *r = ctx;
    (void)event;
    oc_compare_replayed(&r->compare, line, bytes);
}

static void on_differs(void *ctx, const char *what, const char *was, const char *is)
{
    replay *r = ctx;
    r->out->things_different++;
    say(r, "not the same here: %s: recorded with %.100s, here %.100s", what, was, is);
}

static oc_status finish_pipeline(replay *r, oc_error *err)
{
    oc_status st = OC_OK;
    if (r->p && r->p->annotator)
        st = oc_annotator_finish(r->p->annotator, err);
    if (st == OC_OK && r->p && r->p->mot) {
        st = oc_part_finish(r->p->mot, err);
        r->p->mot = NULL;
    }
    oc_pipeline_destroy(r->p);
    r->p = NULL;
    oc_pipeline_config_destroy(r->config);
    r->config = NULL;
    oc_tune_destroy(r->tune);
    r->tune = NULL;
    oc_pool_destroy(r->pool);
    r->pool = NULL;
    json_decref(r->info);
    r->info = NULL;
    return st;
}

static oc_status check_here(replay *r, oc_error *err)
{
    char     *text;
    json_t   *here;
    oc_status st = oc_recording_info_make(r->p, "", &text, err);
    if (st != OC_OK)
        return st;
    st = oc_recording_info_parse(text, strlen(text), &here, err);
    free(text);
    if (st != OC_OK)
        return st;
    oc_recording_info_compare(r->info, here, on_differs, r);
    json_decref(here);
    return OC_OK;
}

/* What opening the source would have told. */
static void pretend_source(replay *r)
{
    oc_pipeline  *p = r->p;
    const json_t *i = r->info;
    snprintf(p->shown, sizeof(p->shown), "%s", oc_info_text(i, "source"));
    snprintf(p->at, sizeof(p->at), "%.31s", oc_info_text(i, "at"));
    p->info = (oc_source_info){.struct_size = sizeof(p->info),
                               .width = (int32_t)json_integer_value(json_object_get(i, "width")),
                               .height = (int32_t)json_integer_value(json_object_get(i, "height")),
                               .fps = json_real_value(json_object_get(i, "fps")),
                               .frames = -1};
    p->fps = p->info.fps > 0.0 && p->info.fps <= 1000.0 ? p->info.fps : 25.0;
    oc_record_init(&p->record);
    p->seen_as = (oc_observed_stream){.name = p->config->name,
                                      .source = p->shown,
                                      .at = p->at,
                                      .config = p->config,
                                      .info = p->info,
                                      .fps = p->fps,
                                      .pipeline = p};
    oc_pipeline_see(p);
}

/* What INFO describes, with memory of its own. */
typedef struct made {
    oc_pipeline_config *config;
    oc_tune            *tune;
    oc_pipeline        *p;
} made;

static void unmake(made *m)
{
    oc_pipeline_destroy(m->p);
    oc_pipeline_config_destroy(m->config);
    oc_tune_destroy(m->tune);
    *m = (made){NULL, NULL, NULL};
}

static oc_status make_pool(replay *r, oc_error *err)
{
    int64_t threads = json_integer_value(json_object_get(r->info, "threads"));
    threads = r->o->threads ? r->o->threads : threads;
    if (r->pool || threads <= 0)
        return OC_OK;
    return oc_pool_create(threads > 256 ? 256 : (unsigned)threads, &r->pool, err);
}

static oc_status make_pipeline(replay *r, made *m, oc_error *err)
{
    const char         *isa = r->o->isa ? r->o->isa : oc_info_text(r->info, "isa");
    const char         *gallery = oc_info_text(r->info, "gallery");
    const char         *text = oc_info_text(r->info, "pipeline");
    oc_isa              have;
    oc_pipeline_options po = {.observers = &r->observer,
                              .n_observers = 1,
                              .decide = force,
                              .decide_ctx = r,
                              .cancel = r->o->cancel,
                              .isa = oc_isa_parse(isa, &have) ? isa : NULL,
                              .gallery = *gallery ? gallery : NULL};
    oc_status st = oc_pipeline_config_memory(oc_info_text(r->info, "file"), text, strlen(text),
                                             &m->config, err);
    if (st == OC_OK)
        st = oc_recording_info_tune(r->info, &m->tune, err);
    if (st == OC_OK)
        st = make_pool(r, err);
    po.pool = r->pool;
    po.tune = m->tune;
    if (st == OC_OK)
        st = oc_pipeline_create(m->config, &po, &m->p, err);
    if (st != OC_OK)
        unmake(m);
    return st;
}

/* The settings were changed while the stream ran: the pipeline takes them over as it did then. */
static void take_over(replay *r, made *next)
{
    made was = {r->config, r->tune, next->p};
    r->p->next = next->p;
    oc_pipeline_adopt(r->p);
    r->config = next->config;
    r->tune = next->tune;
    unmake(&was); /* what was exchanged */
}

static oc_status begin_pipeline(replay *r, made *m, oc_error *err)
{
    r->config = m->config;
    r->tune = m->tune;
    r->p = m->p;
    r->valid = false;
    r->p->outputs = (oc_outputs_config){.video = r->o->video, .mot = r->o->mot};
    pretend_source(r);
    oc_status st = oc_outputs_open(r->p, err);
    return st == OC_OK ? oc_observers_open(&r->p->observers, &r->p->seen_as, err) : st;
}

/* The text is kept: it tells whether the next one is another. */
static oc_status keep_info(replay *r, const oc_block *b, oc_error *err)
{
    json_t   *info;
    char     *text = realloc(r->info_text, b->n + 1);
    oc_status st = text ? oc_recording_info_parse(b->data, b->n, &info, err)
                        : OC_FAIL(err, OC_NOMEM, "replay: out of memory");
    if (text) {
        r->info_text = text;
        r->info_bytes = b->n;
        memcpy(text, b->data, b->n);
    }
    if (st != OC_OK) {
        oc_error_prefix(err, "%s:%zu", r->reader.path, b->at);
        return st;
    }
    json_decref(r->info);
    r->info = info;
    snprintf(r->out->name, sizeof(r->out->name), "%s", oc_info_text(info, "name"));
    snprintf(r->out->source, sizeof(r->out->source), "%s", oc_info_text(info, "source"));
    snprintf(r->out->at, sizeof(r->out->at), "%s", oc_info_text(info, "at"));
    snprintf(r->out->version, sizeof(r->out->version), "%s", oc_info_text(info, "version"));
    return OC_OK;
}

static oc_status take_info(replay *r, const oc_block *b, oc_error *err)
{
    made      m = {NULL, NULL, NULL};
    oc_status st = OC_OK;
    if (r->info && r->info_bytes == b->n && memcmp(r->info_text, b->data, b->n) == 0)
        return OC_OK;
    bool goes_on = r->p && r->valid;
    if (!goes_on)
        st = finish_pipeline(r, err);
    if (st == OC_OK)
        st = keep_info(r, b, err);
    if (st != OC_OK || r->o->check)
        return st;
    if ((st = make_pipeline(r, &m, err)) != OC_OK)
        return st;
    if (goes_on)
        take_over(r, &m);
    else
        st = begin_pipeline(r, &m, err);
    return st == OC_OK ? check_here(r, err) : st;
}

/* ---- state ---- */

static bool own_state_is(replay *r, const oc_block *b)
{
    oc_walk w = oc_walk_writer(r->state, r->state_bytes);
    oc_wire_state_walk(r->p, &w);
    return !w.bad && w.at == b->n &&
           memcmp(r->state + OC_WIRE_STATE_NEXT, b->data + OC_WIRE_STATE_NEXT,
                  b->n - OC_WIRE_STATE_NEXT) == 0;
}

static oc_status take_state(replay *r, const oc_block *b, oc_error *err)
{
    oc_walk w = oc_walk_reader(b->data, b->n);
    if (r->o->check)
        return OC_OK;
    if (!r->p)
        return damaged(r, b, err);
    if (r->state_bytes < b->n + 1) {
        unsigned char *more = realloc(r->state, b->n + 1);
        if (!more)
            return OC_FAIL(err, OC_NOMEM, "replay: out of memory");
        r->state = more;
        r->state_bytes = b->n + 1;
    }
    oc_compare_settle(&r->compare, r->valid);
    if (r->valid) {
        r->out->states++;
        if (own_state_is(r, b))
            return OC_OK;
        if (r->out->states_different++ == 0)
            say(r, "%s:%zu: after frame %llu tracks, evidence or counts are not as recorded",
                r->reader.path, b->at, (unsigned long long)r->p->frame);
    }
    oc_wire_state_walk(r->p, &w);
    if (!oc_walk_done(&w))
        return damaged(r, b, err);
    r->valid = true;
    if (oc_event_log_seq(r->p->events) == 0)
        oc_tell_started(r->p);
    return OC_OK;
}

/* ---- frames ---- */

static void note_frame(replay *r, const oc_frame *frame)
{
    r->out->last_s = (double)frame->pts_ns * 1e-9;
    if (r->out->frames++ == 0)
        r->out->first_s = r->out->last_s;
    if (r->o->progress)
        r->o->progress(r->o->ctx, r->out->frames, r->out->last_s);
}

/* looks: that were made, NULL = as many as were allowed. */
static oc_status work_on(replay *r, const uint64_t *looks, oc_error *err)
{
    oc_pipeline *p = r->p;
    r->working = false;
    r->decision = r->begun.decision;
    for (size_t i = 0; looks && i < OC_RECOGNISERS_MAX; i++)
        if (looks[i] < r->decision.per_frame[i]) /* there was no time for more */
            r->decision.per_frame[i] = (uint32_t)looks[i];
    if (r->decision.detector >= p->n_detectors)
        return OC_FAIL(err, OC_FORMAT, "%s: frame %llu: there is no detector %u", r->reader.path,
                       (unsigned long long)r->before->index, r->decision.detector);
    p->frames = r->begun.frames;
    oc_status st = oc_frame_work(p, r->before, err);
    if (st != OC_OK)
        return st;
    p->frames++;
    note_frame(r, r->before);
    return OC_OK;
}

static oc_status take_frame(replay *r, const oc_block *b, oc_error *err)
{
    oc_picture    picture;
    oc_frame     *frame;
    oc_wire_frame f = {.frames = 0};
    oc_status     st = oc_picture_read(b->data, b->n, &picture, err);
    if (st == OC_OK) {
        oc_walk w = oc_walk_reader(picture.extra, picture.n_extra);
        oc_wire_frame_walk(&f, &w);
        if (w.bad)
            return damaged(r, b, err);
        st = oc_picture_unpack(&picture, r->before, r->frames, &frame, err);
    }
    if (st != OC_OK) {
        oc_error_prefix(err, "%s:%zu", r->reader.path, b->at);
        return st;
    }
    oc_frame_unref(r->before);
    r->before = frame;
    r->begun = f;
    r->working = r->valid; /* it may turn out that there was no time for it */
    if (r->valid)
        return OC_OK;
    if (r->o->check)
        note_frame(r, frame);
    else
        r->out->skipped++;
    return OC_OK;
}

/* ---- the other blocks ---- */

static oc_status take_done(replay *r, const oc_block *b, oc_error *err)
{
    oc_wire_done d = {.n_stages = 0};
    oc_walk      w = oc_walk_reader(b->data, b->n);
    oc_wire_done_walk(&d, &w);
    if (!oc_walk_done(&w))
        return damaged(r, b, err);
    if (r->valid) {
        if (!r->working || d.frame != r->before->index)
            return damaged(r, b, err);
        oc_status st = work_on(r, d.looks, err);
        if (st != OC_OK)
            return st;
        oc_compare_recorded(&r->compare, d.lines, d.n_lines);
        oc_compare_settle(&r->compare, true);
    }
    return OC_OK;
}

static oc_status take_note(replay *r, const oc_block *b, oc_error *err)
{
    oc_wire_note n = {.kind = 0};
    oc_walk      w = oc_walk_reader(b->data, b->n);
    oc_wire_note_walk(&n, &w);
    if (!oc_walk_done(&w))
        return damaged(r, b, err);
    if (n.kind == OC_NOTE_EVENTS && r->valid)
        oc_compare_recorded(&r->compare, n.lines, n.n_lines);
    if (n.kind == OC_NOTE_DROPPED && n.reason < OC_DROP_REASONS)
        r->out->dropped[n.reason]++;
    if (n.kind == OC_NOTE_DROPPED && r->working && n.frame == r->before->index) {
        r->working = false; /* the scheduler refused it, after its time was that of the stream */
        r->p->time_s = (double)r->before->pts_ns * 1e-9;
        r->p->frame = r->before->index;
    }
    if (n.kind == OC_NOTE_LADDER && r->valid)
        oc_tell_move(r->p, &n.move);
    return OC_OK;
}

static oc_status take_end(replay *r, const oc_block *b, oc_error *err)
{
    oc_wire_end  e = {.end = 0};
    oc_walk      w = oc_walk_reader(b->data, b->n);
    oc_pipeline *p = r->p;
    oc_wire_end_walk(&e, &w);
    if (!oc_walk_done(&w))
        return damaged(r, b, err);
    r->out->ended = true;
    if (!r->valid)
        return OC_OK;
    p->ledger.counts = e.counts;
    p->end = (oc_run_end)e.end;
    p->ended =
        (oc_pipeline_end){.truncated = e.truncated, .interrupted = p->end == OC_RUN_INTERRUPTED};
    if (!e.failed) {
        oc_status st = oc_stream_close(p, err);
        if (st != OC_OK)
            return st;
    } else {
        say(r, "the run failed here");
    }
    oc_compare_recorded(&r->compare, e.lines, e.n_lines);
    oc_compare_settle(&r->compare, true);
    return OC_OK;
}

static void note_hole(replay *r)
{
    r->out->holes++;
    say(r,
        "%s: something is missing before this: frames until the next recorded state are not "
        "replayed",
        r->reader.path);
    oc_compare_settle(&r->compare, false);
    r->valid = r->working = false;
}

static oc_status take(replay *r, const oc_block *b, bool first, oc_error *err)
{
    if (r->reader.hole)
        note_hole(r);
    if (first) { /* its pixels stand on their own */
        oc_frame_unref(r->before);
        r->before = NULL;
        if (b->kind != OC_BLOCK_INFO)
            return damaged(r, b, err);
    }
    switch (b->kind) {
    case OC_BLOCK_INFO: return take_info(r, b, err);
    case OC_BLOCK_STATE: return take_state(r, b, err);
    case OC_BLOCK_FRAME: return take_frame(r, b, err);
    case OC_BLOCK_DONE: return take_done(r, b, err);
    case OC_BLOCK_NOTE: return take_note(r, b, err);
    case OC_BLOCK_END: return take_end(r, b, err);
    case OC_BLOCK_SEALED: break;
    }
    return OC_OK; /* of a kind that came later: not needed for what this version knows */
}

static bool stopped(const replay *r)
{
    if (r->o->cancel && __atomic_load_n(r->o->cancel, __ATOMIC_RELAXED) == 1)
        r->out->interrupted = true;
    return r->out->interrupted ||
           (r->o->to_s > 0 && r->out->frames && !r->working && r->out->last_s >= r->o->to_s);
}

static oc_status go(replay *r, oc_error *err)
{
    oc_block  b;
    bool      first;
    oc_status st = OC_OK;
    while (st == OC_OK && !stopped(r)) {
        if ((st = oc_reader_next(&r->reader, &b, &first, err)) != OC_OK)
            break;
        if (r->reader.at > r->last)
            break;
        st = take(r, &b, first, err);
    }
    if (st == OC_END)
        st = OC_OK;
    if (st == OC_OK && r->working && !r->out->interrupted) {
        say(r, "the recording ends while frame %llu was worked on: it is worked on once more",
            (unsigned long long)r->before->index);
        st = work_on(r, NULL, err);
        oc_compare_settle(&r->compare, false);
    }
    if (st == OC_OK && !r->out->ended)
        oc_compare_settle(&r->compare, r->valid && !r->working);
    return st;
}

static oc_status begin(replay *r, oc_error *err)
{
    oc_status st = oc_reader_open(&r->reader, r->o->folder, true, err);
    r->reader.torn = on_torn;
    r->reader.ctx = r;
    if (st == OC_OK)
        st = scan(r, err);
    if (st == OC_OK)
        st = oc_frame_pool_create(&r->frames, err);
    if (st == OC_OK)
        st = oc_compare_begin(&r->compare, r->o, r->out, err);
    return st;
}

oc_status oc_replay_run(const oc_replay_options *options, oc_replay_result *out, oc_error *err)
{
    oc_error          own;
    replay            r = {.o = options, .out = out};
    const oc_observer observer = {.struct_size = sizeof(observer), .ctx = &r, .event = on_event};
    err = err ? err : &own;
    *out = (oc_replay_result){.frames = 0};
    r.observer = &observer;
    oc_status st = begin(&r, err);
    if (st == OC_OK)
        st = go(&r, err);
    oc_error  late = {0};
    oc_status end = st == OC_OK ? finish_pipeline(&r, err) : finish_pipeline(&r, &late);
    st = st == OC_OK ? end : st;
    end = oc_compare_end(&r.compare, st == OC_OK || st == OC_FORMAT, &late);
    if (st == OC_OK && end != OC_OK) {
        *err = late;
        st = end;
    }
    oc_reader_close(&r.reader);
    oc_frame_unref(r.before);
    oc_frame_pool_destroy(r.frames);
    free(r.info_text);
    free(r.state);
    return st;
}
