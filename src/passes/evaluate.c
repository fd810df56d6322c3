/* What passes share that runs an operator: shape inference of one node, and its computation. */
#include <stdlib.h>
#include <string.h>

#include "passes/pass.h"

#define KEEP_BYTES_MAX ((size_t)256 << 20) /* a folded constant larger than this stays a node */
#define SLOTS_MAX 1024

static oc_status node_fail(const oc_graph *graph, const oc_node *node, oc_status st, oc_error *err)
{
    const char *name = node->name;
    if (!*name && node->n_out && node->out[0] != OC_VID_NONE)
        name = graph->values[node->out[0]].name;
    oc_error_prefix(err, "node '%.80s' (%.40s)", name, node->op_type);
    return st;
}

/* No dimension negative, the whole addressable: later code multiplies without fear. */
static oc_status check_info(const oc_tensor_info *info, oc_error *err)
{
    size_t bytes;
    if (info->dtype == OC_DTYPE_NONE || info->shape.rank > OC_RANK_MAX)
        return OC_FAIL(err, OC_UNSUPPORTED, "its output has no known type");
    for (uint32_t i = 0; i < info->shape.rank; i++)
        if (info->shape.dim[i] < 0)
            return OC_FAIL(err, OC_FORMAT, "its output has a dimension of %lld",
                           (long long)info->shape.dim[i]);
    if (!oc_tensor_bytes(info, &bytes) || bytes > (size_t)1 << 40)
        return OC_FAIL(err, OC_FORMAT, "its output is too large");
    return OC_OK;
}

oc_status oc_node_infer(oc_graph *graph, oc_node *node, oc_error *err)
{
    if (node->n_in > SLOTS_MAX || node->n_out > SLOTS_MAX)
        return node_fail(graph, node,
                         OC_FAIL(err, OC_UNSUPPORTED, "more than %d inputs or outputs", SLOTS_MAX),
                         err);
    oc_status       st = OC_OK;
    oc_tensor_info *info = calloc((size_t)node->n_in + node->n_out + 1, sizeof(*info));
    const void    **data = calloc((size_t)node->n_in + 1, sizeof(*data));
    if (!info || !data) {
        st = OC_FAIL(err, OC_NOMEM, "shape inference");
        goto out;
    }
    oc_infer ask = {.node = node,
                    .in = info,
                    .in_data = data,
                    .n_in = node->n_in,
                    .n_out = node->n_out,
                    .out = info + node->n_in};
    for (uint32_t i = 0; i < node->n_in; i++) {
        if (node->in[i] == OC_VID_NONE)
            continue;
        const oc_value *v = &graph->values[node->in[i]];
        info[i] = v->info;
        data[i] = v->layout == OC_LAYOUT_PLAIN ? v->data : NULL;
    }
    if ((st = node->op->infer(&ask, err)) != OC_OK)
        goto out;
    for (uint32_t i = 0; i < node->n_out && st == OC_OK; i++) {
        if (node->out[i] == OC_VID_NONE)
            continue;
        if ((st = check_info(&ask.out[i], err)) == OC_OK)
            graph->values[node->out[i]].info = ask.out[i];
    }
out:
    free(info);
    free(data);
    return st == OC_OK ? OC_OK : node_fail(graph, node, st, err);
}

/* ---- computing one node now ---- */

typedef struct evaluation {
    oc_slot        *in, *out;
    oc_tensor_view *in_view, *out_view;
    void           *state, *scratch;
    oc_work         work;
    oc_arena        mem;
} evaluation;

static oc_status evaluation_outputs(oc_graph *graph, const oc_node *node, evaluation *e,
                                    void **out_data, oc_error *err)
{
    for (uint32_t i = 0; i < node->n_out; i++) {
        if (node->out[i] == OC_VID_NONE)
            continue;
        const oc_value *v = &graph->values[node->out[i]];
        size_t          bytes;
        if (!oc_value_bytes(v, &bytes) || bytes > KEEP_BYTES_MAX)
            return OC_FAIL(err, OC_UNSUPPORTED, "result too large to fold");
        if (!(out_data[i] = oc_arena_alloc64(&graph->arena, bytes + 1, 1)))
            return OC_FAIL(err, OC_NOMEM, "%zu bytes", bytes);
        e->out[i] = (oc_slot){.info = v->info, .layout = v->layout};
        e->out_view[i] = (oc_tensor_view){.info = v->info, .data = out_data[i]};
    }
    return OC_OK;
}

static void evaluation_run(const oc_node *node, evaluation *e)
{
    uint32_t phases = e->work.n_phases ? e->work.n_phases : 1;
    for (uint32_t p = 0; p < phases; p++) {
        oc_op_run r = {.state = e->state,
                       .in = e->in_view,
                       .out = e->out_view,
                       .n_in = node->n_in,
                       .n_out = node->n_out,
                       .phase = p,
                       .part = {0, e->work.phase[p].units},
                       .scratch = e->scratch};
        if (r.part.end)
            node->op->run(&r);
    }
}

oc_status oc_node_evaluate(oc_graph *graph, const oc_node *node, oc_isa isa, void **out_data,
                           oc_error *err)
{
    evaluation e = {0};
    oc_status  st = OC_OK;
    e.in = oc_arena_alloc(&e.mem, (size_t)node->n_in + node->n_out, sizeof(oc_slot));
    e.in_view = oc_arena_alloc(&e.mem, (size_t)node->n_in + node->n_out, sizeof(oc_tensor_view));
    e.state = oc_arena_alloc64(&e.mem, node->op->state_size + 1, 1);
    if (!e.in || !e.in_view || !e.state) {
        st = OC_FAIL(err, OC_NOMEM, "constant folding");
        goto out;
    }
    e.out = e.in + node->n_in;
    e.out_view = e.in_view + node->n_in;
    for (uint32_t i = 0; i < node->n_in; i++) {
        if (node->in[i] == OC_VID_NONE)
            continue;
        const oc_value *v = &graph->values[node->in[i]];
        e.in[i] = (oc_slot){.info = v->info, .layout = v->layout, .data = v->data};
        e.in_view[i] = (oc_tensor_view){.info = v->info, .data = (void *)(uintptr_t)v->data};
    }
    if ((st = evaluation_outputs(graph, node, &e, out_data, err)) != OC_OK)
        goto out;
    oc_prepare p = {.node = node,
                    .in = e.in,
                    .out = e.out,
                    .n_in = node->n_in,
                    .n_out = node->n_out,
                    .isa = isa,
                    .mem = &e.mem,
                    .state = e.state,
                    .work = &e.work};
    if ((st = node->op->prepare(&p, err)) != OC_OK)
        goto out;
    if (e.work.scratch_bytes && !(e.scratch = oc_arena_alloc64(&e.mem, e.work.scratch_bytes, 1))) {
        st = OC_FAIL(err, OC_NOMEM, "scratch of %zu bytes", e.work.scratch_bytes);
        goto out;
    }
    evaluation_run(node, &e);
out:
    oc_arena_finish(&e.mem);
    return st == OC_OK ? OC_OK : node_fail(graph, node, st, err);
}
