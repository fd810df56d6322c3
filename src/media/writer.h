/* writer.h -- frames into a video file: .y4m by ourselves, .mp4 and what else the plug-in knows.
 *
 * Until it is closed the file is called "<path>.part"; it gets its name when it is whole.  When a
 * call fails, or the writer is dropped, nothing stays behind. */
#ifndef OC_MEDIA_WRITER_H
#define OC_MEDIA_WRITER_H

#include "ocellus/media.h"

typedef struct oc_writer oc_writer; /* one thread at a time */

/* OC_UNSUPPORTED  nobody writes such files here; err says what to install
 * OC_IO           the file cannot be made */
OC_MUST_CHECK oc_status oc_writer_open(const char *path, int32_t width, int32_t height, double fps,
                                       oc_writer **out, oc_error *err);

/* Any pixel format of the writer's size; I420 is quickest.  OC_IO: the disk is full, say. */
OC_MUST_CHECK oc_status oc_writer_put(oc_writer *writer, const oc_frame *frame, oc_error *err);

/* Finishes and renames.  Frees in any case; with a failure before or now the file is removed. */
OC_MUST_CHECK oc_status oc_writer_close(oc_writer *writer, oc_error *err);
void                    oc_writer_drop(oc_writer *writer); /* removes; NULL is fine */

#endif
