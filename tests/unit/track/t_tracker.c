/* Every kind of tracker on scenes made up to be understood: who is who must come out right. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "track/tracker.h"

#define MOST 64

typedef struct scene {
    oc_tracker   *t;
    oc_detection  items[MOST];
    oc_detections found;
    oc_tracks     got;
} scene;

static scene start_with(const oc_tracker_ops *kind, double lost_s, bool any_label)
{
    scene              s = {0};
    oc_tracker_options o;
    oc_error           err;
    oc_tracker_defaults(kind, &o);
    o.lost_s = lost_s;
    o.any_label = any_label;
    assert_int_equal(oc_tracker_create(kind, &o, &s.t, &err), OC_OK);
    return s;
}

static void see(scene *s, float cx, float cy, float w, float h, float score, uint32_t label)
{
    s->items[s->found.n++] =
        (oc_detection){{cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2}, score, label};
}

static void step(scene *s, double time_s)
{
    s->found.items = s->items;
    oc_tracker_update(s->t, &s->found, time_s, &s->got);
    s->found.n = 0;
}

/* The confirmed track whose centre is nearest to x, or 0. */
static uint64_t who(const scene *s, float cx, float cy)
{
    uint64_t id = 0;
    float    best = 20;
    for (size_t i = 0; i < s->got.n; i++) {
        const oc_track *t = &s->got.items[i];
        float d = hypotf((t->box.x0 + t->box.x1) / 2 - cx, (t->box.y0 + t->box.y1) / 2 - cy);
        if (t->state == OC_TRACK_CONFIRMED && d < best) {
            best = d;
            id = t->id;
        }
    }
    return id;
}

static size_t in_state(const scene *s, oc_track_state state)
{
    size_t n = 0;
    for (size_t i = 0; i < s->got.n; i++)
        n += s->got.items[i].state == state;
    return n;
}

static void straight_walks(const oc_tracker_ops *kind)
{
    scene    s = start_with(kind, 1.0, false);
    uint64_t a = 0, b = 0;
    for (int i = 0; i < 60; i++) {
        float t = (float)i / 30;
        see(&s, 100 + 90 * t, 200, 40, 100, 0.9f, 0);
        see(&s, 500 - 60 * t, 400 + 30 * t, 50, 120, 0.8f, 0);
        step(&s, i / 30.0);
        if (i < 5)
            continue;
        if (i == 5) {
            a = who(&s, 100 + 90 * t, 200);
            b = who(&s, 500 - 60 * t, 400 + 30 * t);
            assert_true(a && b && a != b);
        }
        assert_int_equal(who(&s, 100 + 90 * t, 200), a);
        assert_int_equal(who(&s, 500 - 60 * t, 400 + 30 * t), b);
        assert_int_equal(s.got.n, 2);
        assert_true(s.got.items[0].id < s.got.items[1].id);
        assert_int_equal(s.got.items[0].hits, i + 1);
        assert_true(fabs(s.got.items[0].age_s - i / 30.0) < 1e-9);
        assert_in_range(s.got.items[0].detection, 0, 1);
    }
    oc_tracker_destroy(s.t);
}

/* Two pass each other on one level; their boxes overlap, their speeds tell them apart. */
static void crossing(const oc_tracker_ops *kind)
{
    scene    s = start_with(kind, 1.0, false);
    uint64_t a = 0, b = 0;
    for (int i = 0; i < 90; i++) {
        float t = (float)i / 30, xa = 100 + 100 * t, xb = 400 - 100 * t;
        if (i % 2) { /* the order of the list means nothing */
            see(&s, xa, 200, 40, 100, 0.9f, 0);
            see(&s, xb, 212, 40, 100, 0.9f, 0);
        } else {
            see(&s, xb, 212, 40, 100, 0.9f, 0);
            see(&s, xa, 200, 40, 100, 0.9f, 0);
        }
        step(&s, i / 30.0);
        if (i == 10) {
            a = who(&s, xa, 200);
            b = who(&s, xb, 212);
            assert_true(a && b && a != b);
        }
        if (i == 89) {
            assert_int_equal(who(&s, xa, 200), a);
            assert_int_equal(who(&s, xb, 212), b);
        }
    }
    oc_tracker_destroy(s.t);
}

