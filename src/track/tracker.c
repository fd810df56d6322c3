/* A tracker's life: options, memory, the frame around a kind's update. */
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "track/table.h"

#define OC_TRACKER(name) extern const oc_tracker_ops oc_tracker_##name;
#include "track/list.inc"
#undef OC_TRACKER

static const oc_tracker_ops *const kinds[] = {
#define OC_TRACKER(name) &oc_tracker_##name,
#include "track/list.inc"
#undef OC_TRACKER
};

const oc_tracker_ops *oc_tracker_kind(size_t i)
{
    return i < sizeof(kinds) / sizeof(kinds[0]) ? kinds[i] : NULL;
}

const oc_tracker_ops *oc_tracker_find(const char *name)
{
    for (size_t i = 0; oc_tracker_kind(i); i++)
        if (strcmp(kinds[i]->name, name) == 0)
            return kinds[i];
    return NULL;
}

void oc_tracker_defaults(const oc_tracker_ops *kind, oc_tracker_options *options)
{
    *options = (oc_tracker_options){
        .max_tracks = 256,
        .max_detections = 512,
        .lost_s = 1.0,
        .confirm_hits = 3,
        .noise_period_s = 1.0 / 30.0,
        .score_high = 0.3f,
        .score_low = 0.1f,
        .score_new = 0.3f,
        .iou_min = 0.3f,
        .cost_first = 0.8f,
        .cost_second = 0.5f,
        .cost_tentative = 0.7f,
        .inertia = 0.2f,
        .direction_s = 0.1,
    };
    kind->defaults(options);
}

static bool in_range(double v, double low, double high)
{
    return v >= low && v <= high; /* false for NaN */
}

