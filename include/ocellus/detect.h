/* detect.h -- what networks find in an image: boxes, points, classes.
 *
 * Coordinates are pixels of the image that was looked at, as floats: x to the right, y down, (0,0)
 * the upper left corner of the upper left pixel. */
#ifndef OCELLUS_DETECT_H
#define OCELLUS_DETECT_H

#include <stddef.h>
#include <stdint.h>

#include "ocellus/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct oc_box {
    float x0, y0, x1, y1; /* x1 >= x0, y1 >= y0; may lie outside the image unless said otherwise */
} oc_box;

typedef struct oc_point {
    float x, y, score; /* score 0..1 */
} oc_point;

typedef struct oc_detection {
    oc_box   box;
    float    score; /* 0..1 */
    uint32_t label; /* index into the network's labels */
} oc_detection;

#define OC_POINTS_MAX 17

/* A list in the caller's memory: `cap` is set by the caller, `n` by who fills it (the best `cap` are
 * kept).  points has n_points per detection (0 for networks without; at most OC_POINTS_MAX), laid
 * out [cap][n_points]; NULL when nobody wants them. */
typedef struct oc_detections {
    oc_detection *items;
    oc_point     *points;
    size_t        n, cap;
    size_t        n_points;
} oc_detections;

#ifdef __cplusplus
}
#endif

#endif
