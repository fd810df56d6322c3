/* Mailbox: one lock, one condition. */
#include <errno.h>
#include <time.h>

#include "pipeline/mailbox.h"
#include "telemetry/histogram.h"

void oc_mailbox_init(oc_mailbox *box, oc_ledger *ledger, const oc_mailbox_options *options)
{
    pthread_condattr_t attr;
    *box = (oc_mailbox){.ledger = ledger, .options = *options};
    pthread_mutex_init(&box->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&box->changed, &attr);
    pthread_condattr_destroy(&attr);
}

static oc_mail pop(oc_mailbox *box)
{
    oc_mail mail = box->slot[box->first];
    box->first = (box->first + 1) % OC_QUEUE_MAX;
    box->n--;
    return mail;
}

/* Under the lock, so that observers see one drop at a time. */
static void drop(oc_mailbox *box, oc_frame *frame, oc_drop reason)
{
    if (box->options.observers)
        oc_observers_dropped(box->options.observers, frame, reason);
    oc_frame_unref(frame);
    oc_ledger_drop(box->ledger, reason);
}

static void drop_all(oc_mailbox *box, oc_drop reason)
{
    while (box->n > 0)
        drop(box, pop(box).frame, reason);
}

static bool is_late(const oc_mailbox *box, const oc_mail *mail, uint64_t now)
{
    return box->options.policy == OC_QUEUE_DEADLINE && box->options.deadline_ns > 0 &&
           now + box->expect_ns > mail->captured_ns + box->options.deadline_ns;
}

/* Those at the head are the oldest: who is in time there has only such behind it. */
static void drop_late(oc_mailbox *box)
{
    uint64_t now = oc_now_ns();
    while (box->n > 0 && is_late(box, &box->slot[box->first], now)) {
        drop(box, pop(box).frame, OC_DROP_DEADLINE);
        box->late++;
    }
}

/* A place for one more, if need be that of another.  False: the new one has to go. */
static bool make_room(oc_mailbox *box, oc_drop *reason)
{
    oc_queue_drop policy = box->options.policy;
    if (box->paused && policy != OC_QUEUE_NONE) {
        *reason = OC_DROP_PAUSED;
        return false;
    }
    if (box->n < box->options.length)
        return true;
    if (policy == OC_QUEUE_NEWEST) {
        *reason = OC_DROP_QUEUE_FULL;
        return false;
    }
    drop_late(box);
    if (box->n >= box->options.length)
        drop(box, pop(box).frame, OC_DROP_NEWEST_WINS);
    return true;
}

void oc_mailbox_finish(oc_mailbox *box)
{
    drop_all(box, OC_DROP_STOPPED);
    pthread_cond_destroy(&box->changed);
    pthread_mutex_destroy(&box->lock);
}

bool oc_mailbox_put(oc_mailbox *box, oc_frame *frame)
{
    oc_drop reason = OC_DROP_STOPPED;
    pthread_mutex_lock(&box->lock);
    oc_ledger_capture(box->ledger);
    while (box->options.policy == OC_QUEUE_NONE && box->n >= box->options.length && !box->stopped)
        pthread_cond_wait(&box->changed, &box->lock);
    if (!box->stopped && make_room(box, &reason)) {
        unsigned at = (box->first + box->n++) % OC_QUEUE_MAX;
        box->slot[at] = (oc_mail){.frame = frame, .captured_ns = oc_now_ns()};
        pthread_cond_broadcast(&box->changed);
    } else {
        drop(box, frame, reason);
    }
    bool ok = !box->stopped;
    pthread_mutex_unlock(&box->lock);
    return ok;
}

bool oc_mailbox_refuse(oc_mailbox *box, oc_frame *frame, oc_drop reason)
{
    pthread_mutex_lock(&box->lock);
    oc_ledger_capture(box->ledger);
    drop(box, frame, reason);
    bool ok = !box->stopped;
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

/* What there is to take, once what is too late has been dropped. */
static bool ready(oc_mailbox *box)
{
    if (box->paused)
        return false;
    drop_late(box);
    return box->n > 0;
}

bool oc_mailbox_take(oc_mailbox *box, oc_mail *out)
{
    pthread_mutex_lock(&box->lock);
    bool any = false;
    while (!box->poked && !box->stopped && !(any = ready(box)) && !(box->closed && box->n == 0))
        pthread_cond_wait(&box->changed, &box->lock);
    bool ok = box->poked || any;
    *out = (oc_mail){0};
    if (box->poked)
        box->poked = false;
    else if (any)
        *out = pop(box);
    pthread_cond_broadcast(&box->changed);
    pthread_mutex_unlock(&box->lock);
    return ok;
}

void oc_mailbox_expect(oc_mailbox *box, uint64_t work_ns)
{
    pthread_mutex_lock(&box->lock);
    box->expect_ns = work_ns;
    pthread_mutex_unlock(&box->lock);
}

uint64_t oc_mailbox_late(oc_mailbox *box)
{
    pthread_mutex_lock(&box->lock);
    uint64_t n = box->late;
    box->late = 0;
    pthread_mutex_unlock(&box->lock);
    return n;
}

void oc_mailbox_change(oc_mailbox *box, oc_queue_drop policy, unsigned length, uint64_t deadline_ns)
{
    pthread_mutex_lock(&box->lock);
    box->options.policy = policy;
    box->options.length = length;
    box->options.deadline_ns = deadline_ns;
    while (policy != OC_QUEUE_NONE && box->n > length)
        drop(box, pop(box).frame, OC_DROP_NEWEST_WINS);
    pthread_cond_broadcast(&box->changed);
    pthread_mutex_unlock(&box->lock);
}

void oc_mailbox_pause(oc_mailbox *box, bool paused)
{
    pthread_mutex_lock(&box->lock);
    box->paused = paused;
    if (paused && box->options.policy != OC_QUEUE_NONE)
        drop_all(box, OC_DROP_PAUSED);
    pthread_cond_broadcast(&box->changed);
    pthread_mutex_unlock(&box->lock);
}

void oc_mailbox_poke(oc_mailbox *box)
{
    pthread_mutex_lock(&box->lock);
    box->poked = true;
    pthread_cond_broadcast(&box->changed);
    pthread_mutex_unlock(&box->lock);
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
    drop_all(box, OC_DROP_STOPPED);
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
