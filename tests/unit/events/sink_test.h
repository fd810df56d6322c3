/* A sink over a bus that does as it is told, for t_sink*.c.  In every case found + put = acknowledged +
 * dropped + depth, and depth is what is really there. */
#ifndef OC_TEST_SINK_TEST_H
#define OC_TEST_SINK_TEST_H

#include <fcntl.h>
#include <pthread.h>

#include "spool_test.h"

/* ---- the bus ---- */

enum { GOT_MAX = 40000 };

static struct {
    pthread_mutex_t lock;
    bool            down;         /* connection fails */
    bool            stuck;        /* no answer until cancelled */
    bool            held;         /* a round is stuck */
    uint64_t        poison;       /* body number refused; 0 = none */
    uint32_t        refuse_times; /* then it is taken after all; 0 = for ever */
    uint64_t        never;        /* body number that cannot be sent */
    unsigned        lose_every;   /* every so many rounds the answers get lost half-way */
    bool            batches;      /* refuses whole rounds */
    unsigned        rounds, refused;
    uint64_t        got[GOT_MAX], number[GOT_MAX];
    bool            again[GOT_MAX];
    size_t          n;
    int64_t         walls;
} line = {.lock = PTHREAD_MUTEX_INITIALIZER};

struct oc_bus {
    const oc_bus_options *o;
};

static inline oc_status line_open(const oc_bus_options *o, oc_bus **out, oc_error *err)
{
    if (o->n_pairs > 0 && strcmp(o->pair[0].key, "bad") == 0)
        return OC_FAIL(err, OC_INVALID, "bad: makes no sense");
    *out = calloc(1, sizeof(**out));
    (*out)->o = o;
    return OC_OK;
}

static inline void take(const oc_bus_message *m)
{
    assert_true(line.n < GOT_MAX);
    line.got[line.n] = body_number(m->body);
    line.again[line.n] = m->again;
    line.number[line.n++] = m->number;
}

static inline uint8_t judge(const oc_bus_message *m)
{
    uint64_t n = body_number(m->body);
    if (n == line.never && n > 0)
        return OC_BUS_NEVER;
    if (n == line.poison && n > 0 && (line.refuse_times == 0 || line.refused < line.refuse_times)) {
        line.refused++;
        return OC_BUS_REFUSED;
    }
    take(m);
    return OC_BUS_TAKEN;
}

static inline oc_status line_deliver(oc_bus *b, oc_bus_round *r, oc_error *err)
{
    oc_status st = OC_OK;
    while (__atomic_load_n(&line.stuck, __ATOMIC_RELAXED) &&
           !__atomic_load_n(b->o->cancel, __ATOMIC_RELAXED)) {
        __atomic_store_n(&line.held, true, __ATOMIC_RELAXED);
        usleep(1000);
    }
    pthread_mutex_lock(&line.lock);
    line.rounds++;
    line.walls += b->o->wall_ms() != 0;
    bool lose = line.lose_every && line.rounds % line.lose_every == 0;
    if (line.down || line.stuck) {
        st = OC_FAIL(err, OC_IO, "nobody there");
    } else if (line.batches && r->n > 1) {
        bool has = false;
        for (size_t i = 0; i < r->n; i++)
            has |= body_number(r->message[i].body) == line.poison;
        memset(r->fate, has ? OC_BUS_REFUSED : OC_BUS_TAKEN, r->n);
        for (size_t i = 0; i < r->n && !has; i++)
            take(&r->message[i]);
    } else {
        for (size_t i = 0; i < r->n && (!lose || i < r->n / 2 + 1); i++) {
            r->fate[i] = judge(&r->message[i]);
            if (r->fate[i] == OC_BUS_REFUSED)
                (void)OC_FAIL(err, OC_IO, "no thanks");
        }
        if (lose) {
            memset(r->fate, OC_BUS_UNSURE, r->n / 2 + 1);
            st = OC_FAIL(err, OC_IO, "the line went dead");
        }
    }
    pthread_mutex_unlock(&line.lock);
    return st;
}

static inline void line_close(oc_bus *b)
{
    free(b);
}

static oc_bus_ops line_bus = {OC_BUS_ABI, sizeof(oc_bus_ops), "line", line_open, line_deliver,
                              NULL,       line_close,         false};

static inline int reset(void **state)
{
    (void)state;
    forget_spool();
    memset((char *)&line + sizeof(line.lock), 0, sizeof(line) - sizeof(line.lock));
    line_bus.local = false;
    return 0;
}

static inline oc_sink_options plain(void)
{
    return (oc_sink_options){.name = "test",
                             .ops = &line_bus,
                             .spool = spool_path,
                             .commit_ms = 1,
                             .ack_ms = 5,
                             .in_flight = 16,
                             .tries = 4,
                             .backoff_ms = 1,
                             .backoff_max_ms = 4};
}

static inline oc_sink *start(const oc_sink_options *o)
{
    oc_sink *s = NULL;
    must(oc_sink_create(o, &s, e));
    return s;
}

static inline bool put(oc_sink *s, uint64_t n, oc_priority priority, size_t bytes)
{
    char            body[8192];
    oc_sink_message m = {.stream = "door", .type = "zone", .priority = priority, .body = body};
    m.n_body = make_body(body, bytes, n);
    return oc_sink_put(s, &m);
}

static inline uint64_t sum_dropped(const oc_sink_stats *c)
{
    uint64_t n = 0;
    for (int i = 0; i < OC_SINK_DROPS; i++)
        n += c->dropped[i];
    return n;
}

/* Ends the sink; what is left in the spool is what its figures say. */
static inline oc_sink_stats finish(oc_sink *s, uint32_t drain_ms)
{
    oc_sink_stats  c;
    oc_spool_stats left = {0};
    oc_sink_destroy(s, drain_ms, &c);
    assert_int_equal(c.found + c.put, c.acknowledged + sum_dropped(&c) + c.depth);
    if (access(spool_path, F_OK) == 0) {
        oc_spool *spool = open_spool(0, NULL);
        oc_spool_stats_get(spool, &left);
        oc_spool_close(spool);
    }
    assert_int_equal(c.depth, left.rows);
    return c;
}

/* First arrivals are 1 .. n without a hole, in order, except for those named. */
static inline void in_order(uint64_t n, uint64_t but)
{
    uint64_t next = 1;
    for (size_t i = 0; i < line.n; i++) {
        if (next == but)
            next++;
        if (line.got[i] >= next) {
            assert_int_equal(line.got[i], next);
            next++;
        }
    }
    if (next == but)
        next++;
    assert_int_equal(next, n + 1);
}

static inline void line_up(void)
{
    pthread_mutex_lock(&line.lock);
    line.down = false;
    pthread_mutex_unlock(&line.lock);
}

#endif
