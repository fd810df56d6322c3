/* Quantised operators against plain 32-bit sums and the float steps that the operators' files
 * state: equal to the last bit. */
#include <math.h>

#include "unit/ops/opcase.h"

static int32_t byte_of(oc_dtype dtype, const void *x, size_t i)
{
    return dtype == OC_I8 ? ((const int8_t *)x)[i] : ((const uint8_t *)x)[i];
}

static int32_t saturate(double v, bool is_signed)
{
    double lo = is_signed ? -128 : 0, hi = is_signed ? 127 : 255;
    return (int32_t)(v < lo ? lo : v > hi ? hi : v);
}

/* float conversion and product, then round half to even in double, where nothing else rounds */
static int32_t requant(int32_t sum, float scale, int32_t zero, bool is_signed)
{
    float v = (float)sum * scale;
    return saturate(nearbyint((double)v) + zero, is_signed);
}

typedef struct conv_case {
    oc_dtype x, w, y;
    int64_t  n, c, h, wd, m, groups, kh, kw, stride, dil, pad;
    bool     per_channel, bias, computed; /* computed: weights not constant */
} conv_case;

static void add_conv_attrs(opcase *c, const conv_case *k, const int64_t (*a)[4])
{
    opcase_attr_int(c, "group", k->groups);
    opcase_attr_ints(c, "kernel_shape", a[0], 2);
    opcase_attr_ints(c, "strides", a[1], 2);
    opcase_attr_ints(c, "dilations", a[2], 2);
    opcase_attr_ints(c, "pads", a[3], 4);
}

static int32_t conv_sum(const opcase *c, const conv_case *k, uint32_t i_w, int32_t x_zero,
                        int32_t w_zero, int64_t n, int64_t m, int64_t oy, int64_t ox)
{
    int64_t cg = k->c / k->groups, first = m / (k->m / k->groups) * cg;
    int32_t sum = 0;
    for (int64_t ch = 0; ch < cg; ch++)
        for (int64_t y = 0; y < k->kh; y++)
            for (int64_t x = 0; x < k->kw; x++) {
                int64_t iy = oy * k->stride + y * k->dil - k->pad;
                int64_t ix = ox * k->stride + x * k->dil - k->pad;
                if (iy < 0 || iy >= k->h || ix < 0 || ix >= k->wd)
                    continue;
                size_t at = (size_t)(((n * k->c + first + ch) * k->h + iy) * k->wd + ix);
                size_t wt = (size_t)(((m * cg + ch) * k->kh + y) * k->kw + x);
                sum += (byte_of(k->x, c->plain[0], at) - x_zero) *
                       (byte_of(k->w, c->plain[i_w], wt) - w_zero);
            }
    return sum;
}

static void qconv_one(oc_isa isa, const conv_case *k, bool integer)
{
    opcase        c;
    const int64_t a[4][4] = {
        {k->kh, k->kw}, {k->stride, k->stride}, {k->dil, k->dil}, {k->pad, k->pad, k->pad, k->pad}};
    const float xs = 0.0173f, ys = 0.131f;
    uint8_t     xz = 117, yz = k->y == OC_I8 ? 0xf3 : 31, wz[64];
    float       ws[64];
    int32_t     bias[64];
    int64_t     nw = k->per_channel ? k->m : 1;
    oc_shape    wshape = DIMS(k->m, k->c / k->groups, k->kh, k->kw), each = DIMS(nw);
    oc_shape    one = {0};
    if (!k->per_channel)
        each = one;
    for (int i = 0; i < 64; i++) {
        ws[i] = 0.003f + 0.0001f * (float)i;
        wz[i] = (uint8_t)(k->w == OC_I8 ? i - 20 : 100 + i);
        bias[i] = i * 331 - 5000;
    }
    opcase_begin(&c, "", integer ? "ConvInteger" : "QLinearConv", isa);
    add_conv_attrs(&c, k, a);
    opcase_input(&c, k->x, DIMS(k->n, k->c, k->h, k->wd), NULL);
    uint32_t i_w = integer ? 1 : 3;
    if (integer) {
        opcase_const(&c, k->w, wshape, NULL);
        opcase_input(&c, k->x, one, &xz);
        opcase_const(&c, k->w, each, wz);
    } else {
        opcase_const(&c, OC_F32, one, &xs);
        opcase_const(&c, k->x, one, &xz);
        opcase_const(&c, k->w, wshape, NULL);
        opcase_const(&c, OC_F32, each, ws);
        opcase_const(&c, k->w, each, wz);
        opcase_const(&c, OC_F32, one, &ys);
        opcase_const(&c, k->y, one, &yz);
        if (k->bias)
            opcase_const(&c, OC_I32, DIMS(k->m), bias);
    }
    c.constant[i_w] = !k->computed;
    opcase_run(&c, 1);
    const int64_t *o = c.out[0].info.shape.dim;
    size_t         at = 0;
    for (int64_t n = 0; n < o[0]; n++)
        for (int64_t m = 0; m < o[1]; m++)
            for (int64_t y = 0; y < o[2]; y++)
                for (int64_t x = 0; x < o[3]; x++, at++) {
                    size_t  wi = k->per_channel ? (size_t)m : 0;
                    int32_t sum = conv_sum(&c, k, i_w, byte_of(k->x, &xz, 0), byte_of(k->w, wz, wi),
                                           n, m, y, x);
                    if (integer) {
                        assert_int_equal(((int32_t *)c.result[0])[at], sum);
                        continue;
                    }
                    sum += k->bias ? bias[m] : 0;
                    int32_t want =
                        requant(sum, xs * ws[wi] / ys, byte_of(k->y, &yz, 0), k->y == OC_I8);
                    if (byte_of(k->y, c.result[0], at) != want)
                        fail_msg("element %zu is %d, should be %d", at,
                                 byte_of(k->y, c.result[0], at), want);
                }
    opcase_end(&c);
}

