#include <math.h>
#include <stdlib.h>

#include "ck.h"
#include "kernels/u8_bilinear.h"

#define LIMIT 0.02 /* of 255: what the contract grants to fixed point */

typedef struct tables {
    oc_u8_taps taps;
    size_t     whole;
} tables;

/* Guarded arrays, so that a table read too far faults. */
static tables make_taps(size_t n, size_t n_src, bool random)
{
    tables t = {.whole = (n + 7) & ~(size_t)7};

    t.taps.n = n;
    t.taps.n_src = n_src;
    t.taps.at = ck_ints(t.whole, CK_ZERO);
    t.taps.w = ck_floats(t.whole, CK_ZERO);
    t.taps.pair = (int16_t *)(void *)ck_halfs(2 * t.whole, CK_ZERO);
    t.taps.group = ck_ints(t.whole / 4, CK_ZERO);
    t.taps.shuffle = ck_bytes(4 * t.whole, CK_ZERO);
    for (size_t i = 0; i < n; i++) {
        double at = n > 1 ? (double)i * (double)(n_src - 1) / (double)(n - 1) : 0;
        t.taps.at[i] = (int32_t)at;
        t.taps.w[i] = (float)(at - (double)t.taps.at[i]);
        if (random && (size_t)t.taps.at[i] + 1 < n_src)
            t.taps.w[i] = (float)(ck_rand() % 1001) / 1000.0f;
        if ((size_t)t.taps.at[i] + 1 >= n_src)
            t.taps.w[i] = 0;
    }
    oc_u8_taps_finish(&t.taps);
    return t;
}

static void check_one(oc_k_u8_bilinear_fn *kernel, size_t n, size_t n_src, size_t step, float w)
{
    tables   t = make_taps(n, n_src, n % 3 == 0);
    size_t   bytes = (n_src - 1) * step + 1;
    uint8_t *a = ck_bytes(bytes, n & 1 ? CK_EDGES : CK_PLAIN);
    uint8_t *b = w > 0 ? ck_bytes(bytes, n & 2 ? CK_EDGES : CK_PLAIN) : a;
    float   *want = ck_floats(t.whole, CK_JUNK), *got = ck_floats(t.whole, CK_JUNK);
    int16_t *scratch = (int16_t *)(void *)ck_halfs(OC_U8_BILINEAR_SCRATCH(n_src), CK_ZERO);
    oc_u8_bilinear_row row = {a, b, w, step, &t.taps, scratch};

    oc_k_u8_bilinear__ref(&row, want);
    kernel(&row, got);
    for (size_t i = 0; i < n; i++) {
        if (!(fabsf(want[i] - got[i]) <= (float)LIMIT)) {
            ck_fail("n=%zu n_src=%zu step=%zu w=%g at %zu: want %g, got %g", n, n_src, step,
                    (double)w, i, (double)want[i], (double)got[i]);
            return;
        }
    }
}

static void check(oc_k_u8_bilinear_fn *kernel)
{
    static const float  weights[] = {0, 0.5f, 1, 0.001f, 0.999f, 0.3337f};
    static const size_t sources[] = {1, 2, 3, 9, 16, 17, 31, 33, 50, 67, 200, 1001};

    for (size_t n = 1; n <= 67; n++)
        for (size_t s = 0; s < sizeof(sources) / sizeof(sources[0]); s++)
            for (size_t step = 1; step <= 4; step++)
                check_one(kernel, n, sources[s], step, weights[(n + s + step) % 6]);

    tables             t = make_taps(512, 768, false);
    uint8_t           *a = ck_bytes(768, CK_PLAIN), *b = ck_bytes(768, CK_PLAIN);
    float             *out = ck_floats(512, CK_JUNK);
    oc_u8_bilinear_row row = {
        a, b, 0.3f, 1, &t.taps, (int16_t *)(void *)ck_halfs(OC_U8_BILINEAR_SCRATCH(768), CK_ZERO)};
    CK_BENCH_WORK("768 to 512", 0, 2 * 768 + 4 * 512, kernel(&row, out));
}

int main(int argc, char **argv)
{
    ck_begin("u8_bilinear", argc, argv);
#define OC_K(name, isa)       \
    if (ck_wants(#name, isa)) \
        check(oc_k_u8_bilinear__##name);
#include "kernels/u8_bilinear.inc"
#undef OC_K
    return ck_end();
}
