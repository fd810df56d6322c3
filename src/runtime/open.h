/* open.h -- a network's file becomes a graph, by the reader its contents ask for. */
#ifndef OC_RUNTIME_OPEN_H
#define OC_RUNTIME_OPEN_H

#include "onnx/import.h"

/* ONNX, or TensorFlow Lite where the file carries its mark; names of files mean nothing.  `out` is
 * untouched on failure, and for oc_import_finish. */
OC_MUST_CHECK oc_status oc_open_file(const char *path, oc_import *out, oc_error *err);
OC_MUST_CHECK oc_status oc_open_memory(const char *name, const void *bytes, size_t n,
                                       oc_import *out, oc_error *err);

#endif
