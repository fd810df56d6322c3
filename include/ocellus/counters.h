/* counters.h -- what a plug-in implements that reads the counters of a GPU, an NPU or a board.
 *
 * A shared object counters_<name>.so in a folder of plug-ins exports oc_counters_entry, which gives
 * back its table.  It is asked whenever somebody reads the metrics, from one thread at a time. */
#ifndef OCELLUS_COUNTERS_H
#define OCELLUS_COUNTERS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define OC_COUNTERS_ABI 1u

enum { /* why a device is slowed */
       OC_SLOWED_POWER = 1u << 0,
       OC_SLOWED_HEAT = 1u << 1,
       OC_SLOWED_OTHER = 1u << 2,
};

/* Zeroed texts and values that are not a number (NaN) are not told.  The host sets struct_size and
 * fills with NaN before it asks. */
typedef struct oc_counters_reading {
    uint32_t struct_size;
    uint32_t slowed;     /* OC_SLOWED_... */
    char     name[96];   /* "NVIDIA T1000" */
    char     id[96];     /* stays the same over restarts: a UUID, a serial number */
    double   used_ratio; /* of its computing, 0 .. 1 */
    double   memory_total_bytes, memory_used_bytes;
    double   celsius, watts, hertz, hertz_max;
} oc_counters_reading;

typedef struct oc_counters_ops {
    uint32_t    abi;         /* OC_COUNTERS_ABI */
    uint32_t    struct_size; /* sizeof(oc_counters_ops) when the plug-in was compiled */
    const char *name;        /* "nvml"; [a-z0-9_]+ */
    /* 0 = such devices are here; else `why` (of `bytes`) may say why not.  Called once. */
    int (*open)(void **self, char *why, size_t bytes);
    size_t (*count)(void *self);                                 /* devices now */
    int (*read)(void *self, size_t i, oc_counters_reading *out); /* 0 = read */
    void (*close)(void *self);
} oc_counters_ops;

typedef const oc_counters_ops *oc_counters_entry_fn(void); /* exported as "oc_counters_entry" */

#ifdef __cplusplus
}
#endif

#endif
