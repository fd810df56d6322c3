/* Single decisions, odd input, and what must hold after every event. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "sched/policy.h"

#define MS 1000000u

static oc_policy policy(unsigned cores, size_t jobs_max)
{
    oc_policy p;
    assert_int_equal(oc_policy_init(&p, cores, jobs_max, UINT64_MAX, 1, NULL), OC_OK);
    return p;
}

static uint32_t add(oc_policy *p, oc_sched_network_options o)
{
    uint32_t id;
    assert_int_equal(oc_policy_network_add(p, &o, &id, NULL), OC_OK);
    return id;
}

/* The decisions after an event, as one text: S start, C cores, D drop, and the job's stream. */
static const char *acts(oc_policy *p)
{
    static char    text[256];
    size_t         n = 0;
    oc_policy_act  act;
    oc_policy_job *j;
    while ((j = oc_policy_next(p, &act)) && n + 3 < sizeof(text)) {
        text[n++] = "?SCD"[act];
        text[n++] = (char)('a' + j->stream);
        text[n++] = ' ';
    }
    text[n ? n - 1 : 0] = 0;
    return text;
}

static void earliest_deadline_first(void **state)
{
    oc_policy     p = policy(1, 8);
    uint32_t      net = add(&p, (oc_sched_network_options){.run_ns = 10 * MS});
    oc_policy_job a = {.network = net, .stream = 0, .deadline_ns = 300 * MS},
                  b = {.network = net, .stream = 1, .deadline_ns = 200 * MS},
                  c = {.network = net, .stream = 2, .deadline_ns = 100 * MS},
                  d = {.network = net, .stream = 3, .cls = OC_SCHED_NORMAL, .deadline_ns = 50 * MS};
    (void)state;
    oc_policy_submit(&p, &a, MS);
    assert_string_equal(acts(&p), "Sa");
    oc_policy_submit(&p, &d, MS);
    assert_string_equal(acts(&p), ""); /* a lower class waits, whatever its deadline */
    oc_policy_submit(&p, &b, MS);
    assert_string_equal(acts(&p), "Ca"); /* asked to make way */
    oc_policy_submit(&p, &c, MS);
    assert_string_equal(acts(&p), "");
    oc_policy_yield(&p, &a, 2 * MS, 0);
    assert_string_equal(acts(&p), "Sc");
    oc_policy_done(&p, &c, 12 * MS, true);
    assert_string_equal(acts(&p), "Sb");
    oc_policy_done(&p, &b, 22 * MS, true);
    assert_string_equal(acts(&p), "Ca"); /* goes on */
    assert_int_equal(a.cores, 1);
    assert_int_equal(a.n_suspended, 1);
    oc_policy_done(&p, &a, 31 * MS, true);
    assert_string_equal(acts(&p), "Sd");
    assert_int_equal(a.suspended_ns, 20 * MS);
    assert_int_equal(a.run_ns, 10 * MS);
    oc_policy_finish(&p);
}

/* Nearly through: a moment later the core is free anyway. */
static void not_for_the_last_millisecond(void **state)
{
    oc_policy     p = policy(1, 8);
    uint32_t      net = add(&p, (oc_sched_network_options){.run_ns = 10 * MS});
    oc_policy_job a = {.network = net, .deadline_ns = 300 * MS},
                  b = {.network = net, .stream = 1, .deadline_ns = 200 * MS},
                  c = {.network = net, .stream = 2, .cls = OC_SCHED_NORMAL};
    (void)state;
    a.cls = b.cls = OC_SCHED_SLACK;
    oc_policy_submit(&p, &a, MS);
    oc_policy_submit(&p, &b, MS + 9500000);
    assert_string_equal(acts(&p), "Sa");
    oc_policy_submit(&p, &c, MS + 9600000); /* a higher class does not wait for it */
    assert_string_equal(acts(&p), "Ca");
    oc_policy_finish(&p);
}

static void clocks_that_jump(void **state)
{
    oc_policy     p = policy(1, 8);
    uint32_t      net = add(&p, (oc_sched_network_options){.run_ns = 10 * MS});
    oc_policy_job a = {.network = net, .deadline_ns = 100 * MS},
                  b = {.network = net, .stream = 1, .deadline_ns = 110 * MS},
                  c = {.network = net, .stream = 2};
    (void)state;
    oc_policy_submit(&p, &a, 50 * MS);
    oc_policy_submit(&p, &b, 40 * MS); /* back: no time has passed */
    assert_int_equal(p.now_ns, 50 * MS);
    assert_string_equal(acts(&p), "Sa");
    oc_policy_tick(&p, 0);
    assert_int_equal(p.now_ns, 50 * MS);
    assert_int_equal(a.run_ns, 0);
    oc_policy_tick(&p, UINT64_MAX); /* to the end of all time */
    assert_string_equal(acts(&p), "Db");
    assert_int_equal(b.reason, OC_SCHED_DROP_LATE);
    oc_policy_submit(&p, &c, 60 * MS);
    oc_policy_done(&p, &a, 70 * MS, true);
    assert_string_equal(acts(&p), "Sc");
    assert_true(oc_policy_due_ns(&p) == UINT64_MAX);
    oc_policy_done(&p, &c, 80 * MS, true);
    oc_policy_finish(&p);
}

