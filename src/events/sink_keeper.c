/* The keeper: from the ring to the disk in groups, from the disk to the window, and off the disk
 * what has been taken. */
#include <stdlib.h>
#include <string.h>

#include "events/sink_state.h"
#include "telemetry/histogram.h"

#define DISK_RETRY_MS 1000
#define REOPEN_MS 10000
#define GONE_SOON 1024 /* removals that do not wait for ack_ms */

static uint64_t ms_to_ns(uint32_t ms)
{
    return (uint64_t)ms * 1000000;
}

/* ---- the batch: what the ring's emptied half holds ---- */

static const oc_ring_record *batch_peek(const oc_sink *s, size_t at, oc_spool_item *item)
{
    const oc_ring_record *r = (const void *)(s->batch + at);
    const char           *text = (const char *)(r + 1);
    *item = (oc_spool_item){.priority = (oc_priority)r->priority,
                            .stream = text,
                            .type = text + r->n_stream + 1,
                            .body = text + r->n_stream + 1 + r->n_type + 1,
                            .n_body = r->n_body};
    return r;
}

static bool batch_left(const oc_sink *s)
{
    return s->batch_at < s->n_batch;
}

/* Under the lock.  Messages wait a little for each other, so that a commit serves many. */
static bool batch_due(const oc_sink *s, uint64_t now)
{
    if (s->n_fill == 0 || batch_left(s))
        return false;
    return s->stopping || s->n_fill > s->cap / 2 ||
           now >= s->fill_since_ns + ms_to_ns(s->o.commit_ms);
}

static void batch_swap(oc_sink *s)
{
    char *other = s->batch;
    s->batch = s->fill;
    s->n_batch = s->n_fill;
    s->n_batch_records = s->n_fill_records;
    s->batch_at = 0;
    s->fill = other;
    s->n_fill = 0;
    s->n_fill_records = 0;
}

/* ---- the disk ---- */

static void disk_failed(oc_sink *s, oc_status st, const oc_error *err)
{
    s->disk_retry_ns = oc_now_ns() + ms_to_ns(DISK_RETRY_MS);
    s->disk_bad = true;
    if (st == OC_FORMAT) {
        oc_sink_spool_lost(s, err);
        return;
    }
    pthread_mutex_lock(&s->lock);
    s->stats.disk_errors++;
    s->stats.spool_ok = false;
    oc_sink_note_disk(s, err);
    pthread_mutex_unlock(&s->lock);
}

static oc_status write_batch(oc_sink *s, oc_error *err)
{
    oc_spool_item item;
    uint64_t      number;
    oc_status     st = OC_OK;
    for (size_t at = s->batch_at; at < s->n_batch && st == OC_OK;) {
        at += batch_peek(s, at, &item)->bytes;
        st = oc_spool_put(s->spool, &item, &number, err);
    }
    return st;
}

static uint64_t records_from(const oc_sink *s, size_t at)
{
    oc_spool_item item;
    uint64_t      n = 0;
    for (; at < s->n_batch; n++)
        at += batch_peek(s, at, &item)->bytes;
    return n;
}

/* One transaction: taken rows go, new ones come, room is made. */
static void commit(oc_sink *s)
{
    oc_error  err = {0};
    oc_status st = OC_OK;
    for (size_t i = 0; i < s->n_gone && st == OC_OK; i++)
        st = oc_spool_remove(s->spool, s->gone[i].number, s->gone[i].priority, &err);
    if (st == OC_OK)
        st = write_batch(s, &err);
    if (st == OC_OK)
        st = oc_spool_commit(s->spool, s->cursor, &err);
    if (st != OC_OK) {
        disk_failed(s, st, &err);
        return;
    }
    uint64_t n = records_from(s, s->batch_at);
    s->disk_bad = false;
    s->n_gone = 0;
    s->batch_at = s->n_batch;
    s->ahead |= n > 0;
    pthread_mutex_lock(&s->lock);
    s->stats.stored += n;
    s->stats.spool_ok = true;
    oc_sink_spool_figures(s);
    pthread_cond_broadcast(&s->to_waiter);
    pthread_mutex_unlock(&s->lock);
}

