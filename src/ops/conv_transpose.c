/* ConvTranspose: the gradient of a convolution by its input.      ONNX opset 1..22
 *
 *   in   x     f32, f16 or f64 [N,C,D1..]
 *        w     same type [C,M/group,k1..]
 *        bias  [M], optional
 *        add   the residual of a fused addition (node->add), always last
 *   out  y     [N,M,..]
 *
 * Output rows with the same remainder by the stride meet the same taps: each pair of remainders is
 * an ordinary convolution of stride 1 over a subset of the taps, turned round, whose output lies
 * `stride` apart.  With a kernel as large as the stride these are products with one tap each. */
#include <string.h>

#include "ops/conv_dense.h"
#include "ops/conv_plain.h"
#include "ops/packed.h"

typedef struct convt_state {
    bool           blocked;
    oc_conv_inputs at;
    oc_conv_plain  plain;
    oc_dense      *phases;
    size_t         n_phases;
} convt_state;

static oc_status convt_infer(const oc_infer *ask, oc_error *err)
{
    const oc_tensor_info *x = &ask->in[0], *w = &ask->in[1];
    oc_conv_geom          g;
    oc_status             st;

    if ((x->dtype != OC_F32 && x->dtype != OC_F16 && x->dtype != OC_F64) || w->dtype != x->dtype)
        return OC_FAIL(err, OC_UNSUPPORTED, "input is %s, weights are %s", oc_dtype_name(x->dtype),
                       oc_dtype_name(w->dtype));
    if ((st = oc_conv_geom_read_transposed(ask->node, x, w, &g, err)) != OC_OK)
        return st;
    oc_conv_inputs at =
        oc_conv_inputs_of(ask->node, ask->n_in, ask->n_in > 2 && ask->in[2].dtype != OC_DTYPE_NONE);
    if (at.bias >= 0 && (ask->in[2].dtype != x->dtype || ask->in[2].shape.rank != 1 ||
                         ask->in[2].shape.dim[0] != g.oc))
        return OC_FAIL(err, OC_FORMAT, "bias does not have %lld values of the input's type",
                       (long long)g.oc);
    ask->out[0] = (oc_tensor_info){.dtype = x->dtype, .shape = oc_conv_geom_shape(&g)};
    if (at.add >= 0 && !oc_shape_equal(&ask->in[at.add].shape, &ask->out[0].shape))
        return OC_FAIL(err, OC_FORMAT, "residual has another shape than the output");
    return OC_OK;
}

static bool can_block(const oc_node *node, const oc_slot *in, uint32_t n_in, oc_conv_geom *g,
                      oc_conv_inputs *at)
{
    *at = oc_conv_inputs_of(node, n_in, n_in > 2 && in[2].info.dtype != OC_DTYPE_NONE);
    if (in[0].info.dtype != OC_F32 || in[0].info.shape.rank != 4 || !in[1].data ||
        in[1].layout != OC_LAYOUT_PLAIN || (at->bias >= 0 && !in[at->bias].data) ||
        oc_conv_geom_read_transposed(node, &in[0].info, &in[1].info, g, NULL) != OC_OK)
        return false;
    return g->dil[0] == 1 && g->dil[1] == 1 && g->stride[0] <= 8 && g->stride[1] <= 8;
}

/* Kernel = stride, few planes: all taps of a pixel are channels of one product, whose results are
 * spread over plain planes. */
static bool is_spread(const oc_conv_geom *g, oc_conv_inputs at)
{
    return g->k[0] == g->stride[0] && g->k[1] == g->stride[1] && g->groups == 1 && g->oc <= 4 &&
           at.add < 0 && g->pad[0] == 0 && g->pad[1] == 0 && g->out[0] == g->in[0] * g->k[0] &&
           g->out[1] == g->in[1] * g->k[1];
}

static bool convt_layout(oc_layout_ask *ask)
{
    oc_conv_geom   g;
    oc_conv_inputs at;

    if (!can_block(ask->node, ask->in, ask->n_in, &g, &at))
        return false;
    ask->want_in[0] = true;
    ask->want_out[0] = !is_spread(&g, at);
    if (at.add >= 0)
        ask->want_in[at.add] = true;
    return true;
}

