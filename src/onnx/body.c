/* Graphs inside nodes: the branches of an If, the bodies of Loop and Scan.
 *
 * A body becomes a graph of its own.  What it reads of the graphs around it are captures: its last
 * inputs, which its node lists after its own. */
#include <stdlib.h>
#include <string.h>

#include "onnx/importer.h"

static oc_status add_name(onnx_importer *im, onnx_scope *scope, const char *text, oc_vid *out)
{
    oc_status st = oc_graph_add_value(scope->graph, text, out, im->c.err);
    if (st == OC_OK && !oc_strmap_put(&scope->names, scope->graph->values[*out].name, *out))
        st = OC_FAIL(im->c.err, OC_NOMEM, "names");
    return st;
}

static oc_status capture(onnx_importer *im, onnx_scope *scope, oc_vid from, oc_vid to)
{
    onnx_capture *more = reallocarray(scope->captures, scope->n_captures + 1, sizeof(*more));
    if (!more)
        return OC_FAIL(im->c.err, OC_NOMEM, "captures");
    scope->captures = more;
    scope->captures[scope->n_captures++] = (onnx_capture){from, to};
    scope->graph->values[to].is_input = true;
    return OC_OK;
}

oc_status onnx_scope_find(onnx_importer *im, onnx_scope *scope, const char *text, oc_vid *out)
{
    oc_vid    from;
    oc_status st;
    if (oc_strmap_get(&scope->names, text, out))
        return OC_OK;
    if (!scope->outer)
        return add_name(im, scope, text, out);
    if ((st = onnx_scope_find(im, scope->outer, text, &from)) != OC_OK ||
        (st = add_name(im, scope, text, out)) != OC_OK)
        return st;
    return capture(im, scope, from, *out);
}

/* A name the body defines: a new value, whatever the graphs around it call so. */
static oc_status define(onnx_importer *im, wire_span name)
{
    char  *text = onnx_text(im, name);
    oc_vid v;
    if (!text)
        return OC_FAIL(im->c.err, OC_NOMEM, "name");
    if (name.n == 0 || oc_strmap_get(&im->scope->names, text, &v))
        return OC_OK; /* left out; made twice is told when the graph is verified */
    return add_name(im, im->scope, text, &v);
}

/* Initializers (5) by their names (8), nodes (1) by their outputs (2). */
static oc_status define_all(onnx_importer *im, wire_span graph)
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
                st = define(im, inner.bytes);
    }
    return st;
}

static oc_status read_input(onnx_importer *im, wire_span bytes)
{
    oc_graph       *g = im->graph;
    onnx_value_info info;
    oc_vid          v;
    oc_status       st = onnx_read_value_info(&im->c, bytes, &info);
    if (st != OC_OK || (st = define(im, info.name)) != OC_OK ||
        (st = onnx_value(im, info.name, &v)) != OC_OK)
        return st;
    if (g->values[v].is_input)
        return OC_FAIL(im->c.err, OC_FORMAT, "input '%.80s' is there twice", g->values[v].name);
    g->values[v].info = info.info;
    g->values[v].is_input = true;
    g->inputs[g->n_inputs++] = v;
    return OC_OK;
}

static oc_status read_output(onnx_importer *im, wire_span bytes)
{
    oc_graph       *g = im->graph;
    onnx_value_info info;
    oc_vid          v;
    oc_status       st = onnx_read_value_info(&im->c, bytes, &info);
    if (st != OC_OK || (st = onnx_value(im, info.name, &v)) != OC_OK)
        return st;
    g->values[v].is_output = true;
    if (g->values[v].info.dtype == OC_DTYPE_NONE)
        g->values[v].info = info.info; /* for what a loop without a turn leaves */
    g->outputs[g->n_outputs++] = v;
    return OC_OK;
}

