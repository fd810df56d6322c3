/* part.h -- an output file that is either whole or not there.
 *
 * It is written as "<path>.part" through a buffer of its own and gets its name when it is finished;
 * dropping it leaves nothing behind.  A path that is a pipe or a device is written as it is. */
#ifndef OC_EVENTS_PART_H
#define OC_EVENTS_PART_H

#include <stdbool.h>
#include <stddef.h>

#include "ocellus/status.h"

typedef struct oc_part oc_part; /* one thread at a time */

/* OC_IO names path and reason.  Takes all its memory here.  "-" is not special. */
OC_MUST_CHECK oc_status oc_part_create(const char *path, oc_part **out, oc_error *err);

/* Failures stick: later puts do nothing, finish tells.  OC_IO: the disk is full, say. */
OC_MUST_CHECK oc_status oc_part_put(oc_part *part, const void *bytes, size_t n, oc_error *err);
OC_MUST_CHECK oc_status oc_part_text(oc_part *part, const char *text, oc_error *err);
OC_MUST_CHECK oc_status oc_part_printf(oc_part *part, oc_error *err, const char *fmt, ...)
    OC_PRINTF(3, 4);                                                 /* up to 2048 bytes */
OC_MUST_CHECK oc_status oc_part_flush(oc_part *part, oc_error *err); /* for readers that follow */

/* All bytes are in the file, which keeps its temporary name for now: what can fail has been tried
 * before the first of several outputs gets its name. */
OC_MUST_CHECK oc_status oc_part_seal(oc_part *part, oc_error *err);
/* Seals and renames; frees in any case.  After a failure the file is removed. */
OC_MUST_CHECK oc_status oc_part_finish(oc_part *part, oc_error *err);
void                    oc_part_drop(oc_part *part); /* removes; NULL is fine */

const char *oc_part_path(const oc_part *part); /* the final name */

/* Makes the folder and those above it.  OC_IO. */
OC_MUST_CHECK oc_status oc_make_folders(const char *path, oc_error *err);

#endif
