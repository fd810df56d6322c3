/* Webhooks against a small server of the test's own: signatures, batches, refusals, waiting as asked,
 * and answers that make no sense. */
#include "spool_test.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <time.h>

#include "events/bus_kinds.h"
#include "events/sign.h"

#define KEY "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define SECRET "whsec_" KEY

/* ---- the server: one connection at a time, one request a connection ---- */

static struct {
    int             fd, port;
    pthread_t       thread;
    volatile bool   stop;
    pthread_mutex_t lock;
    /* orders */
    int         status, times; /* answer so, so often; then 200 */
    const char *extra;         /* header line of those answers */
    const char *raw;           /* instead of HTTP */
    bool        hang_up;       /* read the request, answer nothing */
    uint64_t    poison;        /* a body with this number is answered 422 */
    size_t      most;    /* a request of more events than that is never answered; 0: all are */
    bool        endless; /* answers 200 with a body without end */
    /* what came */
    uint64_t got[5000];
    size_t   n_got, requests, bad_signatures;
    char     last_id[200], last_head[4000];
    uint64_t last_ms, gap_ms;
} srv = {.lock = PTHREAD_MUTEX_INITIALIZER};

static const char *header(const char *head, const char *name, char *value, size_t bytes)
{
    const char *at = strcasestr(head, name);
    value[0] = '\0';
    if (at) {
        at += strlen(name);
        at += strspn(at, ": ");
        snprintf(value, bytes, "%.*s", (int)strcspn(at, "\r\n"), at);
    }
    return value;
}

static void verify(const char *head, const char *body, size_t n)
{
    char          id[200], stamp[40], signature[200], want[80] = "v1,";
    unsigned char key[64], mac[32];
    size_t        n_key = oc_sign_unbase64(KEY, key);
    header(head, "webhook-id", id, sizeof(id));
    header(head, "webhook-timestamp", stamp, sizeof(stamp));
    header(head, "webhook-signature", signature, sizeof(signature));
    const oc_sign_part parts[] = {
        {id, strlen(id)}, {".", 1}, {stamp, strlen(stamp)}, {".", 1}, {body, n}};
    oc_sign_hmac(key, n_key, parts, 5, mac);
    oc_sign_base64(mac, sizeof(mac), want + 3);
    if (strcmp(want, signature) != 0 ||
        llabs(strtoll(stamp, NULL, 10) - (long long)time(NULL)) > 60)
        srv.bad_signatures++;
    snprintf(srv.last_id, sizeof(srv.last_id), "%s", id);
}

static bool read_request(int c, char *buffer, size_t cap, char **body, size_t *n_body)
{
    size_t  n = 0;
    ssize_t got;
    while (n + 1 < cap && (got = recv(c, buffer + n, cap - n - 1, 0)) > 0) {
        n += (size_t)got;
        buffer[n] = '\0';
        char *end = strstr(buffer, "\r\n\r\n"), length[40];
        if (!end)
            continue;
        header(buffer, "Content-Length", length, sizeof(length));
        *n_body = strtoul(length, NULL, 10);
        *body = end + 4;
        if (n - (size_t)(*body - buffer) >= *n_body) {
            end[2] = '\0';
            return true;
        }
    }
    return false;
}

static uint64_t ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static bool has_poison(const char *body)
{
    for (const char *at = body; srv.poison && (at = strstr(at, "\"n\":")) != NULL; at += 4)
        if (strtoull(at + 4, NULL, 10) == srv.poison)
            return true;
    return false;
}

static size_t count_events(const char *body)
{
    size_t n = 0;
    for (const char *at = body; (at = strstr(at, "\"n\":")) != NULL; at += 4)
        n++;
    return n;
}

