/* From a subgraph to steps: places, views, packed weights. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "backend/cpu/program.h"
#include "core/cpu.h"
#include "ops/choice.h"

static oc_status build_views(oc_program *p, const oc_graph *g, const cpu_layout *lay,
                             const oc_vid *ids, uint32_t n, oc_tensor_view *views, oc_error *err)
{
    for (uint32_t k = 0; k < n; k++) {
        if (ids[k] == OC_VID_NONE)
            continue;
        const oc_value  *v = &g->values[ids[k]];
        const cpu_place *at = &lay->places[ids[k]];
        views[k] = (oc_tensor_view){.info = v->info, .data = (void *)(uintptr_t)v->data};
        if (v->data)
            continue;
        if (at->home == CPU_HOME_CONST)
            return OC_FAIL(err, OC_INVALID, "'%.80s' has no contents", v->name);
        p->patches[p->n_patches++] = (cpu_patch){.view = &views[k], .place = *at};
    }
    return OC_OK;
}

static void fill_slots(const oc_graph *g, const oc_vid *ids, uint32_t n, oc_slot *slots)
{
    for (uint32_t k = 0; k < n; k++) {
        if (ids[k] == OC_VID_NONE)
            continue;
        const oc_value *v = &g->values[ids[k]];
        slots[k] = (oc_slot){.info = v->info, .layout = v->layout, .data = v->data};
    }
}

/* ---- prepare: the steps are independent of each other, the pool takes them ---- */

typedef struct preparation {
    oc_program               *program;
    const oc_graph           *graph;
    const oc_compile_options *options;
    oc_isa                    isa;
    pthread_mutex_t           lock; /* of all below */
    uint32_t                 *uses; /* per value: inputs and outputs that still need its contents */
    size_t                    failed;       /* the first step that did */
    size_t                    source_bytes; /* of constants that later steps will pack */
    oc_status                 st;
    oc_error                  err;
} preparation;

static void prepare_failed(preparation *all, size_t i, oc_status st, const oc_error *err)
{
    pthread_mutex_lock(&all->lock);
    if (i < all->failed) {
        all->failed = i;
        all->st = st;
        all->err = *err;
    }
    pthread_mutex_unlock(&all->lock);
}

/* What was packed is not read again from the graph. */
static void let_go(preparation *all, cpu_step *step)
{
    const oc_compile_options *o = all->options;
    pthread_mutex_lock(&all->lock);
    for (uint32_t k = 0; k < step->n_in && k < 64; k++) {
        oc_vid v = step->node->in[k];
        if (!(step->packed.consumed >> k & 1) || v == OC_VID_NONE)
            continue;
        step->in[k].data = NULL;
        if (--all->uses[v] == 0 && o->release)
            o->release(o->release_ctx, v);
    }
    pthread_mutex_unlock(&all->lock);
}

static const oc_packed_given *given_of(const preparation *all, const cpu_step *step)
{
    const oc_packed_host *host = all->options->packed;
    return host && host->given ? &host->given[step - all->program->steps] : NULL;
}

/* A plan says which kernel serves the step: a table of that alone. */
static oc_status take_settled(const preparation *all, const cpu_step *step, oc_tune **out,
                              oc_error *err)
{
    const oc_packed_given *g = given_of(all, step);
    oc_status              st;
    if (!g || !*g->kernel)
        return OC_OK;
    if ((st = oc_tune_create(out, err)) != OC_OK)
        return st;
    if ((st = oc_tune_put(*out, g->choice, g->kernel, err)) != OC_OK) {
        oc_tune_destroy(*out);
        *out = NULL;
    }
    return st;
}

static oc_status check_settled(const preparation *all, const cpu_step *step, oc_error *err)
{
    const oc_packed_given *g = given_of(all, step);
    const oc_choice       *c = step->work.choice;
    if (!g || strcmp(g->kernel, c ? c->name[c->at] : "") == 0)
        return OC_OK;
    return OC_FAIL(err, OC_FORMAT, "the plan's kernel '%.40s' does not serve this node", g->kernel);
}

/* All that was packed, shared or not, and what steps keep beside it. */
static uint64_t weight_bytes(const oc_program *p)
{
    uint64_t sum = p->mem.bytes;
    for (unsigned i = 0; i < p->n_prepare; i++)
        sum += p->prepare[i].bytes;
    for (size_t i = 0; i < p->n_steps; i++)
        for (uint32_t k = 0; k < p->steps[i].packed.n; k++)
            if (p->steps[i].packed.blobs[k].home != OC_PACKED_ARENA)
                sum += p->steps[i].packed.blobs[k].bytes;
    return sum;
}

