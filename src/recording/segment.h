/* segment.h -- one file of a recording: a head and checksummed blocks.
 *
 *   file    "OCELREC\n", u32 version, u32 0, then blocks
 *   block   u32 "blk\n", u32 kind, u64 bytes that follow, u64 lost, u64 number, u64 XXH64 of the
 *           32 bytes before and of what follows; what follows
 *
 * Numbers are little-endian.  `number` counts the segment's blocks; `lost` is how many things the
 * recording has lost so far for want of room: where it differs from the block before, something is
 * missing in between.  A segment that was finished ends with a block SEALED.  One that was not - the
 * program was killed, the power went - may end in the middle of a block: that tail is left out and
 * told.  Anything else that is wrong is damage. */
#ifndef OC_RECORDING_SEGMENT_H
#define OC_RECORDING_SEGMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ocellus/status.h"

#define OC_RECORDING_VERSION 1u
#define OC_SEGMENT_HEAD_BYTES 16
#define OC_BLOCK_HEAD_BYTES 40

/* name, number in files, text */
#define OC_BLOCK_MAP(X)                                                                        \
    X(INFO, 1, "info")     /* what runs: program, networks, kernels, pipeline; JSON */         \
    X(STATE, 2, "state")   /* tracks, evidence, counts before the frame that follows */        \
    X(FRAME, 3, "frame")   /* decisions about a frame, and its pixels; work on it begins */    \
    X(DONE, 4, "done")     /* work on a frame is done: times, events */                        \
    X(NOTE, 5, "note")     /* what belongs to no frame: drops, ladder, first and last words */ \
    X(END, 6, "end")       /* the stream is over, and how */                                   \
    X(SEALED, 7, "sealed") /* nothing: the segment is whole */

typedef enum oc_block_kind {
#define X(name, number, text) OC_BLOCK_##name = (number),
    OC_BLOCK_MAP(X)
#undef X
} oc_block_kind;

const char *oc_block_name(oc_block_kind kind); /* "frame"; "?" */

/* ---- writing ---- */

void oc_segment_head(unsigned char out[OC_SEGMENT_HEAD_BYTES]);
/* The head of a block over bytes that lie in one piece behind it: out[0 .. OC_BLOCK_HEAD_BYTES) is
 * filled in, the `bytes` after it have been. */
void oc_block_seal(unsigned char *block, oc_block_kind kind, uint64_t bytes, uint64_t lost,
                   uint64_t number);

/* ---- reading ---- */

typedef struct oc_block {
    oc_block_kind        kind;
    const unsigned char *data;
    size_t               n;
    uint64_t             lost, number;
    size_t               at; /* offset in the file, of the block's head */
} oc_block;

typedef struct oc_segment {    /* over bytes in memory, which stay the caller's */
    const char          *name; /* for messages */
    const unsigned char *bytes;
    size_t               n, at;
    uint64_t             number;
    bool                 sealed, torn;
    char                 torn_text[160]; /* what is missing at the end, "" */
} oc_segment;

/* OC_FORMAT: no segment.  OC_UNSUPPORTED: of a newer version.  "<name>: reason" */
OC_MUST_CHECK oc_status oc_segment_open(const char *name, const unsigned char *bytes, size_t n,
                                        oc_segment *out, oc_error *err);
/* The next block; its data lie in the segment's bytes.  pixels false: those of frames are not looked
 * at, so that their checksum is not either.
 *
 * OC_END     the end, or a torn tail (then `torn` and its text are set)
 * OC_FORMAT  damage: "<name>:<offset>: reason" */
OC_MUST_CHECK oc_status oc_segment_next(oc_segment *s, bool pixels, oc_block *out, oc_error *err);

#endif
