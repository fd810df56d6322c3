/* YAML: places of nodes, typed values, refusals with their place, limits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/yaml.h"

static oc_yaml *load(const char *text)
{
    oc_yaml *doc = NULL;
    oc_error err = {0};
    if (oc_yaml_load_memory("t.yaml", text, strlen(text), &doc, &err) != OC_OK)
        fail_msg("%s", err.message);
    return doc;
}

static void refused_bytes(const char *text, size_t bytes, const char *message)
{
    oc_yaml *doc = NULL;
    oc_error err = {0};
    assert_int_equal(oc_yaml_load_memory("t.yaml", text, bytes, &doc, &err), OC_FORMAT);
    assert_null(doc);
    if (!strstr(err.message, message))
        fail_msg("got '%s', want '%s'", err.message, message);
}

static void refused(const char *text, const char *message)
{
    refused_bytes(text, strlen(text), message);
}

static void test_places(void **state)
{
    (void)state;
    oc_yaml            *doc = load("# head\na: 1\nb:\n  - x\n  - {c: 2, d: [3]}\n");
    const oc_yaml_node *root = oc_yaml_root(doc);
    assert_int_equal(oc_yaml_kind_of(root), OC_YAML_MAP);
    assert_int_equal(oc_yaml_count(root), 2);
    assert_string_equal(oc_yaml_key(root, 1), "b");
    const oc_yaml_node *b = oc_yaml_find(root, "b");
    assert_int_equal(oc_yaml_kind_of(b), OC_YAML_LIST);
    assert_int_equal(oc_yaml_line(oc_yaml_at(b, 0)), 4);
    assert_int_equal(oc_yaml_column(oc_yaml_at(b, 0)), 5);
    const oc_yaml_node *d = oc_yaml_find(oc_yaml_at(b, 1), "d");
    assert_int_equal(oc_yaml_line(d), 5);
    assert_int_equal(oc_yaml_column(d), 15);
    assert_null(oc_yaml_find(root, "zz"));
    oc_yaml_destroy(doc);
}

static void test_values(void **state)
{
    (void)state;
    oc_yaml *doc = load("i: -12\nh: 0x10\nf: 1.5e2\ny: true\nt: 'true'\nw: crop\nn:\nq: \"7\"\n"
                        "l: [1, 2.5]\none: 4\ns: 250ms\nm: 1.5min\nu: z\xc3\xa9\n");
    static const oc_yaml_word words[] = {{"stretch", 1}, {"crop", 2}, {NULL, 0}};
    oc_yaml_map               m;
    oc_error                  err = {0};
    float                     list[4] = {0};
    oc_yaml_begin(&m, oc_yaml_root(doc), &err);
    assert_int_equal(oc_yaml_int(&m, "i", -20, 20), -12);
    assert_int_equal(oc_yaml_int(&m, "h", 0, 20), 16);
    assert_float_equal(oc_yaml_float(&m, "f", 0, 1000), 150, 0);
    assert_true(oc_yaml_bool(&m, "y"));
    assert_string_equal(oc_yaml_text(&m, "t"), "true");
    assert_int_equal(oc_yaml_word_of(&m, "w", words), 2);
    assert_int_equal(oc_yaml_int_or(&m, "n", 0, 9, 5), 5); /* null is as good as missing */
    assert_string_equal(oc_yaml_text(&m, "q"), "7");
    assert_int_equal(oc_yaml_floats(&m, "l", 0, 10, 1, 4, list), 2);
    assert_float_equal(list[1], 2.5, 0);
    assert_int_equal(oc_yaml_floats(&m, "one", 0, 10, 1, 4, list), 1);
    assert_float_equal(oc_yaml_seconds_or(&m, "s", 0), .25, 1e-9);
    assert_float_equal(oc_yaml_seconds_or(&m, "m", 0), 90, 1e-9);
    assert_string_equal(oc_yaml_text(&m, "u"), "z\xc3\xa9");
    assert_int_equal(oc_yaml_end(&m), OC_OK);
    oc_yaml_destroy(doc);
}

