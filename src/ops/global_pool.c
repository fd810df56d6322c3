/* GlobalAveragePool, GlobalMaxPool, GlobalLpPool: one value per channel.      ONNX opset 1..
 *
 *   in   x  [N,C,D1..Dn], f32
 *   out  y  [N,C,1..1]; blocked when x is */
#include <math.h>
#include <string.h>

#include "kernels/f32_reduce.h"
#include "ops/args.h"
#include "ops/op.h"

#define GRAIN 32768 /* elements */

typedef enum pool_kind { AVERAGE, MAXIMUM, LP } pool_kind;

typedef struct global_state {
    pool_kind           kind;
    double              p;
    oc_k_f32_reduce_fn *reduce;
    size_t              plane, blocks, used; /* blocked: used lanes of the last block, 0 = all */
    bool                blocked;
} global_state;

static pool_kind kind_of(const oc_node *node)
{
    return strcmp(node->op_type, "GlobalMaxPool") == 0  ? MAXIMUM
           : strcmp(node->op_type, "GlobalLpPool") == 0 ? LP
                                                        : AVERAGE;
}

static oc_status global_infer(const oc_infer *ask, oc_error *err)
{
    if (ask->in[0].dtype != OC_F32)
        return OC_FAIL(err, OC_UNSUPPORTED, "input is %s, only float32",
                       oc_dtype_name(ask->in[0].dtype));
    if (ask->in[0].shape.rank < 3)
        return OC_FAIL(err, OC_FORMAT, "input has rank %u, at least 3", ask->in[0].shape.rank);
    ask->out[0] = ask->in[0];
    for (uint32_t d = 2; d < ask->in[0].shape.rank; d++)
        ask->out[0].shape.dim[d] = 1;
    return OC_OK;
}

static bool global_layout(oc_layout_ask *ask)
{
    if (ask->in[0].layout != OC_LAYOUT_NC8 || kind_of(ask->node) == LP)
        return false;
    ask->want_in[0] = ask->want_out[0] = true;
    return true;
}

static oc_status global_prepare(const oc_prepare *p, oc_error *err)
{
    const oc_shape *x = &p->in[0].info.shape;
    global_state   *s = p->state;

    (void)err;
    s->kind = kind_of(p->node);
    s->p = (double)oc_node_int(p->node, "p", 2);
    s->reduce = oc_k_f32_reduce(p->isa);
    s->plane = oc_dims_product(x, 2, x->rank);
    s->blocked = p->out[0].layout == OC_LAYOUT_NC8;
    s->blocks = ((size_t)x->dim[1] + 7) / 8;
    s->used = (size_t)x->dim[1] % 8;
    p->work->phase[0].units = (size_t)x->dim[0] * (s->blocked ? s->blocks : (size_t)x->dim[1]);
    p->work->phase[0].grain = GRAIN / (s->plane * (s->blocked ? 8 : 1) + 1) + 1;
    return OC_OK;
}

static float lp(const global_state *s, const float *x)
{
    double sum = 0;

    for (size_t i = 0; i < s->plane; i++)
        sum += pow(fabs((double)x[i]), s->p);
    return (float)pow(sum, 1 / s->p);
}

static float value(const global_state *s, const float *x)
{
    const oc_reduce_kind kind = s->kind == MAXIMUM ? OC_REDUCE_MAX : OC_REDUCE_SUM;
    float                acc[8];

    if (s->kind == LP)
        return lp(s, x);
    oc_reduce_start(kind, acc);
    s->reduce(kind, s->plane, x, NULL, acc);
    acc[0] = oc_reduce_fold(kind, acc);
    return s->kind == AVERAGE ? acc[0] / (float)s->plane : acc[0];
}

static void block(const global_state *s, const float *x, size_t lanes, float *y)
{
    const oc_reduce_kind kind = s->kind == MAXIMUM ? OC_REDUCE_MAX : OC_REDUCE_SUM;

    oc_reduce_start(kind, y);
    s->reduce(kind, s->plane * 8, x, NULL, y);
    for (size_t i = 0; i < 8; i++) {
        if (s->kind == AVERAGE)
            y[i] /= (float)s->plane;
        if (i >= lanes)
            y[i] = 0.0f;
    }
}

static void global_run(const oc_op_run *r)
{
    const global_state *s = r->state;
    const float        *x = r->in[0].data;
    float              *y = r->out[0].data;

    for (size_t u = r->part.begin; u < r->part.end; u++) {
        if (s->blocked)
            block(s, x + u * s->plane * 8, s->used && u % s->blocks == s->blocks - 1 ? s->used : 8,
                  y + u * 8);
        else
            y[u] = value(s, x + u * s->plane);
    }
}

#define GLOBAL(symbol, text)                \
    const oc_op oc_op_##symbol = {          \
        .name = text,                       \
        .domain = "",                       \
        .n_in_min = 1,                      \
        .n_in_max = 1,                      \
        .n_out_min = 1,                     \
        .n_out_max = 1,                     \
        .state_size = sizeof(global_state), \
        .infer = global_infer,              \
        .layout = global_layout,            \
        .prepare = global_prepare,          \
        .run = global_run,                  \
    }

GLOBAL(global_average_pool, "GlobalAveragePool");
GLOBAL(global_max_pool, "GlobalMaxPool");
GLOBAL(global_lp_pool, "GlobalLpPool");
