/* Reductions, ArgMax and ArgMin, CumSum, global pools. */
#include "naive.h"

typedef enum kind { SUM, MEAN, MAX, MIN, PROD, L1, L2, LOG_SUM, LOG_SUM_EXP, SUM_SQUARE } kind;

static const char *const names[] = {
    "ReduceSum", "ReduceMean", "ReduceMax",    "ReduceMin",       "ReduceProd",
    "ReduceL1",  "ReduceL2",   "ReduceLogSum", "ReduceLogSumExp", "ReduceSumSquare"};

static double start(kind k)
{
    return k == MAX ? -INFINITY : k == MIN ? INFINITY : k == PROD ? 1 : 0;
}

static double step(kind k, double acc, double v)
{
    switch (k) {
    case MAX: return v > acc ? v : acc;
    case MIN: return v < acc ? v : acc;
    case PROD: return acc * v;
    case L1: return acc + fabs(v);
    case L2:
    case SUM_SQUARE: return acc + v * v;
    case LOG_SUM_EXP: return acc + exp(v);
    default: return acc + v;
    }
}

static double last(kind k, double acc, double count)
{
    switch (k) {
    case MEAN: return acc / count;
    case L2: return sqrt(acc);
    case LOG_SUM:
    case LOG_SUM_EXP: return log(acc);
    default: return acc;
    }
}

/* Wanted results by walking the whole input once. */
static void naive_reduce(kind k, const opcase *c, unsigned axes, double *want, double *count)
{
    const oc_shape *x = &c->in[0].info.shape;
    oc_shape        kept = *x;
    const size_t    n = opcase_elements(&c->in[0].info);
    size_t          results = 1;

    for (uint32_t d = 0; d < x->rank; d++) {
        if (axes >> d & 1)
            kept.dim[d] = 1;
        results *= (size_t)kept.dim[d];
    }
    for (size_t i = 0; i < results; i++)
        want[i] = start(k);
    *count = results ? (double)n / (double)results : 0;
    for (size_t i = 0; i < n; i++) {
        double *w = &want[naive_at(&kept, x, i)];

        *w = step(k, *w, naive_f(c, 0, i));
    }
    for (size_t i = 0; i < results; i++)
        want[i] = last(k, want[i], *count);
}

static void reduce_case(kind k, oc_shape x, unsigned axes, bool keep, bool blocked, bool attribute,
                        oc_isa isa)
{
    static double want[20000];
    int64_t       list[8];
    size_t        n = 0;
    double        count;
    opcase        c;

    for (uint32_t d = 0; d < x.rank; d++)
        if (axes >> d & 1) {
            list[n] = (int64_t)d - (n % 2 ? (int64_t)x.rank : 0); /* negative ones too */
            n++;
        }
    opcase_begin(&c, "", names[k], isa);
    opcase_attr_int(&c, "keepdims", keep);
    if (attribute)
        opcase_attr_ints(&c, "axes", list, n);
    opcase_input(&c, OC_F32, x, NULL);
    if (!attribute)
        opcase_ints(&c, list, n);
    for (size_t i = 0; i < opcase_elements(&c.in[0].info) && (k == LOG_SUM || k == PROD); i++) {
        float *v = &((float *)c.plain[0])[i];

        *v = 1 +
             fabsf(*v) / 100; /* a logarithm of something positive, a product that stays finite */
    }
    c.offer_blocked[0] = blocked;
    opcase_run(&c, 1);
    assert_int_equal(c.out[0].info.shape.rank, keep ? x.rank : x.rank - n);
    naive_reduce(k, &c, axes, want, &count);
    for (size_t i = 0; i < opcase_elements(&c.out[0].info); i++)
        naive_expect(&c, i, want[i], (double)naive_out(&c)[i], 1e-5, 1e-5 * sqrt(count));
    opcase_end(&c);
}

