/* Operators of one value, Clip, Cast, Identity and Dropout. */
#include "naive.h"
#include "tensor/half.h"

static double f_abs(double x)
{
    return fabs(x);
}
static double f_neg(double x)
{
    return -x;
}
static double f_exp(double x)
{
    return exp(x);
}
static double f_cos(double x)
{
    return cos(x);
}
static double f_sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}
static double f_relu(double x)
{
    return x < 0 ? 0 : x;
}
static double f_leaky(double x)
{
    return x < 0 ? 0.01 * x : x;
}
static double f_hard_sigmoid(double x)
{
    return fmin(1, fmax(0, 0.2 * x + 0.5));
}
static double f_hard_swish(double x)
{
    return x * fmin(1, fmax(0, x / 6 + 0.5));
}
static double f_tanh(double x)
{
    return tanh(x);
}
static double f_elu(double x)
{
    return x < 0 ? exp(x) - 1 : x;
}
static double f_celu(double x)
{
    return fmax(0, x) + fmin(0, exp(x) - 1);
}
static double f_softplus(double x)
{
    return log(1 + exp(x));
}
static double f_softsign(double x)
{
    return x / (1 + fabs(x));
}
static double f_silu(double x)
{
    return x / (1 + exp(-x));
}
static double f_gelu(double x)
{
    return x / 2 * (1 + erf(x / sqrt(2)));
}
static double f_mish(double x)
{
    return x * tanh(log(1 + exp(x)));
}
static double f_round(double x)
{
    return nearbyint(x);
}
static double f_floor(double x)
{
    return floor(x);
}
static double f_erf(double x)
{
    return erf(x);
}
static double f_reciprocal(double x)
{
    return 1 / x;
}
static double f_shrink(double x)
{
    return x < -0.5 ? x : x > 0.5 ? x : 0;
}
static double f_threshold(double x)
{
    return x > 1 ? x : 0;
}
static double f_sign(double x)
{
    return (x > 0) - (x < 0);
}
static double f_selu(double x)
{
    return 1.05070102214813232421875 * (x > 0 ? x : 1.67326319217681884765625 * (exp(x) - 1));
}

static const struct {
    const char *domain, *name;
    double (*f)(double);
} ops[] = {
    {"", "Abs", f_abs},
    {"", "Neg", f_neg},
    {"", "Exp", f_exp},
    {"", "Cos", f_cos},
    {"", "Sigmoid", f_sigmoid},
    {"", "Relu", f_relu},
    {"", "LeakyRelu", f_leaky},
    {"", "HardSigmoid", f_hard_sigmoid},
    {"", "HardSwish", f_hard_swish},
    {"", "Tanh", f_tanh},
    {"", "Elu", f_elu},
    {"", "Celu", f_celu},
    {"", "Softplus", f_softplus},
    {"", "Softsign", f_softsign},
    {"ocellus", "Silu", f_silu},
    {"", "Gelu", f_gelu},
    {"", "Mish", f_mish},
    {"", "Round", f_round},
    {"", "Floor", f_floor},
    {"", "Erf", f_erf},
    {"", "Reciprocal", f_reciprocal},
    {"", "Shrink", f_shrink},
    {"", "ThresholdedRelu", f_threshold},
    {"", "Sign", f_sign},
    {"", "Selu", f_selu},
};

/* 13 channels leave five padding lanes: they must stay zero also where f(0) is not. */
static void test_f32(void **state)
{
    static const oc_shape shapes[] = {
        {4, {2, 13, 5, 7}}, {4, {1, 16, 3, 3}}, {3, {2, 3, 101}}, {0, {0}}};

    (void)state;
    EACH_ISA(isa)
    for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
        for (size_t s = 0; s < 4; s++)
            for (int blocked = 0; blocked < (s < 2 ? 2 : 1); blocked++) {
                opcase c;

                opcase_begin(&c, ops[i].domain, ops[i].name, isa);
                opcase_input(&c, OC_F32, shapes[s], NULL);
                c.offer_blocked[0] = blocked;
                opcase_run(&c, 1);
                assert_int_equal(c.was_blocked, blocked);
                for (size_t k = 0; k < opcase_elements(&c.out[0].info); k++)
                    naive_expect(&c, k, ops[i].f(naive_f(&c, 0, k)), (double)naive_out(&c)[k], 3e-6,
                                 1e-6);
                opcase_end(&c);
            }
}

