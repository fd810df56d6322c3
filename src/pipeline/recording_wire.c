#include "pipeline/recording_wire.h"

/* As many as the other side has; what this side does not know is left out, what the other did not
 * know stays 0. */
static void walk_counts(oc_walk *w, uint64_t *v, size_t n)
{
    size_t have = n;
    oc_walk_size(w, &have, 64);
    for (size_t i = 0; i < have && !w->bad; i++) {
        uint64_t other = 0;
        oc_walk_u64(w, i < n ? &v[i] : &other);
    }
}

static void walk_decision(oc_walk *w, oc_decision *d)
{
    uint64_t per_frame[OC_RECOGNISERS_MAX] = {0};
    for (size_t i = 0; i < OC_RECOGNISERS_MAX; i++)
        per_frame[i] = d->per_frame[i];
    oc_walk_bool(w, &d->look);
    oc_walk_u32(w, &d->every);
    oc_walk_u32(w, &d->level);
    oc_walk_u32(w, &d->detector);
    walk_counts(w, per_frame, OC_RECOGNISERS_MAX);
    walk_counts(w, d->dropped, OC_DROP_REASONS);
    for (size_t i = 0; i < OC_RECOGNISERS_MAX; i++)
        d->per_frame[i] = (uint32_t)per_frame[i];
}

void oc_wire_frame_walk(oc_wire_frame *f, oc_walk *w)
{
    oc_walk_u64(w, &f->begun_ns);
    oc_walk_u64(w, &f->frames);
    walk_decision(w, &f->decision);
}

void oc_wire_stage_walk(oc_wire_stage *s, oc_walk *w)
{
    oc_walk_u64(w, &s->frame);
    oc_walk_u32(w, &s->stage);
    oc_walk_u64(w, &s->begin_ns);
    oc_walk_u64(w, &s->end_ns);
}

static void walk_lines(oc_walk *w, const char **lines, size_t *n)
{
    oc_walk_size(w, n, SIZE_MAX);
    if (oc_walk_reads(w)) {
        *lines = (const char *)oc_walk_take(w, *n);
        if (!*lines)
            *n = 0;
    } else if (*n) {
        oc_walk_bytes(w, (void *)(uintptr_t)*lines, *n); /* read, as the walk writes */
    }
}

void oc_wire_done_walk(oc_wire_done *d, oc_walk *w)
{
    oc_walk_u64(w, &d->frame);
    oc_walk_i64(w, &d->pts_ns);
    oc_walk_u64(w, &d->captured_ns);
    oc_walk_u64(w, &d->begun_ns);
    oc_walk_u64(w, &d->end_ns);
    oc_walk_u64(w, &d->detections);
    oc_walk_u32(w, &d->tracks);
    walk_counts(w, d->looks, OC_RECOGNISERS_MAX);
    oc_walk_size(w, &d->n_stages, OC_WIRE_STAGES_MAX);
    for (size_t i = 0; i < d->n_stages; i++)
        oc_wire_stage_walk(&d->stage[i], w);
    walk_lines(w, &d->lines, &d->n_lines);
}

void oc_wire_note_walk(oc_wire_note *n, oc_walk *w)
{
    oc_walk_u8(w, &n->kind);
    switch ((oc_note_kind)n->kind) {
    case OC_NOTE_EVENTS: walk_lines(w, &n->lines, &n->n_lines); break;
    case OC_NOTE_CAPTURED: oc_wire_stage_walk(&n->stage, w); break;
    case OC_NOTE_DROPPED:
        oc_walk_u64(w, &n->frame);
        oc_walk_u32(w, &n->reason);
        oc_walk_u64(w, &n->at_ns);
        break;
    case OC_NOTE_LADDER:
        oc_walk_u32(w, &n->move.from);
        oc_walk_u32(w, &n->move.to);
        oc_walk_text(w, n->step, sizeof(n->step));
        oc_walk_f64(w, &n->move.latency_ms);
        oc_walk_f64(w, &n->move.objective_ms);
        oc_walk_u64(w, &n->at_ns);
        n->move.step = n->step;
        break;
    default: oc_walk_refuse(w);
    }
}

void oc_wire_end_walk(oc_wire_end *e, oc_walk *w)
{
    oc_walk_u8(w, &e->end);
    oc_walk_bool(w, &e->truncated);
    oc_walk_bool(w, &e->failed);
    oc_walk_text(w, e->why, sizeof(e->why));
    oc_walk_u64(w, &e->counts.captured);
    oc_walk_u64(w, &e->counts.completed);
    walk_counts(w, e->counts.dropped, OC_DROP_REASONS);
    walk_lines(w, &e->lines, &e->n_lines);
    if (e->end > OC_RUN_BROKEN)
        oc_walk_refuse(w);
}

/* ---- state ---- */

static void walk_evidence(oc_walk *w, oc_evidence *e)
{
    size_t n = e->n;
    oc_walk_size(w, &n, OC_VOTES_MAX);
    e->n = (uint32_t)n;
    for (size_t i = 0; i < n; i++) {
        oc_walk_text(w, e->vote[i].value, sizeof(e->vote[i].value));
        oc_walk_f32(w, &e->vote[i].weight);
    }
    oc_walk_f32(w, &e->total);
    oc_walk_u32(w, &e->looks);
    oc_walk_u32(w, &e->tries);
    oc_walk_f64(w, &e->last_s);
    oc_walk_f32(w, &e->best_area);
    oc_walk_f32(w, &e->best_sharpness);
    oc_walk_text(w, e->told, sizeof(e->told));
    oc_walk_f32(w, &e->confidence);
}

