/* QLinearMatMul, MatMulInteger: products of quantised matrices.   ONNX opset 10..
 *
 *   QLinearMatMul  a, a_scale, a_zero, b, b_scale, b_zero, y_scale, y_zero
 *   MatMulInteger  a, b, a_zero, b_zero; the sum itself, int32
 *
 *   a [..,M,K], b [..,K,N], u8 or i8, leading axes broadcast; zero point and scale of b per tensor
 *   or per column; QLinearMatMul's scales and zero points constant.  A constant b is packed once.
 *   */
#include <string.h>

#include "kernels/s16_gemm_4x16.h"
#include "kernels/s16_pack.h"
#include "kernels/s32_requant.h"
#include "ops/packed.h"
#include "ops/qparam.h"

#define UNIT_STRIPS 8
#define K_MAX 32768 /* 255 * 255 * K_MAX still fits 32 bits */

typedef struct matmul_shape {
    oc_shape out; /* with the axes that a or b of rank 1 do not have left out */
    size_t   batch, m, k, n;
    size_t   a_step[OC_RANK_MAX], b_step[OC_RANK_MAX],
        dim[OC_RANK_MAX]; /* per batch axis, matrices */
    uint32_t rank;
} matmul_shape;

typedef struct matmul_state {
    matmul_shape           s;
    bool                   raw;
    uint32_t               i_b, i_a_zero, i_b_zero;
    size_t                 k2, strips, tiles, strip_units;
    const int16_t         *packed; /* [strips][k2][16][2] of a constant b of one matrix */
    oc_qparam              y;
    const float           *scale; /* [n] */
    oc_k_s16_gemm_4x16_fn *gemm;
    oc_k_s16_pack_fn      *pack;
    oc_k_s32_requant_fn   *requant;
} matmul_state;

static oc_status read_shape(const oc_tensor_info *ta, const oc_tensor_info *tb, matmul_shape *s,
                            oc_error *err)
{
    const oc_shape *a = &ta->shape, *b = &tb->shape;
    char            left[160], right[160];
    *s = (matmul_shape){.m = 1, .n = 1, .batch = 1};
    uint32_t ra = a->rank, rb = b->rank;
    if (!oc_is_byte(ta->dtype) || !oc_is_byte(tb->dtype))
        return OC_FAIL(err, OC_UNSUPPORTED, "a is %s and b %s, only uint8 and int8",
                       oc_dtype_name(ta->dtype), oc_dtype_name(tb->dtype));
    if (ra < 1 || rb < 1 || a->dim[ra - 1] != b->dim[rb > 1 ? rb - 2 : 0])
        goto misfit;
    s->k = (size_t)a->dim[ra - 1];
    s->m = ra > 1 ? (size_t)a->dim[ra - 2] : 1;
    s->n = rb > 1 ? (size_t)b->dim[rb - 1] : 1;
    uint32_t la = ra > 2 ? ra - 2 : 0, lb = rb > 2 ? rb - 2 : 0;
    s->rank = la > lb ? la : lb;
    size_t na = 1, nb = 1;
    for (uint32_t i = s->rank; i-- > 0;) {
        int64_t da = i + la >= s->rank ? a->dim[i + la - s->rank] : 1;
        int64_t db = i + lb >= s->rank ? b->dim[i + lb - s->rank] : 1;
        if (da != db && da != 1 && db != 1)
            goto misfit;
        s->dim[i] = (size_t)(da == 1 ? db : da);
        s->a_step[i] = da == 1 ? 0 : na;
        s->b_step[i] = db == 1 ? 0 : nb;
        na *= (size_t)da;
        nb *= (size_t)db;
        s->batch *= s->dim[i];
        s->out.dim[i] = (int64_t)s->dim[i];
    }
    s->out.rank = s->rank;
    if (ra > 1)
        s->out.dim[s->out.rank++] = (int64_t)s->m;
    if (rb > 1)
        s->out.dim[s->out.rank++] = (int64_t)s->n;
    return OC_OK;
misfit:
    return OC_FAIL(err, OC_FORMAT, "%s times %s", oc_shape_text(a, left, sizeof(left)),
                   oc_shape_text(b, right, sizeof(right)));
}

static oc_status qlinear_infer(const oc_infer *ask, oc_error *err)
{
    matmul_shape s;
    oc_dtype     dtype = ask->in[7].dtype;
    oc_status    st = oc_qparams_constant(ask, 0xf6, err);
    if (st != OC_OK || (st = read_shape(&ask->in[0], &ask->in[3], &s, err)) != OC_OK)
        return st;
    if (!oc_is_byte(dtype))
        return OC_FAIL(err, OC_UNSUPPORTED, "y is %s, only uint8 and int8", oc_dtype_name(dtype));
    ask->out[0] = (oc_tensor_info){dtype, s.out};
    return OC_OK;
}

static oc_status integer_infer(const oc_infer *ask, oc_error *err)
{
    matmul_shape s;
    oc_status    st = read_shape(&ask->in[0], &ask->in[1], &s, err);
    if (st != OC_OK)
        return st;
    ask->out[0] = (oc_tensor_info){OC_I32, s.out};
    return OC_OK;
}

