/* Readers of counters, and what they tell as metrics. */
#include "observe/accelerators.h"

#include <dlfcn.h>
#include <glob.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "core/plugin_folders.h"

#define DEVICES_MAX 16 /* of a reader */

const char *oc_counters_fault(const oc_counters_ops *t)
{
    if (!t)
        return "gave no table";
    if (t->abi != OC_COUNTERS_ABI)
        return "speaks another abi";
    if (t->struct_size < sizeof(*t))
        return "has a table that is too short";
    if (!t->name || !*t->name ||
        strspn(t->name, "abcdefghijklmnopqrstuvwxyz0123456789_") != strlen(t->name))
        return "has no name of [a-z0-9_]";
    return t->open && t->count && t->read && t->close ? NULL : "lacks a function";
}

static void complain(char *to, size_t bytes, const char *file, const char *why)
{
    size_t n = to ? strlen(to) : 0;
    if (to && n < bytes)
        snprintf(to + n, bytes - n, "%s: %s\n", file, why);
}

static bool add(oc_accelerators *a, const oc_counters_ops *ops, char *why, size_t bytes)
{
    void *self = NULL;
    if (a->n == OC_COUNTERS_MAX || ops->open(&self, why, bytes) != 0)
        return false;
    a->ops[a->n] = ops;
    a->self[a->n++] = self;
    return true;
}

/* The library stays: its code may be running when nobody expects it. */
static void load(oc_accelerators *a, const char *path, char *complaints, size_t bytes)
{
    char                  why[256] = "";
    oc_counters_entry_fn *entry = NULL;
    void                 *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    void                 *symbol = library ? dlsym(library, "oc_counters_entry") : NULL;
    if (!symbol) {
        const char *text = dlerror();
        complain(complaints, bytes, path, text ? text : "no symbol oc_counters_entry");
        return;
    }
    memcpy(&entry, &symbol, sizeof(entry)); /* ISO C has no cast from data to function pointers */
    const oc_counters_ops *table = entry();
    const char            *fault = oc_counters_fault(table);
    for (size_t i = 0; i < a->n && !fault; i++)
        if (strcmp(a->ops[i]->name, table->name) == 0)
            return; /* the first folder's wins */
    if (fault)
        complain(complaints, bytes, path, fault);
    else if (!add(a, table, why, sizeof(why)) && *why)
        complain(complaints, bytes, path, why);
}

void oc_accelerators_init(oc_accelerators *a, oc_metrics *m, char *complaints, size_t bytes)
{
    char why[256] = "";
    *a = (oc_accelerators){.metrics = m};
    if (complaints && bytes)
        complaints[0] = '\0';
    if (!add(a, &oc_counters_nvml, why, sizeof(why)) && *why)
        complain(complaints, bytes, oc_counters_nvml.name, why);
    for (size_t i = 0; oc_plugin_folder(i); i++) {
        char   pattern[OC_PLUGIN_PATH_BYTES + 32];
        glob_t found = {0};
        snprintf(pattern, sizeof(pattern), "%s/counters_*.so", oc_plugin_folder(i));
        if (glob(pattern, 0, NULL, &found) == 0)
            for (size_t f = 0; f < found.gl_pathc; f++)
                load(a, found.gl_pathv[f], complaints, bytes);
        globfree(&found);
    }
}

void oc_accelerators_finish(oc_accelerators *a)
{
    for (size_t i = 0; i < a->n; i++)
        a->ops[i]->close(a->self[i]);
    a->n = 0;
}

static void set(const oc_accelerators *a, oc_metric_id id, const char *device, const char *kind,
                double value)
{
    const char *const values[OC_METRIC_LABELS_MAX] = {device, kind};
    if (isfinite(value))
        oc_series_set(oc_metrics_series(a->metrics, id, values), value);
}

static void tell(const oc_accelerators *a, const char *driver, size_t i,
                 const oc_counters_reading *r)
{
    char device[64];
    snprintf(device, sizeof(device), "%s%zu", driver, i);
    const char *const about[] = {device, driver, r->name, r->id};
    oc_metrics_series(a->metrics, OC_M_ACCELERATOR, about);
    set(a, OC_M_ACCELERATOR_USE, device, NULL, r->used_ratio);
    set(a, OC_M_ACCELERATOR_MEMORY, device, "total", r->memory_total_bytes);
    set(a, OC_M_ACCELERATOR_MEMORY, device, "used", r->memory_used_bytes);
    set(a, OC_M_ACCELERATOR_TEMPERATURE, device, NULL, r->celsius);
    set(a, OC_M_ACCELERATOR_POWER, device, NULL, r->watts);
    set(a, OC_M_ACCELERATOR_CLOCK, device, NULL, r->hertz);
    set(a, OC_M_ACCELERATOR_CLOCK_MAX, device, NULL, r->hertz_max);
    set(a, OC_M_ACCELERATOR_THROTTLED, device, "power", (r->slowed & OC_SLOWED_POWER) != 0);
    set(a, OC_M_ACCELERATOR_THROTTLED, device, "heat", (r->slowed & OC_SLOWED_HEAT) != 0);
    set(a, OC_M_ACCELERATOR_THROTTLED, device, "other", (r->slowed & OC_SLOWED_OTHER) != 0);
}

void oc_accelerators_collect(void *accelerators)
{
    const oc_accelerators *a = accelerators;
    for (size_t k = 0; k < a->n; k++) {
        size_t n = a->ops[k]->count(a->self[k]);
        for (size_t i = 0; i < n && i < DEVICES_MAX; i++) {
            const double        none = (double)NAN;
            oc_counters_reading r = {.struct_size = sizeof(r),
                                     .used_ratio = none,
                                     .memory_total_bytes = none,
                                     .memory_used_bytes = none,
                                     .celsius = none,
                                     .watts = none,
                                     .hertz = none,
                                     .hertz_max = none};
            if (a->ops[k]->read(a->self[k], i, &r) == 0) {
                r.name[sizeof(r.name) - 1] = r.id[sizeof(r.id) - 1] = '\0';
                tell(a, a->ops[k]->name, i, &r);
            }
        }
    }
}