static void test_reduce(void **state)
{
    static const struct {
        oc_shape x;
        unsigned axes;
        bool     blocked;
    } cases[] = {
        {{4, {2, 13, 9, 11}}, 0xc, true},  {{4, {2, 13, 9, 11}}, 0xc, false},
        {{4, {1, 16, 7, 7}}, 0xc, true},   {{4, {2, 13, 9, 11}}, 0x2, true},
        {{4, {2, 13, 9, 11}}, 0x1, false}, {{4, {2, 13, 9, 11}}, 0xf, true},
        {{4, {2, 13, 9, 11}}, 0x5, false}, {{4, {2, 13, 9, 11}}, 0xa, false},
        {{3, {3, 1, 257}}, 0x4, false},    {{3, {3, 5, 1}}, 0x4, false},
        {{2, {40, 33}}, 0x1, false},       {{2, {1, 2100}}, 0x1, false},
        {{4, {2, 13, 9, 11}}, 0xe, true},  {{4, {1, 16, 9, 11}}, 0xf, true},
        {{1, {1000}}, 0x1, false},         {{5, {2, 3, 4, 5, 6}}, 0x15, false},
    };

    (void)state;
    EACH_ISA(isa)
    for (kind k = SUM; k <= SUM_SQUARE; k++)
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
            for (int keep = 0; keep < 2; keep++)
                reduce_case(k, cases[i].x, cases[i].axes, keep, cases[i].blocked, i % 2, isa);
}

static void test_empty(void **state)
{
    static const struct {
        kind   k;
        double want;
    } cases[] = {{SUM, 0},        {PROD, 1}, {MAX, -INFINITY},
                 {MIN, INFINITY}, {L2, 0},   {LOG_SUM, -INFINITY}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        opcase c;

        opcase_begin(&c, "", names[cases[i].k], OC_ISA_NONE);
        opcase_input(&c, OC_F32, DIMS(2, 0, 3), NULL);
        INTS(&c, 1);
        opcase_run(&c, 1);
        for (size_t j = 0; j < 6; j++)
            naive_expect(&c, j, cases[i].want, (double)naive_out(&c)[j], 0, 0);
        opcase_end(&c);
    }
}

static void test_noop_and_all(void **state)
{
    opcase c;
    double sum = 0;

    (void)state;
    opcase_begin(&c, "", "ReduceSum", OC_ISA_NONE);
    opcase_attr_int(&c, "noop_with_empty_axes", 1);
    opcase_input(&c, OC_F32, DIMS(2, 3), NULL);
    opcase_run(&c, 1);
    assert_memory_equal(c.result[0], c.plain[0], 6 * sizeof(float));
    opcase_end(&c);
    opcase_begin(&c, "", "ReduceSum", OC_ISA_NONE);
    opcase_attr_int(&c, "keepdims", 0);
    opcase_input(&c, OC_F32, DIMS(2, 3), NULL);
    opcase_run(&c, 1);
    assert_int_equal(c.out[0].info.shape.rank, 0);
    for (size_t i = 0; i < 6; i++)
        sum += naive_f(&c, 0, i);
    naive_expect(&c, 0, sum, (double)naive_out(&c)[0], 1e-6, 1e-6);
    opcase_end(&c);
}

static void test_integers(void **state)
{
    const int64_t x[6] = {1, -5, INT64_MAX, 3, 9, INT64_MIN};
    const int64_t most[2] = {INT64_MAX, 9}, least[2] = {-5, INT64_MIN};
    const uint8_t u[6] = {200, 3, 255, 0, 7, 9}, top[2] = {255, 9};
    opcase        c;

    (void)state;
    opcase_begin(&c, "", "ReduceMax", OC_ISA_NONE);
    opcase_input(&c, OC_I64, DIMS(2, 3), x);
    INTS(&c, 1);
    opcase_run(&c, 1);
    assert_memory_equal(c.result[0], most, sizeof(most));
    opcase_end(&c);
    opcase_begin(&c, "", "ReduceMin", OC_ISA_NONE);
    opcase_input(&c, OC_I64, DIMS(2, 3), x);
    INTS(&c, 1);
    opcase_run(&c, 1);
    assert_memory_equal(c.result[0], least, sizeof(least));
    opcase_end(&c);
    opcase_begin(&c, "", "ReduceMax", OC_ISA_NONE);
    opcase_input(&c, OC_U8, DIMS(2, 3), u);
    INTS(&c, 1);
    opcase_run(&c, 1);
    assert_memory_equal(c.result[0], top, sizeof(top));
    opcase_end(&c);
}

static void test_nan(void **state)
{
    (void)state;
    EACH_ISA(isa)
    for (kind k = SUM; k <= SUM_SQUARE; k++)
        for (int64_t axis = 0; axis < 2; axis++) {
            float  x[40] = {0};
            opcase c;

            for (size_t i = 0; i < 40; i++)
                x[i] = 1 + (float)i;
            x[27] = NAN; /* row 1, column 7 of 2 x 20 */
            opcase_begin(&c, "", names[k], isa);
            opcase_input(&c, OC_F32, DIMS(2, 20), x);
            INTS(&c, axis);
            opcase_run(&c, 1);
            for (size_t i = 0; i < opcase_elements(&c.out[0].info); i++)
                if ((isnan(naive_out(&c)[i]) != 0) != (i == (axis ? 1 : 7)))
                    fail_msg("%s over axis %d: element %zu is %g", names[k], (int)axis, i,
                             (double)naive_out(&c)[i]);
            opcase_end(&c);
        }
}

