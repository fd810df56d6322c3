#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <string.h>

#include "ocellus/session.h"
#include "support/onnx_text.h"
#include "tools/alloc_count.h"

static const int64_t open_shape[] = {-1, 8, -1, -1}, wdims[] = {16, 8, 3, 3};

/* conv -> relu -> (conv + residual) -> concat -> softmax: all kinds of memory use */
static oc_model *network(void)
{
    static const int64_t w2[] = {16, 16, 1, 1}, one[] = {1, 1, 1, 1};
    static float         w[16 * 16 * 9];
    oc_model            *model;
    oc_error             err = {0};
    pb                  *g = pb_new();
    for (size_t i = 0; i < sizeof(w) / sizeof(w[0]); i++)
        w[i] = (float)((i * 37) % 101) / 101.0f - 0.5f;
    onnx_port(g, 11, "x", 1, 4, open_shape);
    onnx_tensor_raw(g, "w", 1, 4, wdims, w, 16 * 8 * 9 * 4);
    onnx_tensor_raw(g, "w2", 1, 4, w2, w, 16 * 16 * 4);
    onnx_node(g, "Conv", "x w", "a", onnx_attr_ints("pads", 4, one));
    onnx_node(g, "Relu", "a", "b", NULL);
    onnx_node(g, "Conv", "b w2", "c", NULL);
    onnx_node(g, "Add", "c b", "d", NULL);
    onnx_node(g, "Concat", "d b", "e", onnx_attr_int("axis", 1));
    onnx_node(g, "Softmax", "e", "y", onnx_attr_int("axis", 1));
    onnx_port(g, 12, "y", 1, 4, open_shape);
    pb       *m = onnx_model(g, 13);
    oc_status st = oc_model_load_memory("net", m->data, m->n, &model, &err);
    if (st != OC_OK)
        print_message("%s\n", err.message);
    assert_int_equal(st, OC_OK);
    free(m);
    return model;
}

static oc_port shape_of(int64_t n, int64_t c, int64_t h, int64_t w)
{
    return (oc_port){.name = "x", .info = {OC_F32, {4, {n, c, h, w}}}};
}

static oc_session *session(oc_model *model, oc_pool *pool, const oc_port *shape)
{
    oc_session_options so = OC_SESSION_OPTIONS_INIT;
    oc_session        *s;
    oc_error           err = {0};
    so.pool = pool;
    so.shapes = shape;
    so.n_shapes = 1;
    assert_int_equal(oc_session_create(model, &so, &s, &err), OC_OK);
    return s;
}

static void fill(float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] = (float)((i * 7919) % 2003) / 1000.0f - 1.0f;
}

static void refuse(oc_model *model, const oc_session_options *so, oc_status want, const char *part)
{
    oc_session *s = NULL;
    oc_error    err = {0};
    assert_int_equal(oc_session_create(model, so, &s, &err), want);
    assert_null(s);
    if (!strstr(err.message, part))
        fail_msg("'%s' does not tell '%s'", err.message, part);
}

static void shapes_must_be_bound_and_fit(void **state)
{
    oc_model          *m = network();
    oc_session_options so = OC_SESSION_OPTIONS_INIT;
    oc_port            port;
    (void)state;
    refuse(m, &so, OC_INVALID, "must be bound");
    so.shapes = &port;
    so.n_shapes = 1;
    port = shape_of(1, 9, 10, 10);
    refuse(m, &so, OC_INVALID, "cannot be 1x9x10x10");
    port = shape_of(1, 8, 10, 10);
    port.name = "z";
    refuse(m, &so, OC_INVALID, "no input 'z'");
    port = shape_of(1, 8, 10, INT64_MAX / 4);
    refuse(m, &so, OC_INVALID, "too large");
    port = shape_of(1, 8, 1 << 20, 1 << 12);
    refuse(m, &so, OC_NOMEM, "");
    port = shape_of(1, 8, 64, 64);
    so.arena_bytes_max = 1000;
    refuse(m, &so, OC_NOMEM, "1000 are allowed");
    so.arena_bytes_max = 0;
    so.isa = "abacus";
    refuse(m, &so, OC_INVALID, "abacus");
    so.isa = NULL;
    so.backend = "moon";
    refuse(m, &so, OC_NOT_FOUND, "moon");
    so.backend = NULL;
    so.struct_size = 3;
    refuse(m, &so, OC_INVALID, "struct_size");
    oc_model_unref(m);
}

