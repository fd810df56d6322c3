/* What the scheduler does under load, in virtual time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "sched/admit.h"
#include "sched/sim.h"

#define MS 1000000u
#define S 1000000000u
#define TASKS_MAX 16

static oc_sim_result *simulate(oc_sim_options o, const oc_sim_network *networks, size_t n_networks,
                               const oc_sim_task *tasks, size_t n)
{
    static oc_sim_result r[TASKS_MAX];
    oc_error             err = {0};
    assert_true(n <= TASKS_MAX);
    memset(r, 0, sizeof(r));
    if (oc_sim_run(&o, networks, n_networks, tasks, n, r, &err) != OC_OK)
        fail_msg("%s", err.message);
    for (size_t i = 0; i < n; i++) { /* nobody is lost */
        uint64_t over = r[i].done;
        for (int k = 0; k < OC_SCHED_DROPS; k++)
            over += r[i].dropped[k];
        assert_int_equal(over, r[i].released);
        assert_int_equal(oc_histogram_count(&r[i].response), r[i].done);
    }
    return r;
}

static uint64_t dropped(const oc_sim_result *r)
{
    return r->released - r->done;
}

static uint64_t worst(const oc_sim_result *r)
{
    return oc_histogram_max_ns(&r->response);
}

static const uint64_t ms1[] = {1 * MS}, ms5[] = {5 * MS}, ms10[] = {10 * MS}, ms20[] = {20 * MS},
                      ms100[] = {100 * MS}, ms60[] = {60 * MS},
                      mixed[] = {1 * MS, 2 * MS, 2 * MS, 4 * MS};
#define RUNS(list) .run_ns = (list), .n_run = sizeof(list) / sizeof((list)[0])

/* Slack on all cores, 100 ms a run: what is critical waits for one range and no longer. */
static void slack_makes_way(void **state)
{
    (void)state;
    for (unsigned cores = 1; cores <= 4; cores++) {
        const oc_sim_network net[] = {{RUNS(ms100), .core_gain = 0.8, .range_ns = 2 * MS},
                                      {RUNS(ms5), .options.cores_max = 1, .range_ns = MS}};
        const oc_sim_task    task[] = {
               {.network = 0, .cls = OC_SCHED_SLACK, .period_ns = 20 * MS},
               {.network = 1, .period_ns = 33 * MS, .jitter_ns = 7 * MS, .deadline_ns = 30 * MS}};
        oc_sim_options o = {.cores = cores, .until_ns = 20 * (uint64_t)S, .seed = cores};
        oc_sim_result *r = simulate(o, net, 2, task, 2);
        assert_true(r[1].released > 600);
        assert_int_equal(dropped(&r[1]) + r[1].missed, 0);
        assert_true(oc_histogram_max_ns(&r[1].queue) <= 2 * MS);
        assert_true(oc_histogram_max_ns(&r[1].queue) > 0); /* it did have to wait */
        assert_true(r[0].done > 0);
    }
}

/* Three classes that want 150 % of two cores together: the lowest pays. */
static void overload_costs_the_lowest_class(void **state)
{
    const oc_sim_network net[] = {{RUNS(ms10), .core_gain = 0.8, .range_ns = MS}};
    const oc_sim_task    task[] = {
           {.stream = 0, .cls = OC_SCHED_CRITICAL, .period_ns = 12 * MS, .deadline_ns = 40 * MS},
           {.stream = 1, .cls = OC_SCHED_NORMAL, .period_ns = 12 * MS, .deadline_ns = 60 * MS},
           {.stream = 2, .cls = OC_SCHED_SLACK, .period_ns = 8 * MS, .deadline_ns = 100 * MS}};
    oc_sim_options o = {.cores = 2, .until_ns = 30 * (uint64_t)S, .seed = 3};
    (void)state;
    oc_sim_result *r = simulate(o, net, 1, task, 3);
    assert_int_equal(dropped(&r[0]) + r[0].missed, 0);
    assert_true(dropped(&r[1]) * 20 <= r[1].released);
    assert_true(dropped(&r[2]) * 2 > r[2].released);
    assert_true(r[2].done > 0);
    /* what is let in is in time, or as good as */
    assert_true(worst(&r[1]) <= task[1].deadline_ns);
    assert_true(r[1].missed == 0 && r[2].missed * 10 <= r[2].done);
}

