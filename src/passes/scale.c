/* What only scales and shifts the channels of a convolution goes into its weights and bias:
 * BatchNormalization, and Mul, Div, Add, Sub with a constant per channel. */
#include <math.h>
#include <string.h>

#include "passes/pass.h"

typedef struct affine {
    double *scale, *shift; /* per output channel: y = x * scale + shift */
    int64_t n;
} affine;

/* Element for channel c of a constant that broadcasts over [N,C,H,W]; NULL when it does not. */
static const float *per_channel(const oc_value *v, int64_t channels, uint32_t rank, size_t *stride)
{
    size_t n;
    if (!v->data || v->info.dtype != OC_F32 || !oc_shape_elements(&v->info.shape, &n) ||
        v->info.shape.rank > rank)
        return NULL;
    *stride = n == 1 ? 0 : 1;
    if (n == 1)
        return v->data;
    uint32_t lead = rank - v->info.shape.rank; /* dimension 1 of the result is the channel */
    if (lead > 1 || n != (size_t)channels || v->info.shape.dim[1 - lead] != channels)
        return NULL;
    return v->data;
}

static bool affine_of_binary(const oc_graph *g, const oc_node *user, oc_vid x, uint32_t rank,
                             affine *a)
{
    uint32_t     other = user->in[0] == x ? 1 : 0;
    size_t       stride;
    bool         mul = oc_node_is(user, "Mul"), add = oc_node_is(user, "Add");
    bool         div = oc_node_is(user, "Div") && other == 1;
    bool         sub = oc_node_is(user, "Sub") && other == 1;
    const float *c;
    if ((!mul && !add && !div && !sub) || user->n_in != 2 || user->in[0] == user->in[1])
        return false;
    if (!(c = per_channel(&g->values[user->in[other]], a->n, rank, &stride)))
        return false;
    for (int64_t i = 0; i < a->n; i++) {
        double v = (double)c[(size_t)i * stride];
        a->scale[i] = mul ? v : div ? 1.0 / v : 1.0;
        a->shift[i] = add ? v : sub ? -v : 0.0;
    }
    return true;
}

static bool affine_of_norm(const oc_graph *g, const oc_node *user, affine *a)
{
    const float *p[4];
    if (!oc_node_is(user, "BatchNormalization") || user->n_in != 5 ||
        oc_node_int(user, "training_mode", 0))
        return false;
    for (int k = 0; k < 4; k++) {
        const oc_value *v = &g->values[user->in[k + 1]];
        if (!v->data || v->info.dtype != OC_F32 || v->info.shape.rank != 1 ||
            v->info.shape.dim[0] != a->n)
            return false;
        p[k] = v->data;
    }
    double eps = (double)oc_node_float(user, "epsilon", 1e-5f);
    for (int64_t i = 0; i < a->n; i++) {
        a->scale[i] = (double)p[0][i] / sqrt((double)p[3][i] + eps);
        a->shift[i] = (double)p[1][i] - (double)p[2][i] * a->scale[i];
    }
    return true;
}

/* Output channel of weight element i: [M,C/g,...] for Conv, [C,M/g,...] for ConvTranspose. */
static int64_t channel_of(const oc_shape *w, size_t i, size_t kernel, bool transposed,
                          int64_t group)
{
    size_t at = i / kernel;
    if (!transposed)
        return (int64_t)(at / (size_t)w->dim[1]);
    size_t c = at / (size_t)w->dim[1], m = at % (size_t)w->dim[1];
    size_t per_group = (size_t)(w->dim[0] / group);
    return (int64_t)(c / per_group * (size_t)w->dim[1] + m);
}

