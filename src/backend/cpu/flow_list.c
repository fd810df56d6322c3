/* Sequences and optionals, as exporters leave them around post-processing. */
#include <string.h>

#include "backend/cpu/flow.h"
#include "ops/control.h"

static bool is_there(const flow_cell *c)
{
    return c->view.data || c->list;
}

/* A position in [-n, n) or, for inserting, [-n, n]. */
static oc_status position(const flow_ask *ask, uint32_t input, bool given, size_t n, bool end,
                          size_t *out, oc_error *err)
{
    int64_t   at = end ? (int64_t)n : (int64_t)n - 1;
    oc_status st = OC_OK;
    if (given && (st = flow_cell_int(&ask->in[input], "the position", &at, err)) != OC_OK)
        return st;
    if (given && at < 0)
        at += (int64_t)n;
    if (at < 0 || at > (int64_t)n || (!end && at == (int64_t)n))
        return OC_FAIL(err, OC_FORMAT, "position %lld of a sequence of %zu", (long long)at, n);
    *out = (size_t)at;
    return OC_OK;
}

static oc_status add_range(flow_cell *to, const flow_list *from, size_t begin, size_t end,
                           oc_error *err)
{
    oc_status st = OC_OK;
    for (size_t i = begin; i < end && st == OC_OK; i++)
        st = flow_list_add(to, &from->item[i], err);
    return st;
}

static oc_status construct(const flow_ask *ask, oc_error *err)
{
    oc_status st = flow_list_make(ask->out, err);
    for (uint32_t i = 0; i < ask->node->n_in && st == OC_OK; i++)
        st = flow_list_add(ask->out, &ask->in[i], err);
    return st;
}

static oc_status insert(const flow_ask *ask, const flow_list *l, oc_error *err)
{
    bool      given = ask->node->n_in > 2 && ask->in[2].view.data;
    size_t    at;
    oc_status st = position(ask, 2, given, l->n, true, &at, err);
    if (st != OC_OK || (st = flow_list_make(ask->out, err)) != OC_OK ||
        (st = add_range(ask->out, l, 0, at, err)) != OC_OK ||
        (st = flow_list_add(ask->out, &ask->in[1], err)) != OC_OK)
        return st;
    return add_range(ask->out, l, at, l->n, err);
}

static oc_status erase(const flow_ask *ask, const flow_list *l, oc_error *err)
{
    bool      given = ask->node->n_in > 1 && ask->in[1].view.data;
    size_t    at;
    oc_status st = position(ask, 1, given, l->n, false, &at, err);
    if (st != OC_OK || (st = flow_list_make(ask->out, err)) != OC_OK ||
        (st = add_range(ask->out, l, 0, at, err)) != OC_OK)
        return st;
    return add_range(ask->out, l, at + 1, l->n, err);
}

static oc_status element_at(const flow_ask *ask, const flow_list *l, oc_error *err)
{
    size_t    at;
    oc_status st = position(ask, 1, true, l->n, false, &at, err);
    if (st == OC_OK)
        *ask->out = flow_cell_keep(&l->item[at]);
    ask->out->fixed = false;
    return st;
}

static oc_status read_axis(const flow_ask *ask, uint32_t rank, uint32_t *axis, oc_error *err)
{
    int64_t a = oc_node_int(ask->node, "axis", 0);
    if (a < -(int64_t)rank || a >= (int64_t)rank)
        return OC_FAIL(err, OC_FORMAT, "axis %lld of a tensor of rank %u", (long long)a, rank);
    *axis = (uint32_t)(a < 0 ? a + rank : a);
    return OC_OK;
}

/* Length of piece `i`: input 1 is one length for all (the last may be shorter), or a list of them. */
static int64_t piece_of(const flow_cell *split, size_t i, int64_t left)
{
    const oc_tensor_view *v = &split->view;
    int64_t               n;
    size_t                k = v->data && v->info.shape.rank ? i : 0;
    if (!v->data)
        return 1;
    n = v->info.dtype == OC_I32 ? ((const int32_t *)v->data)[k] : ((const int64_t *)v->data)[k];
    return v->info.shape.rank == 0 && n > left ? left : n;
}

