#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "onnx/import.h"
#include "passes/pass.h"
#include "support/onnx_text.h"

static const int64_t d4[] = {1, 4};

static oc_status import_model(pb *m, oc_import *out, oc_error *err)
{
    oc_status st = oc_import_memory("net.onnx", m->data, m->n, out, err);
    free(m);
    return st;
}

static void refuse(pb *m, oc_status want, const char *part)
{
    oc_import im = {0};
    oc_error  err = {0};
    oc_status st = import_model(m, &im, &err);
    if (st != want || !strstr(err.message, part))
        print_message("got %s '%s', want '%s'\n", oc_status_name(st), err.message, part);
    assert_int_equal(st, want);
    assert_non_null(strstr(err.message, part));
    assert_non_null(strstr(err.message, "net.onnx"));
    assert_null(im.graph);
}

static pb *relu_graph(void)
{
    pb *g = pb_new();
    onnx_node(g, "Relu", "x", "y", NULL);
    onnx_port(g, 11, "x", 1, 2, d4);
    onnx_port(g, 12, "y", 1, 2, d4);
    return g;
}

static void small_model_is_read(void **state)
{
    oc_import im = {0};
    oc_error  err = {0};
    (void)state;
    assert_int_equal(import_model(onnx_model(relu_graph(), 13), &im, &err), OC_OK);
    assert_int_equal(im.graph->n_nodes, 1);
    assert_int_equal(im.graph->n_inputs, 1);
    assert_string_equal(im.graph->nodes[0].op_type, "Relu");
    assert_int_equal(im.graph->nodes[0].opset, 13);
    assert_int_equal(im.graph->values[im.graph->inputs[0]].info.shape.dim[1], 4);
    oc_import_finish(&im);
}

static void nodes_are_put_in_order(void **state)
{
    oc_import im = {0};
    pb       *g = pb_new();
    (void)state;
    onnx_node(g, "Relu", "b", "y", NULL);
    onnx_node(g, "Neg", "a", "b", NULL);
    onnx_node(g, "Abs", "x", "a", NULL);
    onnx_port(g, 11, "x", 1, 2, d4);
    onnx_port(g, 12, "y", 1, 2, d4);
    assert_int_equal(import_model(onnx_model(g, 13), &im, NULL), OC_OK);
    assert_string_equal(im.graph->nodes[0].op_type, "Abs");
    assert_string_equal(im.graph->nodes[2].op_type, "Relu");
    oc_import_finish(&im);
}

static void cycles_and_dangling_names_are_refused(void **state)
{
    pb *g = pb_new();
    (void)state;
    onnx_node(g, "Add", "x b", "a", NULL);
    onnx_node(g, "Neg", "a", "b", NULL);
    onnx_port(g, 11, "x", 1, 2, d4);
    onnx_port(g, 12, "b", 1, 2, d4);
    refuse(onnx_model(g, 13), OC_FORMAT, "cycle");
    g = pb_new();
    onnx_node(g, "Neg", "nobody", "y", NULL);
    onnx_port(g, 12, "y", 1, 2, d4);
    refuse(onnx_model(g, 13), OC_FORMAT, "'nobody', which nothing makes");
    g = relu_graph();
    onnx_node(g, "Neg", "x", "y", NULL);
    refuse(onnx_model(g, 13), OC_FORMAT, "made twice");
    g = pb_new();
    onnx_port(g, 11, "x", 1, 2, d4);
    refuse(onnx_model(g, 13), OC_FORMAT, "no outputs");
}

