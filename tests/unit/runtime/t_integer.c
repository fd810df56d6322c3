/* What the pass `integer` leaves of QDQ networks, and that the bytes stay: scales are powers of two, so
 * that floats and integers round the same and results are equal to the bit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "runtime/prepare.h"
#include "support/onnx_text.h"

#define C 12
#define H 9
#define W 11
#define SIGNED 3 /* element types of ONNX */
#define UNSIGNED 2

static unsigned seed = 1;

static int number(int lo, int hi)
{
    seed = seed * 1664525u + 1013904223u;
    return lo + (int)((seed >> 8) % (unsigned)(hi - lo + 1));
}

/* name -> name_q -> name_d, with scale 2^-shift and a zero point */
static void qdq(pb *g, const char *name, int shift, int zero, int type)
{
    char        nodes[3][64], outs[2][32];
    const float scale = 1.0f / (float)(1 << shift);
    const char  byte = (char)(type == SIGNED ? zero - 128 : zero);
    snprintf(nodes[0], 64, "%s_s", name);
    snprintf(nodes[1], 64, "%s_z", name);
    onnx_tensor_raw(g, nodes[0], 1, 0, NULL, &scale, sizeof(scale));
    onnx_tensor_raw(g, nodes[1], type, 0, NULL, &byte, 1);
    snprintf(outs[0], 32, "%s_q", name);
    snprintf(outs[1], 32, "%s_d", name);
    snprintf(nodes[0], 64, "%s %s_s %s_z", name, name, name);
    snprintf(nodes[1], 64, "%s_q %s_s %s_z", name, name, name);
    onnx_node(g, "QuantizeLinear", nodes[0], outs[0], NULL);
    onnx_node(g, "DequantizeLinear", nodes[1], outs[1], NULL);
}

/* int8 weights NAME_d, a scale per channel, full range; bias NAMEb_d of the sums' scale. */
static void weights(pb *g, const char *name, int64_t oc, int64_t c, int64_t k, int x_shift)
{
    static int8_t w[1 << 14];
    const int64_t dims[4] = {oc, c, k, k}, one[1] = {oc};
    float         scales[64], sums[64];
    int32_t       bias[64];
    char          text[4][64];
    for (int64_t i = 0; i < oc * c * k * k; i++)
        w[i] = (int8_t)number(-127, 127);
    for (int64_t i = 0; i < oc; i++) {
        scales[i] = 1.0f / (float)(1 << (9 + i % 2));
        sums[i] = scales[i] / (float)(1 << x_shift);
        bias[i] = number(-3000, 3000);
    }
    snprintf(text[0], 64, "%s_w", name);
    snprintf(text[1], 64, "%s_ws", name);
    snprintf(text[2], 64, "%s_b", name);
    snprintf(text[3], 64, "%s_bs", name);
    onnx_tensor_raw(g, text[0], SIGNED, 4, dims, w, (size_t)(oc * c * k * k));
    onnx_tensor_raw(g, text[1], 1, 1, one, scales, (size_t)oc * 4);
    onnx_tensor_raw(g, text[2], 6, 1, one, bias, (size_t)oc * 4);
    onnx_tensor_raw(g, text[3], 1, 1, one, sums, (size_t)oc * 4);
    snprintf(text[0], 64, "%s_w %s_ws", name, name);
    snprintf(text[1], 64, "%s_d", name);
    onnx_node(g, "DequantizeLinear", text[0], text[1], onnx_attr_int("axis", 0));
    snprintf(text[0], 64, "%s_b %s_bs", name, name);
    snprintf(text[1], 64, "%sb_d", name);
    onnx_node(g, "DequantizeLinear", text[0], text[1], onnx_attr_int("axis", 0));
}

static pb *begin(int type)
{
    static const int64_t dims[] = {1, C, H, W};
    pb                  *g = pb_new();
    onnx_port(g, 11, "x", 1, 4, dims);
    qdq(g, "x", 5, 120, type);
    return g;
}

/* pads of 1 and, where group is not 1, the group */
static void conv(pb *g, const char *in, const char *out, int64_t group)
{
    static const int64_t p[] = {1, 1, 1, 1};
    pb                  *n = pb_new();
    for (const char *at = in; *at;) {
        char   one[64];
        size_t len = strcspn(at, " ");
        snprintf(one, sizeof(one), "%.*s", (int)len, at);
        pb_text(n, 1, one);
        at += len + (at[len] == ' ');
    }
    pb_text(n, 2, out);
    pb_text(n, 4, "Conv");
    pb_child(n, 5, onnx_attr_ints("pads", 4, p));
    pb_child(n, 5, onnx_attr_int("group", group));
    pb_child(g, 1, n);
}

