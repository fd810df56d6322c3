/* Segments of recordings: the blocks' checksums are made right first, so that what lies behind them
 * is reached: what ran, frames, states, times, notes. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "pipeline/recording_info.h"
#include "pipeline/recording_wire.h"
#include "recording/picture.h"
#include "recording/segment.h"

#define PIXELS_MAX (1 << 22)

static uint64_t number_at(const uint8_t *p, int n)
{
    uint64_t v = 0;
    for (int i = 0; i < n; i++)
        v |= (uint64_t)p[i] << (8 * i);
    return v;
}

static void mend(uint8_t *bytes, size_t n)
{
    uint64_t number = 0;
    for (size_t at = OC_SEGMENT_HEAD_BYTES; at + OC_BLOCK_HEAD_BYTES <= n;) {
        uint64_t kind = number_at(bytes + at + 4, 4), size = number_at(bytes + at + 8, 8);
        if (size > n - at - OC_BLOCK_HEAD_BYTES)
            size = n - at - OC_BLOCK_HEAD_BYTES;
        oc_block_seal(bytes + at, (oc_block_kind)kind, size, number_at(bytes + at + 16, 8),
                      number++);
        at += OC_BLOCK_HEAD_BYTES + size;
    }
}

static void must_have_reason(oc_status st, const oc_error *err)
{
    if (st != OC_OK && (!err->message[0] || err->status != st))
        abort();
}

/* A pipeline's state, as far as it can be without networks. */
static void try_state(const oc_block *b)
{
    static const char   text[] = "name: f\ndetect: {network: none}\ntrack: {kind: ocsort, "
                                 "max_tracks: 8}\nlines: [{name: l, from: [0, 0], to: [1, 1]}]\n"
                                 "zones: [{name: z, corners: [[0, 0], [1, 0], [1, 1]]}]\n";
    oc_pipeline        *p = calloc(1, sizeof(*p));
    oc_pipeline_config *config = NULL;
    oc_error            err;
    oc_walk             w = oc_walk_reader(b->data, b->n);
    const oc_rules_told told = {NULL, NULL, NULL};
    unsigned char      *again = malloc(b->n + 1);
    if (!p || !again ||
        oc_pipeline_config_memory("f", text, sizeof(text) - 1, &config, &err) != OC_OK ||
        oc_tracker_create(config->tracker, &config->track, &p->tracker, &err) != OC_OK ||
        oc_objects_init(&p->objects, config->track.max_tracks, &err) != OC_OK ||
        oc_event_log_create(NULL, "f", &p->events, &err) != OC_OK)
        abort();
    p->config = config;
    oc_rules_init(&p->rules, config, 0, &told);
    oc_wire_state_walk(p, &w);
    if (oc_walk_done(
            &w)) { /* what was read is written as it was, or shorter: texts end at a zero */
        w = oc_walk_writer(again, b->n);
        oc_wire_state_walk(p, &w);
        if (w.bad)
            abort();
        if (oc_wire_state_bound(p) < b->n)
            abort();
    }
    oc_event_log_drop(p->events);
    oc_tracker_destroy(p->tracker);
    oc_objects_finish(&p->objects);
    oc_pipeline_config_destroy(config);
    free(again);
    free(p);
}

static void try_frame(const oc_block *b, oc_frame_pool *pool, oc_frame **before)
{
    oc_picture    p;
    oc_frame     *f;
    oc_wire_frame extra = {.frames = 0};
    oc_error      err = {0};
    oc_status     st = oc_picture_read(b->data, b->n, &p, &err);
    must_have_reason(st, &err);
    if (st != OC_OK)
        return;
    oc_walk w = oc_walk_reader(p.extra, p.n_extra);
    oc_wire_frame_walk(&extra, &w);
    if ((int64_t)p.about.width * p.about.height > PIXELS_MAX)
        return;
    st = oc_picture_unpack(&p, *before, pool, &f, &err);
    must_have_reason(st, &err);
    if (st != OC_OK)
        return;
    oc_frame_unref(*before);
    *before = f;
}

static void try_info(const oc_block *b)
{
    json_t   *info;
    oc_tune  *tune;
    oc_error  err = {0};
    oc_status st = oc_recording_info_parse(b->data, b->n, &info, &err);
    must_have_reason(st, &err);
    if (st != OC_OK)
        return;
    if ((st = oc_recording_info_tune(info, &tune, &err)) == OC_OK)
        oc_tune_destroy(tune);
    must_have_reason(st, &err);
    json_decref(info);
}

static void try_block(const oc_block *b, oc_frame_pool *pool, oc_frame **before)
{
    static oc_wire_done done;
    oc_wire_note        note = {.kind = 0};
    oc_wire_end         end = {.end = 0};
    oc_walk             w = oc_walk_reader(b->data, b->n);
    done.n_stages = 0;
    switch (b->kind) {
    case OC_BLOCK_INFO: try_info(b); break;
    case OC_BLOCK_STATE: try_state(b); break;
    case OC_BLOCK_FRAME: try_frame(b, pool, before); break;
    case OC_BLOCK_DONE: oc_wire_done_walk(&done, &w); break;
    case OC_BLOCK_NOTE: oc_wire_note_walk(&note, &w); break;
    case OC_BLOCK_END: oc_wire_end_walk(&end, &w); break;
    case OC_BLOCK_SEALED: break;
    }
}

static void read_all(const uint8_t *bytes, size_t n)
{
    oc_segment     s;
    oc_block       b;
    oc_error       err = {0};
    oc_frame_pool *pool;
    oc_frame      *before = NULL;
    oc_status      st = oc_segment_open("f", bytes, n, &s, &err);
    must_have_reason(st, &err);
    if (st != OC_OK)
        return;
    if (oc_frame_pool_create(&pool, &err) != OC_OK)
        abort();
    while ((st = oc_segment_next(&s, true, &b, &err)) == OC_OK)
        try_block(&b, pool, &before);
    if (st != OC_END)
        must_have_reason(st, &err);
    oc_frame_unref(before);
    oc_frame_pool_destroy(pool);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    uint8_t *bytes = malloc(n + 1);
    if (!bytes)
        abort();
    memcpy(bytes, data, n);
    read_all(bytes, n);
    mend(bytes, n);
    read_all(bytes, n);
    free(bytes);
    return 0;
}
