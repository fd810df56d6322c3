/* The ring on disk: its bound, what is lost and told, runs one after the other, incidents. */
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "recording/picture.h"
#include "recording/reader.h"
#include "recording/recorder.h"

static char folder[64];

/* In front of the library's: a disk that takes its time or is full, and clocks that are put on. */
static pthread_mutex_t disk = PTHREAD_MUTEX_INITIALIZER; /* held: nothing is written */
static bool            disk_full;                        /* with `disk` */
static time_t          wall_ahead_s, steady_ahead_s;

ssize_t write(int fd, const void *from, size_t n)
{
    pthread_mutex_lock(&disk);
    bool full = disk_full;
    pthread_mutex_unlock(&disk);
    if (full) {
        errno = ENOSPC;
        return -1;
    }
    return syscall(SYS_write, fd, from, n);
}

int clock_gettime(clockid_t id, struct timespec *t)
{
    long st = syscall(SYS_clock_gettime, id, t);
    t->tv_sec +=
        __atomic_load_n(id == CLOCK_REALTIME ? &wall_ahead_s : &steady_ahead_s, __ATOMIC_RELAXED);
    return (int)st;
}

static void put_on(time_t *clock, time_t by_s)
{
    __atomic_fetch_add(clock, by_s, __ATOMIC_RELAXED);
}

static int fresh_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof(folder), "/tmp/t_recorder.XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    char command[128];
    (void)state;
    snprintf(command, sizeof(command), "rm -rf %s", folder);
    return system(command);
}

static uint64_t bytes_in_folder(void)
{
    oc_ring_segment *list;
    size_t           n;
    uint64_t         sum = 0;
    assert_int_equal(oc_ring_list(folder, &list, &n, NULL), OC_OK);
    for (size_t i = 0; i < n; i++)
        sum += list[i].bytes;
    free(list);
    return sum;
}

static char complaint[512];

static void complain(void *ctx, const char *text)
{
    (void)ctx;
    snprintf(complaint, sizeof(complaint), "%s", text);
}

static oc_recorder *recorder(oc_recorder_options o)
{
    oc_recorder *r;
    oc_error     err = {0};
    o.folder = folder;
    o.complain = complain;
    *complaint = '\0';
    if (oc_recorder_create(&o, &r, &err) != OC_OK)
        fail_msg("%s", err.message);
    assert_true(oc_recorder_info(r, "what runs"));
    return r;
}

/* A frame of noise: it cannot be packed small. */
static oc_frame *noise(uint64_t index, int32_t side)
{
    static uint32_t seed = 7;
    oc_frame       *f;
    assert_int_equal(oc_frame_create(OC_PIXEL_GRAY8, side, side, &f, NULL), OC_OK);
    for (int32_t y = 0; y < side; y++)
        for (int32_t x = 0; x < side; x++)
            f->plane[0][y * f->stride[0] + x] =
                (uint8_t)((seed = seed * 1664525u + 1013904223u) >> 24);
    f->index = index;
    return f;
}

/* With a state in front where one is wanted. */
static void put(oc_recorder *r, oc_frame *f)
{
    if (oc_recorder_wants_state(r))
        oc_recorder_put(r, OC_BLOCK_STATE, &f->index, sizeof(f->index));
    oc_recorder_frame(r, f, &f->index, sizeof(f->index));
    oc_recorder_put(r, OC_BLOCK_DONE, &f->index, sizeof(f->index));
}

static void put_frame(oc_recorder *r, uint64_t index, int32_t side)
{
    oc_frame *f = noise(index, side);
    put(r, f);
    oc_frame_unref(f);
}

typedef struct seen {
    size_t   segments, frames, holes;
    uint64_t first, last;
    bool     broken; /* a frame after a hole, and no state between */
} seen;

static seen look(void)
{
    oc_reader      r;
    oc_block       b;
    oc_error       err = {0};
    oc_status      st;
    seen           s = {.first = UINT64_MAX};
    bool           first, known = false;
    oc_frame_pool *pool;
    oc_frame      *before = NULL, *f;
    assert_int_equal(oc_frame_pool_create(&pool, NULL), OC_OK);
    if (oc_reader_open(&r, folder, true, &err) != OC_OK)
        fail_msg("%s", err.message);
    while ((st = oc_reader_next(&r, &b, &first, &err)) == OC_OK) {
        oc_picture p;
        if (first) {
            assert_int_equal(b.kind, OC_BLOCK_INFO);
            assert_memory_equal(b.data, "what runs", 9);
            s.segments++;
            known = false;
        }
        s.holes += r.hole;
        known = (known && !r.hole) || b.kind == OC_BLOCK_STATE;
        if (b.kind != OC_BLOCK_FRAME)
            continue;
        s.broken = s.broken || !known;
        assert_int_equal(oc_picture_read(b.data, b.n, &p, &err), OC_OK);
        if (oc_picture_unpack(&p, before, pool, &f, &err) != OC_OK)
            fail_msg("%s", err.message);
        oc_frame_unref(before);
        before = f;
        s.first = s.frames++ ? s.first : f->index;
        s.last = f->index;
    }
    if (st != OC_END)
        fail_msg("%s", err.message);
    oc_reader_close(&r);
    oc_frame_unref(before);
    oc_frame_pool_destroy(pool);
    return s;
}

