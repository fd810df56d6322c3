/* What random graphs found (tests/models/random_graphs.c), made small. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ocellus/session.h"
#include "support/onnx_text.h"

static const int64_t four[] = {1, 1, 3, 2};

/* Takes the graph over; its outputs are left in the session's memory. */
static oc_session *run(pb *g, float *x, oc_tensor_view *out, size_t n_out)
{
    oc_error       err = {0};
    oc_model      *model = NULL;
    oc_session    *session = NULL;
    const oc_port *in, *ports;
    pb            *file = onnx_model(g, 13);
    if (oc_model_load_memory("regression", file->data, file->n, &model, &err) != OC_OK ||
        oc_session_create(model, NULL, &session, &err) != OC_OK)
        fail_msg("%s", err.message);
    free(file);
    oc_model_unref(model);
    assert_int_equal(oc_session_inputs(session, &in), 1);
    assert_int_equal(oc_session_outputs(session, &ports), n_out);
    oc_tensor_view view = {in[0].info, x};
    for (size_t i = 0; i < n_out; i++)
        out[i] = (oc_tensor_view){.info = ports[i].info};
    if (oc_session_run(session, &view, 1, out, n_out, &err) != OC_OK)
        fail_msg("%s", err.message);
    return session;
}

/* A random graph had a reduction with axes and no tensor. */
static void a_tensor_left_out_is_told(void **state)
{
    static const int64_t one[] = {1}, axes[] = {1};
    oc_model            *model = NULL;
    oc_error             err = {0};
    pb                  *g = pb_new();
    (void)state;
    onnx_port(g, 11, "x", 1, 4, four);
    onnx_tensor_raw(g, "axes", 7, 1, one, axes, sizeof(axes));
    onnx_node(g, "ReduceMean", "- axes", "y", NULL);
    onnx_port(g, 12, "y", 1, 4, four);
    pb *file = onnx_model(g, 18);
    assert_int_equal(oc_model_load_memory("regression", file->data, file->n, &model, &err),
                     OC_FORMAT);
    assert_non_null(strstr(err.message, "(ReduceMean): input 0 is left out"));
    assert_null(model);
    free(file);
}

/* One row more on top, one less below: the shape stays, the rows do not. */
static void a_pad_that_shifts_is_no_identity(void **state)
{
    static const int64_t eight[] = {8}, pads[] = {0, 0, 1, 0, 0, 0, -1, 0};
    float                x[] = {1, -2, 3, 4, 5, 6};
    const float          want[] = {0, 0, 1, 2, 3, 4};
    oc_tensor_view       out[1];
    (void)state;
    pb *g = pb_new();
    onnx_port(g, 11, "x", 1, 4, four);
    onnx_tensor_raw(g, "pads", 7, 1, eight, pads, sizeof(pads));
    onnx_node(g, "Pad", "x pads", "p", NULL);
    onnx_node(g, "Abs", "p", "y", NULL);
    onnx_port(g, 12, "y", 1, 4, four);
    oc_session *s = run(g, x, out, 1);
    assert_memory_equal(out[0].data, want, sizeof(want));
    oc_session_destroy(s);
}

/* A computed shape that is a result too is still known to the Reshape that reads it. */
static void a_shape_may_be_a_result(void **state)
{
    static const int64_t one[] = {1}, rank[] = {4}, flat[] = {6};
    static const int64_t minus[] = {-1};
    float                x[] = {1, 2, 3, 4, 5, 6};
    oc_tensor_view       out[2];
    (void)state;
    pb *g = pb_new();
    onnx_port(g, 11, "x", 1, 4, four);
    onnx_tensor_raw(g, "all", 7, 1, one, minus, sizeof(minus));
    onnx_node(g, "Shape", "x", "s", NULL);
    onnx_node(g, "Reshape", "x all", "f", NULL);
    onnx_node(g, "Reshape", "f s", "r", NULL);
    onnx_node(g, "Flatten", "r", "y", onnx_attr_int("axis", 0));
    onnx_port(g, 12, "s", 7, 1, rank);
    onnx_port(g, 12, "y", 1, 2, (const int64_t[]){1, flat[0]});
    oc_session *s = run(g, x, out, 2);
    assert_memory_equal(out[0].data, four, sizeof(four));
    assert_memory_equal(out[1].data, x, sizeof(x));
    oc_session_destroy(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tensor_left_out_is_told),
        cmocka_unit_test(a_pad_that_shifts_is_no_identity),
        cmocka_unit_test(a_shape_may_be_a_result),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
