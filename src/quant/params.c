#include "quant/params.h"

#include <math.h>
#include <stdlib.h>

#define SHARE_RATIO 1.5f /* a concatenation may make a scale coarser by so much */

unsigned q_levels(const q_format *f, bool wide)
{
    const unsigned all = wide ? UINT16_MAX : UINT8_MAX;
    return f->symmetric ? all - 1 : all; /* the least has no like above zero */
}

q_params q_params_of(q_range r, const q_format *f, bool wide)
{
    q_params p = {.dtype = f->symmetric ? (wide ? OC_I16 : OC_I8) : (wide ? OC_U16 : OC_U8)};
    p.scale = (r.hi - r.lo) / (float)q_levels(f, wide);
    if (!f->symmetric)
        p.zero = (int32_t)nearbyintf(-r.lo / p.scale);
    if (!(p.scale >= 1e-30f))
        p.scale = 1e-30f;
    return p;
}

int32_t q_level(float x, const q_params *p)
{
    const float lo = p->dtype == OC_I8 ? INT8_MIN : p->dtype == OC_I16 ? INT16_MIN : 0;
    const float hi = lo + (p->dtype == OC_I16 || p->dtype == OC_U16 ? UINT16_MAX : UINT8_MAX);
    const float q = nearbyintf(x / p->scale) + (float)p->zero;
    return (int32_t)(q < lo ? lo : q > hi ? hi : q);
}

float q_real(int32_t level, const q_params *p)
{
    return (float)(level - p->zero) * p->scale;
}

/* ---- sharing: sets of values with one scale ---- */

typedef struct sets {
    const q_index *x;
    const q_place *p;
    uint32_t      *parent;
    q_range       *range; /* of roots */
    bool          *wide;  /* of roots: a member is of 16 bits */
} sets;

static uint32_t root(sets *s, uint32_t v)
{
    while (s->parent[v] != v)
        v = s->parent[v] = s->parent[s->parent[v]];
    return v;
}

static q_range joined(q_range a, q_range b)
{
    q_range r = a;
    r.lo = fminf(a.lo, b.lo);
    r.hi = fmaxf(a.hi, b.hi);
    return r;
}

static void join(sets *s, uint32_t a, uint32_t b, q_range range)
{
    a = root(s, a);
    b = root(s, b);
    s->parent[a] = b;
    s->range[b] = range;
    s->wide[b] = s->wide[b] || s->wide[a];
}

static uint32_t quantised_input(const sets *s, const oc_doc_node *n, uint32_t k)
{
    uint32_t v = q_id(s->x, n->in[k]);
    return v != Q_NONE && s->p->quantised[v] ? v : Q_NONE;
}

/* What moves from a value of 16 bits, or into one, is of 16 bits along the whole way. */
static void widen_moves(sets *s)
{
    bool more = true;
    while (more) {
        more = false;
        for (uint32_t i = 0; i < s->x->doc->n_nodes; i++) {
            const oc_doc_node *n = &s->x->doc->nodes[i];
            if (s->p->nodes[i].kind != Q_SAME || !s->p->nodes[i].integer)
                continue;
            uint32_t in = quantised_input(s, n, 0);
            for (uint32_t k = 0; k < n->n_out && in != Q_NONE; k++) {
                uint32_t out = q_id(s->x, n->out[k]);
                if (out == Q_NONE || !s->p->quantised[out] || s->wide[in] == s->wide[out])
                    continue;
                s->wide[in] = s->wide[out] = true;
                more = true;
            }
        }
    }
}

/* What nodes that move values give has the scale of what they take. */
static void share_moves(sets *s)
{
    for (uint32_t i = 0; i < s->x->doc->n_nodes; i++) {
        const oc_doc_node *n = &s->x->doc->nodes[i];
        if (s->p->nodes[i].kind != Q_SAME || !s->p->nodes[i].integer)
            continue;
        uint32_t in = quantised_input(s, n, 0);
        for (uint32_t k = 0; k < n->n_out && in != Q_NONE; k++) {
            uint32_t out = q_id(s->x, n->out[k]);
            if (out != Q_NONE && s->p->quantised[out] && root(s, out) != root(s, in))
                join(s, out, in, s->range[root(s, in)]);
        }
    }
}

