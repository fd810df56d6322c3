#include "onnx/write_doc.h"

#include <stdlib.h>
#include <string.h>

#include "onnx/attr.h"
#include "onnx/proto.h"

/* ---- arrays and texts ---- */

static const char *text_of(oc_doc *doc, wire_span s)
{
    return oc_arena_strndup(&doc->mem, s.n ? (const char *)s.p : "", s.n);
}

bool oc_doc_room(void **items, size_t *room, size_t n, size_t size)
{
    if (n < *room)
        return true;
    size_t more = *room ? *room * 2 : 64;
    void  *grown = reallocarray(*items, more, size);
    if (!grown)
        return false;
    memset((char *)grown + *room * size, 0, (more - *room) * size);
    *items = grown;
    *room = more;
    return true;
}

static oc_doc_node *push_node(oc_doc *doc)
{
    if (!oc_doc_room((void **)&doc->nodes, &doc->nodes_room, doc->n_nodes, sizeof(*doc->nodes)))
        return NULL;
    doc->nodes[doc->n_nodes] = (oc_doc_node){.name = "", .op = "", .domain = ""};
    return &doc->nodes[doc->n_nodes++];
}

static oc_doc_tensor *push_tensor(oc_doc *doc)
{
    if (!oc_doc_room((void **)&doc->tensors, &doc->tensors_room, doc->n_tensors,
                     sizeof(*doc->tensors)))
        return NULL;
    doc->tensors[doc->n_tensors] = (oc_doc_tensor){.name = ""};
    return &doc->tensors[doc->n_tensors++];
}

static oc_doc_value *push_value(oc_doc_values *v)
{
    if (!oc_doc_room((void **)&v->item, &v->room, v->n, sizeof(*v->item)))
        return NULL;
    v->item[v->n] = (oc_doc_value){.name = ""};
    return &v->item[v->n++];
}

static bool note_name(oc_doc *doc, const char *name)
{
    return *name == 0 || oc_strmap_put(&doc->names, name, 0);
}

/* ---- reading ---- */

typedef struct reading {
    oc_doc      *doc;
    onnx_context c;
} reading;

typedef oc_status read_fn(reading *r, wire_span bytes);

/* What a graph inside a node reads: every input name of its nodes, and of graphs inside those.  Names
 * of its own are pinned with the others: that does no harm. */
static oc_status pin_graph(reading *r, wire_span graph, unsigned depth)
{
    wire_reader w = {r->c.base, graph}, n, a;
    wire_field  f, g, h;
    oc_status   st = OC_OK;
    if (depth > 8)
        return OC_FAIL(r->c.err, OC_UNSUPPORTED, "graphs inside graphs deeper than 8");
    while (st == OC_OK && wire_next(&w, &f, &st, r->c.err)) {
        if (f.type != WIRE_BYTES || (f.number != 1 && f.number != 12))
            continue;
        for (n = (wire_reader){r->c.base, f.bytes};
             st == OC_OK && wire_next(&n, &g, &st, r->c.err);) {
            if (g.number == 1 &&
                g.type == WIRE_BYTES) { /* of a node its input, of an output its name */
                const char *name = text_of(r->doc, g.bytes);
                if (!name || !note_name(r->doc, name) || !oc_strmap_put(&r->doc->pinned, name, 0))
                    return OC_FAIL(r->c.err, OC_NOMEM, "names");
            }
            if (f.number != 1 || g.number != 5 || g.type != WIRE_BYTES)
                continue;
            for (a = (wire_reader){r->c.base, g.bytes};
                 st == OC_OK && wire_next(&a, &h, &st, r->c.err);)
                if ((h.number == 6 || h.number == 11) && h.type == WIRE_BYTES)
                    st = pin_graph(r, h.bytes, depth + 1);
        }
    }
    return st;
}

