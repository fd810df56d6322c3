/* f32_dw against the reference: widths around the tiles, every kind of edge, strides, dilation. */
#include "ck.h"
#include "kernels/f32_dw.h"

#include <stdio.h>

static ptrdiff_t pick(ptrdiff_t lo, ptrdiff_t hi)
{
    return (ptrdiff_t)ck_rand_in((size_t)lo, (size_t)hi);
}

static void check_one(oc_k_f32_dw_fn *kernel, oc_dw d, ptrdiff_t out_h, ck_fill fill)
{
    size_t y_floats = (size_t)(out_h * d.out_w * 8);
    d.x = ck_floats((size_t)(d.in_h * d.in_w * 8), fill);
    d.w = ck_floats((size_t)(d.kh * d.kw * 8), CK_UNIT);
    d.bias = ck_rand() & 1 ? ck_floats(8, CK_UNIT) : NULL;
    d.add = ck_rand() & 1 ? ck_floats(y_floats, CK_UNIT) : NULL;
    float *want = ck_floats(y_floats, CK_JUNK), *got = ck_floats(y_floats, CK_JUNK);
    d.row_begin = pick(0, out_h - 1);
    d.row_end = pick(d.row_begin + 1, out_h);
    d.y = want;
    oc_k_f32_dw__ref(&d);
    d.y = got;
    kernel(&d);
    if (!ck_close(want, got, y_floats, 1e-5))
        ck_fail("in %tdx%td out %tdx%td k %tdx%td s %tdx%td d %tdx%td top %td left %td lanes %u "
                "act %d",
                d.in_h, d.in_w, out_h, d.out_w, d.kh, d.kw, d.sy, d.sx, d.dy, d.dx, d.top, d.left,
                d.lanes, (int)d.act.kind);
}

static void check(oc_k_f32_dw_fn *kernel)
{
    for (ptrdiff_t w = 1; w <= 40; w++)
        for (int i = 0; i < 40; i++) {
            oc_dw d = {.in_w = w,
                       .in_h = pick(1, 9),
                       .lanes = (unsigned)ck_rand_in(1, 8),
                       .act = {(oc_act_kind)(ck_rand() % 11), 0.2f, 0.6f}};
            d.kw = i % 4 == 0 ? 3 : i % 4 == 1 ? 5 : pick(1, 7);
            d.kh = i % 4 < 2 ? d.kw : pick(1, 7);
            d.sx = pick(1, 3);
            d.sy = pick(1, 3);
            d.dx = i % 8 < 6 ? 1 : pick(1, 3);
            d.dy = i % 8 < 6 ? 1 : pick(1, 3);
            d.top = pick(0, d.kh);
            d.left = pick(0, d.kw);
            ptrdiff_t bottom = pick(0, d.kh), right = pick(0, d.kw);
            ptrdiff_t oh = d.in_h + d.top + bottom - (d.kh - 1) * d.dy - 1;
            ptrdiff_t ow = d.in_w + d.left + right - (d.kw - 1) * d.dx - 1;
            if (oh < 0 || ow < 0)
                continue;
            d.out_w = ow / d.sx + 1;
            check_one(kernel, d, oh / d.sy + 1, CK_UNIT);
        }
}

static void bench(oc_k_f32_dw_fn *kernel)
{
    static const struct {
        ptrdiff_t k, s, size, blocks;
    } cases[] = {
        {3, 1, 56, 12}, {3, 1, 104, 4}, {3, 1, 26, 8},  {3, 1, 13, 16}, {3, 2, 104, 4},
        {5, 1, 52, 6},  {5, 1, 13, 12}, {5, 2, 52, 12}, {7, 1, 32, 4},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        ptrdiff_t k = cases[i].k, s = cases[i].s, n = cases[i].size, out = (n - 1) / s + 1;
        ptrdiff_t blocks = cases[i].blocks;
        float    *x = ck_floats((size_t)(n * n * 8 * blocks), CK_UNIT);
        float    *y = ck_floats((size_t)(out * out * 8 * blocks), CK_JUNK);
        oc_dw     d = {.in_h = n,
                       .in_w = n,
                       .out_w = out,
                       .kh = k,
                       .kw = k,
                       .sy = s,
                       .sx = s,
                       .dy = 1,
                       .dx = 1,
                       .top = k / 2,
                       .left = k / 2,
                       .row_end = out,
                       .lanes = 8,
                       .w = ck_floats((size_t)(k * k * 8), CK_UNIT),
                       .act = {OC_ACT_RELU, 0, 0}};
        char      what[64];
        snprintf(what, sizeof(what), "%td channels %tdx%td, %tdx%td stride %td", blocks * 8, n, n,
                 k, k, s);
        CK_BENCH_WORK(what, 16.0 * (double)(out * out * k * k * blocks), 0, {
            for (ptrdiff_t b = 0; b < blocks; b++) {
                d.x = x + b * n * n * 8;
                d.y = y + b * out * out * 8;
                kernel(&d);
            }
        });
    }
}

int main(int argc, char **argv)
{
    ck_begin("f32_dw", argc, argv);
#define OC_K(name, isa)             \
    if (ck_wants(#name, isa)) {     \
        check(oc_k_f32_dw__##name); \
        bench(oc_k_f32_dw__##name); \
    }
#include "kernels/f32_dw.inc"
#undef OC_K
    return ck_end();
}
