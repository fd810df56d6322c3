/* Changes to a document. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "onnx/write_doc.h"

oc_status oc_doc_name(oc_doc *doc, const char *base, const char **out, oc_error *err)
{
    char     number[16] = "";
    uint32_t ignored;
    size_t   n = strlen(base);
    for (unsigned i = 1;; i++) {
        size_t extra = strlen(number);
        char  *name = oc_arena_alloc(&doc->mem, n + extra + 1, 1);
        if (!name)
            return OC_FAIL(err, OC_NOMEM, "name");
        memcpy(name, base, n);
        memcpy(name + n, number, extra + 1);
        if (!oc_strmap_get(&doc->names, name, &ignored)) {
            if (!oc_strmap_put(&doc->names, name, 0))
                return OC_FAIL(err, OC_NOMEM, "name");
            *out = name;
            return OC_OK;
        }
        snprintf(number, sizeof(number), "_%u", i);
    }
}

static const char **copy_names(oc_doc *doc, const char *const *names, uint32_t n)
{
    const char **list = oc_arena_alloc(&doc->mem, n + 1, sizeof(*list));
    for (uint32_t i = 0; list && i < n; i++)
        if (!(list[i] = oc_arena_strndup(&doc->mem, names[i], strlen(names[i]))) ||
            (*list[i] && !oc_strmap_put(&doc->names, list[i], 0)))
            return NULL;
    return list;
}

oc_status oc_doc_add_node(oc_doc *doc, const char *op, const char *const *in, uint32_t n_in,
                          const char *const *out, uint32_t n_out, oc_doc_node **node, oc_error *err)
{
    oc_doc_node n = {.name = "", .domain = "", .n_in = n_in, .n_out = n_out, .changed = true};
    n.op = oc_arena_strndup(&doc->mem, op, strlen(op));
    n.in = copy_names(doc, in, n_in);
    n.out = copy_names(doc, out, n_out);
    n.attrs = oc_arena_alloc(&doc->mem, 1, sizeof(*n.attrs));
    if (!n.op || !n.in || !n.out || !n.attrs ||
        !oc_doc_room((void **)&doc->nodes, &doc->nodes_room, doc->n_nodes, sizeof(n)))
        return OC_FAIL(err, OC_NOMEM, "node");
    doc->nodes[doc->n_nodes] = n;
    *node = &doc->nodes[doc->n_nodes++];
    return OC_OK;
}

oc_status oc_doc_add_tensor(oc_doc *doc, const char *name, const oc_tensor_view *view,
                            oc_doc_tensor **tensor, oc_error *err)
{
    oc_doc_tensor t = {.view = *view, .changed = true};
    t.name = oc_arena_strndup(&doc->mem, name, strlen(name));
    if (!t.name || !oc_strmap_put(&doc->names, t.name, 0) ||
        !oc_doc_room((void **)&doc->tensors, &doc->tensors_room, doc->n_tensors, sizeof(t)))
        return OC_FAIL(err, OC_NOMEM, "tensor");
    doc->tensors[doc->n_tensors++] = t;
    if (tensor)
        *tensor = &doc->tensors[doc->n_tensors - 1];
    return OC_OK;
}

oc_status oc_doc_add_value(oc_doc *doc, oc_doc_values *values, const char *name, oc_dtype dtype,
                           const oc_shape *shape, oc_error *err)
{
    oc_doc_value v = {.info.dtype = dtype, .changed = true, .no_shape = !shape};
    v.name = oc_arena_strndup(&doc->mem, name, strlen(name));
    if (shape)
        v.info.shape = *shape;
    if (!v.name || !oc_doc_room((void **)&values->item, &values->room, values->n, sizeof(v)))
        return OC_FAIL(err, OC_NOMEM, "value");
    values->item[values->n++] = v;
    return OC_OK;
}

oc_status oc_doc_set_attr(oc_doc *doc, oc_doc_node *node, const oc_attr *value, oc_error *err)
{
    uint32_t at = 0;
    while (at < node->n_attrs && strcmp(node->attrs[at].value.name, value->name) != 0)
        at++;
    if (at == node->n_attrs) {
        oc_doc_attr *more = oc_arena_alloc(&doc->mem, node->n_attrs + 2, sizeof(*more));
        if (!more)
            return OC_FAIL(err, OC_NOMEM, "attribute");
        if (node->n_attrs)
            memcpy(more, node->attrs, node->n_attrs * sizeof(*more));
        node->attrs = more;
        node->n_attrs++;
    }
    node->attrs[at] = (oc_doc_attr){.value = *value};
    node->changed = true;
    return OC_OK;
}

void oc_doc_drop_attr(oc_doc_node *node, const char *name)
{
    for (uint32_t i = 0; i < node->n_attrs; i++) {
        if (strcmp(node->attrs[i].value.name, name) == 0) {
            memmove(&node->attrs[i], &node->attrs[i + 1],
                    (node->n_attrs - i - 1) * sizeof(*node->attrs));
            node->n_attrs--;
            node->changed = true;
            return;
        }
    }
}

oc_status oc_doc_set_inputs(oc_doc *doc, oc_doc_node *node, const char *const *in, uint32_t n,
                            oc_error *err)
{
    const char **list = copy_names(doc, in, n);
    if (!list)
        return OC_FAIL(err, OC_NOMEM, "inputs");
    node->in = list;
    node->n_in = n;
    node->changed = true;
    return OC_OK;
}

void oc_doc_set_opset(oc_doc *doc, int64_t version)
{
    doc->opset = version;
    doc->opset_changed = true;
}

/* ---- order and what is not used ---- */

