/* Conv: y = act(x (*) w + bias + residual).      ONNX opset 1..22
 *
 *   in   x     f32, f16 or f64 [N,C,D1..]
 *        w     same type [M,C/group,k1..]; constant for the quick paths
 *        bias  [M], optional
 *        add   the residual of a fused addition (node->add), always last
 *   out  y     [N,M,..]
 *
 * Two spatial axes of f32 with constant weights run blocked: as multiply-accumulate tiles (input
 * blocked, or planar where it has up to four channels: a picture), by Winograd's method where that
 * saves work (not with the reference kernels: they stay exact), or as depthwise convolution.
 * Groups that are not whole blocks are merged until they are.  All else runs plain. */
#include <string.h>

#include "ops/conv_choice.h"
#include "ops/conv_dense.h"
#include "ops/conv_dot.h"
#include "ops/conv_dw.h"
#include "ops/conv_plain.h"
#include "ops/conv_wino.h"
#include "ops/packed.h"

typedef struct conv_state {
    oc_conv_way    way;
    oc_conv_inputs at;
    union {
        oc_conv_plain plain;
        oc_dense      dense;
        oc_conv_dot   dot;
        oc_conv_wino  wino;
        oc_conv_dw    dw;
    };
} conv_state;

static bool is_float(oc_dtype dtype)
{
    return dtype == OC_F32 || dtype == OC_F16 || dtype == OC_F64;
}

static oc_status conv_infer(const oc_infer *ask, oc_error *err)
{
    const oc_tensor_info *x = &ask->in[0], *w = &ask->in[1];
    oc_conv_geom          g;
    oc_status             st;

    if (!is_float(x->dtype) || w->dtype != x->dtype)
        return OC_FAIL(err, OC_UNSUPPORTED, "input is %s, weights are %s", oc_dtype_name(x->dtype),
                       oc_dtype_name(w->dtype));
    if ((st = oc_conv_geom_read(ask->node, x, w, &g, err)) != OC_OK)
        return st;
    oc_conv_inputs at =
        oc_conv_inputs_of(ask->node, ask->n_in, ask->n_in > 2 && ask->in[2].dtype != OC_DTYPE_NONE);
    if (at.bias >= 0) {
        const oc_tensor_info *b = &ask->in[at.bias];
        if (b->dtype != x->dtype || b->shape.rank != 1 || b->shape.dim[0] != g.oc)
            return OC_FAIL(err, OC_FORMAT, "bias does not have %lld values of the input's type",
                           (long long)g.oc);
    }
    ask->out[0] = (oc_tensor_info){.dtype = x->dtype, .shape = oc_conv_geom_shape(&g)};
    if (at.add >= 0 && !oc_shape_equal(&ask->in[at.add].shape, &ask->out[0].shape))
        return OC_FAIL(err, OC_FORMAT, "residual has another shape than the output");
    return OC_OK;
}

/* Could this node run blocked at all? */
static bool can_block(const oc_node *node, const oc_slot *in, uint32_t n_in, oc_conv_geom *g,
                      oc_conv_inputs *at)
{
    *at = oc_conv_inputs_of(node, n_in, n_in > 2 && in[2].info.dtype != OC_DTYPE_NONE);
    if (in[0].info.dtype != OC_F32 || in[0].info.shape.rank != 4 || !in[1].data ||
        in[1].layout != OC_LAYOUT_PLAIN || (at->bias >= 0 && !in[at->bias].data))
        return false;
    return oc_conv_geom_read(node, &in[0].info, &in[1].info, g, NULL) == OC_OK && g->c > 0;
}

static bool is_depthwise(const oc_conv_geom *g)
{
    return g->groups == g->c && g->oc == g->c && g->c > 1;
}

/* Pictures come planar and are read so; what is blocked already stays blocked. */
static bool wants_planar(const oc_conv_geom *g, oc_layout now)
{
    return g->c <= 4 && g->groups == 1 && now == OC_LAYOUT_PLAIN && g->dil[1] == 1;
}

/* A few planes are better plain: blocked they would be mostly padding. */
static bool wants_plain_out(const oc_conv_geom *g, oc_conv_inputs at)
{
    return g->oc <= 4 && at.add < 0 && g->out[0] * g->out[1] > 1;
}

