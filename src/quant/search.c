#include "quant/search.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct state {
    q_network      *n;
    const q_budget *budget;
    q_reference    *reference;
    q_search       *s;
    oc_error       *err;
} state;

static bool go_on(const state *t, const char *what, size_t done, size_t n)
{
    const q_options *o = t->n->options;
    return !o->progress || o->progress(o->ctx, what, done, n);
}

/* Layers that cannot be integer are no part of the search. */
static bool is_candidate(const state *t, uint32_t layer)
{
    return !t->n->place.nodes[t->n->place.layers[layer].node].reason;
}

static oc_status measure(state *t, bool metric, q_point *p)
{
    oc_doc   *doc = NULL;
    oc_status st = q_network_emit(t->n, &doc, t->err);
    p->metric = NAN;
    if (st == OC_OK)
        st = q_reference_score(t->reference, doc, &p->score, t->err);
    if (st == OC_OK && metric && t->budget->metric)
        st = t->budget->metric(t->budget->metric_ctx, doc, &p->metric, t->err);
    oc_doc_destroy(doc);
    t->s->points++;
    return st;
}

static bool meets(const state *t, const q_point *p)
{
    if (!p->score.finite)
        return false;
    if (t->budget->metric)
        return p->metric >= t->s->float_metric * (1 - t->budget->max_drop);
    return p->score.sqnr_db >= -10 * log10(t->budget->max_drop);
}

/* ---- each layer alone ---- */

static void only(state *t, uint32_t layer)
{
    for (uint32_t k = 0; k < t->s->n; k++)
        t->n->place.layers[k].excluded = k != layer;
}

static oc_status alone(state *t)
{
    for (uint32_t k = 0; k < t->s->n; k++) {
        q_point   p;
        oc_status st;
        t->s->loss[k] = (q_layer_loss){.sqnr_db = 100, .metric = NAN};
        if (!is_candidate(t, k))
            continue;
        if (!go_on(t, "layers alone", k, t->s->n))
            return OC_FAIL(t->err, OC_CANCELLED, "stopped");
        only(t, k);
        if ((st = measure(t, false, &p)) != OC_OK)
            return st;
        t->s->loss[k].sqnr_db = p.score.sqnr_db;
    }
    return OC_OK;
}

static void sort_layers(q_search *s)
{
    for (uint32_t k = 0; k < s->n; k++)
        s->order[k] = k;
    for (size_t i = 1; i < s->n; i++) { /* a few hundred: insertion does, and is stable */
        uint32_t k = s->order[i];
        size_t   at = i;
        for (; at > 0 && s->loss[s->order[at - 1]].sqnr_db > s->loss[k].sqnr_db; at--)
            s->order[at] = s->order[at - 1];
        s->order[at] = k;
    }
}

static oc_status measure_worst(state *t)
{
    for (size_t i = 0; i < t->s->n && i < t->budget->measure && t->budget->metric; i++) {
        const uint32_t k = t->s->order[i];
        q_point        p;
        oc_status      st;
        if (!is_candidate(t, k))
            continue;
        if (!go_on(t, "layers on the metric", i, t->budget->measure))
            return OC_FAIL(t->err, OC_CANCELLED, "stopped");
        only(t, k);
        if ((st = measure(t, true, &p)) != OC_OK)
            return st;
        t->s->loss[k].metric = p.metric;
        t->s->loss[k].measured = true;
    }
    return OC_OK;
}

/* ---- the mixture ---- */

static void float_first(state *t, size_t count)
{
    for (size_t i = 0; i < t->s->n; i++)
        t->n->place.layers[t->s->order[i]].excluded = i < count;
}

/* The largest count of the worst layers whose weights may stay float. */
static size_t allowed(const state *t)
{
    double total = 0, sum = 0;
    size_t n = 0;
    for (uint32_t k = 0; k < t->s->n; k++)
        total += (double)t->n->place.layers[k].weight_bytes;
    for (; n < t->s->n; n++) {
        sum += (double)t->n->place.layers[t->s->order[n]].weight_bytes;
        if (sum > total * t->budget->float_max)
            break;
    }
    return n;
}

static oc_status try_count(state *t, size_t count, q_point *p)
{
    if (!go_on(t, "mixtures", t->s->points, t->s->points + 1))
        return OC_FAIL(t->err, OC_CANCELLED, "stopped");
    float_first(t, count);
    oc_status st = measure(t, true, p);
    p->n_float = count;
    p->meets = st == OC_OK && meets(t, p);
    return st;
}

