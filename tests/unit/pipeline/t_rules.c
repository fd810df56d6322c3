/* Lines and zones on tracks made up for it; objects beside the tracker's list. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pipeline/rules.h"

typedef struct told {
    int    crossed[2], entered, exited;
    double dwell_s;
} told;

static void on_crossed(void *ctx, const oc_object *o, const oc_line *line, int direction)
{
    (void)o;
    assert_int_equal(line->total[direction], ((told *)ctx)->crossed[direction] + 1);
    ((told *)ctx)->crossed[direction]++;
}

static void on_zone(void *ctx, const oc_object *o, const oc_zone *zone, bool entered,
                    double dwell_s)
{
    told *t = ctx;
    (void)o;
    t->entered += entered;
    t->exited += !entered;
    t->dwell_s = dwell_s;
    assert_int_equal(zone->inside, t->entered - t->exited);
}

typedef struct world {
    oc_pipeline_config config;
    oc_rules           rules;
    oc_objects         objects;
    told               told;
    oc_track           track[4];
    size_t             n;
} world;

/* Frames of 100 x 100; a line from left to right through the middle, a zone in the lower half. */
static world *make(void)
{
    world   *w = calloc(1, sizeof(*w));
    oc_error err;
    w->config.n_lines = w->config.n_zones = 1;
    w->config.line[0] = (oc_line_config){
        .name = "l", .from = {0.2f, 0.5f}, .to = {0.8f, 0.5f}, .directions = {"down", "up"}};
    w->config.zone[0] = (oc_zone_config){.name = "z",
                                         .n_corners = 4,
                                         .settle_s = 0.25,
                                         .corner = {{0, 0.6f}, {1, 0.6f}, {1, 1}, {0, 1}}};
    const oc_rules_told on = {.ctx = &w->told, .crossed = on_crossed, .zone = on_zone};
    oc_rules_init(&w->rules, &w->config, 1, &on);
    oc_rules_size(&w->rules, 100, 100);
    assert_int_equal(oc_objects_init(&w->objects, 4, &err), OC_OK);
    return w;
}

static void drop(world *w)
{
    oc_objects_finish(&w->objects);
    free(w);
}

/* Track `id` stands with its feet at (x, y) at time t. */
static void at(world *w, uint64_t id, float x, float y, double t, oc_track_state state)
{
    w->track[0] = (oc_track){.id = id,
                             .box = {x - 3, y - 20, x + 3, y},
                             .state = state,
                             .confirmed = true,
                             .detection = state == OC_TRACK_CONFIRMED ? 0 : -1};
    oc_tracks tracks = {.items = w->track, .n = 1};
    oc_objects_sync(&w->objects, &tracks, t);
    oc_rules_run(&w->rules, &w->objects, t);
}

static void walk(world *w, uint64_t id, float x0, float y0, float x1, float y1, double t0)
{
    for (int i = 0; i <= 20; i++)
        at(w, id, x0 + (x1 - x0) * (float)i / 20, y0 + (y1 - y0) * (float)i / 20, t0 + i * 0.1,
           OC_TRACK_CONFIRMED);
}

static void lines_have_directions(void **state)
{
    (void)state;
    world *w = make();
    walk(w, 1, 50, 20, 50, 80, 0); /* down: to the right of left-to-right */
    assert_int_equal(w->told.crossed[0], 1);
    assert_int_equal(w->told.crossed[1], 0);
    walk(w, 1, 50, 80, 50, 20, 3);
    assert_int_equal(w->told.crossed[1], 1);
    walk(w, 2, 5, 20, 5, 80, 6); /* beside the line's end */
    walk(w, 3, 95, 80, 95, 20, 9);
    assert_int_equal(w->told.crossed[0] + w->told.crossed[1], 2);
    drop(w);
}

static void jitter_is_no_crossing(void **state)
{
    (void)state;
    world *w = make();
    for (int i = 0; i < 100; i++)
        at(w, 1, 50, 50 + (i % 2 ? 1.8f : -1.8f), i * 0.1, OC_TRACK_CONFIRMED);
    assert_int_equal(w->told.crossed[0] + w->told.crossed[1], 0);
    /* in steps that leap over the band, each way counts */
    for (int i = 0; i < 10; i++)
        at(w, 1, 50, i % 2 ? 60 : 40, 20 + i * 0.1, OC_TRACK_CONFIRMED);
    assert_int_equal(w->told.crossed[0], 5);
    assert_int_equal(w->told.crossed[1], 4);
    drop(w);
}

