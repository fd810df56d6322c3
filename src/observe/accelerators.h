/* accelerators.h -- GPUs and NPUs, told by readers: NVML is built in, others are plug-ins
 * (include/ocellus/counters.h). */
#ifndef OC_OBSERVE_ACCELERATORS_H
#define OC_OBSERVE_ACCELERATORS_H

#include "ocellus/counters.h"
#include "telemetry/metrics.h"

#define OC_COUNTERS_MAX 8 /* readers */

typedef struct oc_accelerators {
    oc_metrics            *metrics;
    const oc_counters_ops *ops[OC_COUNTERS_MAX];
    void                  *self[OC_COUNTERS_MAX];
    size_t                 n;
} oc_accelerators;

/* Looks for NVML and plug-ins.  What is not there is no fault; a plug-in that cannot be used is left
 * out and named in `complaints` (may be NULL), a line each. */
void oc_accelerators_init(oc_accelerators *a, oc_metrics *m, char *complaints, size_t bytes);
void oc_accelerators_finish(oc_accelerators *a);  /* a zeroed one is fine */
void oc_accelerators_collect(void *accelerators); /* oc_metrics_collect_fn */

/* Through libnvidia-ml.so.1, found at run time; nothing of it is needed to build. */
extern const oc_counters_ops oc_counters_nvml;

/* NULL, or what is wrong with a plug-in's table. */
const char *oc_counters_fault(const oc_counters_ops *table);

#endif
