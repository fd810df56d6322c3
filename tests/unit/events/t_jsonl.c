/* Files of JSON lines: whole lines only, changed by size and age, none lost on the way. */
#include "spool_test.h"

#include "events/bus_kinds.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>

static char path[128];

static oc_sink *start(const oc_bus_pair *more, size_t n_more)
{
    oc_bus_pair pair[8] = {{"path", path}};
    for (size_t i = 0; i < n_more; i++)
        pair[1 + i] = more[i];
    const oc_sink_options o = {.name = "lines",
                               .ops = &oc_bus_jsonl,
                               .pair = pair,
                               .n_pairs = 1 + n_more,
                               .commit_ms = 1,
                               .backoff_ms = 1,
                               .backoff_max_ms = 2};
    oc_sink              *s = NULL;
    must(oc_sink_create(&o, &s, e));
    return s;
}

static void put(oc_sink *s, uint64_t from, uint64_t n, size_t bytes)
{
    for (uint64_t i = 0; i < n; i++) {
        char            body[4096];
        oc_sink_message m = {.stream = "door", .type = "zone", .body = body};
        m.n_body = make_body(body, bytes, from + i);
        body[m.n_body++] = '\n'; /* as the event log has it */
        oc_sink_put(s, &m);
    }
    assert_true(oc_sink_settle(s, true, 20000));
}

/* Reads path and its older ones, the oldest first: the numbers must follow each other. */
static uint64_t check(uint64_t from, int *n_files)
{
    uint64_t next = from;
    char     name[160], line[8192];
    *n_files = 0;
    for (int i = 99; i >= 0; i--) {
        snprintf(name, sizeof(name), i ? "%s.%d" : "%s", path, i);
        FILE *f = fopen(name, "r");
        if (!f)
            continue;
        ++*n_files;
        while (fgets(line, sizeof(line), f)) {
            assert_memory_equal(line, "{\"id\":\"", 7);
            assert_non_null(strchr(line, '\n'));
            assert_int_equal(body_number(line), next);
            next++;
        }
        fclose(f);
    }
    return next;
}

static int clean(void **state)
{
    char name[160];
    (void)state;
    snprintf(path, sizeof(path), "%s/deep/er/events.jsonl", scratch);
    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof(name), i ? "%s.%d" : "%s", path, i);
        unlink(name);
    }
    return 0;
}

static void by_size(void **state)
{
    (void)state;
    const oc_bus_pair more[] = {{"rotate_bytes", "10000"}, {"keep", "50"}};
    int               files;
    oc_sink          *s = start(more, 2);
    put(s, 0, 500, 200);
    oc_sink_destroy(s, 0, NULL);
    assert_int_equal(check(0, &files), 500);
    assert_true(files > 10);
    struct stat st;
    char        name[160];
    snprintf(name, sizeof(name), "%s.3", path);
    assert_int_equal(stat(name, &st), 0);
    assert_true(st.st_size <= 10000 && st.st_size > 9000);
    s = start(more, 2); /* goes on where it was */
    put(s, 500, 10, 200);
    oc_sink_destroy(s, 0, NULL);
    assert_int_equal(check(0, &files), 510);
}

static void keeps_few(void **state)
{
    (void)state;
    const oc_bus_pair more[] = {{"rotate_bytes", "10000"}, {"keep", "3"}, {"sync", "never"}};
    int               files;
    uint64_t          first = 0;
    oc_sink          *s = start(more, 3);
    put(s, 0, 1000, 200);
    oc_sink_destroy(s, 0, NULL);
    char line[4096], name[160];
    snprintf(name, sizeof(name), "%s.3", path);
    FILE *f = fopen(name, "r");
    assert_non_null(fgets(line, sizeof(line), f));
    fclose(f);
    first = body_number(line);
    assert_true(first > 700);
    assert_int_equal(check(first, &files), 1000);
    assert_int_equal(files, 4);
}

static void by_age(void **state)
{
    (void)state;
    const oc_bus_pair more[] = {{"rotate_every", "0.05"}, {"sync", "rotation"}};
    int               files;
    oc_sink          *s = start(more, 2);
    for (uint64_t i = 0; i < 4; i++) {
        put(s, i * 5, 5, 100);
        usleep(60000);
    }
    oc_sink_destroy(s, 0, NULL);
    assert_int_equal(check(0, &files), 20);
    assert_int_equal(files, 4);
}

