/* A graph node by node. */
#include "backend/cpu/flow.h"

#include <stdlib.h>
#include <string.h>

#include "ops/bound.h"
#include "ops/control.h"

/* What one plain node keeps from run to run. */
typedef struct flow_node {
    oc_arena        mem; /* state and packed weights */
    void           *state;
    oc_work         work;
    bool            ready;      /* prepared for `info` */
    bool            wants_data; /* shapes or state depend on contents: prepared at every run */
    oc_tensor_info *info;       /* of inputs and outputs, as prepared */
    oc_tensor_info *now;
    oc_slot        *slots; /* inputs and outputs */
    oc_tensor_view *views;
    const void    **data;
    flow_cell      *cells;  /* inputs and outputs */
    flow_graph    **bodies; /* per attribute */
    flow_turns     *turns;  /* Loop, Scan */
} flow_node;

struct flow_graph {
    flow_world     *world;
    const oc_graph *graph;
    flow_node      *nodes;
    flow_cell      *cells;    /* per value */
    uint32_t       *last_use; /* per value: the node after which it is dropped */
    oc_arena        mem;
};

const oc_graph *flow_graph_peek(const flow_graph *graph)
{
    return graph->graph;
}

/* ---- making ---- */

static oc_status create_bodies(flow_graph *f, const oc_node *node, flow_node *n, oc_error *err)
{
    oc_status st = oc_flow_check(node, err);
    n->bodies = oc_arena_alloc(&f->mem, (size_t)node->n_attrs + 1, sizeof(*n->bodies));
    if (!n->bodies)
        return OC_FAIL(err, OC_NOMEM, "flow");
    for (uint32_t a = 0; a < node->n_attrs && st == OC_OK; a++)
        if (node->attrs[a].kind == OC_ATTR_GRAPH) {
            const oc_flow_kind kind = oc_flow_kind_of(node->op);
            st = flow_graph_create(f->world, node->attrs[a].graph, &n->bodies[a], err);
            if (st == OC_OK && (kind == OC_FLOW_LOOP || kind == OC_FLOW_SCAN))
                st = flow_turns_create(&f->mem, n->bodies[a], &n->turns, err);
        }
    return st;
}

static oc_status create_node(flow_graph *f, uint32_t i, oc_error *err)
{
    const oc_node *node = &f->graph->nodes[i];
    flow_node     *n = &f->nodes[i];
    size_t         ports = (size_t)node->n_in + node->n_out + 1;
    oc_status      st;
    n->info = oc_arena_alloc(&f->mem, ports, sizeof(*n->info));
    n->now = oc_arena_alloc(&f->mem, ports, sizeof(*n->now));
    n->slots = oc_arena_alloc(&f->mem, ports, sizeof(*n->slots));
    n->views = oc_arena_alloc(&f->mem, ports, sizeof(*n->views));
    n->data = oc_arena_alloc(&f->mem, ports, sizeof(*n->data));
    n->cells = oc_arena_alloc(&f->mem, ports, sizeof(*n->cells));
    if (!n->info || !n->now || !n->slots || !n->views || !n->data || !n->cells)
        return OC_FAIL(err, OC_NOMEM, "flow");
    if ((st = create_bodies(f, node, n, err)) != OC_OK)
        oc_error_prefix(err, "node '%.80s' (%.40s)", node->name, node->op_type);
    return st;
}

static void find_last_uses(flow_graph *f)
{
    const oc_graph *g = f->graph;
    for (uint32_t i = 0; i < g->n_nodes; i++) {
        const oc_node *node = &g->nodes[i];
        for (uint32_t k = 0; k < node->n_out; k++)
            if (node->out[k] != OC_VID_NONE)
                f->last_use[node->out[k]] = i;
        for (uint32_t k = 0; k < node->n_in; k++)
            if (node->in[k] != OC_VID_NONE)
                f->last_use[node->in[k]] = i;
    }
    for (uint32_t i = 0; i < g->n_outputs; i++)
        f->last_use[g->outputs[i]] = UINT32_MAX;
}

