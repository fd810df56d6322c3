#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/cpu.h"
#include "core/lifetimes.h"
#include "core/strmap.h"

static void arena_gives_zeroed_aligned_memory(void **state)
{
    oc_arena a = {0};
    (void)state;
    for (size_t n = 0; n < 3000; n += 7) {
        unsigned char *p = oc_arena_alloc64(&a, n, 3);
        assert_non_null(p);
        assert_int_equal((uintptr_t)p % 64, 0);
        for (size_t i = 0; i < n * 3; i++)
            assert_int_equal(p[i], 0);
        memset(p, 0xff, n * 3);
    }
    void *big = oc_arena_alloc(&a, 1, 10 << 20);
    assert_non_null(big);
    assert_int_equal((uintptr_t)big % 16, 0);
    assert_null(oc_arena_alloc(&a, SIZE_MAX / 2, 3));
    assert_null(oc_alloc64(SIZE_MAX, 2));
    oc_arena_finish(&a);
    oc_arena_finish(&a);
}

static void strings_are_ended(void **state)
{
    oc_arena a = {0};
    (void)state;
    assert_string_equal(oc_arena_strndup(&a, "abcdef", 3), "abc");
    assert_string_equal(oc_arena_strndup(&a, "", 0), "");
    oc_arena_finish(&a);
}

static void map_finds_what_was_put(void **state)
{
    oc_strmap m = {0};
    char      keys[1000][8];
    uint32_t  v;
    (void)state;
    assert_false(oc_strmap_get(&m, "k1", &v));
    for (uint32_t i = 0; i < 1000; i++) {
        snprintf(keys[i], sizeof(keys[i]), "k%u", i);
        assert_true(oc_strmap_put(&m, keys[i], i));
    }
    for (uint32_t i = 0; i < 1000; i++) {
        assert_true(oc_strmap_get(&m, keys[i], &v));
        assert_int_equal(v, i);
    }
    assert_true(oc_strmap_put(&m, keys[7], 70));
    assert_true(oc_strmap_get(&m, "k7", &v));
    assert_int_equal(v, 70);
    assert_int_equal(m.n, 1000);
    assert_false(oc_strmap_get(&m, "k1000", &v));
    oc_strmap_finish(&m);
}

/* No two that live at the same time share a byte; the block is no larger than their sum. */
static void lifetimes_never_overlap(void **state)
{
    enum { N = 60 };
    uint64_t r = 88172645463325252ull;
    (void)state;
    for (int round = 0; round < 200; round++) {
        oc_lifetime it[N];
        size_t      total, sum = 0;
        for (int i = 0; i < N; i++) {
            r ^= r << 13, r ^= r >> 7, r ^= r << 17;
            uint32_t first = (uint32_t)(r % 50);
            it[i] = (oc_lifetime){.bytes = (r >> 20) % 1000,
                                  .first = first,
                                  .last = first + (uint32_t)((r >> 40) % 9)};
            sum += (it[i].bytes + 63) / 64 * 64;
        }
        assert_int_equal(oc_lifetimes_place(it, N, &total, NULL), OC_OK);
        assert_true(total <= sum);
        for (int i = 0; i < N; i++) {
            assert_int_equal(it[i].offset % 64, 0);
            assert_true(it[i].offset + it[i].bytes <= total);
            for (int j = 0; j < i; j++) {
                bool time = it[i].first <= it[j].last && it[j].first <= it[i].last;
                bool room = it[i].offset + it[i].bytes <= it[j].offset ||
                            it[j].offset + it[j].bytes <= it[i].offset;
                assert_true(!time || room || !it[i].bytes || !it[j].bytes);
            }
        }
    }
}

/* A chain needs room for two neighbours only. */
static void chain_reuses_memory(void **state)
{
    oc_lifetime it[20];
    size_t      total;
    (void)state;
    for (uint32_t i = 0; i < 20; i++)
        it[i] = (oc_lifetime){.bytes = 640, .first = i, .last = i + 1};
    assert_int_equal(oc_lifetimes_place(it, 20, &total, NULL), OC_OK);
    assert_int_equal(total, 1280);
}

static void errors_carry_place_and_reason(void **state)
{
    oc_error err = {0};
    (void)state;
    assert_int_equal(OC_FAIL(&err, OC_FORMAT, "kernel %dx%d", 7, 7), OC_FORMAT);
    oc_error_prefix(&err, "node '%s'", "conv1");
    oc_error_prefix(&err, "yolo.onnx");
    assert_string_equal(err.message, "yolo.onnx: node 'conv1': kernel 7x7");
    assert_non_null(strstr(err.file, "t_memory.c"));
    assert_int_equal(OC_FAIL(NULL, OC_IO, "nobody listens"), OC_IO);
    oc_error_prefix(NULL, "fine");
    char long_place[600];
    memset(long_place, 'x', sizeof(long_place) - 1);
    long_place[sizeof(long_place) - 1] = 0;
    oc_error_prefix(&err, "%s", long_place); /* no room: the reason stays */
    assert_string_equal(err.message, "yolo.onnx: node 'conv1': kernel 7x7");
    assert_string_equal(oc_status_name(OC_NOMEM), "OC_NOMEM");
    assert_string_equal(oc_status_text(OC_IO), "input/output failure");
}

static void isa_levels(void **state)
{
    oc_isa isa;
    (void)state;
    assert_true(oc_isa_parse("ref", &isa));
    assert_int_equal(isa, OC_ISA_NONE);
    assert_true(oc_isa_parse("auto", &isa));
    assert_int_equal(isa, oc_cpu_isa());
    assert_false(oc_isa_parse("quantum", &isa));
    assert_string_equal(oc_isa_name(OC_ISA_NONE), "ref");
    assert_true(oc_cpu_count() >= 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arena_gives_zeroed_aligned_memory),
        cmocka_unit_test(strings_are_ended),
        cmocka_unit_test(map_finds_what_was_put),
        cmocka_unit_test(lifetimes_never_overlap),
        cmocka_unit_test(chain_reuses_memory),
        cmocka_unit_test(errors_carry_place_and_reason),
        cmocka_unit_test(isa_levels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
