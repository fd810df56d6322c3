#include "quant/place.h"

#include <stdlib.h>
#include <string.h>

#include "quant/post.h"

/* Operators and what they are.  What is not here has no integer form. */
static const struct {
    const char *op;
    q_kind      kind;
} kinds[] = {
    {"Add", Q_JOIN},
    {"AveragePool", Q_OWN},
    {"Clip", Q_ACT},
    {"Concat", Q_CONCAT},
    {"Conv", Q_WEIGHTED},
    {"ConvTranspose", Q_WEIGHTED},
    {"DepthToSpace", Q_SAME},
    {"Elu", Q_OWN},
    {"Flatten", Q_SAME},
    {"Gather", Q_SAME},
    {"Gelu", Q_OWN},
    {"Gemm", Q_WEIGHTED},
    {"GlobalAveragePool", Q_OWN},
    {"GlobalMaxPool", Q_SAME},
    {"HardSigmoid", Q_OWN},
    {"HardSwish", Q_OWN},
    {"LeakyRelu", Q_OWN},
    {"MatMul", Q_PRODUCT},
    {"MaxPool", Q_SAME},
    {"Mish", Q_OWN},
    {"Mul", Q_JOIN},
    {"Pad", Q_SAME},
    {"Relu", Q_ACT},
    {"Reshape", Q_SAME},
    {"Resize", Q_SAME},
    {"Sigmoid", Q_OWN},
    {"Slice", Q_SAME},
    {"Softplus", Q_OWN},
    {"SpaceToDepth", Q_SAME},
    {"Split", Q_SAME},
    {"Squeeze", Q_SAME},
    {"Tanh", Q_OWN},
    {"Transpose", Q_SAME},
    {"Unsqueeze", Q_SAME},
};

/* Zero is a level of every range; other numbers may not be. */
static bool pads_with_zero(const q_index *x, const oc_doc_node *n)
{
    float value = 0;
    if (strcmp(oc_doc_string(n, "mode", "constant"), "constant") != 0)
        return true;
    return n->n_in < 3 || !*n->in[2] || (q_splat(x, n->in[2], &value) && !(value < 0 || value > 0));
}

static q_kind kind_of(const q_index *x, const oc_doc_node *n)
{
    q_kind kind = Q_FLOAT;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (oc_doc_is(n, kinds[i].op))
            kind = kinds[i].kind;
    if (kind == Q_PRODUCT && n->n_in == 2 && q_constant(x, n->in[1]))
        return Q_WEIGHTED;
    if (kind == Q_SAME && n->n_out > 1 && !oc_doc_is(n, "Split"))
        return *n->out[1] ? Q_FLOAT : kind; /* MaxPool's indices */
    if (oc_doc_is(n, "Pad") && !pads_with_zero(x, n))
        return Q_FLOAT;
    if (oc_doc_is(n, "Resize") && strcmp(oc_doc_string(n, "mode", "nearest"), "cubic") == 0)
        return Q_FLOAT; /* overshoots: would need a scale of its own */
    return kind;
}

/* Bounds of a Clip, and sizes of moves, are not values. */
static uint32_t n_values_of(const oc_doc_node *n, q_kind kind)
{
    switch (kind) {
    case Q_JOIN:
    case Q_CONCAT:
    case Q_PRODUCT: return n->n_in;
    default: return n->n_in ? 1 : 0;
    }
}

bool q_is_activation(const q_index *index, const q_place *place, uint32_t node, uint32_t input)
{
    const oc_doc_node *n = &index->doc->nodes[node];
    return input < n_values_of(n, place->nodes[node].kind) && !q_constant(index, n->in[input]);
}

/* ---- weighted nodes ---- */

int q_weight_axis(const oc_doc_node *node, const oc_tensor_view *weights)
{
    if (oc_doc_is(node, "Conv"))
        return 0;
    if (oc_doc_is(node, "ConvTranspose"))
        return oc_doc_int(node, "group", 1) == 1 ? 1 : -1;
    if (oc_doc_is(node, "Gemm"))
        return oc_doc_int(node, "transB", 0) ? 0 : 1;
    return weights->info.shape.rank == 2 ? 1 : -1;
}

