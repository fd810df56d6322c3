/* policy.h -- the decisions of the scheduler, and nothing else: no threads, no lock, no clock.
 *
 * A driver tells what happens (a job comes, ends, reaches a yield point, time passes) and then takes
 * the decisions out one by one (oc_policy_next).  The threads of sched.c and the simulator of sim.c are
 * two drivers of this same code.
 *
 * Cores are only counted.  A job is told how many it may use (`cores`); what it is told to give back
 * stays its own (`held`) until the driver says that it has reached a yield point. */
#ifndef OC_SCHED_POLICY_H
#define OC_SCHED_POLICY_H

#include "sched/predict.h"
#include "sched/sched.h"

#define OC_POLICY_PROTECT_NS \
    1000000u              /* a job so near its end is not put off for one of its class */
#define OC_POLICY_PROBE 8 /* of so many jobs that seem hopeless one is tried */

#define OC_POLICY_STARTED_MAX 8 /* a core and class: jobs in work, suspended ones counted */

typedef enum oc_policy_act {
    OC_POLICY_NOTHING,
    OC_POLICY_START, /* on `cores` cores, with its members */
    OC_POLICY_CORES, /* a started one: go on with `cores`; 0 = suspend at the next yield point */
    OC_POLICY_DROP,
} oc_policy_act;

typedef enum oc_policy_state {
    OC_POLICY_OUT,
    OC_POLICY_WAITING,
    OC_POLICY_STARTED,
    OC_POLICY_MEMBER, /* in the batch of another */
    OC_POLICY_OVER
} oc_policy_state;

typedef struct oc_policy_job {
    /* filled by the driver, the rest zero; its memory is the driver's until the job is over */
    uint32_t       network, stream;
    oc_sched_class cls;
    bool           batchable, keep;
    const void    *kind, *group; /* jobs of a batch have the same */
    uint64_t       release_ns, deadline_ns;

    /* for the driver to read */
    oc_policy_state       state;
    unsigned              cores;
    unsigned              instance;
    unsigned              n_batch;     /* of a started one */
    struct oc_policy_job *next_member; /* of its batch, itself first */
    oc_sched_drop         reason;
    uint64_t              start_ns, end_ns, run_ns, core_ns, suspended_ns;
    unsigned              n_suspended; /* times */

    /* the policy's own */
    oc_policy_act         act;
    struct oc_policy_job *next_act;
    unsigned              held, want;
    bool                  probe;
    double                progress; /* of a started one: part done, as predicted */
    uint64_t              seq;
    oc_sched_class        key_cls; /* rank: after promotion and inheritance */
    uint64_t              key_deadline;
} oc_policy_job;

typedef struct oc_policy_network {
    oc_predictor predict;
    unsigned     batch_max, instances, cores_max;
    uint64_t     batch_wait_ns;
    uint64_t     used; /* instances in work, a bit each */
    unsigned     n_started, n_chosen;
    unsigned     n_hopeless;
    double       stretch[OC_SCHED_CLASSES]; /* margin on run times, from 1 */
    bool         raised;
} oc_policy_network;

typedef struct oc_policy {
    unsigned           cores, free; /* free: held by nobody */
    unsigned           started_max; /* of a class */
    size_t             jobs_max, n_jobs;
    oc_policy_job    **jobs; /* waiting and started ones, best first after each event */
    oc_policy_network *networks;
    unsigned           n_networks;
    uint64_t           now_ns, seq;
    uint64_t           starve_ns, normal_since_ns; /* the latter: unmet since; UINT64_MAX = met */
    double             stretch[OC_SCHED_CLASSES];  /* margin on run times, from 1 */
    oc_policy_job     *promoted;
    oc_policy_job     *first_act, *last_act;
    bool               stopped;
    uint64_t           busy_ns, n_promoted;
} oc_policy;

OC_MUST_CHECK oc_status oc_policy_init(oc_policy *p, unsigned cores, size_t jobs_max,
                                       uint64_t starve_ns, uint64_t now_ns, oc_error *err);
void                    oc_policy_finish(oc_policy *p);
OC_MUST_CHECK oc_status oc_policy_network_add(oc_policy *p, const oc_sched_network_options *options,
                                              uint32_t *network, oc_error *err);

/* Events.  now_ns that goes back counts as the last one. */
void oc_policy_submit(oc_policy *p, oc_policy_job *job, uint64_t now_ns);
/* The same in two steps, for several at once: all come before anything is decided. */
void oc_policy_arrive(oc_policy *p, oc_policy_job *job, uint64_t now_ns);
/* A started job and its batch are through; good: its run time is worth remembering. */
void oc_policy_done(oc_policy *p, oc_policy_job *job, uint64_t now_ns, bool good);
/* At a yield point, with `using` cores in use (0 = it waits). */
void oc_policy_yield(oc_policy *p, oc_policy_job *job, uint64_t now_ns, unsigned using);
void oc_policy_tick(oc_policy *p, uint64_t now_ns);
void oc_policy_stop(oc_policy *p, uint64_t now_ns);

/* The next decision, NULL when there is none.  A dropped job is over and no longer the policy's. */
oc_policy_job *oc_policy_next(oc_policy *p, oc_policy_act *act);

/* When oc_policy_tick is due if nothing happens before; UINT64_MAX = never. */
uint64_t oc_policy_due_ns(const oc_policy *p);
/* The same for one waiting or suspended job. */
uint64_t oc_policy_job_due_ns(const oc_policy *p, const oc_policy_job *job);

/* Over its run time, rounded; at least 1. */
unsigned oc_policy_mean_cores(const oc_policy_job *job);

#endif
