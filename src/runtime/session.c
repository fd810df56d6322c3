#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/arena.h"
#include "core/build_id.h"
#include "core/bytes.h"
#include "runtime/prepare.h"
#include "runtime/state.h"
#include "runtime/watch.h"

#define RELEASE_BYTES_MIN ((size_t)16 << 10) /* less is not worth the call */

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

/* Inputs and outputs, as far as their sizes are known. */
static uint64_t ports_bytes(const oc_graph *g)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < g->n_inputs + g->n_outputs; i++) {
        size_t bytes;
        oc_vid v = i < g->n_inputs ? g->inputs[i] : g->outputs[i - g->n_inputs];
        if (oc_tensor_bytes(&g->values[v].info, &bytes))
            sum += bytes;
    }
    return sum;
}

/* Whether contents that are read lie in [begin, begin + n); released: per value, NULL: none is. */
static bool graph_reads(const oc_graph *g, const unsigned char *released, const char *begin,
                        size_t n)
{
    for (uint32_t i = 0; i < g->n_values; i++) {
        const oc_value *v = &g->values[i];
        const char     *at = v->data;
        size_t          bytes;
        if (at && !(released && released[i]) && at < begin + n &&
            (!oc_value_bytes(v, &bytes) || at + bytes > begin))
            return true;
    }
    for (uint32_t i = 0; i < g->n_nodes; i++)
        for (uint32_t k = 0; k < g->nodes[i].n_attrs; k++) {
            const oc_attr *a = &g->nodes[i].attrs[k];
            const char    *at = a->kind == OC_ATTR_TENSOR ? a->tensor.data : NULL;
            size_t         bytes;
            if (at && at < begin + n &&
                (!oc_tensor_bytes(&a->tensor.info, &bytes) || at + bytes > begin))
                return true;
        }
    for (const oc_graph *c = g->children; c; c = c->next)
        if (graph_reads(c, NULL, begin, n))
            return true;
    return false;
}

/* Called by compile: the contents of a constant have been packed.  Pages of the model's file come back
 * from there should anybody look again; what the passes made is this session's own, and the arena
 * keeps the addresses. */
static void on_release(void *ctx, uint32_t value)
{
    oc_session     *s = ctx;
    const oc_value *v = &s->graph->values[value];
    size_t          bytes;
    s->released[value] = 1;
    if (!oc_value_bytes(v, &bytes) || bytes < RELEASE_BYTES_MIN ||
        graph_reads(s->graph, s->released, v->data, bytes))
        return;
    oc_askew_drop(&s->askew, v->data);
    if (oc_arena_holds(&s->graph->arena, v->data) ||
        (s->model && oc_model_maps(s->model, v->data, bytes)))
        oc_pages_release(v->data, bytes);
}

/* What passes took from or replaced: constants that no node reads. */
static oc_status release_unused(oc_session *s, oc_error *err)
{
    const oc_graph *g = s->graph;
    oc_uses         uses = {0};
    oc_status       st = oc_uses_create(g, &uses, err);
    if (st != OC_OK)
        return st;
    for (uint32_t i = 0; i < g->n_values; i++)
        s->released[i] = g->values[i].data && uses.count[i] == 0;
    for (uint32_t i = 0; i < g->n_values; i++)
        if (s->released[i])
            on_release(s, i);
    oc_uses_finish(&uses);
    return OC_OK;
}

