/* An ONNX file that is read and written again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/bytes.h"
#include "onnx/write_doc.h"
#include "quant/prepare.h"
#include "support/onnx_text.h"

#define PATH "/tmp/ocellus-t_write_doc"

/* Conv -> BatchNormalization -> Relu, with a field nobody knows in node and graph. */
static pb *tensor(const char *name, const int64_t *dims, size_t rank, const float *x, size_t n)
{
    pb *t = pb_new();
    for (size_t i = 0; i < rank; i++)
        pb_int(t, 1, dims[i]);
    pb_int(t, 2, 1);
    pb_text(t, 8, name);
    pb_bytes(t, 9, x, n * sizeof(*x));
    return t;
}

static pb *port(const char *name, const int64_t *dims, size_t rank)
{
    pb *v = pb_new(), *type = pb_new(), *tt = pb_new(), *shape = pb_new();
    for (size_t i = 0; i < rank; i++) {
        pb *d = pb_new();
        pb_int(d, 1, dims[i]);
        pb_child(shape, 1, d);
    }
    pb_int(tt, 1, 1);
    pb_child(tt, 2, shape);
    pb_child(type, 1, tt);
    pb_text(v, 1, name);
    pb_child(v, 2, type);
    return v;
}

static pb *node(const char *op, const char *const *in, size_t n_in, const char *out)
{
    pb *n = pb_new();
    for (size_t i = 0; i < n_in; i++)
        pb_text(n, 1, in[i]);
    pb_text(n, 2, out);
    pb_text(n, 4, op);
    return n;
}

static pb *network(void)
{
    static const float w[4] = {1, 2, 3, 4}, one[2] = {2, 1}, zero[2] = {0.5f, -1}, var[2] = {1, 1};
    const int64_t      wd[4] = {2, 2, 1, 1}, two[1] = {2}, io[4] = {1, 2, 1, 1};
    const char *const conv[] = {"x", "w"}, *const norm[] = {"c", "s", "b", "m", "v"};
    const char *const relu[] = {"n"};
    pb               *model = pb_new(), *graph = pb_new(), *opset = pb_new(), *n;
    n = node("Conv", conv, 2, "c");
    pb_text(n, 6, "a text that stays");
    pb_child(graph, 1, n);
    pb_child(graph, 1, node("BatchNormalization", norm, 5, "n"));
    pb_child(graph, 1, node("Relu", relu, 1, "y"));
    pb_text(graph, 2, "g");
    pb_child(graph, 5, tensor("w", wd, 4, w, 4));
    pb_child(graph, 5, tensor("s", two, 1, one, 2));
    pb_child(graph, 5, tensor("b", two, 1, zero, 2));
    pb_child(graph, 5, tensor("m", two, 1, zero, 2));
    pb_child(graph, 5, tensor("v", two, 1, var, 2));
    pb_child(graph, 11, port("x", io, 4));
    pb_child(graph, 12, port("y", io, 4));
    pb_text(graph, 1000, "unknown");
    pb_int(model, 1, 7);
    pb_text(model, 2, "test");
    pb_child(model, 7, graph);
    pb_text(opset, 1, "");
    pb_int(opset, 2, 11);
    pb_child(model, 8, opset);
    return model;
}

static oc_doc *open_network(pb *model)
{
    oc_doc  *doc = NULL;
    oc_error err = {0};
    FILE    *f = fopen(PATH, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(model->data, 1, model->n, f), model->n);
    assert_int_equal(fclose(f), 0);
    if (oc_doc_open(PATH, &doc, &err) != OC_OK)
        fail_msg("%s", err.message);
    unlink(PATH);
    return doc;
}

static void unchanged_is_the_same(void **state)
{
    (void)state;
    pb      *model = network();
    oc_doc  *doc = open_network(model), *copy = NULL;
    void    *bytes = NULL;
    size_t   n = 0;
    oc_error err = {0};
    assert_int_equal(oc_doc_bytes(doc, &bytes, &n, &err), OC_OK);
    assert_int_equal(n, model->n);
    assert_memory_equal(bytes, model->data, n);
    free(bytes);
    assert_int_equal(oc_doc_dup(doc, &copy, &err), OC_OK);
    assert_int_equal(oc_doc_bytes(copy, &bytes, &n, &err), OC_OK);
    assert_int_equal(n, model->n);
    assert_memory_equal(bytes, model->data, n);
    free(bytes);
    oc_doc_destroy(copy);
    oc_doc_destroy(doc);
    free(model);
}

