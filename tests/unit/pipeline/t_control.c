/* A running site is changed from outside: requests, answers, and that no frame gets lost over it. */
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "pipeline/control.h"
#include "pipeline/recording.h"
#include "pipeline/site_state.h"
#include "tools/clip.h"

#define MODEL OC_SOURCE_DIR "/../shared/models/yolox_nano_416.onnx"
#define FPS 20

static char folder[64], clip[96], path[96];

/* In front of the library's: a process that has no descriptor left. */
static atomic_bool accept_refused;
static atomic_int  accepted;

int accept4(int fd, __SOCKADDR_ARG address, socklen_t *bytes, int flags)
{
    atomic_fetch_add(&accepted, 1);
    if (atomic_load(&accept_refused)) {
        errno = EMFILE;
        return -1;
    }
    return (int)syscall(SYS_accept4, fd, address.__sockaddr__, bytes, flags);
}

typedef struct running {
    const oc_observer *observer; /* as long as streams may be added */
    oc_site_config    *config;
    oc_site           *site;
    pthread_t          thread;
    oc_status          status;
    oc_error           err;
} running;

static void *run_thread(void *arg)
{
    running *r = arg;
    r->status = oc_site_run(r->site, &r->err);
    return NULL;
}

static void nap(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
}

static bool listening(void)
{
    struct stat s;
    return stat(path, &s) == 0 && S_ISSOCK(s.st_mode);
}

/* Two streams in real time over a clip of half a minute. */
static void begin_recorded(running *r, oc_recording *recording)
{
    char     yaml[1024];
    oc_error err = {0};
    memset(r, 0, sizeof(*r));
    r->observer = recording ? oc_recording_observer(recording) : NULL;
    int n = snprintf(yaml, sizeof(yaml),
                     "name: shop\nsource: {url: \"%s\"}\n"
                     "detect: {network: yolox-nano, model: \"" MODEL "\", every: 4}\n"
                     "zones: [{name: all, corners: [[0, 0], [1, 0], [1, 1], [0, 1]]}]\n"
                     "streams:\n  - {name: a}\n  - {name: b}\n",
                     clip);
    if (oc_site_config_memory("c.yaml", yaml, (size_t)n, &r->config, &err) != OC_OK)
        fail_msg("%s", err.message);
    const oc_site_options o = {
        .stream = {.realtime = true, .observers = &r->observer, .n_observers = recording ? 1 : 0},
        .control = path};
    if (oc_site_create(r->config, &o, &r->site, &err) != OC_OK)
        fail_msg("%s", err.message);
    assert_int_equal(pthread_create(&r->thread, NULL, run_thread, r), 0);
    for (int i = 0; i < 500 && !listening(); i++)
        nap();
    assert_true(listening());
}

static void begin(running *r)
{
    begin_recorded(r, NULL);
}

static void end(running *r)
{
    oc_site_stop(r->site);
    pthread_join(r->thread, NULL);
    if (r->status != OC_OK)
        fail_msg("%s", r->err.message);
    assert_false(oc_site_ended(r->site).interrupted);
    assert_false(listening()); /* no socket is left behind */
    oc_site_destroy(r->site);
    oc_site_config_destroy(r->config);
}

static int dial(void)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    snprintf(to.sun_path, sizeof(to.sun_path), "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
    return fd;
}

