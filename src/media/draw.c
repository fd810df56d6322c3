/* Shapes are filled plane by plane, on each plane's own grid: a pixel is inside when its centre
 * is.  Lines are thin rectangles, at least one sample wide on each plane. */
#include "media/draw.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "media/draw_pen.h"
#include "media/yuv.h"

#define CROSSINGS_MAX 128 /* edges that one row of a polygon meets; more are left out */
#define FAR 1e6f          /* beyond any frame: keeps float-to-int conversions defined */

static uint8_t byte_of(float v)
{
    return (uint8_t)lrintf(v < 0 ? 0 : v > 255 ? 255 : v);
}

oc_pen oc_pen_of(oc_frame *frame, oc_color c)
{
    float k[3], full = frame->full_range;

    assert(frame->format == OC_PIXEL_I420);
    oc_luma_weights(frame->matrix, k);
    float luma = k[0] * c.r + k[1] * c.g + k[2] * c.b;
    float u = (c.b - luma) / (2 * (1 - k[2])), v = (c.r - luma) / (2 * (1 - k[0]));
    float chroma = full > 0 ? 1 : 224.0f / 255;
    return (oc_pen){
        .frame = frame,
        .value = {byte_of(full > 0 ? luma : luma * 219 / 255 + 16), byte_of(u * chroma + 128),
                  byte_of(v * chroma + 128)},
        .alpha = c.alpha,
    };
}

void oc_pen_span(const oc_pen *pen, int p, int y, int x0, int x1)
{
    const oc_frame *f = pen->frame;
    int             w = p ? (f->width + 1) / 2 : f->width, h = p ? (f->height + 1) / 2 : f->height;

    x0 = x0 < 0 ? 0 : x0;
    x1 = x1 > w ? w : x1;
    if (y < 0 || y >= h || x0 >= x1)
        return;
    uint8_t *row = f->plane[p] + (ptrdiff_t)y * f->stride[p];
    if (pen->alpha == 255) {
        memset(row + x0, pen->value[p], (size_t)(x1 - x0));
        return;
    }
    int a = pen->alpha, add = pen->value[p] * a + 127;
    for (int x = x0; x < x1; x++)
        row[x] = (uint8_t)((row[x] * (255 - a) + add) / 255);
}

void oc_pen_rect(const oc_pen *pen, int x0, int y0, int x1, int y1)
{
    const oc_frame *f = pen->frame;

    x0 = x0 < 0 ? 0 : x0;
    y0 = y0 < 0 ? 0 : y0;
    x1 = x1 > f->width ? f->width : x1;
    y1 = y1 > f->height ? f->height : y1;
    if (x0 >= x1 || y0 >= y1)
        return;
    for (int y = y0; y < y1; y++)
        oc_pen_span(pen, 0, y, x0, x1);
    for (int p = 1; p < 3; p++)
        for (int y = y0 / 2; y < (y1 + 1) / 2; y++)
            oc_pen_span(pen, p, y, x0 / 2, (x1 + 1) / 2);
}

static float tame(float v)
{
    return v > -FAR ? v < FAR ? v : FAR : -FAR; /* NaN becomes -FAR: outside */
}

static int to_int(float v)
{
    return (int)lrintf(tame(v));
}

/* The first pixel whose centre is not left of v; any float will do. */
static int first_pixel(float v)
{
    return (int)ceilf(tame(v) - 0.5f);
}

/* ---- rectangles ---- */

void oc_draw_fill(oc_frame *frame, const oc_box *box, oc_color color)
{
    oc_pen pen = oc_pen_of(frame, color);

    oc_pen_rect(&pen, to_int(box->x0), to_int(box->y0), to_int(box->x1), to_int(box->y1));
}

void oc_draw_box(oc_frame *frame, const oc_box *box, float thickness, oc_color color)
{
    oc_pen pen = oc_pen_of(frame, color);
    int    t = to_int(thickness) < 1 ? 1 : to_int(thickness), half = t / 2;
    int    x0 = to_int(box->x0) - half, y0 = to_int(box->y0) - half;
    int    x1 = to_int(box->x1) - half + t - 1, y1 = to_int(box->y1) - half + t - 1;

    if (x1 - x0 <= 2 * t || y1 - y0 <= 2 * t) { /* no hole in the middle */
        oc_pen_rect(&pen, x0, y0, x1, y1);
        return;
    }
    oc_pen_rect(&pen, x0, y0, x1, y0 + t);
    oc_pen_rect(&pen, x0, y1 - t, x1, y1);
    oc_pen_rect(&pen, x0, y0 + t, x0 + t, y1 - t);
    oc_pen_rect(&pen, x1 - t, y0 + t, x1, y1 - t);
}

