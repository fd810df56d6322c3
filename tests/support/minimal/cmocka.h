/* cmocka.h -- the few macros of cmocka that the unit tests use, for targets cmocka is not packaged
 * for.  An assertion that does not hold says where and leaves its test; the others still run.
 *
 * Names, arguments and meanings are cmocka's (https://api.cmocka.org); nothing of its mocking. */
#ifndef OC_TESTS_MINIMAL_CMOCKA_H
#define OC_TESTS_MINIMAL_CMOCKA_H

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

typedef int (*CMFixtureFunction)(void **state);

struct CMUnitTest {
    const char *name;
    void (*test_func)(void **state);
    CMFixtureFunction setup_func, teardown_func;
    void             *initial_state;
};

enum { CM_PASSED, CM_FAILED, CM_SKIPPED };

/* One test program is one file: this is all its state. */
static jmp_buf cm_leave __attribute__((unused));

#define print_message(...) printf(__VA_ARGS__)

static inline __attribute__((format(printf, 3, 4), noreturn, unused)) void
cm_fail(const char *file, int line, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    fprintf(stderr, "%s:%d: error: ", file, line);
    vfprintf(stderr, fmt, args);
    fputc('\n', stderr);
    va_end(args);
    longjmp(cm_leave, CM_FAILED);
}

static inline __attribute__((noreturn, unused)) void cm_skip(void)
{
    longjmp(cm_leave, CM_SKIPPED);
}

#define fail_msg(...) cm_fail(__FILE__, __LINE__, __VA_ARGS__)
#define fail() fail_msg("failed")
#define skip() cm_skip()

static inline __attribute__((unused)) void cm_compare(uintmax_t a, uintmax_t b, int equal,
                                                      const char *file, int line)
{
    if ((a == b) != equal)
        cm_fail(file, line, "%#" PRIxMAX " %s %#" PRIxMAX, a, equal ? "!=" : "==", b);
}

static inline __attribute__((unused)) void cm_strings(const char *a, const char *b,
                                                      const char *file, int line)
{
    if (strcmp(a, b) != 0)
        cm_fail(file, line, "\"%s\" != \"%s\"", a, b);
}

static inline __attribute__((unused)) void cm_memory(const void *a, const void *b, size_t bytes,
                                                     const char *file, int line)
{
    const unsigned char *x = a, *y = b;

    for (size_t i = 0; i < bytes; i++)
        if (x[i] != y[i])
            cm_fail(file, line, "byte %zu of %zu: 0x%02x != 0x%02x", i, bytes, x[i], y[i]);
}

static inline __attribute__((unused)) void cm_floats(float a, float b, float epsilon,
                                                     const char *file, int line)
{
    const float distance = a > b ? a - b : b - a;

    if (a != b && !(distance <= epsilon))
        cm_fail(file, line, "%g != %g", (double)a, (double)b);
}

static inline __attribute__((unused)) void cm_range(uintmax_t v, uintmax_t lo, uintmax_t hi,
                                                    const char *file, int line)
{
    if (v < lo || v > hi)
        cm_fail(file, line, "%" PRIuMAX " is not within %" PRIuMAX "-%" PRIuMAX, v, lo, hi);
}

#define CM_INTEGER(x) ((uintmax_t)(x))
#define CM_POINTER(x) ((uintmax_t)(uintptr_t)(x))

#define assert_true(x)          \
    do {                        \
        if (!(x))               \
            fail_msg("%s", #x); \
    } while (0)
#define assert_false(x) assert_true(!(x))
#define assert_null(p) cm_compare(CM_POINTER(p), 0, 1, __FILE__, __LINE__)
#define assert_non_null(p) cm_compare(CM_POINTER(p), 0, 0, __FILE__, __LINE__)
#define assert_int_equal(a, b) cm_compare(CM_INTEGER(a), CM_INTEGER(b), 1, __FILE__, __LINE__)
#define assert_int_not_equal(a, b) cm_compare(CM_INTEGER(a), CM_INTEGER(b), 0, __FILE__, __LINE__)
#define assert_ptr_equal(a, b) cm_compare(CM_POINTER(a), CM_POINTER(b), 1, __FILE__, __LINE__)
#define assert_ptr_not_equal(a, b) cm_compare(CM_POINTER(a), CM_POINTER(b), 0, __FILE__, __LINE__)
#define assert_string_equal(a, b) cm_strings(a, b, __FILE__, __LINE__)
#define assert_memory_equal(a, b, bytes) cm_memory(a, b, bytes, __FILE__, __LINE__)
#define assert_float_equal(a, b, epsilon) \
    cm_floats((float)(a), (float)(b), (float)(epsilon), __FILE__, __LINE__)
#define assert_in_range(v, lo, hi) \
    cm_range(CM_INTEGER(v), CM_INTEGER(lo), CM_INTEGER(hi), __FILE__, __LINE__)

#define cmocka_unit_test_setup_teardown(f, before, after) \
    {                                                     \
#f, f, before, after, NULL                        \
    }
#define cmocka_unit_test_setup(f, before) cmocka_unit_test_setup_teardown(f, before, NULL)
#define cmocka_unit_test_teardown(f, after) cmocka_unit_test_setup_teardown(f, NULL, after)
#define cmocka_unit_test(f) cmocka_unit_test_setup_teardown(f, NULL, NULL)

static inline __attribute__((unused)) int cm_run_one(const struct CMUnitTest *test, void *state)
{
    void *mine = test->initial_state ? test->initial_state : state;
    int   how = CM_FAILED;

    if (test->setup_func && test->setup_func(&mine) != 0)
        return CM_FAILED;
    switch (setjmp(cm_leave)) {
    case 0:
        test->test_func(&mine);
        how = CM_PASSED;
        break;
    case CM_SKIPPED: how = CM_SKIPPED; break;
    default: break;
    }
    if (test->teardown_func && test->teardown_func(&mine) != 0)
        return CM_FAILED;
    return how;
}

/* The number of tests that failed. */
static inline __attribute__((unused)) int cm_run(const struct CMUnitTest *tests, size_t n,
                                                 CMFixtureFunction setup,
                                                 CMFixtureFunction teardown)
{
    static const char *const words[] = {"passed", "FAILED", "skipped"};
    void                    *state = NULL;
    int                      failed = 0;

    if (setup && setup(&state) != 0)
        return (int)n;
    for (size_t i = 0; i < n; i++) {
        int how = cm_run_one(&tests[i], state);
        printf("%s: %s\n", tests[i].name, words[how]);
        fflush(stdout);
        failed += how == CM_FAILED;
    }
    if (teardown && teardown(&state) != 0)
        failed++;
    return failed;
}

#define cmocka_run_group_tests(tests, setup, teardown) \
    cm_run(tests, sizeof(tests) / sizeof((tests)[0]), setup, teardown)

#endif