static void test_conv(void **state)
{
    (void)state;
    static const conv_case cases[] = {
        {OC_U8, OC_U8, OC_U8, 2, 13, 9, 11, 19, 1, 1, 1, 1, 1, 0, false, true,
         false}, /* pointwise */
        {OC_U8, OC_I8, OC_U8, 1, 32, 20, 20, 40, 1, 1, 1, 1, 1, 0, true, true, false},
        {OC_U8, OC_U8, OC_U8, 1, 3, 31, 33, 32, 1, 3, 3, 2, 1, 1, false, true,
         false}, /* first layer */
        {OC_I8, OC_I8, OC_I8, 2, 5, 12, 7, 7, 1, 3, 2, 1, 2, 2, true, false, false},
        {OC_U8, OC_U8, OC_U8, 1, 16, 14, 14, 16, 16, 3, 3, 1, 1, 1, false, true,
         false}, /* depthwise */
        {OC_U8, OC_I8, OC_I8, 2, 7, 23, 37, 7, 7, 3, 3, 2, 1, 1, true, true, false},
        {OC_I8, OC_U8, OC_U8, 1, 6, 17, 40, 12, 6, 5, 5, 3, 2, 4, false, false, false},
        {OC_U8, OC_U8, OC_U8, 1, 12, 10, 10, 18, 3, 3, 3, 1, 1, 1, true, true, false}, /* groups */
        {OC_U8, OC_U8, OC_U8, 1, 8, 5, 5, 16, 1, 1, 1, 2, 1, 0, false, true, false},
        {OC_U8, OC_U8, OC_U8, 1, 4, 1, 1, 64, 1, 1, 1, 1, 1, 0, false, true, false},
        {OC_U8, OC_I8, OC_U8, 1, 5, 9, 9, 20, 1, 3, 3, 1, 1, 1, true, true, true},
        {OC_U8, OC_U8, OC_U8, 1, 5, 9, 9, 5, 5, 3, 3, 1, 1, 1, false, true, true},
    };
    for (int isa = 0; isa < 2; isa++)
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
            qconv_one(opcase_isa(isa), &cases[i], false);
            qconv_one(opcase_isa(isa), &cases[i], true);
        }
}

