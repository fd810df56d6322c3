#include "media_test.h"

#include <math.h>

#include "media/draw.h"

#define W 64
#define H 48

static oc_frame *black(void)
{
    oc_frame *f = mt_frame(OC_PIXEL_I420, W, H, 1, false);

    for (int p = 0; p < 3; p++)
        memset(f->plane[p], p ? 128 : 16, (size_t)f->stride[p] * (p ? H / 2 : H));
    return f;
}

static int luma(const oc_frame *f, int x, int y)
{
    return f->plane[0][y * f->stride[0] + x];
}

static int chroma(const oc_frame *f, int p, int x, int y)
{
    return f->plane[p][y / 2 * f->stride[p] + x / 2];
}

static const oc_color white = {255, 255, 255, 255}, red = {255, 0, 0, 255};

static void fill(void **state)
{
    oc_frame *f = black();

    (void)state;
    oc_draw_fill(f, &(oc_box){10, 8, 20, 16}, red);
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++)
            assert_int_equal(luma(f, x, y), x >= 10 && x < 20 && y >= 8 && y < 16 ? 81 : 16);
    assert_int_equal(chroma(f, 1, 10, 8), 90);
    assert_int_equal(chroma(f, 2, 19, 15), 240);
    assert_int_equal(chroma(f, 2, 22, 15), 128);
    /* odd edges: every chroma sample that is touched */
    oc_draw_fill(f, &(oc_box){31, 31, 34, 36}, red);
    assert_int_equal(chroma(f, 2, 30, 30), 240);
    assert_int_equal(chroma(f, 2, 33, 35), 240);
    assert_int_equal(chroma(f, 2, 34, 36), 128);
    oc_draw_fill(f, &(oc_box){40, 30, 43, 33}, red);
    assert_int_equal(chroma(f, 2, 42, 32), 240);
    oc_frame_unref(f);
    /* full range, other matrix */
    f = black();
    f->full_range = true;
    f->matrix = OC_YUV_BT709;
    oc_draw_fill(f, &(oc_box){0, 0, 8, 8}, red);
    assert_int_equal(luma(f, 3, 3), 54);
    assert_int_equal(chroma(f, 2, 3, 3), 255);
    oc_frame_unref(f);
    /* half transparent: between the two */
    f = black();
    oc_draw_fill(f, &(oc_box){0, 0, 8, 8}, oc_color_alpha(white, 128));
    assert_in_range(luma(f, 3, 3), 125, 127);
    assert_int_equal(chroma(f, 1, 3, 3), 128);
    oc_frame_unref(f);
}

static void box(void **state)
{
    oc_frame *f = black();

    (void)state;
    oc_draw_box(f, &(oc_box){10, 10, 30, 25}, 1, white);
    for (int y = 0; y < H; y++) {
        for (int x = 0; x < W; x++) {
            bool in = x >= 10 && x < 30 && y >= 10 && y < 25;
            bool edge = in && (x == 10 || x == 29 || y == 10 || y == 24);
            assert_int_equal(luma(f, x, y), edge ? 235 : 16);
        }
    }
    oc_draw_box(f, &(oc_box){40, 10, 43, 12}, 4, white); /* thicker than wide: filled */
    assert_int_equal(luma(f, 41, 11), 235);
    oc_frame_unref(f);
}

static void lines(void **state)
{
    oc_frame *f = black();

    (void)state;
    oc_draw_line(f, (oc_xy){5, 10.5f}, (oc_xy){40, 10.5f}, 1, white);
    for (int x = 6; x < 39; x++) {
        assert_int_equal(luma(f, x, 10), 235);
        assert_int_equal(luma(f, x, 8), 16);
        assert_int_equal(luma(f, x, 12), 16);
    }
    oc_draw_line(f, (oc_xy){5, 20}, (oc_xy){35, 40}, 3, red);
    for (int i = 1; i < 10; i++) { /* along it luma and chroma are red, beside it not */
        int x = 5 + 3 * i, y = 20 + 2 * i;
        assert_int_equal(luma(f, x, y), 81);
        assert_true(chroma(f, 2, x, y) > 200);
        assert_int_equal(luma(f, x + 4, y - 4), 16);
    }
    oc_frame_unref(f);
}

