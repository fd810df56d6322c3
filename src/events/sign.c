/* HMAC-SHA256 and base64. */
#include "events/sign.h"

#include <stdint.h>
#include <string.h>

#define BLOCK 64

void oc_sign_hmac(const void *key, size_t n_key, const oc_sign_part *part, size_t n_parts,
                  unsigned char mac[OC_SHA256_BYTES])
{
    unsigned char block[BLOCK] = {0}, pad[BLOCK];
    oc_sha256     s;
    if (n_key > BLOCK) {
        oc_sha256_init(&s);
        oc_sha256_add(&s, key, n_key);
        oc_sha256_end(&s, block);
    } else if (n_key > 0) {
        memcpy(block, key, n_key);
    }
    for (size_t i = 0; i < BLOCK; i++)
        pad[i] = block[i] ^ 0x36;
    oc_sha256_init(&s);
    oc_sha256_add(&s, pad, BLOCK);
    for (size_t i = 0; i < n_parts; i++)
        oc_sha256_add(&s, part[i].bytes, part[i].n);
    oc_sha256_end(&s, mac);
    for (size_t i = 0; i < BLOCK; i++)
        pad[i] = block[i] ^ 0x5C;
    oc_sha256_init(&s);
    oc_sha256_add(&s, pad, BLOCK);
    oc_sha256_add(&s, mac, OC_SHA256_BYTES);
    oc_sha256_end(&s, mac);
}

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void oc_sign_base64(const void *bytes, size_t n, char *text)
{
    const unsigned char *b = bytes;
    for (size_t i = 0; i < n; i += 3) {
        size_t   have = n - i < 3 ? n - i : 3;
        uint32_t v = (uint32_t)b[i] << 16;
        if (have > 1)
            v |= (uint32_t)b[i + 1] << 8;
        if (have > 2)
            v |= b[i + 2];
        *text++ = letters[v >> 18];
        *text++ = letters[v >> 12 & 63];
        *text++ = have > 1 ? letters[v >> 6 & 63] : '=';
        *text++ = have > 2 ? letters[v & 63] : '=';
    }
    *text = '\0';
}

size_t oc_sign_unbase64(const char *text, unsigned char *bytes)
{
    size_t   n = 0, length = strcspn(text, "=");
    uint32_t v = 0;
    for (size_t i = 0; i < length; i++) {
        const char *at = memchr(letters, text[i], 64);
        if (!at)
            return SIZE_MAX;
        v = v << 6 | (uint32_t)(at - letters);
        if (i % 4 != 0)
            bytes[n++] = (unsigned char)(v >> (6 - 2 * (i % 4)));
    }
    size_t tail = strlen(text + length);
    return length % 4 == 1 || tail > 2 || strspn(text + length, "=") != tail ? SIZE_MAX : n;
}
