/* Copies between pixel formats, for drawing and encoding; networks go by to_tensor. */
#include <math.h>
#include <string.h>

#include "core/arena.h"
#include "media/to_tensor.h"
#include "media/yuv.h"

static void copy_rows(const oc_frame *from, oc_frame *to, int p)
{
    size_t n = oc_pixel_row_bytes(to->format, p, to->width);
    size_t rows = oc_pixel_rows(to->format, p, to->height);

    for (size_t y = 0; y < rows; y++)
        memcpy(to->plane[p] + (ptrdiff_t)y * to->stride[p],
               from->plane[p] + (ptrdiff_t)y * from->stride[p], n);
}

/* Channel c of a YUV frame into a plane of I420: where the frame has more samples, their mean. */
static void take_plane(const oc_frame *from, const oc_channel *ch, int c, oc_frame *to)
{
    int32_t w = (int32_t)oc_pixel_row_bytes(OC_PIXEL_I420, c, to->width);
    int32_t h = (int32_t)oc_pixel_rows(OC_PIXEL_I420, c, to->height);
    int32_t have_w = ch->down_x ? (from->width + 1) / 2 : from->width;
    int32_t have_h = ch->down_y ? (from->height + 1) / 2 : from->height;
    int     fx = have_w > w ? 2 : 1, fy = have_h > h ? 2 : 1;

    for (int32_t y = 0; y < h; y++) {
        int32_t        y1 = fy * y + fy - 1 < have_h ? fy * y + fy - 1 : have_h - 1;
        const uint8_t *a =
            from->plane[ch->plane] + ch->offset + (ptrdiff_t)(fy * y) * from->stride[ch->plane];
        const uint8_t *b =
            from->plane[ch->plane] + ch->offset + (ptrdiff_t)y1 * from->stride[ch->plane];
        uint8_t *out = to->plane[c] + (ptrdiff_t)y * to->stride[c];
        for (int32_t x = 0; x < w; x++) {
            ptrdiff_t i = (ptrdiff_t)(fx * x) * ch->step;
            ptrdiff_t k = fx * x + fx - 1 < have_w ? i + (fx - 1) * ch->step : i;
            out[x] = (uint8_t)((a[i] + a[k] + b[i] + b[k] + 2) >> 2);
        }
    }
}

static uint8_t limited(float v, float range, float base)
{
    v = v * range / 255.0f + base;
    return (uint8_t)lrintf(v < 0 ? 0 : v > 255 ? 255 : v);
}

/* RGB to limited-range BT.601, chroma from the mean of each 2x2. */
static void rgb_to_i420(const oc_frame *from, const oc_channel ch[3], oc_frame *to)
{
    float k[3];

    oc_luma_weights(OC_YUV_BT601, k);
    for (int32_t y = 0; y < to->height; y += 2) {
        for (int32_t x = 0; x < to->width; x += 2) {
            float sum[3] = {0, 0, 0};
            for (int i = 0; i < 4; i++) {
                int32_t        px = x + (i & 1) < to->width ? x + (i & 1) : x;
                int32_t        py = y + (i >> 1) < to->height ? y + (i >> 1) : y;
                const uint8_t *at =
                    from->plane[0] + (ptrdiff_t)py * from->stride[0] + (ptrdiff_t)px * ch[0].step;
                float luma = 0;
                for (int c = 0; c < 3; c++) {
                    sum[c] += at[ch[c].offset];
                    luma += k[c] * at[ch[c].offset];
                }
                to->plane[0][(ptrdiff_t)py * to->stride[0] + px] = limited(luma, 219, 16);
            }
            float luma = (k[0] * sum[0] + k[1] * sum[1] + k[2] * sum[2]) / 4;
            float u = (sum[2] / 4 - luma) / (2 * (1 - k[2]));
            float v = (sum[0] / 4 - luma) / (2 * (1 - k[0]));
            to->plane[1][(ptrdiff_t)(y / 2) * to->stride[1] + x / 2] = limited(u, 224, 128);
            to->plane[2][(ptrdiff_t)(y / 2) * to->stride[2] + x / 2] = limited(v, 224, 128);
        }
    }
}

