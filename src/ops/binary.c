/* Add Sub Mul Div Pow Mod, And Or Xor BitwiseAnd BitwiseOr BitwiseXor, Equal Less Greater
 * LessOrEqual GreaterOrEqual, BitShift, PRelu: y[i] = a[i] op b[i].      ONNX opset 7..
 * KeepEqual ("ocellus"): a * (a == b), which a pass makes of Equal, Cast and Mul.
 *
 *   in   a, b  of one type (Pow: any two), shapes that broadcast as NumPy's
 *   out  y     of that type, bool for comparisons; may share a's or b's memory
 *
 * f32 runs in vector kernels, plain or blocked; other types in the reference loops.  A fused
 * activation is applied to each stretch of the result while it is still in the cache. */
#include <string.h>

#include "kernels/any_cast.h"
#include "ops/blocked.h"
#include "ops/broadcast.h"
#include "ops/op.h"

#define GRAIN 32768     /* elements */
#define SLOW_GRAIN 4096 /* for Pow and the reference loops */
#define STRETCH 4096    /* elements computed before the activation goes over them */
#define TILE 1024       /* elements a short constant row is repeated to */

typedef struct spec {
    const char    *name;
    oc_binary_kind kind;
} spec;

static const spec specs[] = {
    {"Add", OC_BINARY_ADD},
    {"Sub", OC_BINARY_SUB},
    {"Mul", OC_BINARY_MUL},
    {"Div", OC_BINARY_DIV},
    {"Pow", OC_BINARY_POW},
    {"Mod", OC_BINARY_MOD},
    {"PRelu", OC_BINARY_PRELU},
    {"KeepEqual", OC_BINARY_KEEP_EQUAL},
    {"And", OC_BINARY_AND},
    {"Or", OC_BINARY_OR},
    {"Xor", OC_BINARY_XOR},
    {"BitwiseAnd", OC_BINARY_BIT_AND},
    {"BitwiseOr", OC_BINARY_BIT_OR},
    {"BitwiseXor", OC_BINARY_BIT_XOR},
    {"Equal", OC_BINARY_EQUAL},
    {"Less", OC_BINARY_LESS},
    {"Greater", OC_BINARY_GREATER},
    {"LessOrEqual", OC_BINARY_LESS_EQUAL},
    {"GreaterOrEqual", OC_BINARY_GREATER_EQUAL},
    {"BitShift", OC_BINARY_SHIFT_LEFT},
};

typedef struct binary_state {
    oc_binary_kind      kind;
    oc_k_f32_binary_fn *f32; /* NULL: the type has only the reference loop */
    oc_k_any_binary_fn *any;
    /* Pow with an exponent of another type: integers take the base's, others meet in f64. */
    oc_k_any_cast_fn  *cast_a, *cast_b, *cast_y;
    oc_k_f32_unary_fn *act_kernel; /* NULL: no activation */
    oc_unary           act;
    bool               square;         /* b is a */
    bool               blocked, clean; /* clean: padding lanes come out as zero */
    oc_blocked         grid;
    oc_blocked_operand operand[2];
    oc_broadcast       map;
    const float       *tile; /* b, a short constant row, repeated; NULL: b is no such row */
    size_t             row, tile_n;
    size_t             a_bytes, b_bytes, y_bytes; /* of an element */
} binary_state;

static oc_binary_kind kind_of(const oc_node *node)
{
    oc_binary_kind kind = OC_BINARY_ADD;

    for (size_t i = 0; i < sizeof(specs) / sizeof(specs[0]); i++)
        if (strcmp(specs[i].name, node->op_type) == 0)
            kind = specs[i].kind;
    if (kind == OC_BINARY_MOD && oc_node_int(node, "fmod", 0))
        kind = OC_BINARY_FMOD;
    if (kind == OC_BINARY_SHIFT_LEFT && strcmp(oc_node_string(node, "direction", ""), "RIGHT") == 0)
        kind = OC_BINARY_SHIFT_RIGHT;
    return kind;
}

