/* Conv and products with constant weights between DequantizeLinear and QuantizeLinear. */
#include <math.h>
#include <string.h>

#include "ops/conv8.h"
#include "passes/qdq.h"

#define SAME_SCALE 1e-5f /* of a bias against input times weights: how near counts as the same */

/* Weights as integers with one scale, or one per output channel. */
typedef struct weights {
    oc_vid       w, scale, zero; /* of the DQ node */
    const float *scales;
    size_t       n_scale;
} weights;

static size_t elements(const qdq *q, oc_vid v)
{
    size_t n;
    return oc_shape_elements(&q->g->values[v].info.shape, &n) ? n : 0;
}

/* axis: of the channels that scales go along. */
static bool read_weights(const qdq *q, oc_vid v, int64_t axis, int64_t channels, weights *out)
{
    const oc_node *n = qdq_maker(q, v);
    if (!n || !oc_node_is(n, "DequantizeLinear") || oc_node_int(n, "block_size", 0))
        return false;
    const oc_value *w = &q->g->values[n->in[0]], *s = &q->g->values[n->in[1]];
    *out = (weights){n->in[0], n->in[1], n->n_in > 2 ? n->in[2] : OC_VID_NONE, s->data,
                     elements(q, n->in[1])};
    if (!w->data || !s->data || (w->info.dtype != OC_I8 && w->info.dtype != OC_U8) ||
        s->info.dtype != OC_F32)
        return false;
    int64_t at = oc_node_int(n, "axis", 1);
    at += at < 0 ? w->info.shape.rank : 0;
    if (out->n_scale != 1 && (at != axis || (int64_t)out->n_scale != channels))
        return false;
    if (out->zero != OC_VID_NONE &&
        (!q->g->values[out->zero].data || elements(q, out->zero) != out->n_scale))
        return false;
    for (size_t i = 0; i < out->n_scale; i++)
        if (!(out->scales[i] > 0 && isfinite(out->scales[i])))
            return false;
    return true;
}

static float bias_scale(const qdq_param *x, const weights *w, size_t i)
{
    return x->scale * w->scales[w->n_scale > 1 ? i : 0];
}

/* The bias as integers of the sums' scale: as the file has it where it has that scale, else rounded
 * from what it stands for.  *out NONE: there is none; false: it does not fit 32 bits. */
static bool read_bias(const qdq *q, oc_vid v, const qdq_param *x, const weights *w, size_t n,
                      int32_t *bias, bool *there)
{
    *there = v != OC_VID_NONE;
    if (!*there)
        return true;
    const oc_value *value = &q->g->values[v];
    const oc_node  *dq = value->data ? NULL : qdq_maker(q, v);
    const oc_value *ints = NULL, *scale = NULL;
    if (dq && oc_node_is(dq, "DequantizeLinear") && q->g->values[dq->in[0]].info.dtype == OC_I32) {
        ints = &q->g->values[dq->in[0]];
        scale = &q->g->values[dq->in[1]];
        const oc_vid zero = dq->n_in > 2 ? dq->in[2] : OC_VID_NONE;
        for (size_t i = 0; zero != OC_VID_NONE && i < elements(q, zero); i++)
            if (!q->g->values[zero].data || ((const int32_t *)q->g->values[zero].data)[i])
                return false;
    }
    const bool quantised = ints && ints->data && scale->data && scale->info.dtype == OC_F32;
    if (elements(q, v) != n || (!quantised && (!value->data || value->info.dtype != OC_F32)))
        return false;
    const size_t n_scale = quantised ? elements(q, dq->in[1]) : 0;
    for (size_t i = 0; i < n; i++) {
        const float want = bias_scale(x, w, i);
        if (quantised) {
            const float   have = ((const float *)scale->data)[n_scale > 1 ? i : 0];
            const int32_t b = ((const int32_t *)ints->data)[i];
            const double  real = (double)b * (double)have / (double)want;
            if (fabsf(have - want) <= SAME_SCALE * want)
                bias[i] = b;
            else if (fabs(real) < 1e9)
                bias[i] = (int32_t)lrint(real);
            else
                return false;
        } else {
            const double real = (double)((const float *)value->data)[i] / (double)want;
            if (!(fabs(real) < 1e9))
                return false;
            bias[i] = (int32_t)lrint(real);
        }
    }
    return true;
}

static bool fits(const qdq *q, const oc_node *n, const weights *w)
{
    oc_conv_geom g;
    return q->g->values[n->in[0]].info.shape.rank == 4 &&
           oc_conv_geom_read(n, &q->g->values[n->in[0]].info, &q->g->values[w->w].info, &g, NULL) ==
               OC_OK &&
           oc_conv8_fits(&g);
}

/* What a weighted node's result becomes: the Q behind it, past an activation. */
typedef struct tail {
    oc_node  *quantise, *act_node; /* NULL: floats; none */
    oc_act    act;
    qdq_param y;
    uint8_t   lo, hi;
} tail;

