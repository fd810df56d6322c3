/* The kernels of quantised convolutions and products: 16-bit sums, packing, and the way back to
 * bytes. All are exact: every variant equals the reference to the last bit. */
#include "ck.h"

#include "kernels/f32_quantize.h"
#include "kernels/s16_gemm_4x16.h"
#include "kernels/s16_pack.h"
#include "kernels/s16_taps.h"
#include "kernels/s16_widen.h"
#include "kernels/s32_requant.h"
#include "kernels/x8_qadd.h"

/* In [-255, 255], the ends often. */
static int16_t *differences(size_t n)
{
    int16_t *x = (int16_t *)ck_halfs(n, CK_PLAIN);
    for (size_t i = 0; i < n; i++)
        x[i] = (int16_t)(ck_rand() % 4   ? (int)ck_rand_in(0, 510) - 255
                         : ck_rand() % 2 ? 255
                                         : -255);
    return x;
}

static void check_gemm(oc_k_s16_gemm_4x16_fn *kernel)
{
    for (size_t k2 = 0; k2 <= 40; k2++) {
        int16_t *w = differences(k2 * 8), *a = differences(k2 * 32);
        int32_t *want = ck_ints(64, CK_JUNK), *got = ck_ints(64, CK_JUNK);
        oc_k_s16_gemm_4x16__ref(k2, w, a, want);
        kernel(k2, w, a, got);
        if (!ck_same_ints(want, got, 64))
            ck_fail("k2=%zu", k2);
    }
    int16_t *w = differences(128 * 8), *a = differences(128 * 32);
    int32_t *acc = ck_ints(64, CK_JUNK);
    CK_BENCH_WORK("k=256", 2 * 64 * 256, 0, kernel(128, w, a, acc));
}

static void check_pack(oc_k_s16_pack_fn *kernel)
{
    for (size_t rows = 1; rows <= 9; rows++)
        for (size_t cols = 1; cols <= 16; cols++)
            for (int is_signed = 0; is_signed < 2; is_signed++) {
                oc_k_pack p = {rows, cols, cols + ck_rand_in(0, 5),
                               is_signed ? (int32_t)ck_rand_in(0, 255) - 128
                                         : (int32_t)ck_rand_in(0, 255),
                               is_signed};
                size_t    n = (rows + 1) / 2 * 32;
                uint8_t  *x = ck_bytes((rows - 1) * p.stride + cols, CK_PLAIN);
                int16_t  *want = (int16_t *)ck_halfs(n, CK_JUNK);
                int16_t  *got = (int16_t *)ck_halfs(n, CK_JUNK);
                oc_k_s16_pack__ref(&p, x, want);
                kernel(&p, x, got);
                if (!ck_same_bytes(want, got, n * 2))
                    ck_fail("rows=%zu cols=%zu signed=%d", rows, cols, is_signed);
            }
}

static void check_widen(oc_k_s16_widen_fn *kernel)
{
    for (size_t step = 1; step <= 3; step++)
        for (size_t n = 1; n <= 67; n++)
            for (int is_signed = 0; is_signed < 2; is_signed++) {
                uint8_t *x = ck_bytes((n - 1) * step + 1, CK_PLAIN);
                int16_t *want = (int16_t *)ck_halfs(n, CK_JUNK);
                int16_t *got = (int16_t *)ck_halfs(n, CK_JUNK);
                int32_t  zero = (int32_t)ck_rand_in(0, 127);
                oc_k_s16_widen__ref(n, x, step, zero, is_signed, want);
                kernel(n, x, step, zero, is_signed, got);
                if (!ck_same_bytes(want, got, n * 2))
                    ck_fail("n=%zu step=%zu signed=%d", n, step, is_signed);
            }
}

static void check_taps(oc_k_s16_taps_fn *kernel)
{
    const int16_t *x[25];
    for (size_t taps = 1; taps <= 25; taps += taps < 4 ? 1 : 5)
        for (size_t n = 1; n <= 67; n++) {
            for (size_t t = 0; t < taps; t++)
                x[t] = differences(n);
            int16_t *w = differences(taps);
            int32_t *want = ck_ints(n, CK_JUNK), *got = ck_ints(n, CK_JUNK);
            oc_k_s16_taps__ref(n, taps, x, w, want);
            kernel(n, taps, x, w, got);
            if (!ck_same_ints(want, got, n))
                ck_fail("n=%zu taps=%zu", n, taps);
        }
    int16_t *w = differences(9);
    for (size_t t = 0; t < 9; t++)
        x[t] = differences(112);
    int32_t *acc = ck_ints(112, CK_JUNK);
    CK_BENCH_WORK("3x3, 112 wide", 2 * 9 * 112, 0, kernel(112, 9, x, w, acc));
}