static double area(const oc_frame *f)
{
    double n = 0;

    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++)
            n += luma(f, x, y) != 16;
    return n;
}

static void shapes(void **state)
{
    oc_frame *f = black();

    (void)state;
    oc_draw_disc(f, (oc_xy){30, 24}, 10, white);
    assert_true(fabs(area(f) - 314) < 12);
    assert_int_equal(luma(f, 30, 24), 235);
    oc_frame_unref(f);
    f = black();
    oc_draw_circle(f, (oc_xy){30, 24}, 10, 2, white);
    assert_true(fabs(area(f) - 125.7) < 12);
    assert_int_equal(luma(f, 30, 24), 16);
    oc_frame_unref(f);
    /* a triangle, and an L, which is not convex */
    f = black();
    const oc_xy t[3] = {{4, 4}, {44, 4}, {4, 34}};
    oc_draw_polygon(f, t, 3, white);
    assert_true(fabs(area(f) - 600) < 30);
    oc_frame_unref(f);
    f = black();
    const oc_xy l[6] = {{10, 10}, {20, 10}, {20, 30}, {40, 30}, {40, 40}, {10, 40}};
    oc_draw_polygon(f, l, 6, white);
    assert_int_equal(area(f), 10 * 20 + 30 * 10);
    assert_int_equal(luma(f, 30, 20), 16);
    oc_draw_polyline(f, l, 6, true, 2, red);
    assert_int_equal(luma(f, 10, 20), 81);
    oc_frame_unref(f);
}

static void skeleton(void **state)
{
    oc_frame *f = black();
    oc_point  p[17] = {0};

    (void)state;
    p[5] = (oc_point){10, 10, 0.9f};
    p[7] = (oc_point){30, 10, 0.8f};
    p[9] = (oc_point){30, 40, 0.1f}; /* too uncertain to be shown */
    oc_draw_skeleton(f, p, 17, oc_skeleton_coco, oc_skeleton_coco_edges, 0.3f, 2, red);
    assert_int_equal(luma(f, 20, 10), 81);
    assert_int_equal(luma(f, 10, 10), 235);
    assert_int_equal(luma(f, 30, 25), 16);
    assert_int_equal(luma(f, 30, 40), 16);
    for (size_t i = 0; i < oc_skeleton_coco_edges; i++)
        assert_true(oc_skeleton_coco[i][0] < 17 && oc_skeleton_coco[i][1] < 17);
    /* edges to points that are not there */
    const uint8_t wild[1][2] = {{5, 200}};
    oc_draw_skeleton(f, p, 17, wild, 1, 0.3f, 2, red);
    oc_frame_unref(f);
}

static void text(void **state)
{
    oc_frame *f = black(), *g = black();
    int       w, h;

    (void)state;
    oc_text_size("Ab\nxyz", 2, &w, &h);
    assert_int_equal(w, 3 * 6 * 2);
    assert_int_equal(h, 2 * 10 * 2);
    oc_draw_text(f, 10, 10, 1, white, "I");
    /* an I: bars of three above and below, a stroke between */
    static const char *const rows[] = {".###.", "..#..", "..#..", "..#..",
                                       "..#..", "..#..", ".###."};
    for (int y = 0; y < 7; y++)
        for (int x = 0; x < 5; x++)
            assert_int_equal(luma(f, 10 + x, 10 + y), rows[y][x] == '#' ? 235 : 16);
    oc_frame_unref(f);
    /* every letter of ASCII differs from every other */
    oc_frame *all[95];
    for (int c = 0; c < 95; c++) {
        char s[2] = {(char)(' ' + c), 0};
        all[c] = black();
        oc_draw_text(all[c], 4, 4, 1, white, s);
        for (int k = 0; k < c; k++)
            assert_false(mt_same(all[c], all[k]));
        assert_true(c == 0 || area(all[c]) > 2);
    }
    for (int c = 0; c < 95; c++)
        oc_frame_unref(all[c]);
    /* one box for a letter of two bytes; twice the size has four times the area */
    f = black();
    oc_draw_text(f, 4, 4, 1, white, "\xc3\xa9");
    assert_int_equal(area(f), 2 * 5 + 2 * 5);
    oc_draw_text(g, 4, 4, 2, white, "\xc3\xa9");
    assert_int_equal(area(g), 4 * 20);
    oc_frame_unref(f);
    oc_frame_unref(g);
    f = black();
    oc_draw_label(f, 1000, -50, 1, white, red, "hi"); /* moved inside */
    assert_int_equal(luma(f, W - 1, 0), 81);
    oc_frame_unref(f);
}