static void torn_line(void **state)
{
    (void)state;
    int      files;
    oc_sink *s = start(NULL, 0);
    put(s, 0, 10, 200);
    oc_sink_destroy(s, 0, NULL);
    FILE *f = fopen(path, "a");
    fputs("{\"id\":\"half a li", f);
    fclose(f);
    s = start(NULL, 0);
    put(s, 10, 10, 200);
    oc_sink_destroy(s, 0, NULL);
    assert_int_equal(check(0, &files), 20);
}

/* No room for a whole line: nothing half stays, and it goes on when there is room again. */
static void full_disk(void **state)
{
    (void)state;
    int           files;
    struct rlimit old, small = {.rlim_cur = 1500};
    getrlimit(RLIMIT_FSIZE, &old);
    small.rlim_max = old.rlim_max;
    signal(SIGXFSZ, SIG_IGN);
    oc_sink *s = start(NULL, 0);
    put(s, 0, 5, 200);
    setrlimit(RLIMIT_FSIZE, &small);
    for (uint64_t i = 5; i < 20; i++) {
        char            body[400];
        oc_sink_message m = {.stream = "door", .type = "zone", .body = body};
        m.n_body = make_body(body, 200, i);
        oc_sink_put(s, &m);
    }
    oc_sink_stats c = {0};
    for (int i = 0; i < 2000 && c.failures == 0; i++) {
        usleep(1000);
        oc_sink_stats_get(s, &c);
    }
    assert_true(c.failures > 0);
    assert_non_null(strstr(c.error, "events.jsonl: writing: "));
    setrlimit(RLIMIT_FSIZE, &old);
    assert_true(oc_sink_settle(s, true, 20000));
    oc_sink_destroy(s, 0, NULL);
    assert_int_equal(check(0, &files), 20);
}

/* A pipe whose reader sleeps holds nobody for ever; one that reads gets whole lines. */
static void pipes(void **state)
{
    (void)state;
    assert_int_equal(mkfifo(path, 0600), 0);
    int reader = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    assert_true(reader >= 0);
    oc_sink *s = start(NULL, 0);
    for (uint64_t i = 0; i < 500; i++) {
        char            body[1100];
        oc_sink_message m = {.stream = "door", .type = "zone", .body = body};
        m.n_body = make_body(body, 1000, i);
        oc_sink_put(s, &m);
    }
    oc_sink_stats c;
    oc_sink_destroy(s, 0, &c); /* comes back */
    assert_true(c.acknowledged < 500);
    assert_int_equal(c.acknowledged + c.dropped[OC_SINK_DROP_STOPPED], 500);
    static char text[1 << 20];
    size_t      n = 0;
    ssize_t     got;
    s = start(NULL, 0);
    for (uint64_t i = 500; i < 520; i++) {
        char            body[1100];
        oc_sink_message m = {.stream = "door", .type = "zone", .body = body};
        m.n_body = make_body(body, 1000, i);
        oc_sink_put(s, &m);
    }
    for (int i = 0; i < 20000 && !strstr(text, "\"n\":519,"); i++) {
        while ((got = read(reader, text + n, sizeof(text) - n - 1)) > 0)
            n += (size_t)got;
        usleep(1000);
    }
    assert_non_null(strstr(text, "\"n\":519,"));
    assert_true(oc_sink_settle(s, true, 20000));
    oc_sink_destroy(s, 0, NULL);
    close(reader);
}

static void refusals(void **state)
{
    (void)state;
    const oc_bus_pair     empty = {"path", ""};
    const oc_sink_options o = {.name = "lines", .ops = &oc_bus_jsonl, .pair = &empty, .n_pairs = 1};
    oc_sink              *s = NULL;
    oc_error              err = {0};
    assert_int_equal(oc_sink_create(&o, &s, &err), OC_INVALID);
    assert_string_equal(err.message, "sink 'lines': path: is empty");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup(f, clean)
    const struct CMUnitTest tests[] = {T(by_size),   T(keeps_few), T(by_age),  T(torn_line),
                                       T(full_disk), T(pipes),     T(refusals)};
    return cmocka_run_group_tests(tests, make_scratch, remove_scratch);
}
