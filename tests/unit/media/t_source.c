/* The built-in readers: folders, globs, Y4M, raw video, MJPEG, pipes, no camera. */
#include "media_test.h"

#include <errno.h>
#include <pthread.h>
#include <sys/stat.h>

#include "media/image.h"

static void put_image(const char *path, int w, int h, uint32_t seed, bool png)
{
    oc_frame *f = mt_frame(OC_PIXEL_RGB24, w, h, seed, true);
    uint8_t  *bytes = NULL;
    size_t    n = 0;

    if (png)
        assert_ok(oc_image_encode_png(f, &bytes, &n, err));
    else
        assert_ok(oc_image_encode_jpeg(f, 90, &bytes, &n, err));
    mt_write(path, bytes, n);
    free(bytes);
    oc_frame_unref(f);
}

static const char *folder(const char *name)
{
    const char *path = mt_path(name);

    assert_int_equal(mkdir(path, 0777), 0);
    return path;
}

static void image_folder(void **state)
{
    oc_error end;

    (void)state;
    folder("dir");
    put_image(mt_path("dir/b.JPG"), 30, 20, 2, false);
    put_image(mt_path("dir/a.png"), 40, 25, 1, true);
    put_image(mt_path("dir/c.jpeg"), 50, 30, 3, false);
    mt_write(mt_path("dir/notes.txt"), "no image", 8);
    mt_write(mt_path("dir/.hidden.jpg"), "no image", 8);
    oc_input *in = mt_open(mt_path("dir"), NULL, 0, 0);
    assert_string_equal(oc_input_reader(in), "image");
    assert_int_equal(oc_input_info(in)->frames, 3);
    assert_int_equal(oc_input_info(in)->width, 40);
    assert_false(oc_input_info(in)->live);
    static const int widths[] = {40, 30, 50};
    for (int i = 0; i < 3; i++) {
        oc_frame *f = NULL;
        assert_ok(oc_input_read(in, &f, err));
        assert_int_equal(f->width, widths[i]);
        assert_int_equal(f->index, i);
        assert_int_equal(f->pts_ns, (int64_t)i * 40000000);
        oc_frame_unref(f);
    }
    oc_frame *f = NULL;
    assert_int_equal(oc_input_read(in, &f, NULL), OC_END);
    assert_int_equal(oc_input_read(in, &f, NULL), OC_END);
    oc_input_close(in);

    in = mt_open(mt_path("dir/*.jp*g"), NULL, 0, 0);
    assert_int_equal(mt_count(in, &end), 1);
    assert_int_equal(end.status, OC_END);
    oc_input_close(in);
    in = mt_open(mt_path("dir/a.png"), NULL, 0, 0);
    assert_int_equal(mt_count(in, &end), 1);
    oc_input_close(in);
}

static oc_status open_url(const char *url, const char *format, oc_error *err)
{
    oc_source_options o = {.struct_size = sizeof(o), .url = url, .format = format};
    oc_input         *in = NULL;
    oc_status         st = oc_input_open(&o, &in, err);

    if (st == OC_OK)
        oc_input_close(in);
    else
        assert_null(in);
    return st;
}

static void bad_folders(void **state)
{
    oc_error end;

    (void)state;
    folder("none");
    assert_fails(OC_NOT_FOUND, "none: no .jpg", open_url(mt_path("none"), NULL, err));
    assert_fails(OC_NOT_FOUND, "no .jpg", open_url(mt_path("none/*.png"), NULL, err));
    assert_fails(OC_NOT_FOUND, "No such file", open_url(mt_path("gone.jpg"), NULL, err));
    assert_fails(OC_NOT_FOUND, "No such file", open_url(mt_path("gone/x.avi"), NULL, err));
    mt_write(mt_path("zero.avi"), "", 0);
    assert_fails(OC_FORMAT, "zero.avi: the file is empty",
                 open_url(mt_path("zero.avi"), NULL, err));
    oc_source_options o = {.struct_size = sizeof(o), .url = "x.png", .fps = -1};
    oc_input         *in = NULL;
    assert_fails(OC_INVALID, "fps -1", oc_input_open(&o, &in, err));
    /* a corrupt file among good ones is named; those before count */
    folder("mixed");
    put_image(mt_path("mixed/1.png"), 8, 8, 1, true);
    put_image(mt_path("mixed/2.png"), 8, 8, 1, true);
    mt_cut(mt_path("mixed/1.png"), mt_path("mixed/3.png"), 0.5);
    in = mt_open(mt_path("mixed"), NULL, 0, 0);
    assert_int_equal(mt_count(in, &end), 2);
    assert_int_equal(end.status, OC_FORMAT);
    assert_non_null(strstr(end.message, "3.png: truncated PNG"));
    oc_input_close(in);
    mt_cut(mt_path("mixed/1.png"), mt_path("mixed/0.png"), 0.5);
    assert_fails(OC_FORMAT, "0.png", open_url(mt_path("mixed"), NULL, err));
}