static oc_status apply(oc_graph *g, uint32_t index, const affine *a, bool transposed, oc_error *err)
{
    const oc_node *conv = &g->nodes[index];
    const oc_value w = g->values[conv->in[1]];
    const float   *old = w.data;
    const float   *old_bias =
        conv->n_in > 2 && conv->in[2] != OC_VID_NONE ? g->values[conv->in[2]].data : NULL;
    size_t   n, kernel = 1;
    oc_shape vec = {.rank = 1, .dim = {a->n}};
    oc_vid   ids[2];
    if (!oc_shape_elements(&w.info.shape, &n))
        return OC_FAIL(err, OC_FORMAT, "weights too large");
    for (uint32_t d = 2; d < w.info.shape.rank; d++)
        kernel *= (size_t)w.info.shape.dim[d];
    float  *nw = oc_arena_alloc64(&g->arena, n + 1, sizeof(*nw));
    float  *nb = oc_arena_alloc64(&g->arena, (size_t)a->n, sizeof(*nb));
    oc_vid *in = oc_arena_alloc(&g->arena, 4, sizeof(*in));
    if (!nw || !nb || !in)
        return OC_FAIL(err, OC_NOMEM, "weights");
    int64_t      group = oc_node_int(conv, "group", 1);
    const size_t run =
        transposed ? kernel : kernel * (size_t)w.info.shape.dim[1]; /* one channel's */
    for (size_t i = 0; i < n; i += run) {
        const double scale = a->scale[channel_of(&w.info.shape, i, kernel, transposed, group)];
        for (size_t k = i; k < i + run; k++)
            nw[k] = (float)((double)old[k] * scale);
    }
    for (int64_t i = 0; i < a->n; i++)
        nb[i] = (float)((old_bias ? (double)old_bias[i] : 0.0) * a->scale[i] + a->shift[i]);
    oc_status st = oc_graph_add_constant(g, w.name, OC_F32, &w.info.shape, nw, &ids[0], err);
    if (st != OC_OK ||
        (st = oc_graph_add_constant(g, w.name, OC_F32, &vec, nb, &ids[1], err)) != OC_OK)
        return st;
    in[0] = conv->in[0];
    in[1] = ids[0];
    in[2] = ids[1];
    in[3] = OC_VID_NONE;
    g->nodes[index].in = in;
    g->nodes[index].n_in = 3;
    return OC_OK;
}

/* Weights and bias constant, float, the result read by one node only. */
static bool foldable(const oc_graph *g, const oc_node *conv, const oc_uses *uses)
{
    if (!oc_node_is(conv, "Conv") && !oc_node_is(conv, "ConvTranspose"))
        return false;
    const oc_value *w = &g->values[conv->in[1]];
    bool            bias = conv->n_in > 2 && conv->in[2] != OC_VID_NONE;
    return w->data && w->info.dtype == OC_F32 && (!bias || g->values[conv->in[2]].data) &&
           uses->count[conv->out[0]] == 1 && uses->user[conv->out[0]] >= 0;
}

/* The convolution takes over what its user made; true when something was folded. */
static oc_status fold_user(oc_graph *g, uint32_t i, oc_uses *uses, bool *folded, oc_error *err)
{
    const oc_node *conv = &g->nodes[i];
    oc_vid         x = conv->out[0];
    bool           transposed = oc_node_is(conv, "ConvTranspose");
    const oc_shape shape = g->values[x].info.shape;
    int32_t        u = uses->user[x];
    oc_node       *user = &g->nodes[u];
    *folded = false;
    if (shape.rank < 3 || user->dead || user->n_out < 1 ||
        !oc_shape_equal(&g->values[user->out[0]].info.shape, &shape))
        return OC_OK;
    affine a = {.n = shape.dim[1]};
    a.scale = oc_arena_alloc(&g->arena, (size_t)a.n, 2 * sizeof(double));
    if (!a.scale)
        return OC_FAIL(err, OC_NOMEM, "scales");
    a.shift = a.scale + a.n;
    if (!affine_of_norm(g, user, &a) && !affine_of_binary(g, user, x, shape.rank, &a))
        return OC_OK;
    oc_status st = apply(g, i, &a, transposed, err);
    if (st != OC_OK)
        return st;
    g->nodes[i].out[0] = user->out[0];
    uses->producer[user->out[0]] = (int32_t)i;
    user->dead = true;
    *folded = true;
    return OC_OK;
}

oc_pass_fn oc_pass_scale;

oc_status oc_pass_scale(oc_graph *graph, const oc_pass_options *options, oc_error *err)
{
    oc_uses   uses;
    oc_status st = oc_uses_create(graph, &uses, err);
    (void)options;
    for (uint32_t i = 0; i < graph->n_nodes && st == OC_OK; i++) {
        bool folded = !graph->nodes[i].dead;
        while (folded && st == OC_OK && foldable(graph, &graph->nodes[i], &uses))
            st = fold_user(graph, i, &uses, &folded, err);
    }
    oc_uses_finish(&uses);
    return st;
}
