/* Recipes of random graphs: activations, element-wise arithmetic, and the blocks that exporters and
 * converters leave, with near misses. */
#include <math.h>
#include <string.h>

#include "models/graph_maker.h"

int activation_of(maker *m, int x)
{
    static const char *const plain[] = {
        "Relu", "Sigmoid",  "Tanh",      "Softplus",    "Erf",  "Abs",     "Neg",  "Elu",
        "Selu", "Softsign", "LeakyRelu", "HardSigmoid", "Relu", "Sigmoid", "Relu", "LeakyRelu"};
    double size = m->v[x].size;
    int    kind = (int)rnd(m, 22);
    if (kind < 16) {
        op_begin(m, plain[kind], NULL);
        op_in(m, x);
        if (kind == 10 && chance(m, 50))
            op_float(m, "alpha", 0.1f);
        if (kind == 11 && chance(m, 50)) {
            op_float(m, "alpha", 1.0f / 6);
            op_float(m, "beta", 0.5f);
        }
        int y = like(m, x, size + 1);
        m->v[y].exact = m->v[x].exact && (kind == 0 || kind == 5 || kind == 6);
        op_end(m, 1, &y);
        return y;
    }
    if (kind == 16 && m->opset >= 14)
        return unary(m, "HardSwish", x, size);
    if (kind == 17 && m->opset >= 18)
        return unary(m, "Mish", x, size);
    if (kind == 18 && m->opset >= 20) {
        op_begin(m, "Gelu", NULL);
        op_in(m, x);
        if (chance(m, 40))
            op_string(m, "approximate", "tanh");
        int y = like(m, x, size);
        op_end(m, 1, &y);
        return y;
    }
    static const float bounds[][2] = {{0, 6}, {-1, 1}, {0, 1}, {-0.5f, 2}};
    const float       *b = bounds[rnd(m, 4)];
    int low = chance(m, 85) ? scalar(m, b[0]) : -1, high = chance(m, 85) ? scalar(m, b[1]) : -1;
    if ((low >= 0 && m->v[low].rank) || (high >= 0 && m->v[high].rank))
        return unary(m, "Relu", x, size);
    op_begin(m, "Clip", NULL);
    op_in(m, x);
    op_in(m, low);
    if (high >= 0)
        op_in(m, high);
    int y = like(m, x, size);
    m->v[y].exact = m->v[x].exact;
    op_end(m, 1, &y);
    return y;
}

/* a op c or c op a; of Sub and Div always a op c. */
static int with_scalar(maker *m, const char *op, int a, float c)
{
    int s = scalar(m, c);
    if (op[0] != 'S' && op[0] != 'D' && op[0] != 'P' && chance(m, 50))
        return binary(m, op, s, a, m->v[a].size * (op[0] == 'M' ? (double)fabsf(c) : 1) + 3);
    return binary(m, op, a, s, m->v[a].size + 3);
}

static int either(maker *m, const char *op, int a, int b)
{
    bool turned = chance(m, 50);
    return binary(m, op, turned ? b : a, turned ? a : b, m->v[a].size);
}

static int clip6(maker *m, int x)
{
    static const int64_t none[] = {1};
    float                zero = 0, six = chance(m, 92) ? 6.0f : 5.0f;
    int                  a = raw(m, T_F32, 0, none, &zero, 4), b = raw(m, T_F32, 0, none, &six, 4);
    op_begin(m, "Clip", NULL);
    op_in(m, x);
    op_in(m, a);
    op_in(m, b);
    int y = like(m, x, 6);
    op_end(m, 1, &y);
    return y;
}

static int hard_parts(maker *m, int x, bool swish)
{
    float three = chance(m, 90) ? 3.0f : 2.5f, six = chance(m, 90) ? 6.0f : 5.9f;
    int   y = clip6(m, with_scalar(m, "Add", x, three));
    bool  product_first = swish && chance(m, 50), by_div = chance(m, 50);
    if (product_first)
        y = either(m, "Mul", y, x);
    y = by_div ? with_scalar(m, "Div", y, six) : with_scalar(m, "Mul", y, 1 / six);
    return swish && !product_first ? either(m, "Mul", y, x) : y;
}

