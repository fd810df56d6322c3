#include "passes/pass.h"

#include <string.h>

#define OC_PASS(symbol, required, what) oc_pass_fn oc_pass_##symbol;
#include "passes/list.inc"
#undef OC_PASS

static const oc_pass rows[] = {
#define OC_PASS(symbol, required, what) {#symbol, what, required, oc_pass_##symbol},
#include "passes/list.inc"
#undef OC_PASS
};

const oc_pass *oc_pass_at(size_t i)
{
    return i < sizeof(rows) / sizeof(rows[0]) ? &rows[i] : NULL;
}

oc_status oc_passes_run(oc_graph *graph, const oc_pass_options *options, oc_pass_seen_fn *seen,
                        void *ctx, oc_error *err)
{
    oc_status st;
    if (seen)
        seen(ctx, NULL, graph);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const oc_pass *pass = &rows[i];
        if (options->minimal && !pass->required)
            continue;
        if ((st = pass->run(graph, options, err)) != OC_OK)
            return st;
        if ((st = oc_graph_sort(graph, err)) != OC_OK) {
            oc_error_prefix(err, "pass '%s'", pass->name);
            return st;
        }
        oc_graph_sweep(graph);
        if (seen)
            seen(ctx, pass, graph);
    }
    return OC_OK;
}

bool oc_node_is(const oc_node *node, const char *op_type)
{
    return !node->dead && node->op && strcmp(node->op->name, op_type) == 0 &&
           (node->op->domain[0] == 0 || strcmp(node->op->domain, "ocellus") == 0);
}

oc_status oc_node_retype(oc_node *node, const char *domain, const char *op_type, oc_error *err)
{
    const oc_op *op = oc_op_find(domain, op_type);
    if (!op)
        return OC_FAIL(err, OC_UNSUPPORTED, "operator %s is not built in", op_type);
    node->op = op;
    node->op_type = op->name;
    node->domain = op->domain;
    node->attrs = NULL;
    node->n_attrs = 0;
    return OC_OK;
}

oc_status oc_node_set_attrs(oc_graph *graph, oc_node *node, const oc_attr *attrs, uint32_t n,
                            oc_error *err)
{
    node->attrs = oc_arena_dup(&graph->arena, attrs, n * sizeof(*attrs));
    node->n_attrs = node->attrs ? n : 0;
    return node->attrs ? OC_OK : OC_FAIL(err, OC_NOMEM, "attributes");
}

bool oc_value_is_splat(const oc_value *value, float *value_out)
{
    size_t n;
    if (!value->data || value->info.dtype != OC_F32 || value->layout != OC_LAYOUT_PLAIN ||
        !oc_shape_elements(&value->info.shape, &n) || n == 0)
        return false;
    const float *x = value->data;
    for (size_t i = 1; i < n; i++)
        if (x[i] != x[0])
            return false;
    *value_out = x[0];
    return true;
}

oc_status oc_graph_add_constant(oc_graph *graph, const char *name, oc_dtype dtype,
                                const oc_shape *shape, const void *data, oc_vid *out, oc_error *err)
{
    oc_status st = oc_graph_add_value(graph, name, out, err);
    if (st != OC_OK)
        return st;
    graph->values[*out].info = (oc_tensor_info){.dtype = dtype, .shape = *shape};
    graph->values[*out].data = data;
    return OC_OK;
}
