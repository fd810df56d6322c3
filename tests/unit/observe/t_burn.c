/* Windows against a plain count of all events, alerts over simulated months, files with faults,
 * clocks that jump. */
#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "observe/burn_file.h"
#include "observe/objectives.h"

#define MONTH_S (30.0 * 86400)

static uint32_t seed = 3;
static uint32_t next(void)
{
    seed = seed * 1664525u + 1013904223u;
    return seed >> 8;
}

static void windows_count_right(void **state)
{
    (void)state;
    enum { MINUTES = 60000 };
    static uint32_t good[MINUTES], bad[MINUTES];
    static oc_burn  b;
    memset(&b, 0, sizeof(b));
    for (int at = 0; at < MINUTES; at++) {
        if (next() % 50 == 0)
            at += (int)(next() % 700); /* nothing happens for a while */
        if (at >= MINUTES)
            break;
        good[at] = next() % 600;
        bad[at] = next() % 3;
        oc_burn_advance(&b, MONTH_S, at * 60.0 + 17);
        oc_burn_add(&b, good[at], bad[at]);
        if (next() % 100)
            continue;
        for (int w = 0; w < OC_BURN_WINDOWS; w++) {
            int n = (int)oc_burn_windows[w], from = at - n;
            if (n >= OC_BURN_FINE) /* whole coarse slots */
                from = (at / OC_BURN_EACH - n / OC_BURN_EACH) * OC_BURN_EACH;
            uint64_t g = 0, d = 0;
            for (int i = from < 0 ? 0 : from; i <= at; i++) {
                g += good[i];
                d += bad[i];
            }
            oc_burn_sum sum = oc_burn_over(&b, oc_burn_windows[w]);
            assert_int_equal(sum.good, g);
            assert_int_equal(sum.bad, d);
        }
    }
}

typedef struct outcome {
    double first_min[OC_BURN_PAIRS], last_min[OC_BURN_PAIRS]; /* when an alert held; -1 = never */
} outcome;

/* 600 events a minute of which `part` fail from minute `from` to `to`, for `minutes`. */
static outcome simulate(int minutes, int from, int to, double part, double target)
{
    static oc_burn b;
    outcome        o;
    memset(&b, 0, sizeof(b));
    for (int i = 0; i < OC_BURN_PAIRS; i++)
        o.first_min[i] = o.last_min[i] = -1;
    for (int at = 0; at < minutes; at++) {
        uint64_t bad = at >= from && at < to ? (uint64_t)(600 * part) : 0;
        oc_burn_advance(&b, MONTH_S, at * 60.0);
        oc_burn_add(&b, 600 - bad, bad);
        for (int i = 0; i < OC_BURN_PAIRS; i++) {
            double rate;
            if (!oc_burn_alert(&b, &oc_burn_pairs[i], target, &rate))
                continue;
            if (o.first_min[i] < 0)
                o.first_min[i] = at;
            o.last_min[i] = at;
        }
    }
    return o;
}

/* The workbook's table: how soon each pair calls, and that it stops soon after. */
static void alerts_as_the_workbook_says(void **state)
{
    (void)state;
    const int day = 1440, start = 10 * day;
    outcome   o = simulate(30 * day, -1, -1, 0, 0.99);
    for (int i = 0; i < OC_BURN_PAIRS; i++)
        assert_true(o.first_min[i] < 0); /* all is well: quiet */

    o = simulate(14 * day, start, start + 120, 1.0, 0.99); /* nothing works for two hours */
    /* burns 100 times too fast: 14.4 / 100 of an hour */
    assert_true(o.first_min[0] >= start + 7 && o.first_min[0] <= start + 11);
    assert_true(o.first_min[1] >= start + 20 && o.first_min[1] <= start + 24);
    assert_true(o.last_min[0] >= start + 119 && o.last_min[0] <= start + 126);

    o = simulate(14 * day, start, 14 * day, 0.10, 0.99); /* 10 times too fast */
    assert_true(o.first_min[0] < 0);
    assert_true(o.first_min[1] > start + 200 && o.first_min[1] < start + 235);

    o = simulate(20 * day, start, 20 * day, 0.015, 0.99); /* 1.5 times */
    assert_true(o.first_min[0] < 0 && o.first_min[1] < 0 && o.first_min[2] < 0);
    assert_true(o.first_min[3] > start + 1.9 * day && o.first_min[3] < start + 2.2 * day);

    o = simulate(20 * day, start, 20 * day, 0.008, 0.99); /* within the budget */
    for (int i = 0; i < OC_BURN_PAIRS; i++)
        assert_true(o.first_min[i] < 0);

    o = simulate(60, 0, 2, 1.0, 0.99); /* two bad minutes at a start, then all is well */
    assert_true(o.first_min[0] < 0 || o.first_min[0] >= 5);
}

