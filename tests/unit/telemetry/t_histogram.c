/* Quantiles against sorting, bucket borders, and several threads at once. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "telemetry/histogram.h"

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static void as_good_as_sorting(void **state)
{
    (void)state;
    enum { N = 5000 };
    static oc_histogram h;
    static uint64_t     v[N];
    uint32_t            seed = 7;
    memset(&h, 0, sizeof(h));
    for (int i = 0; i < N; i++) {
        seed = seed * 1664525u + 1013904223u;
        v[i] = (uint64_t)(seed >> 8) << (seed % 12);
        oc_histogram_add(&h, v[i]);
    }
    qsort(v, N, sizeof(v[0]), by_value);
    const double q[] = {0.01, 0.25, 0.5, 0.9, 0.99, 1.0};
    for (size_t i = 0; i < sizeof(q) / sizeof(q[0]); i++) {
        double want = (double)v[(size_t)(q[i] * N) - 1];
        double got = (double)oc_histogram_quantile_ns(&h, q[i]);
        assert_true(got >= want * (1 - 1.0 / 32) - 1 && got <= want * (1 + 1.0 / 32) + 1);
    }
    assert_int_equal(oc_histogram_max_ns(&h), v[N - 1]);
    assert_int_equal(oc_histogram_count(&h), N);
}

static void borders(void **state)
{
    (void)state;
    for (size_t i = 0; i + 1 < OC_HISTOGRAM_BUCKETS; i++) {
        static oc_histogram h;
        uint64_t            low = oc_histogram_low_ns(i), next = oc_histogram_low_ns(i + 1);
        assert_true(next > low);
        memset(&h, 0, sizeof(h));
        oc_histogram_add(&h, low);
        oc_histogram_add(&h, next - 1);
        assert_int_equal(oc_histogram_bucket_count(&h, i), 2);
    }
    static oc_histogram h;
    assert_int_equal(oc_histogram_quantile_ns(&h, 0.5), 0);
    oc_histogram_add(&h, UINT64_MAX); /* longer than anything: the last bucket */
    assert_int_equal(oc_histogram_bucket_count(&h, OC_HISTOGRAM_BUCKETS - 1), 1);
}

static void merged(void **state)
{
    (void)state;
    static oc_histogram odd, even, all, both;
    for (uint64_t i = 0; i < 5000; i++) {
        oc_histogram_add(i % 2 ? &odd : &even, i * i);
        oc_histogram_add(&all, i * i);
    }
    oc_histogram_merge(&both, &odd);
    oc_histogram_merge(&both, &even);
    assert_memory_equal(&both, &all, sizeof(all));
    oc_histogram_merge(&both, &(oc_histogram){0});
    assert_memory_equal(&both, &all, sizeof(all));
}

static void *record(void *arg)
{
    for (uint64_t i = 0; i < 50000; i++)
        oc_histogram_add(arg, i);
    return NULL;
}

static void threads(void **state)
{
    (void)state;
    static oc_histogram h;
    pthread_t           t[4];
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&t[i], NULL, record, &h), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(t[i], NULL);
    uint64_t n = 0;
    for (size_t i = 0; i < OC_HISTOGRAM_BUCKETS; i++)
        n += oc_histogram_bucket_count(&h, i);
    assert_int_equal(n, 200000);
    assert_int_equal(oc_histogram_count(&h), 200000);
    assert_int_equal(oc_histogram_max_ns(&h), 49999);
    assert_true(oc_histogram_mean_ns(&h) == 24999.5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_good_as_sorting),
        cmocka_unit_test(borders),
        cmocka_unit_test(merged),
        cmocka_unit_test(threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
