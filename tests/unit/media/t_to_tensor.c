/* The frame-to-tensor pass against a plain one in double precision that looks at one pixel at a
 * time, for every pixel format and option, with crops that reach outside and sizes down to 1. */
#include "media_test.h"

#include <math.h>

#include "core/arena.h"
#include "media/to_tensor.h"

typedef struct rect {
    int    origin, size;
    double start, length;
} rect;

static double byte_at(const oc_frame *f, int plane, long x, long y)
{
    return f->plane[plane][y * f->stride[plane] + x];
}

/* Sample (x, y) of channel c, on the channel's own grid. */
static double raw(const oc_frame *f, int c, long x, long y)
{
    switch (f->format) {
    case OC_PIXEL_I420:
    case OC_PIXEL_I422:
    case OC_PIXEL_I444: return byte_at(f, c, x, y);
    case OC_PIXEL_NV12: return c == 0 ? byte_at(f, 0, x, y) : byte_at(f, 1, 2 * x + c - 1, y);
    case OC_PIXEL_NV21: return c == 0 ? byte_at(f, 0, x, y) : byte_at(f, 1, 2 * x + 2 - c, y);
    case OC_PIXEL_YUYV: return byte_at(f, 0, c == 0 ? 2 * x : 4 * x + 2 * c - 1, y);
    case OC_PIXEL_UYVY: return byte_at(f, 0, c == 0 ? 2 * x + 1 : 4 * x + 2 * c - 2, y);
    case OC_PIXEL_GRAY8: return byte_at(f, 0, x, y);
    case OC_PIXEL_RGB24: return byte_at(f, 0, 3 * x + c, y);
    case OC_PIXEL_BGR24: return byte_at(f, 0, 3 * x + 2 - c, y);
    case OC_PIXEL_RGBA32: return byte_at(f, 0, 4 * x + c, y);
    default: return byte_at(f, 0, 4 * x + 2 - c, y);
    }
}

static bool halved_x(oc_pixel_format f)
{
    return f != OC_PIXEL_I444 && f < OC_PIXEL_GRAY8;
}

static bool halved_y(oc_pixel_format f)
{
    return f == OC_PIXEL_I420 || f == OC_PIXEL_NV12 || f == OC_PIXEL_NV21;
}

static double clampd(double v, double lo, double hi)
{
    return v < lo ? lo : v > hi ? hi : v;
}

/* Channel c of the frame at luma place (x, y). */
static double channel(const oc_frame *f, const oc_to_tensor_options *o, int c, double x, double y)
{
    long w = f->width, h = f->height;

    x = clampd(x, 0, w - 1);
    y = clampd(y, 0, h - 1);
    if (c > 0 && halved_x(f->format)) {
        w = (w + 1) / 2;
        x = o->nearest ? floor(x / 2) : f->chroma_center ? (x - .5) / 2 : x / 2;
    }
    if (c > 0 && halved_y(f->format)) {
        h = (h + 1) / 2;
        y = o->nearest ? floor(y / 2) : (y - .5) / 2;
    }
    x = clampd(x, 0, w - 1);
    y = clampd(y, 0, h - 1);
    long   x0 = (long)x, y0 = (long)y, x1 = x0 + 1 < w ? x0 + 1 : x0, y1 = y0 + 1 < h ? y0 + 1 : y0;
    double fx = x - x0, fy = y - y0;
    return (raw(f, c, x0, y0) * (1 - fx) + raw(f, c, x1, y0) * fx) * (1 - fy) +
           (raw(f, c, x0, y1) * (1 - fx) + raw(f, c, x1, y1) * fx) * fy;
}

