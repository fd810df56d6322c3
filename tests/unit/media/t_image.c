#include "media_test.h"

#include <math.h>

#include <jpeglib.h>
#include <png.h>

#include "media/image.h"

/* ---- JPEG, against libjpeg's own way to RGB ---- */

typedef struct sampling {
    int             h, v; /* of luma; chroma has 1x1 */
    oc_pixel_format want;
    bool            progressive;
} sampling;

static uint8_t *make_jpeg(const oc_frame *rgb, const sampling *s, size_t *n)
{
    struct jpeg_compress_struct c;
    struct jpeg_error_mgr       e;
    unsigned char              *out = NULL;
    unsigned long               bytes = 0;

    c.err = jpeg_std_error(&e);
    jpeg_create_compress(&c);
    jpeg_mem_dest(&c, &out, &bytes);
    c.image_width = (JDIMENSION)rgb->width;
    c.image_height = (JDIMENSION)rgb->height;
    c.input_components = s->want == OC_PIXEL_GRAY8 ? 1 : 3;
    c.in_color_space = s->want == OC_PIXEL_GRAY8 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_set_defaults(&c);
    jpeg_set_quality(&c, 90, TRUE);
    c.comp_info[0].h_samp_factor = s->h;
    c.comp_info[0].v_samp_factor = s->v;
    if (s->progressive)
        jpeg_simple_progression(&c);
    c.restart_interval = s->progressive ? 0 : 3;
    jpeg_start_compress(&c, TRUE);
    while (c.next_scanline < c.image_height) {
        JSAMPROW row = rgb->plane[0] + (ptrdiff_t)c.next_scanline * rgb->stride[0];
        jpeg_write_scanlines(&c, &row, 1);
    }
    jpeg_finish_compress(&c);
    jpeg_destroy_compress(&c);
    *n = bytes;
    return out;
}

/* smooth: chroma between its samples; else repeated, which is what the planes hold. */
static oc_frame *libjpeg_rgb(const uint8_t *bytes, size_t n, bool smooth)
{
    struct jpeg_decompress_struct d;
    struct jpeg_error_mgr         e;
    oc_frame                     *f = NULL;

    d.err = jpeg_std_error(&e);
    jpeg_create_decompress(&d);
    jpeg_mem_src(&d, bytes, (unsigned long)n);
    jpeg_read_header(&d, TRUE);
    d.out_color_space = JCS_RGB;
    d.do_fancy_upsampling = smooth;
    jpeg_start_decompress(&d);
    assert_ok(oc_frame_create(OC_PIXEL_RGB24, (int)d.output_width, (int)d.output_height, &f, err));
    while (d.output_scanline < d.output_height) {
        JSAMPROW row = f->plane[0] + (ptrdiff_t)d.output_scanline * f->stride[0];
        jpeg_read_scanlines(&d, &row, 1);
    }
    jpeg_finish_decompress(&d);
    jpeg_destroy_decompress(&d);
    return f;
}

static int clip(double v)
{
    return (int)lrint(v < 0 ? 0 : v > 255 ? 255 : v);
}

static void pixel_rgb(const oc_frame *f, int x, int y, int out[3])
{
    int dx = f->format == OC_PIXEL_I444 ? 0 : 1, dy = f->format == OC_PIXEL_I420 ? 1 : 0;

    if (f->format == OC_PIXEL_RGB24) {
        for (int k = 0; k < 3; k++)
            out[k] = f->plane[0][y * f->stride[0] + 3 * x + k];
        return;
    }
    double l = f->plane[0][y * f->stride[0] + x], u = 0, v = 0;
    if (f->format != OC_PIXEL_GRAY8) {
        u = f->plane[1][(y >> dy) * f->stride[1] + (x >> dx)] - 128;
        v = f->plane[2][(y >> dy) * f->stride[2] + (x >> dx)] - 128;
    }
    out[0] = clip(l + 1.402 * v);
    out[1] = clip(l - 0.344136 * u - 0.714136 * v);
    out[2] = clip(l + 1.772 * u);
}

