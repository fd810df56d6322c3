/* Each pass: what it leaves of a small network, and that the numbers stay. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "runtime/prepare.h"
#include "support/onnx_text.h"

#define C 12
#define H 9
#define W 7

static const int64_t dx[] = {1, C, H, W};

static float number(unsigned *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return (float)(int)(*seed >> 16 & 0x3ff) / 256.0f - 2.0f;
}

static void weights(pb *g, const char *name, int rank, const int64_t *dims, float scale)
{
    static float data[8192];
    unsigned     seed = (unsigned)strlen(name) * 977 + (unsigned char)name[0];
    size_t       n = 1;
    for (int i = 0; i < rank; i++)
        n *= (size_t)dims[i];
    assert_true(n <= 8192);
    for (size_t i = 0; i < n; i++)
        data[i] = number(&seed) * scale;
    onnx_tensor_raw(g, name, 1, rank, dims, data, n * sizeof(float));
}

static void scalar(pb *g, const char *name, float value)
{
    onnx_tensor_raw(g, name, 1, 0, NULL, &value, sizeof(value));
}

static pb *begin(void)
{
    pb *g = pb_new();
    onnx_port(g, 11, "x", 1, 4, dx);
    return g;
}

static oc_model *finish(pb *g, int rank, const int64_t *dims)
{
    oc_model *model = NULL;
    oc_error  err = {0};
    onnx_port(g, 12, "y", 1, rank, dims);
    pb       *m = onnx_model(g, 13);
    oc_status st = oc_model_load_memory("test", m->data, m->n, &model, &err);
    if (st != OC_OK)
        print_message("%s\n", err.message);
    assert_int_equal(st, OC_OK);
    free(m);
    return model;
}

static void run(oc_model *model, bool no_fusion, const char *isa, unsigned threads, float *out,
                size_t n)
{
    oc_session_options so = OC_SESSION_OPTIONS_INIT;
    oc_session        *s;
    oc_error           err = {0};
    float              x[C * H * W];
    unsigned           seed = 3;
    for (size_t i = 0; i < C * H * W; i++)
        x[i] = number(&seed);
    so.no_fusion = no_fusion;
    so.isa = isa;
    assert_int_equal(oc_pool_create(threads, &so.pool, &err), OC_OK);
    oc_status st = oc_session_create(model, &so, &s, &err);
    if (st != OC_OK)
        print_message("%s\n", err.message);
    assert_int_equal(st, OC_OK);
    oc_tensor_view in = {.info = {OC_F32, {4, {1, C, H, W}}}, .data = x}, y = {0};
    assert_int_equal(oc_session_run(s, &in, 1, &y, 1, &err), OC_OK);
    size_t have;
    assert_true(oc_shape_elements(&y.info.shape, &have) && have == n);
    memcpy(out, y.data, n * sizeof(float));
    oc_session_destroy(s);
    oc_pool_destroy(so.pool);
}

/* Plain, fused, without SIMD, with threads: the same numbers; returns the fused graph, whose names and
 * constants live in the model: that is held until the next one comes. */
static oc_graph *check(oc_model *model, size_t n)
{
    static oc_model *held;
    static float     plain[8192], fused[8192];
    oc_error         err = {0};
    oc_graph        *g = NULL;
    assert_true(n <= 8192);
    run(model, true, "ref", 1, plain, n);
    float top = 0;
    for (size_t i = 0; i < n; i++)
        top = fmaxf(top, fabsf(plain[i]));
    assert_true(top > 0);
    const char *isas[] = {"ref", NULL};
    for (unsigned k = 0; k < 4; k++) {
        run(model, false, isas[k % 2], k < 2 ? 1 : 3, fused, n);
        for (size_t i = 0; i < n; i++)
            if (!(fabsf(fused[i] - plain[i]) <= 2e-5f * top))
                fail_msg("element %zu is %g, plain %g", i, (double)fused[i], (double)plain[i]);
    }
    oc_session_options so = OC_SESSION_OPTIONS_INIT;
    assert_int_equal(oc_prepare_graph(model, &so, true, NULL, NULL, &g, &err), OC_OK);
    assert_int_equal(oc_graph_verify(g, &err), OC_OK);
    oc_model_unref(held);
    held = model;
    return g;
}

