#include "ck.h"
#include "kernels/f32_unary.h"

/* Units in the last place that a kind may differ from the reference: what is only selected, moved or
 * rounded once must be the same; the others are polynomials of their own. */
static unsigned ulp_of(oc_unary_kind kind)
{
    switch (kind) {
    case OC_UNARY_EXP:
    case OC_UNARY_ELU:
    case OC_UNARY_SELU:
    case OC_UNARY_CELU: return 4;
    default: return 0;
    }
}

/* Absolute bound where the result is a difference of nearly equal numbers; 0: none, use ulp. */
static double bound_of(oc_unary_kind kind)
{
    switch (kind) {
    case OC_UNARY_SIGMOID:
    case OC_UNARY_TANH:
    case OC_UNARY_ERF:
    case OC_UNARY_HARDSIGMOID: return 1e-6; /* a fused multiply-add near its zero */
    case OC_UNARY_SILU:
    case OC_UNARY_SWISH:
    case OC_UNARY_GELU:
    case OC_UNARY_GELU_TANH:
    case OC_UNARY_MISH:
    case OC_UNARY_HARDSWISH: return 5e-6; /* |x| up to 10 */
    default: return 0;
    }
}

static bool near(oc_unary_kind kind, const float *want, const float *got, size_t n)
{
    const double bound = bound_of(kind);

    if (bound == 0)
        return ck_same(want, got, n, ulp_of(kind));
    for (size_t i = 0; i < n; i++) {
        const double d = fabs((double)want[i] - (double)got[i]);
        const double scale = fabs((double)want[i]) > 1 ? fabs((double)want[i]) / 4 : 1;

        if ((isnan(want[i]) && isnan(got[i])) || want[i] == got[i] || d <= bound * scale)
            continue;
        return ck_same(want + i, got + i, 1, 0); /* prints it */
    }
    return true;
}

static void check(oc_k_f32_unary_fn *kernel)
{
    for (int kind = 0; kind < OC_UNARY_FLOATS; kind++) {
        const oc_unary op = {(oc_unary_kind)kind, kind == OC_UNARY_CLIP ? -1.5 : 0.3, 2.5};

        for (size_t n = 1; n <= 67; n++) {
            float *x = ck_floats(n, CK_EDGES);
            float *want = ck_floats(n, CK_JUNK), *got = ck_floats(n, CK_JUNK);

            oc_k_f32_unary__ref(&op, n, x, want);
            kernel(&op, n, x, got);
            if (!near(op.kind, want, got, n))
                ck_fail("kind=%d n=%zu", kind, n);
            kernel(&op, n, x, x);
            if (!ck_same(got, x, n, 0))
                ck_fail("kind=%d n=%zu in place", kind, n);
        }
    }
    float *x = ck_floats(8192, CK_PLAIN), *y = ck_floats(8192, CK_JUNK);
    CK_BENCH_WORK("relu 8192", 0, 8192 * 8, kernel(&(oc_unary){OC_UNARY_RELU, 0, 0}, 8192, x, y));
    CK_BENCH_WORK("exp 8192", 0, 8192 * 8, kernel(&(oc_unary){OC_UNARY_EXP, 0, 0}, 8192, x, y));
    CK_BENCH_WORK("silu 8192", 0, 8192 * 8, kernel(&(oc_unary){OC_UNARY_SILU, 0, 0}, 8192, x, y));
    CK_BENCH_WORK("mish 8192", 0, 8192 * 8, kernel(&(oc_unary){OC_UNARY_MISH, 0, 0}, 8192, x, y));
}

int main(int argc, char **argv)
{
    ck_begin("f32_unary", argc, argv);
#define OC_K(name, isa)       \
    if (ck_wants(#name, isa)) \
        check(oc_k_f32_unary__##name);
#include "kernels/f32_unary.inc"
#undef OC_K
    return ck_end();
}
