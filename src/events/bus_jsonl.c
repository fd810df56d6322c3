/* A file of JSON lines that is changed for a new one when it is large or old.
 *
 * The file always ends with a whole line: what a full disk or a power cut left of one is cut off.
 * path.1 is the newest of the older ones. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "events/bus_kinds.h"
#include "events/part.h"
#include "telemetry/histogram.h"

#define TAIL_BYTES 65536

typedef enum sync_when { SYNC_NEVER, SYNC_ROTATION, SYNC_ROUND } sync_when;

struct oc_bus {
    const oc_bus_options *o;
    const char           *path;
    char                 *names; /* two paths for renaming */
    size_t                n_name;
    int                   fd; /* -1: closed */
    uint64_t              bytes, bytes_max;
    uint64_t              since_ns, age_ns; /* 0: any age */
    int                   keep;
    sync_when             sync;
    bool                  pipe; /* or a device: its reader may be slow */
    bool                  torn; /* half a line went there */
};

static oc_status failed(const oc_bus *b, const char *doing, oc_error *err)
{
    return OC_FAIL(err, OC_IO, "%s: %s: %s", b->path, doing, strerror(errno));
}

static oc_status jsonl_open(const oc_bus_options *o, oc_bus **out, oc_error *err)
{
    const char *sync = oc_bus_text(o, "sync", "round");
    oc_bus     *b = calloc(1, sizeof(*b));
    if (!b)
        return OC_FAIL(err, OC_NOMEM, "out of memory");
    b->fd = -1;
    b->o = o;
    b->path = oc_bus_text(o, "path", "");
    b->bytes_max = (uint64_t)oc_bus_int(o, "rotate_bytes", 64 << 20);
    b->age_ns = (uint64_t)(oc_bus_float(o, "rotate_every", 0) * 1e9);
    b->keep = (int)oc_bus_int(o, "keep", 10);
    b->sync = strcmp(sync, "never") == 0      ? SYNC_NEVER
              : strcmp(sync, "rotation") == 0 ? SYNC_ROTATION
                                              : SYNC_ROUND;
    b->n_name = strlen(b->path) + 16;
    b->names = malloc(2 * b->n_name);
    if (!b->names || !*b->path) {
        oc_status st = b->names ? OC_FAIL(err, OC_INVALID, "path: is empty")
                                : OC_FAIL(err, OC_NOMEM, "out of memory");
        free(b->names);
        free(b);
        return st;
    }
    *out = b;
    return OC_OK;
}

/* Where the last whole line ends, looking back TAIL_BYTES at most at a time. */
static oc_status cut_torn_line(oc_bus *b, oc_error *err)
{
    char  tail[TAIL_BYTES];
    off_t end = (off_t)b->bytes;
    while (end > 0) {
        size_t  n = end < TAIL_BYTES ? (size_t)end : TAIL_BYTES;
        ssize_t got = pread(b->fd, tail, n, end - (off_t)n);
        if (got != (ssize_t)n)
            return failed(b, "reading its end", err);
        const char *nl = memrchr(tail, '\n', n);
        if (nl) {
            end = end - (off_t)n + (nl - tail) + 1;
            break;
        }
        end -= (off_t)n;
    }
    if (end == (off_t)b->bytes)
        return OC_OK;
    if (ftruncate(b->fd, end) != 0)
        return failed(b, "cutting off half a line", err);
    b->bytes = (uint64_t)end;
    return OC_OK;
}