static bool all_finite(const oc_tensor_view *v)
{
    size_t       n;
    const float *x = v->data;
    bool         good = oc_shape_elements(&v->info.shape, &n);
    for (size_t i = 0; good && i < n; i++)
        good = x[i] - x[i] == 0;
    return good;
}

/* Why a weighted node cannot be integer; NULL: it can. */
static const char *obstacle(const q_index *x, const oc_doc_node *n)
{
    const oc_tensor_view *w = n->n_in > 1 ? q_constant(x, n->in[1]) : NULL;
    if (!w)
        return "its weights are computed";
    if (w->info.dtype != OC_F32)
        return "its weights are not float32";
    if (!all_finite(w))
        return "its weights are not all finite";
    if (q_constant(x, n->in[0]))
        return "its input is constant";
    if (n->n_in > 2 && *n->in[2]) {
        const oc_tensor_view *b = q_constant(x, n->in[2]);
        if (!b || b->info.dtype != OC_F32 || b->info.shape.rank != 1 || !all_finite(b))
            return "its bias is not a constant of one number a channel";
    }
    if (oc_doc_is(n, "Gemm") && (oc_doc_float(n, "alpha", 1) != 1 ||
                                 oc_doc_float(n, "beta", 1) != 1 || oc_doc_int(n, "transA", 0)))
        return "alpha, beta or transA of Gemm have no integer form";
    return NULL;
}

static oc_status find_layers(const q_index *x, q_place *p, oc_error *err)
{
    for (uint32_t i = 0; i < x->doc->n_nodes; i++)
        p->n_layers += p->nodes[i].kind == Q_WEIGHTED;
    p->layers = calloc(p->n_layers + 1, sizeof(*p->layers));
    if (!p->layers)
        return OC_FAIL(err, OC_NOMEM, "layers");
    uint32_t at = 0;
    for (uint32_t i = 0; i < x->doc->n_nodes; i++) {
        const oc_doc_node *n = &x->doc->nodes[i];
        if (p->nodes[i].kind != Q_WEIGHTED)
            continue;
        p->nodes[i].layer = at;
        p->nodes[i].reason = obstacle(x, n);
        q_layer *l = &p->layers[at++];
        *l = (q_layer){.node = i, .weight = Q_NONE, .name = oc_doc_label(n)};
        if (n->n_in > 1 && (l->weight = q_id(x, n->in[1])) != Q_NONE) {
            const oc_tensor_view *w = q_constant(x, n->in[1]);
            if (w && !oc_tensor_bytes(&w->info, &l->weight_bytes))
                l->weight_bytes = 0;
        }
    }
    return OC_OK;
}

/* ---- chains ---- */

static void mark_chain(const q_index *x, q_place *p, uint32_t source)
{
    const q_chain c = q_chain_find(x, source);
    if (c.n < 2 || !c.numbers)
        return;
    for (uint32_t i = 0; i < c.n; i++)
        if (p->nodes[c.node[i]].kind == Q_CHAIN || p->nodes[c.node[i]].kind == Q_INSIDE)
            return;
    for (uint32_t i = 0; i < c.n; i++) {
        const bool last = x->values[c.exit].producer == c.node[i];
        p->nodes[c.node[i]].kind = last ? Q_CHAIN : Q_INSIDE;
        p->nodes[c.node[i]].source = source;
    }
}

static bool may_start_chain(const q_index *x, const q_place *p, uint32_t value)
{
    const uint32_t producer = x->values[value].producer;
    return producer != Q_NONE && p->nodes[producer].kind != Q_CHAIN &&
           p->nodes[producer].kind != Q_INSIDE && x->values[value].n_users > 0;
}

oc_status q_place_create(const q_index *index, q_place *out, oc_error *err)
{
    q_place p = {.n_values = index->n};
    p.nodes = calloc(index->doc->n_nodes + 1, sizeof(*p.nodes));
    p.quantised = calloc(index->n + 1, sizeof(*p.quantised));
    p.wide = calloc(index->n + 1, sizeof(*p.wide));
    p.have = calloc(index->n + 1, sizeof(*p.have));
    p.want = calloc(index->n + 1, sizeof(*p.want));
    if (!p.nodes || !p.quantised || !p.wide || !p.have || !p.want) {
        q_place_finish(&p);
        return OC_FAIL(err, OC_NOMEM, "places");
    }
    for (uint32_t i = 0; i < index->doc->n_nodes; i++) {
        p.nodes[i] = (q_node){.layer = Q_NO_LAYER, .source = Q_NONE};
        p.nodes[i].kind = kind_of(index, &index->doc->nodes[i]);
    }
    for (uint32_t i = 0; i < index->doc->n_nodes; i++)
        for (uint32_t k = 0; k < index->doc->nodes[i].n_out; k++) {
            uint32_t v = q_id(index, index->doc->nodes[i].out[k]);
            if (v != Q_NONE && may_start_chain(index, &p, v))
                mark_chain(index, &p, v);
        }
    oc_status st = find_layers(index, &p, err);
    if (st == OC_OK)
        *out = p;
    else
        q_place_finish(&p);
    return st;
}

