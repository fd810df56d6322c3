#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backend/registry.h"
#include "core/arena.h"
#include "ir/subgraph.h"
#include "runtime/prepare.h"
#include "runtime/watch.h"

struct oc_session {
    oc_model             *model;
    oc_graph             *graph;
    oc_subgraph           subgraph;
    const oc_backend_ops *ops; /* in `registry` */
    oc_backend_registry   registry;
    oc_backend           *backend;
    oc_program           *program;
    oc_program_info       info;
    void                 *workspace;
    oc_port              *ports;  /* inputs, then outputs */
    void                **memory; /* own buffer of each port, made when first asked for */
    oc_tensor_view       *views;  /* of one run */
    size_t                n_in, n_out;
};

static oc_status take_options(const oc_session_options *options, oc_session_options *out,
                              oc_error *err)
{
    *out = (oc_session_options){.struct_size = sizeof(*out)};
    if (!options)
        return OC_OK;
    if (options->struct_size < offsetof(oc_session_options, shapes))
        return OC_FAIL(err, OC_INVALID, "session options of %u bytes: struct_size is not set",
                       options->struct_size);
    memcpy(out, options, options->struct_size < sizeof(*out) ? options->struct_size : sizeof(*out));
    return OC_OK;
}

/* `bytes` more than `limit` (0 = none) or than the machine has: told before they are asked for. */
static oc_status check_memory(uint64_t bytes, uint64_t limit, oc_error *err)
{
    long     pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
    uint64_t have = pages > 0 && page > 0 ? (uint64_t)pages * (uint64_t)page : UINT64_MAX;
    if (bytes > have)
        return OC_FAIL(err, OC_NOMEM, "needs %llu MB of memory, this machine has %llu",
                       (unsigned long long)(bytes >> 20), (unsigned long long)(have >> 20));
    if (limit && bytes > limit)
        return OC_FAIL(err, OC_NOMEM, "needs %llu bytes for inputs and outputs, %llu are allowed",
                       (unsigned long long)bytes, (unsigned long long)limit);
    return OC_OK;
}

/* All buffers are made here, so that a run allocates nothing. */
static oc_status make_ports(oc_session *s, uint64_t bytes_max, oc_error *err)
{
    const oc_graph *g = s->graph;
    s->n_in = g->n_inputs;
    s->n_out = g->n_outputs;
    size_t n = s->n_in + s->n_out;
    s->ports = calloc(n + 1, sizeof(*s->ports));
    s->memory = calloc(n + 1, sizeof(*s->memory));
    s->views = calloc(n + 1, sizeof(*s->views));
    if (!s->ports || !s->memory || !s->views)
        return OC_FAIL(err, OC_NOMEM, "session");
    uint64_t sum = 0;
    for (size_t i = 0; i < n; i++) {
        const oc_value *v = &g->values[i < s->n_in ? g->inputs[i] : g->outputs[i - s->n_in]];
        size_t          bytes;
        s->ports[i] = (oc_port){v->name, v->info};
        if (v->late)
            continue; /* the program's own memory, as large as a run needs */
        if (!oc_tensor_bytes(&v->info, &bytes) || __builtin_add_overflow(sum, bytes, &sum))
            return OC_FAIL(err, OC_NOMEM, "'%.80s' is too large", v->name);
        oc_status st = check_memory(sum, bytes_max, err);
        if (st != OC_OK)
            return st;
        if (!(s->memory[i] = oc_alloc64(bytes + 64, 1)))
            return OC_FAIL(err, OC_NOMEM, "buffer for '%.80s'", v->name);
        memset(s->memory[i], 0, bytes);
    }
    return OC_OK;
}

static oc_status make_program(oc_session *s, const oc_session_options *o, oc_error *err)
{
    oc_host            host = {.struct_size = sizeof(host), .subgraph = &oc_subgraph_table};
    oc_compile_options co = {.struct_size = sizeof(co),
                             .pool = o->pool,
                             .isa = o->isa,
                             .memory_bytes_max = o->arena_bytes_max,
                             .tune = o->tune,
                             .minimal = o->no_fusion};
    oc_status          st = s->ops->open(&host, &s->backend, err);
    if (st != OC_OK)
        return st;
    st = s->ops->compile(s->backend, &s->subgraph, &co, &s->program, &s->info, err);
    if (st != OC_OK)
        return st;
    if ((st = check_memory(s->info.workspace_bytes, 0, err)) != OC_OK)
        return st;
    if (!(s->workspace = oc_alloc64(s->info.workspace_bytes, 1)))
        return OC_FAIL(err, OC_NOMEM, "workspace of %llu bytes",
                       (unsigned long long)s->info.workspace_bytes);
    return OC_OK;
}

