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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_unit_once),
        cmocka_unit_test(several_callers),
        cmocka_unit_test(too_many_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
