/* Kinds and options; plug-ins, found and loaded when a sink first asks for one. */
#include "events/bus_kinds.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/plugin_folders.h"

static const oc_bus_kind kinds[] = {
    {"jsonl", &oc_bus_jsonl, "", "", "", "lines of JSON in a file that is changed by size or age"},
    {"webhook", &oc_bus_webhook, "", "", "", "HTTP POST, signed as Standard Webhooks"},
    {"mqtt", NULL, "libmosquitto1 libjansson4", "mosquitto", "libmosquitto-dev",
     "MQTT 3.1.1 and 5, Home Assistant, Sparkplug B"},
    {"kafka", NULL, "librdkafka1", "rdkafka", "librdkafka-dev", "Kafka, idempotent producer"},
    {"nats", NULL, "libnats3.4 (Debian 12), libnats3.7t64 (Debian 13)", "nats", "libnats-dev",
     "NATS JetStream"},
    {"redis", NULL, "libhiredis0.14 (Debian 12), libhiredis1.1.0 (Debian 13)", "hiredis",
     "libhiredis-dev", "Redis streams"},
};

#define KIND(kind) #kind
static const oc_bus_option options[] = {
#define TEXT(kind, key, needed, help) \
    {KIND(kind), key, OC_BUS_TEXT, needed, 0, 0, NULL, NULL, NULL, help},
#define TEXTS(kind, key, help) {KIND(kind), key, OC_BUS_TEXTS, false, 0, 0, NULL, NULL, NULL, help},
#define INT(kind, key, low, high, help) \
    {KIND(kind), key, OC_BUS_INT, false, low, high, NULL, NULL, NULL, help},
#define SECONDS(kind, key, low, high, help) \
    {KIND(kind), key, OC_BUS_SECONDS, false, low, high, NULL, NULL, NULL, help},
#define BOOL(kind, key, help) {KIND(kind), key, OC_BUS_BOOL, false, 0, 0, NULL, NULL, NULL, help},
#define WORD(kind, key, words, help) \
    {KIND(kind), key, OC_BUS_WORD, false, 0, 0, words, NULL, NULL, help},
#define SECRET(kind, key, help) \
    {KIND(kind), key, OC_BUS_SECRET, false, 0, 0, NULL, key "_file", key "_env", help},
#include "events/bus_options.inc"
#undef TEXT
#undef TEXTS
#undef INT
#undef SECONDS
#undef BOOL
#undef WORD
#undef SECRET
};

#define N_KINDS (sizeof(kinds) / sizeof(kinds[0]))

const oc_bus_kind *oc_bus_kind_at(size_t i)
{
    return i < N_KINDS ? &kinds[i] : NULL;
}

const oc_bus_kind *oc_bus_kind_find(const char *name)
{
    for (size_t i = 0; i < N_KINDS; i++)
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    return NULL;
}

const oc_bus_option *oc_bus_option_at(size_t i)
{
    return i < sizeof(options) / sizeof(options[0]) ? &options[i] : NULL;
}

/* ---- plug-ins ---- */

static struct {
    pthread_mutex_t lock;
    oc_bus_ops      ops[N_KINDS]; /* name NULL: not loaded */
} loaded = {.lock = PTHREAD_MUTEX_INITIALIZER};

oc_status oc_bus_check(const char *path, const oc_bus_ops *table, oc_bus_ops *whole, oc_error *err)
{
    const uint32_t least = (uint32_t)offsetof(oc_bus_ops, local);
    if (!table)
        return OC_FAIL(err, OC_UNSUPPORTED, "%s: plug-in gave no table", path);
    if (table->abi != OC_BUS_ABI)
        return OC_FAIL(err, OC_UNSUPPORTED, "%s: plug-in speaks abi %u, we speak %u", path,
                       table->abi, OC_BUS_ABI);
    if (table->struct_size < least)
        return OC_FAIL(err, OC_UNSUPPORTED, "%s: plug-in's table has %u bytes, at least %u needed",
                       path, table->struct_size, least);
    *whole = (oc_bus_ops){0};
    memcpy(whole, table, table->struct_size < sizeof(*whole) ? table->struct_size : sizeof(*whole));
    const char *lacks = !whole->name      ? "name"
                        : !whole->open    ? "open"
                        : !whole->deliver ? "deliver"
                        : !whole->close   ? "close"
                                          : NULL;
    if (lacks)
        return OC_FAIL(err, OC_UNSUPPORTED, "%s: plug-in's table lacks '%s'", path, lacks);
    return OC_OK;
}

