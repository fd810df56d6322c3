/* sending.h -- the sinks of a run: made before it, told of at its end. */
#ifndef OC_CLI_SENDING_H
#define OC_CLI_SENDING_H

#include "events/sinks.h"
#include "pipeline/pipeline.h"
#include "pipeline/site_config.h"

typedef struct cli_sending {
    oc_sinks          *sinks; /* NULL: the pipeline has none */
    uint32_t           drain_ms;
    oc_observer        observer;
    const oc_observer *observers[OC_OBSERVERS_MAX];
} cli_sending;

/* -1 to go on, or the exit code.  check: only looks whether the sinks could be had.  What sends is
 * put behind the observers of `options`. */
int cli_sending_start(cli_sending *s, const oc_site_config *config, bool check,
                      oc_pipeline_options *options);
/* After the run: delivers for a while, then tells on stderr what stays in spools and what was
 * dropped. */
void cli_sending_stop(cli_sending *s);

#endif
