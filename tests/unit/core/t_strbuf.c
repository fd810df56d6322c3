/* Growing text, shortest numbers, and text made UTF-8. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/strbuf.h"
#include "core/utf8.h"

static void grows(void **state)
{
    (void)state;
    oc_strbuf t = {0};
    for (int i = 0; i < 3000; i++)
        oc_strbuf_printf(&t, "%d,", i);
    assert_false(t.failed);
    assert_int_equal(strlen(t.data), t.n);
    assert_string_equal(t.data + t.n - 10, "2998,2999,");
    oc_strbuf_clear(&t);
    oc_strbuf_put(&t, "again");
    assert_string_equal(t.data, "again");
    oc_strbuf_finish(&t);
}

static void numbers_read_back(void **state)
{
    (void)state;
    const double values[] = {0, 1, -2.5, 1e300, 5e-324, 0.1, 1.0 / 3, 123456789, 1795337105.619939};
    oc_strbuf    t = {0};
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        oc_strbuf_clear(&t);
        oc_strbuf_number(&t, values[i]);
        assert_true(strtod(t.data, NULL) == values[i]);
    }
    oc_strbuf_clear(&t);
    oc_strbuf_number(&t, 0.1);
    oc_strbuf_number(&t, HUGE_VAL);
    oc_strbuf_number(&t, -HUGE_VAL);
    oc_strbuf_number(&t, (double)NAN);
    assert_string_equal(t.data, "0.1+Inf-InfNaN");
    oc_strbuf_finish(&t);
}

static void only_utf8_comes_out(void **state)
{
    (void)state;
    char out[16];
    assert_int_equal(oc_utf8_clean("h\xc3\xa4", out, sizeof(out)), 3);
    assert_string_equal(out, "h\xc3\xa4");
    oc_utf8_clean("\xed\xa0\x80", out, sizeof(out)); /* a surrogate: three bytes, each wrong */
    assert_string_equal(out, "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
    oc_utf8_clean("\xf0\x9f\x98", out, sizeof(out)); /* cut short */
    assert_string_equal(out, "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
    /* cut between characters: 15 bytes and the zero */
    assert_int_equal(oc_utf8_clean("12345678901234\xc3\xa4", out, sizeof(out)), 14);
    for (unsigned c = 0; c < 0x110000; c += 7) { /* what is well formed stays */
        char   text[5] = {0};
        size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
        if (c == 0 || (c >= 0xD800 && c < 0xE000))
            continue;
        static const unsigned char lead[] = {0, 0, 0xC0, 0xE0, 0xF0};
        unsigned                   rest = c;
        for (size_t i = n; i-- > 1; rest >>= 6)
            text[i] = (char)(0x80 | (rest & 0x3F));
        text[0] = (char)(lead[n] | rest);
        assert_int_equal(oc_utf8_length(text, 4), n);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(grows), cmocka_unit_test(numbers_read_back),
                                       cmocka_unit_test(only_utf8_comes_out)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
