/* mac_sums.h -- the inner loops of f32_mac for x86, for kernels/tmpl/f32_mac.tmpl.h.
 *
 * A pixel comes as broadcasts, the weights as whole vectors; pixels hang in threes on one pointer, so
 * that the addresses need one stride register ([p], [p + 4s], [p + 8s]).  acc[p * nv + v] is pixel p,
 * vector v of the panel. */
#ifndef OC_KERNELS_X86_MAC_SUMS_H
#define OC_KERNELS_X86_MAC_SUMS_H

#include "kernels/f32_mac.h"

/* Vectors of a panel of nb blocks; of an odd last one only half is there. */
#define MAC_VECTORS(nb) (((nb) + VF_PX - 1) / VF_PX)

OC_INLINE vf panel_load(const int nb, const int v, const float *from)
{
    return (v + 1) * VF_PX > nb ? vf_load_one(from + v * VF) : vf_load(from + v * VF);
}

/* A sum stays in its register: gcc 12 otherwise renames it, and runs out of them.  Emulated vectors
 * are no registers. */
#ifdef OC_TESTS_EMULATE_IMMINTRIN_H
#define MAC_STAY(sum) ((void)0)
#else
#define MAC_STAY(sum) __asm__("" : "+v"(sum))
#endif

/* One k. */
OC_INLINE void tile_fma(const int px, const int nb, const float *const xp[4], ptrdiff_t s,
                        const float *w, vf acc[MAC_SUMS])
{
    const int nv = MAC_VECTORS(nb);
    vf        wv[3];
    OC_UNROLL for (int v = 0; v < nv; v++) wv[v] = panel_load(nb, v, w);
    OC_UNROLL for (int p = 0; p < px; p++)
    {
        const vf xv = vf_load1(xp[p / 3] + (p % 3) * s);
        OC_UNROLL for (int v = 0; v < nv; v++)
        {
            acc[p * nv + v] = vf_fma(xv, wv[v], acc[p * nv + v]);
            if (nv <= 2)
                MAC_STAY(acc[p * nv + v]);
        }
    }
}

/* The same, and the pointers move on by a float, hidden from the compiler: it would otherwise keep
 * every sum of stride and offset in a register of its own, and run out of them. */
OC_INLINE void tile_k(const int px, const int nb, const float *xp[4], ptrdiff_t s, const float *w,
                      vf acc[MAC_SUMS])
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
                                   const float *w, const float **ahead, vf acc[MAC_SUMS])
{
    const ptrdiff_t s = m->x_px, step = m->x2 - 8;
    const float    *xp[4] = {x, x + 3 * s, x + 6 * s, x + 9 * s}, *next = *ahead;
    size_t          full = m->n2 - (m->k_last != 8);
    const size_t    lines = next < m->ahead_end ? m->ahead_lines : 0;

    for (size_t i = 0; i < full; i++) {
        for (const float *end = next + lines * 16; next < end; next += 16)
            OC_FETCH(next);
        OC_UNROLL for (int k = 0; k < 8; k++) tile_k(px, nb, xp, s, w + k * nb * 8, acc);
        w += 64 * nb;
        OC_UNROLL for (int j = 0; j < (px + 2) / 3; j++) xp[j] += step;
    }
    if (m->k_last != 8)
        for (unsigned k = 0; k < m->k_last; k++) {
            tile_k(px, nb, xp, s, w, acc);
            w += 8 * nb;
        }
    *ahead = next;
    return w;
}

/* By places.  The second to fourth pointers come from the first: no register is kept for them. */
OC_INLINE void tile_at(const int px, const int nb, const oc_mac *m, const float *x,
                       vf acc[MAC_SUMS])
{
    const ptrdiff_t s = m->x_px, *at = m->at, *const end = at + m->n_at;
    const float *w = m->w;

    for (; at < end; at++, w += nb * 8) {
        const float *const x0 = x + *at, *const xp[4] = {x0, x0 + 3 * s, x0 + 6 * s, x0 + 9 * s};
        tile_fma(px, nb, xp, s, w, acc);
    }
}

OC_INLINE void pixel_at(const int nb, const oc_mac *m, const float *x, vf acc[MAC_SUMS])
{
    const int    nv = MAC_VECTORS(nb);
    const float *w = m->w;

    for (size_t k = 0; k < m->n_at; k++, w += nb * 8) {
        const vf xv = vf_load1(x + m->at[k]);
        OC_UNROLL for (int v = 0; v < nv; v++) acc[v] = vf_fma(xv, panel_load(nb, v, w), acc[v]);
    }
}

/* One pixel has few accumulators of its own: four partial sums, by k % 4, hide the latency. */
OC_INLINE const float *pixel_blocks(const int nb, const oc_mac *m, const float *x, const float *w,
                                    vf acc[MAC_SUMS])
{
    const int    nv = MAC_VECTORS(nb);
    const size_t full = m->n2 - (m->k_last != 8);

    for (size_t i = 0; i < full; i++, x += m->x2, w += 64 * nb)
        OC_UNROLL for (int k = 0; k < 8; k++)
        {
            const vf xv = vf_load1(x + k);
            OC_UNROLL for (int v = 0; v < nv; v++) acc[(k & 3) * nv + v] =
                vf_fma(xv, panel_load(nb, v, w + k * nb * 8), acc[(k & 3) * nv + v]);
        }
    if (m->k_last != 8)
        for (unsigned k = 0; k < m->k_last; k++, w += 8 * nb) {
            const vf xv = vf_load1(x + k);
            OC_UNROLL for (int v = 0; v < nv; v++) acc[v] =
                vf_fma(xv, panel_load(nb, v, w), acc[v]);
        }
    return w;
}

#endif
