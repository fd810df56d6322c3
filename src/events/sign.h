/* sign.h -- HMAC-SHA256 and base64, for signed requests.      Sources: RFC 2104, RFC 4648 part 4. */
#ifndef OC_EVENTS_SIGN_H
#define OC_EVENTS_SIGN_H

#include <stddef.h>

#include "core/sha256.h"

typedef struct oc_sign_part {
    const void *bytes;
    size_t      n;
} oc_sign_part;

/* Over the parts, one after the other. */
void oc_sign_hmac(const void *key, size_t n_key, const oc_sign_part *part, size_t n_parts,
                  unsigned char mac[OC_SHA256_BYTES]);

/* 4 * ((n + 2) / 3) letters and a zero byte. */
void oc_sign_base64(const void *bytes, size_t n, char *text);
/* Gives back the number of bytes (at most 3/4 of the letters), or SIZE_MAX: not base64. */
size_t oc_sign_unbase64(const char *text, unsigned char *bytes);

#endif