static bool conv_layout(oc_layout_ask *ask)
{
    oc_conv_geom   g;
    oc_conv_inputs at;

    if (!can_block(ask->node, ask->in, ask->n_in, &g, &at))
        return false;
    ask->want_in[0] = !wants_planar(&g, ask->in[0].layout);
    ask->want_out[0] = is_depthwise(&g) || !wants_plain_out(&g, at);
    if (at.add >= 0)
        ask->want_in[at.add] = true;
    return true;
}

/* Groups of the operator that make one group of whole blocks; all of them when none does. */
static size_t merged_groups(const oc_conv_geom *g)
{
    const int64_t cg = g->c / g->groups, og = g->oc / g->groups;

    for (int64_t m = 1; m < g->groups && m <= 8; m++)
        if (g->groups % m == 0 && cg * m % 8 == 0 && og * m % 8 == 0)
            return (size_t)m;
    return (size_t)g->groups;
}

static oc_status prepare_dense(conv_state *s, const oc_prepare *p, const oc_conv_geom *g,
                               oc_error *err)
{
    const size_t     merge = merged_groups(g);
    const int64_t    cg = g->c / g->groups, og = g->oc / g->groups;
    oc_dense_shape   d = {.n = (size_t)g->n,
                          .groups = (size_t)g->groups / merge,
                          .c = (size_t)cg * merge,
                          .oc = (size_t)og * merge,
                          .planar = p->in[0].layout == OC_LAYOUT_PLAIN,
                          .in_h = g->in[0],
                          .in_w = g->in[1],
                          .kh = g->k[0],
                          .kw = g->k[1],
                          .sy = g->stride[0],
                          .sx = g->stride[1],
                          .dy = g->dil[0],
                          .dx = g->dil[1],
                          .top = g->pad[0],
                          .left = g->pad[1],
                          .out_h = g->out[0],
                          .out_w = g->out[1],
                          .y_px = 8,
                          .plain = p->out[0].layout == OC_LAYOUT_PLAIN,
                          .spread_h = 1,
                          .spread_w = 1,
                          .panel = s->way.size};
    oc_dense_weights w = {.w = p->in[1].data,
                          .bias = s->at.bias < 0 ? NULL : p->in[2].data,
                          .kx = 1,
                          .ky = d.kw,
                          .c = d.kw * d.kh,
                          .merge = merge};

    w.oc = w.c * cg;
    w.group = w.oc * og;
    d.y_row = d.out_w * 8;
    d.y_blk = d.out_h * d.y_row;
    d.y_image = (g->oc + 7) / 8 * d.y_blk;
    oc_status st = oc_dense_init(&s->dense, &d, &w, p, err);
    if (st != OC_OK)
        return st;
    p->work->phase[0].units = s->dense.units;
    p->work->phase[0].grain = oc_grain_of_flops(s->dense.units, s->dense.unit_flops);
    p->work->scratch_bytes = s->dense.scratch_bytes;
    return OC_OK;
}

static oc_status prepare_winograd(conv_state *s, const oc_prepare *p, const oc_conv_geom *g,
                                  oc_error *err)
{
    oc_status st = oc_conv_wino_init(&s->wino, g, s->way.size, p->in[1].data,
                                     s->at.bias < 0 ? NULL : p->in[s->at.bias].data, p, err);
    p->work->phase[0].units = s->wino.units;
    p->work->phase[0].grain = oc_grain_of_flops(s->wino.units, s->wino.unit_flops);
    p->work->scratch_bytes = s->wino.scratch_bytes;
    return st;
}

static oc_status prepare_dot(conv_state *s, const oc_prepare *p, const oc_conv_geom *g,
                             oc_error *err)
{
    oc_status st =
        oc_conv_dot_init(&s->dot, g, p->in[1].data, s->at.bias < 0 ? NULL : p->in[s->at.bias].data,
                         p->node->act, p->isa, p->mem, err);
    p->work->phase[0].units = s->dot.units;
    p->work->phase[0].grain = oc_grain_of_flops(s->dot.units, s->dot.unit_flops);
    return st;
}

static oc_status prepare_depthwise(conv_state *s, const oc_prepare *p, const oc_conv_geom *g,
                                   oc_error *err)
{
    oc_status st = oc_conv_dw_init(&s->dw, g, p->in[1].data,
                                   s->at.bias < 0 ? NULL : p->in[s->at.bias].data, p, err);
    p->work->phase[0].units = s->dw.units;
    p->work->phase[0].grain = oc_grain_of_flops(s->dw.units, s->dw.unit_flops);
    return st;
}

