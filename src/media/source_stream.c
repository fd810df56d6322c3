/* Video as a stream of bytes, from a file or a pipe: Y4M, concatenated JPEGs, raw frames.  Standard
 * input tells by its first bytes which it is, unless a format is given. */
#include "media/source_stream.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "media/source_builtin.h"

static const oc_stream_kind *const kinds[] = {
    &oc_stream_y4m,
    &oc_stream_mjpeg,
    &oc_stream_raw,
};

static const oc_stream_kind *kind_named(const char *format)
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (strcmp(format, kinds[i]->name) == 0)
            return kinds[i];
    return oc_pixel_parse(format) != OC_PIXEL_NONE ? &oc_stream_raw : NULL;
}

bool oc_source_stream_wants(const char *format)
{
    return kind_named(format) != NULL;
}

static const oc_stream_kind *kind_of_suffix(const char *url)
{
    const char *s = oc_url_suffix(url);

    if (strcasecmp(s, "y4m") == 0)
        return &oc_stream_y4m;
    if (strcasecmp(s, "mjpg") == 0 || strcasecmp(s, "mjpeg") == 0)
        return &oc_stream_mjpeg;
    return strcasecmp(s, "yuv") == 0 ? &oc_stream_raw : NULL;
}

static int stream_probe(const char *url)
{
    if (strcmp(url, "-") == 0 || strncmp(url, "pipe:", 5) == 0)
        return 100;
    return strstr(url, "://") ? 0 : kind_of_suffix(url) ? 80 : 0;
}

/* ---- bytes ---- */

oc_status oc_stream_fill(oc_source *s, size_t n, oc_error *err)
{
    while (s->end - s->begin < n && !s->ended) {
        if (s->begin > 0 && s->begin + n > s->room) {
            memmove(s->bytes, s->bytes + s->begin, s->end - s->begin);
            s->end -= s->begin;
            s->begin = 0;
        }
        if (n > s->room) {
            size_t   room = n + n / 4 + 65536;
            uint8_t *bytes = realloc(s->bytes, room);
            if (!bytes)
                return OC_FAIL(err, OC_NOMEM, "no memory for %zu bytes of video", n);
            s->bytes = bytes;
            s->room = room;
        }
        oc_status st = oc_source_wait(s->fd, 0, s->cancel, err);
        if (st != OC_OK)
            return st;
        ssize_t got = read(s->fd, s->bytes + s->end, s->room - s->end);
        if (got < 0 && errno != EINTR && errno != EAGAIN)
            return OC_FAIL(err, OC_IO, "read: %s", strerror(errno));
        if (got == 0)
            s->ended = true;
        if (got > 0)
            s->end += (size_t)got;
    }
    return OC_OK;
}

oc_status oc_stream_read(oc_source *s, void *to, size_t n, size_t *got, oc_error *err)
{
    size_t have = s->end - s->begin < n ? s->end - s->begin : n;

    if (have > 0)
        memcpy(to, s->bytes + s->begin, have);
    s->begin += have;
    while (have < n && !s->ended) {
        oc_status st = oc_source_wait(s->fd, 0, s->cancel, err);
        if (st != OC_OK)
            return st;
        ssize_t more = read(s->fd, (uint8_t *)to + have, n - have);
        if (more < 0 && errno != EINTR && errno != EAGAIN)
            return OC_FAIL(err, OC_IO, "read: %s", strerror(errno));
        if (more == 0)
            s->ended = true;
        if (more > 0)
            have += (size_t)more;
    }
    *got = have;
    return OC_OK;
}

oc_status oc_stream_planes(oc_source *s, oc_frame *frame, oc_error *err)
{
    for (int p = 0; p < 3; p++) {
        size_t n = oc_pixel_row_bytes(frame->format, p, frame->width);
        size_t rows = oc_pixel_rows(frame->format, p, frame->height);
        for (size_t y = 0; y < rows; y++) {
            size_t    got;
            oc_status st =
                oc_stream_read(s, frame->plane[p] + (ptrdiff_t)y * frame->stride[p], n, &got, err);
            if (st != OC_OK)
                return st;
            if (got == n)
                continue;
            if (p == 0 && y == 0 && got == 0)
                return OC_END;
            return oc_stream_broken(s, err);
        }
    }
    return OC_OK;
}

oc_status oc_stream_broken(const oc_source *s, oc_error *err)
{
    return OC_FAIL(err, OC_FORMAT, "breaks off after %llu frames", (unsigned long long)s->frames);
}

/* ---- the reader ---- */

