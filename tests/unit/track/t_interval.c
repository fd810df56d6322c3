/* How long tracks are left alone: calm ones for long, new, fast, lost and surprising ones not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "track/interval.h"

#define FRAME_S 0.1
#define MOST 6

static const oc_interval_options options = {
    .most = MOST, .surprise = 0.3f, .spread = 0.35f, .travel = 1.0f};

static const oc_track calm = {.id = 1,
                              .state = OC_TRACK_CONFIRMED,
                              .confirmed = true,
                              .detection = 0,
                              .surprise = 0.1f,
                              .spread = 0.05f};

/* The number of looks in n frames with this one track, the last interval in *allow. */
static unsigned play(oc_interval *i, oc_track track, unsigned n, double *time_s)
{
    const oc_tracks tracks = {.items = &track, .n = 1};
    unsigned        looks = 0;
    for (unsigned k = 0; k < n; k++) {
        *time_s += FRAME_S;
        if (oc_interval_due(i, &tracks, *time_s)) {
            oc_interval_looked(i, &tracks);
            looks++;
        }
    }
    return looks;
}

static void the_first_frame_is_looked_at(void **state)
{
    (void)state;
    oc_interval i;
    oc_tracks   none = {0};
    oc_interval_init(&i, &options);
    assert_true(oc_interval_due(&i, &none, 0));
}

static void calm_tracks_are_left_alone(void **state)
{
    (void)state;
    oc_interval i;
    double      t = 0;
    oc_interval_init(&i, &options);
    assert_int_equal(play(&i, calm, 1 + 2 + 3 + 4 + 5 + 6, &t),
                     MOST); /* a frame longer each time */
    assert_int_equal(i.allow, MOST);
    assert_int_equal(play(&i, calm, 10 * MOST, &t), 10); /* and no longer than allowed */
}

static void an_empty_picture_is_looked_at_rarely(void **state)
{
    (void)state;
    oc_interval     i;
    const oc_tracks none = {0};
    unsigned        looks = 0;
    oc_interval_init(&i, &options);
    for (unsigned k = 0; k < 21 + 5 * MOST; k++)
        if (oc_interval_due(&i, &none, k * FRAME_S)) {
            oc_interval_looked(&i, &none);
            looks++;
        }
    assert_in_range(looks, MOST + 4, MOST + 6);
}

static void what_is_new_or_just_lost_is_looked_at(void **state)
{
    (void)state;
    oc_interval i;
    double      t = 0;
    oc_track    fresh = calm, lost = calm;
    fresh.state = OC_TRACK_TENTATIVE;
    lost.state = OC_TRACK_LOST;
    lost.missed = 1;
    oc_interval_init(&i, &options);
    play(&i, calm, 40, &t);
    play(&i, fresh, MOST, &t); /* noticed at the next look at the latest */
    assert_int_equal(play(&i, fresh, 10, &t), 10);
    play(&i, calm, 40, &t);
    play(&i, lost, MOST, &t);
    assert_int_equal(play(&i, lost, 10, &t), 10);
    lost.missed = 4; /* gone for long: it must not cost a look each frame for ever */
    play(&i, lost, 40, &t);
    assert_int_equal(i.allow, MOST);
}

static void surprises_halve_it(void **state)
{
    (void)state;
    oc_interval i;
    double      t = 0;
    oc_track    odd = calm;
    odd.surprise = 0.5f;
    oc_interval_init(&i, &options);
    play(&i, calm, 40, &t);
    assert_int_equal(i.allow, MOST);
    while (i.allow == MOST)
        play(&i, odd, 1, &t);
    assert_int_equal(i.allow, MOST / 2);
    play(&i, odd, 20, &t);
    assert_int_equal(i.allow, 1);
}

static void the_fast_and_the_uncertain_do_not_wait(void **state)
{
    (void)state;
    oc_interval i;
    double      t = 0;
    oc_track    fast = calm, vague = calm;
    fast.speed = 5; /* heights a second: half a height a frame */
    vague.spread = 0.5f;
    oc_interval_init(&i, &options);
    play(&i, calm, 40, &t);
    assert_in_range(play(&i, fast, 40, &t), 20, 21);
    assert_int_equal(play(&i, vague, 40, &t), 40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_frame_is_looked_at),
        cmocka_unit_test(calm_tracks_are_left_alone),
        cmocka_unit_test(an_empty_picture_is_looked_at_rarely),
        cmocka_unit_test(what_is_new_or_just_lost_is_looked_at),
        cmocka_unit_test(surprises_halve_it),
        cmocka_unit_test(the_fast_and_the_uncertain_do_not_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
