#include "runtime/plan_cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/sha256.h"
#include "ocellus/plan.h"

#define SUFFIX ".ocplan"
#define STEM (2 * OC_SHA256_BYTES) /* hexadecimal digits before it */

/* ---- names ---- */

static void add_text(oc_sha256 *h, const char *text)
{
    oc_sha256_add(h, text, strlen(text) + 1);
}

static void add_number(oc_sha256 *h, uint64_t v)
{
    oc_sha256_add(h, &v, sizeof(v));
}

/* Of the file itself, whatever way leads there. */
static oc_status name_of(const char *model_path, const oc_session_options *o, char out[STEM + 1],
                         oc_error *err)
{
    unsigned char digest[OC_SHA256_BYTES];
    oc_sha256     h;
    char         *real = realpath(model_path, NULL);
    if (!real)
        return OC_FAIL(err, OC_IO, "%.200s: %s", model_path, strerror(errno));
    oc_sha256_init(&h);
    add_text(&h, real);
    free(real);
    add_text(&h, o->isa ? o->isa : "auto");
    add_text(&h, o->backend ? o->backend : "");
    add_number(&h, o->no_fusion);
    add_number(&h, o->memory_bytes_max);
    add_number(&h, o->n_shapes);
    for (size_t i = 0; i < o->n_shapes; i++) {
        const oc_shape *s = &o->shapes[i].info.shape;
        add_text(&h, o->shapes[i].name ? o->shapes[i].name : "");
        add_number(&h, s->rank);
        for (uint32_t d = 0; d < s->rank; d++)
            add_number(&h, (uint64_t)s->dim[d]);
    }
    oc_sha256_end(&h, digest);
    for (size_t i = 0; i < OC_SHA256_BYTES; i++)
        snprintf(out + 2 * i, 3, "%02x", digest[i]);
    return OC_OK;
}

/* ---- its size ---- */

typedef struct kept {
    char     name[STEM + sizeof(SUFFIX)];
    uint64_t bytes;
    int64_t  used_ns;
} kept;

