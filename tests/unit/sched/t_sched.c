#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/pool.h"
#include "sched/sched.h"

static void nap(uint64_t ns)
{
    struct timespec t = {.tv_sec = (time_t)(ns / 1000000000u), .tv_nsec = (long)(ns % 1000000000u)};
    nanosleep(&t, NULL);
}

static uint32_t network(oc_sched *s, oc_sched_network_options o)
{
    uint32_t id = 99;
    assert_int_equal(oc_sched_network_add(s, &o, &id, NULL), OC_OK);
    return id;
}

static oc_sched *scheduler(unsigned cores)
{
    oc_sched        *s = NULL;
    oc_sched_options o = {.cores = cores};
    assert_int_equal(oc_sched_create(&o, &s, NULL), OC_OK);
    assert_int_equal(oc_sched_cores(s), cores);
    return s;
}

static oc_status count_up(void *const *ctx, size_t n, const oc_sched_grant *grant, oc_error *err)
{
    (void)err;
    assert_true(grant->cores >= 1);
    for (size_t i = 0; i < n; i++)
        atomic_fetch_add((atomic_int *)ctx[i], 1);
    return OC_OK;
}

static void one_job(void **state)
{
    (void)state;
    atomic_int       ran = 0;
    oc_sched        *s = scheduler(1);
    uint32_t         net = network(s, (oc_sched_network_options){.name = "one"});
    oc_sched_job     job = {.network = net, .fn = count_up, .ctx = &ran};
    oc_sched_verdict v;
    oc_sched_stats   stats;
    assert_int_equal(oc_sched_run(s, &job, &v, NULL), OC_OK);
    assert_int_equal(ran, 1);
    assert_int_equal(v.outcome, OC_SCHED_DONE);
    assert_int_equal(v.batch, 1);
    assert_int_equal(v.cores, 1);
    assert_true(oc_sched_stats_get(s, net, OC_SCHED_CLASSES, &stats));
    assert_string_equal(stats.name, "one");
    assert_int_equal(stats.counts.submitted, 1);
    assert_int_equal(stats.counts.done, 1);
    assert_int_equal(stats.counts.waiting + stats.counts.running, 0);
    assert_false(oc_sched_stats_get(s, net + 1, OC_SCHED_CLASSES, &stats));
    oc_sched_destroy(s);
}

static oc_status refuse(void *const *ctx, size_t n, const oc_sched_grant *grant, oc_error *err)
{
    (void)ctx;
    (void)n;
    (void)grant;
    return OC_FAIL(err, OC_IO, "the disk is gone");
}

static void a_failure_is_the_callers(void **state)
{
    (void)state;
    oc_sched        *s = scheduler(1);
    uint32_t         net = network(s, (oc_sched_network_options){.name = "f"});
    oc_sched_job     job = {.network = net, .fn = refuse};
    oc_sched_verdict v;
    oc_error         err;
    oc_sched_stats   stats;
    assert_int_equal(oc_sched_run(s, &job, &v, &err), OC_IO);
    assert_non_null(strstr(err.message, "the disk is gone"));
    assert_int_equal(v.outcome, OC_SCHED_FAILED);
    oc_sched_stats_get(s, net, OC_SCHED_CRITICAL, &stats);
    assert_int_equal(stats.counts.failed, 1);
    assert_int_equal(oc_sched_predict_ns(s, net, 1, 1), 0); /* nothing is learnt from it */
    oc_sched_destroy(s);
}

static oc_status nested(void *const *ctx, size_t n, const oc_sched_grant *grant, oc_error *err)
{
    oc_sched    *s = ctx[0];
    oc_sched_job job = {.fn = count_up};
    (void)n;
    (void)grant;
    return oc_sched_run(s, &job, NULL, err);
}

