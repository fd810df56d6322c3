/* lifetimes.h -- offsets in one block of memory for buffers that live at different times.
 *
 * Greedy by size: the largest first, each at the lowest offset where nothing alive at the same time
 * lies (Pisarchyk, Lee: Efficient Memory Management for Deep Neural Net Inference, 2020). */
#ifndef OC_CORE_LIFETIMES_H
#define OC_CORE_LIFETIMES_H

#include <stddef.h>
#include <stdint.h>

#include "ocellus/status.h"

typedef struct oc_lifetime {
    size_t   bytes;       /* 0: needs no place */
    uint32_t first, last; /* steps, both included */
    size_t   offset;      /* filled in, a multiple of 64 */
} oc_lifetime;

OC_MUST_CHECK oc_status oc_lifetimes_place(oc_lifetime *item, size_t n, size_t *total_bytes,
                                           oc_error *err);

#endif
