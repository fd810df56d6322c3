/* bus_plugin.h -- what every bus plug-in writes anew otherwise: errors, options, names of topics. */
#ifndef OCELLUS_BUS_PLUGIN_H
#define OCELLUS_BUS_PLUGIN_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ocellus/bus.h"

#ifdef __cplusplus
extern "C" {
#endif

#define OC_BUS_FAIL(err, status, ...) \
    oc_bus_fail_at((err), (status), __FILE__, __LINE__, __VA_ARGS__)

OC_PRINTF(5, 6)
static inline oc_status oc_bus_fail_at(oc_error *err, oc_status status, const char *file, int line,
                                       const char *fmt, ...)
{
    if (!err)
        return status;
    err->status = status;
    err->file = file;
    err->line = line;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(err->message, sizeof(err->message), fmt, ap);
    va_end(ap);
    return status;
}

static inline const char *oc_bus_option_text(const oc_bus_options *o, const char *key,
                                             const char *missing)
{
    for (size_t i = 0; i < o->n_pairs; i++)
        if (strcmp(o->pair[i].key, key) == 0)
            return o->pair[i].value;
    return missing;
}

static inline int64_t oc_bus_option_int(const oc_bus_options *o, const char *key, int64_t missing)
{
    const char *text = oc_bus_option_text(o, key, NULL);
    return text ? (int64_t)strtoll(text, NULL, 10) : missing;
}

static inline bool oc_bus_option_bool(const oc_bus_options *o, const char *key, bool missing)
{
    const char *text = oc_bus_option_text(o, key, NULL);
    return text ? strcmp(text, "true") == 0 : missing;
}

static inline bool oc_bus_cancelled(const oc_bus_options *o)
{
    return __atomic_load_n(o->cancel, __ATOMIC_RELAXED) != 0;
}

#ifdef CLOCK_MONOTONIC                     /* wants _GNU_SOURCE or a POSIX feature macro */
static inline uint64_t oc_bus_now_ms(void) /* monotonic */
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}
#endif

/* Text goes into one level of a topic: bytes of `forbidden` and control characters become '_'. */
static inline size_t oc_bus_level(char *to, size_t bytes, const char *from, const char *forbidden)
{
    size_t n = 0;
    for (; *from; from++, n++)
        if (n + 1 < bytes)
            to[n] = (unsigned char)*from < 0x20 || *from == 0x7F || strchr(forbidden, *from)
                        ? '_'
                        : *from;
    if (bytes > 0)
        to[n < bytes ? n : bytes - 1] = '\0';
    return n;
}

/* "{root}/{device}/{stream}/{type}" with values put in.  Gives back the length that the whole would
 * have (longer than bytes - 1: cut off), or SIZE_MAX for a name in braces that is none of these. */
static inline size_t oc_bus_topic(char *to, size_t bytes, const char *pattern, const char *root,
                                  const char *device, const char *stream, const char *type,
                                  const char *forbidden)
{
    size_t n = 0;
    if (bytes > 0)
        to[0] = '\0';
    while (*pattern) {
        if (*pattern != '{') {
            if (n + 1 < bytes) {
                to[n] = *pattern;
                to[n + 1] = '\0';
            }
            n++;
            pattern++;
            continue;
        }
        const char *value = NULL, *forbid = forbidden;
        if (strncmp(pattern, "{root}", 6) == 0)
            value = root, forbid = "";
        else if (strncmp(pattern, "{device}", 8) == 0)
            value = device;
        else if (strncmp(pattern, "{stream}", 8) == 0)
            value = stream;
        else if (strncmp(pattern, "{type}", 6) == 0)
            value = type;
        if (!value)
            return SIZE_MAX;
        n += oc_bus_level(n < bytes ? to + n : to, n < bytes ? bytes - n : 0, value, forbid);
        pattern += strcspn(pattern, "}") + 1;
    }
    return n;
}

#ifdef __cplusplus
}
#endif

#endif
