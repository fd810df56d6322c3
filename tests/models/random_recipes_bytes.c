/* Recipes of random graphs: operators on bytes as they are written, and the blocks that quantised
 * networks are made of. */
#include <math.h>
#include <stdlib.h>

#include "models/graph_maker.h"

static const int64_t no_dims[] = {1};

/* Bytes of this rank with their scale; some are made where there are none. */
static int some_bytes(maker *m, int rank, bool unsigned_only)
{
    int found[8], n = 0;
    for (int i = m->n - 1; i > 0 && n < 8; i--)
        if (m->v[i].cut && m->v[i].scale && m->v[i].rank == rank &&
            (!unsigned_only || m->v[i].type == T_U8))
            found[n++] = i;
    if (n)
        return found[rnd(m, (uint32_t)n)];
    int x = tame(m, pick(m, T_F32, rank));
    if (x < 0)
        return -1;
    int q = quantised(m, x);
    return unsigned_only && m->v[q].type != T_U8 ? -1 : q;
}

static void params_in(maker *m, int q)
{
    op_in(m, m->v[q].scale);
    op_in(m, m->v[q].zero);
}

/* Weights of a type the reference has a kernel for beside x. */
static int weight_type(maker *m, int x)
{
    return m->v[x].type == T_I8 || chance(m, 70) ? T_I8 : T_U8;
}

typedef struct byte_conv {
    int64_t group, wd[4], out[4], pads[4], stride[2], dilation[2];
} byte_conv;

static bool some_conv(maker *m, const made *in, byte_conv *c)
{
    static const int64_t sizes[] = {1, 1, 3, 3, 3, 5, 2};
    int64_t              out = chance(m, 50) ? 8 * rnd_between(m, 1, 5) : rnd_between(m, 1, 40);
    *c = (byte_conv){.group = 1};
    if (chance(m, 30)) {
        c->group = in->dim[1];
        out = in->dim[1] * (chance(m, 80) ? 1 : 2);
    } else if (chance(m, 15)) {
        for (c->group = rnd_between(m, 2, 6); in->dim[1] % c->group; c->group--)
            ;
        out = c->group * rnd_between(m, 1, 9);
    }
    int64_t kernel = sizes[rnd(m, 7)];
    c->wd[0] = out;
    c->wd[1] = in->dim[1] / c->group;
    c->out[0] = in->dim[0];
    c->out[1] = out;
    for (int d = 0; d < 2; d++) {
        c->wd[2 + d] = chance(m, 90) ? kernel : sizes[rnd(m, 7)];
        c->stride[d] = chance(m, 75) ? 1 : rnd_between(m, 2, 3);
        c->dilation[d] = chance(m, 85) ? 1 : rnd_between(m, 2, 3);
        int64_t reach = (c->wd[2 + d] - 1) * c->dilation[d] + 1;
        c->pads[d] = chance(m, 70) ? reach / 2 : rnd_between(m, 0, reach - 1);
        c->pads[2 + d] = chance(m, 80) ? c->pads[d] : rnd_between(m, 0, reach - 1);
        int64_t room = in->dim[2 + d] + c->pads[d] + c->pads[2 + d] - reach;
        c->out[2 + d] = room < 0 ? 0 : room / c->stride[d] + 1;
    }
    return fits(4, c->out) && fits(4, c->wd);
}

static void put_conv(maker *m, const byte_conv *c)
{
    op_ints(m, "pads", 4, c->pads);
    op_ints(m, "strides", 2, c->stride);
    op_ints(m, "dilations", 2, c->dilation);
    op_int(m, "group", c->group);
    if (chance(m, 60))
        op_ints(m, "kernel_shape", 2, c->wd + 2);
}

static bool make_qlinear_conv(maker *m)
{
    int x = some_bytes(m, 4, false);
    if (x < 0)
        return false;
    made      in = m->v[x];
    byte_conv c;
    if (!some_conv(m, &in, &c))
        return false;
    int     type = weight_type(m, x), scale, zero, bias = -1;
    int64_t fan = c.wd[1] * c.wd[2] * c.wd[3], channels = chance(m, 60) ? c.wd[0] : 0;
    float  *step = calloc((size_t)channels + 1, sizeof(*step));
    if (!step)
        abort();
    weight_params(m, type, channels, 1.7f / sqrtf((float)fan), &scale, &zero, step);
    free(step);
    int w = byte_factors(m, in.type, type, 4, c.wd);
    if (chance(m, 60)) {
        int32_t level[4096];
        for (int64_t i = 0; i < c.wd[0]; i++)
            level[i] = (int32_t)rnd_between(m, -20000, 20000);
        bias = raw(m, T_I32, 1, &c.wd[0], level, (size_t)c.wd[0] * sizeof(*level));
    }
    int y = new_bytes(m, in.type, 4, c.out, in.size);
    op_begin(m, "QLinearConv", NULL);
    op_in(m, x);
    params_in(m, x);
    op_in(m, w);
    op_in(m, scale);
    op_in(m, zero);
    params_in(m, y);
    if (bias >= 0)
        op_in(m, bias);
    put_conv(m, &c);
    op_end(m, 1, &y);
    (void)dequantised(m, y);
    return true;
}