oc_status flow_graph_create(flow_world *world, const oc_graph *graph, flow_graph **out,
                            oc_error *err)
{
    flow_graph *f = calloc(1, sizeof(*f));
    oc_status   st = OC_OK;
    if (!f)
        return OC_FAIL(err, OC_NOMEM, "flow");
    f->world = world;
    f->graph = graph;
    f->nodes = oc_arena_alloc(&f->mem, (size_t)graph->n_nodes + 1, sizeof(*f->nodes));
    f->cells = oc_arena_alloc(&f->mem, (size_t)graph->n_values + 1, sizeof(*f->cells));
    f->last_use = oc_arena_alloc(&f->mem, (size_t)graph->n_values + 1, sizeof(*f->last_use));
    if (!f->nodes || !f->cells || !f->last_use)
        st = OC_FAIL(err, OC_NOMEM, "flow");
    else
        find_last_uses(f);
    for (uint32_t i = 0; i < graph->n_nodes && st == OC_OK; i++)
        st = create_node(f, i, err);
    if (st == OC_OK)
        *out = f;
    else
        flow_graph_destroy(f);
    return st;
}

void flow_graph_destroy(flow_graph *graph)
{
    if (!graph)
        return;
    for (uint32_t i = 0; graph->nodes && i < graph->graph->n_nodes; i++) {
        flow_node *n = &graph->nodes[i];
        oc_arena_finish(&n->mem);
        for (uint32_t a = 0; n->bodies && a < graph->graph->nodes[i].n_attrs; a++)
            flow_graph_destroy(n->bodies[a]);
    }
    oc_arena_finish(&graph->mem);
    free(graph);
}

/* ---- one plain node ---- */

static oc_status infer(const oc_node *node, flow_node *n, bool with_data, oc_error *err)
{
    oc_infer  ask = {.node = node,
                     .in = n->now,
                     .in_data = n->data,
                     .n_in = node->n_in,
                     .n_out = node->n_out,
                     .out = n->now + node->n_in,
                     .mem = &n->mem};
    oc_status st = with_data ? oc_arena_reset(&n->mem, node->op->state_size + 64, err) : OC_OK;
    n->ready = n->ready && !with_data;
    if (st != OC_OK)
        return st;
    for (uint32_t i = 0; i < node->n_in; i++) {
        const flow_cell *c = &n->cells[i];
        n->now[i] = c->view.data ? c->view.info : (oc_tensor_info){0};
        n->data[i] = with_data || c->fixed || c->told ? c->view.data : NULL;
    }
    memset(ask.out, 0, node->n_out * sizeof(*ask.out));
    return node->op->infer(&ask, err);
}

static bool infer_depends(oc_status st)
{
    return st == OC_DYNAMIC || st == OC_UNSUPPORTED;
}

static oc_status infer_node(const oc_node *node, flow_node *n, oc_error *err)
{
    oc_status st = OC_DYNAMIC;
    if (!n->wants_data)
        st = infer(node, n, false, err);
    if (infer_depends(st)) {
        n->wants_data = true;
        st = infer(node, n, true, err);
    }
    return st;
}

static oc_status prepare(flow_world *w, const oc_node *node, flow_node *n, oc_error *err)
{
    oc_prepare ask = {.node = node,
                      .in = n->slots,
                      .out = n->slots + node->n_in,
                      .n_in = node->n_in,
                      .n_out = node->n_out,
                      .isa = w->isa,
                      .mem = &n->mem,
                      .work = &n->work};
    oc_status  st = oc_arena_reset(&n->mem, node->op->state_size + 64, err);
    n->ready = false;
    n->work = (oc_work){0};
    if (st != OC_OK)
        return st;
    if (!(n->state = oc_arena_alloc64(&n->mem, node->op->state_size + 1, 1)))
        return OC_FAIL(err, OC_NOMEM, "step");
    ask.state = n->state;
    for (uint32_t i = 0; i < node->n_in + node->n_out; i++) {
        const flow_cell *c = &n->cells[i];
        bool             tell = i < node->n_in && (n->wants_data || c->fixed || c->told);
        n->slots[i] = (oc_slot){.info = n->now[i], .data = tell ? c->view.data : NULL};
    }
    return node->op->prepare(&ask, err);
}

static bool as_prepared(const oc_node *node, const flow_node *n)
{
    if (!n->ready || n->wants_data)
        return false;
    for (uint32_t i = 0; i < node->n_in + node->n_out; i++)
        if (n->info[i].dtype != n->now[i].dtype ||
            !oc_shape_equal(&n->info[i].shape, &n->now[i].shape))
            return false;
    return true;
}

static void prepared(const oc_node *node, flow_node *n)
{
    if (n->work.n_phases == 0)
        n->work.n_phases = 1;
    memcpy(n->info, n->now, ((size_t)node->n_in + node->n_out) * sizeof(*n->info));
    n->ready = true;
}

