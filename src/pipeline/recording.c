/* Hooks of an observer into blocks of a recording. */
#include "pipeline/recording.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pipeline/incident.h"
#include "pipeline/recording_info.h"
#include "pipeline/recording_wire.h"
#include "pipeline/site_config.h"

#define LINES_BYTES ((size_t)64 << 10) /* of events told in one frame; more go in several notes */
#define BLOCK_BYTES (LINES_BYTES + 8192)
#define STATE_BYTES_MOST ((size_t)4 << 20)
#define STREAMS_MAX 256

/* One stream. */
typedef struct recorded {
    oc_recording  *all;
    oc_pipeline   *p;
    oc_recorder   *recorder;
    char           name[128], run[64];
    oc_wire_done   done;                      /* of this frame, as far as it is known */
    uint64_t       looks[OC_RECOGNISERS_MAX]; /* of the recognisers, before it */
    char          *lines;
    size_t         n_lines;
    unsigned char *block, *state;
    size_t         state_bytes;
} recorded;

struct oc_recording {
    oc_recording_options options;
    oc_observer          observer;
    pthread_mutex_t      lock;
    recorded            *stream[STREAMS_MAX]; /* those that are open */
    size_t               n;
    char   part[STREAMS_MAX][OC_STREAM_NAME_MAX + 1]; /* folders there are, by streams' names */
    size_t n_parts;
    oc_recorder_stats past; /* of those that have closed */
};

/* ---- blocks ---- */

static void put_note(recorded *s, oc_wire_note *note, unsigned char *block, size_t room)
{
    oc_walk w = oc_walk_writer(block, room);
    oc_wire_note_walk(note, &w);
    assert(!w.bad);
    oc_recorder_put(s->recorder, OC_BLOCK_NOTE, block, w.at);
}

static void put_lines(recorded *s)
{
    oc_wire_note note = {.kind = OC_NOTE_EVENTS, .lines = s->lines, .n_lines = s->n_lines};
    if (s->n_lines)
        put_note(s, &note, s->block, BLOCK_BYTES);
    s->n_lines = 0;
}

static void put_state(recorded *s)
{
    oc_walk w = oc_walk_writer(s->state, s->state_bytes);
    oc_wire_state_walk(s->p, &w);
    if (!w.bad) /* more tracks than any state holds: the recording stays without */
        oc_recorder_put(s->recorder, OC_BLOCK_STATE, s->state, w.at);
}

/* ---- hooks ---- */

static void on_captured(void *stream, const oc_frame *frame, uint64_t begin_ns, uint64_t end_ns)
{
    recorded     *s = stream;
    unsigned char block[128]; /* from the capture thread: the stream's own is the other's */
    oc_wire_note  note = {.kind = OC_NOTE_CAPTURED,
                          .stage = {frame->index, OC_STAGE_DECODE, begin_ns, end_ns}};
    put_note(s, &note, block, sizeof(block));
}

static void on_dropped(void *stream, const oc_frame *frame, oc_drop reason)
{
    recorded     *s = stream;
    unsigned char block[128];
    oc_wire_note  note = {.kind = OC_NOTE_DROPPED,
                          .frame = frame->index,
                          .reason = (uint32_t)reason,
                          .at_ns = oc_now_ns()};
    put_note(s, &note, block, sizeof(block));
}

static void on_begun(void *stream, const oc_frame *frame, const oc_decision *decision)
{
    recorded     *s = stream;
    unsigned char extra[OC_WIRE_EXTRA_MAX];
    oc_walk       w = oc_walk_writer(extra, sizeof(extra));
    oc_wire_frame f = {.begun_ns = oc_now_ns(), .frames = s->p->frames, .decision = *decision};
    put_lines(s);
    for (size_t i = 0; i < OC_RECOGNISERS_MAX; i++)
        s->looks[i] = s->p->recogniser[i].looks;
    if (oc_recorder_wants_state(s->recorder))
        put_state(s);
    oc_wire_frame_walk(&f, &w);
    assert(!w.bad);
    /* a reference is taken; nobody writes into the pixels */
    oc_recorder_frame(s->recorder, (oc_frame *)(uintptr_t)frame, extra, w.at);
}