static oc_status split(const flow_ask *ask, oc_error *err)
{
    const flow_cell *in = &ask->in[0];
    flow_cell        none = {0};
    const flow_cell *lengths = ask->node->n_in > 1 ? &ask->in[1] : &none;
    bool             keep = lengths->view.data || oc_node_int(ask->node, "keepdims", 1) != 0;
    uint32_t         axis;
    oc_dtype         t = lengths->view.info.dtype;
    oc_status        st;
    if (!in->view.data || (lengths->view.data && t != OC_I32 && t != OC_I64))
        return OC_FAIL(err, OC_FORMAT, "it needs a tensor and lengths of int32 or int64");
    if ((st = read_axis(ask, in->view.info.shape.rank, &axis, err)) != OC_OK ||
        (st = flow_list_make(ask->out, err)) != OC_OK)
        return st;
    int64_t n = in->view.info.shape.dim[axis], at = 0;
    int64_t n_list = lengths->view.info.shape.rank ? lengths->view.info.shape.dim[0] : -1;
    for (int64_t i = 0; (n_list < 0 ? at < n : i < n_list) && st == OC_OK; i++) {
        int64_t   piece = piece_of(lengths, (size_t)i, n - at);
        flow_cell c = {0};
        if (piece < 0 || piece > n - at || (piece == 0 && n_list < 0))
            return OC_FAIL(err, OC_FORMAT, "a piece of %lld where %lld are left", (long long)piece,
                           (long long)(n - at));
        if ((st = flow_slice(ask->world, in, axis, at, piece, keep, NULL, &c, err)) == OC_OK)
            st = flow_list_add(ask->out, &c, err);
        flow_cell_drop(ask->world, &c);
        at += piece;
    }
    if (st == OC_OK && at != n)
        st = OC_FAIL(err, OC_FORMAT, "the pieces take %lld of %lld", (long long)at, (long long)n);
    return st;
}

static oc_status concat(const flow_ask *ask, const flow_list *l, oc_error *err)
{
    bool      fresh = oc_node_int(ask->node, "new_axis", 0) != 0;
    uint32_t  axis;
    oc_status st;
    if (l->n == 0 || !l->item[0].view.data)
        return OC_FAIL(err, OC_FORMAT, "the sequence is empty");
    if ((st = read_axis(ask, l->item[0].view.info.shape.rank + fresh, &axis, err)) != OC_OK)
        return st;
    return flow_join(ask->world, l->item, l->n, axis, fresh, ask->out, err);
}

static oc_status run_on_sequence(const flow_ask *ask, oc_flow_kind kind, oc_error *err)
{
    const flow_list *l = ask->in[0].list;
    if (!l)
        return OC_FAIL(err, OC_FORMAT, "input 0 is no sequence");
    switch (kind) {
    case OC_FLOW_SEQUENCE_INSERT: return insert(ask, l, err);
    case OC_FLOW_SEQUENCE_ERASE: return erase(ask, l, err);
    case OC_FLOW_SEQUENCE_AT: return element_at(ask, l, err);
    case OC_FLOW_SEQUENCE_LENGTH:
        return flow_cell_scalar(ask->world, OC_I64, (int64_t)l->n, ask->out, err);
    default: return concat(ask, l, err);
    }
}

oc_status flow_run_list(const flow_ask *ask, oc_error *err)
{
    oc_flow_kind kind = oc_flow_kind_of(ask->node->op);
    bool         has = ask->node->n_in > 0 && is_there(&ask->in[0]);
    switch (kind) {
    case OC_FLOW_SEQUENCE_EMPTY: return flow_list_make(ask->out, err);
    case OC_FLOW_SEQUENCE_CONSTRUCT: return construct(ask, err);
    case OC_FLOW_SPLIT_TO_SEQUENCE: return split(ask, err);
    case OC_FLOW_OPTIONAL_HAS: return flow_cell_scalar(ask->world, OC_BOOL, has, ask->out, err);
    case OC_FLOW_OPTIONAL_GET:
        if (!has)
            return OC_FAIL(err, OC_FORMAT, "the optional has no element");
        /* fall through */
    case OC_FLOW_OPTIONAL:
        if (has)
            *ask->out = flow_cell_keep(&ask->in[0]);
        ask->out->fixed = false;
        return OC_OK;
    default: return run_on_sequence(ask, kind, err);
    }
}