static void jpeg_samplings(void **state)
{
    static const sampling all[] = {
        {2, 2, OC_PIXEL_I420, false},  {2, 1, OC_PIXEL_I422, false},  {1, 1, OC_PIXEL_I444, false},
        {1, 2, OC_PIXEL_RGB24, false}, {4, 1, OC_PIXEL_RGB24, false}, {1, 1, OC_PIXEL_GRAY8, false},
        {2, 2, OC_PIXEL_I420, true},   {1, 1, OC_PIXEL_I444, true},
    };
    static const int sizes[][2] = {{64, 48}, {1, 1}, {7, 3}, {17, 33}, {130, 65}, {15, 16}};

    (void)state;
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
            bool      gray = all[i].want == OC_PIXEL_GRAY8;
            oc_frame *from = mt_frame(gray ? OC_PIXEL_GRAY8 : OC_PIXEL_RGB24, sizes[s][0],
                                      sizes[s][1], (uint32_t)i, true);
            size_t    n;
            uint8_t  *bytes = make_jpeg(from, &all[i], &n);
            oc_frame *want = libjpeg_rgb(bytes, n, all[i].want == OC_PIXEL_RGB24), *got = NULL;
            assert_ok(oc_image_decode(bytes, n, &got, err));
            assert_int_equal(got->format, all[i].want);
            assert_int_equal(got->width, sizes[s][0]);
            assert_int_equal(got->height, sizes[s][1]);
            assert_true(got->full_range);
            for (int y = 0; y < got->height; y++) {
                for (int x = 0; x < got->width; x++) {
                    int a[3], b[3];
                    pixel_rgb(got, x, y, a);
                    pixel_rgb(want, x, y, b);
                    for (int k = 0; k < 3; k++)
                        if (abs(a[k] - b[k]) > 1)
                            fail_msg("sampling %zu size %zu at %d,%d: %d and %d", i, s, x, y, b[k],
                                     a[k]);
                }
            }
            oc_frame_unref(from);
            oc_frame_unref(want);
            oc_frame_unref(got);
            free(bytes);
        }
    }
}

static void jpeg_damage(void **state)
{
    const sampling s = {2, 2, OC_PIXEL_I420, false}, p = {1, 1, OC_PIXEL_I444, true};
    oc_frame      *from = mt_frame(OC_PIXEL_RGB24, 80, 60, 1, false), *got = NULL;

    (void)state;
    for (int k = 0; k < 2; k++) {
        size_t   n;
        uint8_t *bytes = make_jpeg(from, k ? &p : &s, &n);
        /* every length: truncated or corrupt, and never a picture.  A copy of the exact size lets
         * the address sanitizer see a read beyond it. */
        for (size_t cut = 0; cut < n; cut += cut < 700 || cut > n - 40 ? 1 : 97) {
            uint8_t *part = malloc(cut ? cut : 1);
            assert_non_null(part);
            memcpy(part, bytes, cut);
            oc_error e = {0};
            assert_int_equal(oc_image_decode(part, cut, &got, &e), OC_FORMAT);
            assert_true(e.message[0] != '\0');
            free(part);
        }
        assert_fails(OC_FORMAT, "truncated", oc_image_decode(bytes, n / 2, &got, err));
        /* flipped bits: a picture or a message */
        uint32_t seed = 3;
        for (int i = 0; i < 400; i++) {
            size_t  at = mt_rand(&seed) % n;
            uint8_t old = bytes[at];
            bytes[at] ^= (uint8_t)(1u << mt_rand(&seed) % 8);
            oc_status st = oc_image_decode(bytes, n, &got, NULL);
            if (st == OC_OK)
                oc_frame_unref(got);
            bytes[at] = old;
        }
        free(bytes);
    }
    oc_frame_unref(from);
}

static void jpeg_limits(void **state)
{
    const sampling s = {1, 1, OC_PIXEL_I444, false};
    oc_frame      *from = mt_frame(OC_PIXEL_RGB24, 8, 8, 1, true), *got = NULL;
    size_t         n;
    uint8_t       *bytes = make_jpeg(from, &s, &n);

    (void)state;
    for (size_t i = 0; i + 9 < n; i++) {
        if (bytes[i] == 0xff && bytes[i + 1] == 0xc0) { /* the frame header: height, width */
            memcpy(bytes + i + 5, "\xff\xdc\xff\xdc", 4);
            break;
        }
    }
    assert_fails(OC_UNSUPPORTED, "65500x65500", oc_image_decode(bytes, n, &got, err));
    free(bytes);
    oc_frame_unref(from);
}

