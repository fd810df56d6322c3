/* Pages: zeroed, writable to their last byte, huge ones aligned, none of another mapping given back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/pages.h"

#define HUGE_BYTES ((size_t)2 << 20)

static void test_sizes(void **state)
{
    static const size_t sizes[] = {
        1, 4096, 4097, HUGE_BYTES - 1, HUGE_BYTES, HUGE_BYTES + 1, 5 * HUGE_BYTES + 12345};

    (void)state;
    for (int at_once = 0; at_once < 2; at_once++)
        for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
            const size_t   n = sizes[i];
            unsigned char *a = oc_pages_map(n, at_once), *b = oc_pages_map(n, at_once);

            assert_non_null(a);
            assert_non_null(b);
            if (n >= HUGE_BYTES)
                assert_int_equal((uintptr_t)a % HUGE_BYTES, 0);
            for (size_t k = 0; k < n; k += 257) {
                assert_int_equal(a[k], 0);
                a[k] = b[k] = 7;
            }
            a[n - 1] = b[n - 1] = 7;
            oc_pages_unmap(a, n);
            assert_int_equal(b[0], 7);
            assert_int_equal(b[n - 1], 7);
            oc_pages_unmap(b, n);
        }
    oc_pages_unmap(NULL, 1);
}

static void test_too_large(void **state)
{
    (void)state;
    assert_null(oc_pages_map(SIZE_MAX, false));
    assert_null(oc_pages_map(SIZE_MAX / 2, false));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_sizes),
                                       cmocka_unit_test(test_too_large)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
