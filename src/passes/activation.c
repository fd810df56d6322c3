/* Activations that exporters spell in several nodes:
 *
 *   x * Sigmoid(x)                              SiLU
 *   Clip(x + 3, 0, 6) / 6                       HardSigmoid(1/6, 1/2)     (also * 1/6)
 *   x * Clip(x + 3, 0, 6) / 6, x * HardSigmoid  HardSwish                 (in either order)
 *   x * Tanh(Softplus(x))                       Mish
 *   x * (1 + Erf(x / sqrt 2)) / 2               GELU                      (in any order) */
#include <float.h>
#include <math.h>
#include <string.h>

#include "passes/pass.h"

typedef struct matcher {
    oc_graph *g;
    oc_uses   uses;
    oc_error *err;
} matcher;

static bool near(float a, double b)
{
    return fabs((double)a - b) <= 1e-5 * fabs(b) + 1e-12;
}

/* The node that makes v, when nobody else reads v. */
static oc_node *maker(const matcher *m, oc_vid v)
{
    if (v == OC_VID_NONE || m->uses.count[v] != 1 || m->uses.producer[v] < 0)
        return NULL;
    oc_node *n = &m->g->nodes[m->uses.producer[v]];
    return n->dead ? NULL : n;
}

/* v = x op c, made for one reader: gives x and c (of Div: 1 / c as a factor). */
static bool scaled(const matcher *m, oc_vid v, const char *op, oc_vid *x, float *c)
{
    oc_node *n = maker(m, v);
    if (!n || n->n_in != 2)
        return false;
    bool mul = strcmp(op, "Mul") == 0;
    if (mul && oc_node_is(n, "Div") && oc_value_is_splat(&m->g->values[n->in[1]], c)) {
        *c = 1.0f / *c;
        *x = n->in[0];
        return true;
    }
    if (!oc_node_is(n, op))
        return false;
    for (uint32_t k = 0; k < 2; k++) {
        if (oc_value_is_splat(&m->g->values[n->in[1 - k]], c)) {
            *x = n->in[k];
            return true;
        }
    }
    return false;
}

static bool clip_bounds(const oc_graph *g, const oc_node *n, float *lo, float *hi)
{
    if (!oc_node_is(n, "Clip"))
        return false;
    *lo = oc_node_float(n, "min", -FLT_MAX);
    *hi = oc_node_float(n, "max", FLT_MAX);
    if (n->n_in > 1 && n->in[1] != OC_VID_NONE && !oc_value_is_splat(&g->values[n->in[1]], lo))
        return false;
    return n->n_in < 3 || n->in[2] == OC_VID_NONE || oc_value_is_splat(&g->values[n->in[2]], hi);
}

/* v = Clip(x + 3, 0, 6) */
static bool relu6_plus3(const matcher *m, oc_vid v, oc_vid *x)
{
    float    lo, hi, c;
    oc_node *n = maker(m, v);
    return n && clip_bounds(m->g, n, &lo, &hi) && lo == 0.0f && near(hi, 6.0) &&
           scaled(m, n->in[0], "Add", x, &c) && near(c, 3.0);
}

static oc_status become(matcher *m, oc_node *node, const char *domain, const char *op, oc_vid x)
{
    node->in[0] = x;
    node->n_in = 1;
    return oc_node_retype(node, domain, op, m->err);
}

static oc_status become_hard_sigmoid(matcher *m, oc_node *node, oc_vid x)
{
    oc_attr   attrs[] = {{.name = "alpha", .kind = OC_ATTR_FLOAT, .f = 1.0f / 6.0f},
                         {.name = "beta", .kind = OC_ATTR_FLOAT, .f = 0.5f}};
    oc_status st = become(m, node, "", "HardSigmoid", x);
    return st == OC_OK ? oc_node_set_attrs(m->g, node, attrs, 2, m->err) : st;
}

static bool is_hard_sigmoid_6(const oc_node *n)
{
    return n && oc_node_is(n, "HardSigmoid") && near(oc_node_float(n, "alpha", 0.2f), 1.0 / 6.0) &&
           near(oc_node_float(n, "beta", 0.5f), 0.5);
}