/* Unseen for 0.4 s: kept when lost_s allows, and a new number when it does not. */
static void occlusion(const oc_tracker_ops *kind, double fps, double lost_s, bool same)
{
    scene    s = start_with(kind, lost_s, false);
    uint64_t before = 0, after = 0;
    size_t   lost = 0;
    for (int i = 0; i <= (int)(3 * fps); i++) {
        double t = i / fps;
        float  x = (float)(100 + 60 * t);
        if (t < 1.0 || t > 1.4)
            see(&s, x, 200, 60, 120, 0.9f, 0);
        step(&s, t);
        if (t < 1.0)
            before = who(&s, x, 200);
        else if (t <= 1.4)
            lost += in_state(&s, OC_TRACK_LOST);
        else if (t > 2.5)
            after = who(&s, x, 200);
    }
    assert_true(before && after);
    assert_true((before == after) == same);
    assert_true(lost > 0 || lost_s < 0.2);
    oc_tracker_destroy(s.t);
}

static void occlusions(const oc_tracker_ops *kind)
{
    for (double fps = 8; fps <= 60; fps += 13) { /* seconds, whatever the frame rate */
        occlusion(kind, fps, 1.0, true);
        occlusion(kind, fps, 0.15, false);
    }
}

static void empty_frames(const oc_tracker_ops *kind)
{
    scene s = start_with(kind, 0.5, false);
    for (int i = 0; i < 10; i++)
        step(&s, i * 0.1);
    assert_int_equal(s.got.n, 0);
    for (int i = 10; i < 20; i++) {
        see(&s, 100, 100, 40, 80, 0.9f, 3);
        step(&s, i * 0.1);
    }
    assert_int_equal(in_state(&s, OC_TRACK_CONFIRMED), 1);
    assert_int_equal(s.got.items[0].label, 3);
    size_t ended = 0;
    for (int i = 20; i < 40; i++) {
        step(&s, i * 0.1);
        ended += in_state(&s, OC_TRACK_ENDED);
        if (in_state(&s, OC_TRACK_ENDED))
            assert_true(fabs(s.got.items[0].unseen_s - 0.6) < 0.01);
    }
    assert_int_equal(ended, 1); /* told once */
    assert_int_equal(s.got.n, 0);
    oc_tracker_destroy(s.t);
}

static void variable_frame_rate(const oc_tracker_ops *kind)
{
    scene    s = start_with(kind, 1.0, false);
    uint64_t id = 0;
    double   t = 0;
    for (int i = 0; i < 60; i++) {
        t += i % 7 == 6 ? 0.25 : i % 3 ? 0.033 : 0.066;
        float x = (float)(100 + 80 * t);
        see(&s, x, 200, 60, 120, 0.9f, 0);
        step(&s, t);
        if (i == 8)
            id = who(&s, x, 200);
        if (i >= 8)
            assert_int_equal(who(&s, x, 200), id);
    }
    assert_true(id != 0);
    step(&s, t);       /* time stands still */
    step(&s, t - 5.0); /* ... or is set back: no harm */
    assert_true(s.got.n <= 1);
    oc_tracker_destroy(s.t);
}

