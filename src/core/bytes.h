/* bytes.h -- a file's contents, mapped where nobody else may change it, read otherwise. */
#ifndef OC_CORE_BYTES_H
#define OC_CORE_BYTES_H

#include <stdbool.h>
#include <stddef.h>

#include "ocellus/status.h"

typedef struct oc_bytes {
    const unsigned char *data;
    size_t               n;
    bool                 mapped;
} oc_bytes;

/* A file that group or others may write is read instead of mapped: a mapped file that shrinks
 * kills the process.  A zeroed oc_bytes is fine for close.  OC_IO names path and reason. */
OC_MUST_CHECK oc_status oc_bytes_open(const char *path, oc_bytes *out, oc_error *err);
OC_MUST_CHECK oc_status oc_bytes_copy(const void *from, size_t n, oc_bytes *out, oc_error *err);
void                    oc_bytes_close(oc_bytes *bytes);

/* The whole pages inside [p, p + n) need no memory until they are read again: those of a mapped file
 * then come from the file, others are zero. */
void oc_pages_release(const void *p, size_t n);

#endif