static size_t merged_groups(const oc_conv_geom *g)
{
    const int64_t cg = g->c / g->groups, og = g->oc / g->groups;

    for (int64_t m = 1; m < g->groups && m <= 8; m++)
        if (g->groups % m == 0 && cg * m % 8 == 0 && og * m % 8 == 0)
            return (size_t)m;
    return (size_t)g->groups;
}

/* One axis of one remainder: out = at, at + stride, ..; tap j reads input q - top + j. */
typedef struct axis_phase {
    ptrdiff_t count, taps, top, first_tap;
} axis_phase;

static axis_phase phase_of(const oc_conv_geom *g, uint32_t axis, ptrdiff_t at)
{
    const ptrdiff_t s = g->stride[axis], from = at + g->pad[axis];
    axis_phase      p = {.first_tap = from % s};

    p.count = g->out[axis] > at ? (g->out[axis] - at + s - 1) / s : 0;
    p.taps = g->k[axis] > p.first_tap ? (g->k[axis] - p.first_tap + s - 1) / s : 0;
    p.top = p.taps - 1 - from / s;
    return p;
}

static oc_status make_phase(oc_dense *d, const oc_prepare *p, const oc_conv_geom *g, int bias,
                            ptrdiff_t py, ptrdiff_t px, oc_error *err)
{
    const axis_phase y = phase_of(g, 0, py), x = phase_of(g, 1, px);
    const size_t     merge = merged_groups(g);
    const ptrdiff_t  taps = g->k[0] * g->k[1], og = g->oc / g->groups, cg = g->c / g->groups;
    const ptrdiff_t  sy = g->stride[0], sx = g->stride[1], row = g->out[1] * 8;
    oc_dense_shape   s = {.n = (size_t)g->n,
                          .groups = (size_t)g->groups / merge,
                          .c = (size_t)cg * merge,
                          .oc = (size_t)og * merge,
                          .in_h = g->in[0],
                          .in_w = g->in[1],
                          .kh = y.taps,
                          .kw = x.taps,
                          .sy = 1,
                          .sx = 1,
                          .dy = 1,
                          .dx = 1,
                          .top = y.top,
                          .left = x.top,
                          .out_h = y.count,
                          .out_w = x.count,
                          .y_at = py * row + px * 8,
                          .y_px = sx * 8,
                          .y_row = sy * row,
                          .y_blk = g->out[0] * row,
                          .y_image = (g->oc + 7) / 8 * g->out[0] * row};
    /* tap j of the phase is the kernel's first + stride * (taps - 1 - j) */
    oc_dense_weights w = {.bias = bias < 0 ? NULL : p->in[bias].data,
                          .oc = taps,
                          .c = og * taps,
                          .group = cg * og * taps,
                          .ky = -sy * g->k[1],
                          .kx = -sx,
                          .merge = merge};
    w.w = (const float *)p->in[1].data;
    if (y.taps > 0 && x.taps > 0)
        w.w += (y.first_tap + sy * (y.taps - 1)) * g->k[1] + x.first_tap + sx * (x.taps - 1);
    oc_packed_consumed(p, 1);
    return oc_dense_init(d, &s, &w, p, err);
}

static oc_status prepare_blocked(convt_state *s, const oc_prepare *p, const oc_conv_geom *g,
                                 oc_error *err)
{
    double flops = 0;

    s->blocked = true;
    s->phases = oc_arena_alloc(p->mem, (size_t)(g->stride[0] * g->stride[1]), sizeof(*s->phases));
    if (!s->phases)
        return OC_FAIL(err, OC_NOMEM, "the plan of %lld phases",
                       (long long)(g->stride[0] * g->stride[1]));
    for (ptrdiff_t py = 0; py < g->stride[0] && py < g->out[0]; py++)
        for (ptrdiff_t px = 0; px < g->stride[1] && px < g->out[1]; px++) {
            oc_dense *d = &s->phases[s->n_phases++];
            oc_status st = make_phase(d, p, g, s->at.bias, py, px, err);
            if (st != OC_OK)
                return st;
            p->work->phase[0].units += d->units;
            flops += (double)d->units * d->unit_flops;
            if (d->scratch_bytes > p->work->scratch_bytes)
                p->work->scratch_bytes = d->scratch_bytes;
        }
    size_t units = p->work->phase[0].units;
    p->work->phase[0].grain = oc_grain_of_flops(units, units ? flops / (double)units : 0);
    p->work->flops = oc_conv_geom_flops(g, true);
    return OC_OK;
}