static void the_ring_has_its_bound(void **state)
{
    oc_recorder      *r = recorder((oc_recorder_options){.bytes_max = 400000, .wait = true});
    oc_recorder_stats stats;
    (void)state;
    for (uint64_t i = 0; i < 300; i++) {
        put_frame(r, i, 64);
        /* a segment looked at just before it went, and what was written in its place since */
        assert_true(bytes_in_folder() <= 400000 + 60000);
    }
    oc_recorder_close(r);
    oc_recorder_stats_get(r, &stats);
    oc_recorder_destroy(r);
    seen s = look();
    assert_true(bytes_in_folder() <= 400000 && bytes_in_folder() > 200000);
    assert_int_equal(stats.lost, 0);
    assert_int_equal(stats.frames, 300);
    assert_int_equal(s.last, 299); /* the oldest went */
    assert_int_equal(s.frames, 300 - s.first);
    assert_true(s.first > 100 && s.segments > 3 && !s.broken && !s.holes);
    assert_string_equal(complaint, "");
}

/* Between another info and the state behind it others put what they have: it goes to the old segment. */
static void another_info_loses_nothing(void **state)
{
    oc_recorder      *r = recorder((oc_recorder_options){.bytes_max = 1 << 20, .wait = true});
    oc_recorder_stats stats;
    (void)state;
    put_frame(r, 0, 16);
    assert_true(oc_recorder_info(r, "what runs now"));
    for (int i = 0; i < 50; i++)
        assert_true(oc_recorder_put(r, OC_BLOCK_NOTE, "captured", 8));
    put_frame(r, 1, 16);
    oc_recorder_close(r);
    oc_recorder_stats_get(r, &stats);
    oc_recorder_destroy(r);
    seen s = look();
    assert_int_equal(stats.lost, 0);
    assert_int_equal(s.segments, 2);
    assert_int_equal(s.frames, 2);
    assert_true(!s.holes && !s.broken);
}

static void old_segments_go_by_time(void **state)
{
    oc_recorder *r = recorder((oc_recorder_options){
        .bytes_max = 100 << 20, .seconds_max = 0.05, .segment_seconds = 0.005, .wait = true});
    (void)state;
    for (uint64_t i = 0; i < 100; i++) {
        put_frame(r, i, 32);
        usleep(2000);
    }
    oc_recorder_destroy(r);
    seen s = look();
    assert_int_equal(s.last, 99);
    assert_true(s.first > 20 && !s.broken);
}

static void what_finds_no_room_is_counted_and_marked(void **state)
{
    oc_recorder      *r = recorder((oc_recorder_options){.bytes_max = 1 << 30, .queue_frames = 1});
    oc_recorder_stats stats;
    (void)state;
    put_frame(r, 0, 50);
    pthread_mutex_lock(&disk); /* one may be on its way to it, one waits, the others find no room */
    for (uint64_t i = 1; i < 40; i++)
        put_frame(r, i, 50);
    pthread_mutex_unlock(&disk);
    oc_recorder_close(r);
    oc_recorder_stats_get(r, &stats);
    oc_recorder_destroy(r);
    seen s = look();
    assert_true(stats.frames <= 3 && stats.frames >= 1);
    assert_true(stats.lost >= 40 - stats.frames);
    assert_int_equal(s.frames, stats.frames);
    assert_true(s.holes >= 1 || s.last < 39);
    assert_false(s.broken);
}

/* An incident that found no room is none: the next one need not wait for ten minutes. */
static void an_incident_without_room_may_come_again(void **state)
{
    oc_recorder      *r = recorder((oc_recorder_options){.bytes_max = 1 << 30});
    oc_recorder_stats stats;
    (void)state;
    put_frame(r, 0, 50);
    pthread_mutex_lock(&disk);
    while (oc_recorder_put(r, OC_BLOCK_NOTE, "x", 1)) {}
    assert_false(oc_recorder_incident(r, "no room"));
    pthread_mutex_unlock(&disk);
    bool kept = false;
    for (int i = 0; i < 5000 && !kept; i++) {
        usleep(1000);
        kept = oc_recorder_incident(r, "room");
    }
    assert_true(kept);
    oc_recorder_close(r);
    oc_recorder_stats_get(r, &stats);
    oc_recorder_destroy(r);
    assert_int_equal(stats.incidents, 1);
}

