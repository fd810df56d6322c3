/* TFLite_Detection_PostProcess: the end of the object detection API's SSD networks. */
#include <math.h>

#include "tflite/flex.h"
#include "tflite/lower.h"
#include "tflite/lowerings.h"

static double option(tfl_op *o, const char *key, double fallback)
{
    double x;
    if (!o->custom.n || !flex_number(flat_vec_bytes(&o->custom), o->custom.n, key, &x)) {
        if (isnan(fallback))
            tfl_fail(o, OC_FORMAT, "its options have no '%s'", key);
        x = fallback;
    }
    return x;
}

static int64_t count(tfl_op *o, const char *key, double fallback)
{
    double x = option(o, key, fallback);
    if (!(x >= 0 && x <= 1 << 20)) {
        tfl_fail(o, OC_FORMAT, "'%s' is %g", key, x);
        return 0;
    }
    return (int64_t)x;
}

void tfl_lower_detections(tfl_op *o)
{
    static const char *const keys[4] = {"y_scale", "x_scale", "h_scale", "w_scale"};
    float                   *scales = tfl_memory(o, 4, sizeof(*scales));
    oc_vid                   in[3], out[4];
    for (uint32_t i = 0; i < 4 && scales; i++)
        scales[i] = (float)option(o, keys[i], NAN);
    bool regular = option(o, "use_regular_nms", 0) != 0;
    if (!regular && count(o, "max_classes_per_detection", NAN) != 1)
        tfl_fail(o, OC_UNSUPPORTED, "more than one class a detection");
    for (uint32_t i = 0; i < 3; i++)
        in[i] = tfl_in(o, i)->data ? tfl_weights(o, tfl_in(o, i), NULL, true)
                                   : tfl_real(o, tfl_in(o, i), TFL_FILE);
    const oc_attr attrs[] = {
        tfl_int("max_detections", count(o, "max_detections", NAN)),
        tfl_int("classes", count(o, "num_classes", NAN)),
        tfl_int("per_class", regular ? count(o, "detections_per_class", 100) : 0),
        tfl_float("score", (float)option(o, "nms_score_threshold", NAN)),
        tfl_float("iou", (float)option(o, "nms_iou_threshold", NAN)),
        {.name = "scales", .kind = OC_ATTR_FLOATS, .n = 4, .floats = scales},
    };
    tfl_emit_many(o, "ocellus.DetectionPostProcess", in, 3, attrs, 6, out, 4);
    for (uint32_t i = 0; i < 4; i++)
        tfl_give(o, i, out[i], TFL_FILE);
}
