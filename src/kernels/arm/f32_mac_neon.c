/* Up to 24 accumulators of four floats: 8 pixels x 8 channels, 6 x 16 or 4 x 24.  Four k of a pixel
 * come in one load and are multiplied by lane, the weights are whole vectors.  Runs are cut into
 * tiles of nearly equal size. */
#include <math.h>
#include <stdbool.h>

#include "kernels/arm/act_neon.h"
#include "kernels/f32_mac.h"

/* gcc's scheduler before register allocation pulls the loads so far up that accumulators are
 * spilled; the one after it is enough. */
#if !defined(__clang__)
#pragma GCC optimize("no-schedule-insns")
#endif

#define PX_MAX 8
#define ACC_MAX 24 /* accumulators of a tile: pixel p, vector v at [p * nv + v], nv = 2 a block */

/* Where one tile's epilogue gets its limits and masks from. */
typedef struct tile_end {
    float32x4_t  lo, hi; /* limits; a and b of the hard swish */
    uint32x4x2_t mask;   /* of the last block */
    bool         part;   /* mask is not all ones */
    bool         swish;
} tile_end;

/* acc[p] += lane k of x[p] times the weights of that k. */
#define FMA_LANE(k)                                              \
    OC_UNROLL for (int v = 0; v < nv; v++)                       \
    {                                                            \
        const float32x4_t wv = vld1q_f32(w + ((k)*nv + v) * 4);  \
        OC_UNROLL for (int p = 0; p < px; p++) acc[p * nv + v] = \
            vfmaq_laneq_f32(acc[p * nv + v], wv, xv[p], k);      \
    }

/* Four k. */
OC_INLINE void tile_four(const int px, const int nv, const float *x, ptrdiff_t s, const float *w,
                         float32x4_t acc[ACC_MAX])
{
    float32x4_t xv[PX_MAX];

    OC_UNROLL for (int p = 0; p < px; p++) xv[p] = vld1q_f32(x + p * s);
    FMA_LANE(0)
    FMA_LANE(1)
    FMA_LANE(2)
    FMA_LANE(3)
}

/* One k. */
OC_INLINE void tile_one(const int px, const int nv, const float *x, ptrdiff_t s, const float *w,
                        float32x4_t acc[ACC_MAX])
{
    float32x4_t wv[2 * OC_MAC_BLOCKS_MAX];

    OC_UNROLL for (int v = 0; v < nv; v++) wv[v] = vld1q_f32(w + v * 4);
    OC_UNROLL for (int p = 0; p < px; p++)
    {
        const float32x4_t xv = vld1q_dup_f32(x + p * s);
        OC_UNROLL for (int v = 0; v < nv; v++) acc[p * nv + v] =
            vfmaq_f32(acc[p * nv + v], xv, wv[v]);
    }
}

/* One (i0, i1): n2 blocks. */
OC_INLINE const float *tile_blocks(const int px, const int nv, const oc_mac *m, const float *x,
                                   const float *w, float32x4_t acc[ACC_MAX])
{
    const ptrdiff_t s = m->x_px, step = m->x2 - 4;
    size_t          full = m->n2 - (m->k_last != 8);

    for (size_t i = 0; i < full; i++) {
        tile_four(px, nv, x, s, w, acc);
        x += 4;
        w += 16 * nv;
        tile_four(px, nv, x, s, w, acc);
        x += step;
        w += 16 * nv;
    }
    if (m->k_last != 8) {
        unsigned k = m->k_last;
        if (k >= 4) {
            tile_four(px, nv, x, s, w, acc);
            x += 4;
            w += 16 * nv;
            k -= 4;
        }
        for (; k > 0; k--, x++, w += 4 * nv)
            tile_one(px, nv, x, s, w, acc);
    }
    return w;
}

OC_INLINE void tile_at(const int px, const int nv, const oc_mac *m, const float *x,
                       float32x4_t acc[ACC_MAX])
{
    const ptrdiff_t s = m->x_px, *at = m->at, *const end = at + m->n_at;
    const float *w = m->w;

    for (; at < end; at++, w += nv * 4)
        tile_one(px, nv, x + *at, s, w, acc);
}

/* One pixel has few accumulators of its own: four partial sums, by k % 4, hide the latency. */
OC_INLINE const float *pixel_blocks(const int nv, const oc_mac *m, const float *x, const float *w,
                                    float32x4_t acc[ACC_MAX])
{
    size_t full = m->n2 - (m->k_last != 8);

#define FMA_SUM(k)                                           \
    OC_UNROLL for (int v = 0; v < nv; v++) acc[(k)*nv + v] = \
        vfmaq_laneq_f32(acc[(k)*nv + v], vld1q_f32(w + ((k)*nv + v) * 4), xv, k);
    for (size_t i = 0; i < full; i++, x += m->x2)
        OC_UNROLL for (int half = 0; half < 2; half++, w += 16 * nv)
        {
            const float32x4_t xv = vld1q_f32(x + half * 4);
            FMA_SUM(0)
            FMA_SUM(1)
            FMA_SUM(2)
            FMA_SUM(3)
        }
#undef FMA_SUM
    if (m->k_last != 8)
        for (unsigned k = 0; k < m->k_last; k++, w += 4 * nv)
            tile_one(1, nv, x + k, 0, w, acc);
    return w;
}

