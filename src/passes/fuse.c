/* A residual addition and an activation are computed by the node before them, while its result is
 * still in registers: y = act(conv(x) + r). */
#include <float.h>
#include <math.h>
#include <string.h>

#include "passes/pass.h"

static bool bound_of(const oc_graph *g, const oc_node *n, uint32_t which, float *bound)
{
    return n->n_in <= which || n->in[which] == OC_VID_NONE ||
           oc_value_is_splat(&g->values[n->in[which]], bound);
}

bool oc_node_act(const oc_graph *g, const oc_node *n, oc_act *act)
{
    static const struct {
        const char *op;
        oc_act_kind kind;
    } plain[] = {{"Relu", OC_ACT_RELU},  {"Sigmoid", OC_ACT_SIGMOID}, {"Silu", OC_ACT_SILU},
                 {"Swish", OC_ACT_SILU}, {"Tanh", OC_ACT_TANH},       {"Mish", OC_ACT_MISH}};
    *act = (oc_act){0};
    if (oc_node_is(n, "Swish") && oc_node_float(n, "alpha", 1.0f) != 1.0f)
        return false;
    for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
        if (oc_node_is(n, plain[i].op)) {
            act->kind = plain[i].kind;
            return true;
        }
    }
    if (oc_node_is(n, "Clip")) {
        *act = (oc_act){OC_ACT_CLIP, oc_node_float(n, "min", -FLT_MAX),
                        oc_node_float(n, "max", FLT_MAX)};
        return bound_of(g, n, 1, &act->a) && bound_of(g, n, 2, &act->b);
    }
    if (oc_node_is(n, "LeakyRelu"))
        *act = (oc_act){OC_ACT_LEAKY, oc_node_float(n, "alpha", 0.01f), 0};
    else if (oc_node_is(n, "HardSigmoid"))
        *act = (oc_act){OC_ACT_HARDSIGMOID, oc_node_float(n, "alpha", 0.2f),
                        oc_node_float(n, "beta", 0.5f)};
    else if (oc_node_is(n, "HardSwish"))
        *act = (oc_act){OC_ACT_HARDSWISH, 1.0f / 6.0f, 0.5f};
    else if (oc_node_is(n, "Gelu") && strcmp(oc_node_string(n, "approximate", "none"), "none") == 0)
        *act = (oc_act){OC_ACT_GELU, 0, 0};
    return act->kind != OC_ACT_NONE;
}

static oc_node *only_user(oc_graph *g, const oc_uses *uses, const oc_node *node)
{
    oc_vid v = node->out[0];
    if (uses->count[v] != 1 || uses->user[v] < 0)
        return NULL;
    oc_node *u = &g->nodes[uses->user[v]];
    return u->dead ? NULL : u;
}

static void take_output(oc_node *node, oc_node *user, oc_uses *uses, int32_t index)
{
    node->out[0] = user->out[0];
    uses->producer[user->out[0]] = index;
    user->dead = true;
}

/* y = node + r, r of the same shape and not waiting for this node. */
static oc_status fuse_add(oc_graph *g, uint32_t index, oc_uses *uses, oc_error *err)
{
    oc_node *node = &g->nodes[index];
    oc_node *user = only_user(g, uses, node);
    if (!user || !(node->op->flags & OC_OP_ADD) || node->add || node->act.kind != OC_ACT_NONE ||
        !oc_node_is(user, "Add") || user->in[0] == user->in[1])
        return OC_OK;
    oc_vid          r = user->in[user->in[0] == node->out[0] ? 1 : 0];
    const oc_shape *shape = &g->values[node->out[0]].info.shape;
    if (g->values[r].data || !oc_shape_equal(&g->values[r].info.shape, shape))
        return OC_OK;
    /* of two candidates the later one takes the sum: the other's result is then there already */
    if (uses->producer[r] > (int32_t)index)
        return OC_OK;
    oc_vid *in = oc_arena_alloc(&g->arena, (size_t)node->n_in + 2, sizeof(*in));
    if (!in)
        return OC_FAIL(err, OC_NOMEM, "fusion");
    memcpy(in, node->in, node->n_in * sizeof(*in));
    in[node->n_in] = r;
    node->in = in;
    node->n_in++;
    node->add = true;
    take_output(node, user, uses, (int32_t)index);
    return OC_OK;
}

static void fuse_act(oc_graph *g, uint32_t index, oc_uses *uses)
{
    oc_node *node = &g->nodes[index];
    oc_node *user = only_user(g, uses, node);
    oc_act   act;
    if (user && (node->op->flags & OC_OP_ACT) && node->act.kind == OC_ACT_NONE &&
        user->in[0] == node->out[0] && oc_node_act(g, user, &act)) {
        node->act = act;
        take_output(node, user, uses, (int32_t)index);
    }
}

oc_pass_fn oc_pass_fuse;

oc_status oc_pass_fuse(oc_graph *graph, const oc_pass_options *options, oc_error *err)
{
    oc_uses   uses;
    oc_status st = oc_uses_create(graph, &uses, err);
    (void)options;
    for (uint32_t i = 0; i < graph->n_nodes && st == OC_OK; i++) {
        const oc_node *node = &graph->nodes[i];
        if (node->dead || node->n_out != 1 || graph->values[node->out[0]].info.dtype != OC_F32)
            continue;
        if ((st = fuse_add(graph, i, &uses, err)) == OC_OK)
            fuse_act(graph, i, &uses);
    }
    oc_uses_finish(&uses);
    return st;
}
