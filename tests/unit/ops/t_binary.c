/* Operators of two inputs, and those that fold many: every kind of broadcast, plain and blocked. */
#include "naive.h"

typedef struct pair {
    oc_shape a, b;
    bool     block_a, block_b; /* offered as blocked */
} pair;

static const pair pairs[] = {
    {{4, {2, 13, 5, 7}}, {4, {2, 13, 5, 7}}, true, false},
    {{4, {2, 13, 5, 7}}, {4, {2, 13, 5, 7}}, true, true},
    {{4, {2, 13, 5, 7}}, {4, {2, 13, 1, 1}}, true, true}, /* squeeze and excite */
    {{4, {2, 13, 5, 7}}, {4, {1, 13, 1, 1}}, true, false},
    {{4, {2, 16, 3, 3}}, {3, {16, 1, 1}}, true, false},
    {{4, {2, 13, 3, 3}}, {3, {13, 1, 1}}, true, false},
    {{3, {13, 1, 1}}, {4, {2, 13, 3, 3}}, false, true},
    {{4, {2, 13, 5, 7}}, {0, {0}}, true, false},
    {{1, {1}}, {4, {2, 13, 5, 7}}, false, true},
    {{4, {2, 13, 5, 7}}, {4, {2, 1, 5, 7}}, true, false}, /* attention over pixels */
    {{4, {2, 13, 5, 7}}, {4, {2, 1, 1, 1}}, true, false},
    {{4, {2, 13, 5, 7}}, {4, {1, 13, 5, 7}}, true, true},
    {{4, {2, 13, 5, 7}}, {2, {5, 7}}, true, false},
    {{4, {2, 13, 5, 7}}, {4, {2, 13, 5, 1}}, true, false}, /* falls back to plain */
    {{4, {1, 3, 1, 1}}, {4, {1, 3, 1, 1}}, true, true},
    {{4, {2, 13, 5, 7}}, {4, {2, 13, 5, 7}}, false, false},
    {{3, {4, 1, 9}}, {3, {1, 6, 1}}, false, false},
    {{2, {70, 1}}, {2, {1, 33}}, false, false},
    {{5, {2, 1, 3, 1, 5}}, {4, {4, 1, 2, 5}}, false, false},
    {{0, {0}}, {0, {0}}, false, false},
    {{2, {0, 3}}, {1, {3}}, false, false},
};
#define N_PAIRS (sizeof(pairs) / sizeof(pairs[0]))

static double add(double a, double b)
{
    return a + b;
}
static double sub(double a, double b)
{
    return a - b;
}
static double mul(double a, double b)
{
    return a * b;
}
static double divide(double a, double b)
{
    return a / b;
}
static double power(double a, double b)
{
    return (double)powf((float)a, (float)b);
}
static double prelu(double a, double b)
{
    return a < 0 ? a * b : a;
}
static double least(double a, double b)
{
    return isnan(a) || isnan(b) ? NAN : a < b ? a : b;
}
static double most(double a, double b)
{
    return isnan(a) || isnan(b) ? NAN : a > b ? a : b;
}

static const struct {
    const char *name;
    double (*f)(double, double);
} ops[] = {{"Add", add},     {"Sub", sub},   {"Mul", mul},  {"Div", divide}, {"Pow", power},
           {"PRelu", prelu}, {"Min", least}, {"Max", most}, {"Sum", add}};

static void run_pair(const char *name, double (*f)(double, double), const pair *p, oc_isa isa,
                     oc_act act)
{
    opcase c;

    opcase_begin(&c, "", name, isa);
    c.node.act = act;
    opcase_input(&c, OC_F32, p->a, NULL);
    opcase_input(&c, OC_F32, p->b, NULL);
    c.offer_blocked[0] = p->block_a;
    c.offer_blocked[1] = p->block_b;
    opcase_run(&c, 1);
    for (size_t k = 0; k < opcase_elements(&c.out[0].info); k++) {
        double want = f(naive_f(&c, 0, naive_at(&p->a, &c.out[0].info.shape, k)),
                        naive_f(&c, 1, naive_at(&p->b, &c.out[0].info.shape, k)));

        if (act.kind == OC_ACT_CLIP)
            want = want < (double)act.a   ? (double)act.a
                   : want > (double)act.b ? (double)act.b
                                          : want;
        naive_expect(&c, k, want, (double)naive_out(&c)[k], 1e-6, 0);
    }
    opcase_end(&c);
}

