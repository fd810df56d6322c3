/* Recipes of random graphs: shapes computed by the network, integers, products of two values, one
 * dimension alone. */
#include <math.h>
#include <string.h>

#include "models/graph_maker.h"

/* Reshape to sizes that the network takes from its own shapes. */
static bool make_shape_reshape(maker *m)
{
    int x = pick(m, T_F32, 4);
    if (x < 0)
        return false;
    made                 in = m->v[x];
    static const int64_t four[] = {4}, none[] = {1}, one[] = {1}, minus[] = {-1}, zero[] = {0};
    int64_t              at = rnd_between(m, 0, 1), out[] = {in.dim[at], 0};
    int                  part[2];
    out[1] = elements(&in) / out[0];
    if (!fits(2, out))
        return false;
    int index = raw(m, T_I64, 0, none, &at, sizeof(at)), rest = ints64(m, 1, minus);
    int axes = ints64(m, 1, zero), s = new_value(m, T_I64, 1, four, 1);
    op_begin(m, "Shape", NULL);
    op_in(m, x);
    op_end(m, 1, &s);
    int g = new_value(m, T_I64, 0, none, 1);
    op_begin(m, "Gather", NULL);
    op_in(m, s);
    op_in(m, index);
    op_int(m, "axis", 0);
    op_end(m, 1, &g);
    part[0] = new_value(m, T_I64, 1, one, 1);
    op_begin(m, "Unsqueeze", NULL);
    op_in(m, g);
    if (m->opset >= 13)
        op_in(m, axes);
    else
        op_ints(m, "axes", 1, zero);
    op_end(m, 1, &part[0]);
    part[1] = rest;
    int shape = concat_of(m, 2, part, 0);
    op_begin(m, "Reshape", NULL);
    op_in(m, x);
    op_in(m, shape);
    int y = new_value(m, T_F32, 2, out, in.size);
    m->v[y].exact = in.exact;
    op_end(m, 1, &y);
    return true;
}

/* x as integers, some arithmetic, and perhaps back. */
static bool make_integers(maker *m)
{
    static const char *const ops[] = {"Add", "Sub", "Mul", "Max", "Min"};
    int                      type = chance(m, 50) ? T_I32 : T_I64, x = m->input[0];
    if (chance(m, 50))
        for (int i = 0; i < m->n; i++)
            if (m->v[i].exact && !m->v[i].hidden && m->v[i].type == T_F32 && chance(m, 30))
                x = i;
    made v = m->v[x];
    v.type = type;
    int from = binary(m, "Mul", x, scalar(m, 8), v.size * 8); /* a power of two: exact */
    if (from < 0 || m->v[from].rank != v.rank)
        return false;
    op_begin(m, "Cast", NULL);
    op_in(m, from);
    op_int(m, "to", type);
    int y = new_value(m, type, v.rank, v.dim, 16);
    op_end(m, 1, &y);
    for (int n = (int)rnd(m, 4); n > 0; n--) {
        int64_t big = rnd_between(m, -5, 5), dim[MAKER_RANK_MAX];
        int32_t small = (int32_t)big;
        for (int i = 0; i < v.rank; i++)
            dim[i] = 1;
        int c = type == T_I64 ? raw(m, type, (int)rnd(m, (uint32_t)v.rank + 1), dim, &big, 8)
                              : raw(m, type, (int)rnd(m, (uint32_t)v.rank + 1), dim, &small, 4);
        const char *op = ops[rnd(m, m->opset >= 12 ? 5 : 3)];
        y = chance(m, 50) ? binary(m, op, y, c, 99) : binary(m, op, c, y, 99);
        if (chance(m, 20))
            y = binary(m, op, y, y, 99);
    }
    if (chance(m, 50)) {
        op_begin(m, "Cast", NULL);
        op_in(m, y);
        op_int(m, "to", T_F32);
        int f = new_value(m, T_F32, v.rank, v.dim, 1e6);
        op_end(m, 1, &f);
    }
    return true;
}

/* Two values multiplied as matrices: a * a transposed. */
static bool make_gram(maker *m)
{
    int x = tame(m, pick(m, T_F32, 0));
    if (x < 0 || m->v[x].rank < 2 || m->v[x].rank > 4)
        return false;
    made    in = m->v[x];
    int64_t perm[] = {0, 1, 2, 3}, rows = in.dim[in.rank - 2], k = in.dim[in.rank - 1];
    perm[in.rank - 1] = in.rank - 2;
    perm[in.rank - 2] = in.rank - 1;
    int64_t out[MAKER_RANK_MAX];
    memcpy(out, in.dim, sizeof(out));
    out[in.rank - 1] = rows;
    if (!fits(in.rank, out))
        return false;
    bool by_einsum = m->opset >= 12 && in.rank == 3 && chance(m, 40);
    int  left = chance(m, 50) ? x : activation_of(m, x);
    int  right = by_einsum ? x : transpose_of(m, x, perm);
    op_begin(m, by_einsum ? "Einsum" : "MatMul", NULL);
    op_in(m, left);
    op_in(m, right);
    if (by_einsum)
        op_string(m, "equation", "bik,bjk->bij");
    int y = new_value(m, T_F32, in.rank, out, in.size * (in.size + 1) * (double)k);
    op_end(m, 1, &y);
    (void)tame(m, y);
    return true;
}