static void on_stage(void *stream, uint64_t frame, oc_stage stage, uint64_t begin_ns,
                     uint64_t end_ns)
{
    recorded *s = stream;
    if (s->done.n_stages < OC_WIRE_STAGES_MAX)
        s->done.stage[s->done.n_stages++] = (oc_wire_stage){frame, stage, begin_ns, end_ns};
}

static void on_event(void *stream, const oc_event *event, const char *line, size_t bytes)
{
    recorded *s = stream;
    (void)event;
    if (s->n_lines + bytes > LINES_BYTES)
        put_lines(s);
    memcpy(s->lines + s->n_lines, line, bytes); /* one is 8 kB at most */
    s->n_lines += bytes;
}

static void on_ladder(void *stream, const oc_ladder_move *move)
{
    recorded     *s = stream;
    unsigned char block[256];
    oc_wire_note  note = {.kind = OC_NOTE_LADDER, .move = *move, .at_ns = oc_now_ns()};
    snprintf(note.step, sizeof(note.step), "%s", move->step ? move->step : "");
    put_lines(s); /* what was told before it */
    put_note(s, &note, block, sizeof(block));
}

static void look_at_latency(recorded *s, const oc_observed_frame *f)
{
    double took_s = (double)(f->end_ns - f->captured_ns) * 1e-9;
    double most_s = s->all->options.incident_over_s;
    char   reason[160];
    if (!(most_s > 0) || took_s <= most_s)
        return;
    snprintf(reason, sizeof(reason),
             "frame %llu took %.1f ms from capture to its events, %.1f are "
             "allowed",
             (unsigned long long)f->frame->index, took_s * 1e3, most_s * 1e3);
    oc_recorder_incident(s->recorder, reason);
}

static void on_completed(void *stream, const oc_observed_frame *f)
{
    recorded     *s = stream;
    oc_wire_done *d = &s->done;
    oc_walk       w = oc_walk_writer(s->block, BLOCK_BYTES);
    d->frame = f->frame->index;
    d->pts_ns = f->frame->pts_ns;
    d->captured_ns = f->captured_ns;
    d->begun_ns = f->begun_ns;
    d->end_ns = f->end_ns;
    d->detections = f->detections;
    d->tracks = (uint32_t)s->p->n_seen;
    for (size_t i = 0; i < OC_RECOGNISERS_MAX; i++)
        d->looks[i] = s->p->recogniser[i].looks - s->looks[i];
    d->lines = s->lines;
    d->n_lines = s->n_lines;
    oc_wire_done_walk(d, &w);
    assert(!w.bad);
    oc_recorder_put(s->recorder, OC_BLOCK_DONE, s->block, w.at);
    d->n_stages = s->n_lines = 0;
    look_at_latency(s, f);
}

/* What runs has changed: another text, in front of another segment. */
static void on_configured(void *stream, const oc_pipeline_config *config)
{
    recorded *s = stream;
    char     *info;
    oc_error  err = {0};
    (void)config;
    put_lines(s);
    if (oc_recording_info_make(s->p, s->run, &info, &err) != OC_OK)
        return;
    oc_recorder_info(s->recorder, info);
    free(info);
}

static void put_end(recorded *s, const oc_counts *counts)
{
    const oc_pipeline *p = s->p;
    oc_wire_end        end = {.end = (uint8_t)p->end,
                              .truncated = p->ended.truncated,
                              .failed = counts->dropped[OC_DROP_FAILED] > 0,
                              .counts = *counts,
                              .lines = s->lines,
                              .n_lines = s->n_lines};
    oc_walk            w = oc_walk_writer(s->block, BLOCK_BYTES);
    snprintf(end.why, sizeof(end.why), "%.199s", p->ended.broken.message);
    oc_wire_end_walk(&end, &w);
    assert(!w.bad);
    oc_recorder_put(s->recorder, OC_BLOCK_END, s->block, w.at);
}