static oc_status binary_infer(const oc_infer *ask, oc_error *err)
{
    const oc_binary_kind kind = kind_of(ask->node);
    const oc_dtype       a = ask->in[0].dtype, b = ask->in[1].dtype;
    char                 x[64], y[64];
    oc_status            st;

    if (a != b && kind != OC_BINARY_POW)
        return OC_FAIL(err, OC_FORMAT, "inputs are %s and %s, must be of one type",
                       oc_dtype_name(a), oc_dtype_name(b));
    if (!oc_k_any_binary(kind, a) || (a != b && !oc_k_any_binary(kind, b)))
        return OC_FAIL(err, OC_UNSUPPORTED, "not defined for %s and %s", oc_dtype_name(a),
                       oc_dtype_name(b));
    if ((st = oc_broadcast_shape(ask->in, 2, &ask->out[0].shape, err)) != OC_OK)
        return st;
    ask->out[0].dtype = kind >= OC_BINARY_EQUAL ? OC_BOOL : a;
    if (kind == OC_BINARY_PRELU && !oc_shape_equal(&ask->in[0].shape, &ask->out[0].shape))
        return OC_FAIL(err, OC_FORMAT, "slope %s does not broadcast to %s",
                       oc_shape_text(&ask->in[1].shape, x, sizeof(x)),
                       oc_shape_text(&ask->in[0].shape, y, sizeof(y)));
    return OC_OK;
}

static bool binary_layout(oc_layout_ask *ask)
{
    const oc_binary_kind kind = kind_of(ask->node);
    const oc_shape      *result = &ask->out[0].info.shape;
    bool                 any = false;

    if (kind > OC_BINARY_POW || ask->in[0].info.dtype != OC_F32 ||
        ask->in[1].info.dtype != OC_F32 || result->rank != 4)
        return false;
    for (uint32_t i = 0; i < 2; i++) {
        oc_blocked_operand o;

        if (!oc_blocked_operand_of(&ask->in[i].info.shape, result, &o))
            return false;
        ask->want_in[i] = oc_blocked_is_nc8(&o);
        any = any || (ask->in[i].layout == OC_LAYOUT_NC8 && o.kind == OC_BLOCKED_FULL);
    }
    ask->want_out[0] = any;
    return any;
}

static oc_status prepare_act(binary_state *s, const oc_prepare *p, oc_error *err)
{
    if (p->node->act.kind == OC_ACT_NONE)
        return OC_OK;
    if (!s->f32)
        return OC_FAIL(err, OC_UNSUPPORTED, "a fused activation on %s",
                       oc_dtype_name(p->in[0].info.dtype));
    s->act = oc_unary_of_act(p->node->act);
    s->act_kernel = oc_k_f32_unary(p->isa);
    return OC_OK;
}

/* Do padding lanes come out as zero by themselves? */
static bool comes_clean(const binary_state *s)
{
    float y = 0.0f;

    if (s->kind == OC_BINARY_DIV || s->kind == OC_BINARY_POW)
        return false;
    for (int i = 0; i < 2; i++)
        if (s->operand[i].kind == OC_BLOCKED_ONE || s->operand[i].kind == OC_BLOCKED_PIXEL)
            return false;
    if (s->act_kernel)
        oc_k_f32_unary__ref(&s->act, 1, &y, &y);
    return y == 0.0f;
}

static bool is_float(oc_dtype t)
{
    return t == OC_F32 || t == OC_F64 || t == OC_F16;
}

static void set_casts(binary_state *s, oc_dtype a, oc_dtype b)
{
    const oc_dtype meet = is_float(b) ? OC_F64 : a;

    s->any = oc_k_any_binary(s->kind, meet);
    s->cast_a = oc_k_any_cast(a, meet);
    s->cast_b = oc_k_any_cast(b, meet);
    s->cast_y = oc_k_any_cast(meet, a);
}

/* a is whole and b a short constant row (a vector of three colours, say): repeated once here, so
 * that a run crosses many rows. */
static oc_status prepare_tile(binary_state *s, const oc_prepare *p, oc_error *err)
{
    const oc_broadcast *m = &s->map;

    if (!s->f32 || s->square || !p->in[1].data || m->n_dims != 2 || m->dim[1] >= TILE / 8 ||
        m->step[0][0] != m->dim[1] || m->step[0][1] != 1 || m->step[1][0] != 0 ||
        m->step[1][1] != 1)
        return OC_OK;
    s->row = m->dim[1];
    s->tile_n = TILE / s->row * s->row;
    float *tile = oc_arena_alloc64(p->mem, s->tile_n, sizeof(*tile));
    if (!tile)
        return OC_FAIL(err, OC_NOMEM, "%zu elements", s->tile_n);
    for (size_t i = 0; i < s->tile_n; i++)
        tile[i] = ((const float *)p->in[1].data)[i % s->row];
    s->tile = tile;
    return OC_OK;
}

