#include "core/strmap.h"

#include <stdlib.h>
#include <string.h>

static uint32_t hash_of(const char *key)
{
    uint32_t h = 2166136261u; /* FNV-1a */
    for (; *key; key++)
        h = (h ^ (unsigned char)*key) * 16777619u;
    return h;
}

static oc_strmap_slot *slot_of(const oc_strmap *map, const char *key, uint32_t hash)
{
    for (size_t i = hash & (map->cap - 1);; i = (i + 1) & (map->cap - 1)) {
        oc_strmap_slot *s = &map->slots[i];
        if (!s->key || (s->hash == hash && strcmp(s->key, key) == 0))
            return s;
    }
}

static bool grow(oc_strmap *map)
{
    oc_strmap bigger = {.cap = map->cap ? map->cap * 2 : 64, .n = map->n};
    bigger.slots = calloc(bigger.cap, sizeof(*bigger.slots));
    if (!bigger.slots)
        return false;
    for (size_t i = 0; i < map->cap; i++)
        if (map->slots[i].key)
            *slot_of(&bigger, map->slots[i].key, map->slots[i].hash) = map->slots[i];
    free(map->slots);
    *map = bigger;
    return true;
}

bool oc_strmap_put(oc_strmap *map, const char *key, uint32_t value)
{
    if (map->n * 4 >= map->cap * 3 && !grow(map))
        return false;
    uint32_t        hash = hash_of(key);
    oc_strmap_slot *s = slot_of(map, key, hash);
    if (!s->key)
        map->n++;
    *s = (oc_strmap_slot){.key = key, .hash = hash, .value = value};
    return true;
}

bool oc_strmap_get(const oc_strmap *map, const char *key, uint32_t *value)
{
    if (!map->cap)
        return false;
    const oc_strmap_slot *s = slot_of(map, key, hash_of(key));
    if (!s->key)
        return false;
    *value = s->value;
    return true;
}

void oc_strmap_finish(oc_strmap *map)
{
    free(map->slots);
    *map = (oc_strmap){0};
}