static void gray_chroma(oc_frame *to)
{
    for (int p = 1; p < 3; p++)
        for (size_t y = 0; y < oc_pixel_rows(OC_PIXEL_I420, p, to->height); y++)
            memset(to->plane[p] + (ptrdiff_t)y * to->stride[p], 128,
                   oc_pixel_row_bytes(OC_PIXEL_I420, p, to->width));
}

static void to_i420(const oc_frame *from, oc_frame *to)
{
    oc_channel ch[3];
    int        n = oc_pixel_channels(from->format, ch);

    to->matrix = from->matrix;
    to->full_range = from->full_range;
    to->chroma_center = from->chroma_center;
    if (oc_pixel_is_rgb(from->format)) {
        to->matrix = OC_YUV_BT601;
        to->full_range = false;
        to->chroma_center = true;
        rgb_to_i420(from, ch, to);
        return;
    }
    for (int c = 0; c < n; c++) {
        if (from->format == OC_PIXEL_I420 || (c == 0 && ch[0].step == 1))
            copy_rows(from, to, c);
        else
            take_plane(from, &ch[c], c, to);
    }
    if (n == 1)
        gray_chroma(to);
}

/* The same pass that networks get, without resizing. */
static oc_status by_tensor(const oc_frame *from, oc_frame *to, oc_error *err)
{
    bool                 gray = to->format == OC_PIXEL_GRAY8;
    size_t               row = oc_pixel_row_bytes(to->format, 0, to->width);
    oc_to_tensor        *pass = NULL;
    uint8_t             *dense = NULL; /* the pass writes rows without padding */
    oc_to_tensor_options o = {
        .width = to->width,
        .height = to->height,
        .fit = OC_FIT_STRETCH,
        .half_pixel = true,
        .bgr = to->format == OC_PIXEL_BGR24,
        .gray = gray,
        .nhwc = true,
        .dtype = OC_U8,
        .scale = {1, 1, 1},
    };

    oc_status st = oc_to_tensor_create(&o, oc_cpu_isa(), 1, &pass, err);
    if (st == OC_OK && !(dense = oc_alloc64(row, (size_t)to->height)))
        st = OC_FAIL(err, OC_NOMEM, "no memory to convert %dx%d pixels", to->width, to->height);
    if (st == OC_OK)
        st = oc_to_tensor_run(pass, from, NULL, NULL, dense, NULL, err);
    if (st == OC_OK)
        for (int32_t y = 0; y < to->height; y++)
            memcpy(to->plane[0] + (ptrdiff_t)y * to->stride[0], dense + (size_t)y * row, row);
    oc_free64(dense);
    oc_to_tensor_destroy(pass);
    to->full_range = true;
    return st;
}

oc_status oc_frame_convert(const oc_frame *from, oc_frame *to, oc_error *err)
{
    oc_status st = OC_OK;

    if (from->width != to->width || from->height != to->height)
        return OC_FAIL(err, OC_INVALID, "a frame of %dx%d does not go into one of %dx%d",
                       from->width, from->height, to->width, to->height);
    switch (to->format) {
    case OC_PIXEL_I420: to_i420(from, to); break;
    case OC_PIXEL_GRAY8:
    case OC_PIXEL_RGB24:
    case OC_PIXEL_BGR24: st = by_tensor(from, to, err); break;
    default:
        return OC_FAIL(err, OC_INVALID, "frames are not converted to %s",
                       oc_pixel_name(to->format));
    }
    to->key = from->key;
    to->index = from->index;
    to->pts_ns = from->pts_ns;
    return st;
}

void oc_frame_limit_range(oc_frame *f)
{
    if (!f->full_range)
        return;
    uint8_t table[2][256];
    for (int v = 0; v < 256; v++) {
        table[0][v] = limited((float)v, 219, 16);
        table[1][v] = limited((float)v - 128, 224, 128);
    }
    for (int p = 0; p < 3; p++) {
        size_t n = oc_pixel_row_bytes(f->format, p, f->width);
        for (size_t y = 0; y < oc_pixel_rows(f->format, p, f->height); y++) {
            uint8_t *row = f->plane[p] + (ptrdiff_t)y * f->stride[p];
            for (size_t x = 0; x < n; x++)
                row[x] = table[p > 0][row[x]];
        }
    }
    f->full_range = false;
}
