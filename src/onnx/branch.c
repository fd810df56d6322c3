/* If with a condition known when the file is read: the chosen branch takes the node's place.
 *
 * Exporters leave such nodes behind where a model asks about its own settings.  A condition that is
 * computed from the inputs is refused: nothing here decides at run time which nodes run. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "onnx/importer.h"
#include "ops/op.h"

typedef struct if_parts {
    wire_span cond, then_branch, else_branch;
    bool      has_cond;
    oc_vid   *out; /* of the node, n_out */
    uint32_t  n_out;
} if_parts;

static bool span_is(wire_span s, const char *text)
{
    return s.n == strlen(text) && memcmp(s.p, text, s.n) == 0;
}

/* AttributeProto: name (1), g (6). */
static oc_status read_branch(onnx_importer *im, wire_span bytes, if_parts *p)
{
    wire_reader r = {im->c.base, bytes};
    wire_field  f;
    oc_status   st = OC_OK;
    wire_span   name = {0}, graph = {0};

    while (wire_next(&r, &f, &st, im->c.err)) {
        if (f.type == WIRE_BYTES && f.number == 1)
            name = f.bytes;
        else if (f.type == WIRE_BYTES && f.number == 6)
            graph = f.bytes;
    }
    if (span_is(name, "then_branch"))
        p->then_branch = graph;
    else if (span_is(name, "else_branch"))
        p->else_branch = graph;
    return st;
}

static oc_status read_parts(onnx_importer *im, wire_span bytes, if_parts *p)
{
    wire_reader r = {im->c.base, bytes};
    wire_field  f;
    oc_status   st = OC_OK;
    uint32_t    n_in = 0, at = 0;

    while (wire_next(&r, &f, &st, im->c.err))
        p->n_out += f.number == 2 && f.type == WIRE_BYTES;
    if (st != OC_OK)
        return st;
    p->out = oc_arena_alloc(im->c.mem, p->n_out + 1, sizeof(*p->out));
    if (!p->out)
        return OC_FAIL(im->c.err, OC_NOMEM, "%u outputs", p->n_out);
    r = (wire_reader){im->c.base, bytes};
    while (st == OC_OK && wire_next(&r, &f, &st, im->c.err)) {
        if (f.type != WIRE_BYTES)
            continue;
        if (f.number == 1 && n_in++ == 0) {
            p->cond = f.bytes;
            p->has_cond = f.bytes.n > 0;
        } else if (f.number == 2) {
            p->out[at] = OC_VID_NONE;
            if (f.bytes.n)
                st = onnx_value(im, f.bytes, &p->out[at]);
            at++;
        } else if (f.number == 5) {
            st = read_branch(im, f.bytes, p);
        }
    }
    if (st == OC_OK && (n_in != 1 || !p->has_cond || !p->then_branch.p || !p->else_branch.p))
        st = OC_FAIL(im->c.err, OC_FORMAT, "it needs one condition and two branches");
    return st;
}

/* Exporters share constants through Identity. */
static oc_vid behind_identity(const oc_graph *g, oc_vid v)
{
    for (uint32_t i = g->n_nodes; i-- > 0;) { /* what a node reads was read before it */
        const oc_node *node = &g->nodes[i];

        if (!node->dead && node->n_in == 1 && node->n_out == 1 && node->out[0] == v &&
            strcmp(node->op_type, "Identity") == 0)
            v = node->in[0];
    }
    return v;
}

static oc_status read_condition(onnx_importer *im, wire_span name, bool *out)
{
    oc_vid    v = OC_VID_NONE;
    oc_status st = onnx_value(im, name, &v);
    size_t    n = 0;

    if (st != OC_OK)
        return st;
    const oc_value *value = &im->graph->values[v];
    if (!value->data)
        value = &im->graph->values[behind_identity(im->graph, v)];
    if (!value->data)
        return OC_FAIL(im->c.err, OC_UNSUPPORTED,
                       "the condition '%.80s' is decided at run time; only one that is a constant "
                       "of the file can be followed",
                       im->graph->values[v].name);
    if (value->info.dtype != OC_BOOL || !oc_shape_elements(&value->info.shape, &n) || n != 1)
        return OC_FAIL(im->c.err, OC_FORMAT, "the condition '%.80s' is not one bool", value->name);
    *out = *(const unsigned char *)value->data != 0;
    return OC_OK;
}

