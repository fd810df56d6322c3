/* What goes into the report is escaped; pictures of any size fit the video's canvas. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "media/frame.h"
#include "pipeline/canvas.h"
#include "pipeline/page.h"

static char path[] = "/tmp/oc_page_XXXXXX";

/* What `write` puts on a page. */
static const char *written(void (*write)(oc_page *page))
{
    static char text[4096];
    oc_part    *part;
    oc_error    err;
    assert_int_equal(oc_part_create(path, &part, &err), OC_OK);
    oc_page page = {.part = part, .err = &err};
    write(&page);
    assert_int_equal(page.status, OC_OK);
    assert_int_equal(oc_part_finish(part, &err), OC_OK);
    FILE *in = fopen(path, "r");
    text[fread(text, 1, sizeof(text) - 1, in)] = '\0';
    fclose(in);
    return text;
}

static void write_odd_texts(oc_page *page)
{
    oc_page_text(page, "<script>alert('1 & \"2\"')</script>");
    oc_page_put(page, "|");
    oc_page_text(page, "");
    oc_page_text(page, "plain \xC3\xA9");
}

static void texts_are_escaped(void **state)
{
    (void)state;
    assert_string_equal(written(write_odd_texts),
                        "&lt;script&gt;alert(&#39;1 &amp; &quot;2&quot;&#39;)&lt;/script&gt;|plain "
                        "\xC3\xA9");
}

static void write_bytes(oc_page *page)
{
    oc_page_base64(page, (const uint8_t *)"", 0);
    oc_page_base64(page, (const uint8_t *)"f", 1);
    oc_page_put(page, " ");
    oc_page_base64(page, (const uint8_t *)"fo", 2);
    oc_page_put(page, " ");
    oc_page_base64(page, (const uint8_t *)"foobar", 6);
    oc_page_put(page, " ");
    oc_page_clock(page, 67.46);
    oc_page_put(page, " ");
    oc_page_clock(page, 7384.0);
}

static void bytes_as_rfc_4648_has_them(void **state)
{
    (void)state;
    assert_string_equal(written(write_bytes), "Zg== Zm8= Zm9vYmFy 1:07.5 2:03:04");
}

static void write_much(oc_page *page)
{
    static uint8_t bytes[2999];
    memset(bytes, 0xff, sizeof(bytes));
    oc_page_base64(page, bytes, sizeof(bytes));
}

static void long_pictures_are_whole(void **state)
{
    (void)state;
    const char *text = written(write_much);
    assert_int_equal(strlen(text), 4000);
    assert_int_equal(strspn(text, "/"), 3998); /* 2999 = 3 * 999 + 2: "//8=" at the end */
    assert_string_equal(text + 3996, "//8=");
}

static oc_frame *picture(int32_t width, int32_t height, uint8_t luma)
{
    oc_frame *f;
    oc_error  err;
    assert_int_equal(oc_frame_create(OC_PIXEL_I420, width, height, &f, &err), OC_OK);
    for (int p = 0; p < 3; p++)
        for (int y = 0; y < (height + (p > 0)) >> (p > 0); y++)
            memset(f->plane[p] + y * f->stride[p], p ? 90 : luma,
                   (size_t)(width + (p > 0)) >> (p > 0));
    return f;
}

static void any_size_fits_the_canvas(void **state)
{
    (void)state;
    const int32_t sizes[][2] = {{1, 1},    {1, 700}, {700, 1}, {33, 47},
                                {400, 90}, {64, 48}, {63, 49}};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        oc_frame *from = picture(sizes[i][0], sizes[i][1], 200), *to = picture(64, 48, 77);
        oc_canvas_fit(from, to);
        size_t full = 0, black = 0;
        for (int y = 0; y < 48; y++)
            for (int x = 0; x < 64; x++) {
                full += to->plane[0][y * to->stride[0] + x] == 200;
                black += to->plane[0][y * to->stride[0] + x] == 16;
            }
        assert_int_equal(full + black, 64 * 48); /* the picture, and nothing else but black */
        double aspect = (double)sizes[i][0] / sizes[i][1];
        double want = aspect > 64.0 / 48 ? 64 * 64 / aspect : 48 * 48 * aspect;
        assert_true((double)full >= 0.8 * want - 64 && (double)full <= 1.1 * want + 128);
        oc_frame_unref(from);
        oc_frame_unref(to);
    }
}

static void a_ramp_stays_a_ramp(void **state)
{
    (void)state;
    oc_frame *from = picture(40, 30, 0), *to = picture(160, 120, 0);
    for (int y = 0; y < 30; y++)
        for (int x = 0; x < 40; x++)
            from->plane[0][y * from->stride[0] + x] = (uint8_t)(40 + 4 * x);
    oc_canvas_fit(from, to);
    for (int x = 4; x < 156; x++) {
        int got = to->plane[0][60 * to->stride[0] + x];
        assert_in_range(got, 40 + x - 3, 40 + x + 1); /* 4 * ((x + .5) / 4 - .5) = x - 1.5 */
    }
    oc_frame_unref(from);
    oc_frame_unref(to);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_escaped),       cmocka_unit_test(bytes_as_rfc_4648_has_them),
        cmocka_unit_test(long_pictures_are_whole), cmocka_unit_test(any_size_fits_the_canvas),
        cmocka_unit_test(a_ramp_stays_a_ramp),
    };
    int fd = mkstemp(path);
    if (fd < 0)
        return 1;
    close(fd);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(path);
    return failed;
}
