/* site_state.h -- the inside of a site, for the files of this folder. */
#ifndef OC_PIPELINE_SITE_STATE_H
#define OC_PIPELINE_SITE_STATE_H

#include "pipeline/site.h"
#include "pipeline/state.h"
#include "vision/store.h"

typedef enum oc_stream_state {
    OC_STREAM_READY,
    OC_STREAM_RUNNING,
    OC_STREAM_ENDED,  /* orderly, or interrupted */
    OC_STREAM_FAILED, /* err tells */
} oc_stream_state;

#define OC_OUTPUT_PATHS 5

typedef struct oc_stream {
    oc_site            *site;
    oc_pipeline_config *config; /* owned */
    oc_pipeline        *pipeline;
    pthread_t           thread;
    bool                started;
    uint32_t            number; /* for the scheduler */
    volatile int        cancel;
    char               *own;     /* its settings over the common ones, as text */
    oc_outputs_config   outputs; /* as the configuration names them */
    char                path[OC_OUTPUT_PATHS][OC_PATH_MAX];
    /* under the site's lock */
    oc_stream_state state;
    bool            paused;  /* as it was told to be */
    bool            removed; /* about to go: it is waited for, but not by the run */
    oc_status       status;
    oc_error        err;
    oc_progress     progress;
} oc_stream;

struct oc_site {
    oc_site_config    *config;
    oc_site_options    options;
    oc_models         *models;
    oc_sched          *sched;
    bool               own_sched;
    uint32_t           numbers; /* given to streams so far */
    pthread_mutex_t    lock;
    pthread_cond_t     changed;
    oc_stream         *stream[OC_STREAMS_MAX];
    size_t             n;
    uint64_t           progress_ns;
    bool               interrupted, running, stop;
    bool               many; /* outputs need names apart */
    struct oc_control *control;

    /* site_events.c: one file for all streams */
    pthread_mutex_t events_lock;
    const char     *events_path; /* NULL: each stream has its own */
    oc_part        *events;
    uint64_t        events_flushed_ns;
    oc_status       events_status;
    oc_error        events_err;
    oc_observer     events_observer;

    char *summary, *text; /* after run */
};

/* site.c.  config and own: moved in, also on failure. */
OC_MUST_CHECK oc_status oc_stream_make(oc_site *site, oc_pipeline_config *config, char *own,
                                       oc_stream **out, oc_error *err);
OC_MUST_CHECK oc_status oc_stream_start(oc_stream *s, oc_error *err); /* under the lock */
OC_MUST_CHECK oc_status oc_stream_pipeline(oc_stream *s, const oc_pipeline_config *config,
                                           oc_pipeline **out, oc_error *err);
void                    oc_stream_cancel(oc_stream *s);
void                    oc_stream_join(oc_stream *s);
void                    oc_stream_destroy(oc_stream *s); /* NULL is fine */
/* A tree as text, for free; NULL: out of memory. */
char *oc_site_write(const oc_yaml_node *node);

/* site_events.c */
void                    oc_site_events_init(oc_site *site);
OC_MUST_CHECK oc_status oc_site_events_open(oc_site *site, oc_error *err);
OC_MUST_CHECK oc_status oc_site_events_finish(oc_site *site, oc_error *err);
void                    oc_site_events_drop(oc_site *site);

/* site_outputs.c: the paths of a stream's outputs, {stream} replaced. */
OC_MUST_CHECK oc_status oc_stream_outputs(oc_stream *s, oc_error *err);

/* site_summary.c */
OC_MUST_CHECK oc_status oc_site_summary_make(oc_site *site, oc_error *err);

#endif