/* A float of sums in int32. */
static int from_sums(maker *m, int sums, int factor, float step, double size)
{
    op_begin(m, "Cast", NULL);
    op_in(m, sums);
    op_int(m, "to", T_F32);
    int y = new_value(m, T_F32, m->v[sums].rank, m->v[sums].dim, 0);
    op_end(m, 1, &y);
    m->v[y].asked = true; /* far too large for bytes */
    if (factor >= 0)
        y = binary(m, "Mul", y, factor, 0);
    m->v[y].asked = true;
    return binary(m, "Mul", y, scalar(m, step), size);
}

static bool make_conv_integer(maker *m)
{
    int x = some_bytes(m, 4, true);
    if (x < 0)
        return false;
    made      in = m->v[x];
    byte_conv c;
    if (!some_conv(m, &in, &c))
        return false;
    int   w = random_bytes(m, T_U8, 4, c.wd), scale, zero;
    float step, range = 1.7f / sqrtf((float)(c.wd[1] * c.wd[2] * c.wd[3]));
    weight_params(m, T_U8, 0, range, &scale, &zero, &step);
    op_begin(m, "ConvInteger", NULL);
    op_in(m, x);
    op_in(m, w);
    if (chance(m, 80)) {
        op_in(m, in.zero);
        if (chance(m, 80))
            op_in(m, zero);
    }
    put_conv(m, &c);
    int y = new_value(m, T_I32, 4, c.out, 0);
    op_end(m, 1, &y);
    (void)from_sums(m, y, -1, in.step * step, in.size * 2);
    return true;
}

/* Bytes [.., k] and weights [k, n]. */
static int byte_matrix(maker *m, bool unsigned_only)
{
    int x = some_bytes(m, 2 + (int)rnd(m, 2), unsigned_only);
    return x < 0 ? some_bytes(m, 4, unsigned_only) : x;
}

static bool make_qlinear_matmul(maker *m)
{
    int x = byte_matrix(m, false);
    if (x < 0)
        return false;
    made    in = m->v[x], out = in;
    int64_t wd[] = {in.dim[in.rank - 1], rnd_between(m, 1, 40)};
    out.dim[in.rank - 1] = wd[1];
    if (!fits(in.rank, out.dim))
        return false;
    int   type = weight_type(m, x), scale, zero;
    float step[64];
    weight_params(m, type, chance(m, 50) ? wd[1] : 0, 1.7f / sqrtf((float)wd[0]), &scale, &zero,
                  step);
    int w = byte_factors(m, in.type, type, 2, wd);
    int y = new_bytes(m, in.type, in.rank, out.dim, in.size);
    op_begin(m, "QLinearMatMul", NULL);
    op_in(m, x);
    params_in(m, x);
    op_in(m, w);
    op_in(m, scale);
    op_in(m, zero);
    params_in(m, y);
    op_end(m, 1, &y);
    (void)dequantised(m, y);
    return true;
}

static bool make_matmul_integer(maker *m)
{
    int x = byte_matrix(m, true);
    if (x < 0)
        return false;
    made    in = m->v[x], out = in;
    int64_t wd[] = {in.dim[in.rank - 1], rnd_between(m, 1, 40)};
    out.dim[in.rank - 1] = wd[1];
    if (!fits(in.rank, out.dim))
        return false;
    int   type = weight_type(m, x), scale, zero;
    float step[64];
    weight_params(m, type, chance(m, 30) ? wd[1] : 0, 1.7f / sqrtf((float)wd[0]), &scale, &zero,
                  step);
    int w = byte_factors(m, in.type, type, 2, wd);
    op_begin(m, "MatMulInteger", NULL);
    op_in(m, x);
    op_in(m, w);
    if (chance(m, 80)) {
        op_in(m, in.zero);
        if (chance(m, 80))
            op_in(m, zero);
    }
    int y = new_value(m, T_I32, in.rank, out.dim, 0);
    op_end(m, 1, &y);
    (void)from_sums(m, y, -1, in.step * step[0], in.size * 2);
    return true;
}

/* What dynamic quantisation leaves: bytes by the range of the data, then a product in integers. */
static bool make_dynamic(maker *m)
{
    int x = tame(m, pick(m, T_F32, 0));
    if (x < 0 || m->v[x].rank < 2)
        return false;
    made    in = m->v[x], out = in;
    int     id[3], scale, zero;
    float   step[64];
    int64_t wd[] = {in.dim[in.rank - 1], rnd_between(m, 1, 40)};
    out.dim[in.rank - 1] = wd[1];
    if (!fits(in.rank, out.dim))
        return false;
    weight_params(m, T_I8, 0, 1.7f / sqrtf((float)wd[0]), &scale, &zero, step);
    int w = byte_factors(m, T_U8, T_I8, 2, wd);
    if (!in.exact)
        m->v[x].cut = true; /* its last bits decide the range */
    op_begin(m, "DynamicQuantizeLinear", NULL);
    op_in(m, x);
    id[0] = new_value(m, T_U8, in.rank, in.dim, 0);
    id[1] = new_value(m, T_F32, 0, no_dims, 0);
    id[2] = new_value(m, T_U8, 0, no_dims, 0);
    op_end(m, 3, id);
    for (int i = 0; i < 3; i++)
        m->v[id[i]].cut = m->v[id[i]].asked = true;
    op_begin(m, "MatMulInteger", NULL);
    op_in(m, id[0]);
    op_in(m, w);
    op_in(m, id[2]);
    op_in(m, zero);
    int y = new_value(m, T_I32, in.rank, out.dim, 0);
    op_end(m, 1, &y);
    y = from_sums(m, y, id[1], step[0], in.size * 2);
    return true;
}

