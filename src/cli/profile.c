/* ocellus profile: the time of every step, as a table and a trace for Perfetto. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/network.h"
#include "cli/profile.h"
#include "core/pool.h"
#include "runtime/watch.h"

double cli_profile_share(const profile *p, const step_time *t)
{
    const double ns = (double)t->ns + 1;

    if (t->flops > 0)
        return p->peak.gflops > 0 ? t->flops / ns / p->peak.gflops : 0;
    return p->peak.gbs > 0 ? t->bytes / ns / p->peak.gbs : 0;
}

static void on_step(void *ctx, const oc_step_view *s)
{
    profile *p = ctx;
    if (s->index >= p->cap)
        return;
    step_time *t = &p->steps[s->index];
    if (s->index >= p->n) {
        p->n = s->index + 1;
        snprintf(t->name, sizeof(t->name), "%s", s->name);
        snprintf(t->op, sizeof(t->op), "%s", s->op_type);
        if (s->kernel)
            snprintf(t->kernel, sizeof(t->kernel), "%s", s->kernel);
        if (s->out)
            oc_shape_text(&s->out->shape, t->out, sizeof(t->out));
        t->ns = UINT64_MAX;
        t->flops = s->flops;
        t->bytes = s->bytes;
    }
    if (s->ns < t->ns)
        t->ns = s->ns;
}

static oc_status measure(oc_session *s, profile *p, uint64_t runs, oc_error *err)
{
    const oc_port   *ports;
    size_t           n_in = oc_session_inputs(s, &ports), n_out;
    oc_session_stats stats = {.struct_size = sizeof(stats)};
    oc_tensor_view  *in = calloc(n_in + 1, sizeof(*in));
    oc_status        st = OC_OK;
    oc_session_stats_get(s, &stats);
    p->cap = stats.n_nodes;
    p->steps = calloc(p->cap + 1, sizeof(*p->steps));
    for (size_t i = 0; in && i < n_in; i++) {
        in[i] = (oc_tensor_view){.info = ports[i].info, .data = oc_session_input_buffer(s, i)};
        cli_fill(in[i].data, &in[i].info);
    }
    n_out = oc_session_outputs(s, &ports);
    oc_tensor_view *out = calloc(n_out + 1, sizeof(*out));
    if (!in || !out || !p->steps)
        st = OC_FAIL(err, OC_NOMEM, "profile");
    for (uint64_t r = 0; r < runs && st == OC_OK; r++)
        st = oc_session_run_watched(s, in, n_in, out, n_out, on_step, p, err);
    free(in);
    free(out);
    return st;
}

static double total_ns(const profile *p)
{
    double sum = 0;
    for (size_t i = 0; i < p->n; i++)
        sum += (double)p->steps[i].ns;
    return sum > 0 ? sum : 1;
}

static int by_time(const void *a, const void *b)
{
    const step_time *x = a, *y = b;
    return x->ns < y->ns ? 1 : x->ns > y->ns ? -1 : 0;
}

static void print_by_operator(const profile *p, double sum)
{
    step_time *ops = calloc(p->n + 1, sizeof(*ops));
    size_t     n = 0, k;
    for (size_t i = 0; ops && i < p->n; i++) {
        for (k = 0; k < n && strcmp(ops[k].op, p->steps[i].op) != 0; k++)
            ;
        if (k == n)
            memcpy(ops[n++].op, p->steps[i].op, sizeof(ops[0].op));
        ops[k].ns += p->steps[i].ns;
        ops[k].flops += p->steps[i].flops;
        ops[k].bytes += 1; /* here: how many */
    }
    if (ops)
        qsort(ops, n, sizeof(*ops), by_time);
    printf("\n%-24s %6s %10s %7s %9s\n", "operator", "steps", "us", "share", "GFLOP/s");
    for (size_t i = 0; ops && i < n; i++)
        printf("%-24s %6.0f %10.1f %6.1f%% %9.1f\n", ops[i].op, ops[i].bytes,
               (double)ops[i].ns * 1e-3, 100.0 * (double)ops[i].ns / sum,
               ops[i].flops / ((double)ops[i].ns + 1));
    free(ops);
}

/* Their operations stand in the same column. */
static bool any_integer(const profile *p)
{
    for (size_t i = 0; i < p->n; i++)
        if (p->steps[i].flops > 0 && p->steps[i].op[0] == 'Q')
            return true;
    return false;
}

static void print_table(const profile *p)
{
    double sum = total_ns(p);
    printf("peak %.1f GFLOP/s (%s), memory %.1f GB/s, %u threads\n\n", p->peak.gflops, p->isa,
           p->peak.gbs, p->threads);
    printf("%4s %-18s %-20s %9s %7s %8s %7s %6s %-12s %s\n", "step", "operator", "output", "us",
           "share", "GFLOP/s", "GB/s", "peak", "kernel", "name");
    for (size_t i = 0; i < p->n; i++) {
        const step_time *t = &p->steps[i];
        printf("%4zu %-18s %-20s %9.1f %6.1f%% %8.1f %7.1f %5.0f%% %-12s %.60s\n", i, t->op, t->out,
               (double)t->ns * 1e-3, 100.0 * (double)t->ns / sum, t->flops / ((double)t->ns + 1),
               t->bytes / ((double)t->ns + 1), 100.0 * cli_profile_share(p, t), t->kernel, t->name);
    }
    print_by_operator(p, sum);
    if (any_integer(p))
        printf("\nsteps in integers (Q..): GOP/s, beside the peak of float32\n");
    printf("\nsum %.3f ms\n", sum * 1e-6);
}