static void stream_close(oc_source *s)
{
    if (!s)
        return;
    if (s->own_fd)
        close(s->fd);
    free(s->bytes);
    oc_frame_unref(s->first);
    oc_frame_pool_destroy(s->pool);
    free(s);
}

static oc_status open_fd(oc_source *s, const char *url, oc_error *err)
{
    if (strcmp(url, "-") == 0) {
        s->fd = STDIN_FILENO;
        return OC_OK;
    }
    if (strncmp(url, "pipe:", 5) == 0) {
        char *end;
        long  fd = strtol(url + 5, &end, 10);
        if (end == url + 5 || *end != '\0' || fd < 0 || fd > INT_MAX)
            return OC_FAIL(err, OC_INVALID, "not the number of a file descriptor");
        if (fcntl((int)fd, F_GETFD) < 0)
            return OC_FAIL(err, OC_IO, "file descriptor %ld: %s", fd, strerror(errno));
        s->fd = (int)fd;
        return OC_OK;
    }
    s->fd = open(url, O_RDONLY | O_CLOEXEC);
    s->own_fd = s->fd >= 0;
    return s->own_fd ? OC_OK : OC_FAIL(err, OC_IO, "%s", strerror(errno));
}

static oc_status choose_kind(oc_source *s, const oc_source_options *options, oc_error *err)
{
    if (options->format)
        s->kind = kind_named(options->format);
    else
        s->kind = kind_of_suffix(options->url);
    if (s->kind)
        return OC_OK;
    if (options->format)
        return OC_FAIL(err, OC_UNSUPPORTED, "format '%s' cannot come through a pipe",
                       options->format);
    oc_status st = oc_stream_fill(s, 10, err);
    if (st != OC_OK)
        return st;
    size_t n = s->end - s->begin;
    if (n == 0)
        return OC_FAIL(err, OC_FORMAT, "no data");
    const uint8_t *b = s->bytes + s->begin;
    if (n >= 9 && memcmp(b, "YUV4MPEG2", 9) == 0)
        s->kind = &oc_stream_y4m;
    else if (n >= 3 && b[0] == 0xff && b[1] == 0xd8 && b[2] == 0xff)
        s->kind = &oc_stream_mjpeg;
    else
        return OC_FAIL(err, OC_FORMAT,
                       "neither Y4M nor MJPEG; raw video needs a pixel format "
                       "(i420, nv12, rgb24 ...) and a size");
    return OC_OK;
}

static oc_status start(oc_source *s, const oc_source_options *options, oc_error *err)
{
    oc_status st;

    if ((st = oc_frame_pool_create(&s->pool, err)) != OC_OK ||
        (st = open_fd(s, options->url, err)) != OC_OK ||
        (st = choose_kind(s, options, err)) != OC_OK ||
        (st = s->kind->begin(s, options, err)) != OC_OK)
        return st;
    /* the first frame now: what is wrong from the start is said at the start */
    st = s->kind->next(s, &s->first, err);
    return st == OC_END ? OC_FAIL(err, OC_FORMAT, "holds no frame") : st;
}

static oc_status stream_open(const oc_source_options *options, oc_source **out,
                             oc_source_info *info, oc_error *err)
{
    oc_source *s = calloc(1, sizeof(*s));

    if (!s)
        return OC_FAIL(err, OC_NOMEM, "no memory for a source");
    s->cancel = options->cancel;
    s->fps = oc_source_fps(options);
    oc_status st = start(s, options, err);
    if (st != OC_OK) {
        stream_close(s);
        return st;
    }
    info->width = s->first->width;
    info->height = s->first->height;
    info->fps = s->fps;
    info->frames = -1;
    snprintf(info->codec, sizeof(info->codec), "%s", s->kind->name);
    *out = s;
    return OC_OK;
}

static oc_status stream_read(oc_source *s, oc_frame **out, oc_error *err)
{
    oc_frame *frame = s->first;
    oc_status st = OC_OK;

    if (oc_source_cancelled(s->cancel))
        return OC_FAIL(err, OC_CANCELLED, "cancelled");
    s->first = NULL;
    if (!frame)
        st = s->kind->next(s, &frame, err);
    if (st != OC_OK)
        return st;
    frame->pts_ns = (int64_t)((double)s->frames++ * 1e9 / s->fps + 0.5);
    frame->key = true;
    *out = frame;
    return OC_OK;
}

const oc_media_ops oc_source_stream = {
    .abi = OC_MEDIA_ABI,
    .struct_size = sizeof(oc_media_ops),
    .name = "stream",
    .probe = stream_probe,
    .open = stream_open,
    .read = stream_read,
    .close = stream_close,
};