/* A name the branch defines: a new value, whatever the graphs around it call so. */
static oc_status define(onnx_importer *im, const char *prefix, wire_span name)
{
    char     *text = onnx_text(im, name), *full = NULL;
    oc_vid    v;
    oc_status st;

    if (!text)
        return OC_FAIL(im->c.err, OC_NOMEM, "name");
    if (name.n == 0 || oc_strmap_get(&im->scope->names, text, &v))
        return OC_OK; /* left out; made twice is told when the graph is verified */
    if (asprintf(&full, "%s/%s", prefix, text) < 0)
        return OC_FAIL(im->c.err, OC_NOMEM, "name");
    st = oc_graph_add_value(im->graph, full, &v, im->c.err);
    free(full);
    if (st == OC_OK && !oc_strmap_put(&im->scope->names, text, v))
        st = OC_FAIL(im->c.err, OC_NOMEM, "names");
    return st;
}

/* Initializers (5) by their names (8), nodes (1) by their outputs (2). */
static oc_status define_all(onnx_importer *im, const char *prefix, wire_span graph)
{
    wire_reader r = {im->c.base, graph};
    wire_field  f, inner;
    oc_status   st = OC_OK;

    while (st == OC_OK && wire_next(&r, &f, &st, im->c.err)) {
        if (f.type != WIRE_BYTES || (f.number != 1 && f.number != 5))
            continue;
        wire_reader ri = {im->c.base, f.bytes};
        while (st == OC_OK && wire_next(&ri, &inner, &st, im->c.err))
            if (inner.type == WIRE_BYTES && inner.number == (f.number == 1 ? 2u : 8u))
                st = define(im, prefix, inner.bytes);
    }
    return st;
}

/* The node's output is what the branch says: a copy, which a pass takes away again. */
static oc_status join_output(onnx_importer *im, const char *name, oc_vid from, oc_vid to)
{
    oc_node  *node;
    oc_status st = oc_graph_add_node(im->graph, name, "Identity", 1, 1, &node, im->c.err);

    if (st != OC_OK)
        return st;
    node->domain = "";
    node->op = oc_op_find("", "Identity");
    node->opset = 13;
    node->in[0] = from;
    node->out[0] = to;
    return OC_OK;
}

static oc_status join_outputs(onnx_importer *im, const char *name, wire_span graph,
                              const if_parts *p)
{
    wire_reader r = {im->c.base, graph};
    wire_field  f;
    oc_status   st = OC_OK;
    uint32_t    n = 0;

    while (st == OC_OK && wire_next(&r, &f, &st, im->c.err)) {
        onnx_value_info info;
        oc_vid          from;

        if (f.type != WIRE_BYTES || f.number != 12)
            continue;
        if (n < p->n_out && p->out[n] != OC_VID_NONE &&
            (st = onnx_read_value_info(&im->c, f.bytes, &info)) == OC_OK &&
            (st = onnx_value(im, info.name, &from)) == OC_OK)
            st = join_output(im, name, from, p->out[n]);
        n++;
    }
    if (st == OC_OK && n != p->n_out)
        st = OC_FAIL(im->c.err, OC_FORMAT, "the branch has %u outputs, the node %u", n, p->n_out);
    return st;
}

static oc_status refuse_field(onnx_importer *im, wire_span bytes)
{
    (void)bytes;
    return OC_FAIL(im->c.err, OC_UNSUPPORTED, "inputs or sparse initializers of a branch");
}

static oc_status splice(onnx_importer *im, const char *name, wire_span graph, const if_parts *p)
{
    onnx_scope scope = {.outer = im->scope, .depth = im->scope->depth + 1};
    oc_status  st;

    if (scope.depth > ONNX_DEPTH_MAX)
        return OC_FAIL(im->c.err, OC_UNSUPPORTED, "more than %d branches inside each other",
                       ONNX_DEPTH_MAX);
    im->scope = &scope;
    if ((st = onnx_each(im, graph, 11, refuse_field)) == OC_OK &&
        (st = onnx_each(im, graph, 15, refuse_field)) == OC_OK &&
        (st = define_all(im, name, graph)) == OC_OK &&
        (st = onnx_each(im, graph, 5, onnx_read_initializer)) == OC_OK &&
        (st = onnx_each(im, graph, 1, onnx_read_node)) == OC_OK)
        st = join_outputs(im, name, graph, p);
    im->scope = scope.outer;
    oc_strmap_finish(&scope.names);
    return st;
}

oc_status onnx_read_if(onnx_importer *im, const char *name, wire_span bytes)
{
    if_parts  p = {0};
    bool      yes = false;
    oc_status st = read_parts(im, bytes, &p);

    if (st != OC_OK || (st = read_condition(im, p.cond, &yes)) != OC_OK)
        return st;
    if (!*name && p.n_out && p.out[0] != OC_VID_NONE)
        name = im->graph->values[p.out[0]].name;
    st = splice(im, name, yes ? p.then_branch : p.else_branch, &p);
    if (st != OC_OK)
        oc_error_prefix(im->c.err, "%s", yes ? "then_branch" : "else_branch");
    return st;
}
