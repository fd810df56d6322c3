#include "observe/burn_file.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/bytes.h"
#include "core/xxh64.h"

#define VERSION 1u
#define ENTRIES_MAX 1024
#define EARLIEST_UNIX_S 1704067200.0 /* 2024: a clock that says less was never set */
#define PATH_BYTES 4200
#define TIME_MAX_S 1e12

/* In the byte order of the machine, which `order` tells; entries follow, then the checksum of all. */
typedef struct header {
    char          magic[8];
    uint32_t      version, order, entries, entry_bytes;
    oc_burn_clock clock;
} header;
static const char magic[8] = "OCBURN\r\n";
#define ORDER 0x01020304u

void oc_burn_clock_now(oc_burn_clock *now)
{
    struct timespec boot, wall;
    memset(now, 0, sizeof(*now));
    clock_gettime(CLOCK_BOOTTIME, &boot);
    clock_gettime(CLOCK_REALTIME, &wall);
    now->boot_s = (double)boot.tv_sec + (double)boot.tv_nsec * 1e-9;
    now->unix_s = (double)wall.tv_sec + (double)wall.tv_nsec * 1e-9;
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    ssize_t n = read(fd, now->boot, sizeof(now->boot) - 1);
    now->boot[n > 0 ? n : 0] = '\0';
    now->boot[strcspn(now->boot, "\n")] = '\0';
    close(fd);
}

double oc_burn_clock_passed(const oc_burn_clock *from, const oc_burn_clock *to)
{
    double s = to->unix_s - from->unix_s;
    if (*from->boot && strcmp(from->boot, to->boot) == 0)
        s = to->boot_s - from->boot_s;
    else if (from->unix_s < EARLIEST_UNIX_S || to->unix_s < EARLIEST_UNIX_S)
        s = 0.0;
    return s > 0.0 ? s : 0.0;
}

uint64_t oc_burn_key(const char *stream, const char *objective, double period_s)
{
    char text[256];
    int  n = snprintf(text, sizeof(text), "%.150s|%.60s|%.0f", stream, objective, period_s);
    return oc_xxh64(text, (size_t)n);
}

static oc_status check(const oc_bytes *file, header *h, const char *path, oc_error *err)
{
    uint64_t sum;
    if (file->n < sizeof(*h) + sizeof(sum))
        return OC_FAIL(err, OC_FORMAT, "%s: cut short", path);
    memcpy(h, file->data, sizeof(*h));
    if (memcmp(h->magic, magic, sizeof(magic)) != 0)
        return OC_FAIL(err, OC_FORMAT, "%s: is no file of burn rates", path);
    if (h->version > VERSION)
        return OC_FAIL(err, OC_UNSUPPORTED, "%s: of version %u, this program knows %u", path,
                       h->version, VERSION);
    if (h->order != ORDER || h->entry_bytes != sizeof(oc_burn_entry) || h->entries > ENTRIES_MAX ||
        file->n != sizeof(*h) + h->entries * sizeof(oc_burn_entry) + sizeof(sum))
        return OC_FAIL(err, OC_FORMAT, "%s: cut short, or of another kind of machine", path);
    memcpy(&sum, file->data + file->n - sizeof(sum), sizeof(sum));
    if (sum != oc_xxh64(file->data, file->n - sizeof(sum)))
        return OC_FAIL(err, OC_FORMAT, "%s: damaged (checksum)", path);
    h->clock.boot[OC_BOOT_ID_BYTES - 1] = '\0';
    if (!isfinite(h->clock.boot_s) || !isfinite(h->clock.unix_s))
        return OC_FAIL(err, OC_FORMAT, "%s: damaged (its time is none)", path);
    return OC_OK;
}

static oc_status check_entries(const oc_burn_entry *entry, size_t n, const char *path,
                               oc_error *err)
{
    for (size_t i = 0; i < n; i++)
        if (!(entry[i].time_s >= 0 && entry[i].time_s < TIME_MAX_S))
            return OC_FAIL(err, OC_FORMAT, "%s: damaged (entry %zu: its time is none)", path, i);
    return OC_OK;
}

