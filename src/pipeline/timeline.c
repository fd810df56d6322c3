#include "pipeline/timeline.h"

#include <stdlib.h>
#include <string.h>

#include "pipeline/recording_info.h"
#include "recording/picture.h"
#include "recording/reader.h"

enum { FRAMES, STAGES, CAPTURED, DROPS, MOVES, EVENTS };

typedef struct loader {
    oc_timeline  *t;
    oc_reader     reader;
    char          run[64];
    oc_wire_frame begun; /* of the frame that is worked on */
} loader;

/* Room for one more in a list. */
static bool room(oc_timeline *t, int which, void **list, size_t n, size_t each)
{
    if (n < t->cap[which])
        return true;
    size_t cap = t->cap[which] ? 2 * t->cap[which] : 256;
    void  *more = realloc(*list, cap * each);
    if (!more)
        return false;
    *list = more;
    t->cap[which] = cap;
    return true;
}

#define PUSH(t, which, list, n, ...)                                      \
    do {                                                                  \
        void *at_ = (t)->list;                                            \
        bool  ok_ = room((t), (which), &at_, (t)->n, sizeof(*(t)->list)); \
        (t)->list = at_;                                                  \
        if (ok_)                                                          \
            (t)->list[(t)->n++] = __VA_ARGS__;                            \
    } while (0)

static void clear(oc_timeline *t)
{
    json_decref(t->info);
    t->info = NULL;
    t->n_frames = t->n_stages = t->n_captured = t->n_drops = t->n_moves = t->n_events = 0;
    t->segments = 0;
    t->bytes = t->lost = t->begin_ns = t->end_ns = 0;
    t->ended = false;
}

static void stretch(oc_timeline *t, uint64_t begin_ns, uint64_t end_ns)
{
    if (!t->begin_ns || begin_ns < t->begin_ns)
        t->begin_ns = begin_ns;
    if (end_ns > t->end_ns)
        t->end_ns = end_ns;
}

static oc_status take_info(loader *l, const oc_block *b, oc_error *err)
{
    json_t   *info;
    oc_status st = oc_recording_info_parse(b->data, b->n, &info, err);
    if (st != OC_OK)
        return st;
    if (strcmp(l->run, oc_info_text(info, "run")) != 0)
        clear(l->t);
    snprintf(l->run, sizeof(l->run), "%s", oc_info_text(info, "run"));
    json_decref(l->t->info);
    l->t->info = info;
    l->t->segments++;
    l->t->bytes += l->reader.bytes.n;
    return OC_OK;
}

/* The type that each line has, read from its text: ... "type":"crossed" ... */
static void add_events(oc_timeline *t, const char *lines, size_t n, uint64_t frame, uint64_t at_ns)
{
    static const char key[] = "\"type\":\"";
    const char       *end = lines + n;
    for (const char *line = lines; line < end;) {
        const char       *stop = memchr(line, '\n', (size_t)(end - line));
        size_t            length = stop ? (size_t)(stop - line) : (size_t)(end - line);
        const char       *at = memmem(line, length, key, sizeof(key) - 1);
        oc_timeline_event e = {.frame = frame, .at_ns = at_ns};
        for (size_t i = 0; at && i + 1 < sizeof(e.type); i++) {
            const char *c = at + sizeof(key) - 1 + i;
            if (c >= line + length || *c == '"')
                break;
            e.type[i] = *c;
        }
        if (*e.type)
            PUSH(t, EVENTS, event, n_events, e);
        line += length + 1;
    }
}

static bool take_done(loader *l, const oc_block *b)
{
    oc_timeline      *t = l->t;
    oc_wire_done      d = {.n_stages = 0};
    oc_walk           w = oc_walk_reader(b->data, b->n);
    oc_timeline_frame f = {.stage = t->n_stages};
    oc_wire_done_walk(&d, &w);
    if (!oc_walk_done(&w))
        return false;
    for (size_t i = 0; i < d.n_stages; i++) {
        stretch(t, d.stage[i].begin_ns, d.stage[i].end_ns);
        PUSH(t, STAGES, stage, n_stages, d.stage[i]);
    }
    f.n_stages = t->n_stages - f.stage;
    f.index = d.frame;
    f.captured_ns = d.captured_ns;
    f.begun_ns = d.begun_ns;
    f.end_ns = d.end_ns;
    f.time_s = (double)d.pts_ns * 1e-9;
    f.tracks = d.tracks;
    f.detections = d.detections;
    f.look = l->begun.decision.look;
    f.level = l->begun.decision.level;
    f.every = l->begun.decision.every;
    stretch(t, d.captured_ns, d.end_ns);
    PUSH(t, FRAMES, frame, n_frames, f);
    add_events(t, d.lines, d.n_lines, d.frame, d.end_ns);
    return true;
}