static void test_swish(void **state)
{
    (void)state;
    EACH_ISA(isa)
    for (int i = 0; i < 4; i++) {
        const float alpha = (const float[]){1, 0, 1.702f, -0.4f}[i];
        opcase      c;

        opcase_begin(&c, "", "Swish", isa);
        opcase_attr_float(&c, "alpha", alpha);
        opcase_input(&c, OC_F32, DIMS(1, 3, 5, 7), NULL);
        opcase_run(&c, 1);
        for (size_t k = 0; k < 105; k++) {
            const double x = naive_f(&c, 0, k), want = x / (1 + exp(-(double)alpha * x));

            naive_expect(&c, k, want, (double)naive_out(&c)[k], 3e-6, 1e-6);
        }
        opcase_end(&c);
    }
}

static void test_f64_and_f16(void **state)
{
    double  x[5] = {-2.5, -1e-9, 0, 0.75, 3};
    oc_half h[5];

    (void)state;
    for (size_t k = 0; k < 5; k++)
        h[k] = oc_half_from_double(x[k]);
    for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
        opcase c;

        opcase_begin(&c, ops[i].domain, ops[i].name, OC_ISA_NONE);
        opcase_input(&c, OC_F64, DIMS(5), x);
        opcase_run(&c, 1);
        for (size_t k = 0; k < 5; k++) /* constants of the formulas are floats */
            naive_expect(&c, k, ops[i].f(x[k]), ((double *)c.result[0])[k], 1e-7, 1e-12);
        opcase_end(&c);
        opcase_begin(&c, ops[i].domain, ops[i].name, OC_ISA_NONE);
        opcase_input(&c, OC_F16, DIMS(5), h);
        opcase_run(&c, 1);
        for (size_t k = 0; k < 5; k++)
            naive_expect(&c, k, ops[i].f((double)oc_half_to_float(h[k])),
                         (double)oc_half_to_float(((oc_half *)c.result[0])[k]), 6e-4, 1e-6);
        opcase_end(&c);
    }
}

static void test_limits(void **state)
{
    const float x[10] = {NAN, INFINITY, -INFINITY, 0, -0.0f, 1e-40f, 3e38f, -3e38f, 89, -105};
    static const char *const keep[] = {"Relu",        "LeakyRelu", "Sigmoid", "Tanh",
                                       "HardSigmoid", "HardSwish", "Exp",     "Elu",
                                       "Gelu",        "Mish",      "Abs",     "Neg"};

    (void)state;
    EACH_ISA(isa)
    for (size_t i = 0; i < sizeof(keep) / sizeof(keep[0]); i++) {
        opcase c;

        opcase_begin(&c, "", keep[i], isa);
        opcase_input(&c, OC_F32, DIMS(10), x);
        opcase_run(&c, 1);
        if (!isnan(naive_out(&c)[0]))
            fail_msg("%s(NaN) is %g", keep[i], (double)naive_out(&c)[0]);
        if (strcmp(keep[i], "Exp") == 0) {
            assert_true(isinf(naive_out(&c)[1]) && naive_out(&c)[2] == 0.0f);
            assert_true(isinf(naive_out(&c)[8]) && naive_out(&c)[9] == 0.0f);
        }
        if (strcmp(keep[i], "Sigmoid") == 0)
            assert_true(naive_out(&c)[1] == 1.0f && naive_out(&c)[2] < 1e-30f);
        if (strcmp(keep[i], "Mish") == 0) /* vanishes, however negative x is */
            assert_true(fabsf(naive_out(&c)[7]) < 1e-30f && naive_out(&c)[6] == 3e38f);
        opcase_end(&c);
    }
}

