/* Element by element, and over axes: arithmetic, activations, comparisons, reductions. */
#include <string.h>

#include "tflite/lower.h"
#include "tflite/lowerings.h"

/* x in real numbers, in the form it is already there. */
static oc_vid first(tfl_op *o, tfl_form *form)
{
    *form = tfl_form_of(o, 1);
    return tfl_real(o, tfl_in(o, 0), *form);
}

void tfl_lower_unary(tfl_op *o)
{
    tfl_form form;
    oc_vid   x = first(o, &form);
    tfl_give_real(o, 0, tfl_emit(o, o->row->onnx, TFL_IN(x), TFL_NO_ATTRS), form);
}

/* RELU and its relatives are what other operators may have fused into them. */
static void lower_activation(tfl_op *o, int64_t activation)
{
    tfl_form form;
    oc_vid   x = first(o, &form);
    tfl_give_real(o, 0, tfl_activate(o, x, activation), form);
}

void tfl_lower_relu(tfl_op *o)
{
    lower_activation(o, 1);
}

void tfl_lower_relu_n1(tfl_op *o)
{
    lower_activation(o, 2);
}

void tfl_lower_relu6(tfl_op *o)
{
    lower_activation(o, 3);
}

void tfl_lower_relu_01(tfl_op *o)
{
    tfl_form form;
    oc_vid   x = first(o, &form);
    tfl_give_real(
        o, 0,
        tfl_emit(o, "Clip", TFL_IN(x, tfl_const_f32(o, 0), tfl_const_f32(o, 1)), TFL_NO_ATTRS),
        form);
}

void tfl_lower_leaky(tfl_op *o)
{
    tfl_form form;
    oc_vid   x = first(o, &form);
    tfl_give_real(o, 0,
                  tfl_emit(o, "LeakyRelu", TFL_IN(x),
                           TFL_ATTRS(tfl_float("alpha", flat_f32(&o->options, 0, 0)))),
                  form);
}

/* y = gelu(x); with `approximate` by tanh: .5 x (1 + tanh(sqrt(2/pi) (x + .044715 x^3))). */
void tfl_lower_gelu(tfl_op *o)
{
    tfl_form form;
    oc_vid   x = first(o, &form), y;
    if (!flat_bool(&o->options, 0)) {
        y = tfl_emit(o, "com.microsoft.Gelu", TFL_IN(x), TFL_NO_ATTRS);
    } else {
        oc_vid cube = tfl_emit(o, "Pow", TFL_IN(x, tfl_const_f32(o, 3)), TFL_NO_ATTRS);
        cube = tfl_emit(o, "Mul", TFL_IN(cube, tfl_const_f32(o, .044715f)), TFL_NO_ATTRS);
        y = tfl_emit(o, "Add", TFL_IN(x, cube), TFL_NO_ATTRS);
        y = tfl_emit(o, "Mul", TFL_IN(y, tfl_const_f32(o, .7978845608f)), TFL_NO_ATTRS);
        y = tfl_emit(o, "Tanh", TFL_IN(y), TFL_NO_ATTRS);
        y = tfl_emit(o, "Add", TFL_IN(y, tfl_const_f32(o, 1)), TFL_NO_ATTRS);
        y = tfl_emit(o, "Mul", TFL_IN(y, x), TFL_NO_ATTRS);
        y = tfl_emit(o, "Mul", TFL_IN(y, tfl_const_f32(o, .5f)), TFL_NO_ATTRS);
    }
    tfl_give_real(o, 0, y, form);
}

void tfl_lower_rsqrt(tfl_op *o)
{
    tfl_form form;
    oc_vid   x = first(o, &form), root = tfl_emit(o, "Sqrt", TFL_IN(x), TFL_NO_ATTRS);
    tfl_give_real(o, 0, tfl_emit(o, "Reciprocal", TFL_IN(root), TFL_NO_ATTRS), form);
}

void tfl_lower_square(tfl_op *o)
{
    tfl_form form;
    oc_vid   x = first(o, &form);
    tfl_give_real(o, 0, tfl_emit(o, "Mul", TFL_IN(x, x), TFL_NO_ATTRS), form);
}

/* ---- two operands ---- */

typedef struct pair {
    oc_vid   a, b;
    tfl_form form;
} pair;

