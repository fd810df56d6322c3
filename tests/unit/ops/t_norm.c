/* Softmax and its kin, and the normalizations. */
#include "naive.h"

/* Softmax by the definition: rows of n elements `inner` apart. */
static void expect_softmax(const opcase *c, size_t outer, size_t n, size_t inner, bool logarithm)
{
    for (size_t o = 0; o < outer; o++)
        for (size_t i = 0; i < inner; i++) {
            const size_t at = o * n * inner + i;
            double       sum = 0;

            for (size_t k = 0; k < n; k++)
                sum += exp(naive_f(c, 0, at + k * inner));
            for (size_t k = 0; k < n; k++) {
                const double v = exp(naive_f(c, 0, at + k * inner)) / sum;

                naive_expect(c, at + k * inner, logarithm ? log(v) : v,
                             (double)naive_out(c)[at + k * inner], 1e-5, 1e-7);
            }
        }
}

static void test_softmax(void **state)
{
    static const struct {
        int     opset;
        int64_t axis;
        size_t  outer, n, inner;
    } cases[] = {{13, -1, 2 * 3 * 5, 97, 1},    {13, 1, 2, 3, 5 * 97},
                 {13, 0, 1, 2, 3 * 5 * 97},     {11, 1, 2, 3 * 5 * 97, 1},
                 {11, 0, 1, 2 * 3 * 5 * 97, 1}, {11, 3, 30, 97, 1},
                 {11, -2, 6, 5 * 97, 1}};

    (void)state;
    EACH_ISA(isa)
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        for (int logarithm = 0; logarithm < 2; logarithm++) {
            opcase c;

            opcase_begin(&c, "", logarithm ? "LogSoftmax" : "Softmax", isa);
            c.node.opset = cases[i].opset;
            opcase_attr_int(&c, "axis", cases[i].axis);
            opcase_input(&c, OC_F32, DIMS(2, 3, 5, 97), NULL);
            opcase_run(&c, 1);
            expect_softmax(&c, cases[i].outer, cases[i].n, cases[i].inner, logarithm);
            opcase_end(&c);
        }
}

static void test_softmax_of_large(void **state)
{
    const float x[4] = {1000, 1001, -1000, 1001};

    (void)state;
    EACH_ISA(isa)
    {
        opcase c;

        opcase_begin(&c, "", "Softmax", isa);
        opcase_input(&c, OC_F32, DIMS(1, 4), x);
        opcase_run(&c, 1);
        for (size_t k = 0; k < 4; k++)
            naive_expect(&c, k, exp((double)x[k] - 1001) / (2 + exp(-1)), (double)naive_out(&c)[k],
                         1e-6, 0);
        opcase_end(&c);
    }
}

static void test_hardmax(void **state)
{
    const float x[8] = {1, 3, 3, 0, 2, 2, 1, 0}, want[8] = {0, 1, 0, 0, 1, 0, 0, 0};
    opcase      c;

    (void)state;
    opcase_begin(&c, "", "Hardmax", OC_ISA_NONE);
    opcase_input(&c, OC_F32, DIMS(2, 4), x);
    opcase_run(&c, 1);
    assert_memory_equal(c.result[0], want, sizeof(want));
    opcase_end(&c);
}

static float *positive(opcase *c, uint32_t in)
{
    float *v = c->plain[in];

    for (size_t i = 0; i < opcase_elements(&c->in[in].info); i++)
        v[i] = fabsf(v[i]) + 0.1f;
    return v;
}