/* The first `lanes` of eight floats; the others come as zero, or are left alone. */
static void load_part(const float *from, unsigned lanes, float32x4_t v[2])
{
    float part[8] = {0};

    for (unsigned o = 0; o < lanes; o++)
        part[o] = from[o];
    v[0] = vld1q_f32(part);
    v[1] = vld1q_f32(part + 4);
}

static void store_part(float *to, unsigned lanes, const float32x4_t v[2])
{
    float part[8];

    vst1q_f32(part, v[0]);
    vst1q_f32(part + 4, v[1]);
    for (unsigned o = 0; o < lanes; o++)
        to[o] = part[o];
}

/* A block's vector pair of one pixel to where it belongs, masked if it is the last of several. */
OC_INLINE void store_block(const oc_mac *m, const tile_end *e, bool part, float *y,
                           const float32x4_t v[2])
{
    if (part && !m->whole) {
        store_part(y, m->lanes, v);
        return;
    }
    vst1q_f32(y, part ? oc_v4_and(v[0], e->mask.val[0]) : v[0]);
    vst1q_f32(y + 4, part ? oc_v4_and(v[1], e->mask.val[1]) : v[1]);
}

/* Residual, clamp and store of one block of a pixel, with all that can be different about it. */
static __attribute__((noinline)) void store_any(const oc_mac *m, const tile_end *e, bool last,
                                                ptrdiff_t at, float32x4_t v0, float32x4_t v1)
{
    const bool  part = last && e->part;
    float32x4_t v[2] = {v0, v1}, add[2];

    if (m->add && part) {
        load_part(m->add + at, m->lanes, add);
    } else if (m->add) {
        add[0] = vld1q_f32(m->add + at);
        add[1] = vld1q_f32(m->add + at + 4);
    }
    for (int h = 0; h < 2; h++) {
        if (m->add)
            v[h] = vaddq_f32(v[h], add[h]);
        v[h] = e->swish ? oc_v4_act(OC_ACT_HARDSWISH, e->lo, e->hi, v[h])
                        : oc_v4_clamp(v[h], e->lo, e->hi);
    }
    store_block(m, e, part, m->y + at, v);
}

/* The common case has its own loop, with everything in registers: stores may alias *m. */
OC_INLINE void tile_store(const int px, const int nv, const oc_mac *m, const tile_end *e,
                          ptrdiff_t p0, const float32x4_t acc[ACC_MAX])
{
    const ptrdiff_t   y_px = m->y_px, y_blk = m->y_blk;
    const float32x4_t lo = e->lo, hi = e->hi;

    if (m->add || e->part || e->swish) {
        OC_UNROLL for (int p = 0; p < px; p++) OC_UNROLL for (int b = 0; b < nv / 2; b++)
            store_any(m, e, b + 1 == nv / 2, (p0 + p) * y_px + b * y_blk, acc[p * nv + 2 * b],
                      acc[p * nv + 2 * b + 1]);
        return;
    }
    float *y = m->y + p0 * y_px;
    OC_UNROLL for (int b = 0; b < nv / 2; b++)
    {
        float *to = y + b * y_blk;
        OC_UNROLL for (int p = 0; p < px; p++, to += y_px)
        {
            vst1q_f32(to, oc_v4_clamp(acc[p * nv + 2 * b], lo, hi));
            vst1q_f32(to + 4, oc_v4_clamp(acc[p * nv + 2 * b + 1], lo, hi));
        }
    }
}

OC_INLINE void tile_sum(const int px, const int nv, const bool places, const oc_mac *m,
                        const float *x, float32x4_t acc[ACC_MAX])
{
    const float    *w = m->w;
    const size_t    n0 = m->n0, n1 = m->n1;
    const ptrdiff_t x0 = m->x0, x1 = m->x1;

    OC_UNROLL for (int v = 0; v < nv; v++)
    {
        const float32x4_t bias = m->bias ? vld1q_f32(m->bias + v * 4) : vdupq_n_f32(0.0f);
        OC_UNROLL for (int p = 0; p < px; p++) acc[p * nv + v] = bias;
    }
    if (px == 1)
        OC_UNROLL for (int j = nv; j < 4 * nv; j++) acc[j] = vdupq_n_f32(0.0f);
    if (places)
        tile_at(px, nv, m, x, acc);
    for (size_t i0 = 0; i0 < n0 && !places; i0++, x += x0) {
        const float *at = x;
        for (size_t i1 = 0; i1 < n1; i1++, at += x1)
            w = px == 1 ? pixel_blocks(nv, m, at, w, acc) : tile_blocks(px, nv, m, at, w, acc);
    }
    if (px == 1)
        OC_UNROLL for (int v = 0; v < nv; v++) acc[v] =
            vaddq_f32(vaddq_f32(acc[v], acc[nv + v]), vaddq_f32(acc[2 * nv + v], acc[3 * nv + v]));
}

