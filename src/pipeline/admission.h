/* admission.h -- before a site runs: how much of the processors it will take, and what will not fit. */
#ifndef OC_PIPELINE_ADMISSION_H
#define OC_PIPELINE_ADMISSION_H

#include "pipeline/site.h"
#include "sched/admit.h"

typedef struct oc_admission_row {            /* one network of one stream */
    const char     *stream, *what, *network; /* what: "detect", or the recogniser's name */
    oc_admit_task   task;
    oc_admit_result result;
    double          fps;     /* of the stream */
    bool            guessed; /* nobody told the rate: 25 */
} oc_admission_row;

typedef struct oc_admission {
    oc_admission_row *row; /* [n] */
    size_t            n;
    unsigned          cores;
    oc_admit_report   report;
} oc_admission;

/* Measures every network with a grey picture, asks files for their rate, and applies the scheduler's
 * test.  Recognisers count with all the looks that a frame allows; `every: auto` as every frame.
 * Before oc_site_run.  The site must outlive what is given back. */
OC_MUST_CHECK oc_status oc_admission_make(oc_site *site, oc_admission *out, oc_error *err);
void                    oc_admission_finish(oc_admission *a); /* a zeroed one is fine */

#endif
