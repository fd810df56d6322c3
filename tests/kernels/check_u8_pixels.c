/* u8_warp, s32_places, u8_mirror, u8_table, u8_fir, u8_linear, u8_hsv: kernels on RGB pixels. */
#include <stdlib.h>

#include "ck.h"
#include "kernels/s32_places.h"
#include "kernels/u8_fir.h"
#include "kernels/u8_hsv.h"
#include "kernels/u8_linear.h"
#include "kernels/u8_mirror.h"
#include "kernels/u8_table.h"
#include "kernels/u8_warp.h"

static void check_warp(oc_k_u8_warp_fn *kernel)
{
    static const int32_t sizes[][2] = {{1, 1}, {2, 2}, {3, 2}, {2, 9}, {17, 5}, {64, 33}};

    for (size_t n = 1; n <= 41; n++) {
        for (size_t s = 0; s < 6 * 3; s++) {
            const int32_t w = sizes[s / 3][0], h = sizes[s / 3][1];
            /* dense rows: the last pixel's last byte is the last of the page */
            oc_u8_picture p = {ck_bytes(3 * (size_t)w * (size_t)h, CK_PLAIN),
                               3 * w,
                               w,
                               h,
                               (oc_u8_border)(s % 3),
                               {1, 128, 250}};
            int32_t      *u = ck_ints(n, CK_ZERO), *v = ck_ints(n, CK_ZERO);
            uint8_t      *want = ck_bytes(3 * n, CK_JUNK), *got = ck_bytes(3 * n, CK_JUNK);
            bool          inside = ck_rand() & 1;
            for (size_t i = 0; i < n; i++) {
                int32_t around = inside ? 0 : 200;
                u[i] = (int32_t)(ck_rand() % (uint32_t)(64 * w + 2 * around)) - around;
                v[i] = (int32_t)(ck_rand() % (uint32_t)(64 * h + 2 * around)) - around;
            }
            oc_k_u8_warp__ref(&p, n, u, v, want);
            kernel(&p, n, u, v, got);
            if (!ck_same_bytes(want, got, 3 * n))
                ck_fail("warp n=%zu of %dx%d border %d", n, w, h, (int)p.border);
        }
    }
    oc_u8_picture p = {ck_bytes(3 * 640 * 480, CK_PLAIN), 3 * 640, 640, 480, 0, {0, 0, 0}};
    int32_t      *u = ck_ints(512, CK_ZERO), *v = ck_ints(512, CK_ZERO);
    uint8_t      *out = ck_bytes(3 * 512, CK_JUNK);
    for (int32_t i = 0; i < 512; i++) {
        u[i] = 64 * 30 + 60 * i;
        v[i] = 64 * 40 + 20 * i;
    }
    CK_BENCH_WORK("warp 512", 0, 3 * 512, kernel(&p, 512, u, v, out));
}

static void check_fir(oc_k_u8_fir_fn *kernel)
{
    for (size_t n = 1; n <= 150; n++) {
        size_t         n_taps = 1 + n % 31;
        const uint8_t *tap[31];
        int16_t        w[31];
        uint8_t       *want = ck_bytes(n, CK_JUNK), *got = ck_bytes(n, CK_JUNK);
        for (size_t k = 0; k < n_taps; k++) {
            tap[k] = k % 3 == 2 ? ck_copy(tap[k - 1], n) : ck_bytes(n, k & 1 ? CK_EDGES : CK_PLAIN);
            w[k] = (int16_t)(n_taps == 1 ? 32767 : ck_rand() % (32768 / n_taps));
        }
        oc_k_u8_fir__ref(n, n_taps, tap, w, want);
        kernel(n, n_taps, tap, w, got);
        if (!ck_same_bytes(want, got, n))
            ck_fail("fir n=%zu taps=%zu", n, n_taps);
    }
}

static void check_linear(oc_k_u8_linear_fn *kernel)
{
    static const float a[][3] = {{1, 1, 1}, {0, 2.5f, -1}, {.333f, 1.1f, .9f}, {.5f, .5f, 1e9f}};
    static const float b[][3] = {{0, 0, 0}, {-3.2f, 17, 255}, {.5f, -200, 90}, {.5f, 0, -1e9f}};

    for (size_t n = 1; n <= 67; n++) {
        for (size_t k = 0; k < 4; k++) {
            uint8_t *x = ck_bytes(3 * n, n & 1 ? CK_EDGES : CK_PLAIN);
            uint8_t *want = ck_bytes(3 * n, CK_JUNK), *got = ck_bytes(3 * n, CK_JUNK);
            oc_k_u8_linear__ref(n, x, a[k], b[k], want);
            kernel(n, x, a[k], b[k], got);
            if (!ck_same_bytes(want, got, 3 * n))
                ck_fail("linear n=%zu, set %zu", n, k);
            kernel(n, x, a[k], b[k], x);
            if (!ck_same_bytes(want, x, 3 * n))
                ck_fail("linear n=%zu, set %zu, in place", n, k);
        }
    }
}

