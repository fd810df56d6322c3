/* Time enough on the average, and proofs that it is there when it is needed. */
#include "sched/admit.h"

#include <math.h>

const char *oc_admit_verdict_name(oc_admit_verdict verdict)
{
    static const char *const names[] = {"guaranteed", "fits", "too much", "too slow"};
    return names[verdict];
}

static uint64_t due(const oc_admit_task *t)
{
    return t->deadline_ns ? t->deadline_ns : t->period_ns;
}

static double utilisation(const oc_admit_task *t)
{
    return t->period_ns ? (double)t->run_ns / (double)t->period_ns : 0.0;
}

/* Each job may wait for one stretch before it starts, and make another one wait when that goes on. */
static double density(const oc_admit_task *t, uint64_t blocking_ns)
{
    const uint64_t within = due(t) < t->period_ns ? due(t) : t->period_ns;
    return within ? ((double)t->run_ns + 2.0 * (double)blocking_ns) / (double)within : 1e9;
}

static bool before(const oc_admit_task *t, size_t a, size_t b)
{
    if (t[a].cls != t[b].cls)
        return t[a].cls < t[b].cls;
    return due(&t[a]) != due(&t[b]) ? due(&t[a]) < due(&t[b]) : a < b;
}

/* Of the tasks of one class, with none above it. */
static bool within_density(const oc_admit_task *tasks, size_t n, unsigned cores,
                           uint64_t blocking_ns, oc_sched_class cls)
{
    double sum = 0, most = 0;
    for (size_t i = 0; i < n; i++) {
        if (tasks[i].cls != cls)
            continue;
        double d = density(&tasks[i], blocking_ns);
        sum += d;
        most = d > most ? d : most;
    }
    return most <= 1.0 && sum <= cores - (cores - 1) * most;
}

/* The most that jobs of a task can take of `window`, one brought along from before included, when none
 * of them is late. */
static double workload(const oc_admit_task *t, uint64_t blocking_ns, double window)
{
    const double run = (double)t->run_ns + 2.0 * (double)blocking_ns;
    const double period = (double)t->period_ns, rest = window + (double)due(t) - run;
    if (rest < 0)
        return 0;
    const double whole = floor(rest / period), part = rest - whole * period;
    return whole * run + (part < run ? part : run);
}

/* Bertogna, Cirinei, Lipari 2005: whatever the order of those that go before it. */
static bool within_workload(const oc_admit_task *tasks, size_t n, size_t at, unsigned cores,
                            uint64_t blocking_ns)
{
    const oc_admit_task *t = &tasks[at];
    const double run = (double)t->run_ns + 2.0 * (double)blocking_ns, spare = (double)due(t) - run;
    double       sum = 0;
    if (spare < 0)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (i == at || tasks[i].cls > t->cls || !tasks[i].period_ns)
            continue;
        double w = workload(&tasks[i], blocking_ns, (double)due(t));
        sum += w < spare + 1 ? w : spare + 1;
    }
    return sum < cores * (spare + 1);
}

/* Per class: none of its deadlines is missed, nor any of a class above. */
static void prove(const oc_admit_task *tasks, size_t n, unsigned cores, uint64_t blocking_ns,
                  bool proven[OC_SCHED_CLASSES])
{
    bool so_far = true, above = false;
    for (int c = 0; c < OC_SCHED_CLASSES; c++) {
        bool here = false, all = true;
        for (size_t i = 0; i < n; i++)
            if ((int)tasks[i].cls == c) {
                here = true;
                all = all && tasks[i].period_ns && within_workload(tasks, n, i, cores, blocking_ns);
            }
        if (here && !all && !above)
            all = within_density(tasks, n, cores, blocking_ns, (oc_sched_class)c);
        proven[c] = so_far = so_far && (!here || all);
        above = above || here;
    }
}

static oc_admit_verdict judge(const oc_admit_task *tasks, size_t n, size_t i, unsigned cores,
                              uint64_t blocking_ns, bool proven)
{
    const oc_admit_task *t = &tasks[i];
    const uint64_t       alone = t->wide_ns && t->wide_ns < t->run_ns ? t->wide_ns : t->run_ns;
    double               sum = 0;
    if (t->period_ns && (double)alone + (double)blocking_ns > (double)due(t))
        return OC_ADMIT_TOO_SLOW;
    for (size_t k = 0; k < n; k++)
        if (k == i || before(tasks, k, i))
            sum += utilisation(&tasks[k]);
    if (!t->period_ns || sum > cores)
        return OC_ADMIT_TOO_MUCH;
    return proven ? OC_ADMIT_GUARANTEED : OC_ADMIT_FITS;
}

void oc_admit(const oc_admit_task *tasks, size_t n, unsigned cores, uint64_t blocking_ns,
              oc_admit_result *results, oc_admit_report *report)
{
    bool proven[OC_SCHED_CLASSES];
    *report = (oc_admit_report){.blocking_ns = blocking_ns};
    cores = cores ? cores : 1;
    prove(tasks, n, cores, blocking_ns, proven);
    for (size_t i = 0; i < n; i++) {
        const double u = utilisation(&tasks[i]);
        results[i] =
            (oc_admit_result){u, judge(tasks, n, i, cores, blocking_ns, proven[tasks[i].cls])};
        report->utilisation += u / cores;
        report->by_class[tasks[i].cls] += u / cores;
        report->n_not += results[i].verdict >= OC_ADMIT_TOO_MUCH;
    }
}
