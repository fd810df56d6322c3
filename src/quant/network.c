#include "quant/network.h"

#include <stdlib.h>
#include <string.h>

#include "quant/equalize.h"
#include "quant/prepare.h"
#include "quant/refine.h"

static oc_status refuse_quantised(const oc_doc *doc, oc_error *err)
{
    static const char *const taken[] = {"QuantizeLinear", "DequantizeLinear",
                                        "DynamicQuantizeLinear", "ConvInteger", "MatMulInteger"};
    for (size_t i = 0; i < doc->n_nodes; i++) {
        const oc_doc_node *n = &doc->nodes[i];
        bool               found = strncmp(n->op, "QLinear", 7) == 0;
        for (size_t k = 0; k < sizeof(taken) / sizeof(taken[0]); k++)
            found |= strcmp(n->op, taken[k]) == 0;
        if (found)
            return OC_FAIL(err, OC_INVALID, "it is quantised already: node '%.80s' (%s)",
                           oc_doc_label(n), n->op);
    }
    return OC_OK;
}

/* At least one layer must be fit for integers; else the first reason is told. */
static oc_status require_layer(const q_network *n, oc_error *err)
{
    for (uint32_t i = 0; i < n->place.n_layers; i++)
        if (!n->place.nodes[n->place.layers[i].node].reason)
            return OC_OK;
    if (n->place.n_layers == 0)
        return OC_FAIL(err, OC_INVALID, "no convolution or product with constant weights");
    return OC_FAIL(err, OC_INVALID, "no layer can be quantised: '%.80s': %s",
                   n->place.layers[0].name, n->place.nodes[n->place.layers[0].node].reason);
}

/* Which operators have no integer form; those on shapes and indices do not count. */
static oc_status list_others(q_network *n, oc_error *err)
{
    static const char *const shapes[] = {"Shape", "Cast", "ConstantOfShape", "Range", "Size"};
    n->others = calloc(n->doc->n_nodes + 1, sizeof(*n->others));
    if (!n->others)
        return OC_FAIL(err, OC_NOMEM, "operators");
    for (size_t i = 0; i < n->doc->n_nodes; i++) {
        const char *op = n->doc->nodes[i].op;
        size_t      at = 0;
        bool        counts = n->place.nodes[i].kind == Q_FLOAT && !n->doc->nodes[i].dead;
        for (size_t k = 0; k < sizeof(shapes) / sizeof(shapes[0]); k++)
            counts = counts && strcmp(op, shapes[k]) != 0;
        while (counts && at < n->n_others && strcmp(n->others[at].op, op) != 0)
            at++;
        if (counts && at == n->n_others)
            n->others[n->n_others++].op = op;
        if (counts)
            n->others[at].count++;
    }
    return OC_OK;
}

static oc_status open_parts(const char *path, q_network *n, oc_error *err)
{
    oc_status st;
    if ((st = oc_model_load(path, &n->model, err)) != OC_OK)
        return st;
    if ((st = oc_doc_open(path, &n->doc, err)) != OC_OK)
        return st;
    if ((st = refuse_quantised(n->doc, err)) == OC_OK && (st = q_prepare(n->doc, err)) == OC_OK &&
        (!n->options->equalize || (st = q_equalize(n->doc, &n->n_equalized, err)) == OC_OK) &&
        (st = q_index_build(n->doc, &n->index, err)) == OC_OK &&
        (st = q_place_create(&n->index, &n->place, err)) == OC_OK)
        st = require_layer(n, err);
    n->place.all_wide = n->options->format.wide;
    if (st == OC_OK)
        st = list_others(n, err);
    if (st != OC_OK)
        oc_error_prefix(err, "%s", path);
    return st;
}

oc_status q_network_open(const char *path, const q_options *options, q_network **out, oc_error *err)
{
    q_network *n = calloc(1, sizeof(*n));
    if (!n)
        return OC_FAIL(err, OC_NOMEM, "%s", path);
    n->options = options;
    oc_status st = open_parts(path, n, err);
    if (st == OC_OK)
        *out = n;
    else
        q_network_close(n);
    return st;
}

void q_network_close(q_network *n)
{
    if (!n)
        return;
    q_samples_close(n->samples);
    q_stats_finish(n->stats, n->n_taps);
    q_weights_finish(n->weights, n->place.n_layers);
    q_place_finish(&n->place);
    q_index_finish(&n->index);
    oc_doc_destroy(n->doc);
    oc_model_unref(n->model);
    free(n->others);
    free(n->names);
    free(n->tap);
    free(n->stats);
    free(n->ranges);
    free(n->wide);
    free(n->params);
    free(n->weights);
    free(n);
}

/* What is looked at: all values that carry a scale when every layer is integer.  With fewer layers
 * they are fewer. */
static oc_status choose_taps(q_network *n, oc_error *err)
{
    q_place_decide(&n->index, &n->place);
    n->names = calloc(n->index.n + 1, sizeof(*n->names));
    n->tap = calloc(n->index.n + 1, sizeof(*n->tap));
    n->stats = calloc(n->index.n + 1, sizeof(*n->stats));
    n->ranges = calloc(n->index.n + 1, sizeof(*n->ranges));
    n->wide = calloc(n->index.n + 1, sizeof(*n->wide));
    n->params = calloc(n->index.n + 1, sizeof(*n->params));
    n->weights = calloc(n->place.n_layers + 1, sizeof(*n->weights));
    if (!n->names || !n->tap || !n->stats || !n->ranges || !n->wide || !n->params || !n->weights)
        return OC_FAIL(err, OC_NOMEM, "the network's values");
    for (uint32_t v = 0; v < n->index.n; v++) {
        if (!n->place.quantised[v])
            continue;
        n->names[n->n_taps] = n->index.values[v].name;
        n->tap[n->n_taps++] = v;
    }
    return OC_OK;
}

