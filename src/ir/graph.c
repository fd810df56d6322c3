#include "ir/graph.h"

#include <stdlib.h>
#include <string.h>

oc_status oc_graph_create(oc_graph **out, oc_error *err)
{
    oc_graph *g = calloc(1, sizeof(*g));
    if (!g)
        return OC_FAIL(err, OC_NOMEM, "graph");
    *out = g;
    return OC_OK;
}

void oc_graph_destroy(oc_graph *graph)
{
    if (!graph)
        return;
    while (graph->children) {
        oc_graph *child = graph->children;
        graph->children = child->next;
        oc_graph_destroy(child);
    }
    free(graph->values);
    free(graph->nodes);
    free(graph->inputs);
    free(graph->outputs);
    oc_arena_finish(&graph->arena);
    free(graph);
}

void oc_graph_add_child(oc_graph *graph, oc_graph *child)
{
    child->next = graph->children;
    graph->children = child;
}

static bool reserve(void **array, uint32_t *cap, uint32_t n, size_t size)
{
    if (n < *cap)
        return true;
    if (n > UINT32_MAX / 4)
        return false;
    uint32_t more = *cap ? *cap * 2 : 64;
    void    *p = reallocarray(*array, more, size);
    if (!p)
        return false;
    *array = p;
    *cap = more;
    return true;
}

oc_status oc_graph_add_value(oc_graph *graph, const char *name, oc_vid *out, oc_error *err)
{
    char *copy = oc_arena_strndup(&graph->arena, name, strlen(name));
    if (!copy ||
        !reserve((void **)&graph->values, &graph->values_cap, graph->n_values, sizeof(oc_value)))
        return OC_FAIL(err, OC_NOMEM, "value '%.80s'", name);
    *out = graph->n_values;
    graph->values[graph->n_values++] = (oc_value){.name = copy};
    return OC_OK;
}

oc_status oc_graph_add_node(oc_graph *graph, const char *name, const char *op_type, uint32_t n_in,
                            uint32_t n_out, oc_node **out, oc_error *err)
{
    oc_arena *mem = &graph->arena;
    oc_node   node = {.n_in = n_in, .n_out = n_out, .domain = ""};
    node.name = oc_arena_strndup(mem, name, strlen(name));
    node.op_type = oc_arena_strndup(mem, op_type, strlen(op_type));
    node.in = oc_arena_alloc(mem, (size_t)n_in + 1, sizeof(oc_vid)); /* one more: a residual */
    node.out = oc_arena_alloc(mem, n_out ? n_out : 1, sizeof(oc_vid));
    if (!node.name || !node.op_type || !node.in || !node.out ||
        !reserve((void **)&graph->nodes, &graph->nodes_cap, graph->n_nodes, sizeof(oc_node)))
        return OC_FAIL(err, OC_NOMEM, "node '%.80s'", name);
    for (uint32_t i = 0; i <= n_in; i++)
        node.in[i] = OC_VID_NONE;
    for (uint32_t i = 0; i < n_out; i++)
        node.out[i] = OC_VID_NONE;
    graph->nodes[graph->n_nodes] = node;
    *out = &graph->nodes[graph->n_nodes++];
    return OC_OK;
}

static void *dup_array(const void *from, uint32_t n, size_t size)
{
    void *to = calloc(n ? n : 1, size);
    if (to && n)
        memcpy(to, from, n * size);
    return to;
}

/* Attributes that hold graphs get copies of them. */
static oc_status dup_bodies(oc_graph *g, oc_node *node, oc_error *err)
{
    oc_attr *own = NULL;
    for (uint32_t a = 0; a < node->n_attrs; a++) {
        oc_graph *child = NULL;
        oc_status st;
        if (node->attrs[a].kind != OC_ATTR_GRAPH)
            continue;
        if (!own) {
            own = oc_arena_dup(&g->arena, node->attrs, node->n_attrs * sizeof(*own));
            if (!own)
                return OC_FAIL(err, OC_NOMEM, "copy of node '%.80s'", node->name);
            node->attrs = own;
        }
        if ((st = oc_graph_dup(own[a].graph, &child, err)) != OC_OK)
            return st;
        own[a].graph = child;
        oc_graph_add_child(g, child);
    }
    return OC_OK;
}

