/* broadcast.h -- NumPy broadcasting: the shape of the result, and a walk over it.
 *
 * Neighbouring dimensions that all operands cross in one stride are merged; the walk hands out the
 * longest runs in which every operand either stays or moves by one element. */
#ifndef OC_OPS_BROADCAST_H
#define OC_OPS_BROADCAST_H

#include "core/pool.h"
#include "ocellus/tensor.h"

#define OC_BROADCAST_OPERANDS 3

typedef struct oc_broadcast {
    uint32_t n_dims, n_operands;
    size_t   dim[OC_RANK_MAX];                         /* of the result, merged, n_dims >= 1 */
    size_t   step[OC_BROADCAST_OPERANDS][OC_RANK_MAX]; /* elements; the innermost is 0 or 1 */
} oc_broadcast;

/* OC_FORMAT when the shapes do not go together.  All dimensions must be known. */
OC_MUST_CHECK oc_status oc_broadcast_shape(const oc_tensor_info *in, size_t n, oc_shape *out,
                                           oc_error *err);

/* `out` is the result's shape (or larger: then all operands are repeated to it). */
void oc_broadcast_init(oc_broadcast *map, const oc_shape *out, const oc_shape *const *in,
                       uint32_t n_operands);

/* n elements of the result from out_at, operand k from element at[k]. */
typedef void oc_broadcast_fn(void *ctx, size_t n, size_t out_at, const size_t *at);

/* Calls fn for the elements [part.begin, part.end) of the result, in order. */
void oc_broadcast_run(const oc_broadcast *map, oc_range part, oc_broadcast_fn *fn, void *ctx);

/* 0 or 1: does operand k move inside a run? */
static inline size_t oc_broadcast_inner(const oc_broadcast *map, uint32_t k)
{
    return map->step[k][map->n_dims - 1];
}

#endif
