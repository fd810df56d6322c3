/* askew.h -- weights that lie misaligned in a file: copies that come and go.
 *
 * protobuf aligns nothing, so that three of four float tensors cannot be read where they lie.  Their
 * copies are made at import; who reads them holds them, says of each when it has read enough, and
 * the last who does gives its memory back.  The next holder gets them again from the file, at the
 * same addresses.  For several threads at once, but for `add`. */
#ifndef OC_ONNX_ASKEW_H
#define OC_ONNX_ASKEW_H

#include <stddef.h>

#include "ocellus/status.h"

#define OC_ASKEW_BYTES_MIN ((size_t)16 << 10) /* less is not worth pages of its own */

typedef struct oc_askew oc_askew;
OC_MUST_CHECK oc_status oc_askew_create(oc_askew **out, oc_error *err);
void                    oc_askew_destroy(oc_askew *askew); /* NULL is fine; nobody holds it */

/* The n > 0 bytes at raw, page-aligned.  raw must stay and keep its contents; NULL: no memory. */
OC_MUST_CHECK void *oc_askew_add(oc_askew *askew, const void *raw, size_t n);

/* What one reader still holds: a flag a copy. */
typedef struct oc_askew_hold {
    oc_askew      *askew; /* NULL: holds nothing */
    unsigned char *held;
} oc_askew_hold;

/* All copies are there until the holder gives them back.  askew NULL: there are none. */
OC_MUST_CHECK oc_status oc_askew_take(oc_askew *askew, oc_askew_hold *out, oc_error *err);
/* The holder does not read the copy that holds p any more; other addresses are ignored. */
void oc_askew_drop(oc_askew_hold *hold, const void *p);
void oc_askew_give_back(oc_askew_hold *hold); /* a zeroed one is fine */

/* Bytes that are in memory at present. */
size_t oc_askew_bytes(oc_askew *askew);

#endif
