/* QLinearConv, ConvInteger, QConv: convolutions of quantised tensors.   ONNX opset 10..
 *
 *   QLinearConv  x, x_scale, x_zero, w, w_scale, w_zero, y_scale, y_zero, bias
 *     y = saturate(round_half_even(sum * (x_scale * w_scale / y_scale)) + y_zero), the factor and
 *     the product in float as ONNX Runtime has them; bias is int32 of scale x_scale * w_scale
 *   ConvInteger  x, w, x_zero, w_zero; the sum itself, int32
 *
 *   x u8 or i8 [N,C,spatial..], w u8 or i8, scale and zero point of w per tensor or per output
 *   channel; pads count as x_zero; QLinearConv's scales, bias, x_zero and y_zero constant
 *
 *   QConv (domain "ocellus": passes make it of QDQ, blocked u8 only)  as QLinearConv, then
 *     table [256] u8: what becomes of each byte (an operator of one value that followed, quantised)
 *     r, r_scale, r_zero, sum_scale, sum_zero: a residual, u8 like y, added as QLinearAdd does (`second`:
 *     r is the sum's first operand)
 *     attributes lo, hi: the result's bounds in bytes (Relu, Clip); node->act in float before rounding
 *     raw: y is float32, not quantised: y_scale and y_zero are left out
 *
 *   QLinearConv runs blocked, too, where x and y are u8 of two spatial axes, w is constant and there is
 *   one group or one per channel (conv8.h); else plain (int_conv.h). */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "ops/choice.h"
#include "ops/conv8_wino.h"
#include "ops/int_conv.h"
#include "ops/packed.h"

enum { IN_BIAS = 8, IN_TABLE, IN_ADD, IN_ADD_SCALE, IN_ADD_ZERO, IN_SUM_SCALE, IN_SUM_ZERO };

typedef struct qconv_state {
    oc_int_conv conv;
    union {
        oc_conv8      conv8;
        oc_conv8_wino wino;
    };
    bool           blocked, winograd;
    oc_finish8     finish; /* of conv8 */
    oc_qparam      x, y;
    const float   *scale; /* [oc] */
    const int32_t *bias;
} qconv_state;

static oc_status infer_shape(const oc_infer *ask, uint32_t i_w, oc_dtype dtype, oc_error *err)
{
    oc_conv_geom g;
    oc_status    st;
    if (!oc_is_byte(ask->in[0].dtype) || !oc_is_byte(ask->in[i_w].dtype))
        return OC_FAIL(err, OC_UNSUPPORTED, "x is %s and w %s, only uint8 and int8",
                       oc_dtype_name(ask->in[0].dtype), oc_dtype_name(ask->in[i_w].dtype));
    if ((st = oc_shape_known(&ask->in[0], "x", err)) != OC_OK ||
        (st = oc_shape_known(&ask->in[i_w], "w", err)) != OC_OK ||
        (st = oc_conv_geom_read(ask->node, &ask->in[0], &ask->in[i_w], &g, err)) != OC_OK)
        return st;
    ask->out[0] = (oc_tensor_info){dtype, oc_conv_geom_shape(&g)};
    return OC_OK;
}

static oc_status qlinear_infer(const oc_infer *ask, oc_error *err)
{
    oc_dtype dtype = ask->in[7].dtype ? ask->in[7].dtype : ask->in[0].dtype;
    if (!oc_is_byte(dtype))
        return OC_FAIL(err, OC_UNSUPPORTED, "y is %s, only uint8 and int8", oc_dtype_name(dtype));
    oc_status st = oc_qparams_constant(ask, 0x1f6, err);
    return st == OC_OK ? infer_shape(ask, 3, dtype, err) : st;
}

static oc_status qconv_infer(const oc_infer *ask, oc_error *err)
{
    const oc_dtype dtype = oc_node_int(ask->node, "raw", 0) ? OC_F32 : OC_U8;
    return infer_shape(ask, 3, dtype, err);
}

static bool is_there(const oc_slot *in, uint32_t n, uint32_t i)
{
    return i < n && in[i].info.dtype != OC_DTYPE_NONE;
}