/* `count` tiles of px pixels, one after the other. */
OC_INLINE void tile_run(const int px, const int nv, const bool places, const oc_mac *m,
                        const tile_end *e, size_t p0, size_t count)
{
    const ptrdiff_t step = px * m->x_px;
    const float    *x = m->x + (ptrdiff_t)p0 * m->x_px;
    float32x4_t     acc[ACC_MAX];

    for (size_t i = 0; i < count; i++, x += step) {
        tile_sum(px, nv, places, m, x, acc);
        tile_store(px, nv, m, e, (ptrdiff_t)p0 + (ptrdiff_t)i * px, acc);
    }
}

typedef void tile_fn(const oc_mac *m, const tile_end *e, size_t p0, size_t count);

#define TILE(px, nb)                                                                           \
    static void tile_##px##x##nb(const oc_mac *m, const tile_end *e, size_t p0, size_t count)  \
    {                                                                                          \
        tile_run(px, 2 * nb, false, m, e, p0, count);                                          \
    }                                                                                          \
    static void place_##px##x##nb(const oc_mac *m, const tile_end *e, size_t p0, size_t count) \
    {                                                                                          \
        tile_run(px, 2 * nb, true, m, e, p0, count);                                           \
    }
/* clang-format off */
TILE(1, 1) TILE(2, 1) TILE(3, 1) TILE(4, 1) TILE(5, 1) TILE(6, 1) TILE(7, 1) TILE(8, 1)
TILE(1, 2) TILE(2, 2) TILE(3, 2) TILE(4, 2) TILE(5, 2) TILE(6, 2)
TILE(1, 3) TILE(2, 3) TILE(3, 3) TILE(4, 3)

/* [by places][blocks - 1][pixels - 1] */
#define TABLE(t)                                                               \
    {{t##_1x1, t##_2x1, t##_3x1, t##_4x1, t##_5x1, t##_6x1, t##_7x1, t##_8x1}, \
     {t##_1x2, t##_2x2, t##_3x2, t##_4x2, t##_5x2, t##_6x2},                   \
     {t##_1x3, t##_2x3, t##_3x3, t##_4x3}}
static tile_fn *const tiles[2][OC_MAC_BLOCKS_MAX][PX_MAX] = {TABLE(tile), TABLE(place)};
/* clang-format on */

/* The activations that are more than a few operations: over what was just stored and is in L1. */
OC_INLINE void act_run(const oc_act_kind kind, const oc_mac *m, const tile_end *e, size_t p0,
                       size_t px)
{
    const float32x4_t a = vdupq_n_f32(m->act.a), b = vdupq_n_f32(m->act.b);

    for (unsigned blk = 0; blk < m->blocks; blk++) {
        float     *y = m->y + (ptrdiff_t)p0 * m->y_px + (ptrdiff_t)blk * m->y_blk;
        const bool part = blk + 1 == m->blocks && e->part;

        for (size_t p = 0; p < px; p++, y += m->y_px) {
            float32x4_t v[2];
            if (part) {
                load_part(y, m->lanes, v);
            } else {
                v[0] = vld1q_f32(y);
                v[1] = vld1q_f32(y + 4);
            }
            v[0] = oc_v4_act(kind, a, b, v[0]);
            v[1] = oc_v4_act(kind, a, b, v[1]);
            store_block(m, e, part, y, v);
        }
    }
}

static void act_pass(const oc_mac *m, const tile_end *e, size_t p0, size_t px)
{
#define CASE(kind) \
    case kind: act_run(kind, m, e, p0, px); return;
    switch (m->act.kind) {
        CASE(OC_ACT_LEAKY)
        CASE(OC_ACT_SIGMOID)
        CASE(OC_ACT_SILU)
        CASE(OC_ACT_HARDSIGMOID)
        CASE(OC_ACT_TANH)
        CASE(OC_ACT_GELU)
        CASE(OC_ACT_MISH)
    case OC_ACT_NONE:
    case OC_ACT_RELU:
    case OC_ACT_CLIP:
    case OC_ACT_HARDSWISH: return; /* done by the tiles */
    }
#undef CASE
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
        .lo = vdupq_n_f32(lo),
        .hi = vdupq_n_f32(hi),
        .mask = oc_v8_mask(m->lanes),
        .part = m->lanes < 8,
        .swish = m->act.kind == OC_ACT_HARDSWISH,
    };
}

#define RUN_PIXELS 96 /* between two passes of an activation: 6 KiB of L1 */

void oc_k_f32_mac__neon(const oc_mac *m)
{
    static const size_t tile_max[OC_MAC_BLOCKS_MAX] = {8, 6, 4};
    const size_t        most = tile_max[m->blocks - 1], n = (m->px + most - 1) / most;
    const size_t        size = m->px / n, larger = m->px % n, per_run = RUN_PIXELS / most;
    const tile_end      e = end_of(m);
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
