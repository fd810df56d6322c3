#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "data/file.h"

#define DEPTH_MAX 12

/* ---- names ---- */

bool oc_data_is_folder(const char *path)
{
    struct stat about;
    return stat(path, &about) == 0 && S_ISDIR(about.st_mode);
}

bool oc_data_is_file(const char *path)
{
    struct stat about;
    return stat(path, &about) == 0 && S_ISREG(about.st_mode);
}

const char *oc_data_base(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

bool oc_data_has_suffix(const char *name, const char *suffixes)
{
    const char *dot = strrchr(oc_data_base(name), '.');
    size_t      n = dot ? strlen(dot) : 0;
    for (const char *p = suffixes; n > 1 && *p;) {
        size_t step = 1 + strcspn(p + 1, ".");
        if (step == n && strncasecmp(p, dot, n) == 0)
            return true;
        p += step;
    }
    return false;
}

bool oc_data_swap_suffix(const char *name, const char *suffix, char *out, size_t bytes)
{
    const char *base = oc_data_base(name), *dot = strrchr(base, '.');
    size_t      stem = dot && dot > base ? (size_t)(dot - name) : strlen(name);
    int         n = snprintf(out, bytes, "%.*s%s", (int)stem, name, suffix);
    return n > 0 && (size_t)n < bytes;
}

oc_status oc_data_path(char out[OC_DATA_PATH_MAX], const char *folder, const char *name,
                       oc_error *err)
{
    int n = snprintf(out, OC_DATA_PATH_MAX, "%s%s%s", folder, *folder ? "/" : "", name);
    return n > 0 && n < OC_DATA_PATH_MAX
               ? OC_OK
               : OC_FAIL(err, OC_UNSUPPORTED, "%.200s: the path is too long", name);
}

/* ---- folders ---- */

static oc_status keep(oc_data_files *f, const char *name, oc_error *err)
{
    if (f->n == f->cap) {
        size_t cap = f->cap * 2 + 64;
        char **p = reallocarray(f->name, cap, sizeof(*p));
        if (!p)
            return OC_FAIL(err, OC_NOMEM, "%zu files", cap);
        f->name = p;
        f->cap = cap;
    }
    f->name[f->n] = strdup(name);
    return f->name[f->n] ? (f->n++, OC_OK) : OC_FAIL(err, OC_NOMEM, "%zu files", f->n);
}

static oc_status walk(oc_data_files *f, const char *below, const char *suffixes, int depth,
                      oc_error *err)
{
    char           path[OC_DATA_PATH_MAX], inner[OC_DATA_PATH_MAX];
    struct dirent *e;
    oc_status      st = oc_data_path(path, f->folder, below, err);
    DIR           *dir = st == OC_OK ? opendir(path) : NULL;
    if (st != OC_OK || depth > DEPTH_MAX)
        st = st != OC_OK ? st : OC_FAIL(err, OC_UNSUPPORTED, "%s: folders nested too deep", path);
    else if (!dir)
        st = OC_FAIL(err, OC_IO, "%s: %s", path, strerror(errno));
    while (st == OC_OK && (e = readdir(dir))) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 ||
            (e->d_name[0] == '.' && !(suffixes && strcmp(suffixes, OC_DATA_HIDDEN) == 0)))
            continue;
        if ((st = oc_data_path(inner, below, e->d_name, err)) != OC_OK ||
            (st = oc_data_path(path, f->folder, inner, err)) != OC_OK)
            break;
        if (oc_data_is_folder(path))
            st = walk(f, inner, suffixes, depth + 1, err);
        else if ((!suffixes || *suffixes == '*' || oc_data_has_suffix(inner, suffixes)) &&
                 oc_data_is_file(path))
            st = keep(f, inner, err);
    }
    if (dir)
        closedir(dir);
    return st;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

oc_status oc_data_files_list(const char *path, const char *suffixes, oc_data_files *out,
                             oc_error *err)
{
    oc_data_files f = {0};
    oc_status     st;
    if (oc_data_is_folder(path)) {
        f.folder = strdup(path);
        st = f.folder ? walk(&f, "", suffixes, 0, err) : OC_FAIL(err, OC_NOMEM, "%s", path);
        if (f.n)
            qsort(f.name, f.n, sizeof(*f.name), by_text);
    } else if (oc_data_is_file(path)) {
        const char *base = oc_data_base(path);
        f.folder = base == path ? strdup(".") : strndup(path, (size_t)(base - path));
        st = f.folder ? keep(&f, base, err) : OC_FAIL(err, OC_NOMEM, "%s", path);
    } else {
        st = OC_FAIL(err, OC_IO, "%s: no such file or folder", path);
    }
    if (st == OC_OK)
        *out = f;
    else
        oc_data_files_finish(&f);
    return st;
}

void oc_data_files_finish(oc_data_files *files)
{
    for (size_t i = 0; i < files->n; i++)
        free(files->name[i]);
    free(files->name);
    free(files->folder);
    *files = (oc_data_files){0};
}

/* ---- lines ---- */

