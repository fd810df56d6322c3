/* Several streams in one process: what they share, what each has of its own. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "pipeline/site_state.h"
#include "tools/clip.h"

#define MODEL OC_SOURCE_DIR "/../shared/models/yolox_nano_416.onnx"
#define FRAMES 6

#define LONG_FRAMES 50

static char folder[64], clip[96], long_clip[96];

static const char head[] = "name: shop\n"
                           "detect: {network: yolox-nano, model: \"" MODEL "\", score: 0.2}\n"
                           "lines:\n"
                           "  - {name: shelf, from: [0, 0.5], to: [1, 0.5]}\n";

static oc_site_config *config_of(const char *streams)
{
    oc_site_config *c = NULL;
    oc_error        err = {0};
    char            text[4096];
    int             n = snprintf(text, sizeof(text), "%s%s", head, streams);
    if (oc_site_config_memory("s.yaml", text, (size_t)n, &c, &err) != OC_OK)
        fail_msg("%s", err.message);
    return c;
}

static void refused(const char *streams, const char *say)
{
    oc_site_config *c = NULL;
    oc_error        err = {0};
    char            text[4096];
    int             n = snprintf(text, sizeof(text), "%s%s", head, streams);
    assert_int_equal(oc_site_config_memory("s.yaml", text, (size_t)n, &c, &err), OC_FORMAT);
    assert_null(c);
    if (strncmp(err.message, "s.yaml:", 7) != 0 || !strstr(err.message, say))
        fail_msg("got '%s', want '%s'", err.message, say);
}

static void each_stream_is_laid_over_the_rest(void **state)
{
    (void)state;
    oc_site_config *c = config_of("source: {url: a.y4m, fps: 7, timeout: 3s}\n"
                                  "streams:\n"
                                  "  - {name: left}\n"
                                  "  - {name: right, detect: {every: 3}, source: {url: b.y4m}}\n"
                                  "  - {name: bare, lines: ~, title: Bare}\n");
    assert_true(c->many);
    assert_int_equal(c->n, 3);
    assert_string_equal(c->name, "shop");
    assert_string_equal(c->stream[0]->name, "left");
    assert_string_equal(c->stream[0]->title, "left");
    assert_string_equal(c->stream[0]->url, "a.y4m");
    assert_int_equal(c->stream[0]->detect.every, 1);
    assert_int_equal(c->stream[1]->detect.every, 3);
    assert_string_equal(c->stream[1]->detect.network, "yolox-nano");
    assert_string_equal(c->stream[1]->url, "b.y4m");
    assert_true(c->stream[1]->fps == 7.0 && c->stream[1]->timeout_s == 3.0);
    assert_int_equal(c->stream[1]->n_lines, 1);
    assert_int_equal(c->stream[2]->n_lines, 0);
    assert_string_equal(c->stream[2]->title, "Bare");
    oc_site_config_destroy(c);
}

static void without_streams_it_is_one(void **state)
{
    (void)state;
    oc_site_config *c = config_of("source: {url: a.y4m}\n");
    assert_false(c->many);
    assert_int_equal(c->n, 1);
    assert_string_equal(c->stream[0]->name, "shop");
    oc_site_config_destroy(c);
}

static void bad_lists_are_refused(void **state)
{
    (void)state;
    refused("streams: []\n", "streams");
    refused("streams: 4\n", "not a list");
    refused("streams: [a]\n", "a stream is a map");
    refused("streams:\n  - {detect: {every: 2}}\n", "'name' is missing");
    refused("streams:\n  - {name: a}\n  - {name: a}\n", "there already");
    refused("streams:\n  - {name: a/b}\n", "no name for a stream");
    refused("streams:\n  - {name: ..}\n", "no name for a stream");
    refused("streams:\n  - {name: a, detect: {evry: 2}}\n", "did you mean 'every'");
    refused("streams:\n  - {name: a, streams: [{name: b}], detct: 3}\n", "detct");
}

static void the_place_of_a_mistake_is_that_of_its_line(void **state)
{
    (void)state;
    refused("streams:\n  - name: a\n    detect: {every: 0}\n", "s.yaml:7:21: ");
}

static json_t *member(json_t *doc, const char *key)
{
    json_t *v = json_object_get(doc, key);
    if (!v)
        fail_msg("no '%s'", key);
    return v;
}

static json_int_t whole(json_t *doc, const char *key)
{
    return json_integer_value(member(doc, key));
}

static const char *in_folder(const char *name)
{
    static char path[4][200];
    static int  i;
    i = (i + 1) % 4;
    snprintf(path[i], sizeof(path[i]), "%s/%s", folder, name);
    return path[i];
}

static oc_site *site_of(oc_site_config *c, const oc_site_options *o)
{
    oc_site *site = NULL;
    oc_error err = {0};
    if (oc_site_create(c, o, &site, &err) != OC_OK)
        fail_msg("%s", err.message);
    return site;
}

/* The lines of one stream: their number; seq has no gap. */
static int lines_of(const char *path, const char *stream, bool only)
{
    char  line[16384];
    int   n = 0;
    FILE *in = fopen(path, "r");
    assert_non_null(in);
    while (fgets(line, sizeof(line), in)) {
        json_t *doc = json_loads(line, 0, NULL);
        assert_non_null(doc);
        bool ours = strcmp(json_string_value(member(doc, "stream")), stream) == 0;
        assert_true(ours || !only);
        if (ours)
            assert_int_equal(whole(doc, "seq"), n++);
        json_decref(doc);
    }
    fclose(in);
    return n;
}