static void inputs_are_checked(void **state)
{
    oc_model      *m = network();
    oc_port        port = shape_of(1, 8, 6, 6);
    oc_session    *s = session(m, NULL, &port);
    float          x[8 * 36] = {0};
    oc_tensor_view in = {.info = port.info, .data = x}, out = {0};
    oc_error       err = {0};
    (void)state;
    assert_int_equal(oc_session_run(s, &in, 0, &out, 1, &err), OC_INVALID);
    in.info.dtype = OC_U8;
    assert_int_equal(oc_session_run(s, &in, 1, &out, 1, &err), OC_INVALID);
    assert_non_null(strstr(err.message, "uint8"));
    in.info.dtype = OC_F32;
    in.info.shape.dim[3] = 7;
    assert_int_equal(oc_session_run(s, &in, 1, &out, 1, &err), OC_INVALID);
    in.info = port.info;
    in.data = NULL;
    assert_int_equal(oc_session_run(s, &in, 1, &out, 1, &err), OC_INVALID);
    oc_session_destroy(s);
    oc_session_destroy(NULL);
    oc_model_unref(m);
}

static void threads_give_the_same_bits(void **state)
{
    enum { N = 2 * 8 * 31 * 29, M = 2 * 32 * 31 * 29 };
    static float x[N], want[M], got[M];
    oc_model    *m = network();
    oc_port      port = shape_of(2, 8, 31, 29);
    (void)state;
    fill(x, N);
    for (unsigned threads = 1; threads <= 4; threads++) {
        oc_pool *pool;
        assert_int_equal(oc_pool_create(threads, &pool, NULL), OC_OK);
        oc_session    *s = session(m, pool, &port);
        oc_tensor_view in = {.info = port.info, .data = x};
        oc_tensor_view out = {.data = threads == 1 ? want : got};
        assert_int_equal(oc_session_run(s, &in, 1, &out, 1, NULL), OC_OK);
        assert_int_equal(out.info.shape.dim[1], 32);
        if (threads > 1)
            assert_memory_equal(want, got, sizeof(want));
        oc_session_destroy(s);
        oc_pool_destroy(pool);
    }
    oc_model_unref(m);
}

static void runs_allocate_nothing(void **state)
{
    static float x[8 * 30 * 30];
    (void)state;
    if (!OC_ALLOC_COUNT)
        skip();
    oc_model *m = network();
    oc_port   port = shape_of(1, 8, 30, 30);
    oc_pool  *pool;
    fill(x, sizeof(x) / sizeof(x[0]));
    assert_int_equal(oc_pool_create(2, &pool, NULL), OC_OK);
    oc_session    *s = session(m, pool, &port);
    oc_tensor_view in = {.info = port.info, .data = x};
    unsigned long  before = 0;
    for (int i = 0; i < 20; i++) {
        oc_tensor_view out = {0};
        if (i == 0) {
            before = atomic_load(&alloc_count);
            atomic_store(&alloc_counting, true);
        }
        assert_int_equal(oc_session_run(s, &in, 1, &out, 1, NULL), OC_OK);
    }
    atomic_store(&alloc_counting, false);
    assert_int_equal(atomic_load(&alloc_count), before);
    oc_session_destroy(s);
    oc_pool_destroy(pool);
    oc_model_unref(m);
}

typedef struct user {
    oc_session *session;
    const void *x, *want;
    oc_port     port;
    size_t      bytes;
    bool        same;
} user;