static void check_requant(oc_k_s32_requant_fn *kernel)
{
    for (size_t n = 1; n <= 67; n++)
        for (int bits = 0; bits < 4; bits++) {
            int32_t     *acc = ck_ints(n, CK_EDGES);
            float       *each = ck_floats(n, CK_UNIT);
            oc_k_requant q = {.bias = (int32_t)ck_rand() % 5000,
                              .zero = (int32_t)ck_rand_in(0, 255) - (bits & 1 ? 128 : 0),
                              .scale = 0.0009765625f,
                              .is_signed = bits & 1};
            for (size_t i = 0; i < n; i++)
                if (ck_rand() % 3) /* many exact ties: halves of the power-of-two scale */
                    acc[i] = ((int32_t)ck_rand_in(0, 600) - 300) * 512 - q.bias;
            q.scale_each = bits & 2 ? each : NULL;
            uint8_t *want = ck_bytes(n, CK_JUNK), *got = ck_bytes(n, CK_JUNK);
            oc_k_s32_requant__ref(n, acc, &q, want);
            kernel(n, acc, &q, got);
            if (!ck_same_bytes(want, got, n))
                ck_fail("n=%zu signed=%d each=%d", n, bits & 1, bits & 2);
        }
}

static void check_qadd(oc_k_x8_qadd_fn *kernel)
{
    for (size_t n = 1; n <= 67; n++)
        for (int bits = 0; bits < 8; bits++) {
            oc_k_qadd q = {.ratio_a = 0.5f + (float)(ck_rand() % 100) / 64.0f,
                           .ratio_b = 0.75f,
                           .fixed = (float)ck_rand_in(0, 200) - 150.25f,
                           .a_one = (bits & 3) == 1,
                           .b_one = (bits & 3) == 2,
                           .is_signed = bits & 4};
            uint8_t  *a = ck_bytes(q.a_one ? 1 : n, CK_PLAIN),
                    *b = ck_bytes(q.b_one ? 1 : n, CK_PLAIN);
            uint8_t *want = ck_bytes(n, CK_JUNK), *got = ck_bytes(n, CK_JUNK);
            oc_k_x8_qadd__ref(n, &q, a, b, want);
            kernel(n, &q, a, b, got);
            if (!ck_same_bytes(want, got, n))
                ck_fail("n=%zu bits=%d", n, bits);
        }
}

static void check_quantize(oc_k_f32_quantize_fn *kernel)
{
    for (size_t n = 1; n <= 67; n++)
        for (int is_signed = 0; is_signed < 2; is_signed++) {
            float   *x = ck_floats(n, CK_EDGES), scale = ck_rand() % 2 ? 0.5f : 0.0371f;
            int32_t  zero = (int32_t)ck_rand_in(0, 255) - (is_signed ? 128 : 0);
            uint8_t *want = ck_bytes(n, CK_JUNK), *got = ck_bytes(n, CK_JUNK);
            for (size_t i = 0; i < n; i += 2) /* at or next to a tie: a reciprocal shows there */
                x[i] = scale * ((float)ck_rand_in(0, 255) - 127.5f);
            oc_k_f32_quantize__ref(n, x, scale, zero, is_signed, want);
            kernel(n, x, scale, zero, is_signed, got);
            if (!ck_same_bytes(want, got, n))
                ck_fail("n=%zu signed=%d", n, is_signed);
        }
}

int main(int argc, char **argv)
{
    ck_begin("s16", argc, argv);
#define OC_K(name, isa)       \
    if (ck_wants(#name, isa)) \
        check_gemm(oc_k_s16_gemm_4x16__##name);
#include "kernels/s16_gemm_4x16.inc"
#undef OC_K
#define OC_K(name, isa)       \
    if (ck_wants(#name, isa)) \
        check_pack(oc_k_s16_pack__##name);
#include "kernels/s16_pack.inc"
#undef OC_K
#define OC_K(name, isa)       \
    if (ck_wants(#name, isa)) \
        check_widen(oc_k_s16_widen__##name);
#include "kernels/s16_widen.inc"
#undef OC_K
#define OC_K(name, isa)       \
    if (ck_wants(#name, isa)) \
        check_taps(oc_k_s16_taps__##name);
#include "kernels/s16_taps.inc"
#undef OC_K
#define OC_K(name, isa)       \
    if (ck_wants(#name, isa)) \
        check_requant(oc_k_s32_requant__##name);
#include "kernels/s32_requant.inc"
#undef OC_K
#define OC_K(name, isa)       \
    if (ck_wants(#name, isa)) \
        check_qadd(oc_k_x8_qadd__##name);
#include "kernels/x8_qadd.inc"
#undef OC_K
#define OC_K(name, isa)       \
    if (ck_wants(#name, isa)) \
        check_quantize(oc_k_f32_quantize__##name);
#include "kernels/f32_quantize.inc"
#undef OC_K
    return ck_end();
}
