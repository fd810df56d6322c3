#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "core/pool.h"

typedef struct marks {
    atomic_uint *seen;
    atomic_int  *busy; /* per worker: two ranges of one worker at once would show */
    atomic_bool  overlap, small;
    size_t       units, grain;
} marks;

static void mark(void *ctx, oc_range part, unsigned worker)
{
    marks *m = ctx;
    if (atomic_fetch_add(&m->busy[worker], 1) != 0)
        atomic_store(&m->overlap, true);
    if (part.end - part.begin < m->grain && part.end != m->units)
        atomic_store(&m->small, true);
    for (size_t i = part.begin; i < part.end; i++)
        atomic_fetch_add(&m->seen[i], 1);
    atomic_fetch_sub(&m->busy[worker], 1);
}

static void run_and_check(oc_pool *pool, size_t units, size_t grain)
{
    atomic_uint *seen = calloc(units + 1, sizeof(*seen));
    atomic_int   busy[64] = {0};
    marks        m = {.seen = seen, .busy = busy, .units = units, .grain = grain};
    assert_non_null(seen);
    oc_pool_run(pool, 0, units, grain, mark, &m);
    for (size_t i = 0; i < units; i++)
        assert_int_equal(atomic_load(&seen[i]), 1);
    assert_false(atomic_load(&m.overlap));
    assert_false(atomic_load(&m.small));
    free(seen);
}

static void every_unit_once(void **state)
{
    (void)state;
    for (unsigned threads = 1; threads <= 4; threads++) {
        oc_pool *pool;
        assert_int_equal(oc_pool_create(threads, &pool, NULL), OC_OK);
        assert_int_equal(oc_pool_threads(pool), threads);
        for (size_t units = 0; units < 70; units++)
            for (size_t grain = 1; grain < 9; grain += 3)
                run_and_check(pool, units, grain);
        run_and_check(pool, 100000, 7);
        oc_pool_destroy(pool);
    }
    run_and_check(NULL, 33, 4);
}

typedef struct caller {
    oc_pool *pool;
    uint64_t sum;
} caller;

static void add_up(void *ctx, oc_range part, unsigned worker)
{
    atomic_ullong *sum = ctx;
    (void)worker;
    for (size_t i = part.begin; i < part.end; i++)
        atomic_fetch_add(sum, i);
}

static void *call_often(void *arg)
{
    caller *c = arg;
    for (int i = 0; i < 500; i++) {
        atomic_ullong sum = 0;
        oc_pool_run(c->pool, 0, 100, 3, add_up, &sum);
        c->sum += atomic_load(&sum);
    }
    return NULL;
}

static void several_callers(void **state)
{
    caller    c[4];
    pthread_t t[4];
    oc_pool  *pool;
    (void)state;
    assert_int_equal(oc_pool_create(3, &pool, NULL), OC_OK);
    for (int i = 0; i < 4; i++) {
        c[i] = (caller){.pool = pool};
        assert_int_equal(pthread_create(&t[i], NULL, call_often, &c[i]), 0);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(t[i], NULL);
        assert_int_equal(c[i].sum, 500 * 4950);
    }
    oc_pool_destroy(pool);
}

static void too_many_threads(void **state)
{
    oc_error err;
    oc_pool *pool = NULL;
    (void)state;
    assert_int_equal(oc_pool_create(100000, &pool, &err), OC_INVALID);
    assert_null(pool);
    oc_pool_destroy(NULL);
}

/* ---- gates ---- */

typedef struct lender {
    oc_pool_gate    gate; /* first */
    pthread_mutex_t lock;
    pthread_cond_t  changed;
    atomic_bool     stop;
    atomic_int      waits;
} lender;

static void wait_for_cores(oc_pool_gate *gate, bool owner)
{
    lender *l = (lender *)gate;
    pthread_mutex_lock(&l->lock);
    if (owner && atomic_load(&gate->cores) == 0) {
        atomic_fetch_sub(&gate->using, 1);
        atomic_fetch_add(&l->waits, 1);
        while (atomic_load(&gate->cores) == 0)
            pthread_cond_wait(&l->changed, &l->lock);
        atomic_fetch_add(&gate->using, 1);
    }
    pthread_mutex_unlock(&l->lock);
}

