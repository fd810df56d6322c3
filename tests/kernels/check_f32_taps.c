#include "kernels/f32_taps.h"

#include "ck.h"

static void one(oc_k_f32_taps_fn *kernel, size_t n, size_t lanes, size_t taps)
{
    size_t   points = ck_rand_in(1, 20);
    float   *x = ck_floats(points * lanes, CK_EDGES), *w = ck_floats(n * taps, CK_UNIT);
    float   *want = ck_floats(n * lanes, CK_JUNK), *got = ck_floats(n * lanes, CK_JUNK);
    int32_t *index = ck_ints(n * taps, CK_ZERO);
    for (size_t i = 0; i < n * taps; i++)
        index[i] = (int32_t)ck_rand_in(0, points - 1);
    oc_k_taps t = {n, lanes, taps, index, w};
    oc_k_f32_taps__ref(&t, x, want);
    kernel(&t, x, got);
    if (!ck_same(want, got, n * lanes, 0))
        ck_fail("n=%zu lanes=%zu taps=%zu", n, lanes, taps);
}

static void check(oc_k_f32_taps_fn *kernel)
{
    static const size_t lanes[] = {1, 2, 7, 8, 9, 16, 24};
    for (size_t taps = 1; taps <= 13; taps += taps < 6 ? 1 : 7) /* more than 4: antialias */
        for (size_t l = 0; l < 7; l++)
            for (size_t n = 1; n <= 35; n++)
                one(kernel, n, lanes[l], taps);
}

int main(int argc, char **argv)
{
    ck_begin("f32_taps", argc, argv);
#define OC_K(name, isa)       \
    if (ck_wants(#name, isa)) \
        check(oc_k_f32_taps__##name);
#include "kernels/f32_taps.inc"
#undef OC_K
    return ck_end();
}
