/* Attention: y = softmax(mask + cap(scale * Q K^T)) V, for every head.      ONNX opset 23..
 *
 *   in   Q, K, V  f32, [B, heads, S, D] or [B, S, heads * D] (attributes q_num_heads, kv_num_heads);
 *                 the heads of Q are a multiple of those of K and V, neighbours share one
 *        mask     (optional) f32, added, or bool, true: takes part; broadcasts to [B, heads, S, T].
 *                 Where its last dimension is shorter than T, the rest takes no part
 *        past key, value  (optional) f32, [B, heads, P, D]: keys before those of K; T = P + length of K
 *        valid    (optional) i64 [B]: keys of each picture that are there
 *   out  y        as Q, with V's features
 *        present key, value  (optional) [B, heads, T, D]: past and K, past and V
 *        scores   (optional) [B, heads, S, T]: scaled products; by qk_matmul_output_mode 1 after the
 *                 cap, 2 after the mask, 3 after the softmax
 *
 * is_causal: query i sees keys up to i + P (up to i + valid - S where there is no past but `valid`).
 * A query that sees no key gives NaN, as the specification has it.  Sums are in float, whatever
 * softmax_precision asks for. */
#include <math.h>
#include <string.h>

#include "kernels/f32_dot.h"
#include "kernels/f32_mix.h"
#include "kernels/f32_softmax.h"
#include "ops/args.h"

#define GRAIN 65536 /* products */

enum { IN_Q, IN_K, IN_V, IN_MASK, IN_PAST_KEY, IN_PAST_VALUE, IN_VALID, INPUTS };
enum { MODE_PRODUCTS, MODE_CAPPED, MODE_MASKED, MODE_SOFTMAX };

/* [batch, heads, length, width], wherever these lie. */
typedef struct rows {
    size_t batch, heads, length, width;
    size_t batch_step, head_step, step; /* floats from one to the next */
} rows;

typedef struct attention_state {
    rows                 q, k, v, past_key, past_value, y; /* past: length 0 where there is none */
    size_t               total;                            /* T */
    size_t               group;                            /* heads of Q to one of K */
    size_t               mask_step[4], mask_length;
    bool                 has_mask, mask_bool, has_past, has_valid, causal;
    float                scale, cap;
    int64_t              mode;
    oc_k_f32_dot_fn     *dot;
    oc_k_f32_softmax_fn *softmax;
    oc_k_f32_mix_fn     *mix;
} attention_state;

static oc_status read_rows(const oc_tensor_info *info, int64_t heads, const char *what, rows *out,
                           oc_error *err)
{
    const int64_t *dim = info->shape.dim;
    oc_status      st = oc_shape_known(info, what, err);

    if (st != OC_OK)
        return st;
    if (info->dtype != OC_F32)
        return OC_FAIL(err, OC_UNSUPPORTED, "%s is %s, only float32", what,
                       oc_dtype_name(info->dtype));
    if (info->shape.rank == 4) {
        *out = (rows){.batch = (size_t)dim[0],
                      .heads = (size_t)dim[1],
                      .length = (size_t)dim[2],
                      .width = (size_t)dim[3]};
        out->step = out->width;
        out->head_step = out->length * out->width;
        out->batch_step = out->heads * out->head_step;
        return OC_OK;
    }
    if (info->shape.rank != 3)
        return OC_FAIL(err, OC_FORMAT, "%s has rank %u, not 3 or 4", what, info->shape.rank);
    if (heads < 1 || dim[2] % heads)
        return OC_FAIL(err, OC_FORMAT, "%s: %lld features of %lld heads", what, (long long)dim[2],
                       (long long)heads);
    *out = (rows){.batch = (size_t)dim[0],
                  .heads = (size_t)heads,
                  .length = (size_t)dim[1],
                  .width = (size_t)(dim[2] / heads),
                  .step = (size_t)dim[2]};
    out->head_step = out->width;
    out->batch_step = out->length * out->step;
    return OC_OK;
}

