/* Events and decisions: see policy.h.  After each event everything is planned afresh over the jobs
 * that are there: ranks, then cores in the order of ranks, then what changes against before. */
#include "sched/policy.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static uint64_t add(uint64_t a, uint64_t b)
{
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static uint64_t less(uint64_t a, uint64_t b)
{
    return a > b ? a - b : 0;
}

static uint64_t times(uint64_t a, unsigned n)
{
    uint64_t product;
    return __builtin_mul_overflow(a, (uint64_t)n, &product) ? UINT64_MAX : product;
}

static oc_policy_network *network_of(const oc_policy *p, const oc_policy_job *j)
{
    return &p->networks[j->network];
}

static uint64_t due(const oc_policy_job *j)
{
    return j->deadline_ns ? j->deadline_ns : UINT64_MAX;
}

static void decide(oc_policy *p, oc_policy_job *j, oc_policy_act act)
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

/* So that about one deadline in a hundred is missed of a network that others put off all the time. */
#define STRETCH_MISS 1.2
#define STRETCH_BACK 0.002
#define STRETCH_MAX 20.0

static void relax(oc_policy *p, const oc_policy_job *j)
{
    double *s = &network_of(p, j)->stretch[j->cls];
    *s -= STRETCH_BACK * (*s - 1.0);
}

static void tighten(oc_policy *p, const oc_policy_job *j)
{
    double *s = &network_of(p, j)->stretch[j->cls];
    *s = fmin(*s * STRETCH_MISS, STRETCH_MAX);
}

static double margin_of(const oc_policy *p, const oc_policy_job *j)
{
    return network_of(p, j)->stretch[j->cls];
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

/* ---- what a job still needs ---- */

#define OVERRUN 0.05 /* is taken to be left of a job that should have been through already */

static double left_of(const oc_policy_job *j)
{
    if (j->state != OC_POLICY_STARTED)
        return 1.0;
    return j->progress < 1.0 ? 1.0 - j->progress : OVERRUN;
}

static uint64_t scaled(uint64_t ns, double by)
{
    const double v = (double)ns * by;
    return v >= 9e18 ? (uint64_t)9e18 : (uint64_t)v;
}

static uint64_t high_ns(const oc_policy *p, const oc_policy_job *j, unsigned cores)
{
    const unsigned batch = j->state == OC_POLICY_STARTED ? j->n_batch : 1;
    return scaled(oc_predict_high(&network_of(p, j)->predict, batch, cores), left_of(j));
}

static uint64_t typical_ns(const oc_policy *p, const oc_policy_job *j, unsigned cores)
{
    const unsigned batch = j->state == OC_POLICY_STARTED ? j->n_batch : 1;
    return scaled(oc_predict_typical(&network_of(p, j)->predict, batch, cores), left_of(j));
}

static bool in_time(const oc_policy *p, const oc_policy_job *j, unsigned cores)
{
    return add(p->now_ns, high_ns(p, j, cores)) <= due(j);
}

/* The same with a margin that grows with every deadline missed, and shrinks slowly: what
 * comes between after the start is not known. */
static bool hopeful(const oc_policy *p, const oc_policy_job *j)
{
    const uint64_t alone = high_ns(p, j, network_of(p, j)->cores_max);
    return add(p->now_ns, scaled(alone, margin_of(p, j))) <= due(j);
}

/* The fewest cores that finish it in time: side by side is better use of cores than wide. */
static unsigned cores_needed(const oc_policy *p, const oc_policy_job *j)
{
    const unsigned most = network_of(p, j)->cores_max;
    if (!j->deadline_ns || in_time(p, j, 1))
        return 1;
    if (!in_time(p, j, most))
        return j->cls == OC_SCHED_CRITICAL ? most : 1;
    unsigned k = 2;
    while (k < most && !in_time(p, j, k))
        k++;
    return k;
}

/* ---- ranks ---- */

static bool waits(const oc_policy *p, const oc_policy_job *j)
{
    return j->state == OC_POLICY_WAITING && j->release_ns <= p->now_ns;
}

static bool better(const oc_policy_job *a, const oc_policy_job *b)
{
    if (a->key_cls != b->key_cls)
        return a->key_cls < b->key_cls;
    if (a->key_deadline != b->key_deadline)
        return a->key_deadline < b->key_deadline;
    if (a->state != b->state) /* nobody makes way for an equal */
        return a->state == OC_POLICY_STARTED;
    if (a->release_ns != b->release_ns)
        return a->release_ns < b->release_ns;
    return a->seq < b->seq;
}

static void sort(oc_policy *p)
{
    for (size_t i = 1; i < p->n_jobs; i++) {
        oc_policy_job *j = p->jobs[i];
        size_t         at = i;
        for (; at > 0 && better(j, p->jobs[at - 1]); at--)
            p->jobs[at] = p->jobs[at - 1];
        p->jobs[at] = j;
    }
}

static bool starving(const oc_policy *p)
{
    return p->normal_since_ns != UINT64_MAX && p->starve_ns != UINT64_MAX &&
           less(p->now_ns, p->normal_since_ns) >= p->starve_ns;
}

static void set_key(oc_policy *p, oc_policy_job *j)
{
    const oc_policy_network *n = network_of(p, j);
    j->key_cls = j->cls;
    j->key_deadline = due(j);
    if (j == p->promoted) {
        j->key_cls = OC_SCHED_CRITICAL;
        j->key_deadline = 0;
    } else if (j->state == OC_POLICY_STARTED && j->held && j->progress < 1.0) {
        uint64_t left = scaled(oc_predict_typical(&n->predict, j->n_batch, j->held), left_of(j));
        if (left < OC_POLICY_PROTECT_NS && left > 0)
            j->key_deadline = 0;
    }
}

/* The first normal job in rank gets a core next, whoever else wants it. */
static void promote(oc_policy *p)
{
    if (p->promoted || !starving(p))
        return;
    for (size_t i = 0; i < p->n_jobs && !p->promoted; i++) {
        oc_policy_job *j = p->jobs[i];
        if (j->cls == OC_SCHED_NORMAL && (waits(p, j) || j->state == OC_POLICY_STARTED))
            p->promoted = j;
    }
    if (p->promoted) {
        p->n_promoted++;
        set_key(p, p->promoted);
        sort(p);
    }
}

/* A waiting job whose network has no instance left lends its rank to the one that is furthest with
 * one, which otherwise might be suspended for others of the ranks between. */
static void inherit(oc_policy *p)
{
    bool raised = false;
    for (unsigned i = 0; i < p->n_networks; i++)
        p->networks[i].raised = false;
    for (size_t i = 0; i < p->n_jobs; i++) {
        const oc_policy_job *w = p->jobs[i];
        oc_policy_network   *n = network_of(p, w);
        oc_policy_job       *holder = NULL;
        if (!waits(p, w) || !n->instances || n->n_started < n->instances || n->raised)
            continue;
        n->raised = true; /* by the best of those that wait: they come in order */
        for (size_t k = 0; k < p->n_jobs; k++) {
            oc_policy_job *j = p->jobs[k];
            if (j->state == OC_POLICY_STARTED && j->network == w->network &&
                (!holder || j->progress > holder->progress))
                holder = j;
        }
        if (holder && better(w, holder)) {
            holder->key_cls = w->key_cls;
            holder->key_deadline = w->key_deadline;
            raised = true;
        }
    }
    if (raised)
        sort(p);
}

/* ---- leaving ---- */

static void leave(oc_policy *p, oc_policy_job *j)
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
        leave(p, j);
    j->state = OC_POLICY_OVER;
    j->reason = reason;
    j->end_ns = p->now_ns;
    decide(p, j, OC_POLICY_DROP);
}

static void drop_late(oc_policy *p)
{
    for (size_t i = 0; i < p->n_jobs;) {
        oc_policy_job *j = p->jobs[i];
        if (!waits(p, j) || j->keep || j->probe || j == p->promoted || hopeful(p, j)) {
            i++;
            continue;
        }
        relax(p, j);
        drop(p, j, OC_SCHED_DROP_LATE);
    }
}

/* ---- batches ---- */

static bool together(const oc_policy *p, const oc_policy_job *a, const oc_policy_job *b)
{
    return a != b && a->batchable && b->batchable && a->network == b->network && a->cls == b->cls &&
           a->kind == b->kind && waits(p, a) && waits(p, b);
}

/* Until when a job waits for others to go with it; now or before: it does not. */
static uint64_t held_until(const oc_policy *p, const oc_policy_job *j)
{
    const oc_policy_network *n = network_of(p, j);
    unsigned                 peers = 1;
    if (!j->batchable || n->batch_max < 2 || !n->batch_wait_ns)
        return 0;
    for (size_t i = 0; i < p->n_jobs; i++)
        peers += together(p, j, p->jobs[i]);
    if (peers >= n->batch_max)
        return 0;
    uint64_t until = add(j->release_ns, n->batch_wait_ns);
    uint64_t latest = less(due(j), oc_predict_high(&n->predict, peers + 1, 1));
    return until < latest ? until : latest;
}

/* Takes along those that would have to wait, as long as everybody's deadline holds. */
static void gather(oc_policy *p, oc_policy_job *lead, unsigned cores)
{
    const oc_policy_network *n = network_of(p, lead);
    oc_policy_job           *last = lead;
    uint64_t                 first_due = due(lead);
    for (size_t i = 0; i < p->n_jobs && lead->n_batch < n->batch_max;) {
        oc_policy_job *j = p->jobs[i];
        uint64_t       least = due(j) < first_due ? due(j) : first_due;
        uint64_t       end = add(p->now_ns, oc_predict_high(&n->predict, lead->n_batch + 1, cores));
        if (j->want || !together(p, lead, j) || end > least) {
            i++;
            continue;
        }
        leave(p, j);
        j->state = OC_POLICY_MEMBER;
        j->start_ns = p->now_ns;
        first_due = least;
        last->next_member = j;
        last = j;
        lead->n_batch++;
    }
}

/* ---- cores ---- */

/* A core more for whoever has the fewest, best rank first, until all are used. */
static void spread(oc_policy *p, unsigned left)
{
    for (unsigned level = 1; left && level < p->cores; level++)
        for (size_t i = 0; i < p->n_jobs && left; i++) {
            oc_policy_job *j = p->jobs[i];
            if (j->want == level && level < network_of(p, j)->cores_max) {
                j->want++;
                left--;
            }
        }
}

static void share_out(oc_policy *p)
{
    unsigned left = p->cores, in_work[OC_SCHED_CLASSES] = {0};
    for (size_t i = 0; i < p->n_jobs; i++) {
        oc_policy_job *j = p->jobs[i];
        network_of(p, j)->n_chosen = network_of(p, j)->n_started;
        in_work[j->cls] += j->state == OC_POLICY_STARTED;
    }
    for (size_t i = 0; i < p->n_jobs; i++) {
        oc_policy_job     *j = p->jobs[i];
        oc_policy_network *n = network_of(p, j);
        j->want = 0;
        if (left == 0)
            continue;
        if (j->state == OC_POLICY_WAITING) {
            if (!waits(p, j) || (n->instances && n->n_chosen >= n->instances) ||
                in_work[j->cls] >= p->started_max || held_until(p, j) > p->now_ns)
                continue;
            bool along = false; /* where batches are waited for, it goes with one before it */
            for (size_t k = 0; k < i && n->batch_wait_ns && !along; k++)
                along = p->jobs[k]->want && together(p, p->jobs[k], j);
            if (along)
                continue;
            n->n_chosen++;
            in_work[j->cls]++;
        }
        unsigned need = cores_needed(p, j);
        j->want = need < left ? need : left;
        left -= j->want;
    }
    spread(p, left);
}

static void start(oc_policy *p, oc_policy_job *j, unsigned cores)
{
    oc_policy_network *n = network_of(p, j);
    j->n_batch = 1;
    j->next_member = NULL;
    if (j->batchable && n->batch_max > 1)
        gather(p, j, cores);
    j->state = OC_POLICY_STARTED;
    j->start_ns = p->now_ns;
    j->cores = j->held = cores;
    p->free -= cores;
    n->n_started++;
    if (n->instances) {
        j->instance = (unsigned)__builtin_ctzll(~n->used);
        n->used |= 1ull << j->instance;
    }
    if (j->cls == OC_SCHED_NORMAL)
        p->normal_since_ns = UINT64_MAX;
    decide(p, j, OC_POLICY_START);
}

static void set_cores(oc_policy *p, oc_policy_job *j)
{
    unsigned most = j->held + p->free;
    unsigned to = j->want < most ? j->want : most;
    if (to > j->held) {
        p->free -= to - j->held;
        j->held = to;
    }
    if (to == j->cores)
        return;
    j->cores = to; /* fewer: held until the yield point */
    decide(p, j, OC_POLICY_CORES);
}

/* True: somebody started, and what was left out may go with another plan. */
static bool carry_out(oc_policy *p)
{
    bool started = false;
    for (size_t i = 0; i < p->n_jobs; i++) {
        oc_policy_job *j = p->jobs[i];
        if (j->state == OC_POLICY_STARTED) {
            set_cores(p, j);
        } else if (j->want && p->free) {
            start(p, j, j->want < p->free ? j->want : p->free);
            /* its batch has left the list, perhaps before it: from its own place on */
            for (i = 0; p->jobs[i] != j; i++)
                ;
            started = true;
        }
    }
    return started;
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
        for (size_t i = 0; i < p->n_jobs; i++)
            set_key(p, p->jobs[i]);
        sort(p);
        promote(p);
        inherit(p);
        share_out(p);
    } while (carry_out(p) && p->free);
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
    for (size_t i = 0; i < p->n_jobs && better(p->jobs[i], j); i++) {
        core[first] = add(core[first], typical_ns(p, p->jobs[i], 1));
        for (unsigned k = 0; k < p->cores; k++)
            first = core[k] < core[first] ? k : first;
        *queue = true;
    }
    uint64_t all = 0;
    for (unsigned k = 0; k < p->cores; k++)
        all = core[k] > all ? core[k] : all;
    const double margin = margin_of(p, j);
    uint64_t     narrow = add(core[first], scaled(high_ns(p, j, 1), margin));
    uint64_t     wide = add(all, scaled(high_ns(p, j, network_of(p, j)->cores_max), margin));
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
    if (add(from, high_ns(p, j, n->cores_max)) > j->deadline_ns) {
        /* If run times were never looked at again, one bad stretch would shut it out for good. */
        j->probe = from < j->deadline_ns && ++n->n_hopeless % OC_POLICY_PROBE == 0;
        if (!j->probe)
            drop(p, j, OC_SCHED_DROP_LATE);
        return j->probe;
    }
    if (j->release_ns <= p->now_ns && !(j->cls == OC_SCHED_NORMAL && starving(p)) &&
        foreseen_end(p, j, &queue) > j->deadline_ns && queue) {
        drop(p, j, OC_SCHED_DROP_OVERLOAD);
        return false;
    }
    return true;
}

