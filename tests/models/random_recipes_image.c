/* Recipes of random graphs: convolutions, pooling, normalisation, resizing. */
#include <math.h>

#include "models/graph_maker.h"

/* What one axis of a window does. */
typedef struct window {
    int64_t kernel, stride, dilation, before, after;
} window;

static int64_t reach(const window *w)
{
    return (w->kernel - 1) * w->dilation + 1;
}

static int64_t window_out(const window *w, int64_t in)
{
    int64_t room = in + w->before + w->after - reach(w);
    return room < 0 ? 0 : room / w->stride + 1;
}

static void put_window(maker *m, const window *w, bool with_dilation)
{
    const int64_t kernel[] = {w[0].kernel, w[1].kernel}, stride[] = {w[0].stride, w[1].stride};
    const int64_t dilation[] = {w[0].dilation, w[1].dilation};
    const int64_t pads[] = {w[0].before, w[1].before, w[0].after, w[1].after};
    op_ints(m, "kernel_shape", 2, kernel);
    if (stride[0] > 1 || stride[1] > 1 || chance(m, 50))
        op_ints(m, "strides", 2, stride);
    if (with_dilation && (dilation[0] > 1 || dilation[1] > 1))
        op_ints(m, "dilations", 2, dilation);
    if (pads[0] || pads[1] || pads[2] || pads[3] || chance(m, 30))
        op_ints(m, "pads", 4, pads);
}

static int64_t some_kernel(maker *m)
{
    static const int64_t sizes[] = {1, 1, 1, 3, 3, 3, 3, 5, 5, 2, 4, 7};
    return sizes[rnd(m, 12)];
}

static void some_window(maker *m, window w[2], int64_t kernel, bool plain)
{
    bool same = plain || chance(m, 70), even = plain || chance(m, 60);
    for (int d = 0; d < 2; d++) {
        w[d] = (window){kernel, 1, 1, 0, 0};
        if (d == 1 && !same)
            w[d].kernel = some_kernel(m);
        if (plain)
            w[d].before = w[d].after = w[d].kernel / 2;
    }
    if (plain)
        return;
    int64_t stride = chance(m, 30) ? rnd_between(m, 2, 3) : 1;
    int64_t dilation = chance(m, 15) ? rnd_between(m, 2, 3) : 1;
    for (int d = 0; d < 2; d++) {
        w[d].stride = d == 0 || same ? stride : rnd_between(m, 1, 3);
        w[d].dilation = dilation;
        w[d].before = w[d].after = reach(&w[d]) / 2;
        if (!even) {
            w[d].before = rnd_between(m, 0, reach(&w[d]) - 1);
            w[d].after = rnd_between(m, 0, reach(&w[d]) - 1);
        }
    }
}

/* Weights that two nodes share, now and then; -1: new ones. */
static int old_constant(maker *m, int rank, const int64_t *dim)
{
    for (int i = 0; i < m->n && chance(m, 95); i++) {
        const made *v = &m->v[i];
        bool        same = v->constant && !v->hidden && v->type == T_F32 && v->rank == rank;
        for (int d = 0; same && d < rank; d++)
            same = v->dim[d] == dim[d];
        if (same && chance(m, 60))
            return i;
    }
    return -1;
}

/* -1: the result would be too large, or nothing. */
int conv_of(maker *m, int x, int64_t out_channels, int64_t kernel, int64_t group, bool plain)
{
    made   in = m->v[x];
    window w[2];
    bool   automatic = !plain && chance(m, 10);
    some_window(m, w, kernel, plain);
    int64_t                  out[] = {in.dim[0], out_channels, window_out(&w[0], in.dim[2]),
                                      window_out(&w[1], in.dim[3])};
    static const char *const modes[] = {"SAME_UPPER", "SAME_LOWER", "VALID"};
    const char              *mode = modes[rnd(m, 3)];
    if (automatic) {
        for (int d = 0; d < 2; d++) {
            int64_t span = in.dim[2 + d];
            w[d].dilation = 1;
            if (mode[0] == 'V')
                span -= w[d].kernel - 1;
            out[2 + d] = span < 1 ? 0 : (span + w[d].stride - 1) / w[d].stride;
        }
    }
    if (!fits(4, out))
        return -1;
    const int64_t wd[] = {out_channels, in.dim[1] / group, w[0].kernel, w[1].kernel};
    double        fan = (double)(wd[1] * wd[2] * wd[3]);
    float         range = (float)(1.7 / sqrt(fan));
    int           weight = old_constant(m, 4, wd), bias = -1;
    if (weight < 0)
        weight = floats(m, 4, wd, -range, range);
    if (chance(m, 60))
        bias = old_constant(m, 1, &out_channels);
    if (bias < 0 && chance(m, 50))
        bias = floats(m, 1, &out_channels, -1, 1);
    op_begin(m, "Conv", NULL);
    op_in(m, x);
    op_in(m, weight);
    if (bias >= 0)
        op_in(m, bias);
    if (automatic) {
        const int64_t strides[] = {w[0].stride, w[1].stride};
        op_string(m, "auto_pad", mode);
        op_ints(m, "strides", 2, strides);
        if (chance(m, 50))
            op_ints(m, "kernel_shape", 2, wd + 2);
    } else {
        put_window(m, w, true);
    }
    if (group > 1 || chance(m, 30))
        op_int(m, "group", group);
    int y = new_value(m, T_F32, 4, out, in.size * 1.5 + 1);
    op_end(m, 1, &y);
    return y;
}

