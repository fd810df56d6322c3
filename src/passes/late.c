/* The part of a network whose shapes the data decide becomes one node, which runs a graph of its
 * own: the other passes and the memory plan see shapes only that hold. */
#include <stdlib.h>

#include "passes/pass.h"

typedef struct late_part {
    oc_graph *graph, *body;
    oc_vid   *inner; /* per value of the graph: its counterpart in the body */
    oc_vid   *in, *out;
    uint32_t  n_in, n_out;
} late_part;

static bool is_late(const oc_graph *g, const oc_node *node)
{
    for (uint32_t i = 0; i < node->n_out; i++)
        if (node->out[i] != OC_VID_NONE && g->values[node->out[i]].late)
            return true;
    return false;
}

static oc_status map(late_part *p, oc_vid v, oc_vid *out, oc_error *err)
{
    const oc_value *from = &p->graph->values[v];
    oc_status       st;
    if (p->inner[v] != OC_VID_NONE) {
        *out = p->inner[v];
        return OC_OK;
    }
    if ((st = oc_graph_add_value(p->body, from->name, out, err)) != OC_OK)
        return st;
    oc_value *to = &p->body->values[*out];
    p->inner[v] = *out;
    to->info = from->info;
    to->late = from->late;
    if (!from->late) {
        to->is_input = true;
        p->in[p->n_in] = v;
        p->body->inputs[p->n_in++] = *out;
    }
    if (from->late && from->is_output) {
        to->is_output = true;
        p->out[p->n_out] = v;
        p->body->outputs[p->n_out++] = *out;
    }
    return OC_OK;
}

static oc_status map_all(late_part *p, const oc_vid *from, oc_vid *to, uint32_t n, oc_error *err)
{
    oc_status st = OC_OK;
    for (uint32_t i = 0; i < n && st == OC_OK; i++)
        if (from[i] != OC_VID_NONE)
            st = map(p, from[i], &to[i], err);
    return st;
}

static oc_status move(late_part *p, oc_node *node, oc_error *err)
{
    oc_node  *to;
    oc_status st =
        oc_graph_add_node(p->body, node->name, node->op_type, node->n_in, node->n_out, &to, err);
    if (st != OC_OK)
        return st;
    oc_node made = *node;
    made.in = to->in;
    made.out = to->out;
    *to = made;
    node->dead = true;
    st = map_all(p, node->in, to->in, node->n_in, err);
    return st == OC_OK ? map_all(p, node->out, to->out, node->n_out, err) : st;
}

static oc_status add_late_node(late_part *p, oc_error *err)
{
    oc_attr   attr = {.name = "body", .kind = OC_ATTR_GRAPH, .graph = p->body};
    oc_node  *node;
    oc_status st = oc_graph_add_node(p->graph, "late part", "Late", p->n_in, p->n_out, &node, err);
    if (st != OC_OK || (st = oc_node_retype(node, "ocellus", "Late", err)) != OC_OK)
        return st;
    for (uint32_t i = 0; i < p->n_in; i++)
        node->in[i] = p->in[i];
    for (uint32_t i = 0; i < p->n_out; i++)
        node->out[i] = p->out[i];
    return oc_node_set_attrs(p->graph, node, &attr, 1, err);
}

/* Outputs of the network need a type that somebody knows before the first run.  Their sizes are open
 * whatever the file says: exporters write those of one example. */
static oc_status check_outputs(oc_graph *g, oc_error *err)
{
    for (uint32_t i = 0; i < g->n_outputs; i++) {
        oc_value *v = &g->values[g->outputs[i]];
        for (uint32_t d = 0; v->late && d < v->info.shape.rank; d++)
            v->info.shape.dim[d] = -1;
        if (v->late && v->info.shape.rank == 0) /* a scalar, or no shape declared at all */
            v->info.shape = (oc_shape){1, {-1}};
        if (v->late && v->info.dtype == OC_DTYPE_NONE)
            return OC_FAIL(err, OC_UNSUPPORTED,
                           "output '%.80s' is decided at run time, and the file does not declare "
                           "it a tensor of a known type",
                           v->name);
    }
    return OC_OK;
}

oc_pass_fn oc_pass_late;

oc_status oc_pass_late(oc_graph *graph, const oc_pass_options *options, oc_error *err)
{
    late_part p = {.graph = graph};
    oc_status st = check_outputs(graph, err);
    bool      any = false;
    (void)options;
    for (uint32_t i = 0; i < graph->n_outputs; i++)
        any = any || graph->values[graph->outputs[i]].late;
    if (st != OC_OK || !any)
        return st;
    if ((st = oc_graph_create(&p.body, err)) != OC_OK)
        return st;
    oc_graph_add_child(graph, p.body);
    size_t n = (size_t)graph->n_values + 1;
    p.inner = malloc(n * sizeof(oc_vid));
    p.in = calloc(n, sizeof(oc_vid));
    p.out = calloc(n, sizeof(oc_vid));
    p.body->inputs = calloc(n, sizeof(oc_vid));
    p.body->outputs = calloc(n, sizeof(oc_vid));
    if (!p.inner || !p.in || !p.out || !p.body->inputs || !p.body->outputs) {
        st = OC_FAIL(err, OC_NOMEM, "late part");
        goto out;
    }
    for (size_t i = 0; i < n; i++)
        p.inner[i] = OC_VID_NONE;
    oc_graph_sweep(graph); /* nothing that nobody uses goes along */
    for (uint32_t i = 0; i < graph->n_nodes && st == OC_OK; i++)
        if (!graph->nodes[i].dead && is_late(graph, &graph->nodes[i]))
            st = move(&p, &graph->nodes[i], err);
    p.body->n_inputs = p.body->n_captures = p.n_in;
    p.body->n_outputs = p.n_out;
    if (st == OC_OK)
        st = add_late_node(&p, err);
out:
    free(p.inner);
    free(p.in);
    free(p.out);
    return st;
}
