/* Whole runs over a real video with a real network: what is left behind, and that it adds up. */
#include <dirent.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "media/source.h"
#include "media/writer.h"
#include "pipeline/pipeline.h"
#include "tools/alloc_count.h"
#include "tools/schema.h"

#define SHARED OC_SOURCE_DIR "/../shared"
#define MODEL SHARED "/models/yolox_nano_416.onnx"
#define VIDEO SHARED "/data/video/bottle-detection.mp4"
#define SECONDS 0.7 /* 21 frames, three bottles from the first on */
#define FRAMES 21
#define CLIP 24

static char folder[64], clip[96];

static const char yaml[] =
    "name: bottles\n"
    "detect: {network: yolox-nano, model: \"" MODEL "\", labels: [bottle], score: 0.2}\n"
    "track: {kind: bytetrack}\n"
    "lines:\n"
    "  - {name: shelf, from: [0, 0.5], to: [1, 0.5]}\n"
    "zones:\n"
    "  - {name: all, corners: [[0, 0], [1, 0], [1, 1], [0, 1]], settle: 0}\n"
    "events: {updated_every: 0.5s}\n";

static oc_pipeline_config *config(void)
{
    oc_pipeline_config *c;
    oc_error            err = {0};
    if (oc_pipeline_config_memory("t.yaml", yaml, strlen(yaml), &c, &err) != OC_OK)
        fail_msg("%s", err.message);
    return c;
}

static const char *in_folder(const char *name)
{
    static char path[8][400];
    static int  i;
    i = (i + 1) % 8;
    snprintf(path[i], sizeof(path[i]), "%s/%s", folder, name);
    return path[i];
}

static bool there(const char *path)
{
    return access(path, F_OK) == 0;
}

