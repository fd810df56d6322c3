#include "runtime/open.h"

#include <stdio.h>

#include "tflite/import.h"

/* Takes the file over on success. */
static oc_status take_tflite(const char *name, oc_bytes *file, oc_import *out, oc_error *err)
{
    oc_graph *graph;
    oc_status st = oc_tflite_import(name, file, &graph, err);
    if (st != OC_OK)
        return st;
    *out = (oc_import){.graph = graph, .file = *file};
    *file = (oc_bytes){0};
    return OC_OK;
}

/* What cannot be opened here is left to the reader, which says why. */
static bool has_mark(const char *path)
{
    unsigned char head[OC_TFLITE_MARK_BYTES];
    FILE         *f = fopen(path, "rb");
    size_t        n = f ? fread(head, 1, sizeof(head), f) : 0;
    if (f)
        fclose(f);
    return oc_tflite_is(head, n);
}

oc_status oc_open_file(const char *path, oc_import *out, oc_error *err)
{
    oc_bytes  file = {0};
    oc_status st;
    if (!has_mark(path))
        return oc_import_file(path, out, err);
    if ((st = oc_bytes_open(path, &file, err)) == OC_OK)
        st = take_tflite(path, &file, out, err);
    oc_bytes_close(&file);
    return st;
}

oc_status oc_open_memory(const char *name, const void *bytes, size_t n, oc_import *out,
                         oc_error *err)
{
    oc_bytes  file = {0};
    oc_status st;
    if (!oc_tflite_is(bytes, n))
        return oc_import_memory(name, bytes, n, out, err);
    if ((st = oc_bytes_copy(bytes, n, &file, err)) == OC_OK)
        st = take_tflite(name, &file, out, err);
    oc_bytes_close(&file);
    return st;
}
