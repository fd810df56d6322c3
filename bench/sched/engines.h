/* engines.h -- the same tasks three ways: the scheduler, its simulator, ONNX Runtime without one. */
#ifndef BENCH_SCHED_ENGINES_H
#define BENCH_SCHED_ENGINES_H

#include "ledger.h"

typedef struct sched_facts {
    double blocking_p999_ms, blocking_max_ms; /* between yield points, over all networks */
    double busy;                              /* part of the core time that was lent */
} sched_facts;

/* For real; opens the ledger when all is ready; run times on one core are added to the networks' samples. */
OC_MUST_CHECK oc_status run_scheduler(load *l, const load_task tasks[TASKS], unsigned seconds,
                                      ledger *g, sched_facts *facts, oc_error *err);

typedef struct sim_outcome {
    outcome network[NETWORKS];
} sim_outcome;
OC_MUST_CHECK oc_status run_simulator(const load *l, const load_task tasks[TASKS], unsigned seconds,
                                      double range_ms, sim_outcome *out, oc_error *err);

/* A thread a stream, one session a network, as one would write it at first; opens the ledger, too.  OC_NOT_FOUND: not built
 * with it, or its library is not there. */
OC_MUST_CHECK oc_status run_naive(load *l, const load_task tasks[TASKS], unsigned seconds,
                                  ledger *g, oc_error *err);

#endif
