/* Brokers that lie: noise, silence, answers to what was never asked, floods, numbers out of all
 * proportion.  Whatever they say, nothing counts as delivered, the sink says what is wrong and comes
 * back when it is asked to end. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>

#include "buses/harness.h"

typedef struct lie {
    const char *kind, *what;
    const char *hello; /* said when somebody connects, or NULL */
    size_t      n_hello;
    const char *answer; /* to whatever is said, or NULL */
    size_t      n_answer;
    bool        noise, flood, hang_up;
    bool        deaf; /* after the first that was said to it: nothing fits anywhere any more */
} lie;

#define S(text) text, sizeof(text) - 1
#define INFO \
    "INFO {\"server_id\":\"x\",\"version\":\"2.9.0\",\"headers\":true,\"max_payload\":1048576}\r\n"

static const lie lies[] = {
    {"mqtt", "silence", NULL, 0, NULL, 0, false, false, false, false},
    {"mqtt", "noise", NULL, 0, NULL, 0, true, false, false, false},
    {"mqtt", "hangs up", NULL, 0, NULL, 0, false, false, true, false},
    {"mqtt", "acknowledges others", NULL, 0, S("\x20\x02\0\0\x40\x02\x7F\x7F\x40\x02\0\0"), false,
     false, false, false},
    {"mqtt", "refuses", NULL, 0, S("\x20\x02\0\x05"), false, false, false, false},
    {"mqtt", "packet of 256 MB", NULL, 0, S("\x20\x02\0\0\x30\xFF\xFF\xFF\x7F\xFF\xFF"), false,
     false, false, false},
    {"mqtt", "topic longer than its packet", NULL, 0, S("\x20\x02\0\0\x30\x05\xFF\xFFxyz"), false,
     false, false, false},
    {"mqtt", "flood", NULL, 0, S("\x20\x02\0\0"), false, true, false, false},
    {"redis", "silence", NULL, 0, NULL, 0, false, false, false, false},
    {"redis", "noise", NULL, 0, NULL, 0, true, false, false, false},
    {"redis", "hangs up", NULL, 0, NULL, 0, false, false, true, false},
    {"redis", "always OK", NULL, 0, S("+OK\r\n+OK\r\n+OK\r\n+OK\r\n+OK\r\n"), false, false, false,
     false},
    {"redis", "numbers", NULL, 0, S(":1\r\n:2\r\n:3\r\n:4\r\n"), false, false, false, false},
    {"redis", "a thousand million elements", NULL, 0, S("*1000000000\r\n$3\r\nabc\r\n"), false,
     false, false, false},
    {"redis", "text of minus five bytes", NULL, 0, S("$-5\r\n"), false, false, false, false},
    {"redis", "EXEC of another transaction", NULL, 0,
     S("+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n*1\r\n$3\r\n1-1\r\n"), false, false, false, false},
    {"redis", "entries without ids", NULL, 0,
     S("+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n*3\r\n:1\r\n$-1\r\n*0\r\n"), false, false, false,
     false},
    {"redis", "flood", NULL, 0, NULL, 0, false, true, false, false},
    {"nats", "silence", NULL, 0, NULL, 0, false, false, false, false},
    {"nats", "noise", NULL, 0, NULL, 0, true, false, false, false},
    {"nats", "hangs up", NULL, 0, NULL, 0, false, false, true, false},
    {"nats", "INFO that is none", S("INFO {{{{\r\n"), NULL, 0, false, false, false, false},
    {"nats", "no PONG", S(INFO), S("+OK\r\n"), false, false, false, false},
    {"nats", "answers to nobody", S(INFO), S("PONG\r\nMSG _INBOX.x.1-0 1 2\r\n{}\r\n"), false,
     false, false, false},
    {"nats", "message of minus one byte", S(INFO), S("PONG\r\nMSG a 1 -1\r\n"), false, false, false,
     false},
    {"nats", "flood", S(INFO), S("PONG\r\n"), false, true, false, false},
    {"kafka", "silence", NULL, 0, NULL, 0, false, false, false, false},
    {"kafka", "noise", NULL, 0, NULL, 0, true, false, false, false},
    {"kafka", "hangs up", NULL, 0, NULL, 0, false, false, true, false},
    {"kafka", "answer of 2 GB", NULL, 0, S("\x7F\xFF\xFF\xFF\0\0\0\1"), false, false, false, false},
    {"kafka", "flood", NULL, 0, NULL, 0, false, true, false, false},
    {"webhook", "silence", NULL, 0, NULL, 0, false, false, false, false},
    {"webhook", "noise", NULL, 0, NULL, 0, true, false, false, false},
    {"mqtt", "reads no more", NULL, 0, S("\x20\x02\0\0"), false, false, false, true},
    {"redis", "reads no more", NULL, 0, NULL, 0, false, false, false, true},
    {"nats", "reads no more", S(INFO), S("PONG\r\n"), false, false, false, true},
    {"kafka", "reads no more", NULL, 0, NULL, 0, false, false, false, true},
    {"webhook", "reads no more", NULL, 0, NULL, 0, false, false, false, true},
    {"webhook", "header without end", NULL, 0, S("HTTP/1.1 200 OK\r\nX: "), false, true, false,
     false},
};

