/* Twelve accumulators: 12 pixels x 8 channels, 6 x 16 or 4 x 24.  A pixel comes as broadcasts, the
 * weights as whole vectors; pixels hang in threes on one pointer, so that the addresses need one
 * stride register ([p], [p + 4s], [p + 8s]).  Runs are cut into tiles of nearly equal size: with 4
 * pixels or more both FMA pipes stay full. */
#include <immintrin.h>
#include <math.h>

#include "kernels/f32_mac.h"
#include "kernels/x86/act_avx2.h"

/* Where one tile's epilogue gets its limits and masks from. */
typedef struct tile_end {
    __m256  lo, hi; /* limits; a and b of the hard swish */
    __m256i mask;   /* of the last block */
    bool    part;   /* mask is not all ones */
    bool    clamps, swish;
} tile_end;

/* One k. */
OC_INLINE void tile_fma(const int px, const int nb, const float *const xp[4], ptrdiff_t s,
                        const float *w, __m256 acc[12])
{
    __m256 wv[3];
    OC_UNROLL for (int b = 0; b < nb; b++) wv[b] = _mm256_load_ps(w + b * 8);
    OC_UNROLL for (int p = 0; p < px; p++)
    {
        __m256 v = _mm256_broadcast_ss(xp[p / 3] + (p % 3) * s);
        OC_UNROLL for (int b = 0; b < nb; b++) acc[p * nb + b] =
            _mm256_fmadd_ps(v, wv[b], acc[p * nb + b]);
    }
}

/* The same, and the pointers move on by a float, hidden from the compiler: it would otherwise keep
 * every sum of stride and offset in a register of its own, and run out of them. */
OC_INLINE void tile_k(const int px, const int nb, const float *xp[4], ptrdiff_t s, const float *w,
                      __m256 acc[12])
{
    tile_fma(px, nb, xp, s, w, acc);
    OC_UNROLL for (int j = 0; j < (px + 2) / 3; j++)
    {
        xp[j]++;
        __asm__("" : "+r"(xp[j]));
    }
}

/* One (i0, i1): n2 blocks. */
OC_INLINE const float *tile_blocks(const int px, const int nb, const oc_mac *m, const float *x,
                                   const float *w, __m256 acc[12])
{
    const ptrdiff_t s = m->x_px, step = m->x2 - 8;
    const float    *xp[4] = {x, x + 3 * s, x + 6 * s, x + 9 * s};
    size_t          full = m->n2 - (m->k_last != 8);

    for (size_t i = 0; i < full; i++) {
        OC_UNROLL for (int k = 0; k < 8; k++) tile_k(px, nb, xp, s, w + k * nb * 8, acc);
        w += 64 * nb;
        OC_UNROLL for (int j = 0; j < (px + 2) / 3; j++) xp[j] += step;
    }
    if (m->k_last != 8)
        for (unsigned k = 0; k < m->k_last; k++) {
            tile_k(px, nb, xp, s, w, acc);
            w += 8 * nb;
        }
    return w;
}

/* By places.  The second to fourth pointers come from the first: no register is kept for them. */
OC_INLINE void tile_at(const int px, const int nb, const oc_mac *m, const float *x, __m256 acc[12])
{
    const ptrdiff_t s = m->x_px, *at = m->at, *const end = at + m->n_at;
    const float *w = m->w;

    for (; at < end; at++, w += nb * 8) {
        const float *const x0 = x + *at, *const xp[4] = {x0, x0 + 3 * s, x0 + 6 * s, x0 + 9 * s};
        tile_fma(px, nb, xp, s, w, acc);
    }
}

OC_INLINE void pixel_at(const int nb, const oc_mac *m, const float *x, __m256 acc[12])
{
    const float *w = m->w;

    for (size_t k = 0; k < m->n_at; k++, w += nb * 8) {
        __m256 v = _mm256_broadcast_ss(x + m->at[k]);
        OC_UNROLL for (int b = 0; b < nb; b++) acc[b] =
            _mm256_fmadd_ps(v, _mm256_load_ps(w + b * 8), acc[b]);
    }
}

/* One pixel has few accumulators of its own: four partial sums, by k % 4, hide the latency. */
OC_INLINE const float *pixel_blocks(const int nb, const oc_mac *m, const float *x, const float *w,
                                    __m256 acc[12])
{
    size_t full = m->n2 - (m->k_last != 8);

    for (size_t i = 0; i < full; i++, x += m->x2, w += 64 * nb)
        OC_UNROLL for (int k = 0; k < 8; k++)
        {
            __m256 v = _mm256_broadcast_ss(x + k);
            OC_UNROLL for (int b = 0; b < nb; b++) acc[(k & 3) * nb + b] =
                _mm256_fmadd_ps(v, _mm256_load_ps(w + (k * nb + b) * 8), acc[(k & 3) * nb + b]);
        }
    if (m->k_last != 8)
        for (unsigned k = 0; k < m->k_last; k++, w += 8 * nb) {
            __m256 v = _mm256_broadcast_ss(x + k);
            OC_UNROLL for (int b = 0; b < nb; b++) acc[b] =
                _mm256_fmadd_ps(v, _mm256_load_ps(w + b * 8), acc[b]);
        }
    return w;
}