/* A Y4M file of n frames by hand. */
static void put_y4m(const char *path, const char *chroma, oc_pixel_format format, int w, int h,
                    int n)
{
    FILE *f = fopen(path, "wb");

    assert_non_null(f);
    fprintf(f, "YUV4MPEG2 W%d H%d F30000:1001 Ip A1:1%s\n", w, h, chroma);
    for (int i = 0; i < n; i++) {
        oc_frame *frame = mt_frame(format, w, h, (uint32_t)i, false);
        fputs(i & 1 ? "FRAME Ixyz\n" : "FRAME\n", f);
        for (int p = 0; p < 3; p++)
            for (size_t y = 0; y < oc_pixel_rows(format, p, h); y++)
                fwrite(frame->plane[p] + (ptrdiff_t)y * frame->stride[p], 1,
                       oc_pixel_row_bytes(format, p, w), f);
        oc_frame_unref(frame);
    }
    fclose(f);
}

static void y4m_formats(void **state)
{
    static const struct {
        const char     *tag;
        oc_pixel_format format;
        bool            center, full;
    } rows[] = {
        {"", OC_PIXEL_I420, true, false},
        {" C420jpeg XCOLORRANGE=FULL", OC_PIXEL_I420, true, true},
        {" C420mpeg2", OC_PIXEL_I420, false, false},
        {" C422", OC_PIXEL_I422, false, false},
        {" C444", OC_PIXEL_I444, false, false},
        {" Cmono", OC_PIXEL_GRAY8, false, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        put_y4m(mt_path("a.y4m"), rows[i].tag, rows[i].format, 35, 21, 4);
        oc_input *in = mt_open(mt_path("a.y4m"), NULL, 0, 0);
        assert_string_equal(oc_input_info(in)->codec, "y4m");
        assert_true(oc_input_info(in)->fps > 29.96 && oc_input_info(in)->fps < 29.98);
        for (uint32_t k = 0; k < 4; k++) {
            oc_frame *f = NULL, *want = mt_frame(rows[i].format, 35, 21, k, false);
            assert_ok(oc_input_read(in, &f, err));
            assert_true(mt_same(f, want));
            assert_int_equal(f->chroma_center, rows[i].center);
            assert_int_equal(f->full_range, rows[i].full);
            oc_frame_unref(f);
            oc_frame_unref(want);
        }
        oc_input_close(in);
    }
}

static void y4m_damage(void **state)
{
    oc_error end;

    (void)state;
    put_y4m(mt_path("w.y4m"), "", OC_PIXEL_I420, 16, 16, 5);
    for (int tenth = 3; tenth < 10; tenth++) {
        mt_cut(mt_path("w.y4m"), mt_path("t.y4m"), tenth / 10.0);
        oc_input *in = mt_open(mt_path("t.y4m"), NULL, 0, 0);
        uint64_t  n = mt_count(in, &end);
        assert_in_range(n, 1, 4);
        assert_int_equal(end.status, OC_FORMAT);
        char words[40];
        snprintf(words, sizeof(words), "breaks off after %d frames", (int)n);
        assert_non_null(strstr(end.message, words));
        oc_input_close(in);
    }
    static const struct {
        const char *text, *words;
        oc_status   status;
    } bad[] = {
        {"YUV4MPEG2 W16 H16\n", "no frame", OC_FORMAT},
        {"YUV4MPEG2 W16\nFRAME\n", "no width and height", OC_FORMAT},
        {"YUV4MPEG2 W0 H16\nFRAME\n", "width or height '0'", OC_FORMAT},
        {"YUV4MPEG2 W99999 H16\nFRAME\n", "'99999'", OC_FORMAT},
        {"YUV4MPEG2 W16 H16 C420p10\nFRAME\n", "420p10", OC_UNSUPPORTED},
        {"YUV4MPEG2 W16 H16\nFRAMF\nxxxx", "breaks off|no frame header", OC_FORMAT},
        {"YUV4MPEG1 W16 H16\nFRAME\n", "YUV4MPEG2", OC_FORMAT},
        {"YUV4MPEG2 W16 H", "breaks off", OC_FORMAT},
        {"text", "", OC_FORMAT},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        mt_write(mt_path("bad.y4m"), bad[i].text, strlen(bad[i].text));
        const char *words = strchr(bad[i].words, '|') ? "Y4M" : bad[i].words;
        assert_fails(bad[i].status, words, open_url(mt_path("bad.y4m"), NULL, err));
    }
    char *line = malloc(5000);
    assert_non_null(line);
    memset(line, 'x', 5000);
    memcpy(line, "YUV4MPEG2 ", 10);
    mt_write(mt_path("long.y4m"), line, 5000);
    assert_fails(OC_FORMAT, "line of more", open_url(mt_path("long.y4m"), NULL, err));
    free(line);
}

/* ---- pipes: a thread writes, slowly and in odd pieces ---- */

typedef struct feeder {
    int            fd;
    const uint8_t *bytes;
    size_t         n, piece;
} feeder;

static void *feed(void *arg)
{
    const feeder *f = arg;

    for (size_t at = 0; at < f->n;) {
        size_t  n = f->n - at < f->piece ? f->n - at : f->piece;
        ssize_t put = write(f->fd, f->bytes + at, n);
        if (put <= 0)
            break;
        at += (size_t)put;
    }
    close(f->fd);
    return NULL;
}

typedef struct pipe_url {
    char      text[32];
    int       fd;
    pthread_t thread;
    feeder    feeder;
} pipe_url;

static void start_pipe(pipe_url *p, const uint8_t *bytes, size_t n, size_t piece)
{
    int ends[2];

    assert_int_equal(pipe(ends), 0);
    p->fd = ends[0];
    p->feeder = (feeder){ends[1], bytes, n, piece};
    snprintf(p->text, sizeof(p->text), "pipe:%d", ends[0]);
    assert_int_equal(pthread_create(&p->thread, NULL, feed, &p->feeder), 0);
}

static void stop_pipe(pipe_url *p)
{
    close(p->fd);
    pthread_join(p->thread, NULL);
}

static void raw_pipe(void **state)
{
    static const oc_pixel_format formats[] = {OC_PIXEL_I420, OC_PIXEL_NV12, OC_PIXEL_RGB24,
                                              OC_PIXEL_YUYV, OC_PIXEL_GRAY8};

    (void)state;
    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
        size_t   one = oc_pixel_frame_bytes(formats[i], 21, 10), n = 3 * one;
        uint8_t *bytes = malloc(n + 5);
        uint32_t seed = 1;
        pipe_url p;
        oc_error end;
        assert_non_null(bytes);
        for (size_t k = 0; k < n + 5; k++)
            bytes[k] = (uint8_t)mt_rand(&seed);
        start_pipe(&p, bytes, n, 97);
        oc_input *in = mt_open(p.text, oc_pixel_name(formats[i]), 21, 10);
        for (size_t k = 0; k < 3; k++) {
            oc_frame *f = NULL;
            assert_ok(oc_input_read(in, &f, err));
            size_t row = oc_pixel_row_bytes(formats[i], 0, 21);
            assert_memory_equal(f->plane[0] + f->stride[0] * 9, bytes + k * one + 9 * row, row);
            if (formats[i] == OC_PIXEL_I420)
                assert_memory_equal(f->plane[2], bytes + k * one + 210 + 55, 11);
            oc_frame_unref(f);
        }
        oc_frame *f = NULL;
        assert_int_equal(oc_input_read(in, &f, NULL), OC_END);
        oc_input_close(in);
        stop_pipe(&p);
        /* five bytes too many: it breaks off in the fourth frame */
        start_pipe(&p, bytes, n + 5, 1000);
        in = mt_open(p.text, oc_pixel_name(formats[i]), 21, 10);
        assert_int_equal(mt_count(in, &end), 3);
        assert_int_equal(end.status, OC_FORMAT);
        assert_non_null(strstr(end.message, "breaks off after 3 frames"));
        oc_input_close(in);
        stop_pipe(&p);
        /* two whole rows of the third frame: that is no end either */
        start_pipe(&p, bytes, 2 * one + 2 * oc_pixel_row_bytes(formats[i], 0, 21), 1000);
        in = mt_open(p.text, oc_pixel_name(formats[i]), 21, 10);
        assert_int_equal(mt_count(in, &end), 2);
        assert_int_equal(end.status, OC_FORMAT);
        oc_input_close(in);
        stop_pipe(&p);
        free(bytes);
    }
    assert_fails(OC_INVALID, "width and height", open_url("pipe:0", "i420", err));
    assert_fails(OC_INVALID, "file descriptor", open_url("pipe:x", "i420", err));
    assert_fails(OC_IO, "987", open_url("pipe:987", "i420", err));
    assert_fails(OC_UNSUPPORTED, "'matroska'", open_url("pipe:0", "matroska", err));
}

