/* Files and folders of a recording. */
#include "recording/ring.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "events/part.h"

#define INCIDENT "incident-"

static bool parse_name(const char *name, uint64_t *number)
{
    unsigned long long v;
    char               again[64];
    if (sscanf(name, "segment-%llu.ocrec", &v) != 1)
        return false;
    snprintf(again, sizeof(again), OC_SEGMENT_NAME, v);
    *number = v;
    return strcmp(again, name) == 0;
}

static int by_number(const void *a, const void *b)
{
    const oc_ring_segment *x = a, *y = b;
    return x->number < y->number ? -1 : x->number > y->number;
}

static oc_status grow(oc_ring_segment **list, size_t n, size_t *cap, oc_error *err)
{
    if (n < *cap)
        return OC_OK;
    size_t           more = *cap ? 2 * *cap : 64;
    oc_ring_segment *bigger = realloc(*list, more * sizeof(**list));
    if (!bigger)
        return OC_FAIL(err, OC_NOMEM, "a list of %zu segments", more);
    *list = bigger;
    *cap = more;
    return OC_OK;
}

oc_status oc_ring_list(const char *folder, oc_ring_segment **out, size_t *n, oc_error *err)
{
    oc_ring_segment *list = NULL;
    size_t           count = 0, cap = 0;
    oc_status        st = OC_OK;
    DIR             *d = opendir(folder);
    if (!d)
        return OC_FAIL(err, errno == ENOENT || errno == ENOTDIR ? OC_NOT_FOUND : OC_IO, "%s: %s",
                       folder, strerror(errno));
    for (struct dirent *e; st == OC_OK && (e = readdir(d));) {
        uint64_t    number;
        struct stat s;
        if (!parse_name(e->d_name, &number) || fstatat(dirfd(d), e->d_name, &s, 0) != 0 ||
            !S_ISREG(s.st_mode))
            continue;
        if ((st = grow(&list, count, &cap, err)) == OC_OK)
            list[count++] = (oc_ring_segment){number, (uint64_t)s.st_size, (double)s.st_mtime};
    }
    closedir(d);
    if (st != OC_OK) {
        free(list);
        return st;
    }
    if (count)
        qsort(list, count, sizeof(*list), by_number);
    *out = list;
    *n = count;
    return OC_OK;
}

static void segment_path(const oc_ring *r, uint64_t number, char *path)
{
    snprintf(path, OC_RING_PATH, "%s/" OC_SEGMENT_NAME, r->folder, (unsigned long long)number);
}

static oc_status take_lock(oc_ring *r, oc_error *err)
{
    char path[OC_RING_PATH];
    snprintf(path, sizeof(path), "%s/lock", r->folder);
    r->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (r->lock < 0)
        return OC_FAIL(err, OC_IO, "%s: %s", path, strerror(errno));
    if (flock(r->lock, LOCK_EX | LOCK_NB) != 0)
        return OC_FAIL(err, OC_BUSY, "%s: another program is recording into it", r->folder);
    return OC_OK;
}

oc_status oc_ring_open(oc_ring *r, const char *folder, uint64_t bytes_max, double seconds_max,
                       oc_error *err)
{
    *r = (oc_ring){.bytes_max = bytes_max, .seconds_max = seconds_max, .lock = -1};
    if (strlen(folder) >= sizeof(r->folder))
        return OC_FAIL(err, OC_INVALID, "the folder's name is too long");
    snprintf(r->folder, sizeof(r->folder), "%s", folder);
    oc_status st = oc_make_folders(folder, err);
    if (st == OC_OK)
        st = take_lock(r, err);
    if (st == OC_OK)
        st = oc_ring_list(folder, &r->item, &r->n, err);
    r->cap = r->n;
    for (size_t i = 0; i < r->n; i++)
        r->bytes += r->item[i].bytes;
    if (st != OC_OK)
        oc_ring_close(r);
    return st;
}

void oc_ring_close(oc_ring *r)
{
    if (r->lock >= 0)
        close(r->lock);
    r->lock = -1;
    free(r->item);
    r->item = NULL;
    r->n = r->cap = 0;
}

