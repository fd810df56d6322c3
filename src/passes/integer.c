/* Integer execution: what stands between DequantizeLinear and QuantizeLinear nodes becomes one
 * operator on bytes.
 *
 * Runs while constant weights still are integers (`fold` leaves DequantizeLinear of constants alone);
 * what stays in float gets its weights as floats at the end. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "passes/qdq.h"

oc_status qdq_refresh(qdq *q)
{
    oc_uses_finish(&q->uses);
    return oc_uses_create(q->g, &q->uses, q->err);
}

oc_node *qdq_reader(const qdq *q, oc_vid v)
{
    if (q->uses.count[v] != 1 || q->uses.user[v] < 0)
        return NULL;
    oc_node *n = &q->g->nodes[q->uses.user[v]];
    return n->dead ? NULL : n;
}

static size_t elements(const oc_value *v)
{
    size_t n;
    return oc_shape_elements(&v->info.shape, &n) ? n : 0;
}

static bool is_byte(oc_dtype dtype)
{
    return dtype == OC_U8 || dtype == OC_I8;
}

bool qdq_is(const qdq *q, const oc_node *n, const char *op_type, qdq_param *p)
{
    if (!n || !oc_node_is(n, op_type) || n->n_in < 2 || n->in[1] == OC_VID_NONE)
        return false;
    const oc_value *scale = &q->g->values[n->in[1]];
    const bool      quantises = op_type[0] == 'Q';
    *p = (qdq_param){.v_scale = n->in[1], .v_zero = n->n_in > 2 ? n->in[2] : OC_VID_NONE};
    p->dtype = q->g->values[quantises ? n->out[0] : n->in[0]].info.dtype;
    if (!is_byte(p->dtype) || !scale->data || scale->info.dtype != OC_F32 || elements(scale) != 1 ||
        q->g->values[n->in[0]].late || q->g->values[n->out[0]].late)
        return false;
    p->scale = *(const float *)scale->data;
    if (p->v_zero != OC_VID_NONE) {
        const oc_value *zero = &q->g->values[p->v_zero];
        if (!zero->data || zero->info.dtype != p->dtype || elements(zero) != 1)
            return false;
        p->zero = p->dtype == OC_I8 ? *(const int8_t *)zero->data : *(const uint8_t *)zero->data;
    }
    return p->scale > 0 && isfinite(p->scale);
}

bool qdq_source(const qdq *q, oc_vid v, oc_vid *bytes, qdq_param *p)
{
    const oc_node *n = qdq_maker(q, v);
    if (!qdq_is(q, n, "DequantizeLinear", p) || q->g->values[v].is_output)
        return false;
    *bytes = n->in[0];
    return true;
}

oc_node *qdq_sink(const qdq *q, oc_vid v, qdq_param *p)
{
    oc_node *n = q->g->values[v].is_output ? NULL : qdq_reader(q, v);
    return qdq_is(q, n, "QuantizeLinear", p) && p->dtype == OC_U8 ? n : NULL;
}

bool qdq_same(const qdq_param *a, const qdq_param *b)
{
    return a->scale == b->scale && a->zero == b->zero && a->dtype == b->dtype;
}

oc_status qdq_constant(qdq *q, oc_dtype dtype, const oc_shape *shape, const void *data, oc_vid *out)
{
    const oc_tensor_info info = {dtype, *shape};
    size_t               bytes;
    if (!oc_tensor_bytes(&info, &bytes))
        return OC_FAIL(q->err, OC_NOMEM, "a constant");
    const void *copy = oc_arena_dup(&q->g->arena, data, bytes);
    if (!copy)
        return OC_FAIL(q->err, OC_NOMEM, "%zu bytes", bytes);
    return oc_graph_add_constant(q->g, "", dtype, shape, copy, out, q->err);
}

oc_status qdq_param_constants(qdq *q, qdq_param *p)
{
    const uint8_t zero = (uint8_t)p->zero;
    oc_status     st = qdq_constant(q, OC_F32, &(oc_shape){0}, &p->scale, &p->v_scale);
    return st == OC_OK ? qdq_constant(q, p->dtype, &(oc_shape){0}, &zero, &p->v_zero) : st;
}

oc_status qdq_whole(qdq *q, qdq_param *p)
{
    const uint8_t zero = 0;
    return p->v_zero != OC_VID_NONE ? OC_OK
                                    : qdq_constant(q, p->dtype, &(oc_shape){0}, &zero, &p->v_zero);
}

oc_status qdq_become(qdq *q, oc_node *n, const char *domain, const char *op_type, const oc_vid *in,
                     uint32_t n_in, const oc_attr *attrs, uint32_t n_attrs)
{
    oc_vid   *copy = oc_arena_dup(&q->g->arena, in, n_in * sizeof(*in));
    oc_status st;
    if (!copy)
        return OC_FAIL(q->err, OC_NOMEM, "%u inputs", n_in);
    if ((st = oc_node_retype(n, domain, op_type, q->err)) != OC_OK)
        return st;
    n->in = copy;
    n->n_in = n_in;
    n->act = (oc_act){0};
    return n_attrs ? oc_node_set_attrs(q->g, n, attrs, n_attrs, q->err) : OC_OK;
}

uint8_t qdq_byte(const qdq_param *p, float x)
{
    float v = x / p->scale;
    v = v > 512.0f ? 512.0f : v > -512.0f ? v : -512.0f;
    const int b = (int)rintf(v) + p->zero;
    return (uint8_t)(b < 0 ? 0 : b > 255 ? 255 : b);
}

bool qdq_bounds(oc_act act, const qdq_param *p, uint8_t *lo, uint8_t *hi)
{
    *lo = 0;
    *hi = 255;
    if (act.kind == OC_ACT_RELU)
        *lo = qdq_byte(p, 0.0f);
    else if (act.kind == OC_ACT_CLIP && act.a <= act.b) {
        *lo = qdq_byte(p, act.a);
        *hi = qdq_byte(p, act.b);
    } else if (act.kind != OC_ACT_NONE)
        return false;
    return true;
}

/* One step over all nodes, those it adds too, as often as it finds something. */
static oc_status sweep(qdq *q, qdq_step *step)
{
    oc_status st = qdq_refresh(q);
    for (uint32_t i = 0; i < q->g->n_nodes && st == OC_OK; i++) {
        bool done = false;
        if (q->g->nodes[i].dead)
            continue;
        st = step(q, i, &done);
        if (st == OC_OK && done)
            st = qdq_refresh(q);
    }
    if (st == OC_OK && (st = oc_graph_sort(q->g, q->err)) == OC_OK)
        oc_graph_sweep(q->g); /* it goes against the order */
    return st;
}

