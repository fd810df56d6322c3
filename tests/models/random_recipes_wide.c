/* Recipes of random graphs: windows over one to three dimensions, each with its own size, stride,
 * dilation and pads, any number of groups, and weights that the network computes. */
#include <math.h>

#include "models/graph_maker.h"

#define AXES_MAX 3

typedef struct windows {
    int     n; /* dimensions */
    int64_t kernel[AXES_MAX], stride[AXES_MAX], dilation[AXES_MAX], pads[2 * AXES_MAX];
} windows;

static int64_t reach(const windows *w, int d)
{
    return (w->kernel[d] - 1) * w->dilation[d] + 1;
}

static windows some_windows(maker *m, int n, bool dilated, bool pads_below_kernel)
{
    windows w = {.n = n};
    for (int d = 0; d < n; d++) {
        w.kernel[d] = rnd_between(m, 1, n == 3 ? 3 : 5);
        w.stride[d] = chance(m, 60) ? 1 : rnd_between(m, 2, 3);
        w.dilation[d] = dilated && chance(m, 40) ? rnd_between(m, 2, 4) : 1;
        int64_t most = (pads_below_kernel ? w.kernel[d] : reach(&w, d)) - 1;
        w.pads[d] = rnd_between(m, 0, most);
        w.pads[n + d] = chance(m, 50) ? w.pads[d] : rnd_between(m, 0, most);
    }
    return w;
}

static int64_t windows_out(const windows *w, int d, int64_t in)
{
    int64_t room = in + w->pads[d] + w->pads[w->n + d] - reach(w, d);
    return room < 0 ? 0 : room / w->stride[d] + 1;
}

static void put_windows(maker *m, const windows *w, bool dilations)
{
    op_ints(m, "kernel_shape", w->n, w->kernel);
    op_ints(m, "strides", w->n, w->stride);
    op_ints(m, "pads", 2 * w->n, w->pads);
    if (dilations)
        op_ints(m, "dilations", w->n, w->dilation);
}

/* A value with n dimensions behind the channels, made of a picture where there is none. */
static int spatial(maker *m, int n)
{
    int x = tame(m, pick(m, T_F32, n + 2));
    if (x >= 0 || n == 2)
        return x;
    if ((x = pick_image(m)) < 0)
        return -1;
    made v = m->v[x];
    if (n == 1) {
        const int64_t dim[] = {v.dim[0], v.dim[1], v.dim[2] * v.dim[3]};
        return reshape_of(m, x, 3, dim);
    }
    int64_t deep = v.dim[1];
    while (deep > 4 || v.dim[1] % deep)
        deep--;
    const int64_t dim[] = {v.dim[0], v.dim[1] / deep, deep, v.dim[2], v.dim[3]};
    return reshape_of(m, x, 5, dim);
}

/* A divisor of n, any alike. */
static int64_t divisor(maker *m, int64_t n)
{
    int64_t g = rnd_between(m, 1, n);
    while (n % g)
        g--;
    return g;
}

/* Weights, sometimes scaled by what the network has found in x. */
static int weights_of(maker *m, int x, int rank, const int64_t *dim, float range)
{
    int w = floats(m, rank, dim, -range, range);
    if (!chance(m, 15))
        return w;
    const int64_t none[] = {1};
    int           mean = new_value(m, T_F32, 0, none, m->v[x].size);
    op_begin(m, "ReduceMax", NULL);
    op_in(m, x);
    op_int(m, "keepdims", 0);
    op_end(m, 1, &mean);
    return binary(m, "Mul", w, unary(m, "Sigmoid", mean, 1), range);
}

