#include <math.h>

#include "ck.h"
#include "kernels/f32_reduce.h"

/* Sums are taken in another order: 1e-6 of the largest lane.  MAX, MIN: the same bits. */
static void check_one(oc_k_f32_reduce_fn *kernel, oc_reduce_kind kind, size_t n)
{
    const bool exact = kind == OC_REDUCE_MAX || kind == OC_REDUCE_MIN;
    float     *x = ck_floats(n, exact ? CK_EDGES : CK_UNIT), *c = ck_floats(8, CK_UNIT);
    float     *want = ck_floats(8, CK_PLAIN), *got = ck_copy(want, 8 * sizeof(*want));

    oc_k_f32_reduce__ref(kind, n, x, c, want);
    kernel(kind, n, x, c, got);
    if (!(exact ? ck_same(want, got, 8, 0) : ck_close(want, got, 8, 1e-6)))
        ck_fail("kind=%d n=%zu", kind, n);
}

/* A NaN anywhere must reach its lane. */
static void check_nan(oc_k_f32_reduce_fn *kernel, oc_reduce_kind kind, size_t n)
{
    float       *x = ck_floats(n, CK_UNIT), acc[8], c[8] = {0};
    const size_t at = ck_rand_in(0, n - 1);

    x[at] = NAN;
    oc_reduce_start(kind, acc);
    kernel(kind, n, x, c, acc);
    for (size_t i = 0; i < 8; i++)
        if (isnan(acc[i]) != (i == at % 8))
            ck_fail("kind=%d n=%zu: NaN at %zu, lane %zu", kind, n, at, i);
}

static void check(oc_k_f32_reduce_fn *kernel)
{
    float acc[8] = {0}, *x;

    for (int kind = 0; kind <= OC_REDUCE_PROD; kind++)
        for (size_t n = 1; n <= 131; n++) {
            check_one(kernel, (oc_reduce_kind)kind, n);
            check_nan(kernel, (oc_reduce_kind)kind, n);
        }
    x = ck_floats(8192, CK_UNIT);
    CK_BENCH_WORK("sum 8192", 8192, 8192 * 4, kernel(OC_REDUCE_SUM, 8192, x, NULL, acc));
}

int main(int argc, char **argv)
{
    ck_begin("f32_reduce", argc, argv);
#define OC_K(name, isa)       \
    if (ck_wants(#name, isa)) \
        check(oc_k_f32_reduce__##name);
#include "kernels/f32_reduce.inc"
#undef OC_K
    return ck_end();
}
