/* Conv and ConvTranspose against loops in double: every path, random shapes, ranges cut anew. */
#include "opcase.h"

#include <math.h>

#include "kernels/ref/act.h"
#include "tensor/half.h"

static uint32_t seed = 2463534242u;

static int64_t pick(int64_t lo, int64_t hi)
{
    seed ^= seed << 13;
    seed ^= seed >> 17;
    seed ^= seed << 5;
    return lo + (int64_t)(seed % (uint32_t)(hi - lo + 1));
}

typedef struct conv_case {
    bool    transposed;
    int     dims;
    int64_t n, cg, og, groups, in[3], k[3], s[3], d[3], pads[6], extra[3];
    bool    bias, add, blocked, constant;
    oc_act  act;
    oc_isa  isa;
} conv_case;

static int64_t out_dim(const conv_case *t, int i)
{
    int64_t span = (t->k[i] - 1) * t->d[i] + 1, pads = t->pads[i] + t->pads[t->dims + i];
    if (t->transposed)
        return (t->in[i] - 1) * t->s[i] + span + t->extra[i] - pads;
    int64_t room = t->in[i] + pads - span;
    return room < 0 ? 0 : room / t->s[i] + 1;
}

/* Three spatial axes, missing ones in front of size 1, so that one loop does all ranks. */
static conv_case to3(const conv_case *t)
{
    conv_case v = *t;
    int       shift = 3 - t->dims;
    for (int i = 0; i < 3; i++) {
        bool own = i >= shift;
        v.in[i] = own ? t->in[i - shift] : 1;
        v.k[i] = own ? t->k[i - shift] : 1;
        v.s[i] = own ? t->s[i - shift] : 1;
        v.d[i] = own ? t->d[i - shift] : 1;
        v.extra[i] = own ? t->extra[i - shift] : 0;
        v.pads[i] = own ? t->pads[i - shift] : 0;
        v.pads[3 + i] = own ? t->pads[t->dims + i - shift] : 0;
    }
    v.dims = 3;
    return v;
}

/* Gives back the largest sum: rounding is measured by it, not by what an activation leaves. */
static double naive(const conv_case *t, const float *x, const float *w, const float *bias,
                    const float *add, double *y)
{
    const conv_case v = to3(t);
    const int64_t   c = v.cg * v.groups, oc = v.og * v.groups;
    const int64_t   o[3] = {out_dim(&v, 0), out_dim(&v, 1), out_dim(&v, 2)};
    const int64_t   taps = v.k[0] * v.k[1] * v.k[2];
    size_t          at = 0;
    double          most = 0;

    for (int64_t n = 0; n < v.n; n++)
        for (int64_t m = 0; m < oc; m++)
            for (int64_t p = 0; p < o[0] * o[1] * o[2]; p++, at++) {
                const int64_t pos[3] = {p / (o[1] * o[2]), p / o[2] % o[1], p % o[2]};
                double        sum = bias ? (double)bias[m] : 0.0;
                for (int64_t q = 0; q < taps; q++) {
                    const int64_t tap[3] = {q / (v.k[1] * v.k[2]), q / v.k[2] % v.k[1], q % v.k[2]};
                    int64_t       from = 0;
                    bool          inside = true;
                    for (int i = 0; i < 3; i++) {
                        int64_t j = v.transposed ? pos[i] + v.pads[i] - tap[i] * v.d[i]
                                                 : pos[i] * v.s[i] - v.pads[i] + tap[i] * v.d[i];
                        if (v.transposed) {
                            inside = inside && j >= 0 && j % v.s[i] == 0;
                            j /= v.s[i];
                        }
                        inside = inside && j >= 0 && j < v.in[i];
                        from = from * v.in[i] + j;
                    }
                    for (int64_t ci = 0; inside && ci < v.cg; ci++) {
                        int64_t g = m / v.og;
                        int64_t plane = v.in[0] * v.in[1] * v.in[2];
                        double  xv = (double)x[((n * c) + g * v.cg + ci) * plane + from];
                        int64_t wi =
                            v.transposed ? (g * v.cg + ci) * v.og + m % v.og : m * v.cg + ci;
                        sum += xv * (double)w[wi * taps + q];
                    }
                }
                sum += add ? (double)add[at] : 0.0;
                most = fmax(most, fabs(sum));
                y[at] = v.act.kind == OC_ACT_NONE ? sum : (double)oc_act_apply(v.act, (float)sum);
            }
    return most;
}

