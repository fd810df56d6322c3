/* Recipes of random graphs: reductions, products, comparisons, quantised parts. */
#include <math.h>
#include <string.h>

#include "models/graph_maker.h"

/* A node whose axes are an input since opset `since`, an attribute before; keep < 0: not told. */
int axes_op(maker *m, const char *op, int x, int64_t keep, int n, const int64_t *axes, int since,
            int out)
{
    int as_input = m->opset >= since ? ints64(m, n, axes) : -1;
    op_begin(m, op, NULL);
    op_in(m, x);
    if (as_input >= 0)
        op_in(m, as_input);
    else
        op_ints(m, "axes", n, axes);
    if (keep >= 0)
        op_int(m, "keepdims", keep);
    op_end(m, 1, &out);
    return out;
}

static bool make_reduce(maker *m)
{
    static const char *const ops[] = {"ReduceMean", "ReduceMean", "ReduceSum", "ReduceMax",
                                      "ReduceMin",  "ReduceL2",   "ReduceL1",  "ReduceSumSquare"};
    int                      x = tame(m, pick(m, T_F32, 0));
    if (x < 0 || m->v[x].rank == 0)
        return false;
    made    in = m->v[x];
    int64_t axes[MAKER_RANK_MAX], dim[MAKER_RANK_MAX];
    int     n = 0, rank = 0, which = (int)rnd(m, 8);
    bool    keep = chance(m, 60);
    double  count = 1;
    for (int i = 0; i < in.rank; i++) {
        bool gone = chance(m, 45) || (n == 0 && i + 1 == in.rank);
        if (gone) {
            count *= (double)in.dim[i];
            axes[n++] = chance(m, 30) ? i - in.rank : i;
        }
        if (!gone || keep)
            dim[rank++] = gone ? 1 : in.dim[i];
    }
    double size = which == 2 || which == 6 ? in.size * count : in.size;
    if (which == 7)
        size = in.size * in.size * count;
    int y = new_value(m, T_F32, rank, dim, size);
    (void)axes_op(m, ops[which], x, keep, n, axes, which == 2 ? 13 : 18, y);
    if (rank == in.rank && size < 60 && chance(m, 50))
        (void)binary(m, chance(m, 50) ? "Sub" : "Mul", x, y, in.size * (size + 1));
    return true;
}

static bool make_softmax(maker *m)
{
    int x = tame(m, pick(m, T_F32, 0));
    if (x < 0 || m->v[x].rank == 0)
        return false;
    op_begin(m, chance(m, 75) ? "Softmax" : "LogSoftmax", NULL);
    op_in(m, x);
    if (chance(m, 85))
        op_int(m, "axis", rnd_between(m, -m->v[x].rank, m->v[x].rank - 1));
    int y = like(m, x, 10);
    op_end(m, 1, &y);
    return true;
}

static bool make_matmul(maker *m)
{
    int x = tame(m, pick(m, T_F32, 0));
    if (x < 0 || m->v[x].rank < 2)
        return false;
    made    in = m->v[x];
    int64_t k = in.dim[in.rank - 1], n = rnd_between(m, 1, 33), wd[MAKER_RANK_MAX];
    float   range = (float)(1.7 / sqrt((double)k));
    int     w_rank = chance(m, 75) ? 2 : in.rank;
    if (k > 600)
        return false;
    for (int i = 0; i < w_rank - 2; i++)
        wd[i] = chance(m, 50) ? in.dim[i] : 1;
    wd[w_rank - 2] = k;
    wd[w_rank - 1] = n;
    in.dim[in.rank - 1] = n;
    if (!fits(in.rank, in.dim) || !fits(w_rank, wd))
        return false;
    int w = floats(m, w_rank, wd, -range, range);
    op_begin(m, "MatMul", NULL);
    op_in(m, x);
    op_in(m, w);
    int y = new_value(m, T_F32, in.rank, in.dim, in.size * 1.5);
    op_end(m, 1, &y);
    if (chance(m, 60))
        y = binary(m, "Add", y, floats(m, 1, &n, -1, 1), m->v[y].size + 1);
    if (chance(m, 40))
        (void)(chance(m, 50) ? spelled_activation(m, y) : activation_of(m, y));
    return true;
}