/* One class, three times too much: early deadlines do not drag everybody down. */
static void overload_inside_a_class(void **state)
{
    static const uint64_t spread[] = {8 * MS, 9 * MS, 10 * MS, 11 * MS, 14 * MS};
    const oc_sim_network  net[] = {{RUNS(spread), .core_gain = 0.8, .range_ns = MS}};
    oc_sim_task           task[6];
    (void)state;
    for (size_t i = 0; i < 6; i++)
        task[i] = (oc_sim_task){.stream = (uint32_t)i,
                                .cls = OC_SCHED_NORMAL,
                                .first_ns = i * MS,
                                .period_ns = 10 * MS,
                                .deadline_ns = 50 * MS};
    oc_sim_options o = {.cores = 2, .until_ns = 20 * (uint64_t)S, .seed = 4};
    oc_sim_result *r = simulate(o, net, 1, task, 6);
    uint64_t       done = 0, missed = 0;
    for (size_t i = 0; i < 6; i++) {
        done += r[i].done;
        missed += r[i].missed;
        assert_true(r[i].done * 12 > r[i].released); /* nobody is shut out */
    }
    assert_true(done * 26 * MS >= 20 * (uint64_t)S * 2); /* cores are not idle meanwhile: >= 77 % */
    assert_true(missed * 50 <= done);
}

static void jitter_is_borne(void **state)
{
    static const uint64_t uneven[] = {3 * MS, 4 * MS, 4 * MS, 5 * MS, 7 * MS};
    const oc_sim_network  net[] = {{RUNS(uneven), .core_gain = 0.8, .range_ns = MS}};
    oc_sim_task           task[4];
    (void)state;
    for (size_t i = 0; i < 4; i++)
        task[i] = (oc_sim_task){.stream = (uint32_t)i,
                                .period_ns = 20 * MS,
                                .jitter_ns = 15 * MS,
                                .deadline_ns = 40 * MS};
    oc_sim_options o = {.cores = 2, .until_ns = 60 * (uint64_t)S, .seed = 5};
    oc_sim_result *r = simulate(o, net, 1, task, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_true(r[i].released > 2900);
        assert_int_equal(dropped(&r[i]) + r[i].missed, 0);
    }
}

/* A camera that stands still for two seconds and then sends all at once harms itself alone. */
static void a_camera_that_stalls(void **state)
{
    const oc_sim_network net[] = {{RUNS(ms10), .core_gain = 0.8, .range_ns = MS}};
    oc_sim_task          task[] = {{.period_ns = 33 * MS, .deadline_ns = 60 * MS},
                                   {.stream = 1, .period_ns = 33 * MS, .deadline_ns = 60 * MS},
                                   {.stream = 2,
                                    .cls = OC_SCHED_NORMAL,
                                    .period_ns = 33 * MS,
                                    .deadline_ns = 100 * MS,
                                    .stall_from_ns = 3 * (uint64_t)S,
                                    .stall_until_ns = 5 * (uint64_t)S,
                                    .burst = true}};
    oc_sim_options       o = {.cores = 2, .until_ns = 10 * (uint64_t)S, .seed = 6};
    (void)state;
    oc_sim_result *r = simulate(o, net, 1, task, 3);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(dropped(&r[i]) + r[i].missed, 0);
    assert_int_equal(r[2].released, 304);
    assert_in_range(dropped(&r[2]), 40, 62); /* of the 61 that came at once */
    assert_int_equal(r[2].missed, 0);
    task[2].burst = false;
    r = simulate(o, net, 1, task, 3);
    assert_in_range(r[2].released, 240, 245);
    assert_int_equal(dropped(&r[2]), 0);
}

