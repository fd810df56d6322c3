/* Where values lie: views share their source's memory, the parts of a concatenation are written
 * where they end up, elementwise results overwrite operands that die, and the rest is packed by
 * lifetime.
 *
 * Values that share memory form a tree: each has an offset in its parent, the root has a place. */
#include <stdlib.h>
#include <string.h>

#include "backend/cpu/program.h"
#include "core/lifetimes.h"

#define FOREVER UINT32_MAX

typedef struct cell {
    oc_vid   parent; /* itself: a root */
    size_t   offset; /* in the parent */
    size_t   bytes;  /* of the value alone */
    cpu_home home;   /* of a root: CONST, INPUT, OUTPUT, or ARENA */
    uint32_t index;
    uint32_t first, last; /* of a root: of all that lies in it */
} cell;

typedef struct placer {
    const oc_graph *graph;
    cell           *cells;
    unsigned char  *elided;
} placer;

static oc_vid root_of(const placer *p, oc_vid v, size_t *offset)
{
    size_t at = 0;
    while (p->cells[v].parent != v) {
        at += p->cells[v].offset;
        v = p->cells[v].parent;
    }
    if (offset)
        *offset = at;
    return v;
}

/* The tree under root `child` becomes part of the tree of `under`, at under's offset + offset. */
static void attach(placer *p, oc_vid child, oc_vid under, size_t offset)
{
    oc_vid root = root_of(p, under, NULL);
    cell  *c = &p->cells[child], *r = &p->cells[root];
    c->parent = under;
    c->offset = offset;
    if (c->first < r->first)
        r->first = c->first;
    if (c->last > r->last)
        r->last = c->last;
}

static oc_status placer_init(placer *p, oc_error *err)
{
    const oc_graph *g = p->graph;
    for (oc_vid v = 0; v < g->n_values; v++) {
        cell *c = &p->cells[v];
        *c = (cell){.parent = v, .home = CPU_HOME_ARENA, .first = FOREVER};
        if (g->values[v].data)
            c->home = CPU_HOME_CONST;
        else if (g->values[v].late)
            continue; /* lives where its step puts it */
        else if (g->values[v].info.dtype != OC_DTYPE_NONE &&
                 !oc_value_bytes(&g->values[v], &c->bytes))
            return OC_FAIL(err, OC_UNSUPPORTED, "'%.80s' is too large", g->values[v].name);
    }
    for (uint32_t i = 0; i < g->n_nodes; i++) {
        const oc_node *n = &g->nodes[i];
        for (uint32_t k = 0; k < n->n_out; k++)
            if (n->out[k] != OC_VID_NONE)
                p->cells[n->out[k]].first = p->cells[n->out[k]].last = i;
        for (uint32_t k = 0; k < n->n_in; k++)
            if (n->in[k] != OC_VID_NONE)
                p->cells[n->in[k]].last = i;
    }
    for (uint32_t i = 0; i < g->n_outputs; i++) {
        cell *c = &p->cells[g->outputs[i]];
        c->last = FOREVER;
        if (c->home == CPU_HOME_ARENA) {
            c->home = CPU_HOME_OUTPUT;
            c->index = i;
        }
    }
    for (uint32_t i = 0; i < g->n_inputs; i++) {
        cell *c = &p->cells[g->inputs[i]];
        c->home = CPU_HOME_INPUT;
        c->index = i;
        c->first = 0;
    }
    return OC_OK;
}

/* A root of our own memory that holds this value and nothing beside it. */
static bool whole(const placer *p, oc_vid root, oc_vid v, size_t offset)
{
    return p->cells[root].home == CPU_HOME_ARENA && offset == 0 &&
           p->cells[root].bytes == p->cells[v].bytes;
}

static void place_view(placer *p, uint32_t i)
{
    const oc_node  *n = &p->graph->nodes[i];
    oc_vid          in = n->in[0], out = n->out[0];
    size_t          offset;
    oc_vid          root = root_of(p, in, &offset);
    const oc_value *vi = &p->graph->values[in], *vo = &p->graph->values[out];
    if (vi->layout != vo->layout || vi->info.dtype != vo->info.dtype)
        return;
    if (p->cells[out].home == CPU_HOME_OUTPUT) {
        if (!whole(p, root, in, offset))
            return; /* copied by the node itself */
        attach(p, root, out, 0);
    } else {
        if (p->cells[root].home == CPU_HOME_CONST)
            return;
        attach(p, out, in, 0);
    }
    p->elided[i] = 1;
}

/* The parts of a concatenation lie one after the other when nothing is outside the axis. */
static bool concat_is_flat(const oc_graph *g, const oc_node *n)
{
    const oc_value *out = &g->values[n->out[0]];
    const oc_shape *s = &out->info.shape;
    int64_t         axis = oc_node_int(n, "axis", 1), outer = 1;
    if (axis < 0)
        axis += s->rank;
    for (int64_t d = 0; d < axis && d < s->rank; d++)
        outer *= s->dim[d];
    if (outer != 1)
        return false;
    for (uint32_t k = 0; k < n->n_in; k++) {
        const oc_value *v = &g->values[n->in[k]];
        if (v->layout != out->layout)
            return false;
        if (out->layout == OC_LAYOUT_NC8 &&
            (axis != 1 || (k + 1 < n->n_in && v->info.shape.dim[1] % 8)))
            return false;
    }
    return true;
}

