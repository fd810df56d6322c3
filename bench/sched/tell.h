/* tell.h -- the results as one JSON document and as a table for docs/scheduling.md. */
#ifndef BENCH_SCHED_TELL_H
#define BENCH_SCHED_TELL_H

#include <stdio.h>

#include "engines.h"
#include "micro.h"

#define DEMANDS_MAX 8

typedef struct way { /* one engine's run */
    bool    ran;
    outcome clean[NETWORKS], disturbed[NETWORKS];
    size_t  seconds, disturbed_seconds;
    double  elsewhere;
    bool    full; /* memory ran out for what became of jobs */
} way;

typedef struct demand_result {
    double      demand, scale;
    way         scheduler, naive;
    sched_facts facts;
    sim_outcome sim;
    char        no_naive[256]; /* why not */
} demand_result;

typedef struct results {
    const load   *l;
    overhead      overhead;
    blocking      blocking;
    bool          have_overhead, have_blocking;
    demand_result demand[DEMANDS_MAX];
    size_t        n_demands;
} results;

void tell_json(FILE *f, const results *r);
void tell_markdown(FILE *f, const results *r);

#endif