/* What follows the value elementwise, as a table over what was seen. */
static oc_status tabulate(const q_network *n, size_t tap, oc_error *err)
{
    const q_chain chain = q_chain_find(&n->index, n->tap[tap]);
    q_stat       *s = &n->stats[tap];
    if (!q_chain_covers(&chain) || !(s->max > s->min))
        return OC_OK;
    if (!(s->post = malloc(Q_POST * sizeof(*s->post))))
        return OC_FAIL(err, OC_NOMEM, "table of '%s'", n->names[tap]);
    for (int i = 0; i < Q_POST; i++) {
        const double t = (double)i / (Q_POST - 1);
        s->post[i] = (float)q_chain_value(&chain, (double)s->min * (1 - t) + (double)s->max * t);
    }
    return OC_OK;
}

/* With 16 bits there are levels for more than was seen: half as much again, so that nothing on other
 * pictures is cut off. */
static q_range roomy(q_range r)
{
    r.lo *= 1.5f;
    r.hi *= 1.5f;
    return r;
}

typedef struct choosing {
    q_network      *n;
    q_range_options options;
} choosing;

static void choose_some(void *ctx, oc_range part, unsigned worker)
{
    choosing *c = ctx;
    (void)worker;
    q_range_options all = c->options;
    all.method = Q_MINMAX;
    for (size_t i = part.begin; i < part.end; i++) {
        c->n->ranges[c->n->tap[i]] = q_range_of(&c->n->stats[i], &c->options);
        c->n->wide[c->n->tap[i]] = roomy(q_range_of(&c->n->stats[i], &all));
    }
}

static oc_status choose_ranges(q_network *n, oc_error *err)
{
    choosing  c = {.n = n, .options = n->options->range};
    oc_status st = OC_OK;
    c.options.levels = q_levels(&n->options->format, false);
    c.options.symmetric = n->options->format.symmetric;
    for (size_t i = 0; i < n->n_taps && st == OC_OK; i++)
        st = tabulate(n, i, err);
    if (st == OC_OK)
        oc_pool_run(n->options->pool, 0, n->n_taps, 1, choose_some, &c);
    return st;
}

static oc_status look(q_network *n, oc_error *err)
{
    const q_options *o = n->options;
    q_runner        *r = NULL;
    oc_status        st = q_runner_create(n->doc, n->names, n->n_taps, false, o->pool, &r, err);
    if (st == OC_OK)
        st = q_collect(r, n->samples, true, o->pool, o->progress, o->ctx, n->stats, err);
    q_runner_destroy(r);
    return st;
}

oc_status q_network_calibrate(q_network *n, const char *folder, const oc_card *card, oc_error *err)
{
    const oc_port *ports;
    const size_t   n_ports = oc_model_inputs(n->model, &ports);
    oc_status      st;
    n->card = card;
    if ((st = q_samples_open(folder, card, ports, n_ports, n->options->samples, &n->samples,
                             err)) != OC_OK ||
        (st = choose_taps(n, err)) != OC_OK || (st = look(n, err)) != OC_OK)
        return st;
    if (q_samples_blank(n->samples))
        return OC_FAIL(err, OC_INVALID,
                       "%s: all pictures are of one colour each: nothing can be learnt", folder);
    if ((st = choose_ranges(n, err)) != OC_OK)
        return st;
    st = q_weights_round(&n->index, &n->place, n->options->format.weight_bits, n->weights, err);
    if (st == OC_OK && (n->options->round || n->options->correct_bias))
        st = q_refine(n, n->options->round, n->options->correct_bias, err);
    return st;
}

oc_status q_network_emit(q_network *n, oc_doc **out, oc_error *err)
{
    q_place_decide(&n->index, &n->place);
    oc_status st = q_params_assign(&n->index, &n->place, n->ranges, n->wide, &n->options->format,
                                   n->params, err);
    return st == OC_OK ? q_emit(&n->index, &n->place, n->params, n->weights, out, err) : st;
}

bool q_network_is_wide(const q_network *n, uint32_t layer)
{
    const q_layer *l = &n->place.layers[layer];
    return n->place.nodes[l->node].integer && (n->place.all_wide || l->wide);
}

q_bytes q_network_bytes(const q_network *n)
{
    q_bytes b = {0};
    for (uint32_t l = 0; l < n->place.n_layers; l++) {
        const q_layer *layer = &n->place.layers[l];
        if (!n->place.nodes[layer->node].integer) {
            b.left += layer->weight_bytes;
            b.n_float++;
            continue;
        }
        b.n_integer++;
        b.n_wide += q_network_is_wide(n, l);
        b.quantised_float += layer->weight_bytes;
        b.quantised += n->weights[l].n + n->weights[l].n_scales * sizeof(float);
    }
    return b;
}

const char *q_network_reason(const q_network *n, uint32_t layer)
{
    const q_layer *l = &n->place.layers[layer];
    const q_node  *q = &n->place.nodes[l->node];
    return q->integer ? NULL : q->reason ? q->reason : "its loss is too large for the budget";
}
