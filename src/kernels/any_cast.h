/* any_cast: y[i] = (type)x[i] for i in [0, n).
 *
 *   float to integer   towards zero; what does not fit becomes the nearest limit, NaN becomes 0
 *   integer to integer modulo 2^bits, as C
 *   to bool            x != 0 (NaN is true); from bool 0 or 1
 *   to a smaller float nearest, ties to even, overflow gives infinity
 *   y                  no overlap with x unless the element sizes are the same and y == x */
#ifndef OC_KERNELS_ANY_CAST_H
#define OC_KERNELS_ANY_CAST_H

#include <stddef.h>

#include "ocellus/tensor.h"

typedef void oc_k_any_cast_fn(size_t n, const void *x, void *y);

/* NULL for a type that is none. */
oc_k_any_cast_fn *oc_k_any_cast(oc_dtype from, oc_dtype to);

#endif