/* For five seconds a network takes five times as long.  It is dropped then, and is back after. */
static void five_times_as_slow(void **state)
{
    const oc_sim_network net[] = {{RUNS(ms20), .core_gain = 0.8, .range_ns = MS,
                                   .slow_from_ns = 5 * (uint64_t)S,
                                   .slow_until_ns = 10 * (uint64_t)S, .slow = 5},
                                  {RUNS(ms5), .core_gain = 0.8, .range_ns = MS}};
    const oc_sim_task    task[] = {
           {.cls = OC_SCHED_NORMAL, .period_ns = 40 * MS, .deadline_ns = 40 * MS},
           {.network = 1, .period_ns = 10 * MS, .deadline_ns = 20 * MS},
           {.network = 1,
            .stream = 1,
            .cls = OC_SCHED_NORMAL,
            .period_ns = 40 * MS,
            .deadline_ns = 40 * MS}};
    oc_sim_options o = {.cores = 2, .until_ns = 5 * (uint64_t)S, .seed = 7};
    uint64_t       done[4];
    (void)state;
    for (int i = 0; i < 4; i++, o.until_ns += 5 * (uint64_t)S) {
        oc_sim_result *r = simulate(o, net, 2, task, 3);
        done[i] = r[0].done;
        assert_int_equal(dropped(&r[1]) + r[1].missed, 0);
        assert_true(r[2].done * 100 >= r[2].released * 95); /* nor does its neighbour suffer much */
    }
    assert_int_equal(done[0], 125);
    assert_true(done[1] - done[0] < 40);   /* hopeless ones are not run */
    assert_true(done[1] - done[0] >= 5);   /* but it is tried */
    assert_true(done[3] - done[2] >= 120); /* and found to be well again */
}

/* Three seconds in which everything takes eight times as long, under nearly all the load there may be:
 * they cost what they cost, but nothing for long.  What counts is what is in time three seconds later. */
static void bad_seconds_are_forgotten(void **state)
{
    oc_sim_network net[] = {{RUNS(mixed)}, {RUNS(ms10)}, {RUNS(ms60)}};
    oc_sim_task    task[12];
    for (size_t n = 0; n < 3; n++) {
        net[n].options.instances = 4;
        net[n].core_gain = 0.6;
        net[n].range_ns = MS;
        net[n].slow_from_ns = 5 * (uint64_t)S;
        net[n].slow_until_ns = 8 * (uint64_t)S;
        net[n].slow = 8;
    }
    for (unsigned i = 0; i < 12; i++)
        task[i] = (oc_sim_task){.network = i % 3,
                                .stream = i / 3,
                                .cls = i % 3 == 2 ? OC_SCHED_NORMAL : OC_SCHED_CRITICAL,
                                .first_ns = i * MS,
                                .period_ns = (i % 3 == 0   ? 40
                                              : i % 3 == 1 ? 60
                                                           : 280) *
                                             MS,
                                .deadline_ns = (i % 3 == 0   ? 60
                                                : i % 3 == 1 ? 100
                                                             : 500) *
                                               MS};
    (void)state;
    for (uint64_t seed = 1; seed <= 5; seed++) {
        uint64_t good[3] = {0}, all[3] = {0};
        for (int whole = 0; whole < 2; whole++) {
            oc_sim_options o = {
                .cores = 2, .until_ns = (whole ? 60 : 11) * (uint64_t)S, .seed = seed};
            oc_sim_result *r = simulate(o, net, 3, task, 12);
            for (int i = 0; i < 12; i++) {
                good[i % 3] += (whole ? 1 : -1) * (r[i].done - r[i].missed);
                all[i % 3] += (whole ? 1 : -1) * r[i].released;
            }
        }
        for (int n = 0; n < 3; n++)
            if (good[n] * 100 < all[n] * 99)
                fail_msg("seed %d, network %d: %d of %d in time", (int)seed, n, (int)good[n],
                         (int)all[n]);
    }
}

/* A slack job has the only session that a critical one waits for; normal ones want all cores. */
static void no_inversion(void **state)
{
    const oc_sim_network net[] = {
        {RUNS(ms20), .options.instances = 1, .options.cores_max = 1, .range_ns = MS},
        {RUNS(ms100), .core_gain = 0.8, .range_ns = MS}};
    const oc_sim_task task[] = {
        {.cls = OC_SCHED_SLACK, .period_ns = 90 * MS},
        {.stream = 1, .cls = OC_SCHED_CRITICAL, .first_ns = 5 * MS, .period_ns = 250 * MS},
        {.network = 1,
         .stream = 2,
         .cls = OC_SCHED_NORMAL,
         .first_ns = 2 * MS,
         .period_ns = 30 * MS}};
    oc_sim_options o = {
        .cores = 2, .until_ns = 3 * (uint64_t)S, .seed = 8, .starve_ns = UINT64_MAX};
    (void)state;
    oc_sim_result *r = simulate(o, net, 2, task, 3);
    assert_int_equal(r[1].done, 12);
    /* the rest of the one before it, itself, and a range for each change of hands */
    assert_true(worst(&r[1]) <= (20 + 20 + 3) * MS);
    assert_true(oc_histogram_max_ns(&r[1].queue) > MS);
}

