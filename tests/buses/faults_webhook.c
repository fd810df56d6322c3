/* A receiver of webhooks under faults: one that is away, overloaded, or hangs up before it answers. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>

#include "buses/harness.h"

static int               listener = -1;
static pthread_t         thread;
static volatile bool     stopping;
static volatile unsigned refuse, hang_up; /* so many requests */

static void answer(int c, const char *body, size_t n)
{
    static const char ok[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    static const char busy[] = "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n";
    if (refuse > 0) {
        refuse--;
        send(c, busy, sizeof(busy) - 1, MSG_NOSIGNAL);
        return;
    }
    for (const char *at = body, *end = body + n; at < end;) {
        const char *nl = memchr(at, '\n', (size_t)(end - at));
        if (!nl)
            break;
        hx_received(at, (size_t)(nl - at));
        at = nl + 1;
    }
    if (hang_up > 0) { /* taken, and never told */
        hang_up--;
        shutdown(c, SHUT_RDWR);
        return;
    }
    send(c, ok, sizeof(ok) - 1, MSG_NOSIGNAL);
}

static void *talk(void *ctx)
{
    int     c = (int)(intptr_t)ctx;
    size_t  cap = 1 << 20, n = 0;
    char   *buffer = malloc(cap);
    ssize_t got;
    while (!stopping && n + 1 < cap && (got = recv(c, buffer + n, cap - n - 1, 0)) > 0) {
        n += (size_t)got;
        buffer[n] = '\0';
        char *end = strstr(buffer, "\r\n\r\n"), *length = strcasestr(buffer, "content-length:");
        if (!end || !length)
            continue;
        size_t n_body = strtoul(length + 15, NULL, 10), head = (size_t)(end + 4 - buffer);
        if (n < head + n_body)
            continue;
        answer(c, buffer + head, n_body);
        n -= head + n_body;
        memmove(buffer, buffer + head + n_body, n);
    }
    free(buffer);
    close(c);
    return NULL;
}

static void *serve(void *ctx)
{
    (void)ctx;
    int c;
    while ((c = accept4(listener, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
        pthread_t      t;
        struct timeval limit = {.tv_sec = 5};
        setsockopt(c, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
        if (pthread_create(&t, NULL, talk, (void *)(intptr_t)c) == 0)
            pthread_detach(t);
        else
            close(c);
    }
    return NULL;
}

static bool start(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_port = htons((uint16_t)hx.port),
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int                one = 1;
    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    stopping = false;
    return bind(listener, (struct sockaddr *)&a, sizeof(a)) == 0 && listen(listener, 16) == 0 &&
           pthread_create(&thread, NULL, serve, NULL) == 0;
}

static bool stop(void)
{
    stopping = true;
    shutdown(listener, SHUT_RDWR);
    pthread_join(thread, NULL);
    close(listener);
    return true;
}

static void trouble(unsigned lot)
{
    if (lot % 2)
        refuse = 1 + lot % 3;
    else
        hang_up = 1 + lot % 3;
}

static void calm(void)
{
    refuse = hang_up = 0;
}

static size_t options(oc_bus_pair *pair)
{
    static char url[64];
    snprintf(url, sizeof(url), "http://127.0.0.1:%d/events", hx.proxy_port);
    pair[0] = (oc_bus_pair){"url", url};
    pair[1] = (oc_bus_pair){"format", "ndjson"};
    pair[2] = (oc_bus_pair){"secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"};
    return 3;
}

static bool collect(void)
{
    hx_sleep_ms(200);
    return true;
}

static void finish(void)
{
    stop();
}

static const hx_bus bus = {.kind = "webhook",
                           .proxied = true,
                           .start = start,
                           .stop = stop,
                           .trouble = trouble,
                           .calm = calm,
                           .options = options,
                           .collect = collect,
                           .finish = finish};

int main(int argc, char **argv)
{
    return hx_main(&bus, argc, argv);
}
