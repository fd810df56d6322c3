/* Softmax, LogSoftmax, Hardmax.      ONNX opset 1..
 *
 *   in   x  f32, f64 or f16; Hardmax: first largest element 1, the others 0
 *   out  y  the shape and type of x
 *
 * Before opset 13 `axis` (default 1) cuts the shape in two and everything behind it is one row; since
 * then it (default -1) is the one dimension that sums to 1. */
#include <math.h>
#include <string.h>

#include "kernels/any_cast.h"
#include "kernels/f32_binary.h"
#include "kernels/f32_softmax.h"
#include "kernels/f32_unary.h"
#include "ops/args.h"
#include "ops/op.h"

#define GRAIN 8192 /* elements */
#define COLUMNS 64 /* neighbours computed together when the axis is not the last */

typedef enum softmax_kind { SOFT, LOG_SOFT, HARD } softmax_kind;

typedef struct softmax_state {
    softmax_kind         kind;
    size_t               n, inner; /* elements of a row, and from one to the next */
    oc_k_f32_softmax_fn *row;
    oc_k_f32_binary_fn  *binary;
    oc_k_f32_unary_fn   *unary;
    oc_k_any_cast_fn    *load, *store; /* to and from f64 for other types */
    size_t               bytes;
} softmax_state;

static softmax_kind kind_of(const oc_node *node)
{
    return strcmp(node->op_type, "Softmax") == 0      ? SOFT
           : strcmp(node->op_type, "LogSoftmax") == 0 ? LOG_SOFT
                                                      : HARD;
}

static bool flattens(const oc_node *node)
{
    return node->opset < 13;
}

static oc_status softmax_infer(const oc_infer *ask, oc_error *err)
{
    const oc_dtype dtype = ask->in[0].dtype;
    const int64_t  axis = oc_node_int(ask->node, "axis", flattens(ask->node) ? 1 : -1);
    uint32_t       at;

    if (dtype != OC_F32 && dtype != OC_F64 && dtype != OC_F16)
        return OC_FAIL(err, OC_UNSUPPORTED, "not defined for %s", oc_dtype_name(dtype));
    ask->out[0] = ask->in[0];
    if (flattens(ask->node) && axis == (int64_t)ask->in[0].shape.rank)
        return OC_OK; /* rows of one element */
    return oc_axis(axis, ask->in[0].shape.rank, &at, err);
}

static oc_status softmax_prepare(const oc_prepare *p, oc_error *err)
{
    const oc_shape *x = &p->in[0].info.shape;
    const oc_dtype  dtype = p->in[0].info.dtype;
    int64_t         axis = oc_node_int(p->node, "axis", flattens(p->node) ? 1 : -1);
    softmax_state  *s = p->state;
    size_t          outer;

    (void)err;
    axis = axis < 0 ? axis + (int64_t)x->rank : axis;
    s->kind = kind_of(p->node);
    outer = oc_dims_product(x, 0, (uint32_t)axis);
    s->inner = flattens(p->node) ? 1 : oc_dims_product(x, (uint32_t)axis + 1, x->rank);
    s->n = flattens(p->node) ? oc_dims_product(x, (uint32_t)axis, x->rank) : (size_t)x->dim[axis];
    s->row = oc_k_f32_softmax(p->isa);
    s->binary = oc_k_f32_binary(p->isa);
    s->unary = oc_k_f32_unary(p->isa);
    s->bytes = oc_dtype_bytes(dtype);
    if (dtype != OC_F32) {
        s->load = oc_k_any_cast(dtype, OC_F64);
        s->store = oc_k_any_cast(OC_F64, dtype);
    }
    p->work->phase[0].units = s->n ? outer * s->inner : 0; /* rows */
    p->work->phase[0].grain = GRAIN / (s->n + 1) + 1;
    return OC_OK;
}

/* Any kind, any type, one row whose elements lie `inner` apart. */
static double peek(const softmax_state *s, const char *x, size_t i)
{
    double v;

    x += i * s->inner * s->bytes;
    if (!s->load)
        return (double)*(const float *)(const void *)x;
    s->load(1, x, &v);
    return v;
}

