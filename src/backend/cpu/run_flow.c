/* Steps whose shapes are known only as they run. */
#include <stdlib.h>
#include <string.h>

#include "backend/cpu/flow.h"
#include "backend/cpu/program.h"
#include "ops/control.h"

typedef struct flow_step {
    flow_graph *graph;
    flow_cell  *in, *got; /* got: its results, until the next run */
    uint32_t   *port;     /* per result: which output of the program */
} flow_step;

struct cpu_flows {
    flow_world world;
    flow_step *steps; /* as many as the program has */
};

static oc_status give(const oc_tensor_info *declared, const flow_cell *got, const char *name,
                      oc_tensor_view *out, oc_error *err)
{
    if (!got->view.data)
        return OC_FAIL(err, OC_UNSUPPORTED, "output '%.80s' is no tensor", name);
    if (got->view.info.dtype != declared->dtype)
        return OC_FAIL(err, OC_FORMAT, "output '%.80s' is %s, the file declares %s", name,
                       oc_dtype_name(got->view.info.dtype), oc_dtype_name(declared->dtype));
    *out = got->view;
    return OC_OK;
}

/* Which output of the program is that value? */
static uint32_t port_of(const oc_graph *g, oc_vid v)
{
    uint32_t i = 0;
    while (i < g->n_outputs && g->outputs[i] != v)
        i++;
    return i;
}

static oc_status rehearse(oc_program *p, const oc_graph *g, const cpu_step *step, flow_step *f,
                          oc_error *err)
{
    static char somewhere; /* inputs are not read, but must be there */
    for (uint32_t k = 0; k < step->n_in; k++) {
        const oc_value *v = &g->values[step->node->in[k]];
        f->in[k].view =
            (oc_tensor_view){v->info, v->data ? (void *)(uintptr_t)v->data : &somewhere};
    }
    oc_status st = flow_graph_rehearse(f->graph, f->in, f->got, err);
    for (uint32_t k = 0; k < step->n_out; k++)
        flow_cell_drop(&p->flows->world, &f->got[k]);
    return st;
}

static oc_status build_step(oc_program *p, const oc_graph *g, size_t i, oc_error *err)
{
    const cpu_step *step = &p->steps[i];
    flow_step      *f = &p->flows->steps[i];
    const oc_node  *node = step->node;
    f->in = oc_arena_alloc(&p->mem, (size_t)node->n_in + 1, sizeof(*f->in));
    f->got = oc_arena_alloc(&p->mem, (size_t)node->n_out + 1, sizeof(*f->got));
    f->port = oc_arena_alloc(&p->mem, (size_t)node->n_out + 1, sizeof(*f->port));
    if (!f->in || !f->got || !f->port)
        return OC_FAIL(err, OC_NOMEM, "step");
    for (uint32_t k = 0; k < node->n_in; k++)
        f->in[k].fixed = g->values[node->in[k]].data != NULL;
    for (uint32_t k = 0; k < node->n_out; k++)
        f->port[k] = port_of(g, node->out[k]);
    oc_status st = flow_graph_create(&p->flows->world, oc_node_body(node, "body"), &f->graph, err);
    return st == OC_OK ? rehearse(p, g, step, f, err) : st;
}

oc_status cpu_flows_build(oc_program *program, const oc_graph *graph, oc_isa isa,
                          uint64_t bytes_max, oc_error *err)
{
    oc_status st = OC_OK;
    for (size_t i = 0; i < program->n_steps && st == OC_OK; i++) {
        if (oc_flow_kind_of(program->steps[i].op) != OC_FLOW_LATE)
            continue;
        if (!program->flows) {
            size_t n = program->n_steps;
            program->flows = oc_arena_alloc(&program->mem, 1, sizeof(*program->flows));
            if (!program->flows)
                return OC_FAIL(err, OC_NOMEM, "flow");
            program->flows->world =
                (flow_world){.pool = program->pool, .isa = isa, .bytes_max = bytes_max};
            program->flows->steps =
                oc_arena_alloc(&program->mem, n, sizeof(*program->flows->steps));
            if (!program->flows->steps)
                return OC_FAIL(err, OC_NOMEM, "flow");
        }
        st = build_step(program, graph, i, err);
    }
    return st;
}

oc_status cpu_flows_run(oc_program *program, size_t i, const oc_run *run, oc_tensor_view *out,
                        oc_error *err)
{
    const cpu_step *step = &program->steps[i];
    flow_step      *f = &program->flows->steps[i];
    flow_world     *w = &program->flows->world;
    oc_status       st;
    if (!f->graph)
        return OC_OK;
    for (uint32_t k = 0; k < step->n_in; k++)
        f->in[k].view = step->in[k];
    for (uint32_t k = 0; k < step->n_out; k++)
        flow_cell_drop(w, &f->got[k]);
    w->cancel = run->cancel;
    w->cores = run->cores ? run->cores : program->cores_max;
    st = flow_graph_run(f->graph, f->in, f->got, err);
    const oc_graph *g = flow_graph_peek(f->graph);
    for (uint32_t k = 0; k < step->n_out && st == OC_OK; k++)
        st = give(&step->out[k].info, &f->got[k], g->values[g->outputs[k]].name, &out[f->port[k]],
                  err);
    return st;
}

uint64_t cpu_flows_bytes(const oc_program *program)
{
    return program->flows ? program->flows->world.bytes : 0;
}

void cpu_flows_drop(oc_program *program)
{
    if (!program->flows)
        return;
    for (size_t i = 0; program->flows->steps && i < program->n_steps; i++) {
        flow_step *f = &program->flows->steps[i];
        for (uint32_t k = 0; f->got && k < program->steps[i].n_out; k++)
            flow_cell_drop(&program->flows->world, &f->got[k]);
        flow_graph_destroy(f->graph);
    }
    flow_world_finish(&program->flows->world);
}