static int gelu_parts(maker *m, int x)
{
    float root = chance(m, 90) ? 1.41421356f : 1.5f, one = chance(m, 90) ? 1.0f : 0.9f;
    int   order = (int)rnd(m, 3), e;
    e = chance(m, 50) ? with_scalar(m, "Div", x, root) : with_scalar(m, "Mul", x, 1 / root);
    e = with_scalar(m, "Add", unary(m, "Erf", e, 1), one);
    if (order == 0)
        return with_scalar(m, "Mul", either(m, "Mul", x, e), 0.5f);
    if (order == 1)
        return either(m, "Mul", with_scalar(m, "Mul", x, 0.5f), e);
    return either(m, "Mul", x, with_scalar(m, "Mul", e, 0.5f));
}

int spelled_activation(maker *m, int x)
{
    double size = m->v[x].size;
    int    s, y;
    switch (rnd(m, 8)) {
    case 0: return hard_parts(m, x, true);
    case 1: return hard_parts(m, x, false);
    case 2: return gelu_parts(m, x);
    case 3: /* Mish */
        s = unary(m, "Tanh", unary(m, "Softplus", x, size), 1);
        return either(m, "Mul", x, s);
    case 4: /* the tanh GELU */
        s = with_scalar(m, "Mul", either(m, "Mul", x, either(m, "Mul", x, x)), 0.044715f);
        s = unary(m, "Tanh", with_scalar(m, "Mul", either(m, "Add", x, s), 0.7978845608f), 1);
        return with_scalar(m, "Mul", either(m, "Mul", x, with_scalar(m, "Add", s, 1)), 0.5f);
    case 5: /* SiLU whose Sigmoid is read twice */
        s = unary(m, "Sigmoid", x, 1);
        y = either(m, "Mul", x, s);
        return either(m, "Add", y, s);
    default:
        s = unary(m, "Sigmoid", chance(m, 90) ? x : with_scalar(m, "Mul", x, 1.702f), 1);
        return either(m, "Mul", x, s);
    }
}

static bool make_activation(maker *m)
{
    int x = chance(m, 80) ? pick_image(m) : pick(m, T_F32, 0);
    if (x < 0 || m->v[x].size > 60)
        return false;
    if (m->v[x].rank == 4 && chance(m, 50)) {
        int64_t out = chance(m, 50) ? 16 : rnd_between(m, 1, 24);
        int     y = conv_of(m, x, out, chance(m, 50) ? 1 : 3, 1, true);
        x = y >= 0 ? y : x;
    }
    int y = chance(m, 60) ? spelled_activation(m, x) : activation_of(m, x);
    if (chance(m, 15)) /* the value before is needed elsewhere too */
        (void)either(m, "Add", x, y);
    return true;
}

/* A constant that broadcasts against x. */
static int operand_for(maker *m, int x, float lo, float hi)
{
    made    v = m->v[x];
    int     rank = (int)rnd(m, (uint32_t)v.rank + 1), kind = (int)rnd(m, 4);
    int64_t dim[MAKER_RANK_MAX];
    if (v.rank == 4 && kind < 2) { /* per channel */
        const int64_t c[] = {1, v.dim[1], 1, 1};
        return kind ? floats(m, 4, c, lo, hi) : floats(m, 3, c + 1, lo, hi);
    }
    if (kind == 2)
        return scalar(m, rnd_float(m, lo, hi));
    for (int i = 0; i < rank; i++)
        dim[i] = chance(m, 50) ? v.dim[v.rank - rank + i] : 1;
    return floats(m, rank, dim, lo, hi);
}

static int affine_step(maker *m, int x)
{
    double size = m->v[x].size;
    int    c;
    switch (rnd(m, 6)) {
    case 0: return binary(m, "Add", x, operand_for(m, x, -1, 1), size + 1);
    case 1: return binary(m, "Mul", operand_for(m, x, -1.5f, 1.5f), x, size * 1.5);
    case 2: return binary(m, "Sub", x, operand_for(m, x, -1, 1), size + 1);
    case 3: return binary(m, "Sub", operand_for(m, x, -1, 1), x, size + 1);
    case 4: return binary(m, "Div", x, operand_for(m, x, 0.5f, 2), size * 2);
    default: c = operand_for(m, x, -1.5f, 1.5f); return binary(m, "Mul", x, c, size * 1.5);
    }
}