static void streams_run_side_by_side(void **state)
{
    (void)state;
    char yaml[512];
    snprintf(yaml, sizeof(yaml),
             "source: {url: \"%s\"}\n"
             "streams:\n  - {name: a}\n  - {name: b, detect: {every: 2}}\n  - {name: c}\n",
             clip);
    oc_site_config *c = config_of(yaml);
    oc_site_options o = {0};
    oc_error        err = {0};
    oc_site        *site = site_of(c, &o);
    assert_int_equal(oc_models_count(site->models), 1); /* three streams, one network */
    oc_outputs_config out = {.events = in_folder("all.jsonl"), .mot = in_folder("{stream}.txt")};
    assert_int_equal(oc_site_outputs(site, &out, &err), OC_OK);
    if (oc_site_run(site, &err) != OC_OK)
        fail_msg("%s", err.message);
    json_t *doc = json_loads(oc_site_summary(site), JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(doc);
    assert_int_equal(whole(doc, "captured"), 3 * FRAMES);
    assert_int_equal(whole(doc, "completed"), 3 * FRAMES);
    static const char *const names[] = {"a", "b", "c"};
    json_t                  *streams = member(doc, "streams");
    assert_int_equal(json_array_size(streams), 3);
    for (size_t i = 0; i < 3; i++) {
        json_t *one = json_array_get(streams, i);
        assert_int_equal(whole(one, "captured"), FRAMES);
        assert_string_equal(json_string_value(member(one, "pipeline")), names[i]);
    }
    assert_true(lines_of(out.events, "a", false) >= 2);
    assert_int_equal(lines_of(out.events, "a", false), lines_of(out.events, "c", false));
    /* equal streams give equal tracks */
    char  line_a[256], line_c[256];
    FILE *a = fopen(in_folder("a.txt"), "r"), *b = fopen(in_folder("c.txt"), "r");
    assert_true(a && b);
    while (fgets(line_a, sizeof(line_a), a)) {
        assert_non_null(fgets(line_c, sizeof(line_c), b));
        assert_string_equal(line_a, line_c);
    }
    assert_null(fgets(line_c, sizeof(line_c), b));
    fclose(a);
    fclose(b);
    json_decref(doc);
    oc_site_destroy(site);
    oc_site_config_destroy(c);
}

static void one_that_fails_costs_no_other_a_frame(void **state)
{
    (void)state;
    char yaml[512];
    snprintf(yaml, sizeof(yaml),
             "source: {url: \"%s\"}\n"
             "streams:\n  - {name: a}\n  - {name: dead, source: {url: /no/such.y4m}}\n",
             clip);
    oc_site_config *c = config_of(yaml);
    oc_site_options o = {0};
    oc_error        err = {0};
    o.stream.outputs.events = in_folder("{stream}/e.jsonl");
    oc_site *site = site_of(c, &o);
    assert_int_equal(oc_site_run(site, &err), OC_NOT_FOUND);
    assert_non_null(strstr(err.message, "stream 'dead'"));
    assert_non_null(strstr(err.message, "/no/such.y4m"));
    assert_int_equal(oc_pipeline_counts(site->stream[0]->pipeline).completed, FRAMES);
    assert_true(lines_of(in_folder("a/e.jsonl"), "a", true) >= 2);
    assert_int_not_equal(access(in_folder("dead/e.jsonl"), F_OK), 0);
    assert_non_null(strstr(oc_site_summary(site), "\"failed\":\"/no/such.y4m"));
    oc_site_destroy(site);
    oc_site_config_destroy(c);
}

static void outputs_of_several_streams_need_names_apart(void **state)
{
    (void)state;
    oc_site_config *c = config_of("streams:\n  - {name: a, source: {url: x}}\n");
    oc_site_options o = {.stream.outputs.mot = "t.txt"};
    oc_site        *site = NULL;
    oc_error        err = {0};
    assert_int_equal(oc_site_create(c, &o, &site, &err), OC_INVALID);
    assert_non_null(strstr(err.message, "{stream}"));
    oc_site_config_destroy(c);
}

/* Runs in real time; gives back the counts of the only stream. */
static oc_counts play(const char *settings)
{
    char yaml[512];
    snprintf(yaml, sizeof(yaml), "source: {url: \"%s\"}\n%sstreams:\n  - {name: a}\n", long_clip,
             settings);
    oc_site_config *c = config_of(yaml);
    oc_site_options o = {.stream.realtime = true};
    oc_error        err = {0};
    oc_site        *site = site_of(c, &o);
    if (oc_site_run(site, &err) != OC_OK)
        fail_msg("%s", err.message);
    oc_counts n = oc_pipeline_counts(site->stream[0]->pipeline);
    assert_int_equal(n.captured, n.completed + oc_counts_dropped(&n));
    assert_int_equal(n.captured, LONG_FRAMES);
    oc_site_destroy(site);
    oc_site_config_destroy(c);
    return n;
}

static void what_cannot_be_in_time_is_dropped(void **state)
{
    (void)state;
    oc_counts n = play("deadline: 1ms\nqueue: {drop: none}\n");
    assert_true(n.dropped[OC_DROP_DEADLINE] + n.dropped[OC_DROP_OVERLOAD] > LONG_FRAMES / 2);
    assert_true(n.completed >= 1); /* late, but not blind */
    n = play("deadline: 60s\nqueue: {drop: none}\n");
    assert_int_equal(oc_counts_dropped(&n), 0);
}

static void a_rate_thins_frames_evenly(void **state)
{
    (void)state;
    oc_counts n = play("rate: 5\nqueue: {drop: none}\n");
    assert_int_equal(n.completed, LONG_FRAMES / 5); /* of 25 a second */
    assert_int_equal(n.dropped[OC_DROP_RATE], LONG_FRAMES - LONG_FRAMES / 5);
}

static volatile int cancel;

static void cancel_soon(void *ctx, const oc_progress *p)
{
    (void)ctx;
    (void)p;
    cancel = 1;
}

static void an_interrupt_ends_them_all(void **state)
{
    (void)state;
    char yaml[512];
    snprintf(yaml, sizeof(yaml), "source: {url: \"%s\"}\nstreams:\n  - {name: a}\n  - {name: b}\n",
             clip);
    oc_site_config *c = config_of(yaml);
    oc_site_options o = {.stream.cancel = &cancel,
                         .stream.progress = cancel_soon,
                         .stream.progress_s = 1e-9,
                         .stream.realtime = true};
    oc_error        err = {0};
    cancel = 0;
    oc_site *site = site_of(c, &o);
    if (oc_site_run(site, &err) != OC_OK)
        fail_msg("%s", err.message);
    assert_true(oc_site_ended(site).interrupted);
    for (size_t i = 0; i < site->n; i++) {
        oc_counts n = oc_pipeline_counts(site->stream[i]->pipeline);
        assert_int_equal(n.captured, n.completed + oc_counts_dropped(&n));
        assert_int_equal(n.in_flight, 0);
    }
    oc_site_destroy(site);
    oc_site_config_destroy(c);
}

static int prepare(void **state)
{
    (void)state;
    setenv("OCELLUS_MODELS", OC_SOURCE_DIR "/models", 1);
    snprintf(folder, sizeof(folder), "/tmp/oc_site_XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    snprintf(clip, sizeof(clip), "%s.y4m", folder);
    snprintf(long_clip, sizeof(long_clip), "%s.long.y4m", folder);
    return clip_write(long_clip, 160, 120, LONG_FRAMES, 25) ||
           clip_write(clip, 320, 240, FRAMES, 25);
}

static int clean(void **state)
{
    (void)state;
    const char *const names[] = {"all.jsonl", "a.txt", "b.txt", "c.txt", "a/e.jsonl"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        unlink(in_folder(names[i]));
    rmdir(in_folder("a"));
    rmdir(in_folder("dead"));
    unlink(clip);
    unlink(long_clip);
    return rmdir(folder);
}

int main(void)
{
    if (access(MODEL, F_OK) != 0) {
        printf("SKIP: no " MODEL "\n");
        return 77;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_stream_is_laid_over_the_rest),
        cmocka_unit_test(without_streams_it_is_one),
        cmocka_unit_test(bad_lists_are_refused),
        cmocka_unit_test(the_place_of_a_mistake_is_that_of_its_line),
        cmocka_unit_test(streams_run_side_by_side),
        cmocka_unit_test(one_that_fails_costs_no_other_a_frame),
        cmocka_unit_test(outputs_of_several_streams_need_names_apart),
        cmocka_unit_test(what_cannot_be_in_time_is_dropped),
        cmocka_unit_test(a_rate_thins_frames_evenly),
        cmocka_unit_test(an_interrupt_ends_them_all),
    };
    return cmocka_run_group_tests(tests, prepare, clean);
}