static oc_status prepare_node(flow_world *w, const oc_node *node, flow_node *n, oc_error *err)
{
    oc_status st;
    if (as_prepared(node, n))
        return OC_OK;
    st = prepare(w, node, n, err);
    if (infer_depends(st) && !n->wants_data) {
        n->wants_data = true;
        st = prepare(w, node, n, err);
    }
    if (st == OC_OK)
        prepared(node, n);
    return st;
}

typedef struct phase_run {
    const flow_world *world;
    const oc_node    *node;
    const flow_node  *own;
    uint32_t          phase;
} phase_run;

static void run_range(void *ctx, oc_range part, unsigned worker)
{
    const phase_run *p = ctx;
    oc_op_run        r = {.state = p->own->state,
                          .in = p->own->views,
                          .out = p->own->views + p->node->n_in,
                          .n_in = p->node->n_in,
                          .n_out = p->node->n_out,
                          .phase = p->phase,
                          .part = part,
                          .scratch = p->world->scratch};
    if (r.scratch) /* no node has asked for any: there is none */
        r.scratch = (char *)r.scratch + worker * p->world->scratch_bytes;
    p->node->op->run(&r);
}

static oc_status reserve_scratch(flow_world *w, size_t bytes, oc_error *err)
{
    bytes = (bytes + 63) / 64 * 64;
    if (bytes <= w->scratch_bytes)
        return OC_OK;
    void *more = oc_alloc64(oc_pool_threads(w->pool), bytes);
    if (!more)
        return OC_FAIL(err, OC_NOMEM, "%zu bytes", bytes);
    oc_free64(w->scratch);
    w->scratch = more;
    w->scratch_bytes = bytes;
    return OC_OK;
}

/* Reshapes hand their input's memory on. */
static bool pass_view(const oc_node *node, flow_node *n)
{
    const flow_cell *in = &n->cells[0];
    size_t           a, b;
    if (!(node->op->flags & OC_OP_VIEW) || in->view.info.dtype != n->now[node->n_in].dtype ||
        !oc_tensor_bytes(&in->view.info, &a) || !oc_tensor_bytes(&n->now[node->n_in], &b) || a != b)
        return false;
    n->cells[node->n_in] = flow_cell_keep(in);
    n->cells[node->n_in].view.info = n->now[node->n_in];
    return true;
}

static oc_status run_plain(flow_world *w, const oc_graph *g, const oc_node *node, flow_node *n,
                           oc_error *err)
{
    phase_run p = {.world = w, .node = node, .own = n};
    oc_status st = infer_node(node, n, err);
    if (st != OC_OK || pass_view(node, n))
        return st;
    for (uint32_t i = 0; i < node->n_out; i++)
        if (node->out[i] != OC_VID_NONE &&
            (st = flow_cell_make(w, &n->now[node->n_in + i], g->values[node->out[i]].most,
                                 &n->cells[node->n_in + i], err)) != OC_OK)
            return st;
    if ((st = prepare_node(w, node, n, err)) != OC_OK ||
        (st = reserve_scratch(w, n->work.scratch_bytes, err)) != OC_OK)
        return st;
    for (uint32_t i = 0; i < node->n_in + node->n_out; i++)
        n->views[i] = n->cells[i].view;
    for (p.phase = 0; p.phase < n->work.n_phases; p.phase++)
        oc_pool_run(w->pool, w->cores, n->work.phase[p.phase].units, n->work.phase[p.phase].grain,
                    run_range, &p);
    return OC_OK;
}

/* ---- the graph ---- */

const oc_most *flow_most(const flow_ask *ask, uint32_t i)
{
    oc_vid v = ask->node->out[i];
    return v == OC_VID_NONE ? NULL : ask->graph->values[v].most;
}

static flow_ask ask_of(const flow_graph *f, const oc_node *node, flow_node *n)
{
    return (flow_ask){.world = f->world,
                      .graph = f->graph,
                      .node = node,
                      .bodies = n->bodies,
                      .turns = n->turns,
                      .in = n->cells,
                      .out = n->cells + node->n_in};
}

static oc_status run_flow(flow_graph *f, const oc_node *node, flow_node *n, oc_error *err)
{
    const flow_ask ask = ask_of(f, node, n);
    switch (oc_flow_kind_of(node->op)) {
    case OC_FLOW_IF: return flow_run_if(&ask, err);
    case OC_FLOW_LOOP: return flow_run_loop(&ask, err);
    case OC_FLOW_SCAN: return flow_run_scan(&ask, err);
    default: return flow_run_list(&ask, err);
    }
}