static void an_unseen_track_does_not_cross(void **state)
{
    (void)state;
    world *w = make();
    at(w, 1, 50, 40, 0, OC_TRACK_CONFIRMED);
    at(w, 1, 50, 60, 0.1, OC_TRACK_LOST); /* only predicted to be there */
    at(w, 1, 50, 40, 0.2, OC_TRACK_CONFIRMED);
    assert_int_equal(w->told.crossed[0] + w->told.crossed[1], 0);
    drop(w);
}

static void zones_settle(void **state)
{
    (void)state;
    world *w = make();
    at(w, 1, 50, 40, 0, OC_TRACK_CONFIRMED);
    at(w, 1, 50, 80, 0.1, OC_TRACK_CONFIRMED); /* a moment inside */
    at(w, 1, 50, 40, 0.2, OC_TRACK_CONFIRMED);
    at(w, 1, 50, 40, 0.6, OC_TRACK_CONFIRMED);
    assert_int_equal(w->told.entered, 0);
    for (int i = 0; i < 10; i++)
        at(w, 1, 50, 80, 1 + i * 0.1, OC_TRACK_CONFIRMED);
    assert_int_equal(w->told.entered, 1);
    for (int i = 0; i < 10; i++)
        at(w, 1, 50, 20, 5 + i * 0.1, OC_TRACK_CONFIRMED);
    assert_int_equal(w->told.exited, 1);
    assert_true(fabs(w->told.dwell_s - 4.0) < 1e-6); /* from where it was first seen in it */
    drop(w);
}

static void ended_tracks_leave_their_zones(void **state)
{
    (void)state;
    world *w = make();
    for (int i = 0; i < 10; i++)
        at(w, 1, 50, 80, i * 0.1, OC_TRACK_CONFIRMED);
    assert_int_equal(w->rules.zone[0].inside, 1);
    at(w, 1, 50, 80, 2.0, OC_TRACK_ENDED);
    assert_int_equal(w->rules.zone[0].inside, 0);
    assert_int_equal(w->told.exited, 1);
    assert_true(fabs(w->told.dwell_s - 0.9) < 1e-6);
    at(w, 2, 50, 20, 2.1, OC_TRACK_CONFIRMED);
    assert_int_equal(w->objects.n, 1);
    assert_int_equal(w->objects.n_spare, 3);
    drop(w);
}

static void labels_are_kept_apart(void **state)
{
    (void)state;
    world  *w = make();
    uint8_t none[1] = {0};
    w->rules.line[0].labels = none;
    w->rules.zone[0].labels = none;
    walk(w, 1, 50, 20, 50, 90, 0);
    assert_int_equal(w->told.crossed[0] + w->told.entered, 0);
    drop(w);
}

static void polygons(void **state)
{
    (void)state;
    const oc_xy hook[] = {{0, 0}, {10, 0}, {10, 10}, {8, 10}, {8, 2}, {0, 2}}; /* not convex */
    assert_true(oc_polygon_contains(hook, 6, (oc_xy){9, 9}));
    assert_true(oc_polygon_contains(hook, 6, (oc_xy){1, 1}));
    assert_false(oc_polygon_contains(hook, 6, (oc_xy){4, 5}));
    assert_false(oc_polygon_contains(hook, 6, (oc_xy){-1, 1}));
}

static void objects_follow_the_list(void **state)
{
    (void)state;
    oc_objects o;
    oc_error   err;
    oc_track   t[3] = {{.id = 4}, {.id = 7}, {.id = 9}};
    assert_int_equal(oc_objects_init(&o, 3, &err), OC_OK);
    oc_objects_sync(&o, &(oc_tracks){.items = t, .n = 3}, 0);
    oc_object *seven = o.list[1];
    seven->crossings = 5;
    t[0].state = OC_TRACK_ENDED;
    oc_objects_sync(&o, &(oc_tracks){.items = t, .n = 3}, 1);
    assert_int_equal(o.n, 3);
    oc_track next[3] = {{.id = 7}, {.id = 9}, {.id = 10}};
    oc_objects_sync(&o, &(oc_tracks){.items = next, .n = 3}, 2);
    assert_ptr_equal(o.list[0], seven);
    assert_int_equal(o.list[0]->crossings, 5);
    assert_int_equal(o.list[2]->crossings, 0);
    assert_true(o.list[2]->first_s == 2);
    oc_objects_sync(&o, &(oc_tracks){.n = 0}, 3);
    assert_int_equal(o.n_spare, 3);
    oc_objects_finish(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_have_directions),
        cmocka_unit_test(jitter_is_no_crossing),
        cmocka_unit_test(an_unseen_track_does_not_cross),
        cmocka_unit_test(zones_settle),
        cmocka_unit_test(ended_tracks_leave_their_zones),
        cmocka_unit_test(labels_are_kept_apart),
        cmocka_unit_test(polygons),
        cmocka_unit_test(objects_follow_the_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