static void test_f32(void **state)
{
    (void)state;
    EACH_ISA(isa)
    for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
        for (size_t k = 0; k < N_PAIRS; k++) {
            if (strcmp(ops[i].name, "PRelu") == 0 && pairs[k].b.rank > pairs[k].a.rank)
                continue;
            if (strcmp(ops[i].name, "PRelu") == 0 && (k == 16 || k == 17 || k == 18))
                continue; /* the slope must not enlarge the result */
            run_pair(ops[i].name, ops[i].f, &pairs[k], isa, (oc_act){OC_ACT_NONE, 0, 0});
        }
}

static void test_fused_activation(void **state)
{
    (void)state;
    /* min > 0: act(0) is not 0, padding lanes must be cleaned */
    EACH_ISA(isa)
    for (size_t k = 0; k < N_PAIRS; k++)
        run_pair("Add", add, &pairs[k], isa, (oc_act){OC_ACT_CLIP, 0.5f, 2.0f});
}

static void test_blocked_where_expected(void **state)
{
    opcase c;

    (void)state;
    opcase_begin(&c, "", "Mul", OC_ISA_NONE);
    opcase_input(&c, OC_F32, DIMS(1, 16, 4, 4), NULL);
    opcase_input(&c, OC_F32, DIMS(1, 16, 1, 1), NULL);
    c.offer_blocked[0] = true;
    assert_int_equal(opcase_infer(&c, 1), OC_OK);
    opcase_layouts(&c);
    assert_int_equal(c.out[0].layout, OC_LAYOUT_NC8);
    assert_int_equal(c.in[1].layout, OC_LAYOUT_NC8);
    opcase_end(&c);
}

static void test_square(void **state)
{
    const float two = 2.0f;

    (void)state;
    EACH_ISA(isa)
    for (int blocked = 0; blocked < 2; blocked++) {
        opcase c;

        opcase_begin(&c, "", "Pow", isa);
        opcase_input(&c, OC_F32, DIMS(1, 5, 3, 3), NULL);
        opcase_const(&c, OC_F32, DIMS(1), &two);
        c.offer_blocked[0] = blocked;
        opcase_run(&c, 1);
        for (size_t k = 0; k < 45; k++)
            naive_expect(&c, k, naive_f(&c, 0, k) * naive_f(&c, 0, k), (double)naive_out(&c)[k],
                         1e-7, 0);
        opcase_end(&c);
    }
}

static void test_keep_equal(void **state)
{
    (void)state;
    EACH_ISA(isa)
    for (int blocked = 0; blocked < 2; blocked++) {
        opcase c;

        opcase_begin(&c, "ocellus", "KeepEqual", isa);
        opcase_input(&c, OC_F32, DIMS(2, 13, 5, 7), NULL);
        opcase_input(&c, OC_F32, DIMS(2, 13, 5, 7), NULL);
        for (size_t k = 0; k < 910; k += 3)
            ((float *)c.plain[1])[k] = ((float *)c.plain[0])[k];
        c.offer_blocked[0] = blocked;
        opcase_run(&c, 1);
        assert_int_equal(c.was_blocked, blocked);
        for (size_t k = 0; k < 910; k++)
            naive_expect(&c, k, naive_f(&c, 0, k) == naive_f(&c, 1, k) ? naive_f(&c, 0, k) : 0,
                         (double)naive_out(&c)[k], 0, 0);
        opcase_end(&c);
    }
}

