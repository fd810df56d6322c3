/* Assignment against trying everything, at all small sizes, with holes, ties and lone rows. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "track/assign.h"

static uint32_t seed = 1;

static uint32_t next(void)
{
    seed = seed * 1664525u + 1013904223u;
    return seed >> 8;
}

/* Least cost over all choices for rows from `row` on. */
static double best(const float *cost, size_t rows, size_t cols, double alone, size_t row,
                   unsigned used)
{
    if (row == rows)
        return 0;
    double low = alone + best(cost, rows, cols, alone, row + 1, used);
    for (size_t j = 0; j < cols; j++) {
        double c = (double)cost[row * cols + j];
        if ((used >> j & 1) || !isfinite(c))
            continue;
        double d = c + best(cost, rows, cols, alone, row + 1, used | 1u << j);
        low = d < low ? d : low;
    }
    return low;
}

static double total(const float *cost, size_t rows, size_t cols, double alone, const int32_t *pair)
{
    unsigned used = 0;
    double   sum = 0;
    for (size_t i = 0; i < rows; i++) {
        if (pair[i] < 0) {
            sum += alone;
            continue;
        }
        assert_true((size_t)pair[i] < cols);
        assert_false(used >> pair[i] & 1);
        used |= 1u << pair[i];
        double c = (double)cost[i * cols + (size_t)pair[i]];
        assert_true(isfinite(c));
        assert_true(c <= alone);
        sum += c;
    }
    return sum;
}

static float some_cost(int kind)
{
    switch (kind) {
    case 0: return (float)next() / 16777216.0f;                         /* plain */
    case 1: return (float)(next() % 4);                                 /* many ties */
    case 2: return next() % 3 ? (float)(next() % 10) : OC_ASSIGN_NEVER; /* holes */
    case 3: return (float)(next() % 100) - 50.0f;                       /* negative ones, too */
    default: return next() % 5 ? OC_ASSIGN_NEVER : NAN;                 /* nothing goes */
    }
}

static void all_small_sizes(void **state)
{
    (void)state;
    oc_assign   *a;
    oc_error     err;
    const double lone[] = {0.0, 0.5, 2.0, 6.0, 1000.0};
    assert_int_equal(oc_assign_create(6, 6, &a, &err), OC_OK);
    for (size_t rows = 0; rows <= 6; rows++)
        for (size_t cols = 0; cols <= 6; cols++)
            for (int kind = 0; kind < 5; kind++)
                for (size_t l = 0; l < 5; l++)
                    for (int again = 0; again < 6; again++) {
                        float   cost[36];
                        int32_t pair[6];
                        for (size_t i = 0; i < rows * cols; i++)
                            cost[i] = some_cost(kind);
                        oc_assign_run(a, cost, rows, cols, lone[l], pair);
                        double want = best(cost, rows, cols, lone[l], 0, 0);
                        double got = total(cost, rows, cols, lone[l], pair);
                        assert_true(fabs(want - got) < 1e-5);
                    }
    oc_assign_destroy(a);
}

static void ties_go_to_lower_columns(void **state)
{
    (void)state;
    oc_assign  *a;
    oc_error    err;
    const float cost[9] = {1, 1, 1, 1, 1, 1, 1, 1, 1};
    int32_t     pair[3];
    assert_int_equal(oc_assign_create(3, 3, &a, &err), OC_OK);
    oc_assign_run(a, cost, 3, 3, 10, pair);
    for (int32_t i = 0; i < 3; i++)
        assert_int_equal(pair[i], i);
    oc_assign_destroy(a);
}

static void large_and_skewed(void **state)
{
    (void)state;
    enum { N = 200 };
    static float   cost[N * N];
    static int32_t pair[N];
    oc_assign     *a;
    oc_error       err;
    assert_int_equal(oc_assign_create(N, N, &a, &err), OC_OK);
    /* (i+1)(j+1): the best choice is the reversed order, by the rearrangement inequality */
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++)
            cost[i * N + j] = (float)((i + 1) * (j + 1));
    oc_assign_run(a, cost, N, N, 1e6, pair);
    for (int i = 0; i < N; i++)
        assert_int_equal(pair[i], N - 1 - i);
    oc_assign_destroy(a);
    oc_assign_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_small_sizes),
        cmocka_unit_test(ties_go_to_lower_columns),
        cmocka_unit_test(large_and_skewed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
