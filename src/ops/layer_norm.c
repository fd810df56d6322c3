/* LayerNormalization, RMSNormalization: over the dimensions from `axis` on
 *   y = (x - mean) / sqrt(variance + epsilon) * scale + bias      ONNX opset 17..
 *   y = x / sqrt(mean of x^2 + epsilon) * scale                   ONNX opset 23..
 *
 *   in   x      f32
 *        scale  f32, shape broadcasts to the dimensions from axis on
 *        bias   the same, optional; LayerNormalization alone, and so are the last two outputs
 *   out  y      the shape of x; may share x's memory
 *        mean, inverse deviation  (optional) f32, with the dimensions from axis on as 1 */
#include <string.h>

#include "kernels/f32_affine.h"
#include "ops/args.h"
#include "ops/broadcast.h"
#include "ops/moments.h"
#include "ops/op.h"

#define GRAIN 16384 /* elements */

typedef struct layer_state {
    oc_k_f32_affine_fn *affine;
    oc_k_f32_reduce_fn *reduce;
    float               epsilon;
    bool                rms;
    size_t              n;           /* of a row */
    oc_broadcast        scale, bias; /* to a row, when they are not whole rows themselves */
} layer_state;

static oc_status layer_infer(const oc_infer *ask, oc_error *err)
{
    const oc_shape *x = &ask->in[0].shape;
    oc_tensor_info  row[2] = {{OC_F32, {0}}, {OC_F32, {0}}};
    uint32_t        axis = 0;
    oc_status       st;

    if ((st = oc_axis(oc_node_int(ask->node, "axis", -1), x->rank, &axis, err)) != OC_OK)
        return st;
    row[0].shape.rank = x->rank - axis;
    memcpy(row[0].shape.dim, x->dim + axis, (x->rank - axis) * sizeof(*x->dim));
    for (uint32_t i = 0; i < ask->n_in; i++) {
        oc_shape both;

        if (ask->in[i].dtype == OC_DTYPE_NONE && i == 2)
            continue;
        if (ask->in[i].dtype != OC_F32)
            return OC_FAIL(err, OC_UNSUPPORTED, "input %u is %s, only float32", i,
                           oc_dtype_name(ask->in[i].dtype));
        row[1] = ask->in[i];
        if (i && ((st = oc_broadcast_shape(row, 2, &both, err)) != OC_OK ||
                  !oc_shape_equal(&both, &row[0].shape)))
            return st != OC_OK ? st : OC_FAIL(err, OC_FORMAT, "input %u is larger than a row", i);
    }
    ask->out[0] = ask->in[0];
    for (uint32_t k = 1; k < ask->n_out; k++) {
        ask->out[k] = ask->in[0];
        for (uint32_t d = axis; d < x->rank; d++)
            ask->out[k].shape.dim[d] = 1;
    }
    return OC_OK;
}

static oc_status layer_prepare(const oc_prepare *p, oc_error *err)
{
    const oc_shape *x = &p->in[0].info.shape, *scale = &p->in[1].info.shape;
    const oc_shape *bias = p->n_in > 2 && p->in[2].info.dtype ? &p->in[2].info.shape : scale;
    layer_state    *s = p->state;
    oc_shape        row = {0};
    uint32_t        axis = 0;
    oc_status       st = oc_axis(oc_node_int(p->node, "axis", -1), x->rank, &axis, err);

    if (st != OC_OK)
        return st;
    row.rank = x->rank - axis;
    memcpy(row.dim, x->dim + axis, row.rank * sizeof(*x->dim));
    s->affine = oc_k_f32_affine(p->isa);
    s->reduce = oc_k_f32_reduce(p->isa);
    s->rms = strcmp(p->node->op->name, "RMSNormalization") == 0;
    s->epsilon = oc_node_float(p->node, "epsilon", 1e-5f);
    s->n = oc_dims_product(x, axis, x->rank);
    oc_broadcast_init(&s->scale, &row, &scale, 1);
    oc_broadcast_init(&s->bias, &row, &bias, 1);
    p->work->phase[0].units = s->n ? oc_dims_product(x, 0, axis) : 0;
    p->work->phase[0].grain = GRAIN / (s->n + 1) + 1;
    p->work->scratch_bytes = 3 * s->n * sizeof(float);
    return OC_OK;
}

typedef struct spread_ctx {
    const float *from;
    float       *to;
    size_t       step;
} spread_ctx;

static void spread(void *ctx, size_t n, size_t out_at, const size_t *at)
{
    const spread_ctx *c = ctx;

    for (size_t i = 0; i < n; i++)
        c->to[out_at + i] = c->from[at[0] + i * c->step];
}

/* A row of scale or bias: where it lies, or spread to scratch memory. */
static const float *row_of(const oc_broadcast *map, const float *from, size_t n, float *scratch)
{
    spread_ctx c = {from, scratch, oc_broadcast_inner(map, 0)};

    if (map->n_dims == 1 && c.step == 1)
        return from;
    oc_broadcast_run(map, (oc_range){0, n}, spread, &c);
    return scratch;
}

static oc_moments moments(const layer_state *s, const float *x)
{
    oc_moments m = oc_moments_of(s->reduce, s->n, x);
    if (s->rms) {
        m.variance += m.mean * m.mean;
        m.mean = 0.0f;
    }
    return m;
}

static void layer_run(const oc_op_run *r)
{
    const layer_state *s = r->state;
    float             *zero = r->scratch, *room = zero + s->n;
    const float       *scale = row_of(&s->scale, r->in[1].data, s->n, room), *bias = zero;

    memset(zero, 0, s->n * sizeof(*zero));
    if (r->n_in > 2 && r->in[2].data)
        bias = row_of(&s->bias, r->in[2].data, s->n, room + s->n);
    for (size_t u = r->part.begin; u < r->part.end; u++) {
        const float        *x = (const float *)r->in[0].data + u * s->n;
        float              *y = (float *)r->out[0].data + u * s->n;
        const oc_moments    m = moments(s, x);
        const float         inverse = 1.0f / sqrtf(m.variance + s->epsilon), none = 0.0f;
        const oc_f32_affine center = {s->n, OC_OPERAND_ONE, x, &m.mean, &inverse, &none, y};
        const oc_f32_affine stretch = {s->n, OC_OPERAND_FULL, y, zero, scale, bias, y};

        s->affine(&center);
        s->affine(&stretch);
        if (r->n_out > 1 && r->out[1].data)
            ((float *)r->out[1].data)[u] = m.mean;
        if (r->n_out > 2 && r->out[2].data)
            ((float *)r->out[2].data)[u] = inverse;
    }
}

const oc_op oc_op_layer_normalization = {
    .name = "LayerNormalization",
    .domain = "",
    .n_in_min = 2,
    .n_in_max = 3,
    .n_out_min = 1,
    .n_out_max = 3,
    .flags = OC_OP_IN_PLACE,
    .state_size = sizeof(layer_state),
    .infer = layer_infer,
    .prepare = layer_prepare,
    .run = layer_run,
};

const oc_op oc_op_rms_normalization = {
    .name = "RMSNormalization",
    .domain = "",
    .n_in_min = 2,
    .n_in_max = 2,
    .n_out_min = 1,
    .n_out_max = 1,
    .flags = OC_OP_IN_PLACE,
    .state_size = sizeof(layer_state),
    .infer = layer_infer,
    .prepare = layer_prepare,
    .run = layer_run,
};