static oc_status read_attr(reading *r, wire_span bytes, oc_doc_attr *out)
{
    oc_error     ignored = {0};
    onnx_context quiet = r->c;
    wire_reader  w = {r->c.base, bytes};
    wire_field   f;
    oc_status    st = OC_OK;
    quiet.err = &ignored;
    out->raw = bytes;
    if ((st = onnx_read_attr(&quiet, bytes, &out->value)) == OC_OK)
        return OC_OK;
    if (st != OC_UNSUPPORTED)
        return OC_FAIL(r->c.err, st, "%s", ignored.message);
    *out =
        (oc_doc_attr){.raw = bytes, .opaque = true, .value = {.name = "", .kind = OC_ATTR_GRAPH}};
    st = OC_OK;
    while (st == OC_OK && wire_next(&w, &f, &st, r->c.err)) {
        if (f.number == 1 && f.type == WIRE_BYTES && !(out->value.name = text_of(r->doc, f.bytes)))
            return OC_FAIL(r->c.err, OC_NOMEM, "attribute");
        if ((f.number == 6 || f.number == 11) && f.type == WIRE_BYTES)
            st = pin_graph(r, f.bytes, 0);
    }
    return st;
}

static oc_status fill_node(reading *r, wire_span bytes, oc_doc_node *n)
{
    wire_reader w = {r->c.base, bytes};
    wire_field  f;
    oc_status   st = OC_OK;
    uint32_t    n_in = 0, n_out = 0, n_attrs = 0;
    while (st == OC_OK && wire_next(&w, &f, &st, r->c.err)) {
        const char *text = "";
        if (f.type != WIRE_BYTES)
            continue;
        if (f.number != 5 && f.number != 6 && !(text = text_of(r->doc, f.bytes)))
            return OC_FAIL(r->c.err, OC_NOMEM, "node");
        switch (f.number) {
        case 1: n->in[n_in++] = text; break;
        case 2: n->out[n_out++] = text; break;
        case 3: n->name = text; break;
        case 4: n->op = text; break;
        case 5: st = read_attr(r, f.bytes, &n->attrs[n_attrs++]); break;
        case 7: n->domain = strcmp(text, "ai.onnx") == 0 ? "" : text; break;
        default: break;
        }
        if ((f.number == 1 || f.number == 2) && !note_name(r->doc, text))
            return OC_FAIL(r->c.err, OC_NOMEM, "names");
    }
    return st;
}

static oc_status read_node(reading *r, wire_span bytes)
{
    wire_reader  w = {r->c.base, bytes};
    wire_field   f;
    oc_status    st = OC_OK;
    oc_doc_node *n = push_node(r->doc);
    if (!n)
        return OC_FAIL(r->c.err, OC_NOMEM, "nodes");
    while (wire_next(&w, &f, &st, r->c.err)) {
        n->n_in += f.number == 1 && f.type == WIRE_BYTES;
        n->n_out += f.number == 2 && f.type == WIRE_BYTES;
        n->n_attrs += f.number == 5 && f.type == WIRE_BYTES;
    }
    n->raw = bytes;
    n->in = oc_arena_alloc(&r->doc->mem, n->n_in + 1, sizeof(*n->in));
    n->out = oc_arena_alloc(&r->doc->mem, n->n_out + 1, sizeof(*n->out));
    n->attrs = oc_arena_alloc(&r->doc->mem, n->n_attrs + 1, sizeof(*n->attrs));
    if (st == OC_OK && (!n->in || !n->out || !n->attrs))
        return OC_FAIL(r->c.err, OC_NOMEM, "node");
    return st == OC_OK ? fill_node(r, bytes, n) : st;
}

/* Data in another file? */
static bool is_external(const reading *r, wire_span bytes)
{
    wire_reader w = {r->c.base, bytes};
    wire_field  f;
    oc_status   st = OC_OK;
    bool        external = false;
    while (wire_next(&w, &f, &st, NULL))
        if (f.number == 14 && f.type == WIRE_VARINT)
            external = f.value == 1;
    return external;
}

static oc_status read_tensor(reading *r, wire_span bytes)
{
    oc_error       ignored = {0};
    onnx_context   quiet = r->c;
    onnx_tensor    got = {0};
    oc_doc_tensor *t = push_tensor(r->doc);
    if (!t)
        return OC_FAIL(r->c.err, OC_NOMEM, "tensors");
    quiet.err = &ignored;
    t->raw = bytes;
    t->external = is_external(r, bytes);
    oc_status st = onnx_read_tensor(&quiet, bytes, &got);
    if (st != OC_OK && (st != OC_UNSUPPORTED || t->external))
        return OC_FAIL(r->c.err, st, "%s", ignored.message);
    if (st == OC_OK)
        t->view = got.view;
    if (!(t->name = text_of(r->doc, got.name)) || !note_name(r->doc, t->name))
        return OC_FAIL(r->c.err, OC_NOMEM, "names");
    return OC_OK;
}