oc_status oc_data_lines_open(const char *path, oc_data_lines *out, oc_error *err)
{
    struct stat about;
    *out = (oc_data_lines){0};
    if (stat(path, &about) == 0 && S_ISREG(about.st_mode) && about.st_size == 0)
        return OC_OK; /* a picture without objects: no lines */
    oc_status st = oc_bytes_open(path, &out->bytes, err);
    if (st == OC_OK && out->bytes.n && memchr(out->bytes.data, 0, out->bytes.n)) {
        const unsigned char *zero = memchr(out->bytes.data, 0, out->bytes.n);
        st = OC_FAIL(err, OC_FORMAT, "%s: byte %td: a zero byte: not a text file", path,
                     zero - out->bytes.data);
        oc_data_lines_finish(out);
    }
    return st;
}

oc_status oc_data_lines_next(oc_data_lines *l, oc_error *err)
{
    if (l->at >= l->bytes.n)
        return OC_END;
    const unsigned char *from = l->bytes.data + l->at;
    const unsigned char *nl = memchr(from, '\n', l->bytes.n - l->at);
    size_t               n = nl ? (size_t)(nl - from) : l->bytes.n - l->at;
    if (n + 1 > l->cap) {
        char *p = realloc(l->text, n + 256);
        if (!p)
            return OC_FAIL(err, OC_NOMEM, "a line of %zu bytes", n);
        l->text = p;
        l->cap = n + 256;
    }
    memcpy(l->text, from, n);
    l->at += n + 1;
    l->line++;
    while (n && l->text[n - 1] == '\r')
        n--;
    l->text[n] = 0;
    return OC_OK;
}

void oc_data_lines_finish(oc_data_lines *lines)
{
    oc_bytes_close(&lines->bytes);
    free(lines->text);
    *lines = (oc_data_lines){0};
}

static char *quoted_field(char **at, char sep)
{
    char *from = *at + 1, *to = from, *p = from;
    while (*p && !(p[0] == '"' && p[1] != '"')) {
        p += *p == '"';
        *to++ = *p++;
    }
    p += *p == '"';
    *at = *p == sep ? p + 1 : NULL;
    *to = 0;
    return from;
}

char *oc_data_field(char **at, char sep)
{
    char *p = *at;
    if (!p)
        return NULL;
    if (sep == ' ') {
        p += strspn(p, " \t");
        if (!*p)
            return NULL;
    } else if (*p == '"') {
        return quoted_field(at, sep);
    }
    char  stop[3] = {sep, sep == ' ' ? '\t' : 0, 0};
    char *end = p + strcspn(p, stop);
    *at = *end ? end + 1 : NULL;
    *end = 0;
    return p;
}

bool oc_data_number(const char *text, double *out)
{
    char *end;
    *out = strtod(text, &end);
    while (end != text && (*end == ' ' || *end == '\t'))
        end++;
    return end != text && *end == 0 && isfinite(*out);
}

bool oc_data_integer(const char *text, int64_t *out)
{
    double v;
    if (!oc_data_number(text, &v) || v != floor(v) || fabs(v) > 9e15)
        return false;
    *out = (int64_t)v;
    return true;
}

/* ---- heads of pictures ---- */

static uint32_t big(const unsigned char *p, int n)
{
    uint32_t v = 0;
    for (int i = 0; i < n; i++)
        v = v << 8 | p[i];
    return v;
}

/* Segment after segment up to the frame header (ITU T.81, B.2). */
static bool jpeg_size(const oc_bytes *b, uint32_t *width, uint32_t *height)
{
    for (size_t at = 2; at + 9 < b->n;) {
        unsigned char kind = b->data[at + 1];
        if (b->data[at] != 0xff)
            return false;
        if (kind == 0xff) {
            at++;
            continue;
        }
        if (kind >= 0xc0 && kind <= 0xcf && kind != 0xc4 && kind != 0xc8 && kind != 0xcc) {
            *height = big(b->data + at + 5, 2);
            *width = big(b->data + at + 7, 2);
            return true;
        }
        size_t length = big(b->data + at + 2, 2);
        if (length < 2 || kind == 0xd9 || kind == 0xda)
            return false;
        at += 2 + length;
    }
    return false;
}

oc_status oc_data_picture_head(const oc_bytes *b, int32_t *width, int32_t *height, oc_error *err)
{
    static const unsigned char png[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    uint32_t                   w = 0, h = 0;
    if (b->n >= 24 && memcmp(b->data, png, 8) == 0 && memcmp(b->data + 12, "IHDR", 4) == 0) {
        w = big(b->data + 16, 4);
        h = big(b->data + 20, 4);
    } else if (!(b->n >= 4 && b->data[0] == 0xff && b->data[1] == 0xd8 && jpeg_size(b, &w, &h))) {
        return OC_FAIL(err, OC_FORMAT, "%s",
                       b->n ? "neither a JPEG nor a PNG with a whole head" : "the file is empty");
    }
    if (w < 1 || h < 1 || w > INT32_MAX || h > INT32_MAX)
        return OC_FAIL(err, OC_FORMAT, "a picture of %u x %u", w, h);
    *width = (int32_t)w;
    *height = (int32_t)h;
    return OC_OK;
}

oc_status oc_data_picture_size(const char *path, int32_t *width, int32_t *height, oc_error *err)
{
    oc_bytes  b = {0};
    oc_status st = oc_bytes_open(path, &b, err);
    if (st == OC_OK && (st = oc_data_picture_head(&b, width, height, err)) != OC_OK)
        oc_error_prefix(err, "%s", path);
    oc_bytes_close(&b);
    return st;
}
