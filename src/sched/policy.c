/* Events and decisions: see policy.h.  After each event everything is planned afresh over the jobs
 * that are there: ranks, then cores in the order of ranks, then what changes against before. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "sched/policy_state.h"

void oc_policy_decide(oc_policy *p, oc_policy_job *j, oc_policy_act act)
{
    if (j->act == OC_POLICY_NOTHING) {
        j->next_act = NULL;
        if (p->last_act)
            p->last_act->next_act = j;
        else
            p->first_act = j;
        p->last_act = j;
        j->act = act;
    } else if (act == OC_POLICY_DROP) {
        j->act = act; /* a start is still a start, on other cores */
    }
}

oc_policy_job *oc_policy_next(oc_policy *p, oc_policy_act *act)
{
    oc_policy_job *j = p->first_act;
    if (!j)
        return NULL;
    p->first_act = j->next_act;
    if (!p->first_act)
        p->last_act = NULL;
    *act = j->act;
    j->act = OC_POLICY_NOTHING;
    return j;
}

/* A job that ends before its last decision was taken out. */
static void forget_act(oc_policy *p, oc_policy_job *j)
{
    oc_policy_job *before = NULL;
    if (j->act == OC_POLICY_NOTHING)
        return;
    for (oc_policy_job *i = p->first_act; i != j; i = i->next_act)
        before = i;
    *(before ? &before->next_act : &p->first_act) = j->next_act;
    if (p->last_act == j)
        p->last_act = before;
    j->act = OC_POLICY_NOTHING;
}

/* ---- time that went by ---- */

static void take_time(oc_policy *p, uint64_t now_ns)
{
    const uint64_t passed = less(now_ns, p->now_ns);
    bool           met = false;
    if (now_ns > p->now_ns)
        p->now_ns = now_ns;
    for (size_t i = 0; i < p->n_jobs; i++) {
        oc_policy_job *j = p->jobs[i];
        if (j->state != OC_POLICY_STARTED)
            continue;
        if (j->held == 0) {
            j->suspended_ns = add(j->suspended_ns, passed);
            continue;
        }
        const uint64_t whole = oc_predict_typical(&network_of(p, j)->predict, j->n_batch, j->held);
        j->progress += whole ? (double)passed / (double)whole : 0.0;
        j->run_ns = add(j->run_ns, passed);
        j->core_ns = add(j->core_ns, times(passed, j->held));
        p->busy_ns = add(p->busy_ns, times(passed, j->held));
        met = met || j->cls == OC_SCHED_NORMAL;
    }
    if (met && p->normal_since_ns != UINT64_MAX)
        p->normal_since_ns = p->now_ns;
}

/* ---- leaving ---- */

void oc_policy_leave(oc_policy *p, oc_policy_job *j)
{
    size_t i = 0;
    while (p->jobs[i] != j)
        i++;
    memmove(&p->jobs[i], &p->jobs[i + 1], (p->n_jobs - i - 1) * sizeof(p->jobs[0]));
    p->n_jobs--;
    if (p->promoted == j)
        p->promoted = NULL;
}

static void drop(oc_policy *p, oc_policy_job *j, oc_sched_drop reason)
{
    if (j->state == OC_POLICY_WAITING)
        oc_policy_leave(p, j);
    j->state = OC_POLICY_OVER;
    j->reason = reason;
    j->end_ns = p->now_ns;
    oc_policy_decide(p, j, OC_POLICY_DROP);
}

static void drop_late(oc_policy *p)
{
    for (size_t i = 0; i < p->n_jobs;) {
        oc_policy_job *j = p->jobs[i];
        if (!waits(p, j) || j->keep || j->probe || j == p->promoted || oc_policy_hopeful(p, j)) {
            i++;
            continue;
        }
        oc_policy_relax(p, j);
        drop(p, j, OC_SCHED_DROP_LATE);
    }
}

static void note_unmet(oc_policy *p)
{
    for (size_t i = 0; i < p->n_jobs && p->normal_since_ns == UINT64_MAX; i++)
        if (p->jobs[i]->cls == OC_SCHED_NORMAL && !p->jobs[i]->held &&
            p->jobs[i]->release_ns <= p->now_ns)
            p->normal_since_ns = p->now_ns;
}

static void plan(oc_policy *p)
{
    do {
        drop_late(p);
        oc_policy_rank(p);
    } while (oc_policy_share(p) && p->free);
    note_unmet(p);
}

/* ---- admission at run time ---- */