static void add_stats(oc_recorder_stats *sum, const oc_recorder_stats *s)
{
    sum->frames += s->frames;
    sum->frame_bytes += s->frame_bytes;
    sum->bytes += s->bytes;
    sum->lost += s->lost;
    sum->segments += s->segments;
    sum->incidents += s->incidents;
    sum->pack_ns += s->pack_ns;
    sum->write_ns += s->write_ns;
}

static void destroy(recorded *s)
{
    if (!s)
        return;
    oc_recorder_destroy(s->recorder);
    free(s->lines);
    free(s->block);
    free(s->state);
    free(s);
}

static void on_closed(void *stream, const oc_counts *counts)
{
    recorded         *s = stream;
    oc_recording     *r = s->all;
    oc_recorder_stats last;
    put_end(s, counts);
    pthread_mutex_lock(&r->lock);
    for (size_t i = 0; i < r->n; i++)
        if (r->stream[i] == s)
            r->stream[i] = r->stream[--r->n];
    pthread_mutex_unlock(&r->lock);
    oc_recorder_close(s->recorder);
    oc_recorder_stats_get(s->recorder, &last);
    pthread_mutex_lock(&r->lock);
    add_stats(&r->past, &last);
    pthread_mutex_unlock(&r->lock);
    destroy(s);
}

static void complain(void *ctx, const char *text)
{
    recorded *s = ctx;
    if (s->all->options.complain)
        s->all->options.complain(s->all->options.ctx, text);
}

static void on_incident(void *ctx, const char *folder, const char *reason)
{
    oc_error err = {0};
    if (oc_incident_write(folder, reason, &err) != OC_OK)
        complain(ctx, err.message);
}

static uint64_t share_of(const oc_recording *r)
{
    const uint64_t all = r->options.bytes_max ? r->options.bytes_max : OC_RECORDER_BYTES;
    const size_t   told = r->options.streams ? r->options.streams : 1;
    return all / (r->n_parts > told ? r->n_parts : told);
}

/* A folder in the recording's for this stream; a new one takes its part of bytes_max from the others. */
static oc_status take_part(oc_recording *r, const char *name, uint64_t *bytes, oc_error *err)
{
    size_t    i = 0;
    oc_status st = OC_OK;
    pthread_mutex_lock(&r->lock);
    while (i < r->n_parts && strcmp(r->part[i], name) != 0)
        i++;
    if (i == STREAMS_MAX)
        st = OC_FAIL(err, OC_INVALID, "recording: more than %d streams", STREAMS_MAX);
    else if (i == r->n_parts)
        snprintf(r->part[r->n_parts++], sizeof(r->part[0]), "%s", name);
    *bytes = share_of(r);
    for (size_t k = 0; k < r->n && st == OC_OK; k++)
        oc_recorder_limit(r->stream[k]->recorder, *bytes);
    pthread_mutex_unlock(&r->lock);
    return st;
}

static oc_status open_recorder(recorded *s, const oc_observed_stream *info, oc_error *err)
{
    const oc_recording_options *o = &s->all->options;
    const bool                  many = o->streams > 1 || o->grows;
    uint64_t                    bytes;
    char                        folder[4096];
    if (strlen(o->folder) + strlen(info->name) + 2 > sizeof(folder))
        return OC_FAIL(err, OC_INVALID, "the recording's folder has too long a name");
    if (many && !oc_stream_name_ok(info->name))
        return OC_FAIL(err, OC_INVALID, "recording: '%.60s' is no name for a folder", info->name);
    oc_status st = take_part(s->all, many ? info->name : "", &bytes, err);
    if (st != OC_OK)
        return st;
    snprintf(folder, sizeof(folder), many ? "%s/%s" : "%s", o->folder, info->name);
    oc_recorder_options to = {.folder = folder,
                              .bytes_max = bytes,
                              .seconds_max = o->seconds_max,
                              .wait = !s->p->live,
                              .incident_s = o->incident_s,
                              .incidents_keep = o->incidents_keep,
                              .complain = complain,
                              .incident = on_incident,
                              .ctx = s};
    return oc_recorder_create(&to, &s->recorder, err);
}