/* Strip of 16 columns, less the columns' zero points. */
static void pack_strip(const matmul_state *s, const uint8_t *b, bool is_signed, const void *zeros,
                       size_t n_zero, size_t strip, int16_t *to)
{
    size_t    at = strip * 16, cols = s->s.n - at < 16 ? s->s.n - at : 16;
    oc_dtype  dtype = is_signed ? OC_I8 : OC_U8;
    oc_k_pack pack = {.rows = s->s.k, .cols = cols, .stride = s->s.n, .is_signed = is_signed};
    if (n_zero <= 1)
        pack.zero = oc_zero_at(dtype, zeros, 0);
    s->pack(&pack, b + at, to);
    for (size_t c = 0; n_zero > 1 && c < cols; c++) {
        int16_t zero = (int16_t)oc_zero_at(dtype, zeros, at + c);
        for (size_t k = 0; k < s->s.k; k++)
            to[k / 2 * 32 + c * 2 + k % 2] = (int16_t)(to[k / 2 * 32 + c * 2 + k % 2] - zero);
    }
}

static oc_status prepare_common(const oc_prepare *p, matmul_state *s, oc_error *err)
{
    oc_status st = read_shape(&p->in[0].info, &p->in[s->i_b].info, &s->s, err);
    if (st != OC_OK)
        return st;
    if (s->s.k > K_MAX)
        return OC_FAIL(err, OC_UNSUPPORTED, "sums of %zu products may leave 32 bits", s->s.k);
    if (s->i_a_zero < p->n_in && p->in[s->i_a_zero].info.dtype &&
        oc_elements(&p->in[s->i_a_zero].info) != 1)
        return OC_FAIL(err, OC_UNSUPPORTED, "a has a zero point per row");
    size_t n_zero = 0;
    if (s->i_b_zero < p->n_in && p->in[s->i_b_zero].info.dtype)
        n_zero = oc_elements(&p->in[s->i_b_zero].info);
    if (n_zero > 1 && n_zero != s->s.n)
        return OC_FAIL(err, OC_UNSUPPORTED, "%zu zero points of b for %zu columns", n_zero, s->s.n);
    s->gemm = oc_k_s16_gemm_4x16(p->isa);
    s->pack = oc_k_s16_pack(p->isa);
    s->requant = oc_k_s32_requant(p->isa);
    s->k2 = (s->s.k + 1) / 2;
    s->strips = (s->s.n + 15) / 16;
    s->tiles = (s->s.m + 3) / 4;
    s->strip_units = (s->strips + UNIT_STRIPS - 1) / UNIT_STRIPS;
    p->work->phase[0].units = s->s.batch * s->tiles * s->strip_units;
    p->work->phase[0].grain = 20000 / (UNIT_STRIPS * 16 * s->k2 + 1) + 1;
    p->work->scratch_bytes = s->k2 * (8 + 32) * sizeof(int16_t) + 64;
    p->work->flops = 2.0 * (double)s->s.batch * (double)s->s.m * (double)s->s.n * (double)s->s.k;
    const oc_slot *b = &p->in[s->i_b];
    bool           zero_known = n_zero == 0 || p->in[s->i_b_zero].data;
    if (!b->data || !zero_known || b->info.shape.rank > 2 || !s->s.k)
        return OC_OK;
    bool     ready;
    int16_t *to = oc_packed_take(p, s->strips * s->k2, 32 * sizeof(*to), &ready);
    if (!to)
        return OC_FAIL(err, OC_NOMEM, "packed weights of %zu x %zu", s->s.k, s->s.n);
    for (size_t i = 0; i < s->strips && !ready; i++)
        pack_strip(s, b->data, b->info.dtype == OC_I8, n_zero ? p->in[s->i_b_zero].data : NULL,
                   n_zero, i, to + i * s->k2 * 32);
    s->packed = oc_packed_keep(p, to);
    oc_packed_consumed(p, s->i_b);
    return OC_OK;
}

static oc_status qlinear_prepare(const oc_prepare *p, oc_error *err)
{
    matmul_state *s = p->state;
    oc_args       a = oc_args_of_prepare(p);
    oc_qparam     qa, qb;
    s->i_b = 3;
    s->i_a_zero = 2;
    s->i_b_zero = 5;
    oc_status st = prepare_common(p, s, err);
    if (st != OC_OK ||
        (st = oc_qparam_read(&a, 1, 2, p->in[0].info.dtype, 1, "a", &qa, err)) != OC_OK ||
        (st = oc_qparam_read(&a, 4, 5, p->in[3].info.dtype, s->s.n, "b", &qb, err)) != OC_OK ||
        (st = oc_qparam_read(&a, 6, 7, p->out[0].info.dtype, 1, "y", &s->y, err)) != OC_OK)
        return st;
    float *scale = oc_arena_alloc(p->mem, s->s.n + 1, sizeof(*scale));
    s->scale = scale;
    if (!scale)
        return OC_FAIL(err, OC_NOMEM, "%zu factors", s->s.n);
    for (size_t i = 0; i < s->s.n; i++)
        scale[i] = qa.scale[0] * oc_qparam_scale(&qb, i) / s->y.scale[0];
    return OC_OK;
}