/* Scales and offsets, alone, behind a convolution, before one. */
static bool make_affine(maker *m)
{
    int x = chance(m, 85) ? pick_image(m) : pick(m, T_F32, 0);
    if (x < 0)
        return false;
    if (m->v[x].rank == 4 && chance(m, 40)) {
        int64_t c = m->v[x].dim[1];
        int     y = chance(m, 30) ? conv_of(m, x, c, 3, c, true)
                                  : conv_of(m, x, rnd_between(m, 1, 30), 3, 1, chance(m, 50));
        x = y >= 0 ? y : x;
    }
    for (int n = 1 + (int)rnd(m, 3); n > 0 && x >= 0; n--)
        x = tame(m, affine_step(m, x));
    if (x >= 0 && m->v[x].rank == 4 && chance(m, 40)) {
        int64_t c = m->v[x].dim[1];
        (void)conv_of(m, x, chance(m, 30) ? c : 12, chance(m, 50) ? 1 : 3, 1, chance(m, 50));
    }
    return x >= 0;
}

static bool make_binary(maker *m)
{
    static const char *const ops[] = {"Add", "Add", "Add", "Mul", "Mul", "Sub", "Max", "Min"};
    int                      a = tame(m, pick(m, T_F32, 0)), b = -1;
    for (int tries = 0; tries < 30 && b < 0; tries++) {
        int k = (int)rnd(m, (uint32_t)m->n);
        if (m->v[k].type == T_F32 && m->v[k].size < 60)
            b = k;
    }
    if (a < 0 || b < 0)
        return false;
    const char *op = ops[a == b ? rnd(m, 5) : rnd(m, 8)]; /* nothing but zeros is no test */
    double      p = m->v[a].size, q = m->v[b].size;
    if (m->v[a].constant && m->v[b].constant)
        return false;
    int y = binary(m, op, a, b, op[0] == 'M' && op[1] == 'u' ? p * q : p + q);
    y = tame(m, y);
    if (y >= 0 && chance(m, 40))
        (void)activation_of(m, y);
    return y >= 0;
}

static bool make_variadic(maker *m)
{
    static const char *const ops[] = {"Sum", "Mean", "Max", "Min"};
    int                      a = pick_image(m), n = 1 + (int)rnd(m, 4), parts[4];
    if (a < 0)
        return false;
    double size = 0;
    for (int i = 0; i < n; i++) {
        parts[i] = i == 0 || chance(m, 30) ? a : activation_of(m, a);
        size += m->v[parts[i]].size;
    }
    op_begin(m, ops[rnd(m, 4)], NULL);
    for (int i = 0; i < n; i++)
        op_in(m, parts[i]);
    int y = like(m, a, size);
    op_end(m, 1, &y);
    return true;
}

static bool make_residual(maker *m)
{
    int x = pick_image(m);
    if (x < 0)
        return false;
    int64_t c = m->v[x].dim[1], kernel = chance(m, 50) ? 3 : 1;
    int     y = conv_of(m, x, c, kernel, chance(m, 25) ? c : 1, true), short_cut = x;
    if (y < 0)
        return false;
    if (chance(m, 60))
        y = activation_of(m, y);
    if (chance(m, 60))
        y = conv_of(m, y, c, 3, 1, true);
    if (chance(m, 25)) {
        short_cut = conv_of(m, x, c, 1, 1, true);
        if (short_cut < 0)
            return true;
    }
    y = y < 0 ? x : either(m, "Add", y, short_cut);
    if (y >= 0 && chance(m, 60))
        y = activation_of(m, y);
    if (y >= 0 && chance(m, 30)) /* read again later */
        (void)either(m, "Add", y, x);
    return true;
}

