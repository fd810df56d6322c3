#include "tflite/flex.h"

#include <stdint.h>
#include <string.h>

enum {
    FLEX_INT = 1,
    FLEX_UINT = 2,
    FLEX_FLOAT = 3,
    FLEX_INDIRECT_INT = 6,
    FLEX_INDIRECT_UINT = 7,
    FLEX_INDIRECT_FLOAT = 8,
    FLEX_MAP = 9,
    FLEX_BOOL = 26
};

typedef struct flex {
    const unsigned char *p;
    size_t               n;
} flex;

static bool load(const flex *f, size_t at, size_t width, uint64_t *v)
{
    *v = 0;
    if (width > 8 || at > f->n || width > f->n - at)
        return false;
    memcpy(v, f->p + at, width); /* little-endian hosts only */
    return true;
}

/* Distances lead backwards. */
static bool follow(const flex *f, size_t at, size_t width, size_t *to)
{
    uint64_t back;
    if (!load(f, at, width, &back) || back == 0 || back > at)
        return false;
    *to = at - (size_t)back;
    return true;
}

static bool number(const flex *f, size_t at, size_t width, unsigned type, double *value)
{
    uint64_t bits;
    if (type >= FLEX_INDIRECT_INT && type <= FLEX_INDIRECT_FLOAT && type != FLEX_MAP)
        return false; /* nobody writes options so */
    if (!load(f, at, width, &bits))
        return false;
    unsigned shift = 64 - 8 * (unsigned)width;
    if (type == FLEX_FLOAT && width == 8) {
        memcpy(value, &bits, 8);
    } else if (type == FLEX_FLOAT && width == 4) {
        float v;
        memcpy(&v, &bits, 4);
        *value = (double)v;
    } else if (type == FLEX_INT) {
        *value = (double)((int64_t)(bits << shift) >> shift);
    } else if (type == FLEX_UINT || type == FLEX_BOOL) {
        *value = (double)bits;
    } else {
        return false;
    }
    return true;
}

/* The 0-ended key at `at` is `key`. */
static bool same_key(const flex *f, size_t at, const char *key)
{
    size_t length = strlen(key) + 1;
    return at <= f->n && length <= f->n - at && memcmp(f->p + at, key, length) == 0;
}

/* A map is a vector: in front of its values their count, before that the width of its keys' vector
 * and the distance to it; behind the values a byte each tells type and width. */
bool flex_number(const unsigned char *p, size_t n, const char *key, double *value)
{
    flex     f = {p, n};
    size_t   map, keys, at_key;
    uint64_t count, key_width;
    if (n < 3 || p[n - 1] == 0 || p[n - 1] > 8 || n - 2 < p[n - 1] || p[n - 2] >> 2 != FLEX_MAP)
        return false;
    size_t width = (size_t)1 << (p[n - 2] & 3);
    if (!follow(&f, n - 2 - p[n - 1], p[n - 1], &map) || map < 3 * width ||
        !load(&f, map - width, width, &count) || !load(&f, map - 2 * width, width, &key_width) ||
        !follow(&f, map - 3 * width, width, &keys) || key_width < 1 || key_width > 8 || count > n)
        return false;
    for (size_t i = 0; i < count; i++) {
        size_t   type_at = map + (size_t)count * width + i;
        uint64_t type;
        if (!follow(&f, keys + i * (size_t)key_width, (size_t)key_width, &at_key) ||
            !load(&f, type_at, 1, &type))
            return false;
        if (same_key(&f, at_key, key))
            return number(&f, map + i * width, width, (unsigned)type >> 2, value);
    }
    return false;
}