static oc_status integer_prepare(const oc_prepare *p, oc_error *err)
{
    matmul_state *s = p->state;
    s->raw = true;
    s->i_b = 1;
    s->i_a_zero = 2;
    s->i_b_zero = 3;
    return prepare_common(p, s, err);
}

static const oc_tensor_view *input(const oc_op_run *r, uint32_t i)
{
    static const oc_tensor_view none;
    return i < r->n_in ? &r->in[i] : &none;
}

static void pack_rows(const matmul_state *s, const oc_op_run *r, const uint8_t *a, size_t rows,
                      int16_t *to)
{
    const oc_tensor_view *zero = input(r, s->i_a_zero);
    bool                  is_signed = r->in[0].info.dtype == OC_I8;
    int32_t               z = oc_zero_at(zero->info.dtype, zero->data, 0);
    memset(to, 0, s->k2 * 8 * sizeof(*to));
    for (size_t m = 0; m < rows; m++)
        for (size_t k = 0; k < s->s.k; k++) {
            uint8_t x = a[m * s->s.k + k];
            to[k / 2 * 8 + m * 2 + k % 2] = (int16_t)((is_signed ? (int8_t)x : x) - z);
        }
}

static void store(const matmul_state *s, const oc_op_run *r, size_t at, size_t col, size_t n,
                  const int32_t *acc)
{
    if (s->raw) {
        memcpy((int32_t *)r->out[0].data + at, acc, n * sizeof(*acc));
        return;
    }
    oc_k_requant q = {.zero = oc_qparam_zero(&s->y, 0),
                      .scale_each = s->scale + col,
                      .is_signed = r->out[0].info.dtype == OC_I8};
    s->requant(n, acc, &q, (uint8_t *)r->out[0].data + at);
}

static void run_unit(const matmul_state *s, const oc_op_run *r, size_t unit)
{
    size_t first = unit % s->strip_units * UNIT_STRIPS, tile = unit / s->strip_units % s->tiles;
    size_t batch = unit / s->strip_units / s->tiles, left = batch, at_a = 0, at_b = 0;
    for (uint32_t i = s->s.rank; i-- > 0; left /= s->s.dim[i]) {
        at_a += left % s->s.dim[i] * s->s.a_step[i];
        at_b += left % s->s.dim[i] * s->s.b_step[i];
    }
    size_t                rows = s->s.m - tile * 4 < 4 ? s->s.m - tile * 4 : 4;
    const uint8_t        *a = r->in[0].data, *b = r->in[s->i_b].data;
    const oc_tensor_view *zero = input(r, s->i_b_zero);
    size_t                n_zero = zero->data ? oc_elements(&zero->info) : 0;
    int16_t              *packed_a = r->scratch, *packed_b = packed_a + s->k2 * 8;
    pack_rows(s, r, a + (at_a * s->s.m + tile * 4) * s->s.k, rows, packed_a);
    for (size_t strip = first; strip < first + UNIT_STRIPS && strip < s->strips; strip++) {
        int32_t        acc[64];
        const int16_t *from = s->packed ? s->packed + strip * s->k2 * 32 : packed_b;
        size_t         n = s->s.n - strip * 16 < 16 ? s->s.n - strip * 16 : 16;
        if (!s->packed)
            pack_strip(s, b + at_b * s->s.k * s->s.n, r->in[s->i_b].info.dtype == OC_I8, zero->data,
                       n_zero, strip, packed_b);
        s->gemm(s->k2, packed_a, from, acc);
        for (size_t m = 0; m < rows; m++)
            store(s, r, (batch * s->s.m + tile * 4 + m) * s->s.n + strip * 16, strip * 16, n,
                  acc + m * 16);
    }
}

static void matmul_run(const oc_op_run *r)
{
    const matmul_state *s = r->state;
    for (size_t unit = r->part.begin; unit < r->part.end; unit++)
        run_unit(s, r, unit);
}

const oc_op oc_op_qlinear_matmul = {
    .name = "QLinearMatMul",
    .domain = "",
    .n_in_min = 8,
    .n_in_max = 8,
    .n_out_min = 1,
    .n_out_max = 1,
    .state_size = sizeof(matmul_state),
    .infer = qlinear_infer,
    .prepare = qlinear_prepare,
    .run = matmul_run,
};
const oc_op oc_op_matmul_integer = {
    .name = "MatMulInteger",
    .domain = "",
    .n_in_min = 2,
    .n_in_max = 4,
    .n_out_min = 1,
    .n_out_max = 1,
    .state_size = sizeof(matmul_state),
    .infer = integer_infer,
    .prepare = integer_prepare,
    .run = matmul_run,
};