/* Red, green or blue (gray: k 0) at a place inside the frame, as textbooks have it. */
static double color(const oc_frame *f, const oc_to_tensor_options *o, int k, double x, double y)
{
    static const double kr[] = {.299, .2126, .2627}, kb[] = {.114, .0722, .0593};
    double              r = kr[f->matrix], b = kb[f->matrix], v;

    if (f->format >= OC_PIXEL_RGB24) {
        if (o->gray)
            v = .299 * channel(f, o, 0, x, y) + .587 * channel(f, o, 1, x, y) +
                .114 * channel(f, o, 2, x, y);
        else
            v = channel(f, o, o->bgr ? 2 - k : k, x, y);
        return v;
    }
    double luma = channel(f, o, 0, x, y);
    luma = f->full_range ? luma : (luma - 16) * 255 / 219;
    if (o->gray || f->format == OC_PIXEL_GRAY8)
        return clampd(luma, 0, 255);
    double u = channel(f, o, 1, x, y) - 128, w = channel(f, o, 2, x, y) - 128;
    if (!f->full_range) {
        u *= 255. / 224;
        w *= 255. / 224;
    }
    double red = luma + 2 * (1 - r) * w, blue = luma + 2 * (1 - b) * u;
    double green = (luma - r * red - b * blue) / (1 - r - b);
    k = o->bgr ? 2 - k : k;
    return clampd(k == 0 ? red : k == 1 ? green : blue, 0, 255);
}

static double inside(double at, long side)
{
    return at < 0 ? fmax(1 + at, 0) : at > side - 1 ? fmax(side - at, 0) : 1;
}

static double place(const oc_to_tensor_options *o, const rect *r, int i)
{
    double s = r->length / r->size, u = i - r->origin;

    if (o->nearest)
        return floor(r->start + (o->half_pixel ? (u + .5) * s : u * s));
    return r->start + clampd(o->half_pixel ? (u + .5) * s - .5 : u * s, 0, fmax(r->length - 1, 0));
}

static double want(const oc_frame *f, const oc_to_tensor_options *o, const rect *rx, const rect *ry,
                   int k, int x, int y)
{
    if (x < rx->origin || y < ry->origin || x >= rx->origin + rx->size ||
        y >= ry->origin + ry->size)
        return o->pad;
    double px = place(o, rx, x), py = place(o, ry, y);
    double share = inside(px, f->width) * inside(py, f->height);
    return share > 0 ? o->pad + (color(f, o, k, px, py) - o->pad) * share : o->pad;
}

static void rects(const oc_frame *f, const oc_to_tensor_options *o, const oc_box *crop, rect *x,
                  rect *y)
{
    *x = (rect){0, o->width, 0, f->width};
    *y = (rect){0, o->height, 0, f->height};
    if (crop) {
        *x = (rect){0, o->width, crop->x0, (double)crop->x1 - crop->x0};
        *y = (rect){0, o->height, crop->y0, (double)crop->y1 - crop->y0};
    }
    double in = fmin(o->width / x->length, o->height / y->length);
    if (o->fit == OC_FIT_LETTERBOX_TL) {
        x->size = (int)fmax(floor(x->length * in + 1e-6), 1);
        y->size = (int)fmax(floor(y->length * in + 1e-6), 1);
    } else if (o->fit == OC_FIT_LETTERBOX_CENTER) {
        x->size = (int)fmax(floor(x->length * in + .5), 1);
        y->size = (int)fmax(floor(y->length * in + .5), 1);
        x->origin = (o->width - x->size) / 2;
        y->origin = (o->height - y->size) / 2;
    } else if (o->fit == OC_FIT_CROP_CENTER) {
        double side = o->resize_short        ? o->resize_short
                      : o->width < o->height ? o->width
                                             : o->height;
        double r = side / fmin(x->length, y->length);
        x->size = (int)fmax(floor(x->length * r + 1e-6), 1);
        y->size = (int)fmax(floor(y->length * r + 1e-6), 1);
        x->origin = (int)lrint((o->width - x->size) / 2.);
        y->origin = (int)lrint((o->height - y->size) / 2.);
    }
}

