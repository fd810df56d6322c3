/* tensor.h -- element types, shapes, and views of somebody else's memory. */
#ifndef OCELLUS_TENSOR_H
#define OCELLUS_TENSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ocellus/status.h"

#ifdef __cplusplus
extern "C" {
#endif

#define OC_RANK_MAX 8

/* name, value (part of the ABI), bytes per element, text (as NumPy spells it) */
#define OC_DTYPE_MAP(X)     \
    X(F32, 1, 4, "float32") \
    X(F16, 2, 2, "float16") \
    X(F64, 3, 8, "float64") \
    X(U8, 4, 1, "uint8")    \
    X(I8, 5, 1, "int8")     \
    X(U16, 6, 2, "uint16")  \
    X(I16, 7, 2, "int16")   \
    X(U32, 8, 4, "uint32")  \
    X(I32, 9, 4, "int32")   \
    X(U64, 10, 8, "uint64") \
    X(I64, 11, 8, "int64")  \
    X(BOOL, 12, 1, "bool")

typedef enum oc_dtype {
    OC_DTYPE_NONE = 0,
#define X(name, value, bytes, text) OC_##name = (value),
    OC_DTYPE_MAP(X)
#undef X
} oc_dtype;

/* Row-major, dim[0] outermost.  A dimension of -1 is not known yet (only in the description of a
 * model's inputs and outputs, never in a view).  rank 0 is a scalar. */
typedef struct oc_shape {
    uint32_t rank;
    int64_t  dim[OC_RANK_MAX];
} oc_shape;

typedef struct oc_tensor_info {
    oc_dtype dtype;
    oc_shape shape;
} oc_tensor_info;

/* Dense, native byte order, aligned to its element.  The memory is the caller's. */
typedef struct oc_tensor_view {
    oc_tensor_info info;
    void          *data;
} oc_tensor_view;

OC_API const char *oc_dtype_name(oc_dtype dtype);  /* "float32"; "?" for an unknown one */
OC_API size_t      oc_dtype_bytes(oc_dtype dtype); /* 0 for an unknown one */

/* Product of the dimensions, 1 for a scalar.  False when one is negative or the product leaves
 * int64; *elements is then untouched. */
OC_API OC_MUST_CHECK bool oc_shape_elements(const oc_shape *shape, size_t *elements);
OC_API bool               oc_shape_equal(const oc_shape *a, const oc_shape *b);

/* "1x3x416x416", "scalar", "?" for unknown dimensions.  Gives back text. */
OC_API const char *oc_shape_text(const oc_shape *shape, char *text, size_t text_bytes);

/* Bytes of the dense tensor; false when that leaves size_t or the shape is not known. */
OC_API OC_MUST_CHECK bool oc_tensor_bytes(const oc_tensor_info *info, size_t *bytes);

#ifdef __cplusplus
}
#endif

#endif
