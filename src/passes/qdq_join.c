/* Add, Mul, global average pooling and Concat between DequantizeLinear and QuantizeLinear. */
#include <stdlib.h>
#include <string.h>

#include "passes/qdq.h"

/* y of a node, past a Relu or Clip behind it. */
static oc_node *sink_past_bounds(const qdq *q, oc_vid out, qdq_param *y, oc_node **act, uint8_t *lo,
                                 uint8_t *hi)
{
    oc_node *sink = qdq_sink(q, out, y);
    oc_act   kind = {0};
    *act = NULL;
    *lo = 0;
    *hi = 255;
    if (sink)
        return sink;
    oc_node *user = q->g->values[out].is_output ? NULL : qdq_reader(q, out);
    if (!user || user->in[0] != out || !oc_node_act(q->g, user, &kind))
        return NULL;
    sink = qdq_sink(q, user->out[0], y);
    *act = user;
    return sink && qdq_bounds(kind, y, lo, hi) ? sink : NULL;
}

static oc_status join_two(qdq *q, oc_node *n, bool *done)
{
    qdq_param  a, b, y;
    oc_vid     va, vb;
    oc_node   *act;
    uint8_t    lo, hi;
    oc_status  st;
    const bool product = oc_node_is(n, "Mul");
    if (!qdq_source(q, n->in[0], &va, &a) || !qdq_source(q, n->in[1], &vb, &b) ||
        a.dtype != OC_U8 || b.dtype != OC_U8)
        return OC_OK;
    oc_node *sink = sink_past_bounds(q, n->out[0], &y, &act, &lo, &hi);
    if (!sink)
        return OC_OK;
    if ((st = qdq_whole(q, &a)) != OC_OK || (st = qdq_whole(q, &b)) != OC_OK ||
        (st = qdq_whole(q, &y)) != OC_OK)
        return st;
    /* the one that is repeated comes second */
    const oc_shape *out = &q->g->values[n->out[0]].info.shape;
    const bool      turn = !oc_shape_equal(&q->g->values[va].info.shape, out);
    const oc_vid    in[8] = {turn ? vb : va,
                          turn ? b.v_scale : a.v_scale,
                          turn ? b.v_zero : a.v_zero,
                          turn ? va : vb,
                          turn ? a.v_scale : b.v_scale,
                          turn ? a.v_zero : b.v_zero,
                          y.v_scale,
                          y.v_zero};
    const oc_attr bounds[2] = {{.name = "lo", .kind = OC_ATTR_INT, .i = lo},
                               {.name = "hi", .kind = OC_ATTR_INT, .i = hi}};
    st = qdq_become(q, n, "com.microsoft", product ? "QLinearMul" : "QLinearAdd", in, 8, bounds, 2);
    if (st != OC_OK)
        return st;
    n->out[0] = sink->out[0];
    sink->dead = true;
    if (act)
        act->dead = true;
    *done = true;
    return OC_OK;
}

static bool averages_pictures(const qdq *q, const oc_node *n)
{
    const oc_shape *x = &q->g->values[n->in[0]].info.shape;
    if (oc_node_is(n, "GlobalAveragePool"))
        return x->rank == 4;
    if (!oc_node_is(n, "ReduceMean") || x->rank != 4 || !oc_node_int(n, "keepdims", 1))
        return false;
    size_t         k = 0;
    const int64_t *axes = oc_node_ints(n, "axes", &k);
    if (n->n_in > 1 && n->in[1] != OC_VID_NONE) {
        const oc_value *v = &q->g->values[n->in[1]];
        if (!v->data || v->info.dtype != OC_I64 || !oc_shape_elements(&v->info.shape, &k))
            return false;
        axes = v->data;
    }
    if (k != 2)
        return false;
    const int64_t a = axes[0] < 0 ? axes[0] + 4 : axes[0], b = axes[1] < 0 ? axes[1] + 4 : axes[1];
    return (a == 2 && b == 3) || (a == 3 && b == 2);
}

