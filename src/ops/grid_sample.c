/* GridSample: a picture read at computed places.   ONNX opset 16..
 *
 *   in   x f32 [N,C,H,W], grid f32 [N,OH,OW,2]: x, y in -1..1 (from border to border of the
 *        picture, or with align_corners from centre to centre of the outermost pixels);
 *        or x [N,C,D,H,W], grid [N,OD,OH,OW,3]: x, y, z (opset 20; not cubic)
 *   mode linear (bilinear), nearest, cubic (bicubic, a = -0.75); padding_mode zeros, border,
 *   reflection
 *   out  f32 [N,C,OH,OW] or [N,C,OD,OH,OW] */
#include <math.h>
#include <string.h>

#include "ops/args.h"

typedef enum grid_mode { GRID_LINEAR, GRID_NEAREST, GRID_CUBIC } grid_mode;
typedef enum grid_pad { GRID_ZEROS, GRID_BORDER, GRID_REFLECT } grid_pad;

typedef struct grid_state {
    grid_mode mode;
    grid_pad  pad;
    bool      corners;
    int64_t   c, d, h, w; /* d: 1 for pictures */
    uint32_t  dims;       /* 2 or 3 */
    size_t    points;
} grid_state;

static oc_status grid_read(const oc_node *node, grid_state *s, oc_error *err)
{
    const char *mode = oc_node_string(node, "mode", "linear");
    const char *pad = oc_node_string(node, "padding_mode", "zeros");
    s->corners = oc_node_int(node, "align_corners", 0) != 0;
    if (strcmp(mode, "linear") == 0 || strcmp(mode, "bilinear") == 0)
        s->mode = GRID_LINEAR;
    else if (strcmp(mode, "nearest") == 0)
        s->mode = GRID_NEAREST;
    else if (strcmp(mode, "cubic") == 0 || strcmp(mode, "bicubic") == 0)
        s->mode = GRID_CUBIC;
    else
        return OC_FAIL(err, OC_UNSUPPORTED, "mode '%s'", mode);
    if (strcmp(pad, "zeros") == 0)
        s->pad = GRID_ZEROS;
    else if (strcmp(pad, "border") == 0)
        s->pad = GRID_BORDER;
    else if (strcmp(pad, "reflection") == 0)
        s->pad = GRID_REFLECT;
    else
        return OC_FAIL(err, OC_UNSUPPORTED, "padding_mode '%s'", pad);
    return OC_OK;
}

static oc_status grid_infer(const oc_infer *ask, oc_error *err)
{
    grid_state      s;
    const oc_shape *x = &ask->in[0].shape, *g = &ask->in[1].shape;
    oc_status       st = grid_read(ask->node, &s, err);
    if (st != OC_OK || (st = oc_shape_known(&ask->in[0], "x", err)) != OC_OK ||
        (st = oc_shape_known(&ask->in[1], "the grid", err)) != OC_OK)
        return st;
    if (ask->in[0].dtype != OC_F32 || ask->in[1].dtype != OC_F32 || x->rank < 4 || x->rank > 5)
        return OC_FAIL(err, OC_UNSUPPORTED,
                       "x is %s of rank %u, only float32 [N,C,H,W] and [N,C,D,H,W]",
                       oc_dtype_name(ask->in[0].dtype), x->rank);
    if (x->rank == 5 && s.mode == GRID_CUBIC)
        return OC_FAIL(err, OC_UNSUPPORTED, "cubic in three dimensions");
    if (g->rank != x->rank || g->dim[g->rank - 1] != x->rank - 2 || g->dim[0] != x->dim[0])
        return OC_FAIL(err, OC_FORMAT, "the grid must be [N,H,W,2] or [N,D,H,W,3]");
    ask->out[0] = (oc_tensor_info){OC_F32, {x->rank, {x->dim[0], x->dim[1]}}};
    for (uint32_t d = 2; d < x->rank; d++)
        ask->out[0].shape.dim[d] = g->dim[d - 1];
    return OC_OK;
}

static oc_status grid_prepare(const oc_prepare *p, oc_error *err)
{
    grid_state     *s = p->state;
    const oc_shape *x = &p->in[0].info.shape, *g = &p->in[1].info.shape;
    oc_status       st = grid_read(p->node, s, err);
    if (st != OC_OK)
        return st;
    s->c = x->dim[1];
    s->dims = x->rank - 2;
    s->d = s->dims == 3 ? x->dim[2] : 1;
    s->h = x->dim[x->rank - 2];
    s->w = x->dim[x->rank - 1];
    s->points = oc_dims_product(g, 1, g->rank - 1);
    p->work->phase[0].units = s->d && s->h && s->w ? (size_t)x->dim[0] * s->points : 0;
    p->work->phase[0].grain = 4096 / (size_t)(s->c + 1) + 1;
    return OC_OK;
}

