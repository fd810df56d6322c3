/* Min Max Sum Mean: one result of any number of inputs that broadcast together.     ONNX opset 8..
 *
 *   in   x0, x1, ...  of one type, shapes that broadcast as NumPy's
 *   out  y            of that type; NaN in any input of Min or Max gives NaN
 *
 * The inputs are folded one after the other into a stretch of the result. */
#include <string.h>

#include "ops/blocked.h"
#include "ops/broadcast.h"
#include "ops/op.h"
#include "tensor/half.h"

#define GRAIN 16384  /* elements */
#define STRETCH 4096 /* elements folded before the next ones: they stay in the cache */

typedef struct variadic_state {
    oc_binary_kind      kind;
    oc_k_f32_binary_fn *f32;
    oc_k_any_binary_fn *any, *divide;
    double              count; /* Mean: divide by this, as the type; 0 = do not */
    uint64_t            divisor;
    size_t              bytes;
    bool                blocked;
    oc_blocked          grid;
    oc_blocked_operand *operands; /* blocked: per input */
    oc_broadcast       *maps;     /* plain: per input */
} variadic_state;

static oc_binary_kind kind_of(const oc_node *node)
{
    return strcmp(node->op_type, "Min") == 0   ? OC_BINARY_MIN
           : strcmp(node->op_type, "Max") == 0 ? OC_BINARY_MAX
                                               : OC_BINARY_ADD;
}

static bool is_float(oc_dtype t)
{
    return t == OC_F32 || t == OC_F64 || t == OC_F16;
}

static oc_status variadic_infer(const oc_infer *ask, oc_error *err)
{
    const oc_dtype dtype = ask->in[0].dtype;

    for (uint32_t i = 1; i < ask->n_in; i++)
        if (ask->in[i].dtype != dtype)
            return OC_FAIL(err, OC_FORMAT, "inputs 0 and %u are %s and %s, must be of one type", i,
                           oc_dtype_name(dtype), oc_dtype_name(ask->in[i].dtype));
    if (!oc_k_any_binary(kind_of(ask->node), dtype) ||
        (!is_float(dtype) && kind_of(ask->node) == OC_BINARY_ADD))
        return OC_FAIL(err, OC_UNSUPPORTED, "not defined for %s", oc_dtype_name(dtype));
    ask->out[0].dtype = dtype;
    return oc_broadcast_shape(ask->in, ask->n_in, &ask->out[0].shape, err);
}

static bool variadic_layout(oc_layout_ask *ask)
{
    const oc_shape *result = &ask->out[0].info.shape;
    bool            any = false;

    if (ask->in[0].info.dtype != OC_F32 || result->rank != 4 || ask->n_in > OC_OP_ASK_MAX)
        return false;
    for (uint32_t i = 0; i < ask->n_in; i++) {
        oc_blocked_operand o;

        if (!oc_blocked_operand_of(&ask->in[i].info.shape, result, &o))
            return false;
        ask->want_in[i] = oc_blocked_is_nc8(&o);
        any = any || (ask->in[i].layout == OC_LAYOUT_NC8 && o.kind == OC_BLOCKED_FULL);
    }
    ask->want_out[0] = any;
    return any;
}

static void set_divisor(variadic_state *s, oc_dtype dtype, uint32_t n)
{
    const float  f = (float)n;
    const double d = (double)n;

    s->count = d;
    s->divide = oc_k_any_binary(OC_BINARY_DIV, dtype);
    if (dtype == OC_F32)
        memcpy(&s->divisor, &f, sizeof(f));
    else if (dtype == OC_F64)
        memcpy(&s->divisor, &d, sizeof(d));
    else
        s->divisor = oc_half_from_float(f);
}

static oc_status variadic_prepare(const oc_prepare *p, oc_error *err)
{
    const oc_shape *result = &p->out[0].info.shape;
    variadic_state *s = p->state;
    size_t          elements;

    s->kind = kind_of(p->node);
    s->any = oc_k_any_binary(s->kind, p->in[0].info.dtype);
    s->f32 = p->in[0].info.dtype == OC_F32 ? oc_k_f32_binary(p->isa) : NULL;
    s->bytes = oc_dtype_bytes(p->in[0].info.dtype);
    s->blocked = p->out[0].layout == OC_LAYOUT_NC8;
    if (strcmp(p->node->op_type, "Mean") == 0)
        set_divisor(s, p->in[0].info.dtype, p->n_in);
    s->maps = oc_arena_alloc(p->mem, p->n_in, sizeof(*s->maps));
    s->operands = oc_arena_alloc(p->mem, p->n_in, sizeof(*s->operands));
    if (!s->maps || !s->operands)
        return OC_FAIL(err, OC_NOMEM, "out of memory");
    if (!oc_shape_elements(result, &elements))
        return OC_FAIL(err, OC_INVALID, "the shape is too large");
    for (uint32_t i = 0; i < p->n_in; i++) {
        const oc_shape *shape[1] = {&p->in[i].info.shape};

        oc_broadcast_init(&s->maps[i], result, shape, 1);
        if (s->blocked && !oc_blocked_operand_of(shape[0], result, &s->operands[i]))
            return OC_FAIL(err, OC_UNSUPPORTED, "input %u cannot meet a blocked result", i);
    }
    if (s->blocked)
        s->grid = oc_blocked_of(result);
    p->work->phase[0].units = s->blocked ? oc_blocked_vectors(&s->grid) : elements;
    p->work->phase[0].grain = s->blocked ? GRAIN / 8 : GRAIN;
    return OC_OK;
}

