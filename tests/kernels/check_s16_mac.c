/* Winograd's F(2x2, 3x3) in integers: products, and the transforms there and back, to the bit. */
#include "ck.h"

#include "kernels/s16_mac.h"
#include "kernels/s16_wino_in.h"
#include "kernels/s32_wino_out.h"

static int16_t *small(size_t n, int most)
{
    int16_t *x = (int16_t *)ck_halfs(n, CK_ZERO);
    for (size_t i = 0; i < n; i++)
        x[i] = (int16_t)(ck_rand() % 8 ? (int)ck_rand_in(0, (size_t)(2 * most)) - most
                                       : (ck_rand() % 2 ? most : -most));
    return x;
}

static void check_mac(oc_k_s16_mac_fn *kernel)
{
    for (size_t px = 1; px <= 15; px++)
        for (size_t k2 = 1; k2 <= 20; k2 += 1 + k2 / 4) {
            const size_t step = 2 * k2 + 2 * ck_rand_in(0, 3);
            oc_s16_mac   m = {.x = small((px - 1) * step + 2 * k2, 1020),
                              .w = small(k2 * 32, 2295),
                              .x_px = step,
                              .px = px,
                              .k2 = k2};
            int32_t     *want = ck_ints(px * 16, CK_JUNK), *got = ck_ints(px * 16, CK_JUNK);
            m.acc = want;
            oc_k_s16_mac__ref(&m);
            m.acc = got;
            kernel(&m);
            if (!ck_same_ints(want, got, px * 16))
                ck_fail("px=%zu k2=%zu", px, k2);
        }
    oc_s16_mac m = {small(24 * 128, 1020), small(64 * 32, 2295), 128, 24, 64, NULL};
    m.acc = ck_ints(24 * 16, CK_JUNK);
    CK_BENCH_WORK("k=128", 2 * 24 * 16 * 128, 0, kernel(&m));
}

static void check_in(oc_k_s16_wino_in_fn *kernel)
{
    for (size_t n = 1; n <= 9; n++) {
        const size_t row = (2 * n + 2) * 8, step = 8 + 8 * ck_rand_in(0, 2), pos = n * step;
        oc_wino16    t = {.x = small(4 * row, 255),
                          .n = n,
                          .x_row = (ptrdiff_t)row,
                          .v_pos = (ptrdiff_t)pos,
                          .v_tile = (ptrdiff_t)step};
        int16_t     *want = (int16_t *)ck_halfs(16 * pos, CK_JUNK);
        int16_t     *got = (int16_t *)ck_halfs(16 * pos, CK_JUNK);
        t.v = want;
        oc_k_s16_wino_in__ref(&t);
        t.v = got;
        kernel(&t);
        if (!ck_same_bytes(want, got, 32 * pos))
            ck_fail("n=%zu", n);
    }
}

static void check_out(oc_k_s32_wino_out_fn *kernel)
{
    for (size_t n = 1; n <= 9; n++) {
        const size_t pos = n + ck_rand_in(0, 2), row = n * 32 + 16 * ck_rand_in(0, 2);
        int32_t     *m = ck_ints(16 * pos * 16, CK_ZERO), *start = ck_ints(16, CK_ZERO);
        for (size_t i = 0; i < 16 * pos * 16; i++)
            m[i] = (int32_t)ck_rand();
        for (size_t i = 0; i < 16; i++)
            start[i] = (int32_t)ck_rand();
        int32_t  *want = ck_ints(2 * row, CK_JUNK), *got = ck_ints(2 * row, CK_JUNK);
        oc_wino32 t = {m, start, want, n, pos, (ptrdiff_t)row};
        oc_k_s32_wino_out__ref(&t);
        t.y = got;
        kernel(&t);
        if (!ck_same_ints(want, got, 2 * row))
            ck_fail("n=%zu", n);
    }
}

int main(int argc, char **argv)
{
    ck_begin("s16_mac", argc, argv);
#define OC_K(name, isa)       \
    if (ck_wants(#name, isa)) \
        check_mac(oc_k_s16_mac__##name);
#include "kernels/s16_mac.inc"
#undef OC_K
#define OC_K(name, isa)       \
    if (ck_wants(#name, isa)) \
        check_in(oc_k_s16_wino_in__##name);
#include "kernels/s16_wino_in.inc"
#undef OC_K
#define OC_K(name, isa)       \
    if (ck_wants(#name, isa)) \
        check_out(oc_k_s32_wino_out__##name);
#include "kernels/s32_wino_out.inc"
#undef OC_K
    return ck_end();
}
