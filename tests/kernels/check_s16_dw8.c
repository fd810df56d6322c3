/* Depthwise sums, and the bytes' way in and out of blocked layout: equal to the bit. */
#include "ck.h"

#include "kernels/s16_dw8.h"
#include "kernels/u8_nc8.h"

static void check_dw(oc_k_s16_dw8_fn *kernel, size_t taps, size_t px, ptrdiff_t step)
{
    const size_t row = (px * (size_t)step / 8 + taps) * 8;
    int16_t *x = (int16_t *)ck_halfs(row, CK_PLAIN), *w = (int16_t *)ck_halfs(taps * 8, CK_PLAIN);
    int32_t *at = ck_ints(taps, CK_ZERO), *start = ck_ints(8, CK_ZERO);
    int32_t *want = ck_ints(px * 8, CK_JUNK), *got = ck_ints(px * 8, CK_JUNK);
    for (size_t i = 0; i < row; i++)
        x[i] = (int16_t)(ck_rand() % 4 ? x[i] % 256 : 255);
    for (size_t i = 0; i < taps * 8; i++)
        w[i] = (int16_t)(ck_rand() % 4 ? w[i] % 256 : -255);
    for (size_t t = 0; t < taps; t++)
        at[t] = (int32_t)(8 * ck_rand_in(0, taps - 1));
    for (size_t c = 0; c < 8; c++)
        start[c] = (int32_t)ck_rand_in(0, 9999);
    oc_dw8 d = {x, w, at, start, taps, px, step, want};
    oc_k_s16_dw8__ref(&d);
    d.acc = got;
    kernel(&d);
    if (!ck_same_ints(want, got, px * 8))
        ck_fail("taps=%zu px=%zu step=%td", taps, px, step);
    if (taps == 10 && px == 13)
        CK_BENCH_WORK(step == 8 ? "3x3" : "3x3 stride 2", 2 * 9 * 13 * 8, 0, kernel(&d));
}

static void check_nc8(oc_k_u8_nc8_fn *kernel)
{
    for (size_t n = 1; n <= 50; n++)
        for (unsigned lanes = 1; lanes <= 8; lanes++)
            for (int back = 0; back < 2; back++) {
                const size_t plane = n + ck_rand_in(0, 3), all = (lanes - 1) * plane + n;
                uint8_t     *planar = ck_bytes(all, CK_PLAIN), *blocked = ck_bytes(n * 8, CK_PLAIN);
                uint8_t     *planar2 = ck_copy(planar, all), *blocked2 = ck_copy(blocked, n * 8);
                oc_bytes8    t = {planar, blocked, plane, n, lanes, 77, !back};
                oc_k_u8_nc8__ref(&t);
                t.planar = planar2;
                t.blocked = blocked2;
                kernel(&t);
                if (!ck_same_bytes(planar, planar2, all) ||
                    !ck_same_bytes(blocked, blocked2, n * 8))
                    ck_fail("n=%zu lanes=%u back=%d", n, lanes, back);
            }
}

int main(int argc, char **argv)
{
    ck_begin("s16_dw8", argc, argv);
#define OC_K(name, isa)                                         \
    if (ck_wants(#name, isa))                                   \
        for (size_t taps = 2; taps <= 26; taps += 2)            \
            for (size_t px = 1; px <= 14; px++)                 \
                for (ptrdiff_t step = 8; step <= 16; step += 8) \
                    check_dw(oc_k_s16_dw8__##name, taps, px, step);
#include "kernels/s16_dw8.inc"
#undef OC_K
#define OC_K(name, isa)       \
    if (ck_wants(#name, isa)) \
        check_nc8(oc_k_u8_nc8__##name);
#include "kernels/u8_nc8.inc"
#undef OC_K
    return ck_end();
}
