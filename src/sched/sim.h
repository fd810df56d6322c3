/* sim.h -- the scheduler under a virtual clock: policy.h driven by cameras and run times that are given
 * instead of measured.  The same input gives the same output, to the last count. */
#ifndef OC_SCHED_SIM_H
#define OC_SCHED_SIM_H

#include "sched/sched.h"
#include "telemetry/histogram.h"

typedef struct oc_sim_network {
    oc_sched_network_options options;
    /* One job on one core takes one of these, drawn at random. */
    const uint64_t *run_ns;
    size_t          n_run;
    double          core_gain;  /* what each core beyond the first adds to the speed; 0 = nothing */
    double          batch_gain; /* part of a run that a further job of a batch saves */
    uint64_t        range_ns;   /* from one yield point to the next; 0 = it never yields */
    /* Between these times runs take `slow` times as long; 0 = never. */
    uint64_t slow_from_ns, slow_until_ns;
    double   slow;
} oc_sim_network;

/* A camera's demand on a network: a job every period. */
typedef struct oc_sim_task {
    uint32_t       network, stream;
    oc_sched_class cls;
    bool           batchable, keep;
    uint64_t       first_ns, period_ns;
    uint64_t       jitter_ns;   /* each job comes late by up to that */
    uint64_t       deadline_ns; /* from the release; 0 = none */
    uint64_t       until_ns;    /* no release from then on; 0 = to the end */
    /* In between nothing comes; what would have come, comes all at once at its end when `burst`. */
    uint64_t stall_from_ns, stall_until_ns;
    bool     burst;
} oc_sim_task;

typedef struct oc_sim_result { /* of a task: released = done + all dropped, once all is over */
    uint64_t     released, done, missed, dropped[OC_SCHED_DROPS], preempted, batches;
    oc_histogram queue, response; /* of done jobs */
} oc_sim_result;

typedef struct oc_sim_options {
    unsigned cores;
    uint64_t until_ns;  /* releases stop; what is there runs to its end */
    uint64_t starve_ns; /* as in oc_sched_options */
    uint64_t seed;
    uint64_t start_ns; /* what each start and each resumption costs its job */
} oc_sim_options;

/* results: one a task; the caller's, zeroed.
 *
 * OC_INVALID  a task without a period, or of a network that is not there; a network without run times */
OC_MUST_CHECK oc_status oc_sim_run(const oc_sim_options *options, const oc_sim_network *networks,
                                   size_t n_networks, const oc_sim_task *tasks, size_t n_tasks,
                                   oc_sim_result *results, oc_error *err);

#endif
