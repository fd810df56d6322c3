/* strmap.h -- names to numbers: open addressing, keys borrowed, no removal. */
#ifndef OC_CORE_STRMAP_H
#define OC_CORE_STRMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct oc_strmap_slot {
    const char *key;
    uint32_t    hash, value;
} oc_strmap_slot;

typedef struct oc_strmap {
    oc_strmap_slot *slots;
    size_t          n, cap; /* cap is 0 or a power of two */
} oc_strmap;

/* A zeroed map is empty and ready.  The key must live as long as the map.  False: out of memory. */
bool oc_strmap_put(oc_strmap *map, const char *key, uint32_t value);
bool oc_strmap_get(const oc_strmap *map, const char *key, uint32_t *value);
void oc_strmap_finish(oc_strmap *map);

#endif
