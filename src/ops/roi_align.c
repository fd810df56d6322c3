/* RoiAlign: regions of a feature map averaged (or maximised) into small grids.   ONNX opset 10..
 *   (He et al., Mask R-CNN)
 *
 *   in   x f32 [N,C,H,W], rois f32 [R,4] x1 y1 x2 y2, batch indices int64 or int32 [R] (clamped)
 *   coordinate_transformation_mode  half_pixel (from opset 16 the default: half a pixel is taken
 *        off) or output_half_pixel (regions are then at least one pixel large)
 *   sampling_ratio 0: as many samples per bin as it has pixels
 *   out  f32 [R,C,output_height,output_width] */
#include <math.h>
#include <string.h>

#include "ops/args.h"
#include "ops/index.h"

typedef struct roi_state {
    int64_t c, h, w, oh, ow, samples;
    float   scale, shift;
    bool    half_pixel, maximum;
} roi_state;

static oc_status roi_read(const oc_node *node, roi_state *s, oc_error *err)
{
    const char *fallback = node->opset >= 16 ? "half_pixel" : "output_half_pixel";
    const char *coord = oc_node_string(node, "coordinate_transformation_mode", fallback);
    const char *mode = oc_node_string(node, "mode", "avg");
    s->oh = oc_node_int(node, "output_height", 1);
    s->ow = oc_node_int(node, "output_width", 1);
    s->samples = oc_node_int(node, "sampling_ratio", 0);
    s->scale = oc_node_float(node, "spatial_scale", 1.0f);
    s->half_pixel = strcmp(coord, "half_pixel") == 0;
    s->shift = s->half_pixel ? 0.5f : 0.0f;
    s->maximum = strcmp(mode, "max") == 0;
    if (!s->maximum && strcmp(mode, "avg") != 0)
        return OC_FAIL(err, OC_FORMAT, "mode '%s'", mode);
    if (!s->half_pixel && strcmp(coord, "output_half_pixel") != 0)
        return OC_FAIL(err, OC_FORMAT, "coordinate_transformation_mode '%s'", coord);
    if (s->oh < 1 || s->ow < 1 || s->oh > 65536 || s->ow > 65536 || s->samples < 0 ||
        s->samples > 1024)
        return OC_FAIL(err, OC_FORMAT, "an output of %lldx%lld, %lld samples", (long long)s->ow,
                       (long long)s->oh, (long long)s->samples);
    return OC_OK;
}

static oc_status roi_infer(const oc_infer *ask, oc_error *err)
{
    roi_state       s;
    const oc_shape *x = &ask->in[0].shape, *rois = &ask->in[1].shape;
    oc_status       st = roi_read(ask->node, &s, err);
    if (st != OC_OK || (st = oc_shape_known(&ask->in[0], "x", err)) != OC_OK ||
        (st = oc_shape_known(&ask->in[1], "rois", err)) != OC_OK ||
        (st = oc_index_check(&ask->in[2], err)) != OC_OK)
        return st;
    if (ask->in[0].dtype != OC_F32 || ask->in[1].dtype != OC_F32)
        return OC_FAIL(err, OC_UNSUPPORTED, "x is %s, rois %s, only float32",
                       oc_dtype_name(ask->in[0].dtype), oc_dtype_name(ask->in[1].dtype));
    if (x->rank != 4 || rois->rank != 2 || rois->dim[1] != 4 ||
        oc_elements(&ask->in[2]) != (size_t)rois->dim[0])
        return OC_FAIL(err, OC_FORMAT, "x must be [N,C,H,W], rois [R,4], batch indices [R]");
    ask->out[0] = (oc_tensor_info){OC_F32, {4, {rois->dim[0], x->dim[1], s.oh, s.ow}}};
    return OC_OK;
}

static oc_status roi_prepare(const oc_prepare *p, oc_error *err)
{
    roi_state      *s = p->state;
    const oc_shape *x = &p->in[0].info.shape;
    oc_status       st = roi_read(p->node, s, err);
    if (st != OC_OK || (st = oc_index_check_range(&p->in[2], x->dim[0], err)) != OC_OK)
        return st;
    s->c = x->dim[1];
    s->h = x->dim[2];
    s->w = x->dim[3];
    p->work->phase[0].units =
        oc_elements(&p->in[0].info) ? (size_t)(p->out[0].info.shape.dim[0] * s->c) : 0;
    p->work->phase[0].grain = 4096 / (size_t)(s->oh * s->ow) + 1;
    return OC_OK;
}

