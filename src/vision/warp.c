/* Channels are sampled where they lie and converted pixel by pixel: pieces of text are small. */
#include "vision/warp.h"

#include <math.h>
#include <string.h>

#include "media/yuv.h"

static int32_t clamp_index(int32_t i, int32_t n)
{
    return i < 0 ? 0 : i >= n ? n - 1 : i;
}

/* Channel c at (x, y), both in pixels of the frame, centres at .5. */
static float sample(const oc_frame *f, const oc_channel *c, float x, float y)
{
    int32_t        columns = (f->width + (1 << c->down_x) - 1) >> c->down_x;
    int32_t        rows = (f->height + (1 << c->down_y) - 1) >> c->down_y;
    const uint8_t *plane = f->plane[c->plane] + c->offset;
    ptrdiff_t      stride = f->stride[c->plane];
    x = fminf(fmaxf(x / (float)(1 << c->down_x) - .5f, 0), (float)(columns - 1));
    y = fminf(fmaxf(y / (float)(1 << c->down_y) - .5f, 0), (float)(rows - 1));
    int32_t        x0 = (int32_t)x, y0 = (int32_t)y;
    int32_t        x1 = clamp_index(x0 + 1, columns), y1 = clamp_index(y0 + 1, rows);
    float          u = x - (float)x0, v = y - (float)y0;
    const uint8_t *a = plane + y0 * stride, *b = plane + y1 * stride;
    float          top = (float)a[x0 * c->step] * (1 - u) + (float)a[x1 * c->step] * u;
    float          low = (float)b[x0 * c->step] * (1 - u) + (float)b[x1 * c->step] * u;
    return top * (1 - v) + low * v;
}

static uint8_t byte(float x)
{
    return (uint8_t)(x <= 0 ? 0 : x >= 255 ? 255 : x + .5f);
}

typedef struct reader {
    const oc_frame *frame;
    oc_channel      channels[3];
    int             n;
    bool            rgb;
    float           m[3][3], off[3];
    float           luma_scale, luma_off;
} reader;

static void read_pixel(const reader *r, float x, float y, uint8_t out[3])
{
    float v[3] = {0};
    /* A corner far outside, or not a number, still reads the frame's border. */
    x = x > -1 ? fminf(x, (float)r->frame->width + 1) : -1;
    y = y > -1 ? fminf(y, (float)r->frame->height + 1) : -1;
    for (int c = 0; c < r->n; c++)
        v[c] = sample(r->frame, &r->channels[c], x, y);
    for (int k = 0; k < 3; k++) {
        if (r->rgb)
            out[k] = byte(v[k]);
        else if (r->n == 1)
            out[k] = byte(v[0] * r->luma_scale + r->luma_off);
        else
            out[k] = byte(r->m[k][0] * v[0] + r->m[k][1] * v[1] + r->m[k][2] * v[2] + r->off[k]);
    }
}

void oc_warp(const oc_frame *from, const oc_point quad[4], int32_t width, int32_t height,
             uint8_t pad, oc_frame *to)
{
    reader r = {.frame = from};
    r.n = oc_pixel_channels(from->format, r.channels);
    r.rgb = oc_pixel_is_rgb(from->format);
    oc_yuv_to_rgb(from->matrix, from->full_range, r.m, r.off);
    oc_luma_full(from->full_range, &r.luma_scale, &r.luma_off);
    float ux = (quad[1].x - quad[0].x) / (float)width, uy = (quad[1].y - quad[0].y) / (float)width;
    float vx = (quad[3].x - quad[0].x) / (float)height;
    float vy = (quad[3].y - quad[0].y) / (float)height;
    for (int32_t y = 0; y < to->height; y++) {
        uint8_t *row = to->plane[0] + (ptrdiff_t)y * to->stride[0];
        int32_t  filled = y < height ? width : 0;
        float    b = (float)y + .5f;
        for (int32_t x = 0; x < filled; x++) {
            float a = (float)x + .5f;
            read_pixel(&r, quad[0].x + a * ux + b * vx, quad[0].y + a * uy + b * vy, row + 3 * x);
        }
        memset(row + 3 * filled, pad, (size_t)(to->width - filled) * 3);
    }
}
