/* micro.h -- what scheduling itself costs, and how long a critical job waits for a heavy slack one. */
#ifndef BENCH_SCHED_MICRO_H
#define BENCH_SCHED_MICRO_H

#include "engines.h"

typedef struct overhead {
    double alone_us; /* an empty job, submit to return, one thread */
    double
        crowded_us;  /* the same per job with four threads on the cores: wall time x cores / jobs */
    double async_us; /* submitted, to its callback */
} overhead;
OC_MUST_CHECK oc_status measure_overhead(unsigned cores, overhead *out, oc_error *err);

typedef struct blocking {
    double          slack_run_ms; /* of the slack network, on all cores */
    outcome         queue;        /* of the critical jobs, in seconds without steal: the wait */
    oc_sched_spread unyielded;    /* of the slack network */
    uint64_t        preempted;
    double          steal; /* mean, of all cores */
    size_t          seconds, disturbed_seconds;
    double          simulated_p999_ms;
} blocking;
/* The slack class runs batches of the largest network without a pause; a critical job of no work comes
 * every 7 ms. */
OC_MUST_CHECK oc_status measure_blocking(load *l, duration d, blocking *out, oc_error *err);

#endif
