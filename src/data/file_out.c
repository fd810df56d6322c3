#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "data/file.h"

oc_status oc_data_make_folders(const char *path, oc_error *err)
{
    char *copy = strdup(path);
    bool  ok = copy != NULL;
    for (char *p = copy; ok && p && *p;) {
        p = strchr(p + 1, '/');
        if (p)
            *p = 0;
        ok = mkdir(copy, 0777) == 0 || errno == EEXIST || errno == EISDIR;
        if (p)
            *p = '/';
    }
    if (ok && !oc_data_is_folder(path)) {
        ok = false;
        errno = ENOTDIR;
    }
    free(copy);
    return ok ? OC_OK : OC_FAIL(err, OC_IO, "%s: %s", path, strerror(errno));
}

oc_status oc_data_out_open(const char *path, oc_data_out *out, oc_error *err)
{
    oc_data_out o = {0};
    oc_status   st = OC_OK;
    size_t      n = strlen(path), folder = (size_t)(oc_data_base(path) - path);
    if (folder > 1) {
        char *above = strndup(path, folder - 1);
        st = above ? oc_data_make_folders(above, err) : OC_FAIL(err, OC_NOMEM, "%s", path);
        free(above);
    }
    if (st == OC_OK && (!(o.path = strdup(path)) || !(o.part = malloc(n + 6))))
        st = OC_FAIL(err, OC_NOMEM, "%s", path);
    if (st == OC_OK) {
        snprintf(o.part, n + 6, "%s.part", path);
        if (!(o.f = fopen(o.part, "wb")))
            st = OC_FAIL(err, OC_IO, "%s: %s", o.part, strerror(errno));
    }
    if (st != OC_OK) {
        free(o.path);
        free(o.part);
        return st;
    }
    *out = o;
    return OC_OK;
}

oc_status oc_data_out_close(oc_data_out *out, oc_status st, oc_error *err)
{
    if (!out->f)
        return st;
    bool bad = ferror(out->f);
    bad |= fclose(out->f) != 0;
    if (st == OC_OK && (bad || rename(out->part, out->path) != 0))
        st = OC_FAIL(err, OC_IO, "%s: %s", out->path, errno ? strerror(errno) : "write failed");
    if (st != OC_OK)
        unlink(out->part);
    free(out->path);
    free(out->part);
    *out = (oc_data_out){0};
    return st;
}

/* ---- numbers ---- */

const char *oc_data_print(char to[OC_DATA_NUMBER_MAX], double v)
{
    if (v == floor(v) && fabs(v) < 1e15) {
        snprintf(to, OC_DATA_NUMBER_MAX, "%lld", (long long)v);
        return to;
    }
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(to, OC_DATA_NUMBER_MAX, "%.*g", digits, v);
        if (strtod(to, NULL) == v)
            break;
    }
    return to;
}

const char *oc_data_print_share(char to[OC_DATA_NUMBER_MAX], double v, double whole)
{
    for (int digits = 6; digits <= 16; digits++) {
        snprintf(to, OC_DATA_NUMBER_MAX, "%.*f", digits, v / whole);
        if (fabs(strtod(to, NULL) * whole - v) <= 3e-10)
            break;
    }
    return to;
}

void oc_data_put_number(FILE *f, double v)
{
    char text[OC_DATA_NUMBER_MAX];
    fputs(isfinite(v) ? oc_data_print(text, v) : "null", f);
}

/* ---- texts ---- */

void oc_data_put_json(FILE *f, const char *text)
{
    static const char named[] = "\"\\\b\f\n\r\t", letter[] = "\"\\bfnrt";
    putc('"', f);
    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        const char *at = strchr(named, *p);
        if (at)
            fprintf(f, "\\%c", letter[at - named]);
        else if (*p < 0x20)
            fprintf(f, "\\u%04x", *p);
        else
            putc(*p, f);
    }
    putc('"', f);
}

void oc_data_put_xml(FILE *f, const char *text)
{
    for (const char *p = text; *p; p++) {
        switch (*p) {
        case '&': fputs("&amp;", f); break;
        case '<': fputs("&lt;", f); break;
        case '>': fputs("&gt;", f); break;
        case '"': fputs("&quot;", f); break;
        case '\n': fputs("&#10;", f); break; /* an attribute would make a blank of it */
        default:
            /* other control characters do not exist in XML 1.0 */
            putc((unsigned char)*p < 0x20 && *p != '\t' ? '?' : *p, f);
        }
    }
}

void oc_data_put_csv(FILE *f, const char *text)
{
    if (!text[strcspn(text, ",\"\r\n")] && *text != ' ') {
        fputs(text, f);
        return;
    }
    putc('"', f);
    for (const char *p = text; *p; p++) {
        if (*p == '"')
            putc('"', f);
        putc(*p == '\n' || *p == '\r' ? ' ' : *p, f);
    }
    putc('"', f);
}

oc_status oc_data_copy(const char *from, const char *to, oc_error *err)
{
    oc_bytes    b = {0};
    oc_data_out out = {0};
    oc_status   st = oc_bytes_open(from, &b, err);
    if (st == OC_OK && (st = oc_data_out_open(to, &out, err)) == OC_OK)
        fwrite(b.data, 1, b.n, out.f);
    st = oc_data_out_close(&out, st, err);
    oc_bytes_close(&b);
    return st;
}
