/* Whatever elementwise operators make of one value of bytes, a table of 256 says: Sigmoid, a hard
 * swish spelled in several nodes, x * sigmoid(x) with or without rounding in between.
 *
 * From a Q backwards over elementwise nodes, Q and DQ among them, until all that is left is one value of
 * bytes and single numbers; then that value's 256 cases are computed by the operators themselves. */
#include <stdlib.h>
#include <string.h>

#include "passes/qdq.h"

#define NODES_MAX 24

typedef struct region {
    uint32_t node[NODES_MAX]; /* later ones first */
    uint32_t n;
    oc_vid   leaf;
} region;

static bool elementwise(const oc_node *n)
{
    static const char *const names[] = {
        "Abs",         "Add",       "Clip",      "Div",  "Elu",      "Erf",  "Exp", "Gelu",
        "HardSigmoid", "HardSwish", "LeakyRelu", "Max",  "Min",      "Mish", "Mul", "Neg",
        "Pow",         "Relu",      "Sigmoid",   "Silu", "Softplus", "Sqrt", "Sub", "Tanh"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (oc_node_is(n, names[i]))
            return n->n_out == 1 && n->act.kind == OC_ACT_NONE && !n->add;
    return false;
}

static bool is_join(const oc_node *n)
{
    return strcmp(n->op->name, "QLinearMul") == 0 || strcmp(n->op->name, "QLinearAdd") == 0;
}

static bool one_number(const oc_value *v)
{
    size_t n;
    return v->data && oc_shape_elements(&v->info.shape, &n) && n == 1;
}

/* May this node be part: a function of one value, with numbers. */
static bool may_join(const qdq *q, const oc_node *n)
{
    qdq_param p;
    return elementwise(n) || oc_node_is(n, "QTable") || qdq_is(q, n, "QuantizeLinear", &p) ||
           qdq_is(q, n, "DequantizeLinear", &p);
}

static bool is_in(const region *r, uint32_t node)
{
    for (uint32_t i = 0; i < r->n; i++)
        if (r->node[i] == node)
            return true;
    return false;
}

/* The producer latest in the graph of what the region reads; -1: none may join any more. *leaves: how
 * many different values it reads, constants left out. */
static int64_t next_node(const qdq *q, const region *r, unsigned *leaves, oc_vid *leaf)
{
    int64_t latest = -1;
    *leaves = 0;
    *leaf = OC_VID_NONE;
    for (uint32_t i = 0; i < r->n; i++) {
        const oc_node *n = &q->g->nodes[r->node[i]];
        for (uint32_t k = 0; k < n->n_in; k++) {
            const oc_vid v = n->in[k];
            if (v == OC_VID_NONE || q->g->values[v].data)
                continue;
            const int32_t p = q->uses.producer[v];
            if (p >= 0 && is_in(r, (uint32_t)p))
                continue;
            if (v != *leaf)
                ++*leaves;
            *leaf = v;
            if (p >= 0 && may_join(q, &q->g->nodes[p]) && p > latest)
                latest = p;
        }
    }
    return latest;
}

static bool numbers_only(const qdq *q, const oc_node *n)
{
    /* of the others the first input is the value (a constant, too, may stand behind a DQ), what follows
     * are scales, zero points, tables */
    const uint32_t n_values = elementwise(n) || is_join(n) ? n->n_in : 1;
    for (uint32_t k = 0; k < n_values; k++)
        if (n->in[k] != OC_VID_NONE && q->g->values[n->in[k]].data &&
            !one_number(&q->g->values[n->in[k]]))
            return false;
    return true;
}

/* The smallest region behind the Q that reads one value of bytes, and computes something. */
static bool find_region(const qdq *q, uint32_t index, region *r)
{
    qdq_param p;
    unsigned  leaves;
    bool      works = is_join(&q->g->nodes[index]);
    *r = (region){.node = {index}, .n = 1};
    if (!numbers_only(q, &q->g->nodes[index]))
        return false;
    for (;;) {
        const int64_t next = next_node(q, r, &leaves, &r->leaf);
        if (leaves == 1 && works && q->g->values[r->leaf].info.dtype == OC_U8)
            return oc_shape_equal(&q->g->values[r->leaf].info.shape,
                                  &q->g->values[q->g->nodes[index].out[0]].info.shape);
        if (next < 0 || r->n == NODES_MAX || !numbers_only(q, &q->g->nodes[next]))
            return false;
        works = works || !qdq_is(q, &q->g->nodes[next], "DequantizeLinear", &p);
        r->node[r->n++] = (uint32_t)next;
    }
}

static int later_last(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

/* Values of the region and what stands for them over the 256 cases. */
typedef struct stand_in {
    oc_vid from[NODES_MAX + 1], to[NODES_MAX + 1];
    size_t n;
} stand_in;

static oc_vid stands_for(const stand_in *s, oc_vid v)
{
    for (size_t i = 0; i < s->n; i++)
        if (s->from[i] == v)
            return s->to[i];
    return v;
}

/* Runs a copy of the node on the cases; its result is a constant. */
static oc_status compute(qdq *q, uint32_t index, stand_in *s)
{
    const oc_node *n = &q->g->nodes[index];
    oc_vid         in[8], out;
    void          *data = NULL;
    oc_status      st;
    if (n->n_in > 8)
        return OC_UNSUPPORTED;
    for (uint32_t k = 0; k < n->n_in; k++)
        in[k] = n->in[k] == OC_VID_NONE ? OC_VID_NONE : stands_for(s, n->in[k]);
    if ((st = oc_graph_add_value(q->g, "", &out, q->err)) != OC_OK)
        return st;
    oc_node copy = q->g->nodes[index];
    copy.in = in;
    copy.out = &out;
    if ((st = oc_node_infer(q->g, &copy, q->err)) != OC_OK ||
        (st = oc_node_evaluate(q->g, &copy, q->isa, &data, q->err)) != OC_OK)
        return st;
    q->g->values[out].data = data;
    s->from[s->n] = q->g->nodes[index].out[0];
    s->to[s->n++] = out;
    return OC_OK;
}

oc_status qdq_table(qdq *q, uint32_t index, bool *done)
{
    const oc_shape shape = {1, {256}};
    qdq_param      y;
    region         r;
    stand_in       s = {.n = 1};
    uint8_t        cases[256];
    oc_status      st;
    if (!is_join(&q->g->nodes[index]) &&
        (!qdq_is(q, &q->g->nodes[index], "QuantizeLinear", &y) || y.dtype != OC_U8))
        return OC_OK;
    if (!find_region(q, index, &r))
        return OC_OK;
    for (int i = 0; i < 256; i++)
        cases[i] = (uint8_t)i;
    s.from[0] = r.leaf;
    if ((st = qdq_constant(q, OC_U8, &shape, cases, &s.to[0])) != OC_OK)
        return st;
    qsort(r.node, r.n, sizeof(r.node[0]), later_last);
    for (uint32_t i = 0; i < r.n; i++)
        if ((st = compute(q, r.node[i], &s)) != OC_OK)
            return st == OC_NOMEM ? st : OC_OK; /* 256 cases in a row are nothing it can take */
    const oc_vid in[2] = {r.leaf, s.to[s.n - 1]};
    *done = true;
    return qdq_become(q, &q->g->nodes[index], "ocellus", "QTable", in, 2, NULL, 0);
}
