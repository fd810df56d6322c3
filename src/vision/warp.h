/* warp.h -- a turned piece of a frame, set upright: for lines of text that do not run level. */
#ifndef OC_VISION_WARP_H
#define OC_VISION_WARP_H

#include "ocellus/detect.h"
#include "ocellus/media.h"

/* Fills `to` (RGB24, the caller's alone): its upper left width x height pixels show the
 * parallelogram with corners quad[0] (upper left), quad[1] (upper right), quad[3] (lower left) of
 * `from`, the rest is gray `pad`.  Bilinear; outside the frame its border is repeated.
 *   width, height  1 .. size of `to` */
void oc_warp(const oc_frame *from, const oc_point quad[4], int32_t width, int32_t height,
             uint8_t pad, oc_frame *to);

#endif
