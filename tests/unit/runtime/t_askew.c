/* Weights that lie misaligned in a file: their copies come and go, results stay. */
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

#include "onnx/askew.h"
#include "runtime/model.h"
#include "support/onnx_text.h"

#define SIDE 64
#define WEIGHT_BYTES ((size_t)SIDE * SIDE * sizeof(float))

/* ---- copies alone ---- */

static oc_askew_hold hold_of(oc_askew *a)
{
    oc_askew_hold hold;
    oc_error      err = {0};
    assert_int_equal(oc_askew_take(a, &hold, &err), OC_OK);
    return hold;
}

static void the_last_reader_gives_back(void **state)
{
    static unsigned char raw[3][20000];
    unsigned char       *copy[3];
    oc_askew            *a = NULL;
    oc_error             err = {0};
    (void)state;
    memset(raw, 7, sizeof(raw));
    assert_int_equal(oc_askew_create(&a, &err), OC_OK);
    for (int i = 0; i < 3; i++)
        assert_non_null(copy[i] = oc_askew_add(a, raw[i], sizeof(raw[i])));
    assert_int_equal(oc_askew_bytes(a), sizeof(raw));
    oc_askew_hold one = hold_of(a), two = hold_of(a);
    oc_askew_drop(&one, copy[1] + 100); /* inside */
    oc_askew_drop(&one, copy[1]);       /* twice counts once */
    oc_askew_drop(&one, raw);           /* no copy */
    assert_int_equal(oc_askew_bytes(a), sizeof(raw));
    oc_askew_drop(&two, copy[1]);
    assert_int_equal(oc_askew_bytes(a), sizeof(raw) - sizeof(raw[1]));
    assert_int_equal(copy[1][5], 0); /* its pages are gone */
    oc_askew_give_back(&one);
    assert_int_equal(oc_askew_bytes(a), sizeof(raw) - sizeof(raw[1]));
    oc_askew_hold three = hold_of(a);
    assert_memory_equal(copy[1], raw[1], sizeof(raw[1]));
    oc_askew_give_back(&two);
    assert_int_equal(oc_askew_bytes(a), sizeof(raw));
    oc_askew_give_back(&three);
    assert_int_equal(oc_askew_bytes(a), 0);
    oc_askew_destroy(a);
}

static void nothing_misaligned_is_fine(void **state)
{
    oc_askew_hold hold = hold_of(NULL);
    (void)state;
    oc_askew_drop(&hold, &hold);
    oc_askew_give_back(&hold);
    oc_askew_destroy(NULL);
}

/* ---- of a model ---- */

static const char *padded(const char *name, unsigned pad, char out[16])
{
    snprintf(out, 16, "%s%.*s", name, (int)pad, "____");
    return out;
}

/* Two weights, and a constant that every run reads; longer names move what comes behind them. */
static oc_model *model_of(unsigned pad)
{
    static const int64_t xdims[] = {1, SIDE, -1, SIDE}, wdims[] = {SIDE, SIDE, 1, 1};
    static const int64_t cdims[] = {1, SIDE, 1, SIDE};
    static float         w[2][SIDE * SIDE];
    oc_model            *model = NULL;
    oc_error             err = {0};
    pb                  *g = pb_new();
    char                 v[16], u[16], c[16], in[40];
    for (size_t k = 0; k < (size_t)SIDE * SIDE; k++) {
        w[0][k] = (float)(k * 37 % 101) / 800.0f - 0.0625f;
        w[1][k] = (float)(k * 53 % 103) / 800.0f - 0.0625f;
    }
    padded("v", pad % 4, v);
    padded("u", pad / 4 % 4, u);
    padded("c", pad / 16, c);
    onnx_port(g, 11, "x", 1, 4, xdims);
    onnx_tensor_raw(g, v, 1, 4, wdims, w[0], WEIGHT_BYTES);
    onnx_tensor_raw(g, u, 1, 4, wdims, w[1], WEIGHT_BYTES);
    onnx_tensor_raw(g, c, 1, 4, cdims, w[0], WEIGHT_BYTES);
    snprintf(in, sizeof(in), "x %s", v);
    onnx_node(g, "Conv", in, "y", NULL);
    snprintf(in, sizeof(in), "y %s", u);
    onnx_node(g, "Conv", in, "a", NULL);
    snprintf(in, sizeof(in), "a %s", c);
    onnx_node(g, "Mul", in, "z", NULL);
    onnx_port(g, 12, "z", 1, 4, xdims);
    pb *m = onnx_model(g, 13);
    if (oc_model_load_memory("net", m->data, m->n, &model, &err) != OC_OK)
        fail_msg("%s", err.message);
    free(m);
    return model;
}

