/* A frame's way, and the stream around it. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "pipeline/state.h"
#include "vision/store.h"

#define PROGRESS_S 0.2
#define FLUSH_NS 1000000000u

static void note(oc_pipeline *p, oc_stage stage, uint64_t ns)
{
    oc_histogram_add(&p->stages.histogram[stage], ns);
}

/* The detector's boxes that the pipeline wants, into p->found. */
static size_t filter(oc_pipeline *p, const oc_detections *all, const oc_frame *frame)
{
    float  least = p->config->detect.min_height * (float)frame->height;
    size_t n = 0;
    for (size_t i = 0; i < all->n && n < OC_DETECTIONS_MAX; i++) {
        const oc_detection *d = &all->items[i];
        if (p->labels && (d->label >= p->n_labels || !p->labels[d->label]))
            continue;
        if (d->box.y1 - d->box.y0 >= least)
            p->found[n++] = *d;
    }
    return n;
}

static oc_status detect(oc_pipeline *p, const oc_frame *frame, oc_detections *found, oc_error *err)
{
    oc_result result;
    oc_status st = oc_net_run(p->detector, frame, NULL, &result, err);
    if (st != OC_OK)
        return st;
    oc_net_times times = oc_net_last(p->detector);
    note(p, OC_STAGE_PREPARE, times.prepare_ns);
    note(p, OC_STAGE_DETECT, times.infer_ns);
    note(p, OC_STAGE_BOXES, times.decode_ns);
    found->items = p->found;
    found->cap = OC_DETECTIONS_MAX;
    found->n = filter(p, &result.detections, frame);
    return OC_OK;
}

static oc_status recognise(oc_pipeline *p, const oc_frame *frame, oc_error *err)
{
    oc_status st = OC_OK;
    for (size_t i = 0; i < p->config->n_recognise && st == OC_OK; i++)
        st = oc_recogniser_run(&p->recogniser[i], i, frame, &p->objects, p->time_s,
                               oc_tell_recognised, p, err);
    return st;
}

static oc_status outputs(oc_pipeline *p, oc_frame *frame, oc_error *err)
{
    oc_status st = p->told;
    if (st != OC_OK) {
        *err = p->told_err;
        return st;
    }
    if ((st = oc_outputs_mot(p, err)) != OC_OK || !p->annotator)
        return st;
    const oc_scene_from from = {.title = p->config->title,
                                .card = p->card,
                                .objects = &p->objects,
                                .rules = &p->rules,
                                .time_s = p->time_s,
                                .n_recognisers = p->config->n_recognise,
                                .many_labels = p->config->detect.labels.n != 1 && p->n_labels > 1};
    return oc_annotator_put(p->annotator, frame, &from, err);
}

static oc_status work(oc_pipeline *p, oc_frame *frame, oc_error *err)
{
    oc_detections found = {0};
    oc_tracks     tracks;
    oc_status     st = OC_OK;
    bool          look = p->frames % p->config->detect.every == 0;

    p->time_s = (double)frame->pts_ns * 1e-9;
    p->frame = frame->index;
    if (look && (st = detect(p, frame, &found, err)) != OC_OK)
        return st;
    uint64_t start = oc_now_ns();
    if (look)
        oc_tracker_update(p->tracker, &found, p->time_s, &tracks);
    else
        oc_tracker_predict(p->tracker, p->time_s, &tracks);
    oc_objects_sync(&p->objects, &tracks, p->time_s);
    uint64_t tracked = oc_now_ns();
    note(p, OC_STAGE_TRACK, tracked - start);
    oc_rules_size(&p->rules, frame->width, frame->height);
    oc_tell_tracks(p);
    oc_rules_run(&p->rules, &p->objects, p->time_s);
    oc_tell_left(p); /* after the zones that the track was in */
    oc_tell_drops(p, false);
    uint64_t ruled = oc_now_ns();
    if (look && (st = recognise(p, frame, err)) != OC_OK)
        return st;
    uint64_t recognised = oc_now_ns();
    if (p->config->n_recognise)
        note(p, OC_STAGE_RECOGNISE, recognised - ruled);
    st = outputs(p, frame, err);
    note(p, OC_STAGE_EVENTS, oc_now_ns() - recognised + (ruled - tracked));
    p->record.detections += found.n;
    return st;
}

