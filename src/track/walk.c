/* A tracker's state, written down and read back. */
#include "core/walk.h"
#include "track/table.h"

static void walk_box(oc_walk *w, oc_box *b)
{
    oc_walk_f32(w, &b->x0);
    oc_walk_f32(w, &b->y0);
    oc_walk_f32(w, &b->x1);
    oc_walk_f32(w, &b->y1);
}

void oc_track_walk(oc_track *t, oc_walk *w)
{
    uint8_t state = (uint8_t)t->state;
    oc_walk_u64(w, &t->id);
    walk_box(w, &t->box);
    oc_walk_f32(w, &t->score);
    oc_walk_u32(w, &t->label);
    oc_walk_u8(w, &state);
    oc_walk_bool(w, &t->confirmed);
    oc_walk_i32(w, &t->detection);
    oc_walk_u64(w, &t->hits);
    oc_walk_f64(w, &t->age_s);
    oc_walk_f64(w, &t->unseen_s);
    if (state > OC_TRACK_ENDED)
        oc_walk_refuse(w);
    t->state = (oc_track_state)state;
}

static void walk_filters(oc_walk *w, oc_kalman k[4])
{
    for (int i = 0; i < 4; i++) {
        oc_walk_f64(w, &k[i].x);
        oc_walk_f64(w, &k[i].v);
        oc_walk_f64(w, &k[i].pxx);
        oc_walk_f64(w, &k[i].pxv);
        oc_walk_f64(w, &k[i].pvv);
    }
}

static void walk_slot(oc_walk *w, oc_track_slot *s)
{
    oc_track_walk(&s->track, w);
    walk_filters(w, s->k);
    walk_box(w, &s->last);
    oc_walk_f64(w, &s->born_s);
    oc_walk_f64(w, &s->seen_s);
    oc_walk_u32(w, &s->streak);
    oc_walk_u32(w, &s->missed);
    walk_filters(w, s->saved);
    oc_walk_u32(w, &s->n_trail);
    for (size_t i = 0; i < OC_TRACK_TRAIL && i < s->n_trail; i++) {
        walk_box(w, &s->trail[i].box);
        oc_walk_f64(w, &s->trail[i].time_s);
    }
}

void oc_tracker_walk(oc_tracker *t, oc_walk *w)
{
    size_t n = t->n;
    oc_walk_u64(w, &t->next_id);
    oc_walk_u64(w, &t->updates);
    oc_walk_f64(w, &t->time_s);
    oc_walk_size(w, &n, t->options.max_tracks);
    if (oc_walk_reads(w))
        for (size_t i = 0; i < t->options.max_tracks; i++)
            t->order[i] = (uint32_t)i;
    t->n = n;
    for (size_t i = 0; i < n; i++)
        walk_slot(w, &t->slots[t->order[i]]);
}
