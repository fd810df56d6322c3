/* objective.h -- what a stream is to keep to, as a line of the pipeline file says it:
 *
 *   latency_p99 < 150 ms over 30 d     of 100 completed frames, 99 within 150 ms
 *   completed >= 99 %                  of frames that were captured and are not waiting
 *   detector_alive >= 99.9 %           of the time the detector has run lately; 99.9 where not said
 *
 * `over` is the period whose budget of failures burn rates refer to: 1 d to 90 d, 30 d where it is
 * not said. */
#ifndef OC_PIPELINE_OBJECTIVE_H
#define OC_PIPELINE_OBJECTIVE_H

#include <stdint.h>

#include "ocellus/status.h"

#define OC_OBJECTIVES_MAX 8
#define OC_OBJECTIVE_NAME 24

typedef enum oc_objective_kind {
    OC_OBJECTIVE_LATENCY,
    OC_OBJECTIVE_COMPLETED,
    OC_OBJECTIVE_DETECTOR,
} oc_objective_kind;

typedef struct oc_objective {
    oc_objective_kind kind;
    char              name[OC_OBJECTIVE_NAME]; /* "latency_p99", "completed", "detector_alive" */
    double            target;                  /* part that must be good, 0 < target < 1 */
    uint64_t          limit_ns;                /* latency */
    double            period_s;
} oc_objective;

/* OC_FORMAT: the message tells what is wrong, without the line. */
OC_MUST_CHECK oc_status oc_objective_parse(const char *text, oc_objective *out, oc_error *err);

#endif
