#include <string.h>
#include <time.h>

#include "backend/cpu/program.h"
#include "backend/registry.h"
#include "ops/choice.h"

static void bind(oc_program *p, const oc_run *run, const oc_tensor_view *in, oc_tensor_view *out)
{
    size_t first = p->n_arena;
    if (p->bound != run->workspace)
        first = 0;
    p->bound = run->workspace;
    for (size_t i = first; i < p->n_patches; i++) {
        const cpu_place *at = &p->patches[i].place;
        char            *base = at->home == CPU_HOME_ARENA   ? run->workspace
                                : at->home == CPU_HOME_INPUT ? in[at->index].data
                                                             : out[at->index].data;
        p->patches[i].view->data = base ? base + at->offset : NULL; /* what a flow gives itself */
    }
}

typedef struct step_run {
    const cpu_step *step;
    uint32_t        phase;
    char           *scratch;
    size_t          scratch_bytes;
} step_run;

static void run_range(void *ctx, oc_range part, unsigned worker)
{
    const step_run *s = ctx;
    oc_op_run       r = {.state = s->step->state,
                         .in = s->step->in,
                         .out = s->step->out,
                         .n_in = s->step->n_in,
                         .n_out = s->step->n_out,
                         .phase = s->phase,
                         .part = part,
                         .scratch = s->scratch + worker * s->scratch_bytes};
    s->step->op->run(&r);
}

static uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static double view_bytes(const oc_tensor_view *v, uint32_t n)
{
    double sum = 0;
    for (uint32_t i = 0; i < n; i++) {
        size_t bytes;
        if (v[i].data && oc_tensor_bytes(&v[i].info, &bytes))
            sum += (double)bytes;
    }
    return sum;
}

static oc_step_view step_view(const cpu_step *s, uint32_t i, uint64_t ns)
{
    const oc_choice *c = s->work.choice;
    oc_step_view     v = {.struct_size = sizeof(v),
                          .name = s->node->name,
                          .op_type = s->op->name,
                          .index = i,
                          .ns = ns,
                          .flops = s->work.flops,
                          .bytes = view_bytes(s->in, s->n_in) + view_bytes(s->out, s->n_out),
                          .out = s->n_out ? &s->out[0].info : NULL};
    if (c) {
        v.kernel = c->name[c->at];
        v.kernel_key = c->key;
        v.kernels = c->name;
        v.n_kernels = c->n;
    }
    return v;
}

static void tell_step(const oc_run *run, const cpu_step *s, uint32_t i, uint64_t ns)
{
    oc_step_view v = step_view(s, i, ns);
    run->on_step(run->on_step_ctx, &v);
}

static void cpu_describe(const oc_program *program, oc_step_fn *on_step, void *ctx)
{
    for (size_t i = 0; i < program->n_steps; i++) {
        oc_step_view v = step_view(&program->steps[i], (uint32_t)i, 0);
        on_step(ctx, &v);
    }
}

oc_status cpu_run(oc_program *program, const oc_run *run, const oc_tensor_view *in,
                  oc_tensor_view *out, oc_error *err)
{
    bind(program, run, in, out);
    unsigned  cores = run->cores ? run->cores : program->cores_max;
    unsigned  mode = oc_fp_flush_denormals();
    char     *scratch = (char *)run->workspace + (program->arena_bytes + 63) / 64 * 64;
    oc_status st = OC_OK;
    for (size_t i = 0; i < program->n_steps; i++) {
        step_run s = {.step = &program->steps[i],
                      .scratch = scratch,
                      .scratch_bytes = program->scratch_bytes};
        if (run->cancel && *run->cancel) {
            st =
                OC_FAIL(err, OC_CANCELLED, "cancelled before step %zu of %zu", i, program->n_steps);
            break;
        }
        uint64_t t0 = run->on_step ? now_ns() : 0;
        if (program->flows && (st = cpu_flows_run(program, i, run, out, err)) != OC_OK)
            break;
        for (s.phase = 0; s.phase < s.step->work.n_phases; s.phase++)
            oc_pool_run_paced(program->pool, cores, s.step->work.phase[s.phase].units,
                              s.step->work.phase[s.phase].grain, run_range, &s,
                              &program->steps[i].unit_ns[s.phase]);
        if (run->on_step)
            tell_step(run, s.step, (uint32_t)i, now_ns() - t0);
    }
    oc_fp_restore(mode);
    for (size_t i = 0; i < program->n_copies && st == OC_OK; i++) {
        const cpu_patch *c = &program->copies[i];
        size_t           bytes;
        if (oc_tensor_bytes(&c->view->info, &bytes) && bytes)
            memcpy(out[c->place.index].data, c->view->data, bytes);
    }
    return st;
}

/* ---- the table ---- */

struct oc_backend {
    char unused;
};

static int cpu_score(void)
{
    return 1;
}

static oc_status cpu_open(const oc_host *host, oc_backend **out, oc_error *err)
{
    static oc_backend only;
    (void)host;
    (void)err;
    *out = &only;
    return OC_OK;
}

static void cpu_close(oc_backend *self)
{
    (void)self;
}

static bool cpu_supports(const oc_backend *self, const char *op_type, const oc_tensor_info *in,
                         size_t n_in)
{
    (void)self;
    (void)in;
    (void)n_in;
    return oc_op_find("", op_type) != NULL || oc_op_find("com.microsoft", op_type) != NULL ||
           oc_op_find("ocellus", op_type) != NULL;
}

static oc_status cpu_compile_slot(oc_backend *self, const oc_subgraph *sg,
                                  const oc_compile_options *options, oc_program **out,
                                  oc_program_info *info, oc_error *err)
{
    (void)self;
    return cpu_compile(sg, options, out, info, err);
}

const oc_backend_ops oc_backend_cpu = {
    .abi = OC_BACKEND_ABI,
    .struct_size = sizeof(oc_backend_ops),
    .name = "cpu",
    .score = cpu_score,
    .open = cpu_open,
    .close = cpu_close,
    .supports = cpu_supports,
    .compile = cpu_compile_slot,
    .run = cpu_run,
    .drop = cpu_drop,
    .describe = cpu_describe,
};
