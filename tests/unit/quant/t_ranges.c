/* Ranges of histograms with known answers. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "quant/params.h"

/* Nearly all values lie in [0, 1], one of a hundred thousand at 100. */
static q_stat outlier(void)
{
    q_stat s = {
        .min = 0, .max = 100, .sum_min = 0, .sum_max = 101, .samples = 2, .elements = 200002};
    s.bins = calloc(Q_BINS, sizeof(*s.bins));
    assert_non_null(s.bins);
    for (int i = 0; i < Q_BINS / 100; i++)
        s.bins[i] = 20000 - 900 * (uint32_t)i;
    s.bins[Q_BINS - 1] = 2;
    return s;
}

static q_range range_by(const q_stat *s, q_method m, bool symmetric)
{
    const q_range_options o = {
        .method = m, .percentile = 99.9, .symmetric = symmetric, .levels = symmetric ? 254 : 255};
    return q_range_of(s, &o);
}

static void methods_differ(void **state)
{
    (void)state;
    q_stat s = outlier();
    assert_float_equal(range_by(&s, Q_MINMAX, false).hi, 100, 1e-3);
    assert_float_equal(range_by(&s, Q_AVERAGE, false).hi, 50.5, 1e-3);
    assert_true(range_by(&s, Q_PERCENTILE, false).hi < 1.1f);
    assert_true(range_by(&s, Q_ENTROPY, false).hi < 100);
    /* the one of 100 costs 99^2 * 1e-5 when it is cut off: more than coarse levels do */
    assert_true(range_by(&s, Q_MSE, false).hi > 10);
    const q_range best = range_by(&s, Q_AUTO, false);
    for (q_method m = Q_MINMAX; m < Q_AUTO; m++)
        assert_true(q_range_error(&s, best, 255) <= q_range_error(&s, range_by(&s, m, false), 255));
    q_stats_finish(&s, 1);
}

static void zero_is_a_level(void **state)
{
    (void)state;
    q_stat s = {.min = 3, .max = 5, .samples = 1, .elements = 2, .sum_min = 3, .sum_max = 5};
    for (int symmetric = 0; symmetric < 2; symmetric++) {
        const q_format f = {.symmetric = symmetric, .weight_bits = 8};
        const q_range  r = range_by(&s, Q_MINMAX, symmetric);
        const q_params p = q_params_of(r, &f, false);
        assert_true(r.lo <= 0 && r.hi >= 5);
        assert_int_equal(q_level(0, &p), p.zero);
        assert_float_equal(q_real(p.zero, &p), 0, 0);
        assert_float_equal(q_real(q_level(5, &p), &p), 5, (double)p.scale);
        assert_int_equal(p.dtype, symmetric ? OC_I8 : OC_U8);
    }
}

/* A value whose negative side is thrown away behind it needs no levels there. */
static void what_follows_counts(void **state)
{
    (void)state;
    q_stat s = {.min = -10, .max = 10, .samples = 1, .elements = 2, .sum_min = -10, .sum_max = 10};
    s.bins = calloc(Q_BINS, sizeof(*s.bins));
    s.post = calloc(Q_POST, sizeof(*s.post));
    assert_true(s.bins && s.post);
    for (int i = 0; i < Q_BINS; i++)
        s.bins[i] = 100;
    assert_true(range_by(&s, Q_MINMAX, false).lo < -9.9f);
    for (int i = 0; i < Q_POST; i++)
        s.post[i] = i > Q_POST / 2 ? 20.0f * (float)i / (Q_POST - 1) - 10 : 0;
    const q_range r = range_by(&s, Q_MSE, false);
    assert_true(r.lo > -2);
    assert_true(r.hi > 9.5f);
    q_stats_finish(&s, 1);
}

static void weights_have_a_scale_a_channel(void **state)
{
    (void)state;
    const float    w[8] = {1, -2, 0, 0, 0.5f, 0.25f, -127, 3};
    oc_tensor_view v = {.info = {OC_F32, {4, {4, 2, 1, 1}}}, .data = (void *)(uintptr_t)w};
    float          s[8];
    assert_int_equal(q_weight_scales(&v, 0, 8, s), 4);
    assert_float_equal(s[0], 2.0f / 127, 1e-7);
    assert_float_equal(s[1], 1, 0); /* all zero: any will do */
    assert_float_equal(s[3], 1, 1e-6);
    assert_int_equal(q_weight_scales(&v, 1, 8, s), 2);
    assert_float_equal(s[0], 1, 1e-6);
    assert_int_equal(q_weight_scales(&v, -1, 7, s), 1);
    assert_float_equal(s[0], 127.0f / 63, 1e-6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(methods_differ),
        cmocka_unit_test(zero_is_a_level),
        cmocka_unit_test(what_follows_counts),
        cmocka_unit_test(weights_have_a_scale_a_channel),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