static int64_t some_channels(maker *m)
{
    return chance(m, 50) ? 8 * rnd_between(m, 1, 5) : rnd_between(m, 1, 40);
}

static bool make_conv(maker *m)
{
    int x = pick_image(m);
    if (x < 0)
        return false;
    int64_t c = m->v[x].dim[1], group = 1, out = some_channels(m);
    int     kind = (int)rnd(m, 10);
    if (kind < 3) { /* depthwise, sometimes with a multiplier */
        group = c;
        out = c * (chance(m, 80) ? 1 : 2);
    } else if (kind == 3) {
        for (group = rnd_between(m, 2, 8); c % group; group--)
            ;
        out = group * rnd_between(m, 1, 10);
    }
    bool plain = chance(m, 40);
    int  y = conv_of(m, x, out, some_kernel(m), group, plain);
    if (y >= 0 && chance(m, 40))
        (void)activation_of(m, y);
    return y >= 0;
}

static bool make_conv_transpose(maker *m)
{
    int x = pick_image(m);
    if (x < 0)
        return false;
    made    in = m->v[x];
    int64_t group = 1, extra[2], out[4] = {in.dim[0]};
    window  w[2];
    some_window(m, w, chance(m, 50) ? 2 : some_kernel(m), false);
    if (chance(m, 25))
        for (group = rnd_between(m, 1, 8); in.dim[1] % group; group--)
            ;
    out[1] = group * rnd_between(m, 1, 12);
    for (int d = 0; d < 2; d++) {
        if (chance(m, 50))
            w[d].stride = 2;
        if (chance(m, 50))
            w[d].before = w[d].after = 0;
        extra[d] = w[d].stride > 1 && chance(m, 25) ? 1 : 0;
        out[2 + d] =
            (in.dim[2 + d] - 1) * w[d].stride + reach(&w[d]) - w[d].before - w[d].after + extra[d];
    }
    if (!fits(4, out))
        return false;
    const int64_t wd[] = {in.dim[1], out[1] / group, w[0].kernel, w[1].kernel};
    float         range = (float)(1.7 / sqrt((double)(wd[0] / group * wd[2] * wd[3])));
    int           weight = floats(m, 4, wd, -range, range), bias = -1;
    if (chance(m, 50))
        bias = floats(m, 1, &out[1], -1, 1);
    op_begin(m, "ConvTranspose", NULL);
    op_in(m, x);
    op_in(m, weight);
    if (bias >= 0)
        op_in(m, bias);
    put_window(m, w, true);
    if (extra[0] || extra[1])
        op_ints(m, "output_padding", 2, extra);
    op_int(m, "group", group);
    int y = new_value(m, T_F32, 4, out, in.size * 2 + 1);
    op_end(m, 1, &y);
    return true;
}

/* As ONNX says it: no window starts in the padding behind the picture. */
static int64_t pool_out(const window *w, int64_t in, bool ceil_mode)
{
    int64_t room = in + w->before + w->after - reach(w);
    if (room < 0)
        return 0;
    int64_t n = (room + (ceil_mode ? w->stride - 1 : 0)) / w->stride + 1;
    if (ceil_mode && (n - 1) * w->stride >= in + w->before)
        n--;
    return n;
}

