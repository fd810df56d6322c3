#include "quant/emit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "quant/prepare.h"

oc_status q_weights_round(const q_index *index, const q_place *place, unsigned weight_bits,
                          q_weights *weights, oc_error *err)
{
    const float top = (float)((1 << (weight_bits - 1)) - 1);
    for (uint32_t l = 0; l < place->n_layers; l++) {
        const oc_doc_node    *n = &index->doc->nodes[place->layers[l].node];
        const oc_tensor_view *w = n->n_in > 1 ? q_constant(index, n->in[1]) : NULL;
        q_weights            *to = &weights[l];
        if (place->nodes[place->layers[l].node].reason || !w ||
            !oc_shape_elements(&w->info.shape, &to->n))
            continue;
        const int    axis = q_weight_axis(n, w);
        const size_t channels = axis < 0 ? 1 : (size_t)w->info.shape.dim[axis];
        to->q = malloc(to->n + 1);
        to->scales = malloc((channels + 1) * sizeof(*to->scales));
        if (!to->q || !to->scales)
            return OC_FAIL(err, OC_NOMEM, "weights of '%s'", place->layers[l].name);
        to->n_scales = q_weight_scales(w, axis, weight_bits, to->scales);
        size_t inner = to->n;
        for (int d = 0; d <= axis; d++)
            inner /= (size_t)w->info.shape.dim[d];
        const float *x = w->data;
        for (size_t i = 0; i < to->n; i++) {
            float q = nearbyintf(x[i] / to->scales[axis < 0 ? 0 : i / inner % channels]);
            to->q[i] = (int8_t)(q < -top ? -top : q > top ? top : q);
        }
    }
    return OC_OK;
}

void q_weights_finish(q_weights *weights, size_t n)
{
    for (size_t i = 0; weights && i < n; i++) {
        free(weights[i].q);
        free(weights[i].scales);
        free(weights[i].bias);
        weights[i] = (q_weights){0};
    }
}

/* ---- writing ---- */

/* Names of a value's scale, zero point and the value after rounding. */
typedef struct names {
    const char *scale, *zero, *rounded;
} names;

typedef struct zero_point {
    oc_dtype    dtype;
    int32_t     level;
    const char *name;
} zero_point;

typedef struct emission {
    const q_index   *x;
    const q_place   *place;
    const q_params  *params;
    const q_weights *weights;
    oc_doc          *to;
    names           *value; /* per value */
    zero_point      *zero;  /* scalar ones, each once */
    size_t           n_zeros;
    unsigned         count; /* of names */
    bool             wide;  /* something is of 16 bits */
    oc_error        *err;
} emission;

/* A letter and a number: these files have thousands of names, each told several times, and small
 * networks would grow by a fifth if the names of the file went into them. */
static oc_status short_name(emission *e, char kind, const char **out)
{
    char text[16];
    snprintf(text, sizeof(text), "%c%u", kind, e->count++);
    return oc_doc_name(e->to, text, out, e->err);
}

static oc_status add_tensor(emission *e, char kind, oc_dtype dtype, const oc_shape *shape,
                            const void *data, const char **name)
{
    oc_tensor_view v = {.info = {dtype, *shape}};
    size_t         bytes;
    oc_status      st = short_name(e, kind, name);
    if (st != OC_OK)
        return st;
    if (!oc_tensor_bytes(&v.info, &bytes) ||
        !(v.data = oc_arena_alloc64(&e->to->mem, bytes + 1, 1)))
        return OC_FAIL(e->err, OC_NOMEM, "tensor '%s'", *name);
    memcpy(v.data, data, bytes);
    return oc_doc_add_tensor(e->to, *name, &v, NULL, e->err);
}

static oc_status add_linear(emission *e, const char *op, const char *const *in, uint32_t n_in,
                            const char *out, int axis)
{
    oc_doc_node  *node;
    const oc_attr a = {.name = "axis", .kind = OC_ATTR_INT, .i = axis};
    oc_status     st = oc_doc_add_node(e->to, op, in, n_in, &out, 1, &node, e->err);
    return st == OC_OK && axis >= 0 ? oc_doc_set_attr(e->to, node, &a, e->err) : st;
}