/* ---- polygons ---- */

static void sort(float *v, int n)
{
    for (int i = 1; i < n; i++) {
        float x = v[i];
        int   k = i;
        for (; k > 0 && v[k - 1] > x; k--)
            v[k] = v[k - 1];
        v[k] = x;
    }
}

/* Where the edges cross the height y, in the plane's own pixels; sorted. */
static int crossings(const oc_xy *points, size_t n, float scale, float y, float *x)
{
    int found = 0;

    for (size_t i = 0; i < n && found < CROSSINGS_MAX; i++) {
        const oc_xy *a = &points[i], *b = &points[i + 1 < n ? i + 1 : 0];
        float        ay = tame(a->y) * scale, by = tame(b->y) * scale;
        if ((ay <= y) == (by <= y))
            continue;
        float ax = tame(a->x) * scale, bx = tame(b->x) * scale;
        x[found++] = ax + (y - ay) / (by - ay) * (bx - ax);
    }
    sort(x, found);
    return found;
}

static void fill_plane(const oc_pen *pen, int p, const oc_xy *points, size_t n)
{
    float scale = p ? 0.5f : 1.0f, top = FAR, bottom = -FAR, x[CROSSINGS_MAX];
    int   height = p ? (pen->frame->height + 1) / 2 : pen->frame->height;

    for (size_t i = 0; i < n; i++) {
        top = fminf(top, tame(points[i].y) * scale);
        bottom = fmaxf(bottom, tame(points[i].y) * scale);
    }
    int y0 = (int)floorf(fmaxf(top, 0)), y1 = (int)ceilf(fminf(bottom, (float)height));
    for (int y = y0; y < y1; y++) {
        int found = crossings(points, n, scale, (float)y + 0.5f, x);
        for (int i = 0; i + 1 < found; i += 2) /* pixels whose centre lies between the two */
            oc_pen_span(pen, p, y, first_pixel(x[i]), first_pixel(x[i + 1]));
    }
}

void oc_draw_polygon(oc_frame *frame, const oc_xy *points, size_t n, oc_color color)
{
    oc_pen pen = oc_pen_of(frame, color);

    for (int p = 0; p < 3 && n >= 3; p++)
        fill_plane(&pen, p, points, n);
}

void oc_draw_line(oc_frame *frame, oc_xy from, oc_xy to, float thickness, oc_color color)
{
    oc_pen pen = oc_pen_of(frame, color);
    float  dx = tame(to.x) - tame(from.x), dy = tame(to.y) - tame(from.y);
    float  length = sqrtf(dx * dx + dy * dy);

    if (length < 1e-3f) {
        dx = 1;
        dy = 0;
        length = 1;
    }
    dx /= length;
    dy /= length;
    for (int p = 0; p < 3; p++) {
        /* one sample of the plane at least, with ends that reach half as far beyond */
        float h = fmaxf(thickness, p ? 2.0f : 1.0f) / 2;
        float ux = dx * h, uy = dy * h;
        oc_xy quad[4] = {
            {from.x - ux - uy, from.y - uy + ux},
            {to.x + ux - uy, to.y + uy + ux},
            {to.x + ux + uy, to.y + uy - ux},
            {from.x - ux + uy, from.y - uy - ux},
        };
        fill_plane(&pen, p, quad, 4);
    }
}

void oc_draw_polyline(oc_frame *frame, const oc_xy *points, size_t n, bool closed, float thickness,
                      oc_color color)
{
    for (size_t i = 0; i + 1 < n; i++)
        oc_draw_line(frame, points[i], points[i + 1], thickness, color);
    if (closed && n > 2)
        oc_draw_line(frame, points[n - 1], points[0], thickness, color);
}

void oc_draw_arrow(oc_frame *frame, oc_xy from, oc_xy to, float thickness, oc_color color)
{
    float dx = to.x - from.x, dy = to.y - from.y, length = sqrtf(dx * dx + dy * dy);
    float head = fminf(4 * thickness + 4, length);

    if (!(length >= 1))
        return;
    dx *= head / length;
    dy *= head / length;
    oc_xy tip[3] = {
        to,
        {to.x - dx - 0.5f * dy, to.y - dy + 0.5f * dx},
        {to.x - dx + 0.5f * dy, to.y - dy - 0.5f * dx},
    };
    oc_draw_line(frame, from, (oc_xy){to.x - dx, to.y - dy}, thickness, color);
    oc_draw_polygon(frame, tip, 3, color);
}

