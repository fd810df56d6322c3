/* proto.h -- the messages of onnx.proto3 that a network is made of, decoded one at a time.
 *
 * Spans point into the file.  Strings are not 0-ended here. */
#ifndef OC_ONNX_PROTO_H
#define OC_ONNX_PROTO_H

#include "core/arena.h"
#include "ocellus/tensor.h"
#include "onnx/askew.h"
#include "onnx/wire.h"

/* What one import needs everywhere. */
typedef struct onnx_context {
    const unsigned char *base;   /* of the file */
    bool                 mapped; /* the file is: its pages can be given back */
    oc_arena            *mem;    /* of the graph */
    const char          *folder; /* of the model, for external data; NULL: from memory */
    struct onnx_files   *files;  /* external files already open */
    oc_askew            *askew;  /* copies of misaligned weights */
    oc_error            *err;
} onnx_context;

typedef struct onnx_tensor {
    wire_span      name;
    oc_tensor_view view; /* data in the file, or in the arena where the file has no such form */
} onnx_tensor;

oc_dtype onnx_dtype(int64_t code); /* OC_DTYPE_NONE for what has no counterpart */

/* TensorProto */
OC_MUST_CHECK oc_status onnx_read_tensor(const onnx_context *c, wire_span bytes, onnx_tensor *out);

/* ValueInfoProto; dimensions not known are -1; no type: dtype NONE. */
typedef struct onnx_value_info {
    wire_span      name;
    oc_tensor_info info;
} onnx_value_info;
OC_MUST_CHECK oc_status onnx_read_value_info(const onnx_context *c, wire_span bytes,
                                             onnx_value_info *out);

/* External data: the span of `location` inside the model's folder, and whether it is mapped. */
typedef struct onnx_files onnx_files;
OC_MUST_CHECK oc_status onnx_external(const onnx_context *c, const char *location, uint64_t offset,
                                      uint64_t length, bool has_length, wire_span *out,
                                      bool *mapped);
void                    onnx_files_destroy(onnx_files *files); /* NULL is fine */
OC_MUST_CHECK oc_status onnx_files_create(onnx_files **out, oc_error *err);

#endif
