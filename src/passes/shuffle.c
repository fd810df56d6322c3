/* ShuffleNet's channel shuffle: Reshape to [N,g,C/g,H,W], swap dimensions 1 and 2, Reshape back. */
#include <string.h>

#include "passes/pass.h"

static const oc_node *maker(const oc_graph *g, const oc_uses *uses, oc_vid v, const char *op)
{
    int32_t p = uses->producer[v];
    return p >= 0 && uses->count[v] == 1 && oc_node_is(&g->nodes[p], op) ? &g->nodes[p] : NULL;
}

static bool swaps_1_2(const oc_node *node)
{
    static const int64_t want[] = {0, 2, 1, 3, 4};
    size_t               n;
    const int64_t       *perm = oc_node_ints(node, "perm", &n);
    return perm && n == 5 && memcmp(perm, want, sizeof(want)) == 0;
}

oc_pass_fn oc_pass_shuffle;

oc_status oc_pass_shuffle(oc_graph *graph, const oc_pass_options *options, oc_error *err)
{
    oc_uses   uses;
    oc_status st = oc_uses_create(graph, &uses, err);
    (void)options;
    for (uint32_t i = 0; i < graph->n_nodes && st == OC_OK; i++) {
        oc_node       *last = &graph->nodes[i];
        const oc_node *swap, *first;
        if (!oc_node_is(last, "Reshape") ||
            !(swap = maker(graph, &uses, last->in[0], "Transpose")) || !swaps_1_2(swap) ||
            !(first = maker(graph, &uses, swap->in[0], "Reshape")))
            continue;
        const oc_shape *in = &graph->values[first->in[0]].info.shape;
        const oc_shape *mid = &graph->values[swap->in[0]].info.shape;
        if (in->rank != 4 || mid->rank != 5 || mid->dim[0] != in->dim[0] ||
            mid->dim[1] * mid->dim[2] != in->dim[1] || mid->dim[3] != in->dim[2] ||
            mid->dim[4] != in->dim[3] ||
            !oc_shape_equal(in, &graph->values[last->out[0]].info.shape))
            continue;
        oc_attr attr = {.name = "group", .kind = OC_ATTR_INT, .i = mid->dim[1]};
        last->in[0] = first->in[0];
        last->n_in = 1;
        if ((st = oc_node_retype(last, "ocellus", "ChannelShuffle", err)) == OC_OK)
            st = oc_node_set_attrs(graph, last, &attr, 1, err);
    }
    oc_uses_finish(&uses);
    return st;
}