static void matmul_one(oc_isa isa, size_t m, size_t k, size_t n, bool constant, bool columns,
                       bool integer, oc_dtype type)
{
    opcase      c;
    const float as = 0.021f, ys = 0.4f;
    uint8_t     az = 99, yz = 128, bz[64];
    float       bs[64];
    oc_shape    one = {0}, each = columns ? DIMS((int64_t)n) : one;
    for (size_t i = 0; i < 64; i++) {
        bs[i] = 0.01f + 0.001f * (float)i;
        bz[i] = (uint8_t)(i * 3);
    }
    opcase_begin(&c, "", integer ? "MatMulInteger" : "QLinearMatMul", isa);
    opcase_input(&c, type, DIMS(2, (int64_t)m, (int64_t)k), NULL);
    uint32_t i_b = integer ? 1 : 3;
    if (!integer) {
        opcase_const(&c, OC_F32, one, &as);
        opcase_const(&c, type, one, &az);
    }
    opcase_input(&c, OC_U8, DIMS((int64_t)k, (int64_t)n), NULL);
    c.constant[i_b] = constant;
    if (integer) {
        opcase_input(&c, type, one, &az);
        opcase_input(&c, OC_U8, each, bz);
    } else {
        opcase_const(&c, OC_F32, each, bs);
        opcase_const(&c, OC_U8, each, bz);
        opcase_const(&c, OC_F32, one, &ys);
        opcase_const(&c, OC_U8, one, &yz);
    }
    opcase_run(&c, 1);
    for (size_t i = 0; i < 2 * m * n; i++) {
        int32_t sum = 0;
        size_t  col = i % n, row = i / n;
        for (size_t j = 0; j < k; j++)
            sum += (byte_of(type, c.plain[0], row * k + j) - byte_of(type, &az, 0)) *
                   (((uint8_t *)c.plain[i_b])[j * n + col] - bz[columns ? col : 0]);
        if (integer)
            assert_int_equal(((int32_t *)c.result[0])[i], sum);
        else
            assert_int_equal(((uint8_t *)c.result[0])[i],
                             requant(sum, as * bs[columns ? col : 0] / ys, yz, false));
    }
    opcase_end(&c);
}

static void test_matmul(void **state)
{
    (void)state;
    for (int isa = 0; isa < 2; isa++)
        for (int bits = 0; bits < 8; bits++) {
            matmul_one(opcase_isa(isa), 1, 37, 50, bits & 1, bits & 2, bits & 4, OC_U8);
            matmul_one(opcase_isa(isa), 6, 8, 16, bits & 1, bits & 2, bits & 4, OC_I8);
            matmul_one(opcase_isa(isa), 5, 1, 3, bits & 1, bits & 2, bits & 4, OC_U8);
        }
}

static void test_matmul_batches(void **state)
{
    (void)state;
    opcase c;
    opcase_begin(&c, "", "MatMulInteger", oc_cpu_isa());
    opcase_input(&c, OC_U8, DIMS(3, 1, 4, 5), NULL);
    opcase_input(&c, OC_I8, DIMS(2, 5, 7), NULL);
    opcase_run(&c, 1);
    oc_shape want = DIMS(3, 2, 4, 7);
    assert_true(oc_shape_equal(&c.out[0].info.shape, &want));
    for (size_t i = 0; i < 3 * 2 * 4 * 7; i++) {
        size_t  n = i % 7, m = i / 7 % 4, b = i / 28 % 2, a = i / 56;
        int32_t sum = 0;
        for (size_t k = 0; k < 5; k++)
            sum += ((uint8_t *)c.plain[0])[(a * 4 + m) * 5 + k] *
                   ((int8_t *)c.plain[1])[(b * 5 + k) * 7 + n];
        assert_int_equal(((int32_t *)c.result[0])[i], sum);
    }
    opcase_end(&c);
}

/* Whatever the float steps are, the sum in double must be within one rounding step of the result,
 * and equal wherever it is not near a tie. */
