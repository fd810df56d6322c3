/* Images as a source: one file, the files of a folder, or those a glob names; sorted by name. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "media/image.h"
#include "media/source_builtin.h"

#define FILE_BYTES_MAX ((size_t)1 << 30)

struct oc_source {
    char              **paths;
    size_t              n, room, at;
    oc_frame_pool      *pool;
    oc_frame           *first; /* decoded at open, to know the size */
    uint8_t            *bytes; /* of the file in hand; grows to the largest */
    size_t              bytes_room;
    double              fps;
    bool                many; /* a message names the file */
    const volatile int *cancel;
};

static bool is_image(const char *path)
{
    const char *s = oc_url_suffix(path);

    return strcasecmp(s, "jpg") == 0 || strcasecmp(s, "jpeg") == 0 || strcasecmp(s, "png") == 0;
}

static int image_probe(const char *url)
{
    struct stat s;

    if (strstr(url, "://") || strncmp(url, "v4l2:", 5) == 0)
        return 0;
    if (stat(url, &s) == 0)
        return S_ISDIR(s.st_mode) ? 100 : is_image(url) ? 90 : 0;
    return strpbrk(url, "*?[") ? 90 : 0;
}

static void image_close(oc_source *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->n; i++)
        free(s->paths[i]);
    free(s->paths);
    free(s->bytes);
    oc_frame_unref(s->first);
    oc_frame_pool_destroy(s->pool);
    free(s);
}

static oc_status add_path(oc_source *s, const char *folder, const char *name, oc_error *err)
{
    if (s->n == s->room) {
        size_t room = s->room ? 2 * s->room : 64;
        char **paths = realloc(s->paths, room * sizeof(*paths));
        if (!paths)
            return OC_FAIL(err, OC_NOMEM, "no memory for %zu file names", room);
        s->paths = paths;
        s->room = room;
    }
    char *path = NULL;
    if (asprintf(&path, "%s%s%s", folder, folder[0] ? "/" : "", name) < 0)
        return OC_FAIL(err, OC_NOMEM, "no memory for a file name");
    s->paths[s->n++] = path;
    return OC_OK;
}

static oc_status list_folder(oc_source *s, const char *url, oc_error *err)
{
    DIR      *dir = opendir(url);
    oc_status st = OC_OK;

    if (!dir)
        return OC_FAIL(err, OC_IO, "%s", strerror(errno));
    for (struct dirent *e; st == OC_OK && (e = readdir(dir)) != NULL;)
        if (e->d_name[0] != '.' && is_image(e->d_name))
            st = add_path(s, url, e->d_name, err);
    closedir(dir);
    return st;
}

static oc_status list_glob(oc_source *s, const char *url, oc_error *err)
{
    glob_t    found = {0};
    oc_status st = OC_OK;

    if (glob(url, 0, NULL, &found) == 0)
        for (size_t i = 0; st == OC_OK && i < found.gl_pathc; i++)
            if (is_image(found.gl_pathv[i]))
                st = add_path(s, "", found.gl_pathv[i], err);
    globfree(&found);
    return st;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static oc_status list(oc_source *s, const char *url, oc_error *err)
{
    struct stat info;
    oc_status   st;

    if (stat(url, &info) != 0)
        st = list_glob(s, url, err);
    else if (S_ISDIR(info.st_mode))
        st = list_folder(s, url, err);
    else
        return add_path(s, "", url, err);
    if (st != OC_OK)
        return st;
    s->many = true;
    if (s->n == 0)
        return OC_FAIL(err, OC_NOT_FOUND, "no .jpg, .jpeg or .png file there");
    qsort(s->paths, s->n, sizeof(*s->paths), by_name);
    return OC_OK;
}

static oc_status read_fd(oc_source *s, int fd, size_t *n, oc_error *err)
{
    struct stat info;

    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode))
        return OC_FAIL(err, OC_IO, "not a file");
    if ((uint64_t)info.st_size > FILE_BYTES_MAX)
        return OC_FAIL(err, OC_UNSUPPORTED, "image file of more than %zu MB", FILE_BYTES_MAX >> 20);
    size_t size = (size_t)info.st_size;
    if (size > s->bytes_room) {
        size_t   room = size + size / 4;
        uint8_t *bytes = realloc(s->bytes, room);
        if (!bytes)
            return OC_FAIL(err, OC_NOMEM, "no memory for a file of %zu bytes", size);
        s->bytes = bytes;
        s->bytes_room = room;
    }
    for (*n = 0; *n < size;) {
        ssize_t got = read(fd, s->bytes + *n, size - *n);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return OC_FAIL(err, OC_IO, "%s", strerror(errno));
        if (got == 0)
            break;
        *n += (size_t)got;
    }
    return OC_OK;
}

static oc_status load(oc_source *s, size_t i, oc_frame **out, oc_error *err)
{
    size_t    n = 0;
    int       fd = open(s->paths[i], O_RDONLY | O_CLOEXEC);
    oc_status st;

    if (fd < 0) {
        st = OC_FAIL(err, OC_IO, "%s", strerror(errno));
    } else {
        st = read_fd(s, fd, &n, err);
        close(fd);
    }
    if (st == OC_OK)
        st = oc_image_decode_pool(s->bytes, n, s->pool, out, err);
    if (st != OC_OK && s->many) {
        const char *slash = strrchr(s->paths[i], '/');
        oc_error_prefix(err, "%s", slash ? slash + 1 : s->paths[i]);
    }
    return st;
}

static oc_status image_open(const oc_source_options *options, oc_source **out, oc_source_info *info,
                            oc_error *err)
{
    oc_source *s = calloc(1, sizeof(*s));
    oc_status  st;

    if (!s)
        return OC_FAIL(err, OC_NOMEM, "no memory for a source");
    s->fps = oc_source_fps(options);
    s->cancel = options->cancel;
    if ((st = oc_frame_pool_create(&s->pool, err)) != OC_OK ||
        (st = list(s, options->url, err)) != OC_OK || (st = load(s, 0, &s->first, err)) != OC_OK) {
        image_close(s);
        return st;
    }
    info->width = s->first->width;
    info->height = s->first->height;
    info->fps = s->fps;
    info->frames = (int64_t)s->n;
    snprintf(info->codec, sizeof(info->codec), "%s", oc_url_suffix(s->paths[0]));
    *out = s;
    return OC_OK;
}

static oc_status image_read(oc_source *s, oc_frame **out, oc_error *err)
{
    oc_frame *frame = s->first;

    if (oc_source_cancelled(s->cancel))
        return OC_FAIL(err, OC_CANCELLED, "cancelled");
    if (s->at == s->n)
        return OC_END;
    s->first = NULL;
    if (!frame) {
        oc_status st = load(s, s->at, &frame, err);
        if (st != OC_OK)
            return st;
    }
    frame->pts_ns = (int64_t)((double)s->at++ * 1e9 / s->fps + 0.5);
    *out = frame;
    return OC_OK;
}

const oc_media_ops oc_source_image = {
    .abi = OC_MEDIA_ABI,
    .struct_size = sizeof(oc_media_ops),
    .name = "image",
    .probe = image_probe,
    .open = image_open,
    .read = image_read,
    .close = image_close,
};
