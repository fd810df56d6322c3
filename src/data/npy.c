#include "data/npy.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/arena.h"
#include "core/bytes.h"

static const struct {
    const char *descr;
    oc_dtype    dtype;
} types[] = {
    {"<f4", OC_F32}, {"<f2", OC_F16}, {"<f8", OC_F64}, {"|u1", OC_U8},
    {"|i1", OC_I8},  {"<u2", OC_U16}, {"<i2", OC_I16}, {"<u4", OC_U32},
    {"<i4", OC_I32}, {"<u8", OC_U64}, {"<i8", OC_I64}, {"|b1", OC_BOOL},
};

/* What follows "'key':" in the header's dictionary, NULL when it is not there. */
static const char *field_of(const char *header, const char *key)
{
    char quoted[32];
    snprintf(quoted, sizeof(quoted), "'%s'", key);
    const char *at = strstr(header, quoted);
    if (!at)
        return NULL;
    at += strlen(quoted);
    at += strspn(at, " ");
    if (*at++ != ':')
        return NULL;
    return at + strspn(at, " ");
}

static oc_status parse_shape(const char *at, oc_shape *shape, oc_error *err)
{
    if (!at || *at++ != '(')
        return OC_FAIL(err, OC_FORMAT, "the header has no shape");
    for (;;) {
        at += strspn(at, " ,");
        if (*at == ')')
            return OC_OK;
        char *end;
        errno = 0;
        long long dim = strtoll(at, &end, 10);
        if (end == at || dim < 0 || errno)
            return OC_FAIL(err, OC_FORMAT, "malformed shape in the header");
        if (shape->rank == OC_RANK_MAX)
            return OC_FAIL(err, OC_UNSUPPORTED, "more than %d dimensions", OC_RANK_MAX);
        shape->dim[shape->rank++] = dim;
        at = end;
    }
}

static oc_status parse_header(const char *header, oc_tensor_info *info, oc_error *err)
{
    const char *descr = field_of(header, "descr"), *order = field_of(header, "fortran_order");
    if (!descr || !order)
        return OC_FAIL(err, OC_FORMAT, "not a NumPy header");
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if (strncmp(descr + 1, types[i].descr, 3) == 0)
            info->dtype = types[i].dtype;
    if (info->dtype == OC_DTYPE_NONE)
        return OC_FAIL(err, OC_UNSUPPORTED, "element type %.8s", descr);
    if (strncmp(order, "False", 5) != 0)
        return OC_FAIL(err, OC_UNSUPPORTED, "Fortran order");
    return parse_shape(field_of(header, "shape"), &info->shape, err);
}

oc_status oc_npy_parse(const void *bytes, size_t n, oc_tensor_view *out, oc_error *err)
{
    const unsigned char *p = bytes;
    oc_tensor_view       v = {0};
    if (n < 12 || memcmp(p, "\x93NUMPY", 6) != 0)
        return OC_FAIL(err, OC_FORMAT, "not a .npy file");
    size_t head = p[6] == 1 ? 10 : 12;
    size_t length = p[8] | (size_t)p[9] << 8;
    if (head == 12)
        length |= (size_t)p[10] << 16 | (size_t)p[11] << 24;
    if (p[6] < 1 || p[6] > 3)
        return OC_FAIL(err, OC_UNSUPPORTED, ".npy version %d", p[6]);
    if (length > n - head)
        return OC_FAIL(err, OC_FORMAT, "cut short in its header");
    char *header = strndup((const char *)p + head, length);
    if (!header)
        return OC_FAIL(err, OC_NOMEM, "header");
    oc_status st = parse_header(header, &v.info, err);
    free(header);
    size_t want, have = n - head - length;
    if (st != OC_OK)
        return st;
    if (!oc_tensor_bytes(&v.info, &want) || want > have)
        return OC_FAIL(err, OC_FORMAT, "cut short: %zu bytes of data", have);
    if (!(v.data = oc_alloc64(want, 1)))
        return OC_FAIL(err, OC_NOMEM, "%zu bytes", want);
    if (want)
        memcpy(v.data, p + head + length, want);
    *out = v;
    return OC_OK;
}

oc_status oc_npy_load(const char *path, oc_tensor_view *out, oc_error *err)
{
    oc_bytes  file = {0};
    oc_status st = oc_bytes_open(path, &file, err);
    if (st != OC_OK)
        return st;
    if ((st = oc_npy_parse(file.data, file.n, out, err)) != OC_OK)
        oc_error_prefix(err, "%s", path);
    oc_bytes_close(&file);
    return st;
}

void oc_npy_free(oc_tensor_view *view)
{
    oc_free64(view->data);
    *view = (oc_tensor_view){0};
}

static void format_header(const oc_tensor_info *info, char *text, size_t bytes)
{
    const char *descr = "|u1";
    char        shape[160] = "";
    size_t      at = 0;
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if (types[i].dtype == info->dtype)
            descr = types[i].descr;
    for (uint32_t i = 0; i < info->shape.rank; i++)
        at += (size_t)snprintf(shape + at, sizeof(shape) - at, "%lld,%s",
                               (long long)info->shape.dim[i], i + 1 < info->shape.rank ? " " : "");
    int n = snprintf(text, bytes, "{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", descr,
                     shape);
    size_t end = ((size_t)n + 1 + 10 + 63) / 64 * 64 - 10; /* data starts at a multiple of 64 */
    memset(text + n, ' ', end - (size_t)n);
    text[end - 1] = '\n';
    text[end] = 0;
}

static bool write_file(FILE *f, const oc_tensor_view *view)
{
    char   header[512];
    size_t bytes;
    format_header(&view->info, header, sizeof(header));
    size_t        n = strlen(header);
    unsigned char head[10] = {
        0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, (unsigned char)(n & 0xff), (unsigned char)(n >> 8)};
    return oc_tensor_bytes(&view->info, &bytes) && fwrite(head, 1, 10, f) == 10 &&
           fwrite(header, 1, n, f) == n && fwrite(view->data, 1, bytes, f) == bytes;
}

oc_status oc_npy_save(const char *path, const oc_tensor_view *view, oc_error *err)
{
    char       *part = NULL;
    oc_status   st = OC_OK;
    struct stat there;
    if (stat(path, &there) == 0 && !S_ISREG(there.st_mode))
        return OC_FAIL(err, OC_IO, "%s: not a regular file", path);
    if (asprintf(&part, "%s.part", path) < 0)
        return OC_FAIL(err, OC_NOMEM, "%s", path);
    FILE *f = fopen(part, "wb");
    bool  done = f && write_file(f, view);
    if (f && fclose(f) != 0)
        done = false;
    if (!done || rename(part, path) != 0) {
        st = OC_FAIL(err, OC_IO, "%s: %s", path, strerror(errno));
        if (f)
            unlink(part);
    }
    free(part);
    return st;
}