/* Identical scenes give identical answers, also where all costs are alike. */
static void ties(const oc_tracker_ops *kind)
{
    scene a = start_with(kind, 1.0, false), b = start_with(kind, 1.0, false);
    for (int i = 0; i < 20; i++) {
        for (int k = 0; k < 8; k++) {
            see(&a, 100, 100, 40, 80, 0.9f, 0); /* eight on one spot */
            see(&b, 100, 100, 40, 80, 0.9f, 0);
        }
        step(&a, i * 0.04);
        step(&b, i * 0.04);
        assert_int_equal(a.got.n, b.got.n);
        assert_memory_equal(a.got.items, b.got.items, a.got.n * sizeof(oc_track));
    }
    oc_tracker_destroy(a.t);
    oc_tracker_destroy(b.t);
}

static void labels_do_not_mix(const oc_tracker_ops *kind)
{
    for (int any = 0; any < 2; any++) {
        scene    s = start_with(kind, 1.0, any);
        uint64_t first = 0, second = 0;
        for (int i = 0; i < 30; i++) {
            see(&s, 100, 100, 40, 80, 0.9f, i < 15 ? 1 : 2);
            step(&s, i * 0.04);
            if (i == 14)
                first = who(&s, 100, 100);
        }
        for (size_t i = 0; i < s.got.n; i++)
            if (s.got.items[i].state == OC_TRACK_CONFIRMED) {
                second = s.got.items[i].id;
                assert_int_equal(s.got.items[i].label, 2);
            }
        assert_true(first && second);
        assert_true((first == second) == (any == 1));
        oc_tracker_destroy(s.t);
    }
}

static void nonsense_is_ignored(const oc_tracker_ops *kind)
{
    scene s = start_with(kind, 1.0, false);
    for (int i = 0; i < 10; i++) {
        see(&s, 100, 100, 40, 80, 0.9f, 0);
        see(&s, NAN, 100, 40, 80, 0.9f, 0);
        see(&s, 300, 100, -40, 80, 0.9f, 0);
        see(&s, 300, 100, 0, 80, 0.9f, 0);
        see(&s, 300, 100, 40, 80, NAN, 0);
        see(&s, 300, INFINITY, 40, 80, 0.9f, 0);
        see(&s, 300, 100, 3e38f, 3e38f, 0.9f, 0);
        step(&s, i * 0.04);
        for (size_t k = 0; k < s.got.n; k++)
            if (s.got.items[k].id == 1)
                assert_true(isfinite(s.got.items[k].box.x0));
        assert_true(s.got.n >= 1);
    }
    assert_int_equal(who(&s, 100, 100), 1);
    oc_tracker_destroy(s.t);
}

static void a_full_table(const oc_tracker_ops *kind)
{
    scene              s = {0};
    oc_tracker_options o;
    oc_error           err;
    oc_tracker_defaults(kind, &o);
    o.max_tracks = 5;
    o.max_detections = 8;
    assert_int_equal(oc_tracker_create(kind, &o, &s.t, &err), OC_OK);
    for (int i = 0; i < 10; i++) {
        for (int k = 0; k < 10; k++)
            see(&s, 100 + 100 * (float)k, 100, 40, 80, 0.9f, 0);
        step(&s, i * 0.04);
        assert_int_equal(s.got.n, 5);
        assert_int_equal(s.got.n_refused, 5); /* 2 beyond max_detections, 3 without a slot */
    }
    for (int i = 10; i < 60; i++)
        step(&s, i * 0.04);
    see(&s, 100, 100, 40, 80, 0.9f, 0);
    step(&s, 3.0);
    assert_int_equal(s.got.n, 1);
    assert_int_equal(s.got.items[0].id, 6); /* room again; numbers go on */
    oc_tracker_destroy(s.t);
}