static void operators_and_opsets_are_refused_by_name(void **state)
{
    pb *g = pb_new();
    (void)state;
    onnx_node(g, "FlyToTheMoon", "x", "y", NULL);
    onnx_port(g, 11, "x", 1, 2, d4);
    onnx_port(g, 12, "y", 1, 2, d4);
    refuse(onnx_model(g, 13), OC_UNSUPPORTED, "'y' (FlyToTheMoon): no such operator");
    refuse(onnx_model(relu_graph(), 999), OC_UNSUPPORTED, "opset 999");
    g = pb_new();
    onnx_node(g, "Add", "x x", "y", NULL);
    onnx_port(g, 11, "x", 1, 2, d4);
    onnx_port(g, 12, "y", 1, 2, d4);
    refuse(onnx_model(g, 6), OC_UNSUPPORTED, "opset 6");
    g = pb_new();
    onnx_node(g, "Relu", "x x", "y", NULL);
    onnx_port(g, 11, "x", 1, 2, d4);
    onnx_port(g, 12, "y", 1, 2, d4);
    refuse(onnx_model(g, 13), OC_FORMAT, "2 inputs");
}

static void tensors_must_fit_their_shape(void **state)
{
    const float   four[] = {1, 2, 3, 4};
    const int64_t d5[] = {5}, huge[] = {INT64_MAX, INT64_MAX}, minus[] = {-3};
    (void)state;
    pb *g = relu_graph();
    onnx_tensor_raw(g, "w", 1, 1, d5, four, sizeof(four));
    refuse(onnx_model(g, 13), OC_FORMAT, "tensor 'w': has 16 bytes, its shape 5");
    g = relu_graph();
    onnx_tensor_raw(g, "w", 1, 2, huge, four, sizeof(four));
    refuse(onnx_model(g, 13), OC_FORMAT, "too large");
    g = relu_graph();
    onnx_tensor_raw(g, "w", 1, 1, minus, four, sizeof(four));
    refuse(onnx_model(g, 13), OC_FORMAT, "dimension -3");
    g = relu_graph();
    onnx_tensor_raw(g, "w", 77, 1, d5, four, sizeof(four));
    refuse(onnx_model(g, 13), OC_UNSUPPORTED, "element type 77");
}

static void not_finite_weights_are_told(void **state)
{
    const float   w[] = {1, NAN, 3, 4};
    const int64_t dim[] = {4};
    oc_import     im = {0};
    pb           *g = relu_graph();
    (void)state;
    onnx_tensor_raw(g, "bad weight", 1, 1, dim, w, sizeof(w));
    assert_int_equal(import_model(onnx_model(g, 13), &im, NULL), OC_OK);
    assert_int_equal(im.n_warnings, 1);
    assert_non_null(strstr(im.warnings[0], "'bad weight'"));
    assert_non_null(strstr(im.warnings[0], "element 1"));
    oc_import_finish(&im);
}

/* Every prefix of a good file is refused or, never, crashes; the whole is read. */
static void every_truncation_is_an_error(void **state)
{
    const float   w[] = {1, 2, 3, 4};
    const int64_t dim[] = {4};
    pb           *g = relu_graph();
    (void)state;
    onnx_tensor_raw(g, "w", 1, 1, dim, w, sizeof(w));
    pb *m = onnx_model(g, 13);
    for (size_t n = 0; n < m->n; n++) {
        oc_import im = {0};
        oc_error  err = {0};
        assert_int_not_equal(oc_import_memory("cut", m->data, n, &im, &err), OC_OK);
        assert_true(strlen(err.message) > 5);
    }
    for (size_t i = 0; i < m->n; i++) { /* every flipped byte: no crash, no leak */
        oc_import im = {0};
        m->data[i] ^= 0x55;
        if (oc_import_memory("flip", m->data, m->n, &im, NULL) == OC_OK)
            oc_import_finish(&im);
        m->data[i] ^= 0x55;
    }
    free(m);
}

static pb *external(const char *location)
{
    static const char *const keys[] = {"location", "offset", "length"};
    const char              *values[] = {location, "4", "16"};
    pb                      *g = relu_graph(), *t = pb_new();
    pb_int(t, 1, 4);
    pb_int(t, 2, 1);
    pb_text(t, 8, "w");
    pb_int(t, 14, 1);
    for (int i = 0; i < 3; i++) {
        pb *e = pb_new();
        pb_text(e, 1, keys[i]);
        pb_text(e, 2, values[i]);
        pb_child(t, 13, e);
    }
    pb_child(g, 5, t);
    return onnx_model(g, 13);
}