static oc_status make_ports(onnx_importer *im, wire_span bytes)
{
    wire_reader r = {im->c.base, bytes};
    wire_field  f;
    oc_status   st = OC_OK;
    size_t      n_in = 0, n_out = 0;
    while (wire_next(&r, &f, &st, im->c.err)) {
        n_in += f.number == 11;
        n_out += f.number == 12;
        if (f.number == 15)
            return OC_FAIL(im->c.err, OC_UNSUPPORTED, "sparse initializers");
    }
    if (st != OC_OK)
        return st;
    im->graph->inputs = calloc(n_in + 1, sizeof(oc_vid));
    im->graph->outputs = calloc(n_out + 1, sizeof(oc_vid));
    return im->graph->inputs && im->graph->outputs ? OC_OK : OC_FAIL(im->c.err, OC_NOMEM, "graph");
}

/* The captures become the last inputs. */
static oc_status close_body(onnx_importer *im, onnx_scope *scope)
{
    oc_graph *g = scope->graph;
    oc_vid *in = reallocarray(g->inputs, (size_t)g->n_inputs + scope->n_captures + 1, sizeof(*in));
    oc_status st;
    if (!in)
        return OC_FAIL(im->c.err, OC_NOMEM, "captures");
    g->inputs = in;
    for (uint32_t i = 0; i < scope->n_captures; i++)
        g->inputs[g->n_inputs++] = scope->captures[i].to;
    g->n_captures = scope->n_captures;
    if ((st = oc_graph_sort(g, im->c.err)) != OC_OK)
        return st;
    return oc_graph_verify(g, im->c.err);
}

static oc_status fill_body(onnx_importer *im, wire_span bytes)
{
    oc_status st;
    if ((st = make_ports(im, bytes)) != OC_OK ||
        (st = onnx_each(im, bytes, 11, read_input)) != OC_OK ||
        (st = define_all(im, bytes)) != OC_OK ||
        (st = onnx_each(im, bytes, 5, onnx_read_initializer)) != OC_OK ||
        (st = onnx_each(im, bytes, 1, onnx_read_node)) != OC_OK ||
        (st = onnx_each(im, bytes, 12, read_output)) != OC_OK)
        return st;
    return close_body(im, im->scope);
}

static oc_status read_body(onnx_importer *im, wire_span bytes, onnx_body *out)
{
    onnx_scope scope = {.outer = im->scope, .depth = im->scope->depth + 1};
    oc_status  st;
    if (scope.depth > ONNX_DEPTH_MAX)
        return OC_FAIL(im->c.err, OC_UNSUPPORTED, "more than %d graphs inside each other",
                       ONNX_DEPTH_MAX);
    if ((st = oc_graph_create(&scope.graph, im->c.err)) != OC_OK)
        return st;
    oc_graph_add_child(im->graph, scope.graph);
    im->scope = &scope;
    im->graph = scope.graph;
    im->c.mem = &scope.graph->arena;
    st = fill_body(im, bytes);
    im->scope = scope.outer;
    im->graph = scope.outer->graph;
    im->c.mem = &im->graph->arena;
    oc_strmap_finish(&scope.names);
    out->graph = scope.graph;
    out->captures = scope.captures;
    return st;
}

/* AttributeProto: name (1), g (6). */
static oc_status read_attr(onnx_importer *im, wire_span bytes, onnx_bodies *out)
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
    if (st != OC_OK || !graph.p)
        return st;
    if (out->n == ONNX_BODIES_MAX)
        return OC_FAIL(im->c.err, OC_UNSUPPORTED, "more than %d graphs", ONNX_BODIES_MAX);
    st = read_body(im, graph, &out->body[out->n]);
    out->body[out->n++].attr = bytes.p;
    if (st != OC_OK)
        oc_error_prefix(im->c.err, "%.*s", (int)(name.n < 40 ? name.n : 40),
                        name.n ? (const char *)name.p : "");
    return st;
}

oc_status onnx_read_bodies(onnx_importer *im, wire_span node, onnx_bodies *out)
{
    wire_reader r = {im->c.base, node};
    wire_field  f;
    oc_status   st = OC_OK;
    while (st == OC_OK && wire_next(&r, &f, &st, im->c.err))
        if (f.number == 5 && f.type == WIRE_BYTES)
            st = read_attr(im, f.bytes, out);
    return st;
}

void onnx_bodies_finish(onnx_bodies *bodies)
{
    for (uint32_t i = 0; i < bodies->n; i++)
        free(bodies->body[i].captures);
}