static oc_status read_mask(const oc_tensor_info *info, attention_state *s, oc_error *err)
{
    const size_t   most[4] = {s->q.batch, s->q.heads, s->q.length, s->total};
    const uint32_t rank = info->shape.rank;
    size_t         step = 1;
    char           text[96];
    oc_status      st = oc_shape_known(info, "the mask", err);

    if (st != OC_OK)
        return st;
    if (info->dtype != OC_F32 && info->dtype != OC_BOOL)
        return OC_FAIL(err, OC_UNSUPPORTED, "the mask is %s, only float32 and bool",
                       oc_dtype_name(info->dtype));
    if (rank < 1 || rank > 4)
        return OC_FAIL(err, OC_FORMAT, "the mask has rank %u", rank);
    s->has_mask = true;
    s->mask_bool = info->dtype == OC_BOOL;
    s->mask_length = s->total;
    for (uint32_t i = 4; i-- > 4 - rank;) {
        const size_t dim = (size_t)info->shape.dim[i + rank - 4];

        if (dim != 1 && (i == 3 ? dim > most[i] : dim != most[i]))
            return OC_FAIL(err, OC_FORMAT, "the mask is %s for %zux%zux%zux%zu scores",
                           oc_shape_text(&info->shape, text, sizeof(text)), most[0], most[1],
                           most[2], most[3]);
        s->mask_step[i] = dim == 1 ? 0 : step;
        step *= dim;
        if (i == 3 && dim != 1)
            s->mask_length = dim;
    }
    return OC_OK;
}

static oc_status read_past(const oc_args *a, attention_state *s, oc_error *err)
{
    oc_status st;

    if (oc_args_has(a, IN_PAST_KEY) != oc_args_has(a, IN_PAST_VALUE))
        return OC_FAIL(err, OC_FORMAT, "a past key without a past value, or the reverse");
    s->has_past = oc_args_has(a, IN_PAST_KEY);
    if (!s->has_past)
        return OC_OK;
    if (a->in[IN_PAST_KEY]->shape.rank != 4 || a->in[IN_PAST_VALUE]->shape.rank != 4)
        return OC_FAIL(err, OC_FORMAT, "a past key or value that is not of rank 4");
    if ((st = read_rows(a->in[IN_PAST_KEY], 0, "the past key", &s->past_key, err)) != OC_OK ||
        (st = read_rows(a->in[IN_PAST_VALUE], 0, "the past value", &s->past_value, err)) != OC_OK)
        return st;
    if (s->past_key.length != s->past_value.length || s->past_key.width != s->k.width ||
        s->past_value.width != s->v.width || s->past_key.heads != s->k.heads ||
        s->past_value.heads != s->v.heads || s->past_key.batch != s->k.batch ||
        s->past_value.batch != s->v.batch)
        return OC_FAIL(err, OC_FORMAT, "the past does not fit K and V");
    return OC_OK;
}

static oc_status attention_read(const oc_args *a, attention_state *s, oc_error *err)
{
    const int64_t heads = oc_node_int(a->node, "q_num_heads", 0);
    const int64_t kv_heads = oc_node_int(a->node, "kv_num_heads", 0);
    oc_status     st;

    if ((st = read_rows(a->in[IN_Q], heads, "Q", &s->q, err)) != OC_OK ||
        (st = read_rows(a->in[IN_K], kv_heads, "K", &s->k, err)) != OC_OK ||
        (st = read_rows(a->in[IN_V], kv_heads, "V", &s->v, err)) != OC_OK ||
        (st = read_past(a, s, err)) != OC_OK)
        return st;
    if (a->in[IN_Q]->shape.rank != a->in[IN_K]->shape.rank ||
        a->in[IN_Q]->shape.rank != a->in[IN_V]->shape.rank || s->q.batch != s->k.batch ||
        s->q.batch != s->v.batch || s->k.heads != s->v.heads || s->k.length != s->v.length ||
        s->q.width != s->k.width || !s->q.width || !s->k.heads || s->q.heads % s->k.heads)
        return OC_FAIL(err, OC_FORMAT,
                       "Q, K and V do not go together: %zu heads of %zu, %zu of %zu, %zu of %zu",
                       s->q.heads, s->q.width, s->k.heads, s->k.width, s->v.heads, s->v.width);
    s->group = s->q.heads / s->k.heads;
    s->total = s->past_key.length + s->k.length;
    if (!s->total)
        return OC_FAIL(err, OC_FORMAT, "there is no key");
    s->causal = oc_node_int(a->node, "is_causal", 0) != 0;
    s->scale = oc_node_float(a->node, "scale", 1.0f / sqrtf((float)s->q.width));
    s->cap = oc_node_float(a->node, "softcap", 0.0f);
    s->mode = oc_node_int(a->node, "qk_matmul_output_mode", MODE_PRODUCTS);
    if (s->mode < MODE_PRODUCTS || s->mode > MODE_SOFTMAX)
        return OC_FAIL(err, OC_FORMAT, "qk_matmul_output_mode %lld", (long long)s->mode);
    s->has_valid = oc_args_has(a, IN_VALID);
    if (s->has_valid && (a->in[IN_VALID]->dtype != OC_I64 || a->in[IN_VALID]->shape.rank != 1 ||
                         a->in[IN_VALID]->shape.dim[0] != (int64_t)s->q.batch))
        return OC_FAIL(err, OC_FORMAT, "nonpad_kv_seqlen is not int64 of one length a picture");
    return oc_args_has(a, IN_MASK) ? read_mask(a->in[IN_MASK], s, err) : OC_OK;
}

