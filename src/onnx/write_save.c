/* A document into bytes. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "onnx/write.h"
#include "onnx/write_doc.h"

static void put_attr(wire_sink *s, const void *ctx)
{
    onnx_put_attr(s, ctx);
}

/* A node's fields in the order of their numbers, as protobuf libraries write them; a text of its own
 * (6) and fields not known here come from the file. */
static void put_node(wire_sink *s, const void *ctx)
{
    const oc_doc_node *n = ctx;
    if (n->raw.n && !n->changed) {
        wire_put(s, n->raw.p, n->raw.n);
        return;
    }
    for (uint32_t i = 0; i < n->n_in; i++)
        wire_put_text(s, 1, n->in[i]);
    for (uint32_t i = 0; i < n->n_out; i++)
        wire_put_text(s, 2, n->out[i]);
    if (*n->name)
        wire_put_text(s, 3, n->name);
    wire_put_text(s, 4, n->op);
    for (uint32_t i = 0; i < n->n_attrs; i++) {
        const oc_doc_attr *a = &n->attrs[i];
        if (a->raw.n)
            wire_put_bytes(s, 5, a->raw.p, a->raw.n);
        else
            wire_put_message(s, 5, put_attr, &a->value);
    }
    wire_reader r = {n->raw.p, n->raw};
    wire_field  f;
    oc_status   st = OC_OK;
    while (n->raw.n && wire_next(&r, &f, &st, NULL))
        if (f.number == 6 || f.number > 7)
            wire_put_field(s, &f);
    if (*n->domain)
        wire_put_text(s, 7, n->domain);
}

static void put_tensor(wire_sink *s, const void *ctx)
{
    const oc_doc_tensor *t = ctx;
    if (t->raw.n && !t->changed && !t->external)
        wire_put(s, t->raw.p, t->raw.n);
    else
        onnx_put_tensor(s, t->name, &t->view);
}

static void put_value(wire_sink *s, const void *ctx)
{
    const oc_doc_value *v = ctx;
    if (v->raw.n && !v->changed)
        wire_put(s, v->raw.p, v->raw.n);
    else
        onnx_put_value_info(s, v->name, v->info.dtype, v->no_shape ? NULL : &v->info.shape);
}

static void put_values(wire_sink *s, uint32_t number, const oc_doc_values *v)
{
    for (size_t i = 0; i < v->n; i++)
        if (!v->item[i].dead)
            wire_put_message(s, number, put_value, &v->item[i]);
}

/* Fields of the graph that are kept as they are, of numbers in [from, to]. */
static void put_others(wire_sink *s, const oc_doc *doc, uint32_t from, uint32_t to)
{
    wire_reader r = {doc->graph.p, doc->graph};
    wire_field  f;
    oc_status   st = OC_OK;
    while (wire_next(&r, &f, &st, NULL))
        if (f.number >= from && f.number <= to && f.number != 14)
            wire_put_field(s, &f);
}

/* Quantisation annotations (14) name scales of tensors; of a changed network they would lie. */
static bool unchanged(const oc_doc *doc)
{
    bool changed = false;
    for (size_t i = 0; i < doc->n_nodes; i++)
        changed |= doc->nodes[i].changed || doc->nodes[i].dead;
    return !changed;
}

static void put_graph(wire_sink *s, const void *ctx)
{
    const oc_doc *doc = ctx;
    for (size_t i = 0; i < doc->n_nodes; i++)
        if (!doc->nodes[i].dead)
            wire_put_message(s, 1, put_node, &doc->nodes[i]);
    put_others(s, doc, 2, 4);
    for (size_t i = 0; i < doc->n_tensors; i++)
        if (!doc->tensors[i].dead)
            wire_put_message(s, 5, put_tensor, &doc->tensors[i]);
    put_others(s, doc, 6, 10);
    put_values(s, 11, &doc->inputs);
    put_values(s, 12, &doc->outputs);
    put_values(s, 13, &doc->infos);
    if (unchanged(doc)) {
        wire_reader r = {doc->graph.p, doc->graph};
        wire_field  f;
        oc_status   st = OC_OK;
        while (wire_next(&r, &f, &st, NULL))
            if (f.number == 14)
                wire_put_field(s, &f);
    }
    put_others(s, doc, 15, UINT32_MAX);
}

static bool is_onnx_domain(wire_span opset)
{
    wire_reader r = {opset.p, opset};
    wire_field  f;
    oc_status   st = OC_OK;
    wire_span   domain = {0};
    while (wire_next(&r, &f, &st, NULL))
        if (f.number == 1 && f.type == WIRE_BYTES)
            domain = f.bytes;
    return domain.n == 0 || (domain.n == 7 && memcmp(domain.p, "ai.onnx", 7) == 0);
}

static void put_opset(wire_sink *s, const void *ctx)
{
    const oc_doc *doc = ctx;
    wire_put_text(s, 1, "");
    wire_put_int(s, 2, doc->opset);
}

static void put_model(wire_sink *s, const oc_doc *doc)
{
    wire_reader r = {doc->file.data, {doc->file.data, doc->file.n}};
    wire_field  f;
    oc_status   st = OC_OK;
    while (wire_next(&r, &f, &st, NULL)) {
        if (f.number == 7 && f.type == WIRE_BYTES)
            wire_put_message(s, 7, put_graph, doc);
        else if (f.number == 1 && f.type == WIRE_VARINT && doc->ir_changed)
            wire_put_int(s, 1, doc->ir_version);
        else if (f.number == 8 && f.type == WIRE_BYTES && doc->opset_changed &&
                 is_onnx_domain(f.bytes))
            wire_put_message(s, 8, put_opset, doc);
        else
            wire_put_field(s, &f);
    }
}

static oc_status count(const oc_doc *doc, size_t *n, oc_error *err)
{
    wire_sink s = {0};
    put_model(&s, doc);
    *n = s.n;
    return s.n <= INT_MAX
               ? OC_OK
               : OC_FAIL(err, OC_UNSUPPORTED,
                         "the network would take %zu bytes in one file; protobuf allows 2 GiB",
                         s.n);
}

oc_status oc_doc_bytes(const oc_doc *doc, void **out, size_t *n, oc_error *err)
{
    wire_sink s = {0};
    oc_status st = count(doc, n, err);
    if (st != OC_OK)
        return st;
    if (!(s.memory = malloc(*n + 1)))
        return OC_FAIL(err, OC_NOMEM, "%zu bytes", *n);
    put_model(&s, doc);
    *out = s.memory;
    return OC_OK;
}

oc_status oc_doc_save(const oc_doc *doc, const char *path, oc_error *err)
{
    char     *part = NULL;
    size_t    n;
    oc_status st = count(doc, &n, err);
    if (st != OC_OK)
        return st;
    if (asprintf(&part, "%s.part", path) < 0)
        return OC_FAIL(err, OC_NOMEM, "%s", path);
    wire_sink s = {.file = fopen(part, "wb")};
    if (!s.file) {
        st = OC_FAIL(err, OC_IO, "%s: %s", part, strerror(errno));
        free(part);
        return st;
    }
    put_model(&s, doc);
    bool good = !s.failed && fflush(s.file) == 0 && fsync(fileno(s.file)) == 0;
    good = fclose(s.file) == 0 && good;
    if (!good || rename(part, path) != 0) {
        st = OC_FAIL(err, OC_IO, "%s: %s", path, strerror(errno));
        unlink(part);
    }
    free(part);
    return st;
}
