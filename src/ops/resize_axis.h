/* resize_axis.h -- where the points of a resized axis come from: ONNX's coordinate transformations,
 * nearest rules and filters, as a table of indices and weights. */
#ifndef OC_OPS_RESIZE_AXIS_H
#define OC_OPS_RESIZE_AXIS_H

#include "ops/args.h"

typedef enum oc_resize_mode { OC_RESIZE_NEAREST, OC_RESIZE_LINEAR, OC_RESIZE_CUBIC } oc_resize_mode;

typedef enum oc_resize_coord {
    OC_COORD_HALF_PIXEL,
    OC_COORD_PYTORCH,
    OC_COORD_ALIGN,
    OC_COORD_ASYMMETRIC,
    OC_COORD_CROP,
    OC_COORD_SYMMETRIC,
    OC_COORD_TF_NEAREST, /* opset 11's tf_half_pixel_for_nn */
} oc_resize_coord;

typedef enum oc_resize_nearest {
    OC_NEAREST_PREFER_FLOOR,
    OC_NEAREST_PREFER_CEIL,
    OC_NEAREST_FLOOR,
    OC_NEAREST_CEIL,
    OC_NEAREST_SIMPLE, /* before opset 11: down is ceil, up is floor */
} oc_resize_nearest;

typedef struct oc_resize_rule {
    oc_resize_mode    mode;
    oc_resize_coord   coord;
    oc_resize_nearest nearest;
    float             cubic_a;
    bool              exclude_outside, antialias;
    float             extrapolation; /* used with OC_COORD_CROP only */
} oc_resize_rule;

/* What a node asks for, per axis of its input. */
typedef struct oc_resize_args {
    oc_resize_rule rule;
    float          scale[OC_RANK_MAX], roi_start[OC_RANK_MAX], roi_end[OC_RANK_MAX];
    float   length[OC_RANK_MAX]; /* of the output as the scale has it: perhaps no whole number */
    int64_t out[OC_RANK_MAX];
} oc_resize_args;

OC_MUST_CHECK oc_status oc_resize_read(const oc_args *a, oc_resize_args *out, oc_error *err);

/* Does the axis stay as it is? */
bool oc_resize_same(const oc_resize_args *r, const oc_shape *in, uint32_t axis);

#define OC_RESIZE_HALF_MAX 4096.0f /* of a filter that antialias makes wider, in points */

typedef struct oc_resize_axis {
    size_t   n, taps; /* output points; 1, 2 or 4 each, more where antialias makes filters wider */
    int32_t *index;   /* [n][taps] */
    float   *w;       /* [n][taps]; all 1 for nearest */
    bool    *outside; /* [n], NULL when no point lies outside */
} oc_resize_axis;

OC_MUST_CHECK oc_status oc_resize_axis_make(const oc_resize_args *r, const oc_shape *in,
                                            uint32_t axis, oc_arena *mem, oc_resize_axis *out,
                                            oc_error *err);

#endif