static oc_status binary_prepare(const oc_prepare *p, oc_error *err)
{
    const oc_shape *const shapes[2] = {&p->in[0].info.shape, &p->in[1].info.shape};
    const oc_dtype        a = p->in[0].info.dtype, b = p->in[1].info.dtype;
    binary_state         *s = p->state;
    size_t                elements, b_elements;
    oc_status             st;

    s->kind = kind_of(p->node);
    s->any = oc_k_any_binary(s->kind, a);
    s->f32 = a == OC_F32 && s->kind <= OC_BINARY_POW ? oc_k_f32_binary(p->isa) : NULL;
    if (a != b)
        set_casts(s, a, b);
    s->a_bytes = oc_dtype_bytes(a);
    s->b_bytes = oc_dtype_bytes(b);
    s->y_bytes = oc_dtype_bytes(p->out[0].info.dtype);
    if (!oc_shape_elements(&p->out[0].info.shape, &elements) ||
        !oc_shape_elements(shapes[1], &b_elements))
        return OC_FAIL(err, OC_INVALID, "the shape is too large");
    s->square = s->kind == OC_BINARY_POW && s->f32 && a == b && b_elements == 1 && p->in[1].data &&
                *(const float *)p->in[1].data == 2.0f && elements > 1;
    if (s->square)
        s->kind = OC_BINARY_MUL;
    if ((st = prepare_act(s, p, err)) != OC_OK)
        return st;
    oc_broadcast_init(&s->map, &p->out[0].info.shape, shapes, 2);
    s->blocked = p->out[0].layout == OC_LAYOUT_NC8;
    p->work->phase[0].units = elements;
    p->work->phase[0].grain = s->f32 && s->kind != OC_BINARY_POW ? GRAIN : SLOW_GRAIN;
    if (s->blocked) {
        s->grid = oc_blocked_of(&p->out[0].info.shape);
        for (int i = 0; i < 2; i++)
            if (!oc_blocked_operand_of(shapes[i], &p->out[0].info.shape, &s->operand[i]))
                return OC_FAIL(err, OC_UNSUPPORTED, "operand %d cannot meet a blocked result", i);
        if (s->square)
            s->operand[1] = s->operand[0];
        s->clean = comes_clean(s);
        p->work->phase[0].units = oc_blocked_vectors(&s->grid);
        p->work->phase[0].grain /= 8;
        return OC_OK;
    }
    return prepare_tile(s, p, err);
}

typedef struct run_ctx {
    const binary_state *s;
    const char         *a, *b;
    char               *y;
} run_ctx;

static void run_f32(void *ctx, size_t n, size_t out_at, const size_t *at)
{
    const run_ctx      *c = ctx;
    const binary_state *s = c->s;
    const oc_f32_binary work = {
        .kind = s->kind,
        .a_is = oc_broadcast_inner(&s->map, 0) ? OC_OPERAND_FULL : OC_OPERAND_ONE,
        .b_is = oc_broadcast_inner(&s->map, s->square ? 0 : 1) ? OC_OPERAND_FULL : OC_OPERAND_ONE,
        .n = n,
        .a = (const float *)(const void *)c->a + at[0],
        .b = s->square ? (const float *)(const void *)c->a + at[0]
                       : (const float *)(const void *)c->b + at[1],
        .y = (float *)(void *)c->y + out_at,
    };

    s->f32(&work);
}

static void run_any(void *ctx, size_t n, size_t out_at, const size_t *at)
{
    const run_ctx      *c = ctx;
    const binary_state *s = c->s;
    const size_t a_step = oc_broadcast_inner(&s->map, 0), b_step = oc_broadcast_inner(&s->map, 1);
    const char  *a = c->a + at[0] * s->a_bytes, *b = c->b + at[1] * s->b_bytes;
    char        *y = c->y + out_at * s->y_bytes;
    uint64_t     va, vb, vy;

    if (!s->cast_b) {
        s->any(n, a, a_step, b, b_step, y);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        s->cast_a(1, a + i * a_step * s->a_bytes, &va);
        s->cast_b(1, b + i * b_step * s->b_bytes, &vb);
        s->any(1, &va, 1, &vb, 1, &vy);
        s->cast_y(1, &vy, y + i * s->y_bytes);
    }
}