void q_place_finish(q_place *place)
{
    free(place->nodes);
    free(place->layers);
    free(place->quantised);
    free(place->wide);
    free(place->have);
    free(place->want);
    *place = (q_place){0};
}

/* ---- deciding ---- */

typedef struct decision {
    const q_index *x;
    q_place       *p;
    bool          *have; /* per value: it can come in integers */
    bool          *want; /* per value: an integer node reads it */
} decision;

static bool layer_open(const q_place *p, uint32_t node)
{
    const q_node *n = &p->nodes[node];
    return n->layer == Q_NO_LAYER || (!p->layers[n->layer].excluded && !n->reason);
}

/* An activation right behind a node that can compute it along, whose result nobody else reads. */
static bool can_fuse(const decision *d, uint32_t node, uint32_t value)
{
    const uint32_t producer = d->x->values[value].producer;
    if (producer == Q_NONE || q_only_user(d->x, value) != node)
        return false;
    const q_kind k = d->p->nodes[producer].kind;
    return k == Q_WEIGHTED || k == Q_JOIN || k == Q_PRODUCT;
}

static bool inputs_ready(const decision *d, uint32_t node)
{
    const oc_doc_node *n = &d->x->doc->nodes[node];
    const q_node      *q = &d->p->nodes[node];
    if (q->kind == Q_CHAIN)
        return d->have[q->source];
    bool any = false;
    for (uint32_t k = 0; k < n->n_in; k++) {
        if (!q_is_activation(d->x, d->p, node, k))
            continue;
        uint32_t v = q_id(d->x, n->in[k]);
        if (v == Q_NONE || !d->have[v])
            return false;
        any = true;
    }
    return any;
}

/* Constants among the inputs of a join must be float and finite. */
static bool constants_fit(const decision *d, uint32_t node)
{
    const oc_doc_node *n = &d->x->doc->nodes[node];
    const q_kind       kind = d->p->nodes[node].kind;
    for (uint32_t k = 0; k < n->n_in && (kind == Q_JOIN || kind == Q_CONCAT); k++) {
        const oc_tensor_view *c = q_constant(d->x, n->in[k]);
        if (c && (c->info.dtype != OC_F32 || !all_finite(c)))
            return false;
    }
    return true;
}

static bool is_float(const decision *d, uint32_t v)
{
    /* The graph's inputs may be integers already (uint8 pictures): then a Cast reads them. */
    for (size_t i = 0; i < d->x->doc->inputs.n; i++)
        if (!d->x->doc->inputs.item[i].dead &&
            strcmp(d->x->doc->inputs.item[i].name, d->x->values[v].name) == 0)
            return d->x->doc->inputs.item[i].info.dtype == OC_F32;
    return true;
}

/* Along the nodes: what could come in integers. */
static void forward(decision *d)
{
    const oc_doc *doc = d->x->doc;
    for (uint32_t i = 0; i < d->x->n; i++)
        d->have[i] = d->x->values[i].is_input && is_float(d, i);
    for (uint32_t i = 0; i < doc->n_nodes; i++) {
        q_node *q = &d->p->nodes[i];
        q->integer = q->kind != Q_FLOAT && q->kind != Q_INSIDE && !doc->nodes[i].dead;
        if (q->kind == Q_WEIGHTED)
            q->integer = layer_open(d->p, i);
        else if (q->integer && q->kind != Q_PRODUCT)
            q->integer = inputs_ready(d, i) && constants_fit(d, i) && layer_open(d->p, i);
        for (uint32_t k = 0; k < doc->nodes[i].n_out; k++) {
            uint32_t v = q_id(d->x, doc->nodes[i].out[k]);
            if (v != Q_NONE)
                d->have[v] = q->integer;
        }
    }
}