static struct {
    int           fd, port;
    const lie    *lie;
    volatile bool stop;
    unsigned      connections;
} liar;

static void say(int c, const char *bytes, size_t n)
{
    if (n > 0)
        send(c, bytes, n, MSG_NOSIGNAL);
}

static void *talk(void *ctx)
{
    int        c = (int)(intptr_t)ctx;
    const lie *l = liar.lie;
    uint32_t   lot = 99;
    bool       deaf = false;
    char       buffer[4096];
    say(c, l->hello, l->n_hello);
    while (!liar.stop && !l->hang_up) {
        struct pollfd p = {.fd = c, .events = deaf ? 0 : POLLIN};
        if (poll(&p, 1, 20) <= 0)
            continue;
        if (recv(c, buffer, sizeof(buffer), 0) <= 0)
            break;
        say(c, l->answer, l->n_answer);
        deaf = l->deaf;
        for (int i = 0; i < (l->flood ? 400 : l->noise); i++) {
            for (size_t k = 0; k < sizeof(buffer); k++)
                buffer[k] = (char)(l->noise ? (lot = lot * 1664525 + 1013904223) >> 24 : 'x');
            if (send(c, buffer, sizeof(buffer), MSG_NOSIGNAL) <= 0)
                break;
        }
    }
    close(c);
    return NULL;
}

static void *serve(void *ctx)
{
    (void)ctx;
    while (!liar.stop) {
        struct pollfd p = {.fd = liar.fd, .events = POLLIN};
        pthread_t     t;
        if (poll(&p, 1, 20) <= 0)
            continue;
        int c = accept4(liar.fd, NULL, NULL, SOCK_CLOEXEC);
        liar.connections++;
        if (c >= 0 && pthread_create(&t, NULL, talk, (void *)(intptr_t)c) == 0)
            pthread_detach(t);
    }
    return NULL;
}

static size_t options(const char *kind, oc_bus_pair *pair)
{
    static char port[16], url[64];
    snprintf(port, sizeof(port), "%d", liar.port);
    snprintf(url, sizeof(url), "%s127.0.0.1:%d%s",
             strcmp(kind, "webhook") == 0 ? "http://"
             : strcmp(kind, "nats") == 0  ? "nats://"
                                          : "",
             liar.port, strcmp(kind, "webhook") == 0 ? "/" : "");
    pair[0] = (oc_bus_pair){"host", "127.0.0.1"};
    pair[1] = (oc_bus_pair){"port", port};
    pair[2] = (oc_bus_pair){"url", url};
    pair[3] = (oc_bus_pair){"brokers", url};
    return 4;
}

static bool listen_somewhere(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t          n = sizeof(a);
    liar.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int little = 4096;
    if (liar.lie->deaf)
        setsockopt(liar.fd, SOL_SOCKET, SO_RCVBUF, &little, sizeof(little));
    bool ok = bind(liar.fd, (struct sockaddr *)&a, sizeof(a)) == 0 && listen(liar.fd, 16) == 0 &&
              getsockname(liar.fd, (struct sockaddr *)&a, &n) == 0;
    liar.port = ntohs(a.sin_port);
    return ok;
}

