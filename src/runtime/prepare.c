#include "runtime/prepare.h"

#include <string.h>

/* A shape without a name is that of the only input. */
static bool is_for(const oc_port *shape, const oc_graph *g, const char *name)
{
    return shape->name ? strcmp(shape->name, name) == 0 : g->n_inputs == 1;
}

static const oc_port *bound_shape(const oc_session_options *o, const oc_graph *g, const char *name)
{
    for (size_t i = 0; i < o->n_shapes; i++)
        if (is_for(&o->shapes[i], g, name))
            return &o->shapes[i];
    return NULL;
}

static oc_status bind_input(oc_value *v, const oc_port *port, oc_error *err)
{
    char      have[96], asked[96];
    oc_shape *s = &v->info.shape;
    if (!port) {
        for (uint32_t d = 0; d < s->rank; d++)
            if (s->dim[d] < 0)
                return OC_FAIL(err, OC_INVALID,
                               "input '%.80s' is %s: its open dimensions must be bound", v->name,
                               oc_shape_text(s, have, sizeof(have)));
        return OC_OK;
    }
    bool fits = port->info.shape.rank == s->rank;
    for (uint32_t d = 0; fits && d < s->rank; d++)
        fits =
            port->info.shape.dim[d] > 0 && (s->dim[d] < 0 || s->dim[d] == port->info.shape.dim[d]);
    if (!fits)
        return OC_FAIL(err, OC_INVALID, "input '%.80s' is %s, it cannot be %s", v->name,
                       oc_shape_text(s, have, sizeof(have)),
                       oc_shape_text(&port->info.shape, asked, sizeof(asked)));
    *s = port->info.shape;
    return OC_OK;
}

static oc_status bind_inputs(oc_graph *g, const oc_session_options *o, oc_error *err)
{
    for (size_t i = 0; i < o->n_shapes; i++) {
        bool known = false;
        for (uint32_t k = 0; k < g->n_inputs; k++)
            known = known || is_for(&o->shapes[i], g, g->values[g->inputs[k]].name);
        if (!known && !o->shapes[i].name)
            return OC_FAIL(err, OC_INVALID, "the network has %u inputs: a shape must name its own",
                           g->n_inputs);
        if (!known)
            return OC_FAIL(err, OC_INVALID, "the network has no input '%.80s'", o->shapes[i].name);
    }
    for (uint32_t k = 0; k < g->n_inputs; k++) {
        oc_value *v = &g->values[g->inputs[k]];
        oc_status st = bind_input(v, bound_shape(o, g, v->name), err);
        size_t    bytes;
        if (st != OC_OK)
            return st;
        if (!oc_tensor_bytes(&v->info, &bytes) || bytes > (size_t)1 << 40)
            return OC_FAIL(err, OC_INVALID, "input '%.80s' is too large", v->name);
    }
    return OC_OK;
}

oc_status oc_prepare_graph(const oc_model *model, const oc_session_options *options, bool blocked,
                           oc_pass_seen_fn *seen, void *ctx, oc_graph **out, oc_error *err)
{
    oc_graph       *g = NULL;
    oc_pass_options po = {.minimal = options->no_fusion || !blocked,
                          .allow_dynamic = options->allow_dynamic};
    oc_status       st;
    if (!oc_isa_parse(options->isa ? options->isa : "auto", &po.isa))
        return OC_FAIL(err, OC_INVALID, "this processor has no instruction set '%.20s'",
                       options->isa);
    if ((st = oc_graph_dup(oc_model_peek_graph(model), &g, err)) != OC_OK ||
        (st = bind_inputs(g, options, err)) != OC_OK ||
        (st = oc_passes_run(g, &po, seen, ctx, err)) != OC_OK)
        goto out;
    *out = g;
    g = NULL;
out:
    oc_graph_destroy(g);
    return st;
}