static void *use(void *arg)
{
    user *u = arg;
    u->same = true;
    for (int i = 0; i < 60; i++) {
        oc_tensor_view in = {.info = u->port.info, .data = (void *)(uintptr_t)u->x}, out = {0};
        if (oc_session_run(u->session, &in, 1, &out, 1, NULL) != OC_OK ||
            memcmp(out.data, u->want, u->bytes) != 0)
            u->same = false;
    }
    return NULL;
}

/* Several sessions of one model, each from a thread of its own, over one pool. */
static void sessions_share_model_and_pool(void **state)
{
    enum { N = 8 * 20 * 20, M = 32 * 20 * 20 };
    static float x[N], want[M];
    oc_model    *m = network();
    oc_pool     *pool;
    user         u[3];
    pthread_t    t[3];
    (void)state;
    fill(x, N);
    assert_int_equal(oc_pool_create(3, &pool, NULL), OC_OK);
    for (int i = 0; i < 3; i++) {
        u[i] = (user){.x = x, .want = want, .bytes = sizeof(want), .port = shape_of(1, 8, 20, 20)};
        u[i].session = session(m, pool, &u[i].port);
    }
    oc_tensor_view in = {.info = u[0].port.info, .data = x}, out = {.data = want};
    assert_int_equal(oc_session_run(u[0].session, &in, 1, &out, 1, NULL), OC_OK);
    oc_model_unref(m); /* the sessions keep it */
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&t[i], NULL, use, &u[i]), 0);
    for (int i = 0; i < 3; i++) {
        pthread_join(t[i], NULL);
        assert_true(u[i].same);
        oc_session_destroy(u[i].session);
    }
    oc_pool_destroy(pool);
}

/* An output that is an input, or a constant, or a view of an input. */
static void outputs_that_nothing_computes(void **state)
{
    static const int64_t d[] = {2, 3}, shape[] = {3, 2}, two[] = {2};
    static const float   c[] = {1, 2, 3, 4, 5, 6};
    float                x[] = {10, 20, 30, 40, 50, 60};
    oc_model            *m;
    oc_session          *s;
    oc_error             err = {0};
    pb                  *g = pb_new();
    (void)state;
    onnx_port(g, 11, "x", 1, 2, d);
    onnx_tensor_raw(g, "c", 1, 2, d, c, sizeof(c));
    onnx_tensor_raw(g, "shape", 7, 1, two, shape, sizeof(shape));
    onnx_node(g, "Reshape", "x shape", "r", NULL);
    onnx_port(g, 12, "x", 1, 2, d);
    onnx_port(g, 12, "c", 1, 2, d);
    onnx_port(g, 12, "r", 1, 2, shape);
    pb *model = onnx_model(g, 13);
    assert_int_equal(oc_model_load_memory("io", model->data, model->n, &m, &err), OC_OK);
    free(model);
    assert_int_equal(oc_session_create(m, NULL, &s, &err), OC_OK);
    oc_tensor_view in = {.info = {OC_F32, {2, {2, 3}}}, .data = x}, out[3] = {{.data = NULL}};
    assert_int_equal(oc_session_run(s, &in, 1, out, 3, &err), OC_OK);
    assert_memory_equal(out[0].data, x, sizeof(x));
    assert_memory_equal(out[1].data, c, sizeof(c));
    assert_memory_equal(out[2].data, x, sizeof(x));
    assert_int_equal(out[2].info.shape.dim[0], 3);
    oc_session_destroy(s);
    oc_model_unref(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shapes_must_be_bound_and_fit),
        cmocka_unit_test(inputs_are_checked),
        cmocka_unit_test(threads_give_the_same_bits),
        cmocka_unit_test(runs_allocate_nothing),
        cmocka_unit_test(sessions_share_model_and_pool),
        cmocka_unit_test(outputs_that_nothing_computes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