/* Against the nodes: what integer nodes read. */
static void backward(decision *d)
{
    const oc_doc *doc = d->x->doc;
    for (uint32_t i = (uint32_t)doc->n_nodes; i-- > 0;) {
        q_node *q = &d->p->nodes[i];
        bool    wanted = q->kind == Q_WEIGHTED || q->kind == Q_PRODUCT;
        for (uint32_t k = 0; k < doc->nodes[i].n_out && !wanted; k++) {
            uint32_t v = q_id(d->x, doc->nodes[i].out[k]);
            wanted = v != Q_NONE && d->want[v];
        }
        q->integer = q->integer && wanted;
        if (!q->integer)
            continue;
        if (q->kind == Q_CHAIN)
            d->want[q->source] = true;
        for (uint32_t k = 0; k < doc->nodes[i].n_in && q->kind != Q_CHAIN; k++)
            if (q_is_activation(d->x, d->p, i, k)) {
                uint32_t v = q_id(d->x, doc->nodes[i].in[k]);
                if (v != Q_NONE)
                    d->want[v] = true;
            }
    }
}

static void mark_values(decision *d)
{
    const oc_doc *doc = d->x->doc;
    for (uint32_t v = 0; v < d->x->n; v++)
        d->p->quantised[v] = d->want[v] && is_float(d, v);
    /* What an activation is computed on along with the node before it is never seen. */
    for (uint32_t i = 0; i < doc->n_nodes; i++) {
        q_node *q = &d->p->nodes[i];
        if (q->kind != Q_ACT || !q->integer)
            continue;
        uint32_t v = q_id(d->x, doc->nodes[i].in[0]);
        q->fused = v != Q_NONE && can_fuse(d, i, v);
        if (q->fused)
            d->p->quantised[v] = false;
    }
}

/* Values that nodes of a layer of 16 bits read. */
static void mark_wide(decision *d)
{
    const oc_doc *doc = d->x->doc;
    for (uint32_t v = 0; v < d->x->n; v++)
        d->p->wide[v] = d->p->all_wide && d->p->quantised[v];
    for (uint32_t i = 0; i < doc->n_nodes && !d->p->all_wide; i++) {
        const q_node *q = &d->p->nodes[i];
        if (!q->integer || q->layer == Q_NO_LAYER || !d->p->layers[q->layer].wide)
            continue;
        for (uint32_t k = 0; k < doc->nodes[i].n_in; k++) {
            const uint32_t v = q->kind == Q_CHAIN ? q->source : q_id(d->x, doc->nodes[i].in[k]);
            if (v != Q_NONE)
                d->p->wide[v] = d->p->quantised[v];
        }
    }
}

/* A node that is no layer belongs to the one its first value comes from. */
static void assign_layers(const q_index *x, q_place *p)
{
    for (uint32_t i = 0; i < x->doc->n_nodes; i++) {
        const oc_doc_node *n = &x->doc->nodes[i];
        q_node            *q = &p->nodes[i];
        if (q->kind == Q_WEIGHTED || q->kind == Q_FLOAT)
            continue;
        q->layer = Q_NO_LAYER;
        for (uint32_t k = 0; k < n->n_in; k++) {
            uint32_t v = q_id(x, n->in[k]);
            uint32_t from = v == Q_NONE ? Q_NONE : x->values[v].producer;
            if (from == Q_NONE || p->nodes[from].layer == Q_NO_LAYER)
                continue;
            if (q->layer == Q_NO_LAYER || p->nodes[from].layer > q->layer)
                q->layer = p->nodes[from].layer;
        }
    }
}

void q_place_decide(const q_index *index, q_place *place)
{
    decision d = {.x = index, .p = place, .have = place->have, .want = place->want};
    memset(d.have, 0, index->n * sizeof(*d.have));
    memset(d.want, 0, index->n * sizeof(*d.want));
    for (uint32_t i = 0; i < index->doc->n_nodes; i++)
        place->nodes[i].fused = place->nodes[i].integer = false;
    assign_layers(index, place);
    forward(&d);
    backward(&d);
    mark_values(&d);
    mark_wide(&d);
}