static double element(const oc_to_tensor_options *o, const void *out, size_t i)
{
    return o->dtype == OC_F32  ? ((const float *)out)[i]
           : o->dtype == OC_U8 ? ((const uint8_t *)out)[i]
                               : ((const int32_t *)out)[i];
}

/* One frame, one set of options, one kernel level. */
static void check(const oc_frame *f, const oc_to_tensor_options *o, const oc_box *crop, oc_isa isa,
                  oc_pool *pool)
{
    size_t n = o->gray ? 1 : 3, w = (size_t)o->width, h = (size_t)o->height;
    size_t bytes = n * w * h * oc_dtype_bytes(o->dtype);
    rect   rx, ry;

    /* the end of the buffer is guarded by a pattern */
    uint8_t *out = malloc(bytes + 64);
    assert_non_null(out);
    memset(out, 0xa5, bytes + 64);
    oc_to_tensor    *t = NULL;
    oc_to_tensor_map map;
    assert_ok(oc_to_tensor_create(o, isa, 1, &t, err));
    assert_ok(oc_to_tensor_run(t, f, crop, pool, out, &map, err));
    for (size_t i = 0; i < 64; i++)
        assert_int_equal(out[bytes + i], 0xa5);
    rects(f, o, crop, &rx, &ry);
    assert_true(fabs(map.scale_x - rx.length / rx.size) < 1e-5 * map.scale_x);
    assert_true(fabs(map.offset_x - (rx.start - rx.origin * (rx.length / rx.size))) < 1e-2);
    assert_true(fabs(map.offset_y - (ry.start - ry.origin * (ry.length / ry.size))) < 1e-2);
    double most = (isa == OC_ISA_NONE ? 1e-3 : 0.06);
    for (size_t y = 0; y < h; y++) {
        for (size_t x = 0; x < w; x++) {
            for (size_t k = 0; k < n; k++) {
                double v = want(f, o, &rx, &ry, (int)k, (int)x, (int)y);
                v = (v - o->mean[k]) * o->scale[k];
                size_t i = o->nhwc ? (y * w + x) * n + k : (k * h + y) * w + x;
                double got = element(o, out, i), limit = most * fabs(o->scale[k]) + 1e-4;
                if (o->dtype == OC_U8)
                    v = clampd(v, 0, 255);
                if (o->dtype != OC_F32)
                    limit += 0.5;
                if (!(fabs(got - v) <= limit))
                    fail_msg("%s %dx%d -> %zux%zu fit %d crop %g,%g..%g,%g isa %s at %zu,%zu "
                             "channel %zu: want %.5f, got %.5f",
                             oc_pixel_name(f->format), f->width, f->height, w, h, (int)o->fit,
                             crop ? (double)crop->x0 : 0, crop ? (double)crop->y0 : 0,
                             crop ? (double)crop->x1 : 0, crop ? (double)crop->y1 : 0,
                             oc_isa_name(isa), x, y, k, v, got);
            }
        }
    }
    oc_to_tensor_destroy(t);
    free(out);
}

static void both(const oc_frame *f, const oc_to_tensor_options *o, const oc_box *crop)
{
    check(f, o, crop, OC_ISA_NONE, NULL);
    check(f, o, crop, oc_cpu_isa(), NULL);
}

static const oc_to_tensor_options plain = {
    .width = 37, .height = 29, .half_pixel = true, .dtype = OC_F32, .scale = {1, 1, 1}, .pad = 114};

static void every_format(void **state)
{
    (void)state;
    for (int format = OC_PIXEL_I420; format <= OC_PIXEL_BGRA32; format++) {
        for (int odd = 0; odd < 2; odd++) {
            oc_frame *f = mt_frame(format, 70 + odd, 46 + odd, (uint32_t)format, false);
            for (int v = 0; v < 32; v++) {
                oc_to_tensor_options o = plain;
                f->full_range = v & 1;
                f->matrix = (oc_yuv_matrix)(v % 3);
                f->chroma_center = v & 2;
                o.bgr = v & 4;
                o.nhwc = v & 8;
                o.gray = (v & 16) && (v & 1);
                o.nearest = v % 7 == 3;
                o.half_pixel = v % 5 != 1;
                both(f, &o, NULL);
            }
            oc_frame_unref(f);
        }
    }
}

