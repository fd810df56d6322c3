/* A sink's life, its ring and its figures. */
#include "events/sink.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "events/sink_state.h"
#include "telemetry/histogram.h"

#define WINDOW_BYTES (1u << 20)
#define LOCAL_DRAIN_MS 1000
#define RING_LEAST (2 * OC_SINK_BODY_MAX)

static const char *const drop_names[] = {
#define X(name, text) text,
    OC_SINK_DROP_MAP(X)
#undef X
};

const char *oc_sink_drop_name(oc_sink_drop reason)
{
    return (unsigned)reason < OC_SINK_DROPS ? drop_names[reason] : "?";
}

void oc_sink_wait_until(oc_sink *s, pthread_cond_t *cond, uint64_t ns)
{
    struct timespec t = {.tv_sec = (time_t)(ns / 1000000000), .tv_nsec = (long)(ns % 1000000000)};
    pthread_cond_timedwait(cond, &s->lock, &t);
}

void oc_sink_note(oc_sink *s, const oc_error *err)
{
    snprintf(s->stats.error, sizeof(s->stats.error), "%.239s", err->message);
}

void oc_sink_note_disk(oc_sink *s, const oc_error *err)
{
    oc_sink_note(s, err);
    snprintf(s->stats.disk_error, sizeof(s->stats.disk_error), "%.239s", err->message);
}

uint64_t oc_sink_depth(const oc_sink *s)
{
    uint64_t in = s->stats.found + s->stats.put, out = s->stats.acknowledged;
    for (int i = 0; i < OC_SINK_DROPS; i++)
        out += s->stats.dropped[i];
    return in - out;
}

static int64_t wall_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- the spool's figures ---- */

void oc_sink_spool_figures(oc_sink *s)
{
    oc_spool_stats now = {0};
    if (s->spool)
        oc_spool_stats_get(s->spool, &now);
    uint64_t evicted = 0;
    for (int p = 0; p < OC_PRIORITIES; p++) {
        s->stats.evicted[p] = s->past.evicted[p] + now.evicted[p];
        evicted += s->stats.evicted[p];
    }
    s->stats.dropped[OC_SINK_DROP_SPACE] = evicted;
    s->stats.dropped[OC_SINK_DROP_DAMAGED] = s->past.damaged + now.damaged;
    s->stats.aside = now.aside;
    s->stats.spool_bytes = now.bytes_used;
    s->stats.spool_bytes_max = now.bytes_max;
    s->stats.bytes_written = s->past.bytes_written + now.bytes_written;
    s->stats.commits = s->past.commits + now.commits;
}

static void add_to_past(oc_sink *s)
{
    oc_spool_stats now;
    oc_spool_stats_get(s->spool, &now);
    for (int p = 0; p < OC_PRIORITIES; p++)
        s->past.evicted[p] += now.evicted[p];
    s->past.damaged += now.damaged;
    s->past.bytes_written += now.bytes_written;
    s->past.commits += now.commits;
}

/* The file turned out to be damaged while in use: what it held is gone, except for the messages
 * that are on their way in memory. */
void oc_sink_spool_lost(oc_sink *s, const oc_error *why)
{
    oc_spool_stats now;
    uint64_t       held = s->n_gone;
    oc_spool_stats_get(s->spool, &now);
    for (size_t i = 0; i < s->window.n; i++) {
        held += s->window.on_disk[i];
        s->window.on_disk[i] = false; /* its number may belong to another in the next file */
    }
    s->number = oc_spool_number(s->spool); /* what never sees the disk goes on from there */
    add_to_past(s);
    s->past.damaged += now.rows > held ? now.rows - held : 0;
    oc_spool_close(s->spool);
    s->spool = NULL;
    s->n_gone = 0;
    s->cursor = 0;
    s->ahead = false;
    pthread_mutex_lock(&s->lock);
    s->stats.spool_ok = false;
    s->stats.disk_errors++;
    oc_sink_note_disk(s, why);
    oc_sink_spool_figures(s);
    pthread_mutex_unlock(&s->lock);
}

