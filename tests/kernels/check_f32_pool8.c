#include "ck.h"
#include "kernels/f32_pool8.h"

static oc_pool8 random_pool(void)
{
    oc_pool8 p = {
        .average = ck_rand() % 2,
        .include_pad = ck_rand() % 2,
        .in_h = (ptrdiff_t)ck_rand_in(1, 12),
        .in_w = (ptrdiff_t)ck_rand_in(1, ck_rand() % 8 ? 30 : 250),
        .k_h = (ptrdiff_t)ck_rand_in(1, 5),
        .k_w = (ptrdiff_t)ck_rand_in(1, ck_rand() % 8 ? 5 : 60),
        .stride_h = (ptrdiff_t)ck_rand_in(1, 3),
        .stride_w = (ptrdiff_t)ck_rand_in(1, 3),
        .dil_h = (ptrdiff_t)ck_rand_in(1, 2),
        .dil_w = (ptrdiff_t)ck_rand_in(1, 2),
        .pad_t = (ptrdiff_t)ck_rand_in(0, 4),
        .pad_l = (ptrdiff_t)ck_rand_in(0, 4),
        .pad_b = (ptrdiff_t)ck_rand_in(0, 4),
        .pad_r = (ptrdiff_t)ck_rand_in(0, 4),
    };
    const ptrdiff_t room = p.in_w + p.pad_l + p.pad_r - ((p.k_w - 1) * p.dil_w + 1);

    p.out_w = room < 0 ? 1 : room / p.stride_w + 1 + (ptrdiff_t)(ck_rand() % 2);
    return p;
}

static void check(oc_k_f32_pool8_fn *kernel)
{
    const oc_pool8 bench = {.in_h = 13,
                            .in_w = 13,
                            .out_w = 13,
                            .k_h = 5,
                            .k_w = 5,
                            .stride_h = 1,
                            .stride_w = 1,
                            .dil_h = 1,
                            .dil_w = 1,
                            .pad_t = 2,
                            .pad_l = 2,
                            .pad_b = 2,
                            .pad_r = 2};
    float         *in, *out;

    for (int round = 0; round < 3000; round++) {
        const oc_pool8 p = random_pool();
        const size_t   oy = ck_rand_in(0, (size_t)(p.in_h + p.pad_t) / (size_t)p.stride_h);
        const size_t   n = (size_t)(p.in_h * p.in_w) * 8, m = (size_t)p.out_w * 8;
        float         *x = ck_floats(n, p.average ? CK_UNIT : CK_EDGES);
        float         *want = ck_floats(m, CK_JUNK), *got = ck_floats(m, CK_JUNK);

        oc_k_f32_pool8__ref(&p, oy, x, want);
        kernel(&p, oy, x, got);
        if (!ck_same(want, got, m, 0)) /* the same additions in the same order */
            ck_fail(
                "average=%d in %tdx%td k %tdx%td stride %tdx%td dil %tdx%td pads %td,%td,%td,%td "
                "row %zu",
                p.average, p.in_h, p.in_w, p.k_h, p.k_w, p.stride_h, p.stride_w, p.dil_h, p.dil_w,
                p.pad_t, p.pad_l, p.pad_b, p.pad_r, oy);
    }
    in = ck_floats(13 * 13 * 8, CK_PLAIN);
    out = ck_floats(13 * 8, CK_JUNK);
    CK_BENCH_WORK("5x5 13 wide", 13 * 25 * 8, 0, kernel(&bench, 6, in, out));
}

int main(int argc, char **argv)
{
    ck_begin("f32_pool8", argc, argv);
#define OC_K(name, isa)       \
    if (ck_wants(#name, isa)) \
        check(oc_k_f32_pool8__##name);
#include "kernels/f32_pool8.inc"
#undef OC_K
    return ck_end();
}
