/* What the data decide has a bound found at load: nothing is allocated in a run, and what has none is
 * refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ocellus/session.h"
#include "support/onnx_text.h"
#include "tools/alloc_count.h"

#define N 40
#define CLASSES 3
#define RUNS 60

enum { F32 = 1, I64 = 7, BOOL = 9 };

static void scalar_i64(pb *g, const char *name, int64_t v)
{
    onnx_tensor_raw(g, name, I64, 0, NULL, &v, sizeof(v));
}

static void list_i64(pb *g, const char *name, size_t n, const int64_t *v)
{
    const int64_t dim = (int64_t)n;
    onnx_tensor_raw(g, name, I64, 1, &dim, v, n * sizeof(*v));
}

static void scalar_f32(pb *g, const char *name, float v)
{
    onnx_tensor_raw(g, name, F32, 0, NULL, &v, sizeof(v));
}

static oc_model *load(pb *g)
{
    oc_model *model = NULL;
    oc_error  err = {0};
    pb       *m = onnx_model(g, 13);
    oc_status st = oc_model_load_memory("net", m->data, m->n, &model, &err);
    free(m);
    if (st != OC_OK)
        print_message("%s\n", err.message);
    assert_int_equal(st, OC_OK);
    return model;
}

static oc_status open_session(oc_model *model, bool allow, oc_session **s, oc_error *err)
{
    oc_session_options so = OC_SESSION_OPTIONS_INIT;
    so.allow_dynamic = allow;
    return oc_session_create(model, &so, s, err);
}

/* Boxes suppressed, those kept gathered, the best of them, what is over a threshold. */
static pb *detections(void)
{
    static const int64_t boxes[] = {1, N, 4}, scores[] = {1, CLASSES, N}, open2[] = {-1, 4};
    static const int64_t open1[] = {-1}, pairs[] = {-1, 3}, minus[] = {-1}, two[] = {2},
                         three[] = {3};
    static const int64_t four[] = {-1, 4};
    pb                  *g = pb_new();
    onnx_port(g, 11, "boxes", F32, 3, boxes);
    onnx_port(g, 11, "scores", F32, 3, scores);
    scalar_i64(g, "most", 7);
    scalar_f32(g, "iou", .4f);
    scalar_f32(g, "least", .3f);
    list_i64(g, "from2", 1, two);
    list_i64(g, "to3", 1, three);
    list_i64(g, "axis1", 1, (const int64_t[]){1});
    list_i64(g, "flat", 1, minus);
    list_i64(g, "rows", 2, four);
    onnx_node(g, "NonMaxSuppression", "boxes scores most iou least", "kept", NULL);
    onnx_node(g, "Slice", "kept from2 to3 axis1", "column", NULL);
    onnx_node(g, "Reshape", "column flat", "index", NULL);
    onnx_node(g, "Reshape", "boxes rows", "all", NULL);
    onnx_node(g, "Gather", "all index", "found", onnx_attr_int("axis", 0));
    onnx_node(g, "Reshape", "scores flat", "each", NULL);
    onnx_node(g, "Greater", "each least", "over", NULL);
    onnx_node(g, "Compress", "each over", "good", NULL);
    onnx_node(g, "Shape", "good", "n_good", NULL);
    list_i64(g, "five", 1, (const int64_t[]){5});
    onnx_node(g, "Min", "n_good five", "k", NULL);
    onnx_node(g, "TopK", "good k", "best best_at", NULL);
    onnx_node(g, "NonZero", "over", "where", NULL);
    onnx_node(g, "Unique", "index", "boxes_kept", NULL);
    onnx_port(g, 12, "kept", I64, 2, pairs);
    onnx_port(g, 12, "found", F32, 2, open2);
    onnx_port(g, 12, "best", F32, 1, open1);
    onnx_port(g, 12, "where", I64, 2, pairs);
    onnx_port(g, 12, "boxes_kept", I64, 1, open1);
    return g;
}

static float next(uint32_t *random)
{
    *random = *random * 1664525u + 1013904223u;
    return (float)(*random >> 8) / 16777216.0f;
}

/* With seeds of 0, 5, 10 ... nothing is over the threshold. */
static void fill(oc_session *s, uint32_t seed, oc_tensor_view *in)
{
    const oc_port *ports;
    size_t         n_in = oc_session_inputs(s, &ports), n;
    for (size_t i = 0; i < n_in; i++) {
        in[i] = (oc_tensor_view){ports[i].info, oc_session_input_buffer(s, i)};
        assert_true(oc_shape_elements(&ports[i].info.shape, &n));
        uint32_t random = seed * 77u + (uint32_t)i;
        float    scale = (float)(seed % 5) / 4.0f;
        for (size_t k = 0; k < n; k++)
            ((float *)in[i].data)[k] = next(&random) * (strcmp(ports[i].name, "boxes") ? scale : 1);
    }
}