static void reopen(oc_sink *s)
{
    oc_error  err = {0};
    oc_status st = oc_sink_open_spool(s, &err);
    s->disk_retry_ns = oc_now_ns() + ms_to_ns(REOPEN_MS);
    pthread_mutex_lock(&s->lock);
    if (st != OC_OK) {
        s->stats.disk_errors++;
        oc_sink_note_disk(s, &err);
    }
    s->stats.spool_ok = st == OC_OK;
    pthread_mutex_unlock(&s->lock);
    s->disk_bad = st != OC_OK;
}

static void store(oc_sink *s, bool hurry)
{
    if (!s->spool_path || (s->disk_bad && oc_now_ns() < s->disk_retry_ns))
        return;
    if (!s->spool)
        reopen(s);
    bool gone_due = s->n_gone >= GONE_SOON || (s->n_gone > 0 && hurry) ||
                    (s->n_gone > 0 && oc_now_ns() >= s->gone_since_ns + ms_to_ns(s->o.ack_ms));
    if (s->spool && (batch_left(s) || gone_due))
        commit(s);
}

/* ---- the window ---- */

static void remember_gone(oc_sink *s, uint64_t number, oc_priority priority)
{
    if (s->n_gone == OC_SINK_GONE_MAX) /* the disk has been out for long: comes as a duplicate */
        return;
    if (s->n_gone == 0)
        s->gone_since_ns = oc_now_ns();
    s->gone[s->n_gone++] = (oc_gone){number, priority};
}

static oc_status set_aside(oc_sink *s, size_t i, oc_error *err)
{
    const oc_bus_message *m = &s->window.message[i];
    oc_status             st;
    oc_spool_item         item = {.number = m->number,
                                  .priority = s->window.priority[i],
                                  .stream = m->stream,
                                  .type = m->type,
                                  .reason = s->window.reason[i]};
    /* as it was put: without the id, which comes before the first comma */
    const char *comma = memchr(m->body, ',', m->n_body);
    char       *body = NULL;
    if (comma && (body = malloc(m->n_body + 1)) != NULL) {
        size_t n = m->n_body - (size_t)(comma - m->body);
        memcpy(body, comma, n);
        body[0] = '{';
        item.body = body;
        item.n_body = n;
    } else {
        item.body = "{}";
        item.n_body = 2;
    }
    /* the number of one that is not on disk may be that of another row there */
    st = oc_spool_set_aside(s->spool, &item, s->window.on_disk[i], err);
    free(body);
    return st;
}

/* The refused ones of a window, in one commit.  What cannot be set aside is gone. */
static void set_all_aside(oc_sink *s)
{
    oc_window *w = &s->window;
    oc_error   err = {0};
    oc_status  st = OC_OK;
    for (size_t i = 0; i < w->n && st == OC_OK && s->spool; i++)
        if (w->fate[i] == OC_BUS_NEVER)
            st = set_aside(s, i, &err);
    if (st == OC_OK && s->spool)
        st = oc_spool_commit(s->spool, s->cursor, &err);
    if (st == OC_OK)
        return;
    for (size_t i = 0; i < w->n && st != OC_FORMAT; i++)
        if (w->fate[i] == OC_BUS_NEVER && w->on_disk[i])
            remember_gone(s, w->message[i].number, w->priority[i]);
    disk_failed(s, st, &err);
}

/* Takes back the courier's window. */
static void collect(oc_sink *s)
{
    oc_window *w = &s->window;
    uint64_t   refused = 0, stopped = 0;
    for (size_t i = 0; i < w->n; i++)
        refused += w->fate[i] == OC_BUS_NEVER;
    if (refused > 0)
        set_all_aside(s);
    for (size_t i = 0; i < w->n; i++) {
        if (w->fate[i] == OC_BUS_TAKEN && w->on_disk[i])
            remember_gone(s, w->message[i].number, w->priority[i]);
        stopped += w->fate[i] != OC_BUS_TAKEN && w->fate[i] != OC_BUS_NEVER && !w->on_disk[i];
    }
    w->n = w->n_text = 0;
    pthread_mutex_lock(&s->lock);
    s->stats.dropped[OC_SINK_DROP_REFUSED] += refused;
    s->stats.dropped[OC_SINK_DROP_STOPPED] += stopped;
    w->state = OC_WINDOW_EMPTY;
    oc_sink_spool_figures(s);
    pthread_cond_broadcast(&s->to_waiter);
    pthread_mutex_unlock(&s->lock);
}