static size_t files_in_folder(void)
{
    DIR   *d = opendir(folder);
    size_t n = 0;
    for (struct dirent *e; (e = readdir(d));)
        n += e->d_name[0] != '.';
    closedir(d);
    return n;
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

static void adds_up(json_t *summary)
{
    json_int_t  sum = whole(summary, "completed");
    const char *key;
    json_t     *v;
    json_object_foreach(member(summary, "dropped"), key, v) sum += json_integer_value(v);
    assert_int_equal(whole(summary, "captured"), sum);
}

/* Runs with these options; gives back the summary. */
static json_t *run(oc_pipeline_options *o)
{
    oc_pipeline_config *c = config();
    oc_pipeline        *p;
    oc_error            err = {0};
    if (oc_pipeline_create(c, o, &p, &err) != OC_OK || oc_pipeline_run(p, &err) != OC_OK)
        fail_msg("%s", err.message);
    json_t *doc = json_loads(oc_pipeline_summary(p), JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(doc);
    assert_true(strlen(oc_pipeline_text(p)) > 100);
    adds_up(doc);
    oc_counts counts = oc_pipeline_counts(p);
    assert_int_equal(counts.in_flight, 0);
    oc_pipeline_destroy(p);
    oc_pipeline_config_destroy(c);
    return doc;
}

/* Every line against the schema; gives back how many there are of each type. */
static json_t *check_events(const char *path)
{
    schema   s;
    char     line[16384];
    FILE    *in = fopen(path, "r");
    json_t  *counts = json_object();
    unsigned n = 0, live = 0;
    assert_non_null(in);
    assert_true(schema_load(&s, OC_SOURCE_DIR "/docs/events.schema.json"));
    for (; fgets(line, sizeof(line), in); n++) {
        json_t *doc = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
        if (!doc || !schema_ok(&s, s.root, doc))
            fail_msg("%s: %s", s.why, line);
        assert_int_equal(whole(doc, "seq"), n);
        const char *type = json_string_value(member(doc, "type"));
        live += strcmp(type, "appeared") == 0;
        live -= strcmp(type, "left") == 0;
        json_object_set_new(counts, type,
                            json_integer(json_integer_value(json_object_get(counts, type)) + 1));
        json_decref(doc);
    }
    fclose(in);
    json_decref(s.root);
    assert_int_equal(live, 0); /* who appeared has left */
    assert_int_equal(whole(counts, "started"), 1);
    assert_int_equal(whole(counts, "ended"), 1);
    return counts;
}

static void leaves_everything(void **state)
{
    (void)state;
    oc_pipeline_options o = {.source = VIDEO, .duration_s = SECONDS};
    o.outputs = (oc_outputs_config){.events = in_folder("e.jsonl"),
                                    .video = in_folder("v.y4m"),
                                    .mot = in_folder("t.txt"),
                                    .report = in_folder("r.html"),
                                    .summary = in_folder("s.json")};
    json_t *summary = run(&o), *events = check_events(o.outputs.events);
    assert_int_equal(whole(summary, "captured"), FRAMES);
    assert_int_equal(whole(summary, "completed"), FRAMES);
    assert_int_equal(json_object_size(member(summary, "dropped")), 0);
    assert_true(json_is_false(member(summary, "truncated")));
    assert_int_equal(whole(events, "appeared"), 3);
    assert_int_equal(whole(events, "zone"), 6); /* in at once, out at the end */
    assert_true(whole(events, "updated") >= 3);
    assert_int_equal(files_in_folder(), 5); /* no .part is left */

    FILE *mot = fopen(o.outputs.mot, "r");
    int   rows = 0, frame, id;
    float x, y, w, h, score;
    while (fscanf(mot, "%d,%d,%f,%f,%f,%f,%f,-1,-1,-1\n", &frame, &id, &x, &y, &w, &h, &score) ==
           7) {
        assert_in_range(frame, 1, FRAMES);
        assert_in_range(id, 1, 3);
        assert_true(w > 20 && h > 100);
        rows++;
    }
    assert_true(feof(mot) && rows >= 3 * (FRAMES - 2));
    fclose(mot);
    struct stat video;
    assert_int_equal(stat(o.outputs.video, &video), 0);
    assert_true(video.st_size > FRAMES * 640 * 360 * 3 / 2);
    json_t *file = json_load_file(o.outputs.summary, 0, NULL);
    assert_int_equal(whole(file, "captured"), FRAMES);
    json_decref(file);
    json_decref(events);
    json_decref(summary);
}

static void the_report_stands_alone(void **state)
{
    (void)state;
    FILE *in = fopen(in_folder("r.html"), "r");
    assert_non_null(in);
    static char page[4 << 20];
    size_t      n = fread(page, 1, sizeof(page) - 1, in);
    fclose(in);
    page[n] = '\0';
    assert_non_null(strstr(page, "<!doctype html>"));
    assert_non_null(strstr(page, "data:image/jpeg;base64,/9j/"));
    assert_non_null(strstr(page, "<svg"));
    assert_non_null(strstr(page, "shelf"));
    assert_non_null(strstr(page, "</html>"));
    assert_null(strstr(page, "http://"));
    assert_null(strstr(page, "https://"));
    assert_null(strstr(page, "<script"));
    const char *const odd[] = {"=nan", ">nan", "Lnan", "Mnan", " nan", "=inf", ">inf", "=-nan"};
    for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++)
        assert_null(strstr(page, odd[i]));
}

/* A clip of ours, so that no plug-in is at work: the first frames as raw video. */
static void make_clip(void)
{
    oc_source_options so = {.struct_size = sizeof(so), .url = VIDEO};
    oc_input         *in;
    oc_writer        *out;
    oc_error          err = {0};
    snprintf(clip, sizeof(clip), "%s.y4m", folder);
    if (oc_input_open(&so, &in, &err) != OC_OK ||
        oc_writer_open(clip, 640, 360, 30, &out, &err) != OC_OK)
        fail_msg("%s", err.message);
    for (int i = 0; i < CLIP; i++) {
        oc_frame *f;
        assert_int_equal(oc_input_read(in, &f, &err), OC_OK);
        assert_int_equal(oc_writer_put(out, f, &err), OC_OK);
        oc_frame_unref(f);
    }
    assert_int_equal(oc_writer_close(out, &err), OC_OK);
    oc_input_close(in);
}

typedef struct quiet {
    unsigned long first; /* allocations when counting began */
    bool          begun;
    unsigned      calls;
} quiet;

static void count_allocations(void *ctx, const oc_progress *p)
{
    quiet *q = ctx;
    q->calls++;
    if (!q->begun && p->counts.completed >= 2) {
        q->begun = true;
        atomic_store(&alloc_count, 0);
        atomic_store(&alloc_counting, true);
    }
    /* The stream's end closes files and the like: what counts are the frames. */
    if (p->counts.captured >= CLIP - 2)
        atomic_store(&alloc_counting, false);
    assert_int_equal(p->counts.captured,
                     p->counts.completed + oc_counts_dropped(&p->counts) + p->counts.in_flight);
}

static void no_allocation_after_the_first_frames(void **state)
{
    (void)state;
    if (!OC_ALLOC_COUNT) {
        print_message("skipped: a sanitizer has the allocator\n");
        skip();
    }
    quiet               q = {0};
    oc_pipeline_options o = {
        .source = clip, .progress = count_allocations, .progress_ctx = &q, .progress_s = 1e-9};
    o.outputs.events = in_folder("a.jsonl");
    o.outputs.mot = in_folder("a.txt");
    json_t *summary = run(&o);
    atomic_store(&alloc_counting, false);
    assert_int_equal(whole(summary, "completed"), CLIP);
    assert_true(q.begun && q.calls >= CLIP - 4);
    assert_int_equal(atomic_load(&alloc_count), 0);
    json_decref(summary);
}

static volatile int cancel;

static void cancel_soon(void *ctx, const oc_progress *p)
{
    (void)ctx;
    (void)p;
    cancel = 1;
}

static void an_interrupt_finishes_the_files(void **state)
{
    (void)state;
    cancel = 0;
    oc_pipeline_options o = {
        .source = VIDEO, .cancel = &cancel, .progress = cancel_soon, .progress_s = 1e-9};
    o.outputs.events = in_folder("i.jsonl");
    json_t *summary = run(&o), *events = check_events(o.outputs.events);
    assert_true(whole(summary, "captured") < 1000);
    assert_string_equal(json_string_value(member(summary, "ended")), "interrupted");
    json_decref(events);
    json_decref(summary);
}

static void in_real_time_the_newest_wins(void **state)
{
    (void)state;
    oc_pipeline_options o = {.source = clip, .realtime = true};
    o.outputs.events = in_folder("n.jsonl");
    o.isa = "ref"; /* slower than the video on any machine */
    json_t *summary = run(&o), *events = check_events(o.outputs.events);
    assert_int_equal(whole(summary, "captured"), CLIP);
    assert_true(whole(member(summary, "dropped"), "newest_wins") > 0);
    assert_true(whole(events, "dropped") > 0);
    json_decref(events);
    json_decref(summary);
}

/* An observer that keeps its own books: at every event they must balance. */
typedef struct books {
    atomic_uint_fast64_t captured, dropped[OC_DROP_REASONS];
    uint64_t             begun, completed, looks, events, stages[OC_STAGES], opened, closed;
    uint64_t             frame; /* that is worked on */
    bool                 balanced;
    struct oc_pipeline  *pipeline;
    FILE                *lines;
} books;

static oc_status books_opened(void *ctx, const oc_observed_stream *info, void **stream,
                              oc_error *err)
{
    books *b = ctx;
    (void)err;
    assert_string_equal(info->name, "bottles");
    assert_int_equal(info->info.width, 640);
    b->opened++;
    b->pipeline = info->pipeline;
    *stream = b;
    return OC_OK;
}

static void books_captured(void *stream, const oc_frame *frame, uint64_t begin, uint64_t end)
{
    books *b = stream;
    assert_true(begin <= end && frame->width == 640);
    b->captured++;
}

static void books_dropped(void *stream, const oc_frame *frame, oc_drop reason)
{
    (void)frame;
    ((books *)stream)->dropped[reason]++;
}

static void books_begun(void *stream, const oc_frame *frame, const oc_decision *d)
{
    books *b = stream;
    b->frame = frame->index;
    b->begun++;
    b->looks += d->look;
    assert_int_equal(d->every, 1);
}

static void books_stage(void *stream, uint64_t frame, oc_stage stage, uint64_t begin, uint64_t end)
{
    books *b = stream;
    assert_true(begin <= end);
    (void)frame;
    b->stages[stage]++;
}

static void books_event(void *stream, const oc_event *event, const char *line, size_t bytes)
{
    books   *b = stream;
    uint64_t dropped = 0;
    assert_int_equal(strlen(line), bytes);
    assert_non_null(strstr(line, oc_event_name(event->type)));
    fwrite(line, 1, bytes, b->lines);
    b->events++;
    for (int i = 0; i < OC_DROP_REASONS; i++)
        dropped += b->dropped[i];
    b->balanced = b->balanced && b->captured >= b->completed + dropped;
    oc_counts c = oc_pipeline_counts(b->pipeline);
    assert_int_equal(c.captured, c.completed + oc_counts_dropped(&c) + c.in_flight);
}

static void books_completed(void *stream, const oc_observed_frame *f)
{
    books *b = stream;
    assert_int_equal(f->frame->index, b->frame);
    assert_true(f->captured_ns <= f->begun_ns && f->begun_ns <= f->end_ns);
    b->completed++;
}

static void books_closed(void *stream, const oc_counts *c)
{
    books *b = stream;
    b->closed++;
    assert_int_equal(c->captured, b->captured);
    assert_int_equal(c->completed, b->completed);
    assert_int_equal(c->in_flight, 0);
    for (int i = 0; i < OC_DROP_REASONS; i++)
        assert_int_equal(c->dropped[i], b->dropped[i]);
}

static const oc_observer books_table = {.struct_size = sizeof(books_table),
                                        .opened = books_opened,
                                        .captured = books_captured,
                                        .dropped = books_dropped,
                                        .begun = books_begun,
                                        .stage = books_stage,
                                        .event = books_event,
                                        .completed = books_completed,
                                        .closed = books_closed};

static void same_file(const char *a, const char *b)
{
    FILE *fa = fopen(a, "r"), *fb = fopen(b, "r");
    int   ca, cb;
    assert_true(fa && fb);
    do {
        ca = getc(fa);
        cb = getc(fb);
        assert_int_equal(ca, cb);
    } while (ca != EOF);
    fclose(fa);
    fclose(fb);
}

static void observers_see_everything(void **state)
{
    (void)state;
    for (int live = 0; live < 2; live++) {
        static books             b[2];
        oc_observer              tables[2] = {books_table, books_table};
        const oc_observer *const list[] = {&tables[0], &tables[1]};
        memset(b, 0, sizeof(b));
        for (int i = 0; i < 2; i++) {
            b[i].balanced = true;
            b[i].lines = fopen(in_folder(i ? "o1.jsonl" : "o0.jsonl"), "w");
            tables[i].ctx = &b[i];
        }
        oc_pipeline_options o = {
            .source = clip, .observers = list, .n_observers = 2, .realtime = live == 1};
        o.isa = live ? "ref" : NULL;
        o.outputs.events = in_folder("o.jsonl");
        json_t *summary = run(&o);
        for (int i = 0; i < 2; i++) {
            fclose(b[i].lines);
            assert_true(b[i].balanced && b[i].opened == 1 && b[i].closed == 1);
            assert_int_equal(b[i].captured, CLIP);
            assert_int_equal(b[i].looks, b[i].completed);
            assert_int_equal(b[i].stages[OC_STAGE_DETECT], b[i].completed);
            assert_int_equal(b[i].stages[OC_STAGE_TOTAL], b[i].completed);
            assert_int_equal(whole(summary, "completed"), b[i].completed);
            assert_true(live ? b[i].dropped[OC_DROP_NEWEST_WINS] > 0 : b[i].completed == CLIP);
            same_file(in_folder("o.jsonl"), in_folder(i ? "o1.jsonl" : "o0.jsonl"));
        }
        json_decref(summary);
    }
}

/* Too much to do: the ladder is climbed to its top, and what it does is done. */
static void too_much_work_climbs_the_ladder(void **state)
{
    (void)state;
    static const char text[] =
        "name: bottles\n"
        "deadline: 1ms\n"
        "queue: {drop: oldest, length: 2}\n"
        "detect: {network: yolox-nano, model: \"" MODEL "\", labels: [bottle], score: 0.2}\n"
        "degrade: {steps: [{every: 2}, {every: 5}], climb: 10ms, descend: 60s}\n";
    oc_pipeline_config *c;
    oc_pipeline        *p;
    oc_error            err = {0};
    oc_pipeline_options o = {.source = VIDEO, .realtime = true, .duration_s = 3};
    o.outputs.events = in_folder("d.jsonl");
    assert_int_equal(oc_pipeline_config_memory("t.yaml", text, strlen(text), &c, &err), OC_OK);
    if (oc_pipeline_create(c, &o, &p, &err) != OC_OK || oc_pipeline_run(p, &err) != OC_OK)
        fail_msg("%s", err.message);
    json_t *summary = json_loads(oc_pipeline_summary(p), 0, NULL);
    json_t *events = check_events(o.outputs.events);
    adds_up(summary);
    assert_int_equal(whole(events, "degraded"), 2);
    assert_null(json_object_get(events, "restored"));
    json_t *ladder = member(member(summary, "counts"), "ladder");
    assert_int_equal(whole(ladder, "level"), 2);
    assert_int_equal(whole(ladder, "up"), 2);
    assert_true(whole(member(summary, "counts"), "looks") < whole(summary, "completed"));
    json_decref(events);
    json_decref(summary);
    oc_pipeline_destroy(p);
    oc_pipeline_config_destroy(c);
}

/* Looks at every third frame only, whatever the configuration says. */
static void third(void *ctx, const oc_frame *frame, oc_decision *d)
{
    (*(unsigned *)ctx)++;
    d->look = frame->index % 3 == 0;
}

static void decisions_can_be_forced(void **state)
{
    (void)state;
    unsigned            asked = 0;
    oc_pipeline_options o = {.source = clip, .decide = third, .decide_ctx = &asked};
    json_t             *summary = run(&o);
    assert_int_equal(asked, CLIP);
    json_t    *detect = json_object_get(member(summary, "latency_histogram_ms"), "detect"), *pair;
    size_t     i;
    json_int_t n = 0;
    json_array_foreach(detect, i, pair) n += json_integer_value(json_array_get(pair, 1));
    assert_int_equal(n, CLIP / 3);
    json_decref(summary);
}

static void refused(const oc_pipeline_options *o, oc_status want, const char *say)
{
    oc_pipeline_config *c = config();
    oc_pipeline        *p = NULL;
    oc_error            err = {0};
    size_t              before = files_in_folder();
    oc_status           st = oc_pipeline_create(c, o, &p, &err);
    if (st == OC_OK)
        st = oc_pipeline_run(p, &err);
    if (st != want || !strstr(err.message, say))
        fail_msg("status %d: %s", st, err.message);
    oc_pipeline_destroy(p);
    oc_pipeline_config_destroy(c);
    assert_int_equal(files_in_folder(), before);
}

static void bad_places_are_named(void **state)
{
    (void)state;
    oc_pipeline_options o = {.source = VIDEO, .duration_s = 0.2};
    o.outputs.events = in_folder("no/such/e.jsonl");
    o.outputs.mot = in_folder("m.txt");
    refused(&o, OC_IO, "no/such/e.jsonl");
    o.outputs.events = o.outputs.mot;
    refused(&o, OC_INVALID, "m.txt");
    o.outputs.events = NULL;
    o.source = in_folder("no.mp4");
    refused(&o, OC_NOT_FOUND, "no.mp4");
    o.source = MODEL;
    refused(&o, OC_FORMAT, "yolox_nano_416.onnx");
    o.source = NULL;
    refused(&o, OC_INVALID, "--source");
}

static void a_full_disk_leaves_nothing(void **state)
{
    (void)state;
    oc_pipeline_options o = {.source = VIDEO, .duration_s = 0.1};
    o.outputs.events = in_folder("full.jsonl");
    o.outputs.mot = in_folder("full.txt");
    /* what is written aside of the MOT file meets a disk without room */
    assert_int_equal(symlink("/dev/full", in_folder("full.txt.part")), 0);
    oc_pipeline_config *c = config();
    oc_pipeline        *p;
    oc_error            err = {0};
    assert_int_equal(oc_pipeline_create(c, &o, &p, &err), OC_OK);
    assert_int_equal(oc_pipeline_run(p, &err), OC_IO);
    assert_non_null(strstr(err.message, "full.txt"));
    oc_pipeline_destroy(p);
    oc_pipeline_config_destroy(c);
    assert_false(there(in_folder("full.txt")));
    assert_false(there(in_folder("full.jsonl")));
    assert_false(there(in_folder("full.jsonl.part")));
}

static void what_breaks_off_counts(void **state)
{
    (void)state;
    char  cut[400];
    char *half = malloc(12 << 20);
    FILE *in = fopen(clip, "rb"), *out;
    snprintf(cut, sizeof(cut), "%s", in_folder("cut.y4m"));
    out = fopen(cut, "wb");
    size_t n = fread(half, 1, 10 * 345600 + 1000, in); /* ten frames and a bit */
    assert_int_equal(fwrite(half, 1, n, out), n);
    fclose(in);
    fclose(out);
    free(half);
    oc_pipeline_options o = {.source = cut};
    o.outputs.events = in_folder("c.jsonl");
    json_t *summary = run(&o), *events = check_events(o.outputs.events);
    assert_true(json_is_true(member(summary, "truncated")));
    assert_int_equal(whole(summary, "completed"), 10);
    json_decref(events);
    json_decref(summary);
}

static void a_label_that_is_not_there(void **state)
{
    (void)state;
    const char text[] = "name: x\ndetect:\n  network: yolox-nano\n  model: \"" MODEL
                        "\"\n  labels: [bottle, persn]\n";
    oc_pipeline_config *c;
    oc_pipeline        *p = NULL;
    oc_error            err = {0};
    assert_int_equal(oc_pipeline_config_memory("t.yaml", text, strlen(text), &c, &err), OC_OK);
    assert_int_equal(oc_pipeline_create(c, &(oc_pipeline_options){0}, &p, &err), OC_FORMAT);
    if (strncmp(err.message, "t.yaml:5:20: ", 13) != 0 || !strstr(err.message, "'person'"))
        fail_msg("%s", err.message);
    oc_pipeline_config_destroy(c);
}

static int prepare(void **state)
{
    char exe[512], plugins[600];
    (void)state;
    ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
    if (n > 0) {
        exe[n] = '\0';
        *strrchr(exe, '/') = '\0';
        snprintf(plugins, sizeof(plugins), "%s/../plugins", exe);
        setenv("OCELLUS_PLUGINS", plugins, 0);
    }
    setenv("OCELLUS_MODELS", OC_SOURCE_DIR "/models", 1);
    snprintf(folder, sizeof(folder), "/tmp/oc_run_XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    make_clip();
    return 0;
}

static int clean(void **state)
{
    (void)state;
    DIR *d = opendir(folder);
    for (struct dirent *e; (e = readdir(d));)
        if (e->d_name[0] != '.')
            unlink(in_folder(e->d_name));
    closedir(d);
    unlink(clip);
    return rmdir(folder);
}

int main(void)
{
    if (!there(MODEL) || !there(VIDEO)) {
        printf("SKIP: no " MODEL " or " VIDEO "\n");
        return 77;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leaves_everything),
        cmocka_unit_test(the_report_stands_alone),
        cmocka_unit_test(no_allocation_after_the_first_frames),
        cmocka_unit_test(an_interrupt_finishes_the_files),
        cmocka_unit_test(in_real_time_the_newest_wins),
        cmocka_unit_test(observers_see_everything),
        cmocka_unit_test(decisions_can_be_forced),
        cmocka_unit_test(too_much_work_climbs_the_ladder),
        cmocka_unit_test(bad_places_are_named),
        cmocka_unit_test(a_full_disk_leaves_nothing),
        cmocka_unit_test(what_breaks_off_counts),
        cmocka_unit_test(a_label_that_is_not_there),
    };
    return cmocka_run_group_tests(tests, prepare, clean);
}
