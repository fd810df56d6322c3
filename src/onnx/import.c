/* ModelProto and GraphProto: names are resolved, nodes checked against the operator table and put
 * in order. */
#include "onnx/importer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "onnx/attr.h"
#include "onnx/opset.h"
#include "ops/op.h"

char *onnx_text(onnx_importer *im, wire_span s)
{
    return oc_arena_strndup(im->c.mem, s.n ? (const char *)s.p : "", s.n);
}

oc_status onnx_value(onnx_importer *im, wire_span name, oc_vid *out)
{
    char *text = onnx_text(im, name);
    return text ? onnx_scope_find(im, im->scope, text, out) : OC_FAIL(im->c.err, OC_NOMEM, "name");
}

static void warn(onnx_importer *im, const char *fmt, const char *name, size_t i)
{
    if (im->out->n_warnings == OC_IMPORT_WARNINGS_MAX)
        return;
    char *line = NULL;
    if (asprintf(&line, fmt, name, i) >= 0)
        im->out->warnings[im->out->n_warnings++] = line;
}

typedef uint32_t eight __attribute__((vector_size(32)));

/* Without a branch inside, and by vectors, so that it takes as long as reading does: adding one to
 * an exponent of ones carries into the sign. */
static bool all_finite(const float *x, size_t n)
{
    const eight exponent = {0x7f800000u, 0x7f800000u, 0x7f800000u, 0x7f800000u,
                            0x7f800000u, 0x7f800000u, 0x7f800000u, 0x7f800000u};
    eight       bad[2] = {{0}}, bits[2];
    uint32_t    any = 0, last;
    size_t      i = 0;
    for (; i + 16 <= n; i += 16) {
        memcpy(bits, &x[i], sizeof(bits));
        bad[0] |= (bits[0] & exponent) + 0x00800000u;
        bad[1] |= (bits[1] & exponent) + 0x00800000u;
    }
    for (unsigned k = 0; k < 8; k++)
        any |= bad[0][k] | bad[1][k];
    for (; i < n; i++) {
        memcpy(&last, &x[i], sizeof(last));
        any |= (last & 0x7f800000u) + 0x00800000u;
    }
    return !(any & 0x80000000u);
}

static void warn_not_finite(onnx_importer *im, const oc_value *v)
{
    size_t       n;
    const float *x = v->data;
    if (v->info.dtype != OC_F32 || !oc_shape_elements(&v->info.shape, &n) || all_finite(x, n))
        return;
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(x[i])) {
            warn(im, "tensor '%.80s' has a NaN or infinite value (element %zu)", v->name, i);
            return;
        }
    }
}

oc_status onnx_read_initializer(onnx_importer *im, wire_span bytes)
{
    onnx_tensor t;
    oc_vid      v;
    oc_status   st = onnx_read_tensor(&im->c, bytes, &t);
    if (st != OC_OK || (st = onnx_value(im, t.name, &v)) != OC_OK)
        return st;
    oc_value *value = &im->graph->values[v];
    if (value->data)
        return OC_FAIL(im->c.err, OC_FORMAT, "tensor '%.80s' is there twice", value->name);
    value->info = t.view.info;
    value->data = t.view.data;
    warn_not_finite(im, value);
    return OC_OK;
}

static oc_status read_input(onnx_importer *im, wire_span bytes)
{
    onnx_value_info info;
    oc_vid          v;
    oc_status       st = onnx_read_value_info(&im->c, bytes, &info);
    if (st != OC_OK || (st = onnx_value(im, info.name, &v)) != OC_OK)
        return st;
    oc_graph *g = im->graph;
    if (g->values[v].data)
        return OC_OK; /* older exporters list initializers as inputs too */
    if (info.info.dtype == OC_DTYPE_NONE)
        return OC_FAIL(im->c.err, OC_UNSUPPORTED, "input '%.80s' is no tensor of a known type",
                       g->values[v].name);
    g->values[v].info = info.info;
    g->values[v].is_input = true;
    g->inputs[g->n_inputs++] = v;
    return OC_OK;
}

