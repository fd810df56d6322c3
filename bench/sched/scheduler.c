/* A thread submits each task's jobs in time, all the rest is the scheduler's. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "engines.h"
#include "telemetry/histogram.h"

typedef struct shared {
    load     *l;
    ledger   *g;
    uint64_t *submitted;
    oc_status status; /* the first failure */
    oc_error  err;
} shared;

typedef struct task_job {
    shared          *shared;
    const load_task *task;
    uint64_t         turn, release_ns;
} task_job;

static oc_status run_fn(void *const *ctx, size_t n, const oc_sched_grant *grant, oc_error *err)
{
    oc_status st = OC_OK;
    for (size_t i = 0; i < n && st == OC_OK; i++) {
        const task_job *j = ctx[i];
        st = load_run(j->shared->l, j->task->network, grant->instance, j->task->stream, j->turn,
                      err);
    }
    return st;
}

static void job_done(void *ctx, const oc_sched_verdict *v, oc_status status, const oc_error *err)
{
    task_job *j = ctx;
    shared   *sh = j->shared;
    ledger_note(
        sh->g,
        &(job_end){.network = j->task->network,
                   .what = v->outcome == OC_SCHED_DROPPED ? 2 + (unsigned)v->reason : v->missed,
                   .due_ns = j->release_ns,
                   .end_ns = v->end_ns,
                   .run_ns = v->outcome == OC_SCHED_DONE && v->cores == 1 ? v->run_ns : 0});
    if (v->outcome == OC_SCHED_FAILED) {
        pthread_mutex_lock(&sh->g->lock);
        sh->status = status;
        sh->err = *err;
        pthread_mutex_unlock(&sh->g->lock);
    }
    free(j);
}

static oc_status submit(oc_sched *s, shared *sh, const uint32_t *ids, const load_task *t,
                        uint64_t turn, uint64_t at, oc_error *err)
{
    task_job *j = malloc(sizeof(*j));
    if (!j)
        return OC_FAIL(err, OC_NOMEM, "a job");
    *j = (task_job){sh, t, turn, at};
    oc_sched_job job = {.network = ids[t->network],
                        .stream = t->stream,
                        .cls = sh->l->network[t->network].cls,
                        .release_ns = at,
                        .deadline_ns = at + t->deadline_ns,
                        .fn = run_fn,
                        .ctx = j};
    oc_status    st = oc_sched_submit(s, &job, job_done, j, err);
    if (st != OC_OK)
        free(j);
    return st;
}

static oc_status submit_all(oc_sched *s, shared *sh, const uint32_t *ids, const load_task *tasks,
                            oc_error *err)
{
    uint64_t  turn[TASKS] = {0};
    oc_status st = OC_OK;
    while (st == OC_OK && !ledger_enough(sh->g)) {
        unsigned first = 0;
        uint64_t at = UINT64_MAX;
        for (unsigned i = 0; i < TASKS; i++) {
            uint64_t next = sh->g->start_ns + tasks[i].first_ns + turn[i] * tasks[i].period_ns;
            if (next < at) {
                at = next;
                first = i;
            }
        }
        struct timespec t = {(time_t)(at / 1000000000u), (long)(at % 1000000000u)};
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
        st = submit(s, sh, ids, &tasks[first], turn[first]++, at, err);
        sh->submitted[tasks[first].network] += st == OC_OK;
    }
    return st;
}

/* Waits for the last jobs. */
static void drain(oc_sched *s, load *l, const uint32_t *ids, sched_facts *facts)
{
    oc_sched_load now;
    for (unsigned n = 0; n < NETWORKS; n++) {
        oc_sched_stats  stats = {.counts.waiting = 1};
        oc_sched_counts c = {0};
        for (int i = 0; i < 6000 && stats.counts.waiting + stats.counts.running; i++) {
            nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
            oc_sched_stats_get(s, ids[n], OC_SCHED_CLASSES, &stats);
        }
        c = stats.counts;
        facts->told[n] = c.done;
        for (unsigned i = 0; i < OC_SCHED_DROPS; i++)
            facts->told[n] += c.dropped[i];
        l->network[n].range_ms = (double)stats.unyielded.p50_ns * 1e-6;
        double p999 = (double)stats.unyielded.p999_ns * 1e-6;
        facts->blocking_p999_ms = p999 > facts->blocking_p999_ms ? p999 : facts->blocking_p999_ms;
    }
    oc_sched_load_get(s, &now);
    facts->blocking_max_ms = (double)now.blocking_max_ns * 1e-6;
    facts->busy = (double)now.busy_ns / ((double)now.up_ns * now.cores);
}

oc_status run_scheduler(load *l, const load_task tasks[TASKS], duration d, ledger *g,
                        sched_facts *facts, oc_error *err)
{
    oc_sched        *s = NULL;
    uint32_t         ids[NETWORKS];
    oc_sched_options o = {.pool = l->pool};
    oc_status        st = oc_sched_create(&o, &s, err);
    shared           sh = {.l = l, .g = g, .submitted = facts->submitted};
    *facts = (sched_facts){0};
    for (unsigned n = 0; n < NETWORKS && st == OC_OK; n++) {
        oc_sched_network_options no = {.name = l->network[n].card,
                                       .instances = STREAMS,
                                       .run_ns = (uint64_t)(l->network[n].solo_ms * 1e6)};
        st = oc_sched_network_add(s, &no, &ids[n], err);
    }
    if (st == OC_OK && !ledger_open(g, d.seconds, d.most))
        st = OC_FAIL(err, OC_NOMEM, "a ledger");
    if (st == OC_OK)
        st = submit_all(s, &sh, ids, tasks, err);
    if (st == OC_OK)
        drain(s, l, ids, facts);
    oc_sched_destroy(s); /* nobody notes anything any more */
    if (st == OC_OK && sh.status != OC_OK) {
        st = sh.status;
        *err = sh.err;
    }
    ledger_stop(g);
    for (unsigned n = 0; n < NETWORKS && st == OC_OK; n++) {
        uint64_t *ns = calloc(SAMPLES, sizeof(*ns));
        size_t    found = ns ? ledger_run_times(g, n, ns, SAMPLES) : 0;
        if (found) { /* else those of the runs alone */
            memcpy(l->network[n].sample, ns, found * sizeof(*ns));
            l->network[n].n_samples = found;
        }
        free(ns);
    }
    return st;
}