static void test_nan(void **state)
{
    const float a[9] = {NAN, 1, NAN, 2, 0, -0.0f, INFINITY, -INFINITY, NAN};
    const float b[9] = {1, NAN, NAN, 3, NAN, 0, -INFINITY, INFINITY, 4};

    (void)state;
    EACH_ISA(isa)
    for (size_t i = 6; i < 8; i++) { /* Min, Max */
        opcase c;

        opcase_begin(&c, "", ops[i].name, isa);
        opcase_input(&c, OC_F32, DIMS(9), a);
        opcase_input(&c, OC_F32, DIMS(9), b);
        opcase_run(&c, 1);
        for (size_t k = 0; k < 9; k++)
            naive_expect(&c, k, ops[i].f((double)a[k], (double)b[k]), (double)naive_out(&c)[k], 0,
                         0);
        opcase_end(&c);
    }
}

static void test_mean_of_three(void **state)
{
    (void)state;
    EACH_ISA(isa)
    for (int blocked = 0; blocked < 2; blocked++) {
        opcase c;

        opcase_begin(&c, "", "Mean", isa);
        opcase_input(&c, OC_F32, DIMS(1, 11, 4, 3), NULL);
        opcase_input(&c, OC_F32, DIMS(11, 1, 1), NULL);
        opcase_input(&c, OC_F32, DIMS(1), NULL);
        c.offer_blocked[0] = blocked;
        opcase_run(&c, 1);
        assert_int_equal(c.was_blocked, blocked);
        for (size_t k = 0; k < 132; k++)
            naive_expect(&c, k,
                         (naive_f(&c, 0, k) + naive_f(&c, 1, k / 12) + naive_f(&c, 2, 0)) / 3,
                         (double)naive_out(&c)[k], 1e-6, 1e-6);
        opcase_end(&c);
    }
}

static void expect_i32(const char *name, const char *attr, int64_t value, const int32_t *a,
                       const int32_t *b, const int32_t *want, size_t n)
{
    opcase c;

    opcase_begin(&c, "", name, OC_ISA_NONE);
    if (attr)
        opcase_attr_int(&c, attr, value);
    opcase_input(&c, OC_I32, (oc_shape){1, {(int64_t)n}}, a);
    opcase_input(&c, OC_I32, (oc_shape){1, {(int64_t)n}}, b);
    opcase_run(&c, 1);
    for (size_t k = 0; k < n; k++)
        if (((int32_t *)c.result[0])[k] != want[k])
            fail_msg("%s: element %zu: want %d, got %d", name, k, want[k],
                     ((int32_t *)c.result[0])[k]);
    opcase_end(&c);
}

static void test_integers(void **state)
{
    const int32_t a[8] = {7, -7, 7, -7, INT32_MIN, 5, INT32_MAX, 0};
    const int32_t b[8] = {3, 3, -3, -3, -1, 0, 1, 5};
    const int32_t quotient[8] = {2, -2, -2, 2, INT32_MIN, 0, INT32_MAX, 0};
    const int32_t modulo[8] = {1, 2, -2, -1, 0, 0, 0, 0};
    const int32_t rest[8] = {1, -1, 1, -1, 0, 0, 0, 0};
    const int32_t sum[8] = {10, -4, 4, -10, INT32_MAX, 5, INT32_MIN, 5};

    (void)state;
    expect_i32("Div", NULL, 0, a, b, quotient, 8);
    expect_i32("Mod", NULL, 0, a, b, modulo, 8);
    expect_i32("Mod", "fmod", 1, a, b, rest, 8);
    expect_i32("Add", NULL, 0, a, b, sum, 8);
}

