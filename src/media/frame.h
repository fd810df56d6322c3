/* frame.h -- what frames look like in memory, and pools that hand the same frames out again.
 *
 * oc_frame itself and create, ref, unref stand in ocellus/media.h. */
#ifndef OC_MEDIA_FRAME_H
#define OC_MEDIA_FRAME_H

#include "ocellus/media.h"

#define OC_FRAME_SIDE_MAX 16384
#define OC_FRAME_PIXELS_MAX 200000000 /* of one frame: what a decoder may ask memory for */

const char     *oc_pixel_name(oc_pixel_format format); /* "i420"; "?" for an unknown one */
oc_pixel_format oc_pixel_parse(const char *text);      /* OC_PIXEL_NONE for an unknown one */

/* Geometry of plane p: bytes of a row that hold pixels, and rows.  Both 0 when the format has no
 * such plane. */
size_t oc_pixel_row_bytes(oc_pixel_format format, int p, int32_t width);
size_t oc_pixel_rows(oc_pixel_format format, int p, int32_t height);

/* Bytes of a frame with dense rows, plane after plane, as raw video has it. */
size_t oc_pixel_frame_bytes(oc_pixel_format format, int32_t width, int32_t height);

/* ---- pool ---- */

typedef struct oc_frame_pool oc_frame_pool;

OC_MUST_CHECK oc_status oc_frame_pool_create(oc_frame_pool **out, oc_error *err);
/* Frames still held by somebody stay valid; their memory goes when they are given back.  NULL is
 * fine. */
void oc_frame_pool_destroy(oc_frame_pool *pool);

/* A frame with the caller as its only holder; metadata zeroed.  A returned one is used again when
 * it is large enough: a stream of one size allocates only until as many frames exist as are held at
 * once.  From any thread. */
OC_MUST_CHECK oc_status oc_frame_pool_take(oc_frame_pool *pool, oc_pixel_format format,
                                           int32_t width, int32_t height, oc_frame **out,
                                           oc_error *err);
uint64_t oc_frame_pool_allocations(const oc_frame_pool *pool); /* since it was made */

/* ---- copies ---- */

/* Writes `from` into `to`, a frame of the same size that the caller alone holds.  `to` may be I420,
 * GRAY8 (luma, full range), RGB24 or BGR24.  YUV to I420 keeps range and matrix; from RGB it
 * becomes limited-range BT.601.  Index, time and flags are copied.
 *
 * OC_INVALID  sizes differ, or `to` has another format */
OC_MUST_CHECK oc_status oc_frame_convert(const oc_frame *from, oc_frame *to, oc_error *err);

/* I420 in place from 0..255 to 16..235; nothing to do for a limited-range frame. */
void oc_frame_limit_range(oc_frame *i420);

#endif
