/* ocellus ctl: asks a running `ocellus run --control SOCKET`. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "cli/cli.h"
#include "config/yaml.h"
#include "events/json.h"
#include "pipeline/control.h"

static oc_status connect_to(const char *path, int *out, oc_error *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof(address.sun_path))
        return OC_FAIL(err, OC_INVALID, "%s: too long for a socket's path", path);
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        oc_status st =
            OC_FAIL(err, errno == ENOENT ? OC_NOT_FOUND : OC_IO, "%s: %s", path, strerror(errno));
        if (fd >= 0)
            close(fd);
        return st;
    }
    *out = fd;
    return OC_OK;
}

/* One line there, one line back. */
static oc_status ask(int fd, const char *request, size_t n, char *answer, size_t bytes,
                     oc_error *err)
{
    size_t got = 0;
    for (size_t sent = 0; sent < n;) {
        ssize_t k = send(fd, request + sent, n - sent, MSG_NOSIGNAL);
        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            return OC_FAIL(err, OC_IO, "the connection broke: %s", strerror(errno));
        sent += (size_t)k;
    }
    while (got < bytes - 1) {
        ssize_t k = recv(fd, answer + got, bytes - 1 - got, 0);
        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            return OC_FAIL(err, OC_IO, "the connection broke before the answer was there");
        got += (size_t)k;
        answer[got] = '\0';
        if (answer[got - 1] == '\n')
            return OC_OK;
    }
    return OC_FAIL(err, OC_FORMAT, "the answer is longer than %zu bytes", bytes);
}

/* The request as one line.  settings: YAML or JSON text, "@FILE" for that of a file, or NULL. */
static oc_status compose(const char *verb, const char *stream, const char *settings, char *line,
                         size_t bytes, size_t *n, oc_error *err)
{
    oc_jsonw  j;
    oc_yaml  *doc = NULL;
    oc_status st = OC_OK;
    char     *text = NULL;
    oc_jsonw_init(&j, line, bytes - 1);
    oc_jsonw_open(&j, NULL, '{');
    oc_jsonw_text(&j, "do", verb);
    if (stream)
        oc_jsonw_text(&j, "stream", stream);
    if (settings) {
        st = *settings == '@'
                 ? oc_yaml_load(settings + 1, &doc, err)
                 : oc_yaml_load_memory("settings", settings, strlen(settings), &doc, err);
        if (st == OC_OK) {
            size_t k = oc_yaml_write(oc_yaml_root(doc), NULL, 0);
            text = malloc(k + 1);
            if (text) {
                oc_yaml_write(oc_yaml_root(doc), text, k + 1);
                oc_jsonw_raw(&j, "settings", text, k);
            } else {
                st = OC_FAIL(err, OC_NOMEM, "out of memory");
            }
        }
    }
    oc_jsonw_close(&j, '}');
    if (st == OC_OK && j.full)
        st = OC_FAIL(err, OC_INVALID, "the request is longer than %zu bytes", bytes);
    if (st == OC_OK) {
        line[j.n++] = '\n';
        *n = j.n;
    }
    free(text);
    oc_yaml_destroy(doc);
    return st;
}

static void print_list(const oc_yaml_node *streams)
{
    for (size_t i = 0; i < oc_yaml_count(streams); i++) {
        const oc_yaml_node      *s = oc_yaml_at(streams, i), *dropped = oc_yaml_find(s, "dropped");
        static const char *const keys[] = {"name", "state", "captured", "completed"};
        const char              *value[4] = {"", "", "", ""}, *n = "";
        for (size_t k = 0; k < 4; k++)
            if (oc_yaml_find(s, keys[k]) &&
                oc_yaml_to_text(oc_yaml_find(s, keys[k]), &value[k], NULL) != OC_OK)
                value[k] = "?";
        printf("%-20s %-8s %s captured, %s completed", value[0], value[1], value[2], value[3]);
        for (size_t k = 0; k < oc_yaml_count(dropped); k++)
            if (oc_yaml_to_text(oc_yaml_at(dropped, k), &n, NULL) == OC_OK)
                printf(", %s %s", n, oc_yaml_key(dropped, k));
        printf("\n");
    }
}

static int print_answer(const char *answer, bool json)
{
    oc_yaml            *doc = NULL;
    oc_error            err = {0};
    bool                ok = false;
    const oc_yaml_node *node;
    const char         *why = "no reason given";
    if (oc_yaml_load_memory("answer", answer, strlen(answer), &doc, &err) != OC_OK)
        return cli_fail("ctl", &err);
    const oc_yaml_node *root = oc_yaml_root(doc);
    if (!(node = oc_yaml_find(root, "ok")) || oc_yaml_to_bool(node, &ok, NULL) != OC_OK)
        ok = false;
    if (json)
        fputs(answer, stdout);
    else if (ok && (node = oc_yaml_find(root, "streams")))
        print_list(node);
    else if (ok && (node = oc_yaml_find(root, "settings"))) {
        size_t n = oc_yaml_write(node, NULL, 0);
        char  *text = malloc(n + 1);
        if (text) {
            oc_yaml_write(node, text, n + 1);
            printf("%s\n", text);
        }
        free(text);
    }
    if (!ok) {
        if ((node = oc_yaml_find(root, "error")) && oc_yaml_to_text(node, &why, NULL) != OC_OK)
            why = "?";
        fprintf(stderr, "ocellus ctl: %s\n", why);
    }
    oc_yaml_destroy(doc);
    return ok ? CLI_DONE : CLI_FAILED;
}

static int ask_once(const char *path, const char *verb, const char *stream, const char *settings,
                    bool json)
{
    static char line[OC_CONTROL_LINE_MAX], answer[OC_CONTROL_ANSWER_MAX];
    oc_error    err = {0};
    size_t      n = 0;
    int         fd = -1;
    oc_status   st = compose(verb, stream, settings, line, sizeof(line), &n, &err);
    if (st == OC_OK)
        st = connect_to(path, &fd, &err);
    if (st == OC_OK)
        st = ask(fd, line, n, answer, sizeof(answer), &err);
    if (fd >= 0)
        close(fd);
    return st == OC_OK ? print_answer(answer, json) : cli_fail("ctl", &err);
}

int oc_cmd_ctl(int argc, char **argv);
int oc_cmd_ctl(int argc, char **argv)
{
    static bool      json;
    const cli_option options[] = {
        {"--json", 'f', &json, NULL, "the answer as it came"},
        {NULL, 0, NULL, NULL, NULL},
    };
    const cli_command command = {
        "ctl",
        "SOCKET list | show S | add SETTINGS | remove S | pause S | resume S | set S SETTINGS | stop",
        "Asks a running 'ocellus run --control SOCKET'.  SETTINGS: YAML or JSON, or @FILE.",
        options,
        2,
        4};
    const char *a[4] = {NULL};
    size_t      n;
    int         code = cli_parse(&command, argc, argv, a, &n);
    if (code >= 0)
        return code;
    bool   add = strcmp(a[1], "add") == 0, set = strcmp(a[1], "set") == 0;
    bool   bare = strcmp(a[1], "list") == 0 || strcmp(a[1], "stop") == 0;
    size_t wanted = set ? 4 : bare ? 2 : 3;
    if (n != wanted)
        return cli_usage("ctl", "%s takes %zu arguments after the socket", a[1], wanted - 2);
    return ask_once(a[0], a[1], add || bare ? NULL : a[2], add ? a[2] : set ? a[3] : NULL, json);
}