static void test_arg(void **state)
{
    const float x[12] = {3, 1, 3, 1, 2, 2, 5, 5, -1, -1, 0, 5};
    static const struct {
        const char *name;
        int64_t     axis, last, want[4];
    } cases[] = {
        {"ArgMax", 1, 0, {0, 2, 3}},    {"ArgMax", -1, 1, {2, 3, 3}},   {"ArgMin", 1, 0, {1, 0, 0}},
        {"ArgMin", 0, 1, {2, 2, 2, 0}}, {"ArgMax", 0, 0, {0, 1, 1, 1}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        opcase c;

        opcase_begin(&c, "", cases[i].name, OC_ISA_NONE);
        opcase_attr_int(&c, "axis", cases[i].axis);
        opcase_attr_int(&c, "keepdims", 0);
        opcase_attr_int(&c, "select_last_index", cases[i].last);
        opcase_input(&c, OC_F32, DIMS(3, 4), x);
        opcase_run(&c, 1);
        for (size_t k = 0; k < opcase_elements(&c.out[0].info); k++)
            if (((int64_t *)c.result[0])[k] != cases[i].want[k])
                fail_msg("case %zu: element %zu: want %d, got %d", i, k, (int)cases[i].want[k],
                         (int)((int64_t *)c.result[0])[k]);
        opcase_end(&c);
    }
}

static void test_cum_sum(void **state)
{
    static const struct {
        int64_t exclusive, reverse;
        float   want[6];
    } cases[] = {{0, 0, {1, 3, 6, 4, 9, 15}},
                 {1, 0, {0, 1, 3, 0, 4, 9}},
                 {0, 1, {6, 5, 3, 15, 11, 6}},
                 {1, 1, {5, 3, 0, 11, 6, 0}}};
    const float x[6] = {1, 2, 3, 4, 5, 6}, down[6] = {1, 2, 3, 5, 7, 9};
    opcase      c;

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        opcase_begin(&c, "", "CumSum", OC_ISA_NONE);
        opcase_attr_int(&c, "exclusive", cases[i].exclusive);
        opcase_attr_int(&c, "reverse", cases[i].reverse);
        opcase_input(&c, OC_F32, DIMS(2, 3), x);
        INTS(&c, 1);
        opcase_run(&c, 1);
        assert_memory_equal(c.result[0], cases[i].want, sizeof(cases[i].want));
        opcase_end(&c);
    }
    opcase_begin(&c, "", "CumSum", OC_ISA_NONE);
    opcase_input(&c, OC_F32, DIMS(2, 3), x);
    INTS(&c, -2);
    opcase_run(&c, 1);
    assert_memory_equal(c.result[0], down, sizeof(down));
    opcase_end(&c);
}

static void test_global_pools(void **state)
{
    static const char *const pools[] = {"GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool"};

    (void)state;
    EACH_ISA(isa)
    for (size_t i = 0; i < 3; i++)
        for (int blocked = 0; blocked < 2; blocked++) {
            opcase c;

            opcase_begin(&c, "", pools[i], isa);
            opcase_input(&c, OC_F32, DIMS(2, 13, 9, 7), NULL);
            c.offer_blocked[0] = blocked;
            opcase_run(&c, 1);
            assert_int_equal(c.was_blocked, blocked && i < 2);
            for (size_t k = 0; k < 26; k++) {
                double sum = 0, top = -INFINITY, squares = 0;

                for (size_t j = k * 63; j < k * 63 + 63; j++) {
                    sum += naive_f(&c, 0, j);
                    squares += naive_f(&c, 0, j) * naive_f(&c, 0, j);
                    top = fmax(top, naive_f(&c, 0, j));
                }
                naive_expect(&c, k,
                             i == 0   ? sum / 63
                             : i == 1 ? top
                                      : sqrt(squares),
                             (double)naive_out(&c)[k], 1e-5, 1e-6);
            }
            opcase_end(&c);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reduce),   cmocka_unit_test(test_empty),
        cmocka_unit_test(test_integers), cmocka_unit_test(test_noop_and_all),
        cmocka_unit_test(test_nan),      cmocka_unit_test(test_arg),
        cmocka_unit_test(test_cum_sum),  cmocka_unit_test(test_global_pools),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
