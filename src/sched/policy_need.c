/* How long a job will take, and whether that is in time. */
#include <math.h>

#include "sched/policy_state.h"

/* So that about one deadline in a hundred is missed of a network that others put off all the time. */
#define STRETCH_MISS 1.2
#define STRETCH_BACK 0.002
#define STRETCH_MAX 20.0

/* Of the time from release to deadline, the margin included: only others of its own class put off a
 * critical job. */
static const double need_most[OC_SCHED_CLASSES] = {0.5, 0.9, 0.9};

void oc_policy_relax(oc_policy *p, const oc_policy_job *j)
{
    double *s = &network_of(p, j)->stretch[j->cls];
    *s -= STRETCH_BACK * (*s - 1.0);
}

void oc_policy_tighten(oc_policy *p, const oc_policy_job *j)
{
    double *s = &network_of(p, j)->stretch[j->cls];
    *s = fmin(*s * STRETCH_MISS, STRETCH_MAX);
}

#define OVERRUN 0.05 /* is taken to be left of a job that should have been through already */

double oc_policy_left(const oc_policy_job *j)
{
    if (j->state != OC_POLICY_STARTED)
        return 1.0;
    return j->progress < 1.0 ? 1.0 - j->progress : OVERRUN;
}

uint64_t oc_policy_high_ns(const oc_policy *p, const oc_policy_job *j, unsigned cores)
{
    const unsigned batch = j->state == OC_POLICY_STARTED ? j->n_batch : 1;
    return scaled(oc_predict_high(&network_of(p, j)->predict, batch, cores), oc_policy_left(j));
}

uint64_t oc_policy_typical_ns(const oc_policy *p, const oc_policy_job *j, unsigned cores)
{
    const unsigned batch = j->state == OC_POLICY_STARTED ? j->n_batch : 1;
    return scaled(oc_predict_typical(&network_of(p, j)->predict, batch, cores), oc_policy_left(j));
}

static bool in_time(const oc_policy *p, const oc_policy_job *j, unsigned cores)
{
    return add(p->now_ns, oc_policy_high_ns(p, j, cores)) <= due(j);
}

/* On so many cores, with a margin that grows with every deadline missed, and shrinks slowly: what
 * comes between after the start is not known.  One that has just come is worth starting all the same: a
 * margin left from bad times would shut its network out of good ones, and nothing would run to learn from. */
uint64_t oc_policy_need_ns(const oc_policy *p, const oc_policy_job *j, unsigned cores)
{
    const uint64_t alone = oc_policy_high_ns(p, j, cores);
    const uint64_t most = scaled(less(due(j), j->release_ns), need_most[j->cls]);
    const uint64_t need = scaled(alone, network_of(p, j)->stretch[j->cls]);
    return need <= most ? need : alone > most ? alone : most;
}

bool oc_policy_hopeful(const oc_policy *p, const oc_policy_job *j)
{
    return add(p->now_ns, oc_policy_need_ns(p, j, network_of(p, j)->cores_max)) <= due(j);
}

/* The fewest cores that finish it in time: side by side is better use of cores than wide. */
unsigned oc_policy_cores_needed(const oc_policy *p, const oc_policy_job *j)
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
