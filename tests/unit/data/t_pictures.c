/* Pictures of data sets: hashes that are near each other, and how a picture is held. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "data/exif.h"
#include "data/near.h"

static uint64_t next(uint64_t *state) /* splitmix64 */
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

typedef struct pairs {
    const uint64_t *hash;
    uint32_t       *partner; /* planted; UINT32_MAX: none */
    unsigned        max;
    size_t          planted, all;
} pairs;

static void count(void *ctx, uint32_t a, uint32_t b, unsigned bits)
{
    pairs *p = ctx;
    assert_true(a < b && bits <= p->max);
    assert_int_equal(bits, __builtin_popcountll(p->hash[a] ^ p->hash[b]));
    p->planted += p->partner && p->partner[a] == b;
    p->all++;
}

#define MANY 100000
#define PLANTED 500

static void test_planted(void **state)
{
    uint64_t  seed = 3, *hash = malloc(MANY * sizeof(*hash));
    uint32_t *partner = malloc(MANY * sizeof(*partner));
    oc_error  err = {0};
    pairs     p = {hash, partner, 4, 0, 0};
    (void)state;
    assert_true(hash && partner);
    memset(partner, 0xff, MANY * sizeof(*partner));
    for (size_t i = 0; i < MANY; i++)
        hash[i] = next(&seed);
    for (uint32_t i = 0; i < PLANTED; i++) { /* i and one of the last, 0 to 4 bits apart */
        partner[i] = MANY - 1 - i;
        hash[partner[i]] = hash[i];
        for (uint32_t k = 0; k < i % 5; k++)
            hash[partner[i]] ^= (uint64_t)1 << (next(&seed) % 64);
    }
    assert_int_equal(oc_near_pairs(hash, MANY, 4, count, &p, &err), OC_OK);
    assert_int_equal(p.planted, PLANTED);
    /* unrelated ones at most 4 bits apart: 1.8e-4 pairs are to be expected */
    assert_int_equal(p.all, PLANTED);
    free(hash);
    free(partner);
}

static void test_every_pair(void **state)
{
    enum { N = 2000 };
    static uint64_t hash[N];
    (void)state;
    for (unsigned max = 0; max <= OC_NEAR_BITS_MAX; max += 3) {
        uint64_t seed = max;
        pairs    p = {hash, NULL, max, 0, 0};
        size_t   want = 0;
        oc_error err = {0};
        for (size_t i = 0; i < N; i++) /* few bits vary: many are close, in chains */
            hash[i] = next(&seed) & 0x8421084210842101u;
        for (size_t i = 0; i < N; i++)
            for (size_t k = i + 1; k < N; k++)
                want += (unsigned)__builtin_popcountll(hash[i] ^ hash[k]) <= max;
        assert_int_equal(oc_near_pairs(hash, N, max, count, &p, &err), OC_OK);
        assert_int_equal(p.all, want);
        assert_true(want > 0);
    }
}

static void test_hash(void **state)
{
    enum { W = 200, H = 150 };
    static uint8_t a[W * H], b[W * H], small[W / 2 * (H / 2)], other[W * H];
    uint64_t       seed = 5;
    (void)state;
    for (int y = 0; y < H; y++) {
        for (int x = 0; x < W; x++) {
            int v = (x * 7 / 10 + y / 3) % 90 + ((x / 40 + y / 30) % 3) * 40;
            a[y * W + x] = (uint8_t)v;
            b[y * W + x] = (uint8_t)(v * 9 / 10 + 12 + (int)(next(&seed) % 5));
            other[y * W + x] = (uint8_t)(((x / 13) ^ (y / 17)) * 37 % 251);
        }
    }
    for (int y = 0; y < H / 2; y++)
        for (int x = 0; x < W / 2; x++)
            small[y * (W / 2) + x] = a[2 * y * W + 2 * x];
    uint64_t first = oc_near_hash(a, W, H, W);
    assert_true(__builtin_popcountll(first ^ oc_near_hash(b, W, H, W)) <= 4);
    assert_true(__builtin_popcountll(first ^ oc_near_hash(small, W / 2, H / 2, W / 2)) <= 6);
    assert_true(__builtin_popcountll(first ^ oc_near_hash(other, W, H, W)) > 12);
}

/* A JPEG's beginning with another segment, then EXIF with two tags. */
static size_t head(uint8_t *to, bool little, uint16_t orientation)
{
    static const uint8_t start[] = {0xff, 0xd8, 0xff, 0xe0, 0, 6, 'J', 'F', 'I', 'F'};
    static const uint8_t big[] = {'M', 'M', 0, 42, 0, 0, 0,    8, 0, 2, 1, 0x0f, 0, 2, 0, 0, 0,
                                  1,   0,   0, 0,  0, 1, 0x12, 0, 3, 0, 0, 0,    1, 0, 0, 0, 0};
    static const uint8_t low[] = {'I', 'I', 42, 0, 8, 0,    0, 0, 2, 0, 0x0f, 1, 2, 0, 1, 0, 0,
                                  0,   0,   0,  0, 0, 0x12, 1, 3, 0, 1, 0,    0, 0, 0, 0, 0, 0};
    size_t               n = sizeof(start);
    memcpy(to, start, n);
    memcpy(to + n,
           "\xff\xe1\0\x2a"
           "Exif\0\0",
           10);
    memcpy(to + n + 10, little ? low : big, sizeof(big));
    to[n + 10 + 30] = (uint8_t)(little ? orientation & 255 : orientation >> 8);
    to[n + 10 + 31] = (uint8_t)(little ? orientation >> 8 : orientation & 255);
    return n + 10 + sizeof(big);
}

static void test_orientation(void **state)
{
    uint8_t jpeg[128];
    (void)state;
    for (int little = 0; little < 2; little++) {
        for (uint16_t o = 0; o <= 9; o++) {
            size_t n = head(jpeg, little, o);
            assert_int_equal(oc_exif_orientation(jpeg, n), o >= 1 && o <= 8 ? o : 1);
        }
        for (size_t n = head(jpeg, little, 6); n-- > 0;) { /* cut off anywhere */
            uint8_t *cut = malloc(n + 1);
            assert_non_null(cut);
            memcpy(cut, jpeg, n);
            assert_int_equal(oc_exif_orientation(cut, n), 1);
            free(cut);
        }
    }
}

/* The corner that is meant to be the upper left one, and the one right of it: EXIF's table. */
static void test_turning(void **state)
{
    static const int32_t upper_left[8][2] = {{0, 0}, {9, 0}, {9, 4}, {0, 4},
                                             {0, 0}, {0, 4}, {9, 4}, {9, 0}};
    static const int32_t right_of_it[8][2] = {{1, 0}, {8, 0}, {8, 4}, {1, 4},
                                              {0, 1}, {0, 3}, {9, 3}, {9, 1}};
    (void)state;
    for (int o = 1; o <= 8; o++) {
        int32_t x, y;
        oc_exif_from(o, 10, 5, 0, 0, &x, &y);
        assert_int_equal(x, upper_left[o - 1][0]);
        assert_int_equal(y, upper_left[o - 1][1]);
        oc_exif_from(o, 10, 5, 1, 0, &x, &y);
        assert_int_equal(x, right_of_it[o - 1][0]);
        assert_int_equal(y, right_of_it[o - 1][1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_planted), cmocka_unit_test(test_every_pair),
        cmocka_unit_test(test_hash), cmocka_unit_test(test_orientation),
        cmocka_unit_test(test_turning)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
