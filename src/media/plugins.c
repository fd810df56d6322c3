#include "media/plugins.h"

#include <dlfcn.h>
#include <glob.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/plugin_folders.h"
#include "media/source.h"

#define PLUGINS_MAX 16

/* Filled once, read-only from then on.  Plug-ins are never unloaded: frames in flight hold pointers
 * to their code. */
static struct {
    oc_media_ops table[PLUGINS_MAX];
    char        *file[PLUGINS_MAX]; /* name without folder: the first folder's wins */
    size_t       n;
    char        *complaint[PLUGINS_MAX];
    size_t       n_complaints;
} loaded;

static pthread_once_t once = PTHREAD_ONCE_INIT;

oc_status oc_media_check(const char *path, const oc_media_ops *table, oc_media_ops *out,
                         oc_error *err)
{
    const uint32_t least = (uint32_t)offsetof(oc_media_ops, writer_open);

    if (!table)
        return OC_FAIL(err, OC_UNSUPPORTED, "%s: plug-in gave no table", path);
    if (table->abi != OC_MEDIA_ABI)
        return OC_FAIL(err, OC_UNSUPPORTED, "%s: plug-in speaks abi %u, we speak %u", path,
                       table->abi, OC_MEDIA_ABI);
    if (table->struct_size < least)
        return OC_FAIL(err, OC_UNSUPPORTED, "%s: plug-in's table has %u bytes, at least %u needed",
                       path, table->struct_size, least);
    oc_media_ops whole = {0};
    memcpy(&whole, table, table->struct_size < sizeof(whole) ? table->struct_size : sizeof(whole));
    const char *lacks = !whole.name    ? "name"
                        : !whole.probe ? "probe"
                        : !whole.open  ? "open"
                        : !whole.read  ? "read"
                        : !whole.close ? "close"
                                       : NULL;
    if (!lacks && whole.writer_open && (!whole.writer_put || !whole.writer_close))
        lacks = whole.writer_put ? "writer_close" : "writer_put";
    if (lacks)
        return OC_FAIL(err, OC_UNSUPPORTED, "%s: plug-in's table lacks '%s'", path, lacks);
    *out = whole;
    return OC_OK;
}

static void complain(const char *text)
{
    if (loaded.n_complaints < PLUGINS_MAX &&
        (loaded.complaint[loaded.n_complaints] = strdup(text)) != NULL)
        loaded.n_complaints++;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

static bool have_already(const char *path)
{
    for (size_t i = 0; i < loaded.n; i++)
        if (strcmp(loaded.file[i], base_name(path)) == 0)
            return true;
    return false;
}

static void load(const char *path)
{
    oc_error err = {0};
    void    *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);

    if (!library) {
        const char *why = dlerror();
        complain(why ? why : path);
        return;
    }
    void *symbol = dlsym(library, "oc_media_entry");
    if (!symbol) {
        (void)OC_FAIL(&err, OC_UNSUPPORTED, "%s: no symbol oc_media_entry", path);
        complain(err.message);
        dlclose(library);
        return;
    }
    oc_media_entry_fn *entry;
    memcpy(&entry, &symbol, sizeof(entry)); /* ISO C has no cast from data to function pointers */
    char *name = strdup(base_name(path));
    if (!name || oc_media_check(path, entry(), &loaded.table[loaded.n], &err) != OC_OK) {
        complain(name ? err.message : "no memory for plug-ins");
        free(name);
        dlclose(library);
        return;
    }
    loaded.file[loaded.n++] = name;
}

static void load_folder(const char *folder)
{
    char   pattern[OC_PLUGIN_PATH_BYTES + 16];
    glob_t found = {0};

    snprintf(pattern, sizeof(pattern), "%s/media_*.so", folder);
    if (glob(pattern, 0, NULL, &found) == 0)
        for (size_t i = 0; i < found.gl_pathc && loaded.n < PLUGINS_MAX; i++)
            if (!have_already(found.gl_pathv[i]))
                load(found.gl_pathv[i]);
    globfree(&found);
}

static void load_all(void)
{
    const char *folder;
    for (size_t i = 0; (folder = oc_plugin_folder(i)) != NULL; i++)
        load_folder(folder);
}

const oc_media_ops *oc_plugins_at(size_t i)
{
    pthread_once(&once, load_all);
    return i < loaded.n ? &loaded.table[i] : NULL;
}

const char *oc_plugins_complaint(size_t i)
{
    pthread_once(&once, load_all);
    return i < loaded.n_complaints ? loaded.complaint[i] : NULL;
}

oc_status oc_plugins_missing(const char *what, oc_error *err)
{
    pthread_once(&once, load_all);
    for (size_t i = 0; i < loaded.n_complaints; i++) {
        const char *why = loaded.complaint[i];
        if (strstr(why, "libav") || strstr(why, "libsw"))
            return OC_FAIL(err, OC_UNSUPPORTED,
                           "nobody here can %s this; the FFmpeg libraries are missing: %.160s. "
                           "Install libavformat59 libavcodec59 libavutil57 libswscale6 (Debian 12) "
                           "or libavformat61 libavcodec61 libavutil59 libswscale8 (Debian 13)",
                           what, why);
    }
    if (loaded.n_complaints > 0)
        return OC_FAIL(err, OC_UNSUPPORTED, "nobody here can %s this; %.380s", what,
                       loaded.complaint[0]);
    if (loaded.n > 0)
        return OC_FAIL(err, OC_UNSUPPORTED, "no reader or writer here can %s this", what);
    return OC_FAIL(err, OC_UNSUPPORTED,
                   "nobody here can %s this: the plug-in media_ffmpeg.so is in none of "
                   "$OCELLUS_PLUGINS, plugins/ beside the program and ../lib/ocellus/plugins. "
                   "To build it, install libavformat-dev libavcodec-dev libavutil-dev "
                   "libswscale-dev and build Ocellus again",
                   what);
}