static size_t scratch_bytes(const oc_program *p)
{
    size_t most = 0;
    for (size_t i = 0; i < p->n_steps; i++)
        if (p->steps[i].work.scratch_bytes > most)
            most = p->steps[i].work.scratch_bytes;
    return (most + 63) / 64 * 64;
}

static uint64_t workspace_bytes(const oc_program *p)
{
    return p->arena_bytes + 64 + scratch_bytes(p) * oc_pool_threads(p->pool);
}

/* ---- a limit on memory: steps pack larger weights while there is room for the rest ---- */

#define SCRATCH_GROWTH (1 << 20) /* a worker: what such kernels take beside */
#define GROWTH_MAX 8 /* packed weights over those of the file: Winograd's F(6,3) has 64/9 */

static size_t source_bytes(const oc_graph *g, const oc_node *n)
{
    size_t sum = 0, bytes;
    for (uint32_t k = 0; k < n->n_in; k++)
        if (n->in[k] != OC_VID_NONE && g->values[n->in[k]].data &&
            oc_value_bytes(&g->values[n->in[k]], &bytes))
            sum += bytes;
    return sum;
}

/* The first layers come first: their weights are small and their planes large, where each byte of
 * larger weights saves most.  Steps are prepared one after the other then. */
static bool is_lean(preparation *all, const cpu_step *step)
{
    const oc_program *p = all->program;
    const uint64_t    limit = all->options->program_bytes_max;
    const size_t      own = limit ? source_bytes(all->graph, step->node) : 0;
    if (all->options->lean || !limit || given_of(all, step))
        return all->options->lean;
    all->source_bytes -= own;
    uint64_t need = weight_bytes(p) + all->source_bytes + workspace_bytes(p) +
                    (uint64_t)SCRATCH_GROWTH * oc_pool_threads(p->pool);
    return need > limit || (limit - need) / GROWTH_MAX < own;
}

static oc_status prepare_step(preparation *all, cpu_step *step, oc_arena *mem, oc_slot *slots,
                              oc_error *err)
{
    const oc_node *node = step->node;
    oc_status      st;
    step->state = oc_arena_alloc64(mem, node->op->state_size + 1, 1);
    if (!slots || !step->state)
        return OC_FAIL(err, OC_NOMEM, "step");
    fill_slots(all->graph, node->in, node->n_in, slots);
    fill_slots(all->graph, node->out, node->n_out, slots + node->n_in);
    oc_tune *settled = NULL;
    if ((st = take_settled(all, step, &settled, err)) != OC_OK)
        return st;
    oc_prepare ask = {.node = node,
                      .in = slots,
                      .out = slots + node->n_in,
                      .n_in = node->n_in,
                      .n_out = node->n_out,
                      .isa = all->isa,
                      .tune = settled ? settled : all->options->tune,
                      .lean = is_lean(all, step),
                      .mem = mem,
                      .packed = &step->packed,
                      .state = step->state,
                      .work = &step->work};
    st = node->op->prepare(&ask, err);
    oc_tune_destroy(settled);
    if (step->packed.refused ||
        (st == OC_OK && step->packed.given && step->packed.n != step->packed.n_given))
        return OC_FAIL(err, OC_FORMAT, "the plan's packed weights are not those of this node");
    return st == OC_OK ? check_settled(all, step, err) : st;
}

static void prepare_range(void *ctx, oc_range part, unsigned worker)
{
    preparation *all = ctx;
    for (size_t i = part.begin; i < part.end; i++) {
        cpu_step *step = &all->program->steps[i];
        oc_slot  *slots = calloc((size_t)step->n_in + step->n_out + 1, sizeof(*slots));
        oc_error  err = {0};
        oc_status st = prepare_step(all, step, &all->program->prepare[worker], slots, &err);
        free(slots);
        if (st == OC_OK) {
            let_go(all, step);
            continue;
        }
        oc_error_prefix(&err, "node '%.80s' (%.40s)", step->node->name, step->node->op_type);
        prepare_failed(all, i, st, &err);
        return;
    }
}

