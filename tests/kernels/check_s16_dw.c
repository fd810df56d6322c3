/* Depthwise sums of bytes by pairs of rows: both kernels, to the bit. */
#include "ck.h"

#include "kernels/s16_dw.h"
#include "kernels/s16_pairs.h"

static void check_pairs(oc_k_s16_pairs_fn *kernel)
{
    for (size_t n = 8; n <= 80; n += 8)
        for (unsigned there = 0; there < 4; there++) {
            uint8_t      *x0 = ck_bytes(n, CK_PLAIN), *x1 = ck_bytes(n, CK_PLAIN);
            const int32_t zero = (int32_t)ck_rand_in(0, 255);
            int16_t      *want = (int16_t *)ck_halfs(2 * n, CK_JUNK);
            int16_t      *got = (int16_t *)ck_halfs(2 * n, CK_JUNK);
            x0 = there & 1 ? x0 : NULL;
            x1 = there & 2 ? x1 : NULL;
            oc_k_s16_pairs__ref(n, x0, x1, zero, want);
            kernel(n, x0, x1, zero, got);
            if (!ck_same_bytes(want, got, 4 * n))
                ck_fail("n=%zu rows %u zero=%d", n, there, zero);
        }
}

static int16_t *differences(size_t n)
{
    int16_t *x = (int16_t *)ck_halfs(n, CK_ZERO);
    for (size_t i = 0; i < n; i++)
        x[i] =
            (int16_t)(ck_rand() % 8 ? (int)ck_rand_in(0, 510) - 255 : (ck_rand() % 2 ? 255 : -255));
    return x;
}

static oc_s16_dw make(size_t px, size_t pairs, size_t taps, size_t sx)
{
    const size_t width = (px - 1) * sx + taps, v_row = (width + ck_rand_in(0, 2)) * 16;
    return (oc_s16_dw){.v = differences((pairs - 1) * v_row + width * 16),
                       .w = differences(pairs * taps * 16),
                       .start = ck_ints(8, CK_JUNK),
                       .v_row = v_row,
                       .px = px,
                       .pairs = pairs,
                       .taps = taps,
                       .sx = sx};
}

static void check_dw(oc_k_s16_dw_fn *kernel)
{
    for (size_t px = 1; px <= 21; px++)
        for (size_t pairs = 1; pairs <= 4; pairs++)
            for (size_t taps = 1; taps <= 7; taps += 2)
                for (size_t sx = 1; sx <= 3; sx++) {
                    oc_s16_dw d = make(px, pairs, taps, sx);
                    int32_t  *want = ck_ints(px * 8, CK_JUNK), *got = ck_ints(px * 8, CK_JUNK);
                    d.y = want;
                    oc_k_s16_dw__ref(&d);
                    d.y = got;
                    kernel(&d);
                    if (!ck_same_ints(want, got, px * 8))
                        ck_fail("px=%zu pairs=%zu taps=%zu sx=%zu", px, pairs, taps, sx);
                }
    oc_s16_dw d = make(56, 2, 3, 1);
    d.y = ck_ints(56 * 8, CK_JUNK);
    CK_BENCH_WORK("3x3", 2 * 56 * 8 * 9, 0, kernel(&d));
}

int main(int argc, char **argv)
{
    ck_begin("s16_dw", argc, argv);
#define OC_K(name, isa)       \
    if (ck_wants(#name, isa)) \
        check_pairs(oc_k_s16_pairs__##name);
#include "kernels/s16_pairs.inc"
#undef OC_K
#define OC_K(name, isa)       \
    if (ck_wants(#name, isa)) \
        check_dw(oc_k_s16_dw__##name);
#include "kernels/s16_dw.inc"
#undef OC_K
    return ck_end();
}
