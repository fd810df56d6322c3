/* source_builtin.h -- the readers that need no plug-in, and what they share. */
#ifndef OC_MEDIA_SOURCE_BUILTIN_H
#define OC_MEDIA_SOURCE_BUILTIN_H

#include "media/frame.h"

extern const oc_media_ops oc_source_image;  /* files, folders, globs */
extern const oc_media_ops oc_source_stream; /* Y4M, MJPEG, raw video; files and pipes */
extern const oc_media_ops oc_source_v4l2;

/* True when options.format asks for the stream reader: "y4m", "mjpeg" or a pixel format. */
bool oc_source_stream_wants(const char *format);

/* "jpg" of "a/b.jpg", "" without one; not beyond the last '/'. */
const char *oc_url_suffix(const char *url);

double oc_source_fps(const oc_source_options *options); /* the rate asked for, else 25 */

static inline bool oc_source_cancelled(const volatile int *cancel)
{
    return cancel && __atomic_load_n(cancel, __ATOMIC_RELAXED) != 0;
}

/* Waits for `fd` to become readable.  timeout_ms 0 = as long as it takes.  OC_OK, OC_CANCELLED, or
 * OC_IO when the time is over (err filled in). */
OC_MUST_CHECK oc_status oc_source_wait(int fd, uint32_t timeout_ms, const volatile int *cancel,
                                       oc_error *err);

#endif
