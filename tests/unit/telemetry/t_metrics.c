/* The registry: the table keeps Prometheus' rules, series are found again, families stay bounded,
 * threads count every one, histograms are told exactly. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "telemetry/metrics.h"

static oc_metrics *make(void)
{
    oc_metrics *m = NULL;
    oc_error    err = {0};
    assert_int_equal(oc_metrics_create(&m, &err), OC_OK);
    return m;
}

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), e = strlen(end);
    return n >= e && strcmp(text + n - e, end) == 0;
}

static bool is_name(const char *text)
{
    const char *first = "abcdefghijklmnopqrstuvwxyz_";
    return *text && strchr(first, *text) &&
           strspn(text, "abcdefghijklmnopqrstuvwxyz_0123456789") == strlen(text);
}

static void table_keeps_the_rules(void **state)
{
    (void)state;
    for (int i = 0; i < OC_METRICS; i++) {
        const oc_metric_family *f = oc_metric_family_of((oc_metric_id)i);
        if (!is_name(f->name) || ends_with(f->name, "_total") || ends_with(f->name, "_info") ||
            ends_with(f->name, "_bucket") || ends_with(f->name, "_count") ||
            ends_with(f->name, "_sum") || ends_with(f->name, "_created"))
            fail_msg("%s: not a name for a family", f->name);
        if (strncmp(f->name, "ocellus_", 8) != 0 && strncmp(f->name, "process_", 8) != 0)
            fail_msg("%s: lacks the program's prefix", f->name);
        if (*f->unit && !ends_with(f->name, f->unit))
            fail_msg("%s: does not end with its unit %s", f->name, f->unit);
        if (f->kind == OC_METRIC_HISTOGRAM || f->kind == OC_METRIC_COUNTER_NS)
            assert_string_equal(f->unit, "seconds");
        if (!*f->help || strpbrk(f->help, "\"\\\n"))
            fail_msg("%s: help is missing or would have to be escaped", f->name);
        assert_true(f->series_max > 0 && (f->n_labels > 0 || f->series_max == 1));
        for (size_t l = 0; l < f->n_labels; l++)
            if (!is_name(f->label[l]) || strcmp(f->label[l], "le") == 0 ||
                strncmp(f->label[l], "__", 2) == 0)
                fail_msg("%s: label %s", f->name, f->label[l]);
        for (int j = 0; j < i; j++)
            assert_true(strcmp(f->name, oc_metric_family_of((oc_metric_id)j)->name) != 0);
    }
}

static void series_are_found_again(void **state)
{
    (void)state;
    oc_metrics       *m = make();
    const char *const door[] = {"door", "failed"}, *const cart[] = {"cart", "failed"};
    oc_series *a = oc_metrics_series(m, OC_M_FRAMES_DROPPED, door);
    oc_series *b = oc_metrics_series(m, OC_M_FRAMES_DROPPED, cart);
    assert_ptr_not_equal(a, b);
    assert_ptr_equal(a, oc_metrics_series(m, OC_M_FRAMES_DROPPED, door));
    oc_series_add(a, 3);
    oc_metrics_drop(m, "stream", "door");
    assert_ptr_equal(b, oc_metrics_series(m, OC_M_FRAMES_DROPPED, cart));
    assert_int_equal(oc_series_count(oc_metrics_series(m, OC_M_FRAMES_DROPPED, door)), 0);
    oc_metrics_destroy(m);
}

typedef struct seen {
    size_t n, others;
    char   labels[2048];
    double value;
} seen;

static void look(void *ctx, const oc_metric_sample *s)
{
    seen *to = ctx;
    if (s->family != oc_metric_family_of(OC_M_FRAMES_CAPTURED))
        return;
    to->n++;
    to->others += strcmp(s->value[0], "other") == 0;
    snprintf(to->labels, sizeof(to->labels), "%s", s->labels);
    to->value = oc_series_value(s->series);
}

static void families_are_bounded(void **state)
{
    (void)state;
    oc_metrics *m = make();
    size_t      most = oc_metric_family_of(OC_M_FRAMES_CAPTURED)->series_max;
    seen        found = {0};
    for (size_t i = 0; i < most + 100; i++) {
        char              name[32];
        const char *const value[] = {name};
        snprintf(name, sizeof(name), "stream %zu", i);
        oc_series_add(oc_metrics_series(m, OC_M_FRAMES_CAPTURED, value), 1);
    }
    oc_metrics_peek(m, look, &found);
    assert_int_equal(found.n, most + 1);
    assert_int_equal(found.others, 1);
    assert_true(found.value == 100.0);
    assert_int_equal(oc_series_count(oc_metrics_series(m, OC_M_SERIES_REFUSED, NULL)), 100);
    oc_metrics_destroy(m);
}

static void values_are_made_fit(void **state)
{
    (void)state;
    oc_metrics       *m = make();
    const char *const value[] = {"a\"b\\c\nd\xff\xc0\xafz"};
    seen              found = {0};
    oc_metrics_series(m, OC_M_FRAMES_CAPTURED, value);
    oc_metrics_peek(m, look, &found);
    assert_string_equal(found.labels,
                        "stream=\"a\\\"b\\\\c\\nd\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBDz\"");
    oc_metrics_destroy(m);

    m = make();
    char              long_value[1000];
    const char *const long_values[] = {long_value};
    memset(long_value, '"', sizeof(long_value)); /* the worst: each is escaped */
    long_value[sizeof(long_value) - 1] = '\0';
    memset(&found, 0, sizeof(found));
    oc_metrics_series(m, OC_M_FRAMES_CAPTURED, long_values);
    oc_metrics_peek(m, look, &found);
    assert_int_equal(strlen(found.labels), strlen("stream=\"\"") + 2 * (OC_METRIC_VALUE_BYTES - 1));
    oc_metrics_destroy(m);
}