static oc_shape shape_of(const conv_case *t, int64_t a, int64_t b, const int64_t *dims)
{
    oc_shape s = {.rank = (uint32_t)t->dims + 2, .dim = {a, b}};
    memcpy(s.dim + 2, dims, (size_t)t->dims * sizeof(int64_t));
    return s;
}

/* Winograd's method rounds more than the direct sum. */
static double tolerance(const conv_case *t)
{
    bool wino = !t->transposed && t->dims == 2 && t->k[0] == 3 && t->k[1] == 3 && t->s[0] == 1 &&
                t->s[1] == 1 && t->groups == 1 && t->cg >= 8 && t->og >= 8 && t->isa != OC_ISA_NONE;
    return wino ? 1e-5 : 2e-6;
}

static void close_to(const conv_case *t, double most, const double *want, const float *got,
                     size_t n, bool blocked)
{
    for (size_t i = 0; i < n; i++)
        if (!(fabs(want[i] - (double)got[i]) <= tolerance(t) * most + 1e-7))
            fail_msg("%s dims %d n %d c %dx%d->%d in %dx%d k %dx%d s %d,%d d %d,%d pads "
                     "%d,%d,%d,%d act %d blocked %d isa %x: [%zu] want %g got %g",
                     t->transposed ? "ConvTranspose" : "Conv", t->dims, (int)t->n, (int)t->groups,
                     (int)t->cg, (int)t->og, (int)t->in[0], (int)t->in[1], (int)t->k[0],
                     (int)t->k[1], (int)t->s[0], (int)t->s[1], (int)t->d[0], (int)t->d[1],
                     (int)t->pads[0], (int)t->pads[1], (int)t->pads[2], (int)t->pads[3],
                     (int)t->act.kind, blocked, (unsigned)t->isa, i, want[i], (double)got[i]);
}

/* True when the case went through the blocked paths. */
static bool check(const conv_case *t)
{
    static opcase c;
    int64_t       o[3] = {0};
    for (int i = 0; i < t->dims; i++)
        if ((o[i] = out_dim(t, i)) < 1)
            return false;
    opcase_begin(&c, "", t->transposed ? "ConvTranspose" : "Conv", t->isa);
    c.node.act = t->act;
    c.node.add = t->add;
    opcase_attr_ints(&c, "strides", t->s, (size_t)t->dims);
    opcase_attr_ints(&c, "dilations", t->d, (size_t)t->dims);
    opcase_attr_ints(&c, "pads", t->pads, 2 * (size_t)t->dims);
    if (t->transposed)
        opcase_attr_ints(&c, "output_padding", t->extra, (size_t)t->dims);
    opcase_attr_int(&c, "group", t->groups);
    int64_t ch = t->cg * t->groups, oc = t->og * t->groups;
    c.offer_blocked[opcase_input(&c, OC_F32, shape_of(t, t->n, ch, t->in), NULL)] = t->blocked;
    uint32_t w = opcase_input(
        &c, OC_F32, t->transposed ? shape_of(t, ch, t->og, t->k) : shape_of(t, oc, t->cg, t->k),
        NULL);
    uint32_t b = 0, a = 0;
    if (t->bias)
        b = opcase_input(&c, OC_F32, DIMS(oc), NULL);
    else if (t->add && pick(0, 1))
        opcase_absent(&c);
    if (t->add)
        a = opcase_input(&c, OC_F32, shape_of(t, t->n, oc, o), NULL);
    c.constant[w] = c.constant[b] = t->constant;
    c.constant[0] = false;
    opcase_run(&c, 1);
    size_t  n = opcase_elements(&c.out[0].info);
    double *want = calloc(n + 1, sizeof(*want));
    assert_int_equal(n, t->n * oc * o[0] * (t->dims > 1 ? o[1] : 1) * (t->dims > 2 ? o[2] : 1));
    double most = naive(t, c.plain[0], c.plain[w], t->bias ? c.plain[b] : NULL,
                        t->add ? c.plain[a] : NULL, want);
    close_to(t, most, want, c.result[0], n, c.was_blocked);
    bool blocked = c.was_blocked || c.in[0].layout == OC_LAYOUT_NC8;
    free(want);
    opcase_end(&c);
    return blocked;
}

