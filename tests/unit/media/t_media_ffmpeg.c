/* The FFmpeg plug-in on videos made here: whole, cut off, damaged, without video, live. */
#include "ffmpeg_test.h"
#include "rtsp_server.h"

static oc_status open_url(const char *url, oc_error *err)
{
    oc_source_options o = {.struct_size = sizeof(o), .url = url};
    oc_input         *in = NULL;
    oc_status         st = oc_input_open(&o, &in, err);

    if (st == OC_OK)
        oc_input_close(in);
    return st;
}

static void whole_files(void **state)
{
    static const char *const names[] = {"a.mp4", "a.mkv", "a.avi", "a.mov", "a.ts"};
    oc_error                 end;

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        ft_make_video(mt_path(names[i]), 96, 64, 35);
        assert_int_equal(access(mt_path("a.mp4.part"), F_OK), -1);
        oc_input *in = mt_open(mt_path(names[i]), NULL, 0, 0);
        assert_string_equal(oc_input_reader(in), "ffmpeg");
        assert_int_equal(oc_input_info(in)->width, 96);
        assert_int_equal(oc_input_info(in)->height, 64);
        assert_true(oc_input_info(in)->fps > 9.9 && oc_input_info(in)->fps < 10.1);
        assert_int_equal(mt_count(in, &end), 35);
        if (end.status != OC_END)
            fail_msg("%s: %s", names[i], end.message);
        oc_frame *f;
        assert_int_equal(oc_input_read(in, &f, NULL), OC_END);
        oc_input_close(in);
    }
}

/* Near to what was drawn: no half pictures, no wrong ones. */
static void assert_is_frame(const oc_frame *f, uint32_t i, int w, int h)
{
    oc_frame *want = mt_frame(OC_PIXEL_I420, w, h, i, true);
    long      sum = 0;

    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++)
            sum += labs((long)f->plane[0][y * f->stride[0] + x] -
                        want->plane[0][y * want->stride[0] + x]);
    if (sum >= (long)w * h * 20)
        fail_msg("frame %u is %ld away on the mean", i, sum / ((long)w * h));
    oc_frame_unref(want);
}

/* What is read is what was written, but for the loss of coding; times are those of the stream. */
static void pictures(void **state)
{
    (void)state;
    ft_make_video(mt_path("p.mp4"), 97, 63, 12); /* odd sides become even */
    oc_input *in = mt_open(mt_path("p.mp4"), NULL, 0, 0);
    for (uint32_t i = 0; i < 12; i++) {
        oc_frame *f = NULL;
        assert_ok(oc_input_read(in, &f, err));
        assert_int_equal(f->format, OC_PIXEL_I420);
        assert_int_equal(f->width, 98);
        assert_int_equal(f->height, 64);
        assert_false(f->full_range);
        assert_int_equal(f->pts_ns, (int64_t)i * 100000000);
        assert_is_frame(f, i, 97, 63);
        oc_frame_unref(f);
    }
    oc_input_close(in);
}

static void frames_outlive_the_source(void **state)
{
    oc_frame *held[10];

    (void)state;
    ft_make_video(mt_path("h.mp4"), 64, 48, 10);
    oc_input *in = mt_open(mt_path("h.mp4"), NULL, 0, 0);
    for (int i = 0; i < 10; i++)
        assert_ok(oc_input_read(in, &held[i], err));
    oc_input_close(in);
    for (int i = 0; i < 10; i++) {
        assert_in_range(held[i]->plane[0][0], 0, 255);
        assert_in_range(held[i]->plane[2][0], 0, 255);
        oc_frame_unref(held[i]);
    }
}

static void broken_off(void **state)
{
    static const char *const names[] = {"b.mkv", "b.avi", "b.mp4"};
    oc_error                 end;

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const char *whole = mt_path(names[i]), *cut = mt_path("cut.bin");
        ft_make_video(whole, 160, 120, 60);
        mt_cut(whole, cut, 0.6);
        if (i == 2) { /* the index of an MP4 comes last */
            assert_fails(OC_FORMAT, "truncated", open_url(cut, err));
            continue;
        }
        oc_input *in = mt_open(cut, NULL, 0, 0);
        uint64_t  n = mt_count(in, &end);
        assert_in_range(n, 10, 55);
        assert_int_equal(end.status, OC_FORMAT);
        char words[64];
        snprintf(words, sizeof(words), "cut.bin: breaks off after %d frames", (int)n);
        if (!strstr(end.message, words))
            fail_msg("%s: '%s'", names[i], end.message);
        oc_frame *f;
        assert_int_equal(oc_input_read(in, &f, NULL), OC_FORMAT);
        oc_input_close(in);
    }
}

