/* The same tasks in virtual time, with the run times that were recorded. */
#include <stdlib.h>
#include <string.h>

#include "engines.h"

/* Quantile of several histograms together: those of one network's streams. */
static double quantile_ms(const oc_sim_result *r, unsigned network, double q)
{
    uint64_t n = 0, seen = 0;
    for (unsigned i = network; i < TASKS; i += NETWORKS)
        n += oc_histogram_count(&r[i].response);
    for (size_t b = 0; b < OC_HISTOGRAM_BUCKETS && n; b++) {
        for (unsigned i = network; i < TASKS; i += NETWORKS)
            seen += oc_histogram_bucket_count(&r[i].response, b);
        if ((double)seen >= q * (double)n)
            return (double)oc_histogram_low_ns(b) * 1e-6;
    }
    return 0;
}

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
        out->network[n].p50_ms = quantile_ms(r, n, 0.5);
        out->network[n].p99_ms = quantile_ms(r, n, 0.99);
    }
}

oc_status run_simulator(const load *l, const load_task tasks[TASKS], unsigned seconds,
                        double range_ms, sim_outcome *out, oc_error *err)
{
    oc_sim_network net[NETWORKS];
    oc_sim_task    task[TASKS];
    oc_sim_result *r = calloc(TASKS, sizeof(*r));
    oc_sim_options o = {
        .cores = l->cores, .until_ns = seconds * 1000000000ull, .seed = 1, .start_ns = 20000};
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
            .range_ns = (uint64_t)(range_ms * 1e6) + 1};
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