static void check_most(oc_session *s, const oc_tensor_view *out, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        oc_tensor_info most;
        assert_true(oc_session_output_most(s, i, &most));
        assert_int_equal(most.dtype, out[i].info.dtype);
        assert_int_equal(most.shape.rank, out[i].info.shape.rank);
        for (uint32_t d = 0; d < most.shape.rank; d++)
            assert_true(out[i].info.shape.dim[d] <= most.shape.dim[d]);
    }
}

/* Every run after the session was made. */
static void allocate_nothing(oc_session *s)
{
    const oc_port *ports;
    oc_tensor_view in[4], out[8] = {{.data = NULL}};
    oc_error       err = {0};
    size_t         n_in = oc_session_inputs(s, &ports), n_out = oc_session_outputs(s, &ports);
    for (uint32_t run = 0; run < RUNS; run++) {
        fill(s, run, in);
        if (run % 2) /* else what the last run left */
            memset(out, 0, sizeof(out));
        size_t before = atomic_load(&alloc_count);
        atomic_store(&alloc_counting, true);
        oc_status st = oc_session_run(s, in, n_in, out, n_out, &err);
        atomic_store(&alloc_counting, false);
        if (st != OC_OK)
            print_message("%s\n", err.message);
        assert_int_equal(st, OC_OK);
        if (OC_ALLOC_COUNT && atomic_load(&alloc_count) != before)
            fail_msg("run %u allocates %zu times", run, atomic_load(&alloc_count) - before);
        check_most(s, out, n_out);
    }
}

static void expect_most(const oc_session *s, size_t i, const char *want)
{
    oc_tensor_info most;
    char           text[96];
    assert_true(oc_session_output_most(s, i, &most));
    assert_string_equal(oc_shape_text(&most.shape, text, sizeof(text)), want);
}

static void detections_have_bounds(void **state)
{
    oc_model   *model = load(detections());
    oc_session *s = NULL;
    oc_error    err = {0};
    (void)state;
    oc_status st = open_session(model, false, &s, &err);
    if (st != OC_OK)
        print_message("%s\n", err.message);
    assert_int_equal(st, OC_OK);
    expect_most(s, 0, "21x3"); /* 7 of each of 3 classes */
    expect_most(s, 1, "21x4");
    expect_most(s, 2, "5"); /* no more than five of the best */
    expect_most(s, 3, "1x120");
    expect_most(s, 4, "21");
    allocate_nothing(s);
    oc_session_destroy(s);
    oc_model_unref(model);
}

/* carried: x; a row per turn; the number of turns is that of elements over a threshold.  grows: the
 * carried value becomes longer in each turn. */
static pb *loop(bool grows, bool counted)
{
    static const int64_t four[] = {4}, open1[] = {-1}, rows[] = {-1, 4};
    pb                  *g = pb_new(), *body = pb_new(), *n = pb_new();
    onnx_port(body, 11, "i", I64, 0, NULL);
    onnx_port(body, 11, "go", BOOL, 0, NULL);
    onnx_port(body, 11, "state", F32, 1, grows ? open1 : four);
    onnx_node(body, "Identity", "go", "go_on", NULL);
    if (grows)
        onnx_node(body, "Concat", "state x", "next", onnx_attr_int("axis", 0));
    else
        onnx_node(body, "Add", "state x", "next", NULL);
    onnx_node(body, "Mul", "x x", "row", NULL);
    onnx_port(body, 12, "go_on", BOOL, 0, NULL);
    onnx_port(body, 12, "next", F32, 1, grows ? open1 : four);
    onnx_port(body, 12, "row", F32, 1, four);
    onnx_port(g, 11, "x", F32, 1, four);
    scalar_f32(g, "least", .3f);
    list_i64(g, "last", 1, (const int64_t[]){-1});
    onnx_node(g, "Greater", "x least", "over", NULL);
    onnx_node(g, "NonZero", "over", "where", NULL);
    onnx_node(g, "Size", "where", "turns", NULL);
    onnx_node(g, "Greater", "turns none", "any", NULL);
    scalar_i64(g, "none", 0);
    pb_text(n, 1, counted ? "turns" : "");
    pb_text(n, 1, "any");
    pb_text(n, 1, "x");
    pb_text(n, 2, "sum");
    pb_text(n, 2, "stack");
    pb_text(n, 3, "the loop");
    pb_text(n, 4, "Loop");
    pb_child(n, 5, onnx_attr_graph("body", body));
    pb_child(g, 1, n);
    onnx_port(g, 12, "sum", F32, 1, grows ? open1 : four);
    onnx_port(g, 12, "stack", F32, 2, rows);
    return g;
}

