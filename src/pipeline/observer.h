/* observer.h -- who wants to know what a stream does, without being part of its way.
 *
 * Metrics, traces, recordings and message buses attach here: a table of functions, any of them
 * NULL, several tables a stream.  They are called in the order in which they were given.
 *
 * A hook is called on a frame's way: it must be quick, must not wait and must not call back into
 * the pipeline.  What it is given is borrowed for the call (frames: oc_frame_ref keeps one; the
 * number of a source's frames may be bounded, so keep few).  `captured` and `dropped` may come from
 * the capture thread while the others come from the working one; hooks of one kind never overlap
 * for one stream.  Different streams call from different threads at once. */
#ifndef OC_PIPELINE_OBSERVER_H
#define OC_PIPELINE_OBSERVER_H

#include "events/event.h"
#include "ocellus/media.h"
#include "pipeline/config.h"
#include "pipeline/ledger.h"
#include "pipeline/objects.h"
#include "pipeline/stage.h"

#define OC_OBSERVERS_MAX 8

/* A stream as it was opened; valid from `opened` until `closed` has returned. */
typedef struct oc_observed_stream {
    const char               *name;
    const char               *source; /* without passwords */
    const char               *at;     /* UTC of time 0, RFC 3339 */
    const oc_pipeline_config *config;
    oc_source_info            info;
    double                    fps;      /* nominal, or 25 where the source tells none */
    struct oc_pipeline       *pipeline; /* for the files of this folder: its state */
    const char *const        *networks; /* cards of all that may run; others after `configured` */
    size_t                    n_networks;
} oc_observed_stream;

/* What is done with a frame: all that is not in the frame, the configuration or the tracks.  Who
 * forces the same decisions upon the same frames gets the same events. */
typedef struct oc_decision {
    bool     look;                          /* the detector runs; else tracks are predicted */
    uint32_t every;                         /* interval between looks that is in force */
    uint32_t level;                         /* of the degrade ladder; 0 = as configured */
    uint32_t detector;                      /* 0 = the pipeline's own, 1.. = of a ladder's step */
    uint32_t per_frame[OC_RECOGNISERS_MAX]; /* looks at most of each recogniser; 0 = off */
    uint64_t dropped[OC_DROP_REASONS];      /* so far, as this frame's events tell them */
} oc_decision;

/* Called when the stream has made up its mind about a frame, which may be changed here. */
typedef void oc_decide_fn(void *ctx, const oc_frame *frame, oc_decision *decision);

typedef struct oc_ladder_move { /* one step of the degrade ladder */
    uint32_t    from, to;       /* levels; to > from: less is done */
    const char *step;           /* what the step on the way does, "every 4" */
    double      latency_ms;     /* what was seen or predicted */
    double      objective_ms;
} oc_ladder_move;

typedef struct oc_observed_frame {
    const oc_frame    *frame;
    const oc_decision *decision;
    const oc_objects  *objects; /* tracks and what is known of them, after this frame */
    double             time_s;
    uint64_t           captured_ns, begun_ns, end_ns; /* oc_now_ns */
    uint64_t           detections;                    /* that went to the tracker */
} oc_observed_frame;

typedef struct oc_observer {
    uint32_t struct_size;
    void    *ctx;

    /* Before the first event.  *stream is what the hooks below are given; where this one is NULL
     * they are given ctx.  A failure ends the stream before its first frame. */
    oc_status (*opened)(void *ctx, const oc_observed_stream *info, void **stream, oc_error *err);

    /* Read and decoded between the two times.  It counts as captured from here. */
    void (*captured)(void *stream, const oc_frame *frame, uint64_t begin_ns, uint64_t end_ns);
    /* A captured frame is not processed. */
    void (*dropped)(void *stream, const oc_frame *frame, oc_drop reason);
    /* Work on a frame begins. */
    void (*begun)(void *stream, const oc_frame *frame, const oc_decision *decision);
    /* A station of the frame's way is done.  A stage may come in several parts. */
    void (*stage)(void *stream, uint64_t frame, oc_stage stage, uint64_t begin_ns, uint64_t end_ns);
    /* An event was told: the record, and its line as it stands in the file (with '\n'). */
    void (*event)(void *stream, const oc_event *event, const char *line, size_t bytes);
    void (*ladder)(void *stream, const oc_ladder_move *move);
    void (*completed)(void *stream, const oc_observed_frame *frame);
    /* Another configuration holds from the next frame on. */
    void (*configured)(void *stream, const oc_pipeline_config *config);

    /* The last word.  Called once if `opened` succeeded, also after failures. */
    void (*closed)(void *stream, const oc_counts *counts);

    /* A live source was lost, or came back; from the capture thread.  why may be NULL. */
    void (*source)(void *stream, bool connected, const oc_error *why);

    /* A network has run, on a frame or on an object of it: for so long, what comes before and after
     * apart; in a batch, its share.  network: one of the stream's. */
    void (*ran)(void *stream, const char *network, uint64_t ns);
    /* What a recogniser's network made of an object: n elements, as they left the network. */
    void (*embedded)(void *stream, const char *recogniser, const float *embedding, size_t n);
} oc_observer;

/* ---- for the pipeline ---- */

typedef struct oc_observers {
    oc_observer item[OC_OBSERVERS_MAX];
    void       *stream[OC_OBSERVERS_MAX];
    size_t      n, n_opened;
} oc_observers;

/* Tables are copied.  OC_INVALID: more than OC_OBSERVERS_MAX. */
OC_MUST_CHECK oc_status oc_observers_init(oc_observers *o, const oc_observer *const *tables,
                                          size_t n, oc_error *err);
OC_MUST_CHECK oc_status oc_observers_open(oc_observers *o, const oc_observed_stream *info,
                                          oc_error *err);
void oc_observers_captured(oc_observers *o, const oc_frame *frame, uint64_t begin_ns,
                           uint64_t end_ns);
void oc_observers_dropped(oc_observers *o, const oc_frame *frame, oc_drop reason);
void oc_observers_begun(oc_observers *o, const oc_frame *frame, const oc_decision *decision);
void oc_observers_stage(oc_observers *o, uint64_t frame, oc_stage stage, uint64_t begin_ns,
                        uint64_t end_ns);
void oc_observers_event(oc_observers *o, const oc_event *event, const char *line, size_t bytes);
void oc_observers_ladder(oc_observers *o, const oc_ladder_move *move);
void oc_observers_completed(oc_observers *o, const oc_observed_frame *frame);
void oc_observers_configured(oc_observers *o, const oc_pipeline_config *config);
void oc_observers_source(oc_observers *o, bool connected, const oc_error *why);
void oc_observers_ran(oc_observers *o, const char *network, uint64_t ns);
void oc_observers_embedded(oc_observers *o, const char *recogniser, const float *embedding,
                           size_t n);
void oc_observers_close(oc_observers *o, const oc_counts *counts); /* once; then there are none */

#endif