/* The four corners' share of a point; with `maximum` the largest share instead of their sum, as the
 * reference runtimes have it. */
static float sample(const roi_state *s, const float *plane, float y, float x)
{
    if (y < -1.0f || y > (float)s->h || x < -1.0f || x > (float)s->w)
        return 0.0f;
    y = y > 0.0f ? y : 0.0f;
    x = x > 0.0f ? x : 0.0f;
    int64_t y0 = (int64_t)y, x0 = (int64_t)x, y1 = y0 + 1, x1 = x0 + 1;
    if (y0 >= s->h - 1) {
        y0 = y1 = s->h - 1;
        y = (float)y0;
    }
    if (x0 >= s->w - 1) {
        x0 = x1 = s->w - 1;
        x = (float)x0;
    }
    float ly = y - (float)y0, lx = x - (float)x0, hy = 1.0f - ly, hx = 1.0f - lx;
    float a = hy * hx * plane[y0 * s->w + x0], b = hy * lx * plane[y0 * s->w + x1];
    float c = ly * hx * plane[y1 * s->w + x0], d = ly * lx * plane[y1 * s->w + x1];
    return s->maximum ? fmaxf(fmaxf(a, b), fmaxf(c, d)) : a + b + c + d;
}

typedef struct roi_box {
    float   y, x, bin_h, bin_w;
    int64_t ny, nx; /* samples of a bin */
} roi_box;

static int64_t bin_samples(const roi_state *s, float size, int64_t bins)
{
    if (s->samples)
        return s->samples;
    float n = ceilf(size / (float)bins);
    return n >= 1.0f ? (n < 1024.0f ? (int64_t)n : 1024) : 0;
}

static roi_box read_box(const roi_state *s, const float *roi)
{
    roi_box b = {.x = roi[0] * s->scale - s->shift, .y = roi[1] * s->scale - s->shift};
    float   w = roi[2] * s->scale - s->shift - b.x, h = roi[3] * s->scale - s->shift - b.y;
    if (!s->half_pixel) {
        w = fmaxf(w, 1.0f);
        h = fmaxf(h, 1.0f);
    }
    b.bin_h = h / (float)s->oh;
    b.bin_w = w / (float)s->ow;
    b.ny = bin_samples(s, h, s->oh);
    b.nx = bin_samples(s, w, s->ow);
    return b;
}

static float bin_value(const roi_state *s, const roi_box *b, const float *plane, int64_t oy,
                       int64_t ox)
{
    float sum = 0.0f, most = -INFINITY;
    for (int64_t iy = 0; iy < b->ny; iy++)
        for (int64_t ix = 0; ix < b->nx; ix++) {
            float y = b->y + (float)oy * b->bin_h + ((float)iy + 0.5f) * b->bin_h / (float)b->ny;
            float x = b->x + (float)ox * b->bin_w + ((float)ix + 0.5f) * b->bin_w / (float)b->nx;
            float v = sample(s, plane, y, x);
            sum += v;
            most = fmaxf(most, v);
        }
    int64_t n = b->ny * b->nx;
    if (s->maximum)
        return n > 0 ? most : 0.0f;
    return sum / (float)(n > 1 ? n : 1);
}

static void roi_run(const oc_op_run *r)
{
    const roi_state *s = r->state;
    for (size_t unit = r->part.begin; unit < r->part.end; unit++) {
        size_t       roi = unit / (size_t)s->c, c = unit % (size_t)s->c;
        roi_box      box = read_box(s, (const float *)r->in[1].data + roi * 4);
        int64_t      n = oc_index_at(&r->in[2], roi, r->in[0].info.shape.dim[0]);
        const float *plane =
            (const float *)r->in[0].data + ((size_t)(n * s->c) + c) * (size_t)(s->h * s->w);
        float *y = (float *)r->out[0].data + unit * (size_t)(s->oh * s->ow);
        for (int64_t i = 0; i < s->oh * s->ow; i++)
            y[i] = bin_value(s, &box, plane, i / s->ow, i % s->ow);
    }
}

const oc_op oc_op_roi_align = {
    .name = "RoiAlign",
    .domain = "",
    .n_in_min = 3,
    .n_in_max = 3,
    .n_out_min = 1,
    .n_out_max = 1,
    .state_size = sizeof(roi_state),
    .infer = roi_infer,
    .prepare = roi_prepare,
    .run = roi_run,
};
