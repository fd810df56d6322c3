/* A thread submits each task's jobs in time, all the rest is the scheduler's. */
#include <stdlib.h>
#include <time.h>

#include "engines.h"
#include "telemetry/histogram.h"

typedef struct shared {
    load    *l;
    ledger  *g;
    uint64_t start_ns;
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
    task_job     *j = ctx;
    ledger       *g = j->shared->g;
    load_network *n = &j->shared->l->network[j->task->network];
    unsigned      what = v->outcome == OC_SCHED_DROPPED ? 2 + (unsigned)v->reason : v->missed;
    (void)status;
    (void)err;
    ledger_note(g, j->release_ns - j->shared->start_ns, j->task->network, what,
                (double)(v->end_ns - j->release_ns) * 1e-6);
    pthread_mutex_lock(&g->lock);
    if (v->outcome == OC_SCHED_DONE && v->cores == 1 && v->batch == 1 && n->n_samples < SAMPLES)
        n->sample[n->n_samples++] = v->run_ns;
    pthread_mutex_unlock(&g->lock);
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
                            uint64_t until, oc_error *err)
{
    uint64_t  turn[TASKS] = {0};
    oc_status st = OC_OK;
    while (st == OC_OK) {
        unsigned first = 0;
        uint64_t at = UINT64_MAX;
        for (unsigned i = 0; i < TASKS; i++) {
            uint64_t next = sh->start_ns + tasks[i].first_ns + turn[i] * tasks[i].period_ns;
            if (next < at) {
                at = next;
                first = i;
            }
        }
        if (at >= until)
            break;
        struct timespec t = {(time_t)(at / 1000000000u), (long)(at % 1000000000u)};
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
        st = submit(s, sh, ids, &tasks[first], turn[first]++, at, err);
    }
    return st;
}

oc_status run_scheduler(load *l, const load_task tasks[TASKS], unsigned seconds, ledger *g,
                        sched_facts *facts, oc_error *err)
{
    oc_sched        *s = NULL;
    uint32_t         ids[NETWORKS];
    oc_sched_options o = {.pool = l->pool};
    oc_status        st = oc_sched_create(&o, &s, err);
    *facts = (sched_facts){0};
    for (unsigned n = 0; n < NETWORKS && st == OC_OK; n++) {
        oc_sched_network_options no = {.name = l->network[n].card,
                                       .instances = STREAMS,
                                       .run_ns = (uint64_t)(l->network[n].solo_ms * 1e6)};
        st = oc_sched_network_add(s, &no, &ids[n], err);
    }
    if (st == OC_OK && !ledger_open(g, seconds))
        st = OC_FAIL(err, OC_NOMEM, "a ledger");
    shared sh = {l, g, oc_now_ns()};
    if (st == OC_OK)
        st = submit_all(s, &sh, ids, tasks, sh.start_ns + seconds * 1000000000ull, err);
    for (unsigned n = 0; n < NETWORKS && st == OC_OK; n++) {
        oc_sched_stats stats = {.counts.waiting = 1};
        for (int i = 0; i < 200 && stats.counts.waiting + stats.counts.running; i++) {
            oc_sched_stats_get(s, ids[n], OC_SCHED_CLASSES, &stats);
            nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
        }
        double p999 = (double)stats.unyielded.p999_ns * 1e-6;
        facts->blocking_p999_ms = p999 > facts->blocking_p999_ms ? p999 : facts->blocking_p999_ms;
    }
    if (s) {
        oc_sched_load now;
        oc_sched_load_get(s, &now);
        facts->blocking_max_ms = (double)now.blocking_max_ns * 1e-6;
        facts->busy = (double)now.busy_ns / ((double)now.up_ns * now.cores);
    }
    oc_sched_destroy(s);
    return st;
}
