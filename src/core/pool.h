/* pool.h -- the one thread pool of a process: ranges of work, taken by whoever is free.
 *
 * A pool of n threads has n - 1 workers: the caller of oc_pool_run works too.  Several threads may
 * call run at once on one pool; each call returns when its own ranges are done.  Workers look out
 * for the next call for a millisecond, then sleep.  Denormals are flushed to zero in workers;
 * callers who want the same bits for any number of threads do so too (oc_fp_flush_denormals). */
#ifndef OC_CORE_POOL_H
#define OC_CORE_POOL_H

#include <stddef.h>
#include <stdint.h>

#include "ocellus/session.h" /* oc_pool_create, oc_pool_destroy */

typedef struct oc_range {
    size_t begin, end;
} oc_range;

/* One range of [0, units).  `worker` is in [0, oc_pool_threads) and no two ranges of one run with
 * the same worker overlap in time: scratch memory may be indexed by it. */
typedef void oc_pool_fn(void *ctx, oc_range part, unsigned worker);

unsigned oc_pool_threads(const oc_pool *pool);

/* Calls fn for ranges of at least `grain` units (the last may be smaller) until [0, units) is
 * done.  threads_max bounds the threads used (0 = all).  pool NULL: all in the caller's thread. */
void oc_pool_run(oc_pool *pool, unsigned threads_max, size_t units, size_t grain, oc_pool_fn *fn,
                 void *ctx);

/* Flushes denormals to zero in this thread; gives back the old mode for oc_fp_restore. */
unsigned oc_fp_flush_denormals(void);
void     oc_fp_restore(unsigned mode);

#endif