/* One whose three tensors all lie misaligned. */
static oc_model *make_model(void)
{
    for (unsigned pad = 0; pad < 64; pad++) {
        oc_model *model = model_of(pad);
        if (oc_askew_bytes(oc_model_peek_askew(model)) == 3 * WEIGHT_BYTES)
            return model;
        oc_model_unref(model);
    }
    fail_msg("no name moves the tensors");
    return NULL;
}

static oc_session *session_of(oc_model *model)
{
    oc_port            shape = {.name = "x", .info = {OC_F32, {4, {1, SIDE, 3, SIDE}}}};
    oc_session_options o = OC_SESSION_OPTIONS_INIT;
    oc_session        *s = NULL;
    oc_error           err = {0};
    o.shapes = &shape;
    o.n_shapes = 1;
    if (oc_session_create(model, &o, &s, &err) != OC_OK)
        fail_msg("%s", err.message);
    return s;
}

/* The output, in the session's memory. */
static const float *run(oc_session *s, size_t *bytes)
{
    const oc_port *ports;
    oc_error       err = {0};
    assert_int_equal(oc_session_inputs(s, &ports), 1);
    oc_tensor_view in = {ports[0].info, oc_session_input_buffer(s, 0)}, out = {0};
    for (size_t k = 0; k < (size_t)3 * SIDE * SIDE; k++)
        ((float *)in.data)[k] = (float)(k * 7919 % 2003) / 1000.0f - 1.0f;
    assert_int_equal(oc_session_run(s, &in, 1, &out, 1, &err), OC_OK);
    assert_true(oc_tensor_bytes(&out.info, bytes));
    return out.data;
}

static void sessions_get_them_again(void **state)
{
    oc_model *model = make_model();
    oc_askew *askew = oc_model_peek_askew(model);
    size_t    bytes;
    (void)state;
    oc_session  *a = session_of(model);
    const float *first = run(a, &bytes);
    float       *kept = malloc(bytes);
    assert_non_null(kept);
    memcpy(kept, first, bytes);
    assert_int_equal(oc_askew_bytes(askew), WEIGHT_BYTES); /* c is read by every run */
    oc_session *b = session_of(model);
    assert_memory_equal(run(b, &bytes), kept, bytes);
    assert_memory_equal(run(a, &bytes), kept, bytes);
    oc_session_destroy(a);
    assert_memory_equal(run(b, &bytes), kept, bytes); /* c is still there */
    oc_session_destroy(b);
    assert_int_equal(oc_askew_bytes(askew), 0);
    oc_session *c = session_of(model);
    assert_memory_equal(run(c, &bytes), kept, bytes);
    oc_session_destroy(c);
    free(kept);
    oc_model_unref(model);
}

typedef struct user {
    oc_model    *model;
    const float *want;
    size_t       wrong;
} user;

static void *come_and_go(void *ctx)
{
    user *u = ctx;
    for (int i = 0; i < 8; i++) {
        size_t       bytes;
        oc_session  *s = session_of(u->model);
        const float *got = run(s, &bytes);
        u->wrong += memcmp(got, u->want, bytes) != 0;
        oc_session_destroy(s);
    }
    return NULL;
}

static void several_threads_come_and_go(void **state)
{
    oc_model   *model = make_model(), *apart = make_model();
    oc_session *s = session_of(apart);
    size_t      bytes;
    user        u[2] = {{.model = model, .want = run(s, &bytes)}};
    pthread_t   other;
    (void)state;
    u[1] = u[0];
    assert_int_equal(pthread_create(&other, NULL, come_and_go, &u[1]), 0);
    come_and_go(&u[0]);
    assert_int_equal(pthread_join(other, NULL), 0);
    assert_int_equal(u[0].wrong + u[1].wrong, 0);
    assert_int_equal(oc_askew_bytes(oc_model_peek_askew(model)), 0);
    oc_session_destroy(s);
    oc_model_unref(apart);
    oc_model_unref(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_reader_gives_back),
        cmocka_unit_test(nothing_misaligned_is_fine),
        cmocka_unit_test(sessions_get_them_again),
        cmocka_unit_test(several_threads_come_and_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