static void jpeg_encode(void **state)
{
    static const oc_pixel_format formats[] = {OC_PIXEL_I420, OC_PIXEL_RGB24, OC_PIXEL_GRAY8,
                                              OC_PIXEL_NV12, OC_PIXEL_BGRA32};

    (void)state;
    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
        oc_frame *from = mt_frame(formats[i], 64, 40, 1, true), *got = NULL, *a = NULL, *b = NULL;
        uint8_t  *bytes = NULL;
        size_t    n = 0;
        from->full_range = formats[i] == OC_PIXEL_GRAY8;
        assert_ok(oc_image_encode_jpeg(from, 95, &bytes, &n, err));
        assert_ok(oc_image_decode(bytes, n, &got, err));
        assert_ok(oc_frame_create(OC_PIXEL_GRAY8, 64, 40, &a, err));
        assert_ok(oc_frame_create(OC_PIXEL_GRAY8, 64, 40, &b, err));
        assert_ok(oc_frame_convert(from, a, err));
        assert_ok(oc_frame_convert(got, b, err));
        double sum = 0;
        for (int y = 0; y < 40; y++)
            for (int x = 0; x < 64; x++)
                sum += abs(a->plane[0][y * a->stride[0] + x] - b->plane[0][y * b->stride[0] + x]);
        if (sum / (64 * 40) > 4)
            fail_msg("%s: mean difference %g", oc_pixel_name(formats[i]), sum / (64 * 40));
        oc_frame_unref(from);
        oc_frame_unref(got);
        oc_frame_unref(a);
        oc_frame_unref(b);
        free(bytes);
    }
    oc_frame *f = mt_frame(OC_PIXEL_GRAY8, 4, 4, 1, true);
    uint8_t  *bytes = NULL;
    size_t    n = 0;
    assert_fails(OC_INVALID, "quality 0", oc_image_encode_jpeg(f, 0, &bytes, &n, err));
    assert_null(bytes);
    oc_frame_unref(f);
}

/* ---- PNG ---- */

static void png_round_trip(void **state)
{
    static const int sizes[][2] = {{1, 1}, {3, 7}, {65, 40}, {300, 2}};

    (void)state;
    for (int gray = 0; gray < 2; gray++) {
        for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
            oc_frame *from = mt_frame(gray ? OC_PIXEL_GRAY8 : OC_PIXEL_RGB24, sizes[s][0],
                                      sizes[s][1], (uint32_t)s, false);
            oc_frame *got = NULL;
            uint8_t  *bytes = NULL;
            size_t    n = 0;
            from->full_range = true;
            assert_ok(oc_image_encode_png(from, &bytes, &n, err));
            assert_ok(oc_image_decode(bytes, n, &got, err));
            assert_true(mt_same(from, got));
            oc_frame_unref(from);
            oc_frame_unref(got);
            free(bytes);
        }
    }
}

