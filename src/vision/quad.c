/* Hull and smallest rectangle: rotating edges in turn is quick enough for hulls of text lines. */
#include "vision/quad.h"

#include <math.h>
#include <string.h>

static float cross(oc_xy o, oc_xy a, oc_xy b)
{
    return (a.x - o.x) * (b.y - o.y) - (a.y - o.y) * (b.x - o.x);
}

size_t oc_hull(const oc_xy *points, size_t n, oc_xy *hull)
{
    size_t k = 0;
    for (size_t i = 0; i < n; i++) {
        while (k >= 2 && cross(hull[k - 2], hull[k - 1], points[i]) <= 0)
            k--;
        hull[k++] = points[i];
    }
    size_t lower = k + 1; /* the way back may not eat the way down */
    for (size_t i = n; i-- > 1;) {
        while (k >= lower && cross(hull[k - 2], hull[k - 1], points[i - 1]) <= 0)
            k--;
        hull[k++] = points[i - 1];
    }
    return n > 1 ? k - 1 : k; /* the last is the first again */
}

static oc_rect rect_along(const oc_xy *hull, size_t n, oc_xy u)
{
    float a0 = INFINITY, a1 = -INFINITY, b0 = INFINITY, b1 = -INFINITY;
    for (size_t i = 0; i < n; i++) {
        float a = hull[i].x * u.x + hull[i].y * u.y;
        float b = hull[i].y * u.x - hull[i].x * u.y;
        a0 = fminf(a0, a);
        a1 = fmaxf(a1, a);
        b0 = fminf(b0, b);
        b1 = fmaxf(b1, b);
    }
    float   a = (a0 + a1) / 2, b = (b0 + b1) / 2;
    oc_rect r = {.along = u, .width = a1 - a0, .height = b1 - b0};
    r.center = (oc_xy){a * u.x - b * u.y, a * u.y + b * u.x};
    return r;
}

oc_rect oc_rect_min(const oc_xy *hull, size_t n)
{
    oc_rect best = rect_along(hull, n, (oc_xy){1, 0});
    for (size_t i = 0; i < n && n > 1; i++) {
        oc_xy a = hull[i], b = hull[(i + 1) % n];
        float length = hypotf(b.x - a.x, b.y - a.y);
        if (!(length > 0))
            continue;
        oc_rect r = rect_along(hull, n, (oc_xy){(b.x - a.x) / length, (b.y - a.y) / length});
        if (r.width * r.height < best.width * best.height)
            best = r;
    }
    return best;
}

void oc_rect_corners(const oc_rect *rect, oc_xy corners[4])
{
    static const float sx[4] = {-.5f, .5f, .5f, -.5f}, sy[4] = {-.5f, -.5f, .5f, .5f};
    oc_xy              u = rect->along, c[4];
    for (int i = 0; i < 4; i++) {
        float a = rect->width * sx[i], b = rect->height * sy[i];
        c[i] = (oc_xy){rect->center.x + a * u.x - b * u.y, rect->center.y + a * u.y + b * u.x};
    }
    /* (u, u turned by a quarter) is right-handed with y down: c goes clockwise on the screen. */
    int first = 0;
    for (int i = 1; i < 4; i++)
        if (c[i].x + c[i].y < c[first].x + c[first].y)
            first = i;
    for (int i = 0; i < 4; i++)
        corners[i] = c[(first + i) % 4];
}