oc_status oc_burn_file_read(const char *path, oc_burn_clock *written, oc_burn_entry **out,
                            size_t *n, oc_error *err)
{
    oc_bytes  file = {0};
    header    h;
    oc_status st;
    *n = 0;
    *out = NULL;
    if (access(path, F_OK) != 0 && errno == ENOENT)
        return OC_OK;
    if ((st = oc_bytes_open(path, &file, err)) != OC_OK)
        return st;
    if ((st = check(&file, &h, path, err)) != OC_OK || h.entries == 0)
        goto out;
    if (!(*out = malloc(h.entries * sizeof(**out)))) {
        st = OC_FAIL(err, OC_NOMEM, "%s: no memory", path);
        goto out;
    }
    memcpy(*out, file.data + sizeof(h), h.entries * sizeof(**out));
    if ((st = check_entries(*out, h.entries, path, err)) != OC_OK) {
        free(*out);
        *out = NULL;
        goto out;
    }
    *written = h.clock;
    *n = h.entries;
out:
    oc_bytes_close(&file);
    return st;
}

static bool write_all(int fd, const char *data, size_t n)
{
    while (n > 0) {
        ssize_t done = write(fd, data, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return false;
        data += done;
        n -= (size_t)done;
    }
    return true;
}

/* So that the new name outlives a power cut. */
static void sync_folder(const char *path)
{
    char        folder[PATH_BYTES];
    const char *slash = strrchr(path, '/');
    snprintf(folder, sizeof(folder), "%.*s", slash ? (int)(slash - path + 1) : 1,
             slash ? path : ".");
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        (void)fsync(fd);
        close(fd);
    }
}

static oc_status put(const char *path, const char *data, size_t n, oc_error *err)
{
    char fresh[PATH_BYTES];
    if ((size_t)snprintf(fresh, sizeof(fresh), "%s.new", path) >= sizeof(fresh))
        return OC_FAIL(err, OC_INVALID, "%.200s: the name is too long", path);
    int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0)
        return OC_FAIL(err, OC_IO, "%s: %s", fresh, strerror(errno));
    int why = write_all(fd, data, n) && fsync(fd) == 0 ? 0 : errno;
    if (close(fd) != 0 && !why)
        why = errno;
    if (!why && rename(fresh, path) != 0)
        why = errno;
    if (!why) {
        sync_folder(path);
        return OC_OK;
    }
    unlink(fresh);
    return OC_FAIL(err, OC_IO, "%s: %s", path, strerror(why));
}

oc_status oc_burn_file_write(const char *path, const oc_burn_clock *now, const oc_burn_entry *entry,
                             size_t n, size_t *bytes, oc_error *err)
{
    header   h;
    uint64_t sum;
    size_t   most = n < ENTRIES_MAX ? n : ENTRIES_MAX, body = most * sizeof(*entry);
    char    *data = malloc(sizeof(h) + body + sizeof(sum));
    if (!data)
        return OC_FAIL(err, OC_NOMEM, "%s: no memory", path);
    memset(&h, 0, sizeof(h)); /* holes between fields are in the checksum, too */
    memcpy(h.magic, magic, sizeof(magic));
    h.version = VERSION;
    h.order = ORDER;
    h.entries = (uint32_t)most;
    h.entry_bytes = sizeof(*entry);
    h.clock = *now;
    memcpy(data, &h, sizeof(h));
    memcpy(data + sizeof(h), entry, body);
    sum = oc_xxh64(data, sizeof(h) + body);
    memcpy(data + sizeof(h) + body, &sum, sizeof(sum));
    *bytes = sizeof(h) + body + sizeof(sum);
    oc_status st = put(path, data, *bytes, err);
    free(data);
    return st;
}
