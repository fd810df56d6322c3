#include "core/bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/arena.h"

static oc_status read_all(int fd, size_t size, oc_bytes *out, oc_error *err)
{
    unsigned char *data = oc_alloc64(size, 1);
    if (!data)
        return OC_FAIL(err, OC_NOMEM, "file of %zu bytes", size);
    size_t at = 0;
    while (at < size) {
        ssize_t n = read(fd, data + at, size - at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            oc_free64(data);
            return OC_FAIL(err, OC_IO, "read stops at byte %zu of %zu: %s", at, size,
                           n < 0 ? strerror(errno) : "the file became shorter");
        }
        at += (size_t)n;
    }
    *out = (oc_bytes){.data = data, .n = size};
    return OC_OK;
}

static oc_status open_fd(int fd, oc_bytes *out, oc_error *err)
{
    struct stat s;
    if (fstat(fd, &s) != 0)
        return OC_FAIL(err, OC_IO, "%s", strerror(errno));
    if (!S_ISREG(s.st_mode))
        return OC_FAIL(err, OC_IO, "not a regular file");
    size_t size = (size_t)s.st_size;
    if (size == 0)
        return OC_FAIL(err, OC_FORMAT, "the file is empty");
    bool ours = (s.st_uid == geteuid() || s.st_uid == 0) && (s.st_mode & 022) == 0;
    if (!ours)
        return read_all(fd, size, out, err);
    void *p = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (p == MAP_FAILED)
        return read_all(fd, size, out, err);
    *out = (oc_bytes){.data = p, .n = size, .mapped = true};
    return OC_OK;
}

oc_status oc_bytes_open(const char *path, oc_bytes *out, oc_error *err)
{
    int       fd = open(path, O_RDONLY | O_CLOEXEC);
    oc_status st = fd < 0 ? OC_FAIL(err, OC_IO, "%s", strerror(errno)) : open_fd(fd, out, err);
    if (fd >= 0)
        close(fd);
    if (st != OC_OK)
        oc_error_prefix(err, "%s", path);
    return st;
}

oc_status oc_bytes_copy(const void *from, size_t n, oc_bytes *out, oc_error *err)
{
    unsigned char *data = oc_alloc64(n, 1);
    if (!data)
        return OC_FAIL(err, OC_NOMEM, "copy of %zu bytes", n);
    if (n)
        memcpy(data, from, n);
    *out = (oc_bytes){.data = data, .n = n};
    return OC_OK;
}

void oc_bytes_close(oc_bytes *bytes)
{
    if (bytes->mapped)
        munmap((void *)(uintptr_t)bytes->data, bytes->n);
    else
        oc_free64((void *)(uintptr_t)bytes->data);
    *bytes = (oc_bytes){0};
}

void oc_pages_release(const void *p, size_t n)
{
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    const uintptr_t begin = ((uintptr_t)p + page - 1) / page * page;
    const uintptr_t end = ((uintptr_t)p + n) / page * page;

    if (end > begin)
        (void)madvise((void *)begin, end - begin, MADV_DONTNEED); /* a matter of memory alone */
}