/* Residual, clamp and store of one vector, with all that can be different about it. */
OC_INLINE void store_any(const oc_mac *m, const tile_end *e, bool last, ptrdiff_t at, __m256 v)
{
    const bool part = last && e->part;

    if (m->add)
        v = _mm256_add_ps(v, part ? _mm256_maskload_ps(m->add + at, e->mask)
                                  : _mm256_loadu_ps(m->add + at));
    v = e->swish ? oc_v8_act(OC_ACT_HARDSWISH, e->lo, e->hi, v) : oc_v8_clamp(v, e->lo, e->hi);
    if (!part)
        _mm256_storeu_ps(m->y + at, v);
    else if (m->whole)
        _mm256_storeu_ps(m->y + at, _mm256_and_ps(v, _mm256_castsi256_ps(e->mask)));
    else
        _mm256_maskstore_ps(m->y + at, e->mask, v);
}

/* The common case has its own loop, with everything in registers: stores may alias *m. */
OC_INLINE void tile_store(const int px, const int nb, const oc_mac *m, const tile_end *e,
                          ptrdiff_t p0, const __m256 acc[12])
{
    const ptrdiff_t y_px = m->y_px, y_blk = m->y_blk;

    if (m->add || e->swish || (e->part && !m->whole)) {
        OC_UNROLL for (int p = 0; p < px; p++) OC_UNROLL for (int b = 0; b < nb; b++)
            store_any(m, e, b + 1 == nb, (p0 + p) * y_px + b * y_blk, acc[p * nb + b]);
        return;
    }
    const __m256 lo = e->lo, hi = e->hi;
    float       *y = m->y + p0 * y_px;
    if (e->part) {
        const __m256 mask = _mm256_castsi256_ps(e->mask);
        OC_UNROLL for (int b = 0; b < nb; b++) OC_UNROLL for (int p = 0; p < px; p++)
        {
            __m256 v = oc_v8_clamp(acc[p * nb + b], lo, hi);
            v = b + 1 == nb ? _mm256_and_ps(v, mask) : v;
            _mm256_storeu_ps(y + b * y_blk + p * y_px, v);
        }
        return;
    }
    if (!e->clamps) {
        OC_UNROLL for (int b = 0; b < nb; b++) OC_UNROLL for (int p = 0; p < px; p++)
            _mm256_storeu_ps(y + b * y_blk + p * y_px, acc[p * nb + b]);
        return;
    }
    OC_UNROLL for (int b = 0; b < nb; b++)
    {
        float *to = y + b * y_blk;
        OC_UNROLL for (int p = 0; p < px; p++)
        {
            _mm256_storeu_ps(to, oc_v8_clamp(acc[p * nb + b], lo, hi));
            to += y_px;
        }
    }
}

OC_INLINE void tile_sum(const int px, const int nb, const bool places, const oc_mac *m,
                        const float *x, __m256 acc[12])
{
    const float    *w = m->w;
    const size_t    n0 = m->n0, n1 = m->n1;
    const ptrdiff_t x0 = m->x0, x1 = m->x1;

    OC_UNROLL for (int b = 0; b < nb; b++)
    {
        __m256 v = m->bias ? _mm256_loadu_ps(m->bias + b * 8) : _mm256_setzero_ps();
        OC_UNROLL for (int p = 0; p < px; p++) acc[p * nb + b] = v;
    }
    if (px == 1)
        OC_UNROLL for (int j = nb; j < 4 * nb; j++) acc[j] = _mm256_setzero_ps();
    if (places && px == 1)
        pixel_at(nb, m, x, acc);
    else if (places)
        tile_at(px, nb, m, x, acc);
    for (size_t i0 = 0; i0 < n0 && !places; i0++, x += x0) {
        const float *at = x;
        for (size_t i1 = 0; i1 < n1; i1++, at += x1)
            w = px == 1 ? pixel_blocks(nb, m, at, w, acc) : tile_blocks(px, nb, m, at, w, acc);
    }
    if (px == 1)
        OC_UNROLL for (int b = 0; b < nb; b++) acc[b] = _mm256_add_ps(
            _mm256_add_ps(acc[b], acc[nb + b]), _mm256_add_ps(acc[2 * nb + b], acc[3 * nb + b]));
}