/* A wall clock that is put right by a day, on and back: no segment is too old or begun too long ago. */
static void a_clock_put_right_changes_nothing(void **state)
{
    oc_recorder *r = recorder((oc_recorder_options){
        .bytes_max = 100 << 20, .seconds_max = 3600, .segment_seconds = 600, .wait = true});
    (void)state;
    for (uint64_t i = 0; i < 30; i++) {
        put_on(&wall_ahead_s, i == 10 ? 86400 : i == 20 ? -2 * 86400 : 0);
        put_frame(r, i, 32);
    }
    put_on(&wall_ahead_s, 86400);
    oc_recorder_destroy(r);
    seen s = look();
    assert_true(s.first == 0 && s.last == 29 && s.frames == 30 && !s.holes);
    assert_int_equal(s.segments, 1);
    r = recorder((oc_recorder_options){
        .bytes_max = 100 << 20, .seconds_max = 3600, .segment_seconds = 600, .wait = true});
    uint64_t i = 30;
    for (uint64_t segments = 1; segments <= 3; segments++) {
        oc_recorder_stats stats;
        do {
            put_frame(r, i++, 32);
            oc_recorder_stats_get(r, &stats);
        } while (stats.segments < segments && i < 5000);
        assert_int_equal(stats.segments, segments);
        put_on(&steady_ahead_s, 7200);
    }
    oc_recorder_destroy(r);
    put_on(&steady_ahead_s, -3 * 7200);
    assert_true(look().first >= 30); /* those of the run before are two hours old, and go */
}

static void runs_follow_one_another(void **state)
{
    oc_error     err = {0};
    oc_recorder *r = recorder((oc_recorder_options){.wait = true}), *second;
    (void)state;
    const oc_recorder_options same = {.folder = folder};
    assert_int_equal(oc_recorder_create(&same, &second, &err), OC_BUSY);
    assert_non_null(strstr(err.message, "another program"));
    put_frame(r, 0, 16);
    oc_recorder_destroy(r);
    r = recorder((oc_recorder_options){.wait = true});
    put_frame(r, 1, 16);
    oc_recorder_destroy(r);
    seen s = look();
    assert_true(s.segments == 2 && s.frames == 2 && s.last == 1);
    const oc_recorder_options tiny = {.folder = folder, .bytes_max = 1000};
    assert_int_equal(oc_recorder_create(&tiny, &second, &err), OC_INVALID);
    const oc_recorder_options nowhere = {.folder = "/dev/null/x"};
    assert_int_equal(oc_recorder_create(&nowhere, &second, &err), OC_IO);
}

/* No file may grow beyond some bytes: what is written then fails as on a full disk. */
static void a_full_disk_is_told_and_survived(void **state)
{
    struct rlimit     was, small;
    oc_recorder_stats stats;
    (void)state;
    signal(SIGXFSZ, SIG_IGN);
    oc_recorder *r = recorder((oc_recorder_options){.bytes_max = 100 << 20, .wait = true});
    getrlimit(RLIMIT_FSIZE, &was);
    small = was;
    small.rlim_cur = 50000;
    setrlimit(RLIMIT_FSIZE, &small);
    for (uint64_t i = 0; i < 50; i++)
        put_frame(r, i, 64);
    oc_recorder_close(r);
    setrlimit(RLIMIT_FSIZE, &was);
    oc_recorder_stats_get(r, &stats);
    oc_recorder_destroy(r);
    assert_non_null(strstr(complaint, "cannot be written"));
    assert_true(stats.lost > 0 && stats.frames >= 5 && stats.frames < 50);
    seen s = look(); /* what came before is whole */
    assert_int_equal(s.frames, stats.frames);
    assert_false(s.broken);
}

/* Twice full within minutes: told twice, when it went well in between. */
static void a_second_trouble_is_told_too(void **state)
{
    oc_recorder *r = recorder((oc_recorder_options){.bytes_max = 100 << 20, .wait = true});
    uint64_t     i = 0;
    (void)state;
    for (int turn = 0; turn < 2; turn++) {
        oc_recorder_stats before, now;
        pthread_mutex_lock(&disk);
        disk_full = true;
        *complaint = '\0';
        pthread_mutex_unlock(&disk);
        oc_recorder_stats_get(r, &before);
        do {
            put_frame(r, i++, 32);
            oc_recorder_stats_get(r, &now);
        } while (now.lost == before.lost);
        pthread_mutex_lock(&disk);
        disk_full = false;
        pthread_mutex_unlock(&disk);
        put_on(&steady_ahead_s, 120); /* it is tried again after five seconds */
        do {
            put_frame(r, i++, 32);
            oc_recorder_stats_get(r, &now);
        } while (now.frames == before.frames && i < 5000);
        assert_true(now.frames > before.frames);
        assert_non_null(strstr(complaint, "cannot be written"));
    }
    put_on(&steady_ahead_s, -240);
    oc_recorder_destroy(r);
}

