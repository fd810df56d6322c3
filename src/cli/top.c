/* ocellus top: a running `ocellus run --http ADDR:PORT`, watched from a terminal. */
#include <curl/curl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/top_view.h"

#define PAGE_MAX ((size_t)32 << 20)
#define ANSWER_S 10L

static volatile sig_atomic_t stopped;

static void on_signal(int number)
{
    (void)number;
    stopped = 1;
}

static size_t take(char *data, size_t one, size_t n, void *ctx)
{
    oc_strbuf *page = ctx;
    if (page->n + n > PAGE_MAX)
        return 0;
    oc_strbuf_add(page, data, one * n);
    return page->failed ? 0 : n;
}

static oc_status fetch(CURL *curl, const char *address, oc_strbuf *page, oc_error *err)
{
    char url[512], why[CURL_ERROR_SIZE] = "";
    long code = 0;
    oc_strbuf_clear(page);
    snprintf(url, sizeof(url), "http://%s%.400s/metrics", *address == ':' ? "127.0.0.1" : "",
             address);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, why);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, page);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, ANSWER_S);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, "");
    CURLcode c = curl_easy_perform(curl);
    if (c != CURLE_OK)
        return OC_FAIL(err, OC_IO, "%s: %s", url, *why ? why : curl_easy_strerror(c));
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &code);
    if (code != 200)
        return OC_FAIL(err, OC_IO, "%s: answers %ld", url, code);
    return OC_OK;
}

/* ---- the terminal ---- */

typedef struct screen {
    bool           tty;
    bool           raw;
    struct termios before;
} screen;

static void screen_begin(screen *s, bool plain)
{
    struct termios t;
    s->tty = !plain && isatty(STDOUT_FILENO);
    if (!s->tty)
        return;
    if (isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &s->before) == 0) {
        t = s->before;
        t.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
        s->raw = tcsetattr(STDIN_FILENO, TCSANOW, &t) == 0;
    }
    fputs("\033[?1049h\033[?25l", stdout);
}

static void screen_end(screen *s)
{
    if (s->raw)
        tcsetattr(STDIN_FILENO, TCSANOW, &s->before);
    if (s->tty)
        fputs("\033[?25h\033[?1049l", stdout);
    fflush(stdout);
}

/* A line, cut where the terminal ends; escapes take no room. */
static size_t put_line(const char *line, size_t width)
{
    size_t n = strcspn(line, "\n"), at = 0, shown = 0;
    while (at < n && shown < width) {
        if (line[at] == '\033') {
            size_t end = at + strcspn(line + at, "m") + 1;
            fwrite(line + at, 1, end - at, stdout);
            at = end;
            continue;
        }
        fputc(line[at++], stdout);
        shown++;
    }
    fputs("\033[0m\033[K\r\n", stdout);
    return n + (line[n] == '\n');
}

static void show(const screen *s, const char *text)
{
    struct winsize size = {.ws_row = 24, .ws_col = 80};
    if (!s->tty) {
        fputs(text, stdout);
        fputc('\n', stdout);
        fflush(stdout);
        return;
    }
    ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
    fputs("\033[H", stdout);
    for (int row = 1; *text && row < size.ws_row; row++)
        text += put_line(text, size.ws_col);
    fputs("\033[Jq: quit", stdout);
    fflush(stdout);
}

/* Waits; false: somebody asked for the end. */
static bool wait_for(const screen *s, double seconds)
{
    struct pollfd key = {.fd = s->raw ? STDIN_FILENO : -1, .events = POLLIN};
    char          c = 0;
    int           ready = poll(&key, 1, (int)(seconds * 1000));
    if (ready > 0 && read(STDIN_FILENO, &c, 1) == 1 && (c == 'q' || c == 'Q' || c == 3))
        return false;
    return !stopped;
}