static oc_status read_output(onnx_importer *im, wire_span bytes)
{
    onnx_value_info info;
    oc_vid          v;
    oc_status       st = onnx_read_value_info(&im->c, bytes, &info);
    if (st != OC_OK || (st = onnx_value(im, info.name, &v)) != OC_OK)
        return st;
    oc_value *value = &im->graph->values[v];
    if (value->is_output)
        return OC_FAIL(im->c.err, OC_FORMAT, "output '%.80s' is there twice", value->name);
    value->is_output = true;
    if (value->info.dtype == OC_DTYPE_NONE)
        value->info = info.info; /* a hint for listing; inference has the last word */
    im->graph->outputs[im->graph->n_outputs++] = v;
    return OC_OK;
}

/* ---- nodes ---- */

typedef struct node_counts {
    uint32_t  in, out, attrs;
    wire_span name, op_type, domain;
} node_counts;

static oc_status count_node(onnx_importer *im, wire_span bytes, node_counts *n)
{
    wire_reader r = {im->c.base, bytes};
    wire_field  f;
    oc_status   st = OC_OK;
    while (wire_next(&r, &f, &st, im->c.err)) {
        if (f.type != WIRE_BYTES)
            continue;
        switch (f.number) {
        case 1: n->in++; break;
        case 2: n->out++; break;
        case 3: n->name = f.bytes; break;
        case 4: n->op_type = f.bytes; break;
        case 5: n->attrs++; break;
        case 7: n->domain = f.bytes; break;
        default: break;
        }
    }
    return st;
}

static oc_status fill_attr(onnx_importer *im, wire_span bytes, const onnx_bodies *bodies,
                           oc_attr *out)
{
    for (uint32_t i = 0; i < bodies->n; i++)
        if (bodies->body[i].attr == bytes.p)
            return onnx_graph_attr(&im->c, bytes, bodies->body[i].graph, out);
    return onnx_read_attr(&im->c, bytes, out);
}

static oc_status fill_node(onnx_importer *im, wire_span bytes, uint32_t node_index,
                           const onnx_bodies *bodies, oc_attr *attrs)
{
    wire_reader r = {im->c.base, bytes};
    wire_field  f;
    oc_status   st = OC_OK;
    uint32_t    in = 0, out = 0;
    while (st == OC_OK && wire_next(&r, &f, &st, im->c.err)) {
        oc_vid v = OC_VID_NONE;
        if (f.type != WIRE_BYTES)
            continue;
        if ((f.number == 1 || f.number == 2) && f.bytes.n)
            st = onnx_value(im, f.bytes, &v);
        if (f.number == 1)
            im->graph->nodes[node_index].in[in++] = v;
        else if (f.number == 2)
            im->graph->nodes[node_index].out[out++] = v;
        else if (f.number == 5)
            st = fill_attr(im, f.bytes, bodies, attrs++);
    }
    for (uint32_t i = 0; i < bodies->n && st == OC_OK; i++)
        for (uint32_t k = 0; k < bodies->body[i].graph->n_captures; k++)
            im->graph->nodes[node_index].in[in++] = bodies->body[i].captures[k].from;
    return st;
}

static int64_t version_of(const onnx_importer *im, const char *domain)
{
    if (strcmp(domain, "ai.onnx") == 0)
        domain = "";
    for (size_t i = 0; i < im->n_domains; i++)
        if (strcmp(im->domain[i].name, domain) == 0)
            return im->domain[i].version;
    return 0;
}