static void test_compare_and_logic(void **state)
{
    const float   a[4] = {1, 2, NAN, 3}, b[4] = {2, 2, 1, NAN};
    const uint8_t p[4] = {0, 0, 1, 1}, q[4] = {0, 1, 0, 1};
    static const struct {
        const char *name;
        bool        logic;
        uint8_t     want[4];
    } cases[] = {{"Equal", false, {0, 1, 0, 0}},
                 {"Less", false, {1, 0, 0, 0}},
                 {"LessOrEqual", false, {1, 1, 0, 0}},
                 {"Greater", false, {0, 0, 0, 0}},
                 {"GreaterOrEqual", false, {0, 1, 0, 0}},
                 {"And", true, {0, 0, 0, 1}},
                 {"Or", true, {0, 1, 1, 1}},
                 {"Xor", true, {0, 1, 1, 0}},
                 {"Equal", true, {1, 0, 0, 1}}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const oc_dtype t = cases[i].logic ? OC_BOOL : OC_F32;
        opcase         c;

        opcase_begin(&c, "", cases[i].name, OC_ISA_NONE);
        opcase_input(&c, t, DIMS(4), cases[i].logic ? (const void *)p : a);
        opcase_input(&c, t, DIMS(4), cases[i].logic ? (const void *)q : b);
        opcase_run(&c, 1);
        assert_int_equal(c.out[0].info.dtype, OC_BOOL);
        assert_memory_equal(c.result[0], cases[i].want, 4);
        opcase_end(&c);
    }
}

static void test_where(void **state)
{
    static const oc_dtype types[] = {OC_F32, OC_F64, OC_U8, OC_I64, OC_F16};

    (void)state;
    for (size_t i = 0; i < 5; i++) {
        const oc_shape cs = DIMS(3, 1), as = DIMS(3, 5), bs = DIMS(5);
        const size_t   bytes = oc_dtype_bytes(types[i]);
        const uint8_t  condition[3] = {1, 0, 1};
        opcase         c;

        opcase_begin(&c, "", "Where", OC_ISA_NONE);
        opcase_input(&c, OC_BOOL, cs, condition);
        opcase_input(&c, types[i], as, NULL);
        opcase_input(&c, types[i], bs, NULL);
        opcase_run(&c, 1);
        for (size_t k = 0; k < 15; k++) {
            const bool  first = condition[naive_at(&cs, &c.out[0].info.shape, k)];
            const char *want = (char *)c.plain[first ? 1 : 2] + (first ? k : k % 5) * bytes;

            assert_memory_equal((char *)c.result[0] + k * bytes, want, bytes);
        }
        opcase_end(&c);
    }
}

static void test_refusals(void **state)
{
    opcase c;

    (void)state;
    opcase_begin(&c, "", "Add", OC_ISA_NONE);
    opcase_input(&c, OC_F32, DIMS(3), NULL);
    opcase_input(&c, OC_F32, DIMS(4), NULL);
    assert_int_equal(opcase_infer(&c, 1), OC_FORMAT);
    assert_non_null(strstr(c.err.message, "3"));
    opcase_end(&c);
    opcase_begin(&c, "", "Add", OC_ISA_NONE);
    opcase_input(&c, OC_F32, DIMS(3), NULL);
    opcase_input(&c, OC_I32, DIMS(3), NULL);
    assert_int_equal(opcase_infer(&c, 1), OC_FORMAT);
    opcase_end(&c);
    opcase_begin(&c, "", "And", OC_ISA_NONE);
    opcase_input(&c, OC_F32, DIMS(3), NULL);
    opcase_input(&c, OC_F32, DIMS(3), NULL);
    assert_int_equal(opcase_infer(&c, 1), OC_UNSUPPORTED);
    opcase_end(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_f32),
        cmocka_unit_test(test_fused_activation),
        cmocka_unit_test(test_blocked_where_expected),
        cmocka_unit_test(test_square),
        cmocka_unit_test(test_keep_equal),
        cmocka_unit_test(test_nan),
        cmocka_unit_test(test_mean_of_three),
        cmocka_unit_test(test_integers),
        cmocka_unit_test(test_compare_and_logic),
        cmocka_unit_test(test_where),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
