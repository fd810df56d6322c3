/* Cameras that die and come back, in a process with others: nobody else loses a frame, nothing is left
 * behind.  OC_LONG=1: 200 losses instead of a dozen. */
#include <dirent.h>
#include <pthread.h>
#include <time.h>

#include "../media/ffmpeg_test.h"
#include "../media/rtsp_server.h"
#include "pipeline/site_state.h"
#include "tools/clip.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1 /* freed memory is kept for a while: resident memory tells nothing */
#else
#define SANITIZED 0
#endif
#define MODEL OC_SOURCE_DIR "/../shared/models/yolox_nano_416.onnx"
#define RSS_MAX (4l << 20) /* growth over three quarters of the losses */

typedef struct sample {
    long     rss;
    unsigned descriptors, threads;
} sample;

static unsigned entries(const char *path)
{
    DIR     *d = opendir(path);
    unsigned n = 0;
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d));)
        n += e->d_name[0] != '.';
    closedir(d);
    return n - (strcmp(path, "/proc/self/fd") == 0); /* the folder's own */
}

static sample measure(void)
{
    long  pages = 0, all;
    FILE *f = fopen("/proc/self/statm", "r");
    assert_non_null(f);
    assert_int_equal(fscanf(f, "%ld %ld", &all, &pages), 2);
    fclose(f);
    return (sample){pages * sysconf(_SC_PAGESIZE), entries("/proc/self/fd"),
                    entries("/proc/self/task")};
}

typedef struct running {
    oc_site_config *config;
    oc_site        *site;
    pthread_t       thread;
    oc_status       status;
    oc_error        err;
} running;

static void *run_thread(void *arg)
{
    running *r = arg;
    r->status = oc_site_run(r->site, &r->err);
    return NULL;
}

static void begin(running *r, const char *clip, int port, int silent_port)
{
    char     yaml[2048];
    oc_error e = {0};
    memset(r, 0, sizeof(*r));
    int n = snprintf(yaml, sizeof(yaml),
                     "name: shop\n"
                     "detect: {network: yolox-nano, model: \"" MODEL "\", every: 1000}\n"
                     "streams:\n"
                     "  - {name: film, source: {url: \"%s\"}, queue: {drop: none, length: 8}}\n"
                     "  - {name: camera, source: {url: \"rtsp://127.0.0.1:%d/x\", timeout: 400ms, "
                     "retry: 10ms, retry_max: 50ms}}\n"
                     "  - {name: dead, source: {url: \"rtsp://127.0.0.1:%d/x\", timeout: 300ms, "
                     "retry: 20ms, retry_max: 100ms}}\n",
                     clip, port, silent_port);
    if (oc_site_config_memory("c.yaml", yaml, (size_t)n, &r->config, &e) != OC_OK)
        fail_msg("%s", e.message);
    const oc_site_options o = {.stream.realtime = true};
    if (oc_site_create(r->config, &o, &r->site, &e) != OC_OK)
        fail_msg("%s", e.message);
    assert_int_equal(pthread_create(&r->thread, NULL, run_thread, r), 0);
}

/* Until the camera was lost so often; the ledgers are looked at all the while. */
static void wait_for_losses(running *r, uint64_t n)
{
    const oc_stream *camera = r->site->stream[1];
    time_t           give_up = time(NULL) + 600;
    while (atomic_load(&camera->pipeline->capture.lost) < n) {
        for (size_t i = 0; i < r->site->n; i++) {
            oc_counts c = oc_pipeline_counts(r->site->stream[i]->pipeline);
            assert_int_equal(c.captured, c.completed + oc_counts_dropped(&c) + c.in_flight);
        }
        pthread_mutex_lock(&r->site->lock);
        bool alive =
            r->site->stream[0]->state <= OC_STREAM_RUNNING && camera->state <= OC_STREAM_RUNNING;
        pthread_mutex_unlock(&r->site->lock);
        assert_true(alive);
        assert_true(time(NULL) < give_up);
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    }
}

/* Descriptors come and go with connections: what there is at least, over a few of them. */
static sample settle(running *r, uint64_t losses)
{
    sample least = {0, 1000, 1000};
    for (int i = 0; i < 4; i++) {
        wait_for_losses(r, losses + (uint64_t)i);
        for (int k = 0; k < 10; k++) {
            sample s = measure();
            least.rss = s.rss > least.rss ? s.rss : least.rss;
            least.descriptors =
                s.descriptors < least.descriptors ? s.descriptors : least.descriptors;
            least.threads = s.threads < least.threads ? s.threads : least.threads;
            nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
        }
    }
    return least;
}

static void a_bad_camera_costs_nobody_anything(void **state)
{
    (void)state;
    const uint64_t losses = getenv("OC_LONG") ? 200 : 12;
    rtsp_server s = {.frame_us = 10000, .pictures = 5, .faults = true}, silent = {.silent = true};
    char        clip[400];
    snprintf(clip, sizeof(clip), "%s", mt_path("clip.y4m"));
    assert_int_equal(clip_write(clip, 64, 48, 20 * 1200, 20), 0);
    ft_make_video(mt_path("r.h264"), 96, 64, 30);
    uint8_t *h264 = mt_read(mt_path("r.h264"), &s.n);
    s.h264 = silent.h264 = h264;
    assert_true(rtsp_start(&s) && rtsp_start(&silent));
    sample  before = measure();
    running r;
    begin(&r, clip, s.port, silent.port);
    sample warm = settle(&r, losses / 4), last = settle(&r, losses);
    printf("%llu losses: %ld kB, %u descriptors, %u threads; after %llu: %ld kB, %u, %u\n",
           (unsigned long long)losses / 4, warm.rss / 1024, warm.descriptors, warm.threads,
           (unsigned long long)losses, last.rss / 1024, last.descriptors, last.threads);
    /* connections come and go; one that leaked each time would be several more */
    assert_true(last.descriptors <= warm.descriptors + 3);
    assert_true(last.threads <= warm.threads);
    if (!SANITIZED)
        assert_true(last.rss - warm.rss < RSS_MAX);
    oc_site_stop(r.site);
    pthread_join(r.thread, NULL);
    /* the camera that never was has nothing to show for itself: only it may say so */
    if (r.status != OC_OK && r.status != OC_CANCELLED)
        fail_msg("%s", r.err.message);
    oc_counts film = oc_pipeline_counts(r.site->stream[0]->pipeline);
    oc_counts camera = oc_pipeline_counts(r.site->stream[1]->pipeline);
    assert_int_equal(oc_counts_dropped(&film), film.dropped[OC_DROP_STOPPED]);
    assert_true(film.dropped[OC_DROP_STOPPED] <= 9); /* what waited at the end */
    assert_true(film.completed > 20);
    assert_true(camera.completed > losses / 2);
    assert_int_equal(camera.dropped[OC_DROP_FAILED], 0);
    oc_site_destroy(r.site);
    oc_site_config_destroy(r.config);
    rtsp_stop(&s);
    rtsp_stop(&silent);
    sample after = measure();
    assert_true(after.descriptors <= before.descriptors);
    assert_true(after.threads <= before.threads);
    free(h264);
}

int main(void)
{
    setenv("OCELLUS_MODELS", OC_SOURCE_DIR "/models", 1);
    if (access(MODEL, F_OK) != 0) {
        printf("SKIP: no " MODEL "\n");
        return 77;
    }
    if (!ft_find_plugin())
        return 77;
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_bad_camera_costs_nobody_anything)};
    return cmocka_run_group_tests(tests, mt_setup, mt_teardown);
}
