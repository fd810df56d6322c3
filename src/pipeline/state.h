/* state.h -- the inside of a pipeline, for the files of this folder. */
#ifndef OC_PIPELINE_STATE_H
#define OC_PIPELINE_STATE_H

#include "events/event.h"
#include "events/json.h"
#include "pipeline/annotate.h"
#include "pipeline/capture.h"
#include "pipeline/pipeline.h"
#include "pipeline/record.h"

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
    oc_net        *detector;
    const oc_card *card; /* the detector's */
    size_t         n_labels;
    uint8_t       *labels; /* wanted of the detector; NULL = all */
    oc_recogniser  recogniser[OC_RECOGNISERS_MAX];
    oc_tracker    *tracker;
    oc_objects     objects;
    oc_rules       rules;
    oc_detection  *found; /* [OC_DETECTIONS_MAX] */

    /* the stream: from run */
    char               url[4096];
    char               shown[1024]; /* the url without passwords */
    char               at[32];      /* UTC of time 0 */
    oc_ledger          ledger;
    oc_mailbox         box;
    bool               box_made;
    oc_stages          stages;
    oc_capture         capture;
    volatile int       own_cancel, *cancel; /* the options' flag, or our own */
    oc_source_info     info;
    double             fps; /* of the video: nominal, or 25 */
    oc_annotator      *annotator;
    oc_event_log      *events;
    oc_part           *mot, *report, *summary;
    oc_record          record;
    oc_observers       observers;
    oc_observed_stream seen_as;

    /* this frame */
    double      time_s;
    uint64_t    frame, frames;
    oc_decision decision;
    size_t      found_n; /* detections that went to the tracker */
    size_t      n_seen;  /* confirmed tracks */

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
