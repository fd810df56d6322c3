/* flat.h -- FlatBuffers, read in place: every offset is checked when it is followed.
 *
 * Source: flatbuffers.dev, "FlatBuffer Internals".  A table begins with the signed distance back to
 * its vtable; the vtable holds its own bytes, the table's bytes, then per field the place inside the
 * table (0: left out).  Tables, vectors and strings are reached by unsigned distances from where the
 * distance is written; vectors and strings begin with their count.
 *
 * The first fault is kept in the reader, and everything read after it is empty: callers ask for
 * many fields and look at `status` once. */
#ifndef OC_TFLITE_FLAT_H
#define OC_TFLITE_FLAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ocellus/status.h"

typedef struct flat_reader {
    const unsigned char *p;
    size_t               n;
    oc_status            status; /* OC_OK until something is wrong */
    oc_error            *err;
} flat_reader;

/* at 0: no such table; all its fields are left out. */
typedef struct flat_table {
    flat_reader *r;
    size_t       at, bytes;              /* of the table */
    size_t       vtable, vtable_entries; /* place of the first entry, how many */
} flat_table;

typedef struct flat_vector {
    flat_reader *r;
    size_t       at; /* of the first element */
    uint32_t     n;
    uint32_t     width; /* bytes an element */
} flat_vector;

flat_table flat_root(flat_reader *r);

/* Numbers; `fallback` where the field is left out. */
int64_t flat_int(const flat_table *t, unsigned field, unsigned width, int64_t fallback);
#define flat_i32(t, field, fallback) flat_int(t, field, 4, fallback)
#define flat_i8(t, field, fallback) flat_int(t, field, 1, fallback)
#define flat_bool(t, field) (flat_int(t, field, 1, 0) != 0)
float flat_f32(const flat_table *t, unsigned field, float fallback);
/* Unsigned; what TFLite's schema calls uint and ulong. */
uint64_t flat_uint(const flat_table *t, unsigned field, unsigned width, uint64_t fallback);

flat_table  flat_sub(const flat_table *t, unsigned field);
flat_vector flat_vec(const flat_table *t, unsigned field, unsigned width);

/* Elements; i < v->n (an index past the end reads 0). */
int64_t    flat_vec_int(const flat_vector *v, uint32_t i);
float      flat_vec_f32(const flat_vector *v, uint32_t i);
flat_table flat_vec_table(const flat_vector *v, uint32_t i); /* of a vector of offsets, width 4 */
/* The elements as they lie in the file (no alignment); NULL when there are none. */
const unsigned char *flat_vec_bytes(const flat_vector *v);

#endif
