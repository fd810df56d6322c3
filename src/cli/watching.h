/* watching.h -- the options of `ocellus run` that let others watch it. */
#ifndef OC_CLI_WATCHING_H
#define OC_CLI_WATCHING_H

#include "events/part.h"
#include "observe/logging.h"
#include "observe/watch.h"
#include "pipeline/recording.h"
#include "pipeline/site.h"

typedef struct cli_watching {       /* options; zeroed = not watched */
    oc_recording *const *recording; /* alerts are its incidents, once it is there; NULL */
    const char          *http, *state, *alerts, *otlp, *trace;
    const char          *otlp_every; /* a number; NULL = 10 */
    const char          *log;        /* "text", "json", NULL = plain messages */
    const char          *drift, *drift_learn;
    double               drift_window; /* zeroed = 60 */

    oc_watch          *watch; /* below here: from start */
    oc_logging        *logging;
    oc_part           *part; /* of alerts */
    bool               part_failed;
    char               path[4200];
    const oc_observer *observers[OC_OBSERVERS_MAX];
} cli_watching;

/* Lines for a cli_option table. */
#define CLI_WATCHING_OPTIONS(w)                                                                   \
    {"--http", 's', &(w)->http, "ADDR:PORT",                                                      \
     "serve /metrics, /live and /ready; :PORT is for this machine alone"},                        \
        {"--otlp", 's', &(w)->otlp, "URL",                                                        \
         "send metrics and traces to an OpenTelemetry collector, http://HOST:4318"},              \
        {"--otlp-every", 's', &(w)->otlp_every, "N", "trace one frame in N (10; 0 = none)"},      \
        {"--trace", 's', &(w)->trace, "F.json", "the last 4096 frames, for Perfetto"},            \
        {"--log", 's', &(w)->log, "text|json", "what happens to streams, a line each on stderr"}, \
        {"--drift", 's', &(w)->drift, "F.json",                                                   \
         "tell when a stream does not look any more like the reference"},                         \
        {"--drift-learn", 's', &(w)->drift_learn, "F.json", "make a reference of this run"},      \
        {"--drift-window", 'd', &(w)->drift_window, "S", "seconds it is learned with (60)"},      \
        {"--alerts", 's', &(w)->alerts, "F.jsonl", "alerts of objectives and drifts, as events"}, \
    {                                                                                             \
        "--state", 's', &(w)->state, "FILE",                                                      \
            "where objectives keep their windows over restarts; none = nowhere"                   \
    }

/* Begins before networks are loaded, so that whoever asks /ready learns that they are not.  What
 * observes goes in front of the observers of `options`.  Prints what failed and gives back an exit
 * code, or -1 to go on. */
int cli_watching_start(cli_watching *w, const oc_site_config *config, oc_pipeline_options *options);
/* The scheduler or the sinks of the run, NULL before they go; nothing where nobody watches. */
void cli_watching_sched(cli_watching *w, oc_sched *sched);
void cli_watching_sinks(cli_watching *w, oc_sinks *sinks);
void cli_watching_stop(cli_watching *w); /* after the run */

#endif
