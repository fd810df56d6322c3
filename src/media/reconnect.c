#include "media/reconnect.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "media/source_builtin.h"

struct oc_reconnect {
    oc_source_options    source;
    char                *url, *format;
    oc_reconnect_options options;
    oc_input            *input;
    oc_source_info       info;
    bool                 ever;      /* there has been a frame */
    bool                 connected; /* the last read gave a frame */
    uint32_t             wait_ms;
    uint64_t             back, frames;
    int64_t              start_ns;      /* clock at the first frame */
    int64_t              pts_offset_ns; /* stream time of this connection's first frame */
    int64_t              last_pts_ns;
    bool                 fresh; /* connected again: the next frame sets the offset */
};

static int64_t clock_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

oc_status oc_reconnect_create(const oc_source_options *source, const oc_reconnect_options *options,
                              oc_reconnect **out, oc_error *err)
{
    oc_reconnect *r = calloc(1, sizeof(*r));

    if (!r)
        return OC_FAIL(err, OC_NOMEM, "no memory for a source");
    memcpy(&r->source, source,
           source->struct_size < sizeof(r->source) ? source->struct_size : sizeof(r->source));
    r->source.struct_size = sizeof(r->source);
    r->url = strdup(source->url);
    r->format = r->source.format ? strdup(r->source.format) : NULL;
    if (!r->url || (r->source.format && !r->format)) {
        oc_reconnect_destroy(r);
        return OC_FAIL(err, OC_NOMEM, "no memory for a source");
    }
    r->source.url = r->url;
    r->source.format = r->format;
    if (options)
        r->options = *options;
    if (r->options.wait_ms_first == 0)
        r->options.wait_ms_first = 500;
    if (r->options.wait_ms_max == 0)
        r->options.wait_ms_max = 30000;
    r->wait_ms = r->options.wait_ms_first;
    r->last_pts_ns = -1;
    *out = r;
    return OC_OK;
}

void oc_reconnect_destroy(oc_reconnect *r)
{
    if (!r)
        return;
    oc_input_close(r->input);
    free(r->url);
    free(r->format);
    free(r);
}

static void notify(oc_reconnect *r, bool connected, uint32_t wait_ms, const oc_error *why)
{
    if (r->options.notify)
        r->options.notify(r->options.ctx, connected, wait_ms, why);
}

/* False when it was cancelled meanwhile. */
static bool sleep_ms(const oc_reconnect *r, uint32_t ms)
{
    int64_t end = clock_ns() + (int64_t)ms * 1000000;

    while (!oc_source_cancelled(r->source.cancel)) {
        int64_t left = end - clock_ns();
        if (left <= 0)
            return true;
        int64_t slice = left < 50000000 ? left : 50000000;
        nanosleep(&(struct timespec){.tv_nsec = (long)slice}, NULL);
    }
    return false;
}

/* Waiting mends what comes from the network or the device, not what is wrong in the request.  A
 * camera that was there and speaks nonsense now may come to its senses. */
static bool worth_waiting(const oc_reconnect *r, oc_status st)
{
    switch (st) {
    case OC_IO:
    case OC_NOT_FOUND:
    case OC_BUSY: return true;
    case OC_FORMAT:
    case OC_END: return r->options.was_live || (r->ever && r->info.live);
    default: return false;
    }
}

static oc_status connect(oc_reconnect *r, oc_error *err)
{
    oc_status st = oc_input_open(&r->source, &r->input, err);

    if (st == OC_OK) {
        r->info = *oc_input_info(r->input);
        r->fresh = true;
    }
    return st;
}

/* Number and time of a frame, going on across gaps: the gap lasts as long as it did. */
static void place_frame(oc_reconnect *r, oc_frame *frame)
{
    if (!r->ever)
        r->start_ns = clock_ns();
    if (r->fresh) {
        int64_t now = clock_ns() - r->start_ns;
        r->pts_offset_ns = r->ever ? now - frame->pts_ns : 0;
        r->fresh = false;
    }
    int64_t pts = frame->pts_ns + r->pts_offset_ns;
    r->last_pts_ns = pts > r->last_pts_ns ? pts : r->last_pts_ns + 1;
    frame->pts_ns = r->last_pts_ns;
    frame->index = r->frames++;
}

static oc_status try_once(oc_reconnect *r, oc_frame **out, oc_error *err)
{
    oc_status st = r->input ? OC_OK : connect(r, err);

    if (st == OC_OK)
        st = oc_input_read(r->input, out, err);
    if (st != OC_OK)
        return st;
    place_frame(r, *out);
    if (!r->connected) {
        r->back += r->ever;
        notify(r, true, 0, NULL);
    }
    r->ever = r->connected = true;
    r->wait_ms = r->options.wait_ms_first;
    return OC_OK;
}

oc_status oc_reconnect_read(oc_reconnect *r, oc_frame **out, oc_error *err)
{
    for (;;) {
        oc_error  why = {0};
        oc_status st = try_once(r, out, &why);
        if (st == OC_OK)
            return OC_OK;
        if (oc_source_cancelled(r->source.cancel))
            return OC_FAIL(err, OC_CANCELLED, "%s: cancelled", r->url);
        if (!worth_waiting(r, st)) {
            if (err)
                *err = why;
            return st;
        }
        oc_input_close(r->input);
        r->input = NULL;
        r->connected = false;
        notify(r, false, r->wait_ms, &why);
        if (!sleep_ms(r, r->wait_ms))
            return OC_FAIL(err, OC_CANCELLED, "%s: cancelled", r->url);
        uint32_t most = r->options.wait_ms_max;
        r->wait_ms = r->wait_ms < most / 2 ? 2 * r->wait_ms : most;
    }
}

bool oc_reconnect_connected(const oc_reconnect *r)
{
    return r->connected;
}

uint64_t oc_reconnect_count(const oc_reconnect *r)
{
    return r->back;
}

const oc_source_info *oc_reconnect_info(const oc_reconnect *r)
{
    return r->ever ? &r->info : NULL;
}