static json_t *answer_on(int fd)
{
    static char line[OC_CONTROL_ANSWER_MAX];
    size_t      n = 0;
    while (n == 0 || line[n - 1] != '\n') {
        ssize_t got = recv(fd, line + n, 1, 0);
        if (got <= 0)
            return NULL;
        n += (size_t)got;
    }
    json_t *doc = json_loadb(line, n, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(doc);
    return doc;
}

static json_t *ask(const char *request)
{
    int     fd = dial();
    ssize_t n = (ssize_t)strlen(request);
    assert_int_equal(send(fd, request, (size_t)n, MSG_NOSIGNAL), n);
    assert_int_equal(send(fd, "\n", 1, MSG_NOSIGNAL), 1);
    json_t *doc = answer_on(fd);
    assert_non_null(doc);
    close(fd);
    return doc;
}

static void good(const char *request)
{
    json_t *doc = ask(request);
    if (!json_is_true(json_object_get(doc, "ok")))
        fail_msg("%s: %s", request, json_string_value(json_object_get(doc, "error")));
    json_decref(doc);
}

static void bad(const char *request, const char *say)
{
    json_t     *doc = ask(request);
    const char *why = json_string_value(json_object_get(doc, "error"));
    assert_true(json_is_false(json_object_get(doc, "ok")));
    if (!why || !strstr(why, say))
        fail_msg("%s: got '%s', want '%s'", request, why, say);
    json_decref(doc);
}

static json_int_t number(const json_t *stream, const char *key)
{
    return json_integer_value(json_object_get(stream, key));
}

/* The stream as `list` has it, checked to balance; NULL when it is not there. */
static json_t *stream(const char *name)
{
    json_t *doc = ask("{\"do\":\"list\"}"), *found = NULL, *one, *v;
    size_t  i;
    json_array_foreach(json_object_get(doc, "streams"), i, one)
    {
        json_int_t  sum = number(one, "completed") + number(one, "in_flight");
        const char *key;
        json_object_foreach(json_object_get(one, "dropped"), key, v) sum += json_integer_value(v);
        assert_int_equal(number(one, "captured"), sum);
        if (strcmp(json_string_value(json_object_get(one, "name")), name) == 0)
            found = json_incref(one);
    }
    json_decref(doc);
    return found;
}

static json_int_t count(const char *name, const char *key)
{
    json_t *s = stream(name);
    assert_non_null(s);
    json_int_t n = number(s, key);
    json_decref(s);
    return n;
}

static void wait_for(const char *name, const char *key, json_int_t more)
{
    json_int_t from = count(name, key);
    for (int i = 0; i < 1000 && count(name, key) < from + more; i++)
        nap();
    assert_true(count(name, key) >= from + more);
}

static void streams_come_and_go(void **state)
{
    (void)state;
    running r;
    begin(&r);
    struct stat s;
    assert_int_equal(stat(path, &s), 0);
    assert_int_equal(s.st_mode & 0777, 0600);
    wait_for("a", "captured", 2);
    good("{\"do\":\"add\",\"settings\":{\"name\":\"c\",\"detect\":{\"every\":2}}}");
    wait_for("c", "captured", 2);
    bad("{\"do\":\"add\",\"settings\":{\"name\":\"c\"}}", "there already");
    bad("{\"do\":\"add\",\"settings\":{\"name\":\"d\",\"detect\":{\"evry\":2}}}", "every");
    bad("{\"do\":\"add\",\"settings\":{\"detect\":{\"every\":2}}}", "name");
    assert_null(stream("d"));
    good("{\"do\":\"remove\",\"stream\":\"c\"}");
    assert_null(stream("c"));
    bad("{\"do\":\"remove\",\"stream\":\"c\"}", "no stream 'c'");
    wait_for("a", "captured", 2); /* the others went on */
    wait_for("b", "captured", 2);
    assert_int_equal(oc_models_count(r.site->models), 1);
    end(&r);
}

static void a_pause_is_accounted_for(void **state)
{
    (void)state;
    running r;
    begin(&r);
    wait_for("a", "completed", 2);
    good("{\"do\":\"pause\",\"stream\":\"a\"}");
    json_t    *s = stream("a");
    json_int_t done = number(s, "completed"), in_work = number(s, "in_flight");
    assert_string_equal(json_string_value(json_object_get(s, "state")), "paused");
    json_decref(s);
    wait_for("a", "captured", 3);
    wait_for("b", "captured", 3);
    assert_true(count("a", "completed") <= done + in_work);
    good("{\"do\":\"resume\",\"stream\":\"a\"}");
    wait_for("a", "completed", 2);
    s = stream("a");
    assert_true(number(json_object_get(s, "dropped"), "paused") >= 2);
    json_decref(s);
    end(&r);
}

static void the_last_one_may_go(void **state)
{
    (void)state;
    running r;
    begin(&r);
    good("{\"do\":\"remove\",\"stream\":\"b\"}");
    for (int i = 0; i < 10; i++) { /* between the end of the last and its removal the run goes on */
        wait_for("a", "captured", 1);
        good("{\"do\":\"remove\",\"stream\":\"a\"}");
        assert_null(stream("a"));
        good("{\"do\":\"add\",\"settings\":{\"name\":\"a\"}}");
    }
    wait_for("a", "captured", 2);
    end(&r);
}

static void nobody_rests_who_is_to_end(void **state)
{
    (void)state;
    running  r;
    oc_error err = {0};
    begin(&r);
    wait_for("a", "captured", 2);
    oc_stream *s = r.site->stream[0];
    oc_stream_cancel(s);
    assert_int_equal(oc_site_pause(r.site, "a", true, &err), OC_OK);
    assert_false(atomic_load(&s->pipeline->paused));
    end(&r);
}

/* What a stream is told to run, and what its pipeline runs. */
static const oc_pipeline_config *told(const running *r, size_t stream)
{
    pthread_mutex_lock(&r->site->lock);
    const oc_pipeline_config *c = r->site->stream[stream]->config;
    pthread_mutex_unlock(&r->site->lock);
    return c;
}

static const oc_pipeline_config *runs(const running *r, size_t stream)
{
    oc_pipeline *p = r->site->stream[stream]->pipeline;
    pthread_mutex_lock(&p->lock);
    const oc_pipeline_config *c = p->config;
    pthread_mutex_unlock(&p->lock);
    return c;
}

static void settings_change_whole_or_not_at_all(void **state)
{
    (void)state;
    running r;
    begin(&r);
    wait_for("a", "completed", 2);
    const oc_pipeline_config *before = told(&r, 0);
    bad("{\"do\":\"set\",\"stream\":\"a\",\"settings\":{\"detect\":{\"every\":0}}}", "every");
    bad("{\"do\":\"set\",\"stream\":\"a\",\"settings\":{\"detect\":{\"labels\":[\"unicorn\"]}}}",
        "unicorn");
    bad("{\"do\":\"set\",\"stream\":\"a\",\"settings\":{\"source\":{\"url\":\"x\"}}}", "source");
    bad("{\"do\":\"set\",\"stream\":\"a\",\"settings\":3}", "map");
    assert_ptr_equal(told(&r, 0), before);
    for (int i = 1; i <= 6; i++) {
        char request[256];
        snprintf(request, sizeof(request),
                 "{\"do\":\"set\",\"stream\":\"a\",\"settings\":{\"detect\":{\"every\":%d},"
                 "\"zones\":%s}}",
                 i, i % 2 ? "null" : "[{\"name\":\"z\",\"corners\":[[0,0],[1,0],[1,1]]}]");
        good(request);
        assert_int_equal(told(&r, 0)->detect.every, i);
        assert_int_equal(told(&r, 0)->n_zones, i % 2 ? 0 : 1);
        assert_ptr_equal(runs(&r, 0), told(&r, 0));
        wait_for("a", "completed", 1);
    }
    assert_int_equal(told(&r, 1)->detect.every, 4); /* b's are its own */
    json_t *doc = ask("{\"do\":\"show\",\"stream\":\"a\"}"), *settings;
    settings = json_object_get(doc, "settings");
    assert_int_equal(number(json_object_get(settings, "detect"), "every"), 6);
    assert_string_equal(json_string_value(json_object_get(settings, "name")), "a");
    json_decref(doc);
    end(&r);
}

static void nonsense_is_answered(void **state)
{
    (void)state;
    running r;
    begin(&r);
    bad("", "'do' is missing");
    bad("nonsense", "map");
    bad("{\"do\":\"dance\"}", "dance");
    bad("{\"do\":\"list\",\"loud\":true}", "loud");
    bad("{\"do\":\"pause\"}", "stream");
    bad("{\"do\":\"list\"", "request:");
    bad("[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", "request:");
    bad("\xff\xfe", "request:");
    bad("{\"do\":\"set\",\"stream\":\"nobody\",\"settings\":{}}", "nobody");
    /* several in one go are answered in order */
    int         fd = dial();
    const char *three = "{\"do\":\"list\"}\nrubbish\n{\"do\":\"list\"}\n";
    assert_int_equal(send(fd, three, strlen(three), MSG_NOSIGNAL), strlen(three));
    for (int i = 0; i < 3; i++) {
        json_t *doc = answer_on(fd);
        assert_int_equal(json_is_true(json_object_get(doc, "ok")), i != 1);
        json_decref(doc);
    }
    close(fd);
    /* a line without an end is told and hung up on */
    static char endless[OC_CONTROL_LINE_MAX];
    memset(endless, 'x', sizeof(endless));
    fd = dial();
    for (size_t sent = 0; sent < sizeof(endless);) {
        ssize_t n = send(fd, endless + sent, sizeof(endless) - sent, MSG_NOSIGNAL);
        assert_true(n > 0);
        sent += (size_t)n;
    }
    json_t *doc = answer_on(fd);
    assert_non_null(strstr(json_string_value(json_object_get(doc, "error")), "longer"));
    json_decref(doc);
    assert_null(answer_on(fd));
    close(fd);
    good("{\"do\":\"list\"}");
    end(&r);
}

/* All that the recording has in its folders; each must be there. */
static off_t recorded_bytes(const char *in, const char *const *names, size_t n)
{
    off_t sum = 0;
    for (size_t i = 0; i < n; i++) {
        char            file[256];
        struct dirent **list;
        snprintf(file, sizeof(file), "%s/%s", in, names[i]);
        int files = scandir(file, &list, NULL, alphasort);
        if (files < 4) /* ., .., lock, a segment */
            fail_msg("%s: %d files", file, files);
        for (int k = 0; k < files; k++) {
            struct stat about;
            snprintf(file, sizeof(file), "%s/%s/%.60s", in, names[i], list[k]->d_name);
            if (strstr(list[k]->d_name, ".ocrec") && stat(file, &about) == 0)
                sum += about.st_size;
            free(list[k]);
        }
        free(list);
    }
    return sum;
}

/* Streams that come later have a folder of their own, too, and take their part from the others. */
static void added_streams_are_recorded(void **state)
{
    static const char *const names[] = {"a", "b", "c", "d"};
    (void)state;
    running       r;
    oc_recording *recording;
    char          in[128];
    oc_error      err = {0};
    snprintf(in, sizeof(in), "%s/rec", folder);
    const oc_recording_options o = {.folder = in, .streams = 1, .grows = true, .bytes_max = 400000};
    assert_int_equal(oc_recording_create(&o, &recording, &err), OC_OK);
    begin_recorded(&r, recording);
    good("{\"do\":\"add\",\"settings\":{\"name\":\"c\"}}");
    good("{\"do\":\"add\",\"settings\":{\"name\":\"d\"}}");
    good("{\"do\":\"remove\",\"stream\":\"c\"}");
    good("{\"do\":\"add\",\"settings\":{\"name\":\"c\"}}");
    for (size_t i = 0; i < 4; i++)
        wait_for(names[i], "captured", 8);
    end(&r);
    oc_recording_destroy(recording);
    assert_true(recorded_bytes(in, names, 4) <= 400000);
}

static void no_descriptor_is_left(void **state)
{
    (void)state;
    running r;
    begin(&r);
    uint64_t from = oc_now_ns();
    atomic_store(&accepted, 0);
    atomic_store(&accept_refused, true);
    int fd = dial(); /* the system has taken him; nobody answers yet */
    assert_int_equal(send(fd, "{\"do\":\"list\"}\n", 14, MSG_NOSIGNAL), 14);
    for (int i = 0; i < 500 && atomic_load(&accepted) < 3; i++)
        nap();
    int tries = atomic_load(&accepted);
    assert_true(tries >= 3); /* it is tried again, but not in a circle without rest */
    assert_true((uint64_t)tries <= (oc_now_ns() - from) / 100000000 + 1);
    atomic_store(&accept_refused, false);
    json_t *doc = answer_on(fd);
    assert_true(json_is_true(json_object_get(doc, "ok")));
    json_decref(doc);
    close(fd);
    end(&r);
}

static void one_listens_at_a_time(void **state)
{
    (void)state;
    running     r;
    oc_control *second = NULL;
    oc_error    err = {0};
    begin(&r);
    assert_int_equal(oc_control_create(r.site, path, &second, &err), OC_BUSY);
    assert_true(listening());
    end(&r);
    FILE *f = fopen(path, "w"); /* a file of somebody else's stays */
    fclose(f);
    assert_int_equal(oc_control_create(NULL, path, &second, &err), OC_IO);
    assert_int_equal(access(path, F_OK), 0);
    unlink(path);
    /* what a dead process left is replaced */
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    snprintf(to.sun_path, sizeof(to.sun_path), "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&to, sizeof(to)), 0);
    close(fd);
    assert_true(listening());
    assert_int_equal(oc_control_create(NULL, path, &second, &err), OC_OK);
    oc_control_destroy(second);
    assert_false(listening());
}

static int prepare(void **state)
{
    (void)state;
    setenv("OCELLUS_MODELS", OC_SOURCE_DIR "/models", 1);
    snprintf(folder, sizeof(folder), "/tmp/oc_control_XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    snprintf(clip, sizeof(clip), "%s/clip.y4m", folder);
    snprintf(path, sizeof(path), "%s/socket", folder);
    return clip_write(clip, 160, 120, 120 * FPS, FPS);
}

static int clean(void **state)
{
    (void)state;
    unlink(clip);
    char command[128]; /* what was recorded, too */
    snprintf(command, sizeof(command), "rm -rf %s", folder);
    return system(command);
}

int main(void)
{
    if (access(MODEL, F_OK) != 0) {
        printf("SKIP: no " MODEL "\n");
        return 77;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(streams_come_and_go),
        cmocka_unit_test(a_pause_is_accounted_for),
        cmocka_unit_test(the_last_one_may_go),
        cmocka_unit_test(nobody_rests_who_is_to_end),
        cmocka_unit_test(added_streams_are_recorded),
        cmocka_unit_test(no_descriptor_is_left),
        cmocka_unit_test(settings_change_whole_or_not_at_all),
        cmocka_unit_test(nonsense_is_answered),
        cmocka_unit_test(one_listens_at_a_time),
    };
    return cmocka_run_group_tests(tests, prepare, clean);
}
