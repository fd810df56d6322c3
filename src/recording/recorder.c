/* The writing side. */
#include "recording/recorder.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "recording/picture.h"
#include "recording/queue.h"
#include "recording/ring.h"
#include "telemetry/histogram.h"

#define BYTES_LEAST ((uint64_t)64 << 10)
#define SEGMENT_BYTES_MOST ((uint64_t)64 << 20)
#define QUEUE_BYTES ((size_t)8 << 20)
#define RETRY_S 5.0
#define COMPLAIN_S 60.0 /* at least between two, when things were well in between */
#define REASON_BYTES 200

enum { ITEM_INFO = 100, ITEM_INCIDENT }; /* beside kinds of blocks */

struct oc_recorder {
    oc_recorder_options options;
    oc_queue            queue;
    pthread_t           thread;
    bool                started;
    int                 wants_state; /* atomic */
    uint64_t            bytes_max;   /* atomic */
    pthread_mutex_t     lock;        /* of the next three */
    oc_recorder_stats   stats;
    double              incident_next_s;

    /* the writing thread's */
    oc_ring        ring;
    int            fd; /* of the segment, -1: none */
    uint64_t       segment_bytes, number, lost;
    double         segment_begun_s, retry_s, complained_s;
    bool           complained, alone; /* alone: the next frame is not told by the one before */
    bool           renewed;           /* another info: with the next state another segment begins */
    char          *info;
    oc_frame      *before;
    unsigned char *block;
    size_t         block_cap;
    char           reason[REASON_BYTES]; /* of an incident that is to be kept; "" = none */
    double         incident_due_s;
    char           page_folder[OC_RING_PATH], page_reason[REASON_BYTES];
    pthread_t      page_thread;
    bool           page_started;
};

static double wall_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* For lengths of time: a wall clock that is put right must not move them. */
static double steady_s(void)
{
    return (double)oc_now_ns() * 1e-9;
}

static void want_state(oc_recorder *r)
{
    __atomic_store_n(&r->wants_state, 1, __ATOMIC_RELEASE);
}

bool oc_recorder_wants_state(const oc_recorder *r)
{
    return __atomic_load_n(&r->wants_state, __ATOMIC_ACQUIRE) != 0;
}

/* ---- blocks into files ---- */

static void complain(oc_recorder *r, const char *what, const char *why)
{
    char text[512];
    if (r->complained || !r->options.complain)
        return;
    r->complained = true;
    r->complained_s = steady_s();
    snprintf(text, sizeof(text),
             "%.150s: %.150s: %.80s; the stream goes on, what cannot be recorded is "
             "counted as lost",
             r->ring.folder, what, why);
    r->options.complain(r->options.ctx, text);
}

static bool ensure_block(oc_recorder *r, size_t bytes)
{
    size_t need = OC_BLOCK_HEAD_BYTES + bytes;
    if (need <= r->block_cap)
        return true;
    unsigned char *more = realloc(r->block, need);
    if (!more) {
        complain(r, "recording", "out of memory");
        return false;
    }
    r->block = more;
    r->block_cap = need;
    return true;
}

static bool write_all(int fd, const unsigned char *p, size_t n)
{
    while (n) {
        ssize_t wrote = write(fd, p, n);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote <= 0)
            return false;
        p += wrote;
        n -= (size_t)wrote;
    }
    return true;
}

static void close_segment(oc_recorder *r)
{
    if (r->fd >= 0)
        close(r->fd);
    r->fd = -1;
    r->alone = true;
}

/* Some bytes at the end of the segment.  After a failure the segment is left with a torn tail, which
 * readers know, and a new one is begun at the next state, some time later. */
static bool append(oc_recorder *r, const unsigned char *p, size_t n)
{
    r->ring.bytes_max = __atomic_load_n(&r->bytes_max, __ATOMIC_RELAXED);
    bool room = oc_ring_fit(&r->ring, n, steady_s());
    while (room && !write_all(r->fd, p, n)) {
        off_t at = (off_t)r->segment_bytes;
        int   why = errno;
        if (why != ENOSPC || ftruncate(r->fd, at) != 0 || lseek(r->fd, at, SEEK_SET) < 0 ||
            !oc_ring_shed(&r->ring)) {
            complain(r, "cannot be written", strerror(why));
            room = false;
        }
    }
    if (!room) {
        (void)!ftruncate(r->fd, (off_t)r->segment_bytes);
        close_segment(r);
        r->retry_s = steady_s() + (r->complained ? RETRY_S : 0);
        want_state(r);
        return false;
    }
    oc_ring_added(&r->ring, n);
    r->segment_bytes += n;
    r->complained = r->complained && steady_s() - r->complained_s < COMPLAIN_S;
    return true;
}

