/* quad.h -- rotated rectangles about sets of pixels. */
#ifndef OC_VISION_QUAD_H
#define OC_VISION_QUAD_H

#include <stddef.h>

#include "ocellus/detect.h"

typedef struct oc_xy {
    float x, y;
} oc_xy;

typedef struct oc_rect { /* a rotated rectangle */
    oc_xy center;
    oc_xy along; /* unit vector of the side `width` */
    float width, height;
} oc_rect;

/* Convex hull (Andrew's monotone chain) of n points sorted by y, then x.  hull: room for n + 1;
 * gives back its number of corners, in order around. */
size_t oc_hull(const oc_xy *points, size_t n, oc_xy *hull);

/* The smallest rectangle about a convex hull, one of whose sides lies on an edge of the hull.
 * O(n^2). */
oc_rect oc_rect_min(const oc_xy *hull, size_t n);

/* Its corners, clockwise on the screen, beginning with the one at the upper left. */
void oc_rect_corners(const oc_rect *rect, oc_xy corners[4]);

#endif