static oc_status flush(oc_pipeline *p, uint64_t now, oc_error *err)
{
    if (!p->box.newest || now - p->flushed_ns < FLUSH_NS)
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
                            .tracks = p->n_seen};
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

/* The source may be waiting for a camera that never comes back. */
static void stop_capture(oc_pipeline *p)
{
    int none = 0;
    __atomic_compare_exchange_n(p->cancel, &none, 2, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
    oc_mailbox_stop(&p->box);
    oc_capture_join(&p->capture);
}

static oc_status work_all(oc_pipeline *p, oc_error *err)
{
    oc_mail   mail;
    oc_status st = OC_OK;
    while (st == OC_OK && !cancelled(p) && oc_mailbox_take(&p->box, &mail)) {
        uint64_t start = oc_now_ns();
        note(p, OC_STAGE_WAIT, start - mail.captured_ns);
        if (!p->start_ns) {
            p->start_ns = p->progress_ns = p->flushed_ns = start;
            p->record.last_clock_ns = start;
        }
        st = work(p, mail.frame, err);
        oc_frame_unref(mail.frame);
        if (st != OC_OK) {
            oc_ledger_drop(&p->ledger, OC_DROP_FAILED);
            break;
        }
        oc_ledger_complete(&p->ledger);
        p->end_ns = oc_now_ns();
        note(p, OC_STAGE_TOTAL, p->end_ns - mail.captured_ns);
        oc_counts             counts = oc_ledger_read(&p->ledger);
        const oc_record_frame f = {.time_s = p->time_s,
                                   .objects = &p->objects,
                                   .rules = &p->rules,
                                   .latency_ns = p->end_ns - mail.captured_ns,
                                   .dropped = oc_counts_dropped(&counts),
                                   .n_recognisers = p->config->n_recognise};
        oc_record_note(&p->record, &f);
        p->frames++;
        tell_progress(p, p->end_ns);
        st = flush(p, p->end_ns, err);
    }
    return st;
}

/* Tracks, counts and the last word, once no frame comes any more. */
static oc_status close_stream(oc_pipeline *p, oc_error *err)
{
    oc_tracks tracks;
    oc_tracker_finish(p->tracker, &tracks);
    oc_objects_sync(&p->objects, &tracks, p->time_s);
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

static oc_status open_stream(oc_pipeline *p, oc_error *err)
{
    oc_status st = find_source(p, err);
    if (st != OC_OK)
        return st;
    p->capture.source = (oc_source_options){.struct_size = sizeof(oc_source_options),
                                            .url = p->url,
                                            .format = p->config->format,
                                            .fps = p->config->fps,
                                            .timeout_ms = (uint32_t)(p->config->timeout_s * 1000),
                                            .rtsp_udp = p->config->rtsp_udp,
                                            .cancel = p->cancel};
    if ((st = oc_input_open(&p->capture.source, &p->input, err)) != OC_OK)
        return st;
    p->info = *oc_input_info(p->input);
    p->fps = p->info.fps > 0.0 && p->info.fps <= 1000.0 ? p->info.fps : 25.0;
    oc_mailbox_init(&p->box, &p->ledger, p->options.realtime || p->info.live);
    p->box_made = true;
    p->capture.pace = p->options.realtime && !p->info.live;
    p->capture.duration_s = p->options.duration_s;
    p->capture.box = &p->box;
    p->capture.stages = &p->stages;
    p->capture.input = p->input;
    time_t    now = time(NULL);
    struct tm utc;
    strftime(p->at, sizeof(p->at), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
    oc_record_init(&p->record);
    return oc_outputs_open(p, err);
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
    stop_capture(p);
    if (st == OC_OK)
        st = how_it_ended(p, err);
    if (st == OC_OK)
        st = close_stream(p, err);
    if (st == OC_OK)
        st = oc_outputs_finish(p, err);
out:
    if (st != OC_OK)
        oc_outputs_drop(p);
    return st;
}
