/* image_codec.h -- what image.c asks of the two libraries behind it. */
#ifndef OC_MEDIA_IMAGE_CODEC_H
#define OC_MEDIA_IMAGE_CODEC_H

#include "media/frame.h"

/* Bytes that grow while an encoder writes; a zeroed one is empty.  data is for free(). */
typedef struct oc_image_sink {
    uint8_t *data;
    size_t   n, room;
} oc_image_sink;

/* Room for `more` bytes after n; false when there is no memory. */
bool oc_image_sink_reserve(oc_image_sink *sink, size_t more);

/* A frame for a picture that a file announces: its size is checked first.  pool may be NULL. */
OC_MUST_CHECK oc_status oc_image_frame(oc_pixel_format format, uint32_t width, uint32_t height,
                                       oc_frame_pool *pool, oc_frame **out, oc_error *err);

OC_MUST_CHECK oc_status oc_jpeg_decode(const uint8_t *bytes, size_t n, oc_frame_pool *pool,
                                       oc_frame **out, oc_error *err);
OC_MUST_CHECK oc_status oc_png_decode(const uint8_t *bytes, size_t n, oc_frame_pool *pool,
                                      oc_frame **out, oc_error *err);

/* `frame` is GRAY8 (0..255) or RGB24. */
OC_MUST_CHECK oc_status oc_jpeg_encode(const oc_frame *frame, int quality, oc_image_sink *sink,
                                       oc_error *err);
OC_MUST_CHECK oc_status oc_png_encode(const oc_frame *frame, oc_image_sink *sink, oc_error *err);

#endif
