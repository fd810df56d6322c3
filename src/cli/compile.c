/* ocellus compile: a network into a plan file. */
#include <sys/stat.h>

#include "cli/network.h"
#include "ocellus/plan.h"

static oc_status compile(const char *path, const char *out, const cli_network_options *no,
                         cli_network *net, double *save_ms, oc_error *err)
{
    oc_status st = cli_network_open(path, no, NULL, 0, net, err);
    if (st != OC_OK)
        return st;
    double t0 = cli_now_ms();
    st = oc_plan_save(net->session, out, err);
    *save_ms = cli_now_ms() - t0;
    return st;
}

static void print_result(const char *model, const char *out, const cli_network *net, double save_ms,
                         bool json)
{
    struct stat        about = {0};
    unsigned long long bytes = stat(out, &about) == 0 ? (unsigned long long)about.st_size : 0;
    if (!json) {
        printf("%s: %.2f MB; compiled in %.1f ms, written in %.1f ms\n", out, (double)bytes * 1e-6,
               net->load_ms, save_ms);
        return;
    }
    printf("{\"model\":");
    cli_json_text(stdout, model);
    printf(",\"plan\":");
    cli_json_text(stdout, out);
    printf(",\"plan_bytes\":%llu,\"load_ms\":%.3f,\"save_ms\":%.3f}\n", bytes, net->load_ms,
           save_ms);
}

int oc_cmd_compile(int argc, char **argv);

int oc_cmd_compile(int argc, char **argv)
{
    cli_network_options no = {.threads = 0};
    cli_network         net = {0};
    const char         *pos[1], *out = NULL;
    double              save_ms = 0;
    bool                json = false;
    size_t              n_pos;
    oc_error            err = {0};
    const cli_option    options[] = {{"-o", 's', &out, "F.ocplan", "where the plan goes"},
                                     CLI_NETWORK_OPTIONS(no),
                                     CLI_TUNED_OPTION(no),
                                     CLI_MEMORY_OPTION(no),
                                     {"--json", 'f', &json, NULL, "one JSON document on stdout"},
                                     {0}};
    const cli_command   command = {
          "compile",
          "MODEL",
          "Compiles a network into a plan, which infer, bench and profile --plan load in "
            "milliseconds.",
          options,
          1,
          1};
    int e = cli_parse(&command, argc, argv, pos, &n_pos);
    if (e >= 0)
        return e;
    if (!out)
        return cli_usage("compile", "-o is missing");
    oc_status st = compile(pos[0], out, &no, &net, &save_ms, &err);
    if (st == OC_OK)
        print_result(pos[0], out, &net, save_ms, json);
    cli_network_close(&net);
    return st == OC_OK ? CLI_DONE : cli_fail("compile", &err);
}