static oc_status read_value(reading *r, wire_span bytes, oc_doc_values *to)
{
    onnx_value_info vi;
    oc_doc_value   *v = push_value(to);
    oc_status       st = onnx_read_value_info(&r->c, bytes, &vi);
    if (st != OC_OK)
        return st;
    if (!v || !(v->name = text_of(r->doc, vi.name)) || !note_name(r->doc, v->name))
        return OC_FAIL(r->c.err, OC_NOMEM, "values");
    v->info = vi.info;
    v->raw = bytes;
    return OC_OK;
}

static oc_status read_input(reading *r, wire_span bytes)
{
    return read_value(r, bytes, &r->doc->inputs);
}

static oc_status read_output(reading *r, wire_span bytes)
{
    return read_value(r, bytes, &r->doc->outputs);
}

static oc_status read_info(reading *r, wire_span bytes)
{
    return read_value(r, bytes, &r->doc->infos);
}

static oc_status read_graph(reading *r)
{
    static const struct {
        uint32_t number;
        read_fn *fn;
    } fields[] = {
        {1, read_node}, {5, read_tensor}, {11, read_input}, {12, read_output}, {13, read_info}};
    wire_reader w = {r->c.base, r->doc->graph};
    wire_field  f;
    oc_status   st = OC_OK;
    while (st == OC_OK && wire_next(&w, &f, &st, r->c.err)) {
        if (f.number == 15)
            return OC_FAIL(r->c.err, OC_UNSUPPORTED, "sparse initializers");
        for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]) && f.type == WIRE_BYTES; i++)
            if (fields[i].number == f.number && st == OC_OK)
                st = fields[i].fn(r, f.bytes);
    }
    return st;
}

static oc_status read_opset(reading *r, wire_span bytes)
{
    wire_reader w = {r->c.base, bytes};
    wire_field  f;
    oc_status   st = OC_OK;
    const char *domain = "";
    int64_t     version = 0;
    while (wire_next(&w, &f, &st, r->c.err)) {
        if (f.number == 1 && f.type == WIRE_BYTES && !(domain = text_of(r->doc, f.bytes)))
            return OC_FAIL(r->c.err, OC_NOMEM, "domain");
        if (f.number == 2)
            version = (int64_t)f.value;
    }
    if (*domain == 0 || strcmp(domain, "ai.onnx") == 0)
        r->doc->opset = version;
    return st;
}

static oc_status read_model(reading *r)
{
    const wire_span file = {r->doc->file.data, r->doc->file.n};
    wire_reader     w = {r->c.base, file};
    wire_field      f;
    oc_status       st = OC_OK;
    bool            found = false;
    while (st == OC_OK && wire_next(&w, &f, &st, r->c.err)) {
        if (f.number == 1 && f.type == WIRE_VARINT)
            r->doc->ir_version = (int64_t)f.value;
        if (f.number == 8 && f.type == WIRE_BYTES)
            st = read_opset(r, f.bytes);
        if (f.number == 7 && f.type == WIRE_BYTES) {
            r->doc->graph = f.bytes;
            found = true;
        }
    }
    if (st == OC_OK && !found)
        st = OC_FAIL(r->c.err, OC_FORMAT, "not an ONNX model: it holds no graph");
    return st == OC_OK ? read_graph(r) : st;
}

static oc_status open_parts(const char *path, const char *folder, oc_doc *doc, oc_error *err)
{
    reading   r = {.doc = doc};
    oc_status st;
    if ((st = oc_bytes_open(path, &doc->file, err)) != OC_OK ||
        (st = onnx_files_create(&doc->files, err)) != OC_OK ||
        (st = oc_askew_create(&doc->askew, err)) != OC_OK)
        return st;
    r.c = (onnx_context){.base = doc->file.data,
                         .mapped = doc->file.mapped,
                         .mem = &doc->mem,
                         .folder = folder,
                         .files = doc->files,
                         .askew = doc->askew,
                         .err = err};
    if ((st = read_model(&r)) != OC_OK)
        oc_error_prefix(err, "%s", path);
    return st == OC_OK ? oc_askew_take(doc->askew, &doc->hold, err) : st;
}

