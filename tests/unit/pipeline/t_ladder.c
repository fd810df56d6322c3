/* The degrade ladder under a clock of our own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pipeline/ladder.h"

#define MS 1000000u
#define OBJECTIVE (100 * MS)

static const oc_degrade_config steps3 = {.n = 3, .climb_s = 1, .descend_s = 5, .margin = 0.7};

/* Frames every 100 ms for so long, each this late; gives back the sum of the moves. */
static int play(oc_ladder *l, uint64_t *now, double seconds, uint64_t latency_ns)
{
    int moves = 0;
    for (uint64_t end = *now + (uint64_t)(seconds * 1e9); *now < end; *now += 100 * MS)
        moves += oc_ladder_note(l, *now, latency_ns);
    return moves;
}

static void nothing_moves_while_all_is_well(void **state)
{
    (void)state;
    oc_ladder l;
    uint64_t  now = 1;
    oc_ladder_init(&l, &steps3, OBJECTIVE);
    assert_int_equal(play(&l, &now, 60, 50 * MS), 0);
    assert_int_equal(play(&l, &now, 60, 99 * MS), 0); /* in time, if only just */
    assert_int_equal(l.level, 0);
}

static void it_climbs_step_by_step_to_the_top(void **state)
{
    (void)state;
    oc_ladder l;
    uint64_t  now = 1;
    oc_ladder_init(&l, &steps3, OBJECTIVE);
    assert_int_equal(play(&l, &now, 0.95, 150 * MS), 0); /* not at the first late frame */
    assert_int_equal(play(&l, &now, 0.3, 150 * MS), 1);
    assert_int_equal(play(&l, &now, 60, 150 * MS), 2);
    assert_int_equal(l.level, 3);
}

static void dropped_frames_are_late_ones(void **state)
{
    (void)state;
    oc_ladder l;
    uint64_t  now = 1;
    oc_ladder_init(&l, &steps3, OBJECTIVE);
    assert_int_equal(play(&l, &now, 1.5, UINT64_MAX), 1);
}

static void a_few_late_ones_do_not_count(void **state)
{
    (void)state;
    oc_ladder l;
    oc_ladder_init(&l, &steps3, OBJECTIVE);
    for (uint64_t i = 0; i < 600; i++)
        assert_int_equal(oc_ladder_note(&l, 1 + i * 100 * MS, (i % 3 ? 50 : 200) * MS), 0);
}

static void it_comes_down_when_there_is_room(void **state)
{
    (void)state;
    oc_ladder l;
    uint64_t  now = 1;
    oc_ladder_init(&l, &steps3, OBJECTIVE);
    assert_int_equal(play(&l, &now, 4.5, 150 * MS), 3);
    assert_int_equal(play(&l, &now, 60, 90 * MS), 0); /* in time, but without room */
    assert_int_equal(play(&l, &now, 4.9, 60 * MS), 0);
    assert_int_equal(play(&l, &now, 0.3, 60 * MS), -1);
    assert_int_equal(play(&l, &now, 30, 60 * MS), -2);
    assert_int_equal(l.level, 0);
}

/* Level 1 is fast, level 0 is not: coming down is tried ever more rarely. */
static void it_does_not_swing(void **state)
{
    (void)state;
    oc_ladder l;
    uint64_t  now = 1;
    unsigned  downs = 0;
    oc_ladder_init(&l, &steps3, OBJECTIVE);
    for (; now < 3600 * 1000ull * MS; now += 100 * MS)
        downs += oc_ladder_note(&l, now, (l.level ? 40 : 150) * MS) < 0;
    assert_in_range(downs, 4, 20); /* every 6 s it would be 600 */
    assert_int_equal(l.patience, 64);
}

static void without_steps_or_objective_it_rests(void **state)
{
    (void)state;
    const oc_degrade_config none = {0};
    oc_ladder               l;
    uint64_t                now = 1;
    oc_ladder_init(&l, &none, OBJECTIVE);
    assert_int_equal(play(&l, &now, 10, UINT64_MAX), 0);
    oc_ladder_init(&l, &steps3, 0);
    assert_int_equal(play(&l, &now, 10, UINT64_MAX), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_moves_while_all_is_well),
        cmocka_unit_test(it_climbs_step_by_step_to_the_top),
        cmocka_unit_test(dropped_frames_are_late_ones),
        cmocka_unit_test(a_few_late_ones_do_not_count),
        cmocka_unit_test(it_comes_down_when_there_is_room),
        cmocka_unit_test(it_does_not_swing),
        cmocka_unit_test(without_steps_or_objective_it_rests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
