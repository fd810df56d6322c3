/* f32_wino_out against the reference: tiles inside and over the edges, residuals, activations. */
#include "ck.h"
#include "kernels/f32_wino_out.h"

static void check(oc_k_f32_wino_out_fn *kernel)
{
    for (int i = 0; i < 330; i++) {
        oc_wino_out  t = {.out_h = (ptrdiff_t)ck_rand_in(1, 20),
                          .out_w = (ptrdiff_t)ck_rand_in(1, 20),
                          .lanes = (unsigned)ck_rand_in(1, 8),
                          .m = (unsigned)(2 + i % 3 * 2),
                          .act = {(oc_act_kind)(i % 11), 0.2f, 0.6f}};
        const size_t q = (t.m + 2) * (t.m + 2);
        t.tiles_w = ((size_t)t.out_w + t.m - 1) / t.m;
        size_t all = t.tiles_w * (((size_t)t.out_h + t.m - 1) / t.m);
        t.first = ck_rand_in(0, all - 1);
        t.tiles = ck_rand_in(1, all - t.first);
        t.u_q = (ptrdiff_t)(t.tiles + ck_rand() % 3) * 8;
        size_t n = (size_t)(t.out_h * t.out_w) * 8;
        t.u = ck_floats((q - 1) * (size_t)t.u_q + t.tiles * 8, CK_UNIT);
        t.bias = ck_floats(8, CK_UNIT);
        t.add = ck_rand() & 1 ? ck_floats(n, CK_UNIT) : NULL;
        float *want = ck_floats(n, CK_JUNK), *got = ck_floats(n, CK_JUNK);
        t.y = want;
        oc_k_f32_wino_out__ref(&t);
        t.y = got;
        kernel(&t);
        if (!ck_close(want, got, n, 1e-5))
            ck_fail("F(%u) out %tdx%td first %zu tiles %zu lanes %u act %d", t.m, t.out_h, t.out_w,
                    t.first, t.tiles, t.lanes, (int)t.act.kind);
    }
    oc_wino_out t = {.u = ck_floats(64 * 48 * 8, CK_UNIT),
                     .bias = ck_floats(8, CK_UNIT),
                     .y = ck_floats(52 * 52 * 8, CK_JUNK),
                     .out_h = 52,
                     .out_w = 52,
                     .u_q = 48 * 8,
                     .first = 14,
                     .tiles = 48,
                     .lanes = 8,
                     .act = {OC_ACT_RELU, 0, 0}};
    for (t.m = 2; t.m <= 6; t.m += 2) {
        t.tiles_w = (52 + t.m - 1) / t.m;
        CK_BENCH(kernel(&t));
    }
}

int main(int argc, char **argv)
{
    ck_begin("f32_wino_out", argc, argv);
#define OC_K(name, isa)       \
    if (ck_wants(#name, isa)) \
        check(oc_k_f32_wino_out__##name);
#include "kernels/f32_wino_out.inc"
#undef OC_K
    return ck_end();
}
