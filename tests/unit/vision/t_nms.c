/* Suppression against the definition, and its order among equals. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "vision/nms.h"

#define N 300

static uint32_t seed = 7;

static float uniform(float low, float high)
{
    seed = seed * 1664525u + 1013904223u;
    return low + (high - low) * (float)(seed >> 8) / 16777216.0f;
}

static void random_items(oc_detection *items, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        float x = uniform(0, 100), y = uniform(0, 100);
        items[i].box = (oc_box){x, y, x + uniform(1, 40), y + uniform(1, 40)};
        items[i].score = (float)(int)uniform(0, 20) / 20; /* many ties */
        items[i].label = (uint32_t)uniform(0, 3);
    }
}

static int compare(const void *pa, const void *pb, void *ctx)
{
    const oc_detection *items = ctx;
    const oc_detection *a = &items[*(const uint32_t *)pa], *b = &items[*(const uint32_t *)pb];
    if (a->score != b->score)
        return a->score > b->score ? -1 : 1;
    if (a->label != b->label)
        return a->label < b->label ? -1 : 1;
    return *(const uint32_t *)pa < *(const uint32_t *)pb ? -1 : 1;
}

/* Removes boxes one best at a time, as the definition reads. */
static size_t naive(const oc_detection *items, size_t n, float iou, bool agnostic, uint32_t *out)
{
    uint32_t order[N];
    bool     gone[N] = {0};
    size_t   kept = 0;
    for (size_t i = 0; i < n; i++)
        order[i] = (uint32_t)i;
    qsort_r(order, n, sizeof(*order), compare, (void *)items);
    for (size_t i = 0; i < n; i++) {
        if (gone[i])
            continue;
        out[kept++] = order[i];
        for (size_t j = i + 1; j < n; j++)
            if ((agnostic || items[order[i]].label == items[order[j]].label) &&
                oc_box_iou(&items[order[i]].box, &items[order[j]].box) > iou)
                gone[j] = true;
    }
    return kept;
}

static void test_iou(void **state)
{
    (void)state;
    oc_box a = {0, 0, 10, 10}, b = {5, 0, 15, 10}, c = {20, 20, 30, 30}, nothing = {3, 3, 3, 3};
    assert_float_equal(oc_box_iou(&a, &b), 50.0f / 150, 1e-6);
    assert_float_equal(oc_box_iou(&a, &a), 1, 0);
    assert_float_equal(oc_box_iou(&a, &c), 0, 0);
    assert_float_equal(oc_box_iou(&nothing, &nothing), 0, 0);
}

static void test_against_definition(void **state)
{
    (void)state;
    oc_detection items[N];
    uint32_t     order[N], want[N];
    for (int round = 0; round < 60; round++) {
        size_t n = (size_t)uniform(0, N);
        bool   agnostic = round & 1;
        float  iou = uniform(0, .9f);
        random_items(items, n);
        oc_nms_options o = {.iou = iou, .agnostic = agnostic, .keep_max = N};
        size_t         got = oc_nms(items, n, &o, order);
        assert_int_equal(got, naive(items, n, iou, agnostic, want));
        assert_memory_equal(order, want, got * sizeof(*want));
    }
}

static void test_limits(void **state)
{
    (void)state;
    oc_detection items[N];
    uint32_t     order[N], want[N];
    random_items(items, N);
    naive(items, N, .5f, false, want);
    oc_nms_options few = {.iou = .5f, .keep_max = 7};
    assert_int_equal(oc_nms(items, N, &few, order), 7);
    assert_memory_equal(order, want, 7 * sizeof(*want));
    oc_nms_options best = {.iou = 1, .top_k = 5, .keep_max = N};
    assert_int_equal(oc_nms(items, N, &best, order), 5);
    assert_int_equal(oc_nms(items, 0, &best, order), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_iou),
        cmocka_unit_test(test_against_definition),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
