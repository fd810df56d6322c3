#include "quant/post.h"

#include <math.h>
#include <string.h>

typedef double unary_fn(const oc_doc_node *n, double x);

static double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

static double clamp01(double x)
{
    return x < 0 ? 0 : x > 1 ? 1 : x;
}

static double f_elu(const oc_doc_node *n, double x)
{
    return x >= 0 ? x : (double)oc_doc_float(n, "alpha", 1) * expm1(x);
}

static double f_erf(const oc_doc_node *n, double x)
{
    (void)n;
    return erf(x);
}

static double f_exp(const oc_doc_node *n, double x)
{
    (void)n;
    return exp(x);
}

static double f_gelu(const oc_doc_node *n, double x)
{
    (void)n;
    return x / 2 * (1 + erf(x / sqrt(2)));
}

static double f_hard_sigmoid(const oc_doc_node *n, double x)
{
    return clamp01((double)oc_doc_float(n, "alpha", 0.2f) * x +
                   (double)oc_doc_float(n, "beta", 0.5f));
}

static double f_hard_swish(const oc_doc_node *n, double x)
{
    (void)n;
    return x * clamp01(x / 6 + 0.5);
}

static double f_leaky(const oc_doc_node *n, double x)
{
    return x >= 0 ? x : (double)oc_doc_float(n, "alpha", 0.01f) * x;
}

static double f_mish(const oc_doc_node *n, double x)
{
    (void)n;
    return x * tanh(log1p(exp(x)));
}

static double f_neg(const oc_doc_node *n, double x)
{
    (void)n;
    return -x;
}

static double f_relu(const oc_doc_node *n, double x)
{
    (void)n;
    return x > 0 ? x : 0;
}

static double f_sigmoid(const oc_doc_node *n, double x)
{
    (void)n;
    return sigmoid(x);
}

static double f_softplus(const oc_doc_node *n, double x)
{
    (void)n;
    return x > 30 ? x : log1p(exp(x));
}

static double f_tanh(const oc_doc_node *n, double x)
{
    (void)n;
    return tanh(x);
}

static const struct {
    const char *op;
    unary_fn   *fn; /* NULL: of several inputs, below */
} functions[] = {
    {"Add", NULL},
    {"Clip", NULL},
    {"Div", NULL},
    {"Elu", f_elu},
    {"Erf", f_erf},
    {"Exp", f_exp},
    {"Gelu", f_gelu},
    {"HardSigmoid", f_hard_sigmoid},
    {"HardSwish", f_hard_swish},
    {"LeakyRelu", f_leaky},
    {"Max", NULL},
    {"Min", NULL},
    {"Mish", f_mish},
    {"Mul", NULL},
    {"Neg", f_neg},
    {"Relu", f_relu},
    {"Sigmoid", f_sigmoid},
    {"Softplus", f_softplus},
    {"Sub", NULL},
    {"Tanh", f_tanh},
};

static bool elementwise(const oc_doc_node *n, unary_fn **fn)
{
    for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
        if (oc_doc_is(n, functions[i].op)) {
            *fn = functions[i].fn;
            return true;
        }
    }
    return false;
}

static int place_in(const q_chain *c, uint32_t value)
{
    for (uint32_t i = 0; i < c->n_values; i++)
        if (c->value[i] == value)
            return (int)i;
    return -1;
}

/* Can the node join: all inputs are values of the chain or single numbers? */
static bool joins(const q_chain *c, const oc_doc_node *n, bool *number)
{
    float     ignored;
    unary_fn *fn;
    bool      any = false;
    if (n->n_out != 1 || !elementwise(n, &fn))
        return false;
    for (uint32_t i = 0; i < n->n_in; i++) {
        if (!*n->in[i])
            continue;
        if (q_splat(c->index, n->in[i], &ignored))
            *number |= !oc_doc_is(n, "Clip");
        else if (place_in(c, q_id(c->index, n->in[i])) >= 0)
            any = true;
        else
            return false;
    }
    return any;
}

