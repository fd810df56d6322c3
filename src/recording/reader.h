/* reader.h -- the blocks of a recorded folder, from one segment to the next. */
#ifndef OC_RECORDING_READER_H
#define OC_RECORDING_READER_H

#include "core/bytes.h"
#include "recording/ring.h"
#include "recording/segment.h"

typedef struct oc_reader {
    char             folder[OC_RING_PATH - 128], path[OC_RING_PATH];
    oc_ring_segment *list;
    size_t           n, at; /* at: the segment that is open, n: past the end */
    bool             open;
    oc_bytes         bytes;
    oc_segment       segment;
    uint64_t         before; /* number of the segment read last; 0: none */
    uint64_t         lost;   /* as the last block told; at first the most there is */
    bool             hole;   /* something is missing between the last block and the one before */
    bool             pixels;
    void (*torn)(void *ctx, const char *segment, const char *what); /* a tail left out; or NULL */
    void *ctx;
} oc_reader;

/* pixels: see oc_segment_next.  A folder without segments: OC_NOT_FOUND, with what is there instead
 * where that helps (streams' folders, incidents). */
OC_MUST_CHECK oc_status oc_reader_open(oc_reader *r, const char *folder, bool pixels,
                                       oc_error *err);
void                    oc_reader_close(oc_reader *r); /* a zeroed one is fine */

/* The next block; its data are valid until the next call.  first (may be NULL): it begins a segment.
 * A segment that the ring removed meanwhile is a hole.  OC_END.  Others as oc_segment_next and
 * oc_segment_open. */
OC_MUST_CHECK oc_status oc_reader_next(oc_reader *r, oc_block *out, bool *first, oc_error *err);
/* On with the i-th segment of the list. */
void oc_reader_seek(oc_reader *r, size_t i);

#endif
