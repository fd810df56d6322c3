#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "core/build_id.h"
#include "core/sha256.h"
#include "core/xxh64.h"

static void digest(const void *bytes, size_t n, size_t step, char *text)
{
    unsigned char d[OC_SHA256_BYTES];
    oc_sha256     s;
    oc_sha256_init(&s);
    for (size_t at = 0; at < n; at += step)
        oc_sha256_add(&s, (const char *)bytes + at, n - at < step ? n - at : step);
    oc_sha256_end(&s, d);
    for (size_t i = 0; i < sizeof(d); i++)
        snprintf(text + 2 * i, 3, "%02x", d[i]);
}

/* FIPS 180-4's examples, and a million times 'a'. */
static void sha256_of_the_standard(void **state)
{
    static char              million[1000000];
    static const char *const two = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    char                     text[72];
    (void)state;
    digest("", 0, 1, text);
    assert_string_equal(text, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    digest("abc", 3, 3, text);
    assert_string_equal(text, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    digest(two, strlen(two), 64, text);
    assert_string_equal(text, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    memset(million, 'a', sizeof(million));
    for (size_t step = 1; step <= 1000000; step = step * 7 + 6) {
        digest(million, sizeof(million), step, text);
        assert_string_equal(text,
                            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    }
}

/* Every length of the tail; the vectors are those of xxHash's own sanity check, seed 0. */
static void xxh64_of_its_sanity_check(void **state)
{
    unsigned char bytes[222];
    uint64_t      gen = 2654435761u;
    (void)state;
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (unsigned char)(gen >> 56);
        gen *= 11400714785074694797u;
    }
    assert_int_equal(oc_xxh64("", 0), 0xef46db3751d8e999u);
    assert_int_equal(oc_xxh64("a", 1), 0xd24ec4f1a98c6e5bu);
    assert_int_equal(oc_xxh64("abc", 3), 0x44bc2cf5ad770999u);
    assert_int_equal(oc_xxh64(bytes, 1), 0xe934a84adb052768u);
    assert_int_equal(oc_xxh64(bytes, 4), 0x9136a0dca57457eeu);
    assert_int_equal(oc_xxh64(bytes, 14), 0x8282dcc4994e35c8u);
    assert_int_equal(oc_xxh64(bytes, 222), 0xb641ae8cb691c174u);
    for (size_t n = 1; n < sizeof(bytes); n++) {
        uint64_t sum = oc_xxh64(bytes, n);
        bytes[n - 1] ^= 1;
        assert_true(oc_xxh64(bytes, n) != sum);
        bytes[n - 1] ^= 1;
    }
}

static void the_build_has_a_name(void **state)
{
    char a[OC_BUILD_ID_TEXT], b[OC_BUILD_ID_TEXT];
    (void)state;
    oc_build_id(a);
    oc_build_id(b);
    assert_true(strlen(a) >= 16);
    assert_string_equal(a, b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_of_the_standard),
        cmocka_unit_test(xxh64_of_its_sanity_check),
        cmocka_unit_test(the_build_has_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