static void periods_scale(void **state)
{
    (void)state;
    char name[16];
    oc_burn_window_name(MONTH_S, 5, name, sizeof(name));
    assert_string_equal(name, "5m");
    oc_burn_window_name(MONTH_S, 4320, name, sizeof(name));
    assert_string_equal(name, "3d");
    oc_burn_window_name(86400, 5, name, sizeof(name));
    assert_string_equal(name, "10s");
    oc_burn_window_name(7 * 86400, 60, name, sizeof(name));
    assert_string_equal(name, "14m");
    oc_burn_window_name(90 * 86400, 360, name, sizeof(name));
    assert_string_equal(name, "18h");
}

static void time_that_goes_wrong(void **state)
{
    (void)state;
    static oc_burn b;
    memset(&b, 0, sizeof(b));
    oc_burn_advance(&b, MONTH_S, 1e6);
    oc_burn_add(&b, 90, 10);
    oc_burn_advance(&b, MONTH_S, 5e5); /* back: nothing is lost, nothing moves */
    oc_burn_advance(&b, MONTH_S, NAN);
    oc_burn_advance(&b, MONTH_S, -1);
    oc_burn_advance(&b, MONTH_S, 1e300);
    assert_int_equal(oc_burn_over(&b, 60).bad, 10);
    oc_burn_advance(&b, MONTH_S, 1e6 + 40 * 86400.0); /* all is forgotten */
    assert_int_equal(oc_burn_over(&b, OC_BURN_PERIOD).bad, 0);
    oc_burn_add(&b, UINT64_MAX, 1);
    oc_burn_add(&b, 1, 1);
    assert_int_equal(oc_burn_over(&b, 5).good, UINT32_MAX);
}

static void clocks(void **state)
{
    (void)state;
    const oc_burn_clock then = {.boot = "a", .boot_s = 1000, .unix_s = 1.8e9};
    oc_burn_clock       now = {.boot = "a", .boot_s = 1060, .unix_s = 1.8e9 + 1e7};
    assert_true(oc_burn_clock_passed(&then, &now) == 60); /* the same boot: the wall is not asked */
    now = (oc_burn_clock){.boot = "b", .boot_s = 30, .unix_s = 1.8e9 + 600};
    assert_true(oc_burn_clock_passed(&then, &now) == 600);
    now.unix_s = 1.8e9 - 600; /* it was set back meanwhile */
    assert_true(oc_burn_clock_passed(&then, &now) == 0);
    now.unix_s = 20; /* no battery: 1970 */
    assert_true(oc_burn_clock_passed(&then, &now) == 0);
    assert_true(oc_burn_clock_passed(&now, &then) == 0);
}

/* ---- files ---- */

static char folder[] = "/tmp/t_burn.XXXXXX", path[64];

static int make_folder(void **state)
{
    (void)state;
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof(path), "%s/windows.bin", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof(command), "rm -rf '%s'", folder);
    return system(command);
}

