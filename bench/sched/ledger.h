/* ledger.h -- what became of every job of a run, second by second, so that seconds in which the
 * machine was taken away can be told apart, and are made up for by as many more. */
#ifndef BENCH_SCHED_LEDGER_H
#define BENCH_SCHED_LEDGER_H

#include <pthread.h>
#include <stdatomic.h>

#include "load.h"

#define STEAL_MAX 0.005
#define REASONS (OC_SCHED_DROPS + 1) /* the last: a newer one came before it was begun */

typedef struct entry {
    uint32_t begin, end; /* seconds in which it was due and over */
    uint8_t  network;
    uint8_t  what;                /* 0 done, 1 missed, 2 + reason: dropped */
    float    response_ms, run_ms; /* the latter: on one core all the time; 0 = on others, too */
} entry;

typedef struct ledger {
    pthread_mutex_t lock;
    entry          *entries;
    size_t          n, cap;
    bool            full;              /* something could not be noted */
    float          *steal, *elsewhere; /* per second: part of all cores */
    size_t          wanted, most;      /* seconds without steal, seconds in all */
    atomic_size_t   n_seconds, n_clean;
    uint64_t        start_ns;
    long            cores;
    pthread_t       watch;
    bool            watched;
    atomic_bool     stop;
} ledger;

typedef struct outcome { /* of one network, over one kind of seconds */
    uint64_t released, done, missed, dropped[REASONS];
    double   p50_ms, p99_ms, p999_ms, max_ms; /* from due to end, of done ones */
} outcome;

typedef struct job_end {
    unsigned network, what;
    uint64_t due_ns, end_ns, run_ns; /* run_ns: see entry */
} job_end;

/* The run begins: start_ns is now. */
bool ledger_open(ledger *g, size_t wanted, size_t most);
/* The run may end: there are so many seconds as are wanted, or as may be. */
bool ledger_enough(const ledger *g);
void ledger_note(ledger *g, const job_end *job);
void ledger_stop(ledger *g); /* fine for one never opened, zeroed */
void ledger_close(ledger *g);
/* disturbed: jobs that had to do with a second with more than STEAL_MAX steal, else the others. */
void   ledger_sum(const ledger *g, unsigned network, bool disturbed, outcome *out);
double ledger_elsewhere(const ledger *g); /* mean part of the machine that others used */
double ledger_steal(const ledger *g);
/* Up to `most` run times of undisturbed jobs, evenly over the run; how many. */
size_t      ledger_run_times(const ledger *g, unsigned network, uint64_t *ns, size_t most);
const char *reason_name(unsigned reason);

#endif