static void run(oc_model *model, bool no_fusion, const char *isa, unsigned threads, float *out,
                size_t n)
{
    oc_session_options so = OC_SESSION_OPTIONS_INIT;
    oc_session        *s = NULL;
    oc_error           err = {0};
    float              x[C * H * W];
    size_t             have = 0;
    seed = 77;
    for (size_t i = 0; i < C * H * W; i++)
        x[i] = (float)number(-1000, 1000) / 250.0f;
    so.no_fusion = no_fusion;
    so.isa = isa;
    assert_int_equal(oc_pool_create(threads, &so.pool, &err), OC_OK);
    if (oc_session_create(model, &so, &s, &err) != OC_OK)
        fail_msg("%s", err.message);
    oc_tensor_view in = {.info = {OC_F32, {4, {1, C, H, W}}}, .data = x}, y = {0};
    assert_int_equal(oc_session_run(s, &in, 1, &y, 1, &err), OC_OK);
    assert_true(oc_shape_elements(&y.info.shape, &have) && have == n);
    memcpy(out, y.data, n * sizeof(float));
    oc_session_destroy(s);
    oc_pool_destroy(so.pool);
}

/* As the file has it in floats, and in integers with and without SIMD, one thread and three: equal. */
static oc_graph *check(pb *g, int rank, const int64_t *dims)
{
    static oc_model *held;
    static float     plain[8192], bytes[8192];
    oc_model        *model = NULL;
    oc_error         err = {0};
    oc_graph        *graph = NULL;
    size_t           n = 1, alive = 0;
    for (int i = 0; i < rank; i++)
        n *= (size_t)dims[i];
    assert_true(n <= 8192);
    onnx_port(g, 12, "y", 1, rank, dims);
    pb *m = onnx_model(g, 13);
    if (oc_model_load_memory("test", m->data, m->n, &model, &err) != OC_OK)
        fail_msg("%s", err.message);
    free(m);
    run(model, true, "ref", 1, plain, n);
    for (size_t i = 0; i < n; i++)
        alive += plain[i] != plain[0];
    assert_true(alive > n / 4);
    for (unsigned k = 0; k < 4; k++) {
        run(model, false, k % 2 ? NULL : "ref", k < 2 ? 1 : 3, bytes, n);
        for (size_t i = 0; i < n; i++)
            if (bytes[i] != plain[i])
                fail_msg("way %u: element %zu is %g, in floats %g", k, i, (double)bytes[i],
                         (double)plain[i]);
    }
    oc_session_options so = OC_SESSION_OPTIONS_INIT;
    assert_int_equal(oc_prepare_graph(model, &so, true, NULL, NULL, &graph, &err), OC_OK);
    assert_int_equal(oc_graph_verify(graph, &err), OC_OK);
    oc_model_unref(held);
    held = model;
    return graph;
}

static unsigned count(const oc_graph *g, const char *op)
{
    unsigned n = 0;
    for (uint32_t i = 0; i < g->n_nodes; i++)
        n += strcmp(g->nodes[i].op_type, op) == 0;
    return n;
}

static const int64_t d16[] = {1, 16, H, W};

/* Both signs; a dense convolution that Winograd's method may serve, one it may not, one per channel. */
static void convolutions(void **state)
{
    (void)state;
    for (int type = UNSIGNED; type <= SIGNED; type++) {
        pb *g = begin(type);
        weights(g, "A", 16, C, 3, 5);
        weights(g, "B", 16, 1, 3, 3);
        weights(g, "C", 13, 16, 3, 3);
        conv(g, "x_d A_d Ab_d", "a", 1);
        onnx_node(g, "Relu", "a", "r", NULL);
        qdq(g, "r", 3, 10, type);
        conv(g, "r_d B_d Bb_d", "b", 16);
        qdq(g, "b", 3, 128, type);
        conv(g, "b_d C_d Cb_d", "c", 1);
        qdq(g, "c", 1, 100, type);
        onnx_node(g, "Identity", "c_d", "y", NULL);
        oc_graph *r = check(g, 4, (const int64_t[]){1, 13, H, W});
        assert_int_equal(count(r, "QConv"), 3);
        assert_int_equal(count(r, "Relu") + count(r, "Conv"), 0);
        assert_int_equal(count(r, "QuantizeLinear"), 1);
        assert_int_equal(count(r, "DequantizeLinear"), 1);
        oc_graph_destroy(r);
    }
}

