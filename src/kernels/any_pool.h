/* any_pool: one output row of a pooling of up to three spatial dimensions, plain layout, any type.
 *
 *   x     the channel's first element: in[0] * in[1] * in[2] of them
 *   y     out[2] elements
 *   at    which row: output positions along the first two dimensions
 *   MAX   NaN taps count as absent; no tap gives the lowest value (-inf)
 *   AVG   over the taps inside the input, or inside the padded input with include_pad
 *   LP    (sum of |x|^p over the taps inside)^(1/p)
 *   index NULL, or out[2] places for the position of each maximum within the channel: row-major,
 *         or column-major when asked (the first of several; -1 when there is no tap) */
#ifndef OC_KERNELS_ANY_POOL_H
#define OC_KERNELS_ANY_POOL_H

#include <stdbool.h>
#include <stddef.h>

#include "ocellus/tensor.h"

typedef enum oc_pool_kind { OC_POOL_MAX, OC_POOL_AVG, OC_POOL_LP } oc_pool_kind;

typedef struct oc_pool_shape {
    oc_pool_kind kind;
    bool         include_pad, column_major;
    double       p;
    ptrdiff_t    in[3], out[3], k[3], stride[3], dil[3], pad_begin[3], pad_end[3];
} oc_pool_shape;

typedef void oc_k_any_pool_fn(const oc_pool_shape *pool, const ptrdiff_t at[2], const void *x,
                              void *y, int64_t *index);

/* NULL for a type the kind has no meaning for (averages are of floats). */
oc_k_any_pool_fn *oc_k_any_pool(oc_pool_kind kind, oc_dtype dtype);

#endif
