/* random.h -- random numbers that are counted, not remembered: the n-th of a key is a function of
 * both, so that no order of work can change it.
 *
 * Source: G. Steele, D. Lea, C. Flood, Fast splittable pseudorandom number generators, 2014. */
#ifndef OC_AUGMENT_RANDOM_H
#define OC_AUGMENT_RANDOM_H

#include <stdint.h>

typedef struct aug_random {
    uint64_t key, n;
} aug_random;

static inline uint64_t aug_mix(uint64_t z)
{
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static inline uint64_t aug_key(uint64_t key, uint64_t part)
{
    return aug_mix(key * 0xd1342543de82ef95u + part + 0x9e3779b97f4a7c15u);
}

static inline uint64_t aug_bits(aug_random *r)
{
    return aug_mix(r->key + ++r->n * 0x9e3779b97f4a7c15u);
}

static inline double aug_uniform(aug_random *r) /* [0, 1) */
{
    return (double)(aug_bits(r) >> 11) * 0x1p-53;
}

static inline double aug_between(aug_random *r, double lo, double hi)
{
    return lo + (hi - lo) * aug_uniform(r);
}

static inline uint64_t aug_below(aug_random *r, uint64_t n) /* [0, n), n >= 1 */
{
    return (uint64_t)(aug_uniform(r) * (double)n);
}

#endif
