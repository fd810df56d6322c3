/* Sessions into plan files and back. */
#include <stdlib.h>
#include <string.h>

#include "backend/cpu/program.h"
#include "ocellus/plan.h"
#include "ops/choice.h"
#include "passes/pass.h"
#include "runtime/state.h"

/* ---- save ---- */

static oc_status read_origin(const oc_session *s, oc_arena *mem, oc_origin *out, oc_error *err)
{
    const char     *names[OC_ORIGIN_FILES_MAX];
    const oc_bytes *bytes[OC_ORIGIN_FILES_MAX];
    uint32_t        n = 0;
    if (!s->model) { /* of a plan that was opened: the same files */
        *out = s->plan.origin;
        return OC_OK;
    }
    if (!oc_model_path(s->model))
        return OC_FAIL(err, OC_UNSUPPORTED, "the model was loaded from memory, not from a file");
    while (n < OC_ORIGIN_FILES_MAX && oc_model_file(s->model, n, &names[n], &bytes[n]))
        n++;
    return oc_origin_read(oc_model_path(s->model), names, bytes, n, mem, out, err);
}

static oc_plan_step step_of(const oc_session *s, const cpu_step *step)
{
    const oc_choice *c = step->work.choice;
    return (oc_plan_step){.node = (uint32_t)(step->node - s->graph->nodes),
                          .choice = c ? c->key : "",
                          .kernel = c ? c->name[c->at] : "",
                          .blobs = step->packed.blobs,
                          .n_blobs = step->packed.n};
}

oc_status oc_plan_save(const oc_session *session, const char *path, oc_error *err)
{
    const oc_program *p = session->program;
    oc_arena          mem = {0};
    oc_origin         origin = {0};
    oc_status         st;
    if (!oc_session_is_ours(session))
        return OC_FAIL(err, OC_UNSUPPORTED, "%s: plans are for the backend '%s'", path,
                       oc_backend_cpu.name);
    oc_plan_step *steps = oc_arena_alloc(&mem, p->n_steps + 1, sizeof(*steps));
    if (!steps) {
        st = OC_FAIL(err, OC_NOMEM, "plan of %zu steps", p->n_steps);
        goto out;
    }
    for (size_t i = 0; i < p->n_steps; i++)
        steps[i] = step_of(session, &p->steps[i]);
    if ((st = read_origin(session, &mem, &origin, err)) != OC_OK)
        goto out;
    oc_plan_content content = {.key = session->key,
                               .origin = &origin,
                               .graph = session->graph,
                               .released = session->released,
                               .steps = steps,
                               .n_steps = p->n_steps,
                               .arena_bytes = p->arena_bytes};
    st = oc_plan_write(path, &content, err);
out:
    oc_arena_finish(&mem);
    return st;
}

/* ---- open ---- */

static oc_status check_key(const oc_plan_key *have, const oc_plan_key *want, oc_error *err)
{
    if (strcmp(have->build, want->build) != 0)
        return OC_FAIL(err, OC_UNSUPPORTED,
                       "made by another build of this library (%.20s, not %.20s)", have->build,
                       want->build);
    if (have->isa_flags != want->isa_flags || strcmp(have->isa, want->isa) != 0)
        return OC_FAIL(err, OC_UNSUPPORTED, "made for instruction set '%s' (%x), not '%s' (%x)",
                       have->isa, have->isa_flags, want->isa, want->isa_flags);
    if (have->no_fusion != want->no_fusion)
        return OC_FAIL(err, OC_UNSUPPORTED, "made %s fusion", have->no_fusion ? "without" : "with");
    return OC_OK;
}

static oc_status check_shapes(const oc_graph *g, const oc_session_options *o, oc_error *err)
{
    for (size_t i = 0; i < o->n_shapes; i++) {
        const oc_value *v = NULL;
        char            have[96], asked[96];
        for (uint32_t k = 0; k < g->n_inputs; k++)
            if (o->shapes[i].name ? strcmp(g->values[g->inputs[k]].name, o->shapes[i].name) == 0
                                  : g->n_inputs == 1)
                v = &g->values[g->inputs[k]];
        if (!v)
            return OC_FAIL(err, OC_INVALID, "the network has no input '%.80s'",
                           o->shapes[i].name ? o->shapes[i].name : "of no name");
        if (!oc_shape_equal(&v->info.shape, &o->shapes[i].info.shape))
            return OC_FAIL(err, OC_UNSUPPORTED, "made for input '%.80s' of %s, not %s", v->name,
                           oc_shape_text(&v->info.shape, have, sizeof(have)),
                           oc_shape_text(&o->shapes[i].info.shape, asked, sizeof(asked)));
    }
    return OC_OK;
}