static conv_case random_case(int isa)
{
    conv_case t = {
        .dims = 2, .n = pick(1, 2), .groups = 1, .isa = opcase_isa(isa), .constant = true};
    t.cg = pick(1, 40);
    t.og = pick(1, 60);
    for (int i = 0; i < 3; i++) {
        t.in[i] = pick(1, 15);
        t.k[i] = pick(1, 5);
        t.s[i] = pick(1, 3);
        t.d[i] = pick(1, 5) == 1 ? pick(2, 3) : 1;
    }
    for (int i = 0; i < 6; i++)
        t.pads[i] = pick(0, 2);
    t.bias = pick(0, 2) > 0;
    t.add = pick(0, 3) == 0;
    t.blocked = pick(0, 1);
    t.act = (oc_act){(oc_act_kind)pick(0, OC_ACT_MISH), 0.2f, 0.5f};
    return t;
}

static void unit_taps(conv_case *t)
{
    for (int i = 0; i < 3; i++)
        t->k[i] = t->s[i] = t->d[i] = 1;
    memset(t->pads, 0, sizeof(t->pads));
}

static void dense_random(void **state)
{
    (void)state;
    int blocked = 0;
    for (int i = 0; i < 300; i++) {
        conv_case t = random_case(i & 1);
        if (i % 3 == 0)
            t.cg = pick(1, 4);
        if (i % 5 == 0)
            t.og = pick(1, 4);
        blocked += check(&t);
    }
    assert_true(blocked > 200);
}

static void one_by_one(void **state)
{
    (void)state;
    for (int i = 0; i < 120; i++) {
        conv_case t = random_case(i & 1);
        unit_taps(&t);
        t.in[0] = pick(1, 20);
        t.in[1] = pick(1, 20);
        t.cg = pick(5, 90);
        t.og = pick(1, 120);
        t.blocked = true;
        if (i % 4 == 0)
            t.in[0] = t.in[1] = 1;
        if (i % 4 == 1)
            t.s[0] = t.s[1] = 2;
        if (i % 4 == 2)
            t.og = pick(1, 4);
        assert_true(check(&t));
    }
}

static void three_by_three(void **state)
{
    (void)state;
    for (int i = 0; i < 60; i++) {
        conv_case t = random_case(1);
        unit_taps(&t);
        t.k[0] = t.k[1] = 3;
        for (int k = 0; k < 4; k++)
            t.pads[k] = i % 4 ? 1 : pick(0, 3);
        t.in[0] = pick(6, 23);
        t.in[1] = pick(6, 23);
        t.cg = pick(8, 50);
        t.og = pick(8, 60);
        t.blocked = true;
        assert_true(check(&t) || t.og <= 4);
    }
}

static void large_enough_to_be_cut(void **state)
{
    (void)state;
    conv_case t = random_case(1);
    unit_taps(&t);
    t.in[0] = t.in[1] = 40;
    t.cg = 128;
    t.og = 200;
    assert_true(check(&t));
    t.k[0] = t.k[1] = 3;
    t.pads[0] = t.pads[1] = t.pads[2] = t.pads[3] = 1;
    t.cg = 40;
    assert_true(check(&t));
    t.groups = 160;
    t.cg = t.og = 1;
    t.in[0] = t.in[1] = 90;
    assert_true(check(&t));
}