static void fill(oc_burn_entry *e, size_t n)
{
    memset(e, 0, n * sizeof(*e));
    for (size_t i = 0; i < n; i++) {
        e[i].key = oc_burn_key("door", i ? "completed" : "latency_p99", MONTH_S);
        e[i].time_s = 5e6;
        oc_burn_advance(&e[i].burn, MONTH_S, 5e6);
        oc_burn_add(&e[i].burn, 1000 + i, 7);
    }
}

static void files_come_back(void **state)
{
    (void)state;
    static oc_burn_entry e[2];
    oc_burn_entry       *got = NULL;
    oc_burn_clock        clock = {.boot = "x", .boot_s = 5, .unix_s = 1.8e9}, read_clock;
    size_t               n = 9, bytes = 0;
    oc_error             err = {0};
    assert_int_equal(oc_burn_file_read(path, &read_clock, &got, &n, &err), OC_OK);
    assert_int_equal(n, 0); /* there is none yet */
    fill(e, 2);
    assert_int_equal(oc_burn_file_write(path, &clock, e, 2, &bytes, &err), OC_OK);
    assert_true(bytes < 40000);
    assert_int_equal(oc_burn_file_read(path, &read_clock, &got, &n, &err), OC_OK);
    assert_int_equal(n, 2);
    assert_memory_equal(got, e, sizeof(e));
    assert_string_equal(read_clock.boot, "x");
    free(got);
}

static void damage_is_seen(void **state)
{
    (void)state;
    static oc_burn_entry e[1];
    oc_burn_entry       *got = NULL;
    oc_burn_clock        clock = {.boot = "x"}, read_clock;
    size_t               n, bytes = 0;
    oc_error             err = {0};
    fill(e, 1);
    assert_int_equal(oc_burn_file_write(path, &clock, e, 1, &bytes, &err), OC_OK);
    unsigned char *whole = malloc(bytes);
    FILE          *f = fopen(path, "rb");
    assert_true(f && whole && fread(whole, 1, bytes, f) == bytes);
    fclose(f);
    for (size_t i = 0; i < 400; i++) { /* a byte changed, or the end missing */
        size_t at = i < 80 ? i : next() % bytes, length = i % 2 ? bytes : at;
        whole[at] ^= 0x40;
        f = fopen(path, "wb");
        assert_true(f && fwrite(whole, 1, length, f) == length);
        fclose(f);
        whole[at] ^= 0x40;
        oc_status st = oc_burn_file_read(path, &read_clock, &got, &n, &err);
        if (st != OC_FORMAT && st != OC_UNSUPPORTED)
            fail_msg("byte %zu, length %zu: taken", at, length);
        assert_null(got);
        assert_true(strstr(err.message, path) != NULL);
    }
    free(whole);
    assert_int_equal(oc_burn_file_write("/dev/full/no/such", &clock, e, 1, &bytes, &err), OC_IO);
    assert_int_equal(oc_burn_file_write("/proc/version", &clock, e, 1, &bytes, &err), OC_IO);
}

/* ---- all of it: an observer fed by hand ---- */

typedef struct told {
    size_t   firing, over, troubles;
    char     trouble[512];
    oc_alert last;
} told;

static void on_alert(void *ctx, const oc_alert *a)
{
    told *t = ctx;
    t->firing += a->firing;
    t->over += !a->firing;
    t->last = *a;
}

static void on_trouble(void *ctx, const oc_error *err)
{
    told *t = ctx;
    t->troubles++;
    snprintf(t->trouble, sizeof(t->trouble), "%s", err->message);
}

typedef struct rig {
    oc_metrics        *metrics;
    oc_objectives     *all;
    const oc_observer *hooks;
    void              *stream;
    oc_pipeline_config config;
    told               told;
} rig;