static void read_tail(const qdq *q, oc_vid out, tail *t)
{
    *t = (tail){.hi = 255};
    t->quantise = qdq_sink(q, out, &t->y);
    if (t->quantise)
        return;
    oc_node *user = q->g->values[out].is_output ? NULL : qdq_reader(q, out);
    oc_act   act;
    if (!user || user->in[0] != out || !oc_node_act(q->g, user, &act))
        return;
    t->quantise = qdq_sink(q, user->out[0], &t->y);
    if (!t->quantise)
        return; /* the pass `fuse` takes the activation of float results */
    t->act_node = user;
    t->act = act;
    if (qdq_bounds(act, &t->y, &t->lo, &t->hi))
        t->act = (oc_act){0};
}

/* The attributes of the node and lo, hi, raw, second: room for all in *out. */
static oc_status make_attrs(qdq *q, const oc_node *n, const tail *t, oc_attr **out, uint32_t *n_out)
{
    oc_attr *a = oc_arena_alloc(&q->g->arena, n->n_attrs + 4, sizeof(*a));
    if (!a)
        return OC_FAIL(q->err, OC_NOMEM, "attributes");
    memcpy(a, n->attrs, n->n_attrs * sizeof(*a));
    *n_out = n->n_attrs;
    a[(*n_out)++] = (oc_attr){.name = "lo", .kind = OC_ATTR_INT, .i = t->lo};
    a[(*n_out)++] = (oc_attr){.name = "hi", .kind = OC_ATTR_INT, .i = t->hi};
    a[(*n_out)++] = (oc_attr){.name = "raw", .kind = OC_ATTR_INT, .i = !t->quantise};
    a[(*n_out)++] = (oc_attr){.name = "second", .kind = OC_ATTR_INT, .i = 0};
    *out = a;
    return OC_OK;
}

/* n becomes QConv of bytes x and what follows it is part of it. */
static oc_status become_conv(qdq *q, oc_node *n, oc_vid x, qdq_param *px, const weights *w,
                             oc_vid bias, tail *t)
{
    oc_attr  *attrs = NULL;
    uint32_t  n_attrs = 0;
    oc_status st = qdq_whole(q, px);
    if (st == OC_OK && t->quantise)
        st = qdq_whole(q, &t->y);
    if (st != OC_OK)
        return st;
    const oc_vid in[9] = {x,
                          px->v_scale,
                          px->v_zero,
                          w->w,
                          w->scale,
                          w->zero,
                          t->quantise ? t->y.v_scale : OC_VID_NONE,
                          t->quantise ? t->y.v_zero : OC_VID_NONE,
                          bias};
    if ((st = make_attrs(q, n, t, &attrs, &n_attrs)) != OC_OK ||
        (st = qdq_become(q, n, "ocellus", "QConv", in, 9, attrs, n_attrs)) != OC_OK)
        return st;
    n->act = t->act;
    if (t->act_node)
        t->act_node->dead = true;
    if (t->quantise) {
        t->quantise->dead = true;
        n->out[0] = t->quantise->out[0];
    }
    return OC_OK;
}

static oc_status make_bias(qdq *q, oc_vid v, const qdq_param *px, const weights *w, size_t channels,
                           oc_vid *out, bool *good)
{
    bool     there = false;
    int32_t *bias = oc_arena_alloc(&q->g->arena, channels + 1, sizeof(*bias));
    *out = OC_VID_NONE;
    if (!bias)
        return OC_FAIL(q->err, OC_NOMEM, "%zu sums", channels);
    *good = read_bias(q, v, px, w, channels, bias, &there);
    const oc_shape shape = {1, {(int64_t)channels}};
    return *good && there ? oc_graph_add_constant(q->g, "", OC_I32, &shape, bias, out, q->err)
                          : OC_OK;
}

oc_status qdq_conv(qdq *q, uint32_t index, bool *done)
{
    oc_node  *n = &q->g->nodes[index];
    qdq_param px;
    weights   w;
    tail      t;
    oc_vid    x, bias;
    bool      good = false;
    if (!oc_node_is(n, "Conv") || n->add || n->act.kind != OC_ACT_NONE ||
        !qdq_source(q, n->in[0], &x, &px) || px.dtype != OC_U8)
        return OC_OK;
    const int64_t oc = q->g->values[n->out[0]].info.shape.dim[1];
    if (!read_weights(q, n->in[1], 0, oc, &w) || !fits(q, n, &w))
        return OC_OK;
    oc_status st =
        make_bias(q, n->n_in > 2 ? n->in[2] : OC_VID_NONE, &px, &w, (size_t)oc, &bias, &good);
    if (st != OC_OK || !good)
        return st;
    read_tail(q, n->out[0], &t);
    *done = true;
    return become_conv(q, n, x, &px, &w, bias, &t);
}

/* ---- Gemm, MatMul ---- */

