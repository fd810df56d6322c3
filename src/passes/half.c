/* Half precision: constants become float32, inputs and outputs of the graph keep their type through
 * a Cast.  What lies between computes in float32, which is at least as exact. */
#include <string.h>

#include "passes/pass.h"
#include "tensor/half.h"

static oc_status widen(oc_graph *graph, const oc_tensor_view *from, oc_tensor_view *to,
                       oc_error *err)
{
    size_t n;
    if (!oc_shape_elements(&from->info.shape, &n))
        return OC_FAIL(err, OC_FORMAT, "constant too large");
    float          *x = oc_arena_alloc64(&graph->arena, n ? n : 1, sizeof(*x));
    const uint16_t *h = from->data;
    if (!x)
        return OC_FAIL(err, OC_NOMEM, "%zu elements", n);
    for (size_t i = 0; i < n; i++)
        x[i] = oc_half_to_float(h[i]);
    *to = (oc_tensor_view){.info = from->info, .data = x};
    to->info.dtype = OC_F32;
    return OC_OK;
}

static oc_status add_cast(oc_graph *graph, const char *name, oc_vid in, oc_vid out, int64_t to,
                          oc_error *err)
{
    oc_node  *node;
    oc_attr   attr = {.name = "to", .kind = OC_ATTR_INT, .i = to};
    oc_status st = oc_graph_add_node(graph, name, "Cast", 1, 1, &node, err);
    if (st != OC_OK || (st = oc_node_retype(node, "", "Cast", err)) != OC_OK)
        return st;
    node->in[0] = in;
    node->out[0] = out;
    node->opset = 13;
    return oc_node_set_attrs(graph, node, &attr, 1, err);
}

static oc_status widen_node(oc_graph *graph, oc_node *node, oc_error *err)
{
    oc_attr attrs[32];
    bool    changed = false;
    if (node->n_attrs > 32)
        return OC_OK;
    for (uint32_t a = 0; a < node->n_attrs; a++) {
        attrs[a] = node->attrs[a];
        if (attrs[a].kind == OC_ATTR_TENSOR && attrs[a].tensor.info.dtype == OC_F16) {
            oc_status st = widen(graph, &node->attrs[a].tensor, &attrs[a].tensor, err);
            if (st != OC_OK)
                return st;
            changed = true;
        }
        if (oc_node_is(node, "Cast") && strcmp(attrs[a].name, "to") == 0 && attrs[a].i == 10) {
            attrs[a].i = 1;
            changed = true;
        }
    }
    return changed ? oc_node_set_attrs(graph, node, attrs, node->n_attrs, err) : OC_OK;
}

/* The type of graph outputs is not known before inference: what the file declares decides. */
static oc_status cast_output(oc_graph *graph, uint32_t i, oc_error *err)
{
    oc_vid    out = graph->outputs[i], wide;
    oc_status st = oc_graph_add_value(graph, graph->values[out].name, &wide, err);
    if (st != OC_OK)
        return st;
    for (uint32_t n = 0; n < graph->n_nodes; n++) {
        oc_node *node = &graph->nodes[n];
        for (uint32_t k = 0; k < node->n_out; k++)
            if (node->out[k] == out)
                node->out[k] = wide;
        for (uint32_t k = 0; k < node->n_in; k++)
            if (node->in[k] == out)
                node->in[k] = wide;
    }
    return add_cast(graph, "output to half", wide, out, 10, err);
}

static oc_status cast_input(oc_graph *graph, uint32_t i, oc_error *err)
{
    oc_vid    in = graph->inputs[i], wide;
    oc_status st = oc_graph_add_value(graph, graph->values[in].name, &wide, err);
    if (st != OC_OK)
        return st;
    for (uint32_t n = 0; n < graph->n_nodes; n++)
        for (uint32_t k = 0; k < graph->nodes[n].n_in; k++)
            if (graph->nodes[n].in[k] == in)
                graph->nodes[n].in[k] = wide;
    return add_cast(graph, "input from half", in, wide, 1, err);
}

static oc_status widen_constants(oc_graph *graph, oc_error *err)
{
    oc_status st = OC_OK;
    for (uint32_t i = 0; i < graph->n_values && st == OC_OK; i++) {
        oc_value *v = &graph->values[i];
        if (v->info.dtype != OC_F16 || !v->data)
            continue;
        oc_tensor_view from = {.info = v->info, .data = (void *)(uintptr_t)v->data}, to = {0};
        if ((st = widen(graph, &from, &to, err)) == OC_OK) {
            v->info = to.info;
            v->data = to.data;
        }
    }
    return st;
}

static oc_status widen_nodes(oc_graph *graph, oc_error *err);

/* Bodies hand float32 in and out: only what they hold is changed. */
static oc_status widen_body(oc_graph *body, oc_error *err)
{
    oc_status st = widen_nodes(body, err);
    if (st == OC_OK)
        st = widen_constants(body, err);
    for (uint32_t i = 0; i < body->n_values; i++)
        if (body->values[i].info.dtype == OC_F16)
            body->values[i].info.dtype = OC_F32;
    return st;
}

static oc_status widen_nodes(oc_graph *graph, oc_error *err)
{
    oc_status st = OC_OK;
    for (uint32_t i = 0; i < graph->n_nodes && st == OC_OK; i++)
        st = widen_node(graph, &graph->nodes[i], err);
    for (oc_graph *body = graph->children; body && st == OC_OK; body = body->next)
        st = widen_body(body, err);
    return st;
}

static bool holds_half(const oc_graph *graph)
{
    for (uint32_t i = 0; i < graph->n_values; i++)
        if (graph->values[i].info.dtype == OC_F16)
            return true;
    for (const oc_graph *body = graph->children; body; body = body->next)
        if (holds_half(body))
            return true;
    return false;
}

oc_pass_fn oc_pass_half;

oc_status oc_pass_half(oc_graph *graph, const oc_pass_options *options, oc_error *err)
{
    (void)options;
    oc_status st;
    if (!holds_half(graph))
        return OC_OK;
    st = widen_nodes(graph, err);
    for (uint32_t i = 0; i < graph->n_outputs && st == OC_OK; i++) {
        const oc_value *v = &graph->values[graph->outputs[i]];
        if (v->info.dtype == OC_F16 && !v->is_input && !v->data)
            st = cast_output(graph, i, err);
    }
    for (uint32_t i = 0; i < graph->n_inputs && st == OC_OK; i++)
        if (graph->values[graph->inputs[i]].info.dtype == OC_F16)
            st = cast_input(graph, i, err);
    return st == OC_OK ? widen_constants(graph, err) : st;
}
