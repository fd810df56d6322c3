#include "media/shrink.h"

int oc_frame_shrink_by(const oc_frame *frame, int32_t longer_max)
{
    int32_t longer = frame->width > frame->height ? frame->width : frame->height;
    return longer > longer_max ? (longer - 1) / longer_max + 1 : 1;
}

static void reduce(const oc_frame *rgb, int by, oc_frame *out)
{
    for (int32_t y = 0; y < out->height; y++) {
        for (int32_t x = 0; x < 3 * out->width; x++) {
            uint64_t sum = 0, n = 0;
            for (int32_t v = y * by; v < (y + 1) * by && v < rgb->height; v++)
                for (int32_t u = x / 3 * by; u < (x / 3 + 1) * by && u < rgb->width; u++, n++)
                    sum += rgb->plane[0][(ptrdiff_t)v * rgb->stride[0] + 3 * u + x % 3];
            out->plane[0][(ptrdiff_t)y * out->stride[0] + x] = (uint8_t)(sum / n);
        }
    }
}

oc_status oc_frame_shrink(const oc_frame *frame, int32_t longer_max, oc_frame **out, oc_error *err)
{
    oc_frame *rgb = NULL, *small = NULL;
    int       by = oc_frame_shrink_by(frame, longer_max);
    int32_t   w = frame->width / by, h = frame->height / by;
    oc_status st = oc_frame_create(OC_PIXEL_RGB24, frame->width, frame->height, &rgb, err);
    if (st == OC_OK)
        st = oc_frame_convert(frame, rgb, err);
    if (st == OC_OK &&
        (st = oc_frame_create(OC_PIXEL_RGB24, w ? w : 1, h ? h : 1, &small, err)) == OC_OK)
        reduce(rgb, by, small);
    oc_frame_unref(rgb);
    if (st == OC_OK)
        *out = small;
    return st;
}
