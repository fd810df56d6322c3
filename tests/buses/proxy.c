/* One thread, poll(). */
#include "buses/proxy.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <time.h>

enum { PAIRS = 32, CHUNK = 65536 };

static struct {
    int             listener, to_port;
    pthread_t       thread;
    pthread_mutex_t lock;
    bool            stop, cut, half, garble;
    uint64_t        hold_until, slow_until, refuse_until;
    unsigned        connections;
    int             pair[PAIRS][2]; /* ours, the broker's; -1: free */
    uint32_t        lot;
} px = {.lock = PTHREAD_MUTEX_INITIALIZER, .lot = 12345};

static uint64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static uint32_t draw(void)
{
    px.lot ^= px.lot << 13;
    px.lot ^= px.lot >> 17;
    return px.lot ^= px.lot << 5;
}

/* reset: what is on its way is gone; else it still arrives. */
static void close_pair(int i, bool reset)
{
    for (int k = 0; k < 2; k++) {
        struct linger now = {reset, 0};
        if (px.pair[i][k] >= 0) {
            setsockopt(px.pair[i][k], SOL_SOCKET, SO_LINGER, &now, sizeof(now));
            close(px.pair[i][k]);
        }
        px.pair[i][k] = -1;
    }
}

static void close_all(void)
{
    for (int i = 0; i < PAIRS; i++)
        close_pair(i, true);
}

static void accept_one(void)
{
    int                ours = accept4(px.listener, NULL, NULL, SOCK_CLOEXEC), slot = -1;
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_port = htons((uint16_t)px.to_port),
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    for (int i = 0; i < PAIRS; i++)
        if (px.pair[i][0] < 0)
            slot = i;
    if (ours < 0)
        return;
    int theirs = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (slot < 0 || now_ms() < px.refuse_until ||
        connect(theirs, (struct sockaddr *)&a, sizeof(a)) != 0) {
        close(ours);
        close(theirs);
        return;
    }
    px.connections++;
    px.pair[slot][0] = ours;
    px.pair[slot][1] = theirs;
}

static bool send_whole(int fd, const char *bytes, size_t n)
{
    while (n > 0) {
        struct pollfd p = {.fd = fd, .events = POLLOUT};
        if (poll(&p, 1, 1000) <= 0)
            return false;
        ssize_t sent = send(fd, bytes, n, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno != EAGAIN)
            return false;
        bytes += sent > 0 ? sent : 0;
        n -= sent > 0 ? (size_t)sent : 0;
    }
    return true;
}

static void pass_on(int i, int from)
{
    static char buffer[CHUNK];
    bool        slow = now_ms() < px.slow_until;
    ssize_t     n = recv(px.pair[i][from], buffer, slow ? 100 : CHUNK, MSG_DONTWAIT);
    if (n <= 0) {
        if (n == 0 || errno != EAGAIN)
            close_pair(i, false);
        return;
    }
    bool half = from == 0 && px.half;
    if (from == 1 && px.garble) {
        for (int k = 0; k < 3; k++)
            buffer[draw() % (uint32_t)n] = (char)draw();
        px.garble = false;
    }
    if (half)
        px.half = false;
    if (!send_whole(px.pair[i][1 - from], buffer, half ? (size_t)n / 2 : (size_t)n) || half) {
        if (half)
            hx_sleep_ms(5);
        close_pair(i, true);
    }
    if (slow)
        hx_sleep_ms(50);
}

static void turn(void)
{
    struct pollfd p[1 + 2 * PAIRS];
    bool          hold = now_ms() < px.hold_until;
    p[0] = (struct pollfd){.fd = px.listener, .events = POLLIN};
    for (int i = 0; i < PAIRS; i++)
        for (int k = 0; k < 2; k++)
            p[1 + 2 * i + k] = (struct pollfd){.fd = hold ? -1 : px.pair[i][k], .events = POLLIN};
    pthread_mutex_unlock(&px.lock);
    poll(p, 1 + 2 * PAIRS, 10);
    pthread_mutex_lock(&px.lock);
    if (px.cut)
        close_all();
    px.cut = false;
    for (int i = 0; i < PAIRS && !hold; i++)
        for (int k = 0; k < 2; k++)
            if (p[1 + 2 * i + k].revents && px.pair[i][k] == p[1 + 2 * i + k].fd &&
                px.pair[i][k] >= 0)
                pass_on(i, k);
    if (p[0].revents)
        accept_one();
}

static void *serve(void *ctx)
{
    (void)ctx;
    pthread_mutex_lock(&px.lock);
    while (!px.stop)
        turn();
    close_all();
    pthread_mutex_unlock(&px.lock);
    return NULL;
}

bool proxy_start(int to_port, int *port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t          n = sizeof(a);
    memset(px.pair, 0xFF, sizeof(px.pair));
    px.to_port = to_port;
    px.stop = false;
    px.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(px.listener, (struct sockaddr *)&a, sizeof(a)) != 0 || listen(px.listener, 32) != 0 ||
        getsockname(px.listener, (struct sockaddr *)&a, &n) != 0)
        return false;
    *port = ntohs(a.sin_port);
    return pthread_create(&px.thread, NULL, serve, NULL) == 0;
}

void proxy_stop(void)
{
    pthread_mutex_lock(&px.lock);
    px.stop = true;
    pthread_mutex_unlock(&px.lock);
    pthread_join(px.thread, NULL);
    close(px.listener);
}

void proxy_fault(hx_fault fault, unsigned ms)
{
    pthread_mutex_lock(&px.lock);
    switch (fault) {
    case HX_CUT: px.cut = true; break;
    case HX_HALF: px.half = true; break;
    case HX_HOLD: px.hold_until = now_ms() + ms; break;
    case HX_SLOW: px.slow_until = now_ms() + ms; break;
    case HX_GARBLE: px.garble = true; break;
    case HX_REFUSE:
        px.cut = true;
        px.refuse_until = now_ms() + ms;
        break;
    default: break;
    }
    pthread_mutex_unlock(&px.lock);
}

unsigned proxy_connections(void)
{
    pthread_mutex_lock(&px.lock);
    unsigned n = px.connections;
    pthread_mutex_unlock(&px.lock);
    return n;
}
