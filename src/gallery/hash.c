/* Whose embeddings they are: the bytes of the network, not its name. */
#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "gallery/gallery.h"

static oc_status hash_all(FILE *f, const char *path, EVP_MD_CTX *ctx, unsigned char digest[32],
                          oc_error *err)
{
    unsigned char block[1 << 14];
    unsigned      bytes = 0;
    size_t        got;
    bool          good = EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1;
    while (good && (got = fread(block, 1, sizeof(block), f)) > 0)
        good = EVP_DigestUpdate(ctx, block, got) == 1;
    if (ferror(f))
        return OC_FAIL(err, OC_IO, "%s: %s", path, strerror(errno));
    if (!good || EVP_DigestFinal_ex(ctx, digest, &bytes) != 1 || bytes != 32)
        return OC_FAIL(err, OC_UNSUPPORTED, "%s: libcrypto gives no SHA-256", path);
    return OC_OK;
}

oc_status oc_gallery_hash(const char *path, char hex[65], oc_error *err)
{
    unsigned char digest[32] = {0};
    FILE         *f = fopen(path, "rb");
    if (!f)
        return OC_FAIL(err, errno == ENOENT ? OC_NOT_FOUND : OC_IO, "%s: %s", path,
                       strerror(errno));
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    oc_status   st = ctx ? hash_all(f, path, ctx, digest, err)
                         : OC_FAIL(err, OC_NOMEM, "%s: out of memory", path);
    EVP_MD_CTX_free(ctx);
    fclose(f);
    for (size_t i = 0; i < sizeof(digest) && st == OC_OK; i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    return st;
}
