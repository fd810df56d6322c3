/* pool.h -- the one thread pool of a process: ranges of work, taken by whoever is free.
 *
 * A pool of n threads has n - 1 workers: the caller of oc_pool_run works too.  Several threads may
 * call run at once on one pool; each call returns when its own ranges are done.  Workers look out
 * for the next call for a millisecond, then sleep.  Denormals are flushed to zero in workers;
 * callers who want the same bits for any number of threads do so too (oc_fp_flush_denormals). */
#ifndef OC_CORE_POOL_H
#define OC_CORE_POOL_H

#include <stdatomic.h>
#include <stdbool.h>
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

/* ---- lent cores ---- */

/* Stands between a job and the pool, where a scheduler lends cores and takes them back: in the thread
 * that has it (oc_pool_gate_set), oc_pool_run uses at most `cores` threads.  `ask` is looked at at every
 * yield point, the beginning of each oc_pool_run and the borders between the chunks of long ones, and
 * `yield` called where it is set: by the owning thread, or by a worker that has just left the job.
 * In the owning thread it comes back when the job may go on. */
typedef struct oc_pool_gate {
    atomic_uint cores; /* 0: the owner waits in yield */
    atomic_uint using; /* threads in the job: the owner while it does not wait, and workers */
    atomic_bool ask;
    void (*yield)(struct oc_pool_gate *gate, bool owner);
    uint64_t             last_ns;    /* the owner's last yield point; 0 at first: see gate_set */
    atomic_uint_fast64_t longest_ns; /* of all stretches between yield points of one thread */
} oc_pool_gate;

/* For the calling thread; NULL = none.  Gives back the old one.  The gate lives until it is taken
 * away. */
oc_pool_gate *oc_pool_gate_set(oc_pool_gate *gate);
oc_pool_gate *oc_pool_gate_get(void);
/* oc_pool_run of work that is done again and again: *unit_ns is the caller's to keep between calls, 0
 * at first, and becomes about what a unit takes on one thread.  Under a gate, work known to be short is not cut
 * further than it needs to be. */
void oc_pool_run_paced(oc_pool *pool, unsigned threads_max, size_t units, size_t grain,
                       oc_pool_fn *fn, void *ctx, double *unit_ns);
/* A yield point of a job that computes without the pool; nothing without a gate. */
void oc_pool_yield(void);
/* Workers look for work again: a gate was widened. */
void oc_pool_wake(oc_pool *pool);
/* Only so many workers keep looking out for work before they sleep: the other cores are lent. */
void oc_pool_spare(oc_pool *pool, unsigned n);

/* Flushes denormals to zero in this thread; gives back the old mode for oc_fp_restore. */
unsigned oc_fp_flush_denormals(void);
void     oc_fp_restore(unsigned mode);

#endif
