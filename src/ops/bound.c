/* Bounds through a graph, its branches and its loops. */
#include "ops/bound.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ops/control.h"

#define TURNS_MAX 64       /* carried values that still grow then have no bound */
#define TURNS_OF_NUMBERS 8 /* numbers that still change then are not followed */
#define BYTES_MAX ((size_t)1 << 36)

static double number_at(oc_dtype dtype, const void *data, size_t i)
{
    switch (dtype) {
    case OC_F32: return (double)((const float *)data)[i];
    case OC_F64: return ((const double *)data)[i];
    case OC_I64: return (double)((const int64_t *)data)[i];
    case OC_I32: return (double)((const int32_t *)data)[i];
    default: return (double)((const uint8_t *)data)[i];
    }
}

static bool has_numbers(oc_dtype t)
{
    return t == OC_F32 || t == OC_F64 || t == OC_I64 || t == OC_I32 || t == OC_U8 || t == OC_BOOL;
}

oc_bound oc_bound_of(const oc_tensor_info *info, const void *data)
{
    oc_bound b = {.info = *info, .data = data};
    size_t   n;
    memcpy(b.least, info->shape.dim, sizeof(b.least));
    if (!oc_shape_elements(&info->shape, &b.elements))
        return (oc_bound){0};
    n = b.elements;
    if (!data || !has_numbers(info->dtype) || info->shape.rank > 1 || n > OC_BOUND_RANGE)
        return b;
    b.n_range = (uint32_t)n;
    for (uint32_t i = 0; i < b.n_range; i++)
        b.lo[i] = b.hi[i] = number_at(info->dtype, data, i);
    return b;
}

bool oc_bound_exact(const oc_bound *b)
{
    for (uint32_t d = 0; d < b->info.shape.rank; d++)
        if (b->least[d] != b->info.shape.dim[d])
            return false;
    return true;
}

bool oc_bound_number(const oc_bound *b, uint32_t i, int64_t *out)
{
    const double most = 9223372036854775808.0; /* ends of slices are often the largest there is */
    if (i >= b->n_range || !(b->lo[i] == b->hi[i]))
        return false;
    *out = b->lo[i] >= most ? INT64_MAX : b->lo[i] < -most ? INT64_MIN : (int64_t)b->lo[i];
    return true;
}

bool oc_bound_count(oc_bound *b)
{
    size_t bytes;
    return oc_shape_elements(&b->info.shape, &b->elements) && oc_tensor_bytes(&b->info, &bytes) &&
           bytes <= BYTES_MAX;
}

/* What is one or the other. */
static oc_bound either(const oc_bound *a, const oc_bound *b)
{
    oc_bound              both = *a;
    const oc_tensor_info *x = &a->info, *y = &b->info;
    if (x->dtype == OC_DTYPE_NONE || x->dtype != y->dtype || x->shape.rank != y->shape.rank)
        return (oc_bound){0};
    for (uint32_t d = 0; d < x->shape.rank; d++) {
        if (y->shape.dim[d] > both.info.shape.dim[d])
            both.info.shape.dim[d] = y->shape.dim[d];
        if (b->least[d] < both.least[d])
            both.least[d] = b->least[d];
    }
    both.elements = a->elements > b->elements ? a->elements : b->elements;
    both.data = a->data == b->data ? a->data : NULL;
    both.n_range = a->n_range == b->n_range ? a->n_range : 0;
    for (uint32_t i = 0; i < both.n_range; i++) {
        both.lo[i] = fmin(a->lo[i], b->lo[i]);
        both.hi[i] = fmax(a->hi[i], b->hi[i]);
    }
    return both;
}

static bool same(const oc_bound *a, const oc_bound *b)
{
    size_t dims = a->info.shape.rank * sizeof(int64_t), numbers = a->n_range * sizeof(double);
    return a->info.dtype == b->info.dtype && oc_shape_equal(&a->info.shape, &b->info.shape) &&
           memcmp(a->least, b->least, dims) == 0 && a->elements == b->elements &&
           a->n_range == b->n_range && memcmp(a->lo, b->lo, numbers) == 0 &&
           memcmp(a->hi, b->hi, numbers) == 0;
}