static void every_fit_and_type(void **state)
{
    static const oc_dtype types[] = {OC_F32, OC_U8, OC_I32};
    static const int sizes[][2] = {{1, 1}, {2, 1}, {1, 5}, {3, 3}, {33, 17}, {40, 64}, {320, 9}};
    uint32_t         seed = 7;

    (void)state;
    for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
        for (int fit = OC_FIT_STRETCH; fit <= OC_FIT_CROP_CENTER; fit++) {
            for (int v = 0; v < 12; v++) {
                oc_to_tensor_options o = plain;
                o.fit = (oc_fit)fit;
                o.dtype = types[v % 3];
                o.nhwc = v & 4;
                o.half_pixel = v & 1;
                o.width = 1 + (int)(mt_rand(&seed) % 50);
                o.height = 1 + (int)(mt_rand(&seed) % 50);
                o.resize_short = v & 2 ? 0 : 1 + (int)(mt_rand(&seed) % 60);
                if (o.dtype == OC_F32)
                    for (int k = 0; k < 3; k++) {
                        o.mean[k] = 100 + (float)k * 11;
                        o.scale[k] = 1.0f / (50 + (float)k);
                    }
                oc_frame *f = mt_frame(v & 8 ? OC_PIXEL_RGB24 : OC_PIXEL_I420, sizes[s][0],
                                       sizes[s][1], seed, false);
                both(f, &o, NULL);
                oc_frame_unref(f);
            }
        }
    }
}

/* Crops inside, across each border, around the whole frame and quite outside; whole and broken
 * pixels. */
static void crops(void **state)
{
    static const oc_box boxes[] = {
        {10, 8, 40, 30},
        {10.25f, 8.5f, 40.75f, 30.125f},
        {-12, -9, 30, 30},
        {50, 30, 90, 70},
        {-20.5f, -7.25f, 99.5f, 80},
        {200, 10, 240, 30},
        {-50, -50, -10, -10},
        {5, 5, 5.5f, 5.25f},
        {0, 0, 1, 1},
        {69.5f, 0, 75, 46},
        {-3, 45.5f, 80, 47},
        {20, -400, 30, 400},
    };

    (void)state;
    for (int format = 0; format < 4; format++) {
        static const oc_pixel_format formats[] = {OC_PIXEL_I420, OC_PIXEL_NV12, OC_PIXEL_YUYV,
                                                  OC_PIXEL_RGB24};
        oc_frame                    *f = mt_frame(formats[format], 71, 47, 3, false);
        for (size_t b = 0; b < sizeof(boxes) / sizeof(boxes[0]); b++) {
            for (int v = 0; v < 16; v++) {
                oc_to_tensor_options o = plain;
                o.half_pixel = v & 1;
                o.nearest = v & 2;
                o.nhwc = v & 4;
                o.fit = v & 8 ? OC_FIT_LETTERBOX_CENTER : OC_FIT_STRETCH;
                both(f, &o, &boxes[b]);
            }
        }
        oc_frame_unref(f);
    }
}

/* Scales for which pixels lie close together, far apart, and beyond what one shuffle reaches. */
static void scales(void **state)
{
    (void)state;
    for (int w = 5; w < 700; w += w / 3 + 1) {
        oc_to_tensor_options o = plain;
        oc_frame            *f = mt_frame(OC_PIXEL_I420, w, 11, (uint32_t)w, false);
        for (o.width = 1; o.width < 140; o.width += 13)
            both(f, &o, NULL);
        oc_frame_unref(f);
    }
}

