/* What must hold of a graph that the passes are done with, beside what oc_graph_verify says. */
#include <stdlib.h>
#include <string.h>

#include "ops/args.h"
#include "plan/plan.h"

static bool is_reorder(const oc_node *n)
{
    return strcmp(n->op->domain, "ocellus") == 0 && strcmp(n->op->name, "Reorder") == 0;
}

static void fill_slots(const oc_graph *g, const oc_vid *ids, uint32_t n, oc_slot *slots)
{
    for (uint32_t k = 0; k < n; k++) {
        slots[k] = (oc_slot){0};
        if (ids[k] == OC_VID_NONE)
            continue;
        const oc_value *v = &g->values[ids[k]];
        slots[k] = (oc_slot){v->info, v->layout, v->data};
    }
}

static bool layouts_agree(const oc_slot *slots, uint32_t n, const bool *want)
{
    for (uint32_t k = 0; k < n; k++) {
        const bool wanted = want && k < OC_OP_ASK_MAX && want[k] && oc_can_block(&slots[k].info);
        if (slots[k].info.dtype != OC_DTYPE_NONE && wanted != (slots[k].layout == OC_LAYOUT_NC8))
            return false;
    }
    return true;
}

/* The operator, asked again now that the layouts stand, wants them as they are. */
static bool layouts_hold(const oc_node *n, const oc_slot *slots)
{
    oc_layout_ask ask = {
        .node = n, .in = slots, .out = slots + n->n_in, .n_in = n->n_in, .n_out = n->n_out};
    if (is_reorder(n))
        return slots[0].layout != slots[1].layout && oc_can_block(&slots[0].info) &&
               oc_shape_equal(&slots[0].info.shape, &slots[1].info.shape);
    bool blocked = oc_layout_knows(n->op, slots, n->n_in + n->n_out) && n->n_in <= OC_OP_ASK_MAX &&
                   n->n_out <= OC_OP_ASK_MAX && n->op->layout(&ask);
    /* plain everywhere is what every operator can do: so a graph without the layout pass runs */
    if (layouts_agree(slots, n->n_in + n->n_out, NULL))
        return true;
    return blocked && layouts_agree(slots, n->n_in, ask.want_in) &&
           layouts_agree(slots + n->n_in, n->n_out, ask.want_out);
}

static oc_status check_node(const oc_graph *g, const oc_node *n, oc_slot *slots, oc_error *err)
{
    if (n->act.kind != OC_ACT_NONE && !(n->op->flags & OC_OP_ACT))
        return OC_FAIL(err, OC_FORMAT, "computes no activation");
    if (n->add && (!(n->op->flags & OC_OP_ADD) || n->n_in < 2 || n->in[n->n_in - 1] == OC_VID_NONE))
        return OC_FAIL(err, OC_FORMAT, "adds no residual");
    fill_slots(g, n->in, n->n_in, slots);
    fill_slots(g, n->out, n->n_out, slots + n->n_in);
    if (n->add) {
        const oc_slot *r = &slots[n->n_in - 1], *y = &slots[n->n_in];
        if (r->info.dtype != y->info.dtype || !oc_shape_equal(&r->info.shape, &y->info.shape) ||
            r->layout != y->layout)
            return OC_FAIL(err, OC_FORMAT, "its residual is not like its output");
    }
    if (!layouts_hold(n, slots))
        return OC_FAIL(err, OC_FORMAT, "does not run with these layouts");
    return OC_OK;
}

oc_status oc_plan_check_graph(const oc_graph *graph, oc_error *err)
{
    uint32_t  widest = 0;
    oc_status st = OC_OK;
    for (uint32_t i = 0; i < graph->n_nodes; i++)
        if (graph->nodes[i].n_in + graph->nodes[i].n_out > widest)
            widest = graph->nodes[i].n_in + graph->nodes[i].n_out;
    oc_slot *slots = calloc((size_t)widest + 1, sizeof(*slots));
    if (!slots)
        return OC_FAIL(err, OC_NOMEM, "check of a plan");
    for (uint32_t i = 0; i < graph->n_nodes && st == OC_OK; i++) {
        const oc_node *n = &graph->nodes[i];
        if ((st = check_node(graph, n, slots, err)) != OC_OK)
            oc_error_prefix(err, "node '%.80s' (%.40s)", n->name, n->op_type);
    }
    for (uint32_t i = 0; i < graph->n_inputs && st == OC_OK; i++)
        if (graph->values[graph->inputs[i]].layout != OC_LAYOUT_PLAIN)
            st = OC_FAIL(err, OC_FORMAT, "an input is not plain");
    for (uint32_t i = 0; i < graph->n_outputs && st == OC_OK; i++)
        if (graph->values[graph->outputs[i]].layout != OC_LAYOUT_PLAIN)
            st = OC_FAIL(err, OC_FORMAT, "an output is not plain");
    free(slots);
    return st;
}
