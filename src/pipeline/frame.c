/* A frame's way. */
#include "pipeline/state.h"

/* After so many frames in a row without time for the detector one is processed however late it gets:
 * what runs take is learnt from runs only, and late news are better than none. */
#define REFUSALS_MAX 8

void oc_note_stage(oc_pipeline *p, oc_stage stage, uint64_t begin_ns, uint64_t end_ns)
{
    oc_histogram_add(&p->stages.histogram[stage], end_ns - begin_ns);
    oc_observers_stage(&p->observers, p->frame, stage, begin_ns, end_ns);
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
    uint64_t  start = oc_now_ns();
    oc_net   *net = p->detector[p->decision.detector];
    oc_net_job_set(net, &(oc_net_job){.cls = p->config->detect.cls,
                                      .stream = p->options.stream,
                                      .deadline_ns = p->deadline_ns,
                                      .keep = p->refusals >= REFUSALS_MAX});
    oc_status st = oc_net_run(net, frame, NULL, &result, err);
    p->refusals = st == OC_BUSY ? p->refusals + 1 : 0;
    if (st == OC_BUSY)
        p->refused =
            oc_net_dropped(net) == OC_SCHED_DROP_LATE ? OC_DROP_DEADLINE : OC_DROP_OVERLOAD;
    if (st != OC_OK)
        return st;
    oc_net_times times = oc_net_last(net);
    uint64_t     begun = start + times.queue_ns, prepared = begun + times.prepare_ns;
    uint64_t     inferred = prepared + times.infer_ns;
    if (p->options.sched)
        oc_note_stage(p, OC_STAGE_QUEUE, start, begun);
    oc_note_stage(p, OC_STAGE_PREPARE, begun, prepared);
    oc_note_stage(p, OC_STAGE_DETECT, prepared, inferred);
    oc_note_stage(p, OC_STAGE_BOXES, inferred, inferred + times.decode_ns);
    oc_observers_ran(&p->observers, oc_net_card(net)->name, times.infer_ns);
    found->items = p->found;
    found->cap = OC_DETECTIONS_MAX;
    found->n = filter(p, &result.detections, frame);
    return OC_OK;
}

static oc_status recognise(oc_pipeline *p, const oc_frame *frame, oc_error *err)
{
    oc_status st = OC_OK;
    for (size_t i = 0; i < p->config->n_recognise && st == OC_OK; i++) {
        p->recogniser[i].per_frame = p->decision.per_frame[i];
        p->recogniser[i].observers = &p->observers;
        oc_net_job_set(p->recogniser[i].net, &(oc_net_job){.cls = p->config->recognise[i].cls,
                                                           .stream = p->options.stream,
                                                           .deadline_ns = p->deadline_ns});
        st = oc_recogniser_run(&p->recogniser[i], i, frame, &p->objects, p->time_s,
                               oc_tell_recognised, p, err);
    }
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

/* What the steps of the degrade ladder up to this level leave. */
static void degrade(const oc_pipeline *p, oc_decision *d, uint32_t *most)
{
    const oc_degrade_config *c = &p->config->degrade;
    d->level = p->ladder.level;
    d->detector = p->step_detector[d->level];
    for (uint32_t i = 0; i < d->level; i++) {
        const oc_degrade_step *s = &c->step[i];
        if (s->every > d->every)
            d->every = s->every;
        for (size_t k = 0; k < p->config->n_recognise; k++) {
            if (s->limits && d->per_frame[k] > s->per_frame)
                d->per_frame[k] = s->per_frame;
            if (s->turns_off && p->config->recognise[k].cls >= s->off)
                d->per_frame[k] = 0;
        }
    }
    *most = d->every > *most ? d->every : *most;
}

/* What is to be done with this frame. */
static void decide(oc_pipeline *p, const oc_frame *frame)
{
    oc_decision *d = &p->decision;
    uint32_t     most = p->config->detect.every_max;
    *d = (oc_decision){.every = p->config->detect.every};
    for (size_t i = 0; i < p->config->n_recognise; i++)
        d->per_frame[i] = p->config->recognise[i].per_frame;
    degrade(p, d, &most);
    bool due = p->since_look >= d->every - 1;
    if (p->config->detect.adaptive) {
        bool wanted = oc_interval_due(&p->interval, &p->tracks, p->time_s);
        due = p->since_look >= most - 1 || (due && wanted);
        d->every = p->interval.allow > d->every ? p->interval.allow : d->every;
    }
    d->look = due;
    oc_read_dropped(p, d->dropped);
    if (p->options.decide)
        p->options.decide(p->options.decide_ctx, frame, d);
    p->since_look = d->look ? 0 : p->since_look + (p->since_look < UINT32_MAX);
    p->looks += d->look;
}

static void track(oc_pipeline *p, const oc_detections *found)
{
    if (p->decision.look)
        oc_tracker_update(p->tracker, found, p->time_s, &p->tracks);
    else
        oc_tracker_predict(p->tracker, p->time_s, &p->tracks);
    if (p->decision.look && p->config->detect.adaptive)
        oc_interval_looked(&p->interval, &p->tracks);
    oc_objects_sync(&p->objects, &p->tracks, p->time_s);
}

static void rules(oc_pipeline *p, const oc_frame *frame)
{
    oc_rules_size(&p->rules, frame->width, frame->height);
    oc_tell_tracks(p);
    oc_rules_run(&p->rules, &p->objects, p->time_s);
    oc_tell_left(p); /* after the zones that the track was in */
    oc_tell_drops(p, false);
}

oc_status oc_frame_work(oc_pipeline *p, oc_frame *frame, oc_error *err)
{
    oc_detections found = {0};
    oc_status     st = OC_OK;

    p->time_s = (double)frame->pts_ns * 1e-9;
    p->frame = frame->index;
    decide(p, frame);
    oc_observers_begun(&p->observers, frame, &p->decision);
    if (p->decision.look && (st = detect(p, frame, &found, err)) != OC_OK)
        return st;
    uint64_t start = oc_now_ns();
    track(p, &found);
    uint64_t tracked = oc_now_ns();
    oc_note_stage(p, OC_STAGE_TRACK, start, tracked);
    rules(p, frame);
    uint64_t ruled = oc_now_ns();
    if (p->decision.look && (st = recognise(p, frame, err)) != OC_OK)
        return st;
    uint64_t recognised = oc_now_ns();
    if (p->config->n_recognise)
        oc_note_stage(p, OC_STAGE_RECOGNISE, ruled, recognised);
    st = outputs(p, frame, err);
    uint64_t end = oc_now_ns();
    oc_histogram_add(&p->stages.histogram[OC_STAGE_EVENTS], end - recognised + (ruled - tracked));
    oc_observers_stage(&p->observers, p->frame, OC_STAGE_EVENTS, tracked, ruled);
    oc_observers_stage(&p->observers, p->frame, OC_STAGE_EVENTS, recognised, end);
    p->found_n = found.n;
    p->record.detections += found.n;
    return st;
}