/* Written by libpng itself: depth, kind, interlacing. */
static void write_png(const char *path, int kind, int depth, bool interlaced, int w, int h)
{
    FILE       *f = fopen(path, "wb");
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop   info = png_create_info_struct(png);
    png_color   palette[4] = {{10, 20, 30}, {200, 100, 50}, {0, 255, 0}, {9, 8, 7}};
    png_byte    row[64 * 8];

    assert_non_null(f);
    png_init_io(png, f);
    png_set_IHDR(png, info, (png_uint_32)w, (png_uint_32)h, depth, kind,
                 interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    if (kind == PNG_COLOR_TYPE_PALETTE)
        png_set_PLTE(png, info, palette, 4);
    png_write_info(png, info);
    int passes = png_set_interlace_handling(png);
    for (int pass = 0; pass < passes; pass++) {
        for (int y = 0; y < h; y++) {
            size_t n = png_get_rowbytes(png, info);
            for (size_t x = 0; x < n; x++)
                row[x] = kind == PNG_COLOR_TYPE_PALETTE ? (png_byte)((x + (size_t)y) % 4)
                                                        : (png_byte)(x * 5 + (size_t)y * 3);
            png_write_row(png, row);
        }
    }
    png_write_end(png, NULL);
    png_destroy_write_struct(&png, &info);
    fclose(f);
}

static void png_kinds(void **state)
{
    oc_frame *f = NULL;

    (void)state;
    write_png(mt_path("p.png"), PNG_COLOR_TYPE_PALETTE, 8, false, 9, 5);
    assert_ok(oc_image_load(mt_path("p.png"), &f, err));
    assert_int_equal(f->format, OC_PIXEL_RGB24);
    assert_memory_equal(f->plane[0] + f->stride[0], "\xc8\x64\x32\x00\xff\x00", 6);
    oc_frame_unref(f);
    write_png(mt_path("a.png"), PNG_COLOR_TYPE_RGBA, 8, false, 9, 5);
    assert_ok(oc_image_load(mt_path("a.png"), &f, err));
    assert_int_equal(f->format, OC_PIXEL_RGB24);
    assert_int_equal(f->plane[0][3], 4 * 5);
    oc_frame_unref(f);
    write_png(mt_path("g.png"), PNG_COLOR_TYPE_GRAY, 1, false, 16, 2);
    assert_ok(oc_image_load(mt_path("g.png"), &f, err));
    assert_int_equal(f->format, OC_PIXEL_GRAY8);
    assert_memory_equal(f->plane[0] + 8, "\0\0\0\0\0\xff\0\xff", 8);
    oc_frame_unref(f);
    write_png(mt_path("16.png"), PNG_COLOR_TYPE_GRAY_ALPHA, 16, false, 9, 5);
    assert_ok(oc_image_load(mt_path("16.png"), &f, err));
    assert_int_equal(f->format, OC_PIXEL_GRAY8);
    assert_in_range(f->plane[0][1], 19, 21);
    oc_frame_unref(f);

    oc_frame *plain = NULL;
    write_png(mt_path("i.png"), PNG_COLOR_TYPE_RGB, 8, true, 33, 21);
    write_png(mt_path("n.png"), PNG_COLOR_TYPE_RGB, 8, false, 33, 21);
    assert_ok(oc_image_load(mt_path("i.png"), &f, err));
    assert_ok(oc_image_load(mt_path("n.png"), &plain, err));
    assert_true(mt_same(f, plain));
    oc_frame_unref(f);
    oc_frame_unref(plain);
}

static void png_damage(void **state)
{
    oc_frame *from = mt_frame(OC_PIXEL_RGB24, 40, 30, 1, false), *got = NULL;
    uint8_t  *bytes = NULL;
    size_t    n = 0;

    (void)state;
    assert_ok(oc_image_encode_png(from, &bytes, &n, err));
    for (size_t cut = 0; cut < n; cut += cut < 100 || cut > n - 40 ? 1 : 31) {
        uint8_t *part = malloc(cut ? cut : 1);
        assert_non_null(part);
        memcpy(part, bytes, cut);
        assert_fails(OC_FORMAT, "", oc_image_decode(part, cut, &got, err));
        free(part);
    }
    assert_fails(OC_FORMAT, "truncated", oc_image_decode(bytes, n / 2, &got, err));
    bytes[n / 2] ^= 0x40;
    assert_fails(OC_FORMAT, "corrupt", oc_image_decode(bytes, n, &got, err));
    free(bytes);
    oc_frame_unref(from);
}

static uint32_t crc(const uint8_t *p, size_t n)
{
    uint32_t c = 0xffffffffu;

    while (n--) {
        c ^= *p++;
        for (int k = 0; k < 8; k++)
            c = c & 1 ? 0xedb88320u ^ c >> 1 : c >> 1;
    }
    return ~c;
}

static void png_limits(void **state)
{
    oc_frame *from = mt_frame(OC_PIXEL_RGB24, 4, 3, 1, false), *got = NULL;
    uint8_t  *bytes = NULL;
    size_t    n = 0;

    (void)state;
    assert_ok(oc_image_encode_png(from, &bytes, &n, err));
    memcpy(bytes + 16, "\0\0\x40\0\0\0\x40\0", 8); /* 16384 a side, but 268 million in all */
    uint32_t c = crc(bytes + 12, 17);
    for (int i = 0; i < 4; i++)
        bytes[29 + i] = (uint8_t)(c >> (24 - 8 * i));
    assert_fails(OC_UNSUPPORTED, "16384x16384", oc_image_decode(bytes, n, &got, err));
    free(bytes);
    oc_frame_unref(from);
}

static void not_images(void **state)
{
    oc_frame *f = NULL;

    (void)state;
    assert_fails(OC_FORMAT, "empty", oc_image_decode((const uint8_t *)"", 0, &f, err));
    assert_fails(OC_FORMAT, "neither",
                 oc_image_decode((const uint8_t *)"hello there", 11, &f, err));
    assert_fails(OC_NOT_FOUND, "none.png", oc_image_load(mt_path("none.png"), &f, err));
    mt_write(mt_path("text.jpg"), "just text", 9);
    assert_fails(OC_FORMAT, "text.jpg: neither", oc_image_load(mt_path("text.jpg"), &f, err));
    mt_write(mt_path("empty.jpg"), "", 0);
    assert_fails(OC_FORMAT, "empty", oc_image_load(mt_path("empty.jpg"), &f, err));
    assert_fails(OC_IO, "not a file", oc_image_load(mt_folder, &f, err));
    assert_null(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(jpeg_samplings), cmocka_unit_test(jpeg_damage),
        cmocka_unit_test(jpeg_limits),    cmocka_unit_test(jpeg_encode),
        cmocka_unit_test(png_round_trip), cmocka_unit_test(png_kinds),
        cmocka_unit_test(png_damage),     cmocka_unit_test(png_limits),
        cmocka_unit_test(not_images),
    };
    return cmocka_run_group_tests(tests, mt_setup, mt_teardown);
}
