/* Constant scales and offsets of what a convolution reads go into its weights and bias:
 *
 *     conv(a * s + t; W, b) = conv(a; W * s, b + sum(W) * t)      when nothing is padded
 *     conv(a * s + t; W, b) = conv(a + t / s; W * s, b)           when there is padding: one Add stays
 *
 * s and t are scalars or vectors over the input channels. */
#include <math.h>
#include <string.h>

#include "passes/pass.h"

typedef struct prescaler {
    oc_graph *g;
    oc_uses   uses;
    oc_error *err;
} prescaler;

/* The one constant operand of a Mul or Add over [N,C,..], as C doubles in the graph's arena. */
static double *channel_operand(prescaler *p, const oc_node *n, int64_t channels, oc_vid *other)
{
    for (uint32_t k = 0; k < 2 && n->n_in == 2; k++) {
        const oc_value *v = &p->g->values[n->in[k]];
        const uint32_t  rank = p->g->values[n->in[1 - k]].info.shape.rank;
        size_t          count;
        if (!v->data || v->info.dtype != OC_F32 || v->info.shape.rank > rank ||
            !oc_shape_elements(&v->info.shape, &count))
            continue;
        uint32_t lead = rank - v->info.shape.rank;
        if (count != 1 &&
            (lead > 1 || count != (size_t)channels || v->info.shape.dim[1 - lead] != channels))
            continue;
        double *out = oc_arena_alloc(&p->g->arena, (size_t)channels, sizeof(*out));
        for (int64_t c = 0; out && c < channels; c++)
            out[c] = (double)((const float *)v->data)[count == 1 ? 0 : c];
        *other = n->in[1 - k];
        return out;
    }
    return NULL;
}

/* The Mul or Add that makes v for this reader alone, keeping the shape of what it reads. */
static oc_node *scaler_of(prescaler *p, oc_vid v, const char *op, int64_t channels, double **c,
                          oc_vid *from)
{
    int32_t  i = p->uses.producer[v];
    oc_node *n = i >= 0 ? &p->g->nodes[i] : NULL;
    if (!n || !oc_node_is(n, op) || p->uses.count[v] != 1 || n->act.kind != OC_ACT_NONE ||
        !(*c = channel_operand(p, n, channels, from)) ||
        !oc_shape_equal(&p->g->values[*from].info.shape, &p->g->values[v].info.shape))
        return NULL;
    return n;
}

static bool pads_nothing(const oc_node *conv)
{
    size_t         n;
    const int64_t *pads = oc_node_ints(conv, "pads", &n);
    const char    *mode = oc_node_string(conv, "auto_pad", "NOTSET");
    for (size_t i = 0; i < n; i++)
        if (pads[i])
            return false;
    return strcmp(mode, "NOTSET") == 0 || strcmp(mode, "VALID") == 0;
}

/* New weights W * s; *sums[o] gets sum over the channel's weights of W * t where t is given. */
static oc_status rewrite(prescaler *p, oc_node *conv, const double *s, const double *t)
{
    const oc_value  w = p->g->values[conv->in[1]];
    const oc_shape *d = &w.info.shape;
    const float    *old = w.data;
    const bool      has_bias = conv->n_in > 2 && conv->in[2] != OC_VID_NONE;
    const float    *bias = has_bias ? p->g->values[conv->in[2]].data : NULL;
    const int64_t   per_group = d->dim[0] / oc_node_int(conv, "group", 1);
    const oc_shape  vec = {.rank = 1, .dim = {d->dim[0]}};
    size_t          n, kernel = 1;
    oc_vid          ids[2];
    oc_status       st;
    if (!oc_shape_elements(d, &n))
        return OC_FAIL(p->err, OC_FORMAT, "weights too large");
    for (uint32_t k = 2; k < d->rank; k++)
        kernel *= (size_t)d->dim[k];
    float  *nw = oc_arena_alloc64(&p->g->arena, n + 1, sizeof(*nw));
    float  *nb = oc_arena_alloc64(&p->g->arena, (size_t)d->dim[0], sizeof(*nb));
    oc_vid *in = oc_arena_alloc(&p->g->arena, 4, sizeof(*in));
    if (!nw || !nb || !in)
        return OC_FAIL(p->err, OC_NOMEM, "weights");
    size_t at = 0;
    for (int64_t o = 0; o < d->dim[0]; o++) {
        double sum = bias ? (double)bias[o] : 0.0;
        for (int64_t i = 0; i < d->dim[1]; i++) {
            const int64_t c = o / per_group * d->dim[1] + i;
            for (size_t k = 0; k < kernel; k++, at++) {
                nw[at] = (float)((double)old[at] * s[c]);
                sum += t ? (double)old[at] * t[c] : 0.0;
            }
        }
        nb[o] = (float)sum;
    }
    if ((st = oc_graph_add_constant(p->g, w.name, OC_F32, d, nw, &ids[0], p->err)) != OC_OK ||
        (st = oc_graph_add_constant(p->g, w.name, OC_F32, &vec, nb, &ids[1], p->err)) != OC_OK)
        return st;
    in[0] = conv->in[0];
    in[1] = ids[0];
    in[2] = ids[1];
    in[3] = OC_VID_NONE;
    conv->in = in;
    conv->n_in = 3;
    return OC_OK;
}

