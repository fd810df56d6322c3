/* NCHW -> NHWC transposes move behind elementwise nodes, concatenations and reductions that keep
 * their dimensions: what converters leave around normalisations then stays in the layout of the
 * convolutions, and the transposes meet and cancel.
 *
 *     y = f(T(a), T(b), c)   becomes   y = T(f(a, b, T^-1(c)))       T: perm 0,2,3,1; c constant */
#include <string.h>

#include "passes/pass.h"

static const int64_t to_nhwc[4] = {0, 2, 3, 1};

static bool is_sinking(const oc_graph *g, const oc_uses *uses, oc_vid v)
{
    size_t         n;
    int32_t        p = v == OC_VID_NONE ? -1 : uses->producer[v];
    const oc_node *t = p >= 0 ? &g->nodes[p] : NULL;
    if (!t || !oc_node_is(t, "Transpose"))
        return false;
    const int64_t *perm = oc_node_ints(t, "perm", &n);
    return perm && n == 4 && memcmp(perm, to_nhwc, sizeof(to_nhwc)) == 0;
}

typedef enum shape_of_op { OTHER, ELEMENTWISE, REDUCTION, CONCAT } shape_of_op;

static shape_of_op kind_of(const oc_node *n)
{
    static const char *const names[] = {
        "Add",       "Sub",  "Mul",         "Div",       "Pow", "Min",       "Max",  "Relu",
        "Sigmoid",   "Tanh", "Sqrt",        "Exp",       "Neg", "Abs",       "Clip", "Silu",
        "HardSwish", "Erf",  "HardSigmoid", "LeakyRelu", "Elu", "Reciprocal"};
    if (oc_node_is(n, "ReduceMean") || oc_node_is(n, "ReduceSum") || oc_node_is(n, "ReduceMax"))
        return oc_node_int(n, "keepdims", 1) ? REDUCTION : OTHER;
    if (oc_node_is(n, "Concat"))
        return CONCAT;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (oc_node_is(n, names[i]))
            return ELEMENTWISE;
    return OTHER;
}

/* Every input is a transposed value, or (elementwise) a constant; at least one is transposed. */
static bool may_sink(const oc_graph *g, const oc_uses *uses, const oc_node *n, shape_of_op kind)
{
    bool any = false;
    if (n->n_out != 1 || g->values[n->out[0]].info.shape.rank != 4 ||
        (kind == REDUCTION && n->n_in != 1))
        return false;
    for (uint32_t k = 0; k < n->n_in; k++) {
        bool sinks = is_sinking(g, uses, n->in[k]);
        any = any || sinks;
        if (!sinks && (kind != ELEMENTWISE || n->in[k] == OC_VID_NONE ||
                       !g->values[n->in[k]].data || g->values[n->in[k]].info.shape.rank > 4))
            return false;
    }
    return any;
}

/* A constant of NHWC broadcasting shape, for NCHW. */
static oc_status turn_constant(oc_graph *g, oc_vid v, oc_isa isa, oc_vid *out, oc_error *err)
{
    oc_value             from = g->values[v];
    oc_shape             four = {.rank = 4, .dim = {1, 1, 1, 1}}, turned = {.rank = 4};
    uint32_t             lead = 4 - from.info.shape.rank;
    oc_node              node = {.name = "constant",
                                 .op_type = "Transpose",
                                 .domain = "",
                                 .n_in = 1,
                                 .n_out = 1,
                                 .opset = 13};
    static const int64_t to_nchw[4] = {0, 3, 1, 2};
    oc_attr              attr = {.name = "perm", .kind = OC_ATTR_INTS, .n = 4, .ints = to_nchw};
    oc_vid               in[2] = {OC_VID_NONE, OC_VID_NONE};
    void                *data = NULL;
    oc_status            st;
    if (from.info.shape.rank == 0) {
        *out = v; /* a scalar is a scalar */
        return OC_OK;
    }
    for (uint32_t d = 0; d < from.info.shape.rank; d++)
        four.dim[lead + d] = from.info.shape.dim[d];
    for (uint32_t d = 0; d < 4; d++)
        turned.dim[d] = four.dim[to_nchw[d]];
    if ((st = oc_graph_add_constant(g, from.name, from.info.dtype, &four, from.data, &in[0],
                                    err)) != OC_OK ||
        (st = oc_graph_add_constant(g, from.name, from.info.dtype, &turned, NULL, out, err)) !=
            OC_OK)
        return st;
    node.in = in;
    node.out = out;
    node.attrs = &attr;
    node.n_attrs = 1;
    node.op = oc_op_find("", "Transpose");
    if (!node.op)
        return OC_FAIL(err, OC_UNSUPPORTED, "operator Transpose is not built in");
    if ((st = oc_node_evaluate(g, &node, isa, &data, err)) == OC_OK)
        g->values[*out].data = data;
    return st;
}

