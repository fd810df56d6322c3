/* Channel-blocked layout for whole regions: each operator is asked how it would have its inputs,
 * given how they lie; where neighbours disagree a Reorder stands between them, once per value. */
#include <stdlib.h>
#include <string.h>

#include "ops/args.h"
#include "passes/pass.h"

typedef struct assigner {
    oc_graph *g;
    oc_isa    isa;
    oc_vid   *twin; /* per value of the start: the same in the other layout, or OC_VID_NONE */
    uint32_t  n_twins;
    oc_error *err;
} assigner;

static oc_status grow_twins(assigner *a)
{
    uint32_t n = a->g->n_values;
    if (n <= a->n_twins)
        return OC_OK;
    oc_vid *more = reallocarray(a->twin, n, sizeof(*more));
    if (!more)
        return OC_FAIL(a->err, OC_NOMEM, "layout");
    for (uint32_t i = a->n_twins; i < n; i++)
        more[i] = OC_VID_NONE;
    a->twin = more;
    a->n_twins = n;
    return OC_OK;
}

static oc_status add_reorder(assigner *a, oc_vid from, oc_vid to, oc_node **out)
{
    oc_node  *node;
    oc_status st = oc_graph_add_node(a->g, a->g->values[from].name, "Reorder", 1, 1, &node, a->err);
    if (st != OC_OK || (st = oc_node_retype(node, "ocellus", "Reorder", a->err)) != OC_OK)
        return st;
    node->in[0] = from;
    node->out[0] = to;
    *out = node;
    return OC_OK;
}

/* The value in the other layout: made once; of a constant it is computed now. */
static oc_status other_layout(assigner *a, oc_vid v, oc_vid *out)
{
    oc_status st;
    oc_node  *node;
    if (a->twin[v] != OC_VID_NONE) {
        *out = a->twin[v];
        return OC_OK;
    }
    if ((st = oc_graph_add_value(a->g, a->g->values[v].name, out, a->err)) != OC_OK ||
        (st = grow_twins(a)) != OC_OK)
        return st;
    oc_value *from = &a->g->values[v], *to = &a->g->values[*out];
    to->info = from->info;
    to->layout = from->layout == OC_LAYOUT_PLAIN ? OC_LAYOUT_NC8 : OC_LAYOUT_PLAIN;
    if ((st = add_reorder(a, v, *out, &node)) != OC_OK)
        return st;
    if (from->data) {
        void *data = NULL;
        if ((st = oc_node_evaluate(a->g, node, a->isa, &data, a->err)) != OC_OK)
            return st;
        a->g->values[*out].data = data;
        node->dead = true;
    }
    a->twin[v] = *out;
    a->twin[*out] = v;
    return OC_OK;
}

/* A graph output stays plain under its own value; the blocked result is a new one before it. */
static oc_status block_output(assigner *a, uint32_t index, uint32_t k)
{
    oc_vid    v = a->g->nodes[index].out[k], blocked;
    oc_node  *node;
    oc_status st;
    if (!a->g->values[v].is_output) {
        a->g->values[v].layout = OC_LAYOUT_NC8;
        return OC_OK;
    }
    if ((st = oc_graph_add_value(a->g, a->g->values[v].name, &blocked, a->err)) != OC_OK ||
        (st = grow_twins(a)) != OC_OK)
        return st;
    a->g->values[blocked].info = a->g->values[v].info;
    a->g->values[blocked].layout = OC_LAYOUT_NC8;
    a->g->nodes[index].out[k] = blocked;
    a->twin[v] = blocked;
    a->twin[blocked] = v;
    return add_reorder(a, blocked, v, &node);
}

static bool ask_node(const assigner *a, const oc_node *node, oc_slot *slots, oc_layout_ask *ask)
{
    const oc_value *values = a->g->values;
    *ask = (oc_layout_ask){.node = node,
                           .in = slots,
                           .out = slots + node->n_in,
                           .n_in = node->n_in,
                           .n_out = node->n_out};
    for (uint32_t k = 0; k < node->n_in + node->n_out; k++) {
        oc_vid v = k < node->n_in ? node->in[k] : node->out[k - node->n_in];
        slots[k] = (oc_slot){0};
        if (v == OC_VID_NONE)
            continue;
        slots[k] = (oc_slot){values[v].info, values[v].layout, values[v].data};
        /* a blocked twin that is there already counts: an output read again by the network */
        if (k < node->n_in && a->twin[v] != OC_VID_NONE && !values[v].data)
            slots[k].layout = OC_LAYOUT_NC8;
    }
    return oc_layout_knows(node->op, slots, node->n_in + node->n_out) &&
           node->n_in <= OC_OP_ASK_MAX && node->n_out <= OC_OP_ASK_MAX && node->op->layout(ask);
}

static oc_status assign_node(assigner *a, uint32_t index, oc_slot *slots)
{
    oc_layout_ask ask;
    oc_status     st;
    bool          blocked = ask_node(a, &a->g->nodes[index], slots, &ask);
    for (uint32_t k = 0; k < a->g->nodes[index].n_in; k++) {
        oc_vid v = a->g->nodes[index].in[k];
        if (v == OC_VID_NONE)
            continue;
        bool want =
            blocked && k < OC_OP_ASK_MAX && ask.want_in[k] && oc_can_block(&a->g->values[v].info);
        if (want == (a->g->values[v].layout == OC_LAYOUT_NC8))
            continue;
        if ((st = other_layout(a, v, &v)) != OC_OK)
            return st;
        a->g->nodes[index].in[k] = v;
    }
    for (uint32_t k = 0; k < a->g->nodes[index].n_out && blocked; k++) {
        oc_vid v = a->g->nodes[index].out[k];
        if (v != OC_VID_NONE && ask.want_out[k] && oc_can_block(&a->g->values[v].info) &&
            (st = block_output(a, index, k)) != OC_OK)
            return st;
    }
    return OC_OK;
}

oc_pass_fn oc_pass_layout;

oc_status oc_pass_layout(oc_graph *graph, const oc_pass_options *options, oc_error *err)
{
    assigner  a = {.g = graph, .isa = options->isa, .err = err};
    oc_status st = grow_twins(&a);
    uint32_t  n = graph->n_nodes, widest = 0;
    for (uint32_t i = 0; i < n; i++)
        if (graph->nodes[i].n_in + graph->nodes[i].n_out > widest)
            widest = graph->nodes[i].n_in + graph->nodes[i].n_out;
    oc_slot *slots = calloc((size_t)widest + 1, sizeof(*slots));
    if (!slots && st == OC_OK)
        st = OC_FAIL(err, OC_NOMEM, "layout");
    for (uint32_t i = 0; i < n && st == OC_OK; i++)
        st = assign_node(&a, i, slots);
    free(slots);
    free(a.twin);
    return st;
}