static unsigned count(const oc_graph *g, const char *op)
{
    unsigned n = 0;
    for (uint32_t i = 0; i < g->n_nodes; i++)
        n += strcmp(g->nodes[i].op_type, op) == 0;
    return n;
}

static const oc_node *first(const oc_graph *g, const char *op)
{
    for (uint32_t i = 0; i < g->n_nodes; i++)
        if (strcmp(g->nodes[i].op_type, op) == 0)
            return &g->nodes[i];
    fail_msg("no %s left", op);
    return NULL;
}

static pb *pads(int64_t p)
{
    const int64_t v[] = {p, p, p, p};
    return onnx_attr_ints("pads", 4, v);
}

static const int64_t dw[] = {C, C, 3, 3}, db[] = {C}, dc[] = {1, C, 1, 1}, dc3[] = {C, 1, 1};

static void scales_go_into_weights(void **state)
{
    (void)state;
    pb *g = begin();
    weights(g, "w", 4, dw, 0.1f);
    weights(g, "b", 1, db, 1);
    weights(g, "scale", 4, dc, 1);
    weights(g, "shift3", 3, dc3, 1);
    for (int i = 0; i < 4; i++) {
        const char *names[] = {"gamma", "beta1", "mean11", "var111"};
        float       v[C];
        unsigned    seed = (unsigned)i;
        for (int k = 0; k < C; k++)
            v[k] = i == 3 ? fabsf(number(&seed)) + 0.5f : number(&seed);
        onnx_tensor_raw(g, names[i], 1, 1, db, v, sizeof(v));
    }
    scalar(g, "two", 2);
    onnx_node(g, "Conv", "x w b", "a", pads(1));
    onnx_node(g, "BatchNormalization", "a gamma beta1 mean11 var111", "n", NULL);
    onnx_node(g, "Mul", "n scale", "s", NULL);
    onnx_node(g, "Add", "shift3 s", "t", NULL);
    onnx_node(g, "Div", "t two", "u", NULL);
    onnx_node(g, "Relu", "u", "y", NULL);
    oc_graph *r = check(finish(g, 4, dx), C * H * W);
    assert_int_equal(r->n_nodes - count(r, "Reorder"), 1);
    assert_int_equal(first(r, "Conv")->act.kind, OC_ACT_RELU);
    oc_graph_destroy(r);
}

static void scales_before_a_convolution_go_into_it(void **state)
{
    static const int64_t grouped[] = {C, C / 3, 1, 1};
    (void)state;
    for (int padded = 0; padded < 2; padded++) {
        pb *g = begin(), *n = pb_new();
        weights(g, "w", 4, padded ? dw : grouped, 0.1f);
        weights(g, "scale", 4, dc, 1);
        weights(g, "b", 1, db, 1);
        scalar(g, "t", 0.75f);
        onnx_node(g, "Tanh", "x", "a", NULL);
        onnx_node(g, "Mul", "a scale", "m", NULL);
        onnx_node(g, "Add", "t m", "s", NULL);
        pb_text(n, 1, "s");
        pb_text(n, 1, "w");
        pb_text(n, 1, "b");
        pb_text(n, 2, "y");
        pb_text(n, 4, "Conv");
        if (padded)
            pb_child(n, 5, pads(1));
        else
            pb_child(n, 5, onnx_attr_int("group", 3));
        pb_child(g, 1, n);
        oc_graph *r = check(finish(g, 4, dx), C * H * W);
        assert_int_equal(count(r, "Mul"), 0);
        assert_int_equal(count(r, "Add"), padded);
        oc_graph_destroy(r);
    }
}

static void transposed_convolution_takes_scales(void **state)
{
    const int64_t wt[] = {C, 3, 2, 2}, out[] = {1, 6, 2 * H, 2 * W}, six[] = {1, 6, 1, 1};
    const int64_t two[] = {2, 2};
    (void)state;
    pb *g = begin(), *a = onnx_attr_ints("strides", 2, two), *n = pb_new();
    weights(g, "w", 4, wt, 0.2f);
    weights(g, "scale", 4, six, 1);
    pb_text(n, 1, "x");
    pb_text(n, 1, "w");
    pb_text(n, 2, "a");
    pb_text(n, 4, "ConvTranspose");
    pb_child(n, 5, a);
    pb_child(n, 5, onnx_attr_int("group", 2));
    pb_child(g, 1, n);
    onnx_node(g, "Mul", "a scale", "y", NULL);
    oc_graph *r = check(finish(g, 4, out), 6 * 4 * H * W);
    assert_int_equal(count(r, "Mul"), 0);
    oc_graph_destroy(r);
}