static oc_status bind_op(onnx_importer *im, oc_node *node)
{
    oc_error *err = im->c.err;
    int64_t   version = version_of(im, node->domain);
    bool      onnx = node->domain[0] == 0 || strcmp(node->domain, "ai.onnx") == 0;
    node->opset = (int)version;
    if (strcmp(node->domain, "ocellus") == 0)
        return OC_FAIL(err, OC_FORMAT, "the domain 'ocellus' is for internal use");
    if (onnx && version == 0)
        return OC_FAIL(err, OC_FORMAT, "the file imports no ONNX operator set");
    if (onnx && (version > ONNX_OPSET_MAX || version < 1))
        return OC_FAIL(err, OC_UNSUPPORTED, "opset %lld, this program knows %d to %d",
                       (long long)version, ONNX_OPSET_MIN, ONNX_OPSET_MAX);
    if (onnx && version < ONNX_OPSET_MIN && !onnx_same_before_7(node->op_type))
        return OC_FAIL(err, OC_UNSUPPORTED,
                       "as opset %lld had it; re-export with opset %d or newer", (long long)version,
                       ONNX_OPSET_MIN);
    if (onnx && strcmp(node->op_type, "Constant") == 0)
        return OC_OK;
    node->op = oc_op_find(node->domain, node->op_type);
    if (!node->op && im->scope->outer) /* a branch that is not taken may hold anything */
        node->op = oc_op_find("ocellus", "Unknown");
    if (!node->op)
        return OC_FAIL(err, OC_UNSUPPORTED, "no such operator here%s%.60s%s",
                       onnx ? "" : " (domain '", onnx ? "" : node->domain, onnx ? "" : "')");
    const oc_op *op = node->op;
    if (node->n_in < op->n_in_min || (op->n_in_max != OC_OP_MANY && node->n_in > op->n_in_max))
        return OC_FAIL(err, OC_FORMAT, "has %u inputs", node->n_in);
    if (node->n_out < op->n_out_min || (op->n_out_max != OC_OP_MANY && node->n_out > op->n_out_max))
        return OC_FAIL(err, OC_FORMAT, "has %u outputs", node->n_out);
    for (uint32_t i = 0; i < op->n_in_min; i++)
        if (node->in[i] == OC_VID_NONE)
            return OC_FAIL(err, OC_FORMAT, "input %u is left out", i);
    if (op->n_out_min && node->out[0] == OC_VID_NONE)
        return OC_FAIL(err, OC_FORMAT, "output 0 is left out");
    return OC_OK;
}

/* Constant: one of its attributes is the value. */
static oc_status take_constant(onnx_importer *im, oc_node *node)
{
    oc_value *v =
        node->n_out == 1 && node->out[0] != OC_VID_NONE ? &im->graph->values[node->out[0]] : NULL;
    const oc_attr  *a = node->n_attrs == 1 ? &node->attrs[0] : NULL;
    oc_tensor_info *info = v ? &v->info : NULL;
    if (!v || !a)
        return OC_FAIL(im->c.err, OC_FORMAT, "malformed constant");
    if (v->data || v->is_input)
        return OC_FAIL(im->c.err, OC_FORMAT, "'%.80s' is made twice", v->name);
    *info = (oc_tensor_info){.shape.rank = 1, .shape.dim[0] = (int64_t)a->n};
    switch (a->kind) {
    case OC_ATTR_TENSOR:
        *info = a->tensor.info;
        v->data = a->tensor.data;
        break;
    case OC_ATTR_INTS:
        info->dtype = OC_I64;
        v->data = a->ints;
        break;
    case OC_ATTR_FLOATS:
        info->dtype = OC_F32;
        v->data = a->floats;
        break;
    case OC_ATTR_INT:
        *info = (oc_tensor_info){.dtype = OC_I64};
        v->data = &a->i;
        break;
    case OC_ATTR_FLOAT:
        *info = (oc_tensor_info){.dtype = OC_F32};
        v->data = &a->f;
        break;
    default: return OC_FAIL(im->c.err, OC_UNSUPPORTED, "constant '%.40s'", a->name);
    }
    node->dead = true;
    warn_not_finite(im, v);
    return OC_OK;
}

static oc_status add_node(onnx_importer *im, const char *name, const char *type, const char *domain,
                          const node_counts *n, wire_span bytes, const onnx_bodies *bodies)
{
    oc_node  *node;
    oc_attr  *attrs = oc_arena_alloc(im->c.mem, n->attrs ? n->attrs : 1, sizeof(oc_attr));
    uint32_t  n_in = n->in;
    oc_status st;
    if (!attrs)
        return OC_FAIL(im->c.err, OC_NOMEM, "node");
    for (uint32_t i = 0; i < bodies->n; i++)
        n_in += bodies->body[i].graph->n_captures;
    st = oc_graph_add_node(im->graph, name, type, n_in, n->out, &node, im->c.err);
    if (st != OC_OK)
        return st;
    uint32_t index = im->graph->n_nodes - 1;
    node->domain = domain;
    st = fill_node(im, bytes, index, bodies, attrs);
    node = &im->graph->nodes[index];
    node->attrs = attrs;
    node->n_attrs = st == OC_OK ? n->attrs : 0;
    while (!bodies->n && node->n_in && node->in[node->n_in - 1] == OC_VID_NONE)
        node->n_in--; /* trailing inputs left out */
    if (st == OC_OK)
        st = bind_op(im, node);
    return st == OC_OK && !node->op ? take_constant(im, node) : st;
}