static bool better(const state *t, const q_point *a, const q_point *b)
{
    return t->budget->metric ? a->metric > b->metric : a->score.sqnr_db > b->score.sqnr_db;
}

/* Fewest of the worst layers in float that meet the budget; counts double until one does, then the gap
 * is halved. */
static oc_status find_count(state *t, size_t most, size_t *count)
{
    size_t    below = 0, at = 1; /* below: does not meet it */
    q_point   p;
    oc_status st;
    *count = SIZE_MAX;
    for (; below < most; at = at * 2) {
        const size_t n = at < most ? at : most;
        if ((st = try_count(t, n, &p)) != OC_OK)
            return st;
        if (p.meets || better(t, &p, &t->s->best))
            t->s->best = p;
        if (p.meets) {
            *count = n;
            break;
        }
        below = n;
    }
    while (*count != SIZE_MAX && *count - below > 1) {
        const size_t middle = below + (*count - below) / 2;
        if ((st = try_count(t, middle, &p)) != OC_OK)
            return st;
        if (p.meets) {
            t->s->best = p;
            *count = middle;
        } else {
            below = middle;
        }
    }
    return OC_OK;
}

/* Layers of the float ones that are not needed go back, the largest first. */
static oc_status give_back(state *t, size_t count)
{
    bool *tried = calloc(t->s->n + 1, sizeof(*tried));
    if (!tried)
        return OC_FAIL(t->err, OC_NOMEM, "search");
    oc_status st = OC_OK;
    for (size_t i = 0; i < t->budget->tries && st == OC_OK; i++) {
        uint32_t best = UINT32_MAX;
        for (size_t k = 0; k < count; k++) {
            const uint32_t l = t->s->order[k];
            if (!tried[l] && t->n->place.layers[l].excluded &&
                (best == UINT32_MAX ||
                 t->n->place.layers[l].weight_bytes > t->n->place.layers[best].weight_bytes))
                best = l;
        }
        if (best == UINT32_MAX)
            break;
        tried[best] = true;
        q_point p;
        t->n->place.layers[best].excluded = false;
        if ((st = measure(t, true, &p)) == OC_OK && meets(t, &p)) {
            p.n_float = t->s->best.n_float - 1;
            p.meets = true;
            t->s->best = p;
        } else {
            t->n->place.layers[best].excluded = true;
        }
    }
    free(tried);
    return st;
}

static oc_status search(state *t)
{
    size_t       count;
    const size_t most = allowed(t);
    oc_status    st = try_count(t, 0, &t->s->all);
    t->s->best = t->s->all;
    if (st != OC_OK || t->s->all.meets)
        return st;
    if ((st = find_count(t, most, &count)) != OC_OK)
        return st;
    if (count == SIZE_MAX) {
        float_first(t, t->s->best.n_float);
        t->s->stopped = most < t->s->n
                            ? "more weights would have to stay in float than --float-max allows"
                            : "not even with all layers in float";
        return OC_OK;
    }
    float_first(t, count);
    return give_back(t, count);
}

static oc_status run(state *t)
{
    oc_status st;
    q_search *s = t->s;
    if ((st = q_reference_create(t->n->doc, t->n->samples, t->budget->samples, t->n->options->pool,
                                 &t->reference, t->err)) != OC_OK)
        return st;
    if (t->budget->metric && (st = t->budget->metric(t->budget->metric_ctx, t->n->doc,
                                                     &s->float_metric, t->err)) != OC_OK)
        return st;
    if ((st = alone(t)) != OC_OK)
        return st;
    sort_layers(s);
    if ((st = measure_worst(t)) != OC_OK)
        return st;
    if (t->budget->max_drop > 0)
        return search(t);
    st = try_count(t, 0, &s->all);
    s->best = s->all;
    return st;
}

oc_status q_search_run(q_network *n, const q_budget *budget, q_search *out, oc_error *err)
{
    q_search  s = {.n = n->place.n_layers, .float_metric = NAN};
    state     t = {.n = n, .budget = budget, .s = &s, .err = err};
    oc_status st = OC_OK;
    s.loss = calloc(s.n + 1, sizeof(*s.loss));
    s.order = calloc(s.n + 1, sizeof(*s.order));
    if (!s.loss || !s.order)
        st = OC_FAIL(err, OC_NOMEM, "search");
    if (st == OC_OK)
        st = run(&t);
    q_reference_destroy(t.reference);
    if (st == OC_OK)
        *out = s;
    else
        q_search_finish(&s);
    return st;
}

void q_search_finish(q_search *s)
{
    free(s->loss);
    free(s->order);
    *s = (q_search){0};
}
