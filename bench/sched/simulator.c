/* The same tasks in virtual time, with the run times that were recorded. */
#include <stdlib.h>
#include <string.h>

#include "engines.h"

#define START_NS 20000 /* what a start costs: see the micro-measurements */

static void sum_up(const oc_sim_result *r, sim_outcome *out)
{
    for (unsigned i = 0; i < TASKS; i++) {
        outcome *o = &out->network[i % NETWORKS];
        o->released += r[i].released;
        o->done += r[i].done;
        o->missed += r[i].missed;
        for (int k = 0; k < OC_SCHED_DROPS; k++)
            o->dropped[k] += r[i].dropped[k];
        double max = (double)oc_histogram_max_ns(&r[i].response) * 1e-6;
        o->max_ms = max > o->max_ms ? max : o->max_ms;
    }
    for (unsigned n = 0; n < NETWORKS; n++) {
        oc_histogram all = {0};
        for (unsigned i = n; i < TASKS; i += NETWORKS)
            oc_histogram_merge(&all, &r[i].response);
        out->network[n].p50_ms = (double)oc_histogram_quantile_ns(&all, 0.5) * 1e-6;
        out->network[n].p99_ms = (double)oc_histogram_quantile_ns(&all, 0.99) * 1e-6;
        out->network[n].p999_ms = (double)oc_histogram_quantile_ns(&all, 0.999) * 1e-6;
    }
}

oc_status run_simulator(const load *l, const load_task tasks[TASKS], unsigned seconds,
                        sim_outcome *out, oc_error *err)
{
    oc_sim_network net[NETWORKS];
    oc_sim_task    task[TASKS];
    oc_sim_result *r = calloc(TASKS, sizeof(*r));
    oc_sim_options o = {
        .cores = l->cores, .until_ns = seconds * 1000000000ull, .seed = 1, .start_ns = START_NS};
    memset(out, 0, sizeof(*out));
    if (!r)
        return OC_FAIL(err, OC_NOMEM, "results");
    for (unsigned n = 0; n < NETWORKS; n++) {
        const load_network *from = &l->network[n];
        double gain = l->cores > 1 ? (from->solo_ms / from->wide_ms - 1) / (l->cores - 1) : 0;
        net[n] = (oc_sim_network){
            .options = {.instances = STREAMS, .run_ns = (uint64_t)(from->solo_ms * 1e6)},
            .run_ns = from->sample,
            .n_run = from->n_samples,
            .core_gain = gain > 0 ? gain : 0,
            .range_ns = (uint64_t)(from->range_ms * 1e6) + 1};
    }
    for (unsigned i = 0; i < TASKS; i++)
        task[i] = (oc_sim_task){.network = tasks[i].network,
                                .stream = tasks[i].stream,
                                .cls = l->network[tasks[i].network].cls,
                                .first_ns = tasks[i].first_ns,
                                .period_ns = tasks[i].period_ns,
                                .deadline_ns = tasks[i].deadline_ns};
    oc_status st = oc_sim_run(&o, net, NETWORKS, task, TASKS, r, err);
    if (st == OC_OK)
        sum_up(r, out);
    free(r);
    return st;
}

oc_status simulate_blocking(unsigned cores, double slack_ms, double range_ms, double *p999_ms,
                            oc_error *err)
{
    const uint64_t slack_ns = (uint64_t)(slack_ms * 1e6) * cores + 1, no_work = 1000;
    oc_sim_network net[] = {{.run_ns = &no_work, .n_run = 1},
                            {.run_ns = &slack_ns,
                             .n_run = 1,
                             .core_gain = 1.0,
                             .range_ns = (uint64_t)(range_ms * 1e6) + 1}};
    oc_sim_task    task[] = {{.cls = OC_SCHED_CRITICAL, .period_ns = 7000000, .jitter_ns = 1000000},
                             {.network = 1, .cls = OC_SCHED_SLACK, .period_ns = slack_ns / cores}};
    oc_sim_options o = {.cores = cores, .until_ns = 60000000000u, .seed = 1, .start_ns = START_NS};
    oc_sim_result *r = calloc(2, sizeof(*r));
    if (!r)
        return OC_FAIL(err, OC_NOMEM, "results");
    oc_status st = oc_sim_run(&o, net, 2, task, 2, r, err);
    *p999_ms = (double)oc_histogram_quantile_ns(&r->queue, 0.999) * 1e-6;
    free(r);
    return st;
}