static bool contains(const void *bytes, size_t n, const char *text)
{
    return memmem(bytes, n, text, strlen(text)) != NULL;
}

static void a_change_keeps_the_rest(void **state)
{
    (void)state;
    pb         *model = network();
    oc_doc     *doc = open_network(model);
    void       *bytes = NULL;
    size_t      n = 0;
    oc_error    err = {0};
    const char *in[] = {"x", "w", "b"};
    assert_int_equal(oc_doc_set_inputs(doc, &doc->nodes[0], in, 3, &err), OC_OK);
    assert_int_equal(oc_doc_bytes(doc, &bytes, &n, &err), OC_OK);
    assert_int_equal(n, model->n + 3); /* one more input: key, length, name */
    assert_true(contains(bytes, n, "a text that stays"));
    assert_true(contains(bytes, n, "unknown"));
    free(bytes);
    oc_doc_destroy(doc);
    free(model);
}

/* scale / sqrt(var + eps) = 2, 1 (nearly); shift - mean * that = 0.5 - 0.5 * 2, -1 + 1. */
static void norm_is_folded(void **state)
{
    (void)state;
    pb      *model = network();
    oc_doc  *doc = open_network(model);
    q_index  x = {0};
    oc_error err = {0};
    assert_int_equal(q_prepare(doc, &err), OC_OK);
    assert_int_equal(doc->opset, 13);
    assert_int_equal(q_index_build(doc, &x, &err), OC_OK);
    const oc_doc_node *conv = NULL;
    for (size_t i = 0; i < doc->n_nodes; i++) {
        assert_false(oc_doc_is(&doc->nodes[i], "BatchNormalization"));
        conv = oc_doc_is(&doc->nodes[i], "Conv") ? &doc->nodes[i] : conv;
    }
    assert_non_null(conv);
    assert_int_equal(conv->n_in, 3);
    const float *w = q_constant(&x, conv->in[1])->data, *b = q_constant(&x, conv->in[2])->data;
    const float  want[4] = {2, 4, 3, 4};
    for (int i = 0; i < 4; i++)
        assert_float_equal(w[i], want[i], 1e-4);
    assert_float_equal(b[0], -0.5f, 1e-4);
    assert_float_equal(b[1], 0, 1e-4);
    q_index_finish(&x);
    oc_doc_destroy(doc);
    free(model);
}

static void names_are_new(void **state)
{
    (void)state;
    pb         *model = network();
    oc_doc     *doc = open_network(model);
    oc_error    err = {0};
    const char *a, *b;
    assert_int_equal(oc_doc_name(doc, "w", &a, &err), OC_OK);
    assert_int_equal(oc_doc_name(doc, "w", &b, &err), OC_OK);
    assert_string_not_equal(a, "w");
    assert_string_not_equal(a, b);
    oc_doc_destroy(doc);
    free(model);
}

/* Every cut and every byte turned: a status, never a crash. */
static void damage_is_told(void **state)
{
    (void)state;
    pb *model = network();
    for (size_t i = 0; i < model->n; i++) {
        oc_doc  *doc = NULL;
        oc_error err = {0};
        FILE    *f = fopen(PATH, "wb");
        assert_non_null(f);
        model->data[i] ^= 0x55;
        assert_int_equal(fwrite(model->data, 1, i % 2 ? i : model->n, f), i % 2 ? i : model->n);
        assert_int_equal(fclose(f), 0);
        if (oc_doc_open(PATH, &doc, &err) != OC_OK)
            assert_true(err.message[0] != 0);
        oc_doc_destroy(doc);
        model->data[i] ^= 0x55;
    }
    unlink(PATH);
    free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unchanged_is_the_same), cmocka_unit_test(a_change_keeps_the_rest),
        cmocka_unit_test(norm_is_folded),        cmocka_unit_test(names_are_new),
        cmocka_unit_test(damage_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