/* Zero points are few numbers: each is one tensor. */
static oc_status add_zero(emission *e, const q_params *p, const char **name)
{
    const oc_shape scalar = {0};
    const uint8_t  byte = (uint8_t)p->zero;
    const uint16_t two = (uint16_t)p->zero;
    const bool     wide = p->dtype == OC_U16 || p->dtype == OC_I16;
    zero_point    *z = e->zero;
    while (z < e->zero + e->n_zeros && (z->dtype != p->dtype || z->level != p->zero))
        z++;
    e->wide = e->wide || wide;
    if (z < e->zero + e->n_zeros) {
        *name = z->name;
        return OC_OK;
    }
    zero_point *more = reallocarray(e->zero, e->n_zeros + 1, sizeof(*more));
    if (!more)
        return OC_FAIL(e->err, OC_NOMEM, "zero points");
    e->zero = more;
    oc_status st = add_tensor(e, 'z', p->dtype, &scalar, wide ? (const void *)&two : &byte, name);
    if (st == OC_OK)
        e->zero[e->n_zeros++] = (zero_point){p->dtype, p->zero, *name};
    return st;
}

static bool same_params(const q_params *a, const q_params *b)
{
    return a->zero == b->zero && a->dtype == b->dtype && !(a->scale < b->scale) &&
           !(a->scale > b->scale);
}

/* Scale and zero point of value v, shared with the value its node moves it from. */
static oc_status name_params(emission *e, uint32_t v)
{
    const q_value *value = &e->x->values[v];
    const oc_shape scalar = {0};
    oc_status      st;
    if (value->producer != Q_NONE && e->place->nodes[value->producer].kind == Q_SAME) {
        uint32_t from = q_id(e->x, e->x->doc->nodes[value->producer].in[0]);
        if (from != Q_NONE && e->value[from].scale &&
            same_params(&e->params[from], &e->params[v])) {
            e->value[v] = e->value[from];
            return OC_OK;
        }
    }
    if ((st = add_tensor(e, 's', OC_F32, &scalar, &e->params[v].scale, &e->value[v].scale)) !=
        OC_OK)
        return st;
    return add_zero(e, &e->params[v], &e->value[v].zero);
}

static bool producer_is_integer(const emission *e, uint32_t v)
{
    uint32_t p = e->x->values[v].producer;
    while (p != Q_NONE && e->place->nodes[p].kind == Q_ACT && e->place->nodes[p].fused)
        p = e->x->values[q_id(e->x, e->x->doc->nodes[p].in[0])].producer;
    return p != Q_NONE && e->place->nodes[p].integer;
}

/* The node reads the rounded value: always, where the maker is integer; otherwise where it is itself. */
static void read_rounded(emission *e, uint32_t v, bool all)
{
    const q_value *value = &e->x->values[v];
    for (uint32_t k = 0; k < value->n_users; k++) {
        const uint32_t at = e->x->user[value->users + k];
        oc_doc_node   *n = &e->to->nodes[at];
        const q_node  *q = &e->place->nodes[at];
        if (!all && !q->integer && q->kind != Q_INSIDE)
            continue;
        for (uint32_t i = 0; i < n->n_in; i++) {
            if (strcmp(n->in[i], value->name) == 0) {
                n->in[i] = e->value[v].rounded;
                n->changed = true;
            }
        }
    }
}

static oc_status emit_value(emission *e, uint32_t v)
{
    const q_value *value = &e->x->values[v];
    const char    *from = value->name, *level;
    oc_status      st;
    if ((st = name_params(e, v)) != OC_OK || (st = short_name(e, 'q', &level)) != OC_OK)
        return st;
    if (value->is_output && value->producer != Q_NONE && !value->pinned) {
        /* the output's name goes to what comes out rounded */
        oc_doc_node *maker = &e->to->nodes[value->producer];
        if ((st = short_name(e, 'f', &from)) != OC_OK)
            return st;
        for (uint32_t k = 0; k < maker->n_out; k++)
            if (strcmp(maker->out[k], value->name) == 0)
                maker->out[k] = from;
        maker->changed = true;
        e->value[v].rounded = value->name;
    } else {
        if ((st = short_name(e, 'd', &e->value[v].rounded)) != OC_OK)
            return st;
        read_rounded(e, v, producer_is_integer(e, v));
    }
    const char *quantize[3] = {from, e->value[v].scale, e->value[v].zero};
    const char *back[3] = {level, e->value[v].scale, e->value[v].zero};
    if ((st = add_linear(e, "QuantizeLinear", quantize, 3, level, -1)) != OC_OK)
        return st;
    return add_linear(e, "DequantizeLinear", back, 3, e->value[v].rounded, -1);
}

