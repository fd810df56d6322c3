#include <stdlib.h>

#include "cli/cli.h"
#include "core/cpu.h"

int oc_cmd_version(int argc, char **argv);

int oc_cmd_version(int argc, char **argv)
{
    bool             json = false;
    const char      *pos[1];
    size_t           n_pos;
    const cli_option options[] = {{"--json", 'f', &json, NULL, "one JSON document on stdout"}, {0}};
    const cli_command command = {"version", "", "Tells version, build and instruction sets.",
                                 options,   0,  0};
    int               e = cli_parse(&command, argc, argv, pos, &n_pos);
    if (e >= 0)
        return e;
    const char *isa = oc_isa_name(oc_cpu_isa());
    if (json) {
        printf("{\"version\":\"%s\",\"compiler\":", OC_VERSION);
        cli_json_text(stdout, __VERSION__);
        printf(",\"isa\":\"%s\",\"processors\":%u,\"backends\":[\"cpu\"]}\n", isa, oc_cpu_count());
        return CLI_DONE;
    }
    printf("ocellus %s\n", OC_VERSION);
    if (cli_verbose)
        printf("compiler      %s\nkernels       %s on this processor\nprocessors    %u\n"
               "backends      cpu\nbuilt in      JPEG, PNG, YAML, JSON, SQLite, HTTP fetch\n",
               __VERSION__, isa, oc_cpu_count());
    return CLI_DONE;
}