static oc_status check(const oc_tracker_options *o, oc_error *err)
{
    const struct {
        const char *name;
        double      v, low, high;
    } rows[] = {
        {"max_tracks", o->max_tracks, 1, 65536},
        {"max_detections", o->max_detections, 1, 65536},
        {"lost_s", o->lost_s, 0, 1e6},
        {"confirm_s", o->confirm_s, 0, 1e6},
        {"confirm_hits", o->confirm_hits, 1, 1e6},
        {"noise_period_s", o->noise_period_s, 1e-6, 1e3},
        {"score_high", (double)o->score_high, 0, 1},
        {"score_low", (double)o->score_low, 0, 1},
        {"score_new", (double)o->score_new, 0, 1},
        {"iou_min", (double)o->iou_min, 0, 1},
        {"cost_first", (double)o->cost_first, 0, 1},
        {"cost_second", (double)o->cost_second, 0, 1},
        {"cost_tentative", (double)o->cost_tentative, 0, 1},
        {"inertia", (double)o->inertia, 0, 10},
        {"direction_s", o->direction_s, 0, 1e3},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (!in_range(rows[i].v, rows[i].low, rows[i].high))
            return OC_FAIL(err, OC_INVALID, "tracker: %s is %g, not in %g .. %g", rows[i].name,
                           rows[i].v, rows[i].low, rows[i].high);
    return OC_OK;
}

static oc_status allocate(oc_tracker *t, oc_error *err)
{
    size_t    n = t->options.max_tracks, m = t->options.max_detections;
    oc_arena *a = &t->arena;

    t->slots = oc_arena_alloc(a, n, sizeof(*t->slots));
    t->order = oc_arena_alloc(a, n, sizeof(*t->order));
    t->told = oc_arena_alloc(a, n, sizeof(*t->told));
    t->cost = oc_arena_alloc(a, n * m, sizeof(*t->cost)); /* both at most 2^16 */
    t->rows = oc_arena_alloc(a, n, sizeof(*t->rows));
    t->partner = oc_arena_alloc(a, n, sizeof(*t->partner));
    t->cols = oc_arena_alloc(a, m, sizeof(*t->cols));
    t->taken = oc_arena_alloc(a, m, sizeof(*t->taken));
    if (!t->slots || !t->order || !t->told || !t->cost || !t->rows || !t->partner || !t->cols ||
        !t->taken)
        return OC_FAIL(err, OC_NOMEM, "tracker for %zu tracks and %zu detections: out of memory", n,
                       m);
    for (size_t i = 0; i < n; i++)
        t->order[i] = (uint32_t)i;
    return oc_assign_create(n, m, &t->assign, err);
}

oc_status oc_tracker_create(const oc_tracker_ops *kind, const oc_tracker_options *options,
                            oc_tracker **out, oc_error *err)
{
    oc_status st = check(options, err);
    if (st != OC_OK)
        return st;
    oc_tracker *t = calloc(1, sizeof(*t));
    if (!t)
        return OC_FAIL(err, OC_NOMEM, "tracker: out of memory");
    t->ops = kind;
    t->options = *options;
    t->next_id = 1;
    if ((st = allocate(t, err)) != OC_OK) {
        oc_tracker_destroy(t);
        return st;
    }
    *out = t;
    return OC_OK;
}

void oc_tracker_destroy(oc_tracker *t)
{
    if (!t)
        return;
    oc_assign_destroy(t->assign);
    oc_arena_finish(&t->arena);
    free(t);
}

/* Drops what the last call told as ended, and brings the clock forward. */
static void begin(oc_tracker *t, double time_s)
{
    size_t kept = 0;
    for (size_t i = 0; i < t->n; i++) {
        uint32_t slot = t->order[i];
        if (t->slots[slot].track.state == OC_TRACK_ENDED)
            continue;
        t->order[i] = t->order[kept]; /* used and free entries stay a permutation */
        t->order[kept++] = slot;
    }
    t->n = kept;
    double passed = t->updates && time_s > t->time_s ? time_s - t->time_s : 0.0;
    if (!t->updates || time_s > t->time_s)
        t->time_s = time_s;
    t->dt = passed / t->options.noise_period_s;
    t->updates++;
    t->n_refused = 0;
    for (size_t i = 0; i < t->n; i++) {
        oc_track_slot *s = &t->slots[t->order[i]];
        s->track.detection = -1;
        s->track.age_s = t->time_s - s->born_s;
        s->track.unseen_s = t->time_s - s->seen_s;
    }
}

/* The first two coordinates of every box form are its centre. */
static void measure(const oc_tracker *t, oc_track_slot *s)
{
    const oc_kalman *x = &s->k[0], *y = &s->k[1];
    double           h = fmax((double)s->track.box.y1 - (double)s->track.box.y0, 1.0);
    s->track.missed = s->missed;
    s->track.spread = (float)(sqrt(fmax(x->pxx, y->pxx)) / h);
    s->track.speed = (float)(hypot(x->v, y->v) / (h * t->options.noise_period_s));
}

static void tell(oc_tracker *t, oc_tracks *out)
{
    for (size_t i = 0; i < t->n; i++) {
        oc_track_slot *s = &t->slots[t->order[i]];
        measure(t, s);
        t->told[i] = s->track;
    }
    *out = (oc_tracks){.items = t->told, .n = t->n, .n_refused = t->n_refused};
}

void oc_tracker_update(oc_tracker *t, const oc_detections *found, double time_s, oc_tracks *out)
{
    begin(t, time_s);
    t->n_found = found->n;
    if (t->n_found > t->options.max_detections) {
        t->n_refused += t->n_found - t->options.max_detections;
        t->n_found = t->options.max_detections;
    }
    memset(t->taken, 0, t->n_found);
    t->ops->predict(t);
    t->ops->update(t, found);
    tell(t, out);
}

void oc_tracker_predict(oc_tracker *t, double time_s, oc_tracks *out)
{
    begin(t, time_s);
    t->ops->predict(t);
    tell(t, out);
}

void oc_tracker_follow(oc_tracker *t, const oc_tracker *before)
{
    if (before->next_id > t->next_id)
        t->next_id = before->next_id;
}

void oc_tracker_finish(oc_tracker *t, oc_tracks *out)
{
    begin(t, t->time_s);
    for (size_t i = 0; i < t->n; i++)
        t->slots[t->order[i]].track.state = OC_TRACK_ENDED;
    tell(t, out);
}
