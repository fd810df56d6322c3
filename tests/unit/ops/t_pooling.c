/* MaxPool, AveragePool, LpPool against the definition, plain and blocked, all sorts of windows. */
#include "naive.h"

typedef struct window {
    oc_shape x;
    int64_t  k[3], stride[3], dil[3], pads[6];
    int64_t  ceil_mode, include_pad;
} window;

static const window windows[] = {
    {{4, {2, 13, 9, 11}}, {2, 2}, {2, 2}, {1, 1}, {0}, 0, 0},
    {{4, {1, 8, 9, 11}}, {3, 3}, {2, 2}, {1, 1}, {1, 1, 1, 1}, 0, 0},
    {{4, {1, 8, 9, 11}}, {3, 3}, {2, 2}, {1, 1}, {1, 1, 1, 1}, 0, 1},
    {{4, {1, 5, 13, 13}}, {5, 5}, {1, 1}, {1, 1}, {2, 2, 2, 2}, 0, 0},
    {{4, {1, 5, 13, 13}}, {13, 13}, {1, 1}, {1, 1}, {6, 6, 6, 6}, 0, 1},
    {{4, {1, 9, 10, 7}}, {3, 2}, {3, 2}, {1, 1}, {0, 1, 2, 0}, 1, 0},
    {{4, {1, 9, 10, 7}}, {3, 2}, {3, 2}, {1, 1}, {0, 1, 2, 0}, 1, 1},
    {{4, {1, 9, 10, 12}}, {2, 3}, {1, 2}, {2, 3}, {1, 2, 0, 1}, 0, 1},
    {{4, {1, 3, 5, 1}}, {1, 1}, {2, 1}, {1, 1}, {0}, 1, 0},
    {{3, {2, 3, 17}}, {4}, {3}, {1}, {1, 2}, 1, 0},
    {{5, {1, 2, 5, 6, 7}}, {2, 3, 2}, {1, 2, 2}, {2, 1, 1}, {1, 1, 0, 0, 1, 1}, 0, 1},
};

typedef struct result {
    double  value;
    int64_t where; /* of the maximum, in the channel; -1: no tap */
} result;

/* One output of one channel. */
static result naive_pool(const window *w, const char *name, const float *x, const int64_t *at)
{
    const uint32_t n = w->x.rank - 2;
    double         sum = 0, top = -INFINITY, squares = 0;
    int64_t        inside = 0, padded = 0, where = -1, taps = 1;

    for (uint32_t d = 0; d < n; d++)
        taps *= w->k[d];
    for (int64_t t = 0; t < taps; t++) {
        int64_t rest = t, index = 0, step = 1;
        bool    in = true, in_pad = true;

        for (uint32_t d = n; d-- > 0; rest /= w->k[d]) {
            const int64_t p = at[d] * w->stride[d] - w->pads[d] + rest % w->k[d] * w->dil[d];

            in = in && p >= 0 && p < w->x.dim[d + 2];
            in_pad = in_pad && p < w->x.dim[d + 2] + w->pads[d + n];
            index += p * step;
            step *= w->x.dim[d + 2];
        }
        padded += in_pad;
        if (!in)
            continue;
        inside++;
        sum += (double)x[index];
        squares += (double)x[index] * (double)x[index];
        if ((double)x[index] > top) {
            top = (double)x[index];
            where = index;
        }
    }
    if (strcmp(name, "MaxPool") == 0)
        return (result){top, where};
    if (strcmp(name, "LpPool") == 0)
        return (result){sqrt(squares), -1};
    return (result){sum / (double)(w->include_pad ? padded : inside), -1};
}

static void set_attributes(opcase *c, const window *w)
{
    const size_t n = w->x.rank - 2;

    opcase_attr_ints(c, "kernel_shape", w->k, n);
    opcase_attr_ints(c, "strides", w->stride, n);
    opcase_attr_ints(c, "dilations", w->dil, n);
    opcase_attr_ints(c, "pads", w->pads, 2 * n);
    opcase_attr_int(c, "ceil_mode", w->ceil_mode);
    opcase_attr_int(c, "count_include_pad", w->include_pad);
}

static void pool_case(const char *name, const window *w, bool blocked, uint32_t outputs, oc_isa isa)
{
    size_t plane = 1, out_plane = 1;
    opcase c;

    opcase_begin(&c, "", name, isa);
    set_attributes(&c, w);
    opcase_input(&c, OC_F32, w->x, NULL);
    c.offer_blocked[0] = blocked;
    opcase_run(&c, outputs);
    if (blocked && outputs == 1 && strcmp(name, "LpPool") != 0)
        assert_true(c.was_blocked);
    for (uint32_t d = 2; d < w->x.rank; d++) {
        plane *= (size_t)w->x.dim[d];
        out_plane *= (size_t)c.out[0].info.shape.dim[d];
    }
    for (size_t k = 0; k < opcase_elements(&c.out[0].info); k++) {
        const size_t channel = k / out_plane;
        int64_t      at[3] = {0};
        size_t       rest = k % out_plane;
        result       want;

        for (uint32_t d = w->x.rank; d-- > 2; rest /= (size_t)c.out[0].info.shape.dim[d])
            at[d - 2] = (int64_t)(rest % (size_t)c.out[0].info.shape.dim[d]);
        want = naive_pool(w, name, (float *)c.plain[0] + channel * plane, at);
        naive_expect(&c, k, want.value, (double)naive_out(&c)[k], 1e-5, 1e-6);
        if (outputs > 1)
            assert_int_equal(((int64_t *)c.result[1])[k], want.where + (int64_t)(channel * plane));
    }
    opcase_end(&c);
}

