/* sha256.h -- SHA-256.      Source: FIPS 180-4. */
#ifndef OC_CORE_SHA256_H
#define OC_CORE_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define OC_SHA256_BYTES 32

typedef struct oc_sha256 {
    uint32_t      h[8];
    unsigned char block[64];
    uint64_t      n; /* bytes so far */
} oc_sha256;

void oc_sha256_init(oc_sha256 *s);
void oc_sha256_add(oc_sha256 *s, const void *bytes, size_t n);
void oc_sha256_end(oc_sha256 *s, unsigned char digest[OC_SHA256_BYTES]);

#endif
