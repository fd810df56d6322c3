#include "cli/cli.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

bool cli_verbose;

static void print_help(const cli_command *c)
{
    printf("usage: ocellus %s %s%s\n\n%s\n", c->name, c->arguments,
           c->options[0].name ? " [options]" : "", c->what);
    if (c->options[0].name)
        printf("\noptions:\n");
    for (const cli_option *o = c->options; o->name; o++) {
        char left[64];
        snprintf(left, sizeof(left), "%s%s%s", o->name, o->value ? " " : "",
                 o->value ? o->value : "");
        printf("  %-28s %s\n", left, o->help);
    }
}

int cli_usage(const char *command, const char *fmt, ...)
{
    va_list ap;
    fprintf(stderr, "ocellus %s: ", command);
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fprintf(stderr, "\nsee: ocellus %s --help\n", command);
    return CLI_USAGE;
}

static int set_option(const cli_command *c, const cli_option *o, const char *text)
{
    char *end = NULL;
    errno = 0;
    switch (o->kind) {
    case 's': *(const char **)o->to = text; return -1;
    case 'S': {
        cli_texts *t = o->to;
        if (t->n == sizeof(t->item) / sizeof(t->item[0]))
            return cli_usage(c->name, "%s is given too often", o->name);
        t->item[t->n++] = text;
        return -1;
    }
    case 'u':
        if (text[0] < '0' || text[0] > '9')
            return cli_usage(c->name, "%s wants a whole number, not '%s'", o->name, text);
        *(uint64_t *)o->to = strtoull(text, &end, 10);
        break;
    default: *(double *)o->to = strtod(text, &end); break;
    }
    if (errno || end == text || *end)
        return cli_usage(c->name, "%s wants a number, not '%s'", o->name, text);
    return -1;
}

/* `--name value` and `--name=value`; *used tells how many words were taken. */
static int take_option(const cli_command *c, int argc, char **argv, int at, int *used)
{
    const char *word = argv[at], *equals = strchr(word, '=');
    size_t      n = equals ? (size_t)(equals - word) : strlen(word);
    for (const cli_option *o = c->options; o->name; o++) {
        if (strlen(o->name) != n || strncmp(o->name, word, n) != 0)
            continue;
        *used = 1;
        if (o->kind == 'f') {
            if (equals)
                return cli_usage(c->name, "%s takes no value", o->name);
            *(bool *)o->to = true;
            return -1;
        }
        if (equals)
            return set_option(c, o, equals + 1);
        if (at + 1 >= argc)
            return cli_usage(c->name, "%s wants %s", o->name, o->value ? o->value : "a value");
        *used = 2;
        return set_option(c, o, argv[at + 1]);
    }
    return cli_usage(c->name, "no such option: %s", word);
}

int cli_parse(const cli_command *command, int argc, char **argv, const char **pos, size_t *n_pos)
{
    bool options = true;
    *n_pos = 0;
    for (int i = 1; i < argc;) {
        const char *w = argv[i];
        int         used = 1;
        if (options && (strcmp(w, "--help") == 0 || strcmp(w, "-h") == 0)) {
            print_help(command);
            return CLI_DONE;
        }
        if (options && strcmp(w, "--") == 0) {
            options = false;
        } else if (options && strcmp(w, "-v") == 0) {
            cli_verbose = true;
        } else if (options && w[0] == '-' && w[1]) {
            int e = take_option(command, argc, argv, i, &used);
            if (e >= 0)
                return e;
        } else if (*n_pos == command->n_max) {
            return cli_usage(command->name, "one argument too many: '%s'", w);
        } else {
            pos[(*n_pos)++] = w;
        }
        i += used;
    }
    if (*n_pos < command->n_min)
        return cli_usage(command->name, "%s is missing", command->arguments);
    return -1;
}

int cli_fail(const char *command, const oc_error *err)
{
    fprintf(stderr, "ocellus %s: %s\n", command, err->message);
    if (cli_verbose)
        fprintf(stderr, "  (%s: %s, raised at %s:%d)\n", oc_status_name(err->status),
                oc_status_text(err->status), err->file, err->line);
    switch (err->status) {
    case OC_NOMEM:
    case OC_BUSY: return CLI_FAILED;
    case OC_CANCELLED: return CLI_INTERRUPTED;
    default: return CLI_BAD_INPUT;
    }
}

oc_status cli_shape(char *text, oc_port *out, oc_error *err)
{
    char *equals = strrchr(text, '=');
    if (!equals || equals == text)
        return OC_FAIL(err, OC_INVALID, "'%.60s' is not NAME=1x3x320x320", text);
    *equals = 0;
    *out = (oc_port){.name = text};
    for (char *at = equals + 1, *end;; at = end + 1) {
        errno = 0;
        long long dim = strtoll(at, &end, 10);
        if (end == at || errno || dim <= 0 || (*end && *end != 'x' && *end != ','))
            return OC_FAIL(err, OC_INVALID, "shape '%.60s' of '%.60s' is not like 1x3x320x320",
                           equals + 1, text);
        if (out->info.shape.rank == OC_RANK_MAX)
            return OC_FAIL(err, OC_INVALID, "shape of '%.60s' has too many dimensions", text);
        out->info.shape.dim[out->info.shape.rank++] = dim;
        if (!*end)
            return OC_OK;
    }
}

uint64_t cli_peak_rss_bytes(void)
{
    struct rusage u;
    return getrusage(RUSAGE_SELF, &u) == 0 ? (uint64_t)u.ru_maxrss * 1024 : 0;
}

void cli_json_text(FILE *to, const char *text)
{
    fputc('"', to);
    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        if (*p == '"' || *p == '\\')
            fprintf(to, "\\%c", *p);
        else if (*p < 0x20)
            fprintf(to, "\\u%04x", *p);
        else
            fputc(*p, to);
    }
    fputc('"', to);
}