static int64_t nanoseconds(struct timespec t)
{
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static bool is_plan(const char *name)
{
    return strlen(name) == STEM + strlen(SUFFIX) && strspn(name, "0123456789abcdef") == STEM &&
           strcmp(name + STEM, SUFFIX) == 0;
}

static int oldest_first(const void *a, const void *b)
{
    const int64_t x = ((const kept *)a)->used_ns, y = ((const kept *)b)->used_ns;
    return (x > y) - (x < y);
}

static size_t list(DIR *dir, kept **out)
{
    kept          *all = NULL;
    size_t         n = 0, cap = 0;
    struct dirent *e;
    struct stat    s;
    while ((e = readdir(dir))) {
        if (!is_plan(e->d_name) || fstatat(dirfd(dir), e->d_name, &s, AT_SYMLINK_NOFOLLOW) != 0 ||
            !S_ISREG(s.st_mode))
            continue;
        if (n == cap) {
            cap = cap ? 2 * cap : 32;
            kept *more = reallocarray(all, cap, sizeof(*more));
            if (!more)
                break; /* a matter of disk space alone */
            all = more;
        }
        all[n].bytes = (uint64_t)s.st_size;
        all[n].used_ns = nanoseconds(s.st_mtim);
        memcpy(all[n++].name, e->d_name, STEM + sizeof(SUFFIX));
    }
    *out = all;
    return n;
}

/* The plan `newest` stays, however large. */
static void trim(const oc_plan_cache *cache, const char *newest)
{
    DIR     *dir = opendir(cache->folder);
    kept    *all = NULL;
    uint64_t sum = 0;
    if (!dir)
        return;
    size_t n = list(dir, &all);
    if (n)
        qsort(all, n, sizeof(*all), oldest_first);
    for (size_t i = 0; i < n; i++)
        sum += all[i].bytes;
    for (size_t i = 0; i < n && sum > cache->bytes_max; i++) {
        if (strncmp(all[i].name, newest, STEM) == 0 || unlinkat(dirfd(dir), all[i].name, 0) != 0)
            continue;
        sum -= all[i].bytes;
    }
    free(all);
    closedir(dir);
}

/* ---- open ---- */

static oc_status make(const char *model_path, const oc_session_options *o, oc_session **out,
                      oc_error *err)
{
    oc_model *model = NULL;
    oc_status st = oc_model_load(model_path, &model, err);
    if (st == OC_OK && (st = oc_session_create(model, o, out, err)) != OC_OK)
        oc_error_prefix(err, "%s", model_path);
    oc_model_unref(model); /* the session holds it */
    return st;
}

/* With the folders around it, as far as they are not there. */
static bool make_folder(const char *folder)
{
    char *path = strdup(folder);
    bool  made = path != NULL;
    for (char *at = path ? strchr(path + 1, '/') : NULL; made && at; at = strchr(at + 1, '/')) {
        *at = 0;
        made = mkdir(path, 0700) == 0 || errno == EEXIST;
        *at = '/';
    }
    free(path);
    return made && (mkdir(folder, 0700) == 0 || errno == EEXIST);
}

static void keep(const oc_plan_cache *cache, const oc_session *session, const char *path,
                 const char *name, oc_plan_cache_seen *seen)
{
    oc_error why = {0};
    if (!make_folder(cache->folder))
        snprintf(seen->note, sizeof(seen->note), "no plan is kept: %.200s: %s", cache->folder,
                 strerror(errno));
    else if (oc_plan_save(session, path, &why) != OC_OK)
        snprintf(seen->note, sizeof(seen->note), "no plan is kept: %.300s", why.message);
    else
        trim(cache, name);
}

/* The plan of what is asked for: its path, and its name there.  Free the path. */
static oc_status place_of(const oc_plan_cache *cache, const char *model_path,
                          const oc_session_options *options, char name[STEM + 1], char **path,
                          oc_error *err)
{
    oc_status st;
    if (options->tune)
        return OC_FAIL(err, OC_INVALID, "a cache of plans knows no tuned kernels");
    if ((st = name_of(model_path, options, name, err)) != OC_OK)
        return st;
    if (asprintf(path, "%s/%s" SUFFIX, cache->folder, name) < 0)
        return OC_FAIL(err, OC_NOMEM, "path of a plan");
    return OC_OK;
}

oc_status oc_plan_cache_find(const oc_plan_cache *cache, const char *model_path,
                             const oc_session_options *options, oc_session **out,
                             oc_plan_cache_seen *seen, oc_error *err)
{
    char      name[STEM + 1], *path = NULL;
    oc_error  why = {0};
    oc_status st;
    *seen = (oc_plan_cache_seen){0};
    if ((st = place_of(cache, model_path, options, name, &path, err)) != OC_OK)
        return st;
    st = oc_plan_open(path, model_path, options, out, &why);
    seen->served = st == OC_OK;
    if (st == OC_OK)
        (void)utimensat(AT_FDCWD, path, NULL, 0); /* used now: a matter of what goes first */
    else if (st != OC_NOT_FOUND)
        snprintf(seen->note, sizeof(seen->note), "made anew: %.380s", why.message);
    free(path);
    return OC_OK;
}

oc_status oc_plan_cache_keep(const oc_plan_cache *cache, const char *model_path,
                             const oc_session_options *options, const oc_session *session,
                             oc_plan_cache_seen *seen, oc_error *err)
{
    char      name[STEM + 1], *path = NULL;
    oc_status st = place_of(cache, model_path, options, name, &path, err);
    if (st == OC_OK)
        keep(cache, session, path, name, seen);
    free(path);
    return st;
}

oc_status oc_plan_cache_open(const oc_plan_cache *cache, const char *model_path,
                             const oc_session_options *options, oc_session **out,
                             oc_plan_cache_seen *seen, oc_error *err)
{
    oc_session *s = NULL;
    oc_status   st = oc_plan_cache_find(cache, model_path, options, &s, seen, err);
    if (st == OC_OK && !s && (st = make(model_path, options, &s, err)) == OC_OK)
        st = oc_plan_cache_keep(cache, model_path, options, s, seen, err);
    if (st == OC_OK)
        *out = s;
    else
        oc_session_destroy(s);
    return st;
}