static void walk_box(oc_walk *w, oc_box *b)
{
    oc_walk_f32(w, &b->x0);
    oc_walk_f32(w, &b->y0);
    oc_walk_f32(w, &b->x1);
    oc_walk_f32(w, &b->y1);
}

static void walk_points(oc_walk *w, oc_object *o)
{
    oc_walk_size(w, &o->n_points, OC_POINTS_MAX);
    for (size_t i = 0; i < o->n_points; i++) {
        oc_walk_f32(w, &o->points[i].x);
        oc_walk_f32(w, &o->points[i].y);
        oc_walk_f32(w, &o->points[i].score);
    }
    oc_walk_f64(w, &o->points_s);
    walk_box(w, &o->points_box);
}

static void walk_trail(oc_walk *w, oc_object *o)
{
    oc_walk_u32(w, &o->n_trail);
    for (size_t i = 0; i < OC_TRAIL_MAX && i < o->n_trail; i++) {
        oc_trail_point *t = &o->trail[i];
        oc_walk_f32(w, &t->bottom.x);
        oc_walk_f32(w, &t->bottom.y);
        oc_walk_f32(w, &t->height);
        oc_walk_f64(w, &t->time_s);
    }
}

static void walk_object(oc_walk *w, oc_object *o, const oc_pipeline_config *c)
{
    oc_track_walk(&o->track, w);
    oc_walk_bool(w, &o->appeared);
    oc_walk_f64(w, &o->first_s);
    oc_walk_f64(w, &o->last_s);
    oc_walk_f64(w, &o->updated_s);
    walk_box(w, &o->last_box);
    walk_trail(w, o);
    for (size_t i = 0; i < c->n_recognise; i++)
        walk_evidence(w, &o->evidence[i]);
    for (size_t i = 0; i < c->n_lines; i++) {
        oc_walk_i8(w, &o->line[i].side);
        oc_walk_f32(w, &o->line[i].at.x);
        oc_walk_f32(w, &o->line[i].at.y);
    }
    for (size_t i = 0; i < c->n_zones; i++) {
        oc_walk_bool(w, &o->zone[i].inside);
        oc_walk_bool(w, &o->zone[i].turning);
        oc_walk_f64(w, &o->zone[i].turning_s);
        oc_walk_f64(w, &o->zone[i].entered_s);
    }
    walk_points(w, o);
    oc_walk_u32(w, &o->crossings);
}

static void walk_objects(oc_walk *w, oc_objects *o, const oc_pipeline_config *c)
{
    size_t n = o->n;
    oc_walk_size(w, &n, o->cap);
    if (oc_walk_reads(w)) { /* the first n slots are taken, the others spare */
        for (size_t i = 0; i < n; i++) {
            o->list[i] = &o->slots[i];
            o->slots[i] = (oc_object){0};
        }
        for (size_t i = n; i < o->cap; i++)
            o->spare[i - n] = &o->slots[o->cap - 1 - (i - n)];
        o->n = n;
        o->n_spare = o->cap - n;
    }
    for (size_t i = 0; i < n && !w->bad; i++)
        walk_object(w, o->list[i], c);
}

static void walk_rules(oc_walk *w, oc_rules *r)
{
    for (size_t i = 0; i < r->n_lines; i++) {
        oc_walk_u64(w, &r->line[i].total[0]);
        oc_walk_u64(w, &r->line[i].total[1]);
    }
    for (size_t i = 0; i < r->n_zones; i++) {
        oc_zone *z = &r->zone[i];
        oc_walk_u64(w, &z->entered);
        oc_walk_u64(w, &z->inside);
        oc_walk_u64(w, &z->inside_max);
        oc_walk_u64(w, &z->exited);
        oc_walk_f64(w, &z->dwell_sum_s);
    }
}

size_t oc_wire_state_bound(const oc_pipeline *p)
{
    /* Every member takes at most twice what it takes in memory (a length in front of a short text,
     * a flag); the tracker's slots are not known here. */
    return 4096 + p->objects.cap * 2 * sizeof(oc_object) +
           (size_t)p->config->track.max_tracks * 2048 + sizeof(p->rules);
}

double oc_wire_state_time(const void *data, size_t n)
{
    oc_walk w = oc_walk_reader(data, n);
    double  time_s = 0.0;
    oc_walk_f64(&w, &time_s);
    return time_s;
}

void oc_wire_state_walk(oc_pipeline *p, oc_walk *w)
{
    uint64_t seq = oc_event_log_seq(p->events);
    oc_walk_f64(w, &p->time_s); /* OC_WIRE_STATE_NEXT: these two */
    oc_walk_u64(w, &p->frame);
    oc_walk_u64(w, &seq);
    oc_walk_u64(w, &p->frames);
    walk_counts(w, p->told_dropped, OC_DROP_REASONS);
    oc_walk_f64(w, &p->told_drop_s);
    oc_tracker_walk(p->tracker, w);
    walk_objects(w, &p->objects, p->config);
    walk_rules(w, &p->rules);
    if (oc_walk_reads(w) && !w->bad)
        oc_event_log_seek(p->events, seq);
}