static bool make_gemm(maker *m)
{
    int x = tame(m, pick(m, T_F32, 2));
    if (x < 0) {
        x = pick_image(m);
        if (x < 0)
            return false;
        const int64_t flat[] = {m->v[x].dim[0], elements(&m->v[x]) / m->v[x].dim[0]};
        if (flat[1] > 800)
            return false;
        x = reshape_of(m, x, 2, flat);
    }
    made    in = m->v[x];
    bool    ta = chance(m, 15), tb = chance(m, 60);
    int64_t rows = in.dim[ta ? 1 : 0], k = in.dim[ta ? 0 : 1], n = rnd_between(m, 1, 33);
    int64_t wd[] = {tb ? n : k, tb ? k : n}, out[] = {rows, n}, cd[] = {rows, n};
    if (!fits(2, wd) || !fits(2, out))
        return false;
    float range = (float)(1.7 / sqrt((double)k));
    int   w = floats(m, 2, wd, -range, range), c = -1;
    if (chance(m, 80)) {
        if (chance(m, 30))
            cd[rnd(m, 2)] = 1;
        c = chance(m, 60) ? floats(m, 1, &n, -1, 1) : floats(m, 2, cd, -1, 1);
    }
    op_begin(m, "Gemm", NULL);
    op_in(m, x);
    op_in(m, w);
    if (c >= 0)
        op_in(m, c);
    op_int(m, "transA", ta);
    op_int(m, "transB", tb);
    if (chance(m, 20))
        op_float(m, "alpha", 0.5f);
    if (chance(m, 20))
        op_float(m, "beta", 2);
    int y = new_value(m, T_F32, 2, out, in.size * 1.5 + 2);
    op_end(m, 1, &y);
    if (chance(m, 40))
        (void)activation_of(m, y);
    return true;
}

/* Heads of attention over the pixels of a picture. */
static bool make_attention(maker *m)
{
    int x = pick_image(m);
    if (x < 0)
        return false;
    made    in = m->v[x];
    int64_t t = in.dim[2] * in.dim[3], c = in.dim[1], heads = c % 4 == 0 ? 4 : c % 2 == 0 ? 2 : 1;
    static const int64_t rows[] = {0, 2, 1}, split[] = {0, 2, 1, 3}, turned[] = {0, 2, 3, 1};
    const int64_t        three[] = {in.dim[0], c, t}, four[] = {in.dim[0], t, heads, c / heads};
    const int64_t        wd[] = {c, c}, back[] = {in.dim[0], t, c};
    if (t > 100 || c > 64)
        return false;
    int   seq = transpose_of(m, reshape_of(m, x, 3, three), rows), part[3];
    float range = (float)(1.7 / sqrt((double)c));
    for (int i = 0; i < 3; i++) {
        part[i] = binary(m, "Add", seq, floats(m, 1, &c, -1, 1), in.size);
        int w = floats(m, 2, wd, -range, range);
        op_begin(m, "MatMul", NULL);
        op_in(m, part[i]);
        op_in(m, w);
        int y = new_value(m, T_F32, 3, back, in.size * 1.5);
        op_end(m, 1, &y);
        part[i] = transpose_of(m, reshape_of(m, y, 4, four), i == 1 ? turned : split);
    }
    const int64_t sd[] = {in.dim[0], heads, t, t}, od[] = {in.dim[0], heads, t, c / heads};
    if (!fits(4, sd))
        return true;
    op_begin(m, "MatMul", NULL);
    op_in(m, part[0]);
    op_in(m, part[1]);
    int s = new_value(m, T_F32, 4, sd, in.size * in.size);
    op_end(m, 1, &s);
    s = binary(m, "Mul", s, scalar(m, 0.2f / (float)(in.size + 1)), in.size);
    op_begin(m, "Softmax", NULL);
    op_in(m, s);
    op_int(m, "axis", chance(m, 50) ? -1 : 3);
    int p = like(m, s, 1);
    op_end(m, 1, &p);
    op_begin(m, "MatMul", NULL);
    op_in(m, p);
    op_in(m, part[2]);
    int o = new_value(m, T_F32, 4, od, in.size * 1.5);
    op_end(m, 1, &o);
    o = reshape_of(m, transpose_of(m, o, split), 3, back);
    (void)binary(m, "Add", o, seq, in.size * 3);
    return true;
}

static int exact_value(maker *m)
{
    for (int i = m->n - 1; i >= 0; i--)
        if (m->v[i].exact && !m->v[i].hidden && !m->v[i].constant && m->v[i].type == T_F32 &&
            m->v[i].rank > 0 && chance(m, 40))
            return i;
    return m->input[0];
}