static bool qlinear_layout(oc_layout_ask *ask)
{
    oc_conv_geom   g;
    const oc_slot *in = ask->in;
    const oc_dtype y = ask->out[0].info.dtype;
    if (in[0].info.dtype != OC_U8 || (y != OC_U8 && y != OC_F32) || !in[3].data ||
        (is_there(in, ask->n_in, 5) && !in[5].data) ||
        oc_conv_geom_read(ask->node, &in[0].info, &in[3].info, &g, NULL) != OC_OK ||
        !oc_conv8_fits(&g))
        return false;
    ask->want_in[0] = ask->want_out[0] = true;
    if (is_there(in, ask->n_in, IN_ADD))
        ask->want_in[IN_ADD] = true;
    return true;
}

/* Factors of the sums: into quanta of y, or (an activation or floats follow) into x's real values. */
static oc_status make_scale(qconv_state *s, const oc_prepare *p, const oc_qparam *w, bool real,
                            oc_error *err)
{
    size_t oc = (size_t)p->out[0].info.shape.dim[1];
    float *scale = oc_arena_alloc(p->mem, (oc + 15) / 16 * 16, sizeof(*scale));
    s->scale = scale;
    if (!scale)
        return OC_FAIL(err, OC_NOMEM, "%zu factors", oc);
    for (size_t i = 0; i < oc; i++)
        scale[i] = s->x.scale[0] * oc_qparam_scale(w, i) / (real ? 1.0f : s->y.scale[0]);
    return OC_OK;
}

static oc_status read_add(qconv_state *s, const oc_prepare *p, const oc_args *base, oc_error *err)
{
    oc_args   a = *base; /* arguments are read by index below OC_ARGS_MAX: these lie beyond */
    oc_qparam r, sum;
    oc_status st;
    for (uint32_t i = 0; i < 4; i++) {
        a.in[i] = &p->in[IN_ADD_SCALE + i].info;
        a.data[i] = p->in[IN_ADD_SCALE + i].data;
    }
    a.n_in = 4;
    if ((st = oc_qparam_read(&a, 0, 1, OC_U8, 1, "r", &r, err)) != OC_OK ||
        (st = oc_qparam_read(&a, 2, 3, OC_U8, 1, "sum", &sum, err)) != OC_OK)
        return st;
    const float ratio = s->y.scale[0] / sum.scale[0], other = r.scale[0] / sum.scale[0];
    const float own_zero = (float)oc_qparam_zero(&s->y, 0);
    const float other_zero = (float)oc_qparam_zero(&r, 0);
    oc_finish8 *f = &s->finish;
    f->ratio = ratio;
    f->ratio_add = other;
    f->add_last = oc_node_int(p->node, "second", 0) != 0;
    f->fixed =
        (float)oc_qparam_zero(&sum, 0) - (f->add_last ? fmaf(other, other_zero, ratio * own_zero)
                                                      : fmaf(ratio, own_zero, other * other_zero));
    return OC_OK;
}

/* Direct, or by Winograd's method where that fits: exact either way.  Its weights are 32/9 times as
 * large: not where memory is short. */
static oc_status choose(qconv_state *s, const oc_prepare *p, const oc_conv_geom *g, oc_error *err)
{
    static const char *const names[] = {"bytes-direct", "bytes-winograd"};
    const bool               fits = oc_conv8_wino_fits(g) && !p->lean && p->isa != OC_ISA_NONE;
    char                     key[OC_CHOICE_KEY_MAX];
    unsigned                 at = 0;
    if (!fits)
        return OC_OK;
    snprintf(key, sizeof(key),
             "%s:qconv:n%lld:c%lld:o%lld:%lldx%lld:k3:p%lld,%lld,%lld,%lld:act%d%s%s",
             oc_isa_name(p->isa), (long long)g->n, (long long)g->c, (long long)g->oc,
             (long long)g->in[0], (long long)g->in[1], (long long)g->pad[0], (long long)g->pad[1],
             (long long)g->pad_end[0], (long long)g->pad_end[1], (int)p->node->act.kind,
             s->finish.table ? ":table" : "", is_there(p->in, p->n_in, IN_ADD) ? ":add" : "");
    const unsigned guess = oc_conv8_wino_cycles(g) < oc_conv8_cycles(g, p->isa) ? 1 : 0;
    oc_status      st = oc_choice_make(p, key, names, 2, guess, &at, err);
    s->winograd = at == 1;
    return st;
}