static void activations_are_recognised(void **state)
{
    static const struct {
        const char *steps[5][3]; /* op, inputs, output */
        oc_act_kind kind;
    } cases[] = {
        {{{"Sigmoid", "a", "s"}, {"Mul", "a s", "y"}}, OC_ACT_SILU},
        {{{"Sigmoid", "a", "s"}, {"Mul", "s a", "y"}}, OC_ACT_SILU},
        {{{"Add", "a three", "p"},
          {"Clip", "p zero six", "c"},
          {"Mul", "a c", "m"},
          {"Div", "m six", "y"}},
         OC_ACT_HARDSWISH},
        {{{"Add", "three a", "p"},
          {"Clip", "p zero six", "c"},
          {"Div", "c six", "d"},
          {"Mul", "d a", "y"}},
         OC_ACT_HARDSWISH},
        {{{"Add", "three a", "p"}, {"Clip", "p zero six", "c"}, {"Mul", "c sixth", "y"}},
         OC_ACT_HARDSIGMOID},
        {{{"Softplus", "a", "p"}, {"Tanh", "p", "t"}, {"Mul", "t a", "y"}}, OC_ACT_MISH},
        {{{"Div", "a sqrt2", "d"},
          {"Erf", "d", "e"},
          {"Add", "e one", "f"},
          {"Mul", "a f", "m"},
          {"Mul", "m half", "y"}},
         OC_ACT_GELU},
        {{{"Clip", "a zero six", "y"}}, OC_ACT_CLIP},
        {{{"LeakyRelu", "a", "y"}}, OC_ACT_LEAKY},
        {{{"Tanh", "a", "y"}}, OC_ACT_TANH},
        {{{"Sigmoid", "a", "y"}}, OC_ACT_SIGMOID},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        pb *g = begin();
        weights(g, "w", 4, dw, 0.1f);
        scalar(g, "zero", 0);
        scalar(g, "one", 1);
        scalar(g, "half", 0.5f);
        scalar(g, "three", 3);
        scalar(g, "six", 6);
        scalar(g, "sixth", 1.0f / 6);
        scalar(g, "sqrt2", 1.41421356f);
        onnx_node(g, "Conv", "x w", "a", pads(1));
        for (int k = 0; k < 5 && cases[i].steps[k][0]; k++)
            onnx_node(g, cases[i].steps[k][0], cases[i].steps[k][1], cases[i].steps[k][2], NULL);
        oc_graph *r = check(finish(g, 4, dx), C * H * W);
        if (r->n_nodes - count(r, "Reorder") != 1)
            fail_msg("case %zu leaves %u nodes", i, r->n_nodes);
        assert_int_equal(first(r, "Conv")->act.kind, cases[i].kind);
        oc_graph_destroy(r);
    }
}

static void lookalikes_are_left_alone(void **state)
{
    (void)state;
    pb *g = begin();
    weights(g, "w", 4, dw, 0.1f);
    scalar(g, "zero", 0);
    scalar(g, "four", 4);
    scalar(g, "six", 6);
    onnx_node(g, "Conv", "x w", "a", pads(1));
    onnx_node(g, "Add", "a four", "p", NULL); /* 4, not 3 */
    onnx_node(g, "Clip", "p zero six", "c", NULL);
    onnx_node(g, "Mul", "a c", "m", NULL);
    onnx_node(g, "Div", "m six", "q", NULL);
    onnx_node(g, "Sigmoid", "x", "s", NULL); /* of x, not of q */
    onnx_node(g, "Mul", "q s", "y", NULL);
    oc_graph *r = check(finish(g, 4, dx), C * H * W);
    assert_int_equal(count(r, "HardSwish") + count(r, "Silu"), 0);
    oc_graph_destroy(r);
}

