/* A stream from its first frame to its last. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "pipeline/state.h"
#include "vision/store.h"

#define PROGRESS_S 0.2
#define FLUSH_NS 1000000000u
#define FILE_QUEUE 4
#define WAIT_SLICE_NS 50000000u

static oc_status flush(oc_pipeline *p, uint64_t now, oc_error *err)
{
    if (!p->live || now - p->flushed_ns < FLUSH_NS)
        return OC_OK;
    p->flushed_ns = now;
    return oc_event_log_flush(p->events, err); /* somebody may be reading along */
}

static void tell_progress(oc_pipeline *p, uint64_t now)
{
    double passed = (double)(now - p->progress_ns) * 1e-9;
    double every = p->options.progress_s > 0 ? p->options.progress_s : PROGRESS_S;
    if (!p->options.progress || passed < every)
        return;
    oc_progress progress = {.counts = oc_ledger_read(&p->ledger),
                            .frames = p->info.frames,
                            .time_s = p->time_s,
                            .tracks = p->n_seen,
                            .level = p->ladder.level};
    double      fps = (double)(progress.counts.completed - p->progress_completed) / passed;
    p->progress_fps = p->progress_fps > 0 ? 0.7 * p->progress_fps + 0.3 * fps : fps;
    p->progress_ns = now;
    p->progress_completed = progress.counts.completed;
    progress.wall_s = (double)(now - p->start_ns) * 1e-9;
    progress.fps = p->progress_fps;
    p->options.progress(p->options.progress_ctx, &progress);
}

static bool cancelled(const oc_pipeline *p)
{
    return __atomic_load_n(p->cancel, __ATOMIC_RELAXED) == 1;
}

static void sleep_s(const oc_pipeline *p, double seconds)
{
    for (uint64_t end = oc_now_ns() + (uint64_t)(seconds * 1e9); !cancelled(p);) {
        uint64_t now = oc_now_ns();
        if (now >= end)
            return;
        uint64_t slice = end - now < WAIT_SLICE_NS ? end - now : WAIT_SLICE_NS;
        nanosleep(&(struct timespec){.tv_nsec = (long)slice}, NULL);
    }
}

