#include "ir/subgraph.h"

static uint32_t sg_nodes(const oc_subgraph *sg)
{
    return sg->graph->n_nodes;
}

static void sg_node(const oc_subgraph *sg, uint32_t i, oc_node_view *out)
{
    const oc_node *n = &sg->graph->nodes[i];
    *out = (oc_node_view){.struct_size = sizeof(*out),
                          .name = n->name,
                          .domain = n->domain,
                          .op_type = n->op_type,
                          .opset = n->opset,
                          .in = n->in,
                          .out = n->out,
                          .n_in = n->n_in,
                          .n_out = n->n_out,
                          .n_attributes = n->n_attrs};
}

static bool sg_attribute(const oc_subgraph *sg, uint32_t node, uint32_t i, oc_attribute_view *out)
{
    const oc_node *n = &sg->graph->nodes[node];
    if (i >= n->n_attrs)
        return false;
    const oc_attr *a = &n->attrs[i];
    *out = (oc_attribute_view){.struct_size = sizeof(*out), .name = a->name, .n = a->n};
    switch (a->kind) {
    case OC_ATTR_FLOAT:
        out->kind = 1;
        out->f = a->f;
        break;
    case OC_ATTR_INT:
        out->kind = 2;
        out->i = a->i;
        break;
    case OC_ATTR_STRING:
        out->kind = 3;
        out->s = a->s;
        break;
    case OC_ATTR_TENSOR:
        out->kind = 4;
        out->tensor = &a->tensor;
        break;
    case OC_ATTR_FLOATS:
        out->kind = 6;
        out->floats = a->floats;
        break;
    case OC_ATTR_INTS:
        out->kind = 7;
        out->ints = a->ints;
        break;
    case OC_ATTR_STRINGS:
        out->kind = 8;
        out->strings = a->strings;
        break;
    case OC_ATTR_GRAPH: return false;
    }
    return true;
}

static void sg_value(const oc_subgraph *sg, uint32_t id, oc_value_view *out)
{
    const oc_value *v = &sg->graph->values[id];
    *out = (oc_value_view){
        .struct_size = sizeof(*out), .name = v->name, .info = v->info, .data = v->data};
}

static uint32_t sg_inputs(const oc_subgraph *sg, const uint32_t **ids)
{
    *ids = sg->graph->inputs;
    return sg->graph->n_inputs;
}

static uint32_t sg_outputs(const oc_subgraph *sg, const uint32_t **ids)
{
    *ids = sg->graph->outputs;
    return sg->graph->n_outputs;
}

const oc_subgraph_api oc_subgraph_table = {
    .struct_size = sizeof(oc_subgraph_api),
    .nodes = sg_nodes,
    .node = sg_node,
    .attribute = sg_attribute,
    .value = sg_value,
    .inputs = sg_inputs,
    .outputs = sg_outputs,
};
