/* ByteTrack: Zhang, Sun, Jiang, Yu, Weng, Yuan, Luo, Liu, Wang, "ByteTrack: Multi-Object Tracking
 * by Associating Every Detection Box", ECCV 2022.
 *
 * Strong detections are matched first, against confirmed and lost tracks alike; what is still
 * unmatched may continue on weak detections, which never start a track.  Constant velocity over
 * [centre, aspect, height], noise in proportion to the height, as published. */
#include "track/table.h"

#define POS_STD (1.0 / 20.0)
#define VEL_STD (1.0 / 160.0)
#define ASPECT 2 /* index of the aspect ratio in a filter */
#define HEIGHT 3
#define TWIN_IOU 0.85f /* a tracked and a lost track that overlap so are one object */

static double square(double v)
{
    return v * v;
}

static void filter_init(oc_kalman k[4], const oc_box *box)
{
    double z[4];
    oc_track_to_cxah(box, z);
    double pos = square(2 * POS_STD * z[HEIGHT]), vel = square(10 * VEL_STD * z[HEIGHT]);
    for (int i = 0; i < 4; i++)
        oc_kalman_init(&k[i], z[i], i == ASPECT ? 1e-4 : pos, i == ASPECT ? 1e-10 : vel);
}

static void filter_predict(oc_kalman k[4], double dt)
{
    double pos = square(POS_STD * k[HEIGHT].x), vel = square(VEL_STD * k[HEIGHT].x);
    for (int i = 0; i < 4; i++)
        oc_kalman_predict(&k[i], dt, i == ASPECT ? 1e-4 : pos, i == ASPECT ? 1e-10 : vel);
}

static void filter_update(oc_kalman k[4], const oc_box *box)
{
    double z[4];
    oc_track_to_cxah(box, z);
    double pos = square(POS_STD * fmax(k[HEIGHT].x, 1.0));
    for (int i = 0; i < 4; i++)
        oc_kalman_update(&k[i], z[i], i == ASPECT ? 1e-2 : pos);
}

static oc_box filter_box(const oc_kalman k[4])
{
    return oc_track_from_cxah((const double[4]){k[0].x, k[1].x, k[2].x, k[3].x});
}

static void byte_defaults(oc_tracker_options *o)
{
    o->score_high = 0.5f;
    o->score_new = 0.6f;
    o->confirm_hits = 2;
}

static void byte_predict(oc_tracker *t)
{
    for (size_t i = 0; i < t->n; i++) {
        oc_track_slot *s = &t->slots[t->order[i]];
        if (s->track.state == OC_TRACK_LOST)
            s->k[HEIGHT].v = 0.0; /* nobody sees it: it may move on, but must not grow or vanish */
        filter_predict(s->k, t->dt);
        s->track.box = filter_box(s->k);
    }
}

static float fused_cost(const oc_tracker *t, const oc_track_slot *slot, const oc_detection *d)
{
    float like = oc_track_iou(&slot->track.box, &d->box) * d->score;
    (void)t;
    return like > 0.0f ? 1.0f - like : OC_ASSIGN_NEVER;
}

static float iou_cost(const oc_tracker *t, const oc_track_slot *slot, const oc_detection *d)
{
    float iou = oc_track_iou(&slot->track.box, &d->box);
    (void)t;
    return iou > 0.0f ? 1.0f - iou : OC_ASSIGN_NEVER;
}

static void byte_hit(oc_tracker *t, oc_track_slot *s, const oc_detection *d, uint32_t gap)
{
    (void)t;
    (void)gap;
    filter_update(s->k, &d->box);
    s->track.box = filter_box(s->k);
}

static bool known(const oc_track_slot *slot)
{
    return slot->track.confirmed;
}

static bool tracked(const oc_track_slot *slot)
{
    return slot->track.state == OC_TRACK_CONFIRMED;
}

static bool tentative(const oc_track_slot *slot)
{
    return slot->track.state == OC_TRACK_TENTATIVE;
}

/* Of two confirmed tracks on one object the younger ends, if one of them was lost. */
static void drop_twins(oc_tracker *t)
{
    for (size_t i = 0; i < t->n; i++) {
        oc_track_slot *a = &t->slots[t->order[i]];
        for (size_t j = i + 1; j < t->n; j++) {
            oc_track_slot *b = &t->slots[t->order[j]];
            bool           one_lost = (a->track.state == OC_TRACK_LOST && tracked(b)) ||
                            (b->track.state == OC_TRACK_LOST && tracked(a));
            if (!one_lost || (!t->options.any_label && a->track.label != b->track.label) ||
                oc_track_iou(&a->track.box, &b->track.box) <= TWIN_IOU)
                continue;
            bool a_longer = a->seen_s - a->born_s > b->seen_s - b->born_s;
            (a_longer ? b : a)->track.state = OC_TRACK_ENDED;
        }
    }
}

static void byte_update(oc_tracker *t, const oc_detections *found)
{
    const oc_tracker_options *o = &t->options;
    size_t                    cols = oc_track_cols(t, found, o->score_high, INFINITY);
    size_t                    rows = oc_track_rows(t, known);
    oc_track_match(t, found, rows, cols, fused_cost, (double)o->cost_first, byte_hit);

    cols = oc_track_cols(t, found, o->score_low, o->score_high);
    rows = oc_track_rows(t, tracked);
    oc_track_match(t, found, rows, cols, iou_cost, (double)o->cost_second, byte_hit);

    cols = oc_track_cols(t, found, o->score_high, INFINITY);
    rows = oc_track_rows(t, tentative);
    oc_track_match(t, found, rows, cols, fused_cost, (double)o->cost_tentative, byte_hit);

    for (size_t i = 0; i < t->n; i++)
        if (t->slots[t->order[i]].track.detection < 0)
            oc_track_miss(t, &t->slots[t->order[i]]);
    drop_twins(t);
    cols = oc_track_cols(t, found, o->score_new, INFINITY);
    for (size_t c = 0; c < cols; c++) {
        oc_track_slot *s = oc_track_birth(t, found, t->cols[c]);
        if (s)
            filter_init(s->k, &s->last);
    }
}

const oc_tracker_ops oc_tracker_bytetrack = {
    .name = "bytetrack",
    .title = "ByteTrack (Zhang et al. 2022)",
    .defaults = byte_defaults,
    .predict = byte_predict,
    .update = byte_update,
};