/* Concat copies only those inputs that do not lie in place already. */
static void place_concat(placer *p, uint32_t i)
{
    const oc_node *n = &p->graph->nodes[i];
    size_t         at = 0, n_placed = 0;
    if (!concat_is_flat(p->graph, n))
        return;
    for (uint32_t k = 0; k < n->n_in; k++) {
        oc_vid v = n->in[k];
        size_t offset, bytes;
        oc_vid root = root_of(p, v, &offset);
        if (!oc_value_bytes(&p->graph->values[v], &bytes))
            return;
        if (whole(p, root, v, offset) && root != root_of(p, n->out[0], NULL)) {
            attach(p, root, n->out[0], at);
            n_placed++;
        }
        at += bytes;
    }
    p->elided[i] = n_placed == n->n_in;
}

static bool shares_with_others(const placer *p, const oc_node *n, uint32_t which, oc_vid root)
{
    for (uint32_t k = 0; k < n->n_in; k++)
        if (k != which && n->in[k] != OC_VID_NONE && root_of(p, n->in[k], NULL) == root)
            return true;
    return false;
}

static bool place_over(placer *p, uint32_t i, uint32_t which)
{
    const oc_node *n = &p->graph->nodes[i];
    oc_vid         in = n->in[which], out = n->out[0];
    size_t         offset;
    if (in == OC_VID_NONE || n->n_out != 1)
        return false;
    oc_vid      root = root_of(p, in, &offset);
    const cell *r = &p->cells[root];
    if (r->home != CPU_HOME_ARENA || r->last != i || p->cells[in].bytes != p->cells[out].bytes ||
        p->graph->values[in].layout != p->graph->values[out].layout ||
        shares_with_others(p, n, which, root))
        return false;
    if (p->cells[out].parent == out && p->cells[out].home == CPU_HOME_ARENA)
        attach(p, out, in, 0);
    else if (whole(p, root, in, offset))
        attach(p, root, out, 0);
    else
        return false;
    return true;
}

static oc_status pack(placer *p, cpu_layout *out, oc_error *err)
{
    const oc_graph *g = p->graph;
    oc_lifetime    *lives = calloc((size_t)g->n_values + 1, sizeof(*lives));
    if (!lives)
        return OC_FAIL(err, OC_NOMEM, "memory plan");
    for (oc_vid v = 0; v < g->n_values; v++) {
        const cell *c = &p->cells[v];
        if (c->parent == v && c->home == CPU_HOME_ARENA && c->first != FOREVER)
            lives[v] = (oc_lifetime){.bytes = c->bytes, .first = c->first, .last = c->last};
    }
    oc_status st = oc_lifetimes_place(lives, g->n_values, &out->arena_bytes, err);
    for (oc_vid v = 0; v < g->n_values && st == OC_OK; v++) {
        size_t      offset;
        oc_vid      root = root_of(p, v, &offset);
        const cell *r = &p->cells[root];
        out->places[v] = (cpu_place){.home = r->home, .index = r->index, .offset = offset};
        if (r->home == CPU_HOME_ARENA)
            out->places[v].offset += lives[root].offset;
    }
    free(lives);
    return st;
}

static bool is_concat(const oc_node *n)
{
    return strcmp(n->op->name, "Concat") == 0 && n->op->domain[0] == 0;
}

oc_status cpu_place_values(const oc_graph *graph, cpu_layout *out, oc_error *err)
{
    size_t     nv = (size_t)graph->n_values + 1, nn = (size_t)graph->n_nodes + 1;
    placer     p = {.graph = graph, .cells = calloc(nv, sizeof(cell)), .elided = calloc(nn, 1)};
    cpu_layout made = {.places = calloc(nv, sizeof(cpu_place)), .elided = p.elided};
    oc_status  st = OC_OK;
    if (!p.cells || !p.elided || !made.places)
        st = OC_FAIL(err, OC_NOMEM, "memory plan");
    else
        st = placer_init(&p, err);
    for (uint32_t i = 0; i < graph->n_nodes && st == OC_OK; i++)
        if (graph->nodes[i].op->flags & OC_OP_VIEW)
            place_view(&p, i);
    for (uint32_t i = 0; i < graph->n_nodes && st == OC_OK; i++)
        if (is_concat(&graph->nodes[i]))
            place_concat(&p, i);
    for (uint32_t i = 0; i < graph->n_nodes && st == OC_OK; i++) {
        uint32_t flags = graph->nodes[i].op->flags;
        if (p.elided[i] || ((flags & OC_OP_IN_PLACE) && place_over(&p, i, 0)))
            continue;
        if ((flags & OC_OP_IN_PLACE_1) && graph->nodes[i].n_in > 1)
            place_over(&p, i, 1);
    }
    if (st == OC_OK)
        st = pack(&p, &made, err);
    free(p.cells);
    if (st != OC_OK)
        cpu_layout_finish(&made);
    else
        *out = made;
    return st;
}

void cpu_layout_finish(cpu_layout *layout)
{
    free(layout->places);
    free(layout->elided);
    *layout = (cpu_layout){0};
}
