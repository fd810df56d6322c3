/* Nodes whose output is their input, value for value. */
#include "passes/pass.h"

static bool other_outputs_used(const oc_node *node, const oc_uses *uses)
{
    for (uint32_t k = 1; k < node->n_out; k++)
        if (node->out[k] != OC_VID_NONE && uses->count[node->out[k]])
            return true;
    return false;
}

static bool perm_is_identity(const oc_node *node)
{
    size_t         n;
    const int64_t *perm = oc_node_ints(node, "perm", &n);
    for (size_t i = 0; perm && i < n; i++)
        if (perm[i] != (int64_t)i)
            return false;
    return perm != NULL;
}

/* A Pad that keeps the shape may still shift: what one end loses the other gains. */
static bool shifts(const oc_graph *g, const oc_node *node)
{
    size_t         n = 0;
    const int64_t *pads = oc_node_ints(node, "pads", &n);
    if (!oc_node_is(node, "Pad"))
        return false;
    if (node->n_in > 1 && node->in[1] != OC_VID_NONE) {
        const oc_value *v = &g->values[node->in[1]];
        pads = v->info.dtype == OC_I64 ? v->data : NULL;
        n = v->info.shape.rank == 1 ? (size_t)v->info.shape.dim[0] : 0;
    }
    for (size_t i = 0; pads && i < n; i++)
        if (pads[i] != 0)
            return true;
    return !pads;
}

/* x * 1, x / 1, x + 0, x - 0 with the shape of x. */
static bool neutral_operand(const oc_graph *g, const oc_node *node, uint32_t which)
{
    float c, neutral = oc_node_is(node, "Mul") || oc_node_is(node, "Div") ? 1.0f : 0.0f;
    return oc_value_is_splat(&g->values[node->in[which]], &c) && c == neutral;
}

static bool changes_nothing(const oc_graph *g, const oc_node *node, uint32_t *which)
{
    static const char *const same_when_shaped[] = {"Reshape", "Flatten", "Squeeze", "Unsqueeze",
                                                   "Expand",  "Pad",     "Cast",    "Tile"};
    *which = 0;
    if (oc_node_is(node, "Identity") || oc_node_is(node, "Dropout"))
        return true;
    if (oc_node_is(node, "Concat"))
        return node->n_in == 1;
    if (oc_node_is(node, "Transpose"))
        return perm_is_identity(node);
    const oc_tensor_info *out = &g->values[node->out[0]].info;
    for (uint32_t w = 0; w < 2 && w < node->n_in; w++) {
        if (node->in[w] == OC_VID_NONE)
            continue;
        const oc_tensor_info *in = &g->values[node->in[w]].info;
        bool same = in->dtype == out->dtype && oc_shape_equal(&in->shape, &out->shape);
        if (!same)
            continue;
        for (size_t i = 0; w == 0 && i < sizeof(same_when_shaped) / sizeof(char *); i++)
            if (oc_node_is(node, same_when_shaped[i]))
                return !shifts(g, node);
        bool commutes = oc_node_is(node, "Mul") || oc_node_is(node, "Add");
        if ((commutes || (w == 0 && (oc_node_is(node, "Div") || oc_node_is(node, "Sub")))) &&
            node->n_in == 2 && neutral_operand(g, node, 1 - w)) {
            *which = w;
            return true;
        }
    }
    return false;
}

oc_pass_fn oc_pass_identity;

oc_status oc_pass_identity(oc_graph *graph, const oc_pass_options *options, oc_error *err)
{
    oc_uses   uses;
    oc_status st = oc_uses_create(graph, &uses, err);
    (void)options;
    if (st != OC_OK)
        return st;
    for (uint32_t i = 0; i < graph->n_nodes; i++) {
        oc_node *node = &graph->nodes[i];
        uint32_t which;
        if (node->dead || node->n_in == 0 || node->n_out == 0 || node->out[0] == OC_VID_NONE ||
            graph->values[node->out[0]].is_output || other_outputs_used(node, &uses) ||
            !changes_nothing(graph, node, &which))
            continue;
        oc_graph_replace_uses(graph, node->out[0], node->in[which]);
        node->dead = true;
    }
    oc_uses_finish(&uses);
    return OC_OK;
}
