/* Those who watch must not be fooled, must not make a stream wait, and must forget what has gone. */
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

#include "observe/exposition.h"
#include "observe/gzip.h"
#include "observe/listen.h"
#include "observe/logging.h"
#include "observe/streams.h"
#include "observe/teller.h"

static oc_error err;

typedef struct rig {
    oc_metrics        *metrics;
    oc_streams        *streams;
    const oc_observer *hooks;
    oc_pipeline_config config;
    const char        *networks[2];
    oc_observed_stream info;
} rig;

static void rig_up(rig *r)
{
    memset(r, 0, sizeof(*r));
    assert_int_equal(oc_metrics_create(&r->metrics, &err), OC_OK);
    assert_int_equal(oc_streams_create(r->metrics, 0, 0.001, &r->streams, &err), OC_OK);
    r->hooks = oc_streams_observer(r->streams);
    r->networks[0] = r->config.detect.network = "centernet";
    r->networks[1] = "retail-0287";
    r->config.detect.every = 1;
    r->info = (oc_observed_stream){.name = "door",
                                   .source = "cam",
                                   .config = &r->config,
                                   .fps = 10,
                                   .networks = r->networks,
                                   .n_networks = 2};
}

static void rig_down(rig *r)
{
    oc_streams_destroy(r->streams);
    oc_metrics_destroy(r->metrics);
}

static void wait_ms(long ms)
{
    nanosleep(&(struct timespec){.tv_nsec = ms * 1000000}, NULL);
}

/* A camera that goes on while the work on a frame hangs: its frames are dropped one after the other. */
static void drops_do_not_hide_a_hang(void **state)
{
    rig               r;
    void             *s;
    const oc_decision decision = {0};
    const oc_frame    first = {.index = 1}, second = {.index = 2};
    (void)state;
    rig_up(&r);
    assert_int_equal(r.hooks->opened(r.hooks->ctx, &r.info, &s, &err), OC_OK);
    r.hooks->begun(s, &first, &decision);
    r.hooks->dropped(s, &second, OC_DROP_NEWEST_WINS);
    wait_ms(5);
    assert_false(oc_streams_live(r.streams, NULL));
    r.hooks->dropped(s, &first, OC_DROP_DEADLINE); /* that one itself: it is over */
    assert_true(oc_streams_live(r.streams, NULL));
    r.hooks->closed(s, NULL);
    rig_down(&r);
}

static uint64_t runs_of(rig *r, const char *network)
{
    const char *const v[] = {"door", network};
    return oc_histogram_count(
        oc_series_histogram(oc_metrics_series(r->metrics, OC_M_NETWORK_DURATION, v)));
}

static void every_network_is_timed(void **state)
{
    rig   r;
    void *s;
    (void)state;
    rig_up(&r);
    assert_int_equal(r.hooks->opened(r.hooks->ctx, &r.info, &s, &err), OC_OK);
    r.hooks->ran(s, "centernet", 1000000);
    for (int i = 0; i < 3; i++)
        r.hooks->ran(s, "retail-0287", 2000000);
    r.hooks->ran(s, "nobody", 1);
    assert_int_equal(runs_of(&r, "centernet"), 1);
    assert_int_equal(runs_of(&r, "retail-0287"), 3);
    r.networks[1] = "retail-0288"; /* the configuration is exchanged */
    r.hooks->configured(s, &r.config);
    r.hooks->ran(s, "retail-0287", 1);
    r.hooks->ran(s, "retail-0288", 1);
    assert_int_equal(runs_of(&r, "retail-0287"), 3);
    assert_int_equal(runs_of(&r, "retail-0288"), 1);
    r.hooks->closed(s, NULL);
    rig_down(&r);
}

/* ---- more streams, one after the other, than are watched at once ---- */

static void forget(void *ctx, const char *stream)
{
    oc_objectives_forget(ctx, stream);
}

static double burn_of(rig *r, const char *stream)
{
    const char *const v[] = {stream, "completed", "1h"};
    return oc_series_value(oc_metrics_series(r->metrics, OC_M_OBJECTIVE_BURN, v));
}

static void open_both(rig *r, oc_objectives *o, const char *name, void *s[2])
{
    const oc_observer *of = oc_objectives_observer(o);
    r->info.name = name;
    if (r->hooks->opened(r->hooks->ctx, &r->info, &s[0], &err) != OC_OK ||
        of->opened(of->ctx, &r->info, &s[1], &err) != OC_OK)
        fail_msg("%s: %s", name, err.message);
}