static bool make_compare(maker *m)
{
    static const char *const ops[] = {"Greater", "Less", "Equal"};
    int                      x = exact_value(m), other = scalar(m, rnd_float(m, -1, 1));
    if (m->v[other].rank > m->v[x].rank)
        return false;
    op_begin(m, ops[rnd(m, 3)], NULL);
    op_in(m, x);
    op_in(m, other);
    int c = new_value(m, T_BOOL, m->v[x].rank, m->v[x].dim, 1);
    op_end(m, 1, &c);
    if (chance(m, 30)) {
        op_begin(m, "Not", NULL);
        op_in(m, c);
        int n = like(m, c, 1);
        op_end(m, 1, &n);
        c = n;
    }
    if (chance(m, 60)) {
        int a = activation_of(m, x), b = chance(m, 50) ? scalar(m, 0.5f) : x;
        if (m->v[b].rank > m->v[x].rank)
            return true;
        op_begin(m, "Where", NULL);
        op_in(m, c);
        op_in(m, a);
        op_in(m, b);
        int y = like(m, x, m->v[a].size + 1);
        op_end(m, 1, &y);
    } else if (chance(m, 60)) {
        static const int types[] = {T_F32, T_I32, T_I64, T_U8};
        int              to = types[rnd(m, 4)];
        op_begin(m, "Cast", NULL);
        op_in(m, c);
        op_int(m, "to", to);
        int y = new_value(m, to, m->v[c].rank, m->v[c].dim, 1);
        op_end(m, 1, &y);
    }
    return true;
}

static bool make_arg_max(maker *m)
{
    int     x = exact_value(m), dim_at = (int)rnd(m, (uint32_t)m->v[x].rank), rank = 0;
    made    in = m->v[x];
    bool    keep = chance(m, 50);
    int64_t dim[MAKER_RANK_MAX];
    for (int i = 0; i < in.rank; i++)
        if (i != dim_at || keep)
            dim[rank++] = i == dim_at ? 1 : in.dim[i];
    op_begin(m, chance(m, 60) ? "ArgMax" : "ArgMin", NULL);
    op_in(m, x);
    op_int(m, "axis", chance(m, 30) ? dim_at - in.rank : dim_at);
    op_int(m, "keepdims", keep);
    if (m->opset >= 12 && chance(m, 30))
        op_int(m, "select_last_index", 1);
    int y = new_value(m, T_I64, rank, dim, 1);
    op_end(m, 1, &y);
    return true;
}

static bool make_topk(maker *m)
{
    int     x = m->input[0], axis = (int)rnd(m, 4);
    made    in = m->v[x];
    int64_t k = rnd_between(m, 1, in.dim[axis]);
    int     count = ints64(m, 1, &k), out[2];
    op_begin(m, "TopK", NULL);
    op_in(m, x);
    op_in(m, count);
    op_int(m, "axis", axis);
    op_int(m, "largest", chance(m, 60));
    in.dim[axis] = k;
    out[0] = new_value(m, T_F32, 4, in.dim, 2);
    out[1] = new_value(m, T_I64, 4, in.dim, 1);
    m->v[out[0]].exact = true;
    op_end(m, 2, out);
    return true;
}

static bool make_cumsum(maker *m)
{
    int x = pick(m, T_F32, 0);
    if (x < 0 || m->v[x].rank == 0)
        return false;
    int64_t axis = rnd_between(m, 0, m->v[x].rank - 1);
    int     at = raw(m, T_I64, 0, &axis, &axis, sizeof(axis));
    op_begin(m, "CumSum", NULL);
    op_in(m, x);
    op_in(m, at);
    op_int(m, "exclusive", chance(m, 30));
    op_int(m, "reverse", chance(m, 30));
    int y = like(m, x, m->v[x].size * (double)m->v[x].dim[axis]);
    op_end(m, 1, &y);
    return true;
}

/* ---- quantised ---- */

static int zero_point(maker *m, int type, int value)
{
    static const int64_t none[] = {1};
    uint8_t              v = (uint8_t)value; /* the same byte for int8 */
    return raw(m, type, 0, none, &v, 1);
}

static int scale_of(maker *m, float s)
{
    static const int64_t none[] = {1};
    return raw(m, T_F32, 0, none, &s, sizeof(s));
}

static int quantize(maker *m, int x, int type, float s, int zero)
{
    int scale = scale_of(m, s), z = zero_point(m, type, zero);
    op_begin(m, "QuantizeLinear", NULL);
    op_in(m, x);
    op_in(m, scale);
    op_in(m, z);
    int q = new_value(m, type, m->v[x].rank, m->v[x].dim, 255);
    op_end(m, 1, &q);
    return q;
}