oc_status oc_sink_open_spool(oc_sink *s, oc_error *err)
{
    const oc_spool_options options = {.bytes_max = s->o.spool_bytes, .tap = s->o.tap};
    oc_error               why = {0};
    oc_spool_stats         now;
    oc_status              st = oc_spool_open_anyway(s->spool_path, &options, &s->spool, &why, err);
    if (st != OC_OK)
        return st;
    oc_spool_stats_get(s->spool, &now);
    snprintf(s->identity, sizeof(s->identity), "%s", oc_spool_identity(s->spool));
    s->first = oc_spool_number(s->spool);
    s->ahead = now.rows > 0;
    s->cursor = 0;
    pthread_mutex_lock(&s->lock);
    s->stats.found += now.rows;
    s->stats.spool_ok = true;
    if (why.message[0]) {
        s->stats.spool_resets++;
        oc_error_prefix(&why, "moved aside");
        oc_sink_note_disk(s, &why);
    }
    oc_sink_spool_figures(s);
    pthread_mutex_unlock(&s->lock);
    return OC_OK;
}

/* ---- life ---- */

static uint32_t or_default(uint32_t value, uint32_t missing)
{
    return value ? value : missing;
}

static void defaults(oc_sink_options *o)
{
    o->ring_bytes = or_default(o->ring_bytes, 1u << 20);
    if (o->ring_bytes < RING_LEAST)
        o->ring_bytes = RING_LEAST;
    o->commit_ms = or_default(o->commit_ms, 100);
    o->ack_ms = or_default(o->ack_ms, 1000);
    o->in_flight = or_default(o->in_flight, 256);
    o->tries = or_default(o->tries, 8);
    if (o->tries > UINT8_MAX)
        o->tries = UINT8_MAX;
    o->timeout_ms = or_default(o->timeout_ms, 10000);
    o->backoff_ms = or_default(o->backoff_ms, 250);
    o->backoff_max_ms = or_default(o->backoff_max_ms, 30000);
    if (!o->wall_ms)
        o->wall_ms = wall_ms;
}

static char *keep_text(oc_sink *s, const char *text)
{
    char *copy = text ? strdup(text) : NULL;
    if (copy)
        s->texts[s->n_texts++] = copy;
    return copy;
}

static oc_status copy_options(oc_sink *s, const oc_sink_options *o, oc_error *err)
{
    size_t n_texts = 3 + 2 * o->n_pairs, expected = 2 + 2 * o->n_pairs + (o->spool != NULL);
    s->o = *o;
    defaults(&s->o);
    s->texts = calloc(n_texts, sizeof(*s->texts));
    s->pair = calloc(o->n_pairs + 1, sizeof(*s->pair));
    s->round = calloc(s->o.in_flight, sizeof(*s->round));
    s->round_fate = calloc(s->o.in_flight, 1);
    s->round_index = calloc(s->o.in_flight, sizeof(*s->round_index));
    s->fill = malloc(s->o.ring_bytes);
    s->batch = malloc(s->o.ring_bytes);
    s->gone = calloc(OC_SINK_GONE_MAX, sizeof(*s->gone));
    s->cap = s->o.ring_bytes;
    if (!s->texts || !s->pair || !s->round || !s->round_fate || !s->round_index || !s->fill ||
        !s->batch || !s->gone)
        return OC_FAIL(err, OC_NOMEM, "sink '%s': out of memory", o->name);
    s->name = keep_text(s, o->name);
    s->device = keep_text(s, o->device ? o->device : "ocellus");
    s->spool_path = keep_text(s, o->spool);
    for (size_t i = 0; i < o->n_pairs; i++)
        s->pair[i] = (oc_bus_pair){keep_text(s, o->pair[i].key), keep_text(s, o->pair[i].value)};
    if (s->n_texts != expected)
        return OC_FAIL(err, OC_NOMEM, "sink '%s': out of memory", o->name);
    s->bus_options = (oc_bus_options){.struct_size = sizeof(s->bus_options),
                                      .name = s->name,
                                      .device = s->device,
                                      .identity = s->identity,
                                      .pair = s->pair,
                                      .n_pairs = o->n_pairs,
                                      .timeout_ms = s->o.timeout_ms,
                                      .messages_max = s->o.in_flight,
                                      .cancel = &s->cancel,
                                      .wall_ms = s->o.wall_ms};
    return oc_window_init(&s->window, s->o.in_flight, WINDOW_BYTES, err);
}

