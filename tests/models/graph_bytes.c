/* Quantised graphs: every value an operator reads may have gone through QuantizeLinear and
 * DequantizeLinear before, weights and biases may be integers behind a DequantizeLinear, as tools leave
 * them.  So each recipe for floats is one for bytes, too. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "models/graph_maker.h"

/* Elements behind a DequantizeLinear are at most so many steps away from zero. */
#define LEVELS 255

static const int64_t no_dims[] = {1};

/* ---- constants ---- */

/* Of `bits`. */
static int some_levels(maker *m, int type, int rank, const int64_t *dim, int bits)
{
    made shape = {.rank = rank};
    for (int i = 0; i < rank; i++)
        shape.dim[i] = dim[i];
    size_t   n = (size_t)elements(&shape);
    uint8_t *data = malloc(n + 1);
    if (!data)
        abort();
    int half = 1 << (bits - 1),
        from = type == T_I8 && chance(m, 70) ? 1 : 0; /* -128: rare in tools */
    bool extreme = chance(m, 15);                     /* what saturates sums of 16 bits */
    for (size_t i = 0; i < n; i++) {
        int level = (int)rnd_between(m, from, 2 * half - 1);
        if (extreme && chance(m, 70))
            level = level < half ? from : 2 * half - 1;
        data[i] = (uint8_t)(type == T_I8 ? level - half : level);
    }
    int id = raw(m, type, rank, dim, data, n);
    free(data);
    return id;
}

int random_bytes(maker *m, int type, int rank, const int64_t *dim)
{
    return some_levels(m, type, rank, dim, 8);
}

int byte_factors(maker *m, int by, int type, int rank, const int64_t *dim)
{
    bool mixed = by == T_U8 && type == T_I8;
    bool narrow =
        mixed && (m->odd_zero || chance(m, 85)); /* the reference: exact with a zero of 0 */
    m->saturates |= mixed && !narrow;
    return some_levels(m, type, rank, dim, narrow ? 7 : 8);
}

static int byte_constant(maker *m, int type, int rank, const int64_t *dim, int value)
{
    made shape = {.rank = rank};
    for (int i = 0; i < rank; i++)
        shape.dim[i] = dim[i];
    size_t   n = (size_t)elements(&shape);
    uint8_t *data = malloc(n + 1);
    if (!data)
        abort();
    memset(data, value & 255, n);
    int id = raw(m, type, rank, dim, data, n);
    free(data);
    return id;
}

void weight_params(maker *m, int type, int64_t count, float range, int *scale, int *zero,
                   float *step)
{
    int level = type == T_U8 ? 128 - (int)rnd(m, 20) : chance(m, 90) ? 0 : (int)rnd(m, 9) - 4;
    m->odd_zero = type == T_I8 && level;
    for (int64_t i = 0; i < (count ? count : 1); i++)
        step[i] = range / 127 * rnd_float(m, 0.5f, 1.5f);
    *scale = raw(m, T_F32, count ? 1 : 0, count ? &count : no_dims, step,
                 (size_t)(count ? count : 1) * sizeof(*step));
    *zero = byte_constant(m, type, count ? 1 : 0, count ? &count : no_dims, level);
}

/* ---- nodes that may come while another is under construction ---- */

static bytes set_aside(maker *m)
{
    bytes kept = m->node;
    m->node = (bytes){0};
    m->inside = true;
    return kept;
}

static void take_up(maker *m, bytes kept, const char *op, const int *read, int n_read)
{
    free(m->node.data);
    m->node = kept;
    m->inside = false;
    memcpy(m->op, op, sizeof(m->op));
    memcpy(m->read, read, sizeof(m->read));
    m->n_read = n_read;
}

/* y = DequantizeLinear(x); zero < 0: left out; axis < 0: one scale. */
static int dequantise(maker *m, int x, int scale, int zero, int axis)
{
    char op[sizeof(m->op)];
    int  read[3], n_read = m->n_read;
    memcpy(op, m->op, sizeof(op));
    memcpy(read, m->read, sizeof(read));
    bytes kept = set_aside(m);
    op_begin(m, "DequantizeLinear", NULL);
    op_in(m, x);
    op_in(m, scale);
    if (zero >= 0)
        op_in(m, zero);
    if (axis >= 0)
        op_int(m, "axis", axis);
    int y = new_value(m, T_F32, m->v[x].rank, m->v[x].dim, m->v[x].size);
    m->v[y].constant = m->v[x].constant;
    m->v[y].exact = true;
    op_end(m, 1, &y);
    take_up(m, kept, op, read, n_read);
    return y;
}

int byte_weights(maker *m, int rank, const int64_t *dim, float range)
{
    int type = chance(m, 80) ? T_I8 : T_U8, scale, zero;
    int axis = chance(m, 30) ? -1 : chance(m, 75) ? 0 : (int)rnd(m, (uint32_t)rank);
    if (axis >= 0 && dim[axis] == 1) /* the reference's optimiser mistakes these */
        axis = -1;
    int64_t count = axis < 0 ? 0 : dim[axis];
    float  *step = calloc((size_t)count + 1, sizeof(*step));
    if (!step)
        abort();
    weight_params(m, type, count, range, &scale, &zero, step);
    int w = random_bytes(m, type, rank, dim);
    int y = dequantise(m, w, scale, type == T_I8 && chance(m, 30) ? -1 : zero, axis);
    m->v[y].size = range * 1.5;
    m->v[y].step = axis < 0 ? *step : 0;
    m->v[y].steps = axis == 0 ? step : NULL;
    if (axis != 0)
        free(step);
    return y;
}

