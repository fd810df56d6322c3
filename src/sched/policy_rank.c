/* Who goes first: class and deadline, no starvation, no inversion. */
#include "sched/policy_state.h"

bool oc_policy_better(const oc_policy_job *a, const oc_policy_job *b)
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
        for (; at > 0 && oc_policy_better(j, p->jobs[at - 1]); at--)
            p->jobs[at] = p->jobs[at - 1];
        p->jobs[at] = j;
    }
}

bool oc_policy_starving(const oc_policy *p)
{
    return p->normal_since_ns != UINT64_MAX && p->starve_ns != UINT64_MAX &&
           less(p->now_ns, p->normal_since_ns) >= p->starve_ns;
}

void oc_policy_set_key(oc_policy *p, oc_policy_job *j)
{
    const oc_policy_network *n = network_of(p, j);
    j->key_cls = j->cls;
    j->key_deadline = due(j);
    if (j == p->promoted) {
        j->key_cls = OC_SCHED_CRITICAL;
        j->key_deadline = 0;
    } else if (j->state == OC_POLICY_STARTED && j->held && j->progress < 1.0) {
        uint64_t left =
            scaled(oc_predict_typical(&n->predict, j->n_batch, j->held), oc_policy_left(j));
        if (left < OC_POLICY_PROTECT_NS && left > 0)
            j->key_deadline = 0;
    }
}

/* The first normal job in rank gets a core next, whoever else wants it. */
static void promote(oc_policy *p)
{
    if (p->promoted || !oc_policy_starving(p))
        return;
    for (size_t i = 0; i < p->n_jobs && !p->promoted; i++) {
        oc_policy_job *j = p->jobs[i];
        if (j->cls == OC_SCHED_NORMAL && (waits(p, j) || j->state == OC_POLICY_STARTED))
            p->promoted = j;
    }
    if (p->promoted) {
        p->n_promoted++;
        oc_policy_set_key(p, p->promoted);
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
        if (holder && oc_policy_better(w, holder)) {
            holder->key_cls = w->key_cls;
            holder->key_deadline = w->key_deadline;
            raised = true;
        }
    }
    if (raised)
        sort(p);
}

void oc_policy_rank(oc_policy *p)
{
    for (size_t i = 0; i < p->n_jobs; i++)
        oc_policy_set_key(p, p->jobs[i]);
    sort(p);
    promote(p);
    inherit(p);
}