static void write_file(const char *path, const void *data, size_t n)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, n, f), n);
    fclose(f);
}

static void external_data_stays_in_the_folder(void **state)
{
    char      dir[] = "/tmp/oc_importXXXXXX", model[64], data[64];
    float     weights[5] = {9, 1, 2, 3, 4};
    oc_error  err = {0};
    oc_import im = {0};
    (void)state;
    assert_non_null(mkdtemp(dir));
    snprintf(model, sizeof(model), "%s/m.onnx", dir);
    snprintf(data, sizeof(data), "%s/w.bin", dir);
    pb *m = external("w.bin");
    write_file(model, m->data, m->n);
    assert_int_equal(oc_import_file(model, &im, &err), OC_IO); /* missing weights file */
    assert_non_null(strstr(err.message, "w.bin"));
    write_file(data, weights, sizeof(weights));
    assert_int_equal(oc_import_file(model, &im, &err), OC_OK);
    for (uint32_t i = 0; i < im.graph->n_values; i++)
        if (strcmp(im.graph->values[i].name, "w") == 0)
            assert_true(((const float *)im.graph->values[i].data)[3] == 4.0f);
    oc_import_finish(&im);
    write_file(data, weights, 12);
    assert_int_equal(oc_import_file(model, &im, &err), OC_FORMAT);
    free(m);
    static const char *const outside[] = {"../w.bin", "/etc/passwd", "a/../../w.bin", ""};
    for (size_t i = 0; i < 4; i++) {
        m = external(outside[i]);
        write_file(model, m->data, m->n);
        free(m);
        assert_int_equal(oc_import_file(model, &im, &err), OC_FORMAT);
        assert_non_null(strstr(err.message, "outside"));
    }
    unlink(model);
    unlink(data);
    rmdir(dir);
}

static void other_files_are_refused(void **state)
{
    oc_import im = {0};
    oc_error  err = {0};
    (void)state;
    assert_int_equal(oc_import_memory("t", "hello, I am a text file\n", 24, &im, &err), OC_FORMAT);
    assert_int_equal(oc_import_memory("t", "", 0, &im, &err), OC_FORMAT);
    assert_int_equal(oc_import_file("/nonexistent/x.onnx", &im, &err), OC_IO);
    assert_non_null(strstr(err.message, "/nonexistent/x.onnx"));
    assert_int_equal(oc_import_file("/tmp", &im, &err), OC_IO);
}

/* ---- If ---- */

static pb *attr_graph(const char *name, pb *graph)
{
    pb *a = pb_new();
    pb_text(a, 1, name);
    pb_child(a, 6, graph);
    pb_int(a, 20, 5);
    return a;
}

/* y = If(cond) { then } else { other }; both graphs are taken. */
static void if_node(pb *graph, const char *cond, pb *then, pb *other)
{
    pb *n = pb_new();
    pb_text(n, 1, cond);
    pb_text(n, 2, "y");
    pb_text(n, 3, "fork");
    pb_text(n, 4, "If");
    pb_child(n, 5, attr_graph("else_branch", other));
    pb_child(n, 5, attr_graph("then_branch", then));
    pb_child(graph, 1, n);
}

/* One node from the outer x to `out`; t is a name both branches and the main graph use. */
static pb *branch(const char *op, const char *out)
{
    pb *g = pb_new();
    onnx_node(g, op, "x", "t", NULL);
    onnx_node(g, "Neg", "t", out, NULL);
    onnx_port(g, 12, out, 1, 2, d4);
    return g;
}

static pb *if_graph(const char *cond, pb *then, pb *other, int value)
{
    const unsigned char bytes[1] = {(unsigned char)value};
    pb                 *g = pb_new();
    onnx_tensor_raw(g, "yes", 9, 0, NULL, bytes, 1);
    onnx_node(g, "Identity", "yes", "same", NULL);
    onnx_node(g, "Sqrt", "x", "t", NULL);
    if_node(g, cond, then, other);
    onnx_port(g, 11, "x", 1, 2, d4);
    onnx_port(g, 11, "asked", 9, 0, NULL);
    onnx_port(g, 12, "y", 1, 2, d4);
    onnx_port(g, 12, "t", 1, 2, d4);
    return g;
}