/* The source may be waiting for a camera that never comes back. */
static void stop_capture(oc_pipeline *p)
{
    int none = 0;
    __atomic_compare_exchange_n(p->cancel, &none, 2, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
    oc_mailbox_stop(&p->box);
    oc_capture_join(&p->capture);
}

static void note_frame(oc_pipeline *p, const oc_mail *mail, uint64_t begun_ns)
{
    oc_counts             counts = oc_ledger_read(&p->ledger);
    const oc_record_frame f = {.time_s = p->time_s,
                               .objects = &p->objects,
                               .rules = &p->rules,
                               .latency_ns = p->end_ns - mail->captured_ns,
                               .dropped = oc_counts_dropped(&counts),
                               .n_recognisers = p->config->n_recognise};
    oc_record_note(&p->record, &f);
    const oc_observed_frame seen = {.frame = mail->frame,
                                    .decision = &p->decision,
                                    .objects = &p->objects,
                                    .time_s = p->time_s,
                                    .captured_ns = mail->captured_ns,
                                    .begun_ns = begun_ns,
                                    .end_ns = p->end_ns,
                                    .detections = p->found_n};
    oc_observers_completed(&p->observers, &seen);
}

/* What work on a frame is expected to take: rises at once, falls slowly. */
static void note_work(oc_pipeline *p, uint64_t ns)
{
    p->work_ns = ns > p->work_ns ? ns : p->work_ns - (p->work_ns - ns) / 16;
    oc_mailbox_expect(&p->box, p->work_ns);
}

static void climb(oc_pipeline *p, uint64_t now, uint64_t latency_ns)
{
    uint32_t from = p->ladder.level;
    if (!p->live) /* nothing is late where everybody waits for everything */
        return;
    int step = oc_ladder_note(&p->ladder, now, latency_ns);
    if (step == 0)
        return;
    p->steps_up += step > 0;
    p->steps_down += step < 0;
    oc_tell_step(p, from, latency_ns);
}

/* The frame could not be processed: for want of time, or because something failed. */
static oc_status give_up(oc_pipeline *p, oc_mail *mail, oc_status st, oc_error *err)
{
    if (st != OC_BUSY) {
        oc_mailbox_drop(&p->box, mail->frame, OC_DROP_FAILED);
        return st;
    }
    oc_mailbox_drop(&p->box, mail->frame, p->refused);
    p->since_look = UINT32_MAX;
    climb(p, oc_now_ns(), UINT64_MAX);
    *err = p->told_err;
    return p->told;
}

static void note_late(oc_pipeline *p)
{
    for (uint64_t n = oc_mailbox_late(&p->box); n > 0; n--)
        climb(p, oc_now_ns(), UINT64_MAX);
}

static oc_status work_on(oc_pipeline *p, oc_mail *mail, oc_error *err)
{
    uint64_t start = oc_now_ns();
    p->frame = mail->frame->index;
    p->deadline_ns = p->config->deadline_s <= 0 || !p->live
                         ? 0
                         : mail->captured_ns + (uint64_t)(p->config->deadline_s * 1e9);
    oc_note_stage(p, OC_STAGE_WAIT, mail->captured_ns, start);
    if (!p->start_ns) {
        p->start_ns = p->progress_ns = p->flushed_ns = start;
        p->record.last_clock_ns = start;
    }
    oc_status st = oc_frame_work(p, mail->frame, err);
    if (st != OC_OK)
        return give_up(p, mail, st, err);
    oc_ledger_complete(&p->ledger);
    p->end_ns = oc_now_ns();
    oc_note_stage(p, OC_STAGE_TOTAL, mail->captured_ns, p->end_ns);
    note_work(p, p->end_ns - start);
    note_frame(p, mail, start);
    oc_frame_unref(mail->frame);
    p->frames++;
    climb(p, p->end_ns, p->end_ns - mail->captured_ns);
    tell_progress(p, p->end_ns);
    return flush(p, p->end_ns, err);
}

static oc_status work_all(oc_pipeline *p, oc_error *err)
{
    oc_mail   mail;
    oc_status st = OC_OK;
    while (st == OC_OK && !cancelled(p) && oc_mailbox_take(&p->box, &mail)) {
        note_late(p);
        oc_pipeline_adopt(p);
        if (mail.frame)
            st = work_on(p, &mail, err);
    }
    return st;
}

/* Tracks, counts and the last word, once no frame comes any more. */
oc_status oc_stream_close(oc_pipeline *p, oc_error *err)
{
    oc_tracker_finish(p->tracker, &p->tracks);
    oc_objects_sync(&p->objects, &p->tracks, p->time_s);
    oc_rules_run(&p->rules, &p->objects, p->time_s);
    oc_tell_left(p);
    oc_tell_drops(p, true);
    oc_tell_ended(p);
    if (p->told != OC_OK)
        *err = p->told_err;
    return p->told;
}

static oc_status how_it_ended(oc_pipeline *p, oc_error *err)
{
    const oc_capture *c = &p->capture;
    p->end = OC_RUN_END;
    if (cancelled(p) || c->end == OC_CAPTURE_STOPPED)
        p->end = OC_RUN_INTERRUPTED;
    else if (c->end == OC_CAPTURE_DURATION)
        p->end = OC_RUN_DURATION;
    else if (c->end == OC_CAPTURE_BROKEN)
        p->end = OC_RUN_BROKEN;
    p->ended.interrupted = p->end == OC_RUN_INTERRUPTED;
    p->ended.truncated = p->end == OC_RUN_BROKEN;
    p->ended.broken = c->err;
    if (p->frames == 0 && p->end == OC_RUN_BROKEN) {
        *err = c->err;
        return c->err.status;
    }
    if (p->frames == 0 && p->end == OC_RUN_END)
        return OC_FAIL(err, OC_FORMAT, "%s: has no frames", p->shown);
    return OC_OK;
}

/* User and password of a URL are not for logs: stars stand in their place. */
static void hide_password(const char *url, char *shown, size_t bytes)
{
    const char *scheme = strstr(url, "://"), *at = scheme ? strchr(scheme + 3, '@') : NULL;
    const char *slash = scheme ? strchr(scheme + 3, '/') : NULL;
    if (at && (!slash || at < slash))
        snprintf(shown, bytes, "%.*s***%.960s", (int)(scheme - url > 29 ? 32 : scheme + 3 - url),
                 url, at);
    else
        snprintf(shown, bytes, "%.1023s", url);
}

static oc_status find_source(oc_pipeline *p, oc_error *err)
{
    const oc_yaml_node *at = p->options.source ? NULL : p->config->source_at;
    const char         *url = p->options.source ? p->options.source : p->config->url;
    if (!url)
        return OC_FAIL(err, OC_INVALID, "%s: names no source; give one with --source",
                       p->config->file);
    if (strlen(url) >= sizeof(p->url))
        return OC_FAIL(err, OC_INVALID, "the source's name is too long");
    hide_password(url, p->shown, sizeof(p->shown));
    if (strncmp(url, "cache:", 6) != 0) {
        snprintf(p->url, sizeof(p->url), "%s", url);
        return OC_OK;
    }
    snprintf(p->shown, sizeof(p->shown), "%.1023s", url + 6);
    oc_status st = oc_store_media(url + 6, NULL, p->url, sizeof(p->url), err);
    if (st != OC_OK && at)
        oc_error_prefix(err, "%s:%d:%d", oc_yaml_file(at), oc_yaml_line(at), oc_yaml_column(at));
    return st;
}

/* Files and cameras of this machine have no scheme, or one of ours. */
static bool is_far(const char *url)
{
    const char *scheme = strstr(url, "://");
    return strncmp(url, "v4l2:", 5) == 0 || (scheme && strncmp(url, "file://", 7) != 0);
}

/* A camera that is away when the stream begins may come later. */
static oc_status open_source(oc_pipeline *p, oc_error *err)
{
    oc_input **out = &p->capture.input;
    oc_status  st = oc_input_open(&p->capture.source, out, err);
    double     wait_s = p->config->retry_s;
    while (p->options.patient && is_far(p->url) && !cancelled(p) &&
           (st == OC_IO || st == OC_NOT_FOUND || st == OC_BUSY || st == OC_FORMAT)) {
        sleep_s(p, wait_s);
        wait_s = fmin(2 * wait_s, p->config->retry_max_s);
        st = cancelled(p) ? OC_FAIL(err, OC_CANCELLED, "%s: cancelled", p->shown)
                          : oc_input_open(&p->capture.source, out, err);
    }
    return st;
}

oc_mailbox_options oc_mailbox_wanted(const oc_pipeline *p)
{
    const oc_queue_config *q = &p->config->queue;
    oc_mailbox_options     o = {.policy = p->live ? OC_QUEUE_OLDEST : OC_QUEUE_NONE,
                                .deadline_ns = (uint64_t)(p->config->deadline_s * 1e9),
                                .observers = (oc_observers *)&p->observers};
    if (q->given && p->live)
        o.policy = q->drop;
    o.length = q->length ? q->length : o.policy == OC_QUEUE_NONE ? FILE_QUEUE : 1;
    return o;
}

static void make_mailbox(oc_pipeline *p)
{
    const oc_mailbox_options o = oc_mailbox_wanted(p);
    pthread_mutex_lock(&p->lock); /* somebody may want to pause us */
    oc_mailbox_init(&p->box, &p->ledger, &o);
    p->box_made = true;
    oc_mailbox_pause(&p->box, atomic_load(&p->paused));
    pthread_mutex_unlock(&p->lock);
    oc_capture_rate(&p->capture, p->config->rate);
}

static oc_status open_stream(oc_pipeline *p, oc_error *err)
{
    oc_status st = find_source(p, err);
    if (st != OC_OK)
        return st;
    snprintf(p->name, sizeof(p->name), "%s", p->config->name);
    if (p->config->format && strlen(p->config->format) >= sizeof(p->format_text))
        return OC_FAIL(err, OC_INVALID, "the source's format is too long a name");
    if (p->config->format)
        snprintf(p->format_text, sizeof(p->format_text), "%s", p->config->format);
    p->format = p->config->format ? p->format_text : NULL;
    p->capture.source = (oc_source_options){.struct_size = sizeof(oc_source_options),
                                            .url = p->url,
                                            .format = p->format,
                                            .fps = p->config->fps,
                                            .timeout_ms = (uint32_t)(p->config->timeout_s * 1000),
                                            .rtsp_udp = p->config->rtsp_udp,
                                            .cancel = p->cancel};
    if ((st = open_source(p, err)) != OC_OK)
        return st;
    p->info = *oc_input_info(p->capture.input);
    p->fps = p->info.fps > 0.0 && p->info.fps <= 1000.0 ? p->info.fps : 25.0;
    p->live = p->options.realtime || p->info.live;
    make_mailbox(p);
    p->capture.observers = &p->observers;
    p->capture.pace = p->options.realtime && !p->info.live;
    p->capture.retry_ms = (uint32_t)(p->config->retry_s * 1000);
    p->capture.retry_max_ms = (uint32_t)(p->config->retry_max_s * 1000);
    p->capture.duration_s = p->options.duration_s;
    p->capture.box = &p->box;
    p->capture.stages = &p->stages;
    time_t    now = time(NULL);
    struct tm utc;
    strftime(p->at, sizeof(p->at), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
    oc_record_init(&p->record);
    if ((st = oc_outputs_open(p, err)) != OC_OK)
        return st;
    p->seen_as = (oc_observed_stream){.name = p->name,
                                      .source = p->shown,
                                      .at = p->at,
                                      .config = p->config,
                                      .info = p->info,
                                      .fps = p->fps,
                                      .pipeline = p};
    oc_pipeline_see(p);
    return oc_observers_open(&p->observers, &p->seen_as, err);
}

oc_status oc_pipeline_run(oc_pipeline *p, oc_error *err)
{
    oc_error  own;
    oc_status st;
    err = err ? err : &own;
    if ((st = open_stream(p, err)) != OC_OK)
        goto out;
    oc_tell_started(p);
    if ((st = oc_capture_start(&p->capture, err)) != OC_OK)
        goto out;
    st = work_all(p, err);
    oc_pipeline_over(p);
    stop_capture(p);
    if (st == OC_OK)
        st = how_it_ended(p, err);
    if (st == OC_OK)
        st = oc_stream_close(p, err);
    if (st == OC_OK)
        st = oc_outputs_finish(p, err);
out:
    oc_pipeline_over(p);
    if (st != OC_OK)
        oc_outputs_drop(p);
    oc_counts counts = oc_ledger_read(&p->ledger);
    oc_observers_close(&p->observers, &counts);
    return st;
}
