/* The file of a tune table: kept, read again, damaged; what sessions make of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/cpu.h"
#include "ops/choice.h"
#include "runtime/tune.h"

static char path[64];

static int begin(void **state)
{
    (void)state;
    snprintf(path, sizeof(path), "t_tune.%ld.txt", (long)getpid());
    unlink(path);
    return 0;
}

static int end(void **state)
{
    (void)state;
    unlink(path);
    return 0;
}

static void write_file(const void *bytes, size_t n)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

static oc_tune *load(oc_error *warning)
{
    oc_tune *t = NULL;
    oc_error err = {0};
    if (oc_tune_load(path, &t, warning, &err) != OC_OK)
        fail_msg("%s", err.message);
    return t;
}

static void missing_is_empty(void **state)
{
    oc_error    warning;
    const char *key, *name;
    (void)state;
    oc_tune *t = load(&warning);
    assert_int_equal(warning.status, OC_OK);
    assert_false(oc_tune_at(t, 0, &key, &name));
    assert_null(oc_tune_find(t, "a"));
    oc_tune_destroy(t);
}

static void kept_and_read(void **state)
{
    oc_error err = {0}, warning;
    char     key[40];
    oc_tune *t = load(NULL);
    (void)state;
    for (int i = 0; i < 300; i++) {
        snprintf(key, sizeof(key), "avx2:conv:c%d", i * 7 % 300);
        assert_int_equal(oc_tune_put(t, key, i % 2 ? "direct-16" : "winograd-4", &err), OC_OK);
    }
    assert_int_equal(oc_tune_put(t, "avx2:conv:c7", "gemm-8", &err), OC_OK);
    assert_int_equal(oc_tune_save(t, path, &err), OC_OK);
    oc_tune_destroy(t);
    t = load(&warning);
    assert_int_equal(warning.status, OC_OK);
    for (int i = 0; i < 300; i++) {
        snprintf(key, sizeof(key), "avx2:conv:c%d", i * 7 % 300);
        const char *want = i == 1 ? "gemm-8" : i % 2 ? "direct-16" : "winograd-4";
        assert_string_equal(oc_tune_find(t, key), want);
    }
    oc_tune_destroy(t);
}

static void other_processors_are_kept(void **state)
{
    static const char text[] = OC_TUNE_FORMAT "\nAnother CPU @ 1 GHz\tneon:conv:c1\tdirect-8\n";
    oc_error          err = {0};
    char              got[400] = "";
    (void)state;
    write_file(text, strlen(text));
    oc_tune *t = load(NULL);
    assert_null(oc_tune_find(t, "neon:conv:c1"));
    assert_int_equal(oc_tune_put(t, "k", "direct-8", &err), OC_OK);
    assert_int_equal(oc_tune_save(t, path, &err), OC_OK);
    oc_tune_destroy(t);
    FILE  *f = fopen(path, "r");
    size_t n = fread(got, 1, sizeof(got) - 1, f);
    fclose(f);
    assert_true(n > strlen(text));
    assert_memory_equal(got, text, strlen(text));
}

/* Whatever is in the file: a warning with file and line, and an empty table. */
static void damaged(void **state)
{
    char        model[OC_CPU_MODEL_MAX], good[200], text[600];
    const char *key, *name;
    (void)state;
    oc_cpu_model(model);
    snprintf(good, sizeof(good), OC_TUNE_FORMAT "\n%s\tkey\tdirect-8\n", model);
    const struct {
        const char *tail;
        const char *line;
    } cases[] = {{"x\n", ":3:"},
                 {"a\tb\n", ":3:"},
                 {"a\tb\tc", ":3:"},
                 {"a\tb c\td\n", ":3:"},
                 {"a\t\td\n", ":3:"},
                 {"a\tb\t\n", ":3:"},
                 {"a\tb\tmuch-too-long-a-name-for-a-kernel\n", ":3:"},
                 {"\n", ":3:"}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        oc_error warning;
        int      n = snprintf(text, sizeof(text), "%s%s", good, cases[i].tail);
        write_file(text, (size_t)n);
        oc_tune *t = load(&warning);
        assert_int_equal(warning.status, OC_FORMAT);
        assert_non_null(strstr(warning.message, path));
        assert_non_null(strstr(warning.message, cases[i].line));
        assert_false(oc_tune_at(t, 0, &key, &name));
        oc_tune_destroy(t);
    }
    for (size_t cut = 0; cut <= strlen(good); cut++) { /* cut off anywhere */
        oc_error warning;
        write_file(good, cut);
        oc_tune *t = load(&warning);
        bool     whole = cut == strlen(good) || cut == strlen(OC_TUNE_FORMAT) + 1;
        assert_int_equal(warning.status, whole ? OC_OK : OC_FORMAT);
        oc_tune_destroy(t);
    }
    for (size_t at = 0; at < strlen(good); at++) { /* a zero anywhere */
        oc_error warning;
        memcpy(text, good, strlen(good) + 1);
        text[at] = 0;
        write_file(text, strlen(good));
        oc_tune *t = load(&warning);
        assert_int_equal(warning.status, OC_FORMAT);
        oc_tune_destroy(t);
    }
}

/* Only what is among the candidates is taken. */
static void names_are_looked_for(void **state)
{
    static const char *const names[] = {"direct-8", "direct-16", "winograd-4"};
    oc_arena                 mem = {0};
    oc_work                  work = {0};
    oc_error                 err = {0};
    oc_tune                 *t = load(NULL);
    oc_prepare               p = {.mem = &mem, .work = &work, .tune = t};
    unsigned                 at = 9;
    (void)state;
    assert_int_equal(oc_tune_put(t, "known", "winograd-4", &err), OC_OK);
    assert_int_equal(oc_tune_put(t, "old", "winograd-40", &err), OC_OK);
    assert_int_equal(oc_choice_make(&p, "known", names, 3, 1, &at, &err), OC_OK);
    assert_int_equal(at, 2);
    assert_int_equal(work.choice->guess, 1);
    assert_int_equal(oc_choice_make(&p, "old", names, 3, 1, &at, &err), OC_OK);
    assert_int_equal(at, 1);
    assert_int_equal(oc_choice_make(&p, "new", names, 3, 0, &at, &err), OC_OK);
    assert_int_equal(at, 0);
    assert_string_equal(work.choice->name[work.choice->at], "direct-8");
    oc_tune_destroy(t);
    oc_arena_finish(&mem);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(missing_is_empty, begin, end),
        cmocka_unit_test_setup_teardown(kept_and_read, begin, end),
        cmocka_unit_test_setup_teardown(other_processors_are_kept, begin, end),
        cmocka_unit_test_setup_teardown(damaged, begin, end),
        cmocka_unit_test_setup_teardown(names_are_looked_for, begin, end)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
