/* What is written by a walk is read by the same walk. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/walk.h"

typedef struct all {
    uint8_t  u8;
    uint32_t u32;
    uint64_t u64;
    int8_t   i8;
    int32_t  i32;
    int64_t  i64;
    float    f32;
    double   f64;
    bool     flag;
    size_t   size;
    char     text[8];
    char     bytes[3];
} all;

static void walk(all *a, oc_walk *w)
{
    oc_walk_u8(w, &a->u8);
    oc_walk_u32(w, &a->u32);
    oc_walk_u64(w, &a->u64);
    oc_walk_i8(w, &a->i8);
    oc_walk_i32(w, &a->i32);
    oc_walk_i64(w, &a->i64);
    oc_walk_f32(w, &a->f32);
    oc_walk_f64(w, &a->f64);
    oc_walk_bool(w, &a->flag);
    oc_walk_size(w, &a->size, 1000);
    oc_walk_text(w, a->text, sizeof(a->text));
    oc_walk_bytes(w, a->bytes, sizeof(a->bytes));
}

static const all sample = {250,   0xfedcba98u, UINT64_MAX - 1, -5,  -70000,    INT64_MIN,
                           -0.0f, 1e-310,      true,           999, "seven77", {1, 0, 2}};

static void reads_what_it_wrote(void **state)
{
    unsigned char bytes[256];
    oc_walk       w = oc_walk_writer(bytes, sizeof(bytes));
    all           in = sample, out = {0};
    (void)state;
    walk(&in, &w);
    assert_false(w.bad);
    oc_walk r = oc_walk_reader(bytes, w.at);
    walk(&out, &r);
    assert_true(oc_walk_done(&r));
    assert_memory_equal(&out.u32, &in.u32, sizeof(in.u32));
    assert_true(out.u8 == in.u8 && out.u64 == in.u64 && out.i8 == in.i8 && out.i32 == in.i32 &&
                out.i64 == in.i64 && out.f64 == in.f64 && out.flag && out.size == in.size);
    assert_true(signbit(out.f32)); /* bits, not values */
    assert_string_equal(out.text, in.text);
    assert_memory_equal(out.bytes, in.bytes, sizeof(in.bytes));
    assert_int_equal(bytes[1], 0x98); /* little-endian, on any machine */
}

static void every_cut_is_noticed(void **state)
{
    unsigned char bytes[256];
    oc_walk       w = oc_walk_writer(bytes, sizeof(bytes));
    all           in = sample;
    (void)state;
    walk(&in, &w);
    for (size_t n = 0; n < w.at; n++) {
        all     out = sample;
        oc_walk r = oc_walk_reader(bytes, n);
        walk(&out, &r);
        assert_true(r.bad);
        assert_int_equal(out.bytes[0], 0); /* zeros, not what was there */
        oc_walk small = oc_walk_writer(bytes + 128, n);
        walk(&in, &small);
        assert_true(small.bad && small.at <= n);
    }
    oc_walk longer = oc_walk_reader(bytes, w.at + 1);
    all     out;
    walk(&out, &longer);
    assert_false(longer.bad);
    assert_false(oc_walk_done(&longer));
}

static void what_makes_no_sense_is_refused(void **state)
{
    const unsigned char two[] = {2}, large[] = {0xe9, 3, 0, 0, 0, 0, 0, 0}; /* 1001 */
    bool                flag = true;
    size_t              size = 7;
    (void)state;
    oc_walk r = oc_walk_reader(two, sizeof(two));
    oc_walk_bool(&r, &flag);
    assert_true(r.bad);
    r = oc_walk_reader(large, sizeof(large));
    oc_walk_size(&r, &size, 1000);
    assert_true(r.bad);
    assert_int_equal(size, 0);
    char text[4];
    r = oc_walk_reader("\4\0\0\0\0\0\0\0abcd", 12);
    oc_walk_text(&r, text, sizeof(text));
    assert_true(r.bad);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_it_wrote),
        cmocka_unit_test(every_cut_is_noticed),
        cmocka_unit_test(what_makes_no_sense_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
