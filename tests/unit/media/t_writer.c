/* Video files: whole or not there at all. */
#include "ffmpeg_test.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

static bool there(const char *name)
{
    return access(mt_path(name), F_OK) == 0;
}

static void y4m_round_trip(void **state)
{
    static const int sizes[][2] = {{16, 16}, {1, 1}, {35, 21}};

    (void)state;
    for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
        int        w = sizes[s][0], h = sizes[s][1];
        oc_writer *writer = NULL;
        assert_ok(oc_writer_open(mt_path("a.y4m"), w, h, 29.97, &writer, err));
        assert_true(there("a.y4m.part"));
        for (uint32_t i = 0; i < 5; i++) {
            oc_frame *f = mt_frame(OC_PIXEL_I420, w, h, i, false);
            assert_ok(oc_writer_put(writer, f, err));
            oc_frame_unref(f);
        }
        assert_false(s == 0 && there("a.y4m"));
        assert_ok(oc_writer_close(writer, err));
        assert_true(there("a.y4m"));
        assert_false(there("a.y4m.part"));
        oc_input *in = mt_open(mt_path("a.y4m"), NULL, 0, 0);
        assert_true(oc_input_info(in)->fps > 29.969 && oc_input_info(in)->fps < 29.971);
        for (uint32_t i = 0; i < 5; i++) {
            oc_frame *f = NULL, *want = mt_frame(OC_PIXEL_I420, w, h, i, false);
            assert_ok(oc_input_read(in, &f, err));
            assert_true(mt_same(f, want));
            oc_frame_unref(f);
            oc_frame_unref(want);
        }
        oc_input_close(in);
    }
}

/* Other formats and ranges are brought into the one that files hold. */
static void converted(void **state)
{
    oc_writer *writer = NULL;
    oc_frame  *f = mt_frame(OC_PIXEL_NV12, 8, 8, 1, false), *got = NULL;

    (void)state;
    f->full_range = true;
    f->plane[0][0] = 255;
    assert_ok(oc_writer_open(mt_path("c.y4m"), 8, 8, 25, &writer, err));
    assert_ok(oc_writer_put(writer, f, err));
    assert_ok(oc_writer_close(writer, err));
    assert_int_equal(f->plane[0][0], 255);
    oc_input *in = mt_open(mt_path("c.y4m"), NULL, 0, 0);
    assert_ok(oc_input_read(in, &got, err));
    assert_int_equal(got->plane[0][0], 235);
    oc_frame_unref(got);
    oc_frame_unref(f);
    oc_input_close(in);
}

static void refusals(void **state)
{
    oc_writer *w = NULL;
    oc_frame  *f = mt_frame(OC_PIXEL_I420, 8, 8, 1, false);

    (void)state;
    assert_fails(OC_INVALID, "0x8", oc_writer_open(mt_path("z.y4m"), 0, 8, 25, &w, err));
    assert_fails(OC_INVALID, "0 frames/s", oc_writer_open(mt_path("z.y4m"), 8, 8, 0, &w, err));
    assert_fails(OC_IO, "none/z.y4m: cannot be written: No such file",
                 oc_writer_open(mt_path("none/z.y4m"), 8, 8, 25, &w, err));
    mkdir(mt_path("d.y4m"), 0777);
    assert_fails(OC_IO, "a folder", oc_writer_open(mt_path("d.y4m"), 8, 8, 25, &w, err));
    assert_null(w);
    assert_ok(oc_writer_open(mt_path("s.y4m"), 8, 10, 25, &w, err));
    assert_fails(OC_INVALID, "8x8 does not fit", oc_writer_put(w, f, err));
    oc_writer_drop(w);
    assert_false(there("s.y4m") || there("s.y4m.part"));
    oc_writer_drop(NULL);
    oc_frame_unref(f);
}

