/* Letterboxing of I420 frames, for sources whose frames differ in size. */
#include <string.h>

#include "pipeline/canvas.h"

typedef struct plane {
    uint8_t  *data;
    ptrdiff_t stride;
    int       width, height;
} plane;

static plane plane_of(const oc_frame *f, int i)
{
    int half = i > 0;
    return (plane){f->plane[i], f->stride[i], (f->width + half) >> half,
                   (f->height + half) >> half};
}

static void clear(const plane *p, uint8_t value)
{
    for (int y = 0; y < p->height; y++)
        memset(p->data + y * p->stride, value, (size_t)p->width);
}

/* Position of destination pixel i in the source, in 1/256 pixels, and what lies beside it. */
static int64_t position(int i, int from, int to, int *next)
{
    int64_t at = ((2 * (int64_t)i + 1) * from * 256 / to - 256) / 2;
    if (at < 0)
        at = 0;
    if (at > (int64_t)(from - 1) * 256)
        at = (int64_t)(from - 1) * 256;
    *next = (at >> 8) + 1 < from ? 1 : 0;
    return at;
}

static void scale(const plane *from, plane to, int x, int y, int width, int height)
{
    for (int j = 0; j < height; j++) {
        int            down, right;
        int64_t        v = position(j, from->height, height, &down);
        const uint8_t *a = from->data + (v >> 8) * from->stride, *b = a + down * from->stride;
        uint8_t       *out = to.data + (y + j) * to.stride + x;
        int64_t        fy = v & 255;
        for (int i = 0; i < width; i++) {
            int64_t u = position(i, from->width, width, &right), k = u >> 8, fx = u & 255;
            int64_t top = a[k] * (256 - fx) + a[k + right] * fx;
            int64_t low = b[k] * (256 - fx) + b[k + right] * fx;
            out[i] = (uint8_t)((top * (256 - fy) + low * fy + 32768) >> 16);
        }
    }
}

void oc_canvas_fit(const oc_frame *from, oc_frame *to)
{
    int64_t width = to->width, height = (int64_t)from->height * to->width / from->width;
    if (height > to->height) {
        height = to->height;
        width = (int64_t)from->width * to->height / from->height;
    }
    width = width < 2 ? (to->width < 2 ? to->width : 2) : width;
    height = height < 2 ? (to->height < 2 ? to->height : 2) : height;
    int x = (int)((to->width - width) / 4 * 2), y = (int)((to->height - height) / 4 * 2);
    for (int i = 0; i < 3; i++) {
        int   half = i > 0;
        plane src = plane_of(from, i), dst = plane_of(to, i);
        clear(&dst, i ? 128 : 16);
        scale(&src, dst, x >> half, y >> half, (int)(width + half) >> half,
              (int)(height + half) >> half);
    }
}