static oc_status dup_node(oc_graph *g, oc_node *node, oc_error *err)
{
    oc_vid *in = oc_arena_alloc(&g->arena, (size_t)node->n_in + 1, sizeof(oc_vid));
    oc_vid *out = oc_arena_dup(&g->arena, node->out, node->n_out * sizeof(oc_vid));
    if (!in || !out)
        return OC_FAIL(err, OC_NOMEM, "copy of node '%.80s'", node->name);
    memcpy(in, node->in, node->n_in * sizeof(oc_vid));
    in[node->n_in] = OC_VID_NONE;
    node->in = in;
    node->out = out;
    return dup_bodies(g, node, err);
}

oc_status oc_graph_dup(const oc_graph *graph, oc_graph **out, oc_error *err)
{
    oc_graph *g = NULL;
    oc_status st = oc_graph_create(&g, err);
    if (st != OC_OK)
        return st;
    g->name = graph->name;
    g->values = dup_array(graph->values, graph->n_values, sizeof(oc_value));
    g->nodes = dup_array(graph->nodes, graph->n_nodes, sizeof(oc_node));
    g->inputs = dup_array(graph->inputs, graph->n_inputs, sizeof(oc_vid));
    g->outputs = dup_array(graph->outputs, graph->n_outputs, sizeof(oc_vid));
    if (!g->values || !g->nodes || !g->inputs || !g->outputs) {
        st = OC_FAIL(err, OC_NOMEM, "copy of the graph");
        goto out;
    }
    g->n_values = graph->n_values;
    g->values_cap = graph->n_values ? graph->n_values : 1;
    g->nodes_cap = graph->n_nodes ? graph->n_nodes : 1;
    g->n_inputs = graph->n_inputs;
    g->n_outputs = graph->n_outputs;
    g->n_captures = graph->n_captures;
    for (uint32_t i = 0; i < graph->n_nodes; i++) {
        if ((st = dup_node(g, &g->nodes[i], err)) != OC_OK)
            goto out; /* n_nodes stays 0: nothing below belongs to the copy */
    }
    g->n_nodes = graph->n_nodes;
    *out = g;
    g = NULL;
out:
    oc_graph_destroy(g);
    return st;
}

/* Bytes of a value as it lies in memory. */
bool oc_value_bytes(const oc_value *value, size_t *bytes)
{
    oc_tensor_info info = value->info;
    if (value->layout == OC_LAYOUT_NC8 && info.shape.rank == 4) {
        if (info.shape.dim[1] > INT64_MAX - 7)
            return false;
        info.shape.dim[1] = (info.shape.dim[1] + 7) / 8 * 8;
    }
    return oc_tensor_bytes(&info, bytes);
}

const oc_attr *oc_node_attr(const oc_node *node, const char *name)
{
    for (uint32_t i = 0; i < node->n_attrs; i++)
        if (strcmp(node->attrs[i].name, name) == 0)
            return &node->attrs[i];
    return NULL;
}

static const oc_attr *attr_of(const oc_node *node, const char *name, oc_attr_kind kind)
{
    const oc_attr *a = oc_node_attr(node, name);
    return a && a->kind == kind ? a : NULL;
}

int64_t oc_node_int(const oc_node *node, const char *name, int64_t fallback)
{
    const oc_attr *a = attr_of(node, name, OC_ATTR_INT);
    return a ? a->i : fallback;
}

float oc_node_float(const oc_node *node, const char *name, float fallback)
{
    const oc_attr *a = attr_of(node, name, OC_ATTR_FLOAT);
    return a ? a->f : fallback;
}

const char *oc_node_string(const oc_node *node, const char *name, const char *fallback)
{
    const oc_attr *a = attr_of(node, name, OC_ATTR_STRING);
    return a ? a->s : fallback;
}

const int64_t *oc_node_ints(const oc_node *node, const char *name, size_t *n)
{
    const oc_attr *a = attr_of(node, name, OC_ATTR_INTS);
    *n = a ? a->n : 0;
    return a ? a->ints : NULL;
}

const float *oc_node_floats(const oc_node *node, const char *name, size_t *n)
{
    const oc_attr *a = attr_of(node, name, OC_ATTR_FLOATS);
    *n = a ? a->n : 0;
    return a ? a->floats : NULL;
}
