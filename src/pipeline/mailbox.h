/* mailbox.h -- frames from the thread that captures to the one that works on them.
 *
 * A short queue.  Its policy says what happens when it is full: the capturing side waits (files:
 * every frame is processed), or a frame is dropped, and which one. */
#ifndef OC_PIPELINE_MAILBOX_H
#define OC_PIPELINE_MAILBOX_H

#include <pthread.h>
#include <stdbool.h>

#include "ocellus/media.h"
#include "pipeline/observer.h"

typedef struct oc_mail {
    oc_frame *frame;
    uint64_t  captured_ns; /* oc_now_ns when it was put in */
} oc_mail;

typedef struct oc_mailbox_options {
    oc_queue_drop policy;
    unsigned      length;      /* 1 .. OC_QUEUE_MAX */
    uint64_t      deadline_ns; /* OC_QUEUE_DEADLINE: from capture to the end of the work */
    oc_observers *observers;   /* told of drops; may be NULL */
} oc_mailbox_options;

typedef struct oc_mailbox {
    pthread_mutex_t    lock;
    pthread_cond_t     changed;
    oc_ledger         *ledger;
    oc_mailbox_options options;
    uint64_t           expect_ns; /* that work on a frame will take */
    uint64_t           late;      /* drops for the deadline since somebody asked */
    bool               closed;    /* no more frames come */
    bool               stopped;   /* no more are taken */
    bool               paused, poked;
    oc_mail            slot[OC_QUEUE_MAX];
    unsigned           first, n;
} oc_mailbox;

void oc_mailbox_init(oc_mailbox *box, oc_ledger *ledger, const oc_mailbox_options *options);
void oc_mailbox_finish(oc_mailbox *box); /* drops what is left as stopped */

/* Takes the reference; the frame counts as captured from here.  False: stopped, it is dropped. */
bool oc_mailbox_put(oc_mailbox *box, oc_frame *frame);
/* The same for a frame that is not wanted.  False: stopped. */
bool oc_mailbox_refuse(oc_mailbox *box, oc_frame *frame, oc_drop reason);
void oc_mailbox_close(oc_mailbox *box); /* by the capturing side */

/* Waits.  False: closed and empty, or stopped. The reference is the caller's.  A frame of NULL:
 * somebody poked. */
bool oc_mailbox_take(oc_mailbox *box, oc_mail *out);
/* What work on a frame takes, for the policy deadline. */
void oc_mailbox_expect(oc_mailbox *box, uint64_t work_ns);
/* Frames dropped for their deadline since the last call. */
uint64_t oc_mailbox_late(oc_mailbox *box);

/* Other rules from now on; what no longer fits is dropped, the oldest first. */
void oc_mailbox_change(oc_mailbox *box, oc_queue_drop policy, unsigned length,
                       uint64_t deadline_ns);
/* Nothing is taken while paused: with OC_QUEUE_NONE put waits, else what comes is dropped. */
void oc_mailbox_pause(oc_mailbox *box, bool paused);
void oc_mailbox_poke(oc_mailbox *box); /* take gives back once, without a frame */

/* By the working side: what waits is dropped, put no longer waits. */
void oc_mailbox_stop(oc_mailbox *box);

/* A frame that was taken is not processed after all.  Takes the reference. */
void oc_mailbox_drop(oc_mailbox *box, oc_frame *frame, oc_drop reason);

/* Waits until `until_ns` on the monotonic clock; false when stopped meanwhile. */
bool oc_mailbox_sleep(oc_mailbox *box, uint64_t until_ns);

#endif