static void test_batch_norm(void **state)
{
    (void)state;
    EACH_ISA(isa)
    for (int blocked = 0; blocked < 2; blocked++) {
        opcase c;

        opcase_begin(&c, "", "BatchNormalization", isa);
        opcase_attr_float(&c, "epsilon", 1e-3f);
        opcase_input(&c, OC_F32, DIMS(2, 13, 5, 7), NULL);
        for (int i = 0; i < 4; i++)
            opcase_input(&c, OC_F32, DIMS(13), NULL);
        positive(&c, 4);
        c.offer_blocked[0] = blocked;
        opcase_run(&c, 1);
        assert_int_equal(c.was_blocked, blocked);
        for (size_t k = 0; k < 2 * 13 * 35; k++) {
            const size_t ch = k / 35 % 13;

            naive_expect(&c, k,
                         (naive_f(&c, 0, k) - naive_f(&c, 3, ch)) /
                                 sqrt(naive_f(&c, 4, ch) + 1e-3) * naive_f(&c, 1, ch) +
                             naive_f(&c, 2, ch),
                         (double)naive_out(&c)[k], 1e-5, 1e-5);
        }
        opcase_end(&c);
    }
}

typedef struct moments {
    double mean, variance;
} moments;

static moments moments_of(const opcase *c, size_t at, size_t n)
{
    moments m = {0, 0};

    for (size_t i = 0; i < n; i++)
        m.mean += naive_f(c, 0, at + i) / (double)n;
    for (size_t i = 0; i < n; i++)
        m.variance +=
            (naive_f(c, 0, at + i) - m.mean) * (naive_f(c, 0, at + i) - m.mean) / (double)n;
    return m;
}

static void test_layer_norm(void **state)
{
    static const struct {
        oc_shape scale;
        int64_t  axis;
        bool     bias;
    } cases[] = {{{1, {33}}, -1, true},
                 {{2, {5, 33}}, 2, true},
                 {{1, {33}}, 2, false},
                 {{1, {1}}, -1, true}};
    const oc_shape x = DIMS(2, 3, 5, 33);

    (void)state;
    EACH_ISA(isa)
    for (size_t i = 0; i < 4; i++) {
        const size_t n = cases[i].axis == 2 ? 165 : 33;
        oc_shape     row = cases[i].axis == 2 ? DIMS(5, 33) : DIMS(33);
        opcase       c;

        opcase_begin(&c, "", "LayerNormalization", isa);
        opcase_attr_int(&c, "axis", cases[i].axis);
        opcase_input(&c, OC_F32, x, NULL);
        opcase_input(&c, OC_F32, cases[i].scale, NULL);
        if (cases[i].bias)
            opcase_input(&c, OC_F32, cases[i].scale, NULL);
        for (size_t k = 0; k < 990; k++) /* a mean much larger than the deviation */
            ((float *)c.plain[0])[k] += 100;
        opcase_run(&c, 3);
        for (size_t k = 0; k < 990; k++) {
            const moments m = moments_of(&c, k / n * n, n);
            const size_t  at = naive_at(&cases[i].scale, &row, k % n);

            naive_expect(&c, k,
                         (naive_f(&c, 0, k) - m.mean) / sqrt(m.variance + 1e-5) *
                                 naive_f(&c, 1, at) +
                             (cases[i].bias ? naive_f(&c, 2, at) : 0),
                         (double)naive_out(&c)[k], 1e-4, 1e-4);
            naive_expect(&c, k / n, m.mean, (double)((float *)c.result[1])[k / n], 1e-5, 0);
            naive_expect(&c, k / n, 1 / sqrt(m.variance + 1e-5),
                         (double)((float *)c.result[2])[k / n], 1e-4, 0);
        }
        opcase_end(&c);
    }
}

static void test_group_norm(void **state)
{
    static const struct {
        const char *name;
        int64_t     groups, values;
    } cases[] = {{"InstanceNormalization", 6, 6},
                 {"GroupNormalization", 2, 6},
                 {"GroupNormalization", 3, 3}};

    (void)state;
    EACH_ISA(isa)
    for (size_t i = 0; i < 3; i++) {
        const size_t members = 6 / (size_t)cases[i].groups, n = members * 35;
        opcase       c;

        opcase_begin(&c, "", cases[i].name, isa);
        if (i)
            opcase_attr_int(&c, "num_groups", cases[i].groups);
        opcase_input(&c, OC_F32, DIMS(2, 6, 5, 7), NULL);
        opcase_input(&c, OC_F32, (oc_shape){1, {cases[i].values}}, NULL);
        opcase_input(&c, OC_F32, (oc_shape){1, {cases[i].values}}, NULL);
        opcase_run(&c, 1);
        for (size_t k = 0; k < 420; k++) {
            const moments m = moments_of(&c, k / n * n, n);
            const size_t  ch = k / 35 % 6, at = cases[i].values == 6 ? ch : ch / members;

            naive_expect(&c, k,
                         (naive_f(&c, 0, k) - m.mean) / sqrt(m.variance + 1e-5) *
                                 naive_f(&c, 1, at) +
                             naive_f(&c, 2, at),
                         (double)naive_out(&c)[k], 1e-5, 1e-5);
        }
        opcase_end(&c);
    }
}

