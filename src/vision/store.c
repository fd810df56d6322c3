/* Looking for files; fetching them is the program's business. */
#include "vision/store.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool put(char *path, size_t bytes, const char *fmt, ...) OC_PRINTF(3, 4);

static bool put(char *path, size_t bytes, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(path, bytes, fmt, ap);
    va_end(ap);
    return n >= 0 && (size_t)n < bytes;
}

static bool is_there(const char *path)
{
    return access(path, R_OK) == 0;
}

static bool program_folder(char *path, size_t bytes)
{
    ssize_t n = readlink("/proc/self/exe", path, bytes - 1);
    if (n <= 0 || (size_t)n >= bytes - 1)
        return false;
    path[n] = 0;
    char *slash = strrchr(path, '/');
    if (!slash)
        return false;
    *slash = 0;
    return true;
}

bool oc_store_folder(size_t i, char *path, size_t path_bytes)
{
    char        program[OC_PATH_MAX - 64];
    const char *own = getenv("OCELLUS_MODELS");
    path[0] = 0;
    if (!own || !*own)
        i++; /* the list begins with the next */
    switch (i) {
    case 0: return put(path, path_bytes, "%s", own);
    case 1: return put(path, path_bytes, "models");
    case 2:
    case 3:
        return program_folder(program, sizeof(program)) &&
               put(path, path_bytes, i == 2 ? "%s/../models" : "%s/../share/ocellus/models",
                   program);
    default: return false;
    }
}

oc_status oc_store_card(const char *name, oc_card **out, oc_error *err)
{
    size_t length = strlen(name);
    if (strchr(name, '/') || (length > 5 && strcmp(name + length - 5, ".yaml") == 0))
        return oc_card_load(name, out, err);
    char   folder[OC_PATH_MAX], path[OC_PATH_MAX], list[400] = "";
    size_t used = 0;
    for (size_t i = 0; oc_store_folder(i, folder, sizeof(folder)); i++) {
        if (put(path, sizeof(path), "%s/%s/card.yaml", folder, name) && is_there(path))
            return oc_card_load(path, out, err);
        int n = snprintf(list + used, sizeof(list) - used, "%s%s", i ? ", " : "", folder);
        if (n > 0 && (size_t)n < sizeof(list) - used)
            used += (size_t)n;
    }
    return OC_FAIL(err, OC_NOT_FOUND, "no card '%s' in: %s", name, list);
}

oc_status oc_store_cache(const char *folder, char *path, size_t path_bytes, oc_error *err)
{
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    bool        done;
    if (cache && *cache == '/')
        done = put(path, path_bytes, "%s/ocellus/%s", cache, folder);
    else if (home && *home == '/')
        done = put(path, path_bytes, "%s/.cache/ocellus/%s", home, folder);
    else
        return OC_FAIL(err, OC_INVALID, "neither XDG_CACHE_HOME nor HOME is set");
    return done ? OC_OK : OC_FAIL(err, OC_INVALID, "the path of the cache folder is too long");
}

/* A mirror has files flat, or in a folder a network, or as a copy of the cache. */
static bool in_mirror(const char *mirror, const char *kind, const char *name, const char *file,
                      char *path, size_t bytes)
{
    if (!mirror || !*mirror)
        return false;
    return (put(path, bytes, "%s/%s", mirror, file) && is_there(path)) ||
           (put(path, bytes, "%s/%s/%s", mirror, name, file) && is_there(path)) ||
           (put(path, bytes, "%s/%s/%s/%s", mirror, kind, name, file) && is_there(path));
}

oc_status oc_store_model(const oc_card *card, const char *mirror, char *path, size_t path_bytes,
                         oc_error *err)
{
    const oc_card_source *source = &card->source;
    if (!mirror)
        mirror = getenv("OCELLUS_MIRROR");
    if (in_mirror(mirror, "models", card->name, source->file, path, path_bytes))
        return OC_OK;
    for (size_t i = 0; i < source->n_mirror; i++)
        if (in_mirror(mirror, "models", card->name, source->mirror[i], path, path_bytes))
            return OC_OK;
    char      cache[OC_PATH_MAX];
    oc_status st = oc_store_cache("models", cache, sizeof(cache), err);
    if (st != OC_OK)
        return st;
    if (put(path, path_bytes, "%s/%s/%s", cache, card->name, source->file) && is_there(path))
        return OC_OK;
    return OC_FAIL(err, OC_NOT_FOUND, "the network '%s' was not fetched yet: ocellus models get %s",
                   card->name, card->name);
}

oc_status oc_store_media(const char *file, const char *mirror, char *path, size_t path_bytes,
                         oc_error *err)
{
    if (!mirror)
        mirror = getenv("OCELLUS_MIRROR");
    if (in_mirror(mirror, "media", ".", file, path, path_bytes))
        return OC_OK;
    char      cache[OC_PATH_MAX];
    oc_status st = oc_store_cache("media", cache, sizeof(cache), err);
    if (st != OC_OK)
        return st;
    if (put(path, path_bytes, "%s/%s", cache, file) && is_there(path))
        return OC_OK;
    return OC_FAIL(err, OC_NOT_FOUND, "'%s' was not fetched yet: ocellus models get --media %s",
                   file, file);
}