/* Identity hands on whatever it is given, sequences too. */
static bool is_identity(const oc_node *node)
{
    return strcmp(node->op->name, "Identity") == 0;
}

static void fill_inputs(const flow_graph *f, const oc_node *node, flow_node *n)
{
    for (uint32_t k = 0; k < node->n_in; k++)
        n->cells[k] = node->in[k] == OC_VID_NONE ? (flow_cell){0} : f->cells[node->in[k]];
    memset(n->cells + node->n_in, 0, node->n_out * sizeof(flow_cell));
}

/* What the node made becomes the graph's, or goes. */
static void give_outputs(flow_graph *f, const oc_node *node, flow_node *n, oc_status st)
{
    for (uint32_t k = 0; k < node->n_out; k++) {
        flow_cell *c = &n->cells[node->n_in + k];
        if (node->out[k] != OC_VID_NONE && st == OC_OK)
            f->cells[node->out[k]] = *c;
        else
            flow_cell_drop(f->world, c);
    }
}

static oc_status run_node(flow_graph *f, uint32_t i, oc_error *err)
{
    const oc_node *node = &f->graph->nodes[i];
    flow_node     *n = &f->nodes[i];
    oc_status      st = OC_OK;
    bool           lists = false;
    fill_inputs(f, node, n);
    for (uint32_t k = 0; k < node->n_in; k++)
        lists = lists || n->cells[k].list;
    if (is_identity(node)) {
        n->cells[node->n_in] = flow_cell_keep(&n->cells[0]);
        n->cells[node->n_in].fixed = false;
    } else if (node->op->flags & OC_OP_FLOW) {
        st = run_flow(f, node, n, err);
    } else if (lists) {
        st = OC_FAIL(err, OC_UNSUPPORTED, "an input is a sequence");
    } else {
        st = run_plain(f->world, f->graph, node, n, err);
    }
    give_outputs(f, node, n, st);
    if (st != OC_OK)
        oc_error_prefix(err, "node '%.80s' (%.40s)", node->name, node->op_type);
    return st;
}

static void drop_used(flow_graph *f, uint32_t i)
{
    const oc_node *node = &f->graph->nodes[i];
    for (uint32_t k = 0; k < node->n_in; k++)
        if (node->in[k] != OC_VID_NONE && f->last_use[node->in[k]] == i)
            flow_cell_drop(f->world, &f->cells[node->in[k]]);
    for (uint32_t k = 0; k < node->n_out; k++)
        if (node->out[k] != OC_VID_NONE && f->last_use[node->out[k]] == i)
            flow_cell_drop(f->world, &f->cells[node->out[k]]);
}

static void fill_cells(flow_graph *f, const flow_cell *in)
{
    const oc_graph *g = f->graph;
    for (uint32_t v = 0; v < g->n_values; v++) {
        const oc_value *value = &g->values[v];
        f->cells[v] = (flow_cell){0};
        if (value->data)
            f->cells[v] =
                (flow_cell){.view = {.info = value->info, .data = (void *)(uintptr_t)value->data},
                            .fixed = true};
    }
    for (uint32_t i = 0; i < g->n_inputs; i++) {
        bool captured = i >= g->n_inputs - g->n_captures;
        f->cells[g->inputs[i]] = flow_cell_keep(&in[i]);
        f->cells[g->inputs[i]].fixed = captured && in[i].fixed;
    }
}

/* The graph's outputs; everything else is dropped. */
static void take_outputs(flow_graph *f, oc_status st, flow_cell *out)
{
    const oc_graph *g = f->graph;
    for (uint32_t i = 0; i < g->n_outputs; i++)
        out[i] = st == OC_OK ? flow_cell_keep(&f->cells[g->outputs[i]]) : (flow_cell){0};
    for (uint32_t v = 0; v < g->n_values; v++)
        flow_cell_drop(f->world, &f->cells[v]);
}

oc_status flow_graph_run(flow_graph *graph, const flow_cell *in, flow_cell *out, oc_error *err)
{
    const oc_graph *g = graph->graph;
    oc_status       st = OC_OK;
    fill_cells(graph, in);
    for (uint32_t i = 0; i < g->n_nodes && st == OC_OK; i++) {
        if (graph->world->cancel && *graph->world->cancel)
            st = OC_FAIL(err, OC_CANCELLED, "cancelled before node %u of %u", i, g->n_nodes);
        else if ((st = run_node(graph, i, err)) == OC_OK)
            drop_used(graph, i);
    }
    take_outputs(graph, st, out);
    return st;
}

