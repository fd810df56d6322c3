#include "quant/network.h"

#include <stdlib.h>
#include <string.h>

#include "quant/prepare.h"

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

static oc_status open_parts(const char *path, q_network *n, oc_error *err)
{
    oc_status st;
    if ((st = oc_model_load(path, &n->model, err)) != OC_OK)
        return st;
    if ((st = oc_doc_open(path, &n->doc, err)) != OC_OK)
        return st;
    if ((st = refuse_quantised(n->doc, err)) == OC_OK && (st = q_prepare(n->doc, err)) == OC_OK &&
        (st = q_index_build(n->doc, &n->index, err)) == OC_OK &&
        (st = q_place_create(&n->index, &n->place, err)) == OC_OK)
        st = require_layer(n, err);
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
    free(n->names);
    free(n->tap);
    free(n->stats);
    free(n->ranges);
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
    n->params = calloc(n->index.n + 1, sizeof(*n->params));
    n->weights = calloc(n->place.n_layers + 1, sizeof(*n->weights));
    if (!n->names || !n->tap || !n->stats || !n->ranges || !n->params || !n->weights)
        return OC_FAIL(err, OC_NOMEM, "the network's values");
    for (uint32_t v = 0; v < n->index.n; v++) {
        if (!n->place.quantised[v])
            continue;
        n->names[n->n_taps] = n->index.values[v].name;
        n->tap[n->n_taps++] = v;
    }
    return OC_OK;
}

static oc_status look(q_network *n, oc_error *err)
{
    const q_options *o = n->options;
    q_runner        *r = NULL;
    oc_status        st = q_runner_create(n->doc, n->names, n->n_taps, false, o->pool, &r, err);
    if (st == OC_OK)
        st = q_collect(r, n->samples, true, o->pool, o->progress, o->ctx, n->stats, err);
    q_runner_destroy(r);
    if (st == OC_OK && q_samples_blank(n->samples))
        st = OC_FAIL(err, OC_INVALID, "all pictures to calibrate on are of one colour each");
    return st;
}

oc_status q_network_calibrate(q_network *n, const char *folder, const oc_card *card, oc_error *err)
{
    const oc_port  *ports;
    const size_t    n_ports = oc_model_inputs(n->model, &ports);
    q_range_options ro = n->options->range;
    oc_status       st;
    n->card = card;
    if ((st = q_samples_open(folder, card, ports, n_ports, n->options->samples, &n->samples,
                             err)) != OC_OK ||
        (st = choose_taps(n, err)) != OC_OK || (st = look(n, err)) != OC_OK)
        return st;
    ro.levels = q_levels(&n->options->format);
    ro.symmetric = n->options->format.symmetric;
    for (size_t i = 0; i < n->n_taps; i++)
        n->ranges[n->tap[i]] = q_range_of(&n->stats[i], &ro);
    return q_weights_round(&n->index, &n->place, n->options->format.weight_bits, n->weights, err);
}

oc_status q_network_emit(q_network *n, oc_doc **out, oc_error *err)
{
    q_place_decide(&n->index, &n->place);
    oc_status st =
        q_params_assign(&n->index, &n->place, n->ranges, &n->options->format, n->params, err);
    return st == OC_OK ? q_emit(&n->index, &n->place, n->params, n->weights, out, err) : st;
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
        b.quantised_float += layer->weight_bytes;
        b.quantised += n->weights[l].n + n->weights[l].n_scales * sizeof(float);
    }
    return b;
}

const char *q_network_reason(const q_network *n, uint32_t layer)
{
    const q_layer *l = &n->place.layers[layer];
    const q_node  *q = &n->place.nodes[l->node];
    return q->integer    ? NULL
           : q->reason   ? q->reason
           : l->excluded ? "its loss is too large"
                         : "unknown";
}
