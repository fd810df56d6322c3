/* Nodes in the place of an If whose condition is known: exporters leave those behind where a model
 * asks about shapes or about its own settings. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ops/control.h"
#include "passes/pass.h"

/* Values of a body as values of the graph around. */
typedef struct expansion {
    oc_graph       *graph;
    const oc_graph *body;
    const char     *prefix;
    oc_vid         *outer; /* per value of the body */
} expansion;

static oc_status outer_value(expansion *x, oc_vid v, oc_vid *out, oc_error *err)
{
    const oc_value *from = &x->body->values[v];
    char            name[512];
    oc_status       st;
    if (x->outer[v] != OC_VID_NONE) {
        *out = x->outer[v];
        return OC_OK;
    }
    snprintf(name, sizeof(name), "%s/%s", x->prefix, from->name);
    if ((st = oc_graph_add_value(x->graph, name, out, err)) != OC_OK)
        return st;
    x->outer[v] = *out;
    x->graph->values[*out].info = from->info;
    x->graph->values[*out].data = from->data;
    return OC_OK;
}

static oc_status copy_node(expansion *x, const oc_node *from, oc_error *err)
{
    oc_node  *to;
    oc_status st =
        oc_graph_add_node(x->graph, from->name, from->op_type, from->n_in, from->n_out, &to, err);
    if (st != OC_OK)
        return st;
    oc_node made = *from;
    made.name = to->name;
    made.in = to->in;
    made.out = to->out;
    *to = made;
    for (uint32_t i = 0; i < from->n_in && st == OC_OK; i++)
        if (from->in[i] != OC_VID_NONE)
            st = outer_value(x, from->in[i], &made.in[i], err);
    for (uint32_t i = 0; i < from->n_out && st == OC_OK; i++)
        if (from->out[i] != OC_VID_NONE)
            st = outer_value(x, from->out[i], &made.out[i], err);
    return st;
}

/* The node's output is what the body says: a copy, which a pass takes away again. */
static oc_status join(expansion *x, oc_vid from, oc_vid to, oc_error *err)
{
    oc_node  *node;
    oc_status st = oc_graph_add_node(x->graph, x->prefix, "Identity", 1, 1, &node, err);
    if (st != OC_OK || (st = oc_node_retype(node, "", "Identity", err)) != OC_OK)
        return st;
    node->opset = 13;
    node->in[0] = from;
    node->out[0] = to;
    return OC_OK;
}

static oc_status inline_body(oc_graph *graph, const oc_graph *body, const char *prefix,
                             const oc_vid *in, const oc_vid *out, uint32_t n_out, oc_error *err)
{
    expansion x = {.graph = graph, .body = body, .prefix = prefix};
    oc_status st = OC_OK;
    x.outer = malloc(((size_t)body->n_values + 1) * sizeof(oc_vid));
    if (!x.outer)
        return OC_FAIL(err, OC_NOMEM, "body");
    for (uint32_t i = 0; i < body->n_values; i++)
        x.outer[i] = OC_VID_NONE;
    for (uint32_t i = 0; i < body->n_inputs; i++)
        x.outer[body->inputs[i]] = in[i];
    for (uint32_t i = 0; i < body->n_nodes && st == OC_OK; i++)
        st = copy_node(&x, &body->nodes[i], err);
    for (uint32_t i = 0; i < n_out && st == OC_OK; i++) {
        oc_vid from;
        if (out[i] != OC_VID_NONE && (st = outer_value(&x, body->outputs[i], &from, err)) == OC_OK)
            st = join(&x, from, out[i], err);
    }
    free(x.outer);
    return st;
}

static oc_status expand_if(oc_graph *graph, uint32_t index, bool *done, oc_error *err)
{
    oc_node         node = graph->nodes[index]; /* the array moves while nodes are added */
    const oc_value *cond = &graph->values[node.in[0]];
    const char     *name =
        *node.name || node.out[0] == OC_VID_NONE ? node.name : graph->values[node.out[0]].name;
    size_t n;
    if (!cond->data)
        return OC_OK;
    if (cond->info.dtype != OC_BOOL || !oc_shape_elements(&cond->info.shape, &n) || n != 1)
        return OC_FAIL(err, OC_FORMAT, "the condition '%.80s' is not one bool", cond->name);
    const char *body = *(const unsigned char *)cond->data ? "then_branch" : "else_branch";
    graph->nodes[index].dead = true;
    *done = true;
    return inline_body(graph, oc_node_body(&node, body), name,
                       node.in + oc_node_first_capture(&node, body), node.out, node.n_out, err);
}

oc_status oc_node_expand(oc_graph *graph, uint32_t index, bool *done, oc_error *err)
{
    const oc_node *node = &graph->nodes[index];
    oc_flow_kind   kind = oc_flow_kind_of(node->op);
    oc_status      st;
    *done = false;
    if (kind != OC_FLOW_IF)
        return OC_OK;
    if ((st = oc_flow_check(node, err)) == OC_OK)
        st = expand_if(graph, index, done, err);
    if (st != OC_OK)
        oc_error_prefix(err, "node '%.80s' (%.40s)", graph->nodes[index].name, "If");
    return st;
}
