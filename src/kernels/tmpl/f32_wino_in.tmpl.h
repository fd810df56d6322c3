/* f32_wino_in.tmpl.h -- oc_k_f32_wino_in of the vocabulary that is included, for every size.
 *
 * `pairs` (m / 2) is a constant of each instance: loops unroll, and the numbers of wino_points.h
 * become operands.  Longer vectors take neighbouring tiles, VF_PX at a time. */
#include <stdbool.h>
#include <stddef.h>

#include "kernels/f32_wino_in.h"
#include "kernels/wino_points.h"

/* out[k * s] = row k of B^T times d, k < 2 pairs + 2. */
OC_INLINE void wino_rows_in(const int pairs, const vf *d, float *out, ptrdiff_t s)
{
    const oc_wino_points *const w = &oc_wino_points_of[pairs - 1];
    vf                          zero = d[2 * pairs], inf = d[2 * pairs + 1];

    OC_UNROLL for (int i = 0; i < pairs; i++)
    {
        zero = vf_fma(vf_set(w->z[i]), d[2 * i], zero);
        inf = vf_fma(vf_set(w->z[i]), d[2 * i + 1], inf);
    }
    vf_store(out, zero);
    vf_store(out + (2 * pairs + 1) * s, inf);
    OC_UNROLL for (int j = 0; j < pairs; j++)
    {
        vf e = d[2 * pairs], o = vf_mul(vf_set(w->pq[j][pairs - 1]), d[2 * pairs - 1]);
        OC_UNROLL for (int i = 0; i + 1 < pairs; i++)
        {
            e = vf_fma(vf_set(w->q[j][i]), d[2 * i + 2], e);
            o = vf_fma(vf_set(w->pq[j][i]), d[2 * i + 1], o);
        }
        vf_store(out + (2 * j + 1) * s, vf_add(e, o));
        vf_store(out + (2 * j + 2) * s, vf_sub(e, o));
    }
}

/* Where a tile's corner lies in the input. */
typedef struct wino_at {
    ptrdiff_t y, x;
    bool      inside; /* the whole tile */
} wino_at;

static inline wino_at wino_tile_at(const oc_wino_in *t, ptrdiff_t m, size_t at)
{
    const ptrdiff_t y = (ptrdiff_t)(at / t->tiles_w) * m - t->top;
    const ptrdiff_t x = (ptrdiff_t)(at % t->tiles_w) * m - t->left;

    return (wino_at){y, x, y >= 0 && x >= 0 && y + m + 2 <= t->in_h && x + m + 2 <= t->in_w};
}

/* Pixel (i, j) of a tile, or zeros. */
OC_INLINE const float *wino_pixel(const bool edge, const oc_wino_in *t, wino_at at, ptrdiff_t i,
                                  ptrdiff_t j)
{
    static const float zeros[8] __attribute__((aligned(32)));
    const ptrdiff_t    y = at.y + i, x = at.x + j;

    if (edge && (y < 0 || y >= t->in_h || x < 0 || x >= t->in_w))
        return zeros;
    return t->x + (y * t->in_w + x) * 8;
}

/* The tiles at `a` and, in longer vectors, `b`: rows first into an array on the stack, then columns
 * into place. */
OC_INLINE void wino_tile_in(const int pairs, const bool edge, const oc_wino_in *t, wino_at a,
                            wino_at b, float *v)
{
    const ptrdiff_t n = 2 * pairs + 2;
    float           mid[OC_WINO_IN_MAX * OC_WINO_IN_MAX * VF] __attribute__((aligned(64)));
    vf              d[OC_WINO_IN_MAX];

    for (ptrdiff_t i = 0; i < n; i++) {
        OC_UNROLL for (ptrdiff_t j = 0; j < n; j++) d[j] =
            vf_load_at(wino_pixel(edge, t, a, i, j), wino_pixel(edge, t, b, i, j));
        wino_rows_in(pairs, d, mid + i * n * VF, VF);
    }
    for (ptrdiff_t j = 0; j < n; j++) {
        OC_UNROLL for (ptrdiff_t i = 0; i < n; i++) d[i] = vf_load(mid + (i * n + j) * VF);
        wino_rows_in(pairs, d, v + j * t->v_q, n * t->v_q);
    }
}

OC_INLINE void wino_run_in(const int pairs, const oc_wino_in *t)
{
    const ptrdiff_t m = 2 * pairs;

    for (size_t i = 0; i + VF_PX <= t->tiles; i += VF_PX) {
        const wino_at a = wino_tile_at(t, m, t->first + i);
        const wino_at b = VF_PX > 1 ? wino_tile_at(t, m, t->first + i + 1) : a;

        if (a.inside && b.inside)
            wino_tile_in(pairs, false, t, a, b, t->v + i * 8);
        else
            wino_tile_in(pairs, true, t, a, b, t->v + i * 8);
    }
}

void OC_KERNEL(f32_wino_in)(const oc_wino_in *t)
{
    switch (t->m) {
    case 2: wino_run_in(1, t); break;
    case 4: wino_run_in(2, t); break;
    default: wino_run_in(3, t); break;
    }
#if VF_PX > 1 /* an odd tile */
    if (t->tiles % VF_PX) {
        oc_wino_in last = *t;
        last.first += t->tiles - 1;
        last.v += (t->tiles - 1) * 8;
        last.tiles = 1;
        oc_k_f32_wino_in__avx2(&last);
    }
#endif
}
