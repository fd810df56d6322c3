/* Cores in the order of ranks, and who goes along with whom. */
#include "sched/policy_state.h"

/* ---- batches ---- */

static bool together(const oc_policy *p, const oc_policy_job *a, const oc_policy_job *b)
{
    return a != b && a->batchable && b->batchable && a->network == b->network && a->cls == b->cls &&
           a->kind == b->kind && a->group == b->group && waits(p, a) && waits(p, b);
}

/* Until when a job waits for others to go with it; now or before: it does not. */
uint64_t oc_policy_held_until(const oc_policy *p, const oc_policy_job *j)
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
        oc_policy_leave(p, j);
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
                in_work[j->cls] >= p->started_max || oc_policy_held_until(p, j) > p->now_ns)
                continue;
            bool along = false; /* where batches are waited for, it goes with one before it */
            for (size_t k = 0; k < i && n->batch_wait_ns && !along; k++)
                along = p->jobs[k]->want && together(p, p->jobs[k], j);
            if (along)
                continue;
            n->n_chosen++;
            in_work[j->cls]++;
        }
        unsigned need = oc_policy_cores_needed(p, j);
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
    oc_policy_decide(p, j, OC_POLICY_START);
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
    oc_policy_decide(p, j, OC_POLICY_CORES);
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

bool oc_policy_share(oc_policy *p)
{
    share_out(p);
    return carry_out(p);
}