static float to_pixels(const grid_state *s, float v, int64_t n)
{
    return s->corners ? (v + 1.0f) / 2.0f * (float)(n - 1) : ((v + 1.0f) * (float)n - 1.0f) / 2.0f;
}

/* Mirrors x into [lo, hi]. */
static float reflect(float x, float lo, float hi)
{
    float span = hi - lo;
    if (span <= 0.0f)
        return lo;
    float d = fmodf(fabsf(x - lo), 2.0f * span);
    return d > span ? hi - (d - span) : lo + d;
}

static float place(const grid_state *s, float x, int64_t n)
{
    x = x > -1e9f ? (x < 1e9f ? x : 1e9f) : -1e9f; /* NaN too: it has to point somewhere */
    if (s->pad == GRID_BORDER)
        return fminf(fmaxf(x, 0.0f), (float)(n - 1));
    if (s->pad == GRID_REFLECT)
        return s->corners ? reflect(x, 0.0f, (float)(n - 1)) : reflect(x, -0.5f, (float)n - 0.5f);
    return x;
}

/* The pixel at integer place i, or -1 for none. */
static int64_t pixel(const grid_state *s, float i, int64_t n)
{
    if (i >= 0.0f && i <= (float)(n - 1))
        return (int64_t)i;
    if (s->pad == GRID_ZEROS)
        return -1;
    i = place(s, i, n);
    i = fminf(fmaxf(i, 0.0f), (float)(n - 1));
    return (int64_t)i;
}

/* Taps along an axis: how many, where, and how much of each. */
static int axis_taps(const grid_state *s, float x, int64_t n, int64_t *at, float *w)
{
    const float a = -0.75f;
    if (s->mode != GRID_CUBIC)
        x = place(s, x, n);
    else
        x = x > -1e9f ? (x < 1e9f ? x : 1e9f) : -1e9f;
    if (s->mode == GRID_NEAREST) {
        at[0] = pixel(s, nearbyintf(x), n);
        w[0] = 1.0f;
        return 1;
    }
    float base = floorf(x), t = x - base;
    if (s->mode == GRID_LINEAR) {
        at[0] = pixel(s, base, n);
        at[1] = pixel(s, base + 1.0f, n);
        w[0] = 1.0f - t;
        w[1] = t;
        return 2;
    }
    for (int k = 0; k < 4; k++)
        at[k] = pixel(s, base + (float)(k - 1), n);
    w[0] = ((a * (t + 1) - 5 * a) * (t + 1) + 8 * a) * (t + 1) - 4 * a;
    w[1] = ((a + 2) * t - (a + 3)) * t * t + 1;
    w[2] = ((a + 2) * (1 - t) - (a + 3)) * (1 - t) * (1 - t) + 1;
    w[3] = ((a * (2 - t) - 5 * a) * (2 - t) + 8 * a) * (2 - t) - 4 * a;
    return 4;
}

static void grid_run(const oc_op_run *r)
{
    const grid_state *s = r->state;
    size_t            plane = (size_t)(s->h * s->w), volume = plane * (size_t)s->d;
    for (size_t unit = r->part.begin; unit < r->part.end; unit++) {
        const float *g = (const float *)r->in[1].data + unit * s->dims;
        size_t       n = unit / s->points, point = unit % s->points;
        int64_t      zs[4] = {0}, ys[4], xs[4];
        float        wz[4] = {1.0f}, wy[4], wx[4];
        int          nz = 1;
        if (s->dims == 3)
            nz = axis_taps(s, to_pixels(s, g[2], s->d), s->d, zs, wz);
        int nx = axis_taps(s, to_pixels(s, g[0], s->w), s->w, xs, wx);
        int ny = axis_taps(s, to_pixels(s, g[1], s->h), s->h, ys, wy);
        for (size_t c = 0; c < (size_t)s->c; c++) {
            const float *x = (const float *)r->in[0].data + (n * (size_t)s->c + c) * volume;
            float        sum = 0.0f;
            for (int z = 0; z < nz; z++)
                for (int i = 0; i < ny; i++)
                    for (int k = 0; k < nx; k++)
                        if (zs[z] >= 0 && ys[i] >= 0 && xs[k] >= 0)
                            sum += wz[z] * wy[i] * wx[k] * x[(zs[z] * s->h + ys[i]) * s->w + xs[k]];
            ((float *)r->out[0].data)[(n * (size_t)s->c + c) * s->points + point] = sum;
        }
    }
}

const oc_op oc_op_grid_sample = {
    .name = "GridSample",
    .domain = "",
    .n_in_min = 2,
    .n_in_max = 2,
    .n_out_min = 1,
    .n_out_max = 1,
    .state_size = sizeof(grid_state),
    .infer = grid_infer,
    .prepare = grid_prepare,
    .run = grid_run,
};
