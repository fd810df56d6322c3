/* Packed planes come back as they were, whatever is in them; damage is noticed or gives a picture,
 * and never more. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "recording/picture.h"
#include "recording/pixels.h"

static uint32_t seed = 1;

static uint32_t any(void)
{
    seed = seed * 1664525u + 1013904223u;
    return seed >> 8;
}

static oc_frame *frame_of(oc_pixel_format format, int32_t width, int32_t height)
{
    oc_frame *f;
    assert_int_equal(oc_frame_create(format, width, height, &f, NULL), OC_OK);
    return f;
}

#define EACH_BYTE(f, p, y, x)                                                   \
    for (int p = 0; p < 3; p++)                                                 \
        for (size_t y = 0; y < oc_pixel_rows((f)->format, p, (f)->height); y++) \
            for (size_t x = 0; x < oc_pixel_row_bytes((f)->format, p, (f)->width); x++)

static uint8_t *byte_at(const oc_frame *f, int p, size_t y, size_t x)
{
    return f->plane[p] + (ptrdiff_t)y * f->stride[p] + x;
}

/* 0 noise, 1 flat, 2 a slope, 3 a slope with a little noise, 4 the frame before with some changes,
 * 5 the frame before itself, 6 the extremes */
static void fill(oc_frame *f, int kind, const oc_frame *before)
{
    EACH_BYTE(f, p, y, x)
    {
        uint32_t r = any();
        uint8_t  v = 0;
        switch (kind) {
        case 0: v = (uint8_t)r; break;
        case 1: v = 77; break;
        case 2: v = (uint8_t)(3 * x + 5 * y); break;
        case 3: v = (uint8_t)(x + 2 * y + r % 5); break;
        case 4: v = (uint8_t)(*byte_at(before, p, y, x) + (r % 97 ? 0 : r % 7)); break;
        case 5: v = *byte_at(before, p, y, x); break;
        default: v = r & 1 ? 255 : 0; break;
        }
        *byte_at(f, p, y, x) = v;
    }
}

static bool same(const oc_frame *a, const oc_frame *b)
{
    EACH_BYTE(a, p, y, x)
    if (*byte_at(a, p, y, x) != *byte_at(b, p, y, x))
        return false;
    return true;
}

static void round_trip(const oc_frame *f, const oc_frame *before, size_t *bytes)
{
    size_t         bound = oc_pixels_bound(f);
    unsigned char *packed = malloc(bound), *exact;
    oc_frame      *back = frame_of(f->format, f->width, f->height);
    oc_error       err = {0};
    size_t         n = oc_pixels_pack(f, before, packed);
    assert_true(n <= bound);
    exact = malloc(n); /* so that a byte read too far is seen by a sanitizer */
    memcpy(exact, packed, n);
    if (oc_pixels_unpack(exact, n, before, back, &err) != OC_OK)
        fail_msg("%s", err.message);
    assert_true(same(f, back));
    for (size_t cut = 0; cut < n && cut < 40; cut++)
        assert_int_equal(oc_pixels_unpack(exact, n - 1 - cut * (n / 41), before, back, &err),
                         OC_FORMAT);
    *bytes = n;
    free(packed);
    free(exact);
    oc_frame_unref(back);
}

static void comes_back(void **state)
{
    static const int32_t sizes[][2] = {{1, 1},  {2, 2},  {15, 3}, {16, 2},
                                       {17, 5}, {33, 7}, {64, 9}, {130, 4}};
    size_t               bytes;
    (void)state;
    for (oc_pixel_format format = OC_PIXEL_I420; format <= OC_PIXEL_BGRA32; format++)
        for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++)
            for (int kind = 0; kind < 7; kind++) {
                oc_frame *before = frame_of(format, sizes[s][0], sizes[s][1]);
                oc_frame *f = frame_of(format, sizes[s][0], sizes[s][1]);
                fill(before, kind == 1 ? 0 : 3, NULL);
                fill(f, kind, before);
                round_trip(f, NULL, &bytes);
                round_trip(f, before, &bytes);
                oc_frame_unref(before);
                oc_frame_unref(f);
            }
}

static void what_stands_still_costs_little(void **state)
{
    oc_frame *before = frame_of(OC_PIXEL_I420, 640, 480), *f = frame_of(OC_PIXEL_I420, 640, 480);
    size_t    bytes;
    (void)state;
    fill(before, 0, NULL);
    fill(f, 5, before);
    round_trip(f, before, &bytes);
    assert_true(bytes <= 460800 / (16 * 128) + 3); /* a byte for 128 blocks */
    fill(f, 3, NULL);
    round_trip(f, NULL, &bytes);
    assert_true(bytes < 460800 * 45 / 80); /* four bits a byte, and the heads */
    fill(f, 0, NULL);
    round_trip(f, before, &bytes);
    assert_true(bytes <= 460800 / 16 * 17);
    oc_frame_unref(before);
    oc_frame_unref(f);
}