/* ---- bodies ---- */

typedef struct walk {
    oc_status st;  /* OC_DYNAMIC: some value had no bound; the first has written why */
    oc_error *why; /* NULL: not asked */
} walk;

static void note(walk *w, const oc_graph *g, const oc_node *node, oc_status st,
                 const oc_error *reason)
{
    const bool  named = *node->name || !node->n_out || node->out[0] == OC_VID_NONE;
    const char *name = named ? node->name : g->values[node->out[0]].name;
    if (w->st == OC_NOMEM || (w->st == OC_DYNAMIC && st != OC_NOMEM))
        return;
    w->st = st == OC_NOMEM ? OC_NOMEM : OC_DYNAMIC;
    if (w->why) {
        *w->why = *reason;
        w->why->status = w->st;
        oc_error_prefix(w->why, "node '%.80s' (%.40s)", name, node->op_type);
    }
}

static void walk_graph(walk *w, oc_graph *g, const oc_bound *in, oc_bound *out);

static oc_status follow_if(walk *w, const oc_bound_ask *ask, oc_error *why)
{
    static const char *const names[] = {"then_branch", "else_branch"};
    const oc_bound          *cond = &ask->in[0];
    const bool               known = cond->n_range == 1;
    const bool               taken[2] = {!known || cond->hi[0] > 0, !known || cond->lo[0] == 0};
    oc_bound                *got = calloc((size_t)ask->n_out + 1, sizeof(*got));
    if (!got)
        return OC_FAIL(why, OC_NOMEM, "bounds");
    for (int i = 0; i < 2; i++) {
        if (!taken[i]) /* its nodes are never run */
            continue;
        walk_graph(w, oc_node_body(ask->node, names[i]),
                   ask->in + oc_node_first_capture(ask->node, names[i]), got);
        for (uint32_t k = 0; k < ask->n_out; k++)
            ask->out[k] = i && taken[0] ? either(&ask->out[k], &got[k]) : got[k];
    }
    free(got);
    return OC_OK;
}

/* What Loop and Scan share.  in: the body's inputs, [first, first + n_state) are carried. */
typedef struct turns {
    oc_graph *body;
    oc_bound *in, *out;
    uint32_t  first, n_state, skip; /* skip: outputs of the body before those carried */
    double    most;                 /* turns; INFINITY: nobody knows */
} turns;

static bool carry(turns *t, int turn)
{
    bool changed = false;
    for (uint32_t k = 0; k < t->n_state; k++) {
        oc_bound *state = &t->in[t->first + k];
        oc_bound  next = either(state, &t->out[t->skip + k]);
        if (same(&next, state))
            continue;
        if (turn >= TURNS_OF_NUMBERS)
            next.n_range = 0;
        *state = next;
        changed = true;
    }
    return changed;
}

/* What the body is given holds for every turn afterwards, and its outputs.  False: it grows without
 * end. */
static bool follow_turns(walk *w, turns *t)
{
    for (int turn = 0; turn < TURNS_MAX; turn++) {
        const bool last = (double)turn + 1 >= t->most;
        walk       quiet = {0};
        walk_graph(last ? w : &quiet, t->body, t->in, t->out);
        bool changed = carry(t, turn);
        if (last || quiet.st == OC_NOMEM)
            return true;
        if (!changed) {
            walk_graph(w, t->body, t->in, t->out);
            return true;
        }
    }
    for (uint32_t k = 0; k < t->n_state; k++)
        t->in[t->first + k] = (oc_bound){0};
    walk_graph(w, t->body, t->in, t->out); /* nothing in it keeps a bound that does not hold */
    return false;
}