static void add_one(oc_isa isa, oc_dtype type, oc_shape sa, oc_shape sb, bool product)
{
    opcase      c;
    const float as = 0.0213f, bs = 0.0371f, ys = product ? 0.21f : 0.0449f;
    uint8_t     az = 120, bz = 7, yz = 100;
    oc_shape    one = {0};
    opcase_begin(&c, "com.microsoft", product ? "QLinearMul" : "QLinearAdd", isa);
    opcase_input(&c, type, sa, NULL);
    opcase_const(&c, OC_F32, one, &as);
    opcase_const(&c, type, one, &az);
    opcase_input(&c, type, sb, NULL);
    opcase_const(&c, OC_F32, one, &bs);
    opcase_const(&c, type, one, &bz);
    opcase_const(&c, OC_F32, one, &ys);
    opcase_const(&c, type, one, &yz);
    opcase_run(&c, 1);
    const int64_t *o = c.out[0].info.shape.dim;
    for (int64_t i = 0; i < o[0] * o[1] * o[2]; i++) {
        int64_t at[3] = {i / (o[1] * o[2]), i / o[2] % o[1], i % o[2]}, ia = 0, ib = 0;
        for (int d = 0; d < 3; d++) {
            ia = ia * sa.dim[d] + at[d] % sa.dim[d];
            ib = ib * sb.dim[d] + at[d] % sb.dim[d];
        }
        double  a = (byte_of(type, c.plain[0], (size_t)ia) - az) * (double)as;
        double  b = (byte_of(type, c.plain[3], (size_t)ib) - bz) * (double)bs;
        double  v = (product ? a * b : a + b) / (double)ys + yz;
        double  to_tie = fabs(v - floor(v) - 0.5);
        int32_t got = byte_of(type, c.result[0], (size_t)i);
        int32_t want = saturate(nearbyint(v), type == OC_I8);
        if (got != want && (to_tie > 1e-4 || abs(got - want) > 1))
            fail_msg("element %lld is %d, should be %d (%g)", (long long)i, got, want, v);
    }
    opcase_end(&c);
}

static void test_add(void **state)
{
    (void)state;
    for (int isa = 0; isa < 2; isa++)
        for (int t = 0; t < 2; t++)
            for (int product = 0; product < 2; product++) {
                oc_dtype type = t ? OC_I8 : OC_U8;
                add_one(opcase_isa(isa), type, DIMS(2, 3, 37), DIMS(2, 3, 37), product);
                add_one(opcase_isa(isa), type, DIMS(2, 3, 37), DIMS(1, 3, 1), product);
                add_one(opcase_isa(isa), type, DIMS(1, 1, 1), DIMS(2, 3, 37), product);
                add_one(opcase_isa(isa), type, DIMS(1, 5, 16), DIMS(4, 1, 16), product);
            }
}

static void test_global_average(void **state)
{
    (void)state;
    for (int last = 0; last < 2; last++)
        for (int t = 0; t < 2; t++) {
            opcase      c;
            oc_dtype    type = t ? OC_I8 : OC_U8;
            const float xs = 0.023f, ys = 0.017f;
            uint8_t     xz = 101, yz = 3;
            oc_shape    one = {0};
            opcase_begin(&c, "com.microsoft", "QLinearGlobalAveragePool", oc_cpu_isa());
            opcase_attr_int(&c, "channels_last", last);
            opcase_input(&c, type, last ? DIMS(2, 5, 7, 9) : DIMS(2, 9, 5, 7), NULL);
            opcase_const(&c, OC_F32, one, &xs);
            opcase_const(&c, type, one, &xz);
            opcase_const(&c, OC_F32, one, &ys);
            opcase_const(&c, type, one, &yz);
            opcase_run(&c, 1);
            for (size_t i = 0; i < 18; i++) {
                int32_t sum = -35 * (int32_t)xz;
                for (size_t p = 0; p < 35; p++)
                    sum +=
                        byte_of(type, c.plain[0], last ? (i / 9 * 35 + p) * 9 + i % 9 : i * 35 + p);
                assert_int_equal(byte_of(type, c.result[0], i),
                                 requant(sum, xs / (ys * 35.0f), yz, t));
            }
            opcase_end(&c);
        }
}

static void linear_one(oc_isa isa, oc_dtype type, bool per_axis)
{
    opcase   c;
    float    scales[3] = {0.5f, 0.031f, 0.25f}, x[3 * 14];
    int8_t   zeros[3] = {3, 100, 7};
    oc_shape each = per_axis ? DIMS(3) : (oc_shape){0};
    for (int i = 0; i < 42; i++)
        x[i] = i == 5 ? 1e9f : i == 20 ? -INFINITY : ((float)i - 20.0f) * 0.25f; /* ties too */
    opcase_begin(&c, "", "QuantizeLinear", isa);
    opcase_attr_int(&c, "axis", 1);
    opcase_input(&c, OC_F32, DIMS(1, 3, 14), x);
    opcase_input(&c, OC_F32, each, scales);
    opcase_input(&c, type, each, zeros);
    opcase_run(&c, 1);
    uint8_t got[42];
    memcpy(got, c.result[0], 42);
    for (size_t i = 0; i < 42; i++) {
        size_t k = per_axis ? i / 14 : 0;
        double v = nearbyint((double)(x[i] / scales[k])) + byte_of(type, zeros, k);
        assert_int_equal(byte_of(type, got, i), saturate(v, type == OC_I8));
    }
    opcase_end(&c);
    opcase_begin(&c, "", "DequantizeLinear", isa);
    opcase_attr_int(&c, "axis", -2);
    opcase_input(&c, type, DIMS(1, 3, 14), got);
    opcase_input(&c, OC_F32, each, scales);
    opcase_input(&c, type, each, zeros);
    opcase_run(&c, 1);
    for (size_t i = 0; i < 42; i++) {
        size_t k = per_axis ? i / 14 : 0;
        float  want = (float)(byte_of(type, got, i) - byte_of(type, zeros, k)) * scales[k];
        assert_true(((float *)c.result[0])[i] == want);
    }
    opcase_end(&c);
}

