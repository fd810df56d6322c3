/* pixels.h -- a frame's planes, packed without loss at little cost.
 *
 * Rows are cut into blocks of 16 bytes.  A block is told by what it is like - the same place in the
 * frame before, the row above, the byte to the left, or the row above moved as the frame before
 * moved - and by the differences, each in as many bits as the largest of the block needs.  Blocks
 * that are as they were in the frame before cost next to nothing, which is most of what a camera
 * that stands still sees once a video decoder has smoothed its noise.  The arithmetic is on eight
 * bytes in a 64-bit word, 0.8 ns a pixel where deflate's quickest level takes 20 (docs/replay.md).
 *
 *   0x00 .. 0x7f           1 .. 128 blocks as in the frame before
 *   0x80 | like << 4 | b   one block, b bits (0 .. 8) a byte: 2 b bytes follow
 *
 * Differences are modulo 256 and folded (0, -1, 1, -2 ... become 0, 1, 2, 3 ...).  Bytes past the
 * end of a row count as 0.  A run goes on over the ends of rows, not of planes. */
#ifndef OC_RECORDING_PIXELS_H
#define OC_RECORDING_PIXELS_H

#include "media/frame.h"

/* Most that a frame can take packed, with the slack that packing writes into. */
size_t oc_pixels_bound(const oc_frame *frame);

/* Can `before` be what `frame` is told by? */
bool oc_pixels_alike(const oc_frame *frame, const oc_frame *before);

/*   before  a frame of the same format and size, or NULL
 *   out     oc_pixels_bound(frame) bytes
 *
 * Gives back the bytes used. */
size_t oc_pixels_pack(const oc_frame *frame, const oc_frame *before, unsigned char *out);

/* frame: of format and size, the caller's alone.  before: as when it was packed.
 * OC_FORMAT: not what packing gives; err has the place. */
OC_MUST_CHECK oc_status oc_pixels_unpack(const unsigned char *bytes, size_t n,
                                         const oc_frame *before, oc_frame *frame, oc_error *err);

#endif
