/* External data: weights in files beside the model, never outside its folder. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "onnx/import.h"
#include "onnx/proto.h"

#define FILES_MAX 64

struct onnx_files {
    struct {
        char    *location;
        oc_bytes bytes;
    } file[FILES_MAX];
    size_t n;
};

oc_status onnx_files_create(onnx_files **out, oc_error *err)
{
    *out = calloc(1, sizeof(**out));
    return *out ? OC_OK : OC_FAIL(err, OC_NOMEM, "external files");
}

void onnx_files_destroy(onnx_files *files)
{
    for (size_t i = 0; files && i < files->n; i++) {
        free(files->file[i].location);
        oc_bytes_close(&files->file[i].bytes);
    }
    free(files);
}

bool oc_import_external(const oc_import *import_, size_t i, const char **name,
                        const oc_bytes **bytes)
{
    const onnx_files *f = import_->files;
    if (!f || i >= f->n)
        return false;
    *name = f->file[i].location;
    *bytes = &f->file[i].bytes;
    return true;
}

/* Relative, no "..", no empty part: stays inside the folder.  (Symbolic links are the owner's.) */
static bool location_inside(const char *s)
{
    if (*s == '/' || *s == 0)
        return false;
    while (*s) {
        size_t n = strcspn(s, "/");
        if (n == 0 || (n == 2 && s[0] == '.' && s[1] == '.'))
            return false;
        s += n + (s[n] == '/');
    }
    return true;
}

static oc_status files_open(const onnx_context *c, const char *location, oc_bytes **out)
{
    onnx_files *f = c->files;
    for (size_t i = 0; i < f->n; i++) {
        if (strcmp(f->file[i].location, location) == 0) {
            *out = &f->file[i].bytes;
            return OC_OK;
        }
    }
    if (f->n == FILES_MAX)
        return OC_FAIL(c->err, OC_UNSUPPORTED, "more than %d external data files", FILES_MAX);
    char *path = NULL;
    if (asprintf(&path, "%s/%s", c->folder, location) < 0)
        return OC_FAIL(c->err, OC_NOMEM, "path of '%.80s'", location);
    oc_status st = oc_bytes_open(path, &f->file[f->n].bytes, c->err);
    free(path);
    if (st != OC_OK) {
        oc_error_prefix(c->err, "external data");
        return st;
    }
    if (!(f->file[f->n].location = strdup(location))) {
        oc_bytes_close(&f->file[f->n].bytes);
        return OC_FAIL(c->err, OC_NOMEM, "external data '%.80s'", location);
    }
    *out = &f->file[f->n++].bytes;
    return OC_OK;
}

oc_status onnx_external(const onnx_context *c, const char *location, uint64_t offset,
                        uint64_t length, bool has_length, wire_span *out, bool *mapped)
{
    if (!c->folder)
        return OC_FAIL(c->err, OC_UNSUPPORTED, "external data '%.80s' of a model in memory",
                       location);
    if (!location_inside(location))
        return OC_FAIL(c->err, OC_FORMAT, "external data '%.80s' lies outside the model's folder",
                       location);
    oc_bytes *bytes = NULL;
    oc_status st = files_open(c, location, &bytes);
    if (st != OC_OK)
        return st;
    if (offset > bytes->n || (has_length && length > bytes->n - offset))
        return OC_FAIL(c->err, OC_FORMAT,
                       "external data '%.80s' has %zu bytes; %llu at offset %llu are asked for",
                       location, bytes->n, (unsigned long long)length, (unsigned long long)offset);
    *mapped = bytes->mapped;
    *out = (wire_span){bytes->data + offset, has_length ? (size_t)length : bytes->n - offset};
    return OC_OK;
}
