/* f32_wino_in.tmpl.h -- the transform of f32_wino_in, once for every size and instruction
 * set.  The file that includes it has defined
 *
 *   OC_INLINE, OC_UNROLL
 *   wv, WV                   a vector of WV floats, WV 4 or 8
 *   wv_load(p), wv_store(p, v), wv_set(f), wv_add, wv_sub, wv_mul (a, b)
 *   wv_fma(a, b, c)          a * b + c, rounded once
 *
 * `pairs` (m / 2) is a constant of each instance: loops unroll, and the numbers of wino_points.h
 * become operands.  Vectors of less than eight lanes take the channels in parts. */
#include <stdbool.h>
#include <stddef.h>

#include "kernels/f32_wino_in.h"
#include "kernels/wino_points.h"

/* out[k * s] = row k of B^T times d, k < 2 pairs + 2. */
OC_INLINE void wino_rows_in(const int pairs, const wv *d, float *out, ptrdiff_t s)
{
    const oc_wino_points *const w = &oc_wino_points_of[pairs - 1];
    wv                          zero = d[2 * pairs], inf = d[2 * pairs + 1];

    OC_UNROLL for (int i = 0; i < pairs; i++)
    {
        zero = wv_fma(wv_set(w->z[i]), d[2 * i], zero);
        inf = wv_fma(wv_set(w->z[i]), d[2 * i + 1], inf);
    }
    wv_store(out, zero);
    wv_store(out + (2 * pairs + 1) * s, inf);
    OC_UNROLL for (int j = 0; j < pairs; j++)
    {
        wv e = d[2 * pairs], o = wv_mul(wv_set(w->pq[j][pairs - 1]), d[2 * pairs - 1]);
        OC_UNROLL for (int i = 0; i + 1 < pairs; i++)
        {
            e = wv_fma(wv_set(w->q[j][i]), d[2 * i + 2], e);
            o = wv_fma(wv_set(w->pq[j][i]), d[2 * i + 1], o);
        }
        wv_store(out + (2 * j + 1) * s, wv_add(e, o));
        wv_store(out + (2 * j + 2) * s, wv_sub(e, o));
    }
}

/* Channels c .. c + WV - 1 of the tile whose corner in the input is (y, x): rows first into an array
 * on the stack, then columns into place. */
OC_INLINE void wino_tile_in(const int pairs, const bool edge, const oc_wino_in *t, ptrdiff_t y,
                            ptrdiff_t x, ptrdiff_t c, float *v)
{
    static const float zeros[WV] __attribute__((aligned(32)));
    const ptrdiff_t    n = 2 * pairs + 2;
    float              mid[OC_WINO_IN_MAX * OC_WINO_IN_MAX * WV] __attribute__((aligned(32)));
    wv                 d[OC_WINO_IN_MAX];

    for (ptrdiff_t i = 0; i < n; i++) {
        const float *from = t->x + ((y + i) * t->in_w + x) * 8 + c;
        const bool   out = edge && (y + i < 0 || y + i >= t->in_h);
        OC_UNROLL for (ptrdiff_t j = 0; j < n; j++)
        {
            bool none = edge && (out || x + j < 0 || x + j >= t->in_w);
            d[j] = wv_load(none ? zeros : from + j * 8);
        }
        wino_rows_in(pairs, d, mid + i * n * WV, WV);
    }
    for (ptrdiff_t j = 0; j < n; j++) {
        OC_UNROLL for (ptrdiff_t i = 0; i < n; i++) d[i] = wv_load(mid + (i * n + j) * WV);
        wino_rows_in(pairs, d, v + j * t->v_q, n * t->v_q);
    }
}

/* Tiles of one call of f32_wino_in. */
OC_INLINE void wino_run_in(const int pairs, const oc_wino_in *t)
{
    const ptrdiff_t m = 2 * pairs;

    for (size_t i = 0; i < t->tiles; i++) {
        const size_t    at = t->first + i;
        const ptrdiff_t y = (ptrdiff_t)(at / t->tiles_w) * m - t->top;
        const ptrdiff_t x = (ptrdiff_t)(at % t->tiles_w) * m - t->left;
        const bool      inside = y >= 0 && x >= 0 && y + m + 2 <= t->in_h && x + m + 2 <= t->in_w;

        for (ptrdiff_t c = 0; c < 8; c += WV) {
            if (inside)
                wino_tile_in(pairs, false, t, y, x, c, t->v + i * 8 + c);
            else
                wino_tile_in(pairs, true, t, y, x, c, t->v + i * 8 + c);
        }
    }
}
