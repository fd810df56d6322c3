/* tensor_pb.h -- as much of ONNX's protobuf as the operator tests need: reading a TensorProto file, and
 * turning graph inputs into constants inside a serialized model. */
#ifndef TENSOR_PB_H
#define TENSOR_PB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ocellus/tensor.h"

typedef struct blob {
    uint8_t *p;
    size_t   n;
} blob;

/* A tensor in memory of its own.  data is NULL when its type is none of ours (strings ...). */
typedef struct tensor {
    char           name[128];
    int            onnx_type; /* TensorProto.DataType */
    oc_tensor_view view;
} tensor;

blob blob_read(const char *path); /* p is NULL when there is no such file */
void blob_free(blob *b);

/* False when it is no TensorProto. */
bool tensor_parse(blob bytes, tensor *out);
void tensor_free(tensor *t);

/* The model with graph input `name` replaced by an initializer of that name. */
blob model_with_constant(blob model, const char *name, const tensor *value);

#endif
