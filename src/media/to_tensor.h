/* to_tensor.h -- from a decoded frame to a network's input in one pass: crop, resize, colour,
 * normalise, layout.
 *
 * No RGB copy of the frame is made.  Each output element is
 *     (c - mean[k]) * scale[k]      c = channel value after resize, clamped to 0..255
 * for channel k in the network's own order.  Bilinear resize works on the YUV planes (chroma at its
 * own siting, see oc_frame.chroma_center), then converts; the result is not rounded to
 * integers for float outputs.
 *
 * The crop is read as a picture of its own: samples do not reach beyond its edge (as when it is cut
 * out first and resized then).  Where it reaches outside the frame, the frame counts as surrounded
 * by the pad colour.  Letterboxes have whole-pixel borders: the picture's size is rounded down for
 * LETTERBOX_TL (YOLOX) and to nearest for LETTERBOX_CENTER. */
#ifndef OC_MEDIA_TO_TENSOR_H
#define OC_MEDIA_TO_TENSOR_H

#include "core/cpu.h"
#include "core/pool.h"
#include "ocellus/detect.h"
#include "ocellus/media.h"
#include "ocellus/tensor.h"

typedef enum oc_fit {
    OC_FIT_STRETCH,          /* fills the whole input, aspect not kept */
    OC_FIT_LETTERBOX_CENTER, /* aspect kept, border on both sides */
    OC_FIT_LETTERBOX_TL,     /* aspect kept, picture top left, border right or below */
    OC_FIT_CROP_CENTER,      /* short side to resize_short pixels (0 = the input's shorter side),
                                then the centre is cut out */
} oc_fit;

typedef struct oc_to_tensor_options {
    int32_t  width, height; /* of the input */
    oc_fit   fit;
    int32_t  resize_short; /* for OC_FIT_CROP_CENTER */
    bool     half_pixel;   /* pixel i at (i + .5) * s - .5 (OpenCV, PyTorch); else i * s (TF) */
    bool     nearest;      /* instead of bilinear */
    bool     bgr;          /* channel order; else RGB */
    bool     gray;         /* one channel (luma, full range) instead of three */
    bool     nhwc;         /* else NCHW */
    oc_dtype dtype;        /* F32, U8 or I32 (rounded to nearest and clamped) */
    float    mean[3], scale[3]; /* in the network's channel order, on 0..255 values */
    float    pad;               /* border colour on 0..255 before mean and scale */
} oc_to_tensor_options;

/* How places in the input map to places in the frame, in the coordinates of detect.h (edges, not
 * centres): frame = input * scale + offset. */
typedef struct oc_to_tensor_map {
    float scale_x, scale_y, offset_x, offset_y;
} oc_to_tensor_map;

typedef struct oc_to_tensor oc_to_tensor; /* tables and scratch; one thread at a time */

OC_MUST_CHECK oc_status oc_to_tensor_create(const oc_to_tensor_options *options, oc_isa isa,
                                            unsigned threads_max, oc_to_tensor **out,
                                            oc_error *err);
void                    oc_to_tensor_destroy(oc_to_tensor *t); /* NULL is fine */

/* Looks at `crop` of the frame (pixels; NULL = all of it; parts outside the frame read as the pad
 * colour) and writes the input.  `out` holds 3*width*height (gray: 1x) elements.  Allocates only
 * when the frame's size or format differs from the call before.  map may be NULL.
 * pool NULL = this thread. */
OC_MUST_CHECK oc_status oc_to_tensor_run(oc_to_tensor *t, const oc_frame *frame, const oc_box *crop,
                                         oc_pool *pool, void *out, oc_to_tensor_map *map,
                                         oc_error *err);

#endif
