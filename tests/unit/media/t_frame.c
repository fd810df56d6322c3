#include "media_test.h"

#include <pthread.h>

#include "media/frame.h"

static void geometry(void **state)
{
    (void)state;
    assert_int_equal(oc_pixel_frame_bytes(OC_PIXEL_I420, 5, 3), 15 + 2 * 3 * 2);
    assert_int_equal(oc_pixel_frame_bytes(OC_PIXEL_I422, 5, 3), 15 + 2 * 3 * 3);
    assert_int_equal(oc_pixel_frame_bytes(OC_PIXEL_NV12, 5, 3), 15 + 6 * 2);
    assert_int_equal(oc_pixel_frame_bytes(OC_PIXEL_YUYV, 5, 3), 12 * 3);
    assert_int_equal(oc_pixel_frame_bytes(OC_PIXEL_GRAY8, 5, 3), 15);
    assert_int_equal(oc_pixel_frame_bytes(OC_PIXEL_BGRA32, 5, 3), 60);
    assert_int_equal(oc_pixel_frame_bytes(OC_PIXEL_NONE, 5, 3), 0);
    assert_int_equal(oc_pixel_parse("nv21"), OC_PIXEL_NV21);
    assert_int_equal(oc_pixel_parse("nv2"), OC_PIXEL_NONE);
    assert_string_equal(oc_pixel_name(OC_PIXEL_RGBA32), "rgba32");
}

static void creation(void **state)
{
    oc_frame *f = NULL;

    (void)state;
    for (int format = OC_PIXEL_I420; format <= OC_PIXEL_BGRA32; format++) {
        assert_ok(oc_frame_create((oc_pixel_format)format, 1, 1, &f, err));
        for (int p = 0; p < 3; p++)
            if (f->plane[p])
                assert_int_equal((uintptr_t)f->plane[p] % 32, 0);
        assert_ptr_equal(oc_frame_ref(f), f);
        oc_frame_unref(f);
        oc_frame_unref(f);
    }
    assert_fails(OC_INVALID, "0x4", oc_frame_create(OC_PIXEL_I420, 0, 4, &f, err));
    assert_fails(OC_INVALID, "16385", oc_frame_create(OC_PIXEL_I420, 4, 16385, &f, err));
    assert_fails(OC_INVALID, "99", oc_frame_create((oc_pixel_format)99, 4, 4, &f, err));
    oc_frame_unref(NULL);
}

static void pool_reuse(void **state)
{
    oc_frame_pool *pool = NULL;
    oc_frame      *held[3];

    (void)state;
    assert_ok(oc_frame_pool_create(&pool, err));
    for (int round = 0; round < 100; round++) {
        for (int i = 0; i < 3; i++)
            assert_ok(oc_frame_pool_take(pool, OC_PIXEL_I420, 64, 48, &held[i], err));
        assert_ptr_not_equal(held[0], held[1]);
        for (int i = 0; i < 3; i++)
            oc_frame_unref(held[i]);
    }
    assert_int_equal(oc_frame_pool_allocations(pool), 3);
    /* smaller frames fit, larger ones are made anew */
    assert_ok(oc_frame_pool_take(pool, OC_PIXEL_GRAY8, 10, 10, &held[0], err));
    assert_int_equal(held[0]->stride[1], 0);
    assert_int_equal(oc_frame_pool_allocations(pool), 3);
    assert_ok(oc_frame_pool_take(pool, OC_PIXEL_I420, 640, 480, &held[1], err));
    memset(held[1]->plane[2], 1, (size_t)held[1]->stride[2] * 240);
    assert_int_equal(oc_frame_pool_allocations(pool), 4);
    /* frames outlive their pool */
    oc_frame_unref(held[0]);
    oc_frame_pool_destroy(pool);
    memset(held[1]->plane[0], 1, (size_t)held[1]->stride[0] * 480);
    oc_frame_unref(held[1]);
    oc_frame_pool_destroy(NULL);
}

static void *hold_and_drop(void *arg)
{
    oc_frame_pool *pool = arg;

    for (int i = 0; i < 2000; i++) {
        oc_frame *f;
        if (oc_frame_pool_take(pool, OC_PIXEL_GRAY8, 8, 8, &f, NULL) != OC_OK)
            return pool;
        f->plane[0][0] = 1;
        oc_frame_ref(f);
        oc_frame_unref(f);
        oc_frame_unref(f);
    }
    return NULL;
}

static void pool_threads(void **state)
{
    oc_frame_pool *pool = NULL;
    pthread_t      t[4];

    (void)state;
    assert_ok(oc_frame_pool_create(&pool, err));
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&t[i], NULL, hold_and_drop, pool), 0);
    for (int i = 0; i < 4; i++) {
        void *failed;
        pthread_join(t[i], &failed);
        assert_null(failed);
    }
    assert_true(oc_frame_pool_allocations(pool) <= 4);
    oc_frame_pool_destroy(pool);
}