/* ---- circles ---- */

/* Half the width of a disc at distance d from its centre; negative outside. */
static float half_width(float radius, float d)
{
    float q = radius * radius - d * d;

    return q > 0 ? sqrtf(q) : -1;
}

static void ring(const oc_pen *pen, int p, oc_xy c, float outer, float inner)
{
    float scale = p ? 0.5f : 1.0f, cx = tame(c.x) * scale, cy = tame(c.y) * scale;
    int   height = p ? (pen->frame->height + 1) / 2 : pen->frame->height;

    outer = fmaxf(tame(outer) * scale, 0.7f); /* so that it meets a centre */
    inner = tame(inner) * scale;
    int y0 = (int)floorf(fmaxf(cy - outer, 0)), y1 = (int)ceilf(fminf(cy + outer, (float)height));
    for (int y = y0; y < y1; y++) {
        float d = (float)y + 0.5f - cy, out = half_width(outer, d), in = half_width(inner, d);
        if (out < 0)
            continue;
        int x0 = first_pixel(cx - out), x1 = first_pixel(cx + out);
        if (in < 0) {
            oc_pen_span(pen, p, y, x0, x1);
            continue;
        }
        oc_pen_span(pen, p, y, x0, first_pixel(cx - in));
        oc_pen_span(pen, p, y, first_pixel(cx + in), x1);
    }
}

void oc_draw_disc(oc_frame *frame, oc_xy center, float radius, oc_color color)
{
    oc_pen pen = oc_pen_of(frame, color);

    for (int p = 0; p < 3; p++)
        ring(&pen, p, center, fminf(radius, FAR), 0);
}

void oc_draw_circle(oc_frame *frame, oc_xy center, float radius, float thickness, oc_color color)
{
    oc_pen pen = oc_pen_of(frame, color);

    for (int p = 0; p < 3; p++) {
        float h = fmaxf(thickness, p ? 2.0f : 1.0f) / 2;
        ring(&pen, p, center, fminf(radius, FAR) + h, fmaxf(fminf(radius, FAR) - h, 0));
    }
}

/* ---- skeletons, colours ---- */

const uint8_t oc_skeleton_coco[][2] = {
    {0, 1},  {0, 2},  {1, 3},  {2, 4},   {5, 6},   {5, 7},   {7, 9},   {6, 8},
    {8, 10}, {5, 11}, {6, 12}, {11, 12}, {11, 13}, {13, 15}, {12, 14}, {14, 16},
};
const size_t oc_skeleton_coco_edges = sizeof(oc_skeleton_coco) / sizeof(oc_skeleton_coco[0]);

void oc_draw_skeleton(oc_frame *frame, const oc_point *points, size_t n, const uint8_t (*edges)[2],
                      size_t n_edges, float score_min, float thickness, oc_color color)
{
    for (size_t i = 0; i < n_edges; i++) {
        if (edges[i][0] >= n || edges[i][1] >= n)
            continue;
        const oc_point *a = &points[edges[i][0]], *b = &points[edges[i][1]];
        if (a->score >= score_min && b->score >= score_min)
            oc_draw_line(frame, (oc_xy){a->x, a->y}, (oc_xy){b->x, b->y}, thickness, color);
    }
    for (size_t i = 0; i < n; i++)
        if (points[i].score >= score_min)
            oc_draw_disc(frame, (oc_xy){points[i].x, points[i].y}, thickness + 0.5f,
                         OC_COLOR(255, 255, 255));
}

/* Hues a golden section apart: the next id is always far from the ones before. */
oc_color oc_color_of_id(uint64_t id)
{
    double   turn = fmod((double)(id % 100000) * 0.6180339887, 1.0) * 6;
    int      sixth = (int)turn;
    uint8_t  low = id % 3 == 1 ? 96 : 48, high = id % 3 == 2 ? 225 : 255;
    double   part = turn - sixth;
    uint8_t  up = (uint8_t)(low + part * (high - low)), down = (uint8_t)(high - (up - low));
    oc_color table[6] = {
        OC_COLOR(high, up, low),   OC_COLOR(down, high, low), OC_COLOR(low, high, up),
        OC_COLOR(low, down, high), OC_COLOR(up, low, high),   OC_COLOR(high, low, down),
    };

    return table[sixth < 6 ? sixth : 5];
}

oc_color oc_color_alpha(oc_color color, uint8_t alpha)
{
    color.alpha = alpha;
    return color;
}
