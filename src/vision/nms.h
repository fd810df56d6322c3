/* nms.h -- non-maximum suppression over axis-aligned boxes. */
#ifndef OC_VISION_NMS_H
#define OC_VISION_NMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ocellus/detect.h"

typedef struct oc_nms_options {
    float  iou;      /* a box goes when it overlaps a better one by more than this */
    bool   agnostic; /* boxes of different labels suppress each other, too */
    size_t top_k;    /* candidates looked at, best first; 0 = all */
    size_t keep_max; /* boxes kept */
} oc_nms_options;

/* Intersection over union, 0 for empty boxes. */
float oc_box_iou(const oc_box *a, const oc_box *b);

/* order[0 .. n) becomes the items by falling score; ties by label, then by position in `items`, so
 * that the answer does not depend on how the list was filled.  Does not allocate. */
void oc_detections_sort(const oc_detection *items, size_t n, uint32_t *order);

/* Greedy suppression.  order: scratch and answer, room for n; gives back how many of its first
 * elements are kept, best first.  O(top_k * kept), does not allocate. */
size_t oc_nms(const oc_detection *items, size_t n, const oc_nms_options *options, uint32_t *order);

#endif
