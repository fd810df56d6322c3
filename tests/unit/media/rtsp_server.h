/* rtsp_server.h -- an RTSP server of one H.264 stream over TCP, just enough for FFmpeg's client:
 * OPTIONS, DESCRIBE, SETUP (interleaved or over UDP), PLAY.  A connection gets the whole
 * stream at the given pace and is dropped then. */
#ifndef RTSP_SERVER_H
#define RTSP_SERVER_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define RTP_BYTES 1200

typedef struct rtsp_server {
    const uint8_t *h264; /* Annex B */
    size_t         n;
    unsigned       frame_us;
    size_t         skip_nals; /* the stream starts so many units later: no key frame at first */
    int            listener, port;
    unsigned       connections; /* accepted so far; atomic */
    int            stop;        /* atomic */
    bool           silent;      /* accepts and never answers */
    size_t         pictures; /* of a connection; then it ends, or goes wrong; 0 = all there are */
    bool           faults;   /* ends in turn: cut, stalled, garbage, half a key frame */
    pthread_t      thread;
    uint16_t       sequence;
    int            udp; /* of the connection in hand: connected to the client's port; 0 = TCP */
    bool           was_udp;
} rtsp_server;

static inline bool rtsp_stopped(const rtsp_server *s)
{
    return __atomic_load_n(&s->stop, __ATOMIC_RELAXED) != 0;
}

static inline bool rtsp_send(int fd, const void *bytes, size_t n)
{
    const char *p = bytes;

    while (n > 0) {
        ssize_t put = send(fd, p, n, MSG_NOSIGNAL);
        if (put <= 0)
            return false;
        p += put;
        n -= (size_t)put;
    }
    return true;
}

static inline bool rtp_packet(rtsp_server *s, int fd, uint32_t time, bool marker,
                              const uint8_t *head, size_t head_n, const uint8_t *body, size_t n)
{
    uint8_t p[4 + 12 + 2 + RTP_BYTES] = {'$', 0};
    size_t  size = 12 + head_n + n;

    p[2] = (uint8_t)(size >> 8);
    p[3] = (uint8_t)size;
    p[4] = 0x80;
    p[5] = (uint8_t)(96 | (marker ? 0x80 : 0));
    p[6] = (uint8_t)(s->sequence >> 8);
    p[7] = (uint8_t)s->sequence;
    s->sequence++;
    for (int i = 0; i < 4; i++)
        p[8 + i] = (uint8_t)(time >> (24 - 8 * i));
    p[15] = 7;
    memcpy(p + 16, head, head_n);
    memcpy(p + 16 + head_n, body, n);
    return s->udp ? rtsp_send(s->udp, p + 4, size) : rtsp_send(fd, p, 4 + size);
}

/* Answers a SETUP: by the client's wish. */
static inline void rtsp_setup(rtsp_server *s, const char *request, int seq, char *out, size_t n)
{
    const char        *ports = strstr(request, "client_port=");
    int                a = 0, b = 0;
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t          bytes = sizeof(to);

    if (!ports || sscanf(ports, "client_port=%d-%d", &a, &b) != 2) {
        snprintf(out, n,
                 "RTSP/1.0 200 OK\r\nCSeq: %d\r\nSession: 1\r\nTransport: "
                 "RTP/AVP/TCP;unicast;interleaved=0-1\r\n\r\n",
                 seq);
        return;
    }
    s->udp = socket(AF_INET, SOCK_DGRAM, 0);
    s->was_udp = true;
    to.sin_port = htons((uint16_t)a);
    if (connect(s->udp, (struct sockaddr *)&to, sizeof(to)) != 0)
        perror("connect");
    getsockname(s->udp, (struct sockaddr *)&to, &bytes);
    snprintf(out, n,
             "RTSP/1.0 200 OK\r\nCSeq: %d\r\nSession: 1\r\nTransport: RTP/AVP;unicast;"
             "client_port=%d-%d;server_port=%d-%d\r\n\r\n",
             seq, a, b, ntohs(to.sin_port), ntohs(to.sin_port) + 1);
}

/* One NAL unit: as it is, or in fragments (FU-A). */
static inline bool rtp_unit(rtsp_server *s, int fd, uint32_t time, bool last, const uint8_t *nal,
                            size_t n)
{
    if (n <= RTP_BYTES)
        return rtp_packet(s, fd, time, last, nal, 0, nal, n);
    for (size_t at = 1; at < n; at += RTP_BYTES) {
        size_t  part = n - at < RTP_BYTES ? n - at : RTP_BYTES;
        bool    end = at + part == n;
        uint8_t head[2] = {(uint8_t)((nal[0] & 0xe0) | 28),
                           (uint8_t)((nal[0] & 0x1f) | (at == 1 ? 0x80 : 0) | (end ? 0x40 : 0))};
        if (!rtp_packet(s, fd, time, last && end, head, 2, nal + at, part))
            return false;
    }
    return true;
}

/* The next NAL unit from *at on; its length, 0 at the end. */
static inline size_t next_nal(const uint8_t *b, size_t n, size_t *at)
{
    size_t i = *at;

    while (i + 3 < n && !(b[i] == 0 && b[i + 1] == 0 && b[i + 2] == 1))
        i++;
    if (i + 3 >= n)
        return 0;
    *at = i += 3;
    while (i + 3 <= n && !(b[i] == 0 && b[i + 1] == 0 && b[i + 2] <= 1))
        i++;
    return i + 3 > n ? n - *at : i - *at;
}

/* Says nothing more, until the client has had enough. */
static inline void rtsp_stall(rtsp_server *s, int fd)
{
    char text[512];
    while (!rtsp_stopped(s)) {
        ssize_t got = recv(fd, text, sizeof(text), MSG_DONTWAIT);
        if (got == 0)
            return;
        usleep(5000);
    }
}