static double seconds_of(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* ---- */

typedef struct top {
    CURL       *curl;
    const char *address;
    oc_strbuf   page, text;
    oc_samples  now, before;
    double      at, at_before;
    bool        any;
} top;

static oc_status look(top *t, bool color, oc_error *err)
{
    oc_samples next = {0};
    oc_status  st = fetch(t->curl, t->address, &t->page, err);
    if (st == OC_OK)
        st = oc_samples_read(t->address, t->page.data ? t->page.data : "", t->page.n, &next, err);
    if (st == OC_OK && !oc_samples_find(&next, "ocellus_build_info", NULL))
        st = OC_FAIL(err, OC_FORMAT, "%s: serves metrics, but not those of ocellus", t->address);
    if (st != OC_OK) {
        oc_samples_finish(&next);
        return st;
    }
    oc_samples_finish(&t->before);
    t->before = t->now;
    t->at_before = t->at;
    t->now = next;
    t->at = seconds_of(CLOCK_MONOTONIC);
    const cli_top view = {.address = t->address,
                          .now = &t->now,
                          .before = t->any ? &t->before : NULL,
                          .seconds = t->any ? t->at - t->at_before : 1,
                          .clock = seconds_of(CLOCK_REALTIME),
                          .color = color};
    oc_strbuf_clear(&t->text);
    cli_top_view(&view, &t->text);
    t->any = true;
    return t->text.failed ? OC_FAIL(err, OC_NOMEM, "top: out of memory") : OC_OK;
}

/* A process that is away for a while may come back: the last view stays, with the reason. */
static oc_status watch(top *t, double interval, uint64_t frames, bool plain, oc_error *err)
{
    screen    s = {0};
    oc_status st = look(t, false, err); /* the first failure is told plainly */
    if (st != OC_OK)
        return st;
    screen_begin(&s, plain);
    for (uint64_t shown = 0; st == OC_OK && (frames == 0 || shown < frames);) {
        if (!wait_for(&s, interval))
            break;
        oc_status got = look(t, s.tty, err);
        if (got != OC_OK && !s.tty)
            st = got;
        if (got != OC_OK && s.tty) {
            oc_strbuf_printf(&t->text, "\n%s\n", err->message);
            t->any = false;
        }
        if (st == OC_OK) {
            show(&s, t->text.data ? t->text.data : "");
            shown++;
        }
    }
    screen_end(&s);
    return st;
}

int oc_cmd_top(int argc, char **argv);
int oc_cmd_top(int argc, char **argv)
{
    double           interval = 2.0;
    uint64_t         frames = 0;
    bool             plain = false;
    const cli_option options[] = {
        {"--interval", 'd', &interval, "S", "seconds between two looks (2)"},
        {"--count", 'u', &frames, "N", "end after so many views (0 = when told to)"},
        {"--plain", 'f', &plain, NULL, "no colours, one view after the other"},
        {0}};
    const cli_command command = {
        "top",
        "ADDR:PORT",
        "Watches a running 'ocellus run --http ADDR:PORT': streams, networks, "
        "objectives, device.",
        options,
        1,
        1};
    const char *pos[1];
    size_t      n_pos;
    int         code = cli_parse(&command, argc, argv, pos, &n_pos);
    if (code >= 0)
        return code;
    if (!(interval >= 0.1 && interval <= 3600))
        return cli_usage("top", "--interval must be 0.1 to 3600 seconds");
    if (!strchr(pos[0], ':'))
        return cli_usage("top", "'%s' is no ADDR:PORT", pos[0]);
    const struct sigaction act = {.sa_handler = on_signal};
    sigaction(SIGINT, &act, NULL);
    sigaction(SIGTERM, &act, NULL);
    oc_error  err;
    top       t = {.address = pos[0], .curl = curl_easy_init()};
    oc_status st = t.curl ? watch(&t, interval, frames, plain, &err)
                          : OC_FAIL(&err, OC_NOMEM, "top: out of memory");
    curl_easy_cleanup(t.curl);
    oc_samples_finish(&t.now);
    oc_samples_finish(&t.before);
    oc_strbuf_finish(&t.page);
    oc_strbuf_finish(&t.text);
    return st == OC_OK ? CLI_DONE : cli_fail("top", &err);
}
