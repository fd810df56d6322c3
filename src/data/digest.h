/* digest.h -- hashes of files: sha256 for us, md5 as DVC wants it. */
#ifndef OC_DATA_DIGEST_H
#define OC_DATA_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#include "ocellus/status.h"

typedef struct oc_digest {
    char     sha256[65], md5[33]; /* lower case hexadecimal */
    uint64_t bytes;
} oc_digest;

/* Read in pieces; OC_IO. */
OC_MUST_CHECK oc_status oc_digest_file(const char *path, oc_digest *out, oc_error *err);
/* The same without md5, which stays empty: half the time. */
OC_MUST_CHECK oc_status oc_digest_sha256(const char *path, oc_digest *out, oc_error *err);
OC_MUST_CHECK oc_status oc_digest_bytes(const void *data, size_t n, oc_digest *out, oc_error *err);

#endif
