/* incident_page.h -- between incident.c, which measures, and its page. */
#ifndef OC_PIPELINE_INCIDENT_PAGE_H
#define OC_PIPELINE_INCIDENT_PAGE_H

#include "events/part.h"
#include "pipeline/timeline.h"
#include "telemetry/histogram.h"

#define OC_INCIDENT_WORST 10
#define OC_INCIDENT_STAGES_MAX 32
#define OC_INCIDENT_DROPS_MAX 32

typedef struct oc_incident {
    const oc_timeline *timeline;
    const char        *folder, *reason;
    oc_histogram       latency, stage[OC_INCIDENT_STAGES_MAX];
    uint64_t           dropped[OC_INCIDENT_DROPS_MAX];
    size_t             worst[OC_INCIDENT_WORST + 1], n_worst; /* frames of the timeline */
} oc_incident;

OC_MUST_CHECK oc_status oc_incident_page(const oc_incident *n, oc_part *to, oc_error *err);

#endif