static void what_is_wrong_is_told(void **state)
{
    (void)state;
    oc_sched    *s = scheduler(1);
    uint32_t     net = network(s, (oc_sched_network_options){.name = "w"}), none = 7;
    oc_error     err;
    oc_sched_job job = {.network = net};
    assert_int_equal(oc_sched_run(s, &job, NULL, &err), OC_INVALID);
    job = (oc_sched_job){.network = 5, .fn = count_up};
    assert_int_equal(oc_sched_run(s, &job, NULL, &err), OC_INVALID);
    assert_non_null(strstr(err.message, "network 5"));
    job = (oc_sched_job){.network = net, .fn = count_up, .cls = OC_SCHED_CLASSES};
    assert_int_equal(oc_sched_run(s, &job, NULL, &err), OC_INVALID);
    assert_int_equal(oc_sched_submit(s, &job, NULL, NULL, &err), OC_INVALID);
    job = (oc_sched_job){.network = net, .fn = nested, .ctx = s};
    assert_int_equal(oc_sched_run(s, &job, NULL, &err), OC_INVALID);
    assert_non_null(strstr(err.message, "inside itself"));
    oc_sched_network_options big = {.name = "big", .batch_max = OC_SCHED_BATCH_MAX + 1};
    assert_int_equal(oc_sched_network_add(s, &big, &none, &err), OC_INVALID);
    assert_non_null(strstr(err.message, "'big'"));
    big = (oc_sched_network_options){.name = "big", .instances = OC_SCHED_INSTANCES_MAX + 1};
    assert_int_equal(oc_sched_network_add(s, &big, &none, &err), OC_INVALID);
    assert_non_null(strstr(err.message, "'big': 65 instances"));
    big.instances = 1;
    assert_int_equal(none, 7);
    while (oc_sched_networks(s) < OC_SCHED_NETWORKS_MAX)
        network(s, big);
    assert_int_equal(oc_sched_network_add(s, &big, &none, &err), OC_INVALID);
    assert_non_null(strstr(err.message, "256 are there"));
    oc_sched_destroy(s);
    oc_sched_options many = {.cores = OC_SCHED_CORES_MAX + 1};
    assert_int_equal(oc_sched_create(&many, &s, &err), OC_INVALID);
}

static void deadlines_that_are_over(void **state)
{
    (void)state;
    atomic_int       ran = 0;
    oc_sched        *s = scheduler(1);
    uint32_t         net = network(s, (oc_sched_network_options){.name = "d"});
    oc_sched_verdict v;
    oc_sched_job     job = {.network = net, .fn = count_up, .ctx = &ran, .deadline_ns = 1};
    assert_int_equal(oc_sched_run(s, &job, &v, NULL), OC_OK);
    assert_int_equal(v.outcome, OC_SCHED_DROPPED);
    assert_int_equal(v.reason, OC_SCHED_DROP_LATE);
    assert_int_equal(ran, 0);
    job.keep = true;
    assert_int_equal(oc_sched_run(s, &job, &v, NULL), OC_OK);
    assert_int_equal(v.outcome, OC_SCHED_DONE);
    assert_true(v.missed);
    assert_int_equal(ran, 1);
    oc_sched_destroy(s);
}

/* ---- many threads ---- */

typedef struct crowd {
    oc_sched   *s;
    uint32_t    net;
    unsigned    index;
    atomic_int *busy, *most;
} crowd;

static oc_status hold_core(void *const *ctx, size_t n, const oc_sched_grant *grant, oc_error *err)
{
    crowd *c = ctx[0];
    (void)err;
    (void)n;
    int now = atomic_fetch_add(c->busy, (int)grant->cores) + (int)grant->cores;
    int most = atomic_load(c->most);
    while (now > most && !atomic_compare_exchange_weak(c->most, &most, now))
        ;
    nap(20000);
    atomic_fetch_sub(c->busy, (int)grant->cores);
    return OC_OK;
}

static void *crowd_main(void *arg)
{
    crowd *c = arg;
    for (int i = 0; i < 100; i++) {
        oc_sched_job job = {.network = c->net,
                            .stream = c->index,
                            .cls = (oc_sched_class)(c->index % 3),
                            .fn = hold_core,
                            .ctx = c};
        if (oc_sched_run(c->s, &job, NULL, NULL) != OC_OK)
            return c;
    }
    return NULL;
}

/* Nobody is lost on the way: at every moment. */
static void check_counts(oc_sched *s, uint32_t net)
{
    oc_sched_stats stats;
    for (int cls = 0; cls <= OC_SCHED_CLASSES; cls++) {
        oc_sched_stats_get(s, net, (oc_sched_class)cls, &stats);
        const oc_sched_counts *c = &stats.counts;
        uint64_t               sum = c->waiting + c->running + c->done + c->failed;
        for (int i = 0; i < OC_SCHED_DROPS; i++)
            sum += c->dropped[i];
        assert_int_equal(sum, c->submitted);
    }
}

/* Without a pool to widen them jobs keep the one core: never more in work than there are. */
static void never_more_than_the_cores(void **state)
{
    (void)state;
    enum { N = 9 };
    pthread_t  thread[N];
    crowd      c[N];
    atomic_int busy = 0, most = 0;
    oc_sched  *s = scheduler(2);
    uint32_t   net = network(s, (oc_sched_network_options){.name = "crowd", .cores_max = 1});
    for (unsigned i = 0; i < N; i++) {
        c[i] = (crowd){.s = s, .net = net, .index = i, .busy = &busy, .most = &most};
        assert_int_equal(pthread_create(&thread[i], NULL, crowd_main, &c[i]), 0);
    }
    for (int i = 0; i < 500; i++)
        check_counts(s, net);
    for (unsigned i = 0; i < N; i++) {
        void *wrong;
        pthread_join(thread[i], &wrong);
        assert_null(wrong);
    }
    assert_in_range(most, 1, 2);
    oc_sched_stats stats;
    uint64_t       done = 0;
    for (int cls = 0; cls < OC_SCHED_CLASSES; cls++) {
        oc_sched_stats_get(s, net, (oc_sched_class)cls, &stats);
        assert_int_equal(stats.counts.done, 300);
        done += stats.counts.done;
    }
    assert_int_equal(done, N * 100);
    oc_sched_load load;
    oc_sched_load_get(s, &load);
    assert_int_equal(load.busy, 0);
    assert_true(load.busy_ns > 0);
    oc_sched_destroy(s);
}