static void answer(int c, const char *head, const char *body, size_t n)
{
    char text[600] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";
    verify(head, body, n);
    srv.requests++;
    srv.gap_ms = ms() - srv.last_ms;
    srv.last_ms = ms();
    snprintf(srv.last_head, sizeof(srv.last_head), "%.3999s", head);
    if (srv.hang_up)
        return;
    if (srv.most && count_events(body) > srv.most) {
        while (recv(c, text, sizeof(text), 0) > 0)
            ;
        return;
    }
    if (srv.raw) {
        send(c, srv.raw, strlen(srv.raw), MSG_NOSIGNAL);
        return;
    }
    bool poisoned = has_poison(body);
    if (srv.times > 0 || poisoned) {
        srv.times -= !poisoned;
        snprintf(text, sizeof(text),
                 "HTTP/1.1 %d No\r\n%sContent-Length: 0\r\nConnection: close\r\n\r\n",
                 poisoned ? 422 : srv.status, srv.extra && !poisoned ? srv.extra : "");
    } else {
        for (const char *at = body; (at = strstr(at, "\"n\":")) != NULL; at += 4)
            srv.got[srv.n_got++] = strtoull(at + 4, NULL, 10);
    }
    if (!srv.endless) {
        send(c, text, strlen(text), MSG_NOSIGNAL);
        return;
    }
    static char much[8192];
    snprintf(text, sizeof(text), "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
    send(c, text, strlen(text), MSG_NOSIGNAL);
    while (send(c, much, sizeof(much), MSG_NOSIGNAL) > 0 && !srv.stop)
        ;
}

static void *serve(void *ctx)
{
    static char buffer[1 << 20];
    (void)ctx;
    while (!srv.stop) {
        struct pollfd p = {.fd = srv.fd, .events = POLLIN};
        if (poll(&p, 1, 20) <= 0)
            continue;
        int    c = accept(srv.fd, NULL, NULL);
        char  *body;
        size_t n;
        if (read_request(c, buffer, sizeof(buffer), &body, &n)) {
            pthread_mutex_lock(&srv.lock);
            body[n] = '\0';
            answer(c, buffer, body, n);
            pthread_mutex_unlock(&srv.lock);
        }
        close(c);
    }
    return NULL;
}

static int begin(void **state)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t          n = sizeof(a);
    (void)state;
    memset(&srv, 0, sizeof(srv));
    pthread_mutex_init(&srv.lock, NULL);
    srv.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(srv.fd, (struct sockaddr *)&a, sizeof(a)) != 0 || listen(srv.fd, 16) != 0 ||
        getsockname(srv.fd, (struct sockaddr *)&a, &n) != 0)
        return -1;
    srv.port = ntohs(a.sin_port);
    forget_spool();
    return pthread_create(&srv.thread, NULL, serve, NULL);
}

static int end(void **state)
{
    (void)state;
    srv.stop = true;
    pthread_join(srv.thread, NULL);
    close(srv.fd);
    return 0;
}

/* ---- the sink ---- */

static uint32_t timeout_ms = 2000;

static oc_sink *start(const char *batch, const oc_bus_pair *more, size_t n_more)
{
    char        url[100];
    oc_bus_pair pair[8] = {{"url", url}, {"secret", SECRET}, {"batch", batch}};
    snprintf(url, sizeof(url), "http://127.0.0.1:%d/hook", srv.port);
    for (size_t i = 0; i < n_more; i++)
        pair[3 + i] = more[i];
    const oc_sink_options o = {.name = "hook",
                               .ops = &oc_bus_webhook,
                               .spool = spool_path,
                               .pair = pair,
                               .n_pairs = 3 + n_more,
                               .commit_ms = 1,
                               .tries = 3,
                               .timeout_ms = timeout_ms,
                               .backoff_ms = 1,
                               .backoff_max_ms = 5};
    oc_sink              *s = NULL;
    must(oc_sink_create(&o, &s, e));
    return s;
}

static void put(oc_sink *s, uint64_t from, uint64_t n)
{
    for (uint64_t i = from; i < from + n; i++) {
        char            body[400];
        oc_sink_message m = {.stream = "door", .type = "zone", .body = body};
        m.n_body = make_body(body, 200, i);
        assert_true(oc_sink_put(s, &m));
    }
}

static oc_sink_stats stop(oc_sink *s)
{
    oc_sink_stats c;
    if (!oc_sink_settle(s, true, 20000)) {
        oc_sink_stats_get(s, &c);
        fail_msg("%llu left: %s", (unsigned long long)c.depth, c.error);
    }
    oc_sink_destroy(s, 0, &c);
    assert_int_equal(srv.bad_signatures, 0);
    return c;
}