static void close_both(rig *r, oc_objectives *o, void *const s[2])
{
    r->hooks->closed(s[0], NULL);
    oc_objectives_observer(o)->closed(s[1], NULL);
}

static void streams_that_go_leave_their_windows(void **state)
{
    rig            r;
    oc_objectives *o;
    oc_burn_clock  now;
    void          *s[2];
    char           name[32];
    (void)state;
    rig_up(&r);
    const oc_objectives_options options = {.metrics = r.metrics};
    assert_int_equal(oc_objectives_create(&options, &o, &err), OC_OK);
    oc_streams_on_forget(r.streams, forget, o);
    r.config.n_objectives = 1;
    assert_int_equal(oc_objective_parse("completed >= 99 %", &r.config.objective[0], &err), OC_OK);
    oc_burn_clock_now(&now);
    for (int i = 0; i < 3 * OC_STREAMS_MAX; i++) {
        snprintf(name, sizeof(name), "cart%d", i);
        open_both(&r, o, name, s);
        for (int k = 0; k < 20; k++) /* half of all: fifty times too fast */
            oc_objectives_observer(o)->dropped(s[1], NULL, OC_DROP_NEWEST_WINS);
        const oc_observed_frame f = {.captured_ns = 1, .end_ns = 2};
        for (int k = 0; k < 20; k++)
            oc_objectives_observer(o)->completed(s[1], &f);
        close_both(&r, o, s);
        oc_objectives_tick(o, &now); /* looks at closed ones, too */
    }
    assert_true(burn_of(&r, name) > 49);
    open_both(&r, o, "cart0", s); /* long gone; its windows are not */
    oc_objectives_tick(o, &now);
    assert_true(burn_of(&r, "cart0") > 49);
    close_both(&r, o, s);

    /* the same stream with one objective more: the windows of the old one go on */
    r.config.n_objectives = 2;
    assert_int_equal(oc_objective_parse("detector_alive", &r.config.objective[1], &err), OC_OK);
    for (int i = 0; i < 2 * OC_STREAMS_MAX; i++) {
        r.config.n_objectives = (size_t)(1 + i % 2);
        open_both(&r, o, "cart0", s);
        close_both(&r, o, s);
    }
    oc_objectives_tick(o, &now);
    assert_true(burn_of(&r, "cart0") > 49 && burn_of(&r, "cart0") < 51);
    oc_objectives_destroy(o);
    rig_down(&r);
}

/* ---- alerts ---- */

typedef struct slow {
    pthread_mutex_t gate;
    atomic_int      entered;
    int             told;
    char            last[64], line[64];
} slow;

static void tell_slowly(void *ctx, const oc_alert *a, const char *line, size_t n)
{
    slow *s = ctx;
    atomic_fetch_add(&s->entered, 1);
    pthread_mutex_lock(&s->gate);
    s->told++;
    snprintf(s->last, sizeof(s->last), "%s %s %s %s", a->stream, a->objective, a->severity,
             a->window);
    snprintf(s->line, sizeof(s->line), "%.*s", (int)n, line);
    pthread_mutex_unlock(&s->gate);
}

static void telling_keeps_nobody(void **state)
{
    slow        s = {.gate = PTHREAD_MUTEX_INITIALIZER};
    oc_metrics *m;
    oc_teller  *t;
    char        name[16];
    (void)state;
    assert_int_equal(oc_metrics_create(&m, &err), OC_OK);
    assert_int_equal(oc_teller_create(m, tell_slowly, &s, &t, &err), OC_OK);
    const oc_alert a = {
        .stream = name, .objective = "completed", .severity = "page", .window = "1h"};
    pthread_mutex_lock(&s.gate); /* a disk that hangs */
    for (int i = 0; i < 70; i++) {
        snprintf(name, sizeof(name), "cart%d", i);
        oc_teller_put(t, &a, "{}\n", 3);
        while (i == 0 && !atomic_load(&s.entered))
            wait_ms(1); /* that one is out of the queue */
    }
    assert_int_equal(oc_series_count(oc_metrics_series(m, OC_M_ALERTS_LOST, NULL)), 5);
    pthread_mutex_unlock(&s.gate);
    oc_teller_destroy(t); /* tells what waits */
    assert_int_equal(s.told, 65);
    assert_string_equal(s.last, "cart64 completed page 1h");
    assert_string_equal(s.line, "{}\n");
    oc_metrics_destroy(m);
}