static bool make_inverted(maker *m)
{
    int x = pick_image(m);
    if (x < 0)
        return false;
    int64_t c = m->v[x].dim[1], wide = c * rnd_between(m, 1, 4);
    int     y = wide > 80 ? -1 : conv_of(m, x, wide, 1, 1, true);
    if (y < 0)
        return false;
    y = activation_of(m, y);
    y = conv_of(m, y, wide, chance(m, 60) ? 3 : 5, wide, chance(m, 60));
    if (y < 0)
        return true;
    y = activation_of(m, y);
    if (chance(m, 50)) { /* squeeze and excite */
        const int64_t dim[] = {m->v[y].dim[0], wide, 1, 1}, axes[] = {2, 3};
        int           s = new_value(m, T_F32, 4, dim, m->v[y].size);
        if (chance(m, 60)) {
            op_begin(m, "GlobalAveragePool", NULL);
            op_in(m, y);
            op_end(m, 1, &s);
        } else {
            (void)axes_op(m, "ReduceMean", y, 1, 2, axes, 18, s);
        }
        s = activation_of(m, conv_of(m, s, 1 + wide / 4, 1, 1, true));
        s = conv_of(m, s, wide, 1, 1, true);
        s = chance(m, 60) ? unary(m, "Sigmoid", s, 1) : hard_parts(m, s, false);
        y = either(m, "Mul", y, s);
    }
    y = conv_of(m, y, c, 1, 1, true);
    if (y >= 0 && memcmp(m->v[y].dim, m->v[x].dim, 4 * sizeof(int64_t)) == 0)
        (void)either(m, "Add", y, x);
    return true;
}

/* Transposed to NHWC, something there, and back. */
static bool make_island(maker *m)
{
    static const int64_t nhwc[] = {0, 2, 3, 1}, nchw[] = {0, 3, 1, 2};
    int                  x = pick_image(m);
    if (x < 0)
        return false;
    int t = transpose_of(m, x, nhwc), y = t;
    for (int n = 1 + (int)rnd(m, 4); n > 0; n--) {
        int64_t c = m->v[y].dim[3], axes[] = {1, 2}, last[] = {chance(m, 50) ? 3 : -1};
        int     r, both[2];
        switch (rnd(m, 7)) {
        case 0: y = binary(m, "Mul", y, floats(m, 1, &c, -1.5f, 1.5f), m->v[y].size * 1.5); break;
        case 1: y = binary(m, "Add", floats(m, 1, &c, -1, 1), y, m->v[y].size + 1); break;
        case 2: {
            bool    spatial = chance(m, 50);
            int64_t dim[] = {m->v[y].dim[0], m->v[y].dim[1], m->v[y].dim[2], c};
            for (int d = 1; d < 4; d++)
                if (spatial ? d < 3 : d == 3)
                    dim[d] = 1;
            r = new_value(m, T_F32, 4, dim, m->v[y].size);
            (void)axes_op(m, chance(m, 70) ? "ReduceMean" : "ReduceMax", y, 1, spatial ? 2 : 1,
                          spatial ? axes : last, 18, r);
            y = binary(m, "Sub", y, r, m->v[y].size * 2);
            break;
        }
        case 3:
            both[0] = y;
            both[1] = t;
            r = concat_of(m, 2, both, 3);
            y = r >= 0 ? r : y;
            break;
        case 4: y = affine_step(m, y); break;
        default: y = activation_of(m, y); break;
        }
        y = tame(m, y);
        if (y < 0)
            return true;
    }
    if (m->v[y].rank == 4 && chance(m, 85))
        y = transpose_of(m, y, nchw);
    if (m->v[y].rank == 4 && chance(m, 40))
        (void)conv_of(m, y, 16, 3, 1, true);
    return true;
}

