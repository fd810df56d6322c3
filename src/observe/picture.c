#include "observe/picture.h"

#include <math.h>

#define PLACES 10000.0

/* Where the luma of a row begins, and bytes from one to the next. */
static int luma_at(oc_pixel_format format, int *step)
{
    switch (format) {
    case OC_PIXEL_YUYV: *step = 2; return 0;
    case OC_PIXEL_UYVY: *step = 2; return 1;
    case OC_PIXEL_RGB24:
    case OC_PIXEL_BGR24: *step = 3; return 1;
    case OC_PIXEL_RGBA32:
    case OC_PIXEL_BGRA32: *step = 4; return 1;
    case OC_PIXEL_NONE:
    case OC_PIXEL_I420:
    case OC_PIXEL_I422:
    case OC_PIXEL_I444:
    case OC_PIXEL_NV12:
    case OC_PIXEL_NV21:
    case OC_PIXEL_GRAY8: break;
    }
    *step = 1;
    return 0;
}

oc_picture_facts oc_picture_look(const oc_frame *f)
{
    int       px;
    const int first = luma_at(f->format, &px), row = f->stride[0];
    const int hop = (int)ceil(sqrt((double)f->width * f->height / PLACES));
    double    sum = 0, squares = 0, edge = 0, edges = 0, n = 0;

    for (int y = 1; y + 1 < f->height; y += hop) {
        const uint8_t *at = f->plane[0] + (ptrdiff_t)y * row + first;
        for (int x = 1; x + 1 < f->width; x += hop) {
            const uint8_t *p = at + (ptrdiff_t)x * px;
            const int      v = *p, l = 4 * v - p[-px] - p[px] - p[-row] - p[row];
            sum += v;
            squares += v * v;
            edge += l;
            edges += l * l;
            n += 1;
        }
    }
    if (n == 0)
        return (oc_picture_facts){NAN, NAN, NAN};
    const double mean = sum / n, of_edges = edge / n;
    return (oc_picture_facts){.brightness = mean,
                              .contrast = sqrt(fmax(squares / n - mean * mean, 0)),
                              .sharpness = log2(1 + fmax(edges / n - of_edges * of_edges, 0))};
}
