/* f32_dot8 against the reference: tails of pixels, several outputs, every activation. */
#include "ck.h"
#include "kernels/f32_dot8.h"

static void check(oc_k_f32_dot8_fn *kernel)
{
    for (size_t px = 1; px <= 35; px++)
        for (int i = 0; i < 12; i++) {
            oc_dot8 d = {.px = px,
                         .oc = ck_rand_in(1, 4),
                         .blocks = ck_rand_in(1, 9),
                         .act = {(oc_act_kind)(ck_rand() % 11), 0.2f, 0.6f}};
            d.x_blk = (ptrdiff_t)(px + ck_rand() % 3) * 8;
            d.y_plane = (ptrdiff_t)(px + ck_rand() % 3);
            size_t n = (d.oc - 1) * (size_t)d.y_plane + px;
            d.x = ck_floats((d.blocks - 1) * (size_t)d.x_blk + px * 8, CK_UNIT);
            d.w = ck_floats(d.oc * d.blocks * 8, CK_UNIT);
            d.bias = i & 1 ? ck_floats(d.oc, CK_UNIT) : NULL;
            float *want = ck_floats(n, CK_ZERO), *got = ck_floats(n, CK_ZERO);
            d.y = want;
            oc_k_f32_dot8__ref(&d);
            d.y = got;
            kernel(&d);
            if (!ck_close(want, got, n, 1e-5))
                ck_fail("px %zu oc %zu blocks %zu act %d", px, d.oc, d.blocks, (int)d.act.kind);
        }
    const size_t px = 52 * 52;
    for (size_t oc = 1; oc <= 4; oc += 3) {
        oc_dot8 d = {.px = px,
                     .oc = oc,
                     .blocks = 8,
                     .x_blk = (ptrdiff_t)px * 8,
                     .y_plane = (ptrdiff_t)px,
                     .x = ck_floats(px * 64, CK_UNIT),
                     .w = ck_floats(oc * 64, CK_UNIT),
                     .y = ck_floats(px * oc, CK_JUNK)};
        CK_BENCH_WORK(oc == 1 ? "64 -> 1" : "64 -> 4", 128.0 * (double)(oc * px), 0, kernel(&d));
    }
}

int main(int argc, char **argv)
{
    ck_begin("f32_dot8", argc, argv);
#define OC_K(name, isa)       \
    if (ck_wants(#name, isa)) \
        check(oc_k_f32_dot8__##name);
#include "kernels/f32_dot8.inc"
#undef OC_K
    return ck_end();
}
