/* f32_mac.tmpl.h -- oc_k_f32_mac of the vocabulary and the inner loops that are included.
 *
 * Before it stand MAC_VECTORS(nb), panel_load(nb, v, p), the inner loops tile_blocks, tile_at,
 * pixel_blocks, pixel_at (x86/mac_sums.h, arm/f32_mac_neon.c) and
 *
 *   MAC_PX1, MAC_PX2, MAC_PX3   pixels of the largest tile of one, two, three blocks
 *   MAC_SUMS                    accumulators of the largest tile
 *
 * Runs are cut into tiles of nearly equal size. */
#include <math.h>
#include <stdbool.h>

#include "kernels/f32_mac.h"
#include "kernels/tmpl/act.tmpl.h"

/* Where one tile's epilogue gets its limits and masks from. */
typedef struct tile_end {
    vf           lo, hi; /* limits; a and b of the hard swish */
    vf_mask      mask;   /* of the last block */
    bool         part;   /* mask is not all ones */
    bool         clamps, swish;
    const float *ahead; /* to be fetched next */
} tile_end;

/* A block of one pixel to where it belongs, masked if it is the last of several. */
OC_INLINE void store_block(const oc_mac *m, const tile_end *e, bool part, float *y, vf v)
{
    if (!part)
        vf_store_one(y, v);
    else if (m->whole)
        vf_store_one(y, vf_keep(e->mask, v));
    else
        vf_store_n(y, m->lanes, v);
}

/* Block b of what a vector holds, where a block has its place. */
OC_INLINE vf block_of(const int b, vf v)
{
    return b % VF_PX ? vf_other8(v) : v;
}

/* Residual, activation and store of one block, with all that can be different about it. */
OC_INLINE void store_any(const oc_mac *m, const tile_end *e, bool last, ptrdiff_t at, vf v)
{
    const bool part = last && e->part;

    if (m->add)
        v = vf_add(v, part ? vf_load_n(m->add + at, m->lanes) : vf_load_one(m->add + at));
    v = e->swish ? vf_act(OC_ACT_HARDSWISH, e->lo, e->hi, v) : vf_clamp(v, e->lo, e->hi);
    store_block(m, e, part, m->y + at, v);
}

/* Rare stores of a tile of any size.  Its sums come as a copy in memory, of floats: the address of the
 * tile's own would keep them from registers. */
static __attribute__((noinline, unused)) void
store_rare(int px, int nb, const oc_mac *m, const tile_end *e, ptrdiff_t p0, const float *sums)
{
    for (int p = 0; p < px; p++)
        for (int b = 0; b < nb; b++, sums += VF)
            store_any(m, e, b + 1 == nb, (p0 + p) * m->y_px + b * m->y_blk, vf_load(sums));
}

/* A block of them, where vectors hold two: gcc keeps 24 sums in registers beside these calls, and one
 * less beside a copy. */
static __attribute__((noinline, unused)) void store_rare_block(const oc_mac *m, const tile_end *e,
                                                               bool last, ptrdiff_t at, vf v)
{
    store_any(m, e, last, at, v);
}

OC_INLINE void store_blocks(const int nb, const int v, float *y, ptrdiff_t y_blk, vf x)
{
    if ((v + 1) * VF_PX > nb)
        vf_store_one(y + v * VF_PX * y_blk, x);
    else
        vf_store_px(y + v * VF_PX * y_blk, y_blk, x);
}

OC_INLINE vf load_blocks(const int nb, const int v, const float *y, ptrdiff_t y_blk)
{
    if ((v + 1) * VF_PX > nb)
        return vf_load_one(y + v * VF_PX * y_blk);
    return vf_load_px(y + v * VF_PX * y_blk, y_blk);
}

/* A residual, or the part of the sum that was made before. */
OC_INLINE void tile_store_added(const int px, const int nb, const oc_mac *m, const tile_end *e,
                                ptrdiff_t p0, const vf acc[MAC_SUMS])
{
    const ptrdiff_t y_px = m->y_px, y_blk = m->y_blk;
    const vf        lo = e->lo, hi = e->hi;
    const float    *from = m->add + p0 * y_px;
    float          *to = m->y + p0 * y_px;
    const int       nv = MAC_VECTORS(nb);

    OC_UNROLL for (int v = 0; v < nv; v++) OC_UNROLL for (int p = 0; p < px; p++)
    {
        const vf x = vf_add(acc[p * nv + v], load_blocks(nb, v, from + p * y_px, y_blk));
        store_blocks(nb, v, to + p * y_px, y_blk, vf_clamp(x, lo, hi));
    }
}