/* The file may not grow: as on a full disk, nothing is left behind. */
static void full_disk(const char *name)
{
    struct rlimit old, small = {20000, RLIM_INFINITY};
    char          part[64];
    oc_writer    *w = NULL;
    oc_error      err = {0};
    oc_status     st = OC_OK;

    snprintf(part, sizeof(part), "%s.part", name);
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &old);
    small.rlim_max = old.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    st = oc_writer_open(mt_path(name), 160, 120, 25, &w, &err);
    for (uint32_t i = 0; st == OC_OK && i < 200; i++) {
        oc_frame *f = mt_frame(OC_PIXEL_I420, 160, 120, i, false);
        st = oc_writer_put(w, f, &err);
        oc_frame_unref(f);
    }
    if (w && st == OC_OK)
        st = oc_writer_close(w, &err);
    else
        oc_writer_drop(w);
    setrlimit(RLIMIT_FSIZE, &old);
    assert_int_equal(st, OC_IO);
    assert_non_null(strstr(err.message, name));
    assert_non_null(strstr(err.message, strerror(EFBIG)));
    assert_false(there(name) || there(part));
}

static void full_disk_y4m(void **state)
{
    (void)state;
    full_disk("full.y4m");
}

static void closing_after_failure(void **state)
{
    oc_writer    *w = NULL;
    oc_error      err = {0};
    struct rlimit old, small = {4096, RLIM_INFINITY};

    (void)state;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(oc_writer_open(mt_path("k.y4m"), 160, 120, 25, &w, &err), OC_OK);
    getrlimit(RLIMIT_FSIZE, &old);
    small.rlim_max = old.rlim_max;
    setrlimit(RLIMIT_FSIZE, &small);
    oc_frame *f = mt_frame(OC_PIXEL_I420, 160, 120, 1, false);
    assert_int_equal(oc_writer_put(w, f, &err), OC_IO);
    setrlimit(RLIMIT_FSIZE, &old);
    assert_int_equal(oc_writer_put(w, f, NULL), OC_OK); /* there is room again: too late */
    assert_int_equal(oc_writer_close(w, &err), OC_IO);
    assert_false(there("k.y4m") || there("k.y4m.part"));
    oc_frame_unref(f);
}

static bool plugin;

static void full_disk_mp4(void **state)
{
    (void)state;
    if (plugin)
        full_disk("full.mp4");
}

static void mp4(void **state)
{
    oc_writer *w = NULL;

    (void)state;
    if (!plugin)
        return;
    ft_make_video(mt_path("a.mp4"), 64, 48, 15);
    assert_true(there("a.mp4"));
    assert_false(there("a.mp4.part"));
    /* dropped frames leave a gap in time: every third of ten a second */
    assert_ok(oc_writer_open(mt_path("gap.mp4"), 64, 48, 10, &w, err));
    for (uint32_t i = 0; i < 30; i += 3) {
        oc_frame *f = mt_frame(OC_PIXEL_I420, 64, 48, i, true);
        f->pts_ns = (int64_t)i * 100000000;
        assert_ok(oc_writer_put(w, f, err));
        oc_frame_unref(f);
    }
    assert_ok(oc_writer_close(w, err));
    oc_input *in = mt_open(mt_path("gap.mp4"), NULL, 0, 0);
    for (int64_t i = 0; i < 10; i++) {
        oc_frame *f = NULL;
        assert_ok(oc_input_read(in, &f, err));
        assert_int_equal(f->pts_ns, i * 300000000);
        oc_frame_unref(f);
    }
    oc_input_close(in);
    /* no frame at all */
    assert_ok(oc_writer_open(mt_path("empty.mp4"), 64, 48, 10, &w, err));
    assert_ok(oc_writer_close(w, err));
    assert_fails(OC_UNSUPPORTED, "suffix", oc_writer_open(mt_path("a.xyz"), 64, 48, 10, &w, err));
    assert_false(there("a.xyz.part"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(y4m_round_trip),
        cmocka_unit_test(converted),
        cmocka_unit_test(refusals),
        cmocka_unit_test(full_disk_y4m),
        cmocka_unit_test(closing_after_failure),
        cmocka_unit_test(full_disk_mp4),
        cmocka_unit_test(mp4),
    };
    plugin = ft_find_plugin();
    return cmocka_run_group_tests(tests, mt_setup, mt_teardown);
}
