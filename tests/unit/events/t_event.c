/* Every type of event against the published schema; and that the schema can say no. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "events/event.h"
#include "tools/schema.h"

#define SCHEMA OC_SOURCE_DIR "/docs/events.schema.json"

static oc_event sample(oc_event_type type)
{
    static const oc_event_pair known[] = {{"posture", "walking", 0},
                                          {"text", "caf\xC3\xA9 \"7\"", 0}};
    static const oc_event_pair dropped[] = {{"newest_wins", NULL, 3}, {"stopped", NULL, 0}};
    return (oc_event){
        .type = type,
        .time_s = 3.25,
        .frame = 41,
        .source = "a/b.avi",
        .at = "2026-05-01T09:00:00Z",
        .width = 768,
        .height = 576,
        .fps = 10,
        .track = 7,
        .label = "person",
        .score = 0.9f,
        .box = {1.5f, -2, 30.25f, 99},
        .age_s = 1.75,
        .hits = 12,
        .known = known,
        .n_known = 2,
        .what = "posture",
        .value = "standing",
        .confidence = 0.75f,
        .evidence = 3,
        .line = "kerb",
        .direction = "in",
        .total = 4,
        .zone = "square",
        .entered = true,
        .inside = 2,
        .total_entered = 9,
        .dwell_s = 4.5,
        .n = 3,
        .level = 2,
        .step = "every 4",
        .latency_ms = 180.5,
        .objective_ms = 150,
        .captured = 100,
        .completed = 97,
        .dropped = dropped,
        .n_dropped = 2,
        .truncated = true,
        .objective = "latency_p99",
        .severity = "page",
        .window = "1h",
        .burn = 15.5,
        .firing = true,
        .reason = type == OC_EVENT_DROPPED ? "newest_wins" : "end",
    };
}

static json_t *format(const oc_event *e)
{
    static char  line[OC_EVENT_BYTES_MAX];
    json_error_t err;
    size_t       n = oc_event_format(e, "street", 5, line, sizeof(line));
    assert_true(n > 2);
    assert_int_equal(line[n - 1], '\n');
    assert_null(memchr(line, '\n', n - 1));
    json_t *doc = json_loadb(line, n, JSON_REJECT_DUPLICATES, &err);
    if (!doc)
        fail_msg("%s: %s", err.text, line);
    return doc;
}

static void every_type_fits(void **state)
{
    (void)state;
    schema s;
    assert_true(schema_load(&s, SCHEMA));
    for (int type = 0; type < OC_EVENT_TYPES; type++) {
        oc_event e = sample((oc_event_type)type);
        for (int entered = 0; entered < 2; entered++) {
            e.entered = entered;
            json_t *doc = format(&e);
            if (!schema_ok(&s, s.root, doc))
                fail_msg("%s: %s", oc_event_name((oc_event_type)type), s.why);
            json_decref(doc);
        }
    }
    json_decref(s.root);
}

static void the_schema_says_no(void **state)
{
    (void)state;
    schema s;
    assert_true(schema_load(&s, SCHEMA));
    for (int type = 0; type < OC_EVENT_TYPES; type++) {
        oc_event    e = sample((oc_event_type)type);
        json_t     *doc = format(&e);
        const char *key;
        json_t     *value;
        json_object_foreach(doc, key, value)
        { /* a field missing, and one of another kind */
            json_t *less = json_copy(doc), *other = json_copy(doc);
            json_object_del(less, key);
            json_object_set_new(other, key, json_null());
            bool free = strcmp(key, "dwell_s") == 0 || strcmp(key, "latency_ms") == 0;
            assert_false(schema_ok(&s, s.root, less) && !free);
            assert_false(schema_ok(&s, s.root, other));
            json_decref(less);
            json_decref(other);
        }
        json_object_set_new(doc, "picture", json_string("..."));
        assert_false(schema_ok(&s, s.root, doc));
        json_decref(doc);
    }
    json_decref(s.root);
}

static void odd_values(void **state)
{
    (void)state;
    schema   s;
    oc_event e = sample(OC_EVENT_RECOGNISED);
    assert_true(schema_load(&s, SCHEMA));
    e.value = "a\tb\x01\xff\xC0\x80\xED\xA0\x80 end";
    e.label = "\"\\";
    e.box = (oc_box){-0.01f, 1e9f, 0.04f, -3e7f};
    e.time_s = -1;
    json_t *doc = format(&e);
    assert_true(schema_ok(&s, s.root, doc));
    assert_string_equal(json_string_value(json_object_get(doc, "label")), "\"\\");
    assert_int_equal(json_number_value(json_object_get(doc, "t")), 0);
    const char *value = json_string_value(json_object_get(doc, "value"));
    assert_memory_equal(value, "a\tb\x01\xEF\xBF\xBD", 7);
    json_decref(doc);
    json_decref(s.root);
}