/* Zero points of int8 weights are all zero.  Each has its own all the same: ONNX Runtime's exact mode
 * (session.x64quantprecision) makes uint8 of them one by one, and refuses one that it has made already. */
static oc_status zeros_for(emission *e, size_t n, const char **name)
{
    const oc_shape shape = {.rank = n == 0 ? 0 : 1, .dim[0] = (int64_t)n};
    int8_t        *none = calloc(n + 1, 1);
    oc_status      st = none ? add_tensor(e, 'z', OC_I8, &shape, none, name)
                             : OC_FAIL(e->err, OC_NOMEM, "zero points");
    free(none);
    return st;
}

static oc_status emit_weight(emission *e, uint32_t layer, const q_weights *w, oc_doc_node *n,
                             const char **name)
{
    const q_layer        *l = &e->place->layers[layer];
    const oc_tensor_view *from = q_constant(e->x, e->x->values[l->weight].name);
    const int             axis = q_weight_axis(n, from);
    const oc_shape        per = {.rank = axis < 0 ? 0 : 1, .dim[0] = (int64_t)w->n_scales};
    const char           *in[3];
    oc_status             st;
    if ((st = add_tensor(e, 'q', OC_I8, &from->info.shape, w->q, &in[0])) != OC_OK ||
        (st = add_tensor(e, 's', OC_F32, &per, w->scales, &in[1])) != OC_OK ||
        (st = zeros_for(e, axis < 0 ? 0 : w->n_scales, &in[2])) != OC_OK ||
        (st = short_name(e, 'd', name)) != OC_OK)
        return st;
    return add_linear(e, "DequantizeLinear", in, 3, *name, axis);
}

static float input_scale(const emission *e, const oc_doc_node *n)
{
    uint32_t v = q_id(e->x, n->in[0]);
    return v != Q_NONE && e->place->quantised[v] ? e->params[v].scale : 0;
}

/* A channel of weights so small that its bias would not fit int32 at the scale s_x * s_w gets coarser ones:
 * what they add is far below a quantum of the bias.  A float bias beside bytes is nothing to rely on: ONNX
 * Runtime (1.30) makes int32 of it, which overflow.  *out: a copy where that is so, else zeroed. */
static oc_status make_room(emission *e, const q_weights *w, const oc_shape *shape, int axis,
                           float sx, const float *bias, q_weights *out)
{
    const double most = 1 << 29;
    const size_t channels = axis < 0 ? 0 : (size_t)shape->dim[axis];
    size_t       inner = 1;
    *out = (q_weights){0};
    if (sx <= 0 || channels == 0 || w->n_scales != channels)
        return OC_OK;
    for (uint32_t d = (uint32_t)axis + 1; d < shape->rank; d++)
        inner *= (size_t)shape->dim[d];
    for (size_t c = 0; c < channels; c++) {
        const double old = (double)w->scales[c];
        const double least = fabs((double)bias[c]) / (double)sx / most;
        if (least <= old)
            continue;
        if (!out->q) {
            *out = (q_weights){.q = malloc(w->n + 1),
                               .scales = calloc(channels, sizeof(float)),
                               .n = w->n,
                               .n_scales = channels};
            if (!out->q || !out->scales)
                return OC_FAIL(e->err, OC_NOMEM, "weights");
            memcpy(out->q, w->q, w->n);
            memcpy(out->scales, w->scales, channels * sizeof(float));
        }
        out->scales[c] = (float)least;
        for (size_t i = 0; i < w->n; i++)
            if (i / inner % channels == c)
                out->q[i] = (int8_t)nearbyint((double)w->q[i] * old / least);
    }
    return OC_OK;
}

