#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

#define OC_CMD(name, what) int oc_cmd_##name(int argc, char **argv);
#include "cli/commands.inc"
#undef OC_CMD

static const struct {
    const char *name, *what;
    int (*run)(int argc, char **argv);
} commands[] = {
#define OC_CMD(name, what) {#name, what, oc_cmd_##name},
#include "cli/commands.inc"
#undef OC_CMD
};

static void overview(FILE *to)
{
    fprintf(to, "Ocellus: cameras and networks into events.\n\nusage: ocellus COMMAND ...\n\n");
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        fprintf(to, "  %-10s %s\n", commands[i].name, commands[i].what);
    fprintf(to, "\nocellus COMMAND --help tells more.\n");
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        overview(stderr);
        return CLI_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        overview(stdout);
        return CLI_DONE;
    }
    const char *name = strcmp(argv[1], "--version") == 0 ? "version" : argv[1];
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        if (strcmp(commands[i].name, name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    fprintf(stderr, "ocellus: no such command: '%s'\nsee: ocellus --help\n", argv[1]);
    return CLI_USAGE;
}
