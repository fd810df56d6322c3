/* Pages as texts, letter by letter, and what Accept headers choose. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "observe/exposition.h"

static void both_forms(void **state)
{
    (void)state;
    oc_metrics       *m = NULL;
    const char *const stream[] = {"door"};
    oc_strbuf         page = {0};
    assert_int_equal(oc_metrics_create(&m, NULL), OC_OK);
    oc_series_add(oc_metrics_series(m, OC_M_FRAMES_CAPTURED, stream), 7);
    oc_series_set(oc_metrics_series(m, OC_M_TRACKS, stream), 2.5);
    oc_series_observe(oc_metrics_series(m, OC_M_FRAME_LATENCY, stream), 1500000);
    oc_series_set_count(oc_metrics_series(m, OC_M_PROCESS_CPU, NULL), 1250000000);

    oc_exposition_write(m, OC_EXPOSITION_CLASSIC, &page);
    assert_false(page.failed);
    assert_non_null(strstr(page.data, "# TYPE ocellus_frames_captured_total counter\n"
                                      "ocellus_frames_captured_total{stream=\"door\"} 7\n"));
    assert_non_null(strstr(page.data, "\nocellus_tracks{stream=\"door\"} 2.5\n"));
    assert_non_null(strstr(page.data, "\nprocess_cpu_seconds_total 1.25\n"));
    assert_null(strstr(page.data, "# UNIT"));
    assert_null(strstr(page.data, "# EOF"));

    oc_strbuf_clear(&page);
    oc_exposition_write(m, OC_EXPOSITION_OPENMETRICS, &page);
    assert_non_null(strstr(page.data, "# TYPE ocellus_frames_captured counter\n"
                                      "ocellus_frames_captured_total{stream=\"door\"} 7\n"));
    assert_non_null(strstr(page.data, "# TYPE ocellus_frame_latency_seconds histogram\n"
                                      "# UNIT ocellus_frame_latency_seconds seconds\n"));
    assert_non_null(strstr(
        page.data, "ocellus_frame_latency_seconds_bucket{stream=\"door\",le=\"0.001048576\"} 0\n"
                   "ocellus_frame_latency_seconds_bucket{stream=\"door\",le=\"0.001572864\"} 1\n"));
    assert_non_null(strstr(page.data, "_bucket{stream=\"door\",le=\"+Inf\"} 1\n"
                                      "ocellus_frame_latency_seconds_sum{stream=\"door\"} 0.0015\n"
                                      "ocellus_frame_latency_seconds_count{stream=\"door\"} 1\n"));
    assert_string_equal(page.data + page.n - 6, "# EOF\n");
    oc_strbuf_finish(&page);
    oc_metrics_destroy(m);
}

static void accept_headers(void **state)
{
    (void)state;
    static const struct {
        const char   *accept;
        oc_exposition form;
    } cases[] = {
        {NULL, OC_EXPOSITION_CLASSIC},
        {"", OC_EXPOSITION_CLASSIC},
        {"*/*", OC_EXPOSITION_CLASSIC},
        {"text/plain", OC_EXPOSITION_CLASSIC},
        {"application/openmetrics-text", OC_EXPOSITION_OPENMETRICS},
        {"APPLICATION/OpenMetrics-Text; VERSION=1.0.0", OC_EXPOSITION_OPENMETRICS},
        {"application/openmetrics-text;version=\"1.0.0\";q=0.8, text/plain;q=0.5",
         OC_EXPOSITION_OPENMETRICS},
        {"application/openmetrics-text;version=0.0.1", OC_EXPOSITION_CLASSIC},
        {"application/openmetrics-text;q=0", OC_EXPOSITION_CLASSIC},
        {"application/openmetrics-text;q=0.1,text/plain;q=0.9", OC_EXPOSITION_CLASSIC},
        /* Prometheus 2.42 */
        {"application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;"
         "q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
         OC_EXPOSITION_OPENMETRICS},
        /* what is no Accept header at all */
        {";;;,,;q=,=\"", OC_EXPOSITION_CLASSIC},
        {"application/openmetrics-text;version=\"1.0", OC_EXPOSITION_CLASSIC},
        {",,,,application/openmetrics-text;;;q", OC_EXPOSITION_CLASSIC},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        if (oc_exposition_choose(cases[i].accept) != cases[i].form)
            fail_msg("%s", cases[i].accept);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(both_forms),
                                       cmocka_unit_test(accept_headers)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
