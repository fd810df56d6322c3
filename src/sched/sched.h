/* sched.h -- which network runs when, and on how many cores: jobs with deadlines over one pool.
 *
 * A job is one run of a network (or any other piece of computing) for one stream.  It has a class, a
 * release time and a deadline.  The scheduler lends cores: it says when a job starts and on how many
 * cores, takes cores back from a running job at its next yield point, and drops what cannot be in
 * time, with the reason.  Between classes the higher one always goes first; inside a class the
 * earliest deadline does.
 *
 * A job runs in its caller's thread (oc_sched_run) or in a thread of the scheduler's
 * (oc_sched_submit); where it has more than one core, oc_pool_run inside it gets as many threads.
 * Yield points are the beginning of every oc_pool_run and, in long ones, the borders between their
 * ranges (core/pool.h): a job that computes without the pool calls oc_pool_yield now and then.
 *
 * Times are nanoseconds of the scheduler's clock: oc_now_ns unless the options bring another one.
 * All functions may be called from any thread, also from inside a job's fn, except that
 * oc_sched_run does not nest. */
#ifndef OC_SCHED_SCHED_H
#define OC_SCHED_SCHED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ocellus/session.h"

#define OC_SCHED_NETWORKS_MAX 256
#define OC_SCHED_BATCH_MAX 64
#define OC_SCHED_INSTANCES_MAX 64 /* of one network */
#define OC_SCHED_CORES_MAX 256
#define OC_SCHED_STARVE_NS 500000000u

typedef struct oc_sched oc_sched;

/* Highest first. */
typedef enum oc_sched_class {
    OC_SCHED_CRITICAL,
    OC_SCHED_NORMAL,
    OC_SCHED_SLACK, /* only with what the others leave: encoders, shadow candidates */
    OC_SCHED_CLASSES
} oc_sched_class;
const char *oc_sched_class_name(oc_sched_class cls); /* "critical" ... */
bool        oc_sched_class_parse(const char *text, oc_sched_class *out);

/* Why a job was dropped: name, text, what it is. */
#define OC_SCHED_DROP_MAP(X)                                                          \
    X(LATE, "late", "its deadline could not be met any more when it was to start")    \
    X(OVERLOAD, "overload", "what goes before it would take until past its deadline") \
    X(FULL, "full", "too many jobs waited")                                           \
    X(STOPPED, "stopped", "the scheduler was stopped")
typedef enum oc_sched_drop {
#define X(name, text, what) OC_SCHED_DROP_##name,
    OC_SCHED_DROP_MAP(X)
#undef X
        OC_SCHED_DROPS
} oc_sched_drop;
const char *oc_sched_drop_name(oc_sched_drop reason);

typedef struct oc_sched_options {
    oc_pool *pool;     /* borrowed; its threads are the cores.  NULL: jobs run on one core each */
    unsigned cores;    /* lent in all; 0 = the pool's threads, or 1 without a pool */
    size_t   jobs_max; /* waiting or running at once, more are dropped as "full"; 0 = 1024 */
    /* A normal job that is there gets a core at least so often, whatever the critical class wants:
     * 0 = 500 ms, UINT64_MAX = never. */
    uint64_t starve_ns;
    uint64_t (*clock)(void *ctx); /* NULL: oc_now_ns.  Steps back are taken for no time passed */
    void *clock_ctx;
} oc_sched_options;

/* OC_INVALID: more cores than OC_SCHED_CORES_MAX. */
OC_MUST_CHECK oc_status oc_sched_create(const oc_sched_options *options, oc_sched **out,
                                        oc_error *err);
/* Jobs that wait, and all that come later, are dropped as "stopped"; those that run go on. */
void oc_sched_stop(oc_sched *sched);
/* Stops, and waits until no call of oc_sched_run and no submitted job is inside any more.  NULL is
 * fine. */
void oc_sched_destroy(oc_sched *sched);

unsigned oc_sched_cores(const oc_sched *sched);
uint64_t oc_sched_now_ns(oc_sched *sched);

/* ---- networks: what jobs are of, and what is known of their run times ---- */

typedef struct oc_sched_network_options {
    const char *name; /* copied; for statistics */
    /* Jobs run together at most; 0, 1 = no batching.  More: the network has a free batch dimension. */
    unsigned batch_max;
    /* A job that could be in a larger batch waits so long for others (never past what its deadline
     * allows); 0 = batches are made only of those that wait anyway. */
    uint64_t batch_wait_ns;
    /* Jobs of this network in work at once, suspended ones counted: sessions to run them on.  0 = any
     * number.  A job that waits for one lends its class and deadline to those that hold them. */
    unsigned instances;
    unsigned cores_max; /* more would not help; 0 = all */
    uint64_t run_ns;    /* a first guess for one job on one core; 0 = not known */
} oc_sched_network_options;

/* Networks stay until the scheduler goes.
 *
 * OC_INVALID  batch_max above OC_SCHED_BATCH_MAX, instances above OC_SCHED_INSTANCES_MAX, or
 *             OC_SCHED_NETWORKS_MAX are there already
 * OC_NOMEM */
OC_MUST_CHECK oc_status oc_sched_network_add(oc_sched                       *sched,
                                             const oc_sched_network_options *options,
                                             uint32_t *network, oc_error *err);

/* How long `batch` jobs of this network take on so many cores, from the last runs (a high quantile);
 * 0 = not known yet. */
uint64_t oc_sched_predict_ns(oc_sched *sched, uint32_t network, unsigned batch, unsigned cores);