static void test_clip_f32(void **state)
{
    const float bounds[4][2] = {{-1, 2}, {0.5f, 1}, {-3, -1}, {2, -2}};

    (void)state;
    EACH_ISA(isa)
    for (size_t b = 0; b < 4; b++)
        for (int how = 0; how < 3; how++) /* attributes, constants, computed at run time */
            for (int blocked = 0; blocked < 2; blocked++) {
                opcase c;

                opcase_begin(&c, "", "Clip", isa);
                opcase_input(&c, OC_F32, DIMS(1, 5, 4, 3), NULL);
                c.offer_blocked[0] = blocked;
                if (how == 0) {
                    opcase_attr_float(&c, "min", bounds[b][0]);
                    opcase_attr_float(&c, "max", bounds[b][1]);
                } else {
                    (how == 1 ? (void)opcase_const(&c, OC_F32, DIMS(1), &bounds[b][0])
                              : (void)opcase_input(&c, OC_F32, (oc_shape){0}, &bounds[b][0]));
                    opcase_input(&c, OC_F32, DIMS(1), &bounds[b][1]);
                }
                opcase_run(&c, 1);
                for (size_t k = 0; k < 60; k++)
                    naive_expect(
                        &c, k,
                        fmin((double)bounds[b][1], fmax((double)bounds[b][0], naive_f(&c, 0, k))),
                        (double)naive_out(&c)[k], 0, 0);
                opcase_end(&c);
            }
}

static void test_clip_others(void **state)
{
    const int64_t x[5] = {INT64_MIN, -5, 0, 7, INT64_MAX}, lo = -2, hi = INT64_MAX - 1;
    const int64_t want[5] = {-2, -2, 0, 7, INT64_MAX - 1};
    const uint8_t u[4] = {0, 3, 200, 255}, top = 100, got[4] = {0, 3, 100, 100};
    opcase        c;

    (void)state;
    opcase_begin(&c, "", "Clip", OC_ISA_NONE);
    opcase_input(&c, OC_I64, DIMS(5), x);
    opcase_input(&c, OC_I64, (oc_shape){0}, &lo);
    opcase_input(&c, OC_I64, (oc_shape){0}, &hi);
    opcase_run(&c, 1);
    assert_memory_equal(c.result[0], want, sizeof(want));
    opcase_end(&c);
    opcase_begin(&c, "", "Clip", OC_ISA_NONE);
    opcase_input(&c, OC_U8, DIMS(4), u);
    opcase_absent(&c);
    opcase_input(&c, OC_U8, (oc_shape){0}, &top);
    opcase_run(&c, 1);
    assert_memory_equal(c.result[0], got, sizeof(got));
    opcase_end(&c);
}

static void cast(oc_dtype from, int64_t onnx, oc_dtype to, const void *x, const void *want,
                 size_t n)
{
    opcase c;

    opcase_begin(&c, "", "Cast", OC_ISA_NONE);
    opcase_attr_int(&c, "to", onnx);
    opcase_input(&c, from, (oc_shape){1, {(int64_t)n}}, x);
    opcase_run(&c, 1);
    assert_int_equal(c.out[0].info.dtype, to);
    assert_memory_equal(c.result[0], want, n * oc_dtype_bytes(to));
    opcase_end(&c);
}

static void test_cast(void **state)
{
    const float    f[7] = {1.9f, -1.9f, NAN, INFINITY, -INFINITY, 300.0f, 0.0f};
    const uint8_t  u8[7] = {1, 0, 0, 255, 0, 255, 0}, truth[7] = {1, 1, 1, 1, 1, 1, 0};
    const int32_t  i32[7] = {1, -1, 0, INT32_MAX, INT32_MIN, 300, 0};
    const int32_t  wide[3] = {-1, 256 + 7, INT32_MIN};
    const uint8_t  narrow[3] = {255, 7, 0};
    const int64_t  big[2] = {((int64_t)1 << 53) + 1, -((int64_t)1 << 24) - 1};
    const float    big_f[2] = {9007199254740992.0f, -16777216.0f};
    const uint64_t u64[1] = {UINT64_MAX};
    const double   u64_d[1] = {18446744073709551616.0};

    (void)state;
    cast(OC_F32, 2, OC_U8, f, u8, 7);
    cast(OC_F32, 6, OC_I32, f, i32, 7);
    cast(OC_F32, 9, OC_BOOL, f, truth, 7);
    cast(OC_I32, 2, OC_U8, wide, narrow, 3);
    cast(OC_I64, 1, OC_F32, big, big_f, 2);
    cast(OC_U64, 11, OC_F64, u64, u64_d, 1);
}