static oc_status take_until_told(void *const *ctx, size_t n, const oc_sched_grant *grant,
                                 oc_error *err)
{
    const crowd *c = ctx[0];
    (void)n;
    (void)grant;
    (void)err;
    while (atomic_load(c->busy) == 0)
        nap(100000);
    return OC_OK;
}

static void *hold_until_told(void *arg)
{
    crowd       *c = arg;
    oc_sched_job job = {.network = c->net, .fn = take_until_told, .ctx = c};
    return oc_sched_run(c->s, &job, NULL, NULL) == OC_OK ? NULL : c;
}

/* Nothing happens meanwhile but time. */
static void dropped_while_it_waits(void **state)
{
    pthread_t  thread;
    oc_sched  *s = scheduler(1);
    atomic_int ran = 0, told = 0;
    crowd      c = {
             .s = s, .net = network(s, (oc_sched_network_options){.name = "held"}), .busy = &told};
    uint32_t         other = network(s, (oc_sched_network_options){.name = "late"});
    oc_sched_load    load = {0};
    oc_sched_verdict v;
    void            *wrong;
    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, hold_until_told, &c), 0);
    while (load.busy == 0)
        oc_sched_load_get(s, &load);
    const uint64_t due = oc_sched_now_ns(s) + 1000000;
    oc_sched_job   job = {
          .network = other, .cls = OC_SCHED_SLACK, .deadline_ns = due, .fn = count_up, .ctx = &ran};
    assert_int_equal(oc_sched_run(s, &job, &v, NULL), OC_OK);
    atomic_store(&told, 1);
    pthread_join(thread, &wrong);
    assert_null(wrong);
    assert_int_equal(v.outcome, OC_SCHED_DROPPED);
    assert_int_equal(v.reason, OC_SCHED_DROP_LATE);
    assert_true(v.end_ns > due);
    assert_int_equal(ran, 0);
    check_counts(s, other);
    oc_sched_destroy(s);
}

typedef struct tally {
    pthread_mutex_t lock;
    pthread_cond_t  changed;
    int             done, dropped;
} tally;

static void told(void *ctx, const oc_sched_verdict *v, oc_status status, const oc_error *err)
{
    tally *t = ctx;
    (void)err;
    pthread_mutex_lock(&t->lock);
    t->done += v->outcome == OC_SCHED_DONE && status == OC_OK;
    t->dropped += v->outcome == OC_SCHED_DROPPED && v->reason == OC_SCHED_DROP_STOPPED;
    pthread_cond_signal(&t->changed);
    pthread_mutex_unlock(&t->lock);
}

static void submitted_jobs(void **state)
{
    (void)state;
    tally      t = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
    atomic_int ran = 0;
    oc_sched  *s = scheduler(2);
    uint32_t   net = network(s, (oc_sched_network_options){.name = "a"});
    for (int i = 0; i < 200; i++) {
        oc_sched_job job = {.network = net,
                            .cls = (oc_sched_class)(i % 3),
                            .release_ns = i % 2 ? oc_sched_now_ns(s) + 100000 : 0,
                            .fn = count_up,
                            .ctx = &ran};
        assert_int_equal(oc_sched_submit(s, &job, told, &t, NULL), OC_OK);
    }
    pthread_mutex_lock(&t.lock);
    while (t.done < 200)
        pthread_cond_wait(&t.changed, &t.lock);
    pthread_mutex_unlock(&t.lock);
    assert_int_equal(ran, 200);
    /* not before tomorrow: dropped when the scheduler goes */
    oc_sched_job later = {.network = net,
                          .release_ns = oc_sched_now_ns(s) + 86400000000000u,
                          .fn = count_up,
                          .ctx = &ran};
    for (int i = 0; i < 5; i++)
        assert_int_equal(oc_sched_submit(s, &later, told, &t, NULL), OC_OK);
    oc_sched_destroy(s);
    assert_int_equal(t.dropped, 5);
    assert_int_equal(ran, 200);
}

/* Jobs that are there together, and what they ran with. */
typedef struct member {
    tally      *t;
    const char *of; /* its group */
    unsigned    batch;
    bool        strangers;
} member;