/* [K][N] to [N][K][1][1], or only the shape where it is [N][K] already. */
static oc_status turn_weights(qdq *q, weights *w, bool transposed)
{
    const oc_value *from = &q->g->values[w->w];
    const int64_t   rows = from->info.shape.dim[0], cols = from->info.shape.dim[1];
    const oc_shape  shape = {4, {transposed ? rows : cols, transposed ? cols : rows, 1, 1}};
    const void     *data = from->data;
    const oc_dtype  dtype = from->info.dtype;
    if (!transposed) {
        uint8_t *to = oc_arena_alloc(&q->g->arena, (size_t)(rows * cols) + 1, 1);
        if (!to)
            return OC_FAIL(q->err, OC_NOMEM, "%lld weights", (long long)(rows * cols));
        for (int64_t k = 0; k < rows; k++)
            for (int64_t o = 0; o < cols; o++)
                to[o * rows + k] = ((const uint8_t *)data)[k * cols + o];
        data = to;
    }
    return oc_graph_add_constant(q->g, "", dtype, &shape, data, &w->w, q->err);
}

/* A Reshape of v to `shape`, as a new value. */
static oc_status reshape(qdq *q, oc_vid v, const oc_shape *shape, oc_vid *out)
{
    const oc_tensor_info info = {q->g->values[v].info.dtype, *shape};
    const oc_shape       rank = {1, {shape->rank}};
    oc_vid               dims;
    oc_node             *n;
    oc_status            st;
    if ((st = qdq_constant(q, OC_I64, &rank, shape->dim, &dims)) != OC_OK ||
        (st = oc_graph_add_value(q->g, q->g->values[v].name, out, q->err)) != OC_OK ||
        (st = oc_graph_add_node(q->g, "", "Reshape", 2, 1, &n, q->err)) != OC_OK ||
        (st = oc_node_retype(n, "", "Reshape", q->err)) != OC_OK)
        return st;
    n->opset = 13;
    n->in[0] = v;
    n->in[1] = dims;
    n->out[0] = *out;
    q->g->values[*out].info = info;
    return OC_OK;
}

static bool is_product(const qdq *q, const oc_node *n, bool *transposed)
{
    *transposed = oc_node_int(n, "transB", 0) != 0;
    if (oc_node_is(n, "Gemm") && (oc_node_float(n, "alpha", 1) != 1 ||
                                  oc_node_float(n, "beta", 1) != 1 || oc_node_int(n, "transA", 0)))
        return false;
    return (oc_node_is(n, "Gemm") || oc_node_is(n, "MatMul")) &&
           q->g->values[n->in[0]].info.shape.rank == 2 &&
           q->g->values[n->in[1]].info.shape.rank == 2;
}

/* [M,K] times constant [K,N] is a 1x1 convolution of M pictures of one pixel... of one picture of M
 * pixels it would be, too, but a pixel's channels lie together here. */
/* C of a Gemm is the bias of the columns, and not of the rows where there are as many. */
static bool is_per_column(const qdq *q, oc_vid v, int64_t columns)
{
    if (v == OC_VID_NONE)
        return true;
    const oc_shape *s = &q->g->values[v].info.shape;
    return columns == 1 || (s->rank > 0 && s->dim[s->rank - 1] == columns);
}

oc_status qdq_gemm(qdq *q, uint32_t index, bool *done)
{
    oc_node  *n = &q->g->nodes[index];
    qdq_param px;
    weights   w;
    tail      t;
    oc_vid    x, bias, wide, flat;
    bool      good = false, transposed = false;
    oc_status st;
    if (!is_product(q, n, &transposed) || !qdq_source(q, n->in[0], &x, &px) || px.dtype != OC_U8)
        return OC_OK;
    const oc_shape in = q->g->values[n->in[0]].info.shape;
    const oc_shape out = q->g->values[n->out[0]].info.shape;
    if (!read_weights(q, n->in[1], transposed ? 0 : 1, out.dim[1], &w) || in.dim[1] < 1 ||
        in.dim[1] > 32768 || (n->n_in > 2 && !is_per_column(q, n->in[2], out.dim[1])))
        return OC_OK;
    st = make_bias(q, n->n_in > 2 ? n->in[2] : OC_VID_NONE, &px, &w, (size_t)out.dim[1], &bias,
                   &good);
    if (st != OC_OK || !good)
        return st;
    const oc_shape wide_shape = {4, {in.dim[0], in.dim[1], 1, 1}};
    const oc_shape flat_shape = {4, {out.dim[0], out.dim[1], 1, 1}};
    if ((st = turn_weights(q, &w, transposed)) != OC_OK ||
        (st = reshape(q, x, &wide_shape, &wide)) != OC_OK)
        return st;
    n = &q->g->nodes[index]; /* nodes may have moved */
    read_tail(q, n->out[0], &t);
    n->n_attrs = 0;
    if ((st = become_conv(q, n, wide, &px, &w, bias, &t)) != OC_OK)
        return st;
    const oc_vid         result = n->out[0];
    const oc_tensor_info info = {q->g->values[result].info.dtype, flat_shape};
    oc_node             *back;
    if ((st = oc_graph_add_value(q->g, "", &flat, q->err)) != OC_OK ||
        (st = reshape(q, flat, &q->g->values[result].info.shape, &x)) != OC_OK)
        return st;
    back = &q->g->nodes[q->g->n_nodes - 1];
    back->out[0] = result;
    q->g->values[flat].info = info;
    q->g->nodes[index].out[0] = flat;
    *done = true;
    return OC_OK;
}
