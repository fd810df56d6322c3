/* Slots, rounds of matching, births. */
#include <assert.h>
#include <string.h>

#include "track/table.h"

float oc_track_iou(const oc_box *a, const oc_box *b)
{
    float w = fminf(a->x1, b->x1) - fmaxf(a->x0, b->x0);
    float h = fminf(a->y1, b->y1) - fmaxf(a->y0, b->y0);
    if (!(w > 0.0f) || !(h > 0.0f))
        return 0.0f;
    float both = w * h;
    float all = (a->x1 - a->x0) * (a->y1 - a->y0) + (b->x1 - b->x0) * (b->y1 - b->y0) - both;
    return all > 0.0f ? both / all : 0.0f;
}

static bool usable(const oc_detection *d)
{
    const oc_box *b = &d->box;
    /* written so that NaN fails */
    return b->x1 > b->x0 && b->y1 > b->y0 && d->score >= 0.0f && isfinite(b->x0) &&
           isfinite(b->y0) && isfinite(b->x1) && isfinite(b->y1) && isfinite(d->score);
}

size_t oc_track_rows(oc_tracker *t, oc_track_row_fn *wanted)
{
    size_t n = 0;
    for (size_t i = 0; i < t->n; i++) {
        const oc_track_slot *s = &t->slots[t->order[i]];
        if (s->track.detection < 0 && s->track.state != OC_TRACK_ENDED && wanted(s))
            t->rows[n++] = t->order[i];
    }
    return n;
}

size_t oc_track_cols(oc_tracker *t, const oc_detections *found, float low, float high)
{
    size_t n = 0;
    for (size_t i = 0; i < t->n_found; i++) {
        const oc_detection *d = &found->items[i];
        if (!t->taken[i] && usable(d) && d->score >= low && d->score < high)
            t->cols[n++] = (uint32_t)i;
    }
    return n;
}

static void note_hit(oc_tracker *t, oc_track_slot *s, const oc_detection *d, size_t i)
{
    t->taken[i] = 1;
    s->track.detection = (int32_t)i;
    s->track.score = d->score;
    if (t->options.any_label)
        s->track.label = d->label;
    s->track.hits++;
    s->streak++;
    s->missed = 0;
    s->seen_s = t->time_s;
    s->track.unseen_s = 0.0;
    s->last = d->box;
    if (s->track.confirmed || oc_track_early(t) ||
        (s->streak >= t->options.confirm_hits && s->track.age_s >= t->options.confirm_s)) {
        s->track.confirmed = true;
        s->track.state = OC_TRACK_CONFIRMED;
    }
}

void oc_track_match(oc_tracker *t, const oc_detections *found, size_t n_rows, size_t n_cols,
                    oc_track_cost_fn *cost, double gate, oc_track_hit_fn *hit)
{
    if (!n_rows || !n_cols)
        return;
    for (size_t r = 0; r < n_rows; r++) {
        const oc_track_slot *s = &t->slots[t->rows[r]];
        for (size_t c = 0; c < n_cols; c++) {
            const oc_detection *d = &found->items[t->cols[c]];
            bool                same = t->options.any_label || d->label == s->track.label;
            t->cost[r * n_cols + c] = same ? cost(t, s, d) : OC_ASSIGN_NEVER;
        }
    }
    oc_assign_run(t->assign, t->cost, n_rows, n_cols, gate, t->partner);
    for (size_t r = 0; r < n_rows; r++) {
        if (t->partner[r] < 0)
            continue;
        oc_track_slot *s = &t->slots[t->rows[r]];
        uint32_t       i = t->cols[t->partner[r]], gap = s->missed;
        s->track.surprise = 1.0f - oc_track_iou(&s->track.box, &found->items[i].box);
        note_hit(t, s, &found->items[i], i);
        hit(t, s, &found->items[i], gap);
    }
}

oc_track_slot *oc_track_birth(oc_tracker *t, const oc_detections *found, size_t i)
{
    t->taken[i] = 1;
    if (t->n == t->options.max_tracks) {
        t->n_refused++;
        return NULL;
    }
    const oc_detection *d = &found->items[i];
    oc_track_slot      *s = &t->slots[t->order[t->n++]];
    memset(s, 0, sizeof(*s));
    s->track.id = t->next_id++;
    s->track.label = d->label;
    s->track.box = d->box;
    s->born_s = t->time_s;
    s->track.state = OC_TRACK_TENTATIVE;
    note_hit(t, s, d, i);
    return s;
}

void oc_track_miss(oc_tracker *t, oc_track_slot *s)
{
    s->streak = 0;
    s->missed++;
    /* A thousandth of a frame of slack: 0.1 + 0.1 + 0.1 must not be longer than 0.3. */
    double most = t->options.lost_s + 1e-3 * t->options.noise_period_s;
    if (!s->track.confirmed || s->track.unseen_s > most)
        s->track.state = OC_TRACK_ENDED;
    else
        s->track.state = OC_TRACK_LOST;
}

bool oc_track_early(const oc_tracker *t)
{
    return t->options.confirm_s <= 0.0 && t->updates <= 1;
}

void oc_track_to_cxsr(const oc_box *b, double z[4])
{
    double w = (double)b->x1 - (double)b->x0, h = (double)b->y1 - (double)b->y0;
    z[0] = (double)b->x0 + 0.5 * w;
    z[1] = (double)b->y0 + 0.5 * h;
    z[2] = w * h;
    z[3] = w / h;
}

oc_box oc_track_from_cxsr(const double z[4])
{
    double w = sqrt(fmax(z[2] * z[3], 0.0)), h = w > 0.0 ? z[2] / w : 0.0;
    return (oc_box){(float)(z[0] - 0.5 * w), (float)(z[1] - 0.5 * h), (float)(z[0] + 0.5 * w),
                    (float)(z[1] + 0.5 * h)};
}

void oc_track_to_cxah(const oc_box *b, double z[4])
{
    double w = (double)b->x1 - (double)b->x0, h = (double)b->y1 - (double)b->y0;
    z[0] = (double)b->x0 + 0.5 * w;
    z[1] = (double)b->y0 + 0.5 * h;
    z[2] = w / h;
    z[3] = h;
}

oc_box oc_track_from_cxah(const double z[4])
{
    double h = fmax(z[3], 0.0), w = fmax(z[2], 0.0) * h;
    return (oc_box){(float)(z[0] - 0.5 * w), (float)(z[1] - 0.5 * h), (float)(z[0] + 0.5 * w),
                    (float)(z[1] + 0.5 * h)};
}
