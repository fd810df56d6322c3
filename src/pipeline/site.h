/* site.h -- all streams of a process.
 *
 * Each stream is a pipeline with a capture thread and a working thread; they share the pool and,
 * through one oc_models, the networks: a card that several streams name is read and packed once. */
#ifndef OC_PIPELINE_SITE_H
#define OC_PIPELINE_SITE_H

#include "events/json.h"
#include "pipeline/pipeline.h"
#include "pipeline/site_config.h"

typedef struct oc_site oc_site;

typedef struct oc_site_options {
    /* For every stream.  cancel ends them all.  progress is told of all streams together, from any
     * of their threads, one at a time.  Paths of outputs may have {stream} in them, which stands
     * for the stream's name; with several streams they must, except that of the events: without it
     * one file gets the events of all.  models and patient are the site's
     * own; so is sched, unless one is given.  observers: borrowed for the site's life, streams that
     * are added get them, too. */
    oc_pipeline_options stream;
    const char         *control; /* path of a control socket (control.h), or NULL */
} oc_site_options;

/* Loads the networks of all streams and checks what refers to something.  config: borrowed for the
 * site's life.  Errors as of oc_pipeline_create. */
OC_MUST_CHECK oc_status oc_site_create(oc_site_config *config, const oc_site_options *options,
                                       oc_site **out, oc_error *err);
void                    oc_site_destroy(oc_site *site); /* NULL is fine */

/* Where results go, before run: instead of options.stream.outputs. */
OC_MUST_CHECK oc_status oc_site_outputs(oc_site *site, const oc_outputs_config *outputs,
                                        oc_error *err);

/* Works until it is stopped or every stream has ended (with a control socket: and there is one).
 * Once.  A stream that fails ends alone; what it says is given back when the others are done. */
OC_MUST_CHECK oc_status oc_site_run(oc_site *site, oc_error *err);

/* ---- while it runs, from one other thread ---- */

/* settings: a map with a name, laid over what the streams have in common.  OC_INVALID: the name is
 * there already, or an output is another stream's; others as of oc_site_create. */
OC_MUST_CHECK oc_status oc_site_add(oc_site *site, const char *settings, size_t bytes,
                                    oc_error *err);
/* Its outputs are finished; it is gone when the call returns.  OC_NOT_FOUND. */
OC_MUST_CHECK oc_status oc_site_remove(oc_site *site, const char *name, oc_error *err);
OC_MUST_CHECK oc_status oc_site_pause(oc_site *site, const char *name, bool paused, oc_error *err);
/* settings: a map, laid over the stream's own; null takes a key away.  Whole, between two frames: see
 * oc_pipeline_exchange.  What names source, outputs or the stream itself is refused (OC_INVALID). */
OC_MUST_CHECK oc_status oc_site_set(oc_site *site, const char *name, const char *settings,
                                    size_t bytes, oc_error *err);
void oc_site_stop(oc_site *site); /* as an interrupt, but it counts as an orderly end */

/* Writes the state of all streams as members of an open JSON object. */
void oc_site_list(oc_site *site, oc_jsonw *j);
/* ... and the settings of one. */
OC_MUST_CHECK oc_status oc_site_show(oc_site *site, const char *name, oc_jsonw *j, oc_error *err);

/* The scheduler of all streams; the site's. */
oc_sched *oc_site_sched(oc_site *site);

/* After run: all streams together: any truncated, any interrupted. */
oc_pipeline_end oc_site_ended(oc_site *site);
/* After run.  Of one stream without `streams:` its summary; else a document with the sums and a list
 * `streams`.  The site's memory. */
const char *oc_site_summary(oc_site *site);
const char *oc_site_text(oc_site *site);

#endif
