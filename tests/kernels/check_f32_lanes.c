#include "kernels/f32_lanes.h"

#include "ck.h"

/* Lanes dealt out at random among n_pieces, some to nobody. */
static void deal(oc_k_lanes *pieces, size_t n_pieces, size_t n)
{
    for (size_t k = 0; k < n_pieces; k++) {
        pieces[k].src = ck_floats(n * 8, CK_EDGES);
        for (int i = 0; i < 8; i++)
            pieces[k].lane[i] = -1;
    }
    for (int i = 0; i < 8; i++) {
        size_t k = ck_rand_in(0, n_pieces + (ck_rand() % 3 == 0));
        if (k < n_pieces)
            pieces[k].lane[i] = (int32_t)ck_rand_in(0, 7);
    }
}

static void check(oc_k_f32_lanes_fn *kernel)
{
    oc_k_lanes pieces[OC_K_LANE_PIECES];
    for (size_t n_pieces = 1; n_pieces <= OC_K_LANE_PIECES; n_pieces++)
        for (size_t n = 1; n <= 9; n++)
            for (int turn = 0; turn < 20; turn++) {
                float *want = ck_floats(n * 8, CK_JUNK), *got = ck_floats(n * 8, CK_JUNK);
                deal(pieces, n_pieces, n);
                if (turn == 0) /* a whole block: the case of aligned channels */
                    for (int i = 0; i < 8; i++)
                        pieces[0].lane[i] = n_pieces == 1 ? i : pieces[0].lane[i];
                oc_k_f32_lanes__ref(n, n_pieces, pieces, want);
                kernel(n, n_pieces, pieces, got);
                if (!ck_same(want, got, n * 8, 0))
                    ck_fail("n=%zu pieces=%zu", n, n_pieces);
            }
    deal(pieces, 2, 512);
    float *y = ck_floats(512 * 8, CK_JUNK);
    CK_BENCH_WORK("two pieces", 0, 3 * 512 * 32, kernel(512, 2, pieces, y));
}

int main(int argc, char **argv)
{
    ck_begin("f32_lanes", argc, argv);
#define OC_K(name, isa)       \
    if (ck_wants(#name, isa)) \
        check(oc_k_f32_lanes__##name);
#include "kernels/f32_lanes.inc"
#undef OC_K
    return ck_end();
}