/* The Add between a Mul and the convolution takes t / s; false when that loses too much. */
static oc_status divide_offset(prescaler *p, oc_node *add, const double *s, const double *t,
                               int64_t channels, oc_vid from, bool *done)
{
    const uint32_t rank = p->g->values[add->out[0]].info.shape.rank;
    oc_shape       shape = {.rank = rank};
    oc_vid         id;
    float         *q = oc_arena_alloc64(&p->g->arena, (size_t)channels, sizeof(*q));
    *done = false;
    if (!q)
        return OC_FAIL(p->err, OC_NOMEM, "offsets");
    for (int64_t c = 0; c < channels; c++) {
        if (!(fabs(s[c]) > 1e-3))
            return OC_OK; /* a channel that is all but switched off keeps its own scale */
        q[c] = (float)(t[c] / s[c]);
    }
    for (uint32_t k = 0; k < rank; k++)
        shape.dim[k] = k == 1 ? channels : 1;
    oc_status st = oc_graph_add_constant(p->g, "offset", OC_F32, &shape, q, &id, p->err);
    if (st != OC_OK)
        return st;
    add->in[0] = from;
    add->in[1] = id;
    *done = true;
    return OC_OK;
}

static double *ones(prescaler *p, int64_t n)
{
    double *x = oc_arena_alloc(&p->g->arena, (size_t)n, sizeof(*x));
    for (int64_t i = 0; x && i < n; i++)
        x[i] = 1.0;
    return x;
}

static oc_status prescale(prescaler *p, oc_node *conv)
{
    const oc_vid  x = conv->in[0];
    const int64_t channels = p->g->values[x].info.shape.dim[1];
    double       *s = NULL, *t = NULL;
    oc_vid        add_from = x, mul_from;
    oc_node      *add = scaler_of(p, x, "Add", channels, &t, &add_from);
    oc_node      *mul = scaler_of(p, add ? add_from : x, "Mul", channels, &s, &mul_from);
    oc_status     st;
    bool          done = true;
    if (!add && !mul)
        return OC_OK;
    if (add && !pads_nothing(conv)) {
        if (!mul)
            return OC_OK;
        if ((st = divide_offset(p, add, s, t, channels, mul_from, &done)) != OC_OK || !done)
            return st;
        return rewrite(p, conv, s, NULL);
    }
    if (!s && !(s = ones(p, channels)))
        return OC_FAIL(p->err, OC_NOMEM, "scales");
    if ((st = rewrite(p, conv, s, t)) != OC_OK)
        return st;
    conv->in[0] = mul ? mul_from : add_from;
    return OC_OK;
}

static bool constant_float(const oc_graph *g, oc_vid v)
{
    return v == OC_VID_NONE || (g->values[v].data && g->values[v].info.dtype == OC_F32);
}

oc_pass_fn oc_pass_prescale;

oc_status oc_pass_prescale(oc_graph *graph, const oc_pass_options *options, oc_error *err)
{
    prescaler p = {.g = graph, .err = err};
    oc_status st = oc_uses_create(graph, &p.uses, err);
    (void)options;
    for (uint32_t i = 0; i < graph->n_nodes && st == OC_OK; i++) {
        oc_node *conv = &graph->nodes[i];
        if (oc_node_is(conv, "Conv") && !conv->add &&
            graph->values[conv->in[0]].info.shape.rank > 2 && graph->values[conv->in[1]].data &&
            constant_float(graph, conv->in[1]) &&
            (conv->n_in < 3 || constant_float(graph, conv->in[2])))
            st = prescale(&p, conv);
    }
    oc_uses_finish(&p.uses);
    return st;
}
