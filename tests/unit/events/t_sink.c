/* A sink and its bus: retries, poison, order, streams side by side, clocks that jump, ends. */
#include "sink_test.h"

static void all_well(void **state)
{
    (void)state;
    oc_sink_options o = plain();
    oc_sink        *s = start(&o);
    for (uint64_t i = 1; i <= 2000; i++)
        assert_true(put(s, i, (oc_priority)(i % 3), 200));
    assert_true(oc_sink_settle(s, true, 20000));
    oc_sink_stats c = finish(s, 0);
    in_order(2000, 0);
    assert_int_equal(line.n, 2000);
    assert_int_equal(c.acknowledged, 2000);
    assert_int_equal(c.stored, 2000);
    assert_int_equal(c.retried + c.maybe_duplicate, 0);
    assert_true(c.connected && c.spool_ok);
    assert_true(c.bytes_written > 0 && c.commits > 0);
}

static void lost_answers(void **state)
{
    (void)state;
    oc_sink_options o = plain();
    line.lose_every = 3;
    oc_sink *s = start(&o);
    for (uint64_t i = 1; i <= 2000; i++)
        put(s, i, OC_PRIORITY_NORMAL, 200);
    assert_true(oc_sink_settle(s, true, 20000));
    oc_sink_stats c = finish(s, 0);
    in_order(2000, 0);
    assert_true(line.n > 2000);
    assert_int_equal(c.maybe_duplicate, line.n - 2000);
    assert_true(c.retried >= c.maybe_duplicate);
    assert_true(c.failures > 10);
    /* duplicates are told as such, and have the number they had */
    uint64_t number[2001] = {0};
    for (size_t i = 0; i < line.n; i++) {
        if (number[line.got[i]]) {
            assert_int_equal(line.number[i], number[line.got[i]]);
            assert_true(line.again[i]);
        }
        number[line.got[i]] = line.number[i];
    }
}

static void poison(void **state)
{
    (void)state;
    static const bool kinds[] = {false, true};
    for (size_t k = 0; k < 2; k++) {
        reset(NULL);
        oc_sink_options o = plain();
        line.poison = 333;
        line.batches = kinds[k];
        oc_sink *s = start(&o);
        for (uint64_t i = 1; i <= 1000; i++)
            put(s, i, OC_PRIORITY_NORMAL, 200);
        assert_true(oc_sink_settle(s, true, 20000));
        oc_sink_stats c = finish(s, 0);
        in_order(1000, 333);
        assert_int_equal(c.acknowledged, 999);
        assert_int_equal(c.dropped[OC_SINK_DROP_REFUSED], 1);
        assert_int_equal(c.aside, 1);
        assert_int_equal(line.n, 999);
        assert_non_null(strstr(c.error, kinds[k] ? "" : "no thanks"));
    }
}

static void refused_for_a_while(void **state)
{
    (void)state;
    oc_sink_options o = plain();
    line.poison = 50;
    line.refuse_times = 3;
    oc_sink *s = start(&o);
    for (uint64_t i = 1; i <= 100; i++)
        put(s, i, OC_PRIORITY_NORMAL, 200);
    assert_true(oc_sink_settle(s, true, 20000));
    oc_sink_stats c = finish(s, 0);
    assert_int_equal(c.acknowledged, 100);
    assert_int_equal(c.aside, 0);
    assert_int_equal(c.retried, 3);
    assert_int_equal(c.maybe_duplicate, 0);
}

static void cannot_be_sent(void **state)
{
    (void)state;
    oc_sink_options o = plain();
    line.never = 5;
    oc_sink *s = start(&o);
    for (uint64_t i = 1; i <= 10; i++)
        put(s, i, OC_PRIORITY_NORMAL, 200);
    assert_true(oc_sink_settle(s, true, 20000));
    oc_sink_stats c = finish(s, 0);
    in_order(10, 5);
    assert_int_equal(c.dropped[OC_SINK_DROP_REFUSED], 1);
    assert_int_equal(c.sent, 9);
}

