#include "cli/download.h"

#include <curl/curl.h>
#include <errno.h>
#include <jansson.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/process.h"

#define ANSWER_MAX ((size_t)16 << 20)

static volatile sig_atomic_t interrupted;

static void on_interrupt(int number)
{
    (void)number;
    interrupted = 1;
}

void cli_catch_interrupt(void)
{
    struct sigaction action = {.sa_handler = on_interrupt};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

int cli_was_interrupted(void)
{
    return interrupted;
}

typedef struct transfer {
    const char *label;
    bool        terminal;
    int         shown; /* last percent printed */
    FILE       *file;
    char       *text; /* instead of a file */
    size_t      n;
} transfer;

static size_t on_data(char *data, size_t size, size_t count, void *ctx)
{
    transfer *t = ctx;
    size_t    n = size * count;
    if (t->file)
        return fwrite(data, 1, n, t->file);
    if (n > ANSWER_MAX - t->n)
        return 0;
    char *more = realloc(t->text, t->n + n + 1);
    if (!more)
        return 0;
    memcpy(more + t->n, data, n);
    t->text = more;
    t->n += n;
    t->text[t->n] = 0;
    return n;
}

static int on_progress(void *ctx, curl_off_t total, curl_off_t now, curl_off_t up_total,
                       curl_off_t up_now)
{
    transfer *t = ctx;
    (void)up_total, (void)up_now;
    if (interrupted)
        return 1;
    if (!t->label || !t->terminal || total <= 0)
        return 0;
    int percent = (int)(now * 100 / total);
    if (percent != t->shown) {
        fprintf(stderr, "\r%s: %d%% of %.1f MB ", t->label, percent, (double)total / 1e6);
        t->shown = percent;
    }
    return 0;
}

static void set_certificates(CURL *curl)
{
    static const char *const names[] = {"CURL_CA_BUNDLE", "SSL_CERT_FILE", "npm_config_cafile"};
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        const char *file = getenv(names[i]);
        if (file && *file) {
            curl_easy_setopt(curl, CURLOPT_CAINFO, file);
            return;
        }
    }
}

static oc_status transfer_url(const char *url, transfer *t, oc_error *err)
{
    char  reason[CURL_ERROR_SIZE] = "";
    CURL *curl = curl_easy_init();
    if (!curl)
        return OC_FAIL(err, OC_NOMEM, "out of memory");
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https,http");
    curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "https");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(curl, CURLOPT_MAXREDIRS, 8L);
    curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, 20L);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 100L);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, 60L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "ocellus/" OC_VERSION);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, reason);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_data);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, t);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, t);
    set_certificates(curl);
    CURLcode code = curl_easy_perform(curl);
    curl_easy_cleanup(curl);
    if (t->label && t->terminal && t->shown >= 0)
        fprintf(stderr, "\n");
    if (interrupted)
        return OC_FAIL(err, OC_CANCELLED, "interrupted");
    if (code != CURLE_OK)
        return OC_FAIL(err, OC_IO, "%s: %s", url, *reason ? reason : curl_easy_strerror(code));
    return OC_OK;
}

oc_status cli_download(const char *url, const char *label, const char *to, oc_error *err)
{
    transfer t = {.label = label, .terminal = isatty(STDERR_FILENO), .shown = -1};
    t.file = fopen(to, "wb");
    if (!t.file)
        return OC_FAIL(err, OC_IO, "%s: %s", to, strerror(errno));
    if (!t.terminal)
        fprintf(stderr, "%s: fetching %s\n", label, url);
    oc_status st = transfer_url(url, &t, err);
    if (fclose(t.file) != 0 && st == OC_OK)
        st = OC_FAIL(err, OC_IO, "%s: %s", to, strerror(errno));
    if (st != OC_OK)
        unlink(to);
    return st;
}

/* "registry=..." in an npmrc file. */
static bool npmrc_registry(const char *path, char *out, size_t bytes)
{
    char  line[1024];
    bool  found = false;
    FILE *f = fopen(path, "r");
    while (f && fgets(line, sizeof(line), f)) {
        char *at = line + strspn(line, " \t");
        if (strncmp(at, "registry", 8))
            continue;
        at += 8 + strspn(at + 8, " \t");
        if (*at != '=')
            continue;
        at += 1 + strspn(at + 1, " \t\"");
        at[strcspn(at, " \t\r\n\"")] = 0;
        if (strncmp(at, "http", 4) == 0)
            found = snprintf(out, bytes, "%s", at) < (int)bytes;
    }
    if (f)
        fclose(f);
    return found;
}

/* What npm itself answers; it knows the public registry's address, we do not. */
static bool npm_answers(char *out, size_t bytes)
{
    static const char *const argv[] = {"npm", "config", "get", "registry", NULL};
    oc_error                 quiet;
    size_t                   n = 0;
    pid_t                    pid;
    int                      fd;
    if (cli_start(argv, &fd, &pid, &quiet) != OC_OK)
        return false;
    for (ssize_t got; n + 1 < bytes && (got = read(fd, out + n, bytes - 1 - n)) > 0;)
        n += (size_t)got;
    close(fd);
    out[n] = 0;
    out[strcspn(out, " \t\r\n")] = 0;
    return cli_wait("npm", pid, &quiet) == OC_OK && strncmp(out, "http", 4) == 0;
}

static oc_status npm_registry(char *out, size_t bytes, oc_error *err)
{
    static const char *const shared[] = {"/etc/npmrc", "/usr/local/etc/npmrc", "/usr/etc/npmrc"};
    const char              *named = getenv("npm_config_registry"), *home = getenv("HOME");
    char                     path[1024];
    bool found = named && *named && snprintf(out, bytes, "%s", named) < (int)bytes;
    if (!found && home && snprintf(path, sizeof(path), "%s/.npmrc", home) < (int)sizeof(path))
        found = npmrc_registry(path, out, bytes);
    for (size_t i = 0; !found && i < sizeof(shared) / sizeof(*shared); i++)
        found = npmrc_registry(shared[i], out, bytes);
    if (!found && !npm_answers(out, bytes))
        return OC_FAIL(err, OC_NOT_FOUND,
                       "which npm registry?  Install npm, or set npm_config_registry");
    size_t n = strlen(out);
    while (n && out[n - 1] == '/')
        out[--n] = 0;
    return OC_OK;
}

oc_status cli_npm_archive(const char *package, const char *version, char *url, size_t url_bytes,
                          oc_error *err)
{
    char        registry[1024], ask[2048];
    const char *slash = strchr(package, '/');
    oc_status   st = npm_registry(registry, sizeof(registry), err);
    if (st != OC_OK)
        return st;
    if (slash)
        snprintf(ask, sizeof(ask), "%s/%.*s%%2f%s/%s", registry, (int)(slash - package), package,
                 slash + 1, version);
    else
        snprintf(ask, sizeof(ask), "%s/%s/%s", registry, package, version);
    transfer t = {.shown = -1};
    st = transfer_url(ask, &t, err);
    json_t     *answer = st == OC_OK ? json_loadb(t.text ? t.text : "", t.n, 0, NULL) : NULL;
    json_t     *dist = json_object_get(answer, "dist");
    const char *archive = json_string_value(json_object_get(dist, "tarball"));
    if (st == OC_OK && (!archive || snprintf(url, url_bytes, "%s", archive) >= (int)url_bytes))
        st = OC_FAIL(err, OC_FORMAT, "%s: the answer names no archive", ask);
    json_decref(answer);
    free(t.text);
    return st;
}