/* A node without a name is told by its first output. */
static oc_status first_output(onnx_importer *im, wire_span bytes, wire_span *name)
{
    wire_reader r = {im->c.base, bytes};
    wire_field  f;
    oc_status   st = OC_OK;
    while (name->n == 0 && wire_next(&r, &f, &st, im->c.err))
        if (f.number == 2 && f.type == WIRE_BYTES)
            *name = f.bytes;
    return st;
}

oc_status onnx_read_node(onnx_importer *im, wire_span bytes)
{
    node_counts n = {0};
    onnx_bodies bodies = {0};
    wire_span   label;
    oc_status   st = count_node(im, bytes, &n);
    if (st != OC_OK)
        return st;
    label = n.name;
    if ((st = first_output(im, bytes, &label)) != OC_OK)
        return st;
    char *name = onnx_text(im, n.name), *type = onnx_text(im, n.op_type);
    char *domain = onnx_text(im, n.domain);
    if (!name || !type || !domain)
        return OC_FAIL(im->c.err, OC_NOMEM, "node");
    if ((st = onnx_read_bodies(im, bytes, &bodies)) == OC_OK)
        st = add_node(im, name, type, domain, &n, bytes, &bodies);
    onnx_bodies_finish(&bodies);
    if (st != OC_OK)
        oc_error_prefix(im->c.err, "node '%.*s' (%.60s)", (int)(label.n < 80 ? label.n : 80),
                        label.n ? (const char *)label.p : "", type);
    return st;
}

/* ---- graph and model ---- */

/* One walk over the graph's fields for the wanted numbers, so that initializers are known before
 * inputs and both before nodes, in whatever order the file has them. */
oc_status onnx_each(onnx_importer *im, wire_span message, uint32_t number, onnx_read_fn *fn)
{
    wire_reader r = {im->c.base, message};
    wire_field  f;
    oc_status   st = OC_OK;
    while (st == OC_OK && wire_next(&r, &f, &st, im->c.err))
        if (f.number == number && f.type == WIRE_BYTES)
            st = fn(im, f.bytes);
    return st;
}

static oc_status read_graph(onnx_importer *im, wire_span bytes)
{
    oc_graph   *g = im->graph;
    wire_reader r = {im->c.base, bytes};
    wire_field  f;
    oc_status   st = OC_OK;
    size_t      n_in = 0, n_out = 0;
    while (wire_next(&r, &f, &st, im->c.err)) {
        n_in += f.number == 11;
        n_out += f.number == 12;
        if (f.number == 2 && f.type == WIRE_BYTES && !(g->name = onnx_text(im, f.bytes)))
            return OC_FAIL(im->c.err, OC_NOMEM, "graph");
        if (f.number == 15)
            return OC_FAIL(im->c.err, OC_UNSUPPORTED, "sparse initializers");
    }
    if (st != OC_OK)
        return st;
    g->inputs = calloc(n_in + 1, sizeof(oc_vid));
    g->outputs = calloc(n_out + 1, sizeof(oc_vid));
    if (!g->inputs || !g->outputs)
        return OC_FAIL(im->c.err, OC_NOMEM, "graph");
    if ((st = onnx_each(im, bytes, 5, onnx_read_initializer)) != OC_OK ||
        (st = onnx_each(im, bytes, 11, read_input)) != OC_OK ||
        (st = onnx_each(im, bytes, 12, read_output)) != OC_OK ||
        (st = onnx_each(im, bytes, 1, onnx_read_node)) != OC_OK)
        return st;
    if (g->n_outputs == 0)
        return OC_FAIL(im->c.err, OC_FORMAT, "the graph has no outputs");
    if ((st = oc_graph_sort(g, im->c.err)) != OC_OK)
        return st;
    return oc_graph_verify(g, im->c.err);
}