static oc_tensor_info info_of(size_t batch, size_t heads, size_t length, size_t width)
{
    return (oc_tensor_info){OC_F32,
                            {4, {(int64_t)batch, (int64_t)heads, (int64_t)length, (int64_t)width}}};
}

static oc_status attention_infer(const oc_infer *ask, oc_error *err)
{
    const oc_args   a = oc_args_of_infer(ask);
    attention_state s = {0};
    oc_status       st = attention_read(&a, &s, err);

    if (st != OC_OK)
        return st;
    ask->out[0] = ask->in[IN_Q];
    ask->out[0].shape.dim[ask->in[IN_Q].shape.rank - 1] =
        (int64_t)(ask->in[IN_Q].shape.rank == 3 ? s.q.heads * s.v.width : s.v.width);
    if (ask->n_out > 1)
        ask->out[1] = info_of(s.k.batch, s.k.heads, s.total, s.k.width);
    if (ask->n_out > 2)
        ask->out[2] = info_of(s.v.batch, s.v.heads, s.total, s.v.width);
    if (ask->n_out > 3)
        ask->out[3] = info_of(s.q.batch, s.q.heads, s.q.length, s.total);
    return OC_OK;
}

static oc_status attention_prepare(const oc_prepare *p, oc_error *err)
{
    const oc_args    a = oc_args_of_prepare(p);
    attention_state *s = p->state;
    oc_status        st = attention_read(&a, s, err);
    size_t           products, bytes;

    if (st != OC_OK)
        return st;
    if (p->n_out &&
        (st = read_rows(&p->out[0].info, (int64_t)s->q.heads, "the result", &s->y, err)) != OC_OK)
        return st;
    s->dot = oc_k_f32_dot(p->isa);
    s->softmax = oc_k_f32_softmax(p->isa);
    s->mix = oc_k_f32_mix(p->isa);
    if (__builtin_mul_overflow(s->total, sizeof(float *) + sizeof(float), &bytes) ||
        __builtin_mul_overflow(s->total, s->q.width + s->v.width, &products))
        return OC_FAIL(err, OC_UNSUPPORTED, "%zu keys of %zu features", s->total, s->q.width);
    p->work->scratch_bytes = bytes;
    p->work->n_phases = 2;
    p->work->phase[0].units = p->n_out > 1 ? s->k.batch * s->k.heads : 0;
    p->work->phase[0].grain = 1;
    p->work->phase[1].units = s->q.batch * s->q.heads * s->q.length;
    p->work->phase[1].grain = GRAIN / (products + 1) + 1;
    p->work->flops = 2.0 * (double)products * (double)p->work->phase[1].units;
    return OC_OK;
}

static const float *row_at(const rows *r, const float *data, size_t b, size_t h, size_t i)
{
    return data + b * r->batch_step + h * r->head_step + i * r->step;
}

/* Past and present of one head, one behind the other. */
static void join(const rows *past, const rows *now, const oc_tensor_view *past_view,
                 const oc_tensor_view *now_view, const oc_tensor_view *out, size_t u)
{
    const size_t b = u / now->heads, h = u % now->heads, n = past->length * now->width;
    float       *to = (float *)out->data + u * (past->length + now->length) * now->width;

    if (n)
        memcpy(to, row_at(past, past_view->data, b, h, 0), n * sizeof(*to));
    for (size_t i = 0; i < now->length; i++)
        memcpy(to + n + i * now->width, row_at(now, now_view->data, b, h, i),
               now->width * sizeof(*to));
}

