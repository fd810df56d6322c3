/* Up to 24 registers of accumulators: 8 pixels x 8 channels, 6 x 16 or 4 x 24.  Four k of a pixel come
 * in one load and are multiplied by lane, the weights are whole vectors. */
#include "kernels/arm/vec_neon.h"
#include "kernels/f32_mac.h"

/* gcc's scheduler before register allocation pulls the loads so far up that accumulators are
 * spilled; the one after it is enough. */
#if !defined(__clang__)
#pragma GCC optimize("no-schedule-insns")
#endif

#define MAC_PX1 8
#define MAC_PX2 6
#define MAC_PX3 4
#define MAC_SUMS 12 /* of two registers: pixel p, block b at [p * nb + b] */
#define MAC_VECTORS(nb) (nb)

OC_INLINE vf panel_load(const int nb, const int v, const float *from)
{
    (void)nb;
    return vf_load(from + v * 8);
}

#define fma_lane(acc, w, x, k) \
    ((vf){vfmaq_laneq_f32((acc).a, (w).a, x, k), vfmaq_laneq_f32((acc).b, (w).b, x, k)})

/* acc[p] += lane k of x[p] times the weights of that k. */
#define FMA_LANE(k)                                              \
    OC_UNROLL for (int b = 0; b < nb; b++)                       \
    {                                                            \
        const vf wv = vf_load(w + ((k)*nb + b) * 8);             \
        OC_UNROLL for (int p = 0; p < px; p++) acc[p * nb + b] = \
            fma_lane(acc[p * nb + b], wv, xv[p], k);             \
    }

/* Four k. */
OC_INLINE void tile_four(const int px, const int nb, const float *x, ptrdiff_t s, const float *w,
                         vf acc[MAC_SUMS])
{
    float32x4_t xv[MAC_PX1];

    OC_UNROLL for (int p = 0; p < px; p++) xv[p] = vld1q_f32(x + p * s);
    FMA_LANE(0)
    FMA_LANE(1)
    FMA_LANE(2)
    FMA_LANE(3)
}

/* One k. */
OC_INLINE void tile_one(const int px, const int nb, const float *x, ptrdiff_t s, const float *w,
                        vf acc[MAC_SUMS])
{
    vf wv[OC_MAC_BLOCKS_MAX];

    OC_UNROLL for (int b = 0; b < nb; b++) wv[b] = vf_load(w + b * 8);
    OC_UNROLL for (int p = 0; p < px; p++)
    {
        const vf xv = vf_load1(x + p * s);
        OC_UNROLL for (int b = 0; b < nb; b++) acc[p * nb + b] = vf_fma(xv, wv[b], acc[p * nb + b]);
    }
}

/* One (i0, i1): n2 blocks. */
OC_INLINE const float *tile_blocks(const int px, const int nb, const oc_mac *m, const float *x,
                                   const float *w, const float **ahead, vf acc[MAC_SUMS])
{
    const ptrdiff_t s = m->x_px, step = m->x2 - 4;
    size_t          full = m->n2 - (m->k_last != 8);
    const float    *next = *ahead;
    const size_t    lines = next < m->ahead_end ? m->ahead_lines : 0;

    for (size_t i = 0; i < full; i++) {
        for (const float *end = next + lines * 16; next < end; next += 16)
            OC_FETCH(next);
        tile_four(px, nb, x, s, w, acc);
        x += 4;
        w += 32 * nb;
        tile_four(px, nb, x, s, w, acc);
        x += step;
        w += 32 * nb;
    }
    if (m->k_last != 8) {
        unsigned k = m->k_last;
        if (k >= 4) {
            tile_four(px, nb, x, s, w, acc);
            x += 4;
            w += 32 * nb;
            k -= 4;
        }
        for (; k > 0; k--, x++, w += 8 * nb)
            tile_one(px, nb, x, s, w, acc);
    }
    *ahead = next;
    return w;
}

OC_INLINE void tile_at(const int px, const int nb, const oc_mac *m, const float *x,
                       vf acc[MAC_SUMS])
{
    const ptrdiff_t s = m->x_px, *at = m->at, *const end = at + m->n_at;
    const float *w = m->w;

    for (; at < end; at++, w += nb * 8)
        tile_one(px, nb, x + *at, s, w, acc);
}

/* One pixel has few accumulators of its own: four partial sums, by k % 4, hide the latency. */
OC_INLINE const float *pixel_blocks(const int nb, const oc_mac *m, const float *x, const float *w,
                                    vf acc[MAC_SUMS])
{
    size_t full = m->n2 - (m->k_last != 8);

#define FMA_SUM(k)                                              \
    OC_UNROLL for (int b = 0; b < nb; b++)                      \
    {                                                           \
        const vf wv = vf_load(w + ((k)*nb + b) * 8);            \
        acc[(k)*nb + b] = fma_lane(acc[(k)*nb + b], wv, xv, k); \
    }
    for (size_t i = 0; i < full; i++, x += m->x2)
        OC_UNROLL for (int half = 0; half < 2; half++, w += 32 * nb)
        {
            const float32x4_t xv = vld1q_f32(x + half * 4);
            FMA_SUM(0)
            FMA_SUM(1)
            FMA_SUM(2)
            FMA_SUM(3)
        }
#undef FMA_SUM
    if (m->k_last != 8)
        for (unsigned k = 0; k < m->k_last; k++, w += 8 * nb)
            tile_one(1, nb, x + k, 0, w, acc);
    return w;
}

OC_INLINE void pixel_at(const int nb, const oc_mac *m, const float *x, vf acc[MAC_SUMS])
{
    tile_at(1, nb, m, x, acc);
}

#include "kernels/tmpl/f32_mac.tmpl.h"