/* Nothing outside the planes is touched, whatever the coordinates: rows are 64 bytes long here and
 * the frame 61 wide, so that a step too far shows. */
static void outside(void **state)
{
    static const float wild[] = {-1e30f, -1e9f, -50,  -1,    0,   3.3f,     60.5f,
                                 61,     62,    1e5f, 1e30f, NAN, INFINITY, -INFINITY};
    const size_t       n = sizeof(wild) / sizeof(wild[0]);
    oc_frame          *f = mt_frame(OC_PIXEL_I420, 61, 47, 1, false);
    uint32_t           seed = 1;

    (void)state;
    for (int p = 0; p < 3; p++)
        for (int y = 0; y < (p ? 24 : 47); y++)
            for (int x = p ? 31 : 61; x < f->stride[p]; x++)
                f->plane[p][y * f->stride[p] + x] = 0x5a;
    for (int i = 0; i < 3000; i++) {
        float v[6];
        for (int k = 0; k < 6; k++)
            v[k] = wild[mt_rand(&seed) % n];
        oc_xy    a = {v[0], v[1]}, b = {v[2], v[3]};
        oc_xy    poly[3] = {a, b, {v[4], v[5]}};
        oc_box   r = {v[0], v[1], v[2], v[3]};
        oc_color c = oc_color_alpha(oc_color_of_id((uint64_t)i), i & 1 ? 255 : 100);
        oc_draw_fill(f, &r, c);
        oc_draw_box(f, &r, v[4], c);
        oc_draw_line(f, a, b, v[4], c);
        oc_draw_disc(f, a, v[4], c);
        oc_draw_circle(f, a, v[4], v[5], c);
        oc_draw_polygon(f, poly, 3, c);
        oc_draw_arrow(f, a, b, 2, c);
        oc_draw_text(f, v[0], v[1], i % 4, c, "text\nmore");
        oc_draw_label(f, v[0], v[1], i % 4, c, c, "text");
    }
    for (int p = 0; p < 3; p++)
        for (int y = 0; y < (p ? 24 : 47); y++)
            for (int x = p ? 31 : 61; x < f->stride[p]; x++)
                assert_int_equal(f->plane[p][y * f->stride[p] + x], 0x5a);
    oc_frame_unref(f);
}

static void palette(void **state)
{
    (void)state;
    for (uint64_t id = 1; id < 60; id++) {
        oc_color a = oc_color_of_id(id);
        assert_int_equal(a.alpha, 255);
        assert_true(a.r > 180 || a.g > 180 || a.b > 180); /* seen on dark ground */
        for (uint64_t k = id + 1; k < id + 4; k++) {
            oc_color b = oc_color_of_id(k);
            assert_true(abs(a.r - b.r) + abs(a.g - b.g) + abs(a.b - b.b) > 80);
        }
    }
    oc_color far = oc_color_of_id(UINT64_MAX);
    assert_int_equal(far.alpha, 255);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fill),    cmocka_unit_test(box),      cmocka_unit_test(lines),
        cmocka_unit_test(shapes),  cmocka_unit_test(skeleton), cmocka_unit_test(text),
        cmocka_unit_test(outside), cmocka_unit_test(palette),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
