/* No allocation after create, in a scene that is born, grows, gets lost and ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "tools/alloc_count.h"
#include "track/tracker.h"

static void none_after_create(void **state)
{
    (void)state;
    static oc_detection items[64];
    for (size_t k = 0; oc_tracker_kind(k); k++) {
        oc_tracker        *t;
        oc_tracker_options o;
        oc_tracks          got = {0};
        oc_error           err;
        oc_tracker_defaults(oc_tracker_kind(k), &o);
        o.lost_s = 0.5;
        assert_int_equal(oc_tracker_create(oc_tracker_kind(k), &o, &t, &err), OC_OK);
        atomic_store(&alloc_count, 0);
        atomic_store(&alloc_counting, true);
        for (int i = 0; i < 500; i++) {
            oc_detections d = {.items = items, .cap = 64};
            for (int j = 0; j < 64; j++) {
                float x = (float)(j % 8 * 100 + i % 50), y = (float)(j / 8 * 100);
                if ((i / 40 + j) % 3) /* comes and goes */
                    items[d.n++] = (oc_detection){{x, y, x + 50, y + 80}, 0.9f, 0};
            }
            oc_tracker_update(t, &d, i / 30.0, &got);
        }
        oc_tracker_finish(t, &got);
        atomic_store(&alloc_counting, false);
        assert_int_equal(atomic_load(&alloc_count), 0);
        oc_tracker_destroy(t);
    }
}

static void the_counter_counts(void **state)
{
    (void)state;
    oc_tracker        *t;
    oc_tracker_options o;
    oc_error           err;
    oc_tracker_defaults(oc_tracker_kind(0), &o);
    atomic_store(&alloc_count, 0);
    atomic_store(&alloc_counting, true);
    oc_status st = oc_tracker_create(oc_tracker_kind(0), &o, &t, &err);
    atomic_store(&alloc_counting, false);
    assert_int_equal(st, OC_OK);
    assert_true(atomic_load(&alloc_count) > 3);
    oc_tracker_destroy(t);
}

int main(void)
{
    if (!OC_ALLOC_COUNT) {
        printf("SKIP: allocations are the sanitizer's here\n");
        return 77;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_counter_counts),
        cmocka_unit_test(none_after_create),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
