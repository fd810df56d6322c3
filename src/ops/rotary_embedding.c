/* RotaryEmbedding: pairs of a head's features turned by an angle that depends on the position.
 *                                                                        ONNX opset 23..
 *
 *   in   x    f32, [B, heads, S, D], or [B, S, heads * D] with the attribute num_heads
 *        cos, sin  f32, [B, S, R / 2], or [positions, R / 2] with position_ids
 *        position_ids  (optional) i64 [B, S]: rows of cos and sin; those outside are clamped
 *   out  y    the shape of x; may share x's memory
 *
 * The first R features turn (rotary_embedding_dim, 0: all D): feature i with i + R / 2, or, where
 * `interleaved` is set, 2i with 2i + 1.  The others are copied. */
#include <string.h>

#include "ops/args.h"
#include "ops/index.h"

#define GRAIN 16384 /* elements */

typedef struct rotary_state {
    size_t  batch, heads, length, width, half; /* width: D; half: R / 2 */
    int64_t positions;                         /* rows of the tables; 0: one for each place */
    bool    interleaved, heads_inside;         /* [B, S, heads, D] */
} rotary_state;

/* The dimensions of x, known, as [batch, heads, length, width]. */
static oc_status read_x(const oc_node *node, const oc_tensor_info *x, rotary_state *s,
                        oc_error *err)
{
    const int64_t heads = oc_node_int(node, "num_heads", 0), *dim = x->shape.dim;

    if (x->shape.rank != 3 && x->shape.rank != 4)
        return OC_FAIL(err, OC_FORMAT, "x has rank %u, not 3 or 4", x->shape.rank);
    s->heads_inside = x->shape.rank == 3;
    s->batch = (size_t)dim[0];
    if (!s->heads_inside) {
        s->heads = (size_t)dim[1];
        s->length = (size_t)dim[2];
        s->width = (size_t)dim[3];
        return OC_OK;
    }
    if (heads < 1 || dim[2] % heads)
        return OC_FAIL(err, OC_FORMAT, "%lld features of num_heads %lld", (long long)dim[2],
                       (long long)heads);
    s->heads = (size_t)heads;
    s->length = (size_t)dim[1];
    s->width = (size_t)(dim[2] / heads);
    return OC_OK;
}

/* cos or sin: one row for each place or one for each position. */
static oc_status check_table(const rotary_state *s, const oc_tensor_info *t, const char *what,
                             oc_error *err)
{
    const int64_t *dim = t->shape.dim;
    const bool     whole = s->positions > 0;
    char           text[96];

    if (t->shape.rank == (whole ? 2U : 3U) && dim[t->shape.rank - 1] == (int64_t)s->half &&
        (whole ? dim[0] == s->positions
               : dim[0] == (int64_t)s->batch && dim[1] == (int64_t)s->length))
        return OC_OK;
    return OC_FAIL(err, OC_FORMAT, "%s is %s for %zu turning pairs at %zu x %zu places", what,
                   oc_shape_text(&t->shape, text, sizeof(text)), s->half, s->batch, s->length);
}

static oc_status rotary_read(const oc_node *node, const oc_args *a, rotary_state *s, oc_error *err)
{
    const bool    listed = oc_args_has(a, 3);
    const int64_t turning = oc_node_int(node, "rotary_embedding_dim", 0);
    oc_status     st;

    for (uint32_t i = 0; i < 3 + (uint32_t)listed; i++) {
        if ((st = oc_shape_known(a->in[i], "an input", err)) != OC_OK)
            return st;
        if (i < 3 && a->in[i]->dtype != OC_F32)
            return OC_FAIL(err, OC_UNSUPPORTED, "input %u is %s, only float32", i,
                           oc_dtype_name(a->in[i]->dtype));
    }
    if ((st = read_x(node, a->in[0], s, err)) != OC_OK)
        return st;
    if (turning < 0 || turning > (int64_t)s->width)
        return OC_FAIL(err, OC_FORMAT, "rotary_embedding_dim %lld of %zu features",
                       (long long)turning, s->width);
    s->half = (turning ? (size_t)turning : s->width) / 2;
    s->interleaved = oc_node_int(node, "interleaved", 0) != 0;
    if ((turning ? (size_t)turning : s->width) % 2)
        return OC_FAIL(err, OC_FORMAT, "an odd number of features turns");
    if (listed) {
        if ((st = oc_index_check(a->in[3], err)) != OC_OK)
            return st;
        s->positions = a->in[1]->shape.rank ? a->in[1]->shape.dim[0] : 0;
        if (s->positions < 1 || oc_elements(a->in[3]) != s->batch * s->length)
            return OC_FAIL(err, OC_FORMAT, "%zu position_ids in tables of %lld rows",
                           oc_elements(a->in[3]), (long long)s->positions);
    }
    if ((st = check_table(s, a->in[1], "cos_cache", err)) != OC_OK)
        return st;
    return check_table(s, a->in[2], "sin_cache", err);
}

static oc_status rotary_infer(const oc_infer *ask, oc_error *err)
{
    const oc_args a = oc_args_of_infer(ask);
    rotary_state  s = {0};

    ask->out[0] = ask->in[0];
    return rotary_read(ask->node, &a, &s, err);
}

static oc_status rotary_prepare(const oc_prepare *p, oc_error *err)
{
    const oc_args a = oc_args_of_prepare(p);
    rotary_state *s = p->state;
    oc_status     st = rotary_read(p->node, &a, s, err);

    if (st != OC_OK)
        return st;
    if (s->positions && (st = oc_index_check_range(&p->in[3], s->positions, err)) != OC_OK)
        return st;
    p->work->phase[0].units = s->batch * s->heads * s->length;
    p->work->phase[0].grain = GRAIN / (s->width + 1) + 1;
    return OC_OK;
}

/* x and y may be the same. */
static void turn(const rotary_state *s, const float *x, const float *c, const float *sn, float *y)
{
    const size_t step = s->interleaved ? 2 : 1, other = s->interleaved ? 1 : s->half;

    for (size_t i = 0; i < s->half; i++) {
        const float a = x[i * step], b = x[i * step + other];

        y[i * step] = c[i] * a - sn[i] * b;
        y[i * step + other] = sn[i] * a + c[i] * b;
    }
    if (y != x)
        memcpy(y + 2 * s->half, x + 2 * s->half, (s->width - 2 * s->half) * sizeof(*y));
}

static void rotary_run(const oc_op_run *r)
{
    const rotary_state *s = r->state;
    const float        *x = r->in[0].data, *c = r->in[1].data, *sn = r->in[2].data;
    float              *y = r->out[0].data;

    for (size_t u = r->part.begin; u < r->part.end; u++) { /* vectors as they lie */
        const size_t rest = u % (s->heads * s->length), batch = u / (s->heads * s->length);
        const size_t at = s->heads_inside ? rest / s->heads : rest % s->length;
        size_t       row = batch * s->length + at;

        if (s->positions)
            row = (size_t)oc_index_at(&r->in[3], row, s->positions);
        turn(s, x + u * s->width, c + row * s->half, sn + row * s->half, y + u * s->width);
    }
}

const oc_op oc_op_rotary_embedding = {
    .name = "RotaryEmbedding",
    .domain = "",
    .n_in_min = 3,
    .n_in_max = 4,
    .n_out_min = 1,
    .n_out_max = 1,
    .flags = OC_OP_IN_PLACE,
    .state_size = sizeof(rotary_state),
    .infer = rotary_infer,
    .prepare = rotary_prepare,
    .run = rotary_run,
};
