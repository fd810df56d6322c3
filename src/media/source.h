/* source.h -- opens whatever a URL names and reads frames from it.
 *
 *   path            video file (plug-in), .jpg .png image, .y4m, .mjpg
 *   folder, glob    its .jpg, .jpeg and .png files, sorted by name
 *   - or pipe:0     standard input: Y4M or MJPEG by itself, raw video with format and size
 *   v4l2:/dev/videoN
 *   rtsp://  http://  and all else: plug-ins
 *
 * Built-in readers come first where both can read a thing.  Plug-ins are `media_*.so` in the
 * folders of $OCELLUS_PLUGINS (separated by ':'), in `plugins/` beside the program and in
 * `../lib/ocellus/plugins` seen from the program; they are loaded when first needed. */
#ifndef OC_MEDIA_SOURCE_H
#define OC_MEDIA_SOURCE_H

#include "ocellus/media.h"

typedef struct oc_input oc_input; /* an open source; one thread at a time */

/*   options  read during this call; `cancel` must live as long as the input
 *   out      for oc_input_close; untouched on failure
 *
 * OC_NOT_FOUND    no such file or device
 * OC_FORMAT       it is not a video or image, or has no video stream
 * OC_UNSUPPORTED  no reader for this URL; err says which package brings one
 * OC_IO           it cannot be read, or does not answer */
OC_MUST_CHECK oc_status oc_input_open(const oc_source_options *options, oc_input **out,
                                      oc_error *err);
void oc_input_close(oc_input *input); /* NULL is fine; frames read before stay valid */

/* The next frame, with a reference for the caller.  Messages start with the URL.
 *
 * OC_END        orderly end
 * OC_FORMAT     it breaks off or is corrupt here; the frames before are good
 * OC_IO         a live source was lost
 * OC_CANCELLED  options.cancel was set */
OC_MUST_CHECK oc_status oc_input_read(oc_input *input, oc_frame **out, oc_error *err);

const oc_source_info *oc_input_info(const oc_input *input);
const char           *oc_input_reader(const oc_input *input); /* "ffmpeg", "image" ... */
const char           *oc_input_url(const oc_input *input);
uint64_t              oc_input_frames(const oc_input *input); /* read so far */

/* ---- for the writer and `ocellus doctor` ---- */

/* The i-th reader: built-in ones, then plug-ins (loaded now).  NULL past the end. */
const oc_media_ops *oc_media_reader(size_t i);
/* The i-th plug-in that could not be used, and why; NULL past the end. */
const char *oc_media_complaint(size_t i);

/* Checks a plug-in's table; the message starts with `path`.  Missing slots at the end count as
 * NULL: *out is a whole table. */
OC_MUST_CHECK oc_status oc_media_check(const char *path, const oc_media_ops *table,
                                       oc_media_ops *out, oc_error *err);

#endif