static inline void rtsp_garbage(rtsp_server *s, int fd)
{
    uint32_t x = s->connections;
    uint8_t  noise[997];
    for (int k = 0; k < 20 && !rtsp_stopped(s); k++) {
        for (size_t i = 0; i < sizeof(noise); i++)
            noise[i] = (uint8_t)((x = x * 1664525u + 1013904223u) >> 24);
        if (!rtsp_send(fd, noise, sizeof(noise)))
            return;
    }
}

/* The first fragments of a picture that is never finished, then the line is cut. */
static inline void rtsp_half(rtsp_server *s, int fd, uint32_t time)
{
    for (size_t at = 0, n; (n = next_nal(s->h264, s->n, &at)) > 0; at += n)
        if ((s->h264[at] & 0x1f) == 5) {
            const uint8_t head[2] = {(uint8_t)((s->h264[at] & 0xe0) | 28), 0x85};
            rtp_packet(s, fd, time, false, head, 2, s->h264 + at + 1,
                       n / 2 < RTP_BYTES ? n / 2 : RTP_BYTES);
            return;
        }
}

static inline void rtsp_go_wrong(rtsp_server *s, int fd, uint32_t time)
{
    switch (s->faults ? s->connections % 4 : 0) {
    case 1: rtsp_stall(s, fd); break;
    case 2: rtsp_garbage(s, fd); break;
    case 3: rtsp_half(s, fd, time); break;
    default: break; /* cut */
    }
}

static inline void rtsp_stream(rtsp_server *s, int fd)
{
    uint32_t time = 1000;
    size_t   skip = s->skip_nals, sent = 0;

    for (size_t at = 0, n; !rtsp_stopped(s) && (n = next_nal(s->h264, s->n, &at)) > 0; at += n) {
        int  kind = s->h264[at] & 0x1f;
        bool picture = kind == 1 || kind == 5;
        if (skip > 0) {
            skip--;
            continue;
        }
        if (!rtp_unit(s, fd, time, picture, s->h264 + at, n))
            return;
        if (picture) {
            time += 9000; /* ten frames a second */
            usleep(s->frame_us);
            if (++sent == s->pictures) {
                rtsp_go_wrong(s, fd, time);
                return;
            }
        }
    }
}

static inline void rtsp_answer(rtsp_server *s, int fd)
{
    static const char sdp[] = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=t\r\nc=IN IP4 127.0.0.1\r\n"
                              "t=0 0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"
                              "a=fmtp:96 packetization-mode=1\r\na=control:track0\r\n";
    char              text[4096], out[2048];
    size_t            n = 0;

    while (!rtsp_stopped(s)) {
        ssize_t got = recv(fd, text + n, sizeof(text) - 1 - n, 0);
        if (got <= 0)
            return;
        n += (size_t)got;
        text[n] = '\0';
        char *end = strstr(text, "\r\n\r\n");
        if (!end)
            continue;
        const char *c = strstr(text, "CSeq:");
        int         seq = 0;
        if (c)
            sscanf(c, "CSeq: %d", &seq);
        bool play = strncmp(text, "PLAY", 4) == 0;
        if (strncmp(text, "DESCRIBE", 8) == 0)
            snprintf(out, sizeof(out),
                     "RTSP/1.0 200 OK\r\nCSeq: %d\r\nContent-Type: "
                     "application/sdp\r\nContent-Length: %zu\r\n\r\n%s",
                     seq, sizeof(sdp) - 1, sdp);
        else if (strncmp(text, "SETUP", 5) == 0)
            rtsp_setup(s, text, seq, out, sizeof(out));
        else
            snprintf(out, sizeof(out),
                     "RTSP/1.0 200 OK\r\nCSeq: %d\r\nSession: 1\r\n"
                     "Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN\r\n\r\n",
                     seq);
        if (!rtsp_send(fd, out, strlen(out)))
            return;
        n -= (size_t)(end + 4 - text);
        memmove(text, end + 4, n);
        if (play) {
            rtsp_stream(s, fd);
            return;
        }
    }
}

static inline void *rtsp_serve(void *arg)
{
    rtsp_server *s = arg;

    while (!rtsp_stopped(s)) {
        int fd = accept(s->listener, NULL, NULL);
        if (fd < 0)
            break;
        __atomic_add_fetch(&s->connections, 1, __ATOMIC_RELAXED);
        struct timeval t = {.tv_sec = 1};
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t));
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof(t));
        if (s->silent)
            while (!rtsp_stopped(s))
                usleep(10000);
        else
            rtsp_answer(s, fd);
        close(fd);
        if (s->udp)
            close(s->udp);
        s->udp = 0;
    }
    return NULL;
}

/* False when there is no loopback network. */
static inline bool rtsp_start(rtsp_server *s)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t          n = sizeof(a);
    int                on = 1;

    s->listener = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(s->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    a.sin_port = htons((uint16_t)s->port);
    if (bind(s->listener, (struct sockaddr *)&a, n) != 0 || listen(s->listener, 4) != 0 ||
        getsockname(s->listener, (struct sockaddr *)&a, &n) != 0)
        return false;
    s->port = ntohs(a.sin_port);
    s->stop = 0;
    return pthread_create(&s->thread, NULL, rtsp_serve, s) == 0;
}

static inline void rtsp_stop(rtsp_server *s)
{
    __atomic_store_n(&s->stop, 1, __ATOMIC_RELAXED);
    shutdown(s->listener, SHUT_RDWR);
    pthread_join(s->thread, NULL);
    close(s->listener);
}

#endif