static void print_json(const profile *p, const char *model)
{
    printf("{\"model\":");
    cli_json_text(stdout, model);
    printf(",\"isa\":\"%s\",\"threads\":%u,\"peak\":{\"gflops\":%.2f,\"gbs\":%.2f},\"steps\":[",
           p->isa, p->threads, p->peak.gflops, p->peak.gbs);
    for (size_t i = 0; i < p->n; i++) {
        const step_time *t = &p->steps[i];
        const double     ns = (double)t->ns + 1;
        printf("%s{\"name\":", i ? "," : "");
        cli_json_text(stdout, t->name);
        printf(",\"op\":\"%s\",\"output\":\"%s\",\"kernel\":\"%s\",\"us\":%.3f,\"flops\":%.0f,"
               "\"bytes\":%.0f,\"gflops\":%.3f,\"gbs\":%.3f,\"peak_share\":%.4f}",
               t->op, t->out, t->kernel, (double)t->ns * 1e-3, t->flops, t->bytes, t->flops / ns,
               t->bytes / ns, cli_profile_share(p, t));
    }
    printf("],\"ms\":%.4f}\n", total_ns(p) * 1e-6);
}

/* Chrome's trace format: complete events in microseconds. */
static oc_status write_trace(const profile *p, const char *path, oc_error *err)
{
    FILE  *f = fopen(path, "w");
    double at = 0;
    if (!f)
        return OC_FAIL(err, OC_IO, "%s: %s", path, strerror(errno));
    fprintf(f, "{\"traceEvents\":[");
    for (size_t i = 0; i < p->n; i++) {
        const step_time *t = &p->steps[i];
        double           us = (double)t->ns * 1e-3;
        fprintf(f, "%s\n{\"name\":", i ? "," : "");
        cli_json_text(f, t->name);
        fprintf(f,
                ",\"cat\":\"%s\",\"ph\":\"X\",\"pid\":1,\"tid\":1,\"ts\":%.3f,\"dur\":%.3f,"
                "\"args\":{\"output\":\"%s\",\"kernel\":\"%s\",\"gflops\":%.2f,\"gbs\":%.2f}}",
                t->op, at, us, t->out, t->kernel, t->flops / ((double)t->ns + 1),
                t->bytes / ((double)t->ns + 1));
        at += us;
    }
    fprintf(f, "\n]}\n");
    bool bad = ferror(f) != 0;
    if (fclose(f) != 0 || bad)
        return OC_FAIL(err, OC_IO, "%s: cannot be written", path);
    return OC_OK;
}

static oc_status measure_peak(const cli_network *net, const cli_network_options *no, profile *p,
                              oc_error *err)
{
    oc_isa isa;

    if (!oc_isa_parse(no->isa ? no->isa : "auto", &isa))
        return OC_FAIL(err, OC_INVALID, "this processor has no '%.20s'", no->isa);
    p->threads = oc_pool_threads(net->pool);
    snprintf(p->isa, sizeof(p->isa), "%s", oc_isa_name(isa));
    return cli_peak_measure(net->pool, isa, &p->peak, err);
}

int oc_cmd_profile(int argc, char **argv);

int oc_cmd_profile(int argc, char **argv)
{
    cli_network_options no = {.threads = 1};
    cli_network         net = {0};
    profile             p = {0};
    uint64_t            runs = 20;
    const char         *trace = NULL, *svg = NULL, *pos[1];
    bool                json = false;
    size_t              n_pos;
    oc_error            err = {0};
    const cli_option    options[] = {
           {"--iterations", 'u', &runs, "N", "runs; the least time of each step counts (20)"},
           {"--svg", 's', &svg, "F.svg", "draw a bar a step"},
           {"--trace", 's', &trace, "F.json", "write a trace for Perfetto or chrome://tracing"},
           CLI_NETWORK_OPTIONS(no),
           CLI_PLAN_OPTION(no),
           CLI_MEMORY_OPTION(no),
           CLI_TUNED_OPTION(no),
           {"--json", 'f', &json, NULL, "one JSON document on stdout"},
           {0}};
    const cli_command command = {"profile", "MODEL", "Times every step of a network.",
                                 options,   1,       1};
    int               e = cli_parse(&command, argc, argv, pos, &n_pos);
    if (e >= 0)
        return e;
    if (runs < 1 || runs > 100000)
        return cli_usage("profile", "--iterations is 1 to 100000");
    oc_status st = cli_network_open(pos[0], &no, NULL, 0, &net, &err);
    if (st == OC_OK)
        st = measure(net.session, &p, runs, &err);
    if (st == OC_OK)
        st = measure_peak(&net, &no, &p, &err);
    if (st == OC_OK && svg)
        st = cli_profile_svg(&p, pos[0], svg, &err);
    if (st == OC_OK && trace)
        st = write_trace(&p, trace, &err);
    if (st == OC_OK && json)
        print_json(&p, pos[0]);
    else if (st == OC_OK)
        print_table(&p);
    free(p.steps);
    cli_network_close(&net);
    return st == OC_OK ? CLI_DONE : cli_fail("profile", &err);
}