/* An AVI that ends in the middle of a packet: the half picture is not shown.  And one that ends
 * between two packets, shortly before its end: it still says that it is longer. */
static void broken_off_avi(void **state)
{
    size_t   n, at;
    oc_error end = {0};

    (void)state;
    ft_make_video(mt_path("v.avi"), 160, 120, 30);
    uint8_t *bytes = mt_read(mt_path("v.avi"), &n);
    size_t   chunk[40], found = 0;
    for (at = 0; at + 4 < n && memcmp(bytes + at, "movi", 4) != 0; at++)
        ; /* headers name the chunks, too */
    for (; at + 4 < n && found < 40; at++)
        if (memcmp(bytes + at, "00dc", 4) == 0)
            chunk[found++] = at;
    assert_true(found >= 30);
    for (int half = 0; half < 2; half++) {
        /* the index names them once more, after all of them: the first 30 are the packets */
        at = half ? chunk[22] + 8 + (chunk[23] - chunk[22] - 8) / 3 : chunk[27];
        mt_write(mt_path("w.avi"), bytes, at);
        oc_input *in = mt_open(mt_path("w.avi"), NULL, 0, 0);
        uint32_t  i = 0;
        oc_frame *f;
        oc_status st;
        while ((st = oc_input_read(in, &f, &end)) == OC_OK) {
            assert_is_frame(f, i++, 160, 120);
            oc_frame_unref(f);
        }
        assert_int_equal(st, OC_FORMAT);
        assert_int_equal(i, half ? 22 : 27);
        oc_input_close(in);
    }
    free(bytes);
}

static bool have_ffmpeg(void)
{
    bool have = system("ffmpeg -version >/dev/null 2>&1") == 0;

    if (!have)
        printf("skipped in part: no program ffmpeg\n");
    return have;
}

static void make(const char *options, const char *path)
{
    char command[600];

    snprintf(command, sizeof(command), "ffmpeg -nostdin -loglevel error -y %s '%s'", options, path);
    assert_int_equal(system(command), 0);
}

/* An MP4 with its index first reads until the data end. */
static void broken_off_indexed(void **state)
{
    oc_error end;

    (void)state;
    if (!have_ffmpeg())
        return;
    make("-f lavfi -i testsrc=size=160x120:rate=10:duration=6 -pix_fmt yuv420p "
         "-movflags +faststart",
         mt_path("f.mp4"));
    mt_cut(mt_path("f.mp4"), mt_path("fcut.mp4"), 0.7);
    oc_input *in = mt_open(mt_path("fcut.mp4"), NULL, 0, 0);
    assert_in_range(mt_count(in, &end), 1, 59);
    assert_int_equal(end.status, OC_FORMAT);
    assert_non_null(strstr(end.message, "breaks off"));
    oc_input_close(in);
}