/* `count` tiles of px pixels, one after the other. */
OC_INLINE void tile_run(const int px, const int nb, const bool places, const oc_mac *m,
                        const tile_end *e, size_t p0, size_t count)
{
    const ptrdiff_t step = px * m->x_px;
    const float    *x = m->x + (ptrdiff_t)p0 * m->x_px;
    __m256          acc[12];

    for (size_t i = 0; i < count; i++, x += step) {
        tile_sum(px, nb, places, m, x, acc);
        tile_store(px, nb, m, e, (ptrdiff_t)p0 + (ptrdiff_t)i * px, acc);
    }
}

typedef void tile_fn(const oc_mac *m, const tile_end *e, size_t p0, size_t count);

#ifdef OC_SANITIZED /* one instance for all sizes: see act_avx2.h */
static __attribute__((noinline)) void tile_run_one(const int px, const int nb, const bool places,
                                                   const oc_mac *m, const tile_end *e, size_t p0,
                                                   size_t count)
{
    tile_run(px, nb, places, m, e, p0, count);
}
#define tile_run tile_run_one
#endif

#define TILE(px, nb)                                                                           \
    static void tile_##px##x##nb(const oc_mac *m, const tile_end *e, size_t p0, size_t count)  \
    {                                                                                          \
        tile_run(px, nb, false, m, e, p0, count);                                              \
    }                                                                                          \
    static void place_##px##x##nb(const oc_mac *m, const tile_end *e, size_t p0, size_t count) \
    {                                                                                          \
        tile_run(px, nb, true, m, e, p0, count);                                               \
    }
/* clang-format off */
TILE(1, 1) TILE(2, 1) TILE(3, 1) TILE(4, 1) TILE(5, 1) TILE(6, 1)
TILE(7, 1) TILE(8, 1) TILE(9, 1) TILE(10, 1) TILE(11, 1) TILE(12, 1)
TILE(1, 2) TILE(2, 2) TILE(3, 2) TILE(4, 2) TILE(5, 2) TILE(6, 2)
TILE(1, 3) TILE(2, 3) TILE(3, 3) TILE(4, 3)
/* clang-format on */

/* [by places][blocks - 1][pixels - 1] */
#define TABLE(t)                                                    \
    {                                                               \
        {t##_1x1, t##_2x1, t##_3x1, t##_4x1,  t##_5x1,  t##_6x1,    \
         t##_7x1, t##_8x1, t##_9x1, t##_10x1, t##_11x1, t##_12x1},  \
            {t##_1x2, t##_2x2, t##_3x2, t##_4x2, t##_5x2, t##_6x2}, \
        {                                                           \
            t##_1x3, t##_2x3, t##_3x3, t##_4x3                      \
        }                                                           \
    }
            static tile_fn *const tiles[2][OC_MAC_BLOCKS_MAX][12] = {TABLE(tile), TABLE(place)};

/* The activations that are more than a few operations: over what was just stored and is in L1. */
OC_INLINE void act_run(const oc_act_kind kind, const oc_mac *m, const tile_end *e, size_t p0,
                       size_t px)
{
    const __m256 a = _mm256_set1_ps(m->act.a), b = _mm256_set1_ps(m->act.b);

    for (unsigned blk = 0; blk < m->blocks; blk++) {
        float *y = m->y + (ptrdiff_t)p0 * m->y_px + (ptrdiff_t)blk * m->y_blk;
        if (blk + 1 < m->blocks || !e->part) {
            for (size_t p = 0; p < px; p++, y += m->y_px)
                _mm256_storeu_ps(y, oc_v8_act(kind, a, b, _mm256_loadu_ps(y)));
            continue;
        }
        for (size_t p = 0; p < px; p++, y += m->y_px) {
            const __m256 mask = _mm256_castsi256_ps(e->mask);
            if (m->whole)
                _mm256_storeu_ps(y, _mm256_and_ps(oc_v8_act(kind, a, b, _mm256_loadu_ps(y)), mask));
            else
                _mm256_maskstore_ps(y, e->mask,
                                    oc_v8_act(kind, a, b, _mm256_maskload_ps(y, e->mask)));
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
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    float         lo = -INFINITY, hi = INFINITY;

    if (m->act.kind == OC_ACT_RELU)
        lo = 0.0f;
    if (m->act.kind == OC_ACT_CLIP || m->act.kind == OC_ACT_HARDSWISH) {
        lo = m->act.a;
        hi = m->act.b;
    }
    return (tile_end){
        .lo = _mm256_set1_ps(lo),
        .hi = _mm256_set1_ps(hi),
        .mask = _mm256_cmpgt_epi32(_mm256_set1_epi32((int)m->lanes), lane),
        .part = m->lanes < 8,
        .clamps = m->act.kind == OC_ACT_RELU || m->act.kind == OC_ACT_CLIP,
        .swish = m->act.kind == OC_ACT_HARDSWISH,
    };
}

#define RUN_PIXELS 96 /* between two passes of an activation: 6 KiB of L1 */

void oc_k_f32_mac__avx2(const oc_mac *m)
{
    static const size_t tile_max[OC_MAC_BLOCKS_MAX] = {12, 6, 4};
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
