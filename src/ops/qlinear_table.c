/* QLinearSigmoid, QLinearLeakyRelu, QTable, QLinearConcat: whatever happens to a byte, a table of 256 says.
 *   com.microsoft 1
 *
 *   QLinearSigmoid, QLinearLeakyRelu (alpha)  x, x_scale, x_zero, y_scale, y_zero
 *   QLinearConcat (axis)  y_scale, y_zero, then x, x_scale, x_zero for each tensor
 *     y = saturate(round_half_even(f((x - x_zero) * x_scale) / y_scale) + y_zero), in float
 *   u8 or i8, all of one type; scales and zero points constant, one each
 *   QTable (domain "ocellus": passes make it)  x u8, blocked or not, and the table itself, constant */
#include <math.h>
#include <string.h>

#include "kernels/f32_quantize.h"
#include "kernels/u8_lookup.h"
#include "ops/blocked.h"
#include "ops/qparam.h"

typedef float table_fn(float x, float alpha);

static float same(float x, float alpha)
{
    (void)alpha;
    return x;
}

static float sigmoid(float x, float alpha)
{
    (void)alpha;
    return 1.0f / (1.0f + expf(-x));
}

static float leaky(float x, float alpha)
{
    return x >= 0.0f ? x : alpha * x;
}

static void fill_table(table_fn *fn, float alpha, const oc_qparam *x, const oc_qparam *y,
                       uint8_t *table)
{
    bool is_signed = x->dtype == OC_I8;
    for (int i = 0; i < 256; i++) {
        int32_t byte = is_signed ? (int8_t)i : i;
        float   v = fn((float)(byte - oc_qparam_zero(x, 0)) * x->scale[0], alpha);
        oc_k_f32_quantize__ref(1, &v, y->scale[0], oc_qparam_zero(y, 0), is_signed, table + i);
    }
}

typedef struct unary_state {
    uint8_t            table[256];
    oc_k_u8_lookup_fn *look_up;
} unary_state;

static oc_status unary_infer(const oc_infer *ask, oc_error *err)
{
    if (!oc_is_byte(ask->in[0].dtype))
        return OC_FAIL(err, OC_UNSUPPORTED, "x is %s, only uint8 and int8",
                       oc_dtype_name(ask->in[0].dtype));
    ask->out[0] = ask->in[0];
    return oc_qparams_constant(ask, 0x1e, err);
}

static oc_status unary_prepare(const oc_prepare *p, table_fn *fn, oc_error *err)
{
    unary_state *s = p->state;
    oc_args      a = oc_args_of_prepare(p);
    oc_qparam    x, y;
    oc_status    st;
    if ((st = oc_qparam_read(&a, 1, 2, p->in[0].info.dtype, 1, "x", &x, err)) != OC_OK ||
        (st = oc_qparam_read(&a, 3, 4, p->in[0].info.dtype, 1, "y", &y, err)) != OC_OK)
        return st;
    fill_table(fn, oc_node_float(p->node, "alpha", 0.01f), &x, &y, s->table);
    s->look_up = oc_k_u8_lookup(p->isa);
    p->work->phase[0].units = oc_elements(&p->in[0].info);
    p->work->phase[0].grain = 32 * 1024;
    return OC_OK;
}

static oc_status sigmoid_prepare(const oc_prepare *p, oc_error *err)
{
    return unary_prepare(p, sigmoid, err);
}

static oc_status leaky_prepare(const oc_prepare *p, oc_error *err)
{
    return unary_prepare(p, leaky, err);
}

static void unary_run(const oc_op_run *r)
{
    const unary_state *s = r->state;
    const size_t       n = r->part.end - r->part.begin;
    if (n > 0)
        s->look_up(n, s->table, (const uint8_t *)r->in[0].data + r->part.begin,
                   (uint8_t *)r->out[0].data + r->part.begin);
}

/* ---- QTable ---- */

static oc_status table_infer(const oc_infer *ask, oc_error *err)
{
    if (ask->in[0].dtype != OC_U8 || ask->in[1].dtype != OC_U8 || oc_elements(&ask->in[1]) != 256)
        return OC_FAIL(err, OC_UNSUPPORTED, "x is %s, only uint8 and a table of 256",
                       oc_dtype_name(ask->in[0].dtype));
    ask->out[0] = ask->in[0];
    return OC_OK;
}

static bool table_layout(oc_layout_ask *ask)
{
    return ask->want_in[0] = ask->want_out[0] = ask->in[0].layout == OC_LAYOUT_NC8;
}

static oc_status table_prepare(const oc_prepare *p, oc_error *err)
{
    unary_state *s = p->state;
    if (!p->in[1].data)
        return OC_FAIL(err, OC_UNSUPPORTED, "the table is computed");
    memcpy(s->table, p->in[1].data, sizeof(s->table));
    s->look_up = oc_k_u8_lookup(p->isa);
    p->work->phase[0].units = oc_elements(&p->in[0].info);
    if (p->in[0].layout == OC_LAYOUT_NC8) { /* lanes beyond the channels too */
        const oc_blocked g = oc_blocked_of(&p->in[0].info.shape);
        p->work->phase[0].units = oc_blocked_vectors(&g) * 8;
    }
    p->work->phase[0].grain = 32 * 1024;
    return OC_OK;
}

/* ---- QLinearConcat ---- */

typedef struct concat_piece {
    size_t  at, run; /* bytes: in a row of the output; of each row of the input */
    uint8_t table[256];
} concat_piece;

typedef struct concat_state {
    oc_k_u8_lookup_fn *look_up;
    size_t             n, row;
    concat_piece      *pieces;
} concat_state;

