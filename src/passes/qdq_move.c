/* DequantizeLinear moved behind what only moves values, pairs of Q and DQ cancelled, int8 made uint8. */
#include <string.h>

#include "passes/qdq.h"

/* ---- int8 becomes uint8: 128 more, and the zero point too ---- */

/* All readers of a value are DQ nodes of its own zero point's kind. */
static bool only_dequantised(const qdq *q, oc_vid v)
{
    qdq_param p;
    if (q->g->values[v].is_output || q->g->values[v].is_input)
        return false;
    for (uint32_t i = 0; i < q->g->n_nodes; i++) {
        const oc_node *n = &q->g->nodes[i];
        for (uint32_t k = 0; k < n->n_in && !n->dead; k++)
            if (n->in[k] == v && (k != 0 || !qdq_is(q, n, "DequantizeLinear", &p)))
                return false;
    }
    return true;
}

static oc_status shift(qdq *q, oc_node *n, qdq_param *p)
{
    const oc_vid in = n->in[0];
    p->zero += 128;
    p->dtype = OC_U8;
    oc_status st = qdq_param_constants(q, p);
    if (st != OC_OK)
        return st;
    const oc_vid three[3] = {in, p->v_scale, p->v_zero};
    return qdq_become(q, n, "", n->op->name, three, 3, NULL, 0);
}

oc_status qdq_unsign(qdq *q, uint32_t index, bool *done)
{
    oc_node  *n = &q->g->nodes[index];
    qdq_param p;
    if (!qdq_is(q, n, "QuantizeLinear", &p) || p.dtype != OC_I8 || !only_dequantised(q, n->out[0]))
        return OC_OK;
    const oc_vid v = n->out[0];
    oc_status    st = shift(q, n, &p);
    for (uint32_t i = 0; i < q->g->n_nodes && st == OC_OK; i++) {
        oc_node  *user = &q->g->nodes[i];
        qdq_param own;
        if (!user->dead && user->n_in && user->in[0] == v &&
            qdq_is(q, user, "DequantizeLinear", &own))
            st = shift(q, user, &own);
    }
    q->g->values[v].info.dtype = OC_U8;
    *done = true;
    return st;
}

/* ---- moves ---- */

/* Operators whose result has the values of their first input (Concat: of all) and no others. */
static bool is_move(const oc_node *n)
{
    static const char *const names[] = {
        "Concat",    "DepthToSpace", "Flatten",      "Gather",        "Identity", "MaxPool",
        "Reshape",   "Slice",        "SpaceToDepth", "Split",         "Squeeze",  "Transpose",
        "Unsqueeze", "Expand",       "Tile",         "ChannelShuffle"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (oc_node_is(n, names[i]))
            return n->n_out == 1 || strcmp(names[i], "Split") == 0;
    return oc_node_is(n, "Resize") &&
           strcmp(oc_node_string(n, "mode", "nearest"), "nearest") == 0 &&
           strcmp(oc_node_string(n, "coordinate_transformation_mode", ""), "tf_crop_and_resize");
}

static uint32_t n_moved(const oc_node *n)
{
    return oc_node_is(n, "Concat") ? n->n_in : 1;
}

/* DQ(move(x)) in place of move(DQ(x)): for one of the outputs. */
static oc_status dequantise_output(qdq *q, uint32_t index, uint32_t k, const qdq_param *p)
{
    const oc_vid v = q->g->nodes[index].out[k];
    oc_vid       bytes;
    oc_node     *dq;
    oc_status    st = oc_graph_add_value(q->g, q->g->values[v].name, &bytes, q->err);
    if (st != OC_OK ||
        (st = oc_graph_add_node(q->g, "", "DequantizeLinear", 3, 1, &dq, q->err)) != OC_OK ||
        (st = oc_node_retype(dq, "", "DequantizeLinear", q->err)) != OC_OK)
        return st;
    q->g->values[bytes].info = q->g->values[v].info;
    q->g->values[bytes].info.dtype = p->dtype;
    dq->opset = 13;
    dq->in[0] = bytes;
    dq->in[1] = p->v_scale;
    dq->in[2] = p->v_zero;
    dq->out[0] = v;
    q->g->nodes[index].out[k] = bytes;
    return OC_OK;
}

/* Somebody quantises the result again, or moves it on: else it may as well stay float. */
static bool worth_moving(const qdq *q, const oc_node *n)
{
    for (uint32_t k = 0; k < n->n_out; k++)
        for (uint32_t i = 0; i < q->g->n_nodes && n->out[k] != OC_VID_NONE; i++) {
            const oc_node *user = &q->g->nodes[i];
            for (uint32_t j = 0; j < user->n_in && !user->dead; j++)
                if (user->in[j] == n->out[k] &&
                    (oc_node_is(user, "QuantizeLinear") || is_move(user)))
                    return true;
        }
    return false;
}

oc_status qdq_move(qdq *q, uint32_t index, bool *done)
{
    oc_node  *n = &q->g->nodes[index];
    qdq_param first, p;
    oc_vid    bytes;
    oc_status st = OC_OK;
    if (!is_move(n) || n->n_in == 0 || !worth_moving(q, n))
        return OC_OK;
    for (uint32_t k = 0; k < n_moved(n); k++) {
        if (!qdq_source(q, n->in[k], &bytes, &p) || (k && !qdq_same(&first, &p)))
            return OC_OK;
        first = k ? first : p;
    }
    for (uint32_t k = 0; k < n->n_out; k++)
        if (n->out[k] != OC_VID_NONE && q->g->values[n->out[k]].is_output)
            return OC_OK;
    oc_vid *in = oc_arena_dup(&q->g->arena, n->in, n->n_in * sizeof(*in));
    oc_vid *out = oc_arena_dup(&q->g->arena, n->out, n->n_out * sizeof(*out));
    if (!in || !out)
        return OC_FAIL(q->err, OC_NOMEM, "inputs");
    for (uint32_t k = 0; k < n_moved(n); k++)
        (void)qdq_source(q, n->in[k], &in[k], &p);
    n->in = in;
    n->out = out;
    const uint32_t n_out = n->n_out;
    for (uint32_t k = 0; k < n_out && st == OC_OK; k++)
        if (out[k] != OC_VID_NONE)
            st = dequantise_output(q, index, k, &first);
    *done = true;
    return st;
}

/* ---- Q(DQ(x)) ---- */

oc_status qdq_cancel(qdq *q, uint32_t index, bool *done)
{
    oc_node       *n = &q->g->nodes[index];
    const oc_shape shape = {1, {256}};
    qdq_param      x, y;
    oc_vid         bytes, t;
    uint8_t        table[256];
    oc_status      st;
    if (!qdq_is(q, n, "QuantizeLinear", &y) || y.dtype != OC_U8 ||
        !qdq_source(q, n->in[0], &bytes, &x) || x.dtype != OC_U8)
        return OC_OK;
    if (qdq_same(&x, &y) && !q->g->values[n->out[0]].is_output) {
        oc_graph_replace_uses(q->g, n->out[0], bytes);
        n->dead = *done = true;
        return OC_OK;
    }
    for (int k = 0; k < 256; k++)
        table[k] = qdq_byte(&y, (float)(k - x.zero) * x.scale);
    if ((st = qdq_constant(q, OC_U8, &shape, table, &t)) != OC_OK)
        return st;
    const oc_vid in[2] = {bytes, t};
    *done = true;
    return qdq_become(q, n, "ocellus", "QTable", in, 2, NULL, 0);
}
