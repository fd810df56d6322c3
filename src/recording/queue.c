#include "recording/queue.h"

#include <stdlib.h>
#include <string.h>

oc_status oc_queue_init(oc_queue *q, size_t frames_max, size_t bytes, bool wait, oc_error *err)
{
    *q = (oc_queue){.frames_max = frames_max, .bytes = bytes, .wait = wait};
    if (!(q->ring = malloc(bytes)))
        return OC_FAIL(err, OC_NOMEM, "recording: queue of %zu bytes", bytes);
    pthread_mutex_init(&q->lock, NULL);
    pthread_cond_init(&q->changed, NULL);
    return OC_OK;
}

void oc_queue_finish(oc_queue *q)
{
    if (!q->ring)
        return;
    for (; q->n; q->n--, q->first = (q->first + 1) % OC_QUEUE_SLOTS)
        oc_frame_unref(q->slot[q->first].frame);
    pthread_mutex_destroy(&q->lock);
    pthread_cond_destroy(&q->changed);
    free(q->ring);
    q->ring = NULL;
}

/* n bytes in one piece, or NULL.  Items leave in the order in which they came, so what is free lies
 * between head (next to be given) and tail (oldest in use), over the end of the ring or not. */
static unsigned char *reserve(oc_queue *q, size_t n)
{
    if (q->n == 0)
        q->head = q->tail = 0;
    if (q->n == 0 || q->head > q->tail) {
        if (q->bytes - q->head >= n)
            return q->ring + q->head;
        return q->tail > n ? q->ring : NULL;
    }
    return q->tail - q->head > n ? q->ring + q->head : NULL;
}

static unsigned char *room(oc_queue *q, bool frame, size_t n)
{
    if (q->n == OC_QUEUE_SLOTS || (frame && q->frames == q->frames_max))
        return NULL;
    return reserve(q, n);
}

bool oc_queue_put(oc_queue *q, int kind, oc_frame *frame, const void *data, size_t n)
{
    unsigned char *to;
    size_t         need = n ? n : 1; /* two items never begin at one place */
    pthread_mutex_lock(&q->lock);
    while (!(to = room(q, frame != NULL, need)) && q->wait && q->n && need < q->bytes)
        pthread_cond_wait(&q->changed, &q->lock);
    if (to) {
        memcpy(to, data, n);
        q->slot[(q->first + q->n) % OC_QUEUE_SLOTS] =
            (oc_queue_item){.kind = kind,
                            .frame = frame ? oc_frame_ref(frame) : NULL,
                            .data = to,
                            .n = n,
                            .lost = q->lost};
        q->head = (size_t)(to - q->ring) + need;
        q->n++;
        q->frames += frame != NULL;
        pthread_cond_broadcast(&q->changed);
    } else {
        q->lost++;
    }
    pthread_mutex_unlock(&q->lock);
    return to != NULL;
}

void oc_queue_lose(oc_queue *q, uint64_t n)
{
    pthread_mutex_lock(&q->lock);
    q->lost += n;
    for (size_t i = 0; i < q->n; i++) /* they come after what was lost just now */
        q->slot[(q->first + i) % OC_QUEUE_SLOTS].lost += n;
    pthread_mutex_unlock(&q->lock);
}

bool oc_queue_peek(oc_queue *q, oc_queue_item *out)
{
    pthread_mutex_lock(&q->lock);
    while (q->n == 0 && !q->closed)
        pthread_cond_wait(&q->changed, &q->lock);
    bool there = q->n > 0;
    if (there)
        *out = q->slot[q->first];
    pthread_mutex_unlock(&q->lock);
    return there;
}

void oc_queue_drop(oc_queue *q)
{
    pthread_mutex_lock(&q->lock);
    oc_frame *frame = q->slot[q->first].frame;
    q->frames -= frame != NULL;
    q->first = (q->first + 1) % OC_QUEUE_SLOTS;
    q->n--;
    if (q->n)
        q->tail = (size_t)(q->slot[q->first].data - q->ring);
    pthread_cond_broadcast(&q->changed);
    pthread_mutex_unlock(&q->lock);
    oc_frame_unref(frame);
}

void oc_queue_close(oc_queue *q)
{
    pthread_mutex_lock(&q->lock);
    q->closed = true;
    pthread_cond_broadcast(&q->changed);
    pthread_mutex_unlock(&q->lock);
}

uint64_t oc_queue_lost(oc_queue *q)
{
    pthread_mutex_lock(&q->lock);
    uint64_t lost = q->lost;
    pthread_mutex_unlock(&q->lock);
    return lost;
}