static oc_status read_opset(onnx_importer *im, wire_span bytes)
{
    wire_reader r = {im->c.base, bytes};
    wire_field  f;
    oc_status   st = OC_OK;
    wire_span   domain = {0};
    int64_t     version = 0;
    while (wire_next(&r, &f, &st, im->c.err)) {
        if (f.number == 1 && f.type == WIRE_BYTES)
            domain = f.bytes;
        else if (f.number == 2)
            version = (int64_t)f.value;
    }
    if (st != OC_OK)
        return st;
    if (im->n_domains == ONNX_DOMAINS_MAX)
        return OC_FAIL(im->c.err, OC_UNSUPPORTED, "more than %d operator domains",
                       ONNX_DOMAINS_MAX);
    char *name = onnx_text(im, domain);
    if (!name)
        return OC_FAIL(im->c.err, OC_NOMEM, "domain");
    im->domain[im->n_domains].name = strcmp(name, "ai.onnx") == 0 ? "" : name;
    im->domain[im->n_domains++].version = version;
    return OC_OK;
}

static oc_status read_model(onnx_importer *im, wire_span file)
{
    wire_reader r = {im->c.base, file};
    wire_field  f;
    oc_status   st = OC_OK;
    wire_span   graph = {0};
    bool        found = false;
    while (wire_next(&r, &f, &st, im->c.err)) {
        if (f.number == 7 && f.type == WIRE_BYTES) {
            graph = f.bytes;
            found = true;
        }
    }
    if (st != OC_OK)
        return st;
    if (!found)
        return OC_FAIL(im->c.err, OC_FORMAT, "not an ONNX model: it holds no graph");
    if ((st = onnx_each(im, file, 8, read_opset)) != OC_OK)
        return st;
    return read_graph(im, graph);
}

/* Takes `file` over on success. */
static oc_status import(const char *name, const char *folder, oc_bytes *file, oc_import *out,
                        oc_error *err)
{
    oc_import     result = {0};
    onnx_scope    top = {0};
    onnx_importer im = {
        .scope = &top,
        .out = &result,
        .c = {.err = err, .folder = folder, .base = file->data, .mapped = file->mapped}};
    oc_status st;
    if ((st = oc_graph_create(&im.graph, err)) != OC_OK)
        goto out;
    result.graph = top.graph = im.graph;
    im.c.mem = &im.graph->arena;
    if ((st = onnx_files_create(&result.files, err)) != OC_OK)
        goto out;
    im.c.files = result.files;
    if ((st = oc_askew_create(&result.askew, err)) != OC_OK)
        goto out;
    im.c.askew = result.askew;
    st = read_model(&im, (wire_span){file->data, file->n});
    if (st != OC_OK)
        goto out;
    result.file = *file;
    *file = (oc_bytes){0};
    *out = result;
    result = (oc_import){0};
out:
    if (st != OC_OK)
        oc_error_prefix(err, "%s", name);
    oc_strmap_finish(&top.names);
    oc_import_finish(&result);
    return st;
}

oc_status oc_import_file(const char *path, oc_import *out, oc_error *err)
{
    oc_bytes  file = {0};
    oc_status st = oc_bytes_open(path, &file, err);
    if (st != OC_OK)
        return st;
    const char *slash = strrchr(path, '/');
    char       *folder = slash ? strndup(path, (size_t)(slash - path)) : strdup(".");
    st = folder ? import(path, slash == path ? "/" : folder, &file, out, err)
                : OC_FAIL(err, OC_NOMEM, "%s", path);
    free(folder);
    oc_bytes_close(&file);
    return st;
}

oc_status oc_import_memory(const char *name, const void *bytes, size_t n, oc_import *out,
                           oc_error *err)
{
    oc_bytes  file = {0};
    oc_status st = oc_bytes_copy(bytes, n, &file, err);
    if (st != OC_OK)
        return st;
    st = import(name, NULL, &file, out, err);
    oc_bytes_close(&file);
    return st;
}

void oc_import_finish(oc_import *import_)
{
    oc_graph_destroy(import_->graph);
    oc_askew_destroy(import_->askew);
    onnx_files_destroy(import_->files);
    oc_bytes_close(&import_->file);
    for (size_t i = 0; i < import_->n_warnings; i++)
        free(import_->warnings[i]);
    *import_ = (oc_import){0};
}
