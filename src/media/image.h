/* image.h -- JPEG and PNG files, to frames and back.
 *
 * JPEG gives the planes that are stored: I420, I422, I444 or GRAY8, full range, BT.601; other
 * samplings and colour spaces come as RGB24.  PNG gives GRAY8 or RGB24: palettes are expanded, 16
 * bits become 8, alpha is dropped. */
#ifndef OC_MEDIA_IMAGE_H
#define OC_MEDIA_IMAGE_H

#include "media/frame.h"

/* OC_FORMAT       empty, not an image, corrupt or truncated: no half pictures
 * OC_UNSUPPORTED  more than 16384 pixels a side or 200 million in all
 * OC_IO           the file cannot be read */
OC_MUST_CHECK oc_status oc_image_decode(const uint8_t *bytes, size_t n, oc_frame **out,
                                        oc_error *err);
OC_MUST_CHECK oc_status oc_image_load(const char *path, oc_frame **out, oc_error *err);

/* The same into a frame of a pool. */
OC_MUST_CHECK oc_status oc_image_decode_pool(const uint8_t *bytes, size_t n, oc_frame_pool *pool,
                                             oc_frame **out, oc_error *err);

/* Encoders for any frame.  *out is for free(); untouched on failure.  quality 1..100. */
OC_MUST_CHECK oc_status oc_image_encode_jpeg(const oc_frame *frame, int quality, uint8_t **out,
                                             size_t *n, oc_error *err);
OC_MUST_CHECK oc_status oc_image_encode_png(const oc_frame *frame, uint8_t **out, size_t *n,
                                            oc_error *err);

#endif