/* The bias b of a convolution of x by w, as the int32 that tools write; -1: not for these. */
static int byte_bias(maker *m, int x, int w, int b)
{
    const made *in = &m->v[x], *weights = &m->v[w], *bias = &m->v[b];
    if (x < 0 || in->step <= 0 || (weights->step <= 0 && !weights->steps) || bias->rank != 1)
        return -1;
    int64_t n = bias->dim[0];
    if (weights->steps && weights->dim[0] != n)
        return -1;
    int32_t *level = calloc((size_t)n, sizeof(*level));
    float   *step = calloc((size_t)n, sizeof(*step));
    if (!level || !step)
        abort();
    for (int64_t i = 0; i < n; i++) {
        step[i] = in->step * (weights->steps ? weights->steps[i] : weights->step);
        level[i] = (int32_t)(rnd_float(m, -1, 1) / step[i]);
    }
    int q = raw(m, T_I32, 1, &n, level, (size_t)n * sizeof(*level));
    int scale = weights->steps ? raw(m, T_F32, 1, &n, step, (size_t)n * sizeof(*step))
                               : raw(m, T_F32, 0, no_dims, step, sizeof(*step));
    int axis = m->v[w].steps ? 0 : -1;
    free(level);
    free(step);
    return dequantise(m, q, scale, -1, axis);
}

/* ---- values in bytes ---- */

int new_bytes(maker *m, int type, int rank, const int64_t *dim, double size)
{
    double range = fmin(fmax(size, 0.02), 100) * (double)rnd_float(m, 0.12f, 0.8f);
    bool   below = chance(m, 75); /* values below zero, too */
    float  step = (float)(range * (below ? 2 : 1) / LEVELS);
    int    least = type == T_I8 ? -128 : 0, level = below ? least + 128 : least;
    if (chance(m, 30)) /* results then fall half-way between two levels */
        step = ldexpf(1, (int)lrintf(log2f(step)));
    if (below && chance(m, 50))
        level += (int)rnd(m, 40) - 20;
    const made *last = m->last ? &m->v[m->last] : NULL;
    bool        again = last && last->type == type && chance(m, 35); /* one scale for both */
    int         one = chance(m, 15);                                 /* a tensor of one dimension */
    int         scale = again ? last->scale : raw(m, T_F32, one, no_dims, &step, sizeof(step));
    int         zero = again ? last->zero : byte_constant(m, type, one, no_dims, level);
    if (again)
        step = last->step;
    int q = new_value(m, type, rank, dim, (double)step * LEVELS);
    m->v[q].scale = scale;
    m->v[q].zero = zero;
    m->v[q].step = step;
    m->v[q].cut = true;
    m->last = q;
    return q;
}

int quantised(maker *m, int x)
{
    char op[sizeof(m->op)];
    int  read[3], n_read = m->n_read;
    memcpy(op, m->op, sizeof(op));
    memcpy(read, m->read, sizeof(read));
    int   q = new_bytes(m, chance(m, 65) ? T_U8 : T_I8, m->v[x].rank, m->v[x].dim, m->v[x].size);
    bytes kept = set_aside(m);
    op_begin(m, "QuantizeLinear", NULL);
    op_in(m, x);
    op_in(m, m->v[q].scale);
    op_in(m, m->v[q].zero);
    op_end(m, 1, &q);
    take_up(m, kept, op, read, n_read);
    return q;
}

int dequantised(maker *m, int q)
{
    int y = dequantise(m, q, m->v[q].scale, m->v[q].zero, -1);
    m->v[y].step = m->v[q].step;
    return y;
}

/* What tools leave in one piece with the node before. */
static bool follows(const char *op)
{
    static const char *const list[] = {"Relu", "Clip", "LeakyRelu", "BatchNormalization", "PRelu"};
    for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++)
        if (strcmp(op, list[i]) == 0)
            return true;
    return false;
}

int stand_in(maker *m, int x)
{
    if (m->inside || m->depth || m->v[x].type != T_F32)
        return x;
    if (m->v[x].constant) {
        bool bias = m->n_read == 2 && (strcmp(m->op, "Conv") == 0 || strcmp(m->op, "Gemm") == 0);
        int  b = bias && chance(m, 90) ? byte_bias(m, m->read[0], m->read[1], x) : -1;
        m->float_bias |= bias && b < 0;
        return b >= 0 ? b : x;
    }
    if (m->v[x].step > 0 || m->v[x].hidden) /* dequantised itself */
        return x;
    if (!m->v[x].asked) {
        m->v[x].asked = true;
        if (chance(m, follows(m->op) ? 20 : 85)) {
            int q = quantised(m, x);
            int y = dequantised(m, q);
            m->v[x].stand_in = y;
        }
    }
    return m->v[x].stand_in && chance(m, 93) ? m->v[x].stand_in : x;
}