/* Critical jobs want everything, and yet normal ones get a core every 100 ms. */
static void normal_does_not_starve(void **state)
{
    const oc_sim_network net[] = {{RUNS(ms10), .options.cores_max = 1, .range_ns = MS}};
    oc_sim_task          task[3];
    for (size_t i = 0; i < 2; i++)
        task[i] = (oc_sim_task){.stream = (uint32_t)i, .period_ns = 8 * MS, .deadline_ns = 30 * MS};
    task[2] = (oc_sim_task){
        .stream = 2, .cls = OC_SCHED_NORMAL, .period_ns = 20 * MS, .deadline_ns = 60 * MS};
    oc_sim_options o = {.cores = 2, .until_ns = 10 * (uint64_t)S, .seed = 9, .starve_ns = 100 * MS};
    (void)state;
    oc_sim_result *r = simulate(o, net, 1, task, 3);
    assert_in_range(r[2].done, 70, 110); /* of 500; 10 s / (100 ms + a run) = 90 */
    o.starve_ns = UINT64_MAX;
    r = simulate(o, net, 1, task, 3);
    assert_true(r[2].done < 30);
}

/* Eight streams, one network with a free batch dimension: batches save what makes it fit. */
static void batches_are_made(void **state)
{
    oc_sim_network net[] = {{RUNS(ms10), .options = {.batch_max = 8}, .core_gain = 0.8,
                             .batch_gain = 0.6, .range_ns = MS}};
    oc_sim_task    task[8];
    for (size_t i = 0; i < 8; i++)
        task[i] = (oc_sim_task){.stream = (uint32_t)i,
                                .batchable = true,
                                .first_ns = i * MS / 2,
                                .period_ns = 33 * MS,
                                .deadline_ns = 80 * MS};
    oc_sim_options o = {.cores = 2, .until_ns = 10 * (uint64_t)S, .seed = 10};
    (void)state;
    oc_sim_result *r = simulate(o, net, 1, task, 8);
    uint64_t       done = 0, runs = 0;
    for (size_t i = 0; i < 8; i++) {
        done += r[i].done;
        runs += r[i].batches;
        assert_true(dropped(&r[i]) * 50 <= r[i].released);
        assert_int_equal(r[i].missed, 0);
    }
    assert_true(runs < done);
    /* waiting for others makes them larger, and nobody late */
    net[0].options.batch_wait_ns = 20 * MS;
    r = simulate(o, net, 1, task, 8);
    uint64_t fewer = 0;
    for (size_t i = 0; i < 8; i++) {
        fewer += r[i].batches;
        assert_int_equal(r[i].missed, 0);
    }
    assert_true(fewer * 2 < runs);
}

/* One job that is only in time on both cores gets them, with two it is side by side. */
static void wide_where_it_must_be(void **state)
{
    const oc_sim_network net[] = {
        {RUNS(ms20), .core_gain = 0.9, .range_ns = MS, .options.run_ns = 20 * MS}};
    oc_sim_task    task[] = {{.period_ns = 50 * MS, .deadline_ns = 15 * MS},
                             {.stream = 1,
                              .cls = OC_SCHED_NORMAL,
                              .first_ns = 12 * MS,
                              .period_ns = 50 * MS,
                              .deadline_ns = 45 * MS}};
    oc_sim_options o = {.cores = 2, .until_ns = 5 * (uint64_t)S, .seed = 11};
    (void)state;
    oc_sim_result *r = simulate(o, net, 1, task, 2);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(dropped(&r[i]) + r[i].missed, 0);
    assert_true(worst(&r[0]) <= 12 * MS);
    task[0].deadline_ns = 8 * MS; /* not even so */
    r = simulate(o, net, 1, task, 2);
    assert_true(r[0].dropped[OC_SCHED_DROP_LATE] * 8 >= r[0].released * 7);
}

