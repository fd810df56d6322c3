/* Capture: read, pace, hand over.  A live source that is lost is waited for. */
#include <signal.h>

#include "media/reconnect.h"
#include "pipeline/capture.h"

/* What comes after a loss counts on from where the stream was. */
typedef struct resume {
    oc_reconnect *again;
    uint64_t      index;
    int64_t       pts_ns;
    uint64_t      clock_ns; /* when the last frame came */
    uint64_t      index_base;
    int64_t       pts_base;
    int64_t       due_ns; /* the next frame that the rate allows; 0 = any */
} resume;

static void note_reconnect(void *ctx, bool connected, uint32_t wait_ms, const oc_error *why)
{
    oc_capture *c = ctx;
    (void)wait_ms;
    bool was_away = atomic_exchange(&c->away, !connected);
    if (!was_away && !connected)
        atomic_fetch_add(&c->lost, 1);
    if (was_away == connected && c->observers)
        oc_observers_source(c->observers, connected, why);
}

static oc_status read_again(oc_capture *c, resume *r, oc_frame **out, oc_error *err)
{
    oc_status st = OC_OK;
    if (!r->again) {
        const oc_reconnect_options options = {.wait_ms_first = c->retry_ms,
                                              .wait_ms_max = c->retry_max_ms,
                                              .was_live = true,
                                              .notify = note_reconnect,
                                              .ctx = c};
        if ((st = oc_reconnect_create(&c->source, &options, &r->again, err)) != OC_OK)
            return st;
        note_reconnect(c, false, 0, NULL);
        oc_input_close(c->input); /* what is left of the connection */
        c->input = NULL;
        r->index_base = r->index + 1;
        r->pts_base = -1;
    }
    if ((st = oc_reconnect_read(r->again, out, err)) != OC_OK)
        return st;
    if (r->pts_base < 0) /* time went on while nobody saw it */
        r->pts_base = r->pts_ns + (int64_t)(oc_now_ns() - r->clock_ns);
    (*out)->index += r->index_base;
    (*out)->pts_ns += r->pts_base;
    return OC_OK;
}

static oc_status read_frame(oc_capture *c, resume *r, oc_frame **out, oc_error *err)
{
    if (!r->again) {
        oc_status st = oc_input_read(c->input, out, err);
        bool      lost = st == OC_IO || st == OC_FORMAT || st == OC_END;
        if (!lost || !oc_input_info(c->input)->live)
            return st;
    }
    return read_again(c, r, out, err);
}

static oc_capture_end end_of(oc_status st)
{
    switch (st) {
    case OC_END: return OC_CAPTURE_END;
    case OC_CANCELLED: return OC_CAPTURE_STOPPED;
    default: return OC_CAPTURE_BROKEN;
    }
}

/* Frames are let through so that their mean rate is the one wanted: what a frame came late, the next
 * may come early. */
static bool is_early(const oc_capture *c, resume *r, const oc_frame *frame)
{
    int64_t gap = (int64_t)atomic_load(&c->gap_ns);
    if (gap == 0)
        return false;
    if (r->due_ns && frame->pts_ns + gap / 16 < r->due_ns)
        return true;
    int64_t late = frame->pts_ns - r->due_ns;
    r->due_ns = r->due_ns && late < gap ? r->due_ns + gap : frame->pts_ns + gap;
    return false;
}

static oc_capture_end capture_loop(oc_capture *c, resume *r)
{
    uint64_t start_ns = 0;
    for (;;) {
        oc_frame *frame = NULL;
        uint64_t  before = oc_now_ns();
        oc_status st = read_frame(c, r, &frame, &c->err);
        if (st != OC_OK)
            return end_of(st);
        uint64_t now = oc_now_ns();
        oc_histogram_add(&c->stages->histogram[OC_STAGE_DECODE], now - before);
        r->index = frame->index;
        r->pts_ns = frame->pts_ns;
        r->clock_ns = now;
        if (c->duration_s > 0.0 && (double)frame->pts_ns >= c->duration_s * 1e9) {
            oc_frame_unref(frame);
            return OC_CAPTURE_DURATION;
        }
        if (!start_ns)
            start_ns = now - (uint64_t)frame->pts_ns;
        if (c->pace && !oc_mailbox_sleep(c->box, start_ns + (uint64_t)frame->pts_ns)) {
            oc_frame_unref(frame);
            return OC_CAPTURE_STOPPED;
        }
        if (c->observers)
            oc_observers_captured(c->observers, frame, before, now);
        bool goes_on = is_early(c, r, frame) ? oc_mailbox_refuse(c->box, frame, OC_DROP_RATE)
                                             : oc_mailbox_put(c->box, frame);
        if (!goes_on)
            return OC_CAPTURE_STOPPED;
    }
}

static void *capture_thread(void *arg)
{
    oc_capture *c = arg;
    resume      r = {0};
    sigset_t    all;
    sigfillset(&all); /* signals are the main thread's */
    pthread_sigmask(SIG_BLOCK, &all, NULL);
    c->end = capture_loop(c, &r);
    oc_reconnect_destroy(r.again);
    oc_mailbox_close(c->box);
    return NULL;
}

oc_status oc_capture_start(oc_capture *c, oc_error *err)
{
    if (pthread_create(&c->thread, NULL, capture_thread, c) != 0)
        return OC_FAIL(err, OC_NOMEM, "cannot start the capture thread");
    c->started = true;
    return OC_OK;
}

void oc_capture_rate(oc_capture *c, double rate)
{
    atomic_store(&c->gap_ns, rate > 0 ? (uint64_t)(1e9 / rate) : 0);
}

void oc_capture_join(oc_capture *c)
{
    if (c->started)
        pthread_join(c->thread, NULL);
    c->started = false;
}