static pair both(tfl_op *o)
{
    tfl_form form = tfl_form_of(o, 2);
    return (pair){tfl_real(o, tfl_in(o, 0), form), tfl_real(o, tfl_in(o, 1), form), form};
}

/* QLinearAdd and QLinearMul take bytes of one type. */
static bool as_bytes(const tfl_op *o, const char *type)
{
    const tfl_tensor *a = tfl_in(o, 0), *b = tfl_in(o, 1), *y = tfl_out(o, 0);
    return (strcmp(type, "Add") == 0 || strcmp(type, "Mul") == 0) && tfl_is_quantised(a) &&
           tfl_is_quantised(b) && tfl_is_quantised(y) && a->dtype == b->dtype &&
           a->dtype == y->dtype && a->scale.n == 1 && b->scale.n == 1 && y->scale.n == 1;
}

static void lower_bytes(tfl_op *o, const char *type)
{
    tfl_tensor *a = tfl_in(o, 0), *b = tfl_in(o, 1), *y = tfl_out(o, 0);
    tfl_form    form = tfl_form_of(o, 2);
    tfl_give(o, 0,
             tfl_emit(o, type,
                      TFL_IN(tfl_value(o, a, form), tfl_scale(o, a), tfl_zero(o, a),
                             tfl_value(o, b, form), tfl_scale(o, b), tfl_zero(o, b),
                             tfl_scale(o, y), tfl_zero(o, y)),
                      TFL_NO_ATTRS),
             form);
}

/* ADD, SUB, MUL, DIV; their options begin with the activation. */
void tfl_lower_arithmetic(tfl_op *o)
{
    const char *type = o->row->onnx;
    int64_t     act = flat_i8(&o->options, 0, 0);
    if (as_bytes(o, type) && act == 0) {
        lower_bytes(o, strcmp(type, "Add") == 0 ? "com.microsoft.QLinearAdd"
                                                : "com.microsoft.QLinearMul");
        return;
    }
    pair   p = both(o);
    oc_vid y = tfl_emit(o, type, TFL_IN(p.a, p.b), TFL_NO_ATTRS);
    tfl_give_real(o, 0, tfl_activate(o, y, act), p.form);
}

/* The same without options; comparisons give bool. */
void tfl_lower_binary(tfl_op *o)
{
    pair p = both(o);
    tfl_give_real(o, 0, tfl_emit(o, o->row->onnx, TFL_IN(p.a, p.b), TFL_NO_ATTRS), p.form);
}

void tfl_lower_not_equal(tfl_op *o)
{
    pair   p = both(o);
    oc_vid y = tfl_emit(o, "Equal", TFL_IN(p.a, p.b), TFL_NO_ATTRS);
    tfl_give(o, 0, tfl_emit(o, "Not", TFL_IN(y), TFL_NO_ATTRS), p.form);
}

void tfl_lower_squared_difference(tfl_op *o)
{
    pair   p = both(o);
    oc_vid d = tfl_emit(o, "Sub", TFL_IN(p.a, p.b), TFL_NO_ATTRS);
    tfl_give_real(o, 0, tfl_emit(o, "Mul", TFL_IN(d, d), TFL_NO_ATTRS), p.form);
}

/* Of floats; whole numbers would round towards zero. */
static bool need_floats(tfl_op *o)
{
    const tfl_tensor *t = tfl_in(o, 0);
    if (t->dtype == OC_F32)
        return true;
    tfl_fail(o, OC_UNSUPPORTED, "of %s, only of float32", oc_dtype_name(t->dtype));
    return false;
}

static oc_vid floor_div(tfl_op *o, const pair *p)
{
    oc_vid q = tfl_emit(o, "Div", TFL_IN(p->a, p->b), TFL_NO_ATTRS);
    return tfl_emit(o, "Floor", TFL_IN(q), TFL_NO_ATTRS);
}

void tfl_lower_floor_div(tfl_op *o)
{
    if (!need_floats(o))
        return;
    pair p = both(o);
    tfl_give(o, 0, floor_div(o, &p), p.form);
}

/* a - b * floor(a / b) */
void tfl_lower_floor_mod(tfl_op *o)
{
    if (!need_floats(o))
        return;
    pair   p = both(o);
    oc_vid m = tfl_emit(o, "Mul", TFL_IN(p.b, floor_div(o, &p)), TFL_NO_ATTRS);
    tfl_give(o, 0, tfl_emit(o, "Sub", TFL_IN(p.a, m), TFL_NO_ATTRS), p.form);
}

