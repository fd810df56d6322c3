/* Sums to bytes: every stage alone and all together.  The short ways are equal to the bit; where exp is
 * under it, a byte may differ by one where the reference lies next to a tie. */
#include "ck.h"

#include <math.h>
#include <stdlib.h>

#include "kernels/s32_finish.h"

static oc_finish8 make(size_t px, unsigned blocks, oc_act_kind kind, int stages)
{
    const size_t n = px * 8 * blocks;
    int32_t     *acc = ck_ints(n, CK_JUNK);
    float       *scale = ck_floats(8 * blocks, CK_UNIT);
    uint8_t     *table = ck_bytes(256, CK_PLAIN);
    for (int i = 0; i < 256 && kind > OC_ACT_CLIP; i++) /* steps of one: a quantum stays one */
        table[i] = (uint8_t)(255 - i);
    const uint8_t *add = ck_bytes(n, CK_PLAIN);
    for (size_t i = 0; i < n; i++)
        acc[i] = ck_rand() % 9 == 0 ? (int32_t)(ck_rand() % 2 ? 1u << 30 : 3u << 30)
                                    : (int32_t)ck_rand_in(0, 40000) - 20000;
    float *sums = ck_floats(n, CK_ZERO), *start = ck_floats(8 * blocks, CK_ZERO);
    for (size_t i = 0; i < n; i++)
        sums[i] = (float)((int)ck_rand_in(0, 200000) - 100000);
    for (size_t c = 0; c < 8 * blocks; c++)
        start[c] = (float)ck_rand_in(0, 999);
    for (size_t c = 0; c < 8 * blocks; c++)
        scale[c] = 0.001f + fabsf(scale[c]) * 0.01f;
    return (oc_finish8){.acc = acc,
                        .sums = px % 4 == 1 ? sums : NULL,
                        .start = start,
                        .scale = scale,
                        .act = {kind, 0.17f, 0.5f},
                        .per_quantum = kind == OC_ACT_NONE ? 1.0f : 7.3f,
                        .zero = (int32_t)ck_rand_in(0, 255),
                        .table = stages & 1 ? table : NULL,
                        .add = stages & 2 ? add : NULL,
                        .ratio = 0.7f,
                        .ratio_add = 1.3f,
                        .fixed = -80.25f,
                        .add_last = px % 3 == 0,
                        .lo = stages & 4 ? 30 : 0,
                        .hi = stages & 4 ? 222 : 255,
                        .px = px,
                        .blocks = blocks,
                        .y_blk = (ptrdiff_t)(px * 8)};
}

static bool near_bytes(const uint8_t *want, const uint8_t *got, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (abs(want[i] - got[i]) > 1)
            return false;
    return true;
}

static void check_bytes(oc_k_s32_finish_fn *kernel, size_t px, unsigned blocks, oc_act_kind kind,
                        int stages)
{
    oc_finish8   f = make(px, blocks, kind, stages);
    const size_t n = px * 8 * blocks;
    uint8_t     *want = ck_bytes(n, CK_JUNK), *got = ck_bytes(n, CK_JUNK);
    f.y = want;
    oc_k_s32_finish__ref(&f);
    f.y = got;
    if (f.add && px % 2) { /* in place */
        for (size_t i = 0; i < n; i++)
            got[i] = f.add[i];
        f.add = got;
    }
    kernel(&f);
    const bool short_way = kind <= OC_ACT_CLIP;
    if (short_way ? !ck_same_bytes(want, got, n) : !near_bytes(want, got, n))
        ck_fail("px=%zu blocks=%u act=%d stages=%d", px, blocks, (int)kind, stages);
}

static void check_raw(oc_k_s32_finish_fn *kernel, size_t px, oc_act_kind kind)
{
    oc_finish8 f = make(px, 2, kind, 0);
    float     *want = ck_floats(px * 16, CK_JUNK), *got = ck_floats(px * 16, CK_JUNK);
    f.raw = true;
    f.y = want;
    oc_k_s32_finish__ref(&f);
    f.y = got;
    kernel(&f);
    if (!ck_close(want, got, px * 16, 1e-6))
        ck_fail("raw px=%zu act=%d", px, (int)kind);
}

static void check(oc_k_s32_finish_fn *kernel)
{
    for (int kind = OC_ACT_NONE; kind <= OC_ACT_MISH; kind++)
        for (size_t px = 1; px <= 35; px += px < 10 ? 1 : 5) {
            for (int stages = 0; stages < 8; stages++)
                for (unsigned blocks = 1; blocks <= 2; blocks++)
                    check_bytes(kernel, px, blocks, (oc_act_kind)kind, stages);
            check_raw(kernel, px, (oc_act_kind)kind);
        }
    for (int kind = OC_ACT_NONE; kind <= OC_ACT_SILU; kind++) {
        oc_finish8 f = make(24, 2, (oc_act_kind)kind, kind ? 0 : 2);
        f.y = ck_bytes(24 * 16, CK_JUNK);
        CK_BENCH_WORK(kind ? "act" : "add", 24 * 16, 0, kernel(&f));
        f.add = NULL;
        CK_BENCH_WORK("", 24 * 16, 0, kernel(&f));
    }
}

int main(int argc, char **argv)
{
    ck_begin("s32_finish", argc, argv);
#define OC_K(name, isa)       \
    if (ck_wants(#name, isa)) \
        check(oc_k_s32_finish__##name);
#include "kernels/s32_finish.inc"
#undef OC_K
    return ck_end();
}
