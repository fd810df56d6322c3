/* index.h -- tensors of indices, as the Gather and Scatter families read them.
 *
 * A constant index out of range is refused when the network is loaded.  One that is computed cannot
 * be refused in the middle of a run: it is clamped to the nearest valid one. */
#ifndef OC_OPS_INDEX_H
#define OC_OPS_INDEX_H

#include "ops/op.h"

/* int32 or int64 of a known shape? */
OC_MUST_CHECK oc_status oc_index_check(const oc_tensor_info *info, oc_error *err);
/* Every index of a constant in [-dim, dim)?  True too for what is not constant. */
OC_MUST_CHECK oc_status oc_index_check_range(const oc_slot *slot, int64_t dim, oc_error *err);
/* The i-th index, in [0, dim); dim >= 1. */
static inline int64_t oc_index_at(const oc_tensor_view *view, size_t i, int64_t dim)
{
    int64_t k = view->info.dtype == OC_I64 ? ((const int64_t *)view->data)[i]
                                           : ((const int32_t *)view->data)[i];
    k = k < 0 ? k + dim : k;
    return k < 0 ? 0 : k >= dim ? dim - 1 : k;
}

#endif
