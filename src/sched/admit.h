/* admit.h -- before anything runs: does all this fit on so many cores? */
#ifndef OC_SCHED_ADMIT_H
#define OC_SCHED_ADMIT_H

#include "sched/sched.h"

typedef struct oc_admit_task {
    const char    *name;
    oc_sched_class cls;
    uint64_t       period_ns;
    uint64_t       deadline_ns; /* from the release; 0 = the period */
    uint64_t       run_ns;      /* one job on one core */
    uint64_t       wide_ns;     /* on as many cores as it can use; 0 = run_ns */
} oc_admit_task;

typedef enum oc_admit_verdict {
    /* No deadline of this class, nor of those above it, is missed while no run takes longer than told:
     * by the density bound of global earliest-deadline-first (Goossens, Funk, Baruah 2003) for the
     * highest class, or by what jobs of all the others can take in the time to a deadline (Bertogna,
     * Cirinei, Lipari 2005), both with blocking. */
    OC_ADMIT_GUARANTEED,
    OC_ADMIT_FITS,     /* there is time enough on the average; some deadlines may be missed */
    OC_ADMIT_TOO_MUCH, /* with what goes before it there is not time enough */
    OC_ADMIT_TOO_SLOW, /* even alone and on all cores it would not be in time */
} oc_admit_verdict;
const char *oc_admit_verdict_name(oc_admit_verdict verdict);

typedef struct oc_admit_result {
    double           utilisation; /* of one core */
    oc_admit_verdict verdict;
} oc_admit_result;

typedef struct oc_admit_report {
    double   utilisation;                /* of each core, 1 = all of its time */
    double   by_class[OC_SCHED_CLASSES]; /* the same, per class */
    uint64_t blocking_ns;                /* as given */
    size_t   n_not;                      /* tasks that do not fit */
} oc_admit_report;

/* blocking_ns: the longest stretch without a yield point (oc_sched_load, oc_sched_stats.unyielded).
 *
 *   results  one a task, in their order; tasks are taken in by class and deadline
 *
 * A task without a period counts as TOO_MUCH. */
void oc_admit(const oc_admit_task *tasks, size_t n, unsigned cores, uint64_t blocking_ns,
              oc_admit_result *results, oc_admit_report *report);

#endif