static void too_long_is_told(void **state)
{
    (void)state;
    char     text[9000], line[OC_EVENT_BYTES_MAX];
    oc_event e = sample(OC_EVENT_APPEARED);
    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    e.label = text;
    assert_int_equal(oc_event_format(&e, "s", 0, line, sizeof(line)), 0);
    e.label = "person";
    size_t whole = oc_event_format(&e, "s", 0, line, sizeof(line));
    assert_true(whole > 0);
    for (size_t n = 0; n <= whole; n++) /* never past the end, at any size */
        assert_int_equal(oc_event_format(&e, "s", 0, line, n), 0);
}

static void a_log_is_whole_or_absent(void **state)
{
    (void)state;
    char          folder[] = "/tmp/oc_events_XXXXXX", path[64], aside[64];
    oc_event_log *log;
    oc_error      err;
    oc_event      e = sample(OC_EVENT_APPEARED);
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/e.jsonl", folder);
    snprintf(aside, sizeof(aside), "%s/e.jsonl.part", folder);

    assert_int_equal(oc_event_log_create(path, "s", &log, &err), OC_OK);
    for (int i = 0; i < 2000; i++)
        assert_int_equal(oc_event_log_put(log, &e, &err), OC_OK);
    assert_int_equal(oc_event_log_count(log, OC_EVENT_APPEARED), 2000);
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(oc_event_log_finish(log, &err), OC_OK);
    assert_int_equal(access(path, F_OK), 0);
    assert_int_equal(access(aside, F_OK), -1);

    FILE *in = fopen(path, "r");
    char  line[OC_EVENT_BYTES_MAX];
    int   n = 0;
    for (; fgets(line, sizeof(line), in); n++) {
        json_t *doc = json_loads(line, 0, NULL);
        assert_int_equal(json_integer_value(json_object_get(doc, "seq")), n);
        json_decref(doc);
    }
    fclose(in);
    assert_int_equal(n, 2000);
    unlink(path);

    assert_int_equal(oc_event_log_create(path, "s", &log, &err), OC_OK);
    oc_event_log_drop(log);
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(access(aside, F_OK), -1);
    snprintf(path, sizeof(path), "%s/no/such/e.jsonl", folder);
    assert_int_equal(oc_event_log_create(path, "s", &log, &err), OC_IO);
    assert_non_null(strstr(err.message, path));
    rmdir(folder);
}

/* A device is written where it is, never replaced: its failures are told, and it is still there. */
static void a_device_stays_a_device(void **state)
{
    (void)state;
    oc_event_log *log;
    oc_error      err;
    oc_event      e = sample(OC_EVENT_APPEARED);
    oc_status     st = OC_OK;
    char          folder[] = "/tmp/oc_device_XXXXXX", path[64];
    struct stat   at;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/e", folder);
    assert_int_equal(symlink("/dev/full", path), 0);
    assert_int_equal(oc_event_log_create(path, "s", &log, &err), OC_OK);
    for (int i = 0; i < 2000 && st == OC_OK; i++)
        st = oc_event_log_put(log, &e, &err);
    assert_int_equal(oc_event_log_finish(log, &err), OC_IO);
    assert_int_equal(lstat(path, &at), 0);
    assert_true(S_ISLNK(at.st_mode));
    assert_int_equal(stat("/dev/full", &at), 0);
    assert_true(S_ISCHR(at.st_mode));
    unlink(path);
    rmdir(folder);
}

static void a_full_disk(void **state)
{
    (void)state;
    oc_event_log *log;
    oc_error      err;
    oc_event      e = sample(OC_EVENT_APPEARED);
    oc_status     st = OC_OK;
    char          folder[] = "/tmp/oc_full_XXXXXX", path[64], aside[64];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/e", folder);
    snprintf(aside, sizeof(aside), "%s/e.part", folder);
    assert_int_equal(symlink("/dev/full", aside), 0); /* what is written aside meets a full disk */
    assert_int_equal(oc_event_log_create(path, "s", &log, &err), OC_OK);
    for (int i = 0; i < 2000 && st == OC_OK; i++)
        st = oc_event_log_put(log, &e, &err);
    assert_int_equal(st, OC_IO);
    assert_non_null(strstr(err.message, path));
    assert_int_equal(oc_event_log_finish(log, &err), OC_IO);
    assert_int_equal(access(path, F_OK), -1);
    struct stat at;
    assert_int_equal(lstat(aside, &at), -1);
    rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_fits),
        cmocka_unit_test(the_schema_says_no),
        cmocka_unit_test(odd_values),
        cmocka_unit_test(too_long_is_told),
        cmocka_unit_test(a_log_is_whole_or_absent),
        cmocka_unit_test(a_full_disk),
        cmocka_unit_test(a_device_stays_a_device),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