static void mjpeg_pipe(void **state)
{
    uint8_t *stream = NULL;
    size_t   n = 0, starts[6];
    oc_error end;

    (void)state;
    for (uint32_t i = 0; i < 5; i++) { /* multipart headers between, sizes differ */
        oc_frame *f = mt_frame(OC_PIXEL_RGB24, 40 + (int)i, 30, i, i & 1);
        uint8_t  *bytes = NULL;
        size_t    one = 0;
        assert_ok(oc_image_encode_jpeg(f, 90, &bytes, &one, err));
        stream = realloc(stream, n + one + 64);
        assert_non_null(stream);
        n += (size_t)snprintf((char *)stream + n, 64, "\r\n--frame\r\nContent-Length: %zu\r\n\r\n",
                              one);
        starts[i] = n;
        memcpy(stream + n, bytes, one);
        n += one;
        free(bytes);
        oc_frame_unref(f);
    }
    mt_write(mt_path("s.mjpg"), stream, n);
    oc_input *in = mt_open(mt_path("s.mjpg"), NULL, 0, 0);
    assert_int_equal(mt_count(in, &end), 5);
    assert_int_equal(end.status, OC_END);
    oc_input_close(in);
    /* from a pipe, recognised by its first bytes, in small pieces */
    pipe_url p;
    start_pipe(&p, stream + starts[0], n - starts[0], 61);
    in = mt_open(p.text, NULL, 0, 0);
    assert_string_equal(oc_input_info(in)->codec, "mjpeg");
    assert_int_equal(mt_count(in, &end), 5);
    oc_input_close(in);
    stop_pipe(&p);
    /* cut in the last picture */
    mt_write(mt_path("c.mjpg"), stream, starts[4] + 300);
    in = mt_open(mt_path("c.mjpg"), NULL, 0, 0);
    assert_int_equal(mt_count(in, &end), 4);
    assert_int_equal(end.status, OC_FORMAT);
    assert_non_null(strstr(end.message, "breaks off after 4 frames"));
    oc_input_close(in);
    mt_write(mt_path("no.mjpg"), "nothing of the kind", 19);
    assert_fails(OC_FORMAT, "no frame", open_url(mt_path("no.mjpg"), NULL, err));
    free(stream);
}

