/* Raw frames, plane after plane with dense rows.  Format and size come from the options. */
#include <string.h>

#include "media/source_stream.h"

static oc_status raw_begin(oc_source *s, const oc_source_options *options, oc_error *err)
{
    s->format = OC_PIXEL_I420;
    if (options->format && strcmp(options->format, "raw") != 0)
        s->format = oc_pixel_parse(options->format);
    s->width = options->width;
    s->height = options->height;
    if (s->width < 1 || s->height < 1 || s->width > OC_FRAME_SIDE_MAX ||
        s->height > OC_FRAME_SIDE_MAX)
        return OC_FAIL(err, OC_INVALID, "raw video needs a width and height of 1..%d, not %dx%d",
                       OC_FRAME_SIDE_MAX, s->width, s->height);
    s->full_range = s->format >= OC_PIXEL_GRAY8; /* gray and RGB */
    return OC_OK;
}

static oc_status raw_next(oc_source *s, oc_frame **out, oc_error *err)
{
    oc_frame *frame;
    oc_status st = oc_frame_pool_take(s->pool, s->format, s->width, s->height, &frame, err);

    if (st != OC_OK)
        return st;
    if ((st = oc_stream_planes(s, frame, err)) != OC_OK) {
        oc_frame_unref(frame);
        return st;
    }
    frame->full_range = s->full_range;
    *out = frame;
    return OC_OK;
}

const oc_stream_kind oc_stream_raw = {"raw", raw_begin, raw_next};
