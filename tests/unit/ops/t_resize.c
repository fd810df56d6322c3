/* Resize and Upsample against ONNX's formulas, point by point and axis by axis. */
#include <math.h>

#include "unit/ops/opcase.h"

static const char *const coords[] = {"half_pixel", "pytorch_half_pixel", "align_corners",
                                     "asymmetric", "tf_crop_and_resize", "half_pixel_symmetric"};
static const char *const nearests[] = {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil"};
static const char *const modes[] = {"nearest", "linear", "cubic"};

typedef struct rule {
    int   mode, coord, nearest;
    bool  exclude;
    float roi[8];
} rule;

static float source(const rule *r, int axis, float x, float scale, float from, float to)
{
    float a = r->roi[axis], b = r->roi[axis + 4];
    switch (r->coord) {
    case 1: return to > 1 ? (x + 0.5f) / scale - 0.5f : 0;
    case 2: return scale * from == 1 ? 0 : x * (from - 1) / (scale * from - 1);
    case 3: return x / scale;
    case 4:
        return to > 1 ? a * (from - 1) + x * (b - a) * (from - 1) / (to - 1)
                      : 0.5f * (a + b) * (from - 1);
    case 5: return from / 2 * (1 - to / (scale * from)) + (x + 0.5f) / scale - 0.5f;
    default: return (x + 0.5f) / scale - 0.5f;
    }
}

/* Weights over the whole axis: slow, but nothing to get wrong.  False: outside (crop). */
static bool axis_weights(const rule *r, int axis, int64_t x, float scale, int64_t from, int64_t to,
                         double *w)
{
    float at = source(r, axis, (float)x, scale, (float)from, (float)to);
    memset(w, 0, (size_t)from * sizeof(*w));
    if (r->coord == 4 && (at < 0 || at > (float)(from - 1)))
        return false;
    if (r->mode == 0) {
        float near = r->nearest == 0   ? ceilf(at - 0.5f)
                     : r->nearest == 1 ? floorf(at + 0.5f)
                     : r->nearest == 2 ? floorf(at)
                                       : ceilf(at);
        w[(int64_t)fmaxf(0, fminf(near, (float)(from - 1)))] = 1;
        return true;
    }
    double base = floor(at), sum = 0;
    for (int k = -1; k <= 2; k++) {
        double d = fabs(at - (base + k)), a = -0.75;
        double v = r->mode == 1 ? fmax(0, 1 - d)
                   : d <= 1     ? ((a + 2) * d - (a + 3)) * d * d + 1
                                : ((a * d - 5 * a) * d + 8 * a) * d - 4 * a;
        bool   out = base + k < 0 || base + k > (double)(from - 1);
        if (out && r->exclude)
            continue;
        w[(int64_t)fmax(0, fmin(base + k, (double)(from - 1)))] += v;
        sum += v;
    }
    for (int64_t i = 0; r->exclude && i < from; i++)
        w[i] /= sum;
    return true;
}

static void compare(const opcase *c, const rule *r, const float *scale, double extrapolation)
{
    const int64_t *in = c->in[0].info.shape.dim, *out = c->out[0].info.shape.dim;
    const float   *x = c->plain[0], *y = c->result[0];
    static double  w[4][64][64];
    bool           inside[4][64];
    for (int a = 0; a < 4; a++)
        for (int64_t i = 0; i < out[a]; i++) {
            inside[a][i] = true;
            if (scale[a] != 1.0f || r->coord == 4)
                inside[a][i] = axis_weights(r, a, i, scale[a], in[a], out[a], w[a][i]);
            else
                for (int64_t k = 0; k < in[a]; k++)
                    w[a][i][k] = k == i;
        }
    for (int64_t i = 0; i < out[0] * out[1] * out[2] * out[3]; i++) {
        int64_t p[4] = {i / (out[3] * out[2] * out[1]), i / (out[3] * out[2]) % out[1],
                        i / out[3] % out[2], i % out[3]};
        double  want = 0;
        for (int64_t n = 0; n < in[0]; n++)
            for (int64_t ch = 0; ch < in[1]; ch++) {
                double outer = w[0][p[0]][n] * w[1][p[1]][ch];
                for (int64_t h = 0; outer != 0 && h < in[2]; h++)
                    for (int64_t v = 0; w[2][p[2]][h] != 0 && v < in[3]; v++)
                        want += outer * w[2][p[2]][h] * w[3][p[3]][v] *
                                (double)x[((n * in[1] + ch) * in[2] + h) * in[3] + v];
            }
        for (int a = 0; a < 4; a++)
            if (!inside[a][p[a]])
                want = extrapolation;
        if (fabs(want - (double)y[i]) > 2e-5)
            fail_msg("%s %s %s: element %lld is %g, should be %g", modes[r->mode], coords[r->coord],
                     nearests[r->nearest], (long long)i, (double)y[i], want);
    }
}

static void one(oc_isa isa, const rule *r, oc_shape shape, const float *scale, bool sizes,
                bool blocked)
{
    opcase        c;
    const int64_t four = 4;
    opcase_begin(&c, "", "Resize", isa);
    opcase_attr_string(&c, "mode", modes[r->mode]);
    opcase_attr_string(&c, "coordinate_transformation_mode", coords[r->coord]);
    opcase_attr_string(&c, "nearest_mode", nearests[r->nearest]);
    opcase_attr_int(&c, "exclude_outside", r->exclude);
    float fill = blocked ? 0.0f : 9.25f;
    opcase_attr_float(&c, "extrapolation_value", fill);
    opcase_input(&c, OC_F32, shape, NULL);
    opcase_const(&c, OC_F32, DIMS(8), r->roi);
    if (sizes) {
        opcase_absent(&c);
        INTS(&c, shape.dim[0], shape.dim[1], (int64_t)(scale[2] * (float)shape.dim[2]),
             (int64_t)(scale[3] * (float)shape.dim[3]));
    } else {
        opcase_const(&c, OC_F32, (oc_shape){1, {four}}, scale);
    }
    c.offer_blocked[0] = blocked;
    opcase_run(&c, 1);
    assert_int_equal(c.was_blocked, blocked);
    float real[4];
    for (int i = 0; i < 4; i++)
        real[i] = sizes ? (float)c.out[0].info.shape.dim[i] / (float)shape.dim[i] : scale[i];
    compare(&c, r, real, (double)fill);
    opcase_end(&c);
}

static const float scale_sets[][4] = {{1, 1, 2, 2},    {1, 1, 0.6f, 1.7f},  {1, 1, 3, 1},
                                      {1, 1, 1, 0.5f}, {1, 1, 0.34f, 2.5f}, {1, 1, 1, 1}};

static void test_modes(void **state)
{
    (void)state;
    for (int k = 0; k < 4; k++)
        for (int mode = 0; mode < 3; mode++)
            for (int coord = 0; coord < 6; coord++)
                for (int near = 0; near < (mode ? 1 : 4); near++)
                    for (size_t s = 0; s < sizeof(scale_sets) / sizeof(scale_sets[0]); s++) {
                        rule r = {mode,
                                  coord,
                                  near,
                                  mode == 2 && s % 2,
                                  {0, 0, 0.2f, -0.1f, 1, 1, 1.3f, 0.8f}};
                        one(opcase_isa(k & 1), &r, DIMS(2, 11, 7, 10), scale_sets[s], s == 4,
                            k > 1);
                    }
}

/* Channels last, and all axes at once. */
static void test_other_axes(void **state)
{
    (void)state;
    static const float last[] = {1, 2, 1.5f, 1}, all[] = {2, 0.5f, 1.5f, 3}, depth[] = {1, 2, 1, 1};
    for (int k = 0; k < 2; k++)
        for (int mode = 0; mode < 3; mode++) {
            rule r = {mode, 0, 0, false, {0, 0, 0, 0, 1, 1, 1, 1}};
            one(opcase_isa(k), &r, DIMS(2, 5, 6, 13), last, false, false);
            one(opcase_isa(k), &r, DIMS(2, 4, 6, 5), all, false, false);
            one(opcase_isa(k), &r, DIMS(2, 8, 3, 5), depth, false, false);
        }
}

static bool floor_map(const void *ctx, const int64_t *at, int64_t *in)
{
    const float *scale = ctx;
    for (int i = 0; i < 4; i++)
        in[i] = (int64_t)floorf((float)at[i] / scale[i]);
    return true;
}

static void test_upsample_types(void **state)
{
    (void)state;
    static const oc_dtype types[] = {OC_U8, OC_F16, OC_I64};
    static const float    scale[] = {1, 1, 2, 3};
    for (size_t t = 0; t < 3; t++) {
        opcase c;
        opcase_begin(&c, "", "Upsample", oc_cpu_isa());
        c.node.opset = 9;
        opcase_input(&c, types[t], DIMS(2, 3, 5, 7), NULL);
        opcase_const(&c, OC_F32, DIMS(4), scale);
        opcase_run(&c, 1);
        opcase_expect_moved(&c, 0, 0, floor_map, scale);
        opcase_end(&c);
    }
}

static void test_refused(void **state)
{
    (void)state;
    const float two[] = {1, 1, 2, 2}, bad[] = {1, 1, 0, NAN};
    opcase      c;
    opcase_begin(&c, "", "Resize", OC_ISA_NONE);
    opcase_input(&c, OC_F32, DIMS(1, 3, 5, 7), NULL);
    opcase_absent(&c);
    opcase_const(&c, OC_F32, DIMS(4), two);
    c.constant[2] = false;
    assert_int_equal(opcase_infer(&c, 1), OC_DYNAMIC);
    opcase_end(&c);
    opcase_begin(&c, "", "Resize", OC_ISA_NONE);
    opcase_input(&c, OC_F32, DIMS(1, 3, 5, 7), NULL);
    opcase_absent(&c);
    opcase_const(&c, OC_F32, DIMS(4), bad);
    assert_int_equal(opcase_infer(&c, 1), OC_FORMAT);
    opcase_end(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_modes),
        cmocka_unit_test(test_other_axes),
        cmocka_unit_test(test_upsample_types),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