/* v = 1 + Erf(x / sqrt 2) */
static bool erf_plus1(const matcher *m, oc_vid v, oc_vid *x)
{
    oc_vid e;
    float  c;
    if (!scaled(m, v, "Add", &e, &c) || !near(c, 1.0))
        return false;
    oc_node *erf_node = maker(m, e);
    return erf_node && oc_node_is(erf_node, "Erf") && scaled(m, erf_node->in[0], "Mul", x, &c) &&
           near(c, 0.70710678118654752);
}

static oc_status match_product(matcher *m, oc_node *node)
{
    for (uint32_t k = 0; k < 2; k++) {
        oc_vid   x = node->in[k], other = node->in[1 - k], y, z;
        oc_node *n = maker(m, other);
        float    c;
        if (n && oc_node_is(n, "Sigmoid") && n->in[0] == x)
            return become(m, node, "ocellus", "Silu", x);
        if (is_hard_sigmoid_6(n) && n->in[0] == x)
            return become(m, node, "", "HardSwish", x);
        if (scaled(m, other, "Mul", &y, &c) && near(c, 1.0 / 6.0) && relu6_plus3(m, y, &z) &&
            z == x)
            return become(m, node, "", "HardSwish", x);
        if (n && oc_node_is(n, "Tanh")) {
            oc_node *soft = maker(m, n->in[0]);
            if (soft && oc_node_is(soft, "Softplus") && soft->in[0] == x)
                return become(m, node, "", "Mish", x);
        }
        /* (x / 2) * (1 + erf) and x * ((1 + erf) / 2) */
        if (erf_plus1(m, other, &z) && scaled(m, x, "Mul", &y, &c) && near(c, 0.5) && y == z)
            return become(m, node, "", "Gelu", z);
        if (scaled(m, other, "Mul", &y, &c) && near(c, 0.5) && erf_plus1(m, y, &z) && z == x)
            return become(m, node, "", "Gelu", x);
    }
    return OC_OK;
}

/* node = y * c: what y may be. */
static oc_status match_scaled(matcher *m, oc_node *node, oc_vid y, float c)
{
    oc_vid   x, z;
    oc_node *p = maker(m, y);
    if (near(c, 1.0 / 6.0) && relu6_plus3(m, y, &x))
        return become_hard_sigmoid(m, node, x);
    if (!p || !oc_node_is(p, "Mul") || p->n_in != 2)
        return OC_OK;
    for (uint32_t k = 0; k < 2; k++) {
        if (near(c, 1.0 / 6.0) && relu6_plus3(m, p->in[k], &x) && x == p->in[1 - k])
            return become(m, node, "", "HardSwish", x);
        if (near(c, 0.5) && erf_plus1(m, p->in[k], &z) && z == p->in[1 - k])
            return become(m, node, "", "Gelu", z);
    }
    return OC_OK;
}

static oc_status match(matcher *m, oc_node *node)
{
    bool  mul = oc_node_is(node, "Mul"), div = oc_node_is(node, "Div");
    float c;
    if ((!mul && !div) || node->n_in != 2)
        return OC_OK;
    for (uint32_t k = 0; k < 2; k++) {
        if ((mul || k == 0) && oc_value_is_splat(&m->g->values[node->in[1 - k]], &c))
            return match_scaled(m, node, node->in[k], div ? 1.0f / c : c);
    }
    return mul ? match_product(m, node) : OC_OK;
}

oc_pass_fn oc_pass_activation;

oc_status oc_pass_activation(oc_graph *graph, const oc_pass_options *options, oc_error *err)
{
    matcher   m = {.g = graph, .err = err};
    oc_status st = oc_uses_create(graph, &m.uses, err);
    (void)options;
    for (uint32_t i = 0; i < graph->n_nodes && st == OC_OK; i++) {
        uint32_t before = graph->nodes[i].n_in;
        st = match(&m, &graph->nodes[i]);
        if (st == OC_OK && graph->nodes[i].n_in != before) { /* edges changed: count again */
            oc_graph_sweep(graph);
            oc_uses_finish(&m.uses);
            st = oc_uses_create(graph, &m.uses, err);
            i = (uint32_t)-1;
        }
    }
    oc_uses_finish(&m.uses);
    return st;
}
