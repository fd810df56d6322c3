/* Pages of metrics read back: what the exposition writes, labels with escapes, quantiles, damage. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "observe/samples.h"

static oc_status read_text(const char *text, oc_samples *out, oc_error *err)
{
    return oc_samples_read("page", text, strlen(text), out, err);
}

static void labels_and_values(void **state)
{
    oc_samples s;
    oc_error   err;
    (void)state;
    assert_int_equal(read_text("# HELP a what\n# TYPE a counter\n"
                               "a_total 3\n"
                               "a_total{x=\"1\",y=\"a \\\"b\\\" \\\\ \\n,}\"} 4e2 1700000000000\n"
                               "\n  b{} NaN\nc{x=\"\",} +Inf",
                               &s, &err),
                     OC_OK);
    assert_int_equal(s.n, 4);
    assert_true(oc_samples_find(&s, "a_total", NULL)->value == 3.0);
    const oc_sample *a = oc_samples_find(&s, "a_total", (const char *const[]){"x", "1", NULL});
    assert_non_null(a);
    assert_true(a->value == 400.0);
    assert_string_equal(oc_sample_label(a, "y"), "a \"b\" \\ \n,}");
    assert_string_equal(oc_sample_label(a, "z"), "");
    assert_true(isnan(oc_samples_find(&s, "b", NULL)->value));
    assert_true(isinf(oc_samples_find(&s, "c", NULL)->value));
    assert_null(oc_samples_find(&s, "a", NULL));
    oc_samples_finish(&s);
}

static void quantiles(void **state)
{
    static const char *const before = "h_bucket{le=\"1\"} 10\nh_bucket{le=\"2\"} 10\n"
                                      "h_bucket{le=\"4\"} 10\nh_bucket{le=\"+Inf\"} 10\n";
    static const char *const after = "h_bucket{le=\"1\"} 10\nh_bucket{le=\"2\"} 60\n"
                                     "h_bucket{le=\"4\"} 110\nh_bucket{le=\"+Inf\"} 110\n";
    oc_samples               a, b;
    oc_error                 err;
    (void)state;
    assert_int_equal(read_text(before, &a, &err), OC_OK);
    assert_int_equal(read_text(after, &b, &err), OC_OK);
    /* a hundred since: fifty of 1..2, fifty of 2..4 */
    assert_true(fabs(oc_samples_quantile(&b, &a, "h", NULL, 0.25) - 1.5) < 1e-12);
    assert_true(fabs(oc_samples_quantile(&b, &a, "h", NULL, 0.75) - 3.0) < 1e-12);
    assert_true(oc_samples_quantile(&b, NULL, "h", NULL, 0.05) < 1.0);
    assert_true(isnan(oc_samples_quantile(&b, &b, "h", NULL, 0.5)));
    assert_true(isnan(oc_samples_quantile(&b, &a, "g", NULL, 0.5)));
    /* a process that began anew: all of its counts are new */
    assert_true(oc_samples_quantile(&a, &b, "h", NULL, 0.5) <= 1.0);
    oc_samples_finish(&a);
    oc_samples_finish(&b);
}

static void damage_is_named(void **state)
{
    static const struct {
        const char *text, *says;
    } bad[] = {
        {"a 1\n{x=\"1\"} 2\n", "page:2: neither"},
        {"a\n", "page:1: a name without"},
        {"a x\n", "no number"},
        {"a{x} 1\n", "key=\"value\""},
        {"a{x=\"1 1\n", "does not end"},
        {"a{x=\"\\q\"} 1\n", "escape"},
        {"a{x=\"1\"y=\"2\"} 1\n", "commas"},
        {"a{x=\"1\"", "commas"},
        {"<html>", "neither"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        oc_samples s;
        oc_error   err;
        assert_int_equal(read_text(bad[i].text, &s, &err), OC_FORMAT);
        if (!strstr(err.message, bad[i].says))
            fail_msg("'%s' says: %s", bad[i].text, err.message);
        oc_samples_finish(&s);
    }
}

/* Every prefix and every changed byte of a page: read or refused, nothing else. */
static void mutations(void **state)
{
    static const char page[] = "a{x=\"1\\\\\",y=\"2\"} 3 4\nb_bucket{le=\"+Inf\"} 1e9\n# c\n";
    char              text[sizeof(page)];
    (void)state;
    for (size_t i = 0; i < sizeof(page) - 1; i++)
        for (unsigned c = 0; c < 256; c++) {
            oc_samples s;
            oc_error   err;
            memcpy(text, page, sizeof(page));
            text[i] = (char)c;
            oc_status st = oc_samples_read("page", text, c ? sizeof(page) - 1 : i, &s, &err);
            assert_true(st == OC_OK || st == OC_FORMAT);
            oc_samples_finish(&s);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(labels_and_values),
        cmocka_unit_test(quantiles),
        cmocka_unit_test(damage_is_named),
        cmocka_unit_test(mutations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