/* (x - mean) / sqrt(var + eps) * gamma + beta over the last dimension, spelled out or not. */
static bool make_layer_norm(maker *m)
{
    int x = tame(m, pick(m, T_F32, 0));
    if (x < 0 || m->v[x].rank < 2 || m->v[x].dim[m->v[x].rank - 1] < 4)
        return false;
    made    in = m->v[x], row = in;
    int64_t last = in.rank - 1, width = in.dim[last], axis = chance(m, 50) ? -1 : last;
    int     gamma = floats(m, 1, &width, -1.5f, 1.5f), beta = floats(m, 1, &width, -1, 1);
    if (m->opset >= 17 && chance(m, 50)) {
        op_begin(m, "LayerNormalization", NULL);
        op_in(m, x);
        op_in(m, gamma);
        if (chance(m, 70))
            op_in(m, beta);
        op_int(m, "axis", axis);
        op_float(m, "epsilon", 0.05f);
        int y = like(m, x, 6);
        op_end(m, 1, &y);
        return true;
    }
    row.dim[last] = 1;
    int mean = new_value(m, T_F32, row.rank, row.dim, in.size);
    (void)axes_op(m, "ReduceMean", x, 1, 1, &axis, 18, mean);
    int d = binary(m, "Sub", x, mean, in.size);
    int q = chance(m, 50) ? binary(m, "Mul", d, d, in.size) : binary(m, "Pow", d, scalar(m, 2), 9);
    int var = new_value(m, T_F32, row.rank, row.dim, in.size);
    (void)axes_op(m, "ReduceMean", q, 1, 1, &axis, 18, var);
    /* behind it: ONNX Runtime's own LayerNormalization forgets an epsilon in front */
    int eps = scalar(m, 0.05f);
    int s = unary(m, "Sqrt", binary(m, "Add", var, eps, in.size), in.size);
    int y = binary(m, "Div", d, s, 5);
    y = binary(m, "Mul", y, gamma, 6);
    (void)binary(m, "Add", y, beta, 6);
    return true;
}

/* x * (x == MaxPool(x)); only of values that everybody has to the bit. */
static bool make_peaks(maker *m)
{
    int x = pick(m, T_F32, 4);
    if (x < 0 || !m->v[x].exact)
        x = m->input[0];
    static const int64_t three[] = {3, 3}, ones[] = {1, 1, 1, 1};
    if (chance(m, 50))
        x = unary(m, "Relu", x, 2);
    op_begin(m, "MaxPool", NULL);
    op_in(m, x);
    op_ints(m, "kernel_shape", 2, three);
    op_ints(m, "pads", 4, ones);
    int p = like(m, x, 2);
    op_end(m, 1, &p);
    bool turned = chance(m, 50);
    op_begin(m, "Equal", NULL);
    op_in(m, turned ? p : x);
    op_in(m, turned ? x : p);
    int e = new_value(m, T_BOOL, 4, m->v[x].dim, 1);
    op_end(m, 1, &e);
    op_begin(m, "Cast", NULL);
    op_in(m, e);
    op_int(m, "to", T_F32);
    int c = like(m, x, 1);
    op_end(m, 1, &c);
    (void)either(m, "Mul", chance(m, 80) ? x : p, c);
    return true;
}

/* Element-wise steps that may overwrite each other, views in between, old values read late. */
static bool make_chain(maker *m)
{
    int kept[8], n = 0, x = tame(m, pick(m, T_F32, 0));
    if (x < 0 || m->v[x].rank == 0)
        return false;
    made in = m->v[x];
    for (int steps = 2 + (int)rnd(m, 6); steps > 0; steps--) {
        if (n < 8)
            kept[n++] = x;
        if (chance(m, 20)) {
            int64_t flat[] = {1, elements(&in)};
            if (fits(2, flat)) {
                int v = reshape_of(m, x, 2, flat);
                if (chance(m, 60))
                    v = activation_of(m, v);
                x = reshape_of(m, v, in.rank, in.dim);
                continue;
            }
        }
        int y = chance(m, 65) ? activation_of(m, x)
                              : tame(m, either(m, "Add", x, kept[rnd(m, (uint32_t)n)]));
        x = y < 0 ? x : y; /* the sum of two shapes may have been too large */
    }
    for (int i = 0; i < n; i++)
        if (chance(m, 30)) {
            int y = tame(m, either(m, "Add", x, kept[i]));
            x = y < 0 ? x : y;
        }
    if (n > 1 && in.rank > 1 && chance(m, 40)) {
        int parts[] = {x, kept[n - 1], kept[0]};
        (void)concat_of(m, 2 + chance(m, 50), parts, chance(m, 70) ? 1 : 0);
    }
    return true;
}

const recipe block_recipes[] = {
    {make_activation, 14}, {make_affine, 14},  {make_binary, 12}, {make_variadic, 3},
    {make_residual, 10},   {make_inverted, 8}, {make_island, 7},  {make_layer_norm, 3},
    {make_peaks, 2},       {make_chain, 8},    {NULL, 0},
};