/* int32 of scale s_x * s_w; where that would overflow the bias stays float. */
static oc_status emit_bias(emission *e, const q_weights *w, const oc_doc_node *n, const float *bias,
                           size_t channels, const char **name)
{
    const oc_shape per = {.rank = 1, .dim[0] = (int64_t)channels};
    const float    sx = input_scale(e, n);
    int32_t       *q = calloc(channels + 1, sizeof(*q));
    float         *s = calloc(channels + 1, sizeof(*s));
    const char    *in[2];
    oc_status      st = q && s ? OC_OK : OC_FAIL(e->err, OC_NOMEM, "bias");
    bool           fits = true;
    for (size_t c = 0; c < channels && st == OC_OK; c++) {
        s[c] = sx * w->scales[w->n_scales == 1 ? 0 : c];
        const double level = nearbyint((double)bias[c] / (double)s[c]);
        fits = fits && s[c] > 0 && fabs(level) < 1 << 30;
        q[c] = fits ? (int32_t)level : 0;
    }
    if (st == OC_OK && !fits)
        st = add_tensor(e, 'c', OC_F32, &per, bias, name);
    else if (st == OC_OK && (st = add_tensor(e, 'q', OC_I32, &per, q, &in[0])) == OC_OK &&
             (st = add_tensor(e, 's', OC_F32, &per, s, &in[1])) == OC_OK &&
             (st = short_name(e, 'd', name)) == OC_OK)
        st = add_linear(e, "DequantizeLinear", in, 2, *name, 0);
    free(q);
    free(s);
    return st;
}

static bool all_are(const oc_attr *a, int64_t value)
{
    bool same = a && a->kind == OC_ATTR_INTS;
    for (size_t i = 0; same && i < a->n; i++)
        same = a->ints[i] == value;
    return same;
}

/* Attributes that say what holds without them: exporters write them all, a hundred bytes a node. */
static void drop_defaults(oc_doc_node *n)
{
    if (!oc_doc_is(n, "Conv") && !oc_doc_is(n, "ConvTranspose"))
        return;
    if (all_are(oc_doc_attr_of(n, "dilations"), 1))
        oc_doc_drop_attr(n, "dilations");
    if (all_are(oc_doc_attr_of(n, "strides"), 1))
        oc_doc_drop_attr(n, "strides");
    if (all_are(oc_doc_attr_of(n, "pads"), 0))
        oc_doc_drop_attr(n, "pads");
    if (oc_doc_int(n, "group", 1) == 1)
        oc_doc_drop_attr(n, "group");
}

static oc_status emit_layer(emission *e, uint32_t layer)
{
    const q_layer        *l = &e->place->layers[layer];
    const oc_doc_node    *n = &e->x->doc->nodes[l->node];
    const q_weights      *w = &e->weights[layer];
    const bool            has_bias = n->n_in > 2 && *n->in[2];
    const oc_tensor_view *b = has_bias ? q_constant(e->x, n->in[2]) : NULL;
    const float          *bias = w->bias ? w->bias : b ? b->data : NULL;
    const oc_tensor_view *weight = q_constant(e->x, n->in[1]);
    const int             axis = q_weight_axis(n, weight);
    const bool            biased = bias && !oc_doc_is(n, "MatMul");
    const char           *in[3] = {e->to->nodes[l->node].in[0]};
    q_weights             coarse = {0};
    oc_status             st = OC_OK;
    if (biased)
        st = make_room(e, w, &weight->info.shape, axis, input_scale(e, n), bias, &coarse);
    if (coarse.q)
        w = &coarse;
    if (st == OC_OK)
        st = emit_weight(e, layer, w, &e->to->nodes[l->node], &in[1]);
    if (st == OC_OK && biased) {
        size_t channels = b ? (size_t)b->info.shape.dim[0] : (size_t)weight->info.shape.dim[axis];
        st = emit_bias(e, w, n, bias, channels, &in[2]);
    }
    q_weights_finish(&coarse, 1);
    if (st != OC_OK)
        return st;
    drop_defaults(&e->to->nodes[l->node]);
    return oc_doc_set_inputs(e->to, &e->to->nodes[l->node], in, biased ? 3 : 2, e->err);
}

/* The node is part of a layer of 16 bits. */
static bool is_wide(const emission *e, uint32_t node)
{
    const uint32_t layer = e->place->nodes[node].layer;
    return e->place->all_wide || (layer != Q_NO_LAYER && e->place->layers[layer].wide);
}

