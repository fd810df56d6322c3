/* Masks: pixel by pixel what cocoapi's maskApi makes of polygons (tests/eval/coco/polygons.txt),
 * and the arithmetic of spans against plain bitmaps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "eval/mask.h"

#define CORNERS_MAX 64
#define POLYGONS OC_SOURCE_DIR "/tests/eval/coco/polygons.txt"

static void same(const oc_mask *a, const oc_mask *b, int line)
{
    if (a->n != b->n || a->area != b->area || memcmp(a->box, b->box, sizeof(a->box)) != 0)
        fail_msg("line %d: %u spans, %u pixels, not %u, %u", line, a->n, a->area, b->n, b->area);
    for (uint32_t i = 0; i < a->n; i++)
        if (a->span[i].begin != b->span[i].begin || a->span[i].end != b->span[i].end)
            fail_msg("line %d: span %u is %u..%u, not %u..%u", line, i, a->span[i].begin,
                     a->span[i].end, b->span[i].begin, b->span[i].end);
}

static void test_polygons(void **state)
{
    FILE *f = fopen(POLYGONS, "r");
    char  text[4096];
    int   lines = 0, covered = 0;
    (void)state;
    assert_non_null(f);
    while (fgets(text, sizeof(text), f)) {
        double   xy[2 * CORNERS_MAX];
        oc_arena mem = {0};
        oc_mask  got = {0}, want = {0};
        oc_error err = {0};
        char    *at = text;
        uint32_t w = (uint32_t)strtoul(at, &at, 10), h = (uint32_t)strtoul(at, &at, 10);
        size_t   n = strtoul(at, &at, 10);
        assert_in_range(n, 3, CORNERS_MAX);
        for (size_t i = 0; i < 2 * n; i++)
            xy[i] = strtod(at, &at);
        at += strspn(at, " ");
        at[strcspn(at, "\n")] = 0;
        lines++;
        assert_int_equal(oc_mask_text(&mem, at, w, h, &want, &err), OC_OK);
        assert_int_equal(oc_mask_polygon(&mem, xy, n, w, h, &got, &err), OC_OK);
        same(&got, &want, lines);
        covered += got.area > 0;
        oc_arena_finish(&mem);
    }
    fclose(f);
    assert_int_equal(lines, 300);
    assert_true(covered > 150);
}

#define W 9
#define H 7

static uint32_t runs_of(const bool *pixel, uint32_t *run)
{
    uint32_t n = 0;
    bool     now = false;
    run[0] = 0;
    for (size_t i = 0; i < W * H; i++) {
        if (pixel[i] != now) {
            run[++n] = 0;
            now = pixel[i];
        }
        run[n]++;
    }
    return n + 1;
}

static void test_against_bitmaps(void **state)
{
    uint32_t seed = 1;
    (void)state;
    for (int round = 0; round < 500; round++) {
        bool     p[2][W * H];
        uint32_t run[W * H + 2], areas[2] = {0}, both = 0, either = 0;
        oc_mask  m[2], all;
        oc_arena mem = {0};
        oc_error err = {0};
        for (int k = 0; k < 2; k++) {
            for (size_t i = 0; i < W * H; i++) {
                seed = seed * 1664525u + 1013904223u;
                p[k][i] = (seed >> 24) < (round % 5 + 1) * 40u;
                areas[k] += p[k][i];
            }
            assert_int_equal(oc_mask_runs(&mem, run, runs_of(p[k], run), W, H, &m[k], &err), OC_OK);
            assert_int_equal(m[k].area, areas[k]);
        }
        for (size_t i = 0; i < W * H; i++) {
            both += p[0][i] && p[1][i];
            either += p[0][i] || p[1][i];
        }
        assert_int_equal(oc_mask_union(&mem, &m[0], &m[1], H, &all, &err), OC_OK);
        assert_int_equal(all.area, either);
        for (uint32_t i = 1; i < all.n; i++)
            assert_true(all.span[i].begin > all.span[i - 1].end);
        if (either && areas[0]) {
            assert_true(oc_mask_overlap(&m[0], &m[1], false) == (double)both / either);
            assert_true(oc_mask_overlap(&m[0], &m[1], true) == (double)both / areas[0]);
        }
        oc_arena_finish(&mem);
    }
}

static void test_bad(void **state)
{
    static const char *const texts[] = {"\x01", "zz", "o",   "ooooooooooooooooooo",
                                        "0",    "00", "Xd0!"};
    oc_arena                 mem = {0};
    oc_mask                  m = {0};
    oc_error                 err = {0};
    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        assert_int_equal(oc_mask_text(&mem, texts[i], 9, 7, &m, &err), OC_FORMAT);
        assert_true(err.message[0]);
    }
    const uint32_t wrong[] = {60, 4}, less[] = {60, 2}, wraps[] = {60, UINT32_MAX, 4};
    assert_int_equal(oc_mask_runs(&mem, wrong, 2, 9, 7, &m, &err), OC_FORMAT);
    assert_int_equal(oc_mask_runs(&mem, less, 2, 9, 7, &m, &err), OC_FORMAT);
    assert_int_equal(oc_mask_runs(&mem, wraps, 3, 9, 7, &m, &err), OC_FORMAT);
    assert_int_equal(oc_mask_runs(&mem, less, 2, 0, 7, &m, &err), OC_FORMAT);
    const double far[] = {0, 0, 1e300, 0, 0, 1}, wide[] = {0, 0, 9e5, 0, 0, 1};
    assert_int_equal(oc_mask_polygon(&mem, far, 3, 9, 7, &m, &err), OC_FORMAT);
    assert_int_equal(oc_mask_polygon(&mem, wide, 3, 9, 7, &m, &err), OC_OK);
    oc_arena_finish(&mem);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_polygons),
        cmocka_unit_test(test_against_bitmaps),
        cmocka_unit_test(test_bad),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