oc_status oc_ring_next(oc_ring *r, double now_s, char *path, oc_error *err)
{
    uint64_t  number = r->n ? r->item[r->n - 1].number + 1 : 1;
    oc_status st = grow(&r->item, r->n, &r->cap, err);
    if (st != OC_OK)
        return st;
    r->item[r->n++] = (oc_ring_segment){.number = number, .begun_s = now_s};
    segment_path(r, number, path);
    return OC_OK;
}

bool oc_ring_shed(oc_ring *r)
{
    char path[OC_RING_PATH];
    if (r->n < 2)
        return false;
    segment_path(r, r->item[0].number, path);
    (void)unlink(path); /* somebody else's broom may have been quicker */
    r->bytes -= r->item[0].bytes;
    memmove(r->item, r->item + 1, --r->n * sizeof(*r->item));
    return true;
}

bool oc_ring_fit(oc_ring *r, uint64_t bytes, double now_s)
{
    /* a segment is over in time when the one after it has begun long enough ago */
    while (r->seconds_max > 0 && r->n >= 2 && now_s - r->item[1].begun_s > r->seconds_max)
        oc_ring_shed(r);
    while (r->bytes + bytes > r->bytes_max && oc_ring_shed(r)) {}
    return r->bytes + bytes <= r->bytes_max;
}

void oc_ring_added(oc_ring *r, uint64_t bytes)
{
    r->item[r->n - 1].bytes += bytes;
    r->bytes += bytes;
}

/* ---- incidents ---- */

static void remove_folder(const char *path)
{
    DIR *d = opendir(path);
    for (struct dirent *e; d && (e = readdir(d));)
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            (void)unlinkat(dirfd(d), e->d_name, 0);
    if (d)
        closedir(d);
    (void)rmdir(path);
}

static int is_incident(const struct dirent *e)
{
    return strncmp(e->d_name, INCIDENT, strlen(INCIDENT)) == 0;
}

/* Their names sort by time, and those of one second by their number. */
static void keep_newest(const oc_ring *r, size_t keep)
{
    struct dirent **list;
    int             n = scandir(r->folder, &list, is_incident, versionsort);
    for (int i = 0; i < n; i++) {
        char path[OC_RING_PATH + 256];
        snprintf(path, sizeof(path), "%s/%s", r->folder, list[i]->d_name);
        if (i + (int)keep < n)
            remove_folder(path);
        free(list[i]);
    }
    if (n >= 0)
        free(list);
}

static oc_status link_all(const oc_ring *r, const char *folder, oc_error *err)
{
    for (size_t i = 0; i < r->n; i++) {
        char from[OC_RING_PATH], to[OC_RING_PATH + 64];
        segment_path(r, r->item[i].number, from);
        snprintf(to, sizeof(to), "%s/" OC_SEGMENT_NAME, folder,
                 (unsigned long long)r->item[i].number);
        if (link(from, to) != 0 && errno != ENOENT)
            return OC_FAIL(err, OC_IO, "%s: %s", to, strerror(errno));
    }
    return OC_OK;
}

oc_status oc_ring_incident(const oc_ring *r, double now_s, size_t keep, char *path, oc_error *err)
{
    time_t    now = (time_t)now_s;
    struct tm utc;
    char      text[32];
    strftime(text, sizeof(text), "%Y%m%dT%H%M%SZ", gmtime_r(&now, &utc));
    for (int i = 0; i < 100; i++) { /* two within a second */
        if (i)
            snprintf(path, OC_RING_PATH, "%s/" INCIDENT "%s-%d", r->folder, text, i);
        else
            snprintf(path, OC_RING_PATH, "%s/" INCIDENT "%s", r->folder, text);
        if (mkdir(path, 0755) == 0) {
            keep_newest(r, keep);
            return link_all(r, path, err);
        }
        if (errno != EEXIST)
            break;
    }
    return OC_FAIL(err, OC_IO, "%s: %s", path, strerror(errno));
}