oc_status oc_doc_open(const char *path, oc_doc **out, oc_error *err)
{
    const char *slash = strrchr(path, '/');
    char       *folder = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
    oc_doc     *doc = calloc(1, sizeof(*doc));
    oc_status   st =
        folder && doc ? open_parts(path, folder, doc, err) : OC_FAIL(err, OC_NOMEM, "%s", path);
    if (st == OC_OK)
        *out = doc;
    else
        oc_doc_destroy(doc);
    free(folder);
    return st;
}

void oc_doc_destroy(oc_doc *doc)
{
    if (!doc)
        return;
    oc_askew_give_back(&doc->hold);
    oc_askew_destroy(doc->askew);
    onnx_files_destroy(doc->files);
    if (!doc->borrowed)
        oc_bytes_close(&doc->file);
    oc_strmap_finish(&doc->names);
    oc_strmap_finish(&doc->pinned);
    free(doc->nodes);
    free(doc->tensors);
    free(doc->inputs.item);
    free(doc->outputs.item);
    free(doc->infos.item);
    oc_arena_finish(&doc->mem);
    free(doc);
}

/* ---- a copy ---- */

static bool dup_map(const oc_strmap *from, oc_strmap *to)
{
    for (size_t i = 0; i < from->cap; i++)
        if (from->slots[i].key && !oc_strmap_put(to, from->slots[i].key, from->slots[i].value))
            return false;
    return true;
}

static bool dup_items(void **to, const void *from, size_t n, size_t *room, size_t size)
{
    *room = n ? n : 1;
    if (!(*to = calloc(*room, size)))
        return false;
    if (n)
        memcpy(*to, from, n * size);
    return true;
}

static bool dup_values(const oc_doc_values *from, oc_doc_values *to)
{
    to->n = from->n;
    return dup_items((void **)&to->item, from->item, from->n, &to->room, sizeof(*to->item));
}

static bool dup_lists(oc_doc *d)
{
    for (size_t i = 0; i < d->n_nodes; i++) {
        oc_doc_node *n = &d->nodes[i];
        if (!(n->in = oc_arena_dup(&d->mem, n->in, (n->n_in + 1) * sizeof(*n->in))) ||
            !(n->out = oc_arena_dup(&d->mem, n->out, (n->n_out + 1) * sizeof(*n->out))) ||
            !(n->attrs = oc_arena_dup(&d->mem, n->attrs, (n->n_attrs + 1) * sizeof(*n->attrs))))
            return false;
    }
    return true;
}

oc_status oc_doc_dup(const oc_doc *doc, oc_doc **out, oc_error *err)
{
    oc_doc *d = calloc(1, sizeof(*d));
    if (!d)
        return OC_FAIL(err, OC_NOMEM, "a copy of the network");
    d->graph = doc->graph;
    d->file = (oc_bytes){.data = doc->file.data, .n = doc->file.n};
    d->borrowed = true;
    d->ir_version = doc->ir_version;
    d->opset = doc->opset;
    d->opset_changed = doc->opset_changed;
    d->ir_changed = doc->ir_changed;
    d->n_nodes = doc->n_nodes;
    d->n_tensors = doc->n_tensors;
    if (!dup_items((void **)&d->nodes, doc->nodes, doc->n_nodes, &d->nodes_room,
                   sizeof(*d->nodes)) ||
        !dup_items((void **)&d->tensors, doc->tensors, doc->n_tensors, &d->tensors_room,
                   sizeof(*d->tensors)) ||
        !dup_values(&doc->inputs, &d->inputs) || !dup_values(&doc->outputs, &d->outputs) ||
        !dup_values(&doc->infos, &d->infos) || !dup_map(&doc->names, &d->names) ||
        !dup_map(&doc->pinned, &d->pinned) || !dup_lists(d)) {
        oc_doc_destroy(d);
        return OC_FAIL(err, OC_NOMEM, "a copy of the network");
    }
    *out = d;
    return OC_OK;
}