static void loops_have_bounds(void **state)
{
    oc_model   *model = load(loop(false, true));
    oc_session *s = NULL;
    oc_error    err = {0};
    (void)state;
    oc_status st = open_session(model, false, &s, &err);
    if (st != OC_OK)
        print_message("%s\n", err.message);
    assert_int_equal(st, OC_OK);
    expect_most(s, 0, "4");
    expect_most(s, 1, "4x4"); /* one row for each element at most */
    allocate_nothing(s);
    oc_session_destroy(s);
    oc_model_unref(model);
}

static void what_grows_a_little_has_a_bound(void **state)
{
    oc_model   *model = load(loop(true, true));
    oc_session *s = NULL;
    oc_error    err = {0};
    (void)state;
    assert_int_equal(open_session(model, false, &s, &err), OC_OK);
    expect_most(s, 0, "20"); /* 4, and 4 more in each of 4 turns */
    allocate_nothing(s);
    oc_session_destroy(s);
    oc_model_unref(model);
}

static void refused(pb *g, const char *part)
{
    oc_model      *model = load(g);
    oc_session    *s = NULL;
    oc_error       err = {0};
    oc_tensor_info most;
    oc_status      st = open_session(model, false, &s, &err);
    if (st != OC_UNSUPPORTED || !strstr(err.message, part) || !strstr(err.message, "allow_dynamic"))
        print_message("%s: %s\n", oc_status_name(st), err.message);
    assert_int_equal(st, OC_UNSUPPORTED);
    assert_non_null(strstr(err.message, part));
    assert_non_null(strstr(err.message, "allow_dynamic"));
    assert_null(s);
    assert_int_equal(open_session(model, true, &s, &err), OC_OK);
    assert_false(oc_session_output_most(s, 1, &most));
    oc_session_destroy(s);
    oc_model_unref(model);
}

static void without_a_bound_it_is_refused(void **state)
{
    (void)state;
    refused(loop(true, false),
            "node 'the loop' (Loop): what it carries from turn to turn may grow");
    refused(loop(false, false), "node 'the loop' (Loop): its number of turns has no limit");
}

/* One branch gives a row, the other two. */
static void branches_have_bounds(void **state)
{
    static const int64_t four[] = {4}, open1[] = {-1};
    pb                  *g = pb_new(), *one = pb_new(), *two = pb_new(), *n = pb_new();
    oc_session          *s = NULL;
    oc_error             err = {0};
    (void)state;
    onnx_node(one, "Neg", "x", "short", NULL);
    onnx_port(one, 12, "short", F32, 1, four);
    onnx_node(two, "Concat", "x x", "long", onnx_attr_int("axis", 0));
    onnx_port(two, 12, "long", F32, 1, open1);
    onnx_port(g, 11, "x", F32, 1, four);
    scalar_f32(g, "half", .5f);
    onnx_node(g, "ReduceMean", "x", "mean", onnx_attr_int("keepdims", 0));
    onnx_node(g, "Greater", "mean half", "yes", NULL);
    pb_text(n, 1, "yes");
    pb_text(n, 2, "either");
    pb_text(n, 4, "If");
    pb_child(n, 5, onnx_attr_graph("then_branch", one));
    pb_child(n, 5, onnx_attr_graph("else_branch", two));
    pb_child(g, 1, n);
    onnx_node(g, "Exp", "either", "y", NULL);
    onnx_port(g, 12, "y", F32, 1, open1);
    oc_model *model = load(g);
    assert_int_equal(open_session(model, false, &s, &err), OC_OK);
    expect_most(s, 0, "8");
    allocate_nothing(s);
    oc_session_destroy(s);
    oc_model_unref(model);
}

static void memory_is_known(void **state)
{
    oc_model          *model = load(detections());
    oc_session        *s = NULL;
    oc_error           err = {0};
    oc_session_options so = OC_SESSION_OPTIONS_INIT;
    oc_session_stats   stats = {.struct_size = sizeof(stats)};
    (void)state;
    assert_int_equal(open_session(model, false, &s, &err), OC_OK);
    oc_session_stats_get(s, &stats);
    assert_true(stats.arena_bytes > 21 * 3 * 8 + 21 * 4 * 4 + 120 * 8);
    oc_session_destroy(s);
    s = NULL;
    so.arena_bytes_max = 2048;
    assert_int_equal(oc_session_create(model, &so, &s, &err), OC_NOMEM);
    assert_non_null(strstr(err.message, "2048 are allowed"));
    oc_model_unref(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(detections_have_bounds),          cmocka_unit_test(loops_have_bounds),
        cmocka_unit_test(what_grows_a_little_has_a_bound), cmocka_unit_test(branches_have_bounds),
        cmocka_unit_test(without_a_bound_it_is_refused),   cmocka_unit_test(memory_is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
