/* ledger.h -- what became of every job of a run, second by second, so that seconds in which the
 * machine was taken away can be told apart. */
#ifndef BENCH_SCHED_LEDGER_H
#define BENCH_SCHED_LEDGER_H

#include <pthread.h>

#include "load.h"

#define STEAL_MAX 0.005
#define REASONS (OC_SCHED_DROPS + 1) /* the last: a newer one came before it was begun */

typedef struct entry {
    uint32_t second;
    uint8_t  network;
    uint8_t  what; /* 0 done, 1 missed, 2 + reason: dropped */
    float    response_ms;
} entry;

typedef struct ledger {
    pthread_mutex_t lock;
    entry          *entries;
    size_t          n, cap;
    float          *steal, *elsewhere; /* per second: part of all cores */
    size_t          n_seconds;
    pthread_t       watch;
    volatile bool   stop;
} ledger;

typedef struct outcome { /* of one network, over one kind of seconds */
    uint64_t released, done, missed, dropped[REASONS];
    double   p50_ms, p99_ms, max_ms;
} outcome;

bool ledger_open(ledger *g, size_t seconds);
void ledger_note(ledger *g, uint64_t since_start_ns, unsigned network, unsigned what,
                 double response_ms);
void ledger_stop(ledger *g); /* fine for one never opened, zeroed */
void ledger_close(ledger *g);
/* disturbed: of the seconds with more than STEAL_MAX steal, else of the others. */
void        ledger_sum(const ledger *g, unsigned network, bool disturbed, outcome *out);
size_t      ledger_disturbed(const ledger *g);
double      ledger_elsewhere(const ledger *g); /* mean part of the machine that others used */
const char *reason_name(unsigned reason);

#endif
