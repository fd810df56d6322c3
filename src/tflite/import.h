/* import.h -- a TensorFlow Lite file becomes a graph.
 *
 * Source: schema.fbs of TensorFlow Lite (version 3, files that carry "TFL3"), read in place with
 * every offset checked.  The graph speaks ONNX's operators, as one that came from ONNX does.
 * ops.inc lists what is taken; docs/tflite.md tells what each becomes. */
#ifndef OC_TFLITE_IMPORT_H
#define OC_TFLITE_IMPORT_H

#include "core/bytes.h"
#include "ir/graph.h"

#define OC_TFLITE_MARK_BYTES 8 /* so many bytes tell whether it is such a file */

bool oc_tflite_is(const void *bytes, size_t n);

/* name: of the file, for messages.  The graph's constants may point into `file`, which must outlive
 * it.  OC_FORMAT, OC_UNSUPPORTED: the message names operator and place; *out is then untouched. */
OC_MUST_CHECK oc_status oc_tflite_import(const char *name, const oc_bytes *file, oc_graph **out,
                                         oc_error *err);

#endif
