/* state.h -- the inside of a pipeline, for the files of this folder. */
#ifndef OC_PIPELINE_STATE_H
#define OC_PIPELINE_STATE_H

#include "events/event.h"
#include "events/json.h"
#include "pipeline/annotate.h"
#include "pipeline/capture.h"
#include "pipeline/ladder.h"
#include "pipeline/pipeline.h"
#include "pipeline/record.h"
#include "track/interval.h"

#define OC_DETECTIONS_MAX 512

typedef enum oc_run_end {
    OC_RUN_END,
    OC_RUN_DURATION,
    OC_RUN_INTERRUPTED,
    OC_RUN_BROKEN,
} oc_run_end;

struct oc_pipeline {
    const oc_pipeline_config *config;
    oc_pipeline_options       options;
    oc_outputs_config         outputs;
    oc_arena                  arena;

    /* networks and trackers: from create */
    oc_net        *detector[1 + OC_LADDER_MAX]; /* 0 the pipeline's own, then those of steps */
    size_t         n_detectors;
    uint32_t       step_detector[1 + OC_LADDER_MAX]; /* which one serves at each level */
    const oc_card *card;                             /* the detector's */
    size_t         n_labels;
    uint8_t       *labels; /* wanted of the detector; NULL = all */
    oc_recogniser  recogniser[OC_RECOGNISERS_MAX];
    oc_tracker    *tracker;
    oc_objects     objects;
    oc_rules       rules;
    oc_detection  *found; /* [OC_DETECTIONS_MAX] */

    /* the stream: from run */
    char         url[4096];
    char         shown[1024];                /* the url without passwords */
    char         name[256], format_text[64]; /* of their own: the configuration may be exchanged */
    const char  *format;
    char         at[32]; /* UTC of time 0 */
    oc_ledger    ledger;
    oc_mailbox   box;
    bool         box_made;
    oc_stages    stages;
    oc_capture   capture;
    volatile int own_cancel, *cancel; /* the options' flag, or our own */
    oc_source_info     info;
    double             fps; /* of the video: nominal, or 25 */
    oc_annotator      *annotator;
    oc_event_log      *events;
    oc_part           *mot, *report, *summary;
    oc_record          record;
    oc_observers       observers;
    oc_observed_stream seen_as;
    const char        *networks[1 + OC_LADDER_MAX + OC_RECOGNISERS_MAX]; /* for seen_as */

    /* doing less when there is too much to do */
    oc_ladder   ladder;
    oc_interval interval;
    oc_tracks   tracks; /* as the last frame left them; the tracker's memory */
    uint32_t    since_look;
    uint64_t    work_ns;     /* that a frame takes, smoothed upwards */
    uint64_t    deadline_ns; /* of this frame, oc_now_ns; 0 = none */
    uint64_t    looks, steps_up, steps_down;
    bool        live; /* frames may be dropped; else, of a file, each one is processed */

    /* another configuration, that takes over between two frames */
    pthread_mutex_t lock;
    pthread_cond_t  adopted;
    oc_pipeline    *next;
    bool            over; /* no frame will be worked on any more */
    atomic_bool     paused;

    /* this frame */
    double      time_s;
    uint64_t    frame, frames;
    oc_decision decision;
    uint32_t    refusals; /* in a row */
    oc_drop     refused;  /* why the scheduler would not have the frame */
    size_t      found_n;  /* detections that went to the tracker */
    size_t      n_seen;   /* confirmed tracks */

    /* telling drops and progress */
    uint64_t  told_dropped[OC_DROP_REASONS];
    double    told_drop_s;
    uint64_t  start_ns, end_ns, progress_ns, progress_completed;
    double    progress_fps;
    uint64_t  flushed_ns;
    oc_status told; /* of events written from callbacks: the first failure */
    oc_error  told_err;

    oc_run_end      end;
    oc_pipeline_end ended;
    char            summary_text[16384];
    char            people_text[8192];
};

/* create.c: ladder and interval from the beginning, as the configuration has them. */
void oc_pipeline_settle(oc_pipeline *p);
void oc_pipeline_see(oc_pipeline *p); /* configuration and networks, for observers */

/* work.c: the queue that the configuration asks for. */
oc_mailbox_options oc_mailbox_wanted(const oc_pipeline *p);

/* exchange.c: takes over what waits for it; between two frames. */
void oc_pipeline_adopt(oc_pipeline *p);
/* Nothing will be adopted any more: who waits is told. */
void oc_pipeline_over(oc_pipeline *p);

/* frame.c: all that is done with one frame. */
OC_MUST_CHECK oc_status oc_frame_work(oc_pipeline *p, oc_frame *frame, oc_error *err);
void oc_note_stage(oc_pipeline *p, oc_stage stage, uint64_t begin_ns, uint64_t end_ns);

/* work.c: no frame comes any more; the last events. */
OC_MUST_CHECK oc_status oc_stream_close(oc_pipeline *p, oc_error *err);

/* tell.c: events */
void oc_tell_started(oc_pipeline *p);
void oc_tell_tracks(oc_pipeline *p); /* appeared, updated */
void oc_tell_left(oc_pipeline *p);
void oc_tell_recognised(void *pipeline, const oc_object *object, size_t recogniser);
void oc_tell_crossed(void *pipeline, const oc_object *object, const oc_line *line, int direction);
void oc_tell_zone(void *pipeline, const oc_object *object, const oc_zone *zone, bool entered,
                  double dwell_s);
void oc_tell_step(oc_pipeline *p, uint32_t from, uint64_t latency_ns); /* of the ladder */
void oc_tell_move(oc_pipeline *p, const oc_ladder_move *move);
void oc_tell_drops(oc_pipeline *p, bool last);
void oc_read_dropped(oc_pipeline *p, uint64_t dropped[OC_DROP_REASONS]);
void oc_tell_ended(oc_pipeline *p);

/* outputs.c */
OC_MUST_CHECK oc_status oc_outputs_open(oc_pipeline *p, oc_error *err);
OC_MUST_CHECK oc_status oc_outputs_mot(oc_pipeline *p, oc_error *err); /* rows of this frame */
OC_MUST_CHECK oc_status oc_outputs_finish(oc_pipeline *p, oc_error *err);
void                    oc_outputs_drop(oc_pipeline *p);

/* summary.c, report.c */
uint64_t                oc_summary_peak_rss(void);
void                    oc_summary_latency(oc_jsonw *j, const oc_stages *stages);
void                    oc_summary_make(oc_pipeline *p);
OC_MUST_CHECK oc_status oc_report_write(oc_pipeline *p, oc_part *to, oc_error *err);

/* Words for how the run ended, as in the events. */
const char *oc_run_end_name(oc_run_end end);

#endif
