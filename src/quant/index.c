#include "quant/index.h"

#include <stdlib.h>

static oc_status value_of(q_index *x, const char *name, uint32_t *id, oc_error *err)
{
    if (oc_strmap_get(&x->ids, name, id))
        return OC_OK;
    if (x->n == x->room) {
        uint32_t room = x->room ? x->room * 2 : 256;
        q_value *more = reallocarray(x->values, room, sizeof(*more));
        if (!more)
            return OC_FAIL(err, OC_NOMEM, "values");
        x->values = more;
        x->room = room;
    }
    if (!oc_strmap_put(&x->ids, name, x->n))
        return OC_FAIL(err, OC_NOMEM, "values");
    x->values[x->n] = (q_value){.name = name, .producer = Q_NONE, .tensor = Q_NONE};
    *id = x->n++;
    return OC_OK;
}

static oc_status add_ports(q_index *x, oc_error *err)
{
    const oc_doc *d = x->doc;
    oc_status     st = OC_OK;
    uint32_t      id;
    for (size_t i = 0; i < d->n_tensors && st == OC_OK; i++)
        if (!d->tensors[i].dead && (st = value_of(x, d->tensors[i].name, &id, err)) == OC_OK)
            x->values[id].tensor = (uint32_t)i;
    for (size_t i = 0; i < d->inputs.n && st == OC_OK; i++)
        if (!d->inputs.item[i].dead &&
            (st = value_of(x, d->inputs.item[i].name, &id, err)) == OC_OK)
            x->values[id].is_input = true;
    for (size_t i = 0; i < d->outputs.n && st == OC_OK; i++)
        if (!d->outputs.item[i].dead &&
            (st = value_of(x, d->outputs.item[i].name, &id, err)) == OC_OK)
            x->values[id].is_output = true;
    for (size_t i = 0; i < d->pinned.cap && st == OC_OK; i++)
        if (d->pinned.slots[i].key && (st = value_of(x, d->pinned.slots[i].key, &id, err)) == OC_OK)
            x->values[id].pinned = true;
    return st;
}

static oc_status add_nodes(q_index *x, size_t *uses, oc_error *err)
{
    const oc_doc *d = x->doc;
    oc_status     st = OC_OK;
    uint32_t      id;
    for (size_t i = 0; i < d->n_nodes && st == OC_OK; i++) {
        const oc_doc_node *n = &d->nodes[i];
        for (uint32_t k = 0; k < n->n_in && !n->dead && st == OC_OK; k++) {
            if (*n->in[k] && (st = value_of(x, n->in[k], &id, err)) == OC_OK) {
                x->values[id].n_users++;
                ++*uses;
            }
        }
        for (uint32_t k = 0; k < n->n_out && !n->dead && st == OC_OK; k++)
            if (*n->out[k] && (st = value_of(x, n->out[k], &id, err)) == OC_OK)
                x->values[id].producer = (uint32_t)i;
    }
    return st;
}

static void fill_users(q_index *x)
{
    uint32_t at = 0, id;
    for (uint32_t i = 0; i < x->n; i++) {
        x->values[i].users = at;
        at += x->values[i].n_users;
        x->values[i].n_users = 0;
    }
    for (size_t i = 0; i < x->doc->n_nodes; i++) {
        const oc_doc_node *n = &x->doc->nodes[i];
        for (uint32_t k = 0; k < n->n_in && !n->dead; k++) {
            if (!*n->in[k] || (id = q_id(x, n->in[k])) == Q_NONE)
                continue;
            q_value *v = &x->values[id];
            x->user[v->users + v->n_users++] = (uint32_t)i;
        }
    }
}

oc_status q_index_build(const oc_doc *doc, q_index *out, oc_error *err)
{
    q_index   x = {.doc = doc};
    size_t    uses = 0;
    oc_status st;
    if ((st = add_ports(&x, err)) == OC_OK && (st = add_nodes(&x, &uses, err)) == OC_OK &&
        !(x.user = calloc(uses + 1, sizeof(*x.user))))
        st = OC_FAIL(err, OC_NOMEM, "values");
    if (st != OC_OK) {
        q_index_finish(&x);
        return st;
    }
    fill_users(&x);
    *out = x;
    return OC_OK;
}

void q_index_finish(q_index *index)
{
    oc_strmap_finish(&index->ids);
    free(index->values);
    free(index->user);
    *index = (q_index){0};
}

uint32_t q_id(const q_index *index, const char *name)
{
    uint32_t id;
    return *name && oc_strmap_get(&index->ids, name, &id) ? id : Q_NONE;
}

const oc_tensor_view *q_constant(const q_index *index, const char *name)
{
    uint32_t id = q_id(index, name);
    if (id == Q_NONE || index->values[id].tensor == Q_NONE || index->values[id].producer != Q_NONE)
        return NULL;
    const oc_tensor_view *v = &index->doc->tensors[index->values[id].tensor].view;
    return v->info.dtype == OC_DTYPE_NONE ? NULL : v;
}

bool q_splat(const q_index *index, const char *name, float *value)
{
    const oc_tensor_view *v = q_constant(index, name);
    size_t                n;
    if (!v || v->info.dtype != OC_F32 || !oc_shape_elements(&v->info.shape, &n) || n == 0)
        return false;
    const float *x = v->data;
    for (size_t i = 1; i < n; i++)
        if (!(x[i] == x[0]))
            return false;
    *value = x[0];
    return true;
}

uint32_t q_only_user(const q_index *index, uint32_t id)
{
    const q_value *v = &index->values[id];
    return v->n_users == 1 && !v->is_output && !v->pinned ? index->user[v->users] : Q_NONE;
}
