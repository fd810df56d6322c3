/* Bounds of what the data decide: memory is set aside by them, and where there is none the network is
 * refused before a frame can find out. */
#include <stdlib.h>

#include "ops/bound.h"
#include "ops/control.h"
#include "passes/pass.h"

static oc_status find(oc_graph *g, const oc_node *node, oc_error *why)
{
    oc_graph *body = oc_node_body(node, "body");
    oc_bound *in = calloc((size_t)node->n_in + node->n_out + 1, sizeof(*in));
    if (!in)
        return OC_FAIL(why, OC_NOMEM, "bounds");
    for (uint32_t i = 0; i < node->n_in; i++)
        in[i] = oc_bound_of(&g->values[node->in[i]].info, g->values[node->in[i]].data);
    oc_status st = oc_bounds_find(body, in, in + node->n_in, why);
    for (uint32_t i = 0; i < node->n_out && st != OC_NOMEM; i++)
        g->values[node->out[i]].most = body->values[body->outputs[i]].most;
    free(in);
    return st;
}

oc_pass_fn oc_pass_bound;

oc_status oc_pass_bound(oc_graph *graph, const oc_pass_options *options, oc_error *err)
{
    for (uint32_t i = 0; i < graph->n_nodes; i++) {
        const oc_node *node = &graph->nodes[i];
        oc_error       why = {0};
        oc_status      st;
        if (oc_flow_kind_of(node->op) != OC_FLOW_LATE || (st = find(graph, node, &why)) == OC_OK ||
            (st == OC_DYNAMIC && options->allow_dynamic))
            continue;
        if (st == OC_DYNAMIC)
            return OC_FAIL(err, OC_UNSUPPORTED,
                           "%s: a size that the data decide has no bound here, and "
                           "allow_dynamic is not set",
                           why.message);
        if (err)
            *err = why;
        return st;
    }
    return OC_OK;
}