/* ---- events ---- */

void oc_policy_submit(oc_policy *p, oc_policy_job *j, uint64_t now_ns)
{
    assert(j->network < p->n_networks && j->cls < OC_SCHED_CLASSES);
    take_time(p, now_ns);
    if (!j->release_ns)
        j->release_ns = p->now_ns;
    j->state = OC_POLICY_OUT;
    j->seq = p->seq++;
    set_key(p, j);
    if (j->cls == OC_SCHED_NORMAL && p->normal_since_ns == UINT64_MAX)
        p->normal_since_ns = p->now_ns; /* met at once where a core is free */
    if (admit(p, j)) {
        j->state = OC_POLICY_WAITING;
        p->jobs[p->n_jobs++] = j;
    }
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
    leave(p, j);
    forget_act(p, j);
    for (oc_policy_job *m = j; m; m = m->next_member) {
        m->state = OC_POLICY_OVER;
        m->end_ns = p->now_ns;
        if (m->end_ns > due(m) && !m->keep)
            tighten(p, m);
        else
            relax(p, m);
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
        uint64_t need = scaled(high_ns(p, j, network_of(p, j)->cores_max), margin_of(p, j));
        first = sooner(p, add(less(j->deadline_ns, need), 1), first);
    }
    return sooner(p, held_until(p, j), first);
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
    if (o->instances > OC_POLICY_INSTANCES_MAX)
        return OC_FAIL(err, OC_INVALID, "network '%.40s': %u instances, at most %d", name,
                       o->instances, OC_POLICY_INSTANCES_MAX);
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
