/* site.h -- all streams of a process.
 *
 * Each stream is a pipeline with a capture thread and a working thread; they share the pool and,
 * through one oc_models, the networks: a card that several streams name is read and packed once. */
#ifndef OC_PIPELINE_SITE_H
#define OC_PIPELINE_SITE_H

#include "pipeline/pipeline.h"
#include "pipeline/site_config.h"

typedef struct oc_site oc_site;

typedef struct oc_site_options {
    /* For every stream.  cancel ends them all.  progress is told of all streams together, from any
     * of their threads, one at a time.  Paths of outputs may have {stream} in them, which stands
     * for the stream's name; with several streams they must, except that of the events: without it
     * one file gets the events of all.  models and patient are the site's
     * own; so is sched, unless one is given. */
    oc_pipeline_options stream;
} oc_site_options;

/* Loads the networks of all streams and checks what refers to something.  config: borrowed for the
 * site's life.  Errors as of oc_pipeline_create. */
OC_MUST_CHECK oc_status oc_site_create(oc_site_config *config, const oc_site_options *options,
                                       oc_site **out, oc_error *err);
void                    oc_site_destroy(oc_site *site); /* NULL is fine */

/* Where results go, before run: instead of options.stream.outputs. */
OC_MUST_CHECK oc_status oc_site_outputs(oc_site *site, const oc_outputs_config *outputs,
                                        oc_error *err);

/* Works until every stream has ended.  Once.  A stream that fails ends alone; what it says is
 * given back when the others are done. */
OC_MUST_CHECK oc_status oc_site_run(oc_site *site, oc_error *err);

/* After run: all streams together: any truncated, any interrupted. */
oc_pipeline_end oc_site_ended(oc_site *site);
/* After run.  Of one stream without `streams:` its summary; else a document with the sums and a list
 * `streams`.  The site's memory. */
const char *oc_site_summary(oc_site *site);
const char *oc_site_text(oc_site *site);

#endif