/* What one getter says about one document. */
typedef void getter(oc_yaml_map *m);

static void get_int(oc_yaml_map *m)
{
    oc_yaml_int(m, "k", 1, 10);
}
static void get_float(oc_yaml_map *m)
{
    oc_yaml_float(m, "k", 0, 1);
}
static void get_bool(oc_yaml_map *m)
{
    oc_yaml_bool(m, "k");
}
static void get_text(oc_yaml_map *m)
{
    oc_yaml_text(m, "k");
}
static void get_list(oc_yaml_map *m)
{
    oc_yaml_list(m, "k", 2, 3);
}
static void get_sub(oc_yaml_map *m)
{
    oc_yaml_sub(m, "k");
}
static void get_seconds(oc_yaml_map *m)
{
    oc_yaml_seconds_or(m, "k", 0);
}
static void get_floats(oc_yaml_map *m)
{
    float f[3];
    oc_yaml_floats(m, "k", 0, 1, 1, 3, f);
}
static void get_word(oc_yaml_map *m)
{
    static const oc_yaml_word words[] = {{"nchw", 1}, {"nhwc", 2}, {NULL, 0}};
    oc_yaml_word_of(m, "k", words);
}
/* A marker: says() asks for width and height. */
static void get_known(oc_yaml_map *m)
{
    (void)m;
}

static void says(const char *text, getter *get, const char *message)
{
    oc_yaml    *doc = load(text);
    oc_yaml_map m;
    oc_error    err = {0};
    oc_yaml_begin(&m, oc_yaml_root(doc), &err);
    if (get == get_known) {
        oc_yaml_text_or(&m, "width", NULL);
        oc_yaml_text_or(&m, "height", NULL);
    } else {
        get(&m);
    }
    assert_int_equal(oc_yaml_end(&m), OC_FORMAT);
    assert_string_equal(err.message, message);
    /* The failure sticks, and the first one is the one reported. */
    assert_int_equal(oc_yaml_int_or(&m, "other", 0, 9, 3), 3);
    assert_string_equal(err.message, message);
    oc_yaml_destroy(doc);
}

static void test_refusals(void **state)
{
    (void)state;
    says("a: 1\nk: 11\n", get_int, "t.yaml:2:4: k: 11 is outside 1 .. 10");
    says("k: 99999999999999999999\n", get_int,
         "t.yaml:1:4: k: 99999999999999999999 is outside 1 .. 10");
    says("k: 1.5\n", get_int, "t.yaml:1:4: k: a whole number is expected, not '1.5'");
    says("k: '3'\n", get_int, "t.yaml:1:4: k: a whole number is expected, not a quoted text");
    says("k: [3]\n", get_int, "t.yaml:1:4: k: a whole number is expected, not a list");
    says("j: 1\n", get_int, "t.yaml:1:1: 'k' is missing here");
    says("k: .nan\n", get_float, "t.yaml:1:4: k: a number is expected, not '.nan'");
    says("k: inf\n", get_float, "t.yaml:1:4: k: a number is expected, not 'inf'");
    says("k: 0x1p3\n", get_float, "t.yaml:1:4: k: a number is expected, not '0x1p3'");
    says("k: 1e999\n", get_float, "t.yaml:1:4: k: a number is expected, not '1e999'");
    says("k: 1.01\n", get_float, "t.yaml:1:4: k: 1.01 is outside 0 .. 1");
    says("k: yes\n", get_bool, "t.yaml:1:4: k: true or false is expected, not 'yes'");
    says("k: {a: 1}\n", get_text, "t.yaml:1:4: k: a text is expected, not a map");
    says("k: [1]\n", get_list, "t.yaml:1:4: k: 1 elements, 2 .. 3 are expected");
    says("k: 5\n", get_list, "t.yaml:1:4: k: a list is expected, not a text or number");
    says("k: 5\n", get_sub, "t.yaml:1:4: k: a map is expected, not a text or number");
    says("k: [0.5,\n  2]\n", get_floats, "t.yaml:2:3: k: 2 is outside 0 .. 1");
    says("k: nwhc\n", get_word, "t.yaml:1:4: k: 'nwhc' is none of: nchw, nhwc");
    says("k: 3 weeks\n", get_seconds,
         "t.yaml:1:4: k: a time is expected (90s, 250ms, 1.5min, 2h), not '3 weeks'");
    says("width: 1\nheigth: 2\n", get_known,
         "t.yaml:2:1: unknown key 'heigth', did you mean 'height'?");
    says("width: 1\nzzzzzz: 2\n", get_known, "t.yaml:2:1: unknown key 'zzzzzz'");
    says("- 1\n", get_known, "t.yaml:1:1: a map is expected, not a list");
}