static oc_status make_program(oc_session *s, const oc_session_options *o,
                              const oc_packed_host *packed, oc_error *err)
{
    oc_host            host = {.struct_size = sizeof(host), .subgraph = &oc_subgraph_table};
    oc_compile_options co = {.struct_size = sizeof(co),
                             .pool = o->pool,
                             .isa = o->isa,
                             .memory_bytes_max = o->arena_bytes_max,
                             .tune = o->tune,
                             .minimal = o->no_fusion,
                             .release = on_release,
                             .release_ctx = s,
                             .packed = packed};
    oc_status          st = s->ops->open(&host, &s->backend, err);
    if (st != OC_OK)
        return st;
    if (!(s->released = calloc((size_t)s->graph->n_values + 1, 1)))
        return OC_FAIL(err, OC_NOMEM, "session");
    if ((st = release_unused(s, err)) != OC_OK)
        return st;
    if (o->memory_bytes_max) {
        uint64_t ports = ports_bytes(s->graph);
        co.program_bytes_max = o->memory_bytes_max > ports ? o->memory_bytes_max - ports : 1;
    }
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

/* What the session needs in all, where the caller set a limit. */
static oc_status check_limit(const oc_session *s, uint64_t limit, oc_error *err)
{
    const unsigned long long weights = s->info.weight_bytes;
    const unsigned long long work = s->info.workspace_bytes + s->info.late_bytes;
    const unsigned long long ports = ports_bytes(s->graph);
    if (limit && weights + work + ports > limit)
        return OC_FAIL(err, OC_NOMEM,
                       "needs %llu bytes (weights %llu, activations %llu, inputs and outputs %llu) "
                       "with the kernels that need least, %llu are allowed",
                       weights + work + ports, weights, work, ports, (unsigned long long)limit);
    return OC_OK;
}

bool oc_session_is_ours(const oc_session *s)
{
    return strcmp(s->ops->name, oc_backend_cpu.name) == 0;
}

oc_status oc_session_begin(const oc_session_options *options, oc_session_options *taken,
                           oc_session **out, oc_error *err)
{
    oc_session *s = NULL;
    oc_isa      isa;
    oc_status   st = take_options(options, taken, err);
    if (st != OC_OK)
        return st;
    if (!oc_isa_parse(taken->isa ? taken->isa : "auto", &isa))
        return OC_FAIL(err, OC_INVALID, "this processor has no instruction set '%.20s'",
                       taken->isa);
    if (!(s = calloc(1, sizeof(*s))))
        return OC_FAIL(err, OC_NOMEM, "session");
    if ((st = oc_backend_register(&s->registry, &oc_backend_cpu, err)) != OC_OK ||
        (st = oc_backend_find(&s->registry, taken->backend, &s->ops, err)) != OC_OK) {
        free(s);
        return st;
    }
    oc_build_id(s->key.build);
    snprintf(s->key.isa, sizeof(s->key.isa), "%s", oc_isa_name(isa));
    s->key.isa_flags = isa;
    s->key.no_fusion = taken->no_fusion;
    *out = s;
    return OC_OK;
}

oc_status oc_session_build(oc_session *s, const oc_session_options *o, const oc_packed_host *packed,
                           oc_error *err)
{
    s->subgraph.graph = s->graph;
    oc_status st = make_program(s, o, packed, err);
    if (st == OC_OK && (st = make_ports(s, o->arena_bytes_max, err)) == OC_OK)
        st = check_limit(s, o->memory_bytes_max, err);
    return st;
}

oc_status oc_session_create(oc_model *model, const oc_session_options *options, oc_session **out,
                            oc_error *err)
{
    const oc_packed_host packed = {.store = oc_model_peek_packed(model)};
    oc_session_options   o;
    oc_session          *s = NULL;
    oc_status            st = oc_session_begin(options, &o, &s, err);
    if (st != OC_OK)
        return st;
    s->model = oc_model_ref(model);
    if ((st = oc_askew_take(oc_model_peek_askew(model), &s->askew, err)) == OC_OK)
        st = oc_prepare_graph(model, &o, oc_session_is_ours(s), NULL, NULL, &s->graph, err);
    oc_model_release_pages(model); /* what the passes looked at; packing fetches layer by layer */
    if (st == OC_OK && (st = oc_session_build(s, &o, &packed, err)) == OC_OK) {
        *out = s;
        s = NULL;
    }
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
    for (size_t i = 0; !session->common && session->memory && i < session->n_in + session->n_out;
         i++)
        oc_free64(session->memory[i]);
    free(session->memory);
    free(session->ports);
    free(session->views);
    if (!session->common)
        oc_free64(session->workspace);
    oc_session_common_give(session->common);
    oc_graph_destroy(session->graph);
    free(session->released);
    oc_plan_finish(&session->plan);
    oc_askew_give_back(&session->askew);
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

bool oc_session_output_most(const oc_session *session, size_t i, oc_tensor_info *most)
{
    if (i >= session->n_out)
        return false;
    const oc_value *v = &session->graph->values[session->graph->outputs[i]];
    *most = v->info;
    if (v->late && v->most)
        most->shape = v->most->info.shape;
    return !v->late || v->most;
}

void *oc_session_input_buffer(oc_session *session, size_t i)
{
    return i < session->n_in ? session->memory[i] : NULL;
}

void oc_session_stats_get(const oc_session *session, oc_session_stats *stats)
{
    oc_session_stats all = {.struct_size = sizeof(all),
                            .arena_bytes = session->info.workspace_bytes + session->info.late_bytes,
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
        else if (!session->memory[n_in + i] && out[i].data &&
                 out[i].data != session->views[n_in + i].data)
            return OC_FAIL(err, OC_INVALID,
                           "the size of output '%.80s' is decided at run time: ask for the "
                           "session's own memory",
                           session->ports[n_in + i].name);
    }
    oc_run run = {.struct_size = sizeof(run),
                  .workspace = session->workspace,
                  .on_step = on_step,
                  .on_step_ctx = ctx};
    if ((st = session->ops->run(session->program, &run, in, out, err)) == OC_OK)
        for (size_t i = 0; i < n_out; i++)
            session->views[n_in + i] = out[i];
    return st;
}

void oc_session_describe(const oc_session *session, oc_step_fn *on_step, void *ctx)
{
    if (session->ops->describe)
        session->ops->describe(session->program, on_step, ctx);
}