static void got_in_order(uint64_t from, uint64_t n, uint64_t but)
{
    uint64_t next = from;
    for (size_t i = 0; i < srv.n_got; i++) {
        next += next == but;
        assert_int_equal(srv.got[i], next);
        next++;
    }
    next += next == but;
    assert_int_equal(next, from + n);
}

/* ---- tests ---- */

static void signature(void **state)
{
    (void)state;
    unsigned char key[64], mac[32];
    char          text[80];
    size_t        n = oc_sign_unbase64(KEY, key);
    /* the example that implementations of Standard Webhooks share */
    const oc_sign_part parts[] = {{"msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.", 40},
                                  {"{\"test\": 2432232314}", 20}};
    oc_sign_hmac(key, n, parts, 2, mac);
    oc_sign_base64(mac, 32, text);
    assert_string_equal(text, "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    /* RFC 4231, case 6: a key longer than a block */
    unsigned char      key6[131];
    const oc_sign_part part6 = {"Test Using Larger Than Block-Size Key - Hash Key First", 54};
    memset(key6, 0xaa, sizeof(key6));
    oc_sign_hmac(key6, sizeof(key6), &part6, 1, mac);
    static const unsigned char want[] = {0x60, 0xe4, 0x31, 0x59, 0x1e, 0xe0, 0xb6, 0x7f};
    assert_memory_equal(mac, want, sizeof(want));
    /* RFC 4648 */
    oc_sign_base64("fooba", 5, text);
    assert_string_equal(text, "Zm9vYmE=");
    assert_int_equal(oc_sign_unbase64("Zm9vYg==", key), 4);
    assert_memory_equal(key, "foob", 4);
    assert_true(oc_sign_unbase64("Zm9v*g==", key) == SIZE_MAX);
    assert_true(oc_sign_unbase64("Zm9vY", key) == SIZE_MAX);
}

static void batches(void **state)
{
    (void)state;
    const oc_bus_pair more[] = {{"header", "X-Store: 17"}, {"token", "abc"}};
    oc_sink          *s = start("50", more, 2);
    put(s, 1, 500);
    oc_sink_stats c = stop(s);
    got_in_order(1, 500, 0);
    assert_true(srv.requests >= 10 && srv.requests < 30);
    assert_non_null(strstr(srv.last_head, "X-Store: 17"));
    assert_non_null(strstr(srv.last_head, "Authorization: Bearer abc"));
    assert_non_null(strstr(srv.last_head, "POST /hook HTTP/1.1"));
    assert_int_equal(c.acknowledged, 500);
    s = start("1", NULL, 0);
    put(s, 501, 1);
    stop(s);
    assert_null(strchr(srv.last_id, '+')); /* the event's own id */
}

static void overloaded(void **state)
{
    (void)state;
    srv.status = 503;
    srv.times = 2;
    srv.extra = "Retry-After: 1\r\n";
    oc_sink *s = start("100", NULL, 0);
    put(s, 1, 100);
    oc_sink_stats c = stop(s);
    got_in_order(1, 100, 0);
    assert_true(srv.gap_ms >= 950);
    assert_int_equal(c.aside, 0);
    assert_true(c.maybe_duplicate > 0);
}

static void not_the_events_fault(void **state)
{
    (void)state;
    static const int codes[] = {301, 401, 403, 404, 410, 500};
    oc_sink         *s = start("10", NULL, 0);
    for (size_t i = 0; i < 6; i++) {
        pthread_mutex_lock(&srv.lock);
        srv.status = codes[i];
        srv.times = 5;
        pthread_mutex_unlock(&srv.lock);
        put(s, i * 10 + 1, 10);
        assert_true(oc_sink_settle(s, true, 20000));
    }
    oc_sink_stats c = stop(s);
    got_in_order(1, 60, 0);
    assert_int_equal(c.aside, 0);
}

static void poison(void **state)
{
    (void)state;
    srv.poison = 77;
    oc_sink *s = start("40", NULL, 0);
    put(s, 1, 200);
    oc_sink_stats c = stop(s);
    got_in_order(1, 200, 77);
    assert_int_equal(c.aside, 1);
    assert_int_equal(c.dropped[OC_SINK_DROP_REFUSED], 1);
}

static void nonsense(void **state)
{
    (void)state;
    static const char *const raws[] = {"220 mail.example ESMTP\r\n", "HTTP/9.9 banana\r\n\r\n", "",
                                       "HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\nxx"};
    oc_sink_stats            c;
    for (size_t i = 0; i < 4; i++) {
        srv.raw = raws[i];
        srv.requests = 0;
        oc_sink *s = start("10", NULL, 0);
        put(s, 1, 3);
        for (int k = 0; k < 2000 && srv.requests < 2; k++)
            usleep(1000);
        oc_sink_destroy(s, 0, &c);
        assert_int_equal(c.acknowledged, 0);
        assert_true(c.failures > 0 && c.error[0]);
        forget_spool();
    }
    srv.raw = NULL;
    srv.endless = true; /* the status counts, the rest is not waited for */
    oc_sink *s = start("10", NULL, 0);
    put(s, 1, 3);
    c = stop(s);
    assert_int_equal(c.acknowledged, 3);
}

static void gone_and_back(void **state)
{
    (void)state;
    oc_sink *s = start("10", NULL, 0);
    pthread_mutex_lock(&srv.lock);
    srv.hang_up = true;
    pthread_mutex_unlock(&srv.lock);
    put(s, 1, 50);
    while (srv.requests < 3)
        usleep(1000);
    pthread_mutex_lock(&srv.lock);
    srv.hang_up = false;
    pthread_mutex_unlock(&srv.lock);
    oc_sink_stats c = stop(s);
    got_in_order(1, 50, 0);
    assert_true(c.failures >= 3);
}

/* A line on which a large request never gets through in time: smaller ones do. */
static void slow_line(void **state)
{
    (void)state;
    srv.most = 10;
    timeout_ms = 300;
    oc_sink *s = start("100", NULL, 0);
    put(s, 1, 100);
    oc_sink_stats c = stop(s);
    timeout_ms = 2000;
    assert_int_equal(c.acknowledged, 100);
    assert_true(c.failures >= 3);
    bool     there[101] = {false};
    uint64_t next = 1;
    for (size_t i = 0; i < srv.n_got; i++) { /* an answer that comes late makes a duplicate */
        assert_true(srv.got[i] <= next);
        next += srv.got[i] == next;
        there[srv.got[i]] = true;
    }
    for (int i = 1; i <= 100; i++)
        assert_true(there[i]);
}

static void refused(const char *key, const char *value, const char *words)
{
    const oc_bus_pair     pair[] = {{key, value}, {"url", "http://127.0.0.1:1/"}};
    const oc_sink_options o = {.name = "hook", .ops = &oc_bus_webhook, .pair = pair, .n_pairs = 2};
    oc_sink              *s = NULL;
    oc_error              err = {0};
    assert_int_equal(oc_sink_create(&o, &s, &err), OC_INVALID);
    if (!strstr(err.message, words))
        fail_msg("want '%s', got '%s'", words, err.message);
}

static void refusals(void **state)
{
    (void)state;
    static char long_url[1 << 20];
    memset(long_url, 'a', sizeof(long_url) - 1);
    memcpy(long_url, "http://", 7);
    refused("url", "ftp://x/", "url: 'ftp://x/' is not http:// or https://");
    refused("url", long_url, "url: 1048575 bytes long, at most 8192");
    refused("secret", "whsec_!!", "secret: is not base64");
    refused("secret", "", "secret: is empty");
    refused("header", "no colon", "is not \"Name: value\"");
    refused("header", "A: b\r\nC: d", "is not \"Name: value\"");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)
    const struct CMUnitTest tests[] = {
        T(signature), T(batches),  T(overloaded),    T(not_the_events_fault),
        T(poison),    T(nonsense), T(gone_and_back), T(slow_line),
        T(refusals),
    };
    return cmocka_run_group_tests(tests, make_scratch, remove_scratch);
}