/* Where the frame's rows run from bottom to top. */
static void negative_stride(void **state)
{
    oc_frame *f = mt_frame(OC_PIXEL_RGB24, 31, 20, 5, false);
    oc_frame  g = *f;

    (void)state;
    g.plane[0] = f->plane[0] + 19 * f->stride[0];
    g.stride[0] = -f->stride[0];
    oc_to_tensor_options o = plain;
    both(&g, &o, NULL);
    oc_frame_unref(f);
}

static void by_pool(void **state)
{
    oc_pool  *pool = NULL;
    oc_frame *f = mt_frame(OC_PIXEL_I420, 320, 240, 5, false);

    (void)state;
    assert_ok(oc_pool_create(3, &pool, err));
    oc_to_tensor_options o = plain;
    o.width = 128;
    o.height = 200;
    check(f, &o, NULL, oc_cpu_isa(), pool);
    oc_frame_unref(f);
    oc_pool_destroy(pool);
}

/* One object for frames of several sizes and formats in turn. */
static void changing_frames(void **state)
{
    oc_to_tensor        *t = NULL;
    oc_to_tensor_options o = plain;
    float               *a = calloc(3 * 37 * 29, sizeof(*a)), *b = calloc(3 * 37 * 29, sizeof(*b));

    (void)state;
    assert_ok(oc_to_tensor_create(&o, oc_cpu_isa(), 1, &t, err));
    for (int i = 0; i < 12; i++) {
        oc_frame     *f = mt_frame(i & 1 ? OC_PIXEL_I444 : OC_PIXEL_NV12, 16 + (i * 37) % 90,
                               9 + (i * 17) % 40, (uint32_t)i, false);
        oc_to_tensor *fresh = NULL;
        assert_ok(oc_to_tensor_create(&o, oc_cpu_isa(), 1, &fresh, err));
        assert_ok(oc_to_tensor_run(t, f, NULL, NULL, a, NULL, err));
        assert_ok(oc_to_tensor_run(fresh, f, NULL, NULL, b, NULL, err));
        assert_memory_equal(a, b, 3 * 37 * 29 * sizeof(*a));
        oc_to_tensor_destroy(fresh);
        oc_frame_unref(f);
    }
    oc_to_tensor_destroy(t);
    free(a);
    free(b);
}

static void refusals(void **state)
{
    oc_to_tensor        *t = NULL;
    oc_to_tensor_options o = plain;
    oc_frame            *f = mt_frame(OC_PIXEL_I420, 16, 16, 1, false);
    float                out[37 * 29 * 3];

    (void)state;
    o.width = 0;
    assert_fails(OC_INVALID, "0x29", oc_to_tensor_create(&o, 0, 1, &t, err));
    o = plain;
    o.dtype = OC_F16;
    assert_fails(OC_UNSUPPORTED, "float16", oc_to_tensor_create(&o, 0, 1, &t, err));
    o = plain;
    o.mean[1] = NAN;
    assert_fails(OC_INVALID, "finite", oc_to_tensor_create(&o, 0, 1, &t, err));
    o = plain;
    assert_null(t);
    assert_ok(oc_to_tensor_create(&o, 0, 1, &t, err));
    assert_fails(OC_INVALID, "rectangle",
                 oc_to_tensor_run(t, f, &(oc_box){5, 5, 5, 9}, NULL, out, NULL, err));
    assert_fails(OC_INVALID, "rectangle",
                 oc_to_tensor_run(t, f, &(oc_box){NAN, 5, 9, 9}, NULL, out, NULL, err));
    f->format = (oc_pixel_format)77;
    assert_fails(OC_UNSUPPORTED, "77", oc_to_tensor_run(t, f, NULL, NULL, out, NULL, err));
    oc_to_tensor_destroy(t);
    oc_to_tensor_destroy(NULL);
    oc_frame_unref(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_format),    cmocka_unit_test(every_fit_and_type),
        cmocka_unit_test(crops),           cmocka_unit_test(scales),
        cmocka_unit_test(negative_stride), cmocka_unit_test(by_pool),
        cmocka_unit_test(changing_frames), cmocka_unit_test(refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