typedef struct order {
    oc_doc   *doc;
    oc_strmap made;  /* output name -> node */
    uint8_t  *state; /* 0 not looked at, 1 on the way, 2 placed */
    uint32_t *list;
    size_t    n;
    struct {
        uint32_t node, input;
    } * stack;
} order;

/* Depth first without recursion: networks are deep. */
static oc_status place(order *o, uint32_t root, oc_error *err)
{
    size_t depth = 0;
    o->stack[depth].node = root;
    o->stack[depth++].input = 0;
    o->state[root] = 1;
    while (depth) {
        uint32_t     node = o->stack[depth - 1].node, next;
        oc_doc_node *n = &o->doc->nodes[node];
        if (o->stack[depth - 1].input == n->n_in) {
            o->state[node] = 2;
            o->list[o->n++] = node;
            depth--;
            continue;
        }
        const char *in = n->in[o->stack[depth - 1].input++];
        if (!*in || !oc_strmap_get(&o->made, in, &next) || o->state[next] == 2)
            continue;
        if (o->state[next] == 1)
            return OC_FAIL(err, OC_FORMAT, "node '%.80s' is on a cycle", oc_doc_label(n));
        o->state[next] = 1;
        o->stack[depth].node = next;
        o->stack[depth++].input = 0;
    }
    return OC_OK;
}

static oc_status sort_with(oc_doc *doc, order *o, oc_error *err)
{
    oc_status st = OC_OK;
    for (size_t i = 0; i < doc->n_nodes; i++)
        for (uint32_t k = 0; k < doc->nodes[i].n_out && !doc->nodes[i].dead; k++)
            if (*doc->nodes[i].out[k] &&
                !oc_strmap_put(&o->made, doc->nodes[i].out[k], (uint32_t)i))
                return OC_FAIL(err, OC_NOMEM, "order");
    /* Nodes with graphs inside read values that are not among their inputs: they keep their place
     * relative to what came before them, since roots are taken in the old order. */
    for (size_t i = 0; i < doc->n_nodes && st == OC_OK; i++)
        if (!doc->nodes[i].dead && o->state[i] == 0)
            st = place(o, (uint32_t)i, err);
    if (st != OC_OK)
        return st;
    oc_doc_node *sorted = malloc((o->n + 1) * sizeof(*sorted));
    if (!sorted)
        return OC_FAIL(err, OC_NOMEM, "order");
    for (size_t i = 0; i < o->n; i++)
        sorted[i] = doc->nodes[o->list[i]];
    free(doc->nodes);
    doc->nodes = sorted;
    doc->n_nodes = o->n;
    doc->nodes_room = o->n + 1;
    return OC_OK;
}

oc_status oc_doc_sort(oc_doc *doc, oc_error *err)
{
    order o = {.doc = doc};
    o.state = calloc(doc->n_nodes + 1, 1);
    o.list = calloc(doc->n_nodes + 1, sizeof(*o.list));
    o.stack = calloc(doc->n_nodes + 1, sizeof(*o.stack));
    oc_status st =
        o.state && o.list && o.stack ? sort_with(doc, &o, err) : OC_FAIL(err, OC_NOMEM, "order");
    free(o.state);
    free(o.list);
    free(o.stack);
    oc_strmap_finish(&o.made);
    return st;
}

/* Names of what the document gives out. */
static bool collect_results(const oc_doc *doc, oc_strmap *read)
{
    bool good = true;
    for (size_t i = 0; i < doc->outputs.n; i++)
        good = good && oc_strmap_put(read, doc->outputs.item[i].name, 0);
    for (size_t i = 0; i < doc->pinned.cap; i++)
        if (doc->pinned.slots[i].key)
            good = good && oc_strmap_put(read, doc->pinned.slots[i].key, 0);
    return good;
}

