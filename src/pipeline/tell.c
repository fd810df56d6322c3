/* What happened, as events. */
#include <string.h>

#include "pipeline/state.h"

const char *oc_run_end_name(oc_run_end end)
{
    static const char *const names[] = {"end", "duration", "interrupted", "broken"};
    return names[end];
}

static void put(oc_pipeline *p, oc_event *e)
{
    e->time_s = p->time_s;
    e->frame = p->frame;
    if (p->told != OC_OK)
        return;
    p->told = oc_event_log_put(p->events, e, &p->told_err);
    if (p->told == OC_OK) {
        size_t      n;
        const char *line = oc_event_log_line(p->events, &n);
        oc_observers_event(&p->observers, e, line, n);
    }
}

/* Fields of a track.  label: memory for the name of one that has none. */
static oc_event about(const oc_pipeline *p, oc_event_type type, const oc_object *o, char label[32])
{
    return (oc_event){
        .type = type,
        .track = o->track.id,
        .label = oc_card_label(p->card, o->track.label, label, 32),
        .score = o->track.score > 1.0f ? 1.0f : o->track.score,
        .box = o->track.box,
        .age_s = o->track.age_s,
        .hits = o->track.hits,
    };
}

static size_t known_of(const oc_pipeline *p, const oc_object *o,
                       oc_event_pair known[OC_RECOGNISERS_MAX])
{
    size_t n = 0;
    for (size_t k = 0; k < p->config->n_recognise; k++)
        if (*o->evidence[k].told)
            known[n++] =
                (oc_event_pair){.key = p->config->recognise[k].name, .value = o->evidence[k].told};
    return n;
}

void oc_tell_started(oc_pipeline *p)
{
    oc_event e = {.type = OC_EVENT_STARTED,
                  .source = p->shown,
                  .at = p->at,
                  .width = p->info.width,
                  .height = p->info.height,
                  .fps = p->info.fps};
    put(p, &e);
}

static void tell_with_known(oc_pipeline *p, oc_event_type type, const oc_object *o,
                            const char *reason)
{
    char          label[32];
    oc_event_pair known[OC_RECOGNISERS_MAX];
    oc_event      e = about(p, type, o, label);
    e.known = known;
    e.n_known = known_of(p, o, known);
    e.reason = reason;
    if (type == OC_EVENT_LEFT) /* where it was seen, not where it may be by now */
        e.box = o->last_box;
    put(p, &e);
}

void oc_tell_tracks(oc_pipeline *p)
{
    char label[32];
    p->n_seen = 0;
    for (size_t i = 0; i < p->objects.n; i++) {
        oc_object *o = p->objects.list[i];
        if (!o->track.confirmed || o->track.state == OC_TRACK_ENDED)
            continue;
        p->n_seen += o->track.state == OC_TRACK_CONFIRMED;
        if (!o->appeared) {
            oc_event e = about(p, OC_EVENT_APPEARED, o, label);
            o->appeared = true;
            o->updated_s = p->time_s;
            put(p, &e);
        } else if (oc_object_seen(o) && p->config->updated_every_s > 0.0 &&
                   p->time_s - o->updated_s >= p->config->updated_every_s) {
            o->updated_s = p->time_s;
            tell_with_known(p, OC_EVENT_UPDATED, o, NULL);
        }
    }
}

void oc_tell_left(oc_pipeline *p)
{
    for (size_t i = 0; i < p->objects.n; i++) {
        const oc_object *o = p->objects.list[i];
        if (!o->appeared || o->track.state != OC_TRACK_ENDED)
            continue;
        /* what is over because the stream is has not been lost */
        bool lost = o->track.unseen_s > p->config->track.lost_s;
        tell_with_known(p, OC_EVENT_LEFT, o, lost ? "lost" : "end");
        oc_record_track(&p->record, o, p->config->n_recognise);
    }
}