static void poke(const softmax_state *s, char *y, size_t i, double v)
{
    y += i * s->inner * s->bytes;
    if (!s->store)
        *(float *)(void *)y = (float)v;
    else
        s->store(1, &v, y);
}

static void row_any(const softmax_state *s, const char *x, char *y)
{
    double top = peek(s, x, 0), sum = 0;
    size_t where = 0;

    for (size_t i = 1; i < s->n; i++) {
        const double v = peek(s, x, i);

        if (v > top)
            where = i;
        top = isnan(top) || top > v ? top : v;
    }
    for (size_t i = 0; i < s->n && s->kind != HARD; i++)
        sum += exp(peek(s, x, i) - top);
    for (size_t i = 0; i < s->n; i++) {
        const double v = peek(s, x, i) - top;

        poke(s, y, i,
             s->kind == SOFT       ? exp(v) / sum
             : s->kind == LOG_SOFT ? v - log(sum)
                                   : i == where);
    }
}

static void combine(const softmax_state *s, oc_binary_kind kind, size_t n, const float *a,
                    const float *b, float *y)
{
    const oc_f32_binary work = {.kind = kind, .n = n, .a = a, .b = b, .y = y};

    s->binary(&work);
}

/* Softmax of m <= COLUMNS neighbouring columns, in step. */
static void columns(const softmax_state *s, size_t m, const float *x, float *y)
{
    const oc_unary exponential = {OC_UNARY_EXP, 0, 0};
    float          top[COLUMNS], sum[COLUMNS];

    memcpy(top, x, m * sizeof(*top));
    memset(sum, 0, sizeof(sum));
    for (size_t i = 1; i < s->n; i++)
        combine(s, OC_BINARY_MAX, m, top, x + i * s->inner, top);
    for (size_t i = 0; i < s->n; i++) {
        combine(s, OC_BINARY_SUB, m, x + i * s->inner, top, y + i * s->inner);
        s->unary(&exponential, m, y + i * s->inner, y + i * s->inner);
        combine(s, OC_BINARY_ADD, m, sum, y + i * s->inner, sum);
    }
    for (size_t i = 0; i < s->n; i++)
        combine(s, OC_BINARY_DIV, m, y + i * s->inner, sum, y + i * s->inner);
}

static void softmax_run(const oc_op_run *r)
{
    const softmax_state *s = r->state;
    const bool           fast = s->kind == SOFT && !s->load;
    size_t               m = 1;

    for (size_t u = r->part.begin; u < r->part.end; u += m) {
        const size_t at = u / s->inner * s->n * s->inner + u % s->inner;
        const char  *x = (const char *)r->in[0].data + at * s->bytes;
        char        *y = (char *)r->out[0].data + at * s->bytes;

        if (fast && s->inner == 1) {
            s->row(s->n, (const float *)(const void *)x, (float *)(void *)y);
        } else if (fast) {
            m = s->inner - u % s->inner;
            m = m > r->part.end - u ? r->part.end - u : m;
            m = m > COLUMNS ? COLUMNS : m;
            columns(s, m, (const float *)(const void *)x, (float *)(void *)y);
        } else {
            row_any(s, x, y);
        }
    }
}

#define SOFTMAX(symbol, text)                \
    const oc_op oc_op_##symbol = {           \
        .name = text,                        \
        .domain = "",                        \
        .n_in_min = 1,                       \
        .n_in_max = 1,                       \
        .n_out_min = 1,                      \
        .n_out_max = 1,                      \
        .state_size = sizeof(softmax_state), \
        .infer = softmax_infer,              \
        .prepare = softmax_prepare,          \
        .run = softmax_run,                  \
    }

SOFTMAX(softmax, "Softmax");
SOFTMAX(log_softmax, "LogSoftmax");
SOFTMAX(hardmax, "Hardmax");