static void test_syntax(void **state)
{
    (void)state;
    refused("a: 1\na: 2\n", "t.yaml:2:1: duplicate key 'a' (first at line 1)");
    refused("a: [1, 2\nb: 3\n", "t.yaml:");
    refused("a: 1\n b: 2\n", "t.yaml:1:4: invalid multiline plain key");
    refused("? [a, b]\n: 1\n", "t.yaml:1:3: a key must be plain text");
    refused("a: 1\n---\nb: 2\n", "a second document in one file");
    refused("a: *b\n", "t.yaml:1:");
    refused("a: &a [1, *a]\n", "lies inside its own anchor");
    refused_bytes("a: 1\nb\0: 2\n", 11, "t.yaml:2:2: control character 0x00");
    refused("\x7f"
            "ELF\x02\x01",
            "t.yaml:1:1: control character 0x7f");
    refused("a: b\nc: \xd5", "t.yaml:2:4: byte 0xd5 is no UTF-8");
    refused("a: \xed\xa0\x80", "t.yaml:1:4: byte 0xed is no UTF-8"); /* half a pair */
    refused("a: \xc0\xaf", "t.yaml:1:4: byte 0xc0 is no UTF-8");     /* longer than need be */
    refused("%-\xc2\xa0", "t.yaml:1:1: directives (%) are not taken");
}

static void test_limits(void **state)
{
    (void)state;
    char deep[200] = "";
    memset(deep, '[', 40);
    memset(deep + 40, ']', 40);
    refused(deep, "nested deeper than 32 levels");

    /* A billion laughs in ten lines. */
    char laughs[1000] = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n";
    for (int i = 1; i < 9; i++) {
        char line[100];
        int  p = i - 1;
        snprintf(line, sizeof(line), "a%d: &a%d [*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d]\n",
                 i, i, p, p, p, p, p, p, p, p, p);
        strncat(laughs, line, sizeof(laughs) - strlen(laughs) - 1);
    }
    refused(laughs, "more than 100000 nodes");

    char  *many = malloc(5 << 20);
    size_t n = 0;
    for (int i = 0; i < 5000; i++)
        n += (size_t)snprintf(many + n, 20, "k%d: 1\n", i);
    refused_bytes(many, n, "more than 4096 keys in one map");
    memset(many, ' ', 5 << 20);
    refused_bytes(many, 5 << 20, "larger than 4 MiB");
    free(many);
}

/* Escapes, folds and literal blocks come out whole. */
static void test_texts(void **state)
{
    (void)state;
    oc_yaml *doc =
        load("a: 'it''s'\nb: \"x\\ty\\u00e9\"\nc: one\n  two\n\n  three\nd: |\n  l1\n   l2\n"
             "e: ''''''''''''''''''''''''\nf: ''\n");
    oc_yaml_map m;
    oc_error    err = {0};
    oc_yaml_begin(&m, oc_yaml_root(doc), &err);
    assert_string_equal(oc_yaml_text(&m, "a"), "it's");
    assert_string_equal(oc_yaml_text(&m, "b"), "x\ty\xc3\xa9");
    assert_string_equal(oc_yaml_text(&m, "c"), "one two\nthree");
    assert_string_equal(oc_yaml_text(&m, "d"), "l1\n l2\n");
    assert_string_equal(oc_yaml_text(&m, "e"), "'''''''''''");
    assert_string_equal(oc_yaml_text(&m, "f"), "");
    assert_int_equal(oc_yaml_end(&m), OC_OK);
    oc_yaml_destroy(doc);
}