/* When it would end if all of better rank went first, one core each, as they come free. */
static uint64_t foreseen_end(oc_policy *p, const oc_policy_job *j, bool *queue)
{
    uint64_t core[OC_SCHED_CORES_MAX];
    *queue = false;
    for (unsigned k = 0; k < p->cores; k++)
        core[k] = p->now_ns;
    unsigned first = 0;
    for (size_t i = 0; i < p->n_jobs && oc_policy_better(p->jobs[i], j); i++) {
        core[first] = add(core[first], oc_policy_typical_ns(p, p->jobs[i], 1));
        for (unsigned k = 0; k < p->cores; k++)
            first = core[k] < core[first] ? k : first;
        *queue = true;
    }
    uint64_t all = 0;
    for (unsigned k = 0; k < p->cores; k++)
        all = core[k] > all ? core[k] : all;
    const uint64_t narrow = add(core[first], oc_policy_need_ns(p, j, 1));
    const uint64_t wide = add(all, oc_policy_need_ns(p, j, network_of(p, j)->cores_max));
    return narrow < wide ? narrow : wide;
}

/* False: dropped. */
static bool admit(oc_policy *p, oc_policy_job *j)
{
    oc_policy_network *n = network_of(p, j);
    bool               queue;
    uint64_t           from = j->release_ns > p->now_ns ? j->release_ns : p->now_ns;
    if (p->stopped) {
        drop(p, j, OC_SCHED_DROP_STOPPED);
        return false;
    }
    if (p->n_jobs >= p->jobs_max) {
        drop(p, j, OC_SCHED_DROP_FULL);
        return false;
    }
    if (j->keep || !j->deadline_ns)
        return true;
    if (add(from, oc_policy_high_ns(p, j, n->cores_max)) > j->deadline_ns) {
        /* If run times were never looked at again, one bad stretch would shut it out for good. */
        j->probe = from < j->deadline_ns && ++n->n_hopeless % OC_POLICY_PROBE == 0;
        if (!j->probe)
            drop(p, j, OC_SCHED_DROP_LATE);
        return j->probe;
    }
    if (j->release_ns <= p->now_ns && !(j->cls == OC_SCHED_NORMAL && oc_policy_starving(p)) &&
        foreseen_end(p, j, &queue) > j->deadline_ns && queue) {
        drop(p, j, OC_SCHED_DROP_OVERLOAD);
        return false;
    }
    return true;
}

/* ---- events ---- */

void oc_policy_arrive(oc_policy *p, oc_policy_job *j, uint64_t now_ns)
{
    assert(j->network < p->n_networks && j->cls < OC_SCHED_CLASSES);
    take_time(p, now_ns);
    if (!j->release_ns)
        j->release_ns = p->now_ns;
    j->state = OC_POLICY_OUT;
    j->seq = p->seq++;
    oc_policy_set_key(p, j);
    if (j->cls == OC_SCHED_NORMAL && p->normal_since_ns == UINT64_MAX)
        p->normal_since_ns = p->now_ns; /* met at once where a core is free */
    if (admit(p, j)) {
        j->state = OC_POLICY_WAITING;
        p->jobs[p->n_jobs++] = j;
    }
}

void oc_policy_submit(oc_policy *p, oc_policy_job *j, uint64_t now_ns)
{
    oc_policy_arrive(p, j, now_ns);
    plan(p);
}

unsigned oc_policy_mean_cores(const oc_policy_job *j)
{
    if (!j->run_ns || j->core_ns <= j->run_ns)
        return 1;
    return (unsigned)(add(j->core_ns, j->run_ns / 2) / j->run_ns);
}

/* What the run says about the network: had it run all the time on as many cores as it had on the
 * average, how long would it have taken?  All predictions are off by the same factor, progress. */
static void learn(oc_policy *p, const oc_policy_job *j)
{
    oc_policy_network *n = network_of(p, j);
    const unsigned     cores = oc_policy_mean_cores(j);
    uint64_t           predicted = oc_predict_typical(&n->predict, j->n_batch, cores);
    uint64_t           took = predicted ? scaled(predicted, j->progress) : j->run_ns;
    if (j->probe && oc_predictor_doubt(&n->predict, j->n_batch, cores, took))
        for (int c = 0; c < OC_SCHED_CLASSES; c++)
            n->stretch[c] = 1.0;
    oc_predictor_add(&n->predict, j->n_batch, cores, took);
}

void oc_policy_done(oc_policy *p, oc_policy_job *j, uint64_t now_ns, bool good)
{
    assert(j->state == OC_POLICY_STARTED);
    oc_policy_network *n = network_of(p, j);
    take_time(p, now_ns);
    if (good)
        learn(p, j);
    p->free += j->held;
    j->held = j->cores = 0;
    n->n_started--;
    if (n->instances)
        n->used &= ~(1ull << j->instance);
    oc_policy_leave(p, j);
    forget_act(p, j);
    for (oc_policy_job *m = j; m; m = m->next_member) {
        m->state = OC_POLICY_OVER;
        m->end_ns = p->now_ns;
        if (m->end_ns > due(m) && !m->keep)
            oc_policy_tighten(p, m);
        else
            oc_policy_relax(p, m);
    }
    plan(p);
}

