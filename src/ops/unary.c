/* One value in, one value out: activations, rounding, transcendental functions, tests for NaN.
 *
 *   in   x  f32, f64, f16 (some also integers, Not: bool)
 *   out  y  the shape of x, the type of x (Not, IsNaN, IsInf: bool); may share x's memory
 *
 * ONNX opset 1..; Silu ("ocellus") is made of x * Sigmoid(x) by a pass.  f32 runs plain or blocked,
 * as its input lies. */
#include <string.h>

#include "ops/blocked.h"
#include "ops/op.h"

#define GRAIN 32768     /* elements: moved by vectors at the speed of memory */
#define SLOW_GRAIN 4096 /* exponentials, libm */

typedef struct spec {
    const char   *name;
    oc_unary_kind kind;
    const char   *a, *b; /* attributes, NULL: none */
    double        a_default, b_default;
} spec;

static const spec specs[] = {
    {"Abs", OC_UNARY_ABS, NULL, NULL, 0, 0},
    {"Neg", OC_UNARY_NEG, NULL, NULL, 0, 0},
    {"Sqrt", OC_UNARY_SQRT, NULL, NULL, 0, 0},
    {"Exp", OC_UNARY_EXP, NULL, NULL, 0, 0},
    {"Log", OC_UNARY_LOG, NULL, NULL, 0, 0},
    {"Erf", OC_UNARY_ERF, NULL, NULL, 0, 0},
    {"Sin", OC_UNARY_SIN, NULL, NULL, 0, 0},
    {"Cos", OC_UNARY_COS, NULL, NULL, 0, 0},
    {"Tan", OC_UNARY_TAN, NULL, NULL, 0, 0},
    {"Asin", OC_UNARY_ASIN, NULL, NULL, 0, 0},
    {"Acos", OC_UNARY_ACOS, NULL, NULL, 0, 0},
    {"Atan", OC_UNARY_ATAN, NULL, NULL, 0, 0},
    {"Sinh", OC_UNARY_SINH, NULL, NULL, 0, 0},
    {"Cosh", OC_UNARY_COSH, NULL, NULL, 0, 0},
    {"Asinh", OC_UNARY_ASINH, NULL, NULL, 0, 0},
    {"Acosh", OC_UNARY_ACOSH, NULL, NULL, 0, 0},
    {"Atanh", OC_UNARY_ATANH, NULL, NULL, 0, 0},
    {"Floor", OC_UNARY_FLOOR, NULL, NULL, 0, 0},
    {"Ceil", OC_UNARY_CEIL, NULL, NULL, 0, 0},
    {"Round", OC_UNARY_ROUND, NULL, NULL, 0, 0},
    {"Sign", OC_UNARY_SIGN, NULL, NULL, 0, 0},
    {"Reciprocal", OC_UNARY_RECIPROCAL, NULL, NULL, 0, 0},
    {"Relu", OC_UNARY_RELU, NULL, NULL, 0, 0},
    {"LeakyRelu", OC_UNARY_LEAKY, "alpha", NULL, (double)0.01f, 0},
    {"Sigmoid", OC_UNARY_SIGMOID, NULL, NULL, 0, 0},
    {"HardSigmoid", OC_UNARY_HARDSIGMOID, "alpha", "beta", (double)0.2f, 0.5},
    {"HardSwish", OC_UNARY_HARDSWISH, NULL, NULL, 1.0 / 6.0, 0.5},
    {"Tanh", OC_UNARY_TANH, NULL, NULL, 0, 0},
    {"Elu", OC_UNARY_ELU, "alpha", NULL, 1.0f, 0},
    {"Selu", OC_UNARY_SELU, "alpha", "gamma", 1.67326319217681884765625f,
     1.05070102214813232421875f},
    {"Celu", OC_UNARY_CELU, "alpha", NULL, 1.0f, 0},
    {"Softplus", OC_UNARY_SOFTPLUS, NULL, NULL, 0, 0},
    {"Softsign", OC_UNARY_SOFTSIGN, NULL, NULL, 0, 0},
    {"ThresholdedRelu", OC_UNARY_THRESHOLD, "alpha", NULL, 1.0f, 0},
    {"Shrink", OC_UNARY_SHRINK, "lambd", "bias", 0.5f, 0},
    {"Gelu", OC_UNARY_GELU, NULL, NULL, 0, 0},
    {"Mish", OC_UNARY_MISH, NULL, NULL, 0, 0},
    {"Silu", OC_UNARY_SILU, NULL, NULL, 0, 0},
    {"Swish", OC_UNARY_SWISH, "alpha", NULL, 1.0f, 0},
    {"Not", OC_UNARY_NOT, NULL, NULL, 0, 0},
    {"IsNaN", OC_UNARY_ISNAN, NULL, NULL, 0, 0},
    {"IsInf", OC_UNARY_ISINF, NULL, NULL, 0, 0},
};

