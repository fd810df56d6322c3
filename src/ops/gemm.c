/* Gemm: y = act(alpha * A * B + beta * C + residual).      ONNX opset 1..13
 *
 *   in   A    [M,K], or [K,M] with transA
 *        B    [K,N], or [N,K] with transB; packed when constant
 *        C    broadcast to [M,N], optional
 *        add  the residual of a fused addition (node->add), always last
 *   out  y    [M,N]; float or integer types */
#include "ops/op.h"
#include "ops/product.h"

typedef struct gemm_shape {
    size_t m, n, k;
    bool   turn_a, turn_b;
} gemm_shape;

static oc_status read_shape(const oc_node *node, const oc_tensor_info *a, const oc_tensor_info *b,
                            gemm_shape *g, oc_error *err)
{
    char text[2][96];

    g->turn_a = oc_node_int(node, "transA", 0) != 0;
    g->turn_b = oc_node_int(node, "transB", 0) != 0;
    if (a->shape.rank != 2 || b->shape.rank != 2)
        return OC_FAIL(err, OC_FORMAT, "operands of rank %u and %u, both must be 2", a->shape.rank,
                       b->shape.rank);
    for (int i = 0; i < 2; i++)
        if (a->shape.dim[i] < 0 || b->shape.dim[i] < 0)
            return OC_FAIL(err, OC_UNSUPPORTED, "the shape of an operand is not known");
    g->m = (size_t)a->shape.dim[g->turn_a];
    g->k = (size_t)a->shape.dim[!g->turn_a];
    g->n = (size_t)b->shape.dim[!g->turn_b];
    if (g->k != (size_t)b->shape.dim[g->turn_b])
        return OC_FAIL(
            err, OC_FORMAT, "%s%s times %s%s", oc_shape_text(&a->shape, text[0], sizeof(text[0])),
            g->turn_a ? " transposed" : "", oc_shape_text(&b->shape, text[1], sizeof(text[1])),
            g->turn_b ? " transposed" : "");
    return OC_OK;
}

/* Steps of C through [m,n]; false when it does not broadcast to that. */
static bool read_addend(const oc_shape *c, const gemm_shape *g, size_t *row, size_t *col)
{
    const int64_t rows = c->rank > 1 ? c->dim[c->rank - 2] : 1;
    const int64_t cols = c->rank > 0 ? c->dim[c->rank - 1] : 1;

    for (uint32_t i = 0; i + 2 < c->rank; i++)
        if (c->dim[i] != 1)
            return false;
    if ((rows != 1 && rows != (int64_t)g->m) || (cols != 1 && cols != (int64_t)g->n))
        return false;
    *row = rows == 1 ? 0 : (size_t)cols;
    *col = cols == 1 ? 0 : 1;
    return true;
}

static int addend_of(const oc_node *node, uint32_t n_in, bool has_third)
{
    const uint32_t own = n_in - (node->add ? 1 : 0);
    return own > 2 && has_third ? 2 : -1;
}

static oc_status gemm_infer(const oc_infer *ask, oc_error *err)
{
    gemm_shape g;
    size_t     row, col;
    oc_status  st;

    if (!oc_product_takes(ask->in[0].dtype) || ask->in[1].dtype != ask->in[0].dtype)
        return OC_FAIL(err, OC_UNSUPPORTED, "%s times %s", oc_dtype_name(ask->in[0].dtype),
                       oc_dtype_name(ask->in[1].dtype));
    if ((st = read_shape(ask->node, &ask->in[0], &ask->in[1], &g, err)) != OC_OK)
        return st;
    int c = addend_of(ask->node, ask->n_in, ask->n_in > 2 && ask->in[2].dtype != OC_DTYPE_NONE);
    if (c >= 0 &&
        (ask->in[c].dtype != ask->in[0].dtype || !read_addend(&ask->in[c].shape, &g, &row, &col)))
        return OC_FAIL(err, OC_FORMAT, "C does not broadcast to %zux%zu", g.m, g.n);
    ask->out[0] =
        (oc_tensor_info){.dtype = ask->in[0].dtype, .shape = {2, {(int64_t)g.m, (int64_t)g.n}}};
    return OC_OK;
}

static oc_status gemm_prepare(const oc_prepare *p, oc_error *err)
{
    oc_product *d = p->state;
    gemm_shape  g;
    oc_status   st = read_shape(p->node, &p->in[0].info, &p->in[1].info, &g, err);

    if (st != OC_OK)
        return st;
    *d = (oc_product){.dtype = p->in[0].info.dtype,
                      .m = g.m,
                      .n = g.n,
                      .k = g.k,
                      .batches = 1,
                      .a_turned = g.turn_a,
                      .w_turned = g.turn_b,
                      .alpha = oc_node_float(p->node, "alpha", 1.0f),
                      .beta = oc_node_float(p->node, "beta", 1.0f),
                      .act = p->node->act,
                      .add = p->node->add ? (int)p->n_in - 1 : -1};
    d->c = addend_of(p->node, p->n_in, p->n_in > 2 && p->in[2].info.dtype != OC_DTYPE_NONE);
    if (d->c >= 0 && !read_addend(&p->in[d->c].info.shape, &g, &d->c_row, &d->c_col))
        return OC_FAIL(err, OC_FORMAT, "C does not broadcast to %zux%zu", g.m, g.n);
    d->a_at = oc_arena_alloc(p->mem, 2, sizeof(size_t)); /* zeros: one batch */
    if (!d->a_at)
        return OC_FAIL(err, OC_NOMEM, "the plan of a product");
    d->w_at = d->a_at + 1;
    return oc_product_init(d, p, err);
}

static void gemm_run(const oc_op_run *r)
{
    oc_product_run(r->state, r);
}

const oc_op oc_op_gemm = {
    .name = "Gemm",
    .domain = "",
    .n_in_min = 2,
    .n_in_max = 4,
    .n_out_min = 1,
    .n_out_max = 1,
    .flags = OC_OP_ACT | OC_OP_ADD,
    .state_size = sizeof(oc_product),
    .infer = gemm_infer,
    .prepare = gemm_prepare,
    .run = gemm_run,
};