/* Never unloaded: client libraries leave threads behind. */
static oc_status load(const char *path, oc_bus_ops *out, oc_error *err)
{
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        const char *why = dlerror();
        return OC_FAIL(err, OC_UNSUPPORTED, "%s", why ? why : path);
    }
    void *symbol = dlsym(library, "oc_bus_entry");
    if (!symbol) {
        dlclose(library);
        return OC_FAIL(err, OC_UNSUPPORTED, "%s: no symbol oc_bus_entry", path);
    }
    oc_bus_entry_fn *entry;
    memcpy(&entry, &symbol, sizeof(entry)); /* ISO C has no cast from data to function pointers */
    return oc_bus_check(path, entry(), out, err);
}

static oc_status missing(const oc_bus_kind *kind, const oc_error *why, oc_error *err)
{
    if (!why->message[0])
        return OC_FAIL(err, OC_UNSUPPORTED,
                       "no bus '%s' here: the plug-in bus_%s.so is in none of $OCELLUS_PLUGINS, "
                       "plugins/ beside the program and ../lib/ocellus/plugins. To build it, "
                       "install %s and build Ocellus again",
                       kind->name, kind->name, kind->package_dev);
    if (strstr(why->message, "cannot open shared object"))
        return OC_FAIL(err, OC_UNSUPPORTED, "no bus '%s' here: %.200s. Install %s", kind->name,
                       why->message, kind->packages);
    return OC_FAIL(err, OC_UNSUPPORTED, "no bus '%s' here: %.300s", kind->name, why->message);
}

static oc_status find_plugin(const oc_bus_kind *kind, oc_bus_ops *out, oc_error *err)
{
    char        path[OC_PLUGIN_PATH_BYTES];
    const char *folder;
    oc_error    why = {0};
    for (size_t i = 0; (folder = oc_plugin_folder(i)) != NULL; i++) {
        int n = snprintf(path, sizeof(path), "%s/bus_%s.so", folder, kind->name);
        if (n < 0 || n >= (int)sizeof(path) || !oc_plugin_is_there(path))
            continue;
        if (load(path, out, &why) == OC_OK)
            return OC_OK;
    }
    return missing(kind, &why, err);
}

oc_status oc_bus_ops_find(const char *name, const oc_bus_ops **out, oc_error *err)
{
    const oc_bus_kind *kind = oc_bus_kind_find(name);
    oc_status          st = OC_OK;
    if (!kind)
        return OC_FAIL(err, OC_INVALID, "no kind of bus is called '%s'", name);
    if (kind->ops) {
        *out = kind->ops;
        return OC_OK;
    }
    pthread_mutex_lock(&loaded.lock);
    oc_bus_ops *ops = &loaded.ops[kind - kinds];
    if (!ops->name)
        st = find_plugin(kind, ops, err);
    if (st == OC_OK)
        *out = ops;
    else
        *ops = (oc_bus_ops){0};
    pthread_mutex_unlock(&loaded.lock);
    return st;
}

/* ---- options of built-in buses ---- */

const char *oc_bus_text(const oc_bus_options *o, const char *key, const char *missing_text)
{
    for (size_t i = 0; i < o->n_pairs; i++)
        if (strcmp(o->pair[i].key, key) == 0)
            return o->pair[i].value;
    return missing_text;
}

int64_t oc_bus_int(const oc_bus_options *o, const char *key, int64_t missing_value)
{
    const char *text = oc_bus_text(o, key, NULL);
    return text ? strtoll(text, NULL, 10) : missing_value;
}

double oc_bus_float(const oc_bus_options *o, const char *key, double missing_value)
{
    const char *text = oc_bus_text(o, key, NULL);
    return text ? strtod(text, NULL) : missing_value;
}