/* x sigmoid(x) with rounding in between is a table of the convolution; the sum is part of the other. */
static void tables_and_sums(void **state)
{
    (void)state;
    pb *g = begin(UNSIGNED);
    weights(g, "A", 16, C, 1, 5);
    weights(g, "B", 16, C, 3, 5);
    onnx_node(g, "Conv", "x_d A_d Ab_d", "a", NULL);
    qdq(g, "a", 4, 128, UNSIGNED);
    onnx_node(g, "Sigmoid", "a_d", "s", NULL);
    qdq(g, "s", 8, 0, UNSIGNED);
    onnx_node(g, "Mul", "a_d s_d", "m", NULL);
    qdq(g, "m", 5, 20, UNSIGNED);
    conv(g, "x_d B_d Bb_d", "b", 1);
    qdq(g, "b", 3, 128, UNSIGNED);
    onnx_node(g, "Add", "m_d b_d", "t", NULL);
    onnx_node(g, "Relu", "t", "u", NULL);
    qdq(g, "u", 3, 0, UNSIGNED);
    onnx_node(g, "Identity", "u_d", "y", NULL);
    oc_graph *r = check(g, 4, d16);
    assert_int_equal(count(r, "QConv"), 2);
    assert_int_equal(count(r, "QTable") + count(r, "QLinearMul") + count(r, "QLinearAdd"), 0);
    oc_graph_destroy(r);
}

/* Pools, resizing and concatenation of channels that fill no blocks move bytes; another scale is a table. */
static void moves(void **state)
{
    static const int64_t two[] = {2, 2};
    (void)state;
    pb *g = begin(SIGNED);
    weights(g, "A", 13, C, 1, 5);
    onnx_node(g, "Conv", "x_d A_d Ab_d", "a", NULL);
    qdq(g, "a", 4, 128, SIGNED);
    onnx_node(g, "Concat", "a_d x_d a_d", "c", onnx_attr_int("axis", 1));
    qdq(g, "c", 4, 128, SIGNED);
    onnx_node(g, "MaxPool", "c_d", "p", onnx_attr_ints("kernel_shape", 2, two));
    qdq(g, "p", 4, 128, SIGNED);
    onnx_node(g, "Identity", "p_d", "y", NULL);
    oc_graph *r = check(g, 4, (const int64_t[]){1, 26 + C, H - 1, W - 1});
    assert_int_equal(count(r, "QTable"), 1);
    assert_int_equal(count(r, "QuantizeLinear"), 1);
    oc_graph_destroy(r);
}

/* Squeeze and excitation: pooled, weighted, spread over the picture again. */
static void gates(void **state)
{
    (void)state;
    pb *g = begin(UNSIGNED);
    weights(g, "A", 16, C, 1, 5);
    weights(g, "B", 16, 16, 1, 6);
    onnx_node(g, "Conv", "x_d A_d Ab_d", "a", NULL);
    qdq(g, "a", 4, 128, UNSIGNED);
    onnx_node(g, "GlobalAveragePool", "a_d", "p", NULL);
    qdq(g, "p", 6, 128, UNSIGNED);
    onnx_node(g, "Conv", "p_d B_d Bb_d", "b", NULL);
    onnx_node(g, "HardSigmoid", "b", "h", NULL);
    qdq(g, "h", 8, 0, UNSIGNED);
    onnx_node(g, "Mul", "h_d a_d", "m", NULL);
    qdq(g, "m", 5, 128, UNSIGNED);
    onnx_node(g, "Identity", "m_d", "y", NULL);
    oc_graph *r = check(g, 4, d16);
    assert_int_equal(count(r, "QConv"), 2);
    assert_int_equal(count(r, "QLinearMul"), 1);
    assert_int_equal(count(r, "QLinearGlobalAveragePool"), 1);
    oc_graph_destroy(r);
}