static void rig_up(rig *r, const char *line)
{
    oc_error err = {0};
    memset(r, 0, sizeof(*r));
    assert_int_equal(oc_metrics_create(&r->metrics, &err), OC_OK);
    const oc_objectives_options o = {.metrics = r->metrics,
                                     .file = path,
                                     .alert = on_alert,
                                     .trouble = on_trouble,
                                     .ctx = &r->told};
    assert_int_equal(oc_objectives_create(&o, &r->all, &err), OC_OK);
    r->config.n_objectives = 1;
    r->config.detect.every = 1;
    assert_int_equal(oc_objective_parse(line, &r->config.objective[0], &err), OC_OK);
    const oc_observed_stream info = {.name = "door", .config = &r->config, .fps = 10};
    r->hooks = oc_objectives_observer(r->all);
    assert_int_equal(r->hooks->opened(r->hooks->ctx, &info, &r->stream, &err), OC_OK);
}

static void rig_down(rig *r)
{
    r->hooks->closed(r->stream, NULL);
    oc_objectives_destroy(r->all);
    oc_metrics_destroy(r->metrics);
}

static void frames(rig *r, int n, uint64_t latency_ns)
{
    const oc_observed_frame f = {.captured_ns = 1000, .end_ns = 1000 + latency_ns};
    for (int i = 0; i < n; i++)
        r->hooks->completed(r->stream, &f);
}

static void alerts_begin_and_end(void **state)
{
    (void)state;
    rig           r;
    oc_burn_clock now;
    unlink(path);
    rig_up(&r, "latency_p99 < 150 ms");
    oc_burn_clock_now(&now);
    for (int minute = 0; minute < 240; minute++) {
        frames(&r, 600, minute >= 60 && minute < 120 ? 200000000 : 100000000);
        now.boot_s += 60;
        now.unix_s += minute == 90 ? 60 - 5000000 : 60; /* the wall clock jumps: nobody minds */
        oc_objectives_tick(r.all, &now);
        if (minute == 59)
            assert_int_equal(r.told.firing, 0);
    }
    assert_true(r.told.firing >= 2 && r.told.firing == r.told.over); /* one page each, and over */
    assert_string_equal(r.told.last.objective, "latency_p99");
    const char *const back[] = {"back"}, *const bad[] = {"door", "latency_p99", "bad"};
    assert_int_equal(oc_series_count(oc_metrics_series(r.metrics, OC_M_CLOCK_JUMPS, back)), 1);
    assert_int_equal(oc_series_count(oc_metrics_series(r.metrics, OC_M_OBJECTIVE_EVENTS, bad)),
                     36000);
    assert_true(oc_series_count(oc_metrics_series(r.metrics, OC_M_STATE_WRITTEN, NULL)) > 0);
    /* every five minutes, not more: flash wears */
    assert_true(oc_series_count(oc_metrics_series(r.metrics, OC_M_STATE_WRITTEN, NULL)) <
                50 * 15000);
    rig_down(&r);
}

static void a_restart_forgets_nothing(void **state)
{
    (void)state;
    rig           r;
    oc_burn_clock now;
    unlink(path);
    rig_up(&r, "completed >= 99 %");
    oc_burn_clock_now(&now);
    frames(&r, 900, 0);
    for (int i = 0; i < 100; i++)
        r.hooks->dropped(r.stream, NULL, OC_DROP_NEWEST_WINS);
    r.hooks->dropped(r.stream, NULL, OC_DROP_STOPPED); /* counts for nothing */
    oc_objectives_tick(r.all, &now);
    rig_down(&r);
    rig_up(&r, "completed >= 99 %");
    oc_objectives_tick(r.all, &now);
    const char *const v[] = {"door", "completed", "1h"};
    double            rate = oc_series_value(oc_metrics_series(r.metrics, OC_M_OBJECTIVE_BURN, v));
    assert_true(fabs(rate - 10.0) < 1e-6);
    assert_int_equal(r.told.troubles, 0);
    rig_down(&r);
    rig_up(&r, "completed >= 99 % over 7 d"); /* another objective: starts anew */
    oc_objectives_tick(r.all, &now);
    const char *const w[] = {"door", "completed", "14m"};
    assert_true(oc_series_value(oc_metrics_series(r.metrics, OC_M_OBJECTIVE_BURN, w)) == 0.0);
    rig_down(&r);
    rig_up(&r, "completed >= 99 %"); /* the first is still known */
    oc_objectives_tick(r.all, &now);
    rate = oc_series_value(oc_metrics_series(r.metrics, OC_M_OBJECTIVE_BURN, v));
    assert_true(fabs(rate - 10.0) < 1e-6);
    rig_down(&r);
}