static const oc_node *maker(const oc_graph *g, oc_vid v)
{
    for (uint32_t i = 0; i < g->n_nodes; i++)
        if (g->nodes[i].out[0] == v)
            return &g->nodes[i];
    fail_msg("nothing makes value %u", v);
    return NULL;
}

static oc_status expand_model(pb *m, oc_import *im, oc_error *err)
{
    const oc_pass_options minimal = {.isa = OC_ISA_NONE, .minimal = true};
    oc_status             st = import_model(m, im, err);
    return st == OC_OK ? oc_passes_run(im->graph, &minimal, NULL, NULL, err) : st;
}

/* Read, but refused by the passes. */
static void refuse_late(pb *m, oc_status want, const char *text)
{
    oc_import im = {0};
    oc_error  err = {0};
    assert_int_equal(import_model(m, &im, &err), OC_OK);
    const oc_pass_options minimal = {.isa = OC_ISA_NONE, .minimal = true};
    assert_int_equal(oc_passes_run(im.graph, &minimal, NULL, NULL, &err), want);
    if (!strstr(err.message, text))
        fail_msg("'%s', want '%s'", err.message, text);
    oc_import_finish(&im);
}

/* The chain behind y, innermost last: Identity, Neg, then what the branch does with x. */
static void expect_branch(pb *m, const char *op)
{
    oc_import      im = {0};
    oc_error       err = {0};
    const oc_node *node;
    if (expand_model(m, &im, &err) != OC_OK)
        fail_msg("%s", err.message);
    node = maker(im.graph, im.graph->outputs[0]);
    assert_string_equal(node->op_type, "Identity");
    node = maker(im.graph, node->in[0]);
    assert_string_equal(node->op_type, "Neg");
    node = maker(im.graph, node->in[0]);
    assert_string_equal(node->op_type, op);
    assert_string_equal(im.graph->values[node->out[0]].name, "fork/t");
    assert_int_equal(node->in[0], im.graph->inputs[0]);
    node = maker(im.graph, im.graph->outputs[1]); /* the main graph's own t */
    assert_string_equal(node->op_type, "Sqrt");
    oc_import_finish(&im);
}

static void a_constant_if_becomes_its_branch(void **state)
{
    (void)state;
    for (int yes = 0; yes < 2; yes++) {
        const char *op = yes ? "Abs" : "Exp";
        expect_branch(onnx_model(if_graph("yes", branch("Abs", "a"), branch("Exp", "b"), yes), 13),
                      op);
        expect_branch(/* y inside is not y outside */
                      onnx_model(if_graph("same", branch("Abs", "y"), branch("Exp", "y"), yes), 13),
                      op);
    }
    /* what is not taken is not looked at */
    expect_branch(onnx_model(if_graph("yes", branch("Abs", "a"), branch("Fly", "b"), 1), 13),
                  "Abs");
}

static void an_if_inside_sees_the_names_around_it(void **state)
{
    oc_import im = {0};
    oc_error  err = {0};
    pb       *inner = pb_new(), *then = pb_new(), *outer;
    (void)state;
    onnx_node(inner, "Relu", "t", "z", NULL); /* t of the branch around, not of the main graph */
    onnx_port(inner, 12, "z", 1, 2, d4);
    onnx_node(then, "Abs", "x", "t", NULL);
    if_node(then, "same", inner, branch("Exp", "b"));
    onnx_port(then, 12, "y", 1, 2, d4);
    outer = if_graph("yes", then, branch("Exp", "b"), 1);
    assert_int_equal(expand_model(onnx_model(outer, 13), &im, &err), OC_OK);
    const oc_node *node = maker(im.graph, im.graph->outputs[0]);
    while (strcmp(node->op_type, "Identity") == 0)
        node = maker(im.graph, node->in[0]);
    assert_string_equal(node->op_type, "Relu");
    assert_string_equal(maker(im.graph, node->in[0])->op_type, "Abs");
    oc_import_finish(&im);
}