static oc_status make_locks(oc_sink *s, oc_error *err)
{
    pthread_condattr_t attr;
    if (pthread_condattr_init(&attr) != 0)
        return OC_FAIL(err, OC_NOMEM, "sink '%s': out of memory", s->name);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->to_keeper, &attr);
    pthread_cond_init(&s->to_courier, &attr);
    pthread_cond_init(&s->to_waiter, &attr);
    pthread_condattr_destroy(&attr);
    s->locked = true;
    return OC_OK;
}

static oc_status start_spool(oc_sink *s, oc_error *err)
{
    oc_error  why = {0};
    oc_status st = OC_OK;
    sqlite3_randomness(sizeof(s->random), &s->random);
    snprintf(s->identity, sizeof(s->identity), "%016llx", (unsigned long long)s->random);
    s->random |= 1;
    s->number = 1;
    if (!s->spool_path)
        return OC_OK;
    st = oc_sink_open_spool(s, &why);
    if (st == OC_IO) { /* a full disk must not keep a camera from watching */
        s->disk_bad = true;
        s->disk_retry_ns = oc_now_ns() + UINT64_C(10000000000);
        s->stats.disk_errors++;
        oc_sink_note_disk(s, &why);
        return OC_OK;
    }
    if (st != OC_OK && err)
        *err = why;
    return st;
}

static oc_status start_threads(oc_sink *s, oc_error *err)
{
    if (pthread_create(&s->keeper, NULL, oc_sink_keep, s) != 0)
        return OC_FAIL(err, OC_NOMEM, "sink '%s': no thread to be had", s->name);
    if (pthread_create(&s->courier, NULL, oc_sink_carry, s) == 0) {
        s->threads = true;
        return OC_OK;
    }
    pthread_mutex_lock(&s->lock);
    s->stopping = s->last = true;
    pthread_cond_signal(&s->to_keeper);
    pthread_mutex_unlock(&s->lock);
    pthread_join(s->keeper, NULL);
    return OC_FAIL(err, OC_NOMEM, "sink '%s': no thread to be had", s->name);
}

oc_status oc_sink_create(const oc_sink_options *options, oc_sink **out, oc_error *err)
{
    oc_sink  *s = calloc(1, sizeof(*s));
    oc_status st;
    if (!s)
        return OC_FAIL(err, OC_NOMEM, "sink: out of memory");
    if ((st = copy_options(s, options, err)) == OC_OK && (st = make_locks(s, err)) == OC_OK &&
        (st = start_spool(s, err)) == OC_OK &&
        (st = s->o.ops->open(&s->bus_options, &s->bus, err)) == OC_OK)
        st = start_threads(s, err);
    if (st != OC_OK) {
        oc_error_prefix(err, "sink '%s'", options->name);
        oc_sink_destroy(s, 0, NULL);
        return st;
    }
    *out = s;
    return OC_OK;
}

static void release(oc_sink *s)
{
    if (s->bus)
        s->o.ops->close(s->bus);
    oc_spool_close(s->spool);
    oc_window_finish(&s->window);
    if (s->locked) {
        pthread_mutex_destroy(&s->lock);
        pthread_cond_destroy(&s->to_keeper);
        pthread_cond_destroy(&s->to_courier);
        pthread_cond_destroy(&s->to_waiter);
    }
    for (size_t i = 0; i < s->n_texts; i++)
        free(s->texts[i]);
    free(s->texts);
    free(s->pair);
    free(s->round);
    free(s->round_fate);
    free(s->round_index);
    free(s->fill);
    free(s->batch);
    free(s->gone);
    free(s);
}