static void depthwise(void **state)
{
    (void)state;
    for (int i = 0; i < 200; i++) {
        conv_case t = random_case(i & 1);
        t.groups = pick(2, 40);
        t.cg = t.og = 1;
        t.blocked = pick(0, 3) > 0;
        assert_true(check(&t) || out_dim(&t, 0) < 1 || out_dim(&t, 1) < 1);
    }
}

static void grouped(void **state)
{
    (void)state;
    for (int i = 0; i < 150; i++) {
        conv_case t = random_case(i & 1);
        t.groups = pick(2, 9);
        t.cg = i % 3 ? pick(1, 9) : 8 * pick(1, 2);
        t.og = i % 3 == 1 ? pick(1, 9) : 8 * pick(1, 3);
        t.blocked = true;
        check(&t);
    }
}

static void other_ranks(void **state)
{
    (void)state;
    for (int i = 0; i < 60; i++) {
        conv_case t = random_case(i & 1);
        t.dims = i % 2 ? 1 : 3;
        t.cg = pick(1, 5);
        t.og = pick(1, 5);
        t.groups = pick(1, 3);
        t.transposed = i % 3 == 0;
        t.in[0] = pick(1, 6);
        assert_false(check(&t));
    }
}

static void weights_computed(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) {
        conv_case t = random_case(i & 1);
        t.constant = false;
        assert_false(check(&t));
    }
}

static void transposed(void **state)
{
    (void)state;
    int blocked = 0;
    for (int i = 0; i < 300; i++) {
        conv_case t = random_case(i & 1);
        t.transposed = true;
        t.blocked = pick(0, 3) > 0;
        t.in[0] = pick(1, 8);
        t.in[1] = pick(1, 8);
        for (int k = 0; k < 2; k++)
            t.extra[k] = t.s[k] > 1 ? pick(0, t.s[k] - 1) : 0;
        if (i % 3 == 0) {
            memset(t.pads, 0, sizeof(t.pads));
            t.k[0] = t.k[1] = t.s[0] = t.s[1] = 2;
            t.d[0] = t.d[1] = 1;
            t.extra[0] = t.extra[1] = 0;
        }
        if (i % 5 == 0)
            t.groups = pick(2, 6);
        if (i % 10 == 0)
            t.cg = t.og = 1;
        if (i % 6 == 0)
            t.og = pick(1, 4);
        blocked += check(&t);
    }
    assert_true(blocked > 150);
}

static void auto_padding(void **state)
{
    static opcase c;
    (void)state;
    const struct {
        const char *mode;
        int64_t     out;
    } want[] = {{"SAME_UPPER", 4}, {"SAME_LOWER", 4}, {"VALID", 3}, {"NOTSET", 3}};
    for (int i = 0; i < 4; i++) {
        opcase_begin(&c, "", "Conv", opcase_isa(1));
        opcase_attr_string(&c, "auto_pad", want[i].mode);
        ATTR_INTS(&c, "strides", 2, 2);
        const float x[8] = {1, 2, 3, 4, 5, 6, 7, 8};
        opcase_input(&c, OC_F32, DIMS(1, 1, 8, 1), x);
        const float w[3] = {1, 10, 100};
        opcase_const(&c, OC_F32, DIMS(1, 1, 3, 1), w);
        opcase_run(&c, 1);
        assert_int_equal(c.out[0].info.shape.dim[2], want[i].out);
        const float *y = c.result[0];
        /* one column of padding in all: behind for UPPER, in front for LOWER */
        assert_float_equal(y[0], i == 1 ? 210.0f : 321.0f, 0);
        if (i < 2)
            assert_float_equal(y[3], i == 1 ? 876.0f : 87.0f, 0);
        opcase_end(&c);
    }
}