/* Passes make these inputs; a plan file may hold anything. */
static oc_status check_more(const oc_prepare *p, oc_error *err)
{
    const oc_slot *in = p->in, *y = &p->out[0];
    if (is_there(in, p->n_in, IN_TABLE) &&
        (in[IN_TABLE].info.dtype != OC_U8 || oc_elements(&in[IN_TABLE].info) != 256 ||
         !in[IN_TABLE].data))
        return OC_FAIL(err, OC_FORMAT, "input %d (table) must be 256 constant uint8", IN_TABLE);
    if (is_there(in, p->n_in, IN_ADD) &&
        (p->n_in <= IN_SUM_ZERO || in[IN_ADD].info.dtype != OC_U8 || y->info.dtype != OC_U8 ||
         in[IN_ADD].layout != y->layout || !oc_shape_equal(&in[IN_ADD].info.shape, &y->info.shape)))
        return OC_FAIL(err, OC_FORMAT, "input %d (residual) must be as the output is", IN_ADD);
    return OC_OK;
}

static oc_status prepare_blocked(qconv_state *s, const oc_prepare *p, const oc_args *a,
                                 oc_error *err)
{
    const bool   raw = p->out[0].info.dtype == OC_F32;
    const bool   real = raw || p->node->act.kind != OC_ACT_NONE;
    const bool   w_zero = is_there(p->in, p->n_in, 5);
    oc_conv_geom g;
    oc_status    st = oc_conv_geom_read(p->node, &p->in[0].info, &p->in[3].info, &g, err);
    if (st != OC_OK || (st = check_more(p, err)) != OC_OK)
        return st;
    if (!oc_conv8_fits(&g))
        return OC_FAIL(err, OC_FORMAT, "a convolution of this shape does not run blocked");
    s->blocked = true;
    s->finish =
        (oc_finish8){.scale = s->scale,
                     .act = p->node->act,
                     .per_quantum = real && !raw ? 1.0f / s->y.scale[0] : 1.0f,
                     .zero = raw ? 0 : oc_qparam_zero(&s->y, 0),
                     .table = is_there(p->in, p->n_in, IN_TABLE) ? p->in[IN_TABLE].data : NULL,
                     .lo = (uint8_t)oc_node_int(p->node, "lo", 0),
                     .hi = (uint8_t)oc_node_int(p->node, "hi", 255),
                     .raw = raw};
    if (is_there(p->in, p->n_in, IN_ADD) && (st = read_add(s, p, a, err)) != OC_OK)
        return st;
    const oc_conv8_weights w = {.dtype = p->in[3].info.dtype,
                                .w = p->in[3].data,
                                .zero = w_zero ? p->in[5].data : NULL,
                                .n_zero = w_zero ? oc_elements(&p->in[5].info) : 0};
    oc_packed_consumed(p, 3);
    if ((st = choose(s, p, &g, err)) != OC_OK)
        return st;
    const int32_t x_zero = oc_qparam_zero(&s->x, 0);
    return s->winograd ? oc_conv8_wino_init(&s->wino, &g, &w, s->bias, x_zero, p, err)
                       : oc_conv8_init(&s->conv8, &g, &w, s->bias, x_zero, p, err);
}

static oc_status qlinear_prepare(const oc_prepare *p, oc_error *err)
{
    qconv_state *s = p->state;
    oc_args      a = oc_args_of_prepare(p);
    size_t       oc = (size_t)p->out[0].info.shape.dim[1];
    const bool   raw = p->out[0].info.dtype == OC_F32;
    const bool   blocked = p->in[0].layout == OC_LAYOUT_NC8;
    oc_qparam    w;
    oc_status    st;
    if ((st = oc_qparam_read(&a, 1, 2, p->in[0].info.dtype, 1, "x", &s->x, err)) != OC_OK ||
        (st = oc_qparam_read(&a, 4, OC_ARGS_MAX, p->in[3].info.dtype, oc, "w", &w, err)) != OC_OK ||
        (!raw &&
         (st = oc_qparam_read(&a, 6, 7, p->out[0].info.dtype, 1, "y", &s->y, err)) != OC_OK) ||
        (st = make_scale(s, p, &w, raw || p->node->act.kind != OC_ACT_NONE, err)) != OC_OK)
        return st;
    if (oc_args_has(&a, IN_BIAS)) {
        if (p->in[8].info.dtype != OC_I32 || oc_elements(&p->in[8].info) != oc || !p->in[8].data)
            return OC_FAIL(err, OC_UNSUPPORTED, "the bias must be %zu constant int32", oc);
        s->bias = p->in[8].data;
    }
    if (!blocked && strcmp(p->node->op_type, "QConv") == 0)
        return OC_FAIL(err, OC_FORMAT, "runs over blocked bytes only");
    return blocked ? prepare_blocked(s, p, &a, err) : oc_int_conv_prepare(&s->conv, p, 3, 5, err);
}