static bool same_info(const oc_tensor_info *a, const oc_tensor_info *b)
{
    return a->dtype == b->dtype && oc_shape_equal(&a->shape, &b->shape);
}

/* The shapes a plan tells are those its operators compute: memory is laid out by them. */
static oc_status check_infos(oc_graph *g, oc_error *err)
{
    oc_status st = OC_OK;
    for (uint32_t i = 0; i < g->n_nodes && st == OC_OK; i++) {
        oc_node        *n = &g->nodes[i];
        oc_tensor_info *told = calloc((size_t)n->n_out + 1, sizeof(*told));
        if (!told)
            return OC_FAIL(err, OC_NOMEM, "check of a plan");
        for (uint32_t k = 0; k < n->n_out; k++)
            if (n->out[k] != OC_VID_NONE)
                told[k] = g->values[n->out[k]].info;
        st = oc_node_infer(g, n, err);
        for (uint32_t k = 0; k < n->n_out && st == OC_OK; k++)
            if (n->out[k] != OC_VID_NONE && !same_info(&told[k], &g->values[n->out[k]].info))
                st = OC_FAIL(err, OC_FORMAT, "node '%.80s' (%.40s) makes another shape", n->name,
                             n->op_type);
        free(told);
    }
    if (st != OC_OK && st != OC_NOMEM) {
        oc_error_prefix(err, "damaged");
        if (err)
            err->status = OC_FORMAT;
        return OC_FORMAT;
    }
    return st;
}

/* The program asked for what the plan has, no less and nothing else. */
static oc_status check_program(const oc_session *s, oc_error *err)
{
    const oc_program *p = s->program;
    const oc_plan    *plan = &s->plan;
    bool              same = p->n_steps == plan->n_steps && p->arena_bytes == plan->arena_bytes;
    for (size_t i = 0; i < p->n_steps && same; i++)
        same = (size_t)(p->steps[i].node - s->graph->nodes) == plan->steps[i].node;
    if (!same)
        return OC_FAIL(err, OC_FORMAT, "damaged: its steps or the places of its values differ");
    for (uint32_t v = 0; v < s->graph->n_values; v++)
        if (plan->absent[v] && !s->released[v])
            return OC_FAIL(err, OC_FORMAT, "damaged: contents of '%.80s' are missing",
                           s->graph->values[v].name);
    return OC_OK;
}

static oc_status open_plan(oc_session *s, const char *path, const char *model_path,
                           const oc_session_options *o, oc_error *err)
{
    oc_status st;
    if (!oc_session_is_ours(s))
        return OC_FAIL(err, OC_UNSUPPORTED, "plans are for the backend '%s'", oc_backend_cpu.name);
    if ((st = oc_plan_map(path, &s->plan, err)) != OC_OK)
        return st;
    if ((st = check_key(&s->plan.key, &s->key, err)) != OC_OK ||
        (st = oc_origin_check(&s->plan.origin, model_path, err)) != OC_OK ||
        (st = check_shapes(s->plan.graph, o, err)) != OC_OK ||
        (st = oc_session_from_plan(s, o, err)) != OC_OK)
        oc_error_prefix(err, "%s", path);
    return st;
}

oc_status oc_session_from_plan(oc_session *s, const oc_session_options *o, oc_error *err)
{
    const oc_packed_host packed = {.given = s->plan.given, .n_given = s->plan.n_steps};
    oc_status            st = check_infos(s->plan.graph, err);
    if (st != OC_OK)
        return st;
    s->graph = s->plan.graph;
    s->plan.graph = NULL;
    st = oc_session_build(s, o, &packed, err);
    return st == OC_OK ? check_program(s, err) : st;
}

oc_status oc_plan_open(const char *path, const char *model_path, const oc_session_options *options,
                       oc_session **out, oc_error *err)
{
    oc_session_options o;
    oc_session        *s = NULL;
    oc_status          st = oc_session_begin(options, &o, &s, err);
    if (st == OC_OK && (st = open_plan(s, path, model_path, &o, err)) == OC_OK) {
        *out = s;
        s = NULL;
    }
    oc_session_destroy(s);
    return st;
}
