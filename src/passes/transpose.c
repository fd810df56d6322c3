/* Transpose after Transpose becomes one, or none; a Transpose that only moves dimensions of size 1
 * becomes a Reshape, which costs nothing. */
#include <string.h>

#include "passes/pass.h"

static bool perm_of(const oc_graph *g, const oc_node *node, int64_t *perm, uint32_t *rank)
{
    size_t         n;
    const int64_t *given = oc_node_ints(node, "perm", &n);
    *rank = g->values[node->in[0]].info.shape.rank;
    for (uint32_t i = 0; i < *rank; i++)
        perm[i] = given ? given[i] : (int64_t)(*rank - 1 - i);
    return !given || n == *rank;
}

static oc_status set_perm(oc_graph *g, oc_node *node, const int64_t *perm, uint32_t rank,
                          oc_error *err)
{
    int64_t *copy = oc_arena_dup(&g->arena, perm, rank * sizeof(*perm));
    oc_attr  attr = {.name = "perm", .kind = OC_ATTR_INTS, .n = rank, .ints = copy};
    if (!copy)
        return OC_FAIL(err, OC_NOMEM, "transpose");
    return oc_node_set_attrs(g, node, &attr, 1, err);
}

static oc_status compose(oc_graph *g, oc_node *node, const oc_uses *uses, oc_error *err)
{
    int64_t  mine[OC_RANK_MAX], theirs[OC_RANK_MAX], both[OC_RANK_MAX];
    uint32_t rank, rank2;
    int32_t  p = uses->producer[node->in[0]];
    if (p < 0 || !oc_node_is(&g->nodes[p], "Transpose") || !perm_of(g, node, mine, &rank) ||
        !perm_of(g, &g->nodes[p], theirs, &rank2) || rank != rank2)
        return OC_OK;
    for (uint32_t i = 0; i < rank; i++)
        both[i] = theirs[mine[i]];
    node->in[0] = g->nodes[p].in[0];
    return set_perm(g, node, both, rank, err);
}

/* The order of the dimensions that matter is kept: the bytes stay as they are. */
static bool keeps_bytes(const oc_graph *g, const oc_node *node)
{
    int64_t         perm[OC_RANK_MAX], last = -1;
    uint32_t        rank;
    const oc_shape *s = &g->values[node->in[0]].info.shape;
    if (!perm_of(g, node, perm, &rank))
        return false;
    for (uint32_t i = 0; i < rank; i++) {
        if (s->dim[perm[i]] == 1)
            continue;
        if (perm[i] < last)
            return false;
        last = perm[i];
    }
    return true;
}

static oc_status to_reshape(oc_graph *g, uint32_t index, oc_error *err)
{
    oc_shape  out = g->values[g->nodes[index].out[0]].info.shape;
    oc_shape  vec = {.rank = 1, .dim = {out.rank}};
    int64_t  *dims = oc_arena_dup(&g->arena, out.dim, out.rank * sizeof(int64_t));
    oc_vid    shape, *in = oc_arena_alloc(&g->arena, 3, sizeof(*in));
    oc_status st = dims && in ? oc_graph_add_constant(g, "shape", OC_I64, &vec, dims, &shape, err)
                              : OC_FAIL(err, OC_NOMEM, "transpose");
    if (st != OC_OK)
        return st;
    oc_node *node = &g->nodes[index];
    in[0] = node->in[0];
    in[1] = shape;
    in[2] = OC_VID_NONE;
    node->in = in;
    node->n_in = 2;
    node->opset = 13;
    return oc_node_retype(node, "", "Reshape", err);
}

oc_pass_fn oc_pass_transpose;

oc_status oc_pass_transpose(oc_graph *graph, const oc_pass_options *options, oc_error *err)
{
    oc_uses   uses;
    oc_status st = oc_uses_create(graph, &uses, err);
    (void)options;
    for (uint32_t i = 0; i < graph->n_nodes && st == OC_OK; i++) {
        oc_node *node = &graph->nodes[i];
        if (!oc_node_is(node, "Transpose"))
            continue;
        if ((st = compose(graph, node, &uses, err)) != OC_OK)
            break;
        const oc_value *in = &graph->values[node->in[0]], *out = &graph->values[node->out[0]];
        if (!keeps_bytes(graph, node))
            continue;
        if (oc_shape_equal(&in->info.shape, &out->info.shape) && !out->is_output) {
            oc_graph_replace_uses(graph, node->out[0], node->in[0]);
            node->dead = true;
        } else {
            st = to_reshape(graph, i, err);
        }
    }
    oc_uses_finish(&uses);
    return st;
}