static void check_hsv(oc_k_u8_hsv_fn *kernel)
{
    static const oc_u8_hsv by[] = {
        {0, 1, 1}, {5.99f, 0, 1}, {3, 2, .5f}, {1.7f, .7f, 3}, {2, 1e6f, 1}};

    for (size_t n = 1; n <= 67; n++) {
        for (size_t k = 0; k < 5; k++) {
            uint8_t *x = ck_bytes(3 * n, n & 1 ? CK_EDGES : CK_PLAIN);
            uint8_t *want = ck_bytes(3 * n, CK_JUNK), *got = ck_bytes(3 * n, CK_JUNK);
            if (n % 4 == 0) /* greys */
                for (size_t i = 0; i < 3 * n; i++)
                    x[i] = x[i / 3 * 3];
            oc_k_u8_hsv__ref(n, x, by + k, want);
            kernel(n, x, by + k, got);
            for (size_t i = 0; i < 3 * n; i++)
                if (abs(want[i] - got[i]) > 1) {
                    ck_fail("hsv n=%zu, set %zu, at %zu: want %d, got %d", n, k, i, want[i],
                            got[i]);
                    break;
                }
            if (k == 0 && !ck_same_bytes(x, got, 3 * n))
                ck_fail("hsv n=%zu: nothing to do, yet something was done", n);
        }
    }
}

static void check_mirror(oc_k_u8_mirror_fn *kernel)
{
    for (size_t n = 1; n <= 67; n++) {
        uint8_t *x = ck_bytes(3 * n, CK_PLAIN);
        uint8_t *want = ck_bytes(3 * n, CK_JUNK), *got = ck_bytes(3 * n, CK_JUNK);
        oc_k_u8_mirror__ref(n, x, want);
        kernel(n, x, got);
        if (!ck_same_bytes(want, got, 3 * n))
            ck_fail("mirror n=%zu", n);
    }
}

static void check_places(oc_k_s32_places_fn *kernel)
{
    for (size_t n = 1; n <= 67; n++) {
        for (int k = 0; k < 3; k++) {
            float     w = (float)ck_rand_in(1, 400) / 100 - 1; /* the horizon may cross the row */
            oc_places p = {.straight = k == 0,
                           .u0 = (int32_t)ck_rand_in(0, 1u << 30) - (1 << 29),
                           .du = (int32_t)ck_rand_in(0, 1u << 21) - (1 << 20),
                           .v0 = (int32_t)ck_rand_in(0, 1u << 30) - (1 << 29),
                           .dv = (int32_t)ck_rand_in(0, 1u << 21) - (1 << 20),
                           .a = 1.01f,
                           .b = (float)ck_rand_in(0, 1000) - 500,
                           .d = -.3f,
                           .e = (float)ck_rand_in(0, 1000),
                           .g = k == 1 ? .001f : -.05f,
                           .h = w};
            int32_t  *want = ck_ints(2 * n, CK_JUNK), *u = ck_ints(n, CK_JUNK);
            int32_t  *v = ck_ints(n, CK_JUNK);
            oc_k_s32_places__ref(&p, n, want, want + n);
            kernel(&p, n, u, v);
            if (!ck_same_ints(want, u, n) || !ck_same_ints(want + n, v, n))
                ck_fail("places n=%zu, set %d", n, k);
        }
    }
}

static void check_table(oc_k_u8_table_fn *kernel)
{
    for (size_t n = 1; n <= 300; n++) {
        uint8_t *x = ck_bytes(n, n & 1 ? CK_EDGES : CK_PLAIN), *table = ck_bytes(256, CK_PLAIN);
        uint8_t *want = ck_bytes(n, CK_JUNK), *got = ck_bytes(n, CK_JUNK);
        oc_k_u8_table__ref(n, x, table, want);
        kernel(n, x, table, got);
        if (!ck_same_bytes(want, got, n))
            ck_fail("table n=%zu", n);
        kernel(n, x, table, x);
        if (!ck_same_bytes(want, x, n))
            ck_fail("table n=%zu in place", n);
    }
}

int main(int argc, char **argv)
{
    ck_begin("u8_pixels", argc, argv);
#define OC_K(name, isa)       \
    if (ck_wants(#name, isa)) \
        check_warp(oc_k_u8_warp__##name);
#include "kernels/u8_warp.inc"
#undef OC_K
#define OC_K(name, isa)       \
    if (ck_wants(#name, isa)) \
        check_fir(oc_k_u8_fir__##name);
#include "kernels/u8_fir.inc"
#undef OC_K
#define OC_K(name, isa)       \
    if (ck_wants(#name, isa)) \
        check_linear(oc_k_u8_linear__##name);
#include "kernels/u8_linear.inc"
#undef OC_K
#define OC_K(name, isa)       \
    if (ck_wants(#name, isa)) \
        check_hsv(oc_k_u8_hsv__##name);
#include "kernels/u8_hsv.inc"
#undef OC_K
#define OC_K(name, isa)       \
    if (ck_wants(#name, isa)) \
        check_mirror(oc_k_u8_mirror__##name);
#include "kernels/u8_mirror.inc"
#undef OC_K
#define OC_K(name, isa)       \
    if (ck_wants(#name, isa)) \
        check_places(oc_k_s32_places__##name);
#include "kernels/s32_places.inc"
#undef OC_K
#define OC_K(name, isa)       \
    if (ck_wants(#name, isa)) \
        check_table(oc_k_u8_table__##name);
#include "kernels/u8_table.inc"
#undef OC_K
    return ck_end();
}
