/* capture.h -- the thread that reads a source into the mailbox. */
#ifndef OC_PIPELINE_CAPTURE_H
#define OC_PIPELINE_CAPTURE_H

#include <stdatomic.h>

#include "media/source.h"
#include "pipeline/mailbox.h"
#include "pipeline/stage.h"

typedef enum oc_capture_end {
    OC_CAPTURE_GOES_ON,
    OC_CAPTURE_END,      /* of the source */
    OC_CAPTURE_DURATION, /* asked for is over */
    OC_CAPTURE_STOPPED,  /* by the working side, or cancelled */
    OC_CAPTURE_BROKEN,   /* the source broke off; err tells */
} oc_capture_end;

typedef struct oc_capture {
    oc_source_options    source;        /* url and cancel must live on */
    atomic_uint_fast64_t gap_ns;        /* frames that come sooner after the last one are dropped */
    bool                 pace;          /* a file is played at its own speed */
    double               duration_s;    /* of the stream; 0 = all */
    uint32_t    retry_ms, retry_max_ms; /* a lost camera is tried again after these; 0 = defaults */
    oc_mailbox *box;
    oc_stages  *stages;
    oc_observers        *observers; /* may be NULL */
    oc_input            *input;     /* the capture's; closed when a camera is lost */
    pthread_t            thread;
    bool                 started;
    atomic_uint_fast64_t lost; /* times that the camera was */
    atomic_bool          away; /* it is at present */
    /* written by the thread, read after it has ended */
    oc_capture_end end;
    oc_error       err;
} oc_capture;

/* Starts reading; box, stages, input and options have been filled in. */
OC_MUST_CHECK oc_status oc_capture_start(oc_capture *c, oc_error *err);
void oc_capture_rate(oc_capture *c, double rate); /* frames a second at most; 0 = all */
void oc_capture_join(oc_capture *c);              /* after the mailbox was stopped or ran dry */

#endif
