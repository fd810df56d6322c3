/* wire.h -- the protobuf wire format, read in place.
 *
 * Source: protobuf.dev, "Encoding".  A message is a run of fields: key (number << 3 | type), then a
 * varint (0), 8 bytes (1), length and bytes (2) or 4 bytes (5).  Groups (3, 4) are refused. */
#ifndef OC_ONNX_WIRE_H
#define OC_ONNX_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ocellus/status.h"

typedef struct wire_span {
    const unsigned char *p;
    size_t               n;
} wire_span;

typedef enum wire_type { WIRE_VARINT = 0, WIRE_64 = 1, WIRE_BYTES = 2, WIRE_32 = 5 } wire_type;

typedef struct wire_field {
    uint32_t  number;
    wire_type type;
    uint64_t  value; /* varint, or the raw bits of 64 and 32 */
    wire_span bytes; /* of WIRE_BYTES */
} wire_field;

typedef struct wire_reader {
    const unsigned char *base; /* of the file, for places in messages */
    wire_span            rest;
} wire_reader;

/* True: *field is the next one.  False: at the end, or *st is OC_FORMAT and err names the byte. */
bool wire_next(wire_reader *r, wire_field *field, oc_status *st, oc_error *err);

/* Repeated numbers come one a field or packed.  Gives the i-th number of a packed span. */
bool wire_varint(wire_span *span, uint64_t *value);

#endif