static void test_windows(void **state)
{
    static const char *const names[] = {"MaxPool", "AveragePool", "LpPool"};

    (void)state;
    EACH_ISA(isa)
    for (size_t i = 0; i < sizeof(windows) / sizeof(windows[0]); i++)
        for (size_t k = 0; k < 3; k++)
            for (int blocked = 0; blocked < (windows[i].x.rank == 4 ? 2 : 1); blocked++)
                pool_case(names[k], &windows[i], blocked, 1, isa);
}

static void test_indices(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(windows) / sizeof(windows[0]); i++)
        pool_case("MaxPool", &windows[i], windows[i].x.rank == 4, 2, OC_ISA_NONE);
}

/* SAME gives ceil(in / stride); the odd pixel of padding goes to the end, or with LOWER before. */
static void test_auto_pad(void **state)
{
    const float x[5] = {1, 2, 3, 4, 5}, upper[3] = {2, 4, 5}, lower[3] = {1, 3, 5},
                valid[2] = {2, 4};
    static const struct {
        const char *mode;
        int64_t     k, n;
    } cases[] = {{"SAME_UPPER", 2, 3}, {"SAME_LOWER", 2, 3}, {"VALID", 2, 2}};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        opcase c;

        opcase_begin(&c, "", "MaxPool", OC_ISA_NONE);
        ATTR_INTS(&c, "kernel_shape", 2);
        ATTR_INTS(&c, "strides", 2);
        opcase_attr_string(&c, "auto_pad", cases[i].mode);
        opcase_input(&c, OC_F32, DIMS(1, 1, 5), x);
        opcase_run(&c, 1);
        assert_int_equal(c.out[0].info.shape.dim[2], cases[i].n);
        assert_memory_equal(c.result[0],
                            i == 0   ? upper
                            : i == 1 ? lower
                                     : valid,
                            (size_t)cases[i].n * sizeof(float));
        opcase_end(&c);
    }
}

static void test_bytes(void **state)
{
    const uint8_t u[4] = {1, 200, 3, 4}, want_u[2] = {200, 4};
    const int8_t  s[4] = {-100, -3, 5, -128}, want_s[2] = {-3, 5};
    opcase        c;

    (void)state;
    opcase_begin(&c, "", "MaxPool", OC_ISA_NONE);
    ATTR_INTS(&c, "kernel_shape", 1, 2);
    ATTR_INTS(&c, "strides", 1, 2);
    opcase_input(&c, OC_U8, DIMS(1, 1, 1, 4), u);
    opcase_run(&c, 1);
    assert_memory_equal(c.result[0], want_u, 2);
    opcase_end(&c);
    opcase_begin(&c, "", "MaxPool", OC_ISA_NONE);
    ATTR_INTS(&c, "kernel_shape", 1, 2);
    ATTR_INTS(&c, "strides", 1, 2);
    opcase_input(&c, OC_I8, DIMS(1, 1, 1, 4), s);
    opcase_run(&c, 1);
    assert_memory_equal(c.result[0], want_s, 2);
    opcase_end(&c);
}

static void test_refusals(void **state)
{
    opcase c;

    (void)state;
    opcase_begin(&c, "", "MaxPool", OC_ISA_NONE);
    ATTR_INTS(&c, "kernel_shape", 7, 7);
    opcase_input(&c, OC_F32, DIMS(1, 1, 5, 5), NULL);
    assert_int_equal(opcase_infer(&c, 1), OC_FORMAT);
    assert_non_null(strstr(c.err.message, "window 7"));
    opcase_end(&c);
    opcase_begin(&c, "", "MaxPool", OC_ISA_NONE);
    ATTR_INTS(&c, "kernel_shape", 2);
    opcase_input(&c, OC_F32, DIMS(1, 1, 5, 5), NULL);
    assert_int_equal(opcase_infer(&c, 1), OC_FORMAT);
    opcase_end(&c);
    opcase_begin(&c, "", "MaxPool", OC_ISA_NONE);
    ATTR_INTS(&c, "kernel_shape", 2, 2);
    ATTR_INTS(&c, "strides", 0, 1);
    opcase_input(&c, OC_F32, DIMS(1, 1, 5, 5), NULL);
    assert_int_equal(opcase_infer(&c, 1), OC_FORMAT);
    opcase_end(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_windows),  cmocka_unit_test(test_indices),
        cmocka_unit_test(test_auto_pad), cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
