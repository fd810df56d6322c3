/* state.h -- the inside of a scheduler, for sched.c and stats.c. */
#ifndef OC_SCHED_STATE_H
#define OC_SCHED_STATE_H

#include <pthread.h>
#include <stdio.h>

#include "core/pool.h"
#include "sched/policy.h"
#include "telemetry/histogram.h"

#define OC_SCHED_RUNG_MAX 8

/* What a waiting thread listens to. */
typedef struct oc_sched_bell {
    pthread_cond_t        cond;
    struct oc_sched_bell *next; /* while nobody has it */
} oc_sched_bell;

/* One job inside: on its caller's stack, or made by submit. */
typedef struct oc_sched_seat {
    oc_policy_job         job; /* first */
    oc_sched             *sched;
    oc_sched_job          asked;
    oc_pool_gate          gate;
    oc_sched_bell        *bell; /* of the thread that waits with it; NULL: none does */
    bool                  go, over;
    unsigned              ran_with;   /* jobs of its batch */
    oc_policy_job         leader_run; /* of a batch: how the run went */
    oc_sched_outcome      outcome;
    oc_status             status;
    oc_error              err;
    oc_sched_done_fn     *done; /* submitted; else NULL */
    void                 *done_ctx;
    struct oc_sched_seat *next;
} oc_sched_seat;

/* A thread for submitted jobs. */
typedef struct oc_sched_runner {
    oc_sched               *sched;
    pthread_t               thread;
    oc_sched_bell           bell;
    oc_sched_seat          *seat; /* to run next */
    struct oc_sched_runner *next; /* while idle */
} oc_sched_runner;

/* What has been, of one network and class. */
typedef struct oc_sched_page {
    oc_sched_counts counts;
    oc_histogram    queue, run, response, unyielded;
    uint64_t        batches;
} oc_sched_page;

typedef struct oc_sched_book {
    char          name[64];
    oc_sched_page page[OC_SCHED_CLASSES];
} oc_sched_book;

struct oc_sched {
    pthread_mutex_t    lock;
    pthread_condattr_t monotonic;
    oc_policy          policy;
    oc_pool           *pool;
    uint64_t (*clock)(void *ctx);
    void            *clock_ctx;
    uint64_t         born_ns, blocking_max_ns;
    size_t           inside; /* seats not yet given back */
    pthread_cond_t   empty;
    oc_sched_runner *runners;           /* for submitted jobs */
    size_t         n_runners, n_needed; /* needed: by submitted jobs that can be in work at once */
    size_t         submitted[OC_SCHED_NETWORKS_MAX], reserved[OC_SCHED_NETWORKS_MAX];
    size_t         n_reserved;      /* threads */
    oc_sched_seat *seats;           /* for submitted jobs, free */
    oc_sched_runner *idle, *keeper; /* the latter: idle, too, and keeps the time */
    bool             ending;
    oc_sched_seat   *ready, *last_ready; /* submitted, started, not yet with a runner */
    oc_sched_seat   *ended;              /* submitted and over: to be told without the lock */
    oc_sched_bell   *bells, *rung[OC_SCHED_RUNG_MAX]; /* rung: when the lock is free again */
    size_t           n_rung;
    bool             widened;
    oc_sched_book   *books[OC_SCHED_NETWORKS_MAX];
};

/* Counting, with the lock. */
void oc_sched_count_submit(oc_sched *s, const oc_sched_seat *seat);
void oc_sched_count_start(oc_sched *s, const oc_sched_seat *seat);
void oc_sched_count_run(oc_sched *s, oc_sched_seat *lead);
void oc_sched_count_end(oc_sched *s, oc_sched_seat *seat, oc_sched_outcome outcome);
void oc_sched_verdict_of(const oc_sched_seat *seat, oc_sched_verdict *out);

#endif
