#include <math.h>

#include "ck.h"
#include "kernels/f32_softmax.h"

static void check(oc_k_f32_softmax_fn *kernel)
{
    float *x, *y;

    for (size_t n = 1; n <= 100; n++) {
        float *in = ck_floats(n, CK_PLAIN), *want = ck_floats(n, CK_JUNK),
              *got = ck_floats(n, CK_JUNK);

        oc_k_f32_softmax__ref(n, in, want);
        kernel(n, in, got);
        if (!ck_close(want, got, n, 2e-6)) /* another exp, another order of the sum */
            ck_fail("n=%zu", n);
        in[ck_rand_in(0, n - 1)] = NAN;
        kernel(n, in, in);
        for (size_t i = 0; i < n; i++)
            if (!isnan(in[i]))
                ck_fail("n=%zu: a NaN did not reach element %zu", n, i);
    }
    x = ck_floats(1000, CK_PLAIN);
    y = ck_floats(1000, CK_JUNK);
    CK_BENCH_WORK("1000", 0, 8000, kernel(1000, x, y));
}

int main(int argc, char **argv)
{
    ck_begin("f32_softmax", argc, argv);
#define OC_K(name, isa)       \
    if (ck_wants(#name, isa)) \
        check(oc_k_f32_softmax__##name);
#include "kernels/f32_softmax.inc"
#undef OC_K
    return ck_end();
}