/* ---- log lines ---- */

static void a_log_that_nobody_reads_loses_lines(void **state)
{
    int         ends[2];
    char        text[1 << 17];
    oc_logging *l;
    (void)state;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(oc_logging_create(ends[1], true, &l, &err), OC_OK);
    for (int i = 0; i < 5000; i++) /* far more than a pipe holds */
        oc_logging_line(l, OC_LOG_INFO, "door", i, NULL, "hello");
    const uint64_t lost = oc_logging_lost(l);
    assert_true(lost > 0 && lost < 5000);
    assert_int_equal(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
    size_t  lines = 0;
    ssize_t n;
    while ((n = read(ends[0], text, sizeof(text))) > 0)
        for (ssize_t i = 0; i < n; i++)
            lines += text[i] == '\n';
    assert_int_equal(lines, 5000 - lost);
    oc_logging_line(l, OC_LOG_INFO, "door", 5000, NULL, "there again");
    n = read(ends[0], text, sizeof(text) - 1);
    assert_true(n > 0);
    text[n] = '\0';
    char want[64];
    snprintf(want, sizeof(want), "\"%llu lines were lost", (unsigned long long)lost);
    assert_non_null(strstr(text, want));
    assert_non_null(strstr(text, "there again"));

    /* a message of nothing but control characters is cut, not left out */
    char odd[1001];
    memset(odd, 1, sizeof(odd) - 1);
    odd[sizeof(odd) - 1] = '\0';
    oc_logging_line(l, OC_LOG_ERROR, "door", 1, "m", odd);
    n = read(ends[0], text, sizeof(text) - 1);
    assert_true(n > 0 && text[n - 1] == '\n');
    oc_logging_destroy(l);
    close(ends[0]);
    close(ends[1]);
}

/* ---- small forms ---- */

static void gzip_comes_back(void **state)
{
    oc_strbuf text = {0}, copy = {0};
    (void)state;
    for (int i = 0; i < 5000; i++)
        oc_strbuf_printf(&text, "ocellus_frames_total{stream=\"cart%d\"} %d\n", i % 64, i * 7919);
    oc_strbuf_add(&copy, text.data, text.n);
    assert_true(oc_gzip(&text));
    assert_true(text.n * 4 < copy.n);
    char    *back = malloc(copy.n + 1);
    z_stream z = {.next_in = (unsigned char *)text.data,
                  .avail_in = (uInt)text.n,
                  .next_out = (unsigned char *)back,
                  .avail_out = (uInt)copy.n + 1};
    assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
    assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
    assert_int_equal(z.total_out, copy.n);
    assert_memory_equal(back, copy.data, copy.n);
    inflateEnd(&z);
    free(back);
    oc_strbuf_clear(&text);
    assert_true(oc_gzip(&text)); /* nothing, too */
    oc_strbuf_finish(&text);
    oc_strbuf_finish(&copy);
}

static void who_takes_gzip(void **state)
{
    static const struct {
        const char *header;
        bool        yes;
    } cases[] = {{NULL, false},          {"", false},
                 {"gzip", true},         {"deflate, GZIP;q=0.5", true},
                 {"gzip;q=0", false},    {"*", true},
                 {"*, gzip;q=0", false}, {"gzip;q=0, *", false},
                 {"identity", false},    {"gzipped", false},
                 {";;q=,,=\"", false}};
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        if (oc_exposition_gzip(cases[i].header) != cases[i].yes)
            fail_msg("%s", cases[i].header);
}

static void ports_that_are_none(void **state)
{
    static const char *const bad[] = {"127.0.0.1:65536", "127.0.0.1:66000", "[]:80", "[:80",
                                      "127.0.0.1:123456"};
    char                     url[OC_URL_BYTES];
    int                      fd;
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (oc_listen(bad[i], &fd, url, &err) != OC_INVALID)
            fail_msg("%s", bad[i]);
        assert_non_null(strstr(err.message, bad[i]));
    }
    assert_int_equal(oc_listen("localhost:0", &fd, url, &err), OC_OK);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(drops_do_not_hide_a_hang),
        cmocka_unit_test(every_network_is_timed),
        cmocka_unit_test(streams_that_go_leave_their_windows),
        cmocka_unit_test(telling_keeps_nobody),
        cmocka_unit_test(a_log_that_nobody_reads_loses_lines),
        cmocka_unit_test(gzip_comes_back),
        cmocka_unit_test(who_takes_gzip),
        cmocka_unit_test(ports_that_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