/* Run times beyond all measure overflow nothing, and shut nobody out for good. */
static void absurd_run_times(void **state)
{
    oc_policy     p = policy(2, 8);
    uint32_t      net = add(&p, (oc_sched_network_options){.run_ns = UINT64_MAX, .batch_max = 64});
    oc_policy_job j[8], eternal = {.network = net, .stream = 9, .deadline_ns = UINT64_MAX};
    unsigned      tried = 0;
    (void)state;
    for (unsigned i = 0; i < 8; i++) {
        j[i] = (oc_policy_job){.network = net, .batchable = true, .deadline_ns = 100 * MS};
        oc_policy_submit(&p, &j[i], 2 * MS);
        tried += *acts(&p) == 'S';
    }
    assert_int_equal(tried, 1);
    oc_policy_done(&p, &j[7], 7 * MS, true);
    assert_true(oc_predict_high(&p.networks[net].predict, 1, 2) <=
                10 * MS); /* the guess was wrong */
    oc_policy_submit(&p, &eternal, 8 * MS);
    assert_string_equal(acts(&p), "Sj");
    oc_policy_done(&p, &eternal, UINT64_MAX - 1, true);
    assert_true(oc_predict_high(&p.networks[net].predict, 64, 1) >= 1000000 * (uint64_t)MS);
    oc_policy_job last = {.network = net, .release_ns = UINT64_MAX, .deadline_ns = UINT64_MAX};
    oc_policy_submit(&p, &last, UINT64_MAX - 1);
    acts(&p);
    oc_policy_stop(&p, UINT64_MAX);
    acts(&p);
    assert_int_equal(p.n_jobs + p.free, last.state == OC_POLICY_OVER ? 2 : 1 + p.free);
    oc_policy_finish(&p);
}

static void full_and_stopped(void **state)
{
    oc_policy     p = policy(1, 2);
    uint32_t      net = add(&p, (oc_sched_network_options){.name = "n"});
    oc_policy_job a = {.network = net}, b = {.network = net, .stream = 1},
                  c = {.network = net, .stream = 2}, d = {.network = net, .stream = 3};
    (void)state;
    oc_policy_submit(&p, &a, 5);
    oc_policy_submit(&p, &b, 5);
    oc_policy_submit(&p, &c, 5);
    assert_string_equal(acts(&p), "Sa Dc");
    assert_int_equal(c.reason, OC_SCHED_DROP_FULL);
    oc_policy_stop(&p, 6);
    assert_string_equal(acts(&p), "Db");
    assert_int_equal(b.reason, OC_SCHED_DROP_STOPPED);
    oc_policy_submit(&p, &d, 7);
    assert_string_equal(acts(&p), "Dd");
    oc_policy_done(&p, &a, 8, false);
    assert_int_equal(p.n_jobs, 0);
    assert_int_equal(oc_predict_high(&p.networks[net].predict, 1, 1),
                     0); /* a failed run says nothing */
    oc_policy_finish(&p);
}

static void predictions(void **state)
{
    oc_predictor p;
    (void)state;
    assert_int_equal(oc_predictor_init(&p, 4, 2, 8 * MS, NULL), OC_OK);
    assert_int_equal(oc_predict_high(&p, 1, 1), 8 * MS);
    assert_int_equal(oc_predict_high(&p, 2, 1), 16 * MS);
    assert_true(oc_predict_high(&p, 1, 2) < 8 * MS);
    for (unsigned i = 1; i <= 200; i++) /* only the last 32 count: 169 .. 200 */
        oc_predictor_add(&p, 1, 1, i * MS);
    assert_in_range(oc_predict_typical(&p, 1, 1), 183 * MS, 186 * MS);
    assert_in_range(oc_predict_high(&p, 1, 1), 196 * MS, 199 * MS);
    assert_in_range(oc_predict_typical(&p, 3, 1), 3 * 183 * MS, 3 * 186 * (uint64_t)MS);
    oc_predictor_add(&p, 2, 2, 50 * MS);
    assert_int_equal(oc_predict_high(&p, 2, 2), 50 * MS);
    assert_int_equal(oc_predict_high(&p, 4, 2), 100 * MS); /* from the nearest that was tried */
    assert_false(oc_predictor_doubt(&p, 1, 1, 150 * MS));
    assert_true(oc_predictor_doubt(&p, 1, 1, 20 * MS));
    assert_int_equal(oc_predict_high(&p, 2, 2), 0);
    oc_predictor_finish(&p);
}