/* Ten bits, RGB planes, 4:1:1, gray, palettes: all become something a network can be fed with. */
static void pixel_formats(void **state)
{
    static const struct {
        const char     *options;
        oc_pixel_format want;
        bool            full;
    } rows[] = {
        {"-c:v ffv1 -pix_fmt yuv420p10le", OC_PIXEL_I420, false},
        {"-c:v ffv1 -pix_fmt yuv422p", OC_PIXEL_I422, false},
        {"-c:v ffv1 -pix_fmt yuv444p", OC_PIXEL_I444, false},
        {"-c:v ffv1 -pix_fmt yuv411p", OC_PIXEL_I420, false},
        {"-c:v ffv1 -pix_fmt gray", OC_PIXEL_GRAY8, true},
        {"-c:v ffv1 -pix_fmt gbrp10le", OC_PIXEL_I420, false},
        {"-c:v mjpeg -pix_fmt yuvj420p", OC_PIXEL_I420, true},
        {"-c:v rawvideo -pix_fmt rgb24", OC_PIXEL_RGB24, false},
        {"-c:v rawvideo -pix_fmt pal8", OC_PIXEL_I420, false},
        {"-c:v rawvideo -pix_fmt nv12", OC_PIXEL_NV12, false},
    };

    (void)state;
    if (!have_ffmpeg())
        return;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char options[256];
        /* plain red: limited-range BT.601 81, 90, 240 */
        snprintf(options, sizeof(options),
                 "-f lavfi -i color=c=red:size=52x38:rate=10:duration=1 %s", rows[i].options);
        make(options, mt_path("x.nut"));
        oc_input *in = mt_open(mt_path("x.nut"), NULL, 0, 0);
        oc_frame *f = NULL, *rgb = NULL;
        assert_ok(oc_input_read(in, &f, err));
        assert_int_equal(f->width, 52);
        assert_int_equal(f->format, rows[i].want);
        if (f->format != OC_PIXEL_RGB24)
            assert_int_equal(f->full_range, rows[i].full);
        assert_ok(oc_frame_create(OC_PIXEL_RGB24, 52, 38, &rgb, err));
        assert_ok(oc_frame_convert(f, rgb, err));
        const uint8_t *p = rgb->plane[0] + 30 * rgb->stride[0] + 3 * 40;
        if (f->format == OC_PIXEL_GRAY8 ? abs(p[0] - 76) > 4 : p[0] < 245 || p[1] > 10 || p[2] > 10)
            fail_msg("%s: red is %d %d %d", rows[i].options, p[0], p[1], p[2]);
        oc_frame_unref(rgb);
        oc_frame_unref(f);
        oc_input_close(in);
    }
    make("-f lavfi -i testsrc=size=51x37:rate=10:duration=1 -pix_fmt yuv420p -c:v ffv1",
         mt_path("odd.mkv"));
    oc_error  end;
    oc_input *in = mt_open(mt_path("odd.mkv"), NULL, 0, 0);
    assert_int_equal(oc_input_info(in)->width, 51);
    assert_int_equal(oc_input_info(in)->height, 37);
    assert_int_equal(mt_count(in, &end), 10);
    oc_input_close(in);
}

static void no_video(void **state)
{
    uint8_t wav[44 + 8000] =
        "RIFF\x64\x1f\0\0WAVEfmt \x10\0\0\0\1\0\1\0\x40\x1f\0\0\x40\x1f\0\0\1\0"
        "\x08\0data\x40\x1f\0\0";

    (void)state;
    memset(wav + 44, 128, 8000);
    mt_write(mt_path("a.wav"), wav, sizeof(wav));
    assert_fails(OC_FORMAT, "a.wav: has no video stream, only audio",
                 open_url(mt_path("a.wav"), err));
    mt_write(mt_path("t.avi"), "this is a text, and a rather long one at that\n", 46);
    assert_fails(OC_FORMAT, "t.avi: not a", open_url(mt_path("t.avi"), err));
    mt_write(mt_path("t.txt"), "this is a text, and a rather long one at that\n", 46);
    assert_fails(OC_FORMAT, "t.txt: not a", open_url(mt_path("t.txt"), err));
    mt_write(mt_path("e.mp4"), "", 0);
    assert_fails(OC_FORMAT, "empty", open_url(mt_path("e.mp4"), err));
    uint8_t  noise[5000];
    uint32_t seed = 5;
    for (size_t i = 0; i < sizeof(noise); i++)
        noise[i] = (uint8_t)mt_rand(&seed);
    mt_write(mt_path("n.mp4"), noise, sizeof(noise));
    assert_fails(OC_FORMAT, "n.mp4", open_url(mt_path("n.mp4"), err));
    assert_fails(OC_NOT_FOUND, "gone.mp4", open_url(mt_path("gone.mp4"), err));
}

/* Bytes changed all over: frames or a message, in the end one of the two ends. */
static void damaged(void **state)
{
    size_t   n;
    oc_error end;
    uint32_t seed = 9;

    (void)state;
    ft_make_video(mt_path("d.mkv"), 96, 64, 30);
    uint8_t *bytes = mt_read(mt_path("d.mkv"), &n);
    for (int i = 0; i < 40; i++) {
        uint8_t *bad = malloc(n);
        assert_non_null(bad);
        memcpy(bad, bytes, n);
        for (int k = 0; k <= i; k++)
            bad[mt_rand(&seed) % n] = (uint8_t)mt_rand(&seed);
        mt_write(mt_path("bad.mkv"), bad, n);
        free(bad);
        oc_source_options o = {.struct_size = sizeof(o), .url = mt_path("bad.mkv")};
        oc_input         *in = NULL;
        if (oc_input_open(&o, &in, &end) != OC_OK) {
            assert_true(end.message[0] != '\0');
            continue;
        }
        mt_count(in, &end);
        assert_true(end.status == OC_END || end.message[0] != '\0');
        oc_input_close(in);
    }
    free(bytes);
}