void oc_sink_destroy(oc_sink *s, uint32_t drain_ms, oc_sink_stats *last)
{
    if (!s)
        return;
    if (s->threads) {
        if (!s->spool_path && drain_ms < LOCAL_DRAIN_MS)
            drain_ms = LOCAL_DRAIN_MS; /* nothing keeps the rest */
        pthread_mutex_lock(&s->lock);
        s->stopping = true;
        pthread_cond_signal(&s->to_keeper);
        pthread_mutex_unlock(&s->lock);
        (void)oc_sink_settle(s, true, drain_ms);
        pthread_mutex_lock(&s->lock);
        __atomic_store_n(&s->cancel, 1, __ATOMIC_RELAXED);
        pthread_cond_signal(&s->to_courier);
        pthread_mutex_unlock(&s->lock);
        pthread_join(s->courier, NULL);
        pthread_join(s->keeper, NULL);
    }
    if (last)
        oc_sink_stats_get(s, last);
    release(s);
}

/* ---- use ---- */

static void ring_add(oc_sink *s, const oc_sink_message *m, const oc_ring_record *r)
{
    char *to = s->fill + s->n_fill;
    memcpy(to, r, sizeof(*r));
    to += sizeof(*r);
    memcpy(to, m->stream, r->n_stream + 1);
    to += r->n_stream + 1;
    memcpy(to, m->type, r->n_type + 1);
    to += r->n_type + 1;
    memcpy(to, m->body, r->n_body);
    if (s->n_fill == 0)
        s->fill_since_ns = oc_now_ns();
    s->n_fill += r->bytes;
    s->n_fill_records++;
}

bool oc_sink_put(oc_sink *s, const oc_sink_message *m)
{
    size_t n_body = m->n_body, n_stream = strlen(m->stream), n_type = strlen(m->type);
    while (n_body > 0 && m->body[n_body - 1] == '\n')
        n_body--;
    assert(n_body >= 2 && m->body[0] == '{' && m->body[n_body - 1] == '}');
    bool           too_long = n_body + n_stream + n_type > OC_SINK_BODY_MAX;
    size_t         bytes = sizeof(oc_ring_record) + n_stream + n_type + 2 + n_body;
    oc_ring_record r = {.bytes = (uint32_t)((bytes + 7) & ~(size_t)7),
                        .n_stream = (uint32_t)n_stream,
                        .n_type = (uint32_t)n_type,
                        .n_body = (uint32_t)n_body,
                        .priority = (uint32_t)m->priority};
    pthread_mutex_lock(&s->lock);
    bool full = !too_long && r.bytes > s->cap - s->n_fill;
    s->stats.put++;
    s->stats.dropped[OC_SINK_DROP_LONG] += too_long;
    s->stats.dropped[OC_SINK_DROP_RING] += full;
    if (!too_long && !full) {
        /* the keeper looks by itself when commit_ms are over: it is told of the first only, and
         * when half is full */
        size_t before = s->n_fill;
        ring_add(s, m, &r);
        if (before == 0 || (before <= s->cap / 2 && s->n_fill > s->cap / 2))
            pthread_cond_signal(&s->to_keeper);
    }
    pthread_mutex_unlock(&s->lock);
    return !too_long && !full;
}

/* Under the lock. */
static bool settled(const oc_sink *s, bool delivered, uint64_t put)
{
    uint64_t dropped = 0;
    if (delivered)
        return oc_sink_depth(s) == 0;
    dropped = s->stats.dropped[OC_SINK_DROP_RING] + s->stats.dropped[OC_SINK_DROP_LONG];
    return s->stats.stored + s->stats.passed + dropped >= put;
}

bool oc_sink_settle(oc_sink *s, bool delivered, uint32_t timeout_ms)
{
    uint64_t until = oc_now_ns() + (uint64_t)timeout_ms * 1000000;
    pthread_mutex_lock(&s->lock);
    uint64_t put = s->stats.put;
    while (!settled(s, delivered, put) && oc_now_ns() < until)
        oc_sink_wait_until(s, &s->to_waiter, until);
    bool done = settled(s, delivered, put);
    pthread_mutex_unlock(&s->lock);
    return done;
}

void oc_sink_stats_get(oc_sink *s, oc_sink_stats *out)
{
    pthread_mutex_lock(&s->lock);
    *out = s->stats;
    out->depth = oc_sink_depth(s);
    pthread_mutex_unlock(&s->lock);
}
