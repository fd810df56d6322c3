/* write.h -- the protobuf wire format, written.
 *
 * A message inside a message is preceded by its length, so everything is written twice: once into a
 * sink that counts, once into a file or memory.  The contents of tensors go from where they lie to the
 * file: nothing the size of a network is kept beside it. */
#ifndef OC_ONNX_WRITE_H
#define OC_ONNX_WRITE_H

#include <stdio.h>

#include "ir/graph.h"
#include "onnx/wire.h"

typedef struct wire_sink {
    FILE          *file;   /* NULL: to memory, or only counted */
    unsigned char *memory; /* of at least the bytes that a counting sink told; NULL: only counted */
    size_t         n;      /* bytes so far */
    bool           failed; /* the file would not take them */
} wire_sink;

void wire_put(wire_sink *s, const void *bytes, size_t n);
void wire_put_varint(wire_sink *s, uint64_t value);
/* Fields. */
void wire_put_int(wire_sink *s, uint32_t number, int64_t value);
void wire_put_float(wire_sink *s, uint32_t number, float value);
void wire_put_bytes(wire_sink *s, uint32_t number, const void *bytes, size_t n);
void wire_put_text(wire_sink *s, uint32_t number, const char *text);
/* Key and length of a message whose n bytes follow. */
void wire_put_head(wire_sink *s, uint32_t number, size_t n);
/* A field as a reader gave it. */
void wire_put_field(wire_sink *s, const wire_field *field);

/* ONNX's number of an element type; 0: it has none. */
int onnx_dtype_code(oc_dtype dtype);
/* Messages, without key and length.  shape NULL in a ValueInfoProto: not told; dimensions of -1 are
 * left open. */
void onnx_put_tensor(wire_sink *s, const char *name, const oc_tensor_view *view);
void onnx_put_attr(wire_sink *s, const oc_attr *attr); /* of any kind but graphs */
void onnx_put_value_info(wire_sink *s, const char *name, oc_dtype dtype, const oc_shape *shape);

/* A message written by `body` as field `number`. */
typedef void wire_body_fn(wire_sink *s, const void *ctx);
void         wire_put_message(wire_sink *s, uint32_t number, wire_body_fn *body, const void *ctx);

#endif
