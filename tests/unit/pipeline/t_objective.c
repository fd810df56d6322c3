/* Lines of objectives: what they mean, and what is refused with which words. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "pipeline/objective.h"

static void meanings(void **state)
{
    (void)state;
    static const struct {
        const char       *text, *name;
        oc_objective_kind kind;
        double            target, days;
        uint64_t          limit_ns;
    } cases[] = {
        {"latency_p99 < 150 ms over 30 d", "latency_p99", OC_OBJECTIVE_LATENCY, .99, 30, 150000000},
        {"latency_p99.9<=1.5s", "latency_p99.9", OC_OBJECTIVE_LATENCY, .999, 30, 1500000000},
        {"latency_p50 \xE2\x89\xA4 20ms over 7d", "latency_p50", OC_OBJECTIVE_LATENCY, .5, 7,
         20000000},
        {"completed >= 99 %", "completed", OC_OBJECTIVE_COMPLETED, .99, 30, 0},
        {"  completed \xE2\x89\xA5 99.5% over 1 d ", "completed", OC_OBJECTIVE_COMPLETED, .995, 1,
         0},
        {"detector_alive", "detector_alive", OC_OBJECTIVE_DETECTOR, .999, 30, 0},
        {"detector_alive over 90 d", "detector_alive", OC_OBJECTIVE_DETECTOR, .999, 90, 0},
        {"detector_alive > 95 %", "detector_alive", OC_OBJECTIVE_DETECTOR, .95, 30, 0},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        oc_objective o = {0};
        oc_error     err = {0};
        if (oc_objective_parse(cases[i].text, &o, &err) != OC_OK)
            fail_msg("%s: %s", cases[i].text, err.message);
        assert_string_equal(o.name, cases[i].name);
        assert_int_equal(o.kind, cases[i].kind);
        assert_true(fabs(o.target - cases[i].target) < 1e-9);
        assert_true(fabs(o.period_s - cases[i].days * 86400) < 1e-6);
        assert_int_equal(o.limit_ns, cases[i].limit_ns);
    }
}

static void refused(void **state)
{
    (void)state;
    static const struct {
        const char *text, *part;
    } cases[] = {
        {"", "is no objective"},
        {"speed > 3", "is no objective"},
        {"latency_p99", "goes on with a time"},
        {"latency_p99 > 150 ms", "goes on with a time"},
        {"latency_p99 < 150", "in ms or s"},
        {"latency_p99 < 150 min", "in ms or s"},
        {"latency_p99 < -3 ms", "goes on with a time"},
        {"latency_p99 < nan ms", "goes on with a time"},
        {"latency_p99 < 1e300 s", "an hour"},
        {"latency_p99 < 0 ms", "0.1 ms"},
        {"latency_p100 < 1 s", "latency_p50"},
        {"latency_p < 1 s", "latency_p50"},
        {"latency_pzz < 1 s", "latency_p50"},
        {"latency_p99.9999999999999999999999999 < 1 s", "latency_p50"},
        {"completed", "goes on with a part"},
        {"completed >= 99", "goes on with a part"},
        {"completed <= 99 %", "goes on with a part"},
        {"completed >= 100 %", "no budget"},
        {"completed >= 0 %", "between 0 and 100"},
        {"completed >= 99 % over", "goes on with days"},
        {"completed >= 99 % over 30 h", "goes on with days"},
        {"completed >= 99 % over 0.5 d", "between 1 and 90"},
        {"completed >= 99 % over 365 d", "between 1 and 90"},
        {"completed >= 99 % over 30 d please", "too much"},
        {"detector_alive < 3", "goes on with a part"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        oc_objective o = {0};
        oc_error     err = {0};
        if (oc_objective_parse(cases[i].text, &o, &err) != OC_FORMAT)
            fail_msg("taken: %s", cases[i].text);
        if (!strstr(err.message, cases[i].part))
            fail_msg("%s: says '%s'", cases[i].text, err.message);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(meanings), cmocka_unit_test(refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