static void residuals_are_fused_once(void **state)
{
    (void)state;
    pb *g = begin();
    weights(g, "w", 4, dw, 0.1f);
    weights(g, "v1", 4, dw, 0.1f);
    onnx_node(g, "Conv", "x w", "a", pads(1));
    onnx_node(g, "Conv", "x v1", "b", pads(1));
    onnx_node(g, "Add", "a b", "s", NULL);
    onnx_node(g, "Relu", "s", "t", NULL);
    onnx_node(g, "Conv", "t w", "c", pads(1));
    onnx_node(g, "Add", "c t", "y", NULL);
    oc_graph *r = check(finish(g, 4, dx), C * H * W);
    assert_int_equal(count(r, "Add"), 0);
    assert_int_equal(count(r, "Relu"), 0);
    assert_int_equal(count(r, "Conv"), 3);
    oc_graph_destroy(r);
}

static void results_used_twice_are_kept(void **state)
{
    (void)state;
    pb *g = begin();
    weights(g, "w", 4, dw, 0.1f);
    onnx_node(g, "Conv", "x w", "a", pads(1));
    onnx_node(g, "Relu", "a", "r", NULL);
    onnx_node(g, "Sub", "r a", "d", NULL);
    onnx_node(g, "Abs", "d", "y", NULL);
    oc_graph *r = check(finish(g, 4, dx), C * H * W);
    assert_int_equal(first(r, "Conv")->act.kind, OC_ACT_NONE);
    oc_graph_destroy(r);
}

static void padding_moves_into_the_convolution(void **state)
{
    static const int64_t eight[] = {8}, p[] = {0, 0, 1, 2, 0, 0, 0, 1};
    static const int64_t out[] = {1, C, H - 1, W + 1};
    (void)state;
    pb *g = begin();
    weights(g, "w", 4, dw, 0.1f);
    onnx_tensor_raw(g, "p", 7, 1, eight, p, sizeof(p));
    onnx_node(g, "Pad", "x p", "a", NULL);
    onnx_node(g, "Conv", "a w", "y", NULL);
    oc_graph *r = check(finish(g, 4, out), C * (H - 1) * (W + 1));
    assert_int_equal(count(r, "Pad"), 0);
    oc_graph_destroy(r);
}

static void transposes_cancel(void **state)
{
    static const int64_t nhwc[] = {0, 2, 3, 1}, nchw[] = {0, 3, 1, 2};
    (void)state;
    pb *g = begin();
    onnx_node(g, "Transpose", "x", "a", onnx_attr_ints("perm", 4, nhwc));
    onnx_node(g, "Transpose", "a", "b", onnx_attr_ints("perm", 4, nchw));
    onnx_node(g, "Identity", "b", "c", NULL);
    onnx_node(g, "Relu", "c", "y", NULL);
    oc_graph *r = check(finish(g, 4, dx), C * H * W);
    assert_int_equal(r->n_nodes, 1);
    oc_graph_destroy(r);
}

static void transposes_sink_through_normalisations(void **state)
{
    static const int64_t nhwc[] = {0, 2, 3, 1}, nchw[] = {0, 3, 1, 2}, hw[] = {1, 2};
    static const int64_t row[] = {C};
    (void)state;
    pb *g = begin();
    weights(g, "w", 4, dw, 0.1f);
    weights(g, "gamma", 1, row, 1);
    weights(g, "beta1", 1, row, 1);
    onnx_node(g, "Conv", "x w", "a", pads(1));
    onnx_node(g, "Transpose", "a", "t", onnx_attr_ints("perm", 4, nhwc));
    onnx_node(g, "ReduceMean", "t", "m", onnx_attr_ints("axes", 2, hw));
    onnx_node(g, "Sub", "t m", "d", NULL);
    onnx_node(g, "Mul", "gamma d", "e", NULL);
    onnx_node(g, "Add", "e beta1", "f", NULL);
    onnx_node(g, "Concat", "f t", "c", onnx_attr_int("axis", -1));
    onnx_node(g, "Relu", "c", "r", NULL);
    onnx_node(g, "Transpose", "r", "y", onnx_attr_ints("perm", 4, nchw));
    static const int64_t out[] = {1, 2 * C, H, W};
    oc_graph            *r = check(finish(g, 4, out), 2 * C * H * W);
    assert_int_equal(count(r, "Transpose"), 0);
    oc_graph_destroy(r);
}