static bool turns_create(turns *t, oc_graph *body)
{
    t->body = body;
    t->in = calloc((size_t)body->n_inputs + 1, sizeof(*t->in));
    t->out = calloc((size_t)body->n_outputs + 1, sizeof(*t->out));
    return t->in && t->out;
}

static void turns_finish(turns *t)
{
    free(t->in);
    free(t->out);
}

/* One result a turn, along a new axis. */
static oc_status stack(const oc_bound *row, double most, int64_t axis, oc_bound *out, oc_error *why)
{
    uint32_t rank = row->info.shape.rank;
    int64_t  at = axis < 0 ? axis + rank + 1 : axis;
    if (row->info.dtype == OC_DTYPE_NONE)
        return OC_OK; /* told already */
    if (!(most < 1e12))
        return OC_FAIL(why, OC_DYNAMIC, "its number of turns has no limit");
    if (rank == OC_RANK_MAX || at < 0 || at > rank)
        return OC_FAIL(why, OC_DYNAMIC, "axis %lld of a result of rank %u", (long long)axis, rank);
    *out = *row;
    for (uint32_t d = out->info.shape.rank++; d > at; d--) {
        out->info.shape.dim[d] = out->info.shape.dim[d - 1];
        out->least[d] = out->least[d - 1];
    }
    out->info.shape.dim[at] = (int64_t)most;
    for (uint32_t d = 0; d <= rank; d++) /* without a turn everything is 0 */
        out->least[d] = 0;
    out->data = NULL;
    out->n_range = 0;
    size_t rows = row->elements;
    if (!oc_bound_count(out))
        return OC_FAIL(why, OC_DYNAMIC, "%.0f turns give more than can be set aside", most);
    if (rows * (size_t)most < out->elements)
        out->elements = rows * (size_t)most;
    return OC_OK;
}

static double turns_of_loop(const oc_bound_ask *ask)
{
    const oc_bound *m = &ask->in[0];
    return ask->node->in[0] == OC_VID_NONE || m->n_range != 1 || !(m->hi[0] < 9e15)
               ? INFINITY
               : fmax(0, m->hi[0]);
}

static oc_status follow_loop(walk *w, const oc_bound_ask *ask, oc_error *why)
{
    static const oc_tensor_info index = {OC_I64, {0}}, go = {OC_BOOL, {0}};
    const oc_node              *node = ask->node;
    turns     t = {.first = 2, .n_state = oc_node_own_inputs(node) - 2, .skip = 1};
    oc_status st = OC_OK;
    t.most = turns_of_loop(ask);
    if (!turns_create(&t, oc_node_body(node, "body"))) {
        turns_finish(&t);
        return OC_FAIL(why, OC_NOMEM, "bounds");
    }
    memcpy(t.in, ask->in, t.body->n_inputs * sizeof(*t.in));
    t.in[0] = oc_bound_of(&index, NULL);
    t.in[1] = oc_bound_of(&go, NULL);
    if (t.most < 9e15) {
        t.in[0].n_range = 1;
        t.in[0].hi[0] = fmax(0, t.most - 1);
    }
    if (!follow_turns(w, &t))
        st = OC_FAIL(why, OC_DYNAMIC, "what it carries from turn to turn may grow");
    for (uint32_t i = 0; i < ask->n_out && st == OC_OK; i++) {
        if (i < t.n_state)
            ask->out[i] = t.in[2 + i];
        else if (node->out[i] != OC_VID_NONE)
            st = stack(&t.out[1 + i], t.most, 0, &ask->out[i], why);
    }
    turns_finish(&t);
    return st;
}

static int64_t entry(const int64_t *list, size_t n, size_t i)
{
    return list && i < n ? list[i] : 0;
}

