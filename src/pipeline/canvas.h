/* canvas.h -- a picture of any size into a video of one size: scaled, centred, black around. */
#ifndef OC_PIPELINE_CANVAS_H
#define OC_PIPELINE_CANVAS_H

#include "ocellus/media.h"

/* Both I420, limited range; `to` is the caller's alone.  Bilinear. */
void oc_canvas_fit(const oc_frame *from, oc_frame *to);

#endif