static void *lend_and_take(void *arg)
{
    static const unsigned cores[] = {2, 0, 1, 3, 0, 3, 1, 2};
    lender               *l = arg;
    for (unsigned i = 0; !atomic_load(&l->stop); i++) {
        pthread_mutex_lock(&l->lock);
        atomic_store(&l->gate.cores, cores[i % 8]);
        atomic_store(&l->gate.ask, true);
        pthread_cond_signal(&l->changed);
        pthread_mutex_unlock(&l->lock);
        for (volatile unsigned k = 0; k < 20000; k++)
            ;
    }
    pthread_mutex_lock(&l->lock);
    atomic_store(&l->gate.cores, 1);
    pthread_cond_signal(&l->changed);
    pthread_mutex_unlock(&l->lock);
    return NULL;
}

typedef struct slow_marks {
    marks m;
    int   turns;
} slow_marks;

static void mark_slowly(void *ctx, oc_range part, unsigned worker)
{
    slow_marks *s = ctx;
    for (volatile size_t k = 0; k < (part.end - part.begin) * (size_t)s->turns; k++)
        ;
    mark(&s->m, part, worker);
}

static void run_slowly(oc_pool *pool, size_t units, size_t grain, int turns, double *unit_ns)
{
    atomic_uint *seen = calloc(units + 1, sizeof(*seen));
    atomic_int   busy[64] = {0};
    slow_marks   s = {.m = {.seen = seen, .busy = busy, .units = units, .grain = grain},
                      .turns = turns};
    assert_non_null(seen);
    oc_pool_run_paced(pool, 0, units, grain, mark_slowly, &s, unit_ns);
    for (size_t i = 0; i < units; i++)
        assert_int_equal(atomic_load(&seen[i]), 1);
    assert_false(atomic_load(&s.m.overlap));
    assert_false(atomic_load(&s.m.small));
    free(seen);
}

/* Every unit once, and no two ranges of one worker at once, whatever is lent and taken meanwhile. */
static void cores_come_and_go(void **state)
{
    (void)state;
    for (unsigned threads = 1; threads <= 4; threads++) {
        lender    l = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
        pthread_t other;
        oc_pool  *pool;
        double    pace = 0, none = 0;
        l.gate.yield = wait_for_cores;
        atomic_store(&l.gate.cores, 1);
        atomic_store(&l.gate.using, 1);
        assert_int_equal(oc_pool_create(threads, &pool, NULL), OC_OK);
        assert_null(oc_pool_gate_set(&l.gate));
        assert_int_equal(pthread_create(&other, NULL, lend_and_take, &l), 0);
        for (size_t i = 0; i < 30 || atomic_load(&l.waits) == 0; i++) {
            run_slowly(pool, 400 + i, 1 + i % 7, 2000, i % 2 ? NULL : &pace);
            run_slowly(pool, 30 + i, 3, 10, &none);
            oc_pool_yield();
        }
        atomic_store(&l.stop, true);
        pthread_join(other, NULL);
        assert_ptr_equal(oc_pool_gate_set(NULL), &l.gate);
        assert_true(pace > 0);
        assert_int_equal(atomic_load(&l.gate.using), 1);
        assert_true(atomic_load(&l.gate.longest_ns) > 0);
        oc_pool_destroy(pool);
    }
}

static void count_ranges(void *ctx, oc_range part, unsigned worker)
{
    (void)part;
    (void)worker;
    for (volatile int k = 0; k < 3000000; k++)
        ;
    atomic_fetch_add((atomic_int *)ctx, 1);
}

static void never_asked(oc_pool_gate *gate, bool owner)
{
    (void)gate;
    (void)owner;
    fail_msg("nobody asked for cores");
}

/* On one core, too, what is long is done in pieces, and what is known to be short in one. */
static void long_work_is_cut(void **state)
{
    oc_pool_gate gate = {.yield = never_asked};
    atomic_int   ranges = 0;
    double       pace = 0;
    (void)state;
    atomic_store(&gate.cores, 1);
    atomic_store(&gate.using, 1);
    oc_pool_gate_set(&gate);
    oc_pool_run_paced(NULL, 0, 16, 1, count_ranges, &ranges, &pace);
    assert_in_range(ranges, 2, 16);
    pace = 10;
    ranges = 0;
    oc_pool_run_paced(NULL, 0, 16, 1, count_ranges, &ranges, &pace);
    assert_int_equal(ranges, 1);
    oc_pool_gate_set(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_unit_once),  cmocka_unit_test(several_callers),
        cmocka_unit_test(too_many_threads), cmocka_unit_test(cores_come_and_go),
        cmocka_unit_test(long_work_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