/* The common cases have their own loops, with everything in registers: stores may alias *m. */
OC_INLINE void tile_store(const int px, const int nb, const oc_mac *m, const tile_end *e,
                          ptrdiff_t p0, const vf acc[MAC_SUMS])
{
    const ptrdiff_t y_px = m->y_px, y_blk = m->y_blk;
    const int       nv = MAC_VECTORS(nb);

    if (m->add && !e->part && !e->swish) {
        tile_store_added(px, nb, m, e, p0, acc);
        return;
    }
    if (m->add || e->swish || (e->part && (!m->whole || VF_PX > 1))) {
        if (VF_PX > 1) {
            OC_UNROLL for (int p = 0; p < px; p++) OC_UNROLL for (int b = 0; b < nb; b++)
                store_rare_block(m, e, b + 1 == nb, (p0 + p) * y_px + b * y_blk,
                                 block_of(b, acc[p * nv + b / VF_PX]));
        } else {
            float copy[MAC_SUMS * VF];
            OC_UNROLL for (int i = 0; i < px * nv; i++) vf_store(copy + i * VF, acc[i]);
            store_rare(px, nb, m, e, p0, copy);
        }
        return;
    }
    const vf lo = e->lo, hi = e->hi;
    float   *y = m->y + p0 * y_px;
    if (e->part) {
        OC_UNROLL for (int v = 0; v < nv; v++) OC_UNROLL for (int p = 0; p < px; p++)
        {
            vf x = vf_clamp(acc[p * nv + v], lo, hi);
            store_blocks(nb, v, y + p * y_px, y_blk, v + 1 == nv ? vf_keep(e->mask, x) : x);
        }
        return;
    }
    if (!e->clamps) {
        OC_UNROLL for (int v = 0; v < nv; v++) OC_UNROLL for (int p = 0; p < px; p++)
            store_blocks(nb, v, y + p * y_px, y_blk, acc[p * nv + v]);
        return;
    }
    OC_UNROLL for (int v = 0; v < nv; v++)
    {
        float *to = y;
        OC_UNROLL for (int p = 0; p < px; p++)
        {
            store_blocks(nb, v, to, y_blk, vf_clamp(acc[p * nv + v], lo, hi));
            to += y_px;
        }
    }
}

OC_INLINE void tile_sum(const int px, const int nb, const bool places, const oc_mac *m,
                        const float *x, const float **ahead, vf acc[MAC_SUMS])
{
    const float    *w = m->w;
    const size_t    n0 = m->n0, n1 = m->n1;
    const ptrdiff_t x0 = m->x0, x1 = m->x1;
    const int       nv = MAC_VECTORS(nb);

    OC_UNROLL for (int v = 0; v < nv; v++)
    {
        const vf bias = m->bias ? panel_load(nb, v, m->bias) : vf_zero();
        OC_UNROLL for (int p = 0; p < px; p++) acc[p * nv + v] = bias;
    }
    if (px == 1)
        OC_UNROLL for (int j = nv; j < 4 * nv; j++) acc[j] = vf_zero();
    if (places && px == 1)
        pixel_at(nb, m, x, acc);
    else if (places)
        tile_at(px, nb, m, x, acc);
    for (size_t i0 = 0; i0 < n0 && !places; i0++, x += x0) {
        const float *at = x;
        for (size_t i1 = 0; i1 < n1; i1++, at += x1)
            w = px == 1 ? pixel_blocks(nb, m, at, w, acc)
                        : tile_blocks(px, nb, m, at, w, ahead, acc);
    }
    if (px == 1)
        OC_UNROLL for (int v = 0; v < nv; v++) acc[v] =
            vf_add(vf_add(acc[v], acc[nv + v]), vf_add(acc[2 * nv + v], acc[3 * nv + v]));
}

/* `count` tiles of px pixels, one after the other. */
OC_INLINE void tile_run(const int px, const int nb, const bool places, const oc_mac *m, tile_end *e,
                        size_t p0, size_t count)
{
    const ptrdiff_t step = px * m->x_px;
    const float    *x = m->x + (ptrdiff_t)p0 * m->x_px;
    vf              acc[MAC_SUMS];

    for (size_t i = 0; i < count; i++, x += step) {
        tile_sum(px, nb, places, m, x, &e->ahead, acc);
        tile_store(px, nb, m, e, (ptrdiff_t)p0 + (ptrdiff_t)i * px, acc);
    }
}

typedef void tile_fn(const oc_mac *m, tile_end *e, size_t p0, size_t count);

#ifdef OC_SANITIZED /* one instance for all sizes: see inline.h */
static __attribute__((noinline)) void tile_run_one(const int px, const int nb, const bool places,
                                                   const oc_mac *m, tile_end *e, size_t p0,
                                                   size_t count)
{
    tile_run(px, nb, places, m, e, p0, count);
}
#define tile_run tile_run_one
#endif