/* ---- a rehearsal ---- */

/* The node as it is for its largest inputs; false where that depends on what they hold.  What it needs
 * for tables is then there for smaller ones, in one piece from the second time on. */
static bool prepare_blind(flow_world *w, const oc_node *node, flow_node *n)
{
    oc_error quiet;
    if (n->wants_data || infer(node, n, false, &quiet) != OC_OK ||
        prepare(w, node, n, &quiet) != OC_OK || prepare(w, node, n, &quiet) != OC_OK)
        return false;
    prepared(node, n);
    return true;
}

static oc_status rehearse_prepare(flow_world *w, const oc_node *node, flow_node *n, oc_error *err)
{
    const size_t bytes = oc_bound_work(node, n->now);
    if (prepare_blind(w, node, n))
        return reserve_scratch(w, n->work.scratch_bytes, err);
    n->ready = false;
    return oc_arena_reset(&n->mem, bytes, err);
}

static void tell_numbers(const oc_most *most, flow_cell *cell)
{
    size_t n;
    if (!most->n_numbers || !oc_shape_elements(&most->info.shape, &n) || n != most->n_numbers)
        return;
    cell->told = true;
    for (uint32_t i = 0; i < most->n_numbers; i++)
        if (most->info.dtype == OC_I64)
            ((int64_t *)cell->view.data)[i] = most->numbers[i];
        else
            ((int32_t *)cell->view.data)[i] = (int32_t)most->numbers[i];
}

static oc_status rehearse_plain(flow_graph *f, const oc_node *node, flow_node *n, oc_error *err)
{
    oc_status st = OC_OK;
    bool      known = true;
    for (uint32_t k = 0; k < node->n_in; k++) {
        known = known && (node->in[k] == OC_VID_NONE || n->cells[k].view.data);
        n->now[k] = n->cells[k].view.data ? n->cells[k].view.info : (oc_tensor_info){0};
    }
    for (uint32_t k = 0; k < node->n_out && st == OC_OK; k++) {
        const oc_most *most =
            node->out[k] == OC_VID_NONE ? NULL : f->graph->values[node->out[k]].most;
        flow_cell *out = &n->cells[node->n_in + k];
        known = known && (most || node->out[k] == OC_VID_NONE);
        n->now[node->n_in + k] = most ? most->info : (oc_tensor_info){0};
        if (!most)
            continue;
        if (k == 0 && node->op->flags & OC_OP_VIEW && n->cells[0].view.data) {
            *out = flow_cell_keep(&n->cells[0]);
            out->view.info = most->info;
            out->fixed = false;
        } else {
            st = flow_cell_reserve(f->world, most, out, err);
            if (st == OC_OK)
                tell_numbers(most, out);
        }
    }
    return st == OC_OK && known ? rehearse_prepare(f->world, node, n, err) : st;
}

static oc_status rehearse_node(flow_graph *f, uint32_t i, oc_error *err)
{
    const oc_node     *node = &f->graph->nodes[i];
    flow_node         *n = &f->nodes[i];
    const oc_flow_kind kind = oc_flow_kind_of(node->op);
    const flow_ask     ask = ask_of(f, node, n);
    oc_status          st = OC_OK;
    fill_inputs(f, node, n);
    if (is_identity(node)) {
        n->cells[node->n_in] = flow_cell_keep(&n->cells[0]);
        n->cells[node->n_in].fixed = false;
    } else if (kind == OC_FLOW_IF) {
        st = flow_rehearse_if(&ask, err);
    } else if (kind == OC_FLOW_LOOP || kind == OC_FLOW_SCAN) {
        st = flow_rehearse_turns(&ask, err);
    } else if (kind == OC_FLOW_NONE) {
        st = rehearse_plain(f, node, n, err);
    }
    give_outputs(f, node, n, st);
    if (st != OC_OK)
        oc_error_prefix(err, "node '%.80s' (%.40s)", node->name, node->op_type);
    return st;
}

oc_status flow_graph_rehearse(flow_graph *graph, const flow_cell *in, flow_cell *out, oc_error *err)
{
    oc_status st = OC_OK;
    fill_cells(graph, in);
    for (uint32_t i = 0; i < graph->graph->n_nodes && st == OC_OK; i++)
        if ((st = rehearse_node(graph, i, err)) == OC_OK)
            drop_used(graph, i);
    take_outputs(graph, st, out);
    return st;
}