static void run_blocked(const qconv_state *s, const oc_op_run *r)
{
    oc_finish8 f = s->finish;
    f.y = r->out[0].data;
    f.add = r->n_in > IN_ADD ? r->in[IN_ADD].data : NULL;
    for (size_t u = r->part.begin; u < r->part.end; u++)
        if (s->winograd)
            oc_conv8_wino_run(&s->wino, r->in[0].data, &f, u, r->scratch);
        else
            oc_conv8_run(&s->conv8, r->in[0].data, &f, u, r->scratch);
}

static void qlinear_run(const oc_op_run *r)
{
    const qconv_state *s = r->state;
    if (s->blocked) {
        run_blocked(s, r);
        return;
    }
    oc_int_conv_out out = {.y = r->out[0].data,
                           .is_signed = r->out[0].info.dtype == OC_I8,
                           .zero = oc_qparam_zero(&s->y, 0),
                           .bias = s->bias,
                           .scale = s->scale};
    oc_int_conv_run(&s->conv, r, oc_qparam_zero(&s->x, 0), &out);
}

static oc_status integer_infer(const oc_infer *ask, oc_error *err)
{
    if (ask->n_in > 2 && ask->in[2].dtype && oc_shape_known(&ask->in[2], "x_zero", err) == OC_OK &&
        oc_elements(&ask->in[2]) != 1)
        return OC_FAIL(err, OC_FORMAT, "more than one zero point of x");
    return infer_shape(ask, 1, OC_I32, err);
}

static oc_status integer_prepare(const oc_prepare *p, oc_error *err)
{
    qconv_state *s = p->state;
    return oc_int_conv_prepare(&s->conv, p, 1, 3, err);
}

static void integer_run(const oc_op_run *r)
{
    const qconv_state *s = r->state;
    oc_int_conv_out    out = {.y = r->out[0].data, .raw = true};
    int32_t            zero = r->n_in > 2 ? oc_zero_at(r->in[2].info.dtype, r->in[2].data, 0) : 0;
    oc_int_conv_run(&s->conv, r, zero, &out);
}

const oc_op oc_op_qlinear_conv = {
    .name = "QLinearConv",
    .domain = "",
    .n_in_min = 8,
    .n_in_max = 9,
    .n_out_min = 1,
    .n_out_max = 1,
    .flags = OC_OP_NC8_BYTES,
    .state_size = sizeof(qconv_state),
    .infer = qlinear_infer,
    .layout = qlinear_layout,
    .prepare = qlinear_prepare,
    .run = qlinear_run,
};
const oc_op oc_op_q_conv = {
    .name = "QConv",
    .domain = "ocellus",
    .n_in_min = 5,
    .n_in_max = 15,
    .n_out_min = 1,
    .n_out_max = 1,
    .flags = OC_OP_ACT | OC_OP_NC8_BYTES,
    .state_size = sizeof(qconv_state),
    .infer = qconv_infer,
    .layout = qlinear_layout,
    .prepare = qlinear_prepare,
    .run = qlinear_run,
};
const oc_op oc_op_conv_integer = {
    .name = "ConvInteger",
    .domain = "",
    .n_in_min = 2,
    .n_in_max = 4,
    .n_out_min = 1,
    .n_out_max = 1,
    .state_size = sizeof(qconv_state),
    .infer = integer_infer,
    .prepare = integer_prepare,
    .run = integer_run,
};