static void test_half(void **state)
{
    static const struct {
        double  d;
        oc_half h;
    } pairs[] = {
        {1.0, 0x3c00},
        {-2.0, 0xc000},
        {65504.0, 0x7bff},
        {65519.99, 0x7bff},
        {65520.0, 0x7c00},
        {INFINITY, 0x7c00},
        {-1e9, 0xfc00},
        {0x1p-24, 0x0001},
        {0x1p-25, 0x0000},
        {0x1.8p-25, 0x0001},
        {0x1.000001p-25, 0x0001},
        {0x1p-14, 0x0400},
        {0x1.ff8p-15, 0x03ff},
        {0x1.ffcp-15, 0x0400},
        {0x1.ffbp-15, 0x03ff},
        {1.00048828125, 0x3c00},
        {1.00146484375, 0x3c02},
        {-0.0, 0x8000},
        /* between two halves, off the tie by less than a float can tell: no second rounding */
        {1.00048828125 + 1e-12, 0x3c01},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
        if (oc_half_from_double(pairs[i].d) != pairs[i].h)
            fail_msg("%a: want %04x, got %04x", pairs[i].d, pairs[i].h,
                     oc_half_from_double(pairs[i].d));
    for (uint32_t h = 0; h < 0x10000; h++) { /* there and back, all of them */
        const float   f = oc_half_to_float((oc_half)h);
        const oc_half back = oc_half_from_float(f);

        if (isnan(f) ? (back & 0x7fff) <= 0x7c00 : back != h)
            fail_msg("%04x is %a is %04x", h, (double)f, back);
    }
}

static void test_identity_and_dropout(void **state)
{
    (void)state;
    for (int blocked = 0; blocked < 2; blocked++) {
        opcase c;

        opcase_begin(&c, "", "Identity", OC_ISA_NONE);
        opcase_input(&c, OC_F32, DIMS(1, 5, 3, 2), NULL);
        c.offer_blocked[0] = blocked;
        opcase_run(&c, 1);
        assert_memory_equal(c.result[0], c.plain[0], 30 * sizeof(float));
        opcase_end(&c);
        opcase_begin(&c, "", "Dropout", OC_ISA_NONE);
        opcase_input(&c, OC_F32, DIMS(1, 5, 3, 2), NULL);
        c.offer_blocked[0] = blocked;
        opcase_run(&c, 2);
        assert_memory_equal(c.result[0], c.plain[0], 30 * sizeof(float));
        assert_int_equal(c.out[1].info.dtype, OC_BOOL);
        for (size_t k = 0; k < 30; k++)
            assert_int_equal(((uint8_t *)c.result[1])[k], 1);
        opcase_end(&c);
    }
}

static void test_to_bool(void **state)
{
    const float   x[4] = {NAN, INFINITY, -INFINITY, 1};
    const uint8_t nan_want[4] = {1, 0, 0, 0}, inf_want[4] = {0, 1, 0, 0}, not_in[2] = {0, 1};
    opcase        c;

    (void)state;
    opcase_begin(&c, "", "IsNaN", OC_ISA_NONE);
    opcase_input(&c, OC_F32, DIMS(4), x);
    opcase_run(&c, 1);
    assert_memory_equal(c.result[0], nan_want, 4);
    opcase_end(&c);
    opcase_begin(&c, "", "IsInf", OC_ISA_NONE);
    opcase_attr_int(&c, "detect_negative", 0);
    opcase_input(&c, OC_F32, DIMS(4), x);
    opcase_run(&c, 1);
    assert_memory_equal(c.result[0], inf_want, 4);
    opcase_end(&c);
    opcase_begin(&c, "", "Not", OC_ISA_NONE);
    opcase_input(&c, OC_BOOL, DIMS(2), not_in);
    opcase_run(&c, 1);
    assert_memory_equal(c.result[0], ((uint8_t[]){1, 0}), 2);
    opcase_end(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_f32),
        cmocka_unit_test(test_swish),
        cmocka_unit_test(test_f64_and_f16),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_clip_f32),
        cmocka_unit_test(test_clip_others),
        cmocka_unit_test(test_cast),
        cmocka_unit_test(test_half),
        cmocka_unit_test(test_identity_and_dropout),
        cmocka_unit_test(test_to_bool),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
