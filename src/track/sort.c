/* SORT: Bewley, Ge, Ott, Ramos, Upcroft, "Simple Online and Realtime Tracking", ICIP 2016.
 *
 * Constant velocity over [centre, area, aspect], one assignment on IoU.  Written from the paper;
 * the noise figures are the published ones, for a frame of noise_period_s. */
#include "track/table.h"

enum { POS_R = 1, SIZE_R = 10 };

void oc_sort_filter_init(oc_kalman k[4], const oc_box *box)
{
    double z[4];
    oc_track_to_cxsr(box, z);
    for (int i = 0; i < 4; i++) /* the aspect ratio has no velocity */
        oc_kalman_init(&k[i], z[i], 10.0, i < 3 ? 1e4 : 0.0);
}

void oc_sort_filter_predict(oc_kalman k[4], double dt)
{
    if (k[2].x + dt * k[2].v <= 0.0) /* an area does not shrink through zero */
        k[2].v = 0.0;
    for (int i = 0; i < 4; i++)
        oc_kalman_predict(&k[i], dt, 1.0, i < 2 ? 1e-2 : i == 2 ? 1e-4 : 0.0);
}

void oc_sort_filter_update(oc_kalman k[4], const oc_box *box)
{
    double z[4];
    oc_track_to_cxsr(box, z);
    for (int i = 0; i < 4; i++)
        oc_kalman_update(&k[i], z[i], i < 2 ? POS_R : SIZE_R);
}

oc_box oc_sort_filter_box(const oc_kalman k[4])
{
    return oc_track_from_cxsr((const double[4]){k[0].x, k[1].x, k[2].x, k[3].x});
}

static void sort_defaults(oc_tracker_options *o)
{
    o->lost_s = 0.1;
    o->confirm_hits = 4; /* the published three do not count the first */
}

static void sort_predict(oc_tracker *t)
{
    for (size_t i = 0; i < t->n; i++) {
        oc_track_slot *s = &t->slots[t->order[i]];
        oc_sort_filter_predict(s->k, t->dt);
        s->track.box = oc_sort_filter_box(s->k);
    }
}

static float iou_cost(const oc_tracker *t, const oc_track_slot *slot, const oc_detection *d)
{
    float iou = oc_track_iou(&slot->track.box, &d->box);
    return iou < t->options.iou_min ? OC_ASSIGN_NEVER : 1.0f - iou;
}

static void sort_hit(oc_tracker *t, oc_track_slot *s, const oc_detection *d, uint32_t gap)
{
    (void)t;
    (void)gap;
    oc_sort_filter_update(s->k, &d->box);
    s->track.box = oc_sort_filter_box(s->k);
}

static bool every(const oc_track_slot *slot)
{
    (void)slot;
    return true;
}

static void sort_update(oc_tracker *t, const oc_detections *found)
{
    size_t rows = oc_track_rows(t, every);
    size_t cols = oc_track_cols(t, found, t->options.score_high, INFINITY);

    oc_track_match(t, found, rows, cols, iou_cost, 1.0, sort_hit);
    for (size_t i = 0; i < t->n; i++)
        if (t->slots[t->order[i]].track.detection < 0)
            oc_track_miss(t, &t->slots[t->order[i]]);
    cols = oc_track_cols(t, found, t->options.score_new, INFINITY);
    for (size_t c = 0; c < cols; c++) {
        oc_track_slot *s = oc_track_birth(t, found, t->cols[c]);
        if (s)
            oc_sort_filter_init(s->k, &s->last);
    }
}

const oc_tracker_ops oc_tracker_sort = {
    .name = "sort",
    .title = "SORT (Bewley et al. 2016)",
    .defaults = sort_defaults,
    .predict = sort_predict,
    .update = sort_update,
};
