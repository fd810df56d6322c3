/* Det against expansion along the first row. */
#include "naive.h"

static double expand(size_t n, const double *a)
{
    double sum = 0;

    if (n == 0)
        return 1;
    for (size_t col = 0; col < n; col++) {
        double minor[64];
        size_t k = 0;

        for (size_t i = n; i < n * n; i++)
            if (i % n != col)
                minor[k++] = a[i];
        sum += (col % 2 ? -1 : 1) * a[col] * expand(n - 1, minor);
    }
    return sum;
}

static void test_against_expansion(void **state)
{
    (void)state;
    for (int64_t n = 0; n < 7; n++) {
        const size_t elements = (size_t)(n * n);
        opcase       c;

        opcase_begin(&c, "", "Det", OC_ISA_NONE);
        opcase_input(&c, OC_F32, DIMS(2, 3, n, n), NULL);
        opcase_run(&c, 1);
        assert_int_equal(c.out[0].info.shape.rank, 2);
        for (size_t m = 0; m < 6; m++) {
            double a[64];

            for (size_t i = 0; i < elements; i++)
                a[i] = naive_f(&c, 0, m * elements + i);
            naive_expect(&c, m, expand((size_t)n, a), (double)naive_out(&c)[m], 1e-5, 1e-5);
        }
        opcase_end(&c);
    }
}

static void test_pivots(void **state)
{
    const float x[3][9] = {{0, 1, 0, 0, 0, 1, 1, 0, 0},  /* a permutation, even */
                           {0, 1, 0, 1, 0, 0, 0, 0, 1},  /* odd */
                           {1, 2, 3, 2, 4, 6, 5, 1, 7}}; /* two rows alike */
    const float want[3] = {1, -1, 0};
    opcase      c;

    (void)state;
    opcase_begin(&c, "", "Det", OC_ISA_NONE);
    opcase_input(&c, OC_F32, DIMS(3, 3, 3), x);
    opcase_run(&c, 1);
    for (size_t i = 0; i < 3; i++)
        naive_expect(&c, i, (double)want[i], (double)naive_out(&c)[i], 0, 1e-12);
    opcase_end(&c);
}

static void test_not_square(void **state)
{
    opcase c;

    (void)state;
    opcase_begin(&c, "", "Det", OC_ISA_NONE);
    opcase_input(&c, OC_F32, DIMS(2, 3), NULL);
    assert_true(opcase_infer(&c, 1) == OC_FORMAT);
    opcase_end(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_expansion),
        cmocka_unit_test(test_pivots),
        cmocka_unit_test(test_not_square),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