/* A short constant row against whole rows: repeated once, crossed by every run. */
static void short_rows_are_repeated(void **state)
{
    static const int64_t row[] = {W};
    (void)state;
    pb *g = begin();
    weights(g, "row", 1, row, 1);
    weights(g, "row2", 1, row, 1);
    onnx_node(g, "Mul", "x row", "a", NULL);
    onnx_node(g, "Sub", "a row2", "b", NULL);
    onnx_node(g, "Relu", "b", "y", NULL);
    oc_graph_destroy(check(finish(g, 4, dx), C * H * W));
}

static void shuffles_become_one_node(void **state)
{
    static const int64_t five[] = {5}, four[] = {4}, s5[] = {1, 3, C / 3, H, W};
    static const int64_t swap[] = {0, 2, 1, 3, 4};
    (void)state;
    pb *g = begin();
    weights(g, "w", 4, dw, 0.1f);
    onnx_tensor_raw(g, "s5", 7, 1, five, s5, sizeof(s5));
    onnx_tensor_raw(g, "s4", 7, 1, four, dx, sizeof(dx));
    onnx_node(g, "Conv", "x w", "a", pads(1));
    onnx_node(g, "Reshape", "a s5", "b", NULL);
    onnx_node(g, "Transpose", "b", "c", onnx_attr_ints("perm", 5, swap));
    onnx_node(g, "Reshape", "c s4", "y", NULL);
    oc_graph *r = check(finish(g, 4, dx), C * H * W);
    assert_int_equal(count(r, "ChannelShuffle"), 1);
    assert_int_equal(count(r, "Transpose"), 0);
    oc_graph_destroy(r);
}

/* Concat, shuffle, and a cut: by one Split, or by Slices, in any order; where channels are left over the
 * Slices stay. */
static void shuffles_take_in_their_neighbours(void **state)
{
    static const int64_t five[] = {5}, four[] = {4}, one[] = {1}, s5[] = {1, 2, C, H, W};
    static const int64_t s4[] = {1, 2 * C, H, W}, swap[] = {0, 2, 1, 3, 4}, axis[] = {1};
    static const int64_t cuts[][4] = {{0, 11, 11, 100}, {-14, 99, 0, 10}, {0, 9, 10, 24}};
    static const int64_t all_of_it[] = {1, 2 * C, H, W}, most_of_it[] = {1, 2 * C - 1, H, W};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        const int64_t *dims = i == 2 ? most_of_it : all_of_it;
        pb            *g = begin();
        weights(g, "w", 4, dw, 0.1f);
        onnx_tensor_raw(g, "s5", 7, 1, five, s5, sizeof(s5));
        onnx_tensor_raw(g, "s4", 7, 1, four, s4, sizeof(s4));
        onnx_tensor_raw(g, "axis", 7, 1, one, axis, sizeof(axis));
        for (int k = 0; k < 4; k++) {
            const char *names[] = {"b0", "e0", "b1", "e1"};
            onnx_tensor_raw(g, names[k], 7, 1, one, &cuts[i][k], sizeof(int64_t));
        }
        onnx_node(g, "Conv", "x w", "a", pads(1));
        onnx_node(g, "Relu", "a", "a2", NULL);
        onnx_node(g, "Concat", "a a2", "cat", onnx_attr_int("axis", 1));
        onnx_node(g, "Reshape", "cat s5", "b", NULL);
        onnx_node(g, "Transpose", "b", "c", onnx_attr_ints("perm", 5, swap));
        onnx_node(g, "Reshape", "c s4", "d", NULL);
        onnx_node(g, "Slice", "d b0 e0 axis", "p", NULL);
        onnx_node(g, "Slice", "d b1 e1 axis", "q", NULL);
        onnx_node(g, "Relu", "p", "p2", NULL);
        onnx_node(g, "Concat", "p2 q", "y", onnx_attr_int("axis", 1));
        size_t    n = (size_t)(dims[1] * H * W);
        oc_graph *r = check(finish(g, 4, dims), n);
        assert_int_equal(count(r, "ChannelShuffle"), 1);
        assert_int_equal(count(r, "Concat"), 1);
        assert_int_equal(count(r, "Slice"), i == 2 ? 2 : 0);
        oc_graph_destroy(r);
    }
}