static oc_status look_around(void *const *ctx, size_t n, const oc_sched_grant *grant, oc_error *err)
{
    (void)grant;
    (void)err;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < n; k++)
            if (((member *)ctx[i])->of != ((member *)ctx[k])->of)
                ((member *)ctx[i])->strangers = true;
    return OC_OK;
}

static void member_told(void *ctx, const oc_sched_verdict *v, oc_status status, const oc_error *err)
{
    member *m = ctx;
    m->batch = v->batch;
    told(m->t, v, status, err);
}

static void wait_for_done(tally *t, int n)
{
    pthread_mutex_lock(&t->lock);
    while (t->done < n)
        pthread_cond_wait(&t->changed, &t->lock);
    pthread_mutex_unlock(&t->lock);
}

static void jobs_that_come_together(void **state)
{
    (void)state;
    enum { N = 8 };
    static const char *groups[] = {"a", "b"};
    tally              t = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
    oc_sched          *s = scheduler(1);
    member             m[N];
    oc_sched_job       jobs[N];
    oc_sched_stats     stats;
    oc_error           err = {0};
    uint32_t           net =
        network(s, (oc_sched_network_options){.name = "a", .batch_max = 4, .instances = 1});
    assert_int_equal(oc_sched_reserve(s, net, N, NULL), OC_OK);
    for (int way = 0; way < 3; way++) { /* all alike; of two groups; of two classes */
        for (int i = 0; i < N; i++) {
            m[i] = (member){.t = &t, .of = groups[way == 1 ? i % 2 : 0]};
            jobs[i] = (oc_sched_job){.network = net,
                                     .cls = way == 2 && i < 3 ? OC_SCHED_CRITICAL : OC_SCHED_NORMAL,
                                     .batchable = true,
                                     .group = m[i].of,
                                     .fn = look_around,
                                     .ctx = &m[i]};
        }
        assert_int_equal(oc_sched_submit_many(s, jobs, N, member_told, NULL), OC_OK);
        wait_for_done(&t, N * (way + 1));
        for (int i = 0; i < N; i++) {
            assert_false(m[i].strangers);
            assert_int_equal(m[i].batch, way < 2 ? 4 : i < 3 ? 3 : i < 7 ? 4 : 1);
        }
    }
    assert_true(oc_sched_stats_get(s, net, OC_SCHED_CLASSES, &stats));
    assert_int_equal(stats.batches, 2 + 2 + 3);
    /* one that is not as it should be: none of them runs */
    jobs[N - 1].fn = NULL;
    assert_int_equal(oc_sched_submit_many(s, jobs, N, member_told, &err), OC_INVALID);
    assert_true(oc_sched_stats_get(s, net, OC_SCHED_CLASSES, &stats));
    assert_int_equal(stats.counts.submitted, 3 * N);
    assert_int_equal(stats.counts.done, 3 * N);
    oc_sched_unreserve(s, net, N);
    oc_sched_destroy(s);
    assert_int_equal(t.done, 3 * N);
}

typedef struct waiting {
    oc_sched        *s;
    uint32_t         net;
    oc_sched_verdict verdict;
} waiting;

static void *wait_for_tomorrow(void *arg)
{
    waiting     *w = arg;
    oc_sched_job job = {
        .network = w->net, .release_ns = oc_sched_now_ns(w->s) + 86400000000000u, .fn = count_up};
    return oc_sched_run(w->s, &job, &w->verdict, NULL) == OC_OK ? NULL : w;
}

static void stopped_with_jobs_waiting(void **state)
{
    (void)state;
    pthread_t      thread;
    oc_sched      *s = scheduler(1);
    waiting        w = {.s = s, .net = network(s, (oc_sched_network_options){.name = "s"})};
    oc_sched_stats stats = {0};
    void          *wrong;
    assert_int_equal(pthread_create(&thread, NULL, wait_for_tomorrow, &w), 0);
    while (stats.counts.waiting == 0) {
        oc_sched_stats_get(s, w.net, OC_SCHED_CLASSES, &stats);
        nap(100000);
    }
    oc_sched_destroy(s);
    pthread_join(thread, &wrong);
    assert_null(wrong);
    assert_int_equal(w.verdict.outcome, OC_SCHED_DROPPED);
    assert_int_equal(w.verdict.reason, OC_SCHED_DROP_STOPPED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_job),
        cmocka_unit_test(a_failure_is_the_callers),
        cmocka_unit_test(what_is_wrong_is_told),
        cmocka_unit_test(deadlines_that_are_over),
        cmocka_unit_test(never_more_than_the_cores),
        cmocka_unit_test(dropped_while_it_waits),
        cmocka_unit_test(submitted_jobs),
        cmocka_unit_test(jobs_that_come_together),
        cmocka_unit_test(stopped_with_jobs_waiting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