static void test_linear(void **state)
{
    (void)state;
    for (int isa = 0; isa < 2; isa++)
        for (int bits = 0; bits < 4; bits++)
            linear_one(opcase_isa(isa), bits & 1 ? OC_I8 : OC_U8, bits & 2);
}

static int32_t wide_of(oc_dtype type, const void *data, size_t i)
{
    return type == OC_I16 ? ((const int16_t *)data)[i] : ((const uint16_t *)data)[i];
}

/* 16 bits: ties, both ends, infinities, a zero point in the middle. */
static void wide_one(oc_dtype type)
{
    opcase         c;
    const float    scales[2] = {0.5f, 0.0031f};
    const uint16_t zeros[2] = {30000, 7};
    float          x[2 * 21];
    int16_t        got[42];
    const double   lo = type == OC_I16 ? INT16_MIN : 0, hi = lo + UINT16_MAX;
    for (int i = 0; i < 42; i++)
        x[i] = i == 5 ? 1e9f : i == 20 ? -INFINITY : ((float)i - 20.0f) * (i % 3 ? 0.25f : 900.25f);
    opcase_begin(&c, "", "QuantizeLinear", oc_cpu_isa());
    opcase_attr_int(&c, "axis", 0);
    opcase_input(&c, OC_F32, DIMS(2, 21), x);
    opcase_input(&c, OC_F32, DIMS(2), scales);
    opcase_input(&c, type, DIMS(2), zeros);
    opcase_run(&c, 1);
    memcpy(got, c.result[0], sizeof(got));
    for (size_t i = 0; i < 42; i++) {
        const size_t k = i / 21;
        const double v = nearbyint((double)(x[i] / scales[k])) + zeros[k];
        assert_int_equal(wide_of(type, got, i), (int32_t)fmin(fmax(v, lo), hi));
    }
    opcase_end(&c);
    opcase_begin(&c, "", "DequantizeLinear", oc_cpu_isa());
    opcase_attr_int(&c, "axis", 0);
    opcase_input(&c, type, DIMS(2, 21), got);
    opcase_input(&c, OC_F32, DIMS(2), scales);
    opcase_input(&c, type, DIMS(2), zeros);
    opcase_run(&c, 1);
    for (size_t i = 0; i < 42; i++) {
        const float want = (float)(wide_of(type, got, i) - zeros[i / 21]) * scales[i / 21];
        assert_true(((float *)c.result[0])[i] == want);
    }
    opcase_end(&c);
}

/* Both nodes in one: over more elements than are taken at a time. */
static void round_one(oc_isa isa)
{
    opcase       c;
    static float x[3000];
    const float  scale = 0.013f;
    bool         low = false, high = false;
    for (int i = 0; i < 3000; i++)
        x[i] = i % 7 ? ((float)i - 1500.0f) * 0.0065f : ((float)i - 1500.0f) * 1.0f;
    opcase_begin(&c, "ocellus", "QRound", isa);
    opcase_attr_int(&c, "lo", -1000);
    opcase_attr_int(&c, "hi", 64535);
    opcase_input(&c, OC_F32, DIMS(1, 3, 1000), x);
    opcase_const(&c, OC_F32, (oc_shape){0}, &scale);
    opcase_run(&c, 1);
    for (size_t i = 0; i < 3000; i++) {
        const float level = nearbyintf(x[i] / scale);
        const float held = fminf(fmaxf(level, -1000), 64535);
        low |= held > level;
        high |= held < level;
        assert_true(((float *)c.result[0])[i] == held * scale);
    }
    assert_true(low && high);
    opcase_end(&c);
}

