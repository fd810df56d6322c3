/* Sessions of one model in several threads over one pool, and the same bits for any number of
 * threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ocellus/session.h"
#include "support/onnx_text.h"

#define CALLERS 3
#define RUNS 12
#define IN_FLOATS (16 * 30 * 34)
#define OUT_FLOATS (40 * 30 * 34)

static const int64_t x_shape[] = {1, 16, 30, 34};
static float         input[IN_FLOATS];

/* Winograd or direct, pointwise, elementwise, softmax over channels. */
static oc_model *network(void)
{
    static const int64_t w3[] = {24, 16, 3, 3}, w1[] = {40, 24, 1, 1}, one[] = {1, 1, 1, 1};
    static const int64_t y_shape[] = {1, 40, 30, 34};
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

static oc_status run(oc_model *model, oc_pool *pool, int times, float *y)
{
    oc_session_options o = OC_SESSION_OPTIONS_INIT;
    oc_session        *s = NULL;
    oc_tensor_view     in = {{OC_F32, {4, {1, 16, 30, 34}}}, input}, out = {.data = y};
    o.pool = pool;
    oc_status st = oc_session_create(model, &o, &s, NULL);
    for (int i = 0; i < times && st == OC_OK; i++)
        st = oc_session_run(s, &in, 1, &out, 1, NULL);
    oc_session_destroy(s);
    return st;
}

static void bits_do_not_depend_on_threads(void **state)
{
    static float want[OUT_FLOATS], got[OUT_FLOATS];
    oc_model    *model = network();
    (void)state;
    assert_int_equal(run(model, NULL, 1, want), OC_OK);
    for (unsigned n = 1; n <= 5; n++) {
        oc_pool *pool = NULL;
        assert_int_equal(oc_pool_create(n, &pool, NULL), OC_OK);
        memset(got, 0, sizeof(got));
        assert_int_equal(run(model, pool, 2, got), OC_OK);
        assert_memory_equal(got, want, sizeof(want));
        oc_pool_destroy(pool);
    }
    oc_model_unref(model);
}

typedef struct caller {
    oc_model *model;
    oc_pool  *pool;
    oc_status st;
    float     y[OUT_FLOATS];
} caller;

static void *call(void *arg)
{
    caller *c = arg;
    c->st = run(c->model, c->pool, RUNS, c->y);
    return NULL;
}

/* Threads of this process, as the kernel counts them. */
static unsigned threads_now(void)
{
    unsigned n = 0;
    char     line[128];
    FILE    *f = fopen("/proc/self/status", "r");
    while (f && fgets(line, sizeof(line), f))
        if (sscanf(line, "Threads: %u", &n) == 1)
            break;
    if (f)
        fclose(f);
    return n;
}

/* Each creates, runs and destroys a session of the one model: weights are shared, packed by whoever
 * comes, and nobody makes threads beside the pool's. */
static void callers_share_model_and_pool(void **state)
{
    static float  want[OUT_FLOATS];
    static caller c[CALLERS];
    pthread_t     t[CALLERS];
    oc_pool      *pool = NULL;
    oc_model     *model = network();
    (void)state;
    assert_int_equal(run(model, NULL, 1, want), OC_OK);
    unsigned before = threads_now();
    assert_int_equal(oc_pool_create(2, &pool, NULL), OC_OK);
    for (int i = 0; i < CALLERS; i++) {
        c[i].model = model;
        c[i].pool = pool;
        assert_int_equal(pthread_create(&t[i], NULL, call, &c[i]), 0);
    }
    assert_true(threads_now() <= before + 1 + CALLERS);
    for (int i = 0; i < CALLERS; i++) {
        assert_int_equal(pthread_join(t[i], NULL), 0);
        assert_int_equal(c[i].st, OC_OK);
        assert_memory_equal(c[i].y, want, sizeof(want));
    }
    oc_pool_destroy(pool);
    oc_model_unref(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bits_do_not_depend_on_threads),
        cmocka_unit_test(callers_share_model_and_pool),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