static bool read_outside(const q_chain *c, uint32_t value)
{
    const q_value *v = &c->index->values[value];
    bool           outside = v->is_output || v->pinned || v->n_users == 0;
    for (uint32_t k = 0; k < v->n_users && !outside; k++) {
        bool inside = false;
        for (uint32_t j = 0; j < c->n; j++)
            inside |= c->node[j] == c->index->user[v->users + k];
        outside = !inside;
    }
    return outside;
}

/* How many values of the chain, the source left out, are read from outside; the last such. */
static uint32_t exits(q_chain *c)
{
    uint32_t n = 0;
    for (uint32_t i = 1; i < c->n_values; i++) {
        if (read_outside(c, c->value[i])) {
            c->exit = c->value[i];
            n++;
        }
    }
    return n;
}

/* Only readers of values in the chain can join: they are met in the order of the nodes. */
static uint32_t next_reader(const q_chain *c, uint32_t after)
{
    uint32_t next = Q_NONE;
    for (uint32_t i = 0; i < c->n_values; i++) {
        const q_value *v = &c->index->values[c->value[i]];
        for (uint32_t k = 0; k < v->n_users; k++) {
            const uint32_t at = c->index->user[v->users + k];
            if ((after == Q_NONE || at > after) && at < next)
                next = at;
        }
    }
    return next;
}

q_chain q_chain_find(const q_index *index, uint32_t source)
{
    q_chain c = {.index = index, .value = {source}, .n_values = 1}, best = {.index = index};
    for (uint32_t at = next_reader(&c, Q_NONE); at != Q_NONE && c.n < Q_CHAIN_MAX;
         at = next_reader(&c, at)) {
        bool number = c.numbers;
        if (!joins(&c, &index->doc->nodes[at], &number))
            continue;
        c.node[c.n++] = at;
        c.numbers = number;
        c.value[c.n_values++] = q_id(index, index->doc->nodes[at].out[0]);
        if (exits(&c) == 1)
            best = c;
    }
    return best;
}

bool q_chain_covers(const q_chain *chain)
{
    return chain->n > 0 && !read_outside(chain, chain->value[0]);
}

static double several(const oc_doc_node *n, const double *in, const bool *have)
{
    double y = in[0];
    if (oc_doc_is(n, "Clip")) {
        y = have[1] && y < in[1] ? in[1] : y;
        return have[2] && y > in[2] ? in[2] : y;
    }
    for (uint32_t i = 1; i < n->n_in && i < 3; i++) {
        if (oc_doc_is(n, "Add"))
            y += in[i];
        else if (oc_doc_is(n, "Sub"))
            y -= in[i];
        else if (oc_doc_is(n, "Mul"))
            y *= in[i];
        else if (oc_doc_is(n, "Div"))
            y /= in[i];
        else if (oc_doc_is(n, "Max"))
            y = fmax(y, in[i]);
        else
            y = fmin(y, in[i]);
    }
    return y;
}

double q_chain_value(const q_chain *chain, double x)
{
    double value[Q_CHAIN_MAX + 1] = {x}, result = x;
    for (uint32_t i = 0; i < chain->n; i++) {
        const oc_doc_node *n = &chain->index->doc->nodes[chain->node[i]];
        double             in[3] = {0};
        bool               have[3] = {false};
        unary_fn          *fn = NULL;
        for (uint32_t k = 0; k < n->n_in && k < 3; k++) {
            float number;
            int   at = *n->in[k] ? place_in(chain, q_id(chain->index, n->in[k])) : -1;
            have[k] = *n->in[k] != 0;
            if (at >= 0)
                in[k] = value[at];
            else if (have[k] && q_splat(chain->index, n->in[k], &number))
                in[k] = (double)number;
        }
        value[i + 1] = elementwise(n, &fn) && fn ? fn(n, in[0]) : several(n, in, have);
        if (chain->value[i + 1] == chain->exit)
            result = value[i + 1];
    }
    return result;
}
