/* The control socket: one thread, a few clients, a buffer of fixed size each. */
#include "pipeline/control.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define SEND_TIMEOUT_S 2 /* who does not read his answers is dropped */
#define PAUSE_MS 100     /* before the next try, when the process has no descriptor left */

typedef struct client {
    int    fd; /* -1: free */
    size_t n;
    char   line[OC_CONTROL_LINE_MAX];
} client;

struct oc_control {
    oc_site           *site;
    struct sockaddr_un address;
    int                listener, wake;
    bool               bound, started;
    pthread_t          thread;
    client             client[OC_CONTROL_CLIENTS_MAX];
    char               answer[OC_CONTROL_ANSWER_MAX];
};

static void hang_up(client *k)
{
    close(k->fd);
    k->fd = -1;
    k->n = 0;
}

static bool send_all(int fd, const char *bytes, size_t n)
{
    while (n > 0) {
        ssize_t sent = send(fd, bytes, n, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent <= 0)
            return false;
        bytes += sent;
        n -= (size_t)sent;
    }
    return true;
}

/* Answers all lines that are whole. */
static bool answer_lines(oc_control *c, client *k)
{
    char *begin = k->line, *end = k->line + k->n, *stop;
    while ((stop = memchr(begin, '\n', (size_t)(end - begin)))) {
        oc_control_answer(c->site, begin, (size_t)(stop - begin), c->answer, sizeof(c->answer));
        if (!send_all(k->fd, c->answer, strlen(c->answer)))
            return false;
        begin = stop + 1;
    }
    k->n = (size_t)(end - begin);
    memmove(k->line, begin, k->n);
    return true;
}

static void hear(oc_control *c, client *k)
{
    static const char too_long[] = "{\"ok\":false,\"error\":\"the request is longer than 65535 "
                                   "bytes\"}\n";
    ssize_t           got = recv(k->fd, k->line + k->n, sizeof(k->line) - k->n, MSG_DONTWAIT);
    if (got < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (got <= 0) {
        hang_up(k);
        return;
    }
    k->n += (size_t)got;
    if (!answer_lines(c, k)) {
        hang_up(k);
    } else if (k->n == sizeof(k->line)) { /* where the next line begins nobody can tell */
        send_all(k->fd, too_long, sizeof(too_long) - 1);
        hang_up(k);
    }
}

/* False: there is no descriptor for him now; he goes on waiting. */
static bool welcome(oc_control *c)
{
    static const char           full[] = "{\"ok\":false,\"error\":\"too many clients\"}\n";
    static const struct timeval wait = {.tv_sec = SEND_TIMEOUT_S};
    int                         fd = accept4(c->listener, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0)
        return errno != EMFILE && errno != ENFILE && errno != ENOBUFS && errno != ENOMEM;
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait));
    for (size_t i = 0; i < OC_CONTROL_CLIENTS_MAX; i++)
        if (c->client[i].fd < 0) {
            c->client[i].fd = fd;
            c->client[i].n = 0;
            return true;
        }
    send_all(fd, full, sizeof(full) - 1);
    close(fd);
    return true;
}

static void *listen_thread(void *arg)
{
    oc_control *c = arg;
    bool        hears = true;
    sigset_t    all;
    sigfillset(&all); /* signals are the main thread's */
    pthread_sigmask(SIG_BLOCK, &all, NULL);
    for (;;) {
        struct pollfd p[2 + OC_CONTROL_CLIENTS_MAX] = {
            {.fd = c->wake, .events = POLLIN}, {.fd = hears ? c->listener : -1, .events = POLLIN}};
        for (size_t i = 0; i < OC_CONTROL_CLIENTS_MAX; i++)
            p[2 + i] = (struct pollfd){.fd = c->client[i].fd, .events = POLLIN};
        if (poll(p, 2 + OC_CONTROL_CLIENTS_MAX, hears ? -1 : PAUSE_MS) < 0)
            continue;
        if (p[0].revents)
            return NULL;
        for (size_t i = 0; i < OC_CONTROL_CLIENTS_MAX; i++)
            if (p[2 + i].revents)
                hear(c, &c->client[i]);
        hears = !p[1].revents || welcome(c);
    }
}

/* A socket that a process left behind when it died is in the way; one that is used is not ours. */
static oc_status make_way(const oc_control *c, oc_error *err)
{
    struct stat s;
    if (lstat(c->address.sun_path, &s) != 0)
        return OC_OK;
    if (!S_ISSOCK(s.st_mode))
        return OC_FAIL(err, OC_IO, "%s: is there, and is no socket", c->address.sun_path);
    int  fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool used =
        fd >= 0 && connect(fd, (const struct sockaddr *)&c->address, sizeof(c->address)) == 0;
    if (fd >= 0)
        close(fd);
    if (used)
        return OC_FAIL(err, OC_BUSY, "%s: somebody listens there already", c->address.sun_path);
    unlink(c->address.sun_path);
    return OC_OK;
}

static oc_status open_socket(oc_control *c, const char *path, oc_error *err)
{
    c->address.sun_family = AF_UNIX;
    if (strlen(path) >= sizeof(c->address.sun_path))
        return OC_FAIL(err, OC_INVALID,
                       "%s: longer than the %zu bytes that a socket's path can have", path,
                       sizeof(c->address.sun_path) - 1);
    snprintf(c->address.sun_path, sizeof(c->address.sun_path), "%s", path);
    oc_status st = make_way(c, err);
    if (st != OC_OK)
        return st;
    c->wake = eventfd(0, EFD_CLOEXEC);
    c->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (c->wake < 0 || c->listener < 0)
        return OC_FAIL(err, OC_IO, "%s: %s", path, strerror(errno));
    fchmod(c->listener, 0600); /* the file is made with this mode: nobody gets in between */
    c->bound = bind(c->listener, (const struct sockaddr *)&c->address, sizeof(c->address)) == 0;
    if (!c->bound || chmod(path, 0600) != 0 || listen(c->listener, OC_CONTROL_CLIENTS_MAX) != 0)
        return OC_FAIL(err, OC_IO, "%s: %s", path, strerror(errno));
    return OC_OK;
}

oc_status oc_control_create(oc_site *site, const char *path, oc_control **out, oc_error *err)
{
    oc_control *c = calloc(1, sizeof(*c));
    if (!c)
        return OC_FAIL(err, OC_NOMEM, "control socket: out of memory");
    c->site = site;
    c->listener = c->wake = -1;
    for (size_t i = 0; i < OC_CONTROL_CLIENTS_MAX; i++)
        c->client[i].fd = -1;
    oc_status st = open_socket(c, path, err);
    if (st == OC_OK && pthread_create(&c->thread, NULL, listen_thread, c) != 0)
        st = OC_FAIL(err, OC_NOMEM, "cannot start the control thread");
    if (st != OC_OK) {
        oc_control_destroy(c);
        return st;
    }
    c->started = true;
    *out = c;
    return OC_OK;
}

void oc_control_destroy(oc_control *c)
{
    if (!c)
        return;
    if (c->started) {
        uint64_t one = 1;
        while (write(c->wake, &one, sizeof(one)) < 0 && errno == EINTR)
            ;
        pthread_join(c->thread, NULL);
    }
    for (size_t i = 0; i < OC_CONTROL_CLIENTS_MAX; i++)
        if (c->client[i].fd >= 0)
            hang_up(&c->client[i]);
    if (c->bound)
        unlink(c->address.sun_path);
    if (c->listener >= 0)
        close(c->listener);
    if (c->wake >= 0)
        close(c->wake);
    free(c);
}