static oc_status pool(qdq *q, oc_node *n, bool *done)
{
    qdq_param x, y;
    oc_vid    bytes;
    oc_node  *sink = qdq_sink(q, n->out[0], &y);
    if (!averages_pictures(q, n) || !sink || !qdq_source(q, n->in[0], &bytes, &x) ||
        x.dtype != OC_U8)
        return OC_OK;
    const oc_shape *shape = &q->g->values[bytes].info.shape;
    if (shape->dim[2] * shape->dim[3] < 1 || shape->dim[2] * shape->dim[3] >= 1 << 23)
        return OC_OK;
    oc_status st = qdq_whole(q, &x);
    if (st != OC_OK || (st = qdq_whole(q, &y)) != OC_OK)
        return st;
    const oc_vid in[5] = {bytes, x.v_scale, x.v_zero, y.v_scale, y.v_zero};
    st = qdq_become(q, n, "com.microsoft", "QLinearGlobalAveragePool", in, 5, NULL, 0);
    if (st != OC_OK)
        return st;
    n->out[0] = sink->out[0];
    sink->dead = true;
    *done = true;
    return OC_OK;
}

/* Values of several scales: each is brought to y's by a table of its own before it is moved. */
static oc_status concat(qdq *q, uint32_t index, bool *done)
{
    oc_node   *n = &q->g->nodes[index];
    qdq_param  y, *x = NULL;
    oc_vid    *bytes = NULL;
    oc_node   *sink = qdq_sink(q, n->out[0], &y);
    const bool fits = sink && n->n_in > 0;
    oc_status  st = OC_OK;
    if (!fits)
        return OC_OK;
    x = calloc(n->n_in, sizeof(*x));
    bytes = calloc(n->n_in, sizeof(*bytes));
    if (!x || !bytes)
        st = OC_FAIL(q->err, OC_NOMEM, "%u inputs", n->n_in);
    bool good = st == OC_OK;
    for (uint32_t i = 0; i < n->n_in && good; i++)
        good = qdq_source(q, n->in[i], &bytes[i], &x[i]) && x[i].dtype == OC_U8;
    const uint32_t n_in = n->n_in;
    for (uint32_t i = 0; i < n_in && good && st == OC_OK; i++) {
        uint8_t        table[256];
        const oc_shape shape = {1, {256}};
        oc_vid         made, t;
        oc_node       *look;
        if (qdq_same(&x[i], &y))
            continue;
        for (int k = 0; k < 256; k++)
            table[k] = qdq_byte(&y, (float)(k - x[i].zero) * x[i].scale);
        if ((st = qdq_constant(q, OC_U8, &shape, table, &t)) != OC_OK ||
            (st = oc_graph_add_value(q->g, q->g->values[bytes[i]].name, &made, q->err)) != OC_OK ||
            (st = oc_graph_add_node(q->g, "", "QTable", 2, 1, &look, q->err)) != OC_OK ||
            (st = oc_node_retype(look, "ocellus", "QTable", q->err)) != OC_OK)
            break;
        look->in[0] = bytes[i];
        look->in[1] = t;
        look->out[0] = made;
        q->g->values[made].info = q->g->values[bytes[i]].info;
        bytes[i] = made;
    }
    n = &q->g->nodes[index];
    for (uint32_t i = 0; i < n_in && good && st == OC_OK; i++)
        n->in[i] = bytes[i];
    if (good && st == OC_OK) {
        sink = qdq_sink(q, n->out[0], &y); /* nodes may have moved */
        n->out[0] = sink->out[0];
        sink->dead = true;
        *done = true;
    }
    free(x);
    free(bytes);
    return st;
}

oc_status qdq_join(qdq *q, uint32_t index, bool *done)
{
    oc_node *n = &q->g->nodes[index];
    if ((oc_node_is(n, "Add") || oc_node_is(n, "Mul")) && n->n_in == 2)
        return join_two(q, n, done);
    if (oc_node_is(n, "Concat"))
        return concat(q, index, done);
    return pool(q, n, done);
}