/* A quantised constant of one number a channel is an operand, and no table. */
static void constants_are_operands(void **state)
{
    static const int64_t each[] = {1, 16, 1, 1};
    const float          scale = 1.0f / 16;
    uint8_t              k[16];
    (void)state;
    pb *g = begin(UNSIGNED);
    for (int i = 0; i < 16; i++)
        k[i] = (uint8_t)(i * 15);
    onnx_tensor_raw(g, "k", UNSIGNED, 4, each, k, sizeof(k));
    onnx_tensor_raw(g, "k_s", 1, 0, NULL, &scale, sizeof(scale));
    onnx_node(g, "DequantizeLinear", "k k_s", "k_d", NULL);
    weights(g, "A", 16, C, 1, 5);
    onnx_node(g, "Conv", "x_d A_d Ab_d", "a", NULL);
    qdq(g, "a", 4, 128, UNSIGNED);
    onnx_node(g, "Add", "a_d k_d", "s", NULL);
    qdq(g, "s", 3, 100, UNSIGNED);
    onnx_node(g, "Mul", "k_d s_d", "m", NULL);
    qdq(g, "m", 1, 100, UNSIGNED);
    onnx_node(g, "Sub", "m_d k_d", "t", NULL); /* nothing is rounded in between */
    onnx_node(g, "Mul", "t k_d", "u", NULL);
    qdq(g, "u", 0, 100, UNSIGNED);
    onnx_node(g, "Identity", "u_d", "y", NULL);
    oc_graph *r = check(g, 4, d16);
    assert_int_equal(count(r, "QLinearAdd"), 1);
    assert_int_equal(count(r, "QLinearMul"), 1);
    assert_int_equal(count(r, "QTable"), 0);
    oc_graph_destroy(r);
}

/* Groups that are neither one nor one per channel stay float, with weights as floats; results that
 * nobody quantises are floats, too. */
static void what_stays_float(void **state)
{
    (void)state;
    pb *g = begin(UNSIGNED);
    weights(g, "A", C, C / 3, 3, 5);
    weights(g, "B", 16, C, 3, 4);
    conv(g, "x_d A_d Ab_d", "a", 3);
    qdq(g, "a", 4, 128, UNSIGNED);
    conv(g, "a_d B_d Bb_d", "b", 1);
    onnx_node(g, "Relu", "b", "y", NULL);
    oc_graph *r = check(g, 4, d16);
    assert_int_equal(count(r, "Conv"), 1);
    assert_int_equal(count(r, "QConv"), 1);
    assert_int_equal(count(r, "Relu"), 0);
    oc_graph_destroy(r);
}

/* Gemm's C by column is the bias; by row, where there are as many rows as columns, it is not. */
static void product(int64_t rows, int64_t columns, unsigned in_integers)
{
    static int8_t w[C * H * W];
    const int64_t flat[2] = {C, H * W}, wide[2] = {H * W, C}, add[2] = {rows, columns},
                  two[1] = {2};
    const float scale = 1.0f / 512;
    float       c[C];
    pb         *g = pb_new();
    onnx_port(g, 11, "x", 1, 4, (const int64_t[]){1, C, H, W});
    onnx_tensor_raw(g, "flat", 7, 1, two, flat, sizeof(flat));
    onnx_node(g, "Reshape", "x flat", "f", NULL);
    qdq(g, "f", 5, 120, UNSIGNED);
    for (size_t i = 0; i < C * H * W; i++)
        w[i] = (int8_t)number(-127, 127);
    for (size_t i = 0; i < C; i++)
        c[i] = (float)number(-30000, 30000) / (512 * 32);
    onnx_tensor_raw(g, "w", SIGNED, 2, wide, w, sizeof(w));
    onnx_tensor_raw(g, "w_s", 1, 0, NULL, &scale, sizeof(scale));
    onnx_tensor_raw(g, "c", 1, 2, add, c, sizeof(c));
    onnx_node(g, "DequantizeLinear", "w w_s", "w_d", NULL);
    onnx_node(g, "Gemm", "f_d w_d c", "p", NULL);
    qdq(g, "p", 4, 128, UNSIGNED);
    onnx_node(g, "Identity", "p_d", "y", NULL);
    oc_graph *r = check(g, 2, (const int64_t[]){C, C});
    assert_int_equal(count(r, "QConv"), in_integers);
    oc_graph_destroy(r);
}

static void products(void **state)
{
    (void)state;
    product(1, C, 1);
    product(C, 1, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(products),
        cmocka_unit_test(convolutions),
        cmocka_unit_test(tables_and_sums),
        cmocka_unit_test(moves),
        cmocka_unit_test(gates),
        cmocka_unit_test(constants_are_operands),
        cmocka_unit_test(what_stays_float),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