static void the_same_again(void **state)
{
    static const uint64_t uneven[] = {3 * MS, 4 * MS, 9 * MS};
    const oc_sim_network  net[] = {{RUNS(uneven), .core_gain = 0.8, .range_ns = MS}};
    const oc_sim_task     task[] = {
            {.period_ns = 7 * MS, .jitter_ns = 5 * MS, .deadline_ns = 20 * MS},
            {.stream = 1, .cls = OC_SCHED_NORMAL, .period_ns = 5 * MS, .deadline_ns = 30 * MS}};
    oc_sim_options o = {.cores = 1, .until_ns = 5 * (uint64_t)S, .seed = 12};
    (void)state;
    oc_sim_result *first = malloc(2 * sizeof(*first));
    memcpy(first, simulate(o, net, 1, task, 2), 2 * sizeof(*first));
    assert_memory_equal(first, simulate(o, net, 1, task, 2), 2 * sizeof(*first));
    o.seed++;
    assert_memory_not_equal(first, simulate(o, net, 1, task, 2), 2 * sizeof(*first));
    free(first);
}

/* ---- a thousand random task sets ---- */

static uint64_t state_of_chance;
static uint64_t chance(uint64_t below)
{
    state_of_chance = state_of_chance * 6364136223846793005u + 1442695040888963407u;
    return (state_of_chance >> 33) % below;
}

typedef struct task_set {
    size_t         n;
    unsigned       cores;
    uint64_t       range_ns;
    uint64_t       run_ns[TASKS_MAX];
    oc_sim_network network[TASKS_MAX];
    oc_sim_task    task[TASKS_MAX];
    oc_admit_task  admit[TASKS_MAX];
} task_set;

static void random_set(task_set *t)
{
    const uint64_t load = 20 + chance(90); /* per cent of all cores, about */
    t->cores = 1 + (unsigned)chance(4);
    t->n = 1 + chance(12);
    t->range_ns = 50000 + chance(500) * 1000;
    for (size_t i = 0; i < t->n; i++) {
        const uint64_t       period = 20 * MS + chance(200) * MS;
        const uint64_t       mean = period * t->cores * load / 100 / t->n;
        const oc_sched_class cls = (oc_sched_class)chance(3);
        t->run_ns[i] = mean / 2 + chance(mean) + 1;
        const uint64_t deadline = chance(2) ? period : period / 2 + chance(period);
        t->network[i] = (oc_sim_network){.options.run_ns = t->run_ns[i],
                                         .run_ns = &t->run_ns[i],
                                         .n_run = 1,
                                         .core_gain = 0.75,
                                         .range_ns = t->range_ns};
        t->task[i] = (oc_sim_task){.network = (uint32_t)i,
                                   .cls = cls,
                                   .first_ns = chance(100) * MS,
                                   .period_ns = period,
                                   .jitter_ns = 0,
                                   .deadline_ns = deadline};
        t->admit[i] = (oc_admit_task){
            .cls = cls, .period_ns = period, .deadline_ns = deadline, .run_ns = t->run_ns[i]};
    }
}

/* Those classes that the bound guarantees miss nothing and lose nothing; and the bound is worth
 * something: many sets have such classes, and what it does not guarantee does fail at times. */
static void a_thousand_task_sets(void **state)
{
    size_t guaranteed = 0, failed = 0, beyond = 0;
    (void)state;
    state_of_chance = 20;
    for (int k = 0; k < 1000; k++) {
        task_set        t;
        oc_admit_result verdict[TASKS_MAX];
        oc_admit_report report;
        random_set(&t);
        /* a job about to end is not put off within its class: that blocks like a range */
        oc_admit(t.admit, t.n, t.cores, t.range_ns + MS, verdict, &report);
        oc_sim_options o = {.cores = t.cores,
                            .until_ns = 4 * (uint64_t)S,
                            .seed = (uint64_t)k,
                            .starve_ns = UINT64_MAX};
        oc_sim_result *r = simulate(o, t.network, t.n, t.task, t.n);
        for (size_t i = 0; i < t.n; i++) {
            const uint64_t bad = dropped(&r[i]) + r[i].missed;
            if (verdict[i].verdict == OC_ADMIT_GUARANTEED && bad)
                fail_msg(
                    "set %d task %zu of %zu on %u: of %llu %llu missed, %llu late, %llu overload",
                    k, i, t.n, t.cores, (unsigned long long)r[i].released,
                    (unsigned long long)r[i].missed,
                    (unsigned long long)r[i].dropped[OC_SCHED_DROP_LATE],
                    (unsigned long long)r[i].dropped[OC_SCHED_DROP_OVERLOAD]);
            guaranteed += verdict[i].verdict == OC_ADMIT_GUARANTEED;
            beyond += verdict[i].verdict != OC_ADMIT_GUARANTEED;
            failed += verdict[i].verdict != OC_ADMIT_GUARANTEED && bad;
        }
    }
    assert_true(guaranteed > 1000);
    assert_true(beyond > 1000);
    assert_true(failed > 300);
}

