/* Finding and refusing media plug-ins: the folder beside this program has some with faults. */
#include "media_test.h"

#include "media/writer.h"

static const char *complaint_about(const char *name)
{
    const char *text;

    for (size_t i = 0; (text = oc_media_complaint(i)) != NULL; i++)
        if (strstr(text, name))
            return text;
    return "";
}

#define assert_complains(name, words)                                     \
    do {                                                                  \
        const char *text = complaint_about(name);                         \
        if (!strstr(text, words))                                         \
            fail_msg("about %s: want '%s', got '%s'", name, words, text); \
    } while (0)

static void refusals(void **state)
{
    (void)state;
    assert_complains("media_test_abi.so", "plug-in speaks abi 9, we speak 1");
    assert_complains("media_test_short.so", "table has 24 bytes, at least");
    assert_complains("media_test_slot.so", "lacks 'read'");
    assert_complains("media_test_writer.so", "lacks 'writer_put'");
    assert_complains("media_test_nosymbol.so", "no symbol oc_media_entry");
    assert_complains("media_text.so", "media_text.so");
    assert_string_equal(complaint_about("media_test_good.so"), "");
}

static void good_one(void **state)
{
    (void)state;
    oc_input *in = mt_open("test://anything", NULL, 0, 0);
    assert_string_equal(oc_input_reader(in), "test");
    oc_frame *f = NULL;
    for (int i = 0; i < 2; i++) {
        assert_ok(oc_input_read(in, &f, err));
        assert_int_equal(f->index, i);
        oc_frame_unref(f);
    }
    assert_fails(OC_UNSUPPORTED, "test://anything: the reader gave a frame",
                 oc_input_read(in, &f, err));
    oc_input_close(in);
}

/* No FFmpeg here: who asks for a film is told what to do. */
static void nobody(void **state)
{
    oc_source_options o = {.struct_size = sizeof(o), .url = "rtsp://camera/1"};
    oc_input         *in = NULL;
    oc_writer        *w = NULL;

    (void)state;
    assert_fails(OC_UNSUPPORTED, "rtsp://camera/1: nobody here can read this",
                 oc_input_open(&o, &in, err));
    assert_fails(OC_UNSUPPORTED, "nobody here can write this",
                 oc_writer_open(mt_path("x.mp4"), 4, 4, 10, &w, err));
    assert_int_equal(access(mt_path("x.mp4"), F_OK), -1);
    assert_int_equal(access(mt_path("x.mp4.part"), F_OK), -1);
    assert_null(in);
    assert_null(w);
}

static void checks(void **state)
{
    oc_media_ops out = {0};

    (void)state;
    assert_fails(OC_UNSUPPORTED, "x.so: plug-in gave no table",
                 oc_media_check("x.so", NULL, &out, err));
    const oc_media_ops *image = oc_media_reader(0);
    oc_media_ops        t = *image;
    assert_ok(oc_media_check("x.so", &t, &out, err));
    assert_ptr_equal(out.read, image->read);
    t.struct_size = sizeof(t) + 64; /* from the future: what we know of it counts */
    struct {
        oc_media_ops t;
        char         more[64];
    } longer = {.t = t};
    assert_ok(oc_media_check("x.so", &longer.t, &out, err));
    t.name = NULL;
    assert_fails(OC_UNSUPPORTED, "'name'", oc_media_check("x.so", &t, &out, err));
}

static int setup(void **state)
{
    char    path[600];
    ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 200);

    if (n <= 0 || mt_setup(state) != 0)
        return -1;
    path[n] = '\0';
    mt_write(mt_path("media_text.so"), "no library at all", 17);
    snprintf(strrchr(path, '/'), 200, "/plugins:%s", mt_folder);
    return setenv("OCELLUS_PLUGINS", path, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refusals),
        cmocka_unit_test(good_one),
        cmocka_unit_test(nobody),
        cmocka_unit_test(checks),
    };
    return cmocka_run_group_tests(tests, setup, mt_teardown);
}
