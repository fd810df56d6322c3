/* import.h -- an ONNX file becomes a graph.
 *
 * Source: onnx.proto3 and docs/IR.md of the ONNX project.  Opsets 7 to 25; 1 to 6 for operators
 * whose meaning did not change (opset.c).  Graphs inside nodes become graphs of their own (body.c). */
#ifndef OC_ONNX_IMPORT_H
#define OC_ONNX_IMPORT_H

#include "core/bytes.h"
#include "ir/graph.h"
#include "onnx/askew.h"

#define OC_IMPORT_WARNINGS_MAX 16

typedef struct oc_import {
    oc_graph          *graph; /* its constants point into `file`, `files` and `askew` */
    oc_bytes           file;
    struct onnx_files *files;
    oc_askew          *askew; /* NULL: there are none */
    char              *warnings[OC_IMPORT_WARNINGS_MAX];
    size_t             n_warnings;
} oc_import;

/* path: of the file on disk.  out is untouched on failure. */
OC_MUST_CHECK oc_status oc_import_file(const char *path, oc_import *out, oc_error *err);
OC_MUST_CHECK oc_status oc_import_memory(const char *name, const void *bytes, size_t n,
                                         oc_import *out, oc_error *err);
void                    oc_import_finish(oc_import *import); /* a zeroed one is fine */
/* The i-th file of external data: its location as the model names it.  False past the end. */
bool oc_import_external(const oc_import *import, size_t i, const char **name,
                        const oc_bytes **bytes);

#endif
