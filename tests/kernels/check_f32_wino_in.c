/* f32_wino_in against the reference: tiles inside and over every edge. */
#include "ck.h"
#include "kernels/f32_wino_in.h"

static void check(oc_k_f32_wino_in_fn *kernel)
{
    for (int i = 0; i < 300; i++) {
        oc_wino_in   t = {.in_h = (ptrdiff_t)ck_rand_in(1, 20),
                          .in_w = (ptrdiff_t)ck_rand_in(1, 20),
                          .top = (ptrdiff_t)ck_rand_in(0, 3),
                          .left = (ptrdiff_t)ck_rand_in(0, 3),
                          .m = (unsigned)(2 + i % 3 * 2)};
        const size_t q = (t.m + 2) * (t.m + 2);
        t.tiles_w = ((size_t)t.in_w + t.m - 1) / t.m;
        size_t all = t.tiles_w * (((size_t)t.in_h + t.m - 1) / t.m);
        t.first = ck_rand_in(0, all - 1);
        t.tiles = ck_rand_in(1, all - t.first);
        t.v_q = (ptrdiff_t)(t.tiles + ck_rand() % 3) * 8;
        size_t n = (q - 1) * (size_t)t.v_q + t.tiles * 8;
        t.x = ck_floats((size_t)(t.in_h * t.in_w) * 8, CK_UNIT);
        float *want = ck_floats(n, CK_ZERO), *got = ck_floats(n, CK_ZERO);
        t.v = want;
        oc_k_f32_wino_in__ref(&t);
        t.v = got;
        kernel(&t);
        if (!ck_close(want, got, n, 1e-6))
            ck_fail("F(%u) in %tdx%td top %td left %td first %zu tiles %zu", t.m, t.in_h, t.in_w,
                    t.top, t.left, t.first, t.tiles);
    }
    float     *v = ck_floats(64 * 48 * 8, CK_ZERO);
    oc_wino_in t = {.x = ck_floats(52 * 52 * 8, CK_UNIT),
                    .v = v,
                    .in_h = 52,
                    .in_w = 52,
                    .top = 1,
                    .left = 1,
                    .v_q = 48 * 8,
                    .first = 14,
                    .tiles = 48};
    for (t.m = 2; t.m <= 6; t.m += 2) {
        t.tiles_w = (52 + t.m - 1) / t.m;
        CK_BENCH(kernel(&t));
    }
}

int main(int argc, char **argv)
{
    ck_begin("f32_wino_in", argc, argv);
#define OC_K(name, isa)       \
    if (ck_wants(#name, isa)) \
        check(oc_k_f32_wino_in__##name);
#include "kernels/f32_wino_in.inc"
#undef OC_K
    return ck_end();
}
