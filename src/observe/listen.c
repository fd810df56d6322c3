#include <errno.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "observe/listen.h"

#define BACKLOG 64

/* "[::1]:80", "1.2.3.4:80", ":80", "80" into host (empty = none given) and port. */
static oc_status split(const char *address, char host[256], char port[8], oc_error *err)
{
    const char *colon = strrchr(address, ':'), *digits = colon ? colon + 1 : address;
    const char *begin = address, *end = colon ? colon : address;
    size_t      n = strlen(digits);
    if (n == 0 || n > 5 || strspn(digits, "0123456789") != n || strtoul(digits, NULL, 10) > 65535)
        return OC_FAIL(err, OC_INVALID, "%s: no port at its end, 0 to 65535", address);
    memcpy(port, digits, n + 1);
    if (*begin == '[') {
        if (end - begin < 3 || end[-1] != ']')
            return OC_FAIL(err, OC_INVALID, "%s: '[' without an address and ']'", address);
        begin++;
        end--;
    } else if (memchr(begin, ':', (size_t)(end - begin))) {
        return OC_FAIL(err, OC_INVALID, "%s: IPv6 addresses stand in brackets: [::1]:9464",
                       address);
    }
    if (end - begin > 255)
        return OC_FAIL(err, OC_INVALID, "the address is too long");
    memcpy(host, begin, (size_t)(end - begin));
    host[end - begin] = '\0';
    return OC_OK;
}

static oc_status tell_url(int fd, const char *address, char url[OC_URL_BYTES], oc_error *err)
{
    struct sockaddr_storage at;
    socklen_t               n = sizeof(at);
    char                    host[64], port[8];
    if (getsockname(fd, (struct sockaddr *)&at, &n) != 0 ||
        getnameinfo((struct sockaddr *)&at, n, host, sizeof(host), port, sizeof(port),
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        return OC_FAIL(err, OC_IO, "%s: its own name cannot be told", address);
    bool six = at.ss_family == AF_INET6;
    snprintf(url, OC_URL_BYTES, "http://%s%s%s:%s", six ? "[" : "", host, six ? "]" : "", port);
    return OC_OK;
}

static oc_status bind_to(const struct addrinfo *a, const char *address, int *out, oc_error *err)
{
    int on = 1, fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, a->ai_protocol);
    if (fd < 0)
        return OC_FAIL(err, OC_IO, "%s: %s", address, strerror(errno));
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(fd, a->ai_addr, a->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0) {
        *out = fd;
        return OC_OK;
    }
    int why = errno;
    close(fd);
    if (why == EADDRINUSE)
        return OC_FAIL(err, OC_IO, "%s: the port is taken by another program", address);
    if (why == EADDRNOTAVAIL)
        return OC_FAIL(err, OC_INVALID, "%s: not an address of this machine", address);
    return OC_FAIL(err, OC_IO, "%s: %s", address, strerror(why));
}

oc_status oc_listen(const char *address, int *out, char url[OC_URL_BYTES], oc_error *err)
{
    char            host[256], port[8];
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
    int             fd = -1;
    oc_status       st = split(address, host, port, err);
    if (st != OC_OK)
        return st;
    int e = getaddrinfo(*host ? host : "127.0.0.1", port, &hints, &found);
    if (e != 0)
        return OC_FAIL(err, OC_INVALID, "%s: %s", address, gai_strerror(e));
    st = OC_INVALID;
    for (const struct addrinfo *a = found; a && fd < 0; a = a->ai_next) /* of names there may be */
        st = bind_to(a, address, &fd, err);                             /* several addresses */
    freeaddrinfo(found);
    if (st == OC_OK && (st = tell_url(fd, address, url, err)) == OC_OK) {
        *out = fd;
        return OC_OK;
    }
    if (fd >= 0)
        close(fd);
    return st;
}