static void y4m_pipe(void **state)
{
    size_t   n;
    oc_error end;
    pipe_url p;

    (void)state;
    put_y4m(mt_path("p.y4m"), " C422", OC_PIXEL_I422, 33, 9, 6);
    uint8_t *bytes = mt_read(mt_path("p.y4m"), &n);
    start_pipe(&p, bytes, n, 13);
    oc_input *in = mt_open(p.text, NULL, 0, 0);
    assert_int_equal(mt_count(in, &end), 6);
    assert_int_equal(end.status, OC_END);
    oc_input_close(in);
    stop_pipe(&p);
    start_pipe(&p, (const uint8_t *)"garbage in a pipe", 17, 17);
    assert_fails(OC_FORMAT, "neither Y4M nor MJPEG", open_url(p.text, NULL, err));
    stop_pipe(&p);
    start_pipe(&p, NULL, 0, 1);
    assert_fails(OC_FORMAT, "no data", open_url(p.text, NULL, err));
    stop_pipe(&p);
    free(bytes);
}

static void *cancel_soon(void *arg)
{
    usleep(100000);
    __atomic_store_n((volatile int *)arg, 1, __ATOMIC_RELAXED);
    return NULL;
}

/* Nobody ever writes: the reader must come back when it is told to. */
static void cancelled_pipe(void **state)
{
    int          ends[2];
    volatile int cancel = 0;
    char         url[32];
    pthread_t    t;
    oc_input    *in = NULL;

    (void)state;
    assert_int_equal(pipe(ends), 0);
    snprintf(url, sizeof(url), "pipe:%d", ends[0]);
    oc_source_options o = {.struct_size = sizeof(o), .url = url, .cancel = &cancel};
    assert_int_equal(pthread_create(&t, NULL, cancel_soon, (void *)(uintptr_t)&cancel), 0);
    assert_fails(OC_CANCELLED, "cancelled", oc_input_open(&o, &in, err));
    pthread_join(t, NULL);
    close(ends[0]);
    close(ends[1]);
}

static void no_camera(void **state)
{
    (void)state;
    assert_fails(OC_NOT_FOUND, "/dev/video987: No such file",
                 open_url("v4l2:/dev/video987", NULL, err));
    assert_fails(OC_UNSUPPORTED, "/dev/null: not a camera", open_url("v4l2:/dev/null", NULL, err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(image_folder), cmocka_unit_test(bad_folders),
        cmocka_unit_test(y4m_formats),  cmocka_unit_test(y4m_damage),
        cmocka_unit_test(raw_pipe),     cmocka_unit_test(mjpeg_pipe),
        cmocka_unit_test(y4m_pipe),     cmocka_unit_test(cancelled_pipe),
        cmocka_unit_test(no_camera),
    };
    setenv("OCELLUS_PLUGINS", "/nonexistent", 1); /* built-in readers only */
    return cmocka_run_group_tests(tests, mt_setup, mt_teardown);
}