static void what_is_wrong_is_told(void **state)
{
    const oc_sim_network net[] = {{RUNS(ms1)}, {.n_run = 0}};
    oc_sim_result        r = {0};
    oc_error             err;
    oc_sim_options       o = {.cores = 1, .until_ns = S};
    (void)state;
    assert_int_equal(oc_sim_run(&o, net, 1, &(oc_sim_task){.network = 0}, 1, &r, &err), OC_INVALID);
    assert_int_equal(oc_sim_run(&o, net, 1, &(oc_sim_task){1, .period_ns = 1}, 1, &r, &err),
                     OC_INVALID);
    assert_int_equal(oc_sim_run(&o, net, 2, NULL, 0, &r, &err), OC_INVALID);
    o.cores = 0;
    assert_int_equal(oc_sim_run(&o, net, 1, NULL, 0, &r, &err), OC_INVALID);
}

/* ---- admission before the start ---- */

static void admission(void **state)
{
    const oc_admit_task task[] = {{"light", OC_SCHED_CRITICAL, 100 * MS, 0, 20 * MS, 0},
                                  {"slow", OC_SCHED_CRITICAL, 500 * MS, 50 * MS, 80 * MS, 60 * MS},
                                  {"wide", OC_SCHED_CRITICAL, 500 * MS, 50 * MS, 60 * MS, 35 * MS},
                                  {"heavy", OC_SCHED_NORMAL, 100 * MS, 0, 90 * MS, 0},
                                  {"more", OC_SCHED_SLACK, 100 * MS, 0, 90 * MS, 0},
                                  {"never", OC_SCHED_SLACK, 0, 0, MS, 0}};
    oc_admit_result     r[6];
    oc_admit_report     report;
    (void)state;
    oc_admit(task, 6, 2, MS, r, &report);
    assert_int_equal(r[0].verdict, OC_ADMIT_FITS); /* the one beside it spoils the proof */
    assert_int_equal(r[1].verdict, OC_ADMIT_TOO_SLOW);
    assert_int_equal(r[2].verdict, OC_ADMIT_FITS);
    assert_int_equal(r[3].verdict, OC_ADMIT_FITS);
    assert_int_equal(r[4].verdict, OC_ADMIT_TOO_MUCH);
    assert_int_equal(r[5].verdict, OC_ADMIT_TOO_MUCH);
    assert_int_equal(report.n_not, 3);
    assert_int_equal((int)(report.utilisation * 1000 + 0.5), (200 + 160 + 120 + 900 + 900) / 2);
    oc_admit(task, 1, 2, MS, r, &report);
    assert_int_equal(r[0].verdict, OC_ADMIT_GUARANTEED);
    oc_admit(task, 1, 2, 45 * MS, r, &report); /* blocked for too long */
    assert_int_equal(r[0].verdict, OC_ADMIT_FITS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slack_makes_way),
        cmocka_unit_test(overload_costs_the_lowest_class),
        cmocka_unit_test(overload_inside_a_class),
        cmocka_unit_test(jitter_is_borne),
        cmocka_unit_test(a_camera_that_stalls),
        cmocka_unit_test(five_times_as_slow),
        cmocka_unit_test(bad_seconds_are_forgotten),
        cmocka_unit_test(no_inversion),
        cmocka_unit_test(normal_does_not_starve),
        cmocka_unit_test(batches_are_made),
        cmocka_unit_test(wide_where_it_must_be),
        cmocka_unit_test(the_same_again),
        cmocka_unit_test(a_thousand_task_sets),
        cmocka_unit_test(what_is_wrong_is_told),
        cmocka_unit_test(admission),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
