/* A sink over a bus that does as it is told: retries, poison, order, rings and disks that are full,
 * clocks that jump.  In every case found + put = acknowledged + dropped + depth, and depth is what
 * is really there. */
#include "spool_test.h"

#include <fcntl.h>
#include <pthread.h>

/* ---- the bus ---- */

enum { GOT_MAX = 40000 };

static struct {
    pthread_mutex_t lock;
    bool            down;         /* connection fails */
    bool            stuck;        /* no answer until cancelled */
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

static oc_status line_open(const oc_bus_options *o, oc_bus **out, oc_error *err)
{
    if (o->n_pairs > 0 && strcmp(o->pair[0].key, "bad") == 0)
        return OC_FAIL(err, OC_INVALID, "bad: makes no sense");
    *out = calloc(1, sizeof(**out));
    (*out)->o = o;
    return OC_OK;
}

static void take(const oc_bus_message *m)
{
    assert_true(line.n < GOT_MAX);
    line.got[line.n] = body_number(m->body);
    line.again[line.n] = m->again;
    line.number[line.n++] = m->number;
}

static uint8_t judge(const oc_bus_message *m)
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

static oc_status line_deliver(oc_bus *b, oc_bus_round *r, oc_error *err)
{
    oc_status st = OC_OK;
    while (__atomic_load_n(&line.stuck, __ATOMIC_RELAXED) &&
           !__atomic_load_n(b->o->cancel, __ATOMIC_RELAXED))
        usleep(1000);
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

static void line_close(oc_bus *b)
{
    free(b);
}

static oc_bus_ops line_bus = {OC_BUS_ABI, sizeof(oc_bus_ops), "line", line_open, line_deliver,
                              NULL,       line_close,         false};

static int reset(void **state)
{
    (void)state;
    forget_spool();
    memset((char *)&line + sizeof(line.lock), 0, sizeof(line) - sizeof(line.lock));
    line_bus.local = false;
    return 0;
}

static oc_sink_options plain(void)
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

static oc_sink *start(const oc_sink_options *o)
{
    oc_sink *s = NULL;
    must(oc_sink_create(o, &s, e));
    return s;
}

static bool put(oc_sink *s, uint64_t n, oc_priority priority, size_t bytes)
{
    char            body[8192];
    oc_sink_message m = {.stream = "door", .type = "zone", .priority = priority, .body = body};
    m.n_body = make_body(body, bytes, n);
    return oc_sink_put(s, &m);
}

static uint64_t sum_dropped(const oc_sink_stats *c)
{
    uint64_t n = 0;
    for (int i = 0; i < OC_SINK_DROPS; i++)
        n += c->dropped[i];
    return n;
}

/* Ends the sink; what is left in the spool is what its figures say. */
static oc_sink_stats finish(oc_sink *s, uint32_t drain_ms)
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
static void in_order(uint64_t n, uint64_t but)
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

/* ---- tests ---- */

static void all_well(void **state)
{
    (void)state;
    oc_sink_options o = plain();
    oc_sink        *s = start(&o);
    for (uint64_t i = 1; i <= 2000; i++)
        assert_true(put(s, i, (oc_priority)(i % 3), 200));
    assert_true(oc_sink_settle(s, true, 20000));
    oc_sink_stats c = finish(s, 0);
    in_order(2000, 0);
    assert_int_equal(line.n, 2000);
    assert_int_equal(c.acknowledged, 2000);
    assert_int_equal(c.stored, 2000);
    assert_int_equal(c.retried + c.maybe_duplicate, 0);
    assert_true(c.connected && c.spool_ok);
    assert_true(c.bytes_written > 0 && c.commits > 0);
}

static void lost_answers(void **state)
{
    (void)state;
    oc_sink_options o = plain();
    line.lose_every = 3;
    oc_sink *s = start(&o);
    for (uint64_t i = 1; i <= 2000; i++)
        put(s, i, OC_PRIORITY_NORMAL, 200);
    assert_true(oc_sink_settle(s, true, 20000));
    oc_sink_stats c = finish(s, 0);
    in_order(2000, 0);
    assert_true(line.n > 2000);
    assert_int_equal(c.maybe_duplicate, line.n - 2000);
    assert_true(c.retried >= c.maybe_duplicate);
    assert_true(c.failures > 10);
    /* duplicates are told as such, and have the number they had */
    uint64_t number[2001] = {0};
    for (size_t i = 0; i < line.n; i++) {
        if (number[line.got[i]]) {
            assert_int_equal(line.number[i], number[line.got[i]]);
            assert_true(line.again[i]);
        }
        number[line.got[i]] = line.number[i];
    }
}

static void poison(void **state)
{
    (void)state;
    static const bool kinds[] = {false, true};
    for (size_t k = 0; k < 2; k++) {
        reset(NULL);
        oc_sink_options o = plain();
        line.poison = 333;
        line.batches = kinds[k];
        oc_sink *s = start(&o);
        for (uint64_t i = 1; i <= 1000; i++)
            put(s, i, OC_PRIORITY_NORMAL, 200);
        assert_true(oc_sink_settle(s, true, 20000));
        oc_sink_stats c = finish(s, 0);
        in_order(1000, 333);
        assert_int_equal(c.acknowledged, 999);
        assert_int_equal(c.dropped[OC_SINK_DROP_REFUSED], 1);
        assert_int_equal(c.aside, 1);
        assert_int_equal(line.n, 999);
        assert_non_null(strstr(c.error, kinds[k] ? "" : "no thanks"));
    }
}

static void refused_for_a_while(void **state)
{
    (void)state;
    oc_sink_options o = plain();
    line.poison = 50;
    line.refuse_times = 3;
    oc_sink *s = start(&o);
    for (uint64_t i = 1; i <= 100; i++)
        put(s, i, OC_PRIORITY_NORMAL, 200);
    assert_true(oc_sink_settle(s, true, 20000));
    oc_sink_stats c = finish(s, 0);
    assert_int_equal(c.acknowledged, 100);
    assert_int_equal(c.aside, 0);
    assert_int_equal(c.retried, 3);
    assert_int_equal(c.maybe_duplicate, 0);
}

static void cannot_be_sent(void **state)
{
    (void)state;
    oc_sink_options o = plain();
    line.never = 5;
    oc_sink *s = start(&o);
    for (uint64_t i = 1; i <= 10; i++)
        put(s, i, OC_PRIORITY_NORMAL, 200);
    assert_true(oc_sink_settle(s, true, 20000));
    oc_sink_stats c = finish(s, 0);
    in_order(10, 5);
    assert_int_equal(c.dropped[OC_SINK_DROP_REFUSED], 1);
    assert_int_equal(c.sent, 9);
}

static void nobody_there_then_somebody(void **state)
{
    (void)state;
    oc_sink_options o = plain();
    line.down = true;
    oc_sink *s = start(&o);
    for (uint64_t i = 1; i <= 500; i++)
        put(s, i, OC_PRIORITY_NORMAL, 200);
    assert_true(oc_sink_settle(s, false, 20000));
    oc_sink_stats c = finish(s, 20);
    assert_int_equal(c.depth, 500);
    assert_int_equal(c.sent, 0);
    assert_false(c.connected);
    assert_string_equal(c.error, "nobody there");
    /* another run finds them; new ones come behind */
    s = start(&o);
    oc_sink_stats_get(s, &c);
    assert_int_equal(c.found, 500);
    for (uint64_t i = 501; i <= 600; i++)
        put(s, i, OC_PRIORITY_HIGH, 200);
    usleep(20000);
    pthread_mutex_lock(&line.lock);
    line.down = false;
    pthread_mutex_unlock(&line.lock);
    assert_true(oc_sink_settle(s, true, 20000));
    c = finish(s, 0);
    in_order(600, 0);
    assert_true(line.again[0] && line.again[499] && !line.again[500]);
}

/* The keeper is held up by a slow disk: puts come back at once, what does not fit is counted. */
static int slow_write(void *ctx, const char *path, const void *bytes, int n, int64_t at)
{
    (void)path;
    (void)bytes;
    (void)n;
    (void)at;
    while (__atomic_load_n((bool *)ctx, __ATOMIC_RELAXED))
        usleep(1000);
    return SQLITE_OK;
}

static void full_ring(void **state)
{
    (void)state;
    static bool        hold;
    const oc_spool_tap tap = {.ctx = &hold, .write = slow_write};
    oc_sink_options    o = plain();
    o.tap = &tap;
    oc_sink *s = start(&o);
    __atomic_store_n(&hold, true, __ATOMIC_RELAXED);
    uint64_t taken = 0;
    for (uint64_t i = 1; i <= 2000; i++)
        taken += put(s, i, OC_PRIORITY_NORMAL, 4000);
    oc_sink_stats c;
    oc_sink_stats_get(s, &c);
    assert_true(taken > 200 && taken < 600); /* two halves of 1 MiB at most */
    assert_int_equal(c.dropped[OC_SINK_DROP_RING], 2000 - taken);
    __atomic_store_n(&hold, false, __ATOMIC_RELAXED);
    assert_true(oc_sink_settle(s, true, 20000));
    c = finish(s, 0);
    assert_int_equal(c.acknowledged, taken);
    static char big[OC_SINK_BODY_MAX + 10];
    s = start(&o);
    oc_sink_message m = {.stream = "s", .type = "t", .body = big};
    m.n_body = make_body(big, sizeof(big) - 2, 1);
    assert_false(oc_sink_put(s, &m));
    c = finish(s, 0);
    assert_int_equal(c.dropped[OC_SINK_DROP_LONG], 1);
}

static bool disk_is_full;

static int full_write(void *ctx, const char *path, const void *bytes, int n, int64_t at)
{
    (void)ctx;
    (void)path;
    (void)bytes;
    (void)n;
    (void)at;
    return __atomic_load_n(&disk_is_full, __ATOMIC_RELAXED) ? SQLITE_FULL : SQLITE_OK;
}

/* With a broker that listens a full disk delays nobody; with none, what the ring holds stays. */
static void full_disk(void **state)
{
    (void)state;
    const oc_spool_tap tap = {.write = full_write};
    oc_sink_options    o = plain();
    o.tap = &tap;
    disk_is_full = false;
    oc_sink *s = start(&o);
    for (uint64_t i = 1; i <= 100; i++)
        put(s, i, OC_PRIORITY_NORMAL, 200);
    assert_true(oc_sink_settle(s, true, 20000));
    __atomic_store_n(&disk_is_full, true, __ATOMIC_RELAXED);
    for (uint64_t i = 101; i <= 600; i++)
        put(s, i, OC_PRIORITY_NORMAL, 200);
    assert_true(oc_sink_settle(s, true, 20000));
    oc_sink_stats c;
    oc_sink_stats_get(s, &c);
    assert_int_equal(c.acknowledged, 600);
    assert_true(c.passed > 0 && c.disk_errors > 0 && !c.spool_ok);
    assert_non_null(strstr(c.error, "full"));
    __atomic_store_n(&disk_is_full, false, __ATOMIC_RELAXED);
    usleep(1100000);
    for (uint64_t i = 601; i <= 700; i++)
        put(s, i, OC_PRIORITY_NORMAL, 200);
    assert_true(oc_sink_settle(s, true, 20000));
    oc_sink_stats_get(s, &c);
    assert_true(c.spool_ok);
    finish(s, 0);
    in_order(700, 0);
    assert_int_equal(line.n, 700);
}

/* No disk from the start: the folder cannot be written. */
static void no_disk(void **state)
{
    (void)state;
    oc_sink_options o = plain();
    o.spool = "/proc/no/such/folder.db";
    oc_sink *s = start(&o);
    for (uint64_t i = 1; i <= 100; i++)
        put(s, i, OC_PRIORITY_NORMAL, 200);
    assert_true(oc_sink_settle(s, true, 20000));
    oc_sink_stats c = finish(s, 0);
    in_order(100, 0);
    assert_int_equal(c.passed, 100);
    assert_true(c.disk_errors > 0 && !c.spool_ok);
    assert_non_null(strstr(c.error, "/proc/no/such/folder.db"));
}

/* The file is overwritten under the sink's feet while nobody listens. */
static void damaged_meanwhile(void **state)
{
    (void)state;
    oc_sink_options o = plain();
    line.down = true;
    oc_sink *s = start(&o);
    for (uint64_t i = 1; i <= 6000; i++)
        put(s, i, OC_PRIORITY_NORMAL, 400);
    assert_true(oc_sink_settle(s, false, 20000));
    int  fd = open(spool_path, O_RDWR);
    char noise[4096];
    memset(noise, 0x5A, sizeof(noise));
    struct stat file;
    assert_int_equal(fstat(fd, &file), 0);
    for (off_t at = 8192; at + 4096 <= file.st_size; at += 4096)
        assert_int_equal(pwrite(fd, noise, 4096, at), 4096);
    close(fd);
    pthread_mutex_lock(&line.lock);
    line.down = false;
    pthread_mutex_unlock(&line.lock);
    oc_sink_stats c;
    for (int i = 0; i < 4000; i++) { /* those in memory come through, the rest is told as lost */
        oc_sink_stats_get(s, &c);
        if (c.depth == 0)
            break;
        usleep(5000);
    }
    if (c.depth != 0)
        fail_msg("depth %llu: %s", (unsigned long long)c.depth, c.error);
    usleep(1100000);
    for (uint64_t i = 6001; i <= 6100; i++)
        put(s, i, OC_PRIORITY_NORMAL, 400);
    assert_true(oc_sink_settle(s, true, 20000));
    c = finish(s, 0);
    assert_true(c.dropped[OC_SINK_DROP_DAMAGED] > 0);
    assert_true(c.disk_errors > 0);
    assert_int_equal(c.spool_resets, 1);
    uint64_t last = 0;
    for (size_t i = 0; i < line.n; i++) {
        assert_true(line.got[i] > last); /* in order, none twice */
        last = line.got[i];
    }
    assert_int_equal(last, 6100);
}

static void found_damaged(void **state)
{
    (void)state;
    oc_sink_options o = plain();
    FILE           *f = fopen(spool_path, "w");
    fputs("SQLite format 3, or so they say", f);
    fclose(f);
    oc_sink      *s = start(&o);
    oc_sink_stats c;
    oc_sink_stats_get(s, &c);
    assert_int_equal(c.spool_resets, 1);
    assert_non_null(strstr(c.error, "moved aside: "));
    put(s, 1, OC_PRIORITY_NORMAL, 100);
    assert_true(oc_sink_settle(s, true, 20000));
    finish(s, 0);
    assert_int_equal(line.n, 1);
}

static void bounded(void **state)
{
    (void)state;
    oc_sink_options o = plain();
    o.spool_bytes = 128 << 10;
    line.down = true;
    oc_sink *s = start(&o);
    for (uint64_t i = 1; i <= 4000; i++) {
        put(s, i, i % 4 ? OC_PRIORITY_LOW : OC_PRIORITY_HIGH, 200);
        if (i % 200 == 0)
            assert_true(oc_sink_settle(s, false, 20000));
    }
    oc_sink_stats c;
    oc_sink_stats_get(s, &c);
    assert_true(c.spool_bytes <= 128 << 10);
    assert_true(c.dropped[OC_SINK_DROP_SPACE] > 3000);
    pthread_mutex_lock(&line.lock);
    line.down = false;
    pthread_mutex_unlock(&line.lock);
    assert_true(oc_sink_settle(s, true, 20000));
    c = finish(s, 0);
    assert_int_equal(line.n, 4000 - c.dropped[OC_SINK_DROP_SPACE]);
    assert_true(line.got[line.n - 1] == 4000);
}

/* ---- clocks ---- */

static int64_t jumpy_wall(void)
{
    static unsigned calls;
    calls++;
    return INT64_C(1800000000000) + (calls % 2 ? 1 : -1) * INT64_C(40000000000) * (calls % 5);
}

static void clock_jumps(void **state)
{
    (void)state;
    oc_sink_options o = plain();
    o.wall_ms = jumpy_wall;
    line.lose_every = 4;
    oc_sink *s = start(&o);
    for (uint64_t i = 1; i <= 1000; i++) {
        put(s, i, OC_PRIORITY_NORMAL, 200);
        if (i % 100 == 0)
            usleep(2000);
    }
    assert_true(oc_sink_settle(s, true, 20000));
    oc_sink_stats c = finish(s, 0);
    in_order(1000, 0);
    assert_true(line.walls > 0);
    assert_int_equal(c.acknowledged, 1000);
}

/* ---- ending, refusing ---- */

static void ends_while_stuck(void **state)
{
    (void)state;
    oc_sink_options o = plain();
    line.stuck = true;
    oc_sink *s = start(&o);
    for (uint64_t i = 1; i <= 100; i++)
        put(s, i, OC_PRIORITY_NORMAL, 200);
    oc_sink_stats c = finish(s, 30); /* comes back */
    assert_int_equal(c.depth, 100);
}

static void without_spool(void **state)
{
    (void)state;
    oc_sink_options o = plain();
    o.spool = NULL;
    oc_sink *s = start(&o);
    for (uint64_t i = 1; i <= 1000; i++)
        put(s, i, OC_PRIORITY_NORMAL, 200);
    oc_sink_stats c = finish(s, 0); /* is given a second */
    in_order(1000, 0);
    assert_int_equal(c.passed, 1000);
    assert_int_equal(c.bytes_written, 0);
    line.down = true;
    s = start(&o);
    for (uint64_t i = 1; i <= 1000; i++)
        put(s, i, OC_PRIORITY_NORMAL, 200);
    c = finish(s, 0);
    assert_int_equal(c.dropped[OC_SINK_DROP_STOPPED], 1000);
}

static void refusals(void **state)
{
    (void)state;
    oc_sink_options   o = plain();
    const oc_bus_pair pair = {"bad", "1"};
    oc_sink          *s = NULL, *first;
    oc_error          err = {0};
    o.pair = &pair;
    o.n_pairs = 1;
    assert_int_equal(oc_sink_create(&o, &s, &err), OC_INVALID);
    assert_string_equal(err.message, "sink 'test': bad: makes no sense");
    o.n_pairs = 0;
    first = start(&o);
    assert_int_equal(oc_sink_create(&o, &s, &err), OC_BUSY);
    assert_non_null(strstr(err.message, "another process has this spool open"));
    finish(first, 0);
}

static void *put_many(void *sink)
{
    for (uint64_t i = 1; i <= 2000; i++)
        put(sink, i, OC_PRIORITY_NORMAL, 100);
    return NULL;
}

static void several_streams(void **state)
{
    (void)state;
    oc_sink_options o = plain();
    oc_sink        *s = start(&o);
    pthread_t       t[4];
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&t[i], NULL, put_many, s), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(t[i], NULL);
    assert_true(oc_sink_settle(s, true, 20000));
    oc_sink_stats c = finish(s, 0);
    assert_int_equal(c.put, 8000);
    assert_int_equal(c.acknowledged, 8000);
    assert_int_equal(line.n, 8000);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup(f, reset)
    const struct CMUnitTest tests[] = {
        T(all_well),    T(lost_answers),      T(poison),
        T(bounded),     T(cannot_be_sent),    T(refused_for_a_while),
        T(full_ring),   T(full_disk),         T(nobody_there_then_somebody),
        T(no_disk),     T(damaged_meanwhile), T(found_damaged),
        T(clock_jumps), T(ends_while_stuck),  T(without_spool),
        T(refusals),    T(several_streams),
    };
    return cmocka_run_group_tests(tests, make_scratch, remove_scratch);
}
