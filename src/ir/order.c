/* Order, uses and what must hold of a graph between passes. */
#include <stdlib.h>
#include <string.h>

#include "ir/graph.h"

oc_status oc_uses_create(const oc_graph *graph, oc_uses *out, oc_error *err)
{
    size_t  n = graph->n_values ? graph->n_values : 1;
    oc_uses u = {.producer = malloc(n * sizeof(int32_t)),
                 .count = calloc(n, sizeof(uint32_t)),
                 .user = malloc(n * sizeof(int32_t))};
    if (!u.producer || !u.count || !u.user) {
        oc_uses_finish(&u);
        return OC_FAIL(err, OC_NOMEM, "uses of %u values", graph->n_values);
    }
    memset(u.producer, 0xff, n * sizeof(int32_t));
    memset(u.user, 0xff, n * sizeof(int32_t));
    for (uint32_t i = 0; i < graph->n_nodes; i++) {
        const oc_node *node = &graph->nodes[i];
        if (node->dead)
            continue;
        for (uint32_t k = 0; k < node->n_out; k++)
            if (node->out[k] != OC_VID_NONE)
                u.producer[node->out[k]] = (int32_t)i;
        for (uint32_t k = 0; k < node->n_in; k++) {
            if (node->in[k] == OC_VID_NONE)
                continue;
            u.count[node->in[k]]++;
            u.user[node->in[k]] = (int32_t)i;
        }
    }
    for (uint32_t i = 0; i < graph->n_outputs; i++)
        u.count[graph->outputs[i]]++;
    *out = u;
    return OC_OK;
}

void oc_uses_finish(oc_uses *uses)
{
    free(uses->producer);
    free(uses->count);
    free(uses->user);
    *uses = (oc_uses){0};
}

void oc_graph_replace_uses(oc_graph *graph, oc_vid from, oc_vid to)
{
    for (uint32_t i = 0; i < graph->n_nodes; i++)
        for (uint32_t k = 0; k < graph->nodes[i].n_in; k++)
            if (graph->nodes[i].in[k] == from)
                graph->nodes[i].in[k] = to;
    for (uint32_t i = 0; i < graph->n_outputs; i++)
        if (graph->outputs[i] == from)
            graph->outputs[i] = to;
}

static void drop_dead(oc_graph *g)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < g->n_nodes; i++)
        if (!g->nodes[i].dead)
            g->nodes[n++] = g->nodes[i];
    g->n_nodes = n;
}

/* Backwards over the order: a node lives when somebody after it uses what it makes. */
void oc_graph_sweep(oc_graph *graph)
{
    unsigned char *used = calloc(graph->n_values ? graph->n_values : 1, 1);
    if (!used) {
        drop_dead(graph);
        return; /* unused nodes only cost time */
    }
    for (uint32_t i = 0; i < graph->n_outputs; i++)
        used[graph->outputs[i]] = 1;
    for (uint32_t i = graph->n_nodes; i-- > 0;) {
        oc_node *node = &graph->nodes[i];
        bool     live = false;
        for (uint32_t k = 0; k < node->n_out && !node->dead; k++)
            live = live || (node->out[k] != OC_VID_NONE && used[node->out[k]]);
        node->dead = !live;
        for (uint32_t k = 0; k < node->n_in && live; k++)
            if (node->in[k] != OC_VID_NONE)
                used[node->in[k]] = 1;
    }
    free(used);
    drop_dead(graph);
}

/* A value is ready when it is constant, an input, or made by a node already placed. */
static bool node_ready(const oc_node *node, const unsigned char *made)
{
    for (uint32_t k = 0; k < node->n_in; k++)
        if (node->in[k] != OC_VID_NONE && !made[node->in[k]])
            return false;
    return true;
}

static void node_place(const oc_node *node, unsigned char *made)
{
    for (uint32_t k = 0; k < node->n_out; k++)
        if (node->out[k] != OC_VID_NONE)
            made[node->out[k]] = 1;
}

static oc_status sort_failure(const oc_graph *g, const oc_node *node, const unsigned char *made,
                              oc_error *err)
{
    for (uint32_t k = 0; k < node->n_in; k++) {
        oc_vid v = node->in[k];
        if (v == OC_VID_NONE || made[v])
            continue;
        for (uint32_t i = 0; i < g->n_nodes; i++)
            for (uint32_t o = 0; o < g->nodes[i].n_out; o++)
                if (!g->nodes[i].dead && g->nodes[i].out[o] == v)
                    return OC_FAIL(err, OC_FORMAT,
                                   "node '%.80s' (%.40s) is on a cycle through '%.80s'", node->name,
                                   node->op_type, g->values[v].name);
        return OC_FAIL(err, OC_FORMAT, "node '%.80s' (%.40s) needs '%.80s', which nothing makes",
                       node->name, node->op_type, g->values[v].name);
    }
    return OC_FAIL(err, OC_FORMAT, "node '%.80s' cannot be ordered", node->name);
}

