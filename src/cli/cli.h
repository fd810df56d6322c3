/* cli.h -- what the subcommands share: exit codes, option reading, error output. */
#ifndef OC_CLI_CLI_H
#define OC_CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "ocellus/session.h"

enum {
    CLI_DONE = 0,         /* it worked */
    CLI_FAILED = 1,       /* the work failed, or a gate said no */
    CLI_USAGE = 2,        /* wrong usage */
    CLI_BAD_INPUT = 3,    /* a file, stream or address is at fault */
    CLI_INTERRUPTED = 130 /* stopped by a signal; what was written is whole */
};

/* One option of a command.  kind: 'f' flag (bool), 's' text (const char *), 'S' text that may come
 * several times (cli_texts), 'u' whole number >= 0 (uint64_t), 'd' number (double). */
typedef struct cli_texts {
    const char *item[64];
    size_t      n;
} cli_texts;

typedef struct cli_option {
    const char *name; /* "--json" */
    char        kind;
    void       *to;
    const char *value; /* "F.npy", for the help; NULL for flags */
    const char *help;
} cli_option;

typedef struct cli_command {
    const char       *name, *arguments, *what; /* "bench", "MODEL", one sentence */
    const cli_option *options;                 /* ends with name NULL */
    size_t            n_min, n_max;            /* positional arguments */
} cli_command;

/* Reads argv (argv[0] is the command's name).  Positional arguments go to pos[n_max] and *n_pos.
 * Gives back -1 to go on, or the exit code (after --help or a message). */
int cli_parse(const cli_command *command, int argc, char **argv, const char **pos, size_t *n_pos);

/* Prints "ocellus <command>: <message>" to stderr and gives back the exit code for the status. */
int cli_fail(const char *command, const oc_error *err);
/* The same for a message of one's own. */
int cli_usage(const char *command, const char *fmt, ...) OC_PRINTF(2, 3);

/* -v: messages tell the line of our source too. */
extern bool cli_verbose;

/* "NAME=1x3x320x320" into a port whose name points into `text` (which is changed). */
OC_MUST_CHECK oc_status cli_shape(char *text, oc_port *out, oc_error *err);

/* Peak resident memory of this process. */
uint64_t cli_peak_rss_bytes(void);

/* JSON text to stdout, escaped, with quotes. */
void cli_json_text(FILE *to, const char *text);

#endif
