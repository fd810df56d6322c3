/* unary -- one value in, one value out: kinds and their parameters, for f32_unary and any_unary. */
#ifndef OC_KERNELS_UNARY_H
#define OC_KERNELS_UNARY_H

#include <math.h>
#include <stddef.h>

#include "ocellus/tensor.h"

typedef enum oc_unary_kind {
    OC_UNARY_ABS,
    OC_UNARY_NEG,
    OC_UNARY_SQRT,
    OC_UNARY_EXP,
    OC_UNARY_LOG,
    OC_UNARY_ERF,
    OC_UNARY_SIN,
    OC_UNARY_COS,
    OC_UNARY_TAN,
    OC_UNARY_ASIN,
    OC_UNARY_ACOS,
    OC_UNARY_ATAN,
    OC_UNARY_SINH,
    OC_UNARY_COSH,
    OC_UNARY_ASINH,
    OC_UNARY_ACOSH,
    OC_UNARY_ATANH,
    OC_UNARY_FLOOR,
    OC_UNARY_CEIL,
    OC_UNARY_ROUND, /* ties to even */
    OC_UNARY_SIGN,  /* -1, 0, 1; NaN for NaN */
    OC_UNARY_RECIPROCAL,
    OC_UNARY_RELU,
    OC_UNARY_LEAKY, /* x < 0 ? a x : x */
    OC_UNARY_CLIP,  /* min(b, max(a, x)) */
    OC_UNARY_SIGMOID,
    OC_UNARY_HARDSIGMOID, /* min(1, max(0, a x + b)) */
    OC_UNARY_HARDSWISH,   /* x min(1, max(0, a x + b)) */
    OC_UNARY_TANH,
    OC_UNARY_ELU,       /* x < 0 ? a (exp(x) - 1) : x */
    OC_UNARY_SELU,      /* b (x < 0 ? a (exp(x) - 1) : x) */
    OC_UNARY_CELU,      /* x < 0 ? a (exp(x / a) - 1) : x */
    OC_UNARY_SOFTPLUS,  /* log(1 + exp(x)) */
    OC_UNARY_SOFTSIGN,  /* x / (1 + |x|) */
    OC_UNARY_THRESHOLD, /* x > a ? x : 0 */
    OC_UNARY_SHRINK,    /* x < -a ? x + b : x > a ? x - b : 0 */
    OC_UNARY_GELU,
    OC_UNARY_GELU_TANH, /* with tanh in the place of erf */
    OC_UNARY_MISH,
    OC_UNARY_SILU,
    OC_UNARY_SWISH,  /* x / (1 + exp(-a x)), a not 0 */
    OC_UNARY_FLOATS, /* above: the type stays; below: to bool */
    OC_UNARY_NOT = OC_UNARY_FLOATS,
    OC_UNARY_ISNAN,
    OC_UNARY_ISINF, /* a != 0: the negative one counts, b != 0: the positive one */
    OC_UNARY_KINDS,
} oc_unary_kind;

typedef struct oc_unary {
    oc_unary_kind kind;
    double        a, b;
} oc_unary;

/* n elements of x to y; y == x is fine when the types are of one size. */
typedef void oc_k_any_unary_fn(const oc_unary *op, size_t n, const void *x, void *y);

/* The plain loop for any type; f16 is computed in f32.  Integers: ABS NEG SIGN RELU CLIP (bounds
 * exact up to 2^53), bool: NOT.  NULL when the kind means nothing for that type. */
oc_k_any_unary_fn *oc_k_any_unary(oc_unary_kind kind, oc_dtype dtype);

#endif
