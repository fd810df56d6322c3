/* source_stream.h -- what the stream formats share: buffered bytes and the state of a stream. */
#ifndef OC_MEDIA_SOURCE_STREAM_H
#define OC_MEDIA_SOURCE_STREAM_H

#include "media/frame.h"

typedef struct oc_stream_kind {
    const char *name;
    oc_status (*begin)(oc_source *s, const oc_source_options *options, oc_error *err);
    /* OC_END at a frame's border only. */
    oc_status (*next)(oc_source *s, oc_frame **out, oc_error *err);
} oc_stream_kind;

extern const oc_stream_kind oc_stream_y4m, oc_stream_mjpeg, oc_stream_raw;

struct oc_source {
    const oc_stream_kind *kind;
    int                   fd;
    bool                  own_fd, ended;
    uint8_t              *bytes; /* [begin, end) are read but not used */
    size_t                room, begin, end;
    const volatile int   *cancel;
    oc_frame_pool        *pool;
    oc_frame             *first; /* read at open */
    uint64_t              frames;
    double                fps;
    oc_pixel_format       format; /* of all frames: Y4M, raw */
    int32_t               width, height;
    bool                  full_range, chroma_center;
};

/* Makes at least n bytes available from s->begin on, fewer only at the end of the stream. */
OC_MUST_CHECK oc_status oc_stream_fill(oc_source *s, size_t n, oc_error *err);
/* Takes n bytes; *got is smaller only at the end. */
OC_MUST_CHECK oc_status oc_stream_read(oc_source *s, void *to, size_t n, size_t *got,
                                       oc_error *err);
/* Fills the planes from dense rows; OC_END when there is not one byte. */
OC_MUST_CHECK oc_status oc_stream_planes(oc_source *s, oc_frame *frame, oc_error *err);
oc_status oc_stream_broken(const oc_source *s, oc_error *err); /* OC_FORMAT, "breaks off ..." */

#endif