void oc_policy_yield(oc_policy *p, oc_policy_job *j, uint64_t now_ns, unsigned using)
{
    assert(j->state == OC_POLICY_STARTED);
    unsigned held = using > j->cores ? using : j->cores;
    take_time(p, now_ns);
    if (held < j->held) {
        p->free += j->held - held;
        j->n_suspended += held == 0;
        j->held = held;
    }
    plan(p);
}

void oc_policy_tick(oc_policy *p, uint64_t now_ns)
{
    take_time(p, now_ns);
    plan(p);
}

void oc_policy_stop(oc_policy *p, uint64_t now_ns)
{
    take_time(p, now_ns);
    p->stopped = true;
    for (size_t i = 0; i < p->n_jobs;) {
        if (p->jobs[i]->state == OC_POLICY_WAITING)
            drop(p, p->jobs[i], OC_SCHED_DROP_STOPPED);
        else
            i++;
    }
    plan(p);
}

static uint64_t sooner(const oc_policy *p, uint64_t at, uint64_t than)
{
    return at > p->now_ns && at < than ? at : than;
}

uint64_t oc_policy_job_due_ns(const oc_policy *p, const oc_policy_job *j)
{
    uint64_t first = UINT64_MAX;
    if (j->state != OC_POLICY_WAITING && j->state != OC_POLICY_STARTED)
        return first;
    if (j->cls == OC_SCHED_NORMAL && p->normal_since_ns != UINT64_MAX && !j->held && !p->promoted)
        first = sooner(p, add(p->normal_since_ns, p->starve_ns), first);
    if (j->state == OC_POLICY_STARTED)
        return first;
    if (j->release_ns > p->now_ns)
        return sooner(p, j->release_ns, first);
    if (j->deadline_ns && !j->keep && !j->probe) {
        uint64_t need = oc_policy_need_ns(p, j, network_of(p, j)->cores_max);
        first = sooner(p, add(less(j->deadline_ns, need), 1), first);
    }
    return sooner(p, oc_policy_held_until(p, j), first);
}

uint64_t oc_policy_due_ns(const oc_policy *p)
{
    uint64_t first = UINT64_MAX;
    for (size_t i = 0; i < p->n_jobs; i++)
        first = sooner(p, oc_policy_job_due_ns(p, p->jobs[i]), first);
    return first;
}

/* ---- life ---- */

oc_status oc_policy_init(oc_policy *p, unsigned cores, size_t jobs_max, uint64_t starve_ns,
                         uint64_t now_ns, oc_error *err)
{
    assert(cores >= 1 && cores <= OC_SCHED_CORES_MAX);
    *p = (oc_policy){.cores = cores,
                     .free = cores,
                     .started_max = cores * OC_POLICY_STARTED_MAX,
                     .jobs_max = jobs_max,
                     .now_ns = now_ns,
                     .starve_ns = starve_ns,
                     .normal_since_ns = UINT64_MAX};
    p->jobs = calloc(jobs_max + 1, sizeof(*p->jobs));
    p->networks = calloc(OC_SCHED_NETWORKS_MAX, sizeof(*p->networks));
    if (p->jobs && p->networks)
        return OC_OK;
    oc_policy_finish(p);
    return OC_FAIL(err, OC_NOMEM, "a scheduler for %zu jobs", jobs_max);
}

void oc_policy_finish(oc_policy *p)
{
    for (unsigned i = 0; i < p->n_networks; i++)
        oc_predictor_finish(&p->networks[i].predict);
    free(p->networks);
    free(p->jobs);
    *p = (oc_policy){0};
}

oc_status oc_policy_network_add(oc_policy *p, const oc_sched_network_options *o, uint32_t *network,
                                oc_error *err)
{
    const char *name = o->name ? o->name : "";
    if (p->n_networks >= OC_SCHED_NETWORKS_MAX)
        return OC_FAIL(err, OC_INVALID, "network '%.40s': %d are there already", name,
                       OC_SCHED_NETWORKS_MAX);
    if (o->batch_max > OC_SCHED_BATCH_MAX)
        return OC_FAIL(err, OC_INVALID, "network '%.40s': batches of %u, at most %d", name,
                       o->batch_max, OC_SCHED_BATCH_MAX);
    if (o->instances > OC_SCHED_INSTANCES_MAX)
        return OC_FAIL(err, OC_INVALID, "network '%.40s': %u instances, at most %d", name,
                       o->instances, OC_SCHED_INSTANCES_MAX);
    oc_policy_network *n = &p->networks[p->n_networks];
    *n = (oc_policy_network){.batch_max = o->batch_max ? o->batch_max : 1,
                             .instances = o->instances,
                             .batch_wait_ns = o->batch_wait_ns,
                             .stretch = {1.0, 1.0, 1.0},
                             .cores_max =
                                 o->cores_max && o->cores_max < p->cores ? o->cores_max : p->cores};
    oc_status st = oc_predictor_init(&n->predict, n->batch_max, n->cores_max, o->run_ns, err);
    if (st == OC_OK)
        *network = p->n_networks++;
    return st;
}
