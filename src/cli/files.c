#include "cli/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_BYTES 4096

oc_status cli_make_folders(const char *path, oc_error *err)
{
    char part[PATH_BYTES];
    if (snprintf(part, sizeof(part), "%s", path) >= (int)sizeof(part))
        return OC_FAIL(err, OC_INVALID, "%.60s...: the path is too long", path);
    for (char *slash = part;;) {
        slash = strchr(slash + 1, '/');
        if (slash)
            *slash = 0;
        if (mkdir(part, 0777) != 0 && errno != EEXIST)
            return OC_FAIL(err, OC_IO, "%s: %s", part, strerror(errno));
        if (!slash)
            return OC_OK;
        *slash = '/';
    }
}

static oc_status hash_file(FILE *f, const char *path, EVP_MD_CTX *ctx, char hex[65], oc_error *err)
{
    unsigned char digest[EVP_MAX_MD_SIZE], block[1 << 16];
    unsigned      n = 0;
    size_t        got;
    if (!EVP_DigestInit_ex(ctx, EVP_sha256(), NULL))
        return OC_FAIL(err, OC_UNSUPPORTED, "no SHA-256 here");
    while ((got = fread(block, 1, sizeof(block), f)) > 0)
        if (!EVP_DigestUpdate(ctx, block, got))
            return OC_FAIL(err, OC_UNSUPPORTED, "no SHA-256 here");
    if (ferror(f))
        return OC_FAIL(err, OC_IO, "%s: %s", path, strerror(errno));
    if (!EVP_DigestFinal_ex(ctx, digest, &n) || n != 32)
        return OC_FAIL(err, OC_UNSUPPORTED, "no SHA-256 here");
    for (unsigned i = 0; i < n; i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    return OC_OK;
}

oc_status cli_sha256(const char *path, char hex[65], oc_error *err)
{
    FILE *f = fopen(path, "rb");
    if (!f)
        return OC_FAIL(err, errno == ENOENT ? OC_NOT_FOUND : OC_IO, "%s: %s", path,
                       strerror(errno));
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    oc_status   st =
        ctx ? hash_file(f, path, ctx, hex, err) : OC_FAIL(err, OC_NOMEM, "out of memory");
    EVP_MD_CTX_free(ctx);
    fclose(f);
    return st;
}

oc_status cli_check_sha256(const char *path, const char *want, oc_error *err)
{
    char      hex[65];
    oc_status st = cli_sha256(path, hex, err);
    if (st == OC_OK && want && strcmp(hex, want) != 0)
        return OC_FAIL(err, OC_FORMAT, "%s: sha256 is %s, %s was expected", path, hex, want);
    return st;
}

oc_status cli_copy(const char *from, const char *to, oc_error *err)
{
    char      block[1 << 16];
    oc_status st = OC_OK;
    FILE     *in = fopen(from, "rb"), *out = in ? fopen(to, "wb") : NULL;
    if (!in || !out) {
        st = OC_FAIL(err, OC_IO, "%s: %s", in ? to : from, strerror(errno));
        goto done;
    }
    size_t n;
    while (st == OC_OK && (n = fread(block, 1, sizeof(block), in)) > 0)
        if (fwrite(block, 1, n, out) != n)
            st = OC_FAIL(err, OC_IO, "%s: %s", to, strerror(errno));
    if (st == OC_OK && ferror(in))
        st = OC_FAIL(err, OC_IO, "%s: %s", from, strerror(errno));
done:
    if (in)
        fclose(in);
    if (out && fclose(out) != 0 && st == OC_OK)
        st = OC_FAIL(err, OC_IO, "%s: %s", to, strerror(errno));
    return st;
}

/* The part moves to the front, block by block, then the rest is cut off. */
oc_status cli_cut(const char *path, int64_t from, int64_t to, oc_error *err)
{
    char      block[1 << 16];
    oc_status st = OC_OK;
    int       fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return OC_FAIL(err, OC_IO, "%s: %s", path, strerror(errno));
    for (int64_t at = from; st == OC_OK && at < to;) {
        size_t  n = to - at < (int64_t)sizeof(block) ? (size_t)(to - at) : sizeof(block);
        ssize_t got = pread(fd, block, n, at);
        if (got == 0)
            st = OC_FAIL(err, OC_FORMAT, "%s: ends at byte %lld, %lld are expected", path,
                         (long long)at, (long long)to);
        else if (got < 0 || pwrite(fd, block, (size_t)got, at - from) != got)
            st = OC_FAIL(err, OC_IO, "%s: %s", path, strerror(errno));
        else
            at += got;
    }
    if (st == OC_OK && ftruncate(fd, to - from) != 0)
        st = OC_FAIL(err, OC_IO, "%s: %s", path, strerror(errno));
    close(fd);
    return st;
}

oc_status cli_replace(const char *from, const char *to, oc_error *err)
{
    int fd = open(from, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) != 0 || rename(from, to) != 0) {
        oc_status st = OC_FAIL(err, OC_IO, "%s: %s", to, strerror(errno));
        if (fd >= 0)
            close(fd);
        return st;
    }
    close(fd);
    return OC_OK;
}

bool cli_exists(const char *path)
{
    return access(path, R_OK) == 0;
}

int64_t cli_size(const char *path)
{
    struct stat s;
    return stat(path, &s) == 0 ? (int64_t)s.st_size : -1;
}

void cli_remove_folder(const char *path)
{
    char           inside[PATH_BYTES];
    DIR           *dir = opendir(path);
    struct dirent *e;
    while (dir && (e = readdir(dir))) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 ||
            snprintf(inside, sizeof(inside), "%s/%s", path, e->d_name) >= (int)sizeof(inside))
            continue;
        if (unlink(inside) != 0)
            rmdir(inside);
    }
    if (dir)
        closedir(dir);
    rmdir(path);
}
