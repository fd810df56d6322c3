/* Tensors cut to the channels that stay. */
#include <stdlib.h>
#include <string.h>

#include "quant/prepare.h"
#include "quant/prune.h"

typedef struct cutting {
    const q_index    *x;
    const q_channels *c;
    oc_doc           *to;
    oc_error         *err;
} cutting;

static bool stays(const cutting *t, uint32_t value, size_t i)
{
    return !t->c->gone[q_unit(t->c, t->c->of[value][i])];
}

static size_t count_staying(const cutting *t, uint32_t value)
{
    size_t n = 0;
    for (size_t i = 0; i < t->c->count[value]; i++)
        n += stays(t, value, i);
    return n;
}

/* A copy of the tensor, along `axis` only those that stay in `value`. */
static oc_status cut(cutting *t, const char **name, uint32_t axis, uint32_t value)
{
    const oc_tensor_view *v = NULL;
    for (size_t i = 0; i < t->to->n_tensors && !v; i++)
        if (!t->to->tensors[i].dead && strcmp(t->to->tensors[i].name, *name) == 0)
            v = &t->to->tensors[i].view;
    if (!v || value == Q_NONE || !t->c->of[value] || axis >= v->info.shape.rank ||
        (size_t)v->info.shape.dim[axis] != t->c->count[value])
        return OC_OK;
    oc_shape shape = v->info.shape;
    size_t   inner = 1, outer = 1, n = t->c->count[value], kept = count_staying(t, value);
    for (uint32_t d = 0; d < shape.rank; d++) {
        inner *= d > axis ? (size_t)shape.dim[d] : 1;
        outer *= d < axis ? (size_t)shape.dim[d] : 1;
    }
    if (kept == n)
        return OC_OK;
    const float *from = v->data;
    float       *data = malloc((outer * kept * inner + 1) * sizeof(*data)), *at = data;
    if (!data)
        return OC_FAIL(t->err, OC_NOMEM, "tensor '%s'", *name);
    for (size_t o = 0; o < outer; o++)
        for (size_t i = 0; i < n; i++)
            if (stays(t, value, i)) {
                memcpy(at, from + (o * n + i) * inner, inner * sizeof(*data));
                at += inner;
            }
    shape.dim[axis] = (int64_t)kept;
    oc_status st = q_new_tensor(t->to, *name, OC_F32, &shape, data, name, t->err);
    free(data);
    return st;
}

static oc_status cut_input(cutting *t, uint32_t node, uint32_t k, uint32_t axis, uint32_t value)
{
    oc_doc_node *n = &t->to->nodes[node];
    if (k >= n->n_in || !*n->in[k])
        return OC_OK;
    const char *name = n->in[k];
    oc_status   st = cut(t, &name, axis, value);
    n = &t->to->nodes[node];
    n->changed |= name != n->in[k];
    n->in[k] = name;
    return st;
}

static oc_status cut_conv(cutting *t, uint32_t at, uint32_t in, uint32_t out)
{
    oc_doc_node  *n = &t->to->nodes[at];
    const bool    up = oc_doc_is(n, "ConvTranspose");
    const int64_t group = oc_doc_int(n, "group", 1);
    oc_status     st;
    if (group > 1 && in != Q_NONE && t->c->of[in] && (size_t)group == t->c->count[in] && !up) {
        const oc_attr a = {
            .name = "group", .kind = OC_ATTR_INT, .i = (int64_t)count_staying(t, in)};
        if ((st = cut_input(t, at, 1, 0, in)) == OC_OK &&
            (st = cut_input(t, at, 2, 0, in)) == OC_OK)
            st = oc_doc_set_attr(t->to, &t->to->nodes[at], &a, t->err);
        return st;
    }
    if (group > 1)
        return OC_OK; /* frozen on both sides */
    if ((st = cut_input(t, at, 1, up ? 0 : 1, in)) != OC_OK ||
        (st = cut_input(t, at, 1, up ? 1 : 0, out)) != OC_OK)
        return st;
    return cut_input(t, at, 2, 0, out);
}

static oc_status cut_constant(cutting *t, uint32_t at, uint32_t out)
{
    for (uint32_t k = 0; k < t->to->nodes[at].n_in; k++) {
        const oc_tensor_view *c = q_constant(t->x, t->x->doc->nodes[at].in[k]);
        if (c && c->info.shape.rank >= 3)
            return cut_input(t, at, k, c->info.shape.rank - 3, out);
    }
    return OC_OK;
}

static oc_status cut_node(cutting *t, uint32_t at)
{
    const oc_doc_node *n = &t->x->doc->nodes[at];
    const uint32_t     in = n->n_in ? q_id(t->x, n->in[0]) : Q_NONE;
    const uint32_t     out = n->n_out ? q_id(t->x, n->out[0]) : Q_NONE;
    oc_status          st = OC_OK;
    if (n->dead)
        return OC_OK;
    if (oc_doc_is(n, "Conv") || oc_doc_is(n, "ConvTranspose"))
        return cut_conv(t, at, in, out);
    if (oc_doc_is(n, "Gemm"))
        return cut_input(t, at, 1, oc_doc_int(n, "transB", 0) ? 1 : 0, in);
    for (uint32_t k = 1; oc_doc_is(n, "BatchNormalization") && k < 5 && st == OC_OK; k++)
        st = cut_input(t, at, k, 0, in);
    if (oc_doc_is(n, "Add") || oc_doc_is(n, "Sub") || oc_doc_is(n, "Mul") || oc_doc_is(n, "Div"))
        st = cut_constant(t, at, out);
    return st;
}

oc_status q_channels_remove(const q_index *index, const q_channels *c, oc_doc **out, oc_error *err)
{
    cutting   t = {.x = index, .c = c, .err = err};
    oc_status st = oc_doc_dup(index->doc, &t.to, err);
    for (uint32_t i = 0; st == OC_OK && i < index->doc->n_nodes; i++)
        st = cut_node(&t, i);
    /* what the file says of values in between may not hold any more */
    for (size_t i = 0; st == OC_OK && i < t.to->infos.n; i++)
        t.to->infos.item[i].dead = true;
    if (st == OC_OK)
        st = oc_doc_sweep(t.to, err);
    if (st == OC_OK) {
        *out = t.to;
        t.to = NULL;
    }
    oc_doc_destroy(t.to);
    return st;
}