static void unseen_frames(const oc_tracker_ops *kind)
{
    scene    s = start_with(kind, 1.0, false);
    uint64_t id = 0;
    for (int i = 0; i < 60; i++) {
        float x = 100 + 3 * (float)i;
        if (i % 3 == 0) {
            see(&s, x, 200, 60, 120, 0.9f, 0);
            step(&s, i / 30.0);
        } else {
            oc_tracker_predict(s.t, i / 30.0, &s.got);
        }
        if (i == 15)
            id = who(&s, x, 200);
        if (i >= 15)
            assert_int_equal(who(&s, x, 200), id);
    }
    assert_true(id != 0);
    oc_tracker_finish(s.t, &s.got);
    assert_int_equal(in_state(&s, OC_TRACK_ENDED), 1);
    assert_true(s.got.items[0].confirmed);
    oc_tracker_finish(s.t, &s.got);
    assert_int_equal(s.got.n, 0);
    oc_tracker_destroy(s.t);
}

static void weak_detections_continue(void **state)
{
    (void)state;
    const oc_tracker_ops *kind = oc_tracker_find("bytetrack");
    scene                 s = start_with(kind, 1.0, false);
    for (int i = 0; i < 60; i++) {
        see(&s, 100 + 2 * (float)i, 200, 60, 120, i > 20 ? 0.2f : 0.9f, 0);
        see(&s, 400, 200, 60, 120, 0.2f, 0); /* never strong: never a track */
        step(&s, i / 30.0);
    }
    assert_int_equal(s.got.n, 1);
    assert_int_equal(s.got.items[0].state, OC_TRACK_CONFIRMED);
    assert_int_equal(s.got.items[0].hits, 60);
    oc_tracker_destroy(s.t);
}

static void confirmation_in_seconds(void **state)
{
    (void)state;
    for (double fps = 10; fps <= 60; fps += 10) {
        const oc_tracker_ops *kind = oc_tracker_find("bytetrack");
        oc_tracker_options    o;
        oc_error              err;
        scene                 s = {0};
        oc_tracker_defaults(kind, &o);
        o.confirm_s = 0.5;
        assert_int_equal(oc_tracker_create(kind, &o, &s.t, &err), OC_OK);
        for (int i = 0; i < (int)fps; i++) {
            see(&s, 100, 200, 60, 120, 0.9f, 0);
            step(&s, i / fps);
            oc_track_state want = i / fps >= 0.5 ? OC_TRACK_CONFIRMED : OC_TRACK_TENTATIVE;
            assert_int_equal(s.got.items[0].state, want);
        }
        oc_tracker_destroy(s.t);
    }
}

static void bad_options(void **state)
{
    (void)state;
    const oc_tracker_ops *kind = oc_tracker_find("sort");
    oc_tracker_options    o;
    oc_tracker           *t = NULL;
    oc_error              err;
    oc_tracker_defaults(kind, &o);
    o.lost_s = NAN;
    assert_int_equal(oc_tracker_create(kind, &o, &t, &err), OC_INVALID);
    assert_non_null(strstr(err.message, "lost_s"));
    oc_tracker_defaults(kind, &o);
    o.max_tracks = 0;
    assert_int_equal(oc_tracker_create(kind, &o, &t, &err), OC_INVALID);
    assert_non_null(strstr(err.message, "max_tracks"));
    assert_null(t);
    assert_null(oc_tracker_find("nobody"));
    oc_tracker_destroy(NULL);
}

typedef void scene_fn(const oc_tracker_ops *kind);

static void every_kind(void **state)
{
    scene_fn *const scenes[] = {
        straight_walks, crossing,          occlusions,          empty_frames, variable_frame_rate,
        ties,           labels_do_not_mix, nonsense_is_ignored, a_full_table, unseen_frames};
    (void)state;
    size_t kinds = 0;
    for (; oc_tracker_kind(kinds); kinds++)
        for (size_t i = 0; i < sizeof(scenes) / sizeof(scenes[0]); i++) {
            print_message("%s: scene %zu\n", oc_tracker_kind(kinds)->name, i);
            scenes[i](oc_tracker_kind(kinds));
        }
    assert_int_equal(kinds, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind),
        cmocka_unit_test(weak_detections_continue),
        cmocka_unit_test(confirmation_in_seconds),
        cmocka_unit_test(bad_options),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
