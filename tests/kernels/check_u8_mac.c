/* Bytes times bytes: every form of packing against the sum as it is written, to the last bit. */
#include "ck.h"

#include <stdio.h>
#include <string.h>

#include "kernels/u8_mac.h"

#define PX_MAX 26

typedef struct problem {
    size_t   groups, px;
    unsigned blocks;
    int16_t *w; /* [groups][8 * blocks][deep] */
    int32_t *place;
    uint8_t *x[PX_MAX];
    int32_t  start[16];
} problem;

/* span: weights in [-span, span]; now and then the ends, or zeros for a whole group. */
static problem make(const oc_mac8_form *f, size_t groups, size_t px, unsigned blocks, int span)
{
    problem      p = {.groups = groups, .px = px, .blocks = blocks};
    const size_t each = 8 * (size_t)blocks * (size_t)f->deep;
    p.w = (int16_t *)ck_halfs(groups * each + 1, CK_ZERO);
    p.place = ck_ints(groups + 1, CK_ZERO);
    for (size_t g = 0; g < groups; g++) {
        const bool empty = ck_rand() % 7 == 0;
        p.place[g] = (int32_t)(g * (size_t)f->deep);
        for (size_t i = 0; i < each && !empty; i++)
            p.w[g * each + i] =
                (int16_t)(ck_rand() % 8 == 0 ? (ck_rand() % 2 ? span : -span)
                                             : (int)ck_rand_in(0, (size_t)(2 * span)) - span);
    }
    for (size_t i = 0; i < px; i++) {
        p.x[i] = ck_bytes(groups * (size_t)f->deep + 1, CK_PLAIN);
        for (size_t k = 0; k < groups * (size_t)f->deep; k++)
            p.x[i][k] = ck_rand() % 4 == 0 ? 255 : p.x[i][k];
    }
    for (size_t o = 0; o < 16; o++)
        p.start[o] = (int32_t)ck_rand_in(0, 2000) - 1000;
    return p;
}

/* The sum that the packed weights stand for, x_less put back. */
static void expect(const problem *p, size_t deep, int32_t *acc)
{
    const size_t channels = 8 * (size_t)p->blocks;
    for (size_t i = 0; i < p->px; i++)
        for (size_t o = 0; o < channels; o++) {
            int64_t sum = p->start[o];
            for (size_t g = 0; g < p->groups; g++)
                for (size_t k = 0; k < deep; k++)
                    sum += p->w[(g * channels + o) * deep + k] * p->x[i][g * deep + k];
            acc[i * channels + o] = (int32_t)sum;
        }
}

typedef struct packed {
    oc_mac8_counts n;
    int8_t        *narrow;
    int16_t       *wide;
    int32_t       *at;
    int32_t        sum[16];
} packed;

static packed pack(const oc_mac8_form *f, const problem *p)
{
    const size_t each = 8 * (size_t)p->blocks * (size_t)f->deep;
    packed       k = {0};
    uint32_t    *order = (uint32_t *)ck_ints(p->groups * OC_MAC8_PARTS + 1, CK_JUNK);
    k.n = oc_mac8_sort(f, p->groups, p->blocks, p->w, order);
    k.narrow = (int8_t *)ck_bytes(k.n.n_narrow * each + 1, CK_JUNK);
    k.wide = (int16_t *)ck_halfs(k.n.n_wide * each + 1, CK_JUNK);
    k.at = ck_ints(k.n.n_narrow + k.n.n_wide + 1, CK_JUNK);
    const oc_mac8_room to = {k.narrow, k.wide, k.at, k.sum};
    oc_mac8_pack(f, &k.n, order, p->blocks, p->w, p->place, &to);
    return k;
}

static oc_mac8 call_of(const oc_mac8_form *f, const problem *p, const packed *k, int32_t *start,
                       const uint8_t **x, int32_t *acc)
{
    for (size_t o = 0; o < 16; o++)
        start[o] = p->start[o] + f->x_less * k->sum[o];
    for (size_t i = 0; i < p->px; i++)
        x[i] = p->x[i];
    return (oc_mac8){.x = x,
                     .at = k->at,
                     .n_narrow = k->n.n_narrow,
                     .n_coupled = k->n.n_coupled,
                     .n_wide = k->n.n_wide,
                     .narrow = k->narrow,
                     .wide = k->wide,
                     .start = start,
                     .px = p->px,
                     .blocks = p->blocks,
                     .acc = acc};
}

static void check(oc_k_u8_mac_fn *kernel, const oc_mac8_form *f, size_t groups, size_t px,
                  unsigned blocks, int span)
{
    const uint8_t *x[PX_MAX];
    const problem  p = make(f, groups, px, blocks, span);
    const packed   k = pack(f, &p);
    const size_t   n = px * 8 * blocks;
    int32_t       *want = ck_ints(n, CK_JUNK), *got = ck_ints(n, CK_JUNK);
    int32_t        start[16];
    const oc_mac8  call = call_of(f, &p, &k, start, x, got);
    expect(&p, (size_t)f->deep, want);
    kernel(&call);
    if (!ck_same_ints(want, got, n))
        ck_fail("groups=%zu px=%zu blocks=%u span=%d", groups, px, blocks, span);
    if (span <= 64 && k.n.n_wide)
        ck_fail("weights of 64 made wide groups");
    if (span <= 32 && f->pair_max && k.n.n_narrow - k.n.n_coupled > 1)
        ck_fail("weights of 32 did not make couples");
}

static void bench(oc_k_u8_mac_fn *kernel, const oc_mac8_form *f, int span)
{
    const uint8_t *x[PX_MAX];
    const problem  p = make(f, 256 / (size_t)f->deep, 24, 2, span);
    const packed   k = pack(f, &p);
    int32_t        start[16];
    const oc_mac8  call = call_of(f, &p, &k, start, x, ck_ints(24 * 16, CK_JUNK));
    char           what[40];
    snprintf(what, sizeof(what), "k=256, |w|<=%d", span);
    CK_BENCH_WORK(what, 2.0 * 24 * 16 * 256, 0, kernel(&call));
}

static void check_variant(oc_k_u8_mac_fn *kernel, const oc_mac8_form *f)
{
    static const int spans[] = {1, 32, 64, 127, 255};
    for (size_t s = 0; s < 5; s++)
        for (unsigned blocks = 1; blocks <= OC_MAC8_BLOCKS_MAX; blocks++)
            for (size_t px = 1; px <= 15; px++)
                for (size_t groups = 0; groups <= 9; groups += 1 + groups / 4)
                    check(kernel, f, groups, px, blocks, spans[s]);
    check(kernel, f, 40, PX_MAX, 2, 127);
    check(kernel, f, 60, PX_MAX, 2, 48); /* some find each other, some do not */
    bench(kernel, f, 32);
    bench(kernel, f, 64);
    bench(kernel, f, 127);
}

int main(int argc, char **argv)
{
    ck_begin("u8_mac", argc, argv);
#define OC_K(name, isa)       \
    if (ck_wants(#name, isa)) \
        check_variant(oc_k_u8_mac__##name, &oc_u8_mac_form__##name);
#include "kernels/u8_mac.inc"
#undef OC_K
    return ck_end();
}