static bool make_wide_conv(maker *m)
{
    int n = (int)rnd_between(m, 1, AXES_MAX), x = spatial(m, n);
    if (x < 0)
        return false;
    made    in = m->v[x];
    windows w = some_windows(m, n, true, false);
    int64_t group = chance(m, 60) ? divisor(m, in.dim[1]) : 1;
    int64_t out[MAKER_RANK_MAX] = {in.dim[0], group * rnd_between(m, 1, 64 / group + 1)};
    int64_t dim[MAKER_RANK_MAX] = {out[1], in.dim[1] / group};
    double  fan = (double)dim[1];
    for (int d = 0; d < n; d++) {
        out[2 + d] = windows_out(&w, d, in.dim[2 + d]);
        dim[2 + d] = w.kernel[d];
        fan *= (double)w.kernel[d];
    }
    if (!fits(n + 2, out) || !fits(n + 2, dim))
        return false;
    int weight = weights_of(m, x, n + 2, dim, (float)(1.7 / sqrt(fan)));
    int bias = chance(m, 60) ? floats(m, 1, &out[1], -1, 1) : -1;
    if (weight < 0)
        return false;
    op_begin(m, "Conv", NULL);
    op_in(m, x);
    op_in(m, weight);
    if (bias >= 0)
        op_in(m, bias);
    put_windows(m, &w, true);
    op_int(m, "group", group);
    int y = new_value(m, T_F32, n + 2, out, in.size * 1.5 + 1);
    op_end(m, 1, &y);
    if (chance(m, 50))
        y = activation_of(m, y);
    if (n == 3 && y >= 0 && chance(m, 60)) { /* for the recipes of pictures */
        const int64_t flat[] = {out[0], out[1] * out[2], out[3], out[4]};
        (void)reshape_of(m, y, 4, flat);
    }
    return true;
}

static bool make_wide_transpose(maker *m)
{
    int n = (int)rnd_between(m, 1, 2), x = spatial(m, n);
    if (x < 0)
        return false;
    made    in = m->v[x];
    windows w = some_windows(m, n, true, false);
    int64_t group = divisor(m, in.dim[1]);
    int64_t out[MAKER_RANK_MAX] = {in.dim[0], group * rnd_between(m, 1, 40 / group + 1)};
    int64_t dim[MAKER_RANK_MAX] = {in.dim[1], out[1] / group};
    double  fan = (double)(in.dim[1] / group);
    for (int d = 0; d < n; d++) {
        out[2 + d] = (in.dim[2 + d] - 1) * w.stride[d] + reach(&w, d) - w.pads[d] - w.pads[n + d];
        dim[2 + d] = w.kernel[d];
        fan *= (double)w.kernel[d];
    }
    if (!fits(n + 2, out) || !fits(n + 2, dim))
        return false;
    int weight = weights_of(m, x, n + 2, dim, (float)(1.7 / sqrt(fan)));
    if (weight < 0)
        return false;
    op_begin(m, "ConvTranspose", NULL);
    op_in(m, x);
    op_in(m, weight);
    put_windows(m, &w, true);
    op_int(m, "group", group);
    int y = new_value(m, T_F32, n + 2, out, in.size * 2 + 1);
    op_end(m, 1, &y);
    if (chance(m, 50))
        (void)activation_of(m, y);
    return true;
}

static bool make_wide_pool(maker *m)
{
    static const char *const ops[] = {"MaxPool", "AveragePool"};
    int n = (int)rnd_between(m, 1, AXES_MAX), kind = (int)rnd(m, 2), x = spatial(m, n);
    if (x < 0)
        return false;
    made    in = m->v[x];
    windows w = some_windows(m, n, kind == 0, true);
    int64_t out[MAKER_RANK_MAX] = {in.dim[0], in.dim[1]};
    for (int d = 0; d < n; d++) {
        if (w.dilation[d] > 1) /* a window of padding alone has no largest element */
            w.pads[d] = w.pads[n + d] = 0;
        out[2 + d] = windows_out(&w, d, in.dim[2 + d]);
    }
    if (!fits(n + 2, out))
        return false;
    op_begin(m, ops[kind], NULL);
    op_in(m, x);
    put_windows(m, &w, kind == 0);
    if (kind == 1 && chance(m, 50))
        op_int(m, "count_include_pad", 1);
    int y = new_value(m, T_F32, n + 2, out, in.size);
    m->v[y].exact = kind == 0 && in.exact;
    op_end(m, 1, &y);
    return true;
}

const recipe wide_recipes[] = {
    {make_wide_conv, 40},
    {make_wide_transpose, 12},
    {make_wide_pool, 14},
    {NULL, 0},
};