/* Input i without the axis it is scanned along. */
static oc_status scanned(const oc_bound_ask *ask, uint32_t i, int64_t axis, double *most,
                         oc_bound *out, oc_error *why)
{
    oc_shape *s = &out->info.shape;
    int64_t   at = axis < 0 ? axis + s->rank : axis;
    if (out->info.dtype == OC_DTYPE_NONE)
        return OC_OK;
    if (at < 0 || at >= s->rank)
        return OC_FAIL(why, OC_DYNAMIC, "input %u of node '%.80s' has no axis %lld", i,
                       ask->node->name, (long long)axis);
    *most = fmin(*most, (double)s->dim[at]);
    s->rank--;
    for (uint32_t d = (uint32_t)at; d < s->rank; d++) {
        s->dim[d] = s->dim[d + 1];
        out->least[d] = out->least[d + 1];
    }
    out->data = NULL;
    out->n_range = 0;
    return oc_bound_count(out) ? OC_OK : OC_FAIL(why, OC_DYNAMIC, "input %u is too large", i);
}

static oc_status follow_scan(walk *w, const oc_bound_ask *ask, oc_error *why)
{
    const oc_node *node = ask->node;
    size_t         n_in_axis, n_out_axis;
    uint32_t       n_scan = (uint32_t)oc_node_int(node, "num_scan_inputs", 1);
    const int64_t *in_axis = oc_node_ints(node, "scan_input_axes", &n_in_axis);
    const int64_t *out_axis = oc_node_ints(node, "scan_output_axes", &n_out_axis);
    turns          t = {.n_state = oc_node_own_inputs(node) - n_scan, .most = INFINITY};
    oc_status      st = OC_OK;
    if (node->opset < 9)
        return OC_FAIL(why, OC_DYNAMIC, "a Scan of opset 8, whose lengths the data decide");
    if (!turns_create(&t, oc_node_body(node, "body"))) {
        turns_finish(&t);
        return OC_FAIL(why, OC_NOMEM, "bounds");
    }
    memcpy(t.in, ask->in, t.body->n_inputs * sizeof(*t.in));
    for (uint32_t i = 0; i < n_scan && st == OC_OK; i++)
        st = scanned(ask, i, entry(in_axis, n_in_axis, i), &t.most, &t.in[t.n_state + i], why);
    if (st == OC_OK && !follow_turns(w, &t))
        st = OC_FAIL(why, OC_DYNAMIC, "what it carries from turn to turn may grow");
    for (uint32_t i = 0; i < ask->n_out && st == OC_OK; i++) {
        if (i < t.n_state)
            ask->out[i] = t.in[i];
        else if (node->out[i] != OC_VID_NONE)
            st = stack(&t.out[i], t.most, entry(out_axis, n_out_axis, i - t.n_state), &ask->out[i],
                       why);
    }
    turns_finish(&t);
    return st;
}

/* ---- a graph ---- */

static oc_status follow_flow(walk *w, const oc_bound_ask *ask, oc_error *why)
{
    oc_status st = oc_flow_check(ask->node, why);
    if (st != OC_OK)
        return OC_FAIL(why, OC_DYNAMIC, "its bodies do not fit it");
    switch (oc_flow_kind_of(ask->node->op)) {
    case OC_FLOW_IF: return follow_if(w, ask, why);
    case OC_FLOW_LOOP: return follow_loop(w, ask, why);
    case OC_FLOW_SCAN: return follow_scan(w, ask, why);
    default: return OC_FAIL(why, OC_DYNAMIC, "sequences have no bound");
    }
}

/* Is an input without bound?  Then so are the outputs, and the node that began it has been named. */
static bool lost_before(const oc_node *node, const oc_bound *in)
{
    for (uint32_t k = 0; k < node->n_in; k++)
        if (node->in[k] != OC_VID_NONE && in[k].info.dtype == OC_DTYPE_NONE)
            return true;
    return false;
}

