/* MaxRoiPool: the largest of each bin of regions of a feature map.   ONNX opset 1..
 *   (Girshick, Fast R-CNN; regions are whole pixels, corners included)
 *
 *   in   x f32 [N,C,H,W], rois f32 [R,5] batch (clamped) x1 y1 x2 y2
 *   out  f32 [R,C,pooled_shape]; 0 where a bin lies outside */
#include <math.h>

#include "ops/args.h"

typedef struct pool_state {
    int64_t n, c, h, w, oh, ow;
    float   scale;
} pool_state;

static oc_status pool_infer(const oc_infer *ask, oc_error *err)
{
    const oc_shape *x = &ask->in[0].shape, *rois = &ask->in[1].shape;
    size_t          n = 0;
    const int64_t  *pooled = oc_node_ints(ask->node, "pooled_shape", &n);
    oc_status       st;
    if ((st = oc_shape_known(&ask->in[0], "x", err)) != OC_OK ||
        (st = oc_shape_known(&ask->in[1], "rois", err)) != OC_OK)
        return st;
    if (ask->in[0].dtype != OC_F32 || ask->in[1].dtype != OC_F32)
        return OC_FAIL(err, OC_UNSUPPORTED, "x is %s, rois %s, only float32",
                       oc_dtype_name(ask->in[0].dtype), oc_dtype_name(ask->in[1].dtype));
    if (x->rank != 4 || rois->rank != 2 || rois->dim[1] != 5)
        return OC_FAIL(err, OC_FORMAT, "x must be [N,C,H,W], rois [R,5]");
    if (n != 2 || pooled[0] < 1 || pooled[1] < 1 || pooled[0] > 65536 || pooled[1] > 65536)
        return OC_FAIL(err, OC_FORMAT, "pooled_shape must be two lengths");
    ask->out[0] = (oc_tensor_info){OC_F32, {4, {rois->dim[0], x->dim[1], pooled[0], pooled[1]}}};
    return OC_OK;
}

static oc_status pool_prepare(const oc_prepare *p, oc_error *err)
{
    pool_state     *s = p->state;
    const oc_shape *x = &p->in[0].info.shape, *y = &p->out[0].info.shape;
    *s = (pool_state){x->dim[0],
                      x->dim[1],
                      x->dim[2],
                      x->dim[3],
                      y->dim[2],
                      y->dim[3],
                      oc_node_float(p->node, "spatial_scale", 1.0f)};
    if (!isfinite(s->scale))
        return OC_FAIL(err, OC_FORMAT, "spatial_scale %g", (double)s->scale);
    p->work->phase[0].units = (size_t)(y->dim[0] * y->dim[1]);
    p->work->phase[0].grain = (size_t)(16384 / (y->dim[2] * y->dim[3] * 4 + 1) + 1);
    return OC_OK;
}

/* Where a bin begins or ends, inside the map; NaN begins nowhere. */
static int64_t edge(float at, int64_t start, int64_t most)
{
    const float x = at + (float)start;
    return !(x > 0.0f) ? 0 : x >= (float)most ? most : (int64_t)x;
}

typedef struct span {
    int64_t start;
    float   each; /* pixels of a bin */
} span;

static span span_of(float a, float b, float scale, int64_t bins)
{
    const float lo = fminf(fmaxf(roundf(a * scale), -1e6f), 1e6f);
    const float hi = fminf(fmaxf(roundf(b * scale), -1e6f), 1e6f);
    return (span){(int64_t)lo, fmaxf(hi - lo + 1.0f, 1.0f) / (float)bins};
}

static float largest(const pool_state *s, const float *x, const span *v, const span *h, int64_t i,
                     int64_t j)
{
    const int64_t y0 = edge(floorf((float)i * v->each), v->start, s->h);
    const int64_t y1 = edge(ceilf((float)(i + 1) * v->each), v->start, s->h);
    const int64_t x0 = edge(floorf((float)j * h->each), h->start, s->w);
    const int64_t x1 = edge(ceilf((float)(j + 1) * h->each), h->start, s->w);
    float         most = y1 > y0 && x1 > x0 ? -INFINITY : 0.0f;
    for (int64_t y = y0; y < y1; y++)
        for (int64_t k = x0; k < x1; k++)
            most = x[y * s->w + k] > most ? x[y * s->w + k] : most;
    return most;
}

static void pool_run(const oc_op_run *r)
{
    const pool_state *s = r->state;
    for (size_t u = r->part.begin; u < r->part.end; u++) {
        const float  *roi = (const float *)r->in[1].data + u / (size_t)s->c * 5;
        const int64_t n = edge(roi[0], 0, s->n - 1);
        const float  *x =
            (const float *)r->in[0].data + (n * s->c + (int64_t)(u % (size_t)s->c)) * s->h * s->w;
        float     *y = (float *)r->out[0].data + u * (size_t)(s->oh * s->ow);
        const span h = span_of(roi[1], roi[3], s->scale, s->ow);
        const span v = span_of(roi[2], roi[4], s->scale, s->oh);
        for (int64_t i = 0; i < s->oh * s->ow; i++)
            y[i] = largest(s, x, &v, &h, i / s->ow, i % s->ow);
    }
}

const oc_op oc_op_max_roi_pool = {
    .name = "MaxRoiPool",
    .domain = "",
    .n_in_min = 2,
    .n_in_max = 2,
    .n_out_min = 1,
    .n_out_max = 1,
    .state_size = sizeof(pool_state),
    .infer = pool_infer,
    .prepare = pool_prepare,
    .run = pool_run,
};
