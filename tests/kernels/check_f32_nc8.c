/* f32_nc8 against the reference: all lane counts, tails, both ways, and there and back. */
#include "ck.h"
#include "kernels/f32_nc8.h"

#include <stdio.h>

static void check(oc_k_f32_nc8_fn *kernel)
{
    for (size_t n = 1; n <= 35; n++)
        for (unsigned lanes = 1; lanes <= 8; lanes++) {
            size_t plane = n + ck_rand() % 5, planar = plane * (lanes - 1) + n;
            float *x = ck_floats(planar, CK_EDGES);
            float *want = ck_floats(n * 8, CK_JUNK), *got = ck_floats(n * 8, CK_JUNK);
            oc_nc8 t = {x, want, plane, n, lanes, true};
            oc_k_f32_nc8__ref(&t);
            t.blocked = got;
            kernel(&t);
            if (!ck_same(want, got, n * 8, 0))
                ck_fail("to blocked: n %zu plane %zu lanes %u", n, plane, lanes);
            float *back = ck_floats(planar, CK_JUNK), *ref = ck_floats(planar, CK_JUNK);
            t = (oc_nc8){ref, want, plane, n, lanes, false};
            oc_k_f32_nc8__ref(&t);
            t.planar = back;
            kernel(&t);
            if (!ck_same_bytes(ref, back, planar * sizeof(float)))
                ck_fail("to planar: n %zu plane %zu lanes %u", n, plane, lanes);
        }
}

static void bench(oc_k_f32_nc8_fn *kernel)
{
    const size_t n = 52 * 52;
    for (int i = 0; i < 2; i++) {
        oc_nc8 t = {ck_floats(n * 8, CK_UNIT), ck_floats(n * 8, CK_UNIT), n, n, 8, i == 0};
        CK_BENCH_WORK(i ? "to planar" : "to blocked", 0, 2.0 * 32 * (double)n, kernel(&t));
    }
}

int main(int argc, char **argv)
{
    ck_begin("f32_nc8", argc, argv);
#define OC_K(name, isa)              \
    if (ck_wants(#name, isa)) {      \
        check(oc_k_f32_nc8__##name); \
        bench(oc_k_f32_nc8__##name); \
    }
#include "kernels/f32_nc8.inc"
#undef OC_K
    return ck_end();
}
