#include "quant/prepare.h"

#include <string.h>

float *q_floats(oc_doc *doc, const oc_tensor_view *view, size_t *n)
{
    if (!oc_shape_elements(&view->info.shape, n))
        return NULL;
    float *x = oc_arena_alloc64(&doc->mem, *n ? *n : 1, sizeof(*x));
    if (x && *n)
        memcpy(x, view->data, *n * sizeof(*x));
    return x;
}

oc_status q_new_tensor(oc_doc *doc, const char *base, oc_dtype dtype, const oc_shape *shape,
                       const void *data, const char **name, oc_error *err)
{
    oc_tensor_view view = {.info = {dtype, *shape}};
    size_t         bytes;
    oc_status      st = oc_doc_name(doc, base, name, err);
    if (st != OC_OK)
        return st;
    if (!oc_tensor_bytes(&view.info, &bytes) ||
        !(view.data = oc_arena_alloc64(&doc->mem, bytes ? bytes : 1, 1)))
        return OC_FAIL(err, OC_NOMEM, "tensor '%s'", base);
    if (bytes)
        memcpy(view.data, data, bytes);
    return oc_doc_add_tensor(doc, *name, &view, NULL, err);
}

/* ---- tidy ---- */

static oc_status constant_to_tensor(oc_doc *doc, oc_doc_node *n, oc_error *err)
{
    oc_tensor_view v = {.info.shape.rank = 1};
    if (n->n_attrs != 1 || n->attrs[0].opaque || n->n_out != 1)
        return OC_OK; /* strings, sparse tensors: stay nodes */
    const oc_attr *a = &n->attrs[0].value;
    v.info.shape.dim[0] = (int64_t)a->n;
    switch (a->kind) {
    case OC_ATTR_TENSOR: v = a->tensor; break;
    case OC_ATTR_INTS:
        v.info.dtype = OC_I64;
        v.data = oc_arena_dup(&doc->mem, a->ints, a->n * sizeof(*a->ints) + 1);
        break;
    case OC_ATTR_FLOATS:
        v.info.dtype = OC_F32;
        v.data = oc_arena_dup(&doc->mem, a->floats, a->n * sizeof(*a->floats) + 1);
        break;
    case OC_ATTR_INT:
        v.info = (oc_tensor_info){.dtype = OC_I64};
        v.data = oc_arena_dup(&doc->mem, &a->i, sizeof(a->i));
        break;
    case OC_ATTR_FLOAT:
        v.info = (oc_tensor_info){.dtype = OC_F32};
        v.data = oc_arena_dup(&doc->mem, &a->f, sizeof(a->f));
        break;
    default: return OC_OK;
    }
    if (!v.data)
        return OC_FAIL(err, OC_NOMEM, "constant");
    n->dead = true;
    return oc_doc_add_tensor(doc, n->out[0], &v, NULL, err);
}

static void read_instead(oc_doc *doc, const char *from, const char *to)
{
    for (size_t i = 0; i < doc->n_nodes; i++) {
        oc_doc_node *n = &doc->nodes[i];
        for (uint32_t k = 0; k < n->n_in && !n->dead; k++) {
            if (strcmp(n->in[k], from) == 0) {
                n->in[k] = to;
                n->changed = true;
            }
        }
    }
}

static void drop_identities(oc_doc *doc, const q_index *x)
{
    for (size_t i = 0; i < doc->n_nodes; i++) {
        oc_doc_node *n = &doc->nodes[i];
        if (!oc_doc_is(n, "Identity") && !oc_doc_is(n, "Dropout"))
            continue;
        const q_value *out = &x->values[q_id(x, n->out[0])];
        if (out->is_output || out->pinned || (n->n_out > 1 && *n->out[1]) || n->n_in > 2)
            continue;
        read_instead(doc, n->out[0], n->in[0]);
        n->dead = true;
    }
}

static void drop_default_inputs(oc_doc *doc, const q_index *x)
{
    for (size_t i = 0; i < doc->inputs.n; i++) {
        uint32_t id = q_id(x, doc->inputs.item[i].name);
        if (id != Q_NONE && x->values[id].tensor != Q_NONE)
            doc->inputs.item[i].dead = true;
    }
}

oc_status q_tidy(oc_doc *doc, oc_error *err)
{
    q_index   x = {0};
    oc_status st = OC_OK;
    for (size_t i = 0; i < doc->n_nodes && st == OC_OK; i++)
        if (oc_doc_is(&doc->nodes[i], "Constant"))
            st = constant_to_tensor(doc, &doc->nodes[i], err);
    if (st != OC_OK || (st = q_index_build(doc, &x, err)) != OC_OK)
        return st;
    drop_default_inputs(doc, &x);
    drop_identities(doc, &x);
    q_index_finish(&x);
    if (doc->ir_version < 4) {
        doc->ir_version = 4; /* before, every tensor had to be an input */
        doc->ir_changed = true;
    }
    return oc_doc_sweep(doc, err);
}

oc_status q_prepare(oc_doc *doc, oc_error *err)
{
    oc_status st;
    if ((st = q_raise_opset(doc, err)) != OC_OK || (st = q_tidy(doc, err)) != OC_OK)
        return st;
    return q_fold(doc, err);
}
