/* Turned pieces: where each pixel comes from. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "vision/warp.h"

/* Red tells x, green tells y. */
static oc_frame *ramps(void)
{
    oc_frame *f = NULL;
    assert_int_equal(oc_frame_create(OC_PIXEL_RGB24, 100, 80, &f, NULL), OC_OK);
    for (int y = 0; y < 80; y++) {
        for (int x = 0; x < 100; x++) {
            uint8_t *p = f->plane[0] + (ptrdiff_t)y * f->stride[0] + 3 * x;
            p[0] = (uint8_t)(2 * x), p[1] = (uint8_t)(3 * y), p[2] = 7;
        }
    }
    return f;
}

static oc_frame *target(int32_t width, int32_t height)
{
    oc_frame *f = NULL;
    assert_int_equal(oc_frame_create(OC_PIXEL_RGB24, width, height, &f, NULL), OC_OK);
    return f;
}

static const uint8_t *at(const oc_frame *f, int x, int y)
{
    return f->plane[0] + (ptrdiff_t)y * f->stride[0] + 3 * x;
}

static void test_level(void **state)
{
    (void)state;
    oc_frame *from = ramps(), *to = target(12, 6);
    oc_point  quad[4] = {{20, 10, 1}, {30, 10, 1}, {30, 15, 1}, {20, 15, 1}};
    oc_warp(from, quad, 10, 5, 114, to);
    for (int y = 0; y < 6; y++) {
        for (int x = 0; x < 12; x++) {
            const uint8_t *p = at(to, x, y);
            bool           inside = x < 10 && y < 5;
            assert_int_equal(p[0], inside ? 2 * (20 + x) : 114);
            assert_int_equal(p[1], inside ? 3 * (10 + y) : 114);
            assert_int_equal(p[2], inside ? 7 : 114);
        }
    }
    oc_frame_unref(from);
    oc_frame_unref(to);
}

/* A piece turned by 90 degrees: to the right in the result is down in the frame. */
static void test_turned(void **state)
{
    (void)state;
    oc_frame *from = ramps(), *to = target(20, 10);
    oc_point  quad[4] = {{60, 20, 1}, {60, 40, 1}, {50, 40, 1}, {50, 20, 1}};
    oc_warp(from, quad, 20, 10, 0, to);
    for (int y = 0; y < 10; y++) {
        for (int x = 0; x < 20; x++) {
            assert_int_equal(at(to, x, y)[0], 2 * (59 - y));
            assert_int_equal(at(to, x, y)[1], 3 * (20 + x));
        }
    }
    oc_frame_unref(from);
    oc_frame_unref(to);
}

static void test_outside(void **state)
{
    (void)state;
    oc_frame *from = ramps(), *to = target(4, 4);
    oc_point  quad[4] = {{-1e9f, -50, 1}, {1e9f, -50, 1}, {1e9f, -40, 1}, {-1e9f, -40, 1}};
    oc_warp(from, quad, 4, 4, 0, to);
    assert_int_equal(at(to, 0, 0)[0], 0);
    assert_int_equal(at(to, 3, 0)[0], 2 * 99);
    assert_int_equal(at(to, 3, 3)[1], 0);
    oc_frame_unref(from);
    oc_frame_unref(to);
}

/* Gray of limited range becomes full range. */
static void test_gray_video(void **state)
{
    (void)state;
    oc_frame *from = NULL, *to = target(2, 2);
    assert_int_equal(oc_frame_create(OC_PIXEL_I420, 8, 8, &from, NULL), OC_OK);
    for (int y = 0; y < 8; y++)
        memset(from->plane[0] + y * from->stride[0], 235, 8);
    for (int p = 1; p < 3; p++)
        for (int y = 0; y < 4; y++)
            memset(from->plane[p] + y * from->stride[p], 128, 4);
    oc_point quad[4] = {{1, 1, 1}, {7, 1, 1}, {7, 7, 1}, {1, 7, 1}};
    oc_warp(from, quad, 2, 2, 0, to);
    assert_int_equal(at(to, 1, 1)[0], 255);
    assert_int_equal(at(to, 1, 1)[2], 255);
    oc_frame_unref(from);
    oc_frame_unref(to);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_level),
        cmocka_unit_test(test_turned),
        cmocka_unit_test(test_outside),
        cmocka_unit_test(test_gray_video),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