static bool make_pool(maker *m)
{
    bool max = chance(m, 60), ceil_mode = chance(m, 30);
    int  x = max && chance(m, 30) ? m->input[0] : pick_image(m);
    if (x < 0)
        return false;
    made    in = m->v[x];
    window  w[2];
    int64_t out[4] = {in.dim[0], in.dim[1]};
    bool    dilated = max || m->opset >= 19;
    some_window(m, w, rnd_between(m, 1, 5), chance(m, 30));
    for (int d = 0; d < 2; d++) {
        if (!dilated)
            w[d].dilation = 1;
        /* a window of padding alone has no mean */
        w[d].before = w[d].before < w[d].kernel ? w[d].before : w[d].kernel - 1;
        w[d].after = w[d].after < w[d].kernel ? w[d].after : w[d].kernel - 1;
        if (w[d].dilation > 1 || w[1 - d].dilation > 1)
            w[d].before = w[d].after = 0;
        if (!max && ceil_mode && w[d].after) /* releases of the reference differ there */
            w[d].after = 0;
        out[2 + d] = pool_out(&w[d], in.dim[2 + d], ceil_mode);
    }
    if (!fits(4, out))
        return false;
    op_begin(m, max ? "MaxPool" : "AveragePool", NULL);
    op_in(m, x);
    put_window(m, w, dilated);
    if (ceil_mode)
        op_int(m, "ceil_mode", 1);
    if (!max && chance(m, 50))
        op_int(m, "count_include_pad", 1);
    int y = new_value(m, T_F32, 4, out, in.size);
    m->v[y].exact = max && in.exact;
    op_end(m, 1, &y);
    return true;
}

static bool make_global_pool(maker *m)
{
    int x = pick_image(m);
    if (x < 0)
        return false;
    made          in = m->v[x];
    const int64_t out[] = {in.dim[0], in.dim[1], 1, 1};
    op_begin(m, chance(m, 70) ? "GlobalAveragePool" : "GlobalMaxPool", NULL);
    op_in(m, x);
    int y = new_value(m, T_F32, 4, out, in.size);
    op_end(m, 1, &y);
    if (chance(m, 50)) {
        const int64_t flat[] = {in.dim[0], in.dim[1]};
        (void)reshape_of(m, y, 2, flat);
    }
    return true;
}

static int norm_of(maker *m, int x)
{
    int64_t c = m->v[x].dim[1];
    int     scale = floats(m, 1, &c, -1.5f, 1.5f), shift = floats(m, 1, &c, -1, 1);
    int     mean = floats(m, 1, &c, -0.5f, 0.5f), var = floats(m, 1, &c, 0.3f, 2);
    op_begin(m, "BatchNormalization", NULL);
    op_in(m, x);
    op_in(m, scale);
    op_in(m, shift);
    op_in(m, mean);
    op_in(m, var);
    if (chance(m, 50))
        op_float(m, "epsilon", 1e-3f);
    int y = like(m, x, m->v[x].size * 3 + 2);
    op_end(m, 1, &y);
    return y;
}

static bool make_norm(maker *m)
{
    int x = pick_image(m);
    if (x < 0)
        return false;
    if (chance(m, 50)) {
        int64_t out = some_channels(m), kernel = some_kernel(m);
        x = conv_of(m, x, out, kernel, 1, true);
    }
    if (x < 0)
        return false;
    x = norm_of(m, x);
    if (chance(m, 60))
        x = activation_of(m, x);
    if (chance(m, 30))
        (void)conv_of(m, x, some_channels(m), 3, 1, true);
    return true;
}

static bool make_instance_norm(maker *m)
{
    int x = pick_image(m);
    if (x < 0 || m->v[x].dim[2] * m->v[x].dim[3] < 4)
        return false;
    int64_t c = m->v[x].dim[1];
    int     scale = floats(m, 1, &c, -1.5f, 1.5f), shift = floats(m, 1, &c, -1, 1);
    op_begin(m, "InstanceNormalization", NULL);
    op_in(m, x);
    op_in(m, scale);
    op_in(m, shift);
    op_float(m, "epsilon", 0.05f); /* rounding in rows that are nearly constant stays small */
    int y = like(m, x, 6);
    op_end(m, 1, &y);
    return true;
}

static bool make_lrn(maker *m)
{
    int x = pick_image(m);
    if (x < 0)
        return false;
    op_begin(m, "LRN", NULL);
    op_in(m, x);
    op_int(m, "size", 1 + 2 * (int64_t)rnd(m, 3));
    op_float(m, "alpha", 0.01f);
    int y = like(m, x, m->v[x].size);
    op_end(m, 1, &y);
    return true;
}

static bool make_prelu(maker *m)
{
    int x = pick_image(m);
    if (x < 0)
        return false;
    int64_t c = m->v[x].dim[1], dim[] = {c, 1, 1};
    if (chance(m, 20))
        dim[0] = 1;
    int slope = floats(m, 3, dim, -0.5f, 0.5f);
    op_begin(m, "PRelu", NULL);
    op_in(m, x);
    op_in(m, slope);
    int y = like(m, x, m->v[x].size);
    op_end(m, 1, &y);
    return true;
}

