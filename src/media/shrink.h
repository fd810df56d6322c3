/* shrink.h -- pictures made smaller for pages: means of whole fields of pixels. */
#ifndef OC_MEDIA_SHRINK_H
#define OC_MEDIA_SHRINK_H

#include "media/frame.h"

/* By how much a side becomes shorter, so that the longer one has at most longer_max (>= 1) pixels. */
int oc_frame_shrink_by(const oc_frame *frame, int32_t longer_max);

/* Any frame to RGB24; one that is small enough keeps its size.  *out is for oc_frame_unref.
 * OC_NOMEM, OC_UNSUPPORTED as oc_frame_convert. */
OC_MUST_CHECK oc_status oc_frame_shrink(const oc_frame *frame, int32_t longer_max, oc_frame **out,
                                        oc_error *err);

#endif