static oc_status open_stream(oc_recording *r, const oc_observed_stream *info, recorded *s,
                             oc_error *err)
{
    char *text = NULL;
    s->all = r;
    s->p = info->pipeline;
    snprintf(s->name, sizeof(s->name), "%s", info->name);
    snprintf(s->run, sizeof(s->run), "%.31s-%ld-%llx", info->at, (long)getpid(),
             (unsigned long long)oc_now_ns());
    s->state_bytes = oc_wire_state_bound(s->p);
    if (s->state_bytes > STATE_BYTES_MOST)
        s->state_bytes = STATE_BYTES_MOST;
    s->lines = malloc(LINES_BYTES);
    s->block = malloc(BLOCK_BYTES);
    s->state = malloc(s->state_bytes);
    if (!s->lines || !s->block || !s->state)
        return OC_FAIL(err, OC_NOMEM, "recording: out of memory");
    oc_status st = open_recorder(s, info, err);
    if (st == OC_OK)
        st = oc_recording_info_make(s->p, s->run, &text, err);
    if (st == OC_OK && !oc_recorder_info(s->recorder, text))
        st = OC_FAIL(err, OC_INVALID, "recording: what runs takes too many words");
    free(text);
    if (st == OC_OK)
        put_state(s);
    return st;
}

static oc_status on_opened(void *ctx, const oc_observed_stream *info, void **stream, oc_error *err)
{
    oc_recording *r = ctx;
    recorded     *s = calloc(1, sizeof(*s));
    oc_status     st =
        s ? open_stream(r, info, s, err) : OC_FAIL(err, OC_NOMEM, "recording: out of memory");
    pthread_mutex_lock(&r->lock);
    if (st == OC_OK && r->n == STREAMS_MAX)
        st = OC_FAIL(err, OC_INVALID, "recording: more than %d streams", STREAMS_MAX);
    if (st == OC_OK) {
        r->stream[r->n++] = s;
        oc_recorder_limit(s->recorder, share_of(r)); /* others may have come meanwhile */
    }
    pthread_mutex_unlock(&r->lock);
    if (st != OC_OK) {
        destroy(s);
        return st;
    }
    *stream = s;
    return OC_OK;
}

/* ---- the whole ---- */

oc_status oc_recording_create(const oc_recording_options *options, oc_recording **out,
                              oc_error *err)
{
    oc_recording *r = calloc(1, sizeof(*r));
    if (!r)
        return OC_FAIL(err, OC_NOMEM, "recording: out of memory");
    r->options = *options;
    pthread_mutex_init(&r->lock, NULL);
    r->observer = (oc_observer){.struct_size = sizeof(oc_observer),
                                .ctx = r,
                                .opened = on_opened,
                                .captured = on_captured,
                                .dropped = on_dropped,
                                .begun = on_begun,
                                .stage = on_stage,
                                .event = on_event,
                                .ladder = on_ladder,
                                .completed = on_completed,
                                .configured = on_configured,
                                .closed = on_closed};
    *out = r;
    return OC_OK;
}

void oc_recording_destroy(oc_recording *r)
{
    if (!r)
        return;
    pthread_mutex_destroy(&r->lock);
    free(r);
}

const oc_observer *oc_recording_observer(oc_recording *r)
{
    return &r->observer;
}

size_t oc_recording_incident(oc_recording *r, const char *stream, const char *reason)
{
    size_t kept = 0;
    pthread_mutex_lock(&r->lock);
    for (size_t i = 0; i < r->n; i++)
        if (!stream || strcmp(stream, r->stream[i]->name) == 0)
            kept += oc_recorder_incident(r->stream[i]->recorder, reason);
    pthread_mutex_unlock(&r->lock);
    return kept;
}

void oc_recording_stats(oc_recording *r, oc_recorder_stats *out)
{
    pthread_mutex_lock(&r->lock);
    *out = r->past;
    for (size_t i = 0; i < r->n; i++) {
        oc_recorder_stats s;
        oc_recorder_stats_get(r->stream[i]->recorder, &s);
        add_stats(out, &s);
    }
    pthread_mutex_unlock(&r->lock);
}
