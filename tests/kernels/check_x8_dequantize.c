/* Bytes to floats, products of quantised bytes, sums of a block: equal to the bit. */
#include "ck.h"

#include "kernels/u8_sum8.h"
#include "kernels/x8_dequantize.h"
#include "kernels/x8_qmul.h"

static void check_dequantize(oc_k_x8_dequantize_fn *kernel)
{
    for (size_t n = 1; n <= 67; n++)
        for (int is_signed = 0; is_signed < 2; is_signed++) {
            const uint8_t *x = ck_bytes(n, CK_PLAIN);
            const int32_t  zero = (int32_t)ck_rand_in(0, 255) - (is_signed ? 128 : 0);
            float         *want = ck_floats(n, CK_JUNK), *got = ck_floats(n, CK_JUNK);
            oc_k_x8_dequantize__ref(n, x, 0.0371f, zero, is_signed, want);
            kernel(n, x, 0.0371f, zero, is_signed, got);
            if (!ck_same(want, got, n, 0))
                ck_fail("n=%zu signed=%d", n, is_signed);
        }
    const uint8_t *x = ck_bytes(4096, CK_PLAIN);
    float         *y = ck_floats(4096, CK_JUNK);
    CK_BENCH_WORK("", 0, 4096 * 5, kernel(4096, x, 0.1f, 3, false, y));
}

static void check_qmul(oc_k_x8_qmul_fn *kernel)
{
    for (size_t n = 1; n <= 67; n++)
        for (int way = 0; way < 4; way++) {
            const bool     is_signed = way & 1, eight = way & 2;
            oc_k_qmul      q = {.a_zero = (int32_t)ck_rand_in(0, 127),
                                .b_zero = (int32_t)ck_rand_in(0, 127),
                                .y_zero = (int32_t)ck_rand_in(0, 127),
                                .ratio = 0.001f * (float)ck_rand_in(1, 40),
                                .is_signed = is_signed,
                                .b_eight = eight};
            const uint8_t *a = ck_bytes(n, CK_PLAIN), *b = ck_bytes(eight ? 8 : n, CK_PLAIN);
            uint8_t       *want = ck_bytes(n, CK_JUNK), *got = ck_bytes(n, CK_JUNK);
            oc_k_x8_qmul__ref(n, &q, a, b, want);
            kernel(n, &q, a, b, got);
            if (!ck_same_bytes(want, got, n))
                ck_fail("n=%zu way=%d", n, way);
        }
}

static void check_sum(oc_k_u8_sum8_fn *kernel)
{
    for (size_t n = 1; n <= 2000; n += n < 20 ? 1 : 97) {
        uint8_t *x = ck_bytes(n * 8, CK_PLAIN);
        int32_t *want = ck_ints(8, CK_JUNK), *got = ck_ints(8, CK_JUNK);
        for (size_t i = 0; i < n * 8 && n > 900; i++)
            x[i] = 255;
        oc_k_u8_sum8__ref(n, x, want);
        kernel(n, x, got);
        if (!ck_same_ints(want, got, 8))
            ck_fail("n=%zu", n);
    }
}

int main(int argc, char **argv)
{
    ck_begin("x8_dequantize", argc, argv);
#define OC_K(name, isa)       \
    if (ck_wants(#name, isa)) \
        check_dequantize(oc_k_x8_dequantize__##name);
#include "kernels/x8_dequantize.inc"
#undef OC_K
#define OC_K(name, isa)       \
    if (ck_wants(#name, isa)) \
        check_qmul(oc_k_x8_qmul__##name);
#include "kernels/x8_qmul.inc"
#undef OC_K
#define OC_K(name, isa)       \
    if (ck_wants(#name, isa)) \
        check_sum(oc_k_u8_sum8__##name);
#include "kernels/u8_sum8.inc"
#undef OC_K
    return ck_end();
}