static oc_status prepare_spread(convt_state *s, const oc_prepare *p, const oc_conv_geom *g,
                                oc_error *err)
{
    const ptrdiff_t  taps = g->k[0] * g->k[1];
    oc_dense_shape   d = {.n = (size_t)g->n,
                          .groups = 1,
                          .c = (size_t)g->c,
                          .oc = (size_t)(g->oc * taps),
                          .in_h = g->in[0],
                          .in_w = g->in[1],
                          .kh = 1,
                          .kw = 1,
                          .sy = 1,
                          .sx = 1,
                          .dy = 1,
                          .dx = 1,
                          .out_h = g->in[0],
                          .out_w = g->in[1],
                          .plain = true,
                          .spread_h = g->k[0],
                          .spread_w = g->k[1]};
    oc_dense_weights w = {.w = p->in[1].data, .oc = 1, .c = g->oc * taps, .merge = 1};
    float           *bias = oc_arena_alloc(p->mem, d.oc, sizeof(float));

    s->blocked = true;
    s->n_phases = 1;
    s->phases = oc_arena_alloc(p->mem, 1, sizeof(*s->phases));
    if (!bias || !s->phases)
        return OC_FAIL(err, OC_NOMEM, "the plan of a product");
    for (size_t i = 0; s->at.bias >= 0 && i < d.oc; i++)
        bias[i] = ((const float *)p->in[s->at.bias].data)[i / (size_t)taps];
    w.bias = bias;
    oc_packed_consumed(p, 1);
    oc_status st = oc_dense_init(s->phases, &d, &w, p, err);
    p->work->phase[0].units = s->phases->units;
    p->work->phase[0].grain = oc_grain_of_flops(s->phases->units, s->phases->unit_flops);
    p->work->scratch_bytes = s->phases->scratch_bytes;
    p->work->flops = oc_conv_geom_flops(g, true);
    return st;
}

static oc_status convt_prepare(const oc_prepare *p, oc_error *err)
{
    convt_state *s = p->state;
    oc_conv_geom g;
    oc_status st = oc_conv_geom_read_transposed(p->node, &p->in[0].info, &p->in[1].info, &g, err);

    if (st != OC_OK)
        return st;
    s->at =
        oc_conv_inputs_of(p->node, p->n_in, p->n_in > 2 && p->in[2].info.dtype != OC_DTYPE_NONE);
    p->work->n_phases = 1;
    if (p->out[0].layout == OC_LAYOUT_PLAIN && p->in[0].layout == OC_LAYOUT_PLAIN) {
        oc_conv_plain_init(&s->plain, p, &g, s->at, true);
        return OC_OK;
    }
    const bool able = can_block(p->node, p->in, p->n_in, &g, &s->at);
    if (able && p->in[0].layout == OC_LAYOUT_NC8 && p->out[0].layout == OC_LAYOUT_NC8)
        return prepare_blocked(s, p, &g, err);
    if (able && p->in[0].layout == OC_LAYOUT_NC8 && is_spread(&g, s->at))
        return prepare_spread(s, p, &g, err);
    return OC_FAIL(err, OC_INVALID, "cannot run with these layouts");
}

static void convt_run(const oc_op_run *r)
{
    const convt_state *s = r->state;
    const float       *add = s->at.add < 0 ? NULL : r->in[s->at.add].data;

    if (!s->blocked) {
        oc_conv_plain_run(&s->plain, r);
        return;
    }
    size_t first = 0;
    for (size_t i = 0; i < s->n_phases; first += s->phases[i++].units) {
        const oc_dense *d = &s->phases[i];
        size_t          begin = r->part.begin > first ? r->part.begin : first;
        for (size_t u = begin; u < r->part.end && u < first + d->units; u++)
            oc_dense_run(d, r->in[0].data, add, r->out[0].data, u - first, r->scratch);
    }
}

const oc_op oc_op_conv_transpose = {
    .name = "ConvTranspose",
    .domain = "",
    .n_in_min = 2,
    .n_in_max = 4,
    .n_out_min = 1,
    .n_out_max = 1,
    .flags = OC_OP_ACT | OC_OP_ADD,
    .state_size = sizeof(convt_state),
    .infer = convt_infer,
    .layout = convt_layout,
    .prepare = convt_prepare,
    .run = convt_run,
};
