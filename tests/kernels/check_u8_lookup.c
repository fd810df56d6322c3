/* Tables, lanes and maxima of bytes in blocks: equal to the bit. */
#include "ck.h"

#include "kernels/u8_lanes.h"
#include "kernels/u8_lookup.h"
#include "kernels/u8_max8.h"

static void check_lookup(oc_k_u8_lookup_fn *kernel)
{
    for (size_t n = 1; n <= 300; n++) {
        const uint8_t *table = ck_bytes(256, CK_PLAIN);
        uint8_t       *x = ck_bytes(n, CK_PLAIN), *want = ck_bytes(n, CK_JUNK);
        oc_k_u8_lookup__ref(n, table, x, want);
        kernel(n, table, x, x); /* in place */
        if (!ck_same_bytes(want, x, n))
            ck_fail("n=%zu", n);
    }
    const uint8_t *table = ck_bytes(256, CK_PLAIN);
    uint8_t       *x = ck_bytes(4096, CK_PLAIN), *y = ck_bytes(4096, CK_JUNK);
    CK_BENCH_WORK("", 4096, 8192, kernel(4096, table, x, y));
}

static void check_lanes(oc_k_u8_lanes_fn *kernel)
{
    for (size_t n = 1; n <= 19; n++)
        for (size_t pieces = 1; pieces <= 8; pieces++) {
            oc_k_byte_lanes p[8];
            for (size_t k = 0; k < pieces; k++)
                p[k] =
                    (oc_k_byte_lanes){ck_bytes(n * 8, CK_PLAIN), {-1, -1, -1, -1, -1, -1, -1, -1}};
            for (size_t i = 0; i < 8; i++)
                if (ck_rand() % 5)
                    p[ck_rand_in(0, pieces - 1)].lane[i] = (int32_t)ck_rand_in(0, 7);
            uint8_t *want = ck_bytes(n * 8, CK_JUNK), *got = ck_bytes(n * 8, CK_JUNK);
            oc_k_u8_lanes__ref(n, pieces, p, want);
            kernel(n, pieces, p, got);
            if (!ck_same_bytes(want, got, n * 8))
                ck_fail("n=%zu pieces=%zu", n, pieces);
        }
}

static void check_max(oc_k_u8_max8_fn *kernel)
{
    for (int i = 0; i < 400; i++) {
        oc_pool8 p = {.in_h = (ptrdiff_t)ck_rand_in(1, 9),
                      .in_w = (ptrdiff_t)ck_rand_in(1, 30),
                      .k_h = (ptrdiff_t)ck_rand_in(1, 5),
                      .k_w = (ptrdiff_t)ck_rand_in(1, 5),
                      .stride_h = (ptrdiff_t)ck_rand_in(1, 3),
                      .stride_w = (ptrdiff_t)ck_rand_in(1, 3),
                      .dil_h = (ptrdiff_t)ck_rand_in(1, 2),
                      .dil_w = (ptrdiff_t)ck_rand_in(1, 2),
                      .pad_t = (ptrdiff_t)ck_rand_in(0, 2),
                      .pad_l = (ptrdiff_t)ck_rand_in(0, 2)};
        p.out_w = (ptrdiff_t)ck_rand_in(1, 12);
        const size_t   rows = 4;
        const uint8_t *x = ck_bytes((size_t)(p.in_h * p.in_w) * 8, CK_PLAIN);
        uint8_t       *row = ck_bytes(oc_max8_row(&p), CK_JUNK);
        uint8_t       *want = ck_bytes((size_t)p.out_w * 8, CK_JUNK);
        uint8_t       *got = ck_bytes((size_t)p.out_w * 8, CK_JUNK);
        for (size_t oy = 0; oy < rows; oy++) {
            oc_k_u8_max8__ref(&p, oy, x, NULL, want);
            kernel(&p, oy, x, row, got);
            if (!ck_same_bytes(want, got, (size_t)p.out_w * 8))
                ck_fail("case %d row %zu", i, oy);
        }
    }
}

int main(int argc, char **argv)
{
    ck_begin("u8_lookup", argc, argv);
#define OC_K(name, isa)       \
    if (ck_wants(#name, isa)) \
        check_lookup(oc_k_u8_lookup__##name);
#include "kernels/u8_lookup.inc"
#undef OC_K
#define OC_K(name, isa)       \
    if (ck_wants(#name, isa)) \
        check_lanes(oc_k_u8_lanes__##name);
#include "kernels/u8_lanes.inc"
#undef OC_K
#define OC_K(name, isa)       \
    if (ck_wants(#name, isa)) \
        check_max(oc_k_u8_max8__##name);
#include "kernels/u8_max8.inc"
#undef OC_K
    return ck_end();
}
