/* A loop over the next thing that happens: a job ends, reaches a yield point, is released, or the
 * policy wants to be woken. */
#include "sched/sim.h"

#include <math.h>
#include <stdlib.h>

#include "sched/policy.h"

#define JOBS_MAX 4096

typedef struct sim_job {
    oc_policy_job job; /* first */
    uint32_t      task;
    double        left;    /* nanoseconds on one core */
    uint64_t      border;  /* a yield point; others follow every range */
    bool          in_work; /* has cores */
    bool          asked;   /* to give cores back at the next yield point */
    unsigned using;
    struct sim_job *next; /* in work or suspended; or free */
} sim_job;

typedef struct sim {
    const oc_sim_options *options;
    const oc_sim_network *networks;
    const oc_sim_task    *tasks;
    size_t                n_tasks;
    oc_sim_result        *results;
    oc_policy             policy;
    uint64_t              now, random;
    uint64_t             *release; /* the next one of each task; UINT64_MAX = no more */
    uint64_t             *nominal; /* the same without jitter */
    sim_job              *store, *free, *started;
} sim;

static uint64_t draw(sim *s)
{
    uint64_t z = s->random += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static sim_job *of(oc_policy_job *job)
{
    return (sim_job *)job;
}

static const oc_sim_network *network_of(const sim *s, const sim_job *j)
{
    return &s->networks[j->job.network];
}

static double speed(const sim *s, const sim_job *j)
{
    return j->using ? 1.0 + (j->using - 1) * network_of(s, j)->core_gain : 0.0;
}

/* ---- decisions ---- */

static double run_time(sim *s, const sim_job *j)
{
    const oc_sim_network *n = network_of(s, j);
    double                ns = (double)n->run_ns[draw(s) % n->n_run];
    if (n->slow > 0 && s->now >= n->slow_from_ns && s->now < n->slow_until_ns)
        ns *= n->slow;
    return ns * (1.0 + (j->job.n_batch - 1) * (1.0 - n->batch_gain));
}

static void go_on(sim *s, sim_job *j)
{
    j->in_work = true;
    j->using = j->job.cores;
    j->left += (double)s->options->start_ns;
    j->border = s->now;
}

static void begin(sim *s, sim_job *j)
{
    j->left = run_time(s, j);
    j->asked = false;
    j->next = s->started;
    s->started = j;
    s->results[j->task].batches++;
    go_on(s, j);
}

static void give(sim *s, sim_job *j)
{
    s->free = (j->next = s->free, j);
}

static void set_cores(sim *s, sim_job *j)
{
    if (!j->in_work && j->job.cores)
        go_on(s, j);
    else if (j->job.cores > j->using)
        j->using = j->job.cores;
    j->asked = j->job.held > j->job.cores;
}

static void carry_out(sim *s)
{
    oc_policy_act  act;
    oc_policy_job *job;
    while ((job = oc_policy_next(&s->policy, &act))) {
        if (act == OC_POLICY_START) {
            begin(s, of(job));
        } else if (act == OC_POLICY_CORES) {
            set_cores(s, of(job));
        } else if (act == OC_POLICY_DROP) {
            s->results[of(job)->task].dropped[job->reason]++;
            give(s, of(job));
        }
    }
}

/* ---- what happens ---- */

static uint64_t span(uint64_t from, uint64_t to)
{
    return to > from ? to - from : 0;
}

static uint64_t end_of(const sim *s, const sim_job *j)
{
    const double v = speed(s, j);
    if (!j->in_work || v <= 0)
        return UINT64_MAX;
    return s->now + (j->left > 0 ? (uint64_t)ceil(j->left / v) : 0);
}

static uint64_t border_of(const sim *s, const sim_job *j)
{
    const uint64_t range = network_of(s, j)->range_ns;
    if (!j->in_work || !j->asked || !range)
        return UINT64_MAX;
    return j->border + (s->now - j->border + range - 1) / range * range;
}

static void finish(sim *s, sim_job *j)
{
    for (sim_job **at = &s->started; *at; at = &(*at)->next)
        if (*at == j) {
            *at = j->next;
            break;
        }
    oc_policy_done(&s->policy, &j->job, s->now, true);
    for (oc_policy_job *next, *m = &j->job; m; m = next) {
        oc_sim_result *r = &s->results[of(m)->task];
        next = m->next_member;
        r->done++;
        r->missed += m->deadline_ns && s->now > m->deadline_ns;
        r->preempted += m->n_suspended;
        oc_histogram_add(&r->queue, span(m->release_ns, m->start_ns));
        oc_histogram_add(&r->response, span(m->release_ns, s->now));
        give(s, of(m));
    }
    carry_out(s);
}

static void reach_border(sim *s, sim_job *j)
{
    j->using = j->job.cores;
    j->in_work = j->using > 0;
    j->asked = false;
    oc_policy_yield(&s->policy, &j->job, s->now, j->using);
    carry_out(s);
}

static void plan_release(sim *s, size_t i)
{
    const oc_sim_task *t = &s->tasks[i];
    const uint64_t     end =
        t->until_ns && t->until_ns < s->options->until_ns ? t->until_ns : s->options->until_ns;
    uint64_t at = s->nominal[i];
    if (!t->burst && at >= t->stall_from_ns && at < t->stall_until_ns)
        at = s->nominal[i] +=
            (t->stall_until_ns - at + t->period_ns - 1) / t->period_ns * t->period_ns;
    const bool late = t->burst && at >= t->stall_from_ns && at < t->stall_until_ns;
    s->nominal[i] += t->period_ns;
    s->release[i] = UINT64_MAX;
    if (at < end)
        s->release[i] = late ? t->stall_until_ns : at + (t->jitter_ns ? draw(s) % t->jitter_ns : 0);
}

static oc_status release(sim *s, size_t i, oc_error *err)
{
    const oc_sim_task *t = &s->tasks[i];
    sim_job           *j = s->free;
    if (!j)
        return OC_FAIL(err, OC_NOMEM, "more than %d jobs at once", JOBS_MAX);
    s->free = j->next;
    *j = (sim_job){.task = (uint32_t)i,
                   .job = {.network = t->network,
                           .stream = t->stream,
                           .cls = t->cls,
                           .batchable = t->batchable,
                           .keep = t->keep,
                           .release_ns = s->now,
                           .deadline_ns = t->deadline_ns ? s->now + t->deadline_ns : 0}};
    s->results[i].released++;
    oc_policy_submit(&s->policy, &j->job, s->now);
    carry_out(s);
    plan_release(s, i);
    return OC_OK;
}

static void pass_time(sim *s, uint64_t to)
{
    for (sim_job *j = s->started; j; j = j->next)
        j->left -= (double)(to - s->now) * speed(s, j);
    s->now = to;
}

/* One event of those that are due; false: nothing will ever happen again. */
static oc_status step(sim *s, bool *more, oc_error *err)
{
    uint64_t first = oc_policy_due_ns(&s->policy);
    size_t   task = s->n_tasks;
    sim_job *ends = NULL, *yields = NULL;
    for (size_t i = 0; i < s->n_tasks; i++)
        if (s->release[i] < first) {
            first = s->release[i];
            task = i;
        }
    for (sim_job *j = s->started; j; j = j->next) {
        if (border_of(s, j) <= first && border_of(s, j) != UINT64_MAX) {
            first = border_of(s, j);
            yields = j;
            ends = NULL;
        }
        if (end_of(s, j) <= first && end_of(s, j) != UINT64_MAX) {
            first = end_of(s, j);
            ends = j;
        }
    }
    *more = first != UINT64_MAX;
    if (!*more)
        return OC_OK;
    pass_time(s, first);
    if (ends)
        finish(s, ends);
    else if (yields)
        reach_border(s, yields);
    else if (task < s->n_tasks)
        return release(s, task, err);
    else {
        oc_policy_tick(&s->policy, s->now);
        carry_out(s);
    }
    return OC_OK;
}

/* ---- life ---- */

static oc_status check(const oc_sim_network *networks, size_t n_networks, const oc_sim_task *tasks,
                       size_t n_tasks, oc_error *err)
{
    for (size_t i = 0; i < n_networks; i++)
        if (!networks[i].n_run || !networks[i].run_ns)
            return OC_FAIL(err, OC_INVALID, "network %zu has no run times", i);
    for (size_t i = 0; i < n_tasks; i++) {
        if (!tasks[i].period_ns)
            return OC_FAIL(err, OC_INVALID, "task %zu has no period", i);
        if (tasks[i].network >= n_networks)
            return OC_FAIL(err, OC_INVALID, "task %zu is of network %u, there are %zu", i,
                           tasks[i].network, n_networks);
    }
    return OC_OK;
}

static oc_status prepare(sim *s, const oc_sim_network *networks, size_t n_networks, oc_error *err)
{
    const oc_sim_options *o = s->options;
    const uint64_t        starve = o->starve_ns ? o->starve_ns : OC_SCHED_STARVE_NS;
    oc_status             st = oc_policy_init(&s->policy, o->cores, JOBS_MAX, starve, 0, err);
    uint32_t              id;
    for (size_t i = 0; st == OC_OK && i < n_networks; i++)
        st = oc_policy_network_add(&s->policy, &networks[i].options, &id, err);
    if (st != OC_OK)
        return st;
    s->store = calloc(JOBS_MAX, sizeof(*s->store));
    s->release = calloc(s->n_tasks + 1, sizeof(*s->release));
    s->nominal = calloc(s->n_tasks + 1, sizeof(*s->nominal));
    if (!s->store || !s->release || !s->nominal)
        return OC_FAIL(err, OC_NOMEM, "a simulation of %zu tasks", s->n_tasks);
    for (size_t i = 0; i < JOBS_MAX; i++)
        give(s, &s->store[i]);
    for (size_t i = 0; i < s->n_tasks; i++) {
        s->nominal[i] = s->tasks[i].first_ns;
        plan_release(s, i);
    }
    return OC_OK;
}

oc_status oc_sim_run(const oc_sim_options *options, const oc_sim_network *networks,
                     size_t n_networks, const oc_sim_task *tasks, size_t n_tasks,
                     oc_sim_result *results, oc_error *err)
{
    sim       s = {.options = options,
                   .networks = networks,
                   .tasks = tasks,
                   .n_tasks = n_tasks,
                   .results = results,
                   .random = options->seed};
    bool      more = true;
    oc_status st = check(networks, n_networks, tasks, n_tasks, err);
    if (st != OC_OK)
        return st;
    if (!options->cores || options->cores > OC_SCHED_CORES_MAX)
        return OC_FAIL(err, OC_INVALID, "a simulation of %u cores", options->cores);
    st = prepare(&s, networks, n_networks, err);
    while (st == OC_OK && more)
        st = step(&s, &more, err);
    oc_policy_finish(&s.policy);
    free(s.store);
    free(s.release);
    free(s.nominal);
    return st;
}