/* The slopes stand for the last dimensions, as in broadcasting. */
void tfl_lower_prelu(tfl_op *o)
{
    pair p = both(o);
    tfl_give_real(o, 0, tfl_emit(o, "PRelu", TFL_IN(p.a, p.b), TFL_NO_ATTRS), p.form);
}

void tfl_lower_add_n(tfl_op *o)
{
    oc_vid   sum = OC_VID_NONE;
    tfl_form form = tfl_form_of(o, o->in.n);
    for (uint32_t i = 0; i < o->in.n && tfl_ok(o); i++) {
        oc_vid v = tfl_real(o, tfl_in(o, i), form);
        sum = i ? tfl_emit(o, "Add", TFL_IN(sum, v), TFL_NO_ATTRS) : v;
    }
    tfl_give_real(o, 0, sum, form);
}

void tfl_lower_select(tfl_op *o)
{
    const tfl_tensor *c = tfl_in(o, 0), *y = tfl_out(o, 0);
    tfl_form          form = tfl_form_of(o, 3);
    if (strcmp(o->row->name, "SELECT") == 0 && c->shape.rank == 1 && y->shape.rank > 1) {
        tfl_fail(o, OC_UNSUPPORTED, "a condition per row");
        return;
    }
    tfl_give_real(o, 0,
                  tfl_emit(o, "Where",
                           TFL_IN(tfl_value(o, tfl_in(o, 0), form), tfl_real(o, tfl_in(o, 1), form),
                                  tfl_real(o, tfl_in(o, 2), form)),
                           TFL_NO_ATTRS),
                  form);
}

/* ---- over an axis ---- */

/* Softmax and its logarithm: over the last axis, which planar pictures have at 1. */
static void lower_softmax(tfl_op *o, float beta)
{
    tfl_form form;
    oc_vid   x = first(o, &form);
    if (beta != 1)
        x = tfl_emit(o, "Mul", TFL_IN(x, tfl_const_f32(o, beta)), TFL_NO_ATTRS);
    tfl_give_real(o, 0,
                  tfl_emit(o, o->row->onnx, TFL_IN(x),
                           TFL_ATTRS(tfl_int("axis", form == TFL_PLANAR ? 1 : -1))),
                  form);
}

void tfl_lower_softmax(tfl_op *o)
{
    lower_softmax(o, flat_f32(&o->options, 0, 0));
}

void tfl_lower_log_softmax(tfl_op *o)
{
    lower_softmax(o, 1);
}

void tfl_lower_l2_norm(tfl_op *o)
{
    tfl_form form;
    oc_vid   x = first(o, &form);
    tfl_give_real(
        o, 0,
        tfl_emit(o, "LpNormalization", TFL_IN(x),
                 TFL_ATTRS(tfl_int("axis", form == TFL_PLANAR ? 1 : -1), tfl_int("p", 2))),
        form);
}

/* TFLite's alpha is per element of the window, ONNX's for the whole. */
void tfl_lower_lrn(tfl_op *o)
{
    int64_t radius = flat_i32(&o->options, 0, 0);
    if (radius < 0 || radius > 1 << 20) {
        tfl_fail(o, OC_FORMAT, "radius %lld", (long long)radius);
        return;
    }
    int64_t size = 2 * radius + 1;
    oc_vid  x = tfl_value(o, tfl_in(o, 0), TFL_PLANAR);
    tfl_give(
        o, 0,
        tfl_emit(o, "LRN", TFL_IN(x),
                 TFL_ATTRS(tfl_int("size", size), tfl_float("bias", flat_f32(&o->options, 1, 0)),
                           tfl_float("alpha", flat_f32(&o->options, 2, 0) * (float)size),
                           tfl_float("beta", flat_f32(&o->options, 3, 0)))),
        TFL_PLANAR);
}

/* The axes of H and W leave [N,C] in the same order whether they were planar or not. */
static bool only_spatial(const bool *reduced, uint32_t rank)
{
    return rank == 4 && !reduced[0] && reduced[1] && reduced[2] && !reduced[3];
}

