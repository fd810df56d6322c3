/* pipeline.h -- source -> detect -> track -> recognise -> rules -> outputs, for one stream.
 *
 * Threads: one captures, one draws and encodes (when video or report is wanted), the caller's does
 * all the rest; networks run in the pool. */
#ifndef OC_PIPELINE_PIPELINE_H
#define OC_PIPELINE_PIPELINE_H

#include "pipeline/config.h"
#include "pipeline/ledger.h"
#include "pipeline/observer.h"
#include "pipeline/recognise.h"

typedef struct oc_pipeline oc_pipeline;

typedef struct oc_progress { /* told now and then while frames go by */
    oc_counts counts;
    int64_t   frames; /* of the source; -1 = not known */
    double    time_s; /* of the stream */
    double    wall_s; /* since the first frame */
    double    fps;    /* completed a second, over the last stretch */
    size_t    tracks; /* in view */
    uint32_t  level;  /* of the degrade ladder */
} oc_progress;

typedef struct oc_pipeline_options {
    const char         *source;   /* instead of the pipeline's; NULL = the pipeline's */
    bool                realtime; /* a file at its own speed, newest frame wins */
    double              duration_s;
    oc_outputs_config   outputs; /* see oc_pipeline_outputs */
    oc_pool            *pool;    /* borrowed; NULL = the caller's thread */
    oc_models          *models;  /* networks in common with other pipelines; NULL = its own */
    oc_sched           *sched;   /* networks run as its jobs; needs models; NULL = at once */
    uint32_t            stream;  /* number of this stream in it */
    const char         *isa;     /* as in oc_session_options */
    const oc_tune      *tune;    /* as in oc_session_options; NULL = guesses */
    const oc_net_plans *plans;   /* networks kept compiled, as in oc_net_options; NULL = none are */
    volatile int       *cancel; /* 1: stop, finish the files; the pipeline writes 2 when it gives up
                             itself and the source is to notice.  May be NULL */
    const char         *gallery;      /* file instead of the pipeline's; NULL = the pipeline's */
    oc_nearest_open_fn *open_gallery; /* NULL: oc_nearest_gallery */
    void (*progress)(void *ctx, const oc_progress *progress); /* may be NULL */
    void                     *progress_ctx;
    bool                      patient;    /* a camera that is not there yet is waited for */
    double                    progress_s; /* between two tellings, at least; 0 = 0.2 */
    const oc_observer *const *observers;  /* n_observers tables, copied */
    size_t                    n_observers;
    oc_decide_fn             *decide; /* may change what is done with a frame; may be NULL */
    void                     *decide_ctx;
} oc_pipeline_options;

/* Loads the networks and checks all that refers to something.  config: borrowed for the pipeline's
 * life, and so are the options' strings.
 *
 * OC_NOT_FOUND     a card or a network's file; err names the command that fetches it
 * OC_FORMAT        "file:line:column: ..." a label that the network does not have, and such
 * others           what oc_net_create says */
OC_MUST_CHECK oc_status oc_pipeline_create(const oc_pipeline_config  *config,
                                           const oc_pipeline_options *options, oc_pipeline **out,
                                           oc_error *err);
void oc_pipeline_destroy(oc_pipeline *p); /* NULL is fine; outputs not finished are removed */

/* Where results go, before run; paths given here win over the pipeline's.  Borrowed.
 * OC_INVALID: two are the same file. */
OC_MUST_CHECK oc_status oc_pipeline_outputs(oc_pipeline *p, const oc_outputs_config *outputs,
                                            oc_error *err);

/* Opens source and outputs, works until the stream ends or is cancelled, finishes the outputs.
 * Once.  Interrupted runs finish their files, too, and give back OC_OK: see the summary.
 *
 * OC_IO ...   source or an output is at fault; no output is left behind */
OC_MUST_CHECK oc_status oc_pipeline_run(oc_pipeline *p, oc_error *err);

/* While it runs, from another thread: `next`, made of another configuration with the same options and
 * never run, gives its networks, rules and settings to p between two frames, and takes p's: it is the
 * caller's to destroy.  Tracks, and totals of lines and zones that keep their names, survive; tracks
 * begin anew when the tracker is another one or the detector's labels are.  What belongs to the
 * source (url, format, fps, rtsp_udp) and the outputs stays as it is.
 *
 * OC_BUSY  the source has not been opened yet
 * OC_END   no frame will be worked on any more */
OC_MUST_CHECK oc_status oc_pipeline_exchange(oc_pipeline *p, oc_pipeline *next, oc_error *err);

/* From any thread.  Frames of a camera are dropped while paused, a file waits. */
void oc_pipeline_pause(oc_pipeline *p, bool paused);

/* Frame counts, from any thread at any moment. */
oc_counts oc_pipeline_counts(oc_pipeline *p);

typedef struct oc_pipeline_end {
    bool     truncated, interrupted;
    oc_error broken; /* why truncated */
} oc_pipeline_end;
const oc_pipeline_end *oc_pipeline_ended(const oc_pipeline *p);

/* After run: the summary as one JSON document, with a line end.  The pipeline's memory. */
const char *oc_pipeline_summary(const oc_pipeline *p);
/* After run: for people, a few lines.  The pipeline's memory. */
const char *oc_pipeline_text(const oc_pipeline *p);

#endif