/* Keys that query i of picture b may see. */
static size_t seen(const attention_state *s, const oc_op_run *r, size_t b, size_t i)
{
    int64_t n = (int64_t)s->total, valid = n;

    if (s->has_valid)
        valid = ((const int64_t *)r->in[IN_VALID].data)[b];
    if (s->causal && s->has_valid && !s->has_past)
        n = (int64_t)i + 1 + valid - (int64_t)s->q.length;
    else if (s->causal)
        n = (int64_t)(i + 1 + s->past_key.length);
    n = n < valid ? n : valid;
    n = n < (int64_t)s->total ? n : (int64_t)s->total;
    return n > 0 ? (size_t)n : 0;
}

static void add_mask(const attention_state *s, const oc_op_run *r, size_t b, size_t h, size_t i,
                     float *score)
{
    const size_t step = s->mask_step[3];
    const size_t at = b * s->mask_step[0] + h * s->mask_step[1] + i * s->mask_step[2];
    const size_t end = seen(s, r, b, i);
    const size_t shown = s->has_mask && s->mask_length < end ? s->mask_length : end;

    if (s->has_mask && s->mask_bool) {
        const uint8_t *mask = (const uint8_t *)r->in[IN_MASK].data + at;
        for (size_t j = 0; j < shown; j++)
            if (!mask[j * step])
                score[j] = -INFINITY;
    } else if (s->has_mask) {
        const float *mask = (const float *)r->in[IN_MASK].data + at;
        for (size_t j = 0; j < shown; j++)
            score[j] += mask[j * step];
    }
    for (size_t j = shown; j < s->total; j++)
        score[j] = -INFINITY;
}

static void cap_all(float cap, size_t n, float *score)
{
    for (size_t j = 0; j < n; j++)
        score[j] = cap * tanhf(score[j] / cap);
}

/* One query. */
static void query(const attention_state *s, const oc_op_run *r, size_t u)
{
    const size_t  i = u % s->q.length, h = u / s->q.length % s->q.heads;
    const size_t  b = u / s->q.length / s->q.heads, kv = h / s->group, past = s->past_key.length;
    const float **row = r->scratch;
    float        *score = (float *)(row + s->total);
    float *told = r->n_out > 3 && r->out[3].data ? (float *)r->out[3].data + u * s->total : NULL;
    const float *q = row_at(&s->q, r->in[IN_Q].data, b, h, i);

    if (past)
        s->dot(past, s->q.width, q, row_at(&s->past_key, r->in[IN_PAST_KEY].data, b, kv, 0),
               s->past_key.step, score);
    s->dot(s->k.length, s->q.width, q, row_at(&s->k, r->in[IN_K].data, b, kv, 0), s->k.step,
           score + past);
    for (size_t j = 0; j < s->total; j++)
        score[j] *= s->scale;
    for (int64_t done = MODE_PRODUCTS; done <= MODE_SOFTMAX; done++) {
        if (done == MODE_CAPPED && s->cap > 0.0f)
            cap_all(s->cap, s->total, score);
        else if (done == MODE_MASKED)
            add_mask(s, r, b, h, i, score);
        else if (done == MODE_SOFTMAX)
            s->softmax(s->total, score, score);
        if (told && done == s->mode)
            memcpy(told, score, s->total * sizeof(*told));
    }
    if (!s->v.width)
        return;
    for (size_t j = 0; j < s->total; j++)
        row[j] = j < past ? row_at(&s->past_value, r->in[IN_PAST_VALUE].data, b, kv, j)
                          : row_at(&s->v, r->in[IN_V].data, b, kv, j - past);
    s->mix(s->v.width, s->total, row, score,
           (float *)r->out[0].data + b * s->y.batch_step + h * s->y.head_step + i * s->y.step);
}

static void attention_run(const oc_op_run *r)
{
    const attention_state *s = r->state;

    for (size_t u = r->part.begin; u < r->part.end; u++) {
        if (r->phase == 1) {
            query(s, r, u);
            continue;
        }
        if (r->out[1].data)
            join(&s->past_key, &s->k, &r->in[IN_PAST_KEY], &r->in[IN_K], &r->out[1], u);
        if (r->n_out > 2 && r->out[2].data)
            join(&s->past_value, &s->v, &r->in[IN_PAST_VALUE], &r->in[IN_V], &r->out[2], u);
    }
}

const oc_op oc_op_attention = {
    .name = "Attention",
    .domain = "",
    .n_in_min = 3,
    .n_in_max = INPUTS,
    .n_out_min = 1,
    .n_out_max = 4,
    .state_size = sizeof(attention_state),
    .infer = attention_infer,
    .prepare = attention_prepare,
    .run = attention_run,
};
