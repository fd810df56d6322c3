/* mailbox.h -- frames from the thread that captures to the one that works on them.
 *
 * A queue (every frame is processed: the capturing side waits when it is full), or, with
 * `newest`, a place for one frame that a newer one takes. */
#ifndef OC_PIPELINE_MAILBOX_H
#define OC_PIPELINE_MAILBOX_H

#include <pthread.h>
#include <stdbool.h>

#include "ocellus/media.h"
#include "pipeline/observer.h"

#define OC_MAILBOX_MAX 4

typedef struct oc_mail {
    oc_frame *frame;
    uint64_t  captured_ns; /* oc_now_ns when it was put in */
} oc_mail;

typedef struct oc_mailbox {
    pthread_mutex_t lock;
    pthread_cond_t  changed;
    oc_ledger      *ledger;
    oc_observers   *observers; /* told of drops; may be NULL */
    bool            newest;
    bool            closed;  /* no more frames come */
    bool            stopped; /* no more are taken */
    oc_mail         slot[OC_MAILBOX_MAX];
    unsigned        first, n, cap;
} oc_mailbox;

void oc_mailbox_init(oc_mailbox *box, oc_ledger *ledger, bool newest);
void oc_mailbox_finish(oc_mailbox *box); /* drops what is left as stopped */

/* Takes the reference; the frame counts as captured from here.  False: stopped, it is dropped. */
bool oc_mailbox_put(oc_mailbox *box, oc_frame *frame);
void oc_mailbox_close(oc_mailbox *box); /* by the capturing side */

/* Waits.  False: closed and empty, or stopped. The reference is the caller's. */
bool oc_mailbox_take(oc_mailbox *box, oc_mail *out);

/* By the working side: what waits is dropped, put no longer waits. */
void oc_mailbox_stop(oc_mailbox *box);

/* A frame that was taken is not processed after all.  Takes the reference. */
void oc_mailbox_drop(oc_mailbox *box, oc_frame *frame, oc_drop reason);

/* Waits until `until_ns` on the monotonic clock; false when stopped meanwhile. */
bool oc_mailbox_sleep(oc_mailbox *box, uint64_t until_ns);

#endif
