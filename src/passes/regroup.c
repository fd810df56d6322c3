/* A concatenation before a channel shuffle and the cut behind it (one Split, or Slices that together
 * take each channel once) become inputs and outputs of the shuffle: the channels move once instead of
 * three times. */
#include <string.h>

#include "passes/pass.h"

#define PARTS_MAX 16

/* Axis `axis` of a rank 4 tensor, negative from the end, is the channels? */
static bool is_channel_axis(int64_t axis)
{
    return axis == 1 || axis == -3;
}

/* The one integer of a constant input, or of an attribute list of one. */
static bool one_int(const oc_graph *g, const oc_node *n, uint32_t i, const char *attr, int64_t *out)
{
    size_t         count = 0;
    const int64_t *ints = oc_node_ints(n, attr, &count);
    if (i < n->n_in && n->in[i] != OC_VID_NONE) {
        const oc_value *v = &g->values[n->in[i]];
        if (!v->data || v->info.shape.rank != 1 || v->info.shape.dim[0] != 1)
            return false;
        if (v->info.dtype != OC_I64 && v->info.dtype != OC_I32)
            return false;
        *out = v->info.dtype == OC_I64 ? *(const int64_t *)v->data : *(const int32_t *)v->data;
        return true;
    }
    if (count == 1)
        *out = ints[0];
    return count == 1;
}

typedef struct part {
    int64_t from, n; /* channels */
    oc_vid  out;
} part;

/* Does the Slice take neighbouring channels and nothing else away? */
static bool slice_part(const oc_graph *g, const oc_node *n, int64_t channels, part *p)
{
    int64_t axis = 0, step = 1;
    if (!one_int(g, n, 1, "starts", &p->from))
        return false;
    one_int(g, n, 3, "axes", &axis);
    if (n->n_in > 4 && n->in[4] != OC_VID_NONE && !one_int(g, n, 4, "steps", &step))
        return false;
    if (p->from < 0)
        p->from = p->from + channels < 0 ? 0 : p->from + channels;
    p->out = n->out[0];
    p->n = g->values[p->out].info.shape.dim[1];
    return is_channel_axis(axis) && step == 1;
}

/* Fills parts in the order of channels; 0 when the users of v are anything else. */
static uint32_t find_parts(const oc_graph *g, oc_vid v, uint32_t uses, part *parts)
{
    uint32_t n = 0;
    int64_t  channels = g->values[v].info.shape.dim[1], at = 0;
    for (uint32_t i = 0; i < g->n_nodes; i++) {
        const oc_node *node = &g->nodes[i];
        if (node->dead || node->n_in == 0 || node->in[0] != v)
            continue;
        if (oc_node_is(node, "Split") && uses == 1 && node->n_out <= PARTS_MAX &&
            is_channel_axis(oc_node_int(node, "axis", 0))) {
            for (uint32_t k = 0; k < node->n_out; k++) {
                parts[n].out = node->out[k];
                if (node->out[k] == OC_VID_NONE)
                    return 0;
                parts[n].n = g->values[node->out[k]].info.shape.dim[1];
                parts[n++].from = at;
                at += parts[n - 1].n;
            }
            return n;
        }
        if (!oc_node_is(node, "Slice") || n == PARTS_MAX ||
            !slice_part(g, node, channels, &parts[n]))
            return 0;
        for (uint32_t k = n++; k > 0 && parts[k].from < parts[k - 1].from; k--) {
            part swap = parts[k];
            parts[k] = parts[k - 1];
            parts[k - 1] = swap;
        }
    }
    for (uint32_t k = 0; k < n; at += parts[k++].n)
        if (parts[k].from != at)
            return 0;
    return n == uses && at == channels ? n : 0;
}

static bool joinable_concat(const oc_graph *g, const oc_uses *uses, oc_vid v, int32_t *producer)
{
    *producer = uses->producer[v];
    if (*producer < 0 || uses->count[v] != 1)
        return false;
    const oc_node *n = &g->nodes[*producer];
    return oc_node_is(n, "Concat") && n->n_in <= PARTS_MAX &&
           is_channel_axis(oc_node_int(n, "axis", 0));
}

static void kill_users(oc_graph *g, oc_vid v, const oc_node *except)
{
    for (uint32_t i = 0; i < g->n_nodes; i++)
        if (&g->nodes[i] != except && g->nodes[i].n_in && g->nodes[i].in[0] == v)
            g->nodes[i].dead = true;
}

static oc_status regroup(oc_graph *g, const oc_uses *uses, uint32_t at, oc_error *err)
{
    oc_node *old = &g->nodes[at], *node;
    oc_vid   from = old->in[0], to = old->out[0];
    part     parts[PARTS_MAX];
    int32_t  concat;
    int64_t  group = oc_node_int(old, "group", 1);
    bool     joins = joinable_concat(g, uses, from, &concat);
    uint32_t n_parts = find_parts(g, to, uses->count[to], parts);
    uint32_t n_in = joins ? g->nodes[concat].n_in : 1, n_out = n_parts ? n_parts : 1;
    if (!joins && !n_parts)
        return OC_OK;
    oc_status st = oc_graph_add_node(g, old->name, "ChannelShuffle", n_in, n_out, &node, err);
    int64_t  *split = oc_arena_alloc(&g->arena, n_out, sizeof(*split));
    if (st != OC_OK || !split)
        return st != OC_OK ? st : OC_FAIL(err, OC_NOMEM, "attributes");
    node->opset = g->nodes[at].opset;
    for (uint32_t i = 0; i < n_in; i++)
        node->in[i] = joins ? g->nodes[concat].in[i] : from;
    for (uint32_t i = 0; i < n_out; i++) {
        node->out[i] = n_parts ? parts[i].out : to;
        split[i] = n_parts ? parts[i].n : 0;
    }
    oc_attr attrs[2] = {
        {.name = "group", .kind = OC_ATTR_INT, .i = group},
        {.name = "split", .kind = OC_ATTR_INTS, .ints = split, .n = n_out},
    };
    if ((st = oc_node_retype(node, "ocellus", "ChannelShuffle", err)) != OC_OK ||
        (st = oc_node_set_attrs(g, node, attrs, n_parts ? 2 : 1, err)) != OC_OK)
        return st;
    g->nodes[at].dead = true;
    if (joins)
        g->nodes[concat].dead = true;
    if (n_parts)
        kill_users(g, to, node);
    return OC_OK;
}

oc_pass_fn oc_pass_regroup;

oc_status oc_pass_regroup(oc_graph *graph, const oc_pass_options *options, oc_error *err)
{
    oc_uses   uses;
    uint32_t  n = graph->n_nodes;
    oc_status st = oc_uses_create(graph, &uses, err);
    (void)options;
    for (uint32_t i = 0; i < n && st == OC_OK; i++)
        if (oc_node_is(&graph->nodes[i], "ChannelShuffle") &&
            !graph->values[graph->nodes[i].out[0]].is_output)
            st = regroup(graph, &uses, i, err);
    oc_uses_finish(&uses);
    return st;
}