static bool take_note(loader *l, const oc_block *b)
{
    oc_timeline *t = l->t;
    oc_wire_note n = {.kind = 0};
    oc_walk      w = oc_walk_reader(b->data, b->n);
    oc_wire_note_walk(&n, &w);
    if (!oc_walk_done(&w))
        return false;
    if (n.kind == OC_NOTE_CAPTURED) {
        stretch(t, n.stage.begin_ns, n.stage.end_ns);
        PUSH(t, CAPTURED, captured, n_captured, n.stage);
    } else if (n.kind == OC_NOTE_DROPPED) {
        stretch(t, n.at_ns, n.at_ns);
        PUSH(t, DROPS, drop, n_drops, (oc_timeline_drop){n.frame, n.at_ns, n.reason});
    } else if (n.kind == OC_NOTE_LADDER) {
        oc_timeline_move m = {.at_ns = n.at_ns,
                              .from = n.move.from,
                              .to = n.move.to,
                              .latency_ms = n.move.latency_ms,
                              .objective_ms = n.move.objective_ms};
        memcpy(m.step, n.step, sizeof(m.step));
        stretch(t, n.at_ns, n.at_ns);
        PUSH(t, MOVES, move, n_moves, m);
    }
    return true;
}

static bool take_frame(loader *l, const oc_block *b)
{
    oc_picture p;
    if (oc_picture_read(b->data, b->n, &p, NULL) != OC_OK)
        return false;
    oc_walk w = oc_walk_reader(p.extra, p.n_extra);
    oc_wire_frame_walk(&l->begun, &w);
    return !w.bad;
}

static oc_status take(loader *l, const oc_block *b, oc_error *err)
{
    bool      good = true;
    oc_status st = OC_OK;
    l->t->lost = b->lost;
    switch (b->kind) {
    case OC_BLOCK_INFO: st = take_info(l, b, err); break;
    case OC_BLOCK_FRAME: good = take_frame(l, b); break;
    case OC_BLOCK_DONE: good = take_done(l, b); break;
    case OC_BLOCK_NOTE: good = take_note(l, b); break;
    case OC_BLOCK_END: l->t->ended = true; break;
    default: break;
    }
    if (!good)
        return OC_FAIL(err, OC_FORMAT, "%s:%zu: the block %s makes no sense", l->reader.path, b->at,
                       oc_block_name(b->kind));
    if (st != OC_OK)
        oc_error_prefix(err, "%s:%zu", l->reader.path, b->at);
    return st;
}

oc_status oc_timeline_load(const char *folder, oc_timeline *out, oc_error *err)
{
    loader    l = {.t = out};
    oc_block  b;
    oc_status st = oc_reader_open(&l.reader, folder, false, err);
    *out = (oc_timeline){.n_frames = 0};
    while (st == OC_OK && (st = oc_reader_next(&l.reader, &b, NULL, err)) == OC_OK)
        st = take(&l, &b, err);
    if (st == OC_END)
        st = out->info ? OC_OK : OC_FAIL(err, OC_NOT_FOUND, "%s: the recording is empty", folder);
    oc_reader_close(&l.reader);
    if (st != OC_OK)
        oc_timeline_finish(out);
    return st;
}

void oc_timeline_finish(oc_timeline *t)
{
    json_decref(t->info);
    free(t->frame);
    free(t->stage);
    free(t->captured);
    free(t->drop);
    free(t->move);
    free(t->event);
    *t = (oc_timeline){.n_frames = 0};
}

static const char *name_at(const oc_timeline *t, const char *list, uint32_t i)
{
    const char *name = json_string_value(json_array_get(json_object_get(t->info, list), i));
    return name ? name : "?";
}

const char *oc_timeline_stage(const oc_timeline *t, uint32_t stage)
{
    return name_at(t, "stages", stage);
}

const char *oc_timeline_drop_reason(const oc_timeline *t, uint32_t reason)
{
    return name_at(t, "drops", reason);
}
