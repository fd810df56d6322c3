/* watching.h -- the options of `ocellus run` that let others watch it. */
#ifndef OC_CLI_WATCHING_H
#define OC_CLI_WATCHING_H

#include "observe/watch.h"
#include "pipeline/pipeline.h"

typedef struct cli_watching { /* options; zeroed = not watched */
    const char *http;

    oc_watch          *watch; /* below here: from start */
    const oc_observer *observers[1];
} cli_watching;

/* Lines for a cli_option table. */
#define CLI_WATCHING_OPTIONS(w)                                                 \
    {                                                                           \
        "--http", 's', &(w)->http, "ADDR:PORT",                                 \
            "serve /metrics, /live and /ready; :PORT is for this machine alone" \
    }

/* Begins before networks are loaded, so that whoever asks /ready learns that they are not.  What
 * observes goes to `options`; more may be added behind.  Prints what failed and gives back an exit
 * code, or -1 to go on. */
int  cli_watching_start(cli_watching *w, size_t n_streams, oc_pipeline_options *options);
void cli_watching_stop(cli_watching *w); /* after the run */

#endif