enum { THREADS = 4, EACH = 20000 };

static void *count(void *ctx)
{
    oc_metrics       *m = ctx;
    const char *const value[] = {"shared"};
    for (int i = 0; i < EACH; i++) {
        oc_series_add(oc_metrics_series(m, OC_M_FRAMES_CAPTURED, value), 1);
        oc_series_observe(oc_metrics_series(m, OC_M_FRAME_LATENCY, value), (uint64_t)i * 1000);
    }
    return NULL;
}

static void threads_lose_nothing(void **state)
{
    (void)state;
    oc_metrics       *m = make();
    const char *const value[] = {"shared"};
    pthread_t         thread[THREADS];
    seen              found = {0};
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, count, m), 0);
    for (int i = 0; i < 20; i++)
        oc_metrics_visit(m, look, &found);
    for (int i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    assert_int_equal(oc_series_count(oc_metrics_series(m, OC_M_FRAMES_CAPTURED, value)),
                     THREADS * EACH);
    oc_histogram_told told;
    oc_histogram_tell(oc_series_histogram(oc_metrics_series(m, OC_M_FRAME_LATENCY, value)), &told);
    assert_int_equal(told.n, THREADS * EACH);
    oc_metrics_destroy(m);
}

static void histograms_are_told_exactly(void **state)
{
    (void)state;
    static oc_histogram h;
    oc_histogram_told   told;
    uint64_t            bound = 0;
    memset(&h, 0, sizeof(h));
    for (size_t i = 0; i < OC_METRIC_BOUNDS; i++) { /* one just below each bound, one upon it */
        bound = (uint64_t)(oc_metric_bound_s(i) * 1e9 + 0.5);
        oc_histogram_add(&h, bound - 1);
        oc_histogram_add(&h, bound);
        if (i)
            assert_true(oc_metric_bound_s(i) > oc_metric_bound_s(i - 1));
    }
    oc_histogram_tell(&h, &told);
    for (size_t i = 0; i < OC_METRIC_BOUNDS; i++)
        assert_int_equal(told.below[i], 2 * i + 1);
    assert_int_equal(told.n, 2 * OC_METRIC_BOUNDS);
    assert_true(told.max_s == (double)bound / 1e9);
}

static void add_two(void *ctx)
{
    const char *const value[] = {"collected"};
    oc_series_add(oc_metrics_series(ctx, OC_M_FRAMES_CAPTURED, value), 2);
}

static void collectors_run_when_asked(void **state)
{
    (void)state;
    oc_metrics *m = make();
    seen        found = {0};
    assert_true(oc_metrics_on_collect(m, add_two, m));
    oc_metrics_peek(m, look, &found);
    assert_int_equal(found.n, 0);
    oc_metrics_visit(m, look, &found);
    assert_true(found.value == 2.0);
    oc_metrics_off_collect(m, add_two, m);
    oc_metrics_visit(m, look, &found);
    assert_true(found.value == 2.0);
    oc_metrics_destroy(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table_keeps_the_rules),    cmocka_unit_test(series_are_found_again),
        cmocka_unit_test(families_are_bounded),     cmocka_unit_test(values_are_made_fit),
        cmocka_unit_test(threads_lose_nothing),     cmocka_unit_test(histograms_are_told_exactly),
        cmocka_unit_test(collectors_run_when_asked)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
