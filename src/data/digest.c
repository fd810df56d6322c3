#include "data/digest.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PIECE ((size_t)256 * 1024)

typedef struct hashing {
    EVP_MD_CTX *sha256, *md5;
    bool        ok;
} hashing;

static void begin(hashing *h, bool md5)
{
    h->sha256 = EVP_MD_CTX_new();
    h->md5 = md5 ? EVP_MD_CTX_new() : NULL;
    h->ok = h->sha256 && EVP_DigestInit_ex(h->sha256, EVP_sha256(), NULL) == 1 &&
            (!md5 || (h->md5 && EVP_DigestInit_ex(h->md5, EVP_md5(), NULL) == 1));
}

static void take(hashing *h, const void *data, size_t n, oc_digest *out)
{
    h->ok = h->ok && EVP_DigestUpdate(h->sha256, data, n) == 1 &&
            (!h->md5 || EVP_DigestUpdate(h->md5, data, n) == 1);
    out->bytes += n;
}

static void put_hex(EVP_MD_CTX *ctx, char *to, bool *ok)
{
    unsigned char raw[EVP_MAX_MD_SIZE];
    unsigned      n = 0;
    *ok = *ok && EVP_DigestFinal_ex(ctx, raw, &n) == 1;
    for (unsigned i = 0; i < n; i++)
        snprintf(to + 2 * i, 3, "%02x", raw[i]);
}

static oc_status end(hashing *h, oc_digest *out, oc_error *err)
{
    put_hex(h->sha256, out->sha256, &h->ok);
    if (h->md5)
        put_hex(h->md5, out->md5, &h->ok);
    EVP_MD_CTX_free(h->sha256);
    EVP_MD_CTX_free(h->md5);
    return h->ok ? OC_OK
                 : OC_FAIL(err, OC_UNSUPPORTED, "the system's library has no md5 or sha256");
}

oc_status oc_digest_bytes(const void *data, size_t n, oc_digest *out, oc_error *err)
{
    hashing h;
    *out = (oc_digest){.bytes = 0};
    begin(&h, true);
    take(&h, data, n, out);
    return end(&h, out, err);
}

static oc_status hash_file(const char *path, bool md5, oc_digest *out, oc_error *err)
{
    hashing        h;
    oc_status      st = OC_OK;
    unsigned char *piece = malloc(PIECE);
    FILE          *f = piece ? fopen(path, "rb") : NULL;
    *out = (oc_digest){.bytes = 0};
    if (!f) {
        free(piece);
        return OC_FAIL(err, OC_IO, "%s: %s", path, strerror(errno));
    }
    begin(&h, md5);
    for (size_t n; (n = fread(piece, 1, PIECE, f)) > 0;)
        take(&h, piece, n, out);
    if (ferror(f))
        st = OC_FAIL(err, OC_IO, "%s: %s", path, strerror(errno));
    fclose(f);
    free(piece);
    oc_status ended = end(&h, out, st == OC_OK ? err : NULL);
    return st != OC_OK ? st : ended;
}

oc_status oc_digest_file(const char *path, oc_digest *out, oc_error *err)
{
    return hash_file(path, true, out, err);
}

oc_status oc_digest_sha256(const char *path, oc_digest *out, oc_error *err)
{
    return hash_file(path, false, out, err);
}