static void test_aliases(void **state)
{
    (void)state;
    oc_yaml            *doc = load("base: &b {w: 3}\nx: *b\ny: [*b, *b]\n");
    int64_t             w = 0;
    const oc_yaml_node *x = oc_yaml_find(oc_yaml_root(doc), "x");
    assert_int_equal(oc_yaml_to_int(oc_yaml_find(x, "w"), 0, 9, &w, NULL), OC_OK);
    assert_int_equal(w, 3);
    assert_int_equal(oc_yaml_count(oc_yaml_find(oc_yaml_root(doc), "y")), 2);
    oc_yaml_destroy(doc);
}

static void test_empty_and_missing(void **state)
{
    (void)state;
    oc_yaml *doc = load("");
    assert_int_equal(oc_yaml_kind_of(oc_yaml_root(doc)), OC_YAML_NULL);
    oc_yaml_destroy(doc);
    doc = load("# only a comment\n");
    assert_int_equal(oc_yaml_count(oc_yaml_root(doc)), 0);
    oc_yaml_destroy(doc);
    oc_yaml_destroy(NULL);

    oc_error err = {0};
    assert_int_equal(oc_yaml_load("/nowhere/x.yaml", &doc, &err), OC_NOT_FOUND);
    assert_string_equal(err.message, "/nowhere/x.yaml: No such file or directory");
    assert_int_equal(oc_yaml_load("/", &doc, &err), OC_IO);
}

static void test_merge(void **state)
{
    (void)state;
    const char text[] = "base: {a: 1, b: {c: 2, d: [3, 4]}, e: \"x: y\", gone: 5}\n"
                        "over: {b: {d: [9], f: \"7\"}, gone: ~, new: {g: towards us, h: ~}}\n";
    oc_yaml   *doc = load(text), *both = NULL, *again;
    oc_error   err = {0};
    char       out[400], twice[400];
    size_t     n;
    assert_int_equal(oc_yaml_merge(oc_yaml_find(oc_yaml_root(doc), "base"),
                                   oc_yaml_find(oc_yaml_root(doc), "over"), "e", &both, &err),
                     OC_OK);
    n = oc_yaml_write(oc_yaml_root(both), out, sizeof(out));
    assert_string_equal(out, "{\"a\": 1, \"b\": {\"c\": 2, \"d\": [9], \"f\": \"7\"}, "
                             "\"new\": {\"g\": \"towards us\", \"h\": null}}");
    assert_int_equal(n, strlen(out));
    assert_int_equal(oc_yaml_line(oc_yaml_find(oc_yaml_root(both), "new")), 2);
    again = load(out); /* what is written reads back as the same */
    oc_yaml_write(oc_yaml_root(again), twice, sizeof(twice));
    assert_string_equal(out, twice);
    assert_int_equal(oc_yaml_write(oc_yaml_root(both), twice, 8), n); /* cut off, length told */
    assert_int_equal(strlen(twice), 7);
    oc_yaml_destroy(again);
    oc_yaml_destroy(both);
    assert_int_equal(oc_yaml_merge(oc_yaml_find(oc_yaml_find(oc_yaml_root(doc), "base"), "a"),
                                   oc_yaml_root(doc), NULL, &both, &err),
                     OC_FORMAT);
    oc_yaml_destroy(doc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_places),   cmocka_unit_test(test_values),
        cmocka_unit_test(test_refusals), cmocka_unit_test(test_syntax),
        cmocka_unit_test(test_limits),   cmocka_unit_test(test_aliases),
        cmocka_unit_test(test_texts),    cmocka_unit_test(test_empty_and_missing),
        cmocka_unit_test(test_merge),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