/* ---- live ---- */

static void *set_soon(void *arg)
{
    usleep(150000);
    __atomic_store_n((volatile int *)arg, 1, __ATOMIC_RELAXED);
    return NULL;
}

static void silent_server(void **state)
{
    rtsp_server  s = {.silent = true};
    char         url[64];
    volatile int cancel = 0;
    pthread_t    t;
    oc_input    *in = NULL;

    (void)state;
    assert_true(rtsp_start(&s));
    snprintf(url, sizeof(url), "rtsp://127.0.0.1:%d/x", s.port);
    oc_source_options o = {.struct_size = sizeof(o), .url = url, .timeout_ms = 300};
    assert_fails(OC_IO, url, oc_input_open(&o, &in, err));
    rtsp_stop(&s);
    assert_true(rtsp_start(&s));
    snprintf(url, sizeof(url), "rtsp://127.0.0.1:%d/x", s.port);
    o.timeout_ms = 20000;
    o.cancel = &cancel;
    assert_int_equal(pthread_create(&t, NULL, set_soon, (void *)(uintptr_t)&cancel), 0);
    assert_fails(OC_CANCELLED, url, oc_input_open(&o, &in, err));
    pthread_join(t, NULL);
    rtsp_stop(&s);
    /* nobody listens there any more */
    o.cancel = NULL;
    assert_fails(OC_IO, url, oc_input_open(&o, &in, err));
}

static void rtsp_camera(void **state)
{
    rtsp_server s = {.frame_us = 2000};
    char        url[64];
    oc_error    end;

    (void)state;
    ft_make_video(mt_path("r.h264"), 160, 120, 60);
    uint8_t *h264 = mt_read(mt_path("r.h264"), &s.n);
    s.h264 = h264;
    assert_true(rtsp_start(&s));
    snprintf(url, sizeof(url), "rtsp://127.0.0.1:%d/cam", s.port);
    oc_input *in = mt_open(url, NULL, 0, 0);
    assert_true(oc_input_info(in)->live);
    assert_int_equal(oc_input_info(in)->width, 160);
    uint64_t n = mt_count(in, &end);
    assert_in_range(n, 40, 60);
    assert_int_equal(end.status, OC_IO);
    assert_non_null(strstr(end.message, "lost"));
    oc_input_close(in);
    rtsp_stop(&s);
    /* joined in the middle: pictures that refer to ones never seen are not shown */
    s.skip_nals = 9;
    assert_true(rtsp_start(&s));
    in = mt_open(url, NULL, 0, 0);
    oc_frame *f = NULL;
    assert_ok(oc_input_read(in, &f, err));
    assert_true(f->key);
    assert_int_equal(f->pts_ns, 0);
    oc_frame_unref(f);
    oc_input_close(in);
    rtsp_stop(&s);
    free(h264);
}

static void rtsp_over_udp(void **state)
{
    rtsp_server s = {.frame_us = 3000};
    char        url[64];
    oc_error    end;
    oc_input   *in = NULL;

    (void)state;
    ft_make_video(mt_path("u.h264"), 96, 64, 60);
    uint8_t *h264 = mt_read(mt_path("u.h264"), &s.n);
    s.h264 = h264;
    assert_true(rtsp_start(&s));
    snprintf(url, sizeof(url), "rtsp://127.0.0.1:%d/cam", s.port);
    oc_source_options o = {
        .struct_size = sizeof(o), .url = url, .rtsp_udp = true, .timeout_ms = 1500};
    assert_ok(oc_input_open(&o, &in, err));
    assert_in_range(mt_count(in, &end), 20, 60);
    assert_int_equal(end.status, OC_IO);
    oc_input_close(in);
    rtsp_stop(&s);
    assert_true(s.was_udp);
    free(h264);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_files),
        cmocka_unit_test(pictures),
        cmocka_unit_test(frames_outlive_the_source),
        cmocka_unit_test(broken_off),
        cmocka_unit_test(broken_off_indexed),
        cmocka_unit_test(broken_off_avi),
        cmocka_unit_test(pixel_formats),
        cmocka_unit_test(no_video),
        cmocka_unit_test(damaged),
        cmocka_unit_test(silent_server),
        cmocka_unit_test(rtsp_camera),
        cmocka_unit_test(rtsp_over_udp),
    };
    if (!ft_find_plugin())
        return 77;
    return cmocka_run_group_tests(tests, mt_setup, mt_teardown);
}