/* Axes of a reduction or concatenation name NHWC dimensions; the node will see NCHW. */
static oc_status turn_axes(oc_graph *g, oc_node *n, oc_error *err)
{
    oc_attr *attrs = oc_arena_dup(&g->arena, n->attrs, n->n_attrs * sizeof(*attrs));
    if (n->n_attrs && !attrs)
        return OC_FAIL(err, OC_NOMEM, "axes");
    for (uint32_t i = 0; i < n->n_attrs; i++) {
        if (strcmp(attrs[i].name, "axis") == 0 && attrs[i].kind == OC_ATTR_INT)
            attrs[i].i = to_nhwc[(attrs[i].i + 4) % 4];
        if (strcmp(attrs[i].name, "axes") != 0 || attrs[i].kind != OC_ATTR_INTS)
            continue;
        int64_t *axes = oc_arena_alloc(&g->arena, attrs[i].n + 1, sizeof(*axes));
        if (!axes)
            return OC_FAIL(err, OC_NOMEM, "axes");
        for (size_t k = 0; k < attrs[i].n; k++)
            axes[k] = to_nhwc[(attrs[i].ints[k] + 4) % 4];
        attrs[i].ints = axes;
    }
    n->attrs = attrs;
    return OC_OK;
}

static oc_status add_transpose(oc_graph *g, oc_vid from, oc_vid to, oc_error *err)
{
    oc_node  *t;
    oc_attr   attr = {.name = "perm", .kind = OC_ATTR_INTS, .n = 4, .ints = to_nhwc};
    oc_status st = oc_graph_add_node(g, g->values[to].name, "Transpose", 1, 1, &t, err);
    if (st != OC_OK || (st = oc_node_retype(t, "", "Transpose", err)) != OC_OK)
        return st;
    t->in[0] = from;
    t->out[0] = to;
    t->opset = 13;
    return oc_node_set_attrs(g, t, &attr, 1, err);
}

static oc_status sink(oc_graph *g, const oc_uses *uses, uint32_t i, oc_isa isa, oc_error *err)
{
    oc_vid    out = g->nodes[i].out[0], inner;
    oc_status st = oc_graph_add_value(g, g->values[out].name, &inner, err);
    if (st != OC_OK)
        return st;
    for (uint32_t k = 0; k < g->nodes[i].n_in; k++) {
        oc_vid v = g->nodes[i].in[k];
        if (is_sinking(g, uses, v))
            v = g->nodes[uses->producer[v]].in[0];
        else if ((st = turn_constant(g, v, isa, &v, err)) != OC_OK)
            return st;
        g->nodes[i].in[k] = v;
    }
    const oc_tensor_info *nhwc = &g->values[out].info;
    g->values[inner].info.dtype = nhwc->dtype;
    g->values[inner].info.shape.rank = 4;
    for (uint32_t d = 0; d < 4; d++)
        g->values[inner].info.shape.dim[to_nhwc[d]] = nhwc->shape.dim[d];
    g->nodes[i].out[0] = inner;
    if ((st = turn_axes(g, &g->nodes[i], err)) != OC_OK)
        return st;
    return add_transpose(g, inner, out, err);
}

/* A reduction without the attribute `axes` reduces everything, or has them as an input. */
static bool axes_known(const oc_node *n, shape_of_op kind)
{
    size_t count;
    return kind != REDUCTION || oc_node_ints(n, "axes", &count) != NULL;
}

oc_pass_fn oc_pass_sink;

oc_status oc_pass_sink(oc_graph *graph, const oc_pass_options *options, oc_error *err)
{
    oc_uses   uses = {0};
    oc_status st = oc_uses_create(graph, &uses, err);
    for (uint32_t i = 0; i < graph->n_nodes && st == OC_OK; i++) {
        shape_of_op kind = kind_of(&graph->nodes[i]);
        if (kind == OTHER || !axes_known(&graph->nodes[i], kind) ||
            !may_sink(graph, &uses, &graph->nodes[i], kind))
            continue;
        if ((st = sink(graph, &uses, i, options->isa, err)) != OC_OK)
            break;
        oc_uses_finish(&uses); /* the new transpose may sink through the next node */
        st = oc_uses_create(graph, &uses, err);
    }
    oc_uses_finish(&uses);
    return st;
}
