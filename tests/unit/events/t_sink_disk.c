/* A sink and its disk: slow, full, missing, damaged at the start and while in use; the bound. */
#include "sink_test.h"

#include <signal.h>
#include <sys/resource.h>

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
    line_up();
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
    line_up();
    assert_true(oc_sink_settle(s, true, 20000));
    c = finish(s, 0);
    assert_int_equal(line.n, 4000 - c.dropped[OC_SINK_DROP_SPACE]);
    assert_true(line.got[line.n - 1] == 4000);
}

/* ---- a file that cannot grow: what the kernel says of a full disk, not what a tap does ---- */

static void no_room(void **state)
{
    (void)state;
    struct rlimit   was, little;
    oc_sink_options o = plain();
    o.ring_bytes = 512 << 10;
    line.down = true;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
    little = (struct rlimit){.rlim_cur = 200 << 10, .rlim_max = was.rlim_max};
    oc_sink *s = start(&o);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &little), 0);
    uint64_t taken = 0;
    for (uint64_t i = 1; i <= 8000; i++) { /* puts go on, whatever the disk says */
        taken += put(s, i, OC_PRIORITY_NORMAL, 400);
        if (i % 100 == 0)
            usleep(1000);
    }
    oc_sink_stats c = {0};
    for (int i = 0; i < 4000 && c.disk_errors == 0; i++) {
        usleep(5000);
        oc_sink_stats_get(s, &c);
    }
    assert_true(c.disk_errors > 0 && !c.spool_ok && c.stored > 0);
    assert_non_null(strstr(c.disk_error, spool_path));
    assert_int_equal(c.dropped[OC_SINK_DROP_RING], 8000 - taken);
    assert_true(taken < 8000);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
    line_up();
    assert_true(oc_sink_settle(s, true, 60000));
    c = finish(s, 0);
    assert_int_equal(c.acknowledged, taken);
    for (size_t i = 1; i < line.n; i++)
        assert_true(line.got[i] > line.got[i - 1]);
}

/* ---- a file that turns out to be damaged while a message of it is on its way ---- */

static int damaged_until_moved(void *ctx, const char *path, const void *bytes, int n, int64_t at)
{
    char moved[128];
    (void)path;
    (void)bytes;
    (void)n;
    (void)at;
    snprintf(moved, sizeof(moved), "%s.damaged", spool_path);
    return __atomic_load_n((bool *)ctx, __ATOMIC_RELAXED) && access(moved, F_OK) != 0
               ? SQLITE_CORRUPT
               : SQLITE_OK;
}

/* The next file begins with the same numbers: setting the first message aside must not remove the
 * second, which has its number now. */
static void number_of_another(void **state)
{
    (void)state;
    static bool        damaged;
    const oc_spool_tap tap = {.ctx = &damaged, .write = damaged_until_moved};
    oc_sink_options    o = plain();
    oc_sink_stats      c = {0};
    o.tap = &tap;
    damaged = false;
    line.stuck = true;
    line.never = 1;
    oc_sink *s = start(&o);
    put(s, 1, OC_PRIORITY_NORMAL, 200);
    for (int i = 0; i < 4000 && !__atomic_load_n(&line.held, __ATOMIC_RELAXED); i++)
        usleep(5000);
    assert_true(__atomic_load_n(&line.held, __ATOMIC_RELAXED));
    __atomic_store_n(&damaged, true, __ATOMIC_RELAXED);
    put(s, 2, OC_PRIORITY_NORMAL, 200);
    for (int i = 0; i < 4000 && c.stored < 2; i++) {
        usleep(5000);
        oc_sink_stats_get(s, &c);
    }
    assert_int_equal(c.stored, 2);
    assert_int_equal(c.spool_resets, 1);
    pthread_mutex_lock(&line.lock);
    __atomic_store_n(&line.stuck, false, __ATOMIC_RELAXED);
    pthread_mutex_unlock(&line.lock);
    assert_true(oc_sink_settle(s, true, 20000));
    c = finish(s, 0);
    assert_int_equal(line.n, 1);
    assert_int_equal(line.got[0], 2);
    assert_int_equal(c.dropped[OC_SINK_DROP_REFUSED], 1);
    assert_int_equal(c.acknowledged, 1);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup(f, reset)
    const struct CMUnitTest tests[] = {
        T(full_ring),     T(full_disk), T(no_disk), T(damaged_meanwhile),
        T(found_damaged), T(bounded),   T(no_room), T(number_of_another),
    };
    return cmocka_run_group_tests(tests, make_scratch, remove_scratch);
}