static void count_uses(const oc_graph *g, uint32_t *uses)
{
    for (uint32_t i = 0; i < g->n_nodes; i++)
        for (uint32_t k = 0; k < g->nodes[i].n_in; k++)
            if (g->nodes[i].in[k] != OC_VID_NONE)
                uses[g->nodes[i].in[k]]++;
    for (uint32_t i = 0; i < g->n_outputs; i++)
        uses[g->outputs[i]]++;
}

static oc_status prepare_all(oc_program *p, const oc_graph *g, const oc_compile_options *options,
                             oc_isa isa, oc_error *err)
{
    preparation all = {.program = p,
                       .graph = g,
                       .options = options,
                       .isa = isa,
                       .failed = SIZE_MAX,
                       .uses = calloc((size_t)g->n_values + 1, sizeof(*all.uses))};
    p->n_prepare = oc_pool_threads(p->pool);
    p->prepare = oc_arena_alloc(&p->mem, p->n_prepare, sizeof(*p->prepare));
    if (!all.uses || !p->prepare) {
        free(all.uses);
        p->n_prepare = 0;
        return OC_FAIL(err, OC_NOMEM, "program of %zu steps", p->n_steps);
    }
    count_uses(g, all.uses);
    for (size_t i = 0; i < p->n_steps; i++)
        all.source_bytes += source_bytes(g, p->steps[i].node);
    pthread_mutex_init(&all.lock, NULL);
    /* workers flush denormals: so does this thread, or who packs would be seen in the weights */
    unsigned mode = oc_fp_flush_denormals();
    oc_pool_run(options->program_bytes_max ? NULL : p->pool, options->cores_max, p->n_steps, 1,
                prepare_range, &all);
    oc_fp_restore(mode);
    pthread_mutex_destroy(&all.lock);
    free(all.uses);
    if (all.st != OC_OK && err)
        *err = all.err;
    for (size_t i = 0; i < p->n_steps && all.st == OC_OK; i++)
        if (p->steps[i].work.n_phases == 0)
            p->steps[i].work.n_phases = 1;
    p->scratch_bytes = scratch_bytes(p);
    return all.st;
}

static oc_status build_step(oc_program *p, const oc_graph *g, const oc_node *node,
                            const cpu_layout *lay, const oc_packed_host *host, oc_error *err)
{
    cpu_step *step = &p->steps[p->n_steps];
    oc_status st;
    step->op = node->op;
    step->node = node;
    step->n_in = node->n_in;
    step->n_out = node->n_out;
    step->packed.store = host ? host->store : NULL;
    if (host && host->given) {
        if (p->n_steps >= host->n_given)
            return OC_FAIL(err, OC_FORMAT, "the plan has %zu steps, its graph more", host->n_given);
        step->packed.given = host->given[p->n_steps].blobs;
        step->packed.n_given = host->given[p->n_steps].n;
    }
    step->in = oc_arena_alloc(&p->mem, (size_t)node->n_in + node->n_out + 1, sizeof(*step->in));
    if (!step->in)
        return OC_FAIL(err, OC_NOMEM, "step");
    step->out = step->in + node->n_in;
    if ((st = build_views(p, g, lay, node->in, node->n_in, step->in, err)) == OC_OK)
        st = build_views(p, g, lay, node->out, node->n_out, step->out, err);
    if (st != OC_OK)
        oc_error_prefix(err, "node '%.80s' (%.40s)", node->name, node->op_type);
    p->n_steps++;
    return st;
}

static int arena_first(const void *a, const void *b)
{
    bool x = ((const cpu_patch *)a)->place.home == CPU_HOME_ARENA;
    bool y = ((const cpu_patch *)b)->place.home == CPU_HOME_ARENA;
    return (int)y - (int)x;
}

/* Outputs that no step writes: constants, inputs, views of them. */
static oc_status build_copies(oc_program *p, const oc_graph *g, const cpu_layout *lay,
                              oc_error *err)
{
    oc_tensor_view *from = oc_arena_alloc(&p->mem, (size_t)g->n_outputs + 1, sizeof(*from));
    p->copies = oc_arena_alloc(&p->mem, (size_t)g->n_outputs + 1, sizeof(*p->copies));
    if (!from || !p->copies)
        return OC_FAIL(err, OC_NOMEM, "outputs");
    for (uint32_t i = 0; i < g->n_outputs; i++) {
        oc_vid           v = g->outputs[i];
        const cpu_place *at = &lay->places[v];
        if (at->home == CPU_HOME_OUTPUT && at->index == i)
            continue;
        from[i] = (oc_tensor_view){.info = g->values[v].info,
                                   .data = (void *)(uintptr_t)g->values[v].data};
        if (!from[i].data)
            p->patches[p->n_patches++] = (cpu_patch){.view = &from[i], .place = *at};
        p->copies[p->n_copies++] =
            (cpu_patch){.view = &from[i], .place = {.home = CPU_HOME_OUTPUT, .index = i}};
    }
    return OC_OK;
}

