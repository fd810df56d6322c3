/* Shape inference and constant folding, in one sweep: a shape computed by the network itself is
 * constant by the time a Reshape asks for it. */
#include "passes/pass.h"

static bool all_constant(const oc_graph *graph, const oc_node *node)
{
    for (uint32_t i = 0; i < node->n_in; i++)
        if (node->in[i] != OC_VID_NONE && !graph->values[node->in[i]].data)
            return false;
    return true;
}

/* Is it among the results of the network? */
static bool any_output(const oc_graph *graph, const oc_node *node)
{
    for (uint32_t i = 0; i < node->n_out; i++)
        if (node->out[i] != OC_VID_NONE && graph->values[node->out[i]].is_output)
            return true;
    return false;
}

static void rename_inputs(oc_graph *graph, oc_vid from, oc_vid to)
{
    for (uint32_t i = 0; i < graph->n_nodes; i++)
        for (uint32_t k = 0; k < graph->nodes[i].n_in; k++)
            if (graph->nodes[i].in[k] == from)
                graph->nodes[i].in[k] = to;
}

/* The other nodes read constants in place of what this one computes. */
static oc_status read_constants(oc_graph *graph, const oc_node *node, void *const *data,
                                oc_error *err)
{
    for (uint32_t i = 0; i < node->n_out; i++) {
        oc_vid from = node->out[i], to;
        if (from == OC_VID_NONE)
            continue;
        oc_tensor_info info = graph->values[from].info;
        oc_status      st = oc_graph_add_constant(graph, graph->values[from].name, info.dtype,
                                                  &info.shape, data[i], &to, err);
        if (st != OC_OK)
            return st;
        rename_inputs(graph, from, to);
    }
    return OC_OK;
}

static oc_status fold_node(oc_graph *graph, oc_node *node, oc_isa isa, oc_error *err)
{
    void    *data[64] = {0};
    oc_error quiet;
    if (node->n_out > 64)
        return OC_OK;
    oc_status st = oc_node_evaluate(graph, node, isa, data, &quiet);
    if (st == OC_UNSUPPORTED)
        return OC_OK; /* too large: it stays a node */
    if (st != OC_OK) {
        if (err)
            *err = quiet;
        return st;
    }
    if (any_output(graph, node)) /* it stays to write that output; who reads it knows the numbers */
        return read_constants(graph, node, data, err);
    for (uint32_t i = 0; i < node->n_out; i++)
        if (node->out[i] != OC_VID_NONE)
            graph->values[node->out[i]].data = data[i];
    node->dead = true;
    return OC_OK;
}

/* The shapes of what this node makes are decided by the data; what the file declares of an output
 * stays. */
static void mark_late(oc_graph *graph, const oc_node *node)
{
    for (uint32_t i = 0; i < node->n_out; i++) {
        if (node->out[i] == OC_VID_NONE)
            continue;
        oc_value *v = &graph->values[node->out[i]];
        v->late = true;
        if (!v->is_output)
            v->info = (oc_tensor_info){0};
    }
}

static bool reads_late(const oc_graph *graph, const oc_node *node)
{
    for (uint32_t i = 0; i < node->n_in; i++)
        if (node->in[i] != OC_VID_NONE && graph->values[node->in[i]].late)
            return true;
    return false;
}

/* Integers of constant weights are left to the pass `integer`, where that runs. */
static bool stays_integer(const oc_node *node, const oc_pass_options *options)
{
    return !options->minimal && oc_node_is(node, "DequantizeLinear");
}

static oc_status sweep_node(oc_graph *graph, oc_node *node, const oc_pass_options *options,
                            oc_error *err)
{
    oc_error  why;
    oc_status st = reads_late(graph, node) ? OC_DYNAMIC : oc_node_infer(graph, node, &why);
    if (st == OC_DYNAMIC) {
        mark_late(graph, node);
        return OC_OK;
    }
    if (st != OC_OK) {
        if (err)
            *err = why;
        return st;
    }
    bool shape_only = (node->op->flags & OC_OP_SHAPE_ONLY) != 0;
    if (!shape_only && (stays_integer(node, options) || !all_constant(graph, node)))
        return OC_OK;
    return fold_node(graph, node, options->isa, err);
}

oc_pass_fn oc_pass_fold;

oc_status oc_pass_fold(oc_graph *graph, const oc_pass_options *options, oc_error *err)
{
    bool again = true;
    while (again) { /* once more after nodes took the place of an If */
        oc_status st = OC_OK;
        again = false;
        for (uint32_t i = 0; i < graph->n_nodes && !again; i++) {
            oc_node *node = &graph->nodes[i];
            if (node->dead)
                continue;
            if ((st = oc_node_expand(graph, i, &again, err)) != OC_OK)
                return st;
            if (!again && (st = sweep_node(graph, node, options, err)) != OC_OK)
                return st;
        }
        if (again && (st = oc_graph_sort(graph, err)) != OC_OK)
            return st;
    }
    return OC_OK;
}
