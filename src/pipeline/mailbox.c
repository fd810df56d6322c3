/* Mailbox: one lock, one condition. */
#include <errno.h>
#include <time.h>

#include "pipeline/mailbox.h"
#include "telemetry/histogram.h"

void oc_mailbox_init(oc_mailbox *box, oc_ledger *ledger, bool newest)
{
    pthread_condattr_t attr;
    *box = (oc_mailbox){.ledger = ledger, .newest = newest, .cap = newest ? 1 : OC_MAILBOX_MAX};
    pthread_mutex_init(&box->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&box->changed, &attr);
    pthread_condattr_destroy(&attr);
}

static oc_mail pop(oc_mailbox *box)
{
    oc_mail mail = box->slot[box->first];
    box->first = (box->first + 1) % box->cap;
    box->n--;
    return mail;
}

/* Under the lock, so that observers see one drop at a time. */
static void drop(oc_mailbox *box, oc_frame *frame, oc_drop reason)
{
    if (box->observers)
        oc_observers_dropped(box->observers, frame, reason);
    oc_frame_unref(frame);
    oc_ledger_drop(box->ledger, reason);
}

static void drop_all(oc_mailbox *box)
{
    while (box->n > 0)
        drop(box, pop(box).frame, OC_DROP_STOPPED);
}

void oc_mailbox_finish(oc_mailbox *box)
{
    drop_all(box);
    pthread_cond_destroy(&box->changed);
    pthread_mutex_destroy(&box->lock);
}

bool oc_mailbox_put(oc_mailbox *box, oc_frame *frame)
{
    pthread_mutex_lock(&box->lock);
    oc_ledger_capture(box->ledger);
    if (box->newest && box->n == box->cap && !box->stopped)
        drop(box, pop(box).frame, OC_DROP_NEWEST_WINS);
    while (box->n == box->cap && !box->stopped)
        pthread_cond_wait(&box->changed, &box->lock);
    bool ok = !box->stopped;
    if (ok) {
        unsigned at = (box->first + box->n++) % box->cap;
        box->slot[at] = (oc_mail){.frame = frame, .captured_ns = oc_now_ns()};
        pthread_cond_broadcast(&box->changed);
    } else {
        drop(box, frame, OC_DROP_STOPPED);
    }
    pthread_mutex_unlock(&box->lock);
    return ok;
}

void oc_mailbox_close(oc_mailbox *box)
{
    pthread_mutex_lock(&box->lock);
    box->closed = true;
    pthread_cond_broadcast(&box->changed);
    pthread_mutex_unlock(&box->lock);
}

bool oc_mailbox_take(oc_mailbox *box, oc_mail *out)
{
    pthread_mutex_lock(&box->lock);
    while (box->n == 0 && !box->closed && !box->stopped)
        pthread_cond_wait(&box->changed, &box->lock);
    bool ok = box->n > 0;
    if (ok) {
        *out = pop(box);
        pthread_cond_broadcast(&box->changed);
    }
    pthread_mutex_unlock(&box->lock);
    return ok;
}

void oc_mailbox_drop(oc_mailbox *box, oc_frame *frame, oc_drop reason)
{
    pthread_mutex_lock(&box->lock);
    drop(box, frame, reason);
    pthread_mutex_unlock(&box->lock);
}

void oc_mailbox_stop(oc_mailbox *box)
{
    pthread_mutex_lock(&box->lock);
    box->stopped = true;
    drop_all(box);
    pthread_cond_broadcast(&box->changed);
    pthread_mutex_unlock(&box->lock);
}

bool oc_mailbox_sleep(oc_mailbox *box, uint64_t until_ns)
{
    struct timespec until = {.tv_sec = (time_t)(until_ns / 1000000000u),
                             .tv_nsec = (long)(until_ns % 1000000000u)};
    pthread_mutex_lock(&box->lock);
    while (!box->stopped && pthread_cond_timedwait(&box->changed, &box->lock, &until) != ETIMEDOUT)
        ;
    bool ok = !box->stopped;
    pthread_mutex_unlock(&box->lock);
    return ok;
}
