/* Files written aside and renamed. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "events/part.h"

#define BUFFER_BYTES 65536

struct oc_part {
    int    fd;
    int    failed; /* errno of the first failure */
    bool   sealed;
    bool   direct; /* a pipe or a device: written where it is */
    size_t n;
    char  *path, *aside;
    char   buffer[BUFFER_BYTES];
};

static oc_status complain(const oc_part *p, oc_error *err)
{
    return OC_FAIL(err, OC_IO, "%s: %s", p->path, strerror(p->failed));
}

static void release(oc_part *p)
{
    if (p->fd >= 0)
        close(p->fd);
    free(p->path);
    free(p->aside);
    free(p);
}

oc_status oc_part_create(const char *path, oc_part **out, oc_error *err)
{
    struct stat at;
    const bool  there = stat(path, &at) == 0;
    if (there && S_ISDIR(at.st_mode))
        return OC_FAIL(err, OC_IO, "%s: is a folder", path);
    oc_part *p = calloc(1, sizeof(*p));
    if (!p)
        return OC_FAIL(err, OC_NOMEM, "%s: out of memory", path);
    p->fd = -1;
    size_t n = strlen(path);
    p->path = strdup(path);
    p->aside = malloc(n + sizeof(".part"));
    if (!p->path || !p->aside) {
        release(p);
        return OC_FAIL(err, OC_NOMEM, "%s: out of memory", path);
    }
    snprintf(p->aside, n + sizeof(".part"), "%s.part", path);
    /* a pipe or a device is written as it is: it must not be replaced by a file */
    p->direct = there && !S_ISREG(at.st_mode);
    p->fd = open(p->direct ? path : p->aside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (p->fd < 0) {
        oc_status st = OC_FAIL(err, OC_IO, "%s: cannot be written: %s", path, strerror(errno));
        release(p);
        return st;
    }
    *out = p;
    return OC_OK;
}

static void write_all(oc_part *p, const char *bytes, size_t n)
{
    while (n > 0 && !p->failed) {
        ssize_t done = write(p->fd, bytes, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0) {
            p->failed = done < 0 ? errno : EIO;
            return;
        }
        bytes += done;
        n -= (size_t)done;
    }
}

oc_status oc_part_flush(oc_part *p, oc_error *err)
{
    write_all(p, p->buffer, p->n);
    p->n = 0;
    return p->failed ? complain(p, err) : OC_OK;
}

oc_status oc_part_put(oc_part *p, const void *bytes, size_t n, oc_error *err)
{
    const char *from = bytes;
    while (n > 0 && !p->failed) {
        size_t room = BUFFER_BYTES - p->n, now = n < room ? n : room;
        memcpy(p->buffer + p->n, from, now);
        p->n += now;
        from += now;
        n -= now;
        if (p->n == BUFFER_BYTES) {
            write_all(p, p->buffer, p->n);
            p->n = 0;
        }
    }
    return p->failed ? complain(p, err) : OC_OK;
}

oc_status oc_part_text(oc_part *p, const char *text, oc_error *err)
{
    return oc_part_put(p, text, strlen(text), err);
}

oc_status oc_part_printf(oc_part *p, oc_error *err, const char *fmt, ...)
{
    char    text[2048];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    if (n < 0 || (size_t)n >= sizeof(text))
        return OC_FAIL(err, OC_INVALID, "%s: a line is too long", p->path);
    return oc_part_put(p, text, (size_t)n, err);
}

oc_status oc_part_seal(oc_part *p, oc_error *err)
{
    if (p->sealed)
        return p->failed ? complain(p, err) : OC_OK;
    write_all(p, p->buffer, p->n);
    p->n = 0;
    p->sealed = true;
    if (close(p->fd) != 0 && !p->failed)
        p->failed = errno;
    p->fd = -1;
    return p->failed ? complain(p, err) : OC_OK;
}

oc_status oc_part_finish(oc_part *p, oc_error *err)
{
    oc_status st = oc_part_seal(p, err);
    if (st == OC_OK && !p->direct && rename(p->aside, p->path) != 0) {
        p->failed = errno;
        st = complain(p, err);
    }
    if (st != OC_OK && !p->direct)
        unlink(p->aside);
    release(p);
    return st;
}

void oc_part_drop(oc_part *p)
{
    if (!p)
        return;
    if (!p->direct)
        unlink(p->aside);
    release(p);
}

const char *oc_part_path(const oc_part *p)
{
    return p->path;
}

oc_status oc_make_folders(const char *path, oc_error *err)
{
    struct stat at;
    char       *copy = strdup(path);
    if (!copy)
        return OC_FAIL(err, OC_NOMEM, "%s: out of memory", path);
    for (char *p = copy + 1; *copy; p++) {
        char was = *p;
        if (was != '/' && was != '\0')
            continue;
        *p = '\0';
        if (mkdir(copy, 0777) != 0 && errno != EEXIST) {
            oc_status st = OC_FAIL(err, OC_IO, "%s: cannot be made: %s", path, strerror(errno));
            free(copy);
            return st;
        }
        if (was == '\0')
            break;
        *p = was;
    }
    free(copy);
    if (stat(path, &at) != 0 || !S_ISDIR(at.st_mode))
        return OC_FAIL(err, OC_IO, "%s: is not a folder", path);
    return OC_OK;
}