/* A constant that an Add or Mul reads. */
static oc_status emit_constant(emission *e, uint32_t node, uint32_t k)
{
    const char           *name = e->x->doc->nodes[node].in[k];
    const oc_tensor_view *c = q_constant(e->x, name);
    const q_format        f = {.weight_bits = 8};
    size_t                n;
    if (!c || !oc_shape_elements(&c->info.shape, &n) || n == 0)
        return OC_OK;
    const float *x = c->data;
    q_range      r = {.lo = 0, .hi = 0};
    for (size_t i = 0; i < n; i++) {
        r.lo = fminf(r.lo, x[i]);
        r.hi = fmaxf(r.hi, x[i]);
    }
    if (!(r.hi > r.lo))
        r.hi = 1;
    const bool     wide = is_wide(e, node);
    const q_params p = q_params_of(r, &f, wide);
    const oc_shape scalar = {0};
    uint8_t       *q = malloc(n);
    uint16_t      *two = wide ? malloc(n * sizeof(*two)) : NULL;
    const char    *in[3], *out;
    oc_status      st = q && (two || !wide) ? OC_OK : OC_FAIL(e->err, OC_NOMEM, "constant");
    for (size_t i = 0; i < n && st == OC_OK; i++) {
        const int32_t level = q_level(x[i], &p);
        q[i] = (uint8_t)level;
        if (wide)
            two[i] = (uint16_t)level;
    }
    if (st == OC_OK &&
        (st = add_tensor(e, 'q', p.dtype, &c->info.shape, wide ? (const void *)two : q, &in[0])) ==
            OC_OK &&
        (st = add_tensor(e, 's', OC_F32, &scalar, &p.scale, &in[1])) == OC_OK &&
        (st = add_zero(e, &p, &in[2])) == OC_OK && (st = short_name(e, 'd', &out)) == OC_OK &&
        (st = add_linear(e, "DequantizeLinear", in, 3, out, -1)) == OC_OK) {
        e->to->nodes[node].in[k] = out;
        e->to->nodes[node].changed = true;
    }
    free(q);
    free(two);
    return st;
}

/* Shapes told of values inside: every runtime infers them again, unless an operator is not ONNX's. */
static void drop_infos(oc_doc *doc)
{
    for (size_t i = 0; i < doc->n_nodes; i++)
        if (!doc->nodes[i].dead && *doc->nodes[i].domain && strcmp(doc->nodes[i].domain, "ai.onnx"))
            return;
    for (size_t i = 0; i < doc->infos.n; i++)
        doc->infos.item[i].dead = true;
}

static oc_status emit_all(emission *e)
{
    oc_status st = OC_OK;
    for (uint32_t v = 0; v < e->x->n && st == OC_OK; v++)
        if (e->place->quantised[v])
            st = emit_value(e, v);
    for (uint32_t l = 0; l < e->place->n_layers && st == OC_OK; l++)
        if (e->place->nodes[e->place->layers[l].node].integer)
            st = emit_layer(e, l);
    for (uint32_t i = 0; i < e->x->doc->n_nodes && st == OC_OK; i++) {
        const q_node *q = &e->place->nodes[i];
        if (!q->integer || (q->kind != Q_JOIN && q->kind != Q_CONCAT))
            continue;
        for (uint32_t k = 0; k < e->x->doc->nodes[i].n_in && st == OC_OK; k++)
            st = emit_constant(e, i, k);
    }
    if (st == OC_OK)
        drop_infos(e->to);
    if (st == OC_OK && e->wide)
        st = q_raise_wide(e->to, e->err);
    if (st == OC_OK && (st = oc_doc_sort(e->to, e->err)) == OC_OK)
        st = oc_doc_sweep(e->to, e->err);
    return st;
}

oc_status q_emit(const q_index *index, const q_place *place, const q_params *params,
                 const q_weights *weights, oc_doc **out, oc_error *err)
{
    emission  e = {.x = index, .place = place, .params = params, .weights = weights, .err = err};
    oc_status st = oc_doc_dup(index->doc, &e.to, err);
    e.value = calloc(index->n + 1, sizeof(*e.value));
    if (st == OC_OK && !e.value)
        st = OC_FAIL(err, OC_NOMEM, "names");
    if (st == OC_OK)
        st = emit_all(&e);
    if (st == OC_OK) {
        *out = e.to;
        e.to = NULL;
    }
    oc_doc_destroy(e.to);
    free(e.value);
    free(e.zero);
    return st;
}