/* 0 as it should be, 1 not, 77 no such bus here */
static int try(const lie *l)
{
    oc_bus_pair       pair[8];
    const oc_bus_ops *ops = NULL;
    oc_sink          *s = NULL;
    oc_sink_stats     c = {0};
    oc_error          err = {0};
    pthread_t         thread;
    if (oc_bus_ops_find(l->kind, &ops, &err) != OC_OK)
        return 77;
    liar.lie = l;
    liar.stop = false;
    liar.connections = 0;
    if (!listen_somewhere() || pthread_create(&thread, NULL, serve, NULL) != 0)
        return 1;
    oc_sink_options o = {.name = "test",
                         .ops = ops,
                         .pair = pair,
                         .commit_ms = 1,
                         .timeout_ms = 150,
                         .backoff_ms = 10,
                         .backoff_max_ms = 20};
    o.n_pairs = options(l->kind, pair);
    if (oc_sink_create(&o, &s, &err) != OC_OK) {
        printf("%s: %s\n", l->kind, err.message);
        return 1;
    }
    static char body[250000];
    size_t      n_body = l->deaf ? sizeof(body) : 9;
    memset(body, 'x', sizeof(body));
    memcpy(body, "{\"n\":\"", 6);
    memcpy(body + n_body - 2, "\"}", 2);
    for (int i = 0; i < 3; i++) {
        const oc_sink_message m = {"s", "zone", OC_PRIORITY_HIGH, body, n_body};
        oc_sink_put(s, &m);
    }
    for (int i = 0; i < 1000 && c.failures < 2; i++) {
        hx_sleep_ms(5);
        oc_sink_stats_get(s, &c);
    }
    oc_sink_destroy(s, 0, &c); /* while the liar goes on: an end that waits for it never comes */
    liar.stop = true;
    pthread_join(thread, NULL);
    close(liar.fd);
    bool ok = c.acknowledged == 0 && c.failures >= 1 && c.error[0];
    printf("%s %-8s %-30s %s\n", ok ? "ok  " : "FAIL", l->kind, l->what, c.error);
    if (!ok)
        printf("     acknowledged %llu, failures %llu\n", (unsigned long long)c.acknowledged,
               (unsigned long long)c.failures);
    return !ok;
}

/* Options that are out of all proportion are refused when the sink is made. */
static int long_names(void)
{
    static const char *const rows[][3] = {
        {"mqtt", "topic", "host"},       {"mqtt", "root", "host"},
        {"redis", "stream_key", "host"}, {"nats", "subject", "url"},
        {"nats", "stream", "url"},       {"kafka", "topic", "brokers"},
        {"webhook", "url", "token"},     {"mqtt", "sparkplug_group", "host"},
    };
    static char name[1 << 20];
    int         bad = 0;
    memset(name, 'a', sizeof(name) - 1);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const oc_bus_pair pair[] = {{rows[i][1], name}, {rows[i][2], "127.0.0.1"}};
        const oc_bus_ops *ops = NULL;
        oc_sink          *s = NULL;
        oc_error          err = {0};
        if (oc_bus_ops_find(rows[i][0], &ops, &err) != OC_OK)
            continue;
        const oc_sink_options o = {.name = "test", .ops = ops, .pair = pair, .n_pairs = 2};
        oc_status             st = oc_sink_create(&o, &s, &err);
        bool                  ok = st == OC_INVALID && strstr(err.message, rows[i][1]) != NULL;
        /* `root` stands in the topic's pattern: that is what is told */
        ok |= st == OC_INVALID && strcmp(rows[i][1], "root") == 0 && strstr(err.message, "topic");
        printf("%s %-8s %s of 1 MB: %s\n", ok ? "ok  " : "FAIL", rows[i][0], rows[i][1],
               err.message);
        oc_sink_destroy(s, 0, NULL);
        bad += !ok;
    }
    return bad;
}

/* t_liars [KIND]: of one bus only */
int main(int argc, char **argv)
{
    int bad = 0, skipped = 0;
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
        if (argc > 1 && strcmp(argv[1], lies[i].kind) != 0)
            continue;
        int code = try(&lies[i]);
        bad += code == 1;
        skipped += code == 77;
    }
    bad += long_names();
    if (skipped)
        printf("%d lies skipped: their plug-ins are not here\n", skipped);
    return bad ? 1 : 0;
}