static void a_lower_limit_is_held(void **state)
{
    oc_recorder *r = recorder((oc_recorder_options){.bytes_max = 4 << 20, .wait = true});
    (void)state;
    for (uint64_t i = 0; i < 400; i++)
        put_frame(r, i, 64);
    assert_true(bytes_in_folder() > 1000000);
    oc_recorder_limit(r, 400000);
    for (uint64_t i = 400; i < 500; i++)
        put_frame(r, i, 64);
    oc_recorder_destroy(r);
    seen s = look();
    assert_true(bytes_in_folder() <= 400000);
    assert_true(s.last == 499 && !s.broken);
}

static char told_folder[OC_RING_PATH], told_reason[128];

static void on_incident(void *ctx, const char *path, const char *reason)
{
    (void)ctx;
    snprintf(told_folder, sizeof(told_folder), "%s", path);
    snprintf(told_reason, sizeof(told_reason), "%s", reason);
}

static void an_incident_keeps_the_ring(void **state)
{
    oc_recorder *r = recorder((oc_recorder_options){
        .bytes_max = 200000, .wait = true, .incident_after_s = 1e-6, .incident = on_incident});
    (void)state;
    for (uint64_t i = 0; i < 50; i++)
        put_frame(r, i, 64);
    assert_true(oc_recorder_incident(r, "too late"));
    assert_false(oc_recorder_incident(r, "again")); /* ten minutes have not passed */
    oc_recorder_stats stats;
    uint64_t          i = 50;
    do { /* it is kept with the next segment */
        put_frame(r, i++, 64);
        oc_recorder_stats_get(r, &stats);
    } while (!stats.incidents && i < 5000);
    assert_int_equal(stats.incidents, 1);
    for (uint64_t end = i + 100; i < end; i++)
        put_frame(r, i, 64);
    oc_recorder_destroy(r);
    assert_string_equal(told_reason, "too late");
    assert_int_equal(look().last, i - 1);
    assert_non_null(strstr(told_folder, "/incident-"));
    oc_ring_segment *list;
    size_t           n;
    assert_int_equal(oc_ring_list(told_folder, &list, &n, NULL), OC_OK);
    assert_true(n >= 1); /* though the ring has gone on and removed its own names of them */
    free(list);
}

/* Twelve within a second and three are kept: the last ones, not the first ones of the alphabet. */
static void the_newest_incidents_stay(void **state)
{
    oc_ring  ring;
    oc_error err = {0};
    char     path[OC_RING_PATH], last[3][OC_RING_PATH];
    (void)state;
    assert_int_equal(oc_ring_open(&ring, folder, 1 << 20, 0, &err), OC_OK);
    for (int i = 0; i < 12; i++) {
        assert_int_equal(oc_ring_incident(&ring, 1.0e9 + 3661, 12, path, &err), OC_OK);
        snprintf(last[i % 3], sizeof(last[0]), "%s", path);
    }
    assert_int_equal(oc_ring_incident(&ring, 1.0e9 + 7322, 4, path, &err), OC_OK);
    for (int i = 0; i < 3; i++)
        assert_int_equal(access(last[i], F_OK), 0);
    assert_int_equal(access(path, F_OK), 0);
    oc_ring_close(&ring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_ring_has_its_bound, fresh_folder, remove_folder),
        cmocka_unit_test_setup_teardown(another_info_loses_nothing, fresh_folder, remove_folder),
        cmocka_unit_test_setup_teardown(old_segments_go_by_time, fresh_folder, remove_folder),
        cmocka_unit_test_setup_teardown(what_finds_no_room_is_counted_and_marked, fresh_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(runs_follow_one_another, fresh_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_full_disk_is_told_and_survived, fresh_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(an_incident_keeps_the_ring, fresh_folder, remove_folder),
        cmocka_unit_test_setup_teardown(an_incident_without_room_may_come_again, fresh_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(a_clock_put_right_changes_nothing, fresh_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(a_second_trouble_is_told_too, fresh_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_lower_limit_is_held, fresh_folder, remove_folder),
        cmocka_unit_test_setup_teardown(the_newest_incidents_stay, fresh_folder, remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