static oc_status build(oc_program *p, const oc_graph *g, const cpu_layout *lay,
                       const oc_compile_options *options, oc_isa isa, oc_error *err)
{
    size_t    n_views = (size_t)g->n_outputs + 1;
    oc_status st;
    for (uint32_t i = 0; i < g->n_nodes; i++)
        n_views += (size_t)g->nodes[i].n_in + g->nodes[i].n_out;
    p->arena_bytes = lay->arena_bytes;
    p->steps = oc_arena_alloc(&p->mem, (size_t)g->n_nodes + 1, sizeof(*p->steps));
    p->patches = oc_arena_alloc(&p->mem, n_views, sizeof(*p->patches));
    if (!p->steps || !p->patches)
        return OC_FAIL(err, OC_NOMEM, "program of %u steps", g->n_nodes);
    for (uint32_t i = 0; i < g->n_nodes; i++)
        if (!lay->elided[i] &&
            (st = build_step(p, g, &g->nodes[i], lay, options->packed, err)) != OC_OK)
            return st;
    if ((st = build_copies(p, g, lay, err)) != OC_OK ||
        (st = prepare_all(p, g, options, isa, err)) != OC_OK)
        return st;
    qsort(p->patches, p->n_patches, sizeof(*p->patches), arena_first);
    while (p->n_arena < p->n_patches && p->patches[p->n_arena].place.home == CPU_HOME_ARENA)
        p->n_arena++;
    return OC_OK;
}

oc_status cpu_compile(const oc_subgraph *sg, const oc_compile_options *options, oc_program **out,
                      oc_program_info *info, oc_error *err)
{
    cpu_layout  lay = {0};
    oc_program *p = calloc(1, sizeof(*p));
    oc_isa      isa;
    oc_status   st;
    if (!p)
        return OC_FAIL(err, OC_NOMEM, "program");
    p->pool = options->pool;
    p->cores_max = options->cores_max;
    if (!oc_isa_parse(options->isa ? options->isa : "auto", &isa)) {
        st = OC_FAIL(err, OC_INVALID, "this processor has no '%.20s'", options->isa);
        goto out;
    }
    if ((st = cpu_place_values(sg->graph, &lay, err)) != OC_OK)
        goto out;
    if (options->memory_bytes_max && lay.arena_bytes > options->memory_bytes_max) {
        st = OC_FAIL(err, OC_NOMEM, "needs %zu bytes for activations, %llu are allowed",
                     lay.arena_bytes, (unsigned long long)options->memory_bytes_max);
        goto out;
    }
    if ((st = build(p, sg->graph, &lay, options, isa, err)) != OC_OK ||
        (st = cpu_flows_build(p, sg->graph, isa, options->memory_bytes_max, err)) != OC_OK)
        goto out;
    double flops = 0;
    for (size_t i = 0; i < p->n_steps; i++)
        flops += p->steps[i].work.flops;
    *info = (oc_program_info){.struct_size = sizeof(*info),
                              .weight_bytes = weight_bytes(p),
                              .cores_max = oc_pool_threads(p->pool),
                              .workspace_bytes = workspace_bytes(p),
                              .late_bytes = cpu_flows_bytes(p),
                              .flops = flops,
                              .n_steps = (uint32_t)p->n_steps};
    *out = p;
    p = NULL;
out:
    cpu_layout_finish(&lay);
    cpu_drop(p);
    return st;
}

void cpu_drop(oc_program *program)
{
    if (!program)
        return;
    cpu_flows_drop(program);
    for (size_t i = 0; i < program->n_steps; i++)
        oc_packed_finish(&program->steps[i].packed);
    for (unsigned i = 0; i < program->n_prepare; i++)
        oc_arena_finish(&program->prepare[i]);
    oc_arena_finish(&program->mem);
    free(program);
}