typedef struct run_ctx {
    const variadic_state *s;
    const char           *x;
    char                 *y;
    uint32_t              i; /* which input */
} run_ctx;

static void spread(const run_ctx *c, size_t n, char *y, const char *x, size_t step)
{
    for (size_t k = 0; k < n; k++)
        memcpy(y + k * c->s->bytes, x + k * step * c->s->bytes, c->s->bytes);
}

static void fold(void *ctx, size_t n, size_t out_at, const size_t *at)
{
    const run_ctx        *c = ctx;
    const variadic_state *s = c->s;
    const size_t          step = oc_broadcast_inner(&s->maps[c->i], 0);
    const char           *x = c->x + at[0] * s->bytes;
    char                 *y = c->y + out_at * s->bytes;

    if (c->i == 0 && step) {
        memcpy(y, x, n * s->bytes);
    } else if (c->i == 0) {
        spread(c, n, y, x, step);
    } else if (s->f32) {
        const oc_f32_binary work = {.kind = s->kind,
                                    .a_is = OC_OPERAND_FULL,
                                    .n = n,
                                    .b_is = step ? OC_OPERAND_FULL : OC_OPERAND_ONE,
                                    .a = (const float *)(void *)y,
                                    .b = (const float *)(const void *)x,
                                    .y = (float *)(void *)y};
        s->f32(&work);
    } else {
        s->any(n, y, 1, x, step, y);
    }
}

static void run_plain(const variadic_state *s, const oc_op_run *r, oc_range part)
{
    run_ctx c = {.s = s, .y = r->out[0].data};

    for (c.i = 0; c.i < r->n_in; c.i++) {
        c.x = r->in[c.i].data;
        oc_broadcast_run(&s->maps[c.i], part, fold, &c);
    }
    if (s->divide)
        s->divide(part.end - part.begin, c.y + part.begin * s->bytes, 1, &s->divisor, 0,
                  c.y + part.begin * s->bytes);
}

static void run_blocked(const variadic_state *s, const oc_op_run *r, oc_range part)
{
    const oc_blocked_operand result = {OC_BLOCKED_FULL, s->grid.blocks * s->grid.pixels * 8};
    float                   *y = r->out[0].data;
    const float              zero = 0.0f;

    /* x0 + 0 spreads the first input; the sum keeps NaN and infinities as they are */
    for (uint32_t i = 0; i < r->n_in; i++) {
        const oc_blocked_operand both[2] = {i ? result : s->operands[0],
                                            i ? s->operands[i]
                                              : (oc_blocked_operand){OC_BLOCKED_ONE, 0}};
        const float *src[2] = {i ? y : r->in[0].data, i ? r->in[i].data : &zero};

        oc_blocked_binary(s->f32, i ? s->kind : OC_BINARY_ADD, &s->grid, both, src, y, part);
    }
    if (s->divide)
        s->divide((part.end - part.begin) * 8, y + part.begin * 8, 1, &s->divisor, 0,
                  y + part.begin * 8);
    oc_blocked_zero_padding(&s->grid, y, part);
}

static void variadic_run(const oc_op_run *r)
{
    const variadic_state *s = r->state;
    const size_t          stretch = s->blocked ? STRETCH / 8 : STRETCH;

    for (size_t at = r->part.begin; at < r->part.end; at += stretch) {
        const oc_range part = {at, r->part.end - at > stretch ? at + stretch : r->part.end};

        if (s->blocked)
            run_blocked(s, r, part);
        else
            run_plain(s, r, part);
    }
}

#define VARIADIC(symbol, text)                \
    const oc_op oc_op_##symbol = {            \
        .name = text,                         \
        .domain = "",                         \
        .n_in_min = 1,                        \
        .n_in_max = OC_OP_MANY,               \
        .n_out_min = 1,                       \
        .n_out_max = 1,                       \
        .state_size = sizeof(variadic_state), \
        .infer = variadic_infer,              \
        .layout = variadic_layout,            \
        .prepare = variadic_prepare,          \
        .run = variadic_run,                  \
    }

VARIADIC(min, "Min");
VARIADIC(max, "Max");
VARIADIC(sum, "Sum");
VARIADIC(mean, "Mean");