/* ---- anything may happen ---- */

#define JOBS 24

static uint64_t seed;
static unsigned chance(unsigned below)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(seed >> 33) % below;
}

static bool in_policy(const oc_policy_job *j)
{
    return j->state == OC_POLICY_WAITING || j->state == OC_POLICY_STARTED ||
           j->state == OC_POLICY_MEMBER;
}

/* Cores are neither lost nor lent twice, nobody is forgotten, and no session is used twice. */
static void check(const oc_policy *p, const oc_policy_job *jobs)
{
    unsigned held = 0, started[3] = {0};
    uint64_t used[3] = {0};
    size_t   listed = 0;
    for (size_t i = 0; i < JOBS; i++) {
        const oc_policy_job *j = &jobs[i];
        listed += j->state == OC_POLICY_WAITING || j->state == OC_POLICY_STARTED;
        if (j->state != OC_POLICY_STARTED)
            continue;
        held += j->held;
        assert_true(j->cores <= j->held);
        started[j->network]++;
        if (p->networks[j->network].instances) {
            assert_false(used[j->network] >> j->instance & 1);
            used[j->network] |= 1ull << j->instance;
            assert_true(j->instance < p->networks[j->network].instances);
        }
    }
    assert_int_equal(held + p->free, p->cores);
    assert_int_equal(listed, p->n_jobs);
    for (unsigned n = 0; n < 3; n++) {
        assert_int_equal(started[n], p->networks[n].n_started);
        assert_int_equal(used[n], p->networks[n].used);
    }
    /* nobody waits beside an idle core that may run: the best released one has or is to have a core */
    if (p->n_jobs && p->jobs[0]->release_ns <= p->now_ns && !p->networks[2].batch_wait_ns)
        assert_true(p->jobs[0]->want > 0);
}

static void submit_any(oc_policy *p, oc_policy_job *j, uint64_t now)
{
    memset(j, 0, sizeof(*j));
    j->network = chance(3);
    j->stream = chance(20);
    j->cls = (oc_sched_class)chance(3);
    j->batchable = chance(2);
    j->keep = chance(8) == 0;
    j->release_ns = chance(4) ? 0 : now + chance(20) * MS;
    j->deadline_ns = chance(4) ? now + chance(120) * MS : 0;
    oc_policy_submit(p, j, now);
}

static void anything(void **state)
{
    uint64_t done = 0;
    (void)state;
    for (seed = 1; seed < 400; seed++) {
        const uint64_t first = seed;
        oc_policy      p = policy(1 + chance(4), 20);
        oc_policy_job  jobs[JOBS] = {{0}};
        uint64_t       now = 1;
        p.starve_ns = 50 * MS;
        add(&p, (oc_sched_network_options){.run_ns = 5 * MS});
        add(&p, (oc_sched_network_options){.instances = 1 + chance(3), .cores_max = 1});
        add(&p,
            (oc_sched_network_options){.batch_max = 4, .batch_wait_ns = chance(2) ? 10 * MS : 0});
        for (int step = 0; step < 400; step++) {
            oc_policy_job *j = &jobs[chance(JOBS)];
            const unsigned what = chance(4);
            now += chance(3) * MS / 2;
            if (what < 2 && !in_policy(j))
                submit_any(&p, j, now);
            else if (what == 2 && j->state == OC_POLICY_STARTED)
                oc_policy_done(&p, j, now, chance(10) != 0), done++;
            else if (what == 3 && j->state == OC_POLICY_STARTED)
                oc_policy_yield(&p, j, now, j->cores ? 1 + chance(j->held ? j->held : 1) : 0);
            else
                oc_policy_tick(&p, now);
            acts(&p);
            check(&p, jobs);
        }
        oc_policy_stop(&p, now);
        acts(&p);
        for (size_t i = 0; i < JOBS; i++)
            if (jobs[i].state == OC_POLICY_STARTED)
                oc_policy_done(&p, &jobs[i], now, true);
        acts(&p);
        check(&p, jobs);
        assert_int_equal(p.n_jobs, 0);
        assert_int_equal(p.free, p.cores);
        oc_policy_finish(&p);
        seed = first;
    }
    assert_true(done > 2000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(earliest_deadline_first),
        cmocka_unit_test(not_for_the_last_millisecond),
        cmocka_unit_test(clocks_that_jump),
        cmocka_unit_test(absurd_run_times),
        cmocka_unit_test(full_and_stopped),
        cmocka_unit_test(predictions),
        cmocka_unit_test(anything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