static bool add_row(void *ctx, const oc_spool_item *item)
{
    oc_sink *s = ctx;
    if (!oc_window_add(&s->window, item, s->identity, true, item->number < s->first))
        return false;
    s->cursor = item->number;
    return true;
}

static void fill_from_disk(oc_sink *s)
{
    oc_error  err = {0};
    oc_status st = oc_spool_each(s->spool, s->cursor, add_row, s, &err);
    if (st != OC_OK)
        disk_failed(s, st, &err);
    else if (s->window.n == 0)
        s->ahead = false;
}

/* Around the disk: it takes nothing now, or there is none. */
static void fill_from_batch(oc_sink *s)
{
    oc_spool_item item;
    uint64_t      n = 0;
    while (batch_left(s)) {
        size_t bytes = batch_peek(s, s->batch_at, &item)->bytes;
        item.number = s->spool ? oc_spool_number(s->spool) : s->number++;
        if (!oc_window_add(&s->window, &item, s->identity, false, false))
            break;
        s->batch_at += bytes;
        n++;
    }
    pthread_mutex_lock(&s->lock);
    s->stats.passed += n;
    pthread_cond_broadcast(&s->to_waiter);
    pthread_mutex_unlock(&s->lock);
}

static void fill(oc_sink *s)
{
    if (s->spool && s->ahead)
        fill_from_disk(s);
    if (s->window.n == 0 && !s->ahead && batch_left(s) && (!s->spool_path || s->disk_bad))
        fill_from_batch(s);
    if (s->window.n == 0)
        return;
    pthread_mutex_lock(&s->lock);
    s->window.state = OC_WINDOW_READY;
    pthread_cond_signal(&s->to_courier);
    pthread_mutex_unlock(&s->lock);
}

/* ---- the thread ---- */

/* Under the lock: when there is something to do without being told. */
static uint64_t next_time(const oc_sink *s, uint64_t now)
{
    uint64_t until = now + ms_to_ns(1000);
    if (s->n_fill > 0 && !batch_left(s) && s->fill_since_ns + ms_to_ns(s->o.commit_ms) < until)
        until = s->fill_since_ns + ms_to_ns(s->o.commit_ms);
    if (s->n_gone > 0 && !s->disk_bad && s->gone_since_ns + ms_to_ns(s->o.ack_ms) < until)
        until = s->gone_since_ns + ms_to_ns(s->o.ack_ms);
    if (s->disk_bad && s->disk_retry_ns < until)
        until = s->disk_retry_ns;
    return until;
}

/* Under the lock.  The rest of the batch cannot be saved: nobody will come for it. */
static void give_up(oc_sink *s)
{
    if (batch_left(s))
        s->stats.dropped[OC_SINK_DROP_STOPPED] += records_from(s, s->batch_at);
    s->batch_at = s->n_batch;
    if (s->n_fill > 0)
        s->stats.dropped[OC_SINK_DROP_STOPPED] += s->n_fill_records;
    s->n_fill = 0;
    s->n_fill_records = 0;
}

void *oc_sink_keep(void *sink)
{
    oc_sink *s = sink;
    pthread_mutex_lock(&s->lock);
    for (;;) {
        bool collectable = s->window.state == OC_WINDOW_DONE;
        bool hurry = s->stopping, ending = s->last; /* after that the courier takes nothing more */
        if (batch_due(s, oc_now_ns()))
            batch_swap(s);
        bool empty = s->window.state == OC_WINDOW_EMPTY || collectable;
        pthread_mutex_unlock(&s->lock);
        if (collectable)
            collect(s);
        if (ending)
            s->disk_retry_ns = 0; /* one more try */
        store(s, hurry);
        if (empty && !ending)
            fill(s);
        pthread_mutex_lock(&s->lock);
        if (ending && s->n_fill > 0 && !batch_left(s))
            continue;
        if (ending)
            break;
        bool more = s->window.state == OC_WINDOW_DONE || batch_due(s, oc_now_ns()) ||
                    (s->window.state == OC_WINDOW_EMPTY && s->ahead && !s->disk_bad);
        if (!more && !s->last)
            oc_sink_wait_until(s, &s->to_keeper, next_time(s, oc_now_ns()));
    }
    give_up(s);
    pthread_cond_broadcast(&s->to_waiter);
    pthread_mutex_unlock(&s->lock);
    return NULL;
}
