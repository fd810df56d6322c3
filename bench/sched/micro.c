#include "micro.h"

#include <math.h>
#include <stdatomic.h>
#include <time.h>

#include "ledger.h"
#include "telemetry/histogram.h"

static oc_status nothing(void *const *ctx, size_t n, const oc_sched_grant *grant, oc_error *err)
{
    (void)ctx;
    (void)n;
    (void)grant;
    (void)err;
    return OC_OK;
}

/* ---- overhead ---- */

#define JOBS 20000
#define CROWD 4

typedef struct caller {
    oc_sched *s;
    uint32_t  network;
    oc_status status;
} caller;

static void *call_often(void *arg)
{
    caller *c = arg;
    for (int i = 0; i < JOBS && c->status == OC_OK; i++) {
        oc_sched_job job = {.network = c->network, .fn = nothing};
        c->status = oc_sched_run(c->s, &job, NULL, NULL);
    }
    return NULL;
}

static double crowd_us(oc_sched *s, uint32_t network, unsigned n, unsigned cores)
{
    pthread_t      thread[CROWD];
    caller         c[CROWD];
    unsigned       made = 0;
    const uint64_t begin = oc_now_ns();
    for (; made < n; made++) {
        c[made] = (caller){s, network, OC_OK};
        if (pthread_create(&thread[made], NULL, call_often, &c[made]) != 0)
            break;
    }
    for (unsigned i = 0; i < made; i++)
        pthread_join(thread[i], NULL);
    const double used = (double)(oc_now_ns() - begin) * (made < cores ? made : cores);
    return made ? used * 1e-3 / JOBS / made : NAN;
}

static void count_done(void *ctx, const oc_sched_verdict *v, oc_status status, const oc_error *err)
{
    (void)v;
    (void)status;
    (void)err;
    atomic_fetch_add((atomic_int *)ctx, 1);
}

static oc_status async_us(oc_sched *s, uint32_t network, double *us, oc_error *err)
{
    atomic_int     done = 0;
    oc_status      st = OC_OK;
    const uint64_t begin = oc_now_ns();
    for (int i = 0; i < JOBS / 4 && st == OC_OK; i++) {
        oc_sched_job job = {.network = network, .fn = nothing};
        st = oc_sched_submit(s, &job, count_done, &done, err);
        while (st == OC_OK && atomic_load(&done) <= i)
            sched_yield();
    }
    *us = (double)(oc_now_ns() - begin) * 1e-3 / (JOBS / 4);
    return st;
}

oc_status measure_overhead(unsigned cores, overhead *out, oc_error *err)
{
    oc_sched        *s = NULL;
    uint32_t         id;
    oc_sched_options o = {.cores = cores};
    oc_status        st = oc_sched_create(&o, &s, err);
    if (st == OC_OK)
        st = oc_sched_network_add(s, &(oc_sched_network_options){.name = "nothing", .cores_max = 1},
                                  &id, err);
    if (st == OC_OK) {
        out->alone_us = crowd_us(s, id, 1, cores);
        out->crowded_us = crowd_us(s, id, CROWD, cores);
        st = async_us(s, id, &out->async_us, err);
    }
    oc_sched_destroy(s);
    return st;
}

/* ---- blocking ---- */

typedef struct heavy {
    load       *l;
    oc_sched   *s;
    uint32_t    network;
    unsigned    index; /* of `load`: the largest */
    atomic_bool stop;
    oc_status   status;
    oc_error    err;
} heavy;

/* About 100 ms of one core at least, in one job. */
static oc_status run_heavy(void *const *ctx, size_t n, const oc_sched_grant *grant, oc_error *err)
{
    heavy         *h = ctx[0];
    const unsigned times = (unsigned)ceil(100.0 / h->l->network[h->index].solo_ms);
    oc_status      st = OC_OK;
    (void)n;
    (void)grant;
    for (unsigned i = 0; i < times && st == OC_OK; i++)
        st = load_run(h->l, h->index, 0, 0, i, err);
    return st;
}

static void *heavy_main(void *arg)
{
    heavy *h = arg;
    while (!atomic_load(&h->stop) && h->status == OC_OK) {
        oc_sched_job job = {
            .network = h->network, .cls = OC_SCHED_SLACK, .fn = run_heavy, .ctx = h};
        h->status = oc_sched_run(h->s, &job, NULL, &h->err);
    }
    return NULL;
}

static oc_status come_often(oc_sched *s, uint32_t network, ledger *g, oc_error *err)
{
    oc_status st = OC_OK;
    while (st == OC_OK && !ledger_enough(g)) {
        oc_sched_job     job = {.network = network, .fn = nothing};
        oc_sched_verdict v;
        const uint64_t   begin = oc_now_ns();
        st = oc_sched_run(s, &job, &v, err);
        ledger_note(g, &(job_end){.due_ns = begin, .end_ns = begin + v.queue_ns});
        nanosleep(&(struct timespec){.tv_nsec = 7000000}, NULL);
    }
    return st;
}

oc_status measure_blocking(load *l, duration d, blocking *out, oc_error *err)
{
    heavy            h = {.l = l};
    oc_sched_options o = {.pool = l->pool};
    uint32_t         urgent;
    pthread_t        thread;
    ledger           g = {0};
    oc_sched_stats   stats;
    for (unsigned i = 1; i < NETWORKS; i++)
        h.index = l->network[i].solo_ms > l->network[h.index].solo_ms ? i : h.index;
    oc_status st = oc_sched_create(&o, &h.s, err);
    if (st == OC_OK)
        st = oc_sched_network_add(h.s, &(oc_sched_network_options){.name = "heavy"}, &h.network,
                                  err);
    if (st == OC_OK)
        st = oc_sched_network_add(
            h.s, &(oc_sched_network_options){.name = "urgent", .cores_max = 1}, &urgent, err);
    if (st == OC_OK && !ledger_open(&g, d.seconds, d.most))
        st = OC_FAIL(err, OC_NOMEM, "a ledger");
    if (st == OC_OK && pthread_create(&thread, NULL, heavy_main, &h) == 0) {
        st = come_often(h.s, urgent, &g, err);
        atomic_store(&h.stop, true);
        pthread_join(thread, NULL);
        if (h.status != OC_OK)
            *err = h.err;
        st = st == OC_OK ? h.status : st;
        oc_sched_stats_get(h.s, h.network, OC_SCHED_SLACK, &stats);
        out->unyielded = stats.unyielded;
        out->slack_run_ms = (double)stats.run.p50_ns * 1e-6;
        out->preempted = stats.counts.preempted;
    }
    ledger_stop(&g);
    ledger_sum(&g, 0, false, &out->queue);
    out->steal = ledger_steal(&g);
    out->seconds = atomic_load(&g.n_seconds);
    out->disturbed_seconds = out->seconds - atomic_load(&g.n_clean);
    ledger_close(&g);
    oc_sched_destroy(h.s);
    if (st == OC_OK)
        st = simulate_blocking(l->cores, out->slack_run_ms, (double)out->unyielded.p50_ns * 1e-6,
                               &out->simulated_p999_ms, err);
    return st;
}
