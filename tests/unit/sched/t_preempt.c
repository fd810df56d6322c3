/* A network in class slack that is preempted all the time gives the bits that it gives alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sched/sched.h"
#include "support/onnx_text.h"

#define RUNS 12
#define RUNS_MOST 5000 /* until one is preempted: others want the core all the time */
#define ROWS 90
#define COLUMNS 102
#define IN_FLOATS (16 * ROWS * COLUMNS)
#define OUT_FLOATS (40 * ROWS * COLUMNS)

static const int64_t x_shape[] = {1, 16, ROWS, COLUMNS};
static float         input[IN_FLOATS];

/* Winograd or direct, pointwise, elementwise, softmax over channels. */
static oc_model *network(void)
{
    static const int64_t w3[] = {24, 16, 3, 3}, w1[] = {40, 24, 1, 1}, one[] = {1, 1, 1, 1};
    static const int64_t y_shape[] = {1, 40, ROWS, COLUMNS};
    static float         w[24 * 16 * 9];
    oc_model            *model = NULL;
    oc_error             err = {0};
    pb                  *g = pb_new();
    for (size_t i = 0; i < sizeof(w) / sizeof(w[0]); i++)
        w[i] = (float)((i * 37) % 101) / 101.0f - 0.5f;
    for (size_t i = 0; i < IN_FLOATS; i++)
        input[i] = (float)((i * 7919) % 2003) / 1000.0f - 1.0f;
    onnx_port(g, 11, "x", 1, 4, x_shape);
    onnx_tensor_raw(g, "w3", 1, 4, w3, w, 24 * 16 * 9 * 4);
    onnx_tensor_raw(g, "w1", 1, 4, w1, w, 40 * 24 * 4);
    onnx_node(g, "Conv", "x w3", "a", onnx_attr_ints("pads", 4, one));
    onnx_node(g, "HardSwish", "a", "b", NULL);
    onnx_node(g, "Conv", "b w1", "c", NULL);
    onnx_node(g, "Softmax", "c", "y", onnx_attr_int("axis", 1));
    onnx_port(g, 12, "y", 1, 4, y_shape);
    pb *m = onnx_model(g, 14);
    if (oc_model_load_memory("net", m->data, m->n, &model, &err) != OC_OK)
        fail_msg("%s", err.message);
    free(m);
    return model;
}

static oc_session *session(oc_model *model, oc_pool *pool)
{
    oc_session_options o = OC_SESSION_OPTIONS_INIT;
    oc_session        *s = NULL;
    o.pool = pool;
    assert_int_equal(oc_session_create(model, &o, &s, NULL), OC_OK);
    return s;
}

typedef struct big_job {
    oc_session *session;
    float      *y;
} big_job;

static oc_status run(void *const *ctx, size_t n, const oc_sched_grant *grant, oc_error *err)
{
    const big_job *j = ctx[0];
    oc_tensor_view in = {{OC_F32, {4, {1, 16, ROWS, COLUMNS}}}, input}, out = {.data = j->y};
    (void)n;
    (void)grant;
    return oc_session_run(j->session, &in, 1, &out, 1, err);
}

static oc_status brief(void *const *ctx, size_t n, const oc_sched_grant *grant, oc_error *err)
{
    (void)ctx;
    (void)n;
    (void)grant;
    (void)err;
    for (volatile int i = 0; i < 20000; i++)
        ;
    return OC_OK;
}

typedef struct urgent {
    oc_sched   *sched;
    uint32_t    network;
    atomic_bool stop;
} urgent;

static void *be_urgent(void *arg)
{
    urgent *u = arg;
    while (!atomic_load(&u->stop)) {
        oc_sched_job job = {.network = u->network, .fn = brief};
        if (oc_sched_run(u->sched, &job, NULL, NULL) != OC_OK)
            return u;
        nanosleep(&(struct timespec){.tv_nsec = 300000}, NULL);
    }
    return NULL;
}

static void preempted(oc_model *model, unsigned cores, const float *want)
{
    static float             got[OUT_FLOATS];
    oc_pool                 *pool;
    pthread_t                other[2];
    uint32_t                 big;
    oc_sched_stats           stats;
    void                    *wrong;
    urgent                   u = {0};
    oc_sched_network_options slow = {.name = "slow"}, quick = {.name = "quick", .cores_max = 1};
    assert_int_equal(oc_pool_create(cores, &pool, NULL), OC_OK);
    assert_int_equal(oc_sched_create(&(oc_sched_options){.pool = pool}, &u.sched, NULL), OC_OK);
    assert_int_equal(oc_sched_network_add(u.sched, &slow, &big, NULL), OC_OK);
    assert_int_equal(oc_sched_network_add(u.sched, &quick, &u.network, NULL), OC_OK);
    big_job      j = {session(model, pool), got};
    oc_sched_job job = {.network = big, .cls = OC_SCHED_SLACK, .fn = run, .ctx = &j};
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&other[i], NULL, be_urgent, &u), 0);
    do {
        memset(got, 0, sizeof(got));
        assert_int_equal(oc_sched_run(u.sched, &job, NULL, NULL), OC_OK);
        assert_memory_equal(got, want, sizeof(got));
        oc_sched_stats_get(u.sched, big, OC_SCHED_SLACK, &stats);
        if (stats.counts.done >= RUNS_MOST)
            fail_msg("%u cores: not preempted in %d runs", cores, RUNS_MOST);
    } while (stats.counts.done < RUNS || (cores == 1 && stats.counts.preempted == 0));
    atomic_store(&u.stop, true);
    for (int i = 0; i < 2; i++) {
        pthread_join(other[i], &wrong);
        assert_null(wrong);
    }
    oc_session_destroy(j.session);
    oc_sched_destroy(u.sched);
    oc_pool_destroy(pool);
}

static void bits_do_not_depend_on_who_else_runs(void **state)
{
    static float want[OUT_FLOATS];
    oc_model    *model = network();
    oc_session  *s = session(model, NULL);
    big_job      alone = {s, want};
    void        *ctx = &alone;
    (void)state;
    assert_int_equal(run(&ctx, 1, NULL, NULL), OC_OK);
    oc_session_destroy(s);
    for (unsigned cores = 1; cores <= 3; cores++)
        preempted(model, cores, want);
    oc_model_unref(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bits_do_not_depend_on_who_else_runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