static void a_computed_if_becomes_the_late_part(void **state)
{
    oc_import im = {0};
    oc_error  err = {0};
    (void)state;
    pb *m = onnx_model(if_graph("asked", branch("Abs", "a"), branch("Exp", "b"), 1), 13);
    assert_int_equal(expand_model(m, &im, &err), OC_OK);
    const oc_node *node = maker(im.graph, im.graph->outputs[0]);
    assert_string_equal(node->op_type, "Late");
    assert_true(im.graph->values[im.graph->outputs[0]].late);
    assert_false(im.graph->values[im.graph->outputs[1]].late);
    const oc_graph *body = node->attrs[0].graph;
    assert_int_equal(body->n_nodes, 1);
    assert_int_equal(body->n_inputs, 2); /* the condition and x: both branches read it */
    assert_string_equal(body->nodes[0].op_type, "If");
    assert_int_equal(body->nodes[0].n_in, 3);
    oc_import_finish(&im);
}

static void bodies_must_fit_their_node(void **state)
{
    pb *g = branch("Abs", "a");
    (void)state;
    refuse_late(onnx_model(if_graph("yes", branch("Fly", "a"), branch("Exp", "b"), 1), 13),
                OC_UNSUPPORTED, "(Fly): no such operator");
    onnx_port(g, 12, "t", 1, 2, d4);
    refuse_late(onnx_model(if_graph("yes", g, branch("Exp", "b"), 1), 13), OC_FORMAT,
                "then_branch has 2 outputs, the node 1");
    g = branch("Abs", "a");
    onnx_port(g, 11, "i", 1, 2, d4);
    refuse_late(onnx_model(if_graph("yes", g, branch("Exp", "b"), 1), 13), OC_FORMAT,
                "then_branch has inputs");
    g = pb_new();
    onnx_node(g, "Neg", "nobody", "a", NULL);
    onnx_port(g, 12, "a", 1, 2, d4);
    refuse(onnx_model(if_graph("yes", g, branch("Exp", "b"), 1), 13), OC_FORMAT,
           "'nobody', which nothing makes");
    g = branch("Abs", "a");
    for (int i = 0; i < 20; i++) {
        pb *around = pb_new();
        if_node(around, "yes", g, branch("Exp", "b"));
        onnx_port(around, 12, "y", 1, 2, d4);
        g = around;
    }
    refuse(onnx_model(if_graph("yes", g, branch("Exp", "b"), 1), 13), OC_UNSUPPORTED,
           "graphs inside each other");
    g = pb_new();
    onnx_node(g, "Loop", "x", "y", attr_graph("body", branch("Abs", "a")));
    onnx_port(g, 11, "x", 1, 2, d4);
    onnx_port(g, 12, "y", 1, 2, d4);
    refuse_late(onnx_model(g, 13), OC_FORMAT, "(Loop): body has 0 inputs, the node 1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_model_is_read),
        cmocka_unit_test(nodes_are_put_in_order),
        cmocka_unit_test(cycles_and_dangling_names_are_refused),
        cmocka_unit_test(operators_and_opsets_are_refused_by_name),
        cmocka_unit_test(tensors_must_fit_their_shape),
        cmocka_unit_test(not_finite_weights_are_told),
        cmocka_unit_test(every_truncation_is_an_error),
        cmocka_unit_test(external_data_stays_in_the_folder),
        cmocka_unit_test(other_files_are_refused),
        cmocka_unit_test(a_constant_if_becomes_its_branch),
        cmocka_unit_test(an_if_inside_sees_the_names_around_it),
        cmocka_unit_test(a_computed_if_becomes_the_late_part),
        cmocka_unit_test(bodies_must_fit_their_node),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