static bool is_wanted(const oc_doc_node *n, const oc_strmap *read)
{
    uint32_t ignored;
    for (uint32_t k = 0; k < n->n_out; k++)
        if (oc_strmap_get(read, n->out[k], &ignored))
            return true;
    return n->n_out == 0;
}

/* Backwards from the results, names read by what is wanted come to `read`: once over nodes in order,
 * again only where they are not.  The others are dropped. */
static oc_status drop_unread(oc_doc *doc, oc_strmap *read, oc_error *err)
{
    bool *wanted = calloc(doc->n_nodes + 1, sizeof(*wanted)), more = true;
    bool  good = wanted && collect_results(doc, read);
    while (more && good) {
        more = false;
        for (size_t i = doc->n_nodes; i-- > 0 && good;) {
            const oc_doc_node *n = &doc->nodes[i];
            if (n->dead || wanted[i] || !is_wanted(n, read))
                continue;
            wanted[i] = more = true;
            for (uint32_t k = 0; k < n->n_in; k++)
                good = good && (!*n->in[k] || oc_strmap_put(read, n->in[k], 0));
        }
    }
    for (size_t i = 0; i < doc->n_nodes && good; i++)
        doc->nodes[i].dead |= !wanted[i];
    free(wanted);
    return good ? OC_OK : OC_FAIL(err, OC_NOMEM, "names");
}

/* Inputs that only gave a dropped tensor its name, and descriptions of what nobody makes. */
static oc_status drop_descriptions(oc_doc *doc, const oc_strmap *dropped, oc_error *err)
{
    oc_strmap made = {0};
    uint32_t  ignored;
    bool      good = true;
    for (size_t i = 0; i < doc->n_nodes && good; i++)
        for (uint32_t k = 0; k < doc->nodes[i].n_out && good; k++)
            good = doc->nodes[i].dead || oc_strmap_put(&made, doc->nodes[i].out[k], 0);
    for (size_t i = 0; i < doc->n_tensors && good; i++)
        good = doc->tensors[i].dead || oc_strmap_put(&made, doc->tensors[i].name, 0);
    for (size_t i = 0; i < doc->inputs.n && good; i++) {
        doc->inputs.item[i].dead |= oc_strmap_get(dropped, doc->inputs.item[i].name, &ignored);
        good = doc->inputs.item[i].dead || oc_strmap_put(&made, doc->inputs.item[i].name, 0);
    }
    for (size_t i = 0; i < doc->infos.n && good; i++)
        doc->infos.item[i].dead |= !oc_strmap_get(&made, doc->infos.item[i].name, &ignored);
    oc_strmap_finish(&made);
    return good ? OC_OK : OC_FAIL(err, OC_NOMEM, "names");
}

oc_status oc_doc_sweep(oc_doc *doc, oc_error *err)
{
    oc_strmap read = {0}, dropped = {0};
    uint32_t  ignored;
    oc_status st = drop_unread(doc, &read, err);
    for (size_t i = 0; i < doc->n_tensors && st == OC_OK; i++) {
        oc_doc_tensor *t = &doc->tensors[i];
        t->dead |= !oc_strmap_get(&read, t->name, &ignored);
        if (t->dead && !oc_strmap_put(&dropped, t->name, 0))
            st = OC_FAIL(err, OC_NOMEM, "names");
    }
    if (st == OC_OK)
        st = drop_descriptions(doc, &dropped, err);
    oc_strmap_finish(&read);
    oc_strmap_finish(&dropped);
    return st;
}

/* ---- reading ---- */

bool oc_doc_is(const oc_doc_node *node, const char *op)
{
    return !node->dead && *node->domain == 0 && strcmp(node->op, op) == 0;
}

const oc_attr *oc_doc_attr_of(const oc_doc_node *node, const char *name)
{
    for (uint32_t i = 0; i < node->n_attrs; i++)
        if (!node->attrs[i].opaque && strcmp(node->attrs[i].value.name, name) == 0)
            return &node->attrs[i].value;
    return NULL;
}

int64_t oc_doc_int(const oc_doc_node *node, const char *name, int64_t fallback)
{
    const oc_attr *a = oc_doc_attr_of(node, name);
    return a && a->kind == OC_ATTR_INT ? a->i : fallback;
}

float oc_doc_float(const oc_doc_node *node, const char *name, float fallback)
{
    const oc_attr *a = oc_doc_attr_of(node, name);
    return a && a->kind == OC_ATTR_FLOAT ? a->f : fallback;
}

const char *oc_doc_string(const oc_doc_node *node, const char *name, const char *fallback)
{
    const oc_attr *a = oc_doc_attr_of(node, name);
    return a && a->kind == OC_ATTR_STRING ? a->s : fallback;
}

const char *oc_doc_label(const oc_doc_node *node)
{
    return *node->name || !node->n_out ? node->name : node->out[0];
}