/* What is left of constants in integers becomes floats. */
static oc_status float_constants(qdq *q)
{
    for (uint32_t i = 0; i < q->g->n_nodes; i++) {
        oc_node *n = &q->g->nodes[i];
        void    *data = NULL;
        bool     constant = oc_node_is(n, "DequantizeLinear") && !q->g->values[n->out[0]].is_output;
        for (uint32_t k = 0; k < n->n_in && constant; k++)
            constant = n->in[k] == OC_VID_NONE || q->g->values[n->in[k]].data;
        if (!constant)
            continue;
        oc_status st = oc_node_evaluate(q->g, n, q->isa, &data, q->err);
        if (st == OC_UNSUPPORTED)
            continue; /* too large: it stays a node */
        if (st != OC_OK)
            return st;
        q->g->values[n->out[0]].data = data;
        n->dead = true;
    }
    return OC_OK;
}

static bool has_integers(const oc_graph *g)
{
    for (uint32_t i = 0; i < g->n_nodes; i++)
        if (oc_node_is(&g->nodes[i], "DequantizeLinear"))
            return true;
    return false;
}

oc_pass_fn oc_pass_integer;

oc_status oc_pass_integer(oc_graph *graph, const oc_pass_options *options, oc_error *err)
{
    static qdq_step *const steps[] = {qdq_round, qdq_unsign, qdq_move, qdq_cancel,
                                      qdq_conv,  qdq_gemm,   qdq_join, qdq_table,
                                      qdq_move,  qdq_cancel, qdq_merge};
    qdq                    q = {.g = graph, .isa = options->isa, .err = err};
    oc_status              st = OC_OK;
    if (!has_integers(graph))
        return OC_OK;
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]) && st == OC_OK; i++)
        st = sweep(&q, steps[i]);
    if (st == OC_OK)
        st = float_constants(&q);
    oc_uses_finish(&q.uses);
    return st;
}