/* The block whose `n` bytes stand in r->block. */
static bool put_block(oc_recorder *r, oc_block_kind kind, size_t n)
{
    if (r->fd < 0)
        return false;
    oc_block_seal(r->block, kind, n, r->lost, r->number);
    uint64_t start = oc_now_ns();
    bool     ok = append(r, r->block, OC_BLOCK_HEAD_BYTES + n);
    uint64_t took = oc_now_ns() - start;
    r->number += ok;
    pthread_mutex_lock(&r->lock);
    r->stats.write_ns += took;
    r->stats.bytes = r->ring.bytes;
    pthread_mutex_unlock(&r->lock);
    return ok;
}

static bool put_bytes(oc_recorder *r, oc_block_kind kind, const void *data, size_t n)
{
    if (r->fd < 0 || !ensure_block(r, n))
        return false;
    if (n)
        memcpy(r->block + OC_BLOCK_HEAD_BYTES, data, n);
    return put_block(r, kind, n);
}

static void seal_segment(oc_recorder *r)
{
    (void)put_bytes(r, OC_BLOCK_SEALED, NULL, 0);
    close_segment(r);
}

static bool open_segment(oc_recorder *r)
{
    char          path[OC_RING_PATH];
    unsigned char head[OC_SEGMENT_HEAD_BYTES];
    oc_error      err = {0};
    double        now = steady_s();
    if (now < r->retry_s)
        return false;
    if (oc_ring_next(&r->ring, now, path, &err) != OC_OK) {
        complain(r, "recording", err.message);
        return false;
    }
    r->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (r->fd < 0) {
        complain(r, path, strerror(errno));
        r->ring.n--;
        r->retry_s = now + RETRY_S;
        return false;
    }
    r->segment_bytes = r->number = 0;
    r->segment_begun_s = now;
    r->alone = true;
    r->renewed = false;
    oc_segment_head(head);
    if (!append(r, head, sizeof(head)))
        return false;
    pthread_mutex_lock(&r->lock);
    r->stats.segments++;
    pthread_mutex_unlock(&r->lock);
    return put_bytes(r, OC_BLOCK_INFO, r->info, r->info ? strlen(r->info) : 0);
}

/* ---- incidents ---- */

static void *page_main(void *arg)
{
    oc_recorder *r = arg;
    r->options.incident(r->options.ctx, r->page_folder, r->page_reason);
    return NULL;
}

static void end_page(oc_recorder *r)
{
    if (r->page_started)
        pthread_join(r->page_thread, NULL);
    r->page_started = false;
}

/* The segments are whole: the one that was written has been sealed. */
static void keep_incident(oc_recorder *r)
{
    oc_error err = {0};
    size_t   keep = r->options.incidents_keep;
    end_page(r);
    oc_status st = oc_ring_incident(&r->ring, wall_s(), keep, r->page_folder, &err);
    snprintf(r->page_reason, sizeof(r->page_reason), "%s", r->reason);
    r->reason[0] = '\0';
    if (st != OC_OK) {
        complain(r, "incident", err.message);
        return;
    }
    pthread_mutex_lock(&r->lock);
    r->stats.incidents++;
    pthread_mutex_unlock(&r->lock);
    if (r->options.incident)
        r->page_started = pthread_create(&r->page_thread, NULL, page_main, r) == 0;
}

bool oc_recorder_incident(oc_recorder *r, const char *reason)
{
    double now = steady_s(), next = now + r->options.incident_s;
    char   line[REASON_BYTES];
    pthread_mutex_lock(&r->lock);
    double was = r->incident_next_s;
    bool   due = now >= was;
    if (due)
        r->incident_next_s = next;
    pthread_mutex_unlock(&r->lock);
    if (!due)
        return false;
    snprintf(line, sizeof(line), "%s", reason);
    if (oc_queue_put(&r->queue, ITEM_INCIDENT, NULL, line, strlen(line) + 1))
        return true;
    pthread_mutex_lock(&r->lock); /* nothing is kept: the next one need not wait for it */
    if (r->incident_next_s == next)
        r->incident_next_s = was;
    pthread_mutex_unlock(&r->lock);
    return false;
}