static void upside_down_too(void **state)
{
    oc_frame *f = frame_of(OC_PIXEL_GRAY8, 40, 9), turned = *f;
    size_t    bytes;
    (void)state;
    fill(f, 3, NULL);
    turned.plane[0] += 8 * f->stride[0];
    turned.stride[0] = -f->stride[0];
    round_trip(&turned, NULL, &bytes);
    round_trip(&turned, f, &bytes);
    oc_frame_unref(f);
}

static void damage_gives_an_error_or_a_picture(void **state)
{
    oc_frame      *f = frame_of(OC_PIXEL_I420, 50, 20), *before = frame_of(OC_PIXEL_I420, 50, 20);
    oc_frame      *back = frame_of(OC_PIXEL_I420, 50, 20);
    unsigned char *packed = malloc(oc_pixels_bound(f));
    unsigned       refused = 0;
    (void)state;
    fill(before, 3, NULL);
    fill(f, 4, before);
    size_t n = oc_pixels_pack(f, before, packed);
    for (int i = 0; i < 20000; i++) {
        size_t        at = any() % n;
        unsigned char was = packed[at];
        oc_error      err = {0};
        packed[at] = (unsigned char)any();
        oc_status st = oc_pixels_unpack(packed, n, any() % 4 ? before : NULL, back, &err);
        assert_true(st == OC_OK || (st == OC_FORMAT && *err.message));
        refused += st != OC_OK;
        packed[at] = was;
    }
    assert_in_range(refused, 1000, 20000);
    free(packed);
    oc_frame_unref(f);
    oc_frame_unref(before);
    oc_frame_unref(back);
}

static void a_picture_keeps_what_is_about_it(void **state)
{
    oc_frame      *f = frame_of(OC_PIXEL_NV12, 31, 8), *before = frame_of(OC_PIXEL_NV12, 31, 8);
    oc_frame      *other = frame_of(OC_PIXEL_NV12, 30, 8), *back;
    oc_frame_pool *pool;
    oc_picture     p;
    oc_error       err = {0};
    (void)state;
    assert_int_equal(oc_frame_pool_create(&pool, NULL), OC_OK);
    fill(before, 3, NULL);
    fill(f, 4, before);
    fill(other, 3, NULL);
    f->index = 812;
    f->pts_ns = -5;
    f->matrix = OC_YUV_BT709;
    f->full_range = f->chroma_center = true;
    before->index = 800;
    unsigned char *data = malloc(oc_picture_bound(f, 5));
    size_t         n = oc_picture_write(f, before, "extra", 5, data);
    assert_int_equal(oc_picture_read(data, n, &p, &err), OC_OK);
    assert_memory_equal(p.extra, "extra", 5);
    assert_int_equal(p.n_extra, 5);
    assert_int_equal(oc_picture_unpack(&p, before, pool, &back, &err), OC_OK);
    assert_true(same(f, back));
    assert_true(back->index == 812 && back->pts_ns == -5 && back->matrix == OC_YUV_BT709 &&
                back->full_range && back->chroma_center && !back->key);
    oc_frame_unref(back);
    before->index = 799; /* another frame than it was told by */
    assert_int_equal(oc_picture_unpack(&p, before, pool, &back, &err), OC_FORMAT);
    assert_int_equal(oc_picture_unpack(&p, NULL, pool, &back, &err), OC_FORMAT);
    assert_non_null(strstr(err.message, "frame 812 is told by frame 800"));
    size_t head = n - p.n_packed;
    for (size_t cut = 0; cut < head; cut++)
        assert_int_equal(oc_picture_read(data, cut, &p, &err), OC_FORMAT);
    /* of another size: it stands alone */
    n = oc_picture_write(f, other, NULL, 0, data);
    assert_int_equal(oc_picture_read(data, n, &p, &err), OC_OK);
    assert_true(p.before == OC_PICTURE_ALONE);
    assert_int_equal(oc_picture_unpack(&p, NULL, pool, &back, &err), OC_OK);
    assert_true(same(f, back));
    oc_frame_unref(back);
    free(data);
    oc_frame_unref(f);
    oc_frame_unref(before);
    oc_frame_unref(other);
    oc_frame_pool_destroy(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comes_back),
        cmocka_unit_test(what_stands_still_costs_little),
        cmocka_unit_test(upside_down_too),
        cmocka_unit_test(damage_gives_an_error_or_a_picture),
        cmocka_unit_test(a_picture_keeps_what_is_about_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