#define TILE(px, nb)                                                                     \
    static void tile_##px##x##nb(const oc_mac *m, tile_end *e, size_t p0, size_t count)  \
    {                                                                                    \
        tile_run(px, nb, false, m, e, p0, count);                                        \
    }                                                                                    \
    static void place_##px##x##nb(const oc_mac *m, tile_end *e, size_t p0, size_t count) \
    {                                                                                    \
        tile_run(px, nb, true, m, e, p0, count);                                         \
    }
/* clang-format off */
#define ROW4(T, nb)  T(1, nb)  T(2, nb)  T(3, nb)   T(4, nb)
#define ROW6(T, nb)  ROW4(T, nb)  T(5, nb)  T(6, nb)
#define ROW8(T, nb)  ROW6(T, nb)  T(7, nb)  T(8, nb)
#define ROW12(T, nb) ROW8(T, nb)  T(9, nb)  T(10, nb)  T(11, nb)  T(12, nb)
#define ROW(px)      ROW_PASTE(px)
#define ROW_PASTE(px) ROW##px
ROW(MAC_PX1)(TILE, 1) ROW(MAC_PX2)(TILE, 2) ROW(MAC_PX3)(TILE, 3)

/* [by places][blocks - 1][pixels - 1] */
#define BY_LOOPS(px, nb) tile_##px##x##nb,
#define BY_PLACES(px, nb) place_##px##x##nb,
#define TABLE(T) {{ROW(MAC_PX1)(T, 1)}, {ROW(MAC_PX2)(T, 2)}, {ROW(MAC_PX3)(T, 3)}}
static tile_fn *const tiles[2][OC_MAC_BLOCKS_MAX][12] = {TABLE(BY_LOOPS), TABLE(BY_PLACES)};
/* clang-format on */

/* The activations that are more than a few operations: over what was just stored and is in L1. */
OC_INLINE void act_run(const oc_act_kind kind, const oc_mac *m, const tile_end *e, size_t p0,
                       size_t px)
{
    const vf a = vf_set(m->act.a), b = vf_set(m->act.b);

    for (unsigned blk = 0; blk < m->blocks; blk++) {
        float     *y = m->y + (ptrdiff_t)p0 * m->y_px + (ptrdiff_t)blk * m->y_blk;
        const bool part = blk + 1 == m->blocks && e->part;
        size_t     p = 0;

        if (m->y_px == 8 && !part) /* pixels lie side by side */
            for (; p + VF_PX <= px; p += VF_PX, y += VF)
                vf_store(y, vf_act(kind, a, b, vf_load(y)));
        for (; p < px; p++, y += m->y_px)
            store_block(
                m, e, part, y,
                vf_act(kind, a, b, part && !m->whole ? vf_load_n(y, m->lanes) : vf_load_one(y)));
    }
}

static void act_pass(const oc_mac *m, const tile_end *e, size_t p0, size_t px)
{
#define RUN(kind) act_run(kind, m, e, p0, px)
    switch (m->act.kind) {
        OC_ACT_LONG_CASES(RUN);
    case OC_ACT_NONE:
    case OC_ACT_RELU:
    case OC_ACT_CLIP:
    case OC_ACT_HARDSWISH: return; /* done by the tiles */
    }
#undef RUN
}

static tile_end end_of(const oc_mac *m)
{
    float lo = -INFINITY, hi = INFINITY;

    if (m->act.kind == OC_ACT_RELU)
        lo = 0.0f;
    if (m->act.kind == OC_ACT_CLIP || m->act.kind == OC_ACT_HARDSWISH) {
        lo = m->act.a;
        hi = m->act.b;
    }
    return (tile_end){
        .lo = vf_set(lo),
        .hi = vf_set(hi),
        .mask = vf_first8(m->lanes),
        .part = m->lanes < 8,
        .clamps = m->act.kind == OC_ACT_RELU || m->act.kind == OC_ACT_CLIP,
        .swish = m->act.kind == OC_ACT_HARDSWISH,
        .ahead = m->ahead,
    };
}

#define RUN_PIXELS 96 /* between two passes of an activation: 6 KiB of L1 */

void OC_KERNEL(f32_mac)(const oc_mac *m)
{
    static const size_t tile_max[OC_MAC_BLOCKS_MAX] = {MAC_PX1, MAC_PX2, MAC_PX3};
    const size_t        most = tile_max[m->blocks - 1], n = (m->px + most - 1) / most;
    const size_t        size = m->px / n, larger = m->px % n, per_run = RUN_PIXELS / most;
    tile_end            e = end_of(m);
    size_t              p = 0;

    for (size_t t = 0; t < n;) { /* the first `larger` tiles have one pixel more */
        size_t px = size + (t < larger), left = (t < larger ? larger : n) - t;
        size_t count = left < per_run ? left : per_run;
        tiles[m->at != NULL][m->blocks - 1][px - 1](m, &e, p, count);
        act_pass(m, &e, p, count * px);
        p += count * px;
        t += count;
    }
}