/* ---- jobs ---- */

/* What a job is given to run with. */
typedef struct oc_sched_grant {
    unsigned instance; /* [0, instances): which session; no two jobs in work have the same */
    unsigned cores;    /* at the start; may change at any yield point */
} oc_sched_grant;

/* Runs n jobs (1, or up to batch_max) at once: ctx[i] is each one's own. */
typedef oc_status oc_sched_fn(void *const *ctx, size_t n, const oc_sched_grant *grant,
                              oc_error *err);

typedef struct oc_sched_job {
    uint32_t       network;
    uint32_t       stream; /* for whom; jobs of one stream may run at the same time */
    oc_sched_class cls;
    uint64_t       release_ns;  /* not before; delays count from here.  0 = now */
    uint64_t       deadline_ns; /* finished by then; 0 = none */
    bool         batchable; /* may run together with others of this network, class, fn and group */
    const void  *group;     /* compared alone; NULL is one, too */
    bool         keep;      /* never dropped for its deadline: run late rather than not */
    oc_sched_fn *fn;
    void        *ctx;
} oc_sched_job;

typedef enum oc_sched_outcome { OC_SCHED_DONE, OC_SCHED_FAILED, OC_SCHED_DROPPED } oc_sched_outcome;

typedef struct oc_sched_verdict {
    oc_sched_outcome outcome;
    oc_sched_drop    reason;       /* when dropped */
    bool             missed;       /* done, but after its deadline */
    uint64_t         queue_ns;     /* from release to start, or to the drop */
    uint64_t         run_ns;       /* with a core */
    uint64_t         suspended_ns; /* started, without a core */
    uint64_t         end_ns;       /* when it was finished or dropped */
    unsigned         batch;        /* jobs that ran with it, itself counted */
    unsigned         cores;        /* that it had for the longest time */
} oc_sched_verdict;

/* Waits for its turn, runs, returns.  A drop is OC_OK and a verdict; fn's failure is its status and
 * message (of all jobs of the batch).
 *
 *   verdict  filled in every case; may be NULL
 *
 * OC_INVALID  no such network or class, no fn */
OC_MUST_CHECK oc_status oc_sched_run(oc_sched *sched, const oc_sched_job *job,
                                     oc_sched_verdict *verdict, oc_error *err);

/* The same without waiting: `done` is called once, from a thread of the scheduler's (or, when the job
 * is dropped, from any thread that is in a call to the scheduler), without a lock held.  The job is
 * copied.  Such jobs have threads of the scheduler's, made at the first call.
 *
 * OC_INVALID  as oc_sched_run; done is not called
 * OC_NOMEM    no threads or no memory; done is not called */
typedef void oc_sched_done_fn(void *ctx, const oc_sched_verdict *verdict, oc_status status,
                              const oc_error *err);
OC_MUST_CHECK oc_status oc_sched_submit(oc_sched *sched, const oc_sched_job *job,
                                        oc_sched_done_fn *done, void *done_ctx, oc_error *err);
/* n jobs that come at the same moment: they are all there before the first one starts.  All or, after a
 * failure, none; done is called once for each, with its job's ctx. */
OC_MUST_CHECK oc_status oc_sched_submit_many(oc_sched *sched, const oc_sched_job *jobs, size_t n,
                                             oc_sched_done_fn *done, oc_error *err);
/* Memory for n more submitted jobs of this network at the same time, and threads for as many of them as
 * can be in work: submitting them then allocates nothing.  To be given back, after they are over. */
OC_MUST_CHECK oc_status oc_sched_reserve(oc_sched *sched, uint32_t network, size_t n,
                                         oc_error *err);
void                    oc_sched_unreserve(oc_sched *sched, uint32_t network, size_t n);

/* ---- what has been ---- */

typedef struct oc_sched_spread {
    uint64_t n, p50_ns, p90_ns, p99_ns, p999_ns, max_ns;
} oc_sched_spread;

typedef struct oc_sched_counts { /* at every moment submitted = waiting + running + done + failed +
                                    all dropped */
    uint64_t submitted, waiting, running, done, failed, dropped[OC_SCHED_DROPS];
    uint64_t missed;    /* of done */
    uint64_t preempted; /* times that a job lost its last core before its end */
} oc_sched_counts;

typedef struct oc_sched_stats {
    char            name[64];
    oc_sched_counts counts;
    oc_sched_spread queue;     /* release to start */
    oc_sched_spread run;       /* with a core */
    oc_sched_spread response;  /* release to end */
    oc_sched_spread unyielded; /* between two yield points: how long a more urgent job may wait */
    uint64_t        batches;   /* runs; done jobs ÷ batches = mean batch */
} oc_sched_stats;

unsigned oc_sched_networks(oc_sched *sched);
/* Of one network, all classes (cls OC_SCHED_CLASSES) or one.  False: no such network. */
bool oc_sched_stats_get(oc_sched *sched, uint32_t network, oc_sched_class cls, oc_sched_stats *out);

typedef struct oc_sched_load {
    unsigned cores, busy;     /* lent at this moment */
    uint64_t busy_ns;         /* core time lent so far */
    uint64_t up_ns;           /* since create */
    uint64_t blocking_max_ns; /* the longest stretch without a yield */
    uint64_t promoted;        /* normal jobs that went before critical ones, not to starve */
} oc_sched_load;
void oc_sched_load_get(oc_sched *sched, oc_sched_load *out);

#endif
