/* A camera that goes and comes back. */
#include "ffmpeg_test.h"
#include "rtsp_server.h"

#include "media/reconnect.h"

typedef struct diary {
    int      up, down;
    uint32_t waits[16];
    char     why[128];
} diary;

static void note(void *ctx, bool connected, uint32_t wait_ms, const oc_error *why)
{
    diary *d = ctx;

    if (connected) {
        d->up++;
        return;
    }
    if (d->down < 16)
        d->waits[d->down] = wait_ms;
    d->down++;
    snprintf(d->why, sizeof(d->why), "%.100s", why->message);
}

/* The wait doubles up to its limit, and a cancel ends it. */
static void *cancel_later(void *arg)
{
    usleep(400000);
    __atomic_store_n((volatile int *)arg, 1, __ATOMIC_RELAXED);
    return NULL;
}

static void back_off(void **state)
{
    volatile int      cancel = 0;
    diary             d = {0};
    oc_source_options o = {
        .struct_size = sizeof(o), .url = "v4l2:/dev/video987", .cancel = &cancel};
    oc_reconnect_options r = {.wait_ms_first = 10, .wait_ms_max = 60, .notify = note, .ctx = &d};
    oc_reconnect        *c = NULL;
    oc_frame            *f = NULL;
    pthread_t            t;

    (void)state;
    assert_ok(oc_reconnect_create(&o, &r, &c, err));
    assert_int_equal(pthread_create(&t, NULL, cancel_later, (void *)(uintptr_t)&cancel), 0);
    assert_fails(OC_CANCELLED, "video987", oc_reconnect_read(c, &f, err));
    pthread_join(t, NULL);
    assert_true(d.down >= 4);
    static const uint32_t want[] = {10, 20, 40, 60};
    for (int i = 0; i < 4; i++)
        assert_int_equal(d.waits[i], want[i]);
    assert_non_null(strstr(d.why, "/dev/video987"));
    assert_false(oc_reconnect_connected(c));
    assert_null(oc_reconnect_info(c));
    oc_reconnect_destroy(c);
    oc_reconnect_destroy(NULL);
}

/* What waiting does not mend comes out at once. */
static void hopeless(void **state)
{
    oc_source_options o = {.struct_size = sizeof(o), .url = "pipe:0", .format = "i420"};
    oc_reconnect     *c = NULL;
    oc_frame         *f = NULL;

    (void)state;
    assert_ok(oc_reconnect_create(&o, NULL, &c, err));
    assert_fails(OC_INVALID, "width and height", oc_reconnect_read(c, &f, err));
    oc_reconnect_destroy(c);
}

/* A file is no camera: it ends. */
static void file_ends(void **state)
{
    oc_writer    *w = NULL;
    oc_reconnect *c = NULL;
    oc_frame     *f = mt_frame(OC_PIXEL_I420, 8, 8, 1, false);

    (void)state;
    assert_ok(oc_writer_open(mt_path("f.y4m"), 8, 8, 25, &w, err));
    assert_ok(oc_writer_put(w, f, err));
    oc_frame_unref(f);
    assert_ok(oc_writer_close(w, err));
    oc_source_options o = {.struct_size = sizeof(o), .url = mt_path("f.y4m")};
    assert_ok(oc_reconnect_create(&o, NULL, &c, err));
    assert_ok(oc_reconnect_read(c, &f, err));
    oc_frame_unref(f);
    assert_int_equal(oc_reconnect_read(c, &f, NULL), OC_END);
    oc_reconnect_destroy(c);
}

static bool plugin;

static void comes_back(void **state)
{
    rtsp_server   s = {.frame_us = 100000}; /* as fast as its time stamps say */
    char          url[64];
    diary         d = {0};
    oc_reconnect *c = NULL;
    int64_t       last = -1;

    (void)state;
    if (!plugin)
        return;
    ft_make_video(mt_path("r.h264"), 96, 64, 6);
    uint8_t *h264 = mt_read(mt_path("r.h264"), &s.n);
    s.h264 = h264;
    assert_true(rtsp_start(&s));
    snprintf(url, sizeof(url), "rtsp://127.0.0.1:%d/cam", s.port);
    oc_source_options    o = {.struct_size = sizeof(o), .url = url, .timeout_ms = 3000};
    oc_reconnect_options r = {.wait_ms_first = 20, .wait_ms_max = 40, .notify = note, .ctx = &d};
    assert_ok(oc_reconnect_create(&o, &r, &c, err));
    for (uint64_t i = 0; i < 15; i++) { /* more than two connections give */
        oc_frame *f = NULL;
        assert_ok(oc_reconnect_read(c, &f, err));
        assert_int_equal(f->index, i);
        assert_true(f->pts_ns > last);
        last = f->pts_ns;
        oc_frame_unref(f);
    }
    /* time goes on with the clock: one connection alone has 0.6 s of it */
    assert_true(last > 1000000000);
    assert_true(oc_reconnect_connected(c));
    assert_true(oc_reconnect_info(c)->live);
    assert_in_range(oc_reconnect_count(c), 2, 10);
    assert_true(d.up >= 3 && d.down >= 2);
    oc_reconnect_destroy(c);
    rtsp_stop(&s);
    free(h264);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(back_off),
        cmocka_unit_test(hopeless),
        cmocka_unit_test(file_ends),
        cmocka_unit_test(comes_back),
    };
    plugin = ft_find_plugin();
    return cmocka_run_group_tests(tests, mt_setup, mt_teardown);
}
