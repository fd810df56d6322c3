#include "quant/search.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "quant/prepare.h"

typedef enum step { STEP_BYTES, STEP_WIDE, STEP_FLOAT } step;

typedef struct state {
    q_network      *n;
    const q_budget *budget;
    q_reference    *reference;
    q_search       *s;
    uint32_t *float_order; /* layers by their noise with 16 bits, or without where that is none */
    step     *at, *best;   /* per layer: now, and in the best mixture so far */
    oc_error *err;
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

static void place(const state *t, uint32_t layer, step at)
{
    t->n->place.layers[layer].excluded = at == STEP_FLOAT;
    t->n->place.layers[layer].wide = at == STEP_WIDE;
}

static void place_all(const state *t)
{
    for (uint32_t k = 0; k < t->s->n; k++)
        place(t, k, t->at[k]);
}

/* part: pictures for the metric, 0 = all; SIZE_MAX: the outputs' noise alone. */
static oc_status measure(state *t, size_t part, q_point *p)
{
    oc_doc   *doc = NULL;
    oc_status st = q_network_emit(t->n, &doc, t->err);
    p->metric = NAN;
    if (st == OC_OK)
        st = q_reference_score(t->reference, doc, &p->score, t->err);
    if (st == OC_OK && part != SIZE_MAX && t->budget->metric)
        st = t->budget->metric(t->budget->metric_ctx, doc, part, &p->metric, t->err);
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

static void only(const state *t, uint32_t layer, step at)
{
    for (uint32_t k = 0; k < t->s->n; k++)
        place(t, k, k == layer ? at : STEP_FLOAT);
}

static oc_status alone(state *t)
{
    for (uint32_t k = 0; k < t->s->n; k++) {
        q_point   p;
        oc_status st;
        t->s->loss[k] = (q_layer_loss){.sqnr_db = 100, .wide_sqnr_db = NAN, .metric = NAN};
        if (!is_candidate(t, k))
            continue;
        if (!go_on(t, "layers alone", k, t->s->n))
            return OC_FAIL(t->err, OC_CANCELLED, "stopped");
        only(t, k, STEP_BYTES);
        if ((st = measure(t, SIZE_MAX, &p)) != OC_OK)
            return st;
        t->s->loss[k].sqnr_db = p.score.sqnr_db;
    }
    return OC_OK;
}

static oc_status alone_wide(state *t)
{
    for (uint32_t k = 0; k < t->s->n; k++) {
        q_point   p;
        oc_status st;
        if (!is_candidate(t, k))
            continue;
        if (!go_on(t, "layers alone with 16 bits", k, t->s->n))
            return OC_FAIL(t->err, OC_CANCELLED, "stopped");
        only(t, k, STEP_WIDE);
        if ((st = measure(t, SIZE_MAX, &p)) != OC_OK)
            return st;
        t->s->loss[k].wide_sqnr_db = p.score.sqnr_db;
    }
    return OC_OK;
}

typedef double rank_fn(const state *t, uint32_t layer); /* least first */

/* Noise in dB, between 0 and 100; what breaks the budget alone lies below. */
static double rank_of(const state *t, uint32_t layer)
{
    const q_layer_loss *l = &t->s->loss[layer];
    const double        drop = 1 - l->metric / t->s->part_metric;
    return l->measured && t->s->part_metric > 0 && drop > fmax(t->budget->max_drop, 0.01)
               ? -drop
               : l->sqnr_db;
}

static double wide_rank_of(const state *t, uint32_t layer)
{
    return t->s->loss[layer].wide_sqnr_db;
}

static void sort_layers(const state *t, rank_fn *rank, uint32_t *order)
{
    for (uint32_t k = 0; k < t->s->n; k++)
        order[k] = k;
    for (size_t i = 1; i < t->s->n; i++) { /* a few hundred: insertion does, and is stable */
        const uint32_t k = order[i];
        size_t         at = i;
        for (; at > 0 && rank(t, order[at - 1]) > rank(t, k); at--)
            order[at] = order[at - 1];
        order[at] = k;
    }
}

/* So many pictures a layer that all layers together take Q_LOOKS runs, but not so few that nothing
 * could be told. */
static size_t part_for(const state *t, size_t layers)
{
    const size_t pictures = t->budget->pictures;
    size_t       part = t->budget->part ? t->budget->part : Q_LOOKS / (layers ? layers : 1);
    part = !t->budget->part && part < 16 ? 16 : part;
    return part < pictures ? part : pictures;
}

/* The worst layers, each alone, on the metric. */
static oc_status measure_worst(state *t)
{
    const size_t most =
        t->budget->measure && t->budget->measure < t->s->n ? t->budget->measure : t->s->n;
    oc_status st;
    if (!t->budget->metric)
        return OC_OK;
    t->s->part = part_for(t, most);
    if ((st = t->budget->metric(t->budget->metric_ctx, t->n->doc, t->s->part, &t->s->part_metric,
                                t->err)) != OC_OK)
        return st;
    for (size_t i = 0; i < most; i++) {
        const uint32_t k = t->s->order[i];
        q_point        p;
        if (!is_candidate(t, k))
            continue;
        if (!go_on(t, "layers on the metric", i, most))
            return OC_FAIL(t->err, OC_CANCELLED, "stopped");
        only(t, k, STEP_BYTES);
        if ((st = measure(t, t->s->part, &p)) != OC_OK)
            return st;
        t->s->loss[k].metric = p.metric;
        t->s->loss[k].measured = true;
    }
    sort_layers(t, rank_of, t->s->order);
    return OC_OK;
}

/* ---- the mixture ---- */

/* The first n_float of float_order whose weights together may stay float, and of the n_wide worst the
 * others in 16 bits.  Gives how many layers are in float. */
static size_t mix(state *t, size_t n_wide, size_t n_float)
{
    double total = 0, sum = 0;
    size_t taken = 0;
    for (size_t i = 0; i < t->s->n; i++)
        t->at[t->s->order[i]] = i < n_wide ? STEP_WIDE : STEP_BYTES;
    for (uint32_t k = 0; k < t->s->n; k++)
        total += (double)t->n->place.layers[k].weight_bytes;
    for (size_t i = 0; i < t->s->n && taken < n_float; i++) {
        const uint32_t k = t->float_order[i];
        const double   bytes = (double)t->n->place.layers[k].weight_bytes;
        if (!is_candidate(t, k) || sum + bytes > total * t->budget->float_max)
            continue;
        t->at[k] = STEP_FLOAT;
        sum += bytes;
        taken++;
    }
    place_all(t);
    return taken;
}

static bool better(const state *t, const q_point *a, const q_point *b)
{
    if (a->meets != b->meets)
        return a->meets;
    return t->budget->metric ? a->metric > b->metric : a->score.sqnr_db > b->score.sqnr_db;
}

static oc_status look(state *t, q_point *p)
{
    if (!go_on(t, "mixtures", t->s->points, t->s->points + 1))
        return OC_FAIL(t->err, OC_CANCELLED, "stopped");
    p->n_float = p->n_wide = 0;
    for (uint32_t k = 0; k < t->s->n; k++) {
        p->n_float += t->at[k] == STEP_FLOAT && is_candidate(t, k);
        p->n_wide += t->at[k] == STEP_WIDE && is_candidate(t, k);
    }
    oc_status st = measure(t, 0, p);
    p->meets = st == OC_OK && meets(t, p);
    return st;
}

static void keep(state *t, const q_point *p)
{
    t->s->best = *p;
    memcpy(t->best, t->at, t->s->n * sizeof(*t->at));
}

/* One way through mixtures: more and more layers a step higher, the others as they are. */
typedef struct path {
    bool   floats; /* into float; else to 16 bits */
    size_t n_wide; /* with floats: how many of the worst have 16 bits */
} path;

static oc_status try_count(state *t, const path *way, size_t count, q_point *p)
{
    if (way->floats)
        (void)mix(t, way->n_wide, count);
    else
        (void)mix(t, count, 0);
    return look(t, p);
}

/* Fewest layers that meet the budget; counts double until one does, then the gap is halved. */
static oc_status find_count(state *t, const path *way, size_t most, bool *found)
{
    size_t    below = 0, count = 0; /* below: does not meet it; count does */
    q_point   p;
    oc_status st;
    *found = false;
    for (size_t at = 1; below < most && !*found; at = at * 2) {
        count = at < most ? at : most;
        if ((st = try_count(t, way, count, &p)) != OC_OK)
            return st;
        if (better(t, &p, &t->s->best))
            keep(t, &p);
        if (!(*found = p.meets))
            below = count;
    }
    while (*found && count - below > 1) {
        const size_t middle = below + (count - below) / 2;
        if ((st = try_count(t, way, middle, &p)) != OC_OK)
            return st;
        if (p.meets) {
            keep(t, &p);
            count = middle;
        } else {
            below = middle;
        }
    }
    return OC_OK;
}

/* The layer that has stood longest above the bytes: float before 16 bits, then the largest. */
static uint32_t next_to_return(const state *t, const step *tried)
{
    uint32_t best = UINT32_MAX;
    for (uint32_t k = 0; k < t->s->n; k++) {
        if (!is_candidate(t, k) || t->best[k] == STEP_BYTES || tried[k] == t->best[k])
            continue;
        if (best == UINT32_MAX || t->best[k] > t->best[best] ||
            (t->best[k] == t->best[best] &&
             t->n->place.layers[k].weight_bytes > t->n->place.layers[best].weight_bytes))
            best = k;
    }
    return best;
}

/* Layers go back a step where the budget holds without. */
static oc_status give_back(state *t, bool wide)
{
    step     *tried = calloc(t->s->n + 1, sizeof(*tried));
    oc_status st = tried ? OC_OK : OC_FAIL(t->err, OC_NOMEM, "search");
    for (size_t i = 0; i < t->budget->tries && st == OC_OK; i++) {
        const uint32_t k = next_to_return(t, tried);
        q_point        p;
        if (k == UINT32_MAX)
            break;
        tried[k] = t->best[k];
        memcpy(t->at, t->best, t->s->n * sizeof(*t->at));
        t->at[k] = t->best[k] == STEP_FLOAT && wide ? STEP_WIDE : STEP_BYTES;
        place_all(t);
        if ((st = look(t, &p)) == OC_OK && p.meets)
            keep(t, &p);
    }
    free(tried);
    return st;
}

/* 16 bits are a step where they are not asked for anyway and the file can be raised to them. */
static bool wide_is_a_step(state *t)
{
    oc_doc  *doc = NULL;
    oc_error why = {0};
    if (t->budget->bytes_only || t->n->options->format.wide)
        return false;
    t->s->no_wide = oc_doc_dup(t->n->doc, &doc, &why) != OC_OK || q_raise_wide(doc, &why) != OC_OK;
    oc_doc_destroy(doc);
    return !t->s->no_wide;
}

static oc_status search(state *t, bool wide)
{
    path      way = {0};
    bool      found = false;
    oc_status st = OC_OK;
    if (wide && (st = find_count(t, &way, t->s->n, &found)) != OC_OK)
        return st;
    if (!found) {
        way = (path){.floats = true, .n_wide = t->s->best.n_wide};
        if (wide && (st = alone_wide(t)) != OC_OK)
            return st;
        if (wide)
            sort_layers(t, wide_rank_of, t->float_order);
        if ((st = find_count(t, &way, mix(t, way.n_wide, t->s->n), &found)) != OC_OK)
            return st;
    }
    if (found)
        return give_back(t, wide);
    t->s->stopped = mix(t, 0, t->s->n) < t->s->n
                        ? "more weights would have to stay in float than --float-max allows"
                        : "not even with all layers in float";
    return OC_OK;
}

static oc_status run(state *t)
{
    oc_status st;
    q_search *s = t->s;
    if ((st = q_reference_create(t->n->doc, t->n->samples, t->budget->samples, t->n->options->pool,
                                 &t->reference, t->err)) != OC_OK)
        return st;
    if (t->budget->metric && (st = t->budget->metric(t->budget->metric_ctx, t->n->doc, 0,
                                                     &s->float_metric, t->err)) != OC_OK)
        return st;
    if ((st = alone(t)) != OC_OK)
        return st;
    sort_layers(t, rank_of, s->order);
    if ((st = measure_worst(t)) != OC_OK)
        return st;
    memcpy(t->float_order, s->order, s->n * sizeof(*s->order));
    (void)mix(t, 0, 0);
    if ((st = look(t, &s->all)) != OC_OK)
        return st;
    keep(t, &s->all);
    if (t->budget->max_drop > 0 && !s->all.meets)
        st = search(t, wide_is_a_step(t));
    memcpy(t->at, t->best, s->n * sizeof(*t->at));
    place_all(t);
    return st;
}

oc_status q_search_run(q_network *n, const q_budget *budget, q_search *out, oc_error *err)
{
    q_search  s = {.n = n->place.n_layers, .float_metric = NAN, .part_metric = NAN};
    state     t = {.n = n, .budget = budget, .s = &s, .err = err};
    oc_status st = OC_OK;
    s.loss = calloc(s.n + 1, sizeof(*s.loss));
    s.order = calloc(s.n + 1, sizeof(*s.order));
    t.float_order = calloc(s.n + 1, sizeof(*t.float_order));
    t.at = calloc(s.n + 1, sizeof(*t.at));
    t.best = calloc(s.n + 1, sizeof(*t.best));
    if (!s.loss || !s.order || !t.float_order || !t.at || !t.best)
        st = OC_FAIL(err, OC_NOMEM, "search");
    if (st == OC_OK)
        st = run(&t);
    q_reference_destroy(t.reference);
    free(t.float_order);
    free(t.at);
    free(t.best);
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