typedef struct unary_state {
    oc_unary           op;
    oc_k_f32_unary_fn *f32;
    oc_k_any_unary_fn *any;
    size_t             x_bytes, y_bytes;
    bool               blocked, clean; /* clean: op(0) is 0 */
    oc_blocked         grid;
} unary_state;

static oc_unary op_of(const oc_node *node)
{
    oc_unary op = {OC_UNARY_ABS, 0, 0};

    for (size_t i = 0; i < sizeof(specs) / sizeof(specs[0]); i++) {
        const spec *s = &specs[i];

        if (strcmp(s->name, node->op_type) != 0)
            continue;
        op.kind = s->kind;
        op.a = s->a ? (double)oc_node_float(node, s->a, (float)s->a_default) : s->a_default;
        op.b = s->b ? (double)oc_node_float(node, s->b, (float)s->b_default) : s->b_default;
    }
    if (op.kind == OC_UNARY_GELU &&
        strcmp(oc_node_string(node, "approximate", "none"), "tanh") == 0)
        op.kind = OC_UNARY_GELU_TANH;
    if (op.kind == OC_UNARY_SWISH && op.a == 1.0)
        op.kind = OC_UNARY_SILU;
    if (op.kind == OC_UNARY_SWISH && op.a == 0.0)
        op = (oc_unary){OC_UNARY_HARDSWISH, 0, 0.5}; /* x / 2 */
    if (op.kind == OC_UNARY_ISINF) {
        op.a = (double)oc_node_int(node, "detect_negative", 1);
        op.b = (double)oc_node_int(node, "detect_positive", 1);
    }
    return op;
}

static oc_status unary_infer(const oc_infer *ask, oc_error *err)
{
    const oc_unary op = op_of(ask->node);

    if (!oc_k_any_unary(op.kind, ask->in[0].dtype))
        return OC_FAIL(err, OC_UNSUPPORTED, "not defined for %s", oc_dtype_name(ask->in[0].dtype));
    ask->out[0] = ask->in[0];
    if (op.kind >= OC_UNARY_FLOATS)
        ask->out[0].dtype = OC_BOOL;
    return OC_OK;
}

static bool unary_layout(oc_layout_ask *ask)
{
    if (ask->in[0].layout != OC_LAYOUT_NC8 || ask->in[0].info.dtype != OC_F32 ||
        ask->out[0].info.dtype != OC_F32)
        return false;
    ask->want_in[0] = ask->want_out[0] = true;
    return true;
}

static size_t grain_of(oc_unary_kind kind)
{
    switch (kind) {
    case OC_UNARY_ABS:
    case OC_UNARY_NEG:
    case OC_UNARY_FLOOR:
    case OC_UNARY_CEIL:
    case OC_UNARY_ROUND:
    case OC_UNARY_RELU:
    case OC_UNARY_LEAKY:
    case OC_UNARY_CLIP:
    case OC_UNARY_HARDSIGMOID:
    case OC_UNARY_HARDSWISH:
    case OC_UNARY_SQRT:
    case OC_UNARY_RECIPROCAL: return GRAIN;
    default: return SLOW_GRAIN;
    }
}

