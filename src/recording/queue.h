/* queue.h -- what is to be recorded, on its way to the thread that writes: bounded, in order.
 *
 * Putting copies a few bytes and takes a reference to a frame; it never waits for the disk, unless
 * the queue was told to.  What finds no room is lost and counted. */
#ifndef OC_RECORDING_QUEUE_H
#define OC_RECORDING_QUEUE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "ocellus/media.h"

#define OC_QUEUE_SLOTS 1024

typedef struct oc_queue_item {
    int            kind;
    oc_frame      *frame; /* or NULL */
    unsigned char *data;  /* in the queue's memory until it is dropped from the queue */
    size_t         n;
    uint64_t       lost; /* things lost before this one, in all */
} oc_queue_item;

typedef struct oc_queue {
    pthread_mutex_t lock;
    pthread_cond_t  changed;
    oc_queue_item   slot[OC_QUEUE_SLOTS];
    size_t          first, n, frames, frames_max;
    unsigned char  *ring; /* of `bytes`; data lie in one piece each */
    size_t          bytes, head, tail;
    bool            wait, closed;
    uint64_t        lost;
} oc_queue;

OC_MUST_CHECK oc_status oc_queue_init(oc_queue *q, size_t frames_max, size_t bytes, bool wait,
                                      oc_error *err);
void                    oc_queue_finish(oc_queue *q); /* gives frames back; a zeroed one is fine */

/* From any thread.  Takes a reference to the frame.  False: lost. */
bool oc_queue_put(oc_queue *q, int kind, oc_frame *frame, const void *data, size_t n);
void oc_queue_lose(oc_queue *q, uint64_t n); /* the writing side could not keep n things */

/* The oldest item, which stays until it is dropped.  Waits.  False: closed and empty. */
bool oc_queue_peek(oc_queue *q, oc_queue_item *out);
void oc_queue_drop(oc_queue *q);
void oc_queue_close(oc_queue *q); /* nothing is put any more */

uint64_t oc_queue_lost(oc_queue *q);

#endif