static void resize_mode(maker *m, bool whole)
{
    static const char *const where[] = {"half_pixel", "asymmetric", "pytorch_half_pixel",
                                        "align_corners"};
    int                      kind = (int)rnd(m, 10);
    if (kind < 6 && whole) { /* other factors fall on ties, which rounding of the factor decides */
        bool corner = chance(m, 50);
        op_string(m, "mode", "nearest");
        op_string(m, "coordinate_transformation_mode", corner ? "asymmetric" : "half_pixel");
        op_string(m, "nearest_mode", corner ? "floor" : "round_prefer_floor");
    } else {
        op_string(m, "mode", kind < 9 ? "linear" : "cubic");
        op_string(m, "coordinate_transformation_mode", where[rnd(m, 4)]);
    }
}

static bool make_resize(maker *m)
{
    int x = pick_image(m);
    if (x < 0)
        return false;
    made    in = m->v[x];
    int64_t out[4] = {in.dim[0], in.dim[1]};
    float   scales[4] = {1, 1, 1, 1};
    bool    whole = chance(m, 70), by_scale = whole && chance(m, 60);
    for (int d = 2; d < 4; d++) {
        int64_t factor = rnd_between(m, 1, 3);
        out[d] = whole ? in.dim[d] * factor : rnd_between(m, 1, 24);
        scales[d] = (float)factor;
    }
    if (!fits(4, out))
        return false;
    static const int64_t four[] = {4}, none[] = {0};
    int by = by_scale ? raw(m, T_F32, 1, four, scales, sizeof(scales)) : ints64(m, 4, out);
    /* neither was optional */
    int roi = m->opset < 13 ? raw(m, T_F32, 1, none, "", 0) : -1;
    int no_scales = m->opset < 13 ? raw(m, T_F32, 1, none, "", 0) : -1;
    op_begin(m, "Resize", NULL);
    op_in(m, x);
    op_in(m, roi);
    if (!by_scale)
        op_in(m, no_scales);
    op_in(m, by);
    resize_mode(m, whole);
    int y = new_value(m, T_F32, 4, out, in.size * 1.3);
    op_end(m, 1, &y);
    return true;
}

static bool make_depth_space(maker *m)
{
    int x = pick_image(m);
    if (x < 0)
        return false;
    made    in = m->v[x];
    int64_t b = rnd_between(m, 2, 3);
    if (in.dim[1] % (b * b) == 0 && chance(m, 70)) {
        const int64_t out[] = {in.dim[0], in.dim[1] / (b * b), in.dim[2] * b, in.dim[3] * b};
        op_begin(m, "DepthToSpace", NULL);
        op_in(m, x);
        op_int(m, "blocksize", b);
        if (chance(m, 60))
            op_string(m, "mode", chance(m, 50) ? "CRD" : "DCR");
        int y = new_value(m, T_F32, 4, out, in.size);
        m->v[y].exact = in.exact;
        op_end(m, 1, &y);
        return true;
    }
    if (in.dim[2] % b || in.dim[3] % b)
        return false;
    const int64_t out[] = {in.dim[0], in.dim[1] * b * b, in.dim[2] / b, in.dim[3] / b};
    op_begin(m, "SpaceToDepth", NULL);
    op_in(m, x);
    op_int(m, "blocksize", b);
    int y = new_value(m, T_F32, 4, out, in.size);
    m->v[y].exact = in.exact;
    op_end(m, 1, &y);
    return true;
}

static bool make_grid_sample(maker *m)
{
    int x = pick_image(m);
    if (x < 0 || m->opset < 16)
        return false;
    made                     in = m->v[x];
    const int64_t            grid_dim[] = {in.dim[0], rnd_between(m, 1, 9), 7, 2};
    const int64_t            out[] = {in.dim[0], in.dim[1], grid_dim[1], 7};
    int                      grid = floats(m, 4, grid_dim, -1.2f, 1.2f);
    static const char *const pads[] = {"zeros", "border", "reflection"};
    op_begin(m, "GridSample", NULL);
    op_in(m, x);
    op_in(m, grid);
    op_string(m, "mode", m->opset < 20 ? "bilinear" : "linear");
    op_string(m, "padding_mode", pads[rnd(m, 3)]);
    op_int(m, "align_corners", chance(m, 50));
    int y = new_value(m, T_F32, 4, out, in.size);
    op_end(m, 1, &y);
    return true;
}

const recipe image_recipes[] = {
    {make_conv, 26},  {make_conv_transpose, 5}, {make_pool, 10},       {make_global_pool, 3},
    {make_norm, 7},   {make_instance_norm, 2},  {make_lrn, 1},         {make_prelu, 3},
    {make_resize, 5}, {make_depth_space, 3},    {make_grid_sample, 1}, {NULL, 0},
};