/* Depth first from each node in file order, with an explicit stack: stable and linear. */
static oc_status sort_into(oc_graph *g, const int32_t *producer, unsigned char *made,
                           unsigned char *placed, uint32_t *stack, oc_node *sorted,
                           uint32_t *n_sorted, oc_error *err)
{
    for (uint32_t root = 0; root < g->n_nodes; root++) {
        uint32_t depth = 0;
        if (!placed[root] && !g->nodes[root].dead) {
            stack[depth++] = root;
            placed[root] = 1; /* on the stack */
        }
        while (depth) {
            uint32_t i = stack[depth - 1];
            oc_node *node = &g->nodes[i];
            bool     pushed = false;
            for (uint32_t k = 0; k < node->n_in && !pushed; k++) {
                oc_vid v = node->in[k];
                if (v == OC_VID_NONE || made[v])
                    continue;
                int32_t p = producer[v];
                if (p < 0 || placed[p])
                    return sort_failure(g, node, made, err);
                stack[depth++] = (uint32_t)p;
                placed[p] = 1;
                pushed = true;
            }
            if (!pushed) {
                node_place(node, made);
                sorted[(*n_sorted)++] = *node;
                depth--;
            }
        }
    }
    return OC_OK;
}

oc_status oc_graph_sort(oc_graph *graph, oc_error *err)
{
    size_t         nv = graph->n_values ? graph->n_values : 1;
    size_t         nn = graph->n_nodes ? graph->n_nodes : 1;
    oc_uses        uses = {0};
    oc_status      st = OC_OK;
    unsigned char *made = calloc(nv, 1), *placed = calloc(nn, 1);
    uint32_t      *stack = calloc(nn, sizeof(*stack)), n = 0;
    oc_node       *sorted = calloc(nn, sizeof(*sorted));
    if (!made || !placed || !stack || !sorted) {
        st = OC_FAIL(err, OC_NOMEM, "order of %u nodes", graph->n_nodes);
        goto out;
    }
    if ((st = oc_uses_create(graph, &uses, err)) != OC_OK)
        goto out;
    for (uint32_t i = 0; i < graph->n_values; i++)
        made[i] = graph->values[i].data != NULL || graph->values[i].is_input;
    st = sort_into(graph, uses.producer, made, placed, stack, sorted, &n, err);
    if (st != OC_OK)
        goto out;
    if (n) /* without nodes there is no array either */
        memcpy(graph->nodes, sorted, n * sizeof(*sorted));
    graph->n_nodes = n;
out:
    oc_uses_finish(&uses);
    free(made);
    free(placed);
    free(stack);
    free(sorted);
    return st;
}

oc_status oc_graph_verify(const oc_graph *graph, oc_error *err)
{
    unsigned char *made = calloc(graph->n_values ? graph->n_values : 1, 1);
    oc_status      st = OC_OK;
    if (!made)
        return OC_FAIL(err, OC_NOMEM, "verification");
    for (uint32_t i = 0; i < graph->n_values; i++)
        made[i] = graph->values[i].data != NULL || graph->values[i].is_input;
    for (uint32_t i = 0; i < graph->n_nodes && st == OC_OK; i++) {
        const oc_node *node = &graph->nodes[i];
        if (!node_ready(node, made))
            st = sort_failure(graph, node, made, err);
        for (uint32_t k = 0; k < node->n_out && st == OC_OK; k++)
            if (node->out[k] != OC_VID_NONE && made[node->out[k]])
                st = OC_FAIL(err, OC_FORMAT,
                             "'%.80s' is made twice, the second time by node '%.80s'",
                             graph->values[node->out[k]].name, node->name);
        node_place(node, made);
    }
    for (uint32_t i = 0; i < graph->n_outputs && st == OC_OK; i++)
        if (!made[graph->outputs[i]])
            st = OC_FAIL(err, OC_FORMAT, "nothing makes the output '%.80s'",
                         graph->values[graph->outputs[i]].name);
    free(made);
    return st;
}
