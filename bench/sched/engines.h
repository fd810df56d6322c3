/* engines.h -- the same tasks three ways: the scheduler, its simulator, ONNX Runtime without one. */
#ifndef BENCH_SCHED_ENGINES_H
#define BENCH_SCHED_ENGINES_H

#include "ledger.h"

typedef struct duration {
    size_t seconds; /* without steal */
    size_t most;    /* with and without */
} duration;

typedef struct sched_facts {
    double   blocking_p999_ms, blocking_max_ms; /* between yield points, over all networks */
    double   busy;                              /* part of the core time that was lent */
    uint64_t submitted[NETWORKS];               /* by the one who submits */
    uint64_t told[NETWORKS];                    /* done and dropped by the scheduler's count */
} sched_facts;

/* For real; opens the ledger when all is ready.  The networks' samples become the run times on one
 * core that undisturbed jobs had. */
OC_MUST_CHECK oc_status run_scheduler(load *l, const load_task tasks[TASKS], duration d, ledger *g,
                                      sched_facts *facts, oc_error *err);

typedef struct sim_outcome {
    outcome network[NETWORKS];
} sim_outcome;
OC_MUST_CHECK oc_status run_simulator(const load *l, const load_task tasks[TASKS], unsigned seconds,
                                      sim_outcome *out, oc_error *err);
/* How long critical jobs wait (p99.9) beside a slack one of so long on all cores, which yields so often. */
OC_MUST_CHECK oc_status simulate_blocking(unsigned cores, double slack_ms, double range_ms,
                                          double *p999_ms, oc_error *err);

/* What the simulator needs of a demand's run, for `--simulate`. */
OC_MUST_CHECK oc_status times_write(const char *path, const load *l, double demand, oc_error *err);
OC_MUST_CHECK oc_status times_read(const char *path, load *l, double *demand, oc_error *err);

/* A thread a stream, one session a network, as one would write it at first; opens the ledger, too.
 * OC_NOT_FOUND: not built with it, or its library is not there. */
OC_MUST_CHECK oc_status run_naive(load *l, const load_task tasks[TASKS], duration d, ledger *g,
                                  oc_error *err);

#endif
