/* Pad with zeros, only in height and width, before a convolution: its `pads` grow instead. */
#include <string.h>

#include "passes/pass.h"

/* Pads of a constant zero Pad, attribute or input form; false for any other. */
static bool zero_pads(const oc_graph *g, const oc_node *node, const int64_t **pads, size_t *n)
{
    const char *mode = oc_node_string(node, "mode", "constant");
    float       value = oc_node_float(node, "value", 0.0f);
    if (strcmp(mode, "constant") != 0 || node->n_in > 3)
        return false;
    if (node->n_in == 3 && node->in[2] != OC_VID_NONE &&
        !oc_value_is_splat(&g->values[node->in[2]], &value))
        return false;
    if (node->n_in >= 2) {
        const oc_value *v = &g->values[node->in[1]];
        *pads = v->info.dtype == OC_I64 ? v->data : NULL;
        *n = v->info.shape.rank == 1 ? (size_t)v->info.shape.dim[0] : 0;
    } else {
        *pads = oc_node_ints(node, "pads", n);
    }
    return *pads && value == 0.0f;
}

static oc_status widen_conv(oc_graph *g, oc_node *conv, const int64_t *pad, oc_error *err)
{
    size_t         n;
    const int64_t *old = oc_node_ints(conv, "pads", &n);
    int64_t       *sum = oc_arena_alloc(&g->arena, 4, sizeof(*sum));
    oc_attr       *attrs = oc_arena_alloc(&g->arena, conv->n_attrs + 1, sizeof(*attrs));
    uint32_t       k = 0;
    if (!sum || !attrs)
        return OC_FAIL(err, OC_NOMEM, "pads");
    for (int i = 0; i < 4; i++)
        sum[i] = (old ? old[i] : 0) + pad[i < 2 ? 2 + i : 4 + i];
    for (uint32_t i = 0; i < conv->n_attrs; i++)
        if (strcmp(conv->attrs[i].name, "pads") != 0)
            attrs[k++] = conv->attrs[i];
    attrs[k++] = (oc_attr){.name = "pads", .kind = OC_ATTR_INTS, .n = 4, .ints = sum};
    conv->attrs = attrs;
    conv->n_attrs = k;
    return OC_OK;
}

oc_pass_fn oc_pass_pad;

oc_status oc_pass_pad(oc_graph *graph, const oc_pass_options *options, oc_error *err)
{
    oc_uses   uses;
    oc_status st = oc_uses_create(graph, &uses, err);
    (void)options;
    for (uint32_t i = 0; i < graph->n_nodes && st == OC_OK; i++) {
        oc_node       *conv = &graph->nodes[i];
        const int64_t *pad;
        size_t         n;
        if (!oc_node_is(conv, "Conv") || graph->values[conv->in[0]].info.shape.rank != 4 ||
            strcmp(oc_node_string(conv, "auto_pad", "NOTSET"), "NOTSET") != 0)
            continue;
        int32_t p = uses.producer[conv->in[0]];
        if (p < 0 || !oc_node_is(&graph->nodes[p], "Pad") ||
            !zero_pads(graph, &graph->nodes[p], &pad, &n) || n != 8 || pad[0] || pad[1] || pad[4] ||
            pad[5] || pad[2] < 0 || pad[3] < 0 || pad[6] < 0 || pad[7] < 0)
            continue;
        /* the Pad stays for users that are no convolutions, else nobody needs it any more */
        st = widen_conv(graph, conv, pad, err);
        conv->in[0] = graph->nodes[p].in[0];
    }
    oc_uses_finish(&uses);
    return st;
}