static void nobody_there_then_somebody(void **state)
{
    (void)state;
    oc_sink_options o = plain();
    line.down = true;
    oc_sink *s = start(&o);
    for (uint64_t i = 1; i <= 500; i++)
        put(s, i, OC_PRIORITY_NORMAL, 200);
    assert_true(oc_sink_settle(s, false, 20000));
    oc_sink_stats c = finish(s, 20);
    assert_int_equal(c.depth, 500);
    assert_int_equal(c.sent, 0);
    assert_false(c.connected);
    assert_string_equal(c.error, "nobody there");
    /* another run finds them; new ones come behind */
    s = start(&o);
    oc_sink_stats_get(s, &c);
    assert_int_equal(c.found, 500);
    for (uint64_t i = 501; i <= 600; i++)
        put(s, i, OC_PRIORITY_HIGH, 200);
    usleep(20000);
    line_up();
    assert_true(oc_sink_settle(s, true, 20000));
    c = finish(s, 0);
    in_order(600, 0);
    assert_true(line.again[0] && line.again[499] && !line.again[500]);
}

/* ---- clocks ---- */

static int64_t jumpy_wall(void)
{
    static unsigned calls;
    calls++;
    return INT64_C(1800000000000) + (calls % 2 ? 1 : -1) * INT64_C(40000000000) * (calls % 5);
}

static void clock_jumps(void **state)
{
    (void)state;
    oc_sink_options o = plain();
    o.wall_ms = jumpy_wall;
    line.lose_every = 4;
    oc_sink *s = start(&o);
    for (uint64_t i = 1; i <= 1000; i++) {
        put(s, i, OC_PRIORITY_NORMAL, 200);
        if (i % 100 == 0)
            usleep(2000);
    }
    assert_true(oc_sink_settle(s, true, 20000));
    oc_sink_stats c = finish(s, 0);
    in_order(1000, 0);
    assert_true(line.walls > 0);
    assert_int_equal(c.acknowledged, 1000);
}

/* ---- ending, refusing ---- */

static void ends_while_stuck(void **state)
{
    (void)state;
    oc_sink_options o = plain();
    line.stuck = true;
    oc_sink *s = start(&o);
    for (uint64_t i = 1; i <= 100; i++)
        put(s, i, OC_PRIORITY_NORMAL, 200);
    oc_sink_stats c = finish(s, 30); /* comes back */
    assert_int_equal(c.depth, 100);
}

static void without_spool(void **state)
{
    (void)state;
    oc_sink_options o = plain();
    o.spool = NULL;
    oc_sink *s = start(&o);
    for (uint64_t i = 1; i <= 1000; i++)
        put(s, i, OC_PRIORITY_NORMAL, 200);
    oc_sink_stats c = finish(s, 0); /* is given a second */
    in_order(1000, 0);
    assert_int_equal(c.passed, 1000);
    assert_int_equal(c.bytes_written, 0);
    line.down = true;
    s = start(&o);
    for (uint64_t i = 1; i <= 1000; i++)
        put(s, i, OC_PRIORITY_NORMAL, 200);
    c = finish(s, 0);
    assert_int_equal(c.dropped[OC_SINK_DROP_STOPPED], 1000);
}

static void refusals(void **state)
{
    (void)state;
    oc_sink_options   o = plain();
    const oc_bus_pair pair = {"bad", "1"};
    oc_sink          *s = NULL, *first;
    oc_error          err = {0};
    o.pair = &pair;
    o.n_pairs = 1;
    assert_int_equal(oc_sink_create(&o, &s, &err), OC_INVALID);
    assert_string_equal(err.message, "sink 'test': bad: makes no sense");
    o.n_pairs = 0;
    first = start(&o);
    assert_int_equal(oc_sink_create(&o, &s, &err), OC_BUSY);
    assert_non_null(strstr(err.message, "another process has this spool open"));
    finish(first, 0);
}

static void *put_many(void *sink)
{
    for (uint64_t i = 1; i <= 2000; i++)
        put(sink, i, OC_PRIORITY_NORMAL, 100);
    return NULL;
}

static void several_streams(void **state)
{
    (void)state;
    oc_sink_options o = plain();
    o.ring_bytes = 4 << 20; /* room for all, however late the keeper gets its turn */
    oc_sink  *s = start(&o);
    pthread_t t[4];
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&t[i], NULL, put_many, s), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(t[i], NULL);
    assert_true(oc_sink_settle(s, true, 20000));
    oc_sink_stats c = finish(s, 0);
    assert_int_equal(c.put, 8000);
    assert_int_equal(c.acknowledged, 8000);
    assert_int_equal(line.n, 8000);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup(f, reset)
    const struct CMUnitTest tests[] = {
        T(all_well),       T(lost_answers),        T(poison),
        T(cannot_be_sent), T(refused_for_a_while), T(nobody_there_then_somebody),
        T(clock_jumps),    T(ends_while_stuck),    T(without_spool),
        T(refusals),       T(several_streams),
    };
    return cmocka_run_group_tests(tests, make_scratch, remove_scratch);
}
