/* ocellus bench: the time of a run with plain inputs and outputs, after a warm-up. */
#include <stdlib.h>
#include <string.h>

#include "cli/network.h"
#include "core/pool.h"

#define RUNS_MAX 100000

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

typedef struct timing {
    double  *ms;
    size_t   n;
    uint64_t iterations; /* 0: at least 1 s and 10 runs */
} timing;

static oc_status measure(oc_session *s, timing *t, oc_error *err)
{
    const oc_port  *ports;
    size_t          n_in = oc_session_inputs(s, &ports), n_out;
    oc_tensor_view *in = calloc(n_in + 1, sizeof(*in)), *out = NULL;
    oc_status       st = OC_OK;
    for (size_t i = 0; in && i < n_in; i++) {
        in[i] = (oc_tensor_view){.info = ports[i].info, .data = oc_session_input_buffer(s, i)};
        cli_fill(in[i].data, &in[i].info);
    }
    n_out = oc_session_outputs(s, &ports);
    out = calloc(n_out + 1, sizeof(*out));
    if (!in || !out) {
        st = OC_FAIL(err, OC_NOMEM, "bench");
        goto out;
    }
    for (int warm = 0; warm < 3 && st == OC_OK; warm++)
        st = oc_session_run(s, in, n_in, out, n_out, err);
    double start = cli_now_ms();
    while (st == OC_OK && t->n < RUNS_MAX) {
        double t0 = cli_now_ms();
        if (t->iterations ? t->n >= t->iterations : t->n >= 10 && t0 - start >= 1000)
            break;
        st = oc_session_run(s, in, n_in, out, n_out, err);
        t->ms[t->n++] = cli_now_ms() - t0;
    }
out:
    free(in);
    free(out);
    return st;
}

static void print_result(const char *model, const char *backend, const cli_network *net, timing *t,
                         bool json)
{
    oc_session_stats stats = {.struct_size = sizeof(stats)};
    double           sum = 0;
    for (size_t i = 0; i < t->n; i++)
        sum += t->ms[i];
    double mean = sum / (double)t->n;
    oc_session_stats_get(net->session, &stats);
    qsort(t->ms, t->n, sizeof(*t->ms), by_value);
    double p50 = t->ms[t->n / 2], p90 = t->ms[t->n * 9 / 10], p99 = t->ms[t->n * 99 / 100];
    if (!json) {
        printf("%s, %s, %u threads: %.3f ms (min %.3f, p90 %.3f, p99 %.3f, mean %.3f; %zu runs)\n"
               "  loaded in %.1f ms; %.3f GFLOP, %.1f GFLOP/s; memory: activations %.2f MB, "
               "weights %.2f MB, peak %.1f MB\n",
               model, backend, oc_pool_threads(net->pool), p50, t->ms[0], p90, p99, mean, t->n,
               net->load_ms, stats.flops * 1e-9, stats.flops * 1e-6 / p50,
               (double)stats.arena_bytes * 1e-6, (double)stats.weight_bytes * 1e-6,
               (double)cli_peak_rss_bytes() * 1e-6);
        return;
    }
    printf("{\"model\":");
    cli_json_text(stdout, model);
    printf(",\"backend\":\"%s\",\"threads\":%u,\"load_ms\":%.3f,\"latency_ms\":{\"min\":%.4f,"
           "\"p50\":%.4f,\"p90\":%.4f,\"p99\":%.4f,\"mean\":%.4f},\"runs\":%zu,"
           "\"arena_bytes\":%llu,\"weight_bytes\":%llu,\"peak_rss_bytes\":%llu,\"gflop\":%.6f}\n",
           backend, oc_pool_threads(net->pool), net->load_ms, t->ms[0], p50, p90, p99, mean, t->n,
           (unsigned long long)stats.arena_bytes, (unsigned long long)stats.weight_bytes,
           (unsigned long long)cli_peak_rss_bytes(), stats.flops * 1e-9);
}

int oc_cmd_bench(int argc, char **argv);

int oc_cmd_bench(int argc, char **argv)
{
    cli_network_options no = {.threads = 0};
    cli_network         net = {0};
    timing              t = {0};
    const char         *pos[1];
    bool                json = false;
    size_t              n_pos;
    oc_error            err = {0};
    const cli_option    options[] = {
           {"--iterations", 'u', &t.iterations, "N", "runs to time (default: 1 s, at least 10)"},
           CLI_NETWORK_OPTIONS(no),
           CLI_PLAN_OPTION(no),
           CLI_MEMORY_OPTION(no),
           CLI_TUNED_OPTION(no),
           {"--json", 'f', &json, NULL, "one JSON document on stdout"},
           {0}};
    const cli_command command = {
        "bench", "MODEL", "Times a network: inputs (i mod 255)/255, plain ONNX layouts.",
        options, 1,       1};
    int e = cli_parse(&command, argc, argv, pos, &n_pos);
    if (e >= 0)
        return e;
    if (t.iterations > RUNS_MAX)
        return cli_usage("bench", "--iterations is at most %d", RUNS_MAX);
    oc_status st = cli_network_open(pos[0], &no, NULL, 0, &net, &err);
    if (st == OC_OK && !(t.ms = calloc(RUNS_MAX, sizeof(*t.ms))))
        st = OC_FAIL(&err, OC_NOMEM, "bench");
    if (st == OC_OK)
        st = measure(net.session, &t, &err);
    if (st == OC_OK)
        print_result(pos[0], no.backend ? no.backend : "cpu", &net, &t, json);
    free(t.ms);
    cli_network_close(&net);
    return st == OC_OK ? CLI_DONE : cli_fail("bench", &err);
}
