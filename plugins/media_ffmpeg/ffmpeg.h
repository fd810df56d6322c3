/* ffmpeg.h -- the plug-in's own parts, seen from one another. */
#ifndef MEDIA_FFMPEG_H
#define MEDIA_FFMPEG_H

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>

#include "ocellus/media.h"

/* ---- entry.c: errors ---- */

#define FAIL(err, status, ...) ff_fail((err), (status), __FILE__, __LINE__, __VA_ARGS__)
oc_status ff_fail(oc_error *err, oc_status status, const char *file, int line, const char *fmt, ...)
    OC_PRINTF(5, 6);

/* FFmpeg's own words for `code`, with the last complaint it logged in this thread, which usually
 * says more ("moov atom not found").  Gives back text. */
const char *ff_reason(int code, char *text, size_t text_bytes);
void        ff_forget_log(void);

/* ---- picture.c: decoded pictures as frames ---- */

/* Keeps the small records around frames for the next ones.  Lives until it is closed and the last
 * frame came back. */
typedef struct ff_pictures ff_pictures;
ff_pictures               *ff_pictures_create(void);
void                       ff_pictures_close(ff_pictures *pictures); /* NULL is fine */

/* Moves the reference in `av` into a frame; pixel formats that oc_frame lacks become I420.  `av` is
 * empty afterwards, in any case.  chroma_center: when the stream does not say. */
oc_status ff_pictures_wrap(ff_pictures *pictures, AVFrame *av, bool chroma_center, oc_frame **out,
                           oc_error *err);

/* ---- reader.c, writer.c ---- */

int       ff_probe(const char *url);
oc_status ff_open(const oc_source_options *options, oc_source **out, oc_source_info *info,
                  oc_error *err);
oc_status ff_read(oc_source *source, oc_frame **out, oc_error *err);
void      ff_close(oc_source *source);
oc_status ff_writer_open(const char *path, int32_t width, int32_t height, double fps, void **out,
                         oc_error *err);
oc_status ff_writer_put(void *writer, const oc_frame *frame, oc_error *err);
oc_status ff_writer_close(void *writer, oc_error *err);

#endif