static void put_file(const char *text, size_t n)
{
    FILE *f = fopen(path, "wb");
    assert_true(f && fwrite(text, 1, n, f) == n);
    fclose(f);
}

static void bad_files_end_nothing(void **state)
{
    (void)state;
    rig  r;
    char aside[80];
    put_file("nonsense", 8);
    rig_up(&r, "completed >= 99 %");
    assert_int_equal(r.told.troubles, 1);
    assert_non_null(strstr(r.told.trouble, "cut short"));
    snprintf(aside, sizeof(aside), "%s.bad", path);
    assert_int_equal(access(aside, F_OK), 0);
    rig_down(&r);
    assert_int_equal(access(path, F_OK), 0); /* kept anew */

    int fd = open(path, O_WRONLY); /* of a later version: left alone */
    assert_int_equal(pwrite(fd, "\x63", 1, 8), 1);
    close(fd);
    rig_up(&r, "completed >= 99 %");
    assert_int_equal(r.told.troubles, 1);
    assert_non_null(strstr(r.told.trouble, "version 99"));
    rig_down(&r);
    char now[16];
    fd = open(path, O_RDONLY);
    assert_true(read(fd, now, sizeof(now)) == 16 && now[8] == 0x63);
    close(fd);

    unlink(path); /* a disk that takes nothing */
    rig_up(&r, "completed >= 99 %");
    assert_int_equal(mkdir(path, 0700), 0);
    oc_burn_clock clock;
    oc_burn_clock_now(&clock);
    clock.boot_s += 1000;
    oc_objectives_tick(r.all, &clock);
    assert_int_equal(r.told.troubles, 1);
    assert_int_equal(oc_series_count(oc_metrics_series(r.metrics, OC_M_STATE_FAILED, NULL)), 1);
    rig_down(&r);
    rmdir(path);
}

static void a_dead_detector_is_seen(void **state)
{
    (void)state;
    rig           r;
    oc_burn_clock now;
    unlink(path);
    rig_up(&r, "detector_alive >= 99 %");
    oc_burn_clock_now(&now);
    for (int i = 0; i < 100; i++) {
        now.boot_s += 5;
        r.hooks->stage(r.stream, 0, OC_STAGE_DETECT, 0, oc_now_ns());
        oc_objectives_tick(r.all, &now);
    }
    assert_int_equal(r.told.firing, 0);
    r.hooks->stage(r.stream, 0, OC_STAGE_DETECT, 0, 1); /* ran last long ago */
    for (int i = 0; i < 200; i++) {
        now.boot_s += 5;
        oc_objectives_tick(r.all, &now);
    }
    assert_true(r.told.firing >= 1);
    assert_string_equal(r.told.last.objective, "detector_alive");
    rig_down(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(windows_count_right),
        cmocka_unit_test(alerts_as_the_workbook_says),
        cmocka_unit_test(periods_scale),
        cmocka_unit_test(time_that_goes_wrong),
        cmocka_unit_test(clocks),
        cmocka_unit_test(files_come_back),
        cmocka_unit_test(damage_is_seen),
        cmocka_unit_test(alerts_begin_and_end),
        cmocka_unit_test(a_restart_forgets_nothing),
        cmocka_unit_test(bad_files_end_nothing),
        cmocka_unit_test(a_dead_detector_is_seen),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