void oc_recorder_limit(oc_recorder *r, uint64_t bytes_max)
{
    __atomic_store_n(&r->bytes_max, bytes_max > BYTES_LEAST ? bytes_max : BYTES_LEAST,
                     __ATOMIC_RELAXED);
}

/* ---- items ---- */

/* An incident is kept with a little of what came after it. */
static bool incident_due(const oc_recorder *r)
{
    return *r->reason && steady_s() >= r->incident_due_s;
}

/* A limit that was lowered meanwhile is held by smaller segments, too. */
static uint64_t segment_most(const oc_recorder *r)
{
    const uint64_t part = __atomic_load_n(&r->bytes_max, __ATOMIC_RELAXED) / 8;
    return r->options.segment_bytes < part ? r->options.segment_bytes : part;
}

static bool over(const oc_recorder *r)
{
    return r->renewed || incident_due(r) || r->segment_bytes >= segment_most(r) ||
           steady_s() - r->segment_begun_s >= r->options.segment_seconds;
}

static bool take_state(oc_recorder *r, const oc_queue_item *item)
{
    bool roll = r->fd < 0 || over(r), due = incident_due(r);
    if (roll && r->fd >= 0)
        seal_segment(r);
    if (due)
        keep_incident(r);
    if (roll && !open_segment(r))
        return false;
    return put_bytes(r, OC_BLOCK_STATE, item->data, item->n);
}

static bool take_frame(oc_recorder *r, const oc_queue_item *item)
{
    if (r->fd < 0 || !ensure_block(r, oc_picture_bound(item->frame, item->n)))
        return false;
    uint64_t start = oc_now_ns();
    size_t   n = oc_picture_write(item->frame, r->alone ? NULL : r->before, item->data, item->n,
                                  r->block + OC_BLOCK_HEAD_BYTES);
    uint64_t took = oc_now_ns() - start;
    if (!put_block(r, OC_BLOCK_FRAME, n))
        return false;
    oc_frame_unref(r->before);
    r->before = oc_frame_ref(item->frame);
    r->alone = false;
    pthread_mutex_lock(&r->lock);
    r->stats.frames++;
    r->stats.frame_bytes += n;
    r->stats.pack_ns += took;
    pthread_mutex_unlock(&r->lock);
    return true;
}

static bool take_info(oc_recorder *r, const oc_queue_item *item)
{
    char *text = malloc(item->n);
    if (!text)
        return false;
    memcpy(text, item->data, item->n);
    free(r->info);
    r->info = text;
    r->renewed = true; /* until the state comes the old segment takes what other threads put */
    return true;
}

static bool take(oc_recorder *r, const oc_queue_item *item)
{
    switch (item->kind) {
    case ITEM_INFO: return take_info(r, item);
    case ITEM_INCIDENT:
        snprintf(r->reason, sizeof(r->reason), "%s", (const char *)item->data);
        r->incident_due_s = steady_s() + r->options.incident_after_s;
        return true;
    case OC_BLOCK_STATE: return take_state(r, item);
    case OC_BLOCK_FRAME: return take_frame(r, item);
    default: return put_bytes(r, (oc_block_kind)item->kind, item->data, item->n);
    }
}

static void *writer_main(void *arg)
{
    oc_recorder  *r = arg;
    oc_queue_item item;
    sigset_t      all;
    sigfillset(&all); /* signals are the main thread's */
    pthread_sigmask(SIG_BLOCK, &all, NULL);
    while (oc_queue_peek(&r->queue, &item)) {
        if (item.lost != r->lost)
            want_state(r); /* something is missing before this */
        r->lost = item.lost;
        if (!take(r, &item)) {
            oc_queue_lose(&r->queue, 1);
            want_state(r);
        }
        if (r->fd >= 0 && over(r))
            want_state(r);
        oc_queue_drop(&r->queue);
    }
    if (r->fd >= 0)
        seal_segment(r);
    if (*r->reason)
        keep_incident(r);
    end_page(r);
    return NULL;
}

