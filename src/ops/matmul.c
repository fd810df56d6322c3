/* MatMul: y = act(A * B + residual), NumPy's matmul.      ONNX opset 1..13
 *
 *   in   A    [..,M,K] or [K]
 *        B    [..,K,N] or [K]; packed when it is constant and the same for the whole batch
 *        add  the residual of a fused addition (node->add), always last
 *   out  y    [..,M,N]; batch dimensions broadcast; float or integer types
 *
 * Where B is one matrix the batch of A becomes more rows. */
#include "ops/op.h"
#include "ops/product.h"

typedef struct matmul_shape {
    size_t   m, n, k;
    oc_shape batch; /* broadcast */
    oc_shape a, b;  /* batch dimensions of the operands, right-aligned to batch, 1 in front */
    bool     a_vector, b_vector;
} matmul_shape;

/* The batch dimensions of `s` behind as many ones as make `rank`. */
static oc_shape batch_of(const oc_shape *s, uint32_t own, uint32_t rank)
{
    oc_shape out = {.rank = rank};

    for (uint32_t i = 0; i < rank; i++)
        out.dim[i] = i + own < rank ? 1 : s->dim[i + own - rank];
    return out;
}

static oc_status read_shape(const oc_tensor_info *a, const oc_tensor_info *b, matmul_shape *g,
                            oc_error *err)
{
    const oc_shape *as = &a->shape, *bs = &b->shape;
    char            text[2][96];

    if (as->rank == 0 || bs->rank == 0)
        return OC_FAIL(err, OC_FORMAT, "an operand is a scalar");
    for (uint32_t i = 0; i < as->rank || i < bs->rank; i++)
        if ((i < as->rank && as->dim[i] < 0) || (i < bs->rank && bs->dim[i] < 0))
            return OC_FAIL(err, OC_UNSUPPORTED, "the shape of an operand is not known");
    g->a_vector = as->rank == 1;
    g->b_vector = bs->rank == 1;
    g->m = g->a_vector ? 1 : (size_t)as->dim[as->rank - 2];
    g->k = (size_t)as->dim[as->rank - 1];
    g->n = g->b_vector ? 1 : (size_t)bs->dim[bs->rank - 1];
    if (g->k != (size_t)bs->dim[g->b_vector ? 0 : bs->rank - 2])
        goto mismatch;
    uint32_t a_own = g->a_vector ? 0 : as->rank - 2, b_own = g->b_vector ? 0 : bs->rank - 2;
    uint32_t rank = a_own > b_own ? a_own : b_own;
    g->a = batch_of(as, a_own, rank);
    g->b = batch_of(bs, b_own, rank);
    g->batch.rank = rank;
    for (uint32_t i = 0; i < rank; i++) {
        if (g->a.dim[i] != g->b.dim[i] && g->a.dim[i] != 1 && g->b.dim[i] != 1)
            goto mismatch;
        g->batch.dim[i] = g->a.dim[i] == 1 ? g->b.dim[i] : g->a.dim[i];
    }
    return OC_OK;
mismatch:
    return OC_FAIL(err, OC_FORMAT, "%s times %s", oc_shape_text(as, text[0], sizeof(text[0])),
                   oc_shape_text(bs, text[1], sizeof(text[1])));
}

static oc_status matmul_infer(const oc_infer *ask, oc_error *err)
{
    matmul_shape g = {0};
    oc_status    st;

    if (!oc_product_takes(ask->in[0].dtype) || ask->in[1].dtype != ask->in[0].dtype)
        return OC_FAIL(err, OC_UNSUPPORTED, "%s times %s", oc_dtype_name(ask->in[0].dtype),
                       oc_dtype_name(ask->in[1].dtype));
    if ((st = read_shape(&ask->in[0], &ask->in[1], &g, err)) != OC_OK)
        return st;
    oc_shape s = g.batch;
    if (!g.a_vector)
        s.dim[s.rank++] = (int64_t)g.m;
    if (!g.b_vector)
        s.dim[s.rank++] = (int64_t)g.n;
    ask->out[0] = (oc_tensor_info){.dtype = ask->in[0].dtype, .shape = s};
    return OC_OK;
}

/* First element of an operand in batch `at`, in matrices of `size` elements. */
static size_t batch_at(const oc_shape *own, const oc_shape *batch, size_t at, size_t size)
{
    size_t index = 0, step = 1;

    for (uint32_t i = batch->rank; i-- > 0;) {
        size_t dim = (size_t)batch->dim[i];
        if (own->dim[i] != 1)
            index += at % dim * step;
        step *= (size_t)own->dim[i];
        at /= dim;
    }
    return index * size;
}

static size_t elements_of(const oc_shape *s)
{
    size_t n = 1;
    for (uint32_t i = 0; i < s->rank; i++)
        n *= (size_t)s->dim[i];
    return n;
}

static oc_status matmul_prepare(const oc_prepare *p, oc_error *err)
{
    oc_product  *d = p->state;
    matmul_shape g = {0};
    oc_status    st = read_shape(&p->in[0].info, &p->in[1].info, &g, err);

    if (st != OC_OK)
        return st;
    *d = (oc_product){.dtype = p->in[0].info.dtype,
                      .m = g.m,
                      .n = g.n,
                      .k = g.k,
                      .batches = elements_of(&g.batch),
                      .alpha = 1.0f,
                      .act = p->node->act,
                      .c = -1,
                      .add = p->node->add ? (int)p->n_in - 1 : -1};
    if (elements_of(&g.b) == 1) {
        d->m *= d->batches;
        d->batches = 1;
        g.batch.rank = 0;
    }
    d->a_at = oc_arena_alloc(p->mem, 2 * d->batches + 1, sizeof(size_t));
    if (!d->a_at)
        return OC_FAIL(err, OC_NOMEM, "the plan of %zu products", d->batches);
    d->w_at = d->a_at + d->batches;
    for (size_t i = 0; i < d->batches; i++) {
        d->a_at[i] = batch_at(&g.a, &g.batch, i, g.m * g.k);
        d->w_at[i] = batch_at(&g.b, &g.batch, i, g.k * g.n);
    }
    return oc_product_init(d, p, err);
}

static void matmul_run(const oc_op_run *r)
{
    oc_product_run(r->state, r);
}

const oc_op oc_op_matmul = {
    .name = "MatMul",
    .domain = "",
    .n_in_min = 2,
    .n_in_max = 3,
    .n_out_min = 1,
    .n_out_max = 1,
    .flags = OC_OP_ACT | OC_OP_ADD,
    .state_size = sizeof(oc_product),
    .infer = matmul_infer,
    .prepare = matmul_prepare,
    .run = matmul_run,
};