/* What the layouts of the slots allow: DENSE where there is a choice. */
static oc_conv_path path_of(const oc_prepare *p, oc_conv_geom *g, oc_conv_inputs *at)
{
    const bool plain_in = p->in[0].layout == OC_LAYOUT_PLAIN;
    const bool plain_out = p->out[0].layout == OC_LAYOUT_PLAIN;

    if (!can_block(p->node, p->in, p->n_in, g, at))
        return OC_CONV_PLAIN;
    if (is_depthwise(g))
        return plain_in || plain_out ? OC_CONV_PLAIN : OC_CONV_DEPTHWISE;
    if ((plain_in && (g->groups != 1 || g->dil[1] != 1)) || (plain_out && at->add >= 0))
        return OC_CONV_PLAIN;
    return OC_CONV_DENSE;
}

/* Groups as they run: merged ones count as one. */
static oc_conv_geom as_run(const oc_conv_geom *g, oc_conv_path path)
{
    oc_conv_geom run = *g;

    if (path == OC_CONV_DENSE)
        run.groups = g->groups / (int64_t)merged_groups(g);
    return run;
}

static oc_status conv_prepare(const oc_prepare *p, oc_error *err)
{
    conv_state  *s = p->state;
    oc_conv_geom g;
    oc_status    st = oc_conv_geom_read(p->node, &p->in[0].info, &p->in[1].info, &g, err);

    if (st != OC_OK)
        return st;
    s->at =
        oc_conv_inputs_of(p->node, p->n_in, p->n_in > 2 && p->in[2].info.dtype != OC_DTYPE_NONE);
    p->work->n_phases = 1;
    const oc_conv_path path = path_of(p, &g, &s->at);
    if (path == OC_CONV_PLAIN &&
        (p->in[0].layout != OC_LAYOUT_PLAIN || p->out[0].layout != OC_LAYOUT_PLAIN))
        return OC_FAIL(err, OC_INVALID, "cannot run with these layouts");
    if (path == OC_CONV_PLAIN) {
        s->way.path = path;
        oc_conv_plain_init(&s->plain, p, &g, s->at, false);
        return OC_OK;
    }
    const oc_conv_geom run = as_run(&g, path);
    if ((st = oc_conv_choose(p, &run, path, &s->way, err)) != OC_OK)
        return st;
    p->work->flops = oc_conv_geom_flops(&g, false);
    if (s->way.path != OC_CONV_DOT)
        oc_packed_consumed(p, 1);
    switch (s->way.path) {
    case OC_CONV_DEPTHWISE: return prepare_depthwise(s, p, &g, err);
    case OC_CONV_DOT: return prepare_dot(s, p, &g, err);
    case OC_CONV_WINOGRAD: return prepare_winograd(s, p, &g, err);
    default: return prepare_dense(s, p, &g, err);
    }
}

static void conv_run(const oc_op_run *r)
{
    const conv_state *s = r->state;
    const float      *x = r->in[0].data, *add = s->at.add < 0 ? NULL : r->in[s->at.add].data;
    float            *y = r->out[0].data;

    switch (s->way.path) {
    case OC_CONV_PLAIN: oc_conv_plain_run(&s->plain, r); break;
    case OC_CONV_DENSE:
        for (size_t u = r->part.begin; u < r->part.end; u++)
            oc_dense_run(&s->dense, x, add, y, u, r->scratch);
        break;
    case OC_CONV_DOT:
        for (size_t u = r->part.begin; u < r->part.end; u++)
            oc_conv_dot_run(&s->dot, x, y, u);
        break;
    case OC_CONV_WINOGRAD:
        for (size_t u = r->part.begin; u < r->part.end; u++)
            oc_conv_wino_run(&s->wino, x, add, y, u, r->scratch);
        break;
    case OC_CONV_DEPTHWISE:
        for (size_t u = r->part.begin; u < r->part.end; u++)
            oc_conv_dw_run(&s->dw, x, add, y, u);
        break;
    }
}

const oc_op oc_op_conv = {
    .name = "Conv",
    .domain = "",
    .n_in_min = 2,
    .n_in_max = 4,
    .n_out_min = 1,
    .n_out_max = 1,
    .flags = OC_OP_ACT | OC_OP_ADD,
    .state_size = sizeof(conv_state),
    .infer = conv_infer,
    .layout = conv_layout,
    .prepare = conv_prepare,
    .run = conv_run,
};
