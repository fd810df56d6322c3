/* any_binary: y[i] = a[i * a_step] op b[i * b_step] for i in [0, n), for every element type.
 *
 *   integers   wrap around; x / 0 and x mod 0 give 0; MOD has the sign of b, FMOD of a;
 *              POW of a negative exponent is 0 but for the bases 1 and -1; shifts of the width of
 *              the type or more give 0
 *   f16        computed in f32, rounded once
 *   compare    EQUAL .. GREATER_EQUAL write bool (one byte, 0 or 1)
 *   bool       AND OR XOR EQUAL only */
#ifndef OC_KERNELS_ANY_BINARY_H
#define OC_KERNELS_ANY_BINARY_H

#include <stddef.h>

#include "ocellus/tensor.h"

typedef enum oc_binary_kind {
    OC_BINARY_ADD,
    OC_BINARY_SUB,
    OC_BINARY_MUL,
    OC_BINARY_DIV,
    OC_BINARY_MIN,
    OC_BINARY_MAX,
    OC_BINARY_PRELU,
    OC_BINARY_KEEP_EQUAL, /* floats: a * (a == b), so a or a * 0 */
    OC_BINARY_POW,        /* up to here in f32_binary too */
    OC_BINARY_MOD,
    OC_BINARY_FMOD,
    OC_BINARY_SHIFT_LEFT,
    OC_BINARY_SHIFT_RIGHT,
    OC_BINARY_BIT_AND,
    OC_BINARY_BIT_OR,
    OC_BINARY_BIT_XOR,
    OC_BINARY_AND,
    OC_BINARY_OR,
    OC_BINARY_XOR,
    OC_BINARY_EQUAL,
    OC_BINARY_LESS,
    OC_BINARY_GREATER,
    OC_BINARY_LESS_EQUAL,
    OC_BINARY_GREATER_EQUAL,
    OC_BINARY_KINDS,
} oc_binary_kind;

/* Steps are 0 or 1; y may be a or b when its step is 1 and y's element is no larger. */
typedef void oc_k_any_binary_fn(size_t n, const void *a, size_t a_step, const void *b,
                                size_t b_step, void *y);

/* NULL when the kind means nothing for that type. */
oc_k_any_binary_fn *oc_k_any_binary(oc_binary_kind kind, oc_dtype dtype);

#endif