/* x * (x == y) with y = max(x, 0): half of x stays. */
static void peaks_are_kept_by_one_node(void **state)
{
    static const char *const cases[][4] = {
        /* of Equal, of Mul, KeepEqual there must be, read once more */
        {"a m", "a c", "1", NULL},
        {"m a", "c a", "1", NULL},
        {"a m", "c b", "0", NULL},
        {"a m", "a c", "0", "c"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        pb *g = begin();
        weights(g, "w", 4, dw, 0.1f);
        onnx_node(g, "Conv", "x w", "a", pads(1));
        onnx_node(g, "Relu", "a", "m", NULL);
        onnx_node(g, "Abs", "a", "b", NULL);
        onnx_node(g, "Equal", cases[i][0], "e", NULL);
        onnx_node(g, "Cast", "e", "c", onnx_attr_int("to", 1));
        onnx_node(g, "Mul", cases[i][1], "p", NULL);
        onnx_node(g, "Add", cases[i][3] ? "p c" : "p a", "y", NULL);
        oc_graph *r = check(finish(g, 4, dx), C * H * W);
        assert_int_equal(count(r, "KeepEqual"), cases[i][2][0] - '0');
        assert_int_equal(count(r, "Equal"), 1 - (cases[i][2][0] - '0'));
        oc_graph_destroy(r);
    }
}

static void shapes_computed_by_the_network_are_constant(void **state)
{
    static const int64_t one[] = {1}, m1[] = {-1}, flat[] = {1, C * H * W}, zero64[] = {0};
    (void)state;
    pb *g = begin();
    onnx_tensor_raw(g, "i0", 7, 1, one, zero64, 8);
    onnx_tensor_raw(g, "rest", 7, 1, one, m1, 8);
    onnx_node(g, "Shape", "x", "s", NULL);
    onnx_node(g, "Gather", "s i0", "n", NULL);
    onnx_node(g, "Concat", "n rest", "t", onnx_attr_int("axis", 0));
    onnx_node(g, "Relu", "x", "r", NULL);
    onnx_node(g, "Reshape", "r t", "y", NULL);
    oc_graph *r = check(finish(g, 2, flat), C * H * W);
    assert_int_equal(count(r, "Shape") + count(r, "Gather") + count(r, "Concat"), 0);
    oc_graph_destroy(r);
}

/* Concatenated, split, added to itself, overwritten: memory that is shared must not be spoilt. */
static void shared_memory_is_not_spoilt(void **state)
{
    static const int64_t out[] = {1, 4 * C, H, W};
    (void)state;
    pb *g = begin();
    weights(g, "w", 4, dw, 0.1f);
    onnx_node(g, "Conv", "x w", "a", pads(1));
    onnx_node(g, "Conv", "a w", "b", pads(1));
    onnx_node(g, "Relu", "a", "ra", NULL);
    onnx_node(g, "Concat", "a b", "ab", onnx_attr_int("axis", 1));
    onnx_node(g, "Neg", "ab", "nab", NULL);
    onnx_node(g, "Abs", "b", "absb", NULL);
    onnx_node(g, "Concat", "nab ra absb", "c", onnx_attr_int("axis", 1));
    onnx_node(g, "Exp", "c", "y", NULL);
    oc_graph *r = check(finish(g, 4, out), 4 * C * H * W);
    oc_graph_destroy(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scales_go_into_weights),
        cmocka_unit_test(scales_before_a_convolution_go_into_it),
        cmocka_unit_test(transposed_convolution_takes_scales),
        cmocka_unit_test(activations_are_recognised),
        cmocka_unit_test(lookalikes_are_left_alone),
        cmocka_unit_test(residuals_are_fused_once),
        cmocka_unit_test(results_used_twice_are_kept),
        cmocka_unit_test(padding_moves_into_the_convolution),
        cmocka_unit_test(transposes_cancel),
        cmocka_unit_test(transposes_sink_through_normalisations),
        cmocka_unit_test(short_rows_are_repeated),
        cmocka_unit_test(shuffles_become_one_node),
        cmocka_unit_test(shuffles_take_in_their_neighbours),
        cmocka_unit_test(peaks_are_kept_by_one_node),
        cmocka_unit_test(shapes_computed_by_the_network_are_constant),
        cmocka_unit_test(shared_memory_is_not_spoilt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