oc_status oc_session_create(oc_model *model, const oc_session_options *options, oc_session **out,
                            oc_error *err)
{
    oc_session_options o;
    oc_session        *s = NULL;
    oc_status          st = take_options(options, &o, err);
    if (st != OC_OK)
        return st;
    if (!(s = calloc(1, sizeof(*s))))
        return OC_FAIL(err, OC_NOMEM, "session");
    if ((st = oc_backend_register(&s->registry, &oc_backend_cpu, err)) != OC_OK ||
        (st = oc_backend_find(&s->registry, o.backend, &s->ops, err)) != OC_OK)
        goto out;
    bool ours = strcmp(s->ops->name, oc_backend_cpu.name) == 0;
    if ((st = oc_prepare_graph(model, &o, ours, NULL, NULL, &s->graph, err)) != OC_OK)
        goto out;
    s->subgraph.graph = s->graph;
    s->model = oc_model_ref(model);
    if ((st = make_program(s, &o, err)) != OC_OK ||
        (st = make_ports(s, o.arena_bytes_max, err)) != OC_OK)
        goto out;
    *out = s;
    s = NULL;
out:
    oc_session_destroy(s);
    return st;
}

void oc_session_destroy(oc_session *session)
{
    if (!session)
        return;
    if (session->program)
        session->ops->drop(session->program);
    if (session->backend)
        session->ops->close(session->backend);
    for (size_t i = 0; session->memory && i < session->n_in + session->n_out; i++)
        oc_free64(session->memory[i]);
    free(session->memory);
    free(session->ports);
    free(session->views);
    oc_free64(session->workspace);
    oc_graph_destroy(session->graph);
    oc_model_unref(session->model);
    free(session);
}

size_t oc_session_inputs(const oc_session *session, const oc_port **ports)
{
    *ports = session->ports;
    return session->n_in;
}

size_t oc_session_outputs(const oc_session *session, const oc_port **ports)
{
    *ports = session->ports + session->n_in;
    return session->n_out;
}

void *oc_session_input_buffer(oc_session *session, size_t i)
{
    return i < session->n_in ? session->memory[i] : NULL;
}

void oc_session_stats_get(const oc_session *session, oc_session_stats *stats)
{
    oc_session_stats all = {.struct_size = sizeof(all),
                            .arena_bytes = session->info.workspace_bytes,
                            .weight_bytes = session->info.weight_bytes,
                            .flops = session->info.flops,
                            .n_nodes = session->info.n_steps};
    uint32_t         n = stats->struct_size < sizeof(all) ? stats->struct_size : sizeof(all);
    all.struct_size = stats->struct_size;
    memcpy(stats, &all, n);
}

static oc_status check_inputs(const oc_session *s, const oc_tensor_view *in, size_t n_in,
                              size_t n_out, oc_error *err)
{
    if (n_in != s->n_in || n_out != s->n_out)
        return OC_FAIL(err, OC_INVALID,
                       "%zu inputs and %zu outputs given, the network has %zu and %zu", n_in, n_out,
                       s->n_in, s->n_out);
    for (size_t i = 0; i < n_in; i++) {
        const oc_port *p = &s->ports[i];
        char           have[96], want[96];
        if (!in[i].data)
            return OC_FAIL(err, OC_INVALID, "input '%.80s' has no data", p->name);
        if (in[i].info.dtype != p->info.dtype || !oc_shape_equal(&in[i].info.shape, &p->info.shape))
            return OC_FAIL(err, OC_INVALID, "input '%.80s' is %s %s, the network wants %s %s",
                           p->name, oc_dtype_name(in[i].info.dtype),
                           oc_shape_text(&in[i].info.shape, have, sizeof(have)),
                           oc_dtype_name(p->info.dtype),
                           oc_shape_text(&p->info.shape, want, sizeof(want)));
    }
    return OC_OK;
}

oc_status oc_session_run(oc_session *session, const oc_tensor_view *in, size_t n_in,
                         oc_tensor_view *out, size_t n_out, oc_error *err)
{
    return oc_session_run_watched(session, in, n_in, out, n_out, NULL, NULL, err);
}

oc_status oc_session_run_watched(oc_session *session, const oc_tensor_view *in, size_t n_in,
                                 oc_tensor_view *out, size_t n_out, oc_step_fn *on_step, void *ctx,
                                 oc_error *err)
{
    oc_status st = check_inputs(session, in, n_in, n_out, err);
    if (st != OC_OK)
        return st;
    for (size_t i = 0; i < n_out; i++) {
        out[i].info = session->ports[n_in + i].info;
        if (session->memory[n_in + i] && !out[i].data)
            out[i].data = session->memory[n_in + i];
        else if (!session->memory[n_in + i] && out[i].data)
            return OC_FAIL(err, OC_INVALID,
                           "the size of output '%.80s' is decided at run time: ask for the "
                           "session's own memory",
                           session->ports[n_in + i].name);
    }
    oc_run run = {.struct_size = sizeof(run),
                  .workspace = session->workspace,
                  .on_step = on_step,
                  .on_step_ctx = ctx};
    return session->ops->run(session->program, &run, in, out, err);
}

void oc_session_describe(const oc_session *session, oc_step_fn *on_step, void *ctx)
{
    if (session->ops->describe)
        session->ops->describe(session->program, on_step, ctx);
}
