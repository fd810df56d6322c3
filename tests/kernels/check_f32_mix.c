#include "kernels/f32_mix.h"

#include "ck.h"

static void check(oc_k_f32_mix_fn *kernel)
{
    const float *rows[5];
    for (size_t n_rows = 1; n_rows <= 5; n_rows++)
        for (size_t n = 1; n <= 67; n++) {
            for (size_t k = 0; k < n_rows; k++)
                rows[k] = ck_floats(n, n % 2 ? CK_EDGES : CK_PLAIN);
            float *w = ck_floats(n_rows, CK_UNIT);
            float *want = ck_floats(n, CK_JUNK), *got = ck_floats(n, CK_JUNK);
            oc_k_f32_mix__ref(n, n_rows, rows, w, want);
            kernel(n, n_rows, rows, w, got);
            if (!ck_same(want, got, n, 0))
                ck_fail("n=%zu rows=%zu", n, n_rows);
        }
    for (size_t k = 0; k < 2; k++)
        rows[k] = ck_floats(4096, CK_PLAIN);
    float *w = ck_floats(2, CK_UNIT), *y = ck_floats(4096, CK_JUNK);
    CK_BENCH_WORK("two rows", 3 * 4096, 3 * 4096 * 4, kernel(4096, 2, rows, w, y));
}

int main(int argc, char **argv)
{
    ck_begin("f32_mix", argc, argv);
#define OC_K(name, isa)       \
    if (ck_wants(#name, isa)) \
        check(oc_k_f32_mix__##name);
#include "kernels/f32_mix.inc"
#undef OC_K
    return ck_end();
}
