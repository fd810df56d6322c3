/* policy_state.h -- what the files of the policy share: policy.c events and drops, policy_need.c time
 * still needed, policy_rank.c the order, policy_share.c batches and cores. */
#ifndef OC_SCHED_POLICY_STATE_H
#define OC_SCHED_POLICY_STATE_H

#include "sched/policy.h"

/* Sums and products stop at the end of time. */
static inline uint64_t add(uint64_t a, uint64_t b)
{
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static inline uint64_t less(uint64_t a, uint64_t b)
{
    return a > b ? a - b : 0;
}

static inline uint64_t times(uint64_t a, unsigned n)
{
    uint64_t product;
    return __builtin_mul_overflow(a, (uint64_t)n, &product) ? UINT64_MAX : product;
}

static inline oc_policy_network *network_of(const oc_policy *p, const oc_policy_job *j)
{
    return &p->networks[j->network];
}

static inline uint64_t due(const oc_policy_job *j)
{
    return j->deadline_ns ? j->deadline_ns : UINT64_MAX;
}

static inline bool waits(const oc_policy *p, const oc_policy_job *j)
{
    return j->state == OC_POLICY_WAITING && j->release_ns <= p->now_ns;
}

static inline uint64_t scaled(uint64_t ns, double by)
{
    const double v = (double)ns * by;
    return v >= 9e18 ? (uint64_t)9e18 : (uint64_t)v;
}

/* policy_need.c: with what is known of its network and how far it is.  High: a high quantile. */
double   oc_policy_left(const oc_policy_job *j);
uint64_t oc_policy_high_ns(const oc_policy *p, const oc_policy_job *j, unsigned cores);
uint64_t oc_policy_typical_ns(const oc_policy *p, const oc_policy_job *j, unsigned cores);
bool     oc_policy_hopeful(const oc_policy *p, const oc_policy_job *j);
unsigned oc_policy_cores_needed(const oc_policy *p, const oc_policy_job *j);
/* What has to be left until its deadline for it to be worth starting. */
uint64_t oc_policy_need_ns(const oc_policy *p, const oc_policy_job *j, unsigned cores);
/* The margin on run times of its network and class: a deadline was met, or was missed. */
void oc_policy_relax(oc_policy *p, const oc_policy_job *j);
void oc_policy_tighten(oc_policy *p, const oc_policy_job *j);

/* policy_rank.c: p->jobs best first, promotion and inheritance included. */
void oc_policy_rank(oc_policy *p);
void oc_policy_set_key(oc_policy *p, oc_policy_job *j); /* without inheritance */
bool oc_policy_better(const oc_policy_job *a, const oc_policy_job *b);
bool oc_policy_starving(const oc_policy *p);

/* policy_share.c: cores and batches over the ranked jobs.  True: somebody started, and what was left
 * out may go with another round. */
bool     oc_policy_share(oc_policy *p);
uint64_t oc_policy_held_until(const oc_policy     *p,
                              const oc_policy_job *j); /* for a batch; past: not */

/* policy.c */
void oc_policy_decide(oc_policy *p, oc_policy_job *j, oc_policy_act act);
void oc_policy_leave(oc_policy *p, oc_policy_job *j);

#endif