static void test_wide(void **state)
{
    (void)state;
    for (int isa = 0; isa < 2; isa++)
        round_one(opcase_isa(isa));
    wide_one(OC_U16);
    wide_one(OC_I16);
}

static void test_dynamic(void **state)
{
    (void)state;
    const float x[] = {0, 2, -3, -2.5f, 1.34f, 0.5f}; /* ONNX's own example */
    opcase      c;
    opcase_begin(&c, "", "DynamicQuantizeLinear", oc_cpu_isa());
    opcase_input(&c, OC_F32, DIMS(6), x);
    opcase_run(&c, 3);
    assert_memory_equal(c.result[0], ((uint8_t[]){153, 255, 0, 26, 221, 179}), 6);
    assert_true(fabsf(*(float *)c.result[1] - 0.0196078438f) < 1e-9f);
    assert_int_equal(*(uint8_t *)c.result[2], 153);
    opcase_end(&c);
}

static void test_tables(void **state)
{
    (void)state;
    const float xs = 0.05f, ys[] = {1.0f / 256, 0.07f}, alpha = 0.2f;
    uint8_t     xz = 100, yz = 20;
    oc_shape    one = {0};
    for (int leaky = 0; leaky < 2; leaky++)
        for (int t = 0; t < 2; t++) {
            opcase   c;
            oc_dtype type = t ? OC_I8 : OC_U8;
            opcase_begin(&c, "com.microsoft", leaky ? "QLinearLeakyRelu" : "QLinearSigmoid",
                         OC_ISA_NONE);
            opcase_attr_float(&c, "alpha", alpha);
            opcase_input(&c, type, DIMS(3, 111), NULL);
            opcase_const(&c, OC_F32, one, &xs);
            opcase_const(&c, type, one, &xz);
            opcase_const(&c, OC_F32, one, &ys[leaky]);
            opcase_const(&c, type, one, &yz);
            opcase_run(&c, 1);
            for (size_t i = 0; i < 333; i++) {
                float x = (float)(byte_of(type, c.plain[0], i) - xz) * xs;
                float y = leaky ? (x < 0 ? alpha * x : x) : 1.0f / (1.0f + expf(-x));
                assert_int_equal(byte_of(type, c.result[0], i),
                                 saturate(nearbyint((double)(y / ys[leaky])) + yz, t));
            }
            opcase_end(&c);
        }
}

static void test_concat(void **state)
{
    (void)state;
    const float scales[] = {0.1f, 0.05f, 0.3f};
    uint8_t     zeros[] = {10, 200, 128};
    oc_shape    one = {0};
    opcase      c;
    opcase_begin(&c, "com.microsoft", "QLinearConcat", OC_ISA_NONE);
    opcase_attr_int(&c, "axis", 1);
    opcase_const(&c, OC_F32, one, &scales[0]);
    opcase_const(&c, OC_U8, one, &zeros[0]);
    for (int i = 1; i < 3; i++) {
        opcase_input(&c, OC_U8, DIMS(2, i * 2, 3), NULL);
        opcase_const(&c, OC_F32, one, &scales[i]);
        opcase_const(&c, OC_U8, one, &zeros[i]);
    }
    opcase_run(&c, 1);
    for (size_t i = 0; i < 36; i++) {
        size_t  n = i / 18, at = i % 18, k = at < 6 ? 1 : 2;
        int32_t x = ((uint8_t *)c.plain[k == 1 ? 2 : 5])[k == 1 ? n * 6 + at : n * 12 + at - 6];
        float   v = (float)(x - zeros[k]) * scales[k];
        assert_int_equal(((uint8_t *)c.result[0])[i],
                         saturate(nearbyint((double)(v / scales[0])) + 10, false));
    }
    opcase_end(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_conv),           cmocka_unit_test(test_matmul),
        cmocka_unit_test(test_matmul_batches), cmocka_unit_test(test_add),
        cmocka_unit_test(test_global_average), cmocka_unit_test(test_linear),
        cmocka_unit_test(test_wide),           cmocka_unit_test(test_dynamic),
        cmocka_unit_test(test_tables),         cmocka_unit_test(test_concat),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