static int dequantize(maker *m, int q, float s, int zero)
{
    int scale = scale_of(m, s), z = zero_point(m, m->v[q].type, zero);
    op_begin(m, "DequantizeLinear", NULL);
    op_in(m, q);
    op_in(m, scale);
    op_in(m, z);
    int y = new_value(m, T_F32, m->v[q].rank, m->v[q].dim, (double)s * 255);
    op_end(m, 1, &y);
    return y;
}

static bool make_qdq(maker *m)
{
    int x = exact_value(m), type = chance(m, 70) ? T_U8 : T_I8;
    int zero = (int)rnd(m, 100) - (type == T_I8 ? 50 : 0);
    int q = quantize(m, x, type, rnd_float(m, 0.011f, 0.037f), zero);
    if (chance(m, 80))
        (void)dequantize(m, q, rnd_float(m, 0.01f, 0.04f), zero);
    return true;
}

static bool make_qlinear_conv(maker *m)
{
    int x = exact_value(m);
    if (m->v[x].rank != 4)
        x = m->input[0];
    int     type = chance(m, 70) ? T_U8 : T_I8, w_type = chance(m, 80) ? T_I8 : T_U8;
    int     zx = type == T_U8 ? 121 : -3, zy = type == T_U8 ? 100 : 5;
    int     q = quantize(m, x, type, 0.0157f, zx);
    made    in = m->v[q];
    bool    dw = chance(m, 30), per_channel = chance(m, 40);
    int64_t kernel = chance(m, 50) ? 3 : 1, out_c = dw ? in.dim[1] : rnd_between(m, 1, 24);
    if (type == T_I8) /* what the reference has */
        w_type = T_I8;
    const int64_t wd[] = {out_c, dw ? 1 : in.dim[1], kernel, kernel};
    uint8_t       w[24 * 40 * 9 + 40 * 9];
    size_t        n_w = (size_t)(wd[0] * wd[1] * kernel * kernel);
    if (n_w > sizeof(w))
        return false;
    for (size_t i = 0; i < n_w; i++)
        w[i] = (uint8_t)rnd(m, 255) + (w_type == T_I8);
    for (size_t i = 0; m->quant && type != w_type && i < n_w; i++)
        w[i] = (uint8_t)((int8_t)w[i] / 2); /* sums of two products fit 16 bits */
    int32_t bias[64];
    float   ws[64];
    if (out_c > 64)
        return false;
    for (int i = 0; i < out_c; i++) {
        bias[i] = (int32_t)rnd(m, 4000) - 2000;
        ws[i] = rnd_float(m, 0.001f, 0.01f);
    }
    int id[9];
    id[0] = q;
    id[1] = scale_of(m, 0.0157f);
    id[2] = zero_point(m, type, zx);
    id[3] = raw(m, w_type, 4, wd, w, n_w);
    id[4] = per_channel ? raw(m, T_F32, 1, &out_c, ws, (size_t)out_c * 4) : scale_of(m, ws[0]);
    if (per_channel) {
        static const uint8_t zeros[64];
        id[5] = raw(m, w_type, 1, &out_c, zeros, (size_t)out_c);
    } else {
        id[5] = zero_point(m, w_type, w_type == T_U8 ? 120 : 0);
    }
    id[6] = scale_of(m, 0.0371f);
    id[7] = zero_point(m, type, zy);
    id[8] = chance(m, 60) ? raw(m, T_I32, 1, &out_c, bias, (size_t)out_c * 4) : -1;
    const int64_t pads[] = {kernel / 2, kernel / 2, kernel / 2, kernel / 2};
    const int64_t out[] = {in.dim[0], out_c, in.dim[2], in.dim[3]};
    op_begin(m, "QLinearConv", NULL);
    for (int i = 0; i < (id[8] < 0 ? 8 : 9); i++)
        op_in(m, id[i]);
    op_ints(m, "pads", 4, pads);
    op_int(m, "group", dw ? in.dim[1] : 1);
    int y = new_value(m, type, 4, out, 255);
    op_end(m, 1, &y);
    if (chance(m, 70))
        (void)dequantize(m, y, 0.0371f, zy);
    return true;
}

const recipe other_recipes[] = {
    {make_reduce, 6},    {make_softmax, 4}, {make_matmul, 4},       {make_gemm, 2},
    {make_attention, 2}, {make_compare, 2}, {make_arg_max, 1},      {make_topk, 1},
    {make_cumsum, 1},    {make_qdq, 2},     {make_qlinear_conv, 2}, {NULL, 0},
};
