/* Bytes on their way in and out of blocked layout: equal to the bit. */
#include "ck.h"

#include "kernels/u8_nc8.h"

static void check_nc8(oc_k_u8_nc8_fn *kernel)
{
    for (size_t n = 1; n <= 50; n++)
        for (unsigned lanes = 1; lanes <= 8; lanes++)
            for (int back = 0; back < 2; back++) {
                const size_t plane = n + ck_rand_in(0, 3), all = (lanes - 1) * plane + n;
                uint8_t     *planar = ck_bytes(all, CK_PLAIN), *blocked = ck_bytes(n * 8, CK_PLAIN);
                uint8_t     *planar2 = ck_copy(planar, all), *blocked2 = ck_copy(blocked, n * 8);
                oc_bytes8    t = {planar, blocked, plane, n, lanes, 77, !back};
                oc_k_u8_nc8__ref(&t);
                t.planar = planar2;
                t.blocked = blocked2;
                kernel(&t);
                if (!ck_same_bytes(planar, planar2, all) ||
                    !ck_same_bytes(blocked, blocked2, n * 8))
                    ck_fail("n=%zu lanes=%u back=%d", n, lanes, back);
            }
}

int main(int argc, char **argv)
{
    ck_begin("u8_nc8", argc, argv);
#define OC_K(name, isa)       \
    if (ck_wants(#name, isa)) \
        check_nc8(oc_k_u8_nc8__##name);
#include "kernels/u8_nc8.inc"
#undef OC_K
    return ck_end();
}
