/* How long an exporter waits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "observe/otlp.h"

static void waits(void **state)
{
    (void)state;
    const double now = 1795337105;
    assert_true(oc_otlp_wait("7", now, 0, 1.0) == 7);
    assert_true(oc_otlp_wait("0", now, 3, 1.0) == 0);
    assert_true(oc_otlp_wait("99999999999999999999", now, 0, 1.0) == 300);
    assert_true(oc_otlp_wait("inf", now, 0, 1.0) == 300);
    /* dates: RFC 9110, 5.6.7 */
    assert_true(oc_otlp_wait("Sun, 22 Nov 2026 08:45:35 GMT", now, 0, 1.0) == 30);
    assert_true(oc_otlp_wait("Sun, 22 Nov 2026 08:00:00 GMT", now, 2, 1.0) ==
                4); /* over: our own */
    /* nonsense: our own, doubling from 1 s to 60 s, half of it at least */
    static const char *const odd[] = {NULL, "", "-5", "soon", "nan", "7 apples"};
    for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++)
        assert_true(oc_otlp_wait(odd[i], now, 2, 1.0) == 4);
    assert_true(oc_otlp_wait(NULL, now, 0, 0.0) == 0.5);
    assert_true(oc_otlp_wait(NULL, now, 5, 1.0) == 32);
    assert_true(oc_otlp_wait(NULL, now, 60, 1.0) == 60);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(waits)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
