#include "quant/equalize.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "quant/prepare.h"

#define ROUNDS 10
#define RATIO_MAX 1e3f /* a channel that is nearly nothing is not blown up beyond this */

typedef struct side {
    uint32_t tensor, bias;                 /* of the document; bias Q_NONE: none */
    size_t   channels, group, per, kernel; /* per: inputs of a group */
} side;

typedef struct pair {
    side   a, b;
    float *r1, *r2;
} pair;

/* A convolution whose weights nobody else reads. */
static bool conv_side(const q_index *x, uint32_t node, side *s)
{
    const oc_doc_node *n = &x->doc->nodes[node];
    if (!oc_doc_is(n, "Conv") || n->n_in < 2)
        return false;
    const uint32_t        w = q_id(x, n->in[1]);
    const oc_tensor_view *v = q_constant(x, n->in[1]);
    size_t                all;
    if (!v || v->info.dtype != OC_F32 || v->info.shape.rank < 3 || x->values[w].n_users != 1 ||
        !oc_shape_elements(&v->info.shape, &all) || all == 0)
        return false;
    *s = (side){.tensor = x->values[w].tensor, .bias = Q_NONE};
    s->channels = (size_t)v->info.shape.dim[0];
    s->group = (size_t)oc_doc_int(n, "group", 1);
    s->per = (size_t)v->info.shape.dim[1];
    s->kernel = all / s->channels / s->per;
    if (n->n_in > 2 && *n->in[2]) {
        const uint32_t b = q_id(x, n->in[2]);
        if (!q_constant(x, n->in[2]) || x->values[b].n_users != 1)
            return false;
        s->bias = x->values[b].tensor;
    }
    return true;
}

static bool scales_along(const oc_doc_node *n)
{
    return oc_doc_is(n, "Relu") || oc_doc_is(n, "LeakyRelu");
}

static bool find_pair(const q_index *x, uint32_t node, pair *p)
{
    uint32_t v = q_id(x, x->doc->nodes[node].out[0]), next;
    if (!conv_side(x, node, &p->a))
        return false;
    next = q_only_user(x, v);
    while (next != Q_NONE && scales_along(&x->doc->nodes[next]))
        next = q_only_user(x, q_id(x, x->doc->nodes[next].out[0]));
    return next != Q_NONE && conv_side(x, next, &p->b) && p->b.group * p->b.per == p->a.channels;
}

/* Weights of `b` that read channel c: rows [first, first + n) of one input each. */
static void readers(const side *b, size_t c, size_t *first, size_t *n, size_t *input)
{
    const size_t each = b->channels / b->group, g = c / b->per;
    *first = g * each;
    *n = each;
    *input = c % b->per;
}

static void ranges(const oc_doc *doc, pair *p)
{
    const float *a = doc->tensors[p->a.tensor].view.data, *b = doc->tensors[p->b.tensor].view.data;
    const size_t row = p->a.per * p->a.kernel;
    for (size_t c = 0; c < p->a.channels; c++) {
        size_t first, n, input;
        p->r1[c] = p->r2[c] = 0;
        for (size_t i = 0; i < row; i++)
            p->r1[c] = fmaxf(p->r1[c], fabsf(a[c * row + i]));
        readers(&p->b, c, &first, &n, &input);
        for (size_t o = first; o < first + n; o++)
            for (size_t i = 0; i < p->b.kernel; i++)
                p->r2[c] = fmaxf(p->r2[c], fabsf(b[(o * p->b.per + input) * p->b.kernel + i]));
    }
}

static void scale_channel(oc_doc *doc, const pair *p, size_t c, float s)
{
    float       *a = doc->tensors[p->a.tensor].view.data, *b = doc->tensors[p->b.tensor].view.data;
    const size_t row = p->a.per * p->a.kernel;
    size_t       first, n, input;
    for (size_t i = 0; i < row; i++)
        a[c * row + i] /= s;
    if (p->a.bias != Q_NONE)
        ((float *)doc->tensors[p->a.bias].view.data)[c] /= s;
    readers(&p->b, c, &first, &n, &input);
    for (size_t o = first; o < first + n; o++)
        for (size_t i = 0; i < p->b.kernel; i++)
            b[(o * p->b.per + input) * p->b.kernel + i] *= s;
}

static void even_out(oc_doc *doc, pair *p)
{
    ranges(doc, p);
    for (size_t c = 0; c < p->a.channels; c++) {
        if (!(p->r1[c] > 0) || !(p->r2[c] > 0))
            continue;
        const float s = sqrtf(p->r1[c] / p->r2[c]);
        scale_channel(doc, p, c, s < 1 / RATIO_MAX ? 1 / RATIO_MAX : s > RATIO_MAX ? RATIO_MAX : s);
    }
}

/* Contents that may be changed: the file's own may not. */
static oc_status own(oc_doc *doc, uint32_t tensor, oc_error *err)
{
    oc_doc_tensor *t = &doc->tensors[tensor];
    size_t         n;
    if (tensor == Q_NONE)
        return OC_OK;
    t->view.data = q_floats(doc, &t->view, &n);
    t->changed = true;
    return t->view.data ? OC_OK : OC_FAIL(err, OC_NOMEM, "weights");
}

oc_status q_equalize(oc_doc *doc, size_t *pairs, oc_error *err)
{
    q_index   x = {0};
    pair     *list = calloc(doc->n_nodes + 1, sizeof(*list));
    oc_status st = list ? q_index_build(doc, &x, err) : OC_FAIL(err, OC_NOMEM, "layers");
    *pairs = 0;
    for (uint32_t i = 0; st == OC_OK && i < doc->n_nodes; i++) {
        pair *p = &list[*pairs];
        if (doc->nodes[i].dead || !find_pair(&x, i, p))
            continue;
        p->r1 = oc_arena_alloc(&doc->mem, p->a.channels, sizeof(float));
        p->r2 = oc_arena_alloc(&doc->mem, p->a.channels, sizeof(float));
        ++*pairs;
        if (!p->r1 || !p->r2)
            st = OC_FAIL(err, OC_NOMEM, "ranges");
        else if ((st = own(doc, p->a.tensor, err)) == OC_OK &&
                 (st = own(doc, p->a.bias, err)) == OC_OK)
            st = own(doc, p->b.tensor, err);
    }
    for (int round = 0; round < ROUNDS && st == OC_OK; round++)
        for (size_t i = 0; i < *pairs; i++)
            even_out(doc, &list[i]);
    q_index_finish(&x);
    free(list);
    return st;
}