static void run_tiled(const run_ctx *c, oc_range part)
{
    const binary_state *s = c->s;

    while (part.begin < part.end) {
        const size_t        from = part.begin % s->row, room = s->tile_n - from;
        const size_t        n = part.end - part.begin < room ? part.end - part.begin : room;
        const oc_f32_binary work = {
            .kind = s->kind,
            .a_is = OC_OPERAND_FULL,
            .b_is = OC_OPERAND_FULL,
            .n = n,
            .a = (const float *)(const void *)c->a + part.begin,
            .b = s->tile + from,
            .y = (float *)(void *)c->y + part.begin,
        };

        s->f32(&work);
        part.begin += n;
    }
}

static void run_blocked(const run_ctx *c, oc_range part)
{
    const binary_state *s = c->s;
    const float        *src[2] = {(const float *)(const void *)c->a,
                                  (const float *)(const void *)(s->square ? c->a : c->b)};
    float              *y = (float *)(void *)c->y;

    oc_blocked_binary(s->f32, s->kind, &s->grid, s->operand, src, y, part);
    if (s->act_kernel)
        s->act_kernel(&s->act, (part.end - part.begin) * 8, y + part.begin * 8, y + part.begin * 8);
    if (!s->clean)
        oc_blocked_zero_padding(&s->grid, y, part);
}

static void binary_run(const oc_op_run *r)
{
    const binary_state *s = r->state;
    run_ctx             c = {s, r->in[0].data, r->in[1].data, r->out[0].data};
    const size_t        stretch = s->blocked ? STRETCH / 8 : STRETCH;
    oc_range            part = r->part;

    while (part.begin < r->part.end) {
        part.end = r->part.end;
        if (s->act_kernel && part.end - part.begin > stretch)
            part.end = part.begin + stretch;
        if (s->blocked) {
            run_blocked(&c, part);
        } else {
            float *y = (float *)(void *)c.y + part.begin;

            if (s->tile)
                run_tiled(&c, part);
            else
                oc_broadcast_run(&s->map, part, s->f32 && !s->cast_b ? run_f32 : run_any, &c);
            if (s->act_kernel)
                s->act_kernel(&s->act, part.end - part.begin, y, y);
        }
        part.begin = part.end;
    }
}

#define BINARY(symbol, text, from, more)                     \
    const oc_op oc_op_##symbol = {                           \
        .name = text,                                        \
        .domain = from,                                      \
        .n_in_min = 2,                                       \
        .n_in_max = 2,                                       \
        .n_out_min = 1,                                      \
        .n_out_max = 1,                                      \
        .flags = OC_OP_IN_PLACE | OC_OP_IN_PLACE_1 | (more), \
        .state_size = sizeof(binary_state),                  \
        .infer = binary_infer,                               \
        .layout = binary_layout,                             \
        .prepare = binary_prepare,                           \
        .run = binary_run,                                   \
    }

BINARY(add, "Add", "", OC_OP_ACT);
BINARY(sub, "Sub", "", OC_OP_ACT);
BINARY(mul, "Mul", "", OC_OP_ACT);
BINARY(div, "Div", "", OC_OP_ACT);
BINARY(pow, "Pow", "", 0);
BINARY(mod, "Mod", "", 0);
BINARY(prelu, "PRelu", "", 0);
BINARY(keep_equal, "KeepEqual", "ocellus", 0);
BINARY(and, "And", "", 0);
BINARY(or, "Or", "", 0);
BINARY(xor, "Xor", "", 0);
BINARY(bitwise_and, "BitwiseAnd", "", 0);
BINARY(bitwise_or, "BitwiseOr", "", 0);
BINARY(bitwise_xor, "BitwiseXor", "", 0);
BINARY(equal, "Equal", "", 0);
BINARY(less, "Less", "", 0);
BINARY(greater, "Greater", "", 0);
BINARY(less_or_equal, "LessOrEqual", "", 0);
BINARY(greater_or_equal, "GreaterOrEqual", "", 0);
BINARY(bit_shift, "BitShift", "", 0);