/* com.microsoft: one tensor of bytes to another of the same shape. */
static bool make_table(maker *m)
{
    int x = some_bytes(m, 4, false);
    if (x < 0)
        return false;
    made in = m->v[x];
    bool sigmoid = chance(m, 60);
    int  y = new_bytes(m, in.type, 4, in.dim, sigmoid ? 1 : in.size);
    op_begin(m, sigmoid ? "QLinearSigmoid" : "QLinearLeakyRelu", "com.microsoft");
    op_in(m, x);
    params_in(m, x);
    params_in(m, y);
    if (!sigmoid)
        op_float(m, "alpha", 0.1f);
    op_end(m, 1, &y);
    (void)dequantised(m, y);
    return true;
}

static bool make_byte_sum(maker *m)
{
    int a = some_bytes(m, 4, false), b = -1;
    for (int i = m->n - 1; a >= 0 && i > 0 && b < 0; i--) {
        const made *v = &m->v[i];
        bool        same = v->cut && v->scale && i != a && v->type == m->v[a].type && v->rank == 4;
        for (int d = 0; same && d < 4; d++)
            same = v->dim[d] == m->v[a].dim[d];
        if (same)
            b = i;
    }
    if (a < 0 || b < 0)
        return false;
    made in = m->v[a];
    bool sum = chance(m, 60);
    int y = new_bytes(m, in.type, 4, in.dim, sum ? in.size + m->v[b].size : in.size * m->v[b].size);
    op_begin(m, sum ? "QLinearAdd" : "QLinearMul", "com.microsoft");
    op_in(m, a);
    params_in(m, a);
    op_in(m, b);
    params_in(m, b);
    params_in(m, y);
    op_end(m, 1, &y);
    (void)dequantised(m, y);
    return true;
}

static bool make_byte_mean(maker *m)
{
    int x = some_bytes(m, 4, false);
    if (x < 0)
        return false;
    made          in = m->v[x];
    const int64_t out[] = {in.dim[0], in.dim[1], 1, 1};
    int           y = new_bytes(m, in.type, 4, out, in.size / 3);
    op_begin(m, "QLinearGlobalAveragePool", "com.microsoft");
    op_in(m, x);
    params_in(m, x);
    params_in(m, y);
    op_end(m, 1, &y);
    (void)dequantised(m, y);
    return true;
}

/* x * clip(x + 3, 0, 6) / 6, a residual, a gate of a mean: what lies between two layers. */
static bool make_block(maker *m)
{
    int x = pick_image(m);
    if (x < 0)
        return false;
    int64_t c = m->v[x].dim[1];
    int     y = conv_of(m, x, 8 * rnd_between(m, 1, 4), 1, 1, true);
    if (y >= 0)
        y = chance(m, 50) ? activation_of(m, y) : spelled_activation(m, y);
    if (y >= 0)
        y = conv_of(m, y, m->v[y].dim[1], 3, chance(m, 60) ? m->v[y].dim[1] : 1, true);
    if (y < 0)
        return false;
    y = activation_of(m, y);
    if (chance(m, 50)) {
        made          v = m->v[y];
        const int64_t one[] = {v.dim[0], v.dim[1], 1, 1};
        op_begin(m, "GlobalAveragePool", NULL);
        op_in(m, y);
        int g = new_value(m, T_F32, 4, one, v.size);
        op_end(m, 1, &g);
        g = conv_of(m, g, v.dim[1], 1, 1, true);
        if (g >= 0)
            y = binary(m, "Mul", y, unary(m, chance(m, 50) ? "Sigmoid" : "HardSigmoid", g, 1),
                       v.size);
    }
    if (y >= 0)
        y = conv_of(m, y, c, 1, 1, true);
    if (y >= 0 && chance(m, 70))
        (void)binary(m, "Add", x, y, m->v[x].size + m->v[y].size);
    return true;
}

const recipe byte_recipes[] = {
    {make_qlinear_conv, 10},  {make_conv_integer, 4},
    {make_qlinear_matmul, 5}, {make_matmul_integer, 3},
    {make_dynamic, 3},        {make_table, 3},
    {make_byte_sum, 4},       {make_byte_mean, 2},
    {make_block, 14},         {NULL, 0},
};