/* ---- the caller's side ---- */

bool oc_recorder_put(oc_recorder *r, oc_block_kind kind, const void *data, size_t n)
{
    if (kind == OC_BLOCK_STATE)
        __atomic_store_n(&r->wants_state, 0, __ATOMIC_RELEASE);
    bool ok = oc_queue_put(&r->queue, (int)kind, NULL, data, n);
    if (!ok)
        want_state(r);
    return ok;
}

bool oc_recorder_frame(oc_recorder *r, oc_frame *frame, const void *extra, size_t n)
{
    bool ok = oc_queue_put(&r->queue, OC_BLOCK_FRAME, frame, extra, n);
    if (!ok)
        want_state(r);
    return ok;
}

bool oc_recorder_info(oc_recorder *r, const char *text)
{
    bool ok = oc_queue_put(&r->queue, ITEM_INFO, NULL, text, strlen(text) + 1);
    want_state(r);
    return ok;
}

void oc_recorder_stats_get(oc_recorder *r, oc_recorder_stats *out)
{
    pthread_mutex_lock(&r->lock);
    *out = r->stats;
    pthread_mutex_unlock(&r->lock);
    out->lost = oc_queue_lost(&r->queue);
}

static oc_status complete_options(oc_recorder_options *o, oc_error *err)
{
    if (!o->bytes_max)
        o->bytes_max = OC_RECORDER_BYTES;
    if (o->bytes_max < BYTES_LEAST)
        return OC_FAIL(err, OC_INVALID, "a recording of %llu bytes: at least %llu",
                       (unsigned long long)o->bytes_max, (unsigned long long)BYTES_LEAST);
    if (!o->segment_bytes) {
        o->segment_bytes = o->bytes_max / 8;
        if (o->segment_bytes > SEGMENT_BYTES_MOST)
            o->segment_bytes = SEGMENT_BYTES_MOST;
    }
    if (!(o->segment_seconds > 0))
        o->segment_seconds = o->seconds_max > 0 && o->seconds_max < 480 ? o->seconds_max / 8 : 60;
    if (!o->queue_frames)
        o->queue_frames = 8;
    if (!(o->incident_s > 0))
        o->incident_s = 600;
    if (!(o->incident_after_s > 0))
        o->incident_after_s = 2;
    if (!o->incidents_keep)
        o->incidents_keep = 10;
    return OC_OK;
}

oc_status oc_recorder_create(const oc_recorder_options *options, oc_recorder **out, oc_error *err)
{
    oc_recorder *r = calloc(1, sizeof(*r));
    if (!r)
        return OC_FAIL(err, OC_NOMEM, "recording");
    r->options = *options;
    r->fd = r->ring.lock = -1;
    r->alone = true;
    pthread_mutex_init(&r->lock, NULL);
    want_state(r);
    oc_status st = complete_options(&r->options, err);
    if (st == OC_OK)
        st = oc_ring_open(&r->ring, options->folder, r->options.bytes_max, options->seconds_max,
                          err);
    r->bytes_max = r->options.bytes_max;
    for (size_t i = 0; i < r->ring.n; i++) /* the files' times, on the clock that is used here */
        r->ring.item[i].begun_s += steady_s() - wall_s();
    if (st == OC_OK)
        st = oc_queue_init(&r->queue, r->options.queue_frames, QUEUE_BYTES, options->wait, err);
    if (st == OC_OK) {
        r->started = pthread_create(&r->thread, NULL, writer_main, r) == 0;
        if (!r->started)
            st = OC_FAIL(err, OC_NOMEM, "cannot start the recording thread");
    }
    if (st != OC_OK) {
        oc_recorder_destroy(r);
        return st;
    }
    *out = r;
    return OC_OK;
}

void oc_recorder_close(oc_recorder *r)
{
    if (!r->started)
        return;
    oc_queue_close(&r->queue);
    pthread_join(r->thread, NULL);
    r->started = false;
}

void oc_recorder_destroy(oc_recorder *r)
{
    if (!r)
        return;
    oc_recorder_close(r);
    oc_queue_finish(&r->queue);
    oc_ring_close(&r->ring);
    oc_frame_unref(r->before);
    free(r->info);
    free(r->block);
    pthread_mutex_destroy(&r->lock);
    free(r);
}