void oc_tell_recognised(void *pipeline, const oc_object *o, size_t recogniser)
{
    oc_pipeline       *p = pipeline;
    char               label[32];
    const oc_evidence *v = &o->evidence[recogniser];
    oc_event           e = about(p, OC_EVENT_RECOGNISED, o, label);
    e.what = p->config->recognise[recogniser].name;
    e.value = v->told;
    e.confidence = v->confidence;
    e.evidence = v->looks;
    put(p, &e);
}

void oc_tell_crossed(void *pipeline, const oc_object *o, const oc_line *line, int direction)
{
    oc_pipeline *p = pipeline;
    char         label[32];
    oc_event     e = about(p, OC_EVENT_CROSSED, o, label);
    e.line = line->config->name;
    e.direction = line->config->directions[direction];
    e.total = line->total[direction];
    oc_record_crossed(&p->record, p->time_s, direction);
    put(p, &e);
}

void oc_tell_zone(void *pipeline, const oc_object *o, const oc_zone *zone, bool entered,
                  double dwell_s)
{
    oc_pipeline *p = pipeline;
    char         label[32];
    oc_event     e = about(p, OC_EVENT_ZONE, o, label);
    e.zone = zone->config->name;
    e.entered = entered;
    e.inside = zone->inside;
    e.total_entered = zone->entered;
    e.dwell_s = dwell_s;
    put(p, &e);
}

void oc_tell_move(oc_pipeline *p, const oc_ladder_move *m)
{
    oc_event e = {.type = m->to > m->from ? OC_EVENT_DEGRADED : OC_EVENT_RESTORED,
                  .level = m->to,
                  .step = m->step,
                  .latency_ms = m->latency_ms,
                  .objective_ms = m->objective_ms};
    put(p, &e);
    oc_observers_ladder(&p->observers, m);
}

void oc_tell_step(oc_pipeline *p, uint32_t from, uint64_t latency_ns)
{
    uint32_t             to = p->ladder.level;
    const oc_ladder_move m = {.from = from,
                              .to = to,
                              .step = p->config->degrade.step[to > from ? from : to].text,
                              .latency_ms =
                                  latency_ns == UINT64_MAX ? -1.0 : (double)latency_ns * 1e-6,
                              .objective_ms = p->config->deadline_s * 1e3};
    oc_tell_move(p, &m);
}

void oc_read_dropped(oc_pipeline *p, uint64_t dropped[OC_DROP_REASONS])
{
    oc_counts c = oc_ledger_read(&p->ledger);
    memcpy(dropped, c.dropped, sizeof(c.dropped));
}

void oc_tell_drops(oc_pipeline *p, bool last)
{
    if (!last && p->time_s - p->told_drop_s < 1.0)
        return;
    p->told_drop_s = p->time_s;
    if (last)
        oc_read_dropped(p, p->decision.dropped);
    const uint64_t *dropped = p->decision.dropped;
    for (int i = 0; i < OC_DROP_REASONS; i++) {
        if (dropped[i] == p->told_dropped[i])
            continue;
        oc_event e = {.type = OC_EVENT_DROPPED,
                      .n = dropped[i] - p->told_dropped[i],
                      .total = dropped[i],
                      .reason = oc_drop_name((oc_drop)i)};
        p->told_dropped[i] = dropped[i];
        put(p, &e);
    }
}

void oc_tell_ended(oc_pipeline *p)
{
    oc_counts     c = oc_ledger_read(&p->ledger);
    oc_event_pair dropped[OC_DROP_REASONS];
    size_t        n = 0;
    for (int i = 0; i < OC_DROP_REASONS; i++)
        if (c.dropped[i])
            dropped[n++] = (oc_event_pair){.key = oc_drop_name((oc_drop)i), .n = c.dropped[i]};
    oc_event e = {.type = OC_EVENT_ENDED,
                  .captured = c.captured,
                  .completed = c.completed,
                  .dropped = dropped,
                  .n_dropped = n,
                  .truncated = p->ended.truncated,
                  .reason = oc_run_end_name(p->end)};
    put(p, &e);
}