static oc_status unary_prepare(const oc_prepare *p, oc_error *err)
{
    const oc_dtype dtype = p->in[0].info.dtype;
    unary_state   *s = p->state;
    float          y = 0.0f;

    s->op = op_of(p->node);
    s->any = oc_k_any_unary(s->op.kind, dtype);
    s->f32 = dtype == OC_F32 && s->op.kind < OC_UNARY_FLOATS ? oc_k_f32_unary(p->isa) : NULL;
    s->x_bytes = oc_dtype_bytes(dtype);
    s->y_bytes = oc_dtype_bytes(p->out[0].info.dtype);
    s->blocked = p->out[0].layout == OC_LAYOUT_NC8;
    p->work->phase[0].grain = grain_of(s->op.kind);
    if (!oc_shape_elements(&p->out[0].info.shape, &p->work->phase[0].units))
        return OC_FAIL(err, OC_INVALID, "the shape is too large");
    if (s->blocked) {
        s->grid = oc_blocked_of(&p->out[0].info.shape);
        p->work->phase[0].units = oc_blocked_vectors(&s->grid);
        p->work->phase[0].grain /= 8;
        oc_k_f32_unary__ref(&s->op, 1, &y, &y);
        s->clean = y == 0.0f;
    }
    return OC_OK;
}

static void unary_run(const oc_op_run *r)
{
    const unary_state *s = r->state;
    const size_t       lanes = s->blocked ? 8 : 1;
    const size_t       at = r->part.begin * lanes, n = (r->part.end - r->part.begin) * lanes;
    const char        *x = r->in[0].data;
    char              *y = r->out[0].data;

    if (s->f32)
        s->f32(&s->op, n, (const float *)r->in[0].data + at, (float *)r->out[0].data + at);
    else
        s->any(&s->op, n, x + at * s->x_bytes, y + at * s->y_bytes);
    if (s->blocked && !s->clean)
        oc_blocked_zero_padding(&s->grid, r->out[0].data, r->part);
}

#define UNARY(symbol, text, from)          \
    const oc_op oc_op_##symbol = {         \
        .name = text,                      \
        .domain = from,                    \
        .n_in_min = 1,                     \
        .n_in_max = 1,                     \
        .n_out_min = 1,                    \
        .n_out_max = 1,                    \
        .flags = OC_OP_IN_PLACE,           \
        .state_size = sizeof(unary_state), \
        .infer = unary_infer,              \
        .layout = unary_layout,            \
        .prepare = unary_prepare,          \
        .run = unary_run,                  \
    }

UNARY(abs, "Abs", "");
UNARY(neg, "Neg", "");
UNARY(sqrt, "Sqrt", "");
UNARY(exp, "Exp", "");
UNARY(log, "Log", "");
UNARY(erf, "Erf", "");
UNARY(sin, "Sin", "");
UNARY(cos, "Cos", "");
UNARY(tan, "Tan", "");
UNARY(asin, "Asin", "");
UNARY(acos, "Acos", "");
UNARY(atan, "Atan", "");
UNARY(sinh, "Sinh", "");
UNARY(cosh, "Cosh", "");
UNARY(asinh, "Asinh", "");
UNARY(acosh, "Acosh", "");
UNARY(atanh, "Atanh", "");
UNARY(floor, "Floor", "");
UNARY(ceil, "Ceil", "");
UNARY(round, "Round", "");
UNARY(sign, "Sign", "");
UNARY(reciprocal, "Reciprocal", "");
UNARY(relu, "Relu", "");
UNARY(leaky_relu, "LeakyRelu", "");
UNARY(sigmoid, "Sigmoid", "");
UNARY(hard_sigmoid, "HardSigmoid", "");
UNARY(hard_swish, "HardSwish", "");
UNARY(tanh, "Tanh", "");
UNARY(elu, "Elu", "");
UNARY(selu, "Selu", "");
UNARY(celu, "Celu", "");
UNARY(softplus, "Softplus", "");
UNARY(softsign, "Softsign", "");
UNARY(thresholded_relu, "ThresholdedRelu", "");
UNARY(shrink, "Shrink", "");
UNARY(gelu, "Gelu", "");
UNARY(gelu_ms, "Gelu", "com.microsoft");
UNARY(mish, "Mish", "");
UNARY(silu, "Silu", "ocellus");
UNARY(swish, "Swish", "");
UNARY(not, "Not", "");
UNARY(is_nan, "IsNaN", "");
UNARY(is_inf, "IsInf", "");