static void half_and_double(void **state)
{
    static opcase c;
    (void)state;
    const oc_half hx[4] = {oc_half_from_double(1), oc_half_from_double(2), oc_half_from_double(3),
                           oc_half_from_double(4)};
    const oc_half hw[2] = {oc_half_from_double(0.5), oc_half_from_double(-2)};
    opcase_begin(&c, "", "Conv", opcase_isa(1));
    opcase_input(&c, OC_F16, DIMS(1, 1, 1, 4), hx);
    opcase_const(&c, OC_F16, DIMS(1, 1, 1, 2), hw);
    opcase_run(&c, 1);
    const oc_half *y = c.result[0];
    for (int i = 0; i < 3; i++)
        assert_float_equal(oc_half_to_float(y[i]), 0.5f * (float)(i + 1) - 2.0f * (float)(i + 2),
                           0);
    opcase_end(&c);
    const double dx[2] = {1e-12, 3}, dw[1] = {1};
    opcase_begin(&c, "", "Conv", opcase_isa(1));
    opcase_input(&c, OC_F64, DIMS(1, 1, 1, 2), dx);
    opcase_const(&c, OC_F64, DIMS(1, 1, 1, 1), dw);
    opcase_run(&c, 1);
    assert_memory_equal(c.result[0], dx, sizeof(dx));
    opcase_end(&c);
}

static void refuse(const char *op, oc_shape x, oc_shape w, const int64_t *strides, size_t n,
                   int64_t group, oc_status want)
{
    static opcase c;
    opcase_begin(&c, "", op, opcase_isa(1));
    if (strides)
        opcase_attr_ints(&c, "strides", strides, n);
    opcase_attr_int(&c, "group", group);
    opcase_input(&c, OC_F32, x, NULL);
    opcase_const(&c, OC_F32, w, NULL);
    assert_int_equal(opcase_infer(&c, 1), want);
    assert_true(c.err.message[0] != 0);
    opcase_end(&c);
}

static void malformed(void **state)
{
    (void)state;
    const int64_t zero[2] = {0, 1}, three[3] = {1, 1, 1};
    for (int i = 0; i < 2; i++) {
        const char *op = i ? "ConvTranspose" : "Conv";
        refuse(op, DIMS(1, 4, 5, 5), DIMS(4, 3, 3, 3), NULL, 0, 3, OC_FORMAT);
        refuse(op, DIMS(1, 4, 5, 5), DIMS(4, 4, 3, 3), zero, 2, 1, OC_FORMAT);
        refuse(op, DIMS(1, 4, 5, 5), DIMS(4, 4, 3, 3), three, 3, 1, OC_FORMAT);
        refuse(op, DIMS(1, 4, 5, 5), DIMS(4, 4, 3), NULL, 0, 1, OC_FORMAT);
        refuse(op, DIMS(4, 5), DIMS(4, 4), NULL, 0, 1, OC_FORMAT);
        refuse(op, DIMS(1, 4, 5, 5), DIMS(4, 4, 3, 3), NULL, 0, 0, OC_FORMAT);
    }
    refuse("Conv", DIMS(1, 4, 5, 5), DIMS(4, 3, 3, 3), NULL, 0, 1, OC_FORMAT);
    refuse("Conv", DIMS(1, 4, 5, 5), DIMS(4, 4, 7, 3), NULL, 0, 1, OC_FORMAT);
    refuse("ConvTranspose", DIMS(1, 4, 5, 5), DIMS(3, 4, 3, 3), NULL, 0, 1, OC_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dense_random),    cmocka_unit_test(one_by_one),
        cmocka_unit_test(depthwise),       cmocka_unit_test(grouped),
        cmocka_unit_test(other_ranks),     cmocka_unit_test(weights_computed),
        cmocka_unit_test(transposed),      cmocka_unit_test(auto_padding),
        cmocka_unit_test(half_and_double), cmocka_unit_test(malformed),
        cmocka_unit_test(three_by_three),  cmocka_unit_test(large_enough_to_be_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
