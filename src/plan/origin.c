#include "plan/origin.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

/* Time stamps of files come from a clock that ticks every few milliseconds: a file that changed less
 * than so long before its stamp was taken may change once more and keep the stamp. */
#define SETTLE_NS 50000000

static int64_t ns_of(struct timespec t)
{
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static char *path_of(const char *model_path, const char *name)
{
    const char *slash = strrchr(model_path, '/');
    char       *path = NULL;
    if (!*name)
        return strdup(model_path);
    if (asprintf(&path, "%.*s%s", slash ? (int)(slash - model_path + 1) : 0, model_path, name) < 0)
        return NULL;
    return path;
}

/* Inside the model's folder: relative, and no part is "..". */
static bool name_inside(const char *s)
{
    if (*s == '/' || *s == 0)
        return false;
    for (size_t n; *s; s += n + (s[n] == '/')) {
        n = strcspn(s, "/");
        if (n == 0 || (n == 2 && s[0] == '.' && s[1] == '.'))
            return false;
    }
    return true;
}

static oc_status stamp(const char *path, oc_origin_file *f, oc_error *err)
{
    struct stat     s;
    struct timespec now;
    if (stat(path, &s) != 0)
        return OC_FAIL(err, OC_IO, "%s: %s", path, strerror(errno));
    clock_gettime(CLOCK_REALTIME, &now);
    f->size = (uint64_t)s.st_size;
    f->device = (uint64_t)s.st_dev;
    f->inode = (uint64_t)s.st_ino;
    f->mtime_ns = ns_of(s.st_mtim);
    f->ctime_ns = ns_of(s.st_ctim);
    f->settled = ns_of(now) - f->ctime_ns > SETTLE_NS;
    return OC_OK;
}

static bool same_stamp(const oc_origin_file *a, const oc_origin_file *b)
{
    return a->settled && a->size == b->size && a->device == b->device && a->inode == b->inode &&
           a->mtime_ns == b->mtime_ns && a->ctime_ns == b->ctime_ns;
}

static oc_status add_file(oc_sha256 *sha, const char *path, const char *name,
                          const oc_bytes *loaded, oc_error *err)
{
    oc_bytes  bytes = {0};
    oc_status st = oc_bytes_open(path, &bytes, err);
    if (st != OC_OK)
        return st;
    if (loaded && (loaded->n != bytes.n || memcmp(loaded->data, bytes.data, bytes.n) != 0))
        st = OC_FAIL(err, OC_INVALID, "%s: changed since it was loaded", path);
    oc_sha256_add(sha, name, strlen(name));
    oc_sha256_add(sha, bytes.data, bytes.n);
    oc_bytes_close(&bytes);
    return st;
}

oc_status oc_origin_read(const char *model_path, const char *const *names,
                         const oc_bytes *const *contents, uint32_t n, oc_arena *mem, oc_origin *out,
                         oc_error *err)
{
    oc_origin made = {.n_files = n, .files = oc_arena_alloc(mem, n, sizeof(*made.files))};
    oc_sha256 sha;
    oc_status st = made.files ? OC_OK : OC_FAIL(err, OC_NOMEM, "files of a plan");
    oc_sha256_init(&sha);
    for (uint32_t i = 0; i < n && st == OC_OK; i++) {
        char *path = path_of(model_path, names[i]);
        made.files[i].name = oc_arena_strndup(mem, names[i], strlen(names[i]));
        if (!path || !made.files[i].name)
            st = OC_FAIL(err, OC_NOMEM, "files of a plan");
        else if ((st = stamp(path, &made.files[i], err)) == OC_OK)
            st = add_file(&sha, path, names[i], contents ? contents[i] : NULL, err);
        free(path);
    }
    oc_sha256_end(&sha, made.sha256);
    if (st == OC_OK)
        *out = made;
    return st;
}

static bool unchanged(const oc_origin *origin, const char *model_path)
{
    for (uint32_t i = 0; i < origin->n_files; i++) {
        oc_origin_file now = {0};
        char          *path = path_of(model_path, origin->files[i].name);
        bool same = path && stamp(path, &now, NULL) == OC_OK && same_stamp(&origin->files[i], &now);
        free(path);
        if (!same)
            return false;
    }
    return true;
}

oc_status oc_origin_check(const oc_origin *origin, const char *model_path, oc_error *err)
{
    const char *names[OC_ORIGIN_FILES_MAX];
    oc_origin   now = {0};
    oc_arena    mem = {0};
    if (unchanged(origin, model_path))
        return OC_OK;
    for (uint32_t i = 0; i < origin->n_files; i++)
        names[i] = origin->files[i].name;
    oc_status st = oc_origin_read(model_path, names, NULL, origin->n_files, &mem, &now, err);
    if (st == OC_OK && memcmp(now.sha256, origin->sha256, sizeof(now.sha256)) != 0)
        st = OC_FAIL(err, OC_UNSUPPORTED, "%s is not the model it was made from (sha256 differs)",
                     model_path);
    oc_arena_finish(&mem);
    return st;
}

void oc_origin_put(const oc_origin *origin, oc_plan_out *out)
{
    oc_plan_put(out, origin->sha256, sizeof(origin->sha256));
    oc_plan_put_u32(out, origin->n_files);
    for (uint32_t i = 0; i < origin->n_files; i++) {
        const oc_origin_file *f = &origin->files[i];
        oc_plan_put_text(out, f->name);
        oc_plan_put_u64(out, f->size);
        oc_plan_put_u64(out, f->device);
        oc_plan_put_u64(out, f->inode);
        oc_plan_put_u64(out, (uint64_t)f->mtime_ns);
        oc_plan_put_u64(out, (uint64_t)f->ctime_ns);
        oc_plan_put_u8(out, f->settled);
    }
}

void oc_origin_get(oc_origin *origin, oc_plan_in *in, oc_arena *mem)
{
    const void *sha = oc_plan_get(in, sizeof(origin->sha256));
    if (sha)
        memcpy(origin->sha256, sha, sizeof(origin->sha256));
    origin->n_files = oc_plan_get_count(in, 45);
    origin->files = oc_arena_alloc(mem, (size_t)origin->n_files + 1, sizeof(*origin->files));
    if (!origin->files || origin->n_files == 0 || origin->n_files > OC_ORIGIN_FILES_MAX) {
        in->bad = true;
        origin->n_files = 0;
        return;
    }
    for (uint32_t i = 0; i < origin->n_files; i++) {
        oc_origin_file *f = &origin->files[i];
        f->name = oc_plan_get_text(in, mem);
        f->size = oc_plan_get_u64(in);
        f->device = oc_plan_get_u64(in);
        f->inode = oc_plan_get_u64(in);
        f->mtime_ns = (int64_t)oc_plan_get_u64(in);
        f->ctime_ns = (int64_t)oc_plan_get_u64(in);
        f->settled = oc_plan_get_u8(in) == 1;
        if (i == 0 ? *f->name != 0 : !name_inside(f->name))
            in->bad = true;
    }
}
