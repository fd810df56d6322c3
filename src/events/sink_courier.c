/* The courier: brings a window of messages to the bus and stays with it until each has an answer. */
#include <stdio.h>
#include <string.h>

#include "events/sink_state.h"
#include "telemetry/histogram.h"

#define IDLE_MS 200
#define WAIT_MAX_MS (3600u * 1000u) /* of what the other side asks for */

static bool cancelled(const oc_sink *s)
{
    return __atomic_load_n(&s->cancel, __ATOMIC_RELAXED);
}

static bool resolved(const oc_window *w, size_t i)
{
    return w->fate[i] == OC_BUS_TAKEN || w->fate[i] == OC_BUS_NEVER;
}

/* xorshift64*: jitter only has to differ from one machine to the next. */
static uint64_t next_random(oc_sink *s)
{
    s->random ^= s->random >> 12;
    s->random ^= s->random << 25;
    s->random ^= s->random >> 27;
    return s->random * UINT64_C(0x2545F4914F6CDD1D);
}

/* Half of it certain, half by lot, so that a fleet does not come back all at once. */
static uint32_t backoff_ms(oc_sink *s)
{
    uint64_t ms = s->o.backoff_ms;
    for (uint32_t i = 1; i < s->failures && ms < s->o.backoff_max_ms; i++)
        ms *= 2;
    if (ms > s->o.backoff_max_ms)
        ms = s->o.backoff_max_ms;
    return (uint32_t)(ms / 2 + next_random(s) % (ms / 2 + 1));
}

static void wait_for_next(oc_sink *s, uint32_t asked_ms)
{
    uint32_t ms = backoff_ms(s);
    if (asked_ms > WAIT_MAX_MS)
        asked_ms = WAIT_MAX_MS;
    if (asked_ms > ms)
        ms = asked_ms;
    uint64_t until = oc_now_ns() + (uint64_t)ms * 1000000;
    pthread_mutex_lock(&s->lock);
    while (!cancelled(s) && oc_now_ns() < until)
        oc_sink_wait_until(s, &s->to_courier, until);
    pthread_mutex_unlock(&s->lock);
}

/* Those without an answer, in order; one at a time while a culprit is looked for. */
static size_t gather(oc_sink *s)
{
    oc_window *w = &s->window;
    size_t     n = 0, most = s->careful ? 1 : w->cap;
    for (size_t i = 0; i < w->n && n < most; i++)
        if (!resolved(w, i)) {
            s->round[n] = w->message[i];
            s->round_fate[n] = OC_BUS_UNSENT;
            s->round_index[n++] = i;
        }
    return n;
}

static void count_sent(oc_sink_stats *c, const oc_window *w, size_t i)
{
    c->sent++;
    if (w->fate[i] != OC_BUS_UNSENT) {
        c->retried++;
        c->maybe_duplicate += w->fate[i] == OC_BUS_UNSURE;
    }
}

static void refuse(oc_sink *s, size_t i, const oc_error *err)
{
    oc_window *w = &s->window;
    snprintf(w->reason[i], sizeof(w->reason[i]), "%.*s", OC_SINK_REASON_BYTES - 1, err->message);
    if (w->fate[i] != OC_BUS_NEVER && ++w->tries[i] >= s->o.tries)
        w->fate[i] = OC_BUS_NEVER;
}

/* What came of a round.  Gives back how many have their answer now. */
static size_t take_fates(oc_sink *s, size_t n, const oc_error *err)
{
    oc_window *w = &s->window;
    size_t     done = 0, refused = 0;
    pthread_mutex_lock(&s->lock);
    for (size_t k = 0; k < n; k++) {
        size_t  i = s->round_index[k];
        uint8_t fate = s->round_fate[k];
        if (fate == OC_BUS_UNSENT)
            continue; /* what an earlier round left it with stays */
        if (fate != OC_BUS_NEVER)
            count_sent(&s->stats, w, i);
        if (fate == OC_BUS_UNSURE)
            w->message[i].again = true;
        w->fate[i] = fate;
        if (fate == OC_BUS_REFUSED || fate == OC_BUS_NEVER) {
            refuse(s, i, err);
            refused++;
        }
        if (fate == OC_BUS_TAKEN)
            s->stats.acknowledged++;
        done += resolved(w, i);
    }
    pthread_mutex_unlock(&s->lock);
    if (refused > 0 && n > 1)
        s->careful = (uint32_t)(n - done);
    else if (s->careful > 0 && done > 0)
        s->careful--;
    return done;
}

static void note_round(oc_sink *s, oc_status st, const oc_error *err)
{
    pthread_mutex_lock(&s->lock);
    s->stats.rounds++;
    s->stats.connected = st == OC_OK;
    s->stats.failures += st != OC_OK;
    if (err->message[0])
        oc_sink_note(s, err);
    pthread_mutex_unlock(&s->lock);
}

static void carry_window(oc_sink *s)
{
    size_t n;
    s->careful = 0;
    while (!cancelled(s) && (n = gather(s)) > 0) {
        oc_error     err = {0};
        oc_bus_round round = {
            .struct_size = sizeof(round), .message = s->round, .n = n, .fate = s->round_fate};
        oc_status st = s->o.ops->deliver(s->bus, &round, &err);
        note_round(s, st, &err);
        size_t done = take_fates(s, n, &err);
        if (done == n && st == OC_OK) {
            s->failures = 0;
            continue;
        }
        /* some progress over a bad line is no reason to wait longer and longer */
        s->failures = done > 0 ? 1 : s->failures + 1;
        if (!cancelled(s))
            wait_for_next(s, round.wait_ms);
    }
}

/* Under the lock.  Keeps the line up while there is nothing to say. */
static void idle(oc_sink *s)
{
    oc_error err = {0};
    pthread_mutex_unlock(&s->lock);
    oc_status st = s->o.ops->idle(s->bus, &err);
    s->failures = st == OC_OK ? 0 : s->failures + 1;
    pthread_mutex_lock(&s->lock);
    s->idle_after_ns = st == OC_OK ? 0 : oc_now_ns() + (uint64_t)backoff_ms(s) * 1000000;
    s->stats.connected = st == OC_OK;
    if (st != OC_OK) {
        s->stats.failures++;
        oc_sink_note(s, &err);
    }
}

void *oc_sink_carry(void *sink)
{
    oc_sink *s = sink;
    pthread_mutex_lock(&s->lock);
    while (!cancelled(s)) {
        if (s->window.state == OC_WINDOW_READY) {
            pthread_mutex_unlock(&s->lock);
            carry_window(s);
            pthread_mutex_lock(&s->lock);
            s->window.state = OC_WINDOW_DONE;
            pthread_cond_signal(&s->to_keeper);
            continue;
        }
        uint64_t until = oc_now_ns() + UINT64_C(1000000) * IDLE_MS;
        if (s->idle_after_ns > until)
            until = s->idle_after_ns;
        oc_sink_wait_until(s, &s->to_courier, until);
        if (s->window.state == OC_WINDOW_EMPTY && s->o.ops->idle && !cancelled(s) &&
            oc_now_ns() >= until)
            idle(s);
    }
    if (s->window.state == OC_WINDOW_READY)
        s->window.state = OC_WINDOW_DONE;
    s->last = true;
    pthread_cond_signal(&s->to_keeper);
    pthread_mutex_unlock(&s->lock);
    return NULL;
}