void tfl_lower_reduce(tfl_op *o)
{
    const tfl_tensor *t = tfl_in(o, 0);
    int64_t           given[OC_RANK_MAX], axes[OC_RANK_MAX];
    bool              keep = flat_bool(&o->options, 0), reduced[OC_RANK_MAX] = {false};
    uint32_t          n = tfl_const_ints(o, 1, given, OC_RANK_MAX), n_axes = 0;
    tfl_form          form = tfl_form_of(o, 1);
    for (uint32_t i = 0; i < n; i++)
        reduced[tfl_axis(o, given[i], t->shape.rank)] = true;
    if (!keep && !only_spatial(reduced, t->shape.rank))
        form = TFL_FILE;
    for (uint32_t i = 0; i < t->shape.rank; i++)
        if (reduced[i])
            axes[n_axes++] = tfl_axis_in(form, i);
    oc_vid x = tfl_real(o, tfl_in(o, 0), form);
    if (n_axes) {
        if (strcmp(o->row->onnx, "ReduceSum") == 0) /* its axes became an input earlier */
            x = tfl_emit(o, "ReduceSum", TFL_IN(x, tfl_const_i64(o, axes, n_axes)),
                         TFL_ATTRS(tfl_int("keepdims", keep)));
        else
            x = tfl_emit(o, o->row->onnx, TFL_IN(x),
                         TFL_ATTRS(tfl_ints(o, "axes", axes, n_axes), tfl_int("keepdims", keep)));
    }
    tfl_give_real(o, 0, x, keep ? form : TFL_FILE);
}

oc_vid tfl_cast(tfl_op *o, oc_vid v, oc_dtype to)
{
    /* TensorProto.DataType, as Cast's attribute names types */
    static const int64_t code[] = {
        [OC_F32] = 1, [OC_F16] = 10, [OC_F64] = 11, [OC_U8] = 2,   [OC_I8] = 3,  [OC_U16] = 4,
        [OC_I16] = 5, [OC_U32] = 12, [OC_I32] = 6,  [OC_U64] = 13, [OC_I64] = 7, [OC_BOOL] = 9};
    return tfl_emit(o, "Cast", TFL_IN(v), TFL_ATTRS(tfl_int("to", code[to])));
}

void tfl_lower_cast(tfl_op *o)
{
    tfl_form form = tfl_form_of(o, 1);
    tfl_give(o, 0, tfl_cast(o, tfl_value(o, tfl_in(o, 0), form), tfl_out(o, 0)->dtype), form);
}

void tfl_lower_arg(tfl_op *o)
{
    int64_t  axis = 0;
    tfl_form form = TFL_FILE;
    if (tfl_const_ints(o, 1, &axis, 1) != 1)
        tfl_fail(o, OC_FORMAT, "one axis is expected");
    axis = tfl_axis(o, axis, tfl_in(o, 0)->shape.rank);
    oc_vid y = tfl_emit(o, o->row->onnx, TFL_IN(tfl_value(o, tfl_in(o, 0), form)),
                        TFL_ATTRS(tfl_int("axis", axis), tfl_int("keepdims", 0)));
    tfl_give(o, 0, tfl_cast(o, y, tfl_out(o, 0)->dtype), form);
}

void tfl_lower_top_k(tfl_op *o)
{
    int64_t k = 0;
    oc_vid  out[2];
    if (tfl_const_ints(o, 1, &k, 1) != 1)
        tfl_fail(o, OC_FORMAT, "one number is expected");
    tfl_emit_many(o, "TopK", TFL_IN(tfl_value(o, tfl_in(o, 0), TFL_FILE), tfl_const_i64(o, &k, 1)),
                  TFL_ATTRS(tfl_int("axis", -1)), out, 2);
    tfl_give(o, 0, out[0], TFL_FILE);
    tfl_give(o, 1, tfl_cast(o, out[1], tfl_out(o, 1)->dtype), TFL_FILE);
}

void tfl_lower_cumsum(tfl_op *o)
{
    int64_t axis = 0;
    if (tfl_const_ints(o, 1, &axis, 1) != 1)
        tfl_fail(o, OC_FORMAT, "one axis is expected");
    tfl_give(o, 0,
             tfl_emit(o, "CumSum",
                      TFL_IN(tfl_value(o, tfl_in(o, 0), TFL_FILE), tfl_const_i64(o, &axis, 1)),
                      TFL_ATTRS(tfl_int("exclusive", flat_bool(&o->options, 0)),
                                tfl_int("reverse", flat_bool(&o->options, 1)))),
             TFL_FILE);
}
