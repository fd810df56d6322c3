/* picture.h -- what stands in a block FRAME: about the frame, something of the caller's, pixels. */
#ifndef OC_RECORDING_PICTURE_H
#define OC_RECORDING_PICTURE_H

#include "media/frame.h"

#define OC_PICTURE_ALONE UINT64_MAX

typedef struct oc_picture {
    oc_frame             about;  /* size, format, flags, index, time; no planes */
    uint64_t             before; /* index of the frame that it is told by; OC_PICTURE_ALONE */
    const unsigned char *extra;  /* the caller's */
    size_t               n_extra;
    const unsigned char *packed;
    size_t               n_packed;
} oc_picture;

size_t oc_picture_bound(const oc_frame *frame, size_t n_extra);
/* before NULL: it stands alone.  Gives back the bytes used. */
size_t oc_picture_write(const oc_frame *frame, const oc_frame *before, const void *extra,
                        size_t n_extra, unsigned char *out);

/* What it gives points into the data.  OC_FORMAT, also for sizes that no frame has. */
OC_MUST_CHECK oc_status oc_picture_read(const unsigned char *data, size_t n, oc_picture *out,
                                        oc_error *err);
/* The frame itself, out of `pool`, for one oc_frame_unref.  before: the frame with that index, or
 * NULL.  OC_FORMAT: another one, or none, was needed. */
OC_MUST_CHECK oc_status oc_picture_unpack(const oc_picture *picture, const oc_frame *before,
                                          oc_frame_pool *pool, oc_frame **out, oc_error *err);

#endif
