/* Tables and residual additions become part of the convolution before them. */
#include <string.h>

#include "passes/qdq.h"

enum { CONV_INPUTS = 9, WITH_TABLE = 10, WITH_ADD = 15 };

static oc_status take_inputs(qdq *q, oc_node *n, uint32_t n_in)
{
    oc_vid *in = oc_arena_alloc(&q->g->arena, n_in, sizeof(*in));
    if (!in)
        return OC_FAIL(q->err, OC_NOMEM, "inputs");
    for (uint32_t i = 0; i < n_in; i++)
        in[i] = i < n->n_in ? n->in[i] : OC_VID_NONE;
    n->in = in;
    n->n_in = n_in;
    return OC_OK;
}

/* Bounds that were the node's own are passed through the table. */
static oc_status merge_table(qdq *q, oc_node *n, oc_node *look)
{
    const int64_t  lo = oc_node_int(n, "lo", 0), hi = oc_node_int(n, "hi", 255);
    const uint8_t *from = q->g->values[look->in[1]].data;
    const oc_shape shape = {1, {256}};
    uint8_t        table[256];
    oc_status      st;
    for (int64_t i = 0; i < 256; i++)
        table[i] = from[i < lo ? lo : i > hi ? hi : i];
    if ((st = take_inputs(q, n, WITH_TABLE)) != OC_OK ||
        (st = qdq_constant(q, OC_U8, &shape, table, &n->in[9])) != OC_OK)
        return st;
    n->out[0] = look->out[0];
    look->dead = true;
    return OC_OK;
}

static oc_status set_attrs(qdq *q, oc_node *n, int64_t lo, int64_t hi, int64_t second)
{
    oc_attr *a = oc_arena_dup(&q->g->arena, n->attrs, n->n_attrs * sizeof(*a));
    if (!a)
        return OC_FAIL(q->err, OC_NOMEM, "attributes");
    for (uint32_t i = 0; i < n->n_attrs; i++)
        if (strcmp(a[i].name, "lo") == 0)
            a[i].i = lo;
        else if (strcmp(a[i].name, "hi") == 0)
            a[i].i = hi;
        else if (strcmp(a[i].name, "second") == 0)
            a[i].i = second;
    n->attrs = a;
    return OC_OK;
}

/* sum = n + r, r not waiting for n. */
static oc_status merge_add(qdq *q, oc_node *n, uint32_t index, oc_node *sum, bool *done)
{
    const uint32_t mine = sum->in[0] == n->out[0] ? 0 : 3, other = 3 - mine;
    const oc_vid   r = sum->in[other];
    oc_status      st;
    /* of two candidates the later one takes the sum: the other's result is there then */
    if (r == n->out[0] || q->uses.producer[r] > (int32_t)index || q->g->values[r].data ||
        oc_node_int(n, "lo", 0) != 0 || oc_node_int(n, "hi", 255) != 255 ||
        !oc_shape_equal(&q->g->values[r].info.shape, &q->g->values[n->out[0]].info.shape))
        return OC_OK;
    if ((st = take_inputs(q, n, WITH_ADD)) != OC_OK ||
        (st = set_attrs(q, n, oc_node_int(sum, "lo", 0), oc_node_int(sum, "hi", 255), mine == 3)) !=
            OC_OK)
        return st;
    n->in[10] = r;
    n->in[11] = sum->in[other + 1];
    n->in[12] = sum->in[other + 2];
    n->in[13] = sum->in[6];
    n->in[14] = sum->n_in > 7 ? sum->in[7] : OC_VID_NONE;
    n->out[0] = sum->out[0];
    sum->dead = true;
    *done = true;
    return OC_OK;
}

oc_status qdq_merge(qdq *q, uint32_t index, bool *done)
{
    oc_node *n = &q->g->nodes[index];
    if (!oc_node_is(n, "QConv") || oc_node_int(n, "raw", 0) || q->g->values[n->out[0]].is_output)
        return OC_OK;
    oc_node *user = qdq_reader(q, n->out[0]);
    if (!user)
        return OC_OK;
    if (oc_node_is(user, "QTable") && n->n_in == CONV_INPUTS) {
        *done = true;
        return merge_table(q, n, user);
    }
    const bool sums = strcmp(user->op->name, "QLinearAdd") == 0;
    return sums && n->n_in <= WITH_TABLE ? merge_add(q, n, index, user, done) : OC_OK;
}