static oc_status concat_axis(const oc_node *node, uint32_t rank, uint32_t *axis, oc_error *err)
{
    const oc_attr *attr = oc_node_attr(node, "axis");
    if (!attr)
        return OC_FAIL(err, OC_FORMAT, "the axis is missing");
    return oc_axis(attr->i, rank, axis, err);
}

static oc_status concat_infer(const oc_infer *ask, oc_error *err)
{
    uint32_t  axis;
    oc_status st;
    if (ask->n_in < 5 || (ask->n_in - 2) % 3)
        return OC_FAIL(err, OC_FORMAT, "%u inputs", ask->n_in);
    oc_tensor_info out = ask->in[2];
    /* y's scale and zero point, then x and its own of each */
    if ((st = oc_qparams_constant(ask, 0xb6db6db6db6db6dbu, err)) != OC_OK)
        return st;
    if ((st = concat_axis(ask->node, out.shape.rank, &axis, err)) != OC_OK)
        return st;
    out.shape.dim[axis] = 0;
    for (uint32_t i = 2; i < ask->n_in; i += 3) {
        oc_shape other = ask->in[i].shape;
        if ((st = oc_shape_known(&ask->in[i], "an input", err)) != OC_OK)
            return st;
        int64_t length = other.rank == out.shape.rank ? other.dim[axis] : 0;
        if (other.rank == out.shape.rank)
            other.dim[axis] = out.shape.dim[axis];
        if (!oc_is_byte(out.dtype) || ask->in[i].dtype != out.dtype ||
            !oc_shape_equal(&other, &out.shape) ||
            __builtin_add_overflow(out.shape.dim[axis], length, &out.shape.dim[axis]))
            return OC_FAIL(err, OC_FORMAT, "input %u does not go with input 2", i);
    }
    ask->out[0] = out;
    return OC_OK;
}

static oc_status concat_prepare(const oc_prepare *p, oc_error *err)
{
    concat_state *s = p->state;
    oc_shape      out = p->out[0].info.shape;
    oc_dtype      dtype = p->out[0].info.dtype;
    oc_qparam     x, y;
    uint32_t      axis;
    oc_args       a = oc_args_of_prepare(p);
    oc_status     st = concat_axis(p->node, out.rank, &axis, err);
    if (st != OC_OK || (st = oc_qparam_read(&a, 0, 1, dtype, 1, "y", &y, err)) != OC_OK)
        return st;
    s->look_up = oc_k_u8_lookup(p->isa);
    s->n = (p->n_in - 2) / 3;
    s->row = oc_dims_product(&out, axis, out.rank);
    s->pieces = oc_arena_alloc(p->mem, s->n, sizeof(*s->pieces));
    if (!s->pieces)
        return OC_FAIL(err, OC_NOMEM, "%zu tables", s->n);
    size_t at = 0;
    for (size_t i = 0; i < s->n; i++) {
        oc_prepare three = *p; /* the inputs of one tensor, as those of a node with three */
        three.in = p->in + 2 + 3 * i;
        three.n_in = 3;
        oc_args       b = oc_args_of_prepare(&three);
        concat_piece *piece = &s->pieces[i];
        if ((st = oc_qparam_read(&b, 1, 2, dtype, 1, "x", &x, err)) != OC_OK)
            return st;
        fill_table(same, 0.0f, &x, &y, piece->table);
        const oc_shape *in = &three.in[0].info.shape;
        piece->at = at;
        piece->run = oc_dims_product(in, axis, in->rank);
        at += piece->run;
    }
    p->work->phase[0].units = s->row ? oc_dims_product(&out, 0, axis) : 0;
    p->work->phase[0].grain = 32 * 1024 / (s->row + 1) + 1;
    return OC_OK;
}

static void concat_run(const oc_op_run *r)
{
    const concat_state *s = r->state;
    for (size_t row = r->part.begin; row < r->part.end; row++)
        for (size_t i = 0; i < s->n; i++)
            if (s->pieces[i].run > 0)
                s->look_up(s->pieces[i].run, s->pieces[i].table,
                           (const uint8_t *)r->in[2 + 3 * i].data + row * s->pieces[i].run,
                           (uint8_t *)r->out[0].data + row * s->row + s->pieces[i].at);
}

const oc_op oc_op_qlinear_sigmoid = {
    .name = "QLinearSigmoid",
    .domain = "com.microsoft",
    .n_in_min = 4,
    .n_in_max = 5,
    .n_out_min = 1,
    .n_out_max = 1,
    .state_size = sizeof(unary_state),
    .infer = unary_infer,
    .prepare = sigmoid_prepare,
    .run = unary_run,
};
const oc_op oc_op_qlinear_leaky_relu = {
    .name = "QLinearLeakyRelu",
    .domain = "com.microsoft",
    .n_in_min = 4,
    .n_in_max = 5,
    .n_out_min = 1,
    .n_out_max = 1,
    .state_size = sizeof(unary_state),
    .infer = unary_infer,
    .prepare = leaky_prepare,
    .run = unary_run,
};
const oc_op oc_op_q_table = {
    .name = "QTable",
    .domain = "ocellus",
    .n_in_min = 2,
    .n_in_max = 2,
    .n_out_min = 1,
    .n_out_max = 1,
    .flags = OC_OP_NC8_BYTES | OC_OP_IN_PLACE,
    .state_size = sizeof(unary_state),
    .infer = table_infer,
    .layout = table_layout,
    .prepare = table_prepare,
    .run = unary_run,
};
const oc_op oc_op_qlinear_concat = {
    .name = "QLinearConcat",
    .domain = "com.microsoft",
    .n_in_min = 5,
    .n_in_max = OC_OP_MANY,
    .n_out_min = 1,
    .n_out_max = 1,
    .state_size = sizeof(concat_state),
    .infer = concat_infer,
    .prepare = concat_prepare,
    .run = concat_run,
};