static uint8_t at(const oc_frame *f, int p, int x, int y)
{
    return f->plane[p][y * f->stride[p] + x];
}

static void to_i420(void **state)
{
    (void)state;
    for (int format = OC_PIXEL_I420; format < OC_PIXEL_RGB24; format++) {
        oc_frame *f = mt_frame((oc_pixel_format)format, 13, 7, 1, false), *g = NULL;
        f->full_range = true;
        f->pts_ns = 77;
        assert_ok(oc_frame_create(OC_PIXEL_I420, 13, 7, &g, err));
        assert_ok(oc_frame_convert(f, g, err));
        assert_true(g->full_range);
        assert_int_equal(g->pts_ns, 77);
        int step = format == OC_PIXEL_YUYV || format == OC_PIXEL_UYVY ? 2 : 1;
        for (int y = 0; y < 7; y++)
            for (int x = 0; x < 13; x++)
                assert_int_equal(at(g, 0, x, y), at(f, 0, step * x + (format == OC_PIXEL_UYVY), y));
        if (format == OC_PIXEL_I420)
            assert_true(mt_same(f, g));
        if (format == OC_PIXEL_NV21) {
            assert_int_equal(at(g, 1, 3, 2), at(f, 1, 7, 2));
            assert_int_equal(at(g, 2, 3, 2), at(f, 1, 6, 2));
        }
        if (format == OC_PIXEL_I444)
            assert_int_equal(
                at(g, 1, 2, 1),
                (at(f, 1, 4, 2) + at(f, 1, 5, 2) + at(f, 1, 4, 3) + at(f, 1, 5, 3) + 2) / 4);
        if (format == OC_PIXEL_UYVY) /* rows 6 and 6: the last one stands alone */
            assert_in_range(at(g, 2, 6, 3), at(f, 0, 26, 6), at(f, 0, 26, 6));
        if (format == OC_PIXEL_GRAY8)
            assert_int_equal(at(g, 1, 0, 0), 128);
        oc_frame_unref(f);
        oc_frame_unref(g);
    }
}

/* A patch of one colour keeps it through YUV and back. */
static void rgb_and_back(void **state)
{
    static const uint8_t colors[][3] = {{255, 0, 0},     {0, 255, 0}, {0, 0, 255},
                                        {255, 255, 255}, {0, 0, 0},   {12, 200, 99}};

    (void)state;
    for (size_t i = 0; i < sizeof(colors) / sizeof(colors[0]); i++) {
        oc_frame *rgb = mt_frame(OC_PIXEL_RGB24, 9, 5, 1, false), *yuv = NULL, *bgr = NULL;
        for (int y = 0; y < 5; y++)
            for (int x = 0; x < 9; x++)
                memcpy(rgb->plane[0] + y * rgb->stride[0] + 3 * x, colors[i], 3);
        assert_ok(oc_frame_create(OC_PIXEL_I420, 9, 5, &yuv, err));
        assert_ok(oc_frame_create(OC_PIXEL_BGR24, 9, 5, &bgr, err));
        assert_ok(oc_frame_convert(rgb, yuv, err));
        assert_false(yuv->full_range);
        assert_ok(oc_frame_convert(yuv, bgr, err));
        for (int k = 0; k < 3; k++)
            assert_true(abs(at(bgr, 0, 3 * 8 + k, 4) - colors[i][2 - k]) <= 3);
        oc_frame_unref(rgb);
        oc_frame_unref(yuv);
        oc_frame_unref(bgr);
    }
    oc_frame *a = mt_frame(OC_PIXEL_I420, 4, 4, 1, false);
    oc_frame *b = mt_frame(OC_PIXEL_I420, 4, 6, 1, false);
    oc_frame *c = mt_frame(OC_PIXEL_NV12, 4, 4, 1, false);
    assert_fails(OC_INVALID, "4x6", oc_frame_convert(a, b, err));
    assert_fails(OC_INVALID, "nv12", oc_frame_convert(a, c, err));
    oc_frame_unref(a);
    oc_frame_unref(b);
    oc_frame_unref(c);
}

static void limit_range(void **state)
{
    oc_frame *f = mt_frame(OC_PIXEL_I420, 4, 4, 1, false);

    (void)state;
    f->plane[0][0] = 0;
    f->plane[0][1] = 255;
    f->plane[1][0] = 128;
    f->plane[2][0] = 255;
    f->full_range = true;
    oc_frame_limit_range(f);
    oc_frame_limit_range(f); /* once is enough */
    assert_false(f->full_range);
    assert_int_equal(f->plane[0][0], 16);
    assert_int_equal(f->plane[0][1], 235);
    assert_int_equal(f->plane[1][0], 128);
    assert_int_equal(f->plane[2][0], 240);
    oc_frame_unref(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(geometry),     cmocka_unit_test(creation), cmocka_unit_test(pool_reuse),
        cmocka_unit_test(pool_threads), cmocka_unit_test(to_i420),  cmocka_unit_test(rgb_and_back),
        cmocka_unit_test(limit_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