/* A convolution or a pool over one dimension. */
static bool make_line(maker *m)
{
    int x = tame(m, pick(m, T_F32, 3));
    if (x < 0) {
        x = pick_image(m);
        if (x < 0)
            return false;
        made          v = m->v[x];
        const int64_t rows[] = {v.dim[0], v.dim[1], v.dim[2] * v.dim[3]};
        x = reshape_of(m, x, 3, rows);
    }
    made    in = m->v[x];
    int64_t kernel = rnd_between(m, 1, 5), stride = rnd_between(m, 1, 2), pads[] = {0, kernel / 2};
    bool    pool = chance(m, 30), max = chance(m, 50);
    int64_t group = !pool && chance(m, 25) ? in.dim[1] : 1;
    int64_t out_c = pool || group > 1 ? in.dim[1] : rnd_between(m, 1, 20);
    int64_t room = in.dim[2] + pads[1] - kernel, wd[] = {out_c, in.dim[1] / group, kernel};
    int64_t out[] = {in.dim[0], out_c, room < 0 ? 0 : room / stride + 1};
    float   range = (float)(1.7 / sqrt((double)(wd[1] * kernel)));
    if (!fits(3, out) || (!pool && !fits(3, wd)))
        return false;
    int w = pool ? -1 : floats(m, 3, wd, -range, range), b = -1;
    if (!pool && chance(m, 50))
        b = floats(m, 1, &out_c, -1, 1);
    op_begin(m, !pool ? "Conv" : max ? "MaxPool" : "AveragePool", NULL);
    op_in(m, x);
    if (w >= 0)
        op_in(m, w);
    if (b >= 0)
        op_in(m, b);
    op_ints(m, "kernel_shape", 1, &kernel);
    op_ints(m, "strides", 1, &stride);
    op_ints(m, "pads", 2, pads);
    if (!pool)
        op_int(m, "group", group);
    int y = new_value(m, T_F32, 3, out, in.size * 1.5 + 1);
    op_end(m, 1, &y);
    y = chance(m, 50) ? activation_of(m, y) : y;
    if (chance(m, 40)) {
        const int64_t dim[] = {out_c, 1};
        (void)binary(m, chance(m, 50) ? "Mul" : "Add", y, floats(m, 2, dim, -1, 1), 60);
    }
    return true;
}

/* Functions that leave the floats' middle. */
static bool make_function(maker *m)
{
    static const char *const any[] = {"Exp", "Sin", "Cos", "Atan", "Sigmoid", "Tanh"};
    static const char *const positive[] = {"Sqrt", "Log", "Reciprocal"};
    int                      x = pick(m, T_F32, 0);
    if (x < 0)
        return false;
    x = unary(m, "Tanh", x, 1);
    if (chance(m, 50)) {
        (void)unary(m, any[rnd(m, 6)], x, 3);
        return true;
    }
    x = binary(m, "Add", x, raw(m, T_F32, 0, (const int64_t[]){1}, &(float){1.5f}, 4), 2.5);
    (void)unary(m, positive[rnd(m, 3)], x, 3);
    return true;
}

/* The same convolution weights for two values, joined; scales behind one of them. */
static bool make_heads(maker *m)
{
    int x = pick_image(m);
    if (x < 0)
        return false;
    made    in = m->v[x];
    int64_t out_c = rnd_between(m, 1, 24), wd[] = {out_c, in.dim[1], 1, 1};
    int64_t out[] = {in.dim[0], out_c, in.dim[2], in.dim[3]};
    float   range = (float)(1.7 / sqrt((double)in.dim[1]));
    if (!fits(4, out))
        return false;
    int w = floats(m, 4, wd, -range, range), b = floats(m, 1, &out_c, -1, 1), y[3], n = 2;
    for (int i = 0; i < n; i++) {
        int from = i == 0 ? x : activation_of(m, x);
        op_begin(m, "Conv", NULL);
        op_in(m, from);
        op_in(m, w);
        op_in(m, b);
        y[i] = new_value(m, T_F32, 4, out, in.size * 2 + 1);
        op_end(m, 1, &y[i]);
        if (i == 0 && chance(m, 60))
            y[i] = binary(m, "Mul", y[i], scalar(m, rnd_float(m, 0.3f, 2)), in.size * 4);
    }
    if (chance(m, 30))
        y[n++] = y[0];
    int c = concat_of(m, n, y, 1);
    if (c >= 0 && chance(m, 60)) {
        made          v = m->v[c];
        const int64_t rows[] = {v.dim[0], v.dim[1], v.dim[2] * v.dim[3]};
        (void)transpose_of(m, reshape_of(m, c, 3, rows), (const int64_t[]){0, 2, 1});
    }
    return true;
}

const recipe more_recipes[] = {
    {make_shape_reshape, 3}, {make_integers, 3}, {make_gram, 3}, {make_line, 4},
    {make_function, 3},      {make_heads, 4},    {NULL, 0},
};
