#include <string.h>

#include "ck.h"
#include "kernels/f16_cast.h"

/* Floats around every half: the half, the tie above it, and one bit either side. */
static void check_narrow(const oc_k_f16_cast *kernel, size_t n)
{
    float   *x = ck_floats(n, CK_EDGES);
    oc_half *want = ck_halfs(n, CK_JUNK), *got = ck_halfs(n, CK_JUNK);

    for (size_t i = 0; i < n; i += 2) {
        uint32_t bits = (ck_rand_in(90, 145) << 23) | (ck_rand() & 0x7fe000u) | (ck_rand() << 31);

        bits += 0x1000u - 1 + ck_rand() % 3; /* the tie, just below, just above */
        memcpy(&x[i], &bits, sizeof(bits));
    }
    oc_k_f16_cast__ref.narrow(n, x, want);
    kernel->narrow(n, x, got);
    if (!ck_same_bytes(want, got, n * sizeof(*got)))
        ck_fail("narrow n=%zu", n);
}

static void check(const oc_k_f16_cast *kernel)
{
    float   *want = ck_floats(65536, CK_JUNK), *got = ck_floats(65536, CK_JUNK);
    oc_half *all = ck_halfs(65536, CK_JUNK), *back = ck_halfs(65536, CK_JUNK);

    for (uint32_t i = 0; i < 65536; i++) /* signalling NaN become quiet in the processor */
        all[i] = (oc_half)((i & 0x7c00) == 0x7c00 && (i & 0x3ff) ? i | 0x200 : i);
    oc_k_f16_cast__ref.widen(65536, all, want);
    kernel->widen(65536, all, got);
    if (!ck_same_bytes(want, got, 65536 * sizeof(float)))
        ck_fail("widen, all of them");
    kernel->narrow(65536, got, back);
    if (!ck_same_bytes(all, back, 65536 * sizeof(oc_half)))
        ck_fail("there and back");
    CK_BENCH_WORK("widen 65536", 0, 65536 * 6, kernel->widen(65536, all, got));
    CK_BENCH_WORK("narrow 65536", 0, 65536 * 6, kernel->narrow(65536, got, back));
    for (size_t n = 1; n <= 67; n++) {
        oc_half *h = ck_halfs(n, CK_PLAIN);

        for (size_t i = 0; i < n; i++)
            h[i] &= 0xfbff; /* finite */
        want = ck_floats(n, CK_JUNK);
        got = ck_floats(n, CK_JUNK);
        oc_k_f16_cast__ref.widen(n, h, want);
        kernel->widen(n, h, got);
        if (!ck_same_bytes(want, got, n * sizeof(float)))
            ck_fail("widen n=%zu", n);
        for (int round = 0; round < 20; round++)
            check_narrow(kernel, n);
    }
}

int main(int argc, char **argv)
{
    ck_begin("f16_cast", argc, argv);
#define OC_K(name, isa)       \
    if (ck_wants(#name, isa)) \
        check(&oc_k_f16_cast__##name);
#include "kernels/f16_cast.inc"
#undef OC_K
    return ck_end();
}