static oc_status open_file(oc_bus *b, oc_error *err)
{
    struct stat s;
    const char *slash = strrchr(b->path, '/');
    if (slash && slash != b->path) {
        snprintf(b->names, b->n_name, "%.*s", (int)(slash - b->path), b->path);
        oc_status st = oc_make_folders(b->names, err);
        if (st != OC_OK)
            return st;
    }
    b->fd = open(b->path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
    if (b->fd < 0)
        return failed(b, "cannot be opened", err);
    if (fstat(b->fd, &s) != 0)
        return failed(b, "cannot be looked at", err);
    b->bytes = (uint64_t)s.st_size;
    b->since_ns = oc_now_ns();
    if (!S_ISREG(s.st_mode)) {
        b->bytes_max = 0; /* a pipe or device neither rotates nor syncs */
        b->age_ns = 0;
        b->sync = SYNC_NEVER;
        b->pipe = true;
        int flags = fcntl(b->fd, F_GETFL);
        return flags >= 0 && fcntl(b->fd, F_SETFL, flags | O_NONBLOCK) == 0
                   ? OC_OK
                   : failed(b, "cannot be written without waiting", err);
    }
    return cut_torn_line(b, err);
}

static void close_file(oc_bus *b)
{
    if (b->fd >= 0)
        close(b->fd);
    b->fd = -1;
}

static oc_status rotate(oc_bus *b, oc_error *err)
{
    char *from = b->names, *to = b->names + b->n_name;
    if (b->sync != SYNC_NEVER && fsync(b->fd) != 0)
        return failed(b, "syncing", err);
    close_file(b);
    for (int i = b->keep; i >= 1; i--) {
        snprintf(to, b->n_name, "%s.%d", b->path, i);
        if (i == 1)
            snprintf(from, b->n_name, "%s", b->path);
        else
            snprintf(from, b->n_name, "%s.%d", b->path, i - 1);
        if (rename(from, to) != 0 && errno != ENOENT)
            return failed(b, "renaming", err);
    }
    if (b->keep == 0 && unlink(b->path) != 0 && errno != ENOENT)
        return failed(b, "removing", err);
    return open_file(b, err);
}

/* Waits for the reader, until the sink is told to end. */
static bool push(oc_bus *b, const char *bytes, size_t n)
{
    while (n > 0) {
        ssize_t done = write(b->fd, bytes, n);
        if (done > 0) {
            bytes += done;
            n -= (size_t)done;
            b->torn = true;
            continue;
        }
        struct pollfd p = {.fd = b->fd, .events = POLLOUT};
        if (done == 0 || (errno != EAGAIN && errno != EINTR) ||
            __atomic_load_n(b->o->cancel, __ATOMIC_RELAXED))
            return false;
        (void)poll(&p, 1, 50);
    }
    return true;
}

static oc_status put_to_pipe(oc_bus *b, const oc_bus_message *m, oc_error *err)
{
    if ((b->torn && !push(b, "\n", 1)) || !push(b, m->body, m->n_body) || !push(b, "\n", 1))
        return failed(b, "writing", err);
    b->torn = false;
    b->bytes += m->n_body + 1;
    return OC_OK;
}

static oc_status put_line(oc_bus *b, const oc_bus_message *m, oc_error *err)
{
    struct iovec part[2] = {{(void *)(uintptr_t)m->body, m->n_body}, {(void *)(uintptr_t) "\n", 1}};
    size_t       want = m->n_body + 1;
    ssize_t      n;
    do
        n = writev(b->fd, part, 2);
    while (n < 0 && errno == EINTR);
    if (n == (ssize_t)want) {
        b->bytes += want;
        return OC_OK;
    }
    if (n >= 0)
        errno = ENOSPC;
    (void)failed(b, "writing", err);
    if (n > 0 && ftruncate(b->fd, (off_t)b->bytes) != 0)
        close_file(b); /* the next opening cuts it */
    return OC_IO;
}

static oc_status jsonl_deliver(oc_bus *b, oc_bus_round *r, oc_error *err)
{
    oc_status st = b->fd < 0 ? open_file(b, err) : OC_OK;
    size_t    n = 0;
    for (; n < r->n && st == OC_OK; n++) {
        bool large =
            b->bytes_max > 0 && b->bytes > 0 && b->bytes + r->message[n].n_body + 1 > b->bytes_max;
        bool old = b->age_ns > 0 && b->bytes > 0 && oc_now_ns() - b->since_ns >= b->age_ns;
        if (large || old)
            st = rotate(b, err);
        if (st == OC_OK)
            st = b->pipe ? put_to_pipe(b, &r->message[n], err) : put_line(b, &r->message[n], err);
        if (st != OC_OK)
            break;
    }
    if (n > 0 && b->sync == SYNC_ROUND && b->fd >= 0 && fdatasync(b->fd) != 0) {
        memset(r->fate, OC_BUS_UNSURE, n);
        return failed(b, "syncing", err);
    }
    memset(r->fate, OC_BUS_TAKEN, n);
    if (st != OC_OK && b->bytes == 0)
        close_file(b);
    return st;
}

static void jsonl_close(oc_bus *b)
{
    if (b->fd >= 0 && b->sync != SYNC_NEVER)
        (void)fsync(b->fd);
    close_file(b);
    free(b->names);
    free(b);
}

const oc_bus_ops oc_bus_jsonl = {
    .abi = OC_BUS_ABI,
    .struct_size = sizeof(oc_bus_ops),
    .name = "jsonl",
    .open = jsonl_open,
    .deliver = jsonl_deliver,
    .close = jsonl_close,
    .local = true,
};
