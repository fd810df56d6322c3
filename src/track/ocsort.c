/* OC-SORT: Cao, Pang, Weng, Khirodkar, Kitani, "Observation-Centric SORT", CVPR 2023.
 *
 * SORT's filter, and three corrections by what was seen rather than estimated:
 *   momentum  a pair whose direction agrees with the track's own over direction_s is cheaper
 *   recovery  a second round matches by the track's last observation instead of its prediction
 *   re-update a track found again has its filter run anew along the straight line between the two
 *             observations, so that the error gathered while it was unseen is forgotten */
#include <string.h>

#include "track/table.h"

#define PI 3.14159265358979323846f

static void oc_defaults(oc_tracker_options *o)
{
    o->lost_s = 1.0;
    o->confirm_hits = 4; /* the published three do not count the first */
}

static void oc_predict(oc_tracker *t)
{
    for (size_t i = 0; i < t->n; i++) {
        oc_track_slot *s = &t->slots[t->order[i]];
        oc_sort_filter_predict(s->k, t->dt);
        s->track.box = oc_sort_filter_box(s->k);
    }
}

static const oc_track_seen *seen_at(const oc_track_slot *s, uint32_t i)
{
    return &s->trail[i % OC_TRACK_TRAIL];
}

/* The oldest observation not further back from `time_s` than direction_s, else the latest. */
static const oc_track_seen *reference(const oc_tracker *t, const oc_track_slot *s, double time_s)
{
    uint32_t first = s->n_trail > OC_TRACK_TRAIL ? s->n_trail - OC_TRACK_TRAIL : 0;
    double   slack = 1e-3 * t->options.noise_period_s;
    for (uint32_t i = first; i < s->n_trail; i++)
        if (time_s - seen_at(s, i)->time_s <= t->options.direction_s + slack)
            return seen_at(s, i);
    return seen_at(s, s->n_trail - 1);
}

static bool direction(const oc_box *from, const oc_box *to, float unit[2])
{
    float dx = 0.5f * (to->x0 + to->x1 - from->x0 - from->x1);
    float dy = 0.5f * (to->y0 + to->y1 - from->y0 - from->y1);
    float length = sqrtf(dx * dx + dy * dy);
    if (!(length > 1e-6f))
        return false;
    unit[0] = dx / length;
    unit[1] = dy / length;
    return true;
}

/* 1/2 for the same direction, -1/2 for the opposite one. */
static float agreement(const oc_tracker *t, const oc_track_slot *s, const oc_detection *d)
{
    float                own[2], to[2];
    const oc_track_seen *latest = seen_at(s, s->n_trail - 1);
    if (s->n_trail < 2 || !direction(&reference(t, s, latest->time_s)->box, &latest->box, own) ||
        !direction(&reference(t, s, t->time_s)->box, &d->box, to))
        return 0.0f;
    float cosine = fminf(fmaxf(own[0] * to[0] + own[1] * to[1], -1.0f), 1.0f);
    return 0.5f - acosf(cosine) / PI;
}

static float first_cost(const oc_tracker *t, const oc_track_slot *s, const oc_detection *d)
{
    float iou = oc_track_iou(&s->track.box, &d->box);
    if (iou < t->options.iou_min)
        return OC_ASSIGN_NEVER;
    return 1.0f - iou - t->options.inertia * agreement(t, s, d) * d->score;
}

static float last_cost(const oc_tracker *t, const oc_track_slot *s, const oc_detection *d)
{
    float iou = oc_track_iou(&s->last, &d->box);
    return iou < t->options.iou_min ? OC_ASSIGN_NEVER : 1.0f - iou;
}

static void remember(oc_track_slot *s, const oc_box *box, double time_s)
{
    s->trail[s->n_trail % OC_TRACK_TRAIL] = (oc_track_seen){*box, time_s};
    s->n_trail++;
    memcpy(s->saved, s->k, sizeof(s->saved));
}

static oc_box between(const oc_box *a, const oc_box *b, float at)
{
    return (oc_box){a->x0 + at * (b->x0 - a->x0), a->y0 + at * (b->y0 - a->y0),
                    a->x1 + at * (b->x1 - a->x1), a->y1 + at * (b->y1 - a->y1)};
}

static void oc_hit(oc_tracker *t, oc_track_slot *s, const oc_detection *d, uint32_t gap)
{
    if (gap > 0 && s->n_trail > 0) {
        const oc_track_seen from = *seen_at(s, s->n_trail - 1);
        double dt = (t->time_s - from.time_s) / t->options.noise_period_s / (gap + 1.0);
        memcpy(s->k, s->saved, sizeof(s->k));
        for (uint32_t i = 1; i <= gap; i++) {
            oc_box on_line = between(&from.box, &d->box, (float)i / (float)(gap + 1));
            oc_sort_filter_predict(s->k, dt);
            oc_sort_filter_update(s->k, &on_line);
        }
        oc_sort_filter_predict(s->k, dt);
    }
    oc_sort_filter_update(s->k, &d->box);
    s->track.box = d->box;
    remember(s, &d->box, t->time_s);
}

static bool every(const oc_track_slot *slot)
{
    (void)slot;
    return true;
}

static void oc_update(oc_tracker *t, const oc_detections *found)
{
    size_t rows = oc_track_rows(t, every);
    size_t cols = oc_track_cols(t, found, t->options.score_high, INFINITY);
    /* Momentum may make a cost negative or lift it over 1; every allowed pair is welcome. */
    double gate = 2.0 + (double)t->options.inertia;

    oc_track_match(t, found, rows, cols, first_cost, gate, oc_hit);
    rows = oc_track_rows(t, every);
    cols = oc_track_cols(t, found, t->options.score_high, INFINITY);
    oc_track_match(t, found, rows, cols, last_cost, gate, oc_hit);

    for (size_t i = 0; i < t->n; i++)
        if (t->slots[t->order[i]].track.detection < 0)
            oc_track_miss(t, &t->slots[t->order[i]]);
    cols = oc_track_cols(t, found, t->options.score_new, INFINITY);
    for (size_t c = 0; c < cols; c++) {
        oc_track_slot *s = oc_track_birth(t, found, t->cols[c]);
        if (s) {
            oc_sort_filter_init(s->k, &s->last);
            remember(s, &s->last, t->time_s);
        }
    }
}

const oc_tracker_ops oc_tracker_ocsort = {
    .name = "ocsort",
    .title = "OC-SORT (Cao et al. 2023)",
    .defaults = oc_defaults,
    .predict = oc_predict,
    .update = oc_update,
};
