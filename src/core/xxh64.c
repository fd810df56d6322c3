#include "core/xxh64.h"

#include <string.h>

#define P1 0x9e3779b185ebca87u
#define P2 0xc2b2ae3d27d4eb4fu
#define P3 0x165667b19e3779f9u
#define P4 0x85ebca77c2b2ae63u
#define P5 0x27d4eb2f165667c5u

static uint64_t rotl(uint64_t x, unsigned by)
{
    return x << by | x >> (64 - by);
}

static uint64_t load64(const unsigned char *p) /* little-endian hosts only */
{
    uint64_t v;
    memcpy(&v, p, sizeof(v));
    return v;
}

static uint32_t load32(const unsigned char *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof(v));
    return v;
}

static uint64_t lane_round(uint64_t acc, uint64_t lane)
{
    return rotl(acc + lane * P2, 31) * P1;
}

static uint64_t merge(uint64_t acc, uint64_t lane)
{
    return (acc ^ lane_round(0, lane)) * P1 + P4;
}

/* Whole stripes of 32 bytes: four sums side by side. */
static uint64_t stripes(const unsigned char **p, size_t *n)
{
    uint64_t v[4] = {P1 + P2, P2, 0, 0 - P1}, acc;

    for (; *n >= 32; *n -= 32, *p += 32)
        for (unsigned i = 0; i < 4; i++)
            v[i] = lane_round(v[i], load64(*p + 8 * i));
    acc = rotl(v[0], 1) + rotl(v[1], 7) + rotl(v[2], 12) + rotl(v[3], 18);
    for (unsigned i = 0; i < 4; i++)
        acc = merge(acc, v[i]);
    return acc;
}

uint64_t oc_xxh64(const void *bytes, size_t n)
{
    const unsigned char *p = bytes;
    const uint64_t       total = n;
    uint64_t             acc = n >= 32 ? stripes(&p, &n) : P5;

    acc += total;
    for (; n >= 8; n -= 8, p += 8)
        acc = rotl(acc ^ lane_round(0, load64(p)), 27) * P1 + P4;
    if (n >= 4) {
        acc = rotl(acc ^ load32(p) * P1, 23) * P2 + P3;
        p += 4;
        n -= 4;
    }
    for (; n; n--, p++)
        acc = rotl(acc ^ *p * P5, 11) * P1;
    acc = (acc ^ acc >> 33) * P2;
    acc = (acc ^ acc >> 29) * P3;
    return acc ^ acc >> 32;
}