static void walk_node(walk *w, const oc_graph *g, const oc_node *node, oc_bound *env)
{
    oc_error     reason = {0};
    oc_status    st = OC_OK;
    size_t       ports = (size_t)node->n_in + node->n_out + 1;
    oc_bound    *at = calloc(ports, sizeof(*at));
    oc_bound_ask ask = {
        .node = node, .in = at, .n_in = node->n_in, .n_out = node->n_out, .out = at + node->n_in};
    if (!at) {
        note(w, g, node, OC_FAIL(&reason, OC_NOMEM, "bounds"), &reason);
        return;
    }
    for (uint32_t k = 0; k < node->n_in; k++)
        if (node->in[k] != OC_VID_NONE)
            at[k] = env[node->in[k]];
    bool flow = (node->op->flags & OC_OP_FLOW) != 0;
    if (flow || !lost_before(node, at))
        st = flow ? follow_flow(w, &ask, &reason) : oc_bound_node(&ask, &reason);
    for (uint32_t k = 0; k < node->n_out && st == OC_OK && flow && w->st == OC_OK; k++)
        if (node->out[k] != OC_VID_NONE && ask.out[k].info.dtype == OC_DTYPE_NONE)
            st =
                OC_FAIL(&reason, OC_DYNAMIC, "its branches or turns give different types or ranks");
    if (st != OC_OK)
        note(w, g, node, st, &reason);
    for (uint32_t k = 0; k < node->n_out && st == OC_OK; k++)
        if (node->out[k] != OC_VID_NONE)
            env[node->out[k]] = ask.out[k];
    free(at);
}

/* The largest numbers, as integers. */
static bool record_numbers(oc_graph *g, const oc_bound *b, oc_most *most)
{
    const oc_dtype t = b->info.dtype;
    if (!b->n_range || (t != OC_I64 && t != OC_I32))
        return true;
    int64_t *to = oc_arena_alloc(&g->arena, b->n_range, sizeof(*to));
    for (uint32_t i = 0; to && i < b->n_range; i++)
        to[i] = b->hi[i] >= 9e15 ? INT64_MAX : b->hi[i] <= -9e15 ? INT64_MIN : (int64_t)b->hi[i];
    most->numbers = to;
    most->n_numbers = b->n_range;
    return to != NULL;
}

/* What the graph's values are told: the last walk over a body knows most. */
static void record(walk *w, oc_graph *g, const oc_bound *env)
{
    for (uint32_t v = 0; v < g->n_values; v++) {
        oc_value *value = &g->values[v];
        oc_most  *most = (oc_most *)(uintptr_t)value->most;
        value->most = NULL;
        if (env[v].info.dtype == OC_DTYPE_NONE)
            continue;
        if (!most && !(most = oc_arena_alloc(&g->arena, 1, sizeof(*most)))) {
            w->st = OC_FAIL(w->why, OC_NOMEM, "bounds");
            return;
        }
        *most = (oc_most){.info = env[v].info,
                          .bytes = env[v].elements * oc_dtype_bytes(env[v].info.dtype)};
        if (!record_numbers(g, &env[v], most)) {
            w->st = OC_FAIL(w->why, OC_NOMEM, "bounds");
            return;
        }
        value->most = most;
    }
}

static void walk_graph(walk *w, oc_graph *g, const oc_bound *in, oc_bound *out)
{
    oc_error  reason = {0};
    oc_bound *env = calloc((size_t)g->n_values + 1, sizeof(*env));
    if (!env) {
        w->st = OC_FAIL(w->why ? w->why : &reason, OC_NOMEM, "bounds");
        return;
    }
    for (uint32_t v = 0; v < g->n_values; v++)
        if (g->values[v].data)
            env[v] = oc_bound_of(&g->values[v].info, g->values[v].data);
    for (uint32_t i = 0; i < g->n_inputs; i++)
        env[g->inputs[i]] = in[i];
    for (uint32_t i = 0; i < g->n_nodes; i++)
        walk_node(w, g, &g->nodes[i], env);
    for (uint32_t i = 0; i < g->n_outputs; i++)
        out[i] = env[g->outputs[i]];
    record(w, g, env);
    free(env);
}

oc_status oc_bounds_find(oc_graph *graph, const oc_bound *in, oc_bound *out, oc_error *why)
{
    walk w = {.why = why};
    walk_graph(&w, graph, in, out);
    return w.st;
}