/* What is concatenated gets the scale of the whole where nobody else reads it, or where that costs
 * little: then the parts can be written where they end up. */
static void share_concats(sets *s)
{
    for (uint32_t i = 0; i < s->x->doc->n_nodes; i++) {
        const oc_doc_node *n = &s->x->doc->nodes[i];
        uint32_t           out = n->n_out ? q_id(s->x, n->out[0]) : Q_NONE;
        if (s->p->nodes[i].kind != Q_CONCAT || !s->p->nodes[i].integer || out == Q_NONE ||
            !s->p->quantised[out])
            continue;
        for (uint32_t k = 0; k < n->n_in; k++) {
            uint32_t in = quantised_input(s, n, k);
            if (in == Q_NONE || root(s, in) == root(s, out))
                continue;
            if (s->wide[root(s, in)] != s->wide[root(s, out)])
                continue;
            const q_range a = s->range[root(s, in)], b = s->range[root(s, out)], r = joined(a, b);
            const float   wide = r.hi - r.lo;
            const bool    own = s->x->values[in].n_users == 1 && root(s, in) == in;
            if (wide <= SHARE_RATIO * (a.hi - a.lo) && wide <= SHARE_RATIO * (b.hi - b.lo))
                join(s, in, out, r);
            else if (own && wide <= 1.001f * (b.hi - b.lo))
                join(s, in, out, b);
        }
    }
}

oc_status q_params_assign(const q_index *index, const q_place *place, const q_range *ranges,
                          const q_range *wide, const q_format *f, q_params *params, oc_error *err)
{
    sets      s = {.x = index, .p = place};
    oc_status st = OC_OK;
    s.parent = calloc(index->n + 1, sizeof(*s.parent));
    s.range = calloc(index->n + 1, sizeof(*s.range));
    s.wide = calloc(index->n + 1, sizeof(*s.wide));
    if (!s.parent || !s.range || !s.wide) {
        st = OC_FAIL(err, OC_NOMEM, "scales");
        goto out;
    }
    for (uint32_t v = 0; v < index->n; v++) {
        s.parent[v] = v;
        s.wide[v] = place->wide[v];
    }
    widen_moves(&s);
    for (uint32_t v = 0; v < index->n; v++)
        s.range[v] = s.wide[v] ? wide[v] : ranges[v];
    share_moves(&s);
    share_concats(&s);
    for (uint32_t v = 0; v < index->n; v++)
        if (place->quantised[v])
            params[v] = q_params_of(s.range[root(&s, v)], f, s.wide[root(&s, v)]);
out:
    free(s.parent);
    free(s.range);
    free(s.wide);
    return st;
}

/* ---- weights ---- */

size_t q_weight_scales(const oc_tensor_view *w, int axis, unsigned bits, float *scales)
{
    const oc_shape *shape = &w->info.shape;
    const float    *x = w->data;
    size_t          total = 1, inner = 1;
    for (uint32_t d = 0; d < shape->rank; d++)
        total *= (size_t)shape->dim[d];
    const size_t channels = axis < 0 ? 1 : (size_t)shape->dim[axis];
    for (uint32_t d = (uint32_t)(axis + 1); d < shape->rank && axis >= 0; d++)
        inner *= (size_t)shape->dim[d];
    if (axis < 0)
        inner = total;
    for (size_t c = 0; c < channels; c++)
        scales[c] = 0;
    for (size_t i = 0; i < total; i++) {
        const size_t c = i / inner % channels;
        scales[c] = fmaxf(scales[c], fabsf(x[i]));
    }
    const float top = (float)((1 << (bits - 1)) - 1);
    for (size_t c = 0; c < channels; c++)
        scales[c] = scales[c] > 1e-30f ? scales[c] / top : 1.0f;
    return channels;
}
