/* bus_kinds.h -- the kinds of buses, their options, and where each is found. */
#ifndef OC_EVENTS_BUS_KINDS_H
#define OC_EVENTS_BUS_KINDS_H

#include "ocellus/bus.h"

extern const oc_bus_ops oc_bus_jsonl, oc_bus_webhook;

typedef enum oc_bus_form {
    OC_BUS_TEXT,
    OC_BUS_TEXTS, /* one or several: a pair each */
    OC_BUS_INT,
    OC_BUS_BOOL,    /* "true", "false" */
    OC_BUS_SECONDS, /* a number */
    OC_BUS_WORD,
    OC_BUS_SECRET, /* never in the file: <key>_file names one, or <key>_env a variable */
} oc_bus_form;

typedef struct oc_bus_option {
    const char *kind, *key;
    oc_bus_form form;
    bool        needed;
    double      low, high;          /* integers, seconds */
    const char *words;              /* "a|b|c" */
    const char *key_file, *key_env; /* secrets */
    const char *help;
} oc_bus_option;

typedef struct oc_bus_kind {
    const char       *name;
    const oc_bus_ops *ops;      /* NULL: in a plug-in */
    const char       *packages; /* what it runs with, and what it is built with (Debian) */
    const char       *needs;    /* part of the library's file name */
    const char       *package_dev;
    const char       *help;
} oc_bus_kind;

const oc_bus_kind   *oc_bus_kind_at(size_t i); /* NULL past the end */
const oc_bus_kind   *oc_bus_kind_find(const char *name);
const oc_bus_option *oc_bus_option_at(size_t i); /* of all kinds; NULL past the end */

/* The table of a kind, from its plug-in where it is not built in.
 * OC_UNSUPPORTED: it cannot be had; tells the package that mends it. */
OC_MUST_CHECK oc_status oc_bus_ops_find(const char *kind, const oc_bus_ops **out, oc_error *err);
/* Looks at a plug-in's table.  `whole` gets what it has, the rest zero. */
OC_MUST_CHECK oc_status oc_bus_check(const char *path, const oc_bus_ops *table, oc_bus_ops *whole,
                                     oc_error *err);

/* ---- for built-in buses: an option, or what stands for it.  Values were checked before. ---- */
const char *oc_bus_text(const oc_bus_options *o, const char *key, const char *missing);
int64_t     oc_bus_int(const oc_bus_options *o, const char *key, int64_t missing);
double      oc_bus_float(const oc_bus_options *o, const char *key, double missing);

#endif