static void test_lrn(void **state)
{
    opcase c;

    (void)state;
    for (int64_t size = 1; size < 14; size++) {
        opcase_begin(&c, "", "LRN", OC_ISA_NONE);
        opcase_attr_int(&c, "size", size);
        opcase_attr_float(&c, "alpha", 0.5f);
        opcase_attr_float(&c, "bias", 2.0f);
        opcase_input(&c, OC_F32, DIMS(2, 6, 19, 23), NULL);
        opcase_run(&c, 1);
        for (size_t k = 0; k < 2 * 6 * 437; k++) {
            const int64_t ch = (int64_t)(k / 437 % 6);
            double        sum = 0;

            for (int64_t j = ch - (size - 1) / 2; j <= ch + size / 2; j++)
                if (j >= 0 && j < 6) {
                    const double v = naive_f(&c, 0, (size_t)((int64_t)k + (j - ch) * 437));

                    sum += v * v;
                }
            naive_expect(&c, k, naive_f(&c, 0, k) / pow(2 + 0.5 / (double)size * sum, 0.75),
                         (double)naive_out(&c)[k], 1e-5, 0);
        }
        opcase_end(&c);
    }
}

static void test_lp_and_mvn(void **state)
{
    opcase c;

    (void)state;
    for (int64_t p = 1; p < 3; p++) {
        opcase_begin(&c, "", "LpNormalization", OC_ISA_NONE);
        opcase_attr_int(&c, "p", p);
        opcase_attr_int(&c, "axis", 1);
        opcase_input(&c, OC_F32, DIMS(2, 5, 3), NULL);
        for (size_t k = 0; k < 5; k++)
            ((float *)c.plain[0])[k * 3] = 0; /* a row of zeros stays one */
        opcase_run(&c, 1);
        for (size_t k = 0; k < 30; k++) {
            double sum = 0;

            for (size_t j = 0; j < 5; j++)
                sum += pow(fabs(naive_f(&c, 0, k / 15 * 15 + j * 3 + k % 3)), (double)p);
            sum = pow(sum, 1 / (double)p);
            naive_expect(&c, k, sum > 0 ? naive_f(&c, 0, k) / sum : 0, (double)naive_out(&c)[k],
                         1e-6, 0);
        }
        opcase_end(&c);
    }
    opcase_begin(&c, "", "MeanVarianceNormalization", OC_ISA_NONE);
    opcase_input(&c, OC_F32, DIMS(2, 3, 4, 5), NULL);
    opcase_run(&c, 1);
    for (size_t ch = 0; ch < 3; ch++) {
        double mean = 0, squares = 0;

        for (size_t i = 0; i < 40; i++) {
            const double v = (double)naive_out(&c)[i / 20 * 60 + ch * 20 + i % 20];

            mean += v / 40;
            squares += v * v / 40;
        }
        naive_expect(&c, ch, 0, mean, 0, 1e-6);
        naive_expect(&c, ch, 1, squares, 1e-5, 0);
    }
    opcase_end(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_softmax),    cmocka_unit_test(test_softmax_of_large),
        cmocka_unit_test(test_hardmax),    cmocka_unit_test(test_batch_norm),
        cmocka_unit_test(test_layer_norm), cmocka_unit_test(test_group_norm),
        cmocka_unit_test(test_lrn),        cmocka_unit_test(test_lp_and_mvn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
